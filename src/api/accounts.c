/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/account_view.h"
#include "api/api.h"
#include "api/principal.h"
#include "base/clock.h"
#include "http/paging.h"

struct account_body {
	uint64_t present;
	int64_t publish_within_minutes;
	int on_late;
	json_t *settings;
	bool is_default;
};

enum { ROW_WITHIN, ROW_ON_LATE, ROW_SETTINGS, ROW_IS_DEFAULT };

/* clang-format off */
static const struct field patch_fields[] = {
	{ .name = "publish_within_minutes", .kind = FIELD_INT,  .offset = offsetof(struct account_body, publish_within_minutes), .least = 1, .most = 720,
	  .sentence = "A post later than this is treated as on_late says." },
	{ .name = "on_late",                .kind = FIELD_ENUM, .offset = offsetof(struct account_body, on_late), .choices = on_late_names,
	  .sentence = "publish it all the same, skip it (missed), or ask (paused)." },
	{ .name = "settings",               .kind = FIELD_JSON, .offset = offsetof(struct account_body, settings), .flags = FIELD_NULLABLE,
	  .sentence = "Choices for the platform, e.g. a default board." },
	{ .name = "is_default",             .kind = FIELD_BOOL, .offset = offsetof(struct account_body, is_default),
	  .sentence = "true makes it the one that stands for its platform." },
	{ .name = NULL },
};
static const struct schema patch_schema = { "AccountPatch", sizeof(struct account_body), patch_fields };
static const struct field list_fields[] = {
	{ .name = "accounts",    .kind = FIELD_OBJECTS, .nested = &account_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "AccountList", 0, list_fields };
/* clang-format on */

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct accounts found;

	if (accounts_page(req, &found, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "accounts");
	for (size_t i = 0; i < found.n; i++)
		account_emit(&ret->emit, NULL, &found.v[i]);
	emit_close_array(&ret->emit);
	paging_close(req, ret, "accounts", found.has_more,
		     found.n ? found.v[found.n - 1].created_us : INSTANT_NONE,
		     found.n ? found.v[found.n - 1].id : NULL);
	emit_close(&ret->emit);
	return 0;
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct account a;

	if (account_find(req, req->params[0], &a, reterr) < 0)
		return -1;
	account_emit(&ret->emit, NULL, &a);
	ret->version = a.version;
	return 0;
}

static const char *settings_text(struct request *req, const json_t *settings)
{
	size_t n;
	char *text;

	if (!settings)
		return NULL;
	n = json_dumpb(settings, NULL, 0, JSON_COMPACT);
	text = arena_alloc(req->arena, n + 1);
	(void)json_dumpb(settings, text, n, JSON_COMPACT);
	return text;
}

static struct account_patch patch_of(struct request *req, const struct account_body *in)
{
	static const struct {
		int row;
		enum account_member member;
	} members[] = {
		{ ROW_WITHIN, ACCOUNT_PUBLISH_WITHIN },
		{ ROW_ON_LATE, ACCOUNT_ON_LATE },
		{ ROW_SETTINGS, ACCOUNT_SETTINGS },
		{ ROW_IS_DEFAULT, ACCOUNT_IS_DEFAULT },
	};
	struct account_patch patch = {
		.id = req->params[0],
		.publish_within_minutes = in->publish_within_minutes,
		.on_late = (enum on_late)in->on_late,
		.settings = settings_text(req, in->settings),
		.is_default = in->is_default,
	};

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		if (SCHEMA_HAS(in, members[i].row))
			patch.given |= (unsigned)members[i].member;
	}
	return patch;
}

static int update(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct account_patch patch = patch_of(req, req->in);
	struct account a;

	if (request_if_match(req, &patch.if_version, reterr) < 0 ||
	    account_find(req, req->params[0], &a, reterr) < 0 ||
	    store_accounts_update(req->app->db, req->principal->workspace, &patch, reterr) < 0)
		return -1;
	return get(req, ret, reterr);
}

static int drop(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct account_leave left = { 0 };
	int64_t version = 0;
	struct account a;

	(void)ret;
	if (request_if_match(req, &version, reterr) < 0 ||
	    account_find(req, req->params[0], &a, reterr) < 0)
		return -1;
	if (version && version != a.version)
		return problem_set(reterr, PROBLEM_VERSION, "the account has changed: version %lld",
				   (long long)a.version);
	return account_leave(req, &a, &left, reterr);
}

/* clang-format off */
#define READ  .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_ACCOUNTS_READ),  .rate = RATE_READ
#define WRITE .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_ACCOUNTS_WRITE), .rate = RATE_WRITE
const struct route api_accounts_routes[] = {
	{ HTTP_GET,    "/api/v1/accounts",      READ,  .ok = 200, .query = accounts_query, .reply = &list_schema, .handler = list, .operation = "listAccounts", .summary = "List connected accounts" },
	{ HTTP_GET,    "/api/v1/accounts/{id}", READ,  .ok = 200, .has_version = true, .reply = &account_schema, .handler = get, .operation = "getAccount", .summary = "Read an account" },
	{ HTTP_PATCH,  "/api/v1/accounts/{id}", WRITE, .ok = 200, .body = &patch_schema, .reply = &account_schema, .handler = update, .operation = "updateAccount", .summary = "Change how an account publishes" },
	{ HTTP_DELETE, "/api/v1/accounts/{id}", WRITE, .repeat = REPEAT_RESUMED, .ok = 204, .body_max = -1, .handler = drop, .operation = "deleteAccount", .summary = "Disconnect an account" },
	{ .pattern = NULL },
};
/* clang-format on */

/* SPDX-License-Identifier: Apache-2.0 */
/* GET /content/{id}/preflight: what each platform would say, and says, to this content. */
#include "api/api.h"
#include "api/fitness.h"
#include "api/inspect.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "store/content.h"

#define ASK_MAX_US (20 * US_PER_S) /* for all accounts together: a person waits */

/* clang-format off */
static const struct field finding_fields[] = {
	{ .name = "pointer", .kind = FIELD_TEXT },
	{ .name = "code",    .kind = FIELD_TEXT },
	{ .name = "detail",  .kind = FIELD_TEXT },
	{ .name = NULL },
};
static const struct schema finding_schema = { "Finding", 0, finding_fields };
static const struct field cap_fields[] = {
	{ .name = "what",     .kind = FIELD_TEXT },
	{ .name = "limit",    .kind = FIELD_INT },
	{ .name = "used",     .kind = FIELD_INT },
	{ .name = "left",     .kind = FIELD_INT },
	{ .name = "window_s", .kind = FIELD_INT },
	{ .name = NULL },
};
static const struct schema cap_schema = { "PreflightCap", 0, cap_fields };
static const struct field target_fields[] = {
	{ .name = "platform",   .kind = FIELD_TEXT },
	{ .name = "account_id", .kind = FIELD_ID },
	{ .name = "ok",         .kind = FIELD_BOOL },
	{ .name = "problems",   .kind = FIELD_OBJECTS, .nested = &finding_schema },
	{ .name = "warnings",   .kind = FIELD_OBJECTS, .nested = &finding_schema },
	{ .name = "caps",       .kind = FIELD_OBJECTS, .nested = &cap_schema, .sentence = "What is left of the platform's caps, as it says or as was counted here." },
	{ .name = "facts",      .kind = FIELD_JSON,    .flags = FIELD_NULLABLE, .sentence = "What the platform offers the account at this moment, in its own words." },
	{ .name = NULL },
};
static const struct schema target_schema = { "PreflightTarget", 0, target_fields };
static const struct field preflight_fields[] = {
	{ .name = "ok",       .kind = FIELD_BOOL },
	{ .name = "problems", .kind = FIELD_OBJECTS, .nested = &finding_schema },
	{ .name = "warnings", .kind = FIELD_OBJECTS, .nested = &finding_schema },
	{ .name = "targets",  .kind = FIELD_OBJECTS, .nested = &target_schema },
	{ .name = NULL },
};
static const struct schema preflight_schema = { "Preflight", 0, preflight_fields };
/* clang-format on */

static void emit_findings(struct emit *e, const char *key, const struct findings *f, bool warnings)
{
	emit_open_array(e, key);
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].is_warning != warnings)
			continue;
		emit_open(e, NULL);
		emit_text(e, "pointer", f->v[i].pointer);
		emit_text(e, "code", f->v[i].code);
		emit_text(e, "detail", f->v[i].detail);
		emit_close(e);
	}
	emit_close_array(e);
}

static size_t problems_of(const struct findings *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += !f->v[i].is_warning;
	return n;
}

static void merge(struct findings *into, const struct findings *from)
{
	for (size_t i = 0; i < from->n && into->n < ARRAY_LEN(into->v); i++)
		into->v[into->n++] = from->v[i];
}

static void emit_facts(struct emit *e, const json_t *facts)
{
	char *text = json_object_size(facts) > 0 ? json_dumps(facts, JSON_COMPACT) : NULL;

	emit_raw(e, "facts", text);
	free(text);
}

static void emit_target(struct emit *e, const struct account *acc, const struct findings *f,
			const struct inspection *told)
{
	emit_open(e, NULL);
	emit_text(e, "platform", acc->platform);
	emit_text(e, "account_id", acc->id);
	emit_bool(e, "ok", problems_of(f) == 0);
	emit_findings(e, "problems", f, false);
	emit_findings(e, "warnings", f, true);
	inspect_emit_caps(e, "caps", told, "window_s");
	emit_facts(e, told->facts);
	emit_close(e);
}

/* Every connected account that the caller sees, or only ?account_id / ?platform. */
static int find_accounts(struct request *req, struct accounts *ret, struct problem *reterr)
{
	const char *only = request_query(req, "account_id");
	const struct account_query q = {
		.page = { .limit = PAGE_LIMIT_MAX },
		.platform = request_query(req, "platform"),
		.account_ids = only ? only : mode_accounts(req),
		.livemode = mode_of(req),
	};

	return store_accounts_list(req->app->db, req->principal->workspace, &q, req->arena, ret,
				   reterr);
}

static int64_t due_of(const struct request *req)
{
	const char *at = request_query(req, "scheduled_at");
	int64_t us = clock_real_us();

	if (at)
		(void)rfc3339_parse(at, &us); /* its form was checked by the row */
	return us;
}

static int check_targets(struct request *req, const struct content *c,
			 const struct accounts *accounts, struct emit *e, struct findings *all,
			 struct problem *reterr)
{
	struct inspect_round round = { .until_boot_us = clock_boot_us() + ASK_MAX_US };

	for (size_t i = 0; i < accounts->n; i++) {
		const struct fitness_subject s = { .content = c,
						   .account = &accounts->v[i],
						   .due_us = due_of(req) };
		struct inspection told;
		struct findings f;

		if (fitness_check(req, &s, &f, reterr) < 0 ||
		    inspect_account(req, &round, &s, &f, &told, reterr) < 0)
			return -1;
		emit_target(e, &accounts->v[i], &f, &told);
		merge(all, &f);
	}
	return 0;
}

static int preflight(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct findings all = { 0 };
	struct accounts accounts;
	struct content c;

	if (store_content_get(req->app->db, req->principal->workspace, req->params[0], req->arena,
			      &c, reterr) < 0 ||
	    find_accounts(req, &accounts, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "targets");
	if (!content_is_publishable(&c))
		findings_add(&all, false, "content", "content_not_approved", "the content is %s",
			     content_state_names[c.state]);
	if (check_targets(req, &c, &accounts, &ret->emit, &all, reterr) < 0)
		return -1;
	emit_close_array(&ret->emit);
	emit_bool(&ret->emit, "ok", problems_of(&all) == 0);
	emit_findings(&ret->emit, "problems", &all, false);
	emit_findings(&ret->emit, "warnings", &all, true);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct query_param preflight_query[] = {
	{ .name = "platform",     .kind = QUERY_ID, .sentence = "Only accounts of this platform." },
	{ .name = "account_id",   .kind = QUERY_ID, .sentence = "Only this account." },
	{ .name = "scheduled_at", .kind = QUERY_INSTANT, .sentence = "When it would go out; left out: now." },
	{ .name = NULL },
};

const struct route api_preflight_routes[] = {
	{ HTTP_GET, "/api/v1/content/{id}/preflight", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_READ), .rate = RATE_READ, .query = preflight_query, .ok = 200, .reply = &preflight_schema, .handler = preflight, .operation = "preflightContent", .summary = "What each platform would say to this content" },
	{ .pattern = NULL },
};
/* clang-format on */

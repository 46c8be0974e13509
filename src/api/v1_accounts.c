/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts in camelCase, to be read: what changes them is family A's. */
#include <string.h>

#include "api/account_view.h"
#include "api/api.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "http/paging.h"

/* clang-format off */
static const struct field view_fields[] = {
	{ .name = "id",                   .kind = FIELD_ID },
	{ .name = "platform",             .kind = FIELD_TEXT },
	{ .name = "livemode",             .kind = FIELD_BOOL },
	{ .name = "remoteId",             .kind = FIELD_TEXT },
	{ .name = "username",             .kind = FIELD_TEXT },
	{ .name = "displayName",          .kind = FIELD_TEXT },
	{ .name = "avatarUrl",            .kind = FIELD_URL,   .flags = FIELD_NULLABLE },
	{ .name = "status",               .kind = FIELD_ENUM,  .choices = account_status_names },
	{ .name = "statusReason",         .kind = FIELD_TEXT,  .flags = FIELD_NULLABLE },
	{ .name = "scopes",               .kind = FIELD_TEXTS },
	{ .name = "missingScopes",        .kind = FIELD_TEXTS },
	{ .name = "isDefault",            .kind = FIELD_BOOL },
	{ .name = "publishWithinMinutes", .kind = FIELD_INT },
	{ .name = "onLate",               .kind = FIELD_ENUM,  .choices = on_late_names },
	{ .name = "settings",             .kind = FIELD_JSON,  .flags = FIELD_NULLABLE },
	{ .name = "expiresAt",            .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "expiring",             .kind = FIELD_BOOL,  .sentence = "Access ends within a week and is not renewed by itself." },
	{ .name = "pausedAt",             .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE, .sentence = "Since when nothing goes out on it; null: it does." },
	{ .name = "connectedAt",          .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "createdAt",            .kind = FIELD_INSTANT },
	{ .name = "updatedAt",            .kind = FIELD_INSTANT },
	{ .name = NULL },
};
static const struct schema view_schema = { "AccountB", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = "data",       .kind = FIELD_OBJECTS, .nested = &view_schema },
	{ .name = "hasMore",    .kind = FIELD_BOOL },
	{ .name = "nextCursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "AccountBList", 0, list_fields };
/* clang-format on */

static void emit_account(struct emit *e, const struct account *a)
{
	emit_open(e, NULL);
	emit_text(e, "id", a->id);
	emit_text(e, "platform", a->platform);
	emit_bool(e, "livemode", a->livemode);
	emit_text(e, "remoteId", a->remote_id);
	emit_text(e, "username", a->username);
	emit_text(e, "displayName", a->display_name);
	emit_text(e, "avatarUrl", a->avatar_url);
	emit_text(e, "status", account_status_names[a->status]);
	emit_text(e, "statusReason", a->status_reason);
	words_emit(e, "scopes", a->scopes);
	words_emit(e, "missingScopes", a->missing_scopes);
	emit_bool(e, "isDefault", a->is_default);
	emit_int(e, "publishWithinMinutes", a->publish_within_minutes);
	emit_text(e, "onLate", on_late_names[a->on_late]);
	emit_raw(e, "settings", a->settings);
	emit_instant(e, "expiresAt", a->expires_us);
	emit_bool(e, "expiring", a->is_expiring);
	emit_instant(e, "pausedAt", a->paused_us);
	emit_instant(e, "connectedAt", a->connected_us);
	emit_instant(e, "createdAt", a->created_us);
	emit_instant(e, "updatedAt", a->updated_us);
	emit_close(e);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct account *last;
	struct accounts found;

	if (accounts_page(req, &found, reterr) < 0)
		return -1;
	last = found.n ? &found.v[found.n - 1] : NULL;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "data");
	for (size_t i = 0; i < found.n; i++)
		emit_account(&ret->emit, &found.v[i]);
	emit_close_array(&ret->emit);
	paging_close_camel(req, ret, "accounts", found.has_more,
			   last ? last->created_us : INSTANT_NONE, last ? last->id : NULL);
	emit_close(&ret->emit);
	return 0;
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct account a;

	if (account_find(req, req->params[0], &a, reterr) < 0)
		return -1;
	emit_account(&ret->emit, &a);
	ret->version = a.version;
	return 0;
}

/* clang-format off */
#define READ .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_ACCOUNTS_READ), .rate = RATE_READ
const struct route api_v1_accounts_routes[] = {
	{ HTTP_GET, "/v1/accounts",      READ, .ok = 200, .query = accounts_query, .reply = &list_schema, .handler = list, .operation = "listAccountsB", .summary = "List connected accounts, in camelCase" },
	{ HTTP_GET, "/v1/accounts/{id}", READ, .ok = 200, .has_version = true, .reply = &view_schema, .handler = get, .operation = "getAccountB", .summary = "Read an account, in camelCase" },
	{ .pattern = NULL },
};
/* clang-format on */

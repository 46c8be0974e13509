/* SPDX-License-Identifier: Apache-2.0 */
#include "api/account_view.h"

#include <string.h>

#include "api/dialogue.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/paging.h"
#include "store/tokens.h"

/* clang-format off */
static const struct field view_fields[] = {
	{ .name = "id",                     .kind = FIELD_ID },
	{ .name = "platform",               .kind = FIELD_TEXT },
	{ .name = "livemode",               .kind = FIELD_BOOL },
	{ .name = "remote_id",              .kind = FIELD_TEXT },
	{ .name = "username",               .kind = FIELD_TEXT },
	{ .name = "display_name",           .kind = FIELD_TEXT },
	{ .name = "avatar_url",             .kind = FIELD_URL,   .flags = FIELD_NULLABLE },
	{ .name = "status",                 .kind = FIELD_ENUM,  .choices = account_status_names },
	{ .name = "status_reason",          .kind = FIELD_TEXT,  .flags = FIELD_NULLABLE },
	{ .name = "scopes",                 .kind = FIELD_TEXTS },
	{ .name = "missing_scopes",         .kind = FIELD_TEXTS },
	{ .name = "is_default",             .kind = FIELD_BOOL },
	{ .name = "publish_within_minutes", .kind = FIELD_INT },
	{ .name = "on_late",                .kind = FIELD_ENUM,  .choices = on_late_names },
	{ .name = "settings",               .kind = FIELD_JSON,  .flags = FIELD_NULLABLE },
	{ .name = "expires_at",             .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "expiring",               .kind = FIELD_BOOL,  .sentence = "Access ends within a week and is not renewed by itself." },
	{ .name = "paused_at",              .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE, .sentence = "Since when nothing goes out on it; null: it does." },
	{ .name = "connected_at",           .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "created_at",             .kind = FIELD_INSTANT },
	{ .name = "updated_at",             .kind = FIELD_INSTANT },
	{ .name = NULL },
};
const struct query_param accounts_query[] = {
	{ .name = "limit",        .kind = QUERY_INT, .least = 1, .most = 100, .sentence = "Rows a page." },
	{ .name = "cursor",       .kind = QUERY_CURSOR, .sentence = "The cursor that the page before ended with." },
	{ .name = "platform",     .kind = QUERY_ID, .sentence = "Only this platform's." },
	{ .name = "livemode",     .kind = QUERY_BOOL, .sentence = "Only live, or only test accounts." },
	{ .name = "disconnected", .kind = QUERY_BOOL, .sentence = "true: also those that were disconnected." },
	{ .name = NULL },
};
/* clang-format on */
const struct schema account_schema = { "Account", 0, view_fields };

void words_emit(struct emit *e, const char *key, const char *words)
{
	emit_open_array(e, key);
	while (words && *words) {
		size_t n = strcspn(words, " ");

		if (n > 0)
			emit_text_n(e, NULL, words, n);
		words += n + strspn(words + n, " ");
	}
	emit_close_array(e);
}

void account_emit(struct emit *e, const char *key, const struct account *a)
{
	emit_open(e, key);
	emit_text(e, "id", a->id);
	emit_text(e, "platform", a->platform);
	emit_bool(e, "livemode", a->livemode);
	emit_text(e, "remote_id", a->remote_id);
	emit_text(e, "username", a->username);
	emit_text(e, "display_name", a->display_name);
	emit_text(e, "avatar_url", a->avatar_url);
	emit_text(e, "status", account_status_names[a->status]);
	emit_text(e, "status_reason", a->status_reason);
	words_emit(e, "scopes", a->scopes);
	words_emit(e, "missing_scopes", a->missing_scopes);
	emit_bool(e, "is_default", a->is_default);
	emit_int(e, "publish_within_minutes", a->publish_within_minutes);
	emit_text(e, "on_late", on_late_names[a->on_late]);
	emit_raw(e, "settings", a->settings);
	emit_instant(e, "expires_at", a->expires_us);
	emit_bool(e, "expiring", a->is_expiring);
	emit_instant(e, "paused_at", a->paused_us);
	emit_instant(e, "connected_at", a->connected_us);
	emit_instant(e, "created_at", a->created_us);
	emit_instant(e, "updated_at", a->updated_us);
	emit_close(e);
}

void account_emit_short(struct emit *e, const char *key, const struct account *a)
{
	emit_open(e, key);
	emit_text(e, "id", a->id);
	emit_text(e, "remote_id", a->remote_id);
	emit_text(e, "username", a->username);
	emit_text(e, "display_name", a->display_name);
	emit_text(e, "avatar_url", a->avatar_url);
	emit_close(e);
}

int accounts_page(struct request *req, struct accounts *ret, struct problem *reterr)
{
	struct account_query q = { .platform = request_query(req, "platform"),
				   .account_ids = mode_accounts(req) };
	const char *all = request_query(req, "disconnected");
	struct paging at;

	if (paging_read(req, "accounts", &at, reterr) < 0 ||
	    mode_read(req, &q.livemode, reterr) < 0)
		return -1;
	q.page = (struct page){ .limit = at.limit,
				.after_us = at.after_us,
				.after_id = at.after_id };
	q.with_disconnected = all && strcmp(all, "true") == 0;
	return store_accounts_list(req->app->db, req->principal->workspace, &q, req->arena, ret,
				   reterr);
}

int account_find(struct request *req, const char *id, struct account *ret, struct problem *reterr)
{
	const struct principal *p = req->principal;
	struct account found;

	if (store_accounts_get(req->app->db, p->workspace, id, req->arena, &found, reterr) < 0)
		return -1;
	if (!principal_sees(p, found.id, found.livemode))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "account %s does not exist", id);
	*ret = found;
	return 0;
}

/*
 * A grant is a person's, not an account's: taking it back would silence every other account that
 * was connected through the same person, in this workspace or another.
 */
static bool grant_is_shared(struct request *req, const struct account *a, const json_t *meta)
{
	const char *person = json_string_value(json_object_get(meta, "person_id"));
	struct problem why = { 0 };
	bool is_shared = true;

	if (store_accounts_shares_grant(req->app->db, req->principal->workspace, a, person,
					&is_shared, &why) < 0)
		log_line(LOG_LEVEL_WARN, "account.grant_unknown", "account=%s", a->id);
	return is_shared;
}

static bool account_revoke(struct request *req, const struct account *a,
			   const struct tokens *tokens)
{
	const struct platform *p = platform_find(a->platform);
	struct platform_account account;
	struct platform_app app;
	struct renewal r = { .arena = req->arena, .app = &app, .account = &account };
	struct outcome outcome = { 0 };

	platform_account_of(req->arena, a, &account);
	account.access_token = tokens_value(tokens, "access");
	account.user_token = tokens_value(tokens, "user");
	if (!p || tokens->n == 0 || grant_is_shared(req, a, account.meta))
		return false;
	platform_app_init(&app, req->arena, req->app->config, p, a->livemode);
	r.refresh_token = tokens_value(tokens, "refresh");
	r.now_us = clock_real_us();
	r.memo = json_object();
	dialogue_revoke(req, p, &r, &outcome);
	json_decref(r.memo);
	if (outcome.kind != OUTCOME_PUBLISHED)
		log_line(LOG_LEVEL_WARN, "account.not_revoked", "account=%s reason=\"%s\"", a->id,
			 outcome.error.message ? outcome.error.message : "");
	return outcome.kind == OUTCOME_PUBLISHED;
}

int account_leave(struct request *req, const struct account *a, struct account_leave *ret,
		  struct problem *reterr)
{
	struct app *app = req->app;
	const char *ws = req->principal->workspace;
	CLEANUP(tokens_done) struct tokens tokens = { 0 };
	struct problem why = { 0 };
	int64_t paused = 0;

	if (a->status == ACCOUNT_DISCONNECTED)
		return 0;
	/* Tokens that cannot be opened must not keep the account from leaving. */
	if (store_tokens_get(app->db, ws, a->id, app->keys, &tokens, &why) < 0)
		log_line(LOG_LEVEL_WARN, "account.tokens_unreadable", "account=%s", a->id);
	if (store_accounts_disconnect(app->db, ws, a->id, &paused, reterr) < 0)
		return -1;
	ret->disconnected++;
	ret->paused_posts += paused;
	if (account_revoke(req, a, &tokens))
		ret->revoked = true;
	return 0;
}

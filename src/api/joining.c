/* SPDX-License-Identifier: Apache-2.0 */
#include "api/joining.h"

#include <string.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "store/accounts.h"
#include "store/flows.h"
#include "store/tokens.h"

json_t *joining_pack(const struct connect_account *a)
{
	json_t *tokens = json_array();

	for (size_t i = 0; i < a->tokens_n; i++)
		json_array_append_new(tokens,
				      json_pack("{s:s, s:s, s:I}", "kind", a->tokens[i].kind,
						"value", a->tokens[i].value, "expires_us",
						(json_int_t)a->tokens[i].expires_us));
	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:I, s:O?, s:o}", "remote_id",
			 a->remote_id, "username", a->username, "display_name", a->display_name,
			 "avatar_url", a->avatar_url, "scopes", a->scopes ? a->scopes : "",
			 "missing_scopes", a->missing_scopes ? a->missing_scopes : "", "expires_us",
			 (json_int_t)a->expires_us, "meta", a->meta, "tokens", tokens);
}

static void text_wipe(void *text)
{
	explicit_bzero(text, strlen(text));
}

char *joining_text(struct arena *a, const json_t *doc)
{
	size_t n = json_dumpb(doc, NULL, 0, JSON_COMPACT);
	char *text = arena_alloc(a, n + 1);

	(void)json_dumpb(doc, text, n, JSON_COMPACT);
	arena_defer(a, text_wipe, text);
	return text;
}

const char *joining_member(const json_t *candidate, const char *key)
{
	return json_string_value(json_object_get(candidate, key));
}

static int64_t member_us(const json_t *o, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(o, key));
}

/* Renewal follows the token that dies first; a token without a date leaves it to the account's. */
static int64_t renewal_at(const struct platform_app *app, int64_t now_us, const json_t *candidate)
{
	const json_t *access = json_array_get(json_object_get(candidate, "tokens"), 0);
	int64_t expires_us = member_us(access, "expires_us");

	if (expires_us == INSTANT_NONE)
		expires_us = member_us(candidate, "expires_us");
	return app->platform->renew_at ? app->platform->renew_at(app, now_us, expires_us)
				       : INSTANT_NONE;
}

static int join_one(const struct joining *j, struct db *db, const json_t *candidate,
		    struct problem *reterr)
{
	const json_t *list = json_object_get(candidate, "tokens"),
		     *meta = json_object_get(candidate, "meta");
	struct token tokens[TOKENS_MAX] = { 0 };
	struct account_connect in = {
		.platform = j->app->platform->id,
		.remote_id = joining_member(candidate, "remote_id"),
		.username = joining_member(candidate, "username"),
		.display_name = joining_member(candidate, "display_name"),
		.avatar_url = joining_member(candidate, "avatar_url"),
		.livemode = j->app->livemode,
		.scopes = joining_member(candidate, "scopes"),
		.missing_scopes = joining_member(candidate, "missing_scopes"),
		.meta = json_is_object(meta) ? joining_text(j->req->arena, meta) : NULL,
		.expires_us = member_us(candidate, "expires_us"),
		.refresh_us = renewal_at(j->app, clock_real_us(), candidate),
		.tokens = tokens,
		.stage_lead_s = j->req->app->config->publish_stage_lead_s,
	};
	char id[ID_MAX];

	for (size_t i = 0; i < json_array_size(list) && i < TOKENS_MAX; i++) {
		const json_t *t = json_array_get(list, i);

		tokens[in.tokens_n++] = (struct token){ .kind = joining_member(t, "kind"),
							.value = joining_member(t, "value"),
							.expires_us = member_us(t, "expires_us"),
							.issued_us = INSTANT_NONE };
	}
	return store_accounts_connect(db, j->workspace, &in, j->req->app->keys, id, reterr);
}

int joining_all(struct db *db, void *arg, struct problem *reterr)
{
	const struct joining *j = arg;
	const struct flow_end end = { j->flow_id, NULL, NULL };
	const json_t *candidate;
	size_t i;

	json_array_foreach(j->chosen, i, candidate) {
		if (join_one(j, db, candidate, reterr) < 0)
			return -1;
	}
	return j->flow_id ? store_flows_finish(db, j->workspace, &end, reterr) : 0;
}

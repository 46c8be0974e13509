/* SPDX-License-Identifier: Apache-2.0 */
/* X: consent page, API and uploads under the one prefix /twitter. */
#include <string.h>

#include "base/clock.h"
#include "sandbox/consent.h"
#include "sandbox/tw.h"

#define EPOCH_MS 1288834974657LL

static const char *const own_points[] = {
	"oauth.deny",
	"oauth.partial_scopes",
	"oauth.callback_twice",
	"token.drop_after_commit",
	"token.no_refresh",
	"auth.401",
	"auth.403_scope",
	"auth.403_unknown",
	"credits.402",
	"rate.429",
	"rate.429_day",
	"rate.no_headers",
	"append.413",
	"process.failed",
	"process.stuck",
	"tweets.drop_before_commit",
	"tweets.5xx",
	"tweets.commit_then_drop",
	"tweets.commit_then_5xx",
	"tweets.commit_then_hang",
	"tweets.media_invalid",
	"tweets.duplicate",
	"timeline.lag",
	"timeline.missing_row",
	NULL,
};
static const char *const call_points[] = { "auth.403_unknown", "rate.429", NULL };
static const char *const tweet_points[] = {
	"auth.403_unknown",
	"rate.429",
	"tweets.drop_before_commit",
	"tweets.5xx",
	"tweets.commit_then_drop",
	"tweets.commit_then_5xx",
	NULL,
};

/* clang-format off */
static const struct sandbox_row rows[] = {
	{ "GET",    "/i/oauth2/authorize",             "authorize",  sandbox_tw_authorize, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/sandbox/consent",                "consent",    sandbox_consent_submit, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/2/oauth2/token",                 "token",      sandbox_tw_token, 0, NULL, NULL },
	{ "POST",   "/2/oauth2/revoke",                "revoke",     sandbox_tw_revoke, 0, NULL, NULL },
	{ "GET",    "/2/users/me",                     "me",         sandbox_tw_me, 0, call_points, NULL },
	{ "GET",    "/2/users/{id}/tweets",            "timeline",   sandbox_tw_timeline, 0, call_points, NULL },
	{ "POST",   "/2/media/upload/initialize",      "initialize", sandbox_tw_initialize, 0, call_points, NULL },
	{ "POST",   "/2/media/upload/{id}/append",     "append",     sandbox_tw_append, 0, call_points, NULL },
	{ "POST",   "/2/media/upload/{id}/finalize",   "finalize",   sandbox_tw_finalize, 0, call_points, NULL },
	{ "GET",    "/2/media/upload",                 "status",     sandbox_tw_status, 0, call_points, NULL },
	{ "POST",   "/2/media/metadata",               "metadata",   sandbox_tw_metadata, 0, call_points, NULL },
	{ "POST",   "/2/tweets",                       "tweets",     sandbox_tw_tweets, 0, tweet_points, NULL },
	{ "GET",    "/2/tweets",                       "lookup",     sandbox_tw_lookup, 0, call_points, NULL },
	{ "DELETE", "/2/tweets/{id}",                  "delete",     sandbox_tw_delete, 0, NULL, NULL },
	{ "GET",    "/{user}/status/{id}",             "page",       sandbox_tw_page, ROW_BROWSER, NULL, NULL },
	{ NULL,     NULL,                              NULL,         NULL, 0, NULL, NULL },
};
/* clang-format on */

struct tw_state *sandbox_tw_state(struct world *w)
{
	return w->extra[sandbox_platform_index(&sandbox_twitter)];
}

/* Time in the upper bits; the counter makes it unique. */
const char *sandbox_tw_snowflake(struct world *w)
{
	int64_t ms = sandbox_world_now(w) / US_PER_MS - EPOCH_MS;

	return arena_printf(w->arena, "%lld",
			    (long long)(ms << 22 | (int64_t)(w->next_id++ & 0x3fffff)));
}

bool sandbox_tw_problem(struct exchange *ex, int status, const char *title, const char *detail,
			const char *type)
{
	sandbox_exchange_json(ex, status,
			      json_pack("{s:s,s:s,s:s,s:i}", "title", title, "detail", detail,
					"type", type, "status", status));
	return false;
}

bool sandbox_tw_invalid(struct exchange *ex, const char *message)
{
	sandbox_exchange_json(ex, 400,
			      json_pack("{s:[{s:{},s:s}],s:s,s:s,s:s}", "errors", "parameters",
					"message", message, "title", "Invalid Request", "detail",
					"One or more parameters to your request was invalid.",
					"type",
					"https://api.twitter.com/2/problems/invalid-request"));
	return false;
}

bool sandbox_tw_keys(struct exchange *ex, const json_t *object, const char *const *keys)
{
	void *at;

	if (!json_is_object(object))
		return sandbox_tw_invalid(ex, "object expected");
	for (at = json_object_iter((json_t *)(uintptr_t)object); at != NULL;
	     at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		const char *key = json_object_iter_key(at);
		size_t i = 0;

		while (keys[i] != NULL && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i] == NULL)
			return sandbox_tw_invalid(
				ex,
				arena_printf(
					ex->arena,
					"$.%s: is not defined in the schema and the schema does "
					"not allow additional properties",
					key));
	}
	return true;
}

json_t *sandbox_tw_body(struct exchange *ex, const char *const *keys)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	json_t *in = NULL;

	if (type == NULL || strncasecmp(type, "application/json", 16) != 0) {
		sandbox_tw_invalid(
			ex, "Requests with bodies must have content-type of application/json.");
		return NULL;
	}
	if (ex->body.len > 0)
		in = json_loadb(ex->body.p, ex->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(in)) {
		json_decref(in);
		sandbox_tw_invalid(ex, "Request body must be a JSON object.");
		return NULL;
	}
	if (sandbox_tw_keys(ex, in, keys))
		return in;
	json_decref(in);
	return NULL;
}

static struct account *user_add(struct world *w, const char *id, const char *username,
				const char *name)
{
	struct account *a = sandbox_world_add_account(w, &sandbox_twitter, id, username, name);

	if (a->extra == NULL) {
		a->extra = arena_alloc(w->arena, sizeof(struct tw_user));
		sandbox_world_add_person(w, &sandbox_twitter, TW_REALM, id, name);
	}
	return a;
}

static void tw_open(struct world *w)
{
	struct tw_state *state = arena_alloc(w->arena, sizeof(*state));

	state->media = sandbox_map_new(w->arena);
	state->rates = sandbox_map_new(w->arena);
	state->uploads = sandbox_list_new(w->arena);
	w->extra[sandbox_platform_index(&sandbox_twitter)] = state;
	sandbox_world_add_app(w, &sandbox_twitter, "1234567890", "sandbox-secret");
	user_add(w, "2244994945", "acmebakery", "Acme Bakery");
	user_add(w, "2244994946", "acmestudio", "Acme Studio");
}

/*
 * {"users":[{id,username,name,subscription_type,verified,suspended}],"enterprise":bool,
 * "tweets_limit":n}
 */
static bool tw_seed(struct world *w, const json_t *in, const char **ret_why)
{
	const json_t *user, *plan = json_object_get(in, "enterprise");
	size_t i;

	if (plan != NULL)
		sandbox_tw_state(w)->is_enterprise = json_is_true(plan);
	if (json_object_get(in, "tweets_limit") != NULL)
		sandbox_tw_state(w)->tweets_limit =
			json_integer_value(json_object_get(in, "tweets_limit"));
	json_array_foreach(json_object_get(in, "users"), i, user) {
		const char *id = json_string_value(json_object_get(user, "id"));
		const char *username = json_string_value(json_object_get(user, "username"));
		const char *name = json_string_value(json_object_get(user, "name"));
		struct tw_user *u;

		if (id == NULL || username == NULL) {
			*ret_why = "a user needs id and username";
			return false;
		}
		u = user_add(w, id, username, name != NULL ? name : username)->extra;
		u->subscription = arena_strdup(
			w->arena, json_string_value(json_object_get(user, "subscription_type")));
		u->is_verified = json_is_true(json_object_get(user, "verified"));
		u->is_suspended = json_is_true(json_object_get(user, "suspended"));
	}
	return true;
}

static const char *caption_of_body(struct exchange *ex)
{
	json_t *in = ex->body.len > 0 ? json_loadb(ex->body.p, ex->body.len, 0, NULL) : NULL;
	const char *text = json_string_value(json_object_get(in, "text"));
	const char *kept = text != NULL ? arena_strdup(ex->arena, text) : NULL;

	json_decref(in);
	return kept;
}

static void tw_identify(struct exchange *ex)
{
	const struct token *t = sandbox_tw_bearer(ex);
	const struct account *a =
		t != NULL ? sandbox_world_account(ex->world, &sandbox_twitter, t->grant->person->id)
			  : NULL;

	ex->caption = caption_of_body(ex);
	if (a == NULL)
		return;
	ex->account = a->id;
	ex->account_name = a->username;
}

static void tw_unknown(struct exchange *ex)
{
	sandbox_tw_problem(ex, 404, "Not Found", "Not Found", "about:blank");
}

static json_t *tw_state_json(struct world *w)
{
	const struct tw_state *state = sandbox_tw_state(w);
	json_t *uploads = json_array();

	for (size_t i = state->uploads.n > 1000 ? state->uploads.n - 1000 : 0; i < state->uploads.n;
	     i++) {
		const struct tw_media *m = state->uploads.v[i];

		json_array_append_new(uploads,
				      json_pack("{s:s,s:s,s:s,s:I,s:b,s:s?}", "id", m->id,
						"category", m->category, "type", m->type,
						"total_bytes", (json_int_t)m->total, "final",
						m->is_final, "alt_text", m->alt_text));
	}
	return json_pack("{s:o,s:I}", "uploads", uploads, "refresh_reuses",
			 (json_int_t)state->refresh_reuses);
}

const struct sandbox_platform sandbox_twitter = {
	.name = "twitter",
	.rows = rows,
	.points = own_points,
	.open = tw_open,
	.seed = tw_seed,
	.identify = tw_identify,
	.unknown = tw_unknown,
	.state = tw_state_json,
	.loaded = sandbox_tw_loaded,
};

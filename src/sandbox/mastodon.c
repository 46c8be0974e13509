/* SPDX-License-Identifier: Apache-2.0 */
/* Mastodon: one server with its registration, consent page and API under the prefix /mastodon. */
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "sandbox/consent.h"
#include "sandbox/md.h"

#define TEXT_MAX       500
#define STATUSES_LIMIT 300

static const char *const own_points[] = {
	"oauth.deny",
	"oauth.partial_scopes",
	"oauth.callback_twice",
	"oauth.unknown_client",
	"auth.401",
	"auth.403_scope",
	"auth.403_login",
	"rate.429",
	"media.slow",
	"media.failed",
	"media.stuck",
	"media.forgotten",
	"statuses.drop_before_commit",
	"statuses.5xx",
	"statuses.commit_then_drop",
	"statuses.commit_then_5xx",
	"statuses.commit_then_hang",
	"list.lag",
	"list.missing_row",
	NULL,
};
static const char *const call_points[] = { "rate.429", NULL };
static const char *const media_points[] = { "rate.429", "media.slow", NULL };
static const char *const post_points[] = {
	"rate.429",
	"statuses.drop_before_commit",
	"statuses.5xx",
	"statuses.commit_then_drop",
	"statuses.commit_then_5xx",
	NULL,
};

/* clang-format off */
static const struct sandbox_row rows[] = {
	{ "GET",    "/.well-known/oauth-authorization-server", "discovery", sandbox_md_discovery, 0, NULL, NULL },
	{ "POST",   "/api/v1/apps",                         "apps",      sandbox_md_apps, 0, NULL, NULL },
	{ "GET",    "/oauth/authorize",                     "authorize", sandbox_md_authorize, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/sandbox/consent",                     "consent",   sandbox_consent_submit, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/oauth/token",                         "token",     sandbox_md_token, 0, NULL, NULL },
	{ "POST",   "/oauth/revoke",                        "revoke",    sandbox_md_revoke, 0, NULL, NULL },
	{ "GET",    "/api/v1/accounts/verify_credentials",  "me",        sandbox_md_me, 0, call_points, NULL },
	{ "GET",    "/api/v2/instance",                     "instance",  sandbox_md_instance, 0, NULL, NULL },
	{ "GET",    "/api/v1/instance",                     "instance_v1", sandbox_md_instance_old, 0, NULL, NULL },
	{ "POST",   "/api/v2/media",                        "media",     sandbox_md_upload, 0, media_points, NULL },
	{ "GET",    "/api/v1/media/{id}",                   "media_get", sandbox_md_media, 0, call_points, NULL },
	{ "POST",   "/api/v1/statuses",                     "statuses",  sandbox_md_post, 0, post_points, NULL },
	{ "GET",    "/api/v1/statuses/{id}",                "status",    sandbox_md_status, 0, call_points, NULL },
	{ "GET",    "/api/v1/statuses/{id}/source",         "source",    sandbox_md_source, 0, call_points, NULL },
	{ "DELETE", "/api/v1/statuses/{id}",                "delete",    sandbox_md_delete, 0, NULL, NULL },
	{ "GET",    "/api/v1/accounts/{id}/statuses",       "list",      sandbox_md_list, 0, call_points, NULL },
	{ "GET",    "/{user}/{id}",                         "page",      sandbox_md_page, ROW_BROWSER, NULL, NULL },
	{ NULL,     NULL,                                   NULL,        NULL, 0, NULL, NULL },
};
/* clang-format on */

struct md_state *sandbox_md_state(struct world *w)
{
	return w->extra[sandbox_platform_index(&sandbox_mastodon)];
}

const char *sandbox_md_snowflake(struct world *w)
{
	const int64_t ms = sandbox_world_now(w) / US_PER_MS;

	return arena_printf(w->arena, "%lld",
			    (long long)(ms << 16 | (int64_t)(w->next_id++ & 0xffff)));
}

bool sandbox_md_error(struct exchange *ex, int status, const char *words)
{
	sandbox_exchange_json(ex, status, json_pack("{s:s}", "error", words));
	return false;
}

void sandbox_md_limit(struct exchange *ex, int64_t left, int64_t reset_in_us)
{
	const struct md_state *state = sandbox_md_state(ex->world);
	char at[RFC3339_MAX];

	rfc3339_print_ms(sandbox_world_now(ex->world) + reset_in_us, at);
	sandbox_exchange_add_header(
		ex, "X-RateLimit-Limit",
		arena_printf(ex->arena, "%lld", (long long)state->statuses_limit));
	sandbox_exchange_add_header(ex, "X-RateLimit-Remaining",
				    arena_printf(ex->arena, "%lld", (long long)left));
	sandbox_exchange_add_header(ex, "X-RateLimit-Reset", at);
}

static bool faults_of_call(struct exchange *ex)
{
	static const struct {
		const char *point;
		int status;
		const char *words;
	} refusals[] = {
		{ "auth.401", 401, "The access token was revoked" },
		{ "auth.403_scope", 403, "This action is outside the authorized scopes" },
		{ "auth.403_login", 403, "Your login is currently disabled" },
		{ "rate.429", 429, "Too many requests" },
	};

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		if (sandbox_faults_hit(ex, refusals[i].point) == NULL)
			continue;
		if (refusals[i].status == 429)
			sandbox_md_limit(ex, 0, 60 * US_PER_S);
		return sandbox_md_error(ex, refusals[i].status, refusals[i].words);
	}
	return true;
}

struct account *sandbox_md_enter(struct exchange *ex, const char *scope)
{
	struct account *a = sandbox_md_auth(ex, scope);
	const struct md_user *u = a != NULL ? a->extra : NULL;

	if (a == NULL || !faults_of_call(ex))
		return NULL;
	if (!u->is_suspended)
		return a;
	sandbox_md_error(ex, 403, "Your account is suspended");
	return NULL;
}

json_t *sandbox_md_account_json(const struct exchange *ex, const struct account *a)
{
	return json_pack(
		"{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:b,s:b,s:[],s:[]}", "id", a->id, "username",
		a->username, "acct", a->username, "display_name", a->name, "url",
		json_string(arena_printf(ex->arena, "%s/@%s", ex->base_url, a->username)), "uri",
		json_string(arena_printf(ex->arena, "%s/users/%s", ex->base_url, a->username)),
		"avatar",
		json_string(arena_printf(ex->arena, "%s/avatars/%s.png", ex->base_url, a->id)),
		"statuses_count", json_integer((json_int_t)a->objects.n), "locked", false, "bot",
		false, "emojis", "fields");
}

static struct account *user_add(struct world *w, const char *id, const char *username,
				const char *name)
{
	struct account *a = sandbox_world_add_account(w, &sandbox_mastodon, id, username, name);

	if (a->extra == NULL) {
		a->extra = arena_alloc(w->arena, sizeof(struct md_user));
		sandbox_world_add_person(w, &sandbox_mastodon, MD_REALM, id, name);
	}
	return a;
}

static void md_open(struct world *w)
{
	struct md_state *state = arena_alloc(w->arena, sizeof(*state));

	state->media = sandbox_map_new(w->arena);
	state->keys = sandbox_map_new(w->arena);
	state->uploads = sandbox_list_new(w->arena);
	state->characters = TEXT_MAX;
	state->statuses_limit = STATUSES_LIMIT;
	w->extra[sandbox_platform_index(&sandbox_mastodon)] = state;
	sandbox_world_add_app(w, &sandbox_mastodon, "1234567890", "sandbox-secret");
	user_add(w, "109348684286123001", "acmebakery", "Acme Bakery");
	user_add(w, "109348684286123002", "acmestudio", "Acme Studio");
}

static void seed_number(const json_t *in, const char *name, int64_t *ret)
{
	if (json_is_integer(json_object_get(in, name)))
		*ret = json_integer_value(json_object_get(in, name));
}

static void seed_flag(const json_t *in, const char *name, bool *ret)
{
	if (json_is_boolean(json_object_get(in, name)))
		*ret = json_is_true(json_object_get(in, name));
}

/*
 * {"users":[{id,username,name,suspended}],"max_characters":n,"statuses_limit":n,
 * "ignores_keys":bool,"old":bool}
 */
static bool md_seed(struct world *w, const json_t *in, const char **ret_why)
{
	struct md_state *state = sandbox_md_state(w);
	const json_t *user;
	size_t i;

	seed_number(in, "max_characters", &state->characters);
	seed_number(in, "statuses_limit", &state->statuses_limit);
	seed_flag(in, "ignores_keys", &state->ignores_keys);
	seed_flag(in, "old", &state->is_old);
	json_array_foreach(json_object_get(in, "users"), i, user) {
		const char *id = json_string_value(json_object_get(user, "id"));
		const char *username = json_string_value(json_object_get(user, "username"));
		const char *name = json_string_value(json_object_get(user, "name"));
		struct md_user *u;

		if (id == NULL || username == NULL) {
			*ret_why = "a user needs id and username";
			return false;
		}
		u = user_add(w, id, username, name != NULL ? name : username)->extra;
		seed_flag(user, "suspended", &u->is_suspended);
	}
	return true;
}

static void md_identify(struct exchange *ex)
{
	const struct token *t = sandbox_md_bearer(ex);
	const struct account *a =
		t != NULL && t->grant != NULL
			? sandbox_world_account(ex->world, &sandbox_mastodon, t->grant->person->id)
			: NULL;

	ex->caption = sandbox_exchange_param(ex, "status");
	if (a == NULL)
		return;
	ex->account = a->id;
	ex->account_name = a->username;
}

static void md_unknown(struct exchange *ex)
{
	sandbox_md_error(ex, 404, "Not Found");
}

static json_t *md_state_json(struct world *w)
{
	const struct md_state *state = sandbox_md_state(w);
	json_t *uploads = json_array();

	for (size_t i = state->uploads.n > 1000 ? state->uploads.n - 1000 : 0; i < state->uploads.n;
	     i++) {
		const struct md_media *m = state->uploads.v[i];

		json_array_append_new(uploads, json_pack("{s:s,s:s,s:s?,s:b}", "id", m->id, "type",
							 m->type, "description", m->description,
							 "attached", m->is_attached));
	}
	return json_pack("{s:o}", "uploads", uploads);
}

const struct sandbox_platform sandbox_mastodon = {
	.name = "mastodon",
	.rows = rows,
	.points = own_points,
	.open = md_open,
	.seed = md_seed,
	.identify = md_identify,
	.unknown = md_unknown,
	.state = md_state_json,
	.loaded = sandbox_md_loaded,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* OAuth of both logins: dialogs, code exchange, long tokens, refresh, debug_token. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/consent.h"
#include "sandbox/ig.h"

struct scope {
	const char *name, *meaning;
};

/* clang-format off */
static const struct scope scopes_facebook[] = {
	{ "public_profile", "See your name and picture" },
	{ "email", "See your e-mail address" },
	{ "instagram_basic", "See your Instagram profile and posts" },
	{ "instagram_content_publish", "Publish on Instagram for you" },
	{ "instagram_manage_comments", "Write and manage Instagram comments" },
	{ "instagram_manage_insights", "See how your Instagram posts do" },
	{ "instagram_manage_contents", "Delete Instagram posts" },
	{ "pages_read_engagement", "Read what is on the Pages you manage" },
	{ "pages_show_list", "See which Pages you manage" },
	{ "business_management", "See the Pages of your businesses" },
	{ "ads_management", "Manage your ads" },
	{ "ads_read", "Read your ads" },
	{ "pages_manage_metadata", "Change settings of your Pages" },
	{ NULL, NULL },
};
static const struct scope scopes_instagram[] = {
	{ "instagram_business_basic", "See your profile and posts" },
	{ "instagram_business_content_publish", "Publish for you" },
	{ "instagram_business_manage_comments", "Write and manage comments" },
	{ "instagram_business_manage_messages", "Read and write messages" },
	{ "instagram_business_manage_insights", "See how your posts do" },
	{ NULL, NULL },
};
/* clang-format on */

struct login {
	const char *realm, *title, *choices_title, *denied, *fragment, *code_prefix;
	const struct scope *scopes;
};

static const struct login login_facebook = {
	IG_REALM_FACEBOOK,
	"Log in with Facebook",
	"Pages to share",
	"error=access_denied&error_code=200&error_description=Permissions+error"
	"&error_reason=user_denied",
	"#_=_",
	"AQ",
	scopes_facebook,
};
static const struct login login_instagram = {
	IG_REALM_INSTAGRAM,
	"Log in with Instagram",
	NULL,
	"error=access_denied&error_reason=user_denied"
	"&error_description=The+user+denied+your+request",
	"#_",
	"AQ",
	scopes_instagram,
};

static const struct scope *scope_find(const struct scope *all, const char *name)
{
	for (; all->name != NULL; all++)
		if (strcmp(all->name, name) == 0)
			return all;
	return NULL;
}

static const char *scope_explain(const char *name)
{
	const struct scope *scope = scope_find(scopes_facebook, name);

	if (scope == NULL)
		scope = scope_find(scopes_instagram, name);
	return scope != NULL ? scope->meaning : NULL;
}

static bool dialog_scopes(struct exchange *ex, const struct login *login, struct list *scopes)
{
	sandbox_list_split(scopes, sandbox_exchange_param(ex, "scope"), ", ");
	for (size_t i = 0; i < scopes->n; i++) {
		if (scope_find(login->scopes, scopes->v[i]) != NULL)
			continue;
		sandbox_consent_refuse(
			ex, "Invalid Scopes",
			arena_printf(
				ex->arena,
				"Invalid Scopes: %s. This message is only shown to developers.",
				(const char *)scopes->v[i]));
		return false;
	}
	if (scopes->n == 0) {
		sandbox_consent_refuse(ex, "Invalid Scopes", "No permission was asked for.");
		return false;
	}
	return true;
}

static void dialog_open(struct exchange *ex, const struct login *login)
{
	struct world *w = ex->world;
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	const char *type = sandbox_exchange_param(ex, "response_type");
	struct app *app =
		sandbox_world_app(w, &sandbox_instagram, sandbox_exchange_param(ex, "client_id"));
	struct consent_ask *ask = arena_alloc(w->arena, sizeof(*ask));

	if (app == NULL) {
		sandbox_consent_refuse(ex, "Error",
				       "Invalid App ID: The provided app ID does not look "
				       "like a valid app ID.");
		return;
	}
	if (redirect == NULL || !sandbox_world_redirect_ok(app, redirect)) {
		sandbox_consent_refuse(ex, "URL Blocked",
				       "This redirect failed because the redirect URI "
				       "is not whitelisted in the app's Client OAuth Settings.");
		return;
	}
	if (type != NULL ? strcmp(type, "code") != 0 : login == &login_instagram) {
		sandbox_consent_refuse(ex, "Error", "Invalid response_type.");
		return;
	}
	ask->platform = &sandbox_instagram;
	ask->app = app;
	ask->realm = login->realm;
	ask->redirect_uri = arena_strdup(w->arena, redirect);
	ask->state = arena_strdup(w->arena, sandbox_exchange_param(ex, "state"));
	ask->scopes = sandbox_list_new(w->arena);
	ask->title = login->title;
	ask->choices_title = login->choices_title;
	ask->denied = login->denied;
	ask->code_prefix = login->code_prefix;
	ask->fragment = login->fragment;
	ask->explain = scope_explain;
	ask->code_life_s = w->settings.code_life_s;
	if (dialog_scopes(ex, login, &ask->scopes))
		sandbox_consent_begin(ex, ask);
}

void sandbox_ig_dialog_facebook(struct exchange *ex)
{
	dialog_open(ex, &login_facebook);
}

void sandbox_ig_dialog_instagram(struct exchange *ex)
{
	dialog_open(ex, &login_instagram);
}

static void login_answer(struct exchange *ex, const struct token *t, const char *text, bool is_long)
{
	const struct settings *set = &ex->world->settings;
	int64_t left_s = t->expires_us != INSTANT_NONE
				 ? (t->expires_us - sandbox_world_now(ex->world)) / US_PER_S
			 : is_long ? set->long_life_s
				   : set->short_life_s;

	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:I}", "access_token", text, "token_type",
					"bearer", "expires_in", (json_int_t)left_s));
}

/* The app, if id and secret are right. */
static struct app *login_app(struct exchange *ex)
{
	const char *secret = sandbox_exchange_param(ex, "client_secret");
	struct app *app = sandbox_world_app(ex->world, &sandbox_instagram,
					    sandbox_exchange_param(ex, "client_id"));

	if (app == NULL) {
		sandbox_ig_fail(ex, 101, 0);
		return NULL;
	}
	if (secret == NULL || strcmp(secret, app->secret) != 0) {
		sandbox_ig_fail_text(ex, 1, 0, "Error validating client secret.");
		ex->status = 400;
		return NULL;
	}
	return app;
}

/* 0, or the subcode that says what is wrong with this code. */
static int code_check(struct exchange *ex, const struct app *app, const char *realm,
		      struct code **ret)
{
	const char *text = sandbox_exchange_param(ex, "code");
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	struct code *code = sandbox_map_get(&ex->world->codes, text);

	if (code == NULL || code->grant->app != app ||
	    strcmp(code->grant->person->realm, realm) != 0 || code->grant->is_removed)
		return 36007;
	if (code->is_used || sandbox_faults_hit(ex, "oauth.code_reused") != NULL)
		return 36009;
	if (code->expires_us <= sandbox_world_now(ex->world))
		return 36007;
	if (redirect == NULL || strcmp(redirect, code->redirect_uri) != 0)
		return 36008;
	code->is_used = true;
	sandbox_state_touch(ex->world, &code->record);
	*ret = code;
	return 0;
}

static void token_prolong(struct exchange *ex, struct app *app)
{
	const char *text = sandbox_exchange_param(ex, "fb_exchange_token");
	struct token *t = sandbox_map_get(&ex->world->tokens, text), *made;

	if (t == NULL || t->grant->app != app || t->kind > IG_TOKEN_USER_LONG) {
		sandbox_ig_fail(ex, 190, 0);
		return;
	}
	if (!sandbox_ig_token_live(ex, t))
		return;
	made = sandbox_world_add_token(ex->world, t->grant, IG_TOKEN_USER_LONG, "EAAB",
				       ex->world->settings.long_life_s);
	login_answer(ex, made, made->text, true);
}

void sandbox_ig_token_facebook(struct exchange *ex)
{
	const char *grant_type = sandbox_exchange_param(ex, "grant_type");
	struct app *app = login_app(ex);
	struct code *code;
	struct token *t;
	int wrong;

	if (app == NULL)
		return;
	if (grant_type != NULL && strcmp(grant_type, "fb_exchange_token") == 0) {
		token_prolong(ex, app);
		return;
	}
	if (grant_type != NULL && strcmp(grant_type, "client_credentials") == 0) {
		sandbox_exchange_json(
			ex, 200,
			json_pack("{s:o,s:s}", "access_token",
				  json_string(arena_printf(ex->arena, "%s|%s", app->client_id,
							   app->secret)),
				  "token_type", "bearer"));
		return;
	}
	wrong = code_check(ex, app, IG_REALM_FACEBOOK, &code);
	if (wrong != 0) {
		sandbox_ig_fail(ex, 100, wrong);
		return;
	}
	t = sandbox_world_add_token(ex->world, code->grant, IG_TOKEN_USER_SHORT, "EAAB",
				    ex->world->settings.short_life_s);
	login_answer(ex, t, t->text, false);
}

/* This endpoint has an error shape of its own. */
static void ig_token_fail(struct exchange *ex, const char *message)
{
	sandbox_exchange_json(ex, 400,
			      json_pack("{s:s,s:i,s:s}", "error_type", "OAuthException", "code",
					400, "error_message", message));
}

static const char *const code_messages[] = {
	/* by subcode - 36007 */
	"Invalid authorization code",
	"Error validating verification code. The redirect_uri differs from that of the dialog",
	"This authorization code has been used",
};

static const char *scopes_joined(struct arena *a, const struct list *scopes)
{
	const char *out = "";

	for (size_t i = 0; i < scopes->n; i++)
		out = arena_printf(a, "%s%s%s", out, i > 0 ? "," : "", (const char *)scopes->v[i]);
	return out;
}

void sandbox_ig_token_instagram(struct exchange *ex)
{
	const char *grant_type = sandbox_exchange_param(ex, "grant_type");
	const char *secret = sandbox_exchange_param(ex, "client_secret");
	struct app *app = sandbox_world_app(ex->world, &sandbox_instagram,
					    sandbox_exchange_param(ex, "client_id"));
	struct code *code;
	struct token *t;
	char *body;
	int wrong;

	if (app == NULL || secret == NULL || strcmp(secret, app->secret) != 0) {
		ig_token_fail(ex, app == NULL ? "Invalid platform app"
					      : "Error validating client secret.");
		return;
	}
	if (grant_type == NULL || strcmp(grant_type, "authorization_code") != 0) {
		ig_token_fail(ex, "Invalid grant_type");
		return;
	}
	wrong = code_check(ex, app, IG_REALM_INSTAGRAM, &code);
	if (wrong != 0) {
		ig_token_fail(ex, code_messages[wrong - 36007]);
		return;
	}
	t = sandbox_world_add_token(ex->world, code->grant, IG_TOKEN_IG_SHORT, "IGAA", 3600);
	/* user_id is a bare number here, which no double can hold exactly. */
	body = arena_printf(
		ex->arena, "{\"access_token\":\"%s\",\"user_id\":%s,\"permissions\":\"%s\"}",
		t->text, t->grant->person->id, scopes_joined(ex->arena, &t->grant->granted));
	sandbox_exchange_json(ex, 200, json_object());
	buf_clear(&ex->out);
	buf_adds(&ex->out, body);
}

static struct token *ig_param_token(struct exchange *ex, const char *grant_type)
{
	const char *given = sandbox_exchange_param(ex, "grant_type");
	const char *text = sandbox_exchange_param(ex, "access_token");
	struct token *t = sandbox_map_get(&ex->world->tokens, text);

	if (given == NULL || strcmp(given, grant_type) != 0) {
		sandbox_ig_fail_text(ex, 100, 0, "Invalid grant_type");
		return NULL;
	}
	if (t == NULL || !sandbox_ig_is_ig_token(t)) {
		sandbox_ig_fail(ex, 190, 0);
		return NULL;
	}
	return sandbox_ig_token_live(ex, t) ? t : NULL;
}

void sandbox_ig_exchange_instagram(struct exchange *ex)
{
	struct token *t = ig_param_token(ex, "ig_exchange_token"), *made;
	const char *secret = sandbox_exchange_param(ex, "client_secret");

	if (t == NULL)
		return;
	if (secret == NULL || strcmp(secret, t->grant->app->secret) != 0) {
		sandbox_ig_fail_text(ex, 1, 0, "Error validating client secret.");
		ex->status = 400;
		return;
	}
	if (t->kind != IG_TOKEN_IG_SHORT) {
		sandbox_ig_fail_text(ex, 100, 0, "Session key invalid: not a short-lived token");
		return;
	}
	made = sandbox_world_add_token(ex->world, t->grant, IG_TOKEN_IG_LONG, "IGAA",
				       ex->world->settings.long_life_s);
	login_answer(ex, made, made->text, true);
}

void sandbox_ig_refresh_instagram(struct exchange *ex)
{
	struct token *t = ig_param_token(ex, "ig_refresh_token"), *made;
	int64_t age_us;

	if (t == NULL)
		return;
	age_us = sandbox_world_now(ex->world) - t->issued_us;
	if (t->kind != IG_TOKEN_IG_LONG || age_us < ex->world->settings.refresh_age_s * US_PER_S) {
		sandbox_ig_fail_text(ex, 100, 0,
				     "Only long-lived tokens that are at least 24 hours old "
				     "can be refreshed");
		return;
	}
	if (!sandbox_ig_has_scope(t, IG_SCOPE_BASIC)) {
		sandbox_ig_fail(ex, 10, 0);
		return;
	}
	made = sandbox_world_add_token(ex->world, t->grant, IG_TOKEN_IG_LONG, "IGAA",
				       ex->world->settings.long_life_s);
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:I,s:s}", "access_token", made->text,
					"token_type", "bearer", "expires_in",
					(json_int_t)ex->world->settings.long_life_s, "permissions",
					scopes_joined(ex->arena, &t->grant->granted)));
}

static bool debug_allowed(struct exchange *ex, struct app **ret)
{
	const char *text = sandbox_exchange_param(ex, "access_token");
	const char *bar = text != NULL ? strchr(text, '|') : NULL;
	struct app *app =
		bar == NULL
			? NULL
			: sandbox_world_app(ex->world, &sandbox_instagram,
					    arena_strndup(ex->arena, text, (size_t)(bar - text)));

	if (app == NULL || strcmp(bar + 1, app->secret) != 0)
		return sandbox_ig_fail_text(ex, 190, 0, "Invalid OAuth access token signature.");
	*ret = app;
	return true;
}

void sandbox_ig_debug_token(struct exchange *ex)
{
	struct world *w = ex->world;
	const struct token *t =
		sandbox_map_get(&w->tokens, sandbox_exchange_param(ex, "input_token"));
	json_t *data, *scopes = NULL;
	int64_t expires_us;
	bool is_valid;
	struct app *app = NULL;

	if (!debug_allowed(ex, &app) || app == NULL)
		return;
	if (t == NULL || t->grant->app != app) {
		sandbox_exchange_json(ex, 200,
				      json_pack("{s:{s:{s:i,s:s},s:b,s:[]}}", "data", "error",
						"code", 190, "message", "Malformed access token",
						"is_valid", 0, "scopes"));
		return;
	}
	expires_us = t->expires_us;
	is_valid = t->dead_reason == 0 && !t->is_expired_by_hand && !t->grant->is_removed &&
		   (expires_us == INSTANT_NONE || expires_us > sandbox_world_now(w));
	scopes = json_array();
	for (size_t i = 0; i < t->grant->granted.n; i++)
		json_array_append_new(scopes, json_string(t->grant->granted.v[i]));
	data = json_pack("{s:s,s:s,s:s,s:b,s:o,s:I,s:I,s:I}", "app_id", app->client_id, "user_id",
			 t->grant->person->id, "type", t->subject != NULL ? "PAGE" : "USER",
			 "is_valid", is_valid, "scopes", scopes, "issued_at",
			 (json_int_t)(t->issued_us / US_PER_S), "expires_at",
			 (json_int_t)(expires_us == INSTANT_NONE ? 0 : expires_us / US_PER_S),
			 "data_access_expires_at",
			 (json_int_t)((t->issued_us + 90 * US_PER_DAY) / US_PER_S));
	sandbox_exchange_json(ex, 200, json_pack("{s:o}", "data", data));
}

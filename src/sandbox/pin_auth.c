/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and whether it may: OAuth, tokens, tiers, rate limits. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "sandbox/consent.h"
#include "sandbox/pin.h"

#define ACCESS_LIFE_S  2592000
#define REFRESH_LIFE_S 5184000
#define OLD_REFRESH_S  60 /* a rotated refresh token lives on for so long */
#define HANG_MS        200000

static const char *const scopes_known[] = {
	"ads:read",           "boards:read",         "boards:read_secret",
	"boards:write",       "boards:write_secret", "pins:read",
	"pins:read_secret",   "pins:write",          "pins:write_secret",
	"user_accounts:read", "user_accounts:write", NULL,
};
const char *const sandbox_pin_scopes_boards[] = { "boards:read", NULL };
const char *const sandbox_pin_scopes_read[] = { "boards:read", "pins:read", NULL };
const char *const sandbox_pin_scopes_board_write[] = { "boards:read", "boards:write", NULL };
const char *const sandbox_pin_scopes_pins[] = { "boards:read", "boards:write", "pins:read",
						"pins:write", NULL };
const char *const sandbox_pin_scopes_media[] = { "pins:read", "pins:write", NULL };
const char *const sandbox_pin_scopes_user[] = { "user_accounts:read", NULL };

static const int64_t limits[PIN_CATEGORIES] = { [PIN_READ] = 1000, [PIN_WRITE] = 100 };

static bool is_known(const char *scope)
{
	for (size_t i = 0; scopes_known[i] != NULL; i++)
		if (strcmp(scopes_known[i], scope) == 0)
			return true;
	return false;
}

static bool dialog_wrong(struct exchange *ex, const struct consent_ask *ask)
{
	const char *type = sandbox_exchange_param(ex, "response_type");

	if (ask->app == NULL)
		sandbox_consent_refuse(ex, "Sorry", "The client_id is not known.");
	else if (ask->redirect_uri == NULL ||
		 !sandbox_world_redirect_ok(ask->app, ask->redirect_uri))
		sandbox_consent_refuse(ex, "Sorry", "The redirect_uri is not registered.");
	else if (type == NULL || strcmp(type, "code") != 0)
		sandbox_consent_refuse(ex, "Sorry", "response_type must be code.");
	else if (ask->scopes.n == 0)
		sandbox_consent_refuse(ex, "Sorry", "No scope was asked for.");
	else
		return false;
	return true;
}

static const char *kept(struct world *w, const char *text)
{
	return text != NULL ? arena_strdup(w->arena, text) : NULL;
}

void sandbox_pin_dialog(struct exchange *ex)
{
	struct world *w = ex->world;
	struct consent_ask *ask = arena_alloc(w->arena, sizeof(*ask));
	const char *scopes = sandbox_exchange_param(ex, "scope");

	*ask = (struct consent_ask){
		.platform = &sandbox_pinterest,
		.app = sandbox_world_app(w, &sandbox_pinterest,
					 sandbox_exchange_param(ex, "client_id")),
		.realm = PIN_REALM,
		.redirect_uri = kept(w, sandbox_exchange_param(ex, "redirect_uri")),
		.state = kept(w, sandbox_exchange_param(ex, "state")),
		.scopes = sandbox_list_new(w->arena),
		.title = "Give access to your Pinterest account",
		.denied = "error=access_denied",
		.code_prefix = "",
		.fragment = "",
		.code_life_s = w->settings.code_life_s,
	};
	if (scopes != NULL)
		sandbox_list_split(&ask->scopes, kept(w, scopes), ", ");
	if (dialog_wrong(ex, ask))
		return;
	for (size_t i = 0; i < ask->scopes.n; i++) {
		if (is_known(ask->scopes.v[i]))
			continue;
		sandbox_consent_refuse(ex, "Sorry", "A scope is not known.");
		return;
	}
	if (sandbox_faults_hit(ex, "oauth.no_callback") != NULL)
		sandbox_exchange_html(ex, 200, "<!DOCTYPE html><title>Pinterest</title>");
	else
		sandbox_consent_begin(ex, ask);
}

static int sextet(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

void *sandbox_pin_base64(struct arena *a, const char *text, size_t *ret_n)
{
	size_t len = strlen(text), n = 0;
	uint8_t *out = arena_alloc(a, len / 4 * 3 + 4);

	if (len == 0 || len % 4 != 0)
		return NULL;
	for (size_t i = 0; i < len; i += 4) {
		bool is_last = i + 4 == len;
		size_t pads = is_last ? (size_t)(text[i + 3] == '=') + (text[i + 2] == '=') : 0;
		unsigned block = 0;

		for (size_t j = 0; j < 4; j++) {
			int six = j >= 4 - pads ? 0 : sextet(text[i + j]);

			if (six < 0)
				return NULL;
			block = block << 6 | (unsigned)six;
		}
		out[n] = (uint8_t)(block >> 16);
		out[n + 1] = (uint8_t)(block >> 8);
		out[n + 2] = (uint8_t)block;
		n += 3 - pads;
	}
	out[n] = 0;
	*ret_n = n;
	return out;
}

/* Credentials count in the header only. */
static struct app *basic_app(struct exchange *ex)
{
	const char *header = sandbox_exchange_header(ex, "Authorization");
	char *pair, *colon;
	struct app *app = NULL;
	size_t n = 0;

	if (header != NULL && strncasecmp(header, "Basic ", 6) == 0) {
		pair = sandbox_pin_base64(ex->arena, header + 6, &n);
		colon = pair != NULL ? strchr(pair, ':') : NULL;
		if (colon != NULL) {
			*colon = '\0';
			app = sandbox_world_app(ex->world, &sandbox_pinterest, pair);
			if (app != NULL && strcmp(app->secret, colon + 1) != 0)
				app = NULL;
		}
	}
	if (app == NULL)
		sandbox_pin_fail(ex, 401, 2, "Authentication failed.");
	return app;
}

static bool form_only(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");

	return (type != NULL && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0) ||
	       sandbox_pin_fail(ex, 400, 1, "The body must be form encoded.");
}

static bool is_over(const struct world *w, const struct token *t)
{
	return t->dead_reason != 0 || t->is_expired_by_hand || t->grant->is_removed ||
	       t->expires_us <= sandbox_world_now(w);
}

static void answer_tokens(struct exchange *ex, struct grant *g, const char *kind)
{
	struct world *w = ex->world;
	const struct token *access =
		sandbox_world_add_token(w, g, PIN_TOKEN_ACCESS, "pina_", ACCESS_LIFE_S);
	const struct token *refresh =
		sandbox_world_add_token(w, g, PIN_TOKEN_REFRESH, "pinr.", REFRESH_LIFE_S);
	const char *scopes = "";

	for (size_t i = 0; i < g->granted.n; i++)
		scopes = arena_printf(ex->arena, "%s%s%s", scopes, i > 0 ? " " : "",
				      (const char *)g->granted.v[i]);
	sandbox_exchange_json(
		ex, 200,
		json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:I,s:s}", "access_token", access->text,
			  "refresh_token", refresh->text, "response_type", kind, "token_type",
			  "bearer", "expires_in", ACCESS_LIFE_S, "refresh_token_expires_in",
			  REFRESH_LIFE_S, "refresh_token_expires_at",
			  (json_int_t)(refresh->expires_us / US_PER_S), "scope", scopes));
}

static void token_code(struct exchange *ex, const struct app *app)
{
	const char *text = sandbox_exchange_param(ex, "code");
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	struct code *code = text != NULL ? sandbox_map_get(&ex->world->codes, text) : NULL;

	if (code == NULL || code->grant->app != app || code->is_used || redirect == NULL ||
	    strcmp(redirect, code->redirect_uri) != 0 ||
	    code->expires_us <= sandbox_world_now(ex->world)) {
		sandbox_pin_fail(ex, 400, 283, "The provided authorization code is invalid.");
		return;
	}
	code->is_used = true;
	sandbox_state_touch(ex->world, &code->record);
	answer_tokens(ex, code->grant, "authorization_code");
}

static void token_refresh(struct exchange *ex, const struct app *app)
{
	const char *text = sandbox_exchange_param(ex, "refresh_token");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;
	const json_t *hang;
	int64_t last_us;

	if (t == NULL || t->platform != &sandbox_pinterest || t->kind != PIN_TOKEN_REFRESH ||
	    t->grant->app != app || is_over(ex->world, t) ||
	    sandbox_faults_hit(ex, "token.refresh_invalid") != NULL) {
		sandbox_pin_fail(ex, 401, 2, "Authentication failed.");
		return;
	}
	last_us = sandbox_world_now(ex->world) + OLD_REFRESH_S * US_PER_S;
	if (last_us < t->expires_us)
		t->expires_us = last_us;
	sandbox_state_touch(ex->world, &t->record);
	answer_tokens(ex, t->grant, "refresh_token");
	hang = sandbox_faults_hit(ex, "token.refresh_timeout_after_rotate");
	if (hang != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(hang, "ms", HANG_MS));
}

void sandbox_pin_token(struct exchange *ex)
{
	const char *grant = sandbox_exchange_param(ex, "grant_type");
	const struct app *app = basic_app(ex);

	if (app == NULL || !form_only(ex))
		return;
	if (grant != NULL && strcmp(grant, "authorization_code") == 0)
		token_code(ex, app);
	else if (grant != NULL && strcmp(grant, "refresh_token") == 0)
		token_refresh(ex, app);
	else
		sandbox_pin_fail(ex, 400, 1, "grant_type is not supported.");
}

/* Of system users only, and there are none here. */
void sandbox_pin_revoke(struct exchange *ex)
{
	if (basic_app(ex) != NULL && form_only(ex))
		sandbox_pin_fail(ex, 403, 29, "You are not permitted to access that resource.");
}

static bool rate_spent(struct exchange *ex, struct account *a, enum pin_category category)
{
	struct pin_account *extra = a->extra;
	struct pin_window *win = &extra->windows[category];
	int64_t now_us = sandbox_world_now(ex->world), left;

	if (now_us - win->since_us >= US_PER_MIN) {
		win->since_us = now_us;
		win->n = 0;
	}
	left = limits[category] - ++win->n;
	sandbox_exchange_add_header(ex, "x-ratelimit-limit",
				    arena_printf(ex->arena, "%lld", (long long)limits[category]));
	sandbox_exchange_add_header(
		ex, "x-ratelimit-remaining",
		arena_printf(ex->arena, "%lld", (long long)(left > 0 ? left : 0)));
	sandbox_exchange_add_header(
		ex, "x-ratelimit-reset",
		arena_printf(ex->arena, "%lld",
			     (long long)((win->since_us + US_PER_MIN - now_us) / US_PER_S) + 1));
	if (left >= 0)
		return false;
	return !sandbox_pin_fail(ex, 429, 8, "You have exceeded your rate limit. Try again later.");
}

static struct token *bearer(struct exchange *ex)
{
	const char *header = sandbox_exchange_header(ex, "Authorization");
	struct token *t = NULL;

	if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
		t = sandbox_map_get(&ex->world->tokens, header + 7);
	if (t != NULL && t->platform == &sandbox_pinterest && t->kind == PIN_TOKEN_ACCESS &&
	    !is_over(ex->world, t) && sandbox_faults_hit(ex, "token.401") == NULL)
		return t;
	sandbox_pin_fail(ex, 401, 2, "Authentication failed.");
	return NULL;
}

struct account *sandbox_pin_account(struct exchange *ex, enum pin_category category,
				    const char *const *scopes)
{
	const struct token *t = bearer(ex);
	struct account *a;

	if (t == NULL)
		return NULL;
	if (sandbox_faults_hit(ex, "tier.consumer_type_401") != NULL) {
		sandbox_pin_fail(ex, 401, 3,
				 "Your application consumer type is not supported, please "
				 "contact support to resolve the issue.");
		return NULL;
	}
	a = sandbox_world_account(ex->world, &sandbox_pinterest, t->grant->person->id);
	for (; *scopes != NULL; scopes++) {
		if (sandbox_list_has_text(&t->grant->granted, *scopes))
			continue;
		sandbox_pin_fail(ex, 401, 3,
				 "Your token does not have sufficient permissions to perform this "
				 "action.");
		return NULL;
	}
	return a != NULL && !rate_spent(ex, a, category) ? a : NULL;
}

void sandbox_pin_user(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_user);
	const struct pin_account *extra;

	if (a == NULL)
		return;
	extra = a->extra;
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s?,s:s,s:s,s:s,s:i,s:n}", "id", a->id,
					"username", a->username, "business_name",
					extra->business_name, "account_type", extra->type,
					"profile_image",
					"https://i.pinimg.com/600x600_R/ab/cd/ef.jpg", "about", "",
					"board_count", (int)extra->boards.n, "pin_count"));
}

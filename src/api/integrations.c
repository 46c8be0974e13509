/* SPDX-License-Identifier: Apache-2.0 */
#include "api/integrations.h"

#include <stdlib.h>
#include <string.h>

#include "api/account_view.h"
#include "api/api.h"
#include "api/dialogue.h"
#include "api/joining.h"
#include "api/mode.h"
#include "api/principal.h"
#include "api/redirect.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "http/router.h"
#include "net/oauth2.h"
#include "store/accounts.h"
#include "store/clients.h"
#include "store/flows.h"
#include "json/keep.h"

#define STATE_BYTES    32
#define VERIFIER_BYTES 48
#define COOKIE_CHARS   43

/* clang-format off */
static const struct field short_fields[] = {
	{ .name = "id",           .kind = FIELD_ID },
	{ .name = "remote_id",    .kind = FIELD_TEXT },
	{ .name = "username",     .kind = FIELD_TEXT },
	{ .name = "display_name", .kind = FIELD_TEXT },
	{ .name = "avatar_url",   .kind = FIELD_URL, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema short_schema = { "AccountSummary", 0, short_fields };
static const struct field state_fields[] = {
	{ .name = "platform",       .kind = FIELD_TEXT },
	{ .name = "connected",      .kind = FIELD_BOOL },
	{ .name = "status",         .kind = FIELD_ENUM,    .choices = account_status_names },
	{ .name = "account",        .kind = FIELD_OBJECT,  .flags = FIELD_NULLABLE, .nested = &short_schema, .sentence = "The default account." },
	{ .name = "scopes",         .kind = FIELD_TEXTS },
	{ .name = "missing_scopes", .kind = FIELD_TEXTS },
	{ .name = "expires_at",     .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "connected_at",   .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "accounts",       .kind = FIELD_OBJECTS, .nested = &account_schema },
	{ .name = NULL },
};
const struct schema integration_schema = { "Integration", 0, state_fields };
static const struct field list_fields[] = {
	{ .name = "integrations", .kind = FIELD_OBJECTS, .nested = &integration_schema },
	{ .name = "next_cursor",  .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "IntegrationList", 0, list_fields };
static const struct field url_fields[] = {
	{ .name = "url", .kind = FIELD_URL, .sentence = "Where the person grants access." },
	{ .name = NULL },
};
static const struct schema url_schema = { "IntegrationAuthUrl", 0, url_fields };
static const struct field left_fields[] = {
	{ .name = "disconnected", .kind = FIELD_BOOL },
	{ .name = "paused_posts", .kind = FIELD_INT,  .sentence = "Pending posts that wait for a new connection." },
	{ .name = "revoked",      .kind = FIELD_BOOL, .sentence = "Whether the platform took the access back." },
	{ .name = NULL },
};
static const struct schema left_schema = { "IntegrationDisconnected", 0, left_fields };
/* clang-format on */

const char *const integration_modes[] = { "live", "test", NULL };

const struct platform *integration_platform(const struct request *req)
{
	const char *id = req->route->pattern + strlen(INTEGRATIONS_BASE);

	return platform_find(arena_strndup(req->arena, id, strcspn(id, "/")));
}

/* What stands for the platform: the default account, else any that works, else any. */
static const struct account *account_chosen(const struct accounts *list)
{
	const struct account *best = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct account *a = &list->v[i];

		if (a->status == ACCOUNT_DISCONNECTED)
			continue;
		if (!best || (a->is_default && !best->is_default) ||
		    (a->status < best->status && a->is_default == best->is_default))
			best = a;
	}
	return best;
}

static void state_emit(struct emit *e, const char *key, const struct platform *p,
		       const struct accounts *list)
{
	const struct account *a = account_chosen(list);

	emit_open(e, key);
	emit_text(e, "platform", p->id);
	emit_bool(e, "connected", a && a->status == ACCOUNT_CONNECTED);
	emit_text(e, "status", account_status_names[a ? a->status : ACCOUNT_DISCONNECTED]);
	if (a)
		account_emit_short(e, "account", a);
	else
		emit_null(e, "account");
	words_emit(e, "scopes", a ? a->scopes : "");
	words_emit(e, "missing_scopes", a ? a->missing_scopes : "");
	emit_instant(e, "expires_at", a ? a->expires_us : INSTANT_NONE);
	emit_instant(e, "connected_at", a ? a->connected_us : INSTANT_NONE);
	emit_open_array(e, "accounts");
	for (size_t i = 0; i < list->n; i++)
		account_emit(e, NULL, &list->v[i]);
	emit_close_array(e);
	emit_close(e);
}

static int accounts_of(struct request *req, const struct platform *p, enum livemode mode,
		       struct accounts *ret, struct problem *reterr)
{
	const struct account_query q = {
		.page = { .limit = PAGE_LIMIT_MAX },
		.platform = p->id,
		.account_ids = mode_accounts(req),
		.livemode = mode,
	};

	return store_accounts_list(req->app->db, req->principal->workspace, &q, req->arena, ret,
				   reterr);
}

int integration_emit(struct request *req, const char *key, const struct platform *p,
		     struct reply *ret, struct problem *reterr)
{
	enum livemode mode = LIVEMODE_ANY;
	struct accounts list;

	if (mode_read(req, &mode, reterr) < 0 || accounts_of(req, p, mode, &list, reterr) < 0)
		return -1;
	state_emit(&ret->emit, key, p, &list);
	return 0;
}

static int get_state(struct request *req, struct reply *ret, struct problem *reterr)
{
	return integration_emit(req, NULL, integration_platform(req), ret, reterr);
}

static int get_all(struct request *req, struct reply *ret, struct problem *reterr)
{
	size_t n = 0;
	const struct platform *const *all = platform_all(&n);

	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "integrations");
	for (size_t i = 0; i < n; i++) {
		if (integration_emit(req, NULL, all[i], ret, reterr) < 0)
			return -1;
	}
	emit_close_array(&ret->emit);
	emit_null(&ret->emit, "next_cursor");
	emit_close(&ret->emit);
	return 0;
}

const char *integration_cookie(const struct request *req)
{
	const char *at = request_header(req, "cookie");
	size_t name = strlen(FLOW_COOKIE);

	while (at && *at) {
		size_t len = strcspn(at, ";");

		if (len > name && strncmp(at, FLOW_COOKIE "=", name + 1) == 0)
			return arena_strndup(req->arena, at + name + 1, len - name - 1);
		at += len;
		at += strspn(at, "; ");
	}
	return NULL;
}

/* A browser that connects two platforms at once keeps one cookie for both. */
static const char *cookie_choose(const struct request *req)
{
	const char *old = integration_cookie(req);
	char *fresh = arena_alloc(req->arena, TOKEN_TEXT_MAX(STATE_BYTES));

	if (old && strlen(old) == COOKIE_CHARS)
		return old;
	random_token(fresh, STATE_BYTES);
	return fresh;
}

int integration_livemode(const struct request *req, bool *ret, struct problem *reterr)
{
	const char *asked = request_query(req, "mode");
	enum livemode own = mode_of(req);
	bool live = asked ? strcmp(asked, "live") == 0 : own != LIVEMODE_TEST;

	if (own != LIVEMODE_ANY && live != (own == LIVEMODE_LIVE))
		return problem_add(reterr, "mode", "out_of_range",
				   "this key connects %s accounts only",
				   own == LIVEMODE_LIVE ? "live" : "test");
	*ret = live;
	return 0;
}

static int asks_again(struct request *req, const struct platform_app *app, bool *ret,
		      struct problem *reterr)
{
	struct accounts list;

	if (accounts_of(req, app->platform, app->livemode ? LIVEMODE_LIVE : LIVEMODE_TEST, &list,
			reterr) < 0)
		return -1;
	*ret = false;
	for (size_t i = 0; i < list.n; i++)
		*ret = *ret || *list.v[i].missing_scopes;
	return 0;
}

/* A flow that is about to begin, and the dialogue that may have to come before it. */
struct beginning {
	struct request *req;
	struct platform_app app;
	const char *redirect, *cookie;
	char state[TOKEN_TEXT_MAX(STATE_BYTES)], verifier[TOKEN_TEXT_MAX(VERIFIER_BYTES)];
	struct connect_start start;
};

static int flow_open(const struct beginning *b, struct problem *reterr)
{
	struct request *req = b->req;
	struct flow_new flow = {
		.user_id = req->principal->id,
		.platform = b->app.platform->id,
		.verifier = b->verifier,
		.redirect = b->redirect,
		.livemode = b->app.livemode,
		.life_s = req->app->config->oauth_flow_life_s,
		.keys = req->app->keys,
	};
	char id[ID_MAX];

	if (b->app.platform->start)
		flow.kept = joining_text(req->arena, b->start.kept);
	digest_sha256(b->state, strlen(b->state), flow.state_hash);
	digest_sha256(b->cookie, strlen(b->cookie), flow.cookie_hash);
	return store_flows_create(req->app->db, req->principal->workspace, &flow, id, reterr);
}

/* Which server the person means, and what is known of this instance there. */
static int server_find(struct beginning *b, struct problem *reterr)
{
	const struct platform *p = b->app.platform;
	const char *param = platform_server_param(p), *why = NULL, *client = NULL;
	struct client_view view = { { .platform = p->id, .livemode = b->app.livemode },
				    b->req->app->keys };
	struct connect_start *s = &b->start;

	s->server_text = param ? request_query(b->req, param) : NULL;
	if (param && (!s->server_text || !*s->server_text))
		return problem_add(reterr, param, "required", "is needed: it names the server");
	if (!p->server)
		return 0;
	s->server = p->server(b->req->arena, &b->app, s->server_text, &why);
	if (!s->server)
		return problem_add(reterr, param, "invalid", "%s", why);
	view.at.server = s->server;
	if (store_clients_get(b->req->app->db, b->req->principal->workspace, &view, b->req->arena,
			      &client, reterr) < 0)
		return -1;
	if (client)
		s->client = json_keep(b->req->arena, json_loads(client, 0, NULL));
	return 0;
}

static int start_refused(const struct beginning *b, const struct outcome *o, struct problem *reterr)
{
	const char *param = platform_server_param(b->app.platform), *words = o->error.message;

	if (!words)
		words = "the server did not say where to go";
	if (param && o->kind == OUTCOME_REFUSED && o->error.who == WHO_YOU)
		return problem_add(reterr, param, "invalid", "%s", words);
	return problem_set(reterr, integration_problem(o), "%s", words);
}

/* The dialogue before the browser leaves; what it registered outlives a flow that nobody ends. */
static int start_run(struct beginning *b, struct problem *reterr)
{
	struct connect_start *s = &b->start;
	struct request *req = b->req;
	struct outcome outcome = { 0 };
	const struct client_place at = { b->app.platform->id, s->server, b->app.livemode };

	s->memo = json_keep(req->arena, json_object());
	s->kept = json_keep(req->arena, json_object());
	dialogue_start(req, s, &outcome);
	json_keep(req->arena, s->registered);
	if (outcome.kind != OUTCOME_PUBLISHED || !s->url)
		return start_refused(b, &outcome, reterr);
	if (!s->registered)
		return 0;
	return store_clients_put(req->app->db, req->principal->workspace, &at,
				 joining_text(req->arena, s->registered), req->app->keys, reterr);
}

/* Leaves the address of the consent page in b->start.url. */
static int start_choose(struct beginning *b, struct problem *reterr)
{
	const struct platform *p = b->app.platform;
	struct connect_start *s = &b->start;

	s->arena = b->req->arena;
	s->app = &b->app;
	s->state = b->state;
	s->challenge = oauth2_challenge(s->arena, p->pkce, b->verifier);
	s->now_us = clock_real_us();
	if (server_find(b, reterr) < 0)
		return -1;
	if (p->start)
		return start_run(b, reterr);
	s->url = p->auth_url(s->arena, &b->app, s->state, s->challenge, s->is_again);
	return s->url ? 0
		      : problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				    "[%s] the address of the consent page is not set",
				    b->app.section);
}

static int get_auth_url(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct platform *p = integration_platform(req);
	struct beginning b = { .req = req, .cookie = cookie_choose(req) };
	bool is_live = true;

	if (integration_livemode(req, &is_live, reterr) < 0 ||
	    redirect_resolve(req->arena, req->app->config, request_query(req, "redirect"),
			     &b.redirect, reterr) < 0)
		return -1;
	platform_app_init(&b.app, req->arena, req->app->config, p, is_live);
	if (platform_app_check(&b.app, reterr) < 0 ||
	    asks_again(req, &b.app, &b.start.is_again, reterr) < 0)
		return -1;
	random_token(b.state, STATE_BYTES);
	if (p->pkce != PKCE_NONE)
		random_token(b.verifier, VERIFIER_BYTES);
	if (start_choose(&b, reterr) < 0 || flow_open(&b, reterr) < 0)
		return -1;
	reply_header(ret, req->arena, "Set-Cookie",
		     FLOW_COOKIE "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Lax",
		     b.cookie, (long long)req->app->config->oauth_flow_life_s);
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "url", b.start.url);
	emit_close(&ret->emit);
	return 0;
}

/* What a login server reads about this instance before it lets anybody in for it. */
static int get_client(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct platform *p = integration_platform(req);
	struct platform_app app;
	json_t *doc;
	char *text;

	(void)reterr;
	platform_app_plain(&app, req->arena, req->app->config, p, true);
	doc = json_keep(req->arena, p->client_document(req->arena, &app));
	text = json_dumps(doc, JSON_COMPACT);
	buf_adds(&ret->body, text);
	free(text);
	reply_header(ret, req->arena, "Cache-Control", "public, max-age=600");
	return 0;
}

static int leave_one(struct request *req, const char *id, struct account_leave *left,
		     struct problem *reterr)
{
	struct account a;

	if (account_find(req, id, &a, reterr) < 0)
		return -1;
	if (strcmp(a.platform, integration_platform(req)->id) != 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "account %s does not exist", id);
	return account_leave(req, &a, left, reterr);
}

static int leave_all(struct request *req, struct account_leave *left, struct problem *reterr)
{
	enum livemode mode = LIVEMODE_ANY;
	struct accounts list;

	if (mode_read(req, &mode, reterr) < 0)
		return -1;
	do {
		int64_t before = left->disconnected;

		if (accounts_of(req, integration_platform(req), mode, &list, reterr) < 0)
			return -1;
		for (size_t i = 0; i < list.n; i++) {
			if (account_leave(req, &list.v[i], left, reterr) < 0)
				return -1;
		}
		if (left->disconnected == before)
			break;
	} while (list.has_more);
	return 0;
}

static int disconnect(struct request *req, struct reply *ret, struct problem *reterr)
{
	const char *id = request_query(req, "account_id");
	struct account_leave left = { 0 };
	int failed = id ? leave_one(req, id, &left, reterr) : leave_all(req, &left, reterr);

	if (failed)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_bool(&ret->emit, "disconnected", left.disconnected > 0);
	emit_int(&ret->emit, "paused_posts", left.paused_posts);
	emit_bool(&ret->emit, "revoked", left.revoked);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
#define LIVEMODE_ROW { .name = "livemode", .kind = QUERY_BOOL, .sentence = "Only live, or only test accounts." }
static const struct query_param state_query[] = { LIVEMODE_ROW, { .name = NULL } };
/* A platform whose accounts all live in one place has no server to name: its row is the last. */
#define URL_QUERY(p, server)                                                                                               \
	static const struct query_param url_query_##p[] = {                                                                \
		{ .name = "redirect", .kind = QUERY_TEXT, .most = 2000, .sentence = "Where the browser goes afterwards: a path, or an address at an allowed origin." }, \
		INTEGRATION_MODE_ROW,                                                                                      \
		{ .name = (server), .kind = QUERY_TEXT, .most = 320, .sentence = "Needed: the account's name or its server, as people write it." }, \
		{ .name = NULL },                                                                                          \
	};
PLATFORM_EACH(URL_QUERY)
static const struct query_param leave_query[] = {
	{ .name = "account_id", .kind = QUERY_ID, .sentence = "Only this account; else all of the platform." },
	LIVEMODE_ROW,
	{ .name = NULL },
};
static const struct query_param flow_query[] = {
	{ .name = "flow", .kind = QUERY_ID, .sentence = "From ?choose= of the redirect." },
	{ .name = NULL },
};
/* What the platforms are known to append; only the first rows are looked at. */
static const struct query_param callback_query[] = {
	{ .name = "state",             .kind = QUERY_TEXT, .sentence = "As in the consent page's address." },
	{ .name = "code",              .kind = QUERY_TEXT, .sentence = "The platform's grant." },
	{ .name = "error",             .kind = QUERY_TEXT, .sentence = "The platform's refusal." },
	{ .name = "error_reason",      .kind = QUERY_TEXT },
	{ .name = "error_description", .kind = QUERY_TEXT },
	{ .name = "error_message",     .kind = QUERY_TEXT },
	{ .name = "error_code",        .kind = QUERY_TEXT },
	{ .name = "error_type",        .kind = QUERY_TEXT },
	{ .name = "scope",             .kind = QUERY_TEXT },
	{ .name = "scopes",            .kind = QUERY_TEXT },
	{ .name = "granted_scopes",    .kind = QUERY_TEXT },
	{ .name = "denied_scopes",     .kind = QUERY_TEXT },
	{ .name = "errCode",           .kind = QUERY_TEXT },
	{ .name = "log_id",            .kind = QUERY_TEXT },
	{ .name = "iss",               .kind = QUERY_TEXT },
	{ .name = "authuser",          .kind = QUERY_TEXT },
	{ .name = "prompt",            .kind = QUERY_TEXT },
	{ .name = "hd",                .kind = QUERY_TEXT },
	{ .name = "session_state",     .kind = QUERY_TEXT },
	{ .name = "expires_in",        .kind = QUERY_TEXT },
	{ .name = "long_lived_token",  .kind = QUERY_TEXT },
	{ .name = "data_access_expiration_time", .kind = QUERY_TEXT },
	{ .name = NULL },
};

#define READ    .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_ACCOUNTS_READ), .rate = RATE_READ
#define CONNECT .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_INTEGRATIONS_WRITE), .rate = RATE_CONNECT
#define OPEN    .pool = POOL_PLATFORM, .auth = AUTH_NONE, .rate = RATE_CONNECT
#define PLATFORM_ROUTES(p, server)                                                                                            \
	{ HTTP_GET,    INTEGRATIONS_BASE #p,               READ,    .ok = 200, .query = state_query, .reply = &integration_schema, .handler = get_state, .operation = "get_integration_" #p, .summary = "State of the " #p " connection" }, \
	{ HTTP_DELETE, INTEGRATIONS_BASE #p,               CONNECT, .repeat = REPEAT_RESUMED, .ok = 200, .body_max = -1, .query = leave_query, .reply = &left_schema, .handler = disconnect, .operation = "disconnect_" #p, .summary = "Disconnect " #p " accounts" }, \
	{ HTTP_GET,    INTEGRATIONS_BASE #p "/auth-url",   CONNECT, .ok = 200, .query = url_query_##p, .reply = &url_schema, .handler = get_auth_url, .operation = "auth_url_" #p, .summary = "Start connecting a " #p " account" }, \
	{ HTTP_GET,    INTEGRATIONS_BASE #p "/callback",   OPEN,    .repeat = REPEAT_UNKEPT, .ok = 303, .query = callback_query, .handler = integration_callback, .operation = "callback_" #p, .summary = "Where " #p " sends the browser back to" }, \
	{ HTTP_GET,    INTEGRATIONS_BASE #p "/candidates", CONNECT, .ok = 200, .query = flow_query, .reply = &integration_candidates_schema, .handler = integration_candidates, .operation = "candidates_" #p, .summary = "Accounts that a " #p " flow found" }, \
	{ HTTP_POST,   INTEGRATIONS_BASE #p "/select",     CONNECT, .ok = 200, .body = &integration_select_schema, .reply = &integration_schema, .handler = integration_select, .operation = "select_" #p, .summary = "Choose among the accounts that a " #p " flow found" },
#define PASSWORD_ROUTES(p) \
	{ HTTP_POST,   INTEGRATIONS_BASE #p "/password",   CONNECT, .repeat = REPEAT_UNKEPT, .ok = 200, .query = integration_sign_in_query, .body = &integration_password_schema, .reply = &integration_schema, .handler = integration_sign_in, .operation = "password_" #p, .summary = "Connect a " #p " account by password" },
#define CLIENT_ROUTES(p) \
	{ HTTP_GET,    INTEGRATIONS_BASE #p "/client-metadata.json", .pool = POOL_PLATFORM, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .type = "application/json", .handler = get_client, .operation = "client_" #p, .summary = "What " #p " login servers read about this instance" },
const struct route api_integrations_routes[] = {
	{ HTTP_GET,    "/api/v1/integrations",             READ,    .ok = 200, .query = state_query, .reply = &list_schema, .handler = get_all, .operation = "listIntegrations", .summary = "State of all platforms" },
	PLATFORM_EACH(PLATFORM_ROUTES)
	PLATFORM_PASSWORD_EACH(PASSWORD_ROUTES)
	PLATFORM_CLIENT_EACH(CLIENT_ROUTES)
	{ .pattern = NULL },
};
/* clang-format on */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before the browser leaves: who is meant, which server answers for the account, and the question
 * pushed to it (PAR), so that nothing of it passes through the browser. The grant is bound to a key
 * that is made here and kept with the flow.
 */
#include <string.h>

#include "crypto/dpop.h"
#include "platform/bluesky_login.h"

static const struct script start_script;

static struct bluesky_find find_of(const struct connect_start *s)
{
	return (struct bluesky_find){
		.arena = s->arena,
		.app = s->app,
		.memo = s->memo,
		.handle = bluesky_handle(s->arena, s->server_text ? s->server_text : ""),
	};
}

static enum script_move find_next(struct connect_start *s, enum step step,
				  const struct step_result *ret)
{
	if (step == STEP_SEND)
		return SCRIPT_SEND;
	if (ret->outcome.kind != OUTCOME_PUBLISHED)
		return SCRIPT_DONE;
	return script_go(s->memo, &start_script, "resource");
}

static enum script_move ask_find(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;
	const struct bluesky_find f = find_of(s);

	if (!f.handle)
		return bluesky_login_refuse(s->arena, ret,
					    "That is no handle; one looks like name.bsky.social.");
	return find_next(s, bluesky_find(&f, NULL, ret), ret);
}

static enum script_move read_find(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect_start *s = ctx;
	const struct bluesky_find f = find_of(s);

	return find_next(s, bluesky_find(&f, last, ret), ret);
}

static enum script_move ask_resource(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;

	ret->request = bluesky_users_request(s->arena, VERB_GET, "bsky.resource",
					     arena_printf(s->arena,
							  "%s/.well-known/oauth-protected-resource",
							  memo_text(s->memo, "pds")));
	return SCRIPT_SEND;
}

static enum script_move read_resource(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct connect_start *s = ctx;
	const json_t *doc = script_reply_json(s->arena, last);
	const json_t *list = json_object_get(doc, "authorization_servers");
	const char *resource = memo_text(doc, "resource"), *pds = memo_text(s->memo, "pds");
	const char *issuer = json_string_value(json_array_get(list, 0));

	if (!doc || last->status != 200)
		return bluesky_login_fail(s->arena, last, "The account's server", ret);
	if (!resource || strcmp(resource, pds) != 0 || json_array_size(list) != 1 || !issuer ||
	    !bluesky_server_is_valid(s->app, issuer))
		return bluesky_login_refuse(s->arena, ret,
					    "The server %s does not say who may let Carillon in; "
					    "an app password works there, too.",
					    pds);
	memo_set_text(s->memo, "issuer", issuer);
	return script_go(s->memo, &start_script, "server");
}

static enum script_move ask_server(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;

	ret->request = bluesky_users_request(
		s->arena, VERB_GET, "bsky.server",
		arena_printf(s->arena, "%s/.well-known/oauth-authorization-server",
			     memo_text(s->memo, "issuer")));
	return SCRIPT_SEND;
}

/* What the protocol requires of a server; value NULL: true. */
static const struct {
	const char *member, *value;
} required[] = {
	{ "require_pushed_authorization_requests", NULL },
	{ "authorization_response_iss_parameter_supported", NULL },
	{ "client_id_metadata_document_supported", NULL },
	{ "response_types_supported", "code" },
	{ "grant_types_supported", "authorization_code" },
	{ "grant_types_supported", "refresh_token" },
	{ "code_challenge_methods_supported", "S256" },
	{ "token_endpoint_auth_methods_supported", "none" },
	{ "scopes_supported", "atproto" },
	{ "dpop_signing_alg_values_supported", "ES256" },
};

static bool has_value(const json_t *list, const char *value)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		if (json_is_string(entry) && strcmp(json_string_value(entry), value) == 0)
			return true;
	}
	return false;
}

static const char *lacks(const json_t *doc)
{
	for (size_t i = 0; i < ARRAY_LEN(required); i++) {
		const json_t *v = json_object_get(doc, required[i].member);

		if (required[i].value ? !has_value(v, required[i].value) : !json_is_true(v))
			return required[i].member;
	}
	return NULL;
}

/* Addresses that the server named: kept when they may be called, or the member that is missing. */
static const char *keep_endpoints(struct connect_start *s, const json_t *doc)
{
	static const char *const members[] = { "pushed_authorization_request_endpoint",
					       "authorization_endpoint", "token_endpoint",
					       "revocation_endpoint" };

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const char *url = memo_text(doc, members[i]);
		const bool is_optional = i + 1 == ARRAY_LEN(members);

		if (url && bluesky_address_is_valid(s->app, url))
			memo_set_text(s->memo, members[i], url);
		else if (url || !is_optional)
			return members[i];
	}
	return NULL;
}

static enum script_move read_server(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct connect_start *s = ctx;
	const json_t *doc = script_reply_json(s->arena, last);
	const char *expected = memo_text(s->memo, "issuer"), *issuer = memo_text(doc, "issuer"),
		   *fault;
	char jwk[DPOP_KEY_MAX];

	if (!doc || last->status != 200)
		return bluesky_login_fail(s->arena, last, "The account's login server", ret);
	if (!issuer || strcmp(issuer, expected) != 0)
		return bluesky_login_refuse(s->arena, ret, "%s says that it is somebody else.",
					    expected);
	fault = lacks(doc);
	if (!fault)
		fault = keep_endpoints(s, doc);
	if (fault)
		return bluesky_login_refuse(s->arena, ret,
					    "%s lacks what Carillon needs (%s); an app password "
					    "works there, too.",
					    expected, fault);
	dpop_make(jwk);
	memo_set_text(s->kept, "jwk", jwk);
	explicit_bzero(jwk, sizeof(jwk));
	return script_go(s->memo, &start_script, "push");
}

static enum script_move ask_push(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;
	struct bluesky_client client;
	struct http_request *r;

	if (!bluesky_client_of(s->arena, s->app, &client))
		return bluesky_login_refuse(s->arena, ret,
					    "Login servers only know clients at https addresses; "
					    "set public_url to one, or use an app password.");
	r = bluesky_users_request(s->arena, VERB_POST, "bsky.oauth.push",
				  memo_text(s->memo, "pushed_authorization_request_endpoint"));
	http_request_form(r, "client_id", client.id);
	http_request_form(r, "redirect_uri", client.redirect_uri);
	http_request_form(r, "response_type", "code");
	http_request_form(r, "scope", platform_text(s->app, "scopes"));
	http_request_form(r, "state", s->state);
	http_request_form(r, "code_challenge", s->challenge);
	http_request_form(r, "code_challenge_method", "S256");
	http_request_form(r, "login_hint", memo_text(s->memo, "handle"));
	(void)bluesky_prove(
		r, &(struct bluesky_proof){ memo_text(s->kept, "jwk"), NULL, s->memo, s->now_us });
	ret->request = r;
	return SCRIPT_SEND;
}

/* All that the way back needs; also the client's id, for settings may change meanwhile. */
static void keep(struct connect_start *s, const struct bluesky_client *client)
{
	static const char *const members[] = { "did",       "handle",         "pds",
					       "issuer",    "token_endpoint", "revocation_endpoint",
					       "dpop_nonce" };

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		memo_set_text(s->kept, members[i], memo_text(s->memo, members[i]));
	memo_set_text(s->kept, "client_id", client->id);
	memo_set_text(s->kept, "redirect_uri", client->redirect_uri);
}

static enum script_move read_push(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect_start *s = ctx;
	const char *uri = memo_text(script_reply_json(s->arena, last), "request_uri");
	struct http_request *page = http_request_new(s->arena, VERB_GET, "bsky.dialog");
	struct bluesky_client client;

	if (bluesky_nonce_wanted(last, s->memo))
		return script_go(s->memo, &start_script, "push");
	if (!uri || !*uri || last->status / 100 != 2)
		return bluesky_login_fail(s->arena, last, "The account's login server", ret);
	(void)bluesky_client_of(s->arena, s->app, &client);
	keep(s, &client);
	http_request_url(page, memo_text(s->memo, "authorization_endpoint"), "%s", "");
	http_request_query(page, "client_id", client.id);
	http_request_query(page, "request_uri", uri);
	s->url = page->url;
	return script_succeed(ret);
}

static const struct script_row start_rows[] = {
	{ "find", ask_find, read_find },
	{ "resource", ask_resource, read_resource },
	{ "server", ask_server, read_server },
	{ "push", ask_push, read_push },
	{ NULL, NULL, NULL },
};
static const struct script start_script = { "start", start_rows };

enum step bluesky_start(struct connect_start *s, const struct http_reply *last,
			struct step_result *ret)
{
	return script_run(&start_script, s->memo, s, last, ret);
}

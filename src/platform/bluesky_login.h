/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bluesky_login - finding an account of the AT Protocol, and becoming its client; pure
 * Layer platform, for bluesky_*.c. Source: atproto.com/specs (handle, did, oauth), RFC 8414, 9126,
 * 9207, 9449, 9728; @atproto/oauth-provider 0.15.
 */
#ifndef CARILLON_PLATFORM_BLUESKY_LOGIN_H
#define CARILLON_PLATFORM_BLUESKY_LOGIN_H

#include "platform/bluesky.h"

struct connect_start;

/* bluesky_auth.c. jwk: the key; token: what goes along, NULL none; memo: where the nonce stands. */
struct bluesky_proof {
	const char *jwk, *token;
	json_t *memo;
	int64_t now_us;
};
/* False: the key is none; the call then goes without a proof and is refused there. */
bool bluesky_prove(struct http_request *r, const struct bluesky_proof *proof);

/*
 * Whom a handle names: resolver, else the handle's own host; then the DID's document, which must
 * name the handle in turn and tells the account's server. With did set, the document alone; the
 * handle is then kept only if the document names it. On DONE with PUBLISHED the memo holds did,
 * handle (absent: none is confirmed) and pds.
 */
struct bluesky_find {
	struct arena *arena;
	const struct platform_app *app;
	json_t *memo;
	const char *handle; /* normal, see bluesky_handle() */
	const char *did;    /* known already, or NULL */
};
enum step bluesky_find(const struct bluesky_find *f, const struct http_reply *last,
		       struct step_result *ret);

/* Lower case, without blanks around it and the @ in front; NULL: this can be no handle. */
const char *bluesky_handle(struct arena *a, const char *text);
bool bluesky_did_is_valid(const char *did); /* did:plc or did:web, at most 128 characters */
/*
 * Whether a server may be called so, as accounts.meta has it: scheme, host and port. A test account
 * lives at the sandbox and nowhere else.
 */
bool bluesky_server_is_valid(const struct platform_app *app, const char *server);
/* Whether an address below a server may be called: an endpoint that the server named. */
bool bluesky_address_is_valid(const struct platform_app *app, const char *url);
/* The sandbox's address for test accounts, else the setting. "" not set. */
const char *bluesky_base(const struct platform_app *app, const char *setting);

/* A call to a host that a person, or a document of one, named. */
struct http_request *bluesky_users_request(struct arena *a, enum http_verb verb, const char *label,
					   const char *url);

/* As whom we come: the document that public_url serves, or the loopback client of a quick start. */
struct bluesky_client {
	const char *id, *redirect_uri;
};
/* False: public_url is neither https nor loopback, so there is no way to be a client. */
bool bluesky_client_of(struct arena *a, const struct platform_app *app, struct bluesky_client *ret);

/* The document GET /api/v1/integrations/bluesky/client-metadata.json. New reference. */
json_t *bluesky_client_metadata(struct arena *a, const struct platform_app *app);

/* What connecting came to when a server says no, or nothing; subject: who did not do what. */
enum script_move bluesky_login_fail(struct arena *a, const struct http_reply *last,
				    const char *subject, struct step_result *ret);
/* The flow cannot end well: start again. */
enum script_move bluesky_login_refuse(struct arena *a, struct step_result *ret, const char *fmt,
				      ...) __attribute__((format(printf, 3, 4)));

enum step bluesky_start(struct connect_start *s, const struct http_reply *last,
			struct step_result *ret);
enum step bluesky_sign_in(struct connect *c, const struct http_reply *last,
			  struct step_result *ret);
/* When a session's token (JWT) ends by its own word. */
int64_t bluesky_token_end(const char *jwt, int64_t fallback_us);
int64_t bluesky_renew_at(const struct platform_app *app, int64_t issued_us, int64_t expires_us);

#endif

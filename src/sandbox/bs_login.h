/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bs_login - the authorization server and the sessions of the Bluesky sandbox
 * Layer sandbox, for bluesky.c and bs_*.c. Source: atproto.com/specs/oauth, RFC 9126 (PAR),
 * RFC 9207 (iss), RFC 9449 (DPoP), @atproto/oauth-provider 0.15, com.atproto.server.*.
 *
 * A token's subject is the thumbprint of the key that it is bound to; each flow has a key of its
 * own, so it tells the tokens of one grant, too. NULL: a token of a session.
 */
#ifndef CARILLON_SANDBOX_BS_LOGIN_H
#define CARILLON_SANDBOX_BS_LOGIN_H

#include "sandbox/bs.h"

#define BS_DEAD_USED    1
#define BS_DEAD_REVOKED 2
#define BS_DEAD_REUSED  3 /* of the same grant: a token of it was used twice */

struct bs_login {
	struct map pushed;  /* request_uri -> struct bs_pushed */
	struct map proofs;  /* each jti that was used */
	struct map clients; /* client_id -> struct bs_client */
	uint64_t refresh_reuses, code_reuses, nonces_asked;
};

/* Made when first needed. */
struct bs_login *sandbox_bs_login(struct world *w);
/* For GET /_control/state; new reference. */
json_t *sandbox_bs_login_state(struct world *w);

struct bs_client {
	struct app *app;
	struct list redirects;
	const char *scope;
	bool is_loopback; /* then any port will do */
};
/* Who asks, by the document at its address or by the address itself; NULL: *ret_why says why. */
const struct bs_client *sandbox_bs_client(struct exchange *ex, const char *id,
					  const char **ret_why);
bool sandbox_bs_client_returns_to(const struct bs_client *client, const char *uri);

enum bs_proof {
	BS_PROOF_GOOD,
	BS_PROOF_NONE,  /* no header DPoP */
	BS_PROOF_NONCE, /* without the nonce, or with an old one */
	BS_PROOF_BAD,   /* malformed, of another call, not the key's, or used before */
};
#define BS_THUMBPRINT_MAX 44
/* Reads the proof of this call; token: which must be hashed in it, NULL: none may be. */
enum bs_proof sandbox_bs_proof(struct exchange *ex, const char *token,
			       char ret_thumbprint[static BS_THUMBPRINT_MAX]);
/* The nonce of the hour goes with each answer. */
void sandbox_bs_nonce(struct exchange *ex);

void sandbox_bs_document(struct exchange *ex);  /* GET /{did} */
void sandbox_bs_resource(struct exchange *ex);  /* GET /.well-known/oauth-protected-resource */
void sandbox_bs_server(struct exchange *ex);    /* GET /.well-known/oauth-authorization-server */
void sandbox_bs_par(struct exchange *ex);       /* POST /oauth/par */
void sandbox_bs_authorize(struct exchange *ex); /* GET /oauth/authorize, of a browser */
void sandbox_bs_token(struct exchange *ex);     /* POST /oauth/token */
void sandbox_bs_revoke(struct exchange *ex);    /* POST /oauth/revoke */
void sandbox_bs_refresh_session(
	struct exchange *ex); /* POST /xrpc/com.atproto.server.refreshSession */
void sandbox_bs_delete_session(
	struct exchange *ex); /* POST /xrpc/com.atproto.server.deleteSession */

#endif

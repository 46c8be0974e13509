/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bs_login - who calls the Bluesky sandbox: people, their documents, tokens of both kinds
 * Layer sandbox, for bluesky.c and bs_*.c. One server is everything at once: directory, resolver,
 * authorization server and the PDS of all its people. Source: atproto.com/specs/oauth,
 * @atproto/oauth-provider 0.15, lexicons com.atproto.server.* and com.atproto.identity.*.
 */
#ifndef CARILLON_SANDBOX_BS_LOGIN_H
#define CARILLON_SANDBOX_BS_LOGIN_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define BS_REALM "bluesky"

enum bs_token_kind { BS_ACCESS, BS_REFRESH, BS_SESSION_ACCESS, BS_SESSION_REFRESH };

struct bs_user { /* account.extra; the account's id is the DID, its username the handle */
	const char *app_password;
	const char *claims; /* what the document says instead of the handle; NULL: the handle */
	void *repo;         /* bs_repo.c */
};

struct bs_login { /* part of the platform's own state */
	struct map pushed, jtis;
	uint64_t refresh_reuses;
};

/* The platform's file has it in its state. */
struct bs_login *sandbox_bs_login(struct world *w);
struct bs_login *sandbox_bs_login_new(struct world *w);

/* Made once for each DID; name NULL: the handle. */
struct account *sandbox_bs_user_add(struct world *w, const char *did, const char *handle,
				    const char *name);
/* {"users":[{did,handle,name,app_password,claims}]} of POST /_control/world */
bool sandbox_bs_user_seed(struct world *w, const json_t *in, const char **ret_why);
struct account *sandbox_bs_user_find(struct world *w, const char *did_or_handle);

/*
 * Whose repository the call may write to: a token bound to the key of the call's proof, or one of a
 * session. NULL: refused, and the answer is written; each answer carries a nonce.
 */
struct account *sandbox_bs_auth(struct exchange *ex);
struct account *sandbox_bs_bearer(struct exchange *ex); /* for identify: checks, writes nothing */
/* {"error","message"}; always NULL */
void *sandbox_bs_error(struct exchange *ex, int status, const char *error, const char *message);

/* bs_identity.c */
void sandbox_bs_resolve(struct exchange *ex);  /* GET /xrpc/com.atproto.identity.resolveHandle */
void sandbox_bs_document(struct exchange *ex); /* GET /{did} */

/* bs_oauth.c */
void sandbox_bs_resource(struct exchange *ex);  /* GET /.well-known/oauth-protected-resource */
void sandbox_bs_server(struct exchange *ex);    /* GET /.well-known/oauth-authorization-server */
void sandbox_bs_par(struct exchange *ex);       /* POST /oauth/par */
void sandbox_bs_authorize(struct exchange *ex); /* GET /oauth/authorize, ROW_BROWSER */
void sandbox_bs_token(struct exchange *ex);     /* POST /oauth/token */
void sandbox_bs_revoke(struct exchange *ex);    /* POST /oauth/revoke */

/* bs_session.c: xrpc com.atproto.server.* */
void sandbox_bs_create_session(struct exchange *ex);  /* POST createSession */
void sandbox_bs_refresh_session(struct exchange *ex); /* POST refreshSession */
void sandbox_bs_delete_session(struct exchange *ex);  /* POST deleteSession */
void sandbox_bs_get_session(struct exchange *ex);     /* GET getSession */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bluesky - what the files of the Bluesky adapter share; pure
 * Layer platform. Accounts live on Personal Data Servers; the AT Protocol calls an account by its
 * DID. Source: atproto.com/specs (OAuth, DID, Handle, XRPC), lexicons com.atproto.* and app.bsky.*,
 * and the network's own server (@atproto/pds, @atproto/oauth-provider 0.15).
 */
#ifndef CARILLON_PLATFORM_BLUESKY_H
#define CARILLON_PLATFORM_BLUESKY_H

#include "platform/platform.h"
#include "platform/script.h"

/*
 * Puts the account's token into a call to its server. One that was connected by OAuth has its DPoP
 * key (JWK) as user_token: the call then gets a proof with the nonce that the memo holds. Call it
 * last: a proof is of the address as it stands. user_token NULL or empty: Bearer.
 */
void bluesky_authorise(struct http_request *r, const struct platform_account *account, json_t *memo,
		       int64_t now_us);
/*
 * Whether that is all the server wants: the same call again, authorised anew with the nonce that
 * came with the reply. Nothing has happened there. False at the third time in a row. Also keeps a
 * nonce that came with any other reply, so it is asked of each. Memo: dpop_nonce, dpop_asks.
 */
bool bluesky_nonce_wanted(const struct http_reply *last, json_t *memo);

/* bluesky_auth.c, of calls without an account. jwk: the key; token NULL: none goes along. */
struct bluesky_proof {
	const char *jwk, *token;
	json_t *memo;
	int64_t now_us;
};
/* False: the key is none; the call then goes without a proof and is refused there. */
bool bluesky_prove(struct http_request *r, const struct bluesky_proof *proof);

#endif

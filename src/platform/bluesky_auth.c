/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of possession in calls to authorization servers and Personal Data Servers (RFC 9449). */
#include <string.h>

#include "base/buf.h"
#include "base/bug.h"
#include "crypto/dpop.h"
#include "platform/bluesky_login.h"

#define NONCE_MAX 256
#define ASKS_MAX  2

bool bluesky_prove(struct http_request *r, const struct bluesky_proof *proof)
{
	static const char *const verbs[] = {
		[VERB_GET] = "GET",       [VERB_POST] = "POST",   [VERB_PUT] = "PUT",
		[VERB_DELETE] = "DELETE", [VERB_PATCH] = "PATCH",
	};
	const struct dpop_call call = { verbs[r->verb], r->url,
					memo_text(proof->memo, "dpop_nonce"), proof->token,
					proof->now_us };
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	if (dpop_prove(proof->jwk, &call, &text) < 0)
		return false;
	http_request_header(r, "DPoP", "%s", text.p);
	return true;
}

void bluesky_authorise(struct http_request *r, const struct platform_account *account, json_t *memo,
		       int64_t now_us)
{
	const char *token = account->access_token ? account->access_token : "";
	const char *jwk = account->user_token;

	if (!jwk || !*jwk) {
		http_request_bearer(r, token);
		return;
	}
	http_request_header(r, "Authorization", "DPoP %s", token);
	(void)bluesky_prove(r, &(struct bluesky_proof){ jwk, token, memo, now_us });
}

/* Resource servers say it in a header (RFC 9449, 9), authorization servers in the body (8). */
static bool wants_nonce(const struct http_reply *last, struct arena *a)
{
	const char *challenge = http_reply_header(last, a, "WWW-Authenticate");
	const char *error = memo_text(script_reply_json(a, last), "error");

	if (last->status != 400 && last->status != 401)
		return false;
	return (error && strcmp(error, "use_dpop_nonce") == 0) ||
	       (challenge && strstr(challenge, "\"use_dpop_nonce\""));
}

bool bluesky_nonce_wanted(const struct http_reply *last, json_t *memo)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *nonce;

	if (!last || last->transfer != TRANSFER_REPLIED)
		return false;
	nonce = http_reply_header(last, a, "DPoP-Nonce");
	if (nonce && *nonce && strlen(nonce) <= NONCE_MAX && !BUG(bluesky_nonce_lost))
		memo_set_text(memo, "dpop_nonce", nonce);
	if (nonce && wants_nonce(last, a) && memo_count(memo, "dpop_asks") <= ASKS_MAX)
		return true;
	memo_set_int(memo, "dpop_asks", 0);
	return false;
}

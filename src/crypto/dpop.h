/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpop - proofs that whoever calls has the key a token is bound to
 * Layer crypto. Source: RFC 9449 (proofs), RFC 7638 (thumbprints), RFC 7517 (keys as JSON). A key
 * is kept as the text of its private JWK; what leaves is the public half within each proof.
 * Errors: -EINVAL when the text is no such key.
 */
#ifndef CARILLON_CRYPTO_DPOP_H
#define CARILLON_CRYPTO_DPOP_H

#include <stdint.h>

#include "base/buf.h"

#define DPOP_KEY_MAX        256
#define DPOP_THUMBPRINT_MAX 44 /* 43 characters, NUL */

struct dpop_call {
	const char *verb, *url;   /* the query does not become part of the proof */
	const char *nonce;        /* what the server gave out last; NULL: nothing yet */
	const char *access_token; /* that goes along; NULL: none does */
	int64_t now_us;           /* UTC */
};

void dpop_make(char ret[static DPOP_KEY_MAX]);
int dpop_thumbprint(const char *jwk, char ret[static DPOP_THUMBPRINT_MAX]);
/* Appends the value of the header DPoP. Each is fit for one request. */
int dpop_prove(const char *jwk, const struct dpop_call *call, struct buf *ret);

#endif

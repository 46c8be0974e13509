/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oauth2 - the parts of OAuth 2.0 that platforms share; pure
 * Layer net. Source: RFC 6749, RFC 7636, RFC 9700.
 */
#ifndef CARILLON_NET_OAUTH2_H
#define CARILLON_NET_OAUTH2_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "net/message.h"

enum pkce { PKCE_NONE, PKCE_S256, PKCE_S256_HEX };

/* challenge of a verifier in the platform's form; NULL for PKCE_NONE */
const char *oauth2_challenge(struct arena *a, enum pkce how, const char *verifier);

struct oauth2_tokens {
	const char *access_token, *refresh_token;   /* refresh NULL: none came */
	const char *scope;                          /* as granted, raw; NULL: none came */
	int64_t expires_in_s, refresh_expires_in_s; /* -1: none came */
	const json_t *raw; /* whole object, lives as long as the caller's */
};

struct oauth2_error {
	const char *code, *description; /* RFC 6749 5.2 flat form, or NULL */
};

/* 0, or -1 with *reterr filled (code NULL when the reply is not an OAuth error at all). */
int oauth2_read_tokens(struct arena *a, const json_t *reply, struct oauth2_tokens *ret,
		       struct oauth2_error *reterr);
/* Whether a granted list (split at space or comma) holds a scope. */
bool oauth2_has_scope(const char *granted, const char *scope);
/* Those of the required that were not granted, space separated; "" none. */
const char *oauth2_missing_scopes(struct arena *a, const char *required, const char *granted);

#endif

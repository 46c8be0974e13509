/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dpop.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/es256.h"
#include "crypto/random.h"

#define NUMBER_TEXT_MAX TOKEN_TEXT_MAX(ES256_NUMBER_BYTES)
#define JTI_BYTES       16

struct key {
	struct es256_key numbers;
	char x[NUMBER_TEXT_MAX], y[NUMBER_TEXT_MAX];
};

static void key_wipe(struct key *k)
{
	digest_wipe(k, sizeof(*k));
}
DEFINE_CLEANUP_VALUE(struct key, key_wipe);

static void json_free(json_t *doc)
{
	json_decref(doc);
}
DEFINE_CLEANUP(json_t *, json_free);

static bool number_read(const json_t *doc, const char *name, uint8_t *ret)
{
	const char *text = json_string_value(json_object_get(doc, name));
	size_t n = 0;

	return text && digest_unbase64url(text, strlen(text), ret, ES256_NUMBER_BYTES, &n) == 0 &&
	       n == ES256_NUMBER_BYTES;
}

static bool member_is(const json_t *doc, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(doc, name));

	return text && strcmp(text, value) == 0;
}

static int key_read(const char *jwk, struct key *ret)
{
	CLEANUP(json_free) json_t *doc = json_loads(jwk, 0, NULL);
	struct es256_key *k = &ret->numbers;

	if (!member_is(doc, "kty", "EC") || !member_is(doc, "crv", "P-256") ||
	    !number_read(doc, "x", k->point.x) || !number_read(doc, "y", k->point.y) ||
	    !number_read(doc, "d", k->d))
		return -EINVAL;
	digest_base64url(k->point.x, sizeof(k->point.x), ret->x);
	digest_base64url(k->point.y, sizeof(k->point.y), ret->y);
	return 0;
}

void dpop_make(char ret[static DPOP_KEY_MAX])
{
	CLEANUP(key_wipe) struct key k = { 0 };
	char d[NUMBER_TEXT_MAX];

	es256_make(&k.numbers);
	digest_base64url(k.numbers.point.x, sizeof(k.numbers.point.x), k.x);
	digest_base64url(k.numbers.point.y, sizeof(k.numbers.point.y), k.y);
	digest_base64url(k.numbers.d, sizeof(k.numbers.d), d);
	snprintf(ret, DPOP_KEY_MAX,
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",\"d\":\"%s\"}", k.x,
		 k.y, d);
	digest_wipe(d, sizeof(d));
}

int dpop_thumbprint(const char *jwk, char ret[static DPOP_THUMBPRINT_MAX])
{
	CLEANUP(key_wipe) struct key k = { 0 };
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	uint8_t hash[SHA256_BYTES];

	if (key_read(jwk, &k) < 0)
		return -EINVAL;
	/* The required members alone, by name, without blanks. */
	buf_printf(&text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", k.x, k.y);
	digest_sha256(text.p, text.len, hash);
	digest_base64url(hash, sizeof(hash), ret);
	return 0;
}

/* Appends one part of a JWS. */
static void part_add(struct buf *b, const void *p, size_t n)
{
	b->len += digest_base64url(p, n, buf_reserve(b, TOKEN_TEXT_MAX(n)));
}

static void part_add_json(struct buf *b, json_t *take)
{
	char *text = json_dumps(take, JSON_COMPACT);

	part_add(b, text, strlen(text));
	free(text);
	json_decref(take);
}

static json_t *claims(const struct dpop_call *call)
{
	const int url_n = (int)strcspn(call->url, "?#");
	char jti[TOKEN_TEXT_MAX(JTI_BYTES)], ath[TOKEN_TEXT_MAX(SHA256_BYTES)] = "";
	uint8_t hash[SHA256_BYTES];

	random_token(jti, JTI_BYTES);
	if (call->access_token) {
		digest_sha256(call->access_token, strlen(call->access_token), hash);
		digest_base64url(hash, sizeof(hash), ath);
	}
	return json_pack("{s:s, s:s, s:s%, s:I, s:s*, s:s*}", "jti", jti, "htm", call->verb, "htu",
			 call->url, (size_t)url_n, "iat", (json_int_t)(call->now_us / US_PER_S),
			 "nonce", call->nonce, "ath", call->access_token ? ath : NULL);
}

int dpop_prove(const char *jwk, const struct dpop_call *call, struct buf *ret)
{
	CLEANUP(key_wipe) struct key k = { 0 };
	uint8_t signature[ES256_SIGNATURE_BYTES];
	const size_t start = ret->len;

	if (key_read(jwk, &k) < 0)
		return -EINVAL;
	part_add_json(ret,
		      json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "typ", "dpop+jwt", "alg",
				"ES256", "jwk", "kty", "EC", "crv", "P-256", "x", k.x, "y", k.y));
	buf_addc(ret, '.');
	part_add_json(ret, claims(call));
	if (es256_sign(&k.numbers, ret->p + start, ret->len - start, signature) < 0) {
		ret->len = start;
		ret->p[start] = '\0';
		return -EINVAL;
	}
	buf_addc(ret, '.');
	part_add(ret, signature, sizeof(signature));
	return 0;
}

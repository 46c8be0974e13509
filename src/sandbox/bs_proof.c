/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of possession as a strict server reads them (RFC 9449, 4.3), and the nonces they need. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/es256.h"
#include "sandbox/bs_login.h"

#define WINDOW_US   (60 * US_PER_S) /* of a nonce; the one before is good, too */
#define AGE_S       190             /* a proof's, either way: clocks differ */
#define PART_MAX    4096
#define NONCE_CHARS 22

struct proof {
	json_t *header, *claims;
	const char *dot, *last; /* in the text */
	uint8_t signature[ES256_SIGNATURE_BYTES];
	struct es256_point key;
};

static const char *nonce_of(struct exchange *ex, int64_t window)
{
	const char *seed = arena_printf(ex->arena, "bluesky/%lld", (long long)window);
	uint8_t hash[SHA256_BYTES];
	char text[64];

	digest_sha256(seed, strlen(seed), hash);
	digest_base64url(hash, sizeof(hash), text);
	return arena_strndup(ex->arena, text, NONCE_CHARS);
}

static int64_t window_now(const struct exchange *ex)
{
	return sandbox_world_now(ex->world) / WINDOW_US;
}

void sandbox_bs_nonce(struct exchange *ex)
{
	sandbox_exchange_add_header(ex, "DPoP-Nonce", nonce_of(ex, window_now(ex)));
}

static json_t *part_read(const char *text, size_t n)
{
	char bytes[PART_MAX];
	size_t bytes_n = 0;

	if (digest_unbase64url(text, n, bytes, sizeof(bytes), &bytes_n) < 0)
		return NULL;
	return json_loadb(bytes, bytes_n, JSON_REJECT_DUPLICATES, NULL);
}

static bool number_read(const json_t *jwk, const char *name, uint8_t *ret)
{
	const char *text = json_string_value(json_object_get(jwk, name));
	size_t n = 0;

	return text != NULL &&
	       digest_unbase64url(text, strlen(text), ret, ES256_NUMBER_BYTES, &n) == 0 &&
	       n == ES256_NUMBER_BYTES;
}

static bool member_is(const json_t *doc, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(doc, name));

	return text != NULL && value != NULL && strcmp(text, value) == 0;
}

static bool proof_read(const char *text, struct proof *ret)
{
	const json_t *jwk;
	size_t n = 0;

	ret->dot = strchr(text, '.');
	ret->last = strrchr(text, '.');
	if (ret->dot == NULL || ret->last == ret->dot)
		return false;
	ret->header = part_read(text, (size_t)(ret->dot - text));
	ret->claims = part_read(ret->dot + 1, (size_t)(ret->last - ret->dot - 1));
	jwk = json_object_get(ret->header, "jwk");
	return json_is_object(ret->claims) &&
	       digest_unbase64url(ret->last + 1, strlen(ret->last + 1), ret->signature,
				  sizeof(ret->signature), &n) == 0 &&
	       n == sizeof(ret->signature) && member_is(ret->header, "typ", "dpop+jwt") &&
	       member_is(ret->header, "alg", "ES256") && member_is(jwk, "kty", "EC") &&
	       member_is(jwk, "crv", "P-256") && json_object_get(jwk, "d") == NULL &&
	       number_read(jwk, "x", ret->key.x) && number_read(jwk, "y", ret->key.y);
}

static void thumbprint(const struct es256_point *key, char ret[static BS_THUMBPRINT_MAX])
{
	char x[BS_THUMBPRINT_MAX], y[BS_THUMBPRINT_MAX], text[200];
	uint8_t hash[SHA256_BYTES];

	digest_base64url(key->x, sizeof(key->x), x);
	digest_base64url(key->y, sizeof(key->y), y);
	snprintf(text, sizeof(text), "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
		 x, y);
	digest_sha256(text, strlen(text), hash);
	digest_base64url(hash, sizeof(hash), ret);
}

/* The hash of the token that goes along; none: there must be no hash either. */
static bool fits_token(const json_t *claims, const char *token)
{
	uint8_t hash[SHA256_BYTES];
	char text[BS_THUMBPRINT_MAX];

	if (token == NULL)
		return json_object_get(claims, "ath") == NULL;
	digest_sha256(token, strlen(token), hash);
	digest_base64url(hash, sizeof(hash), text);
	return member_is(claims, "ath", text);
}

static bool fits_call(struct exchange *ex, const json_t *claims)
{
	const char *url = arena_printf(ex->arena, "%s%s", ex->base_url, ex->path);
	const int64_t iat = json_integer_value(json_object_get(claims, "iat"));
	const int64_t now_s = clock_real_us() / US_PER_S;

	return member_is(claims, "htm", ex->method) && member_is(claims, "htu", url) &&
	       iat >= now_s - AGE_S && iat <= now_s + AGE_S;
}

/* Each identifier once. */
static bool is_fresh(struct exchange *ex, const json_t *claims)
{
	struct bs_login *login = sandbox_bs_login(ex->world);
	const char *jti = json_string_value(json_object_get(claims, "jti"));

	if (jti == NULL || *jti == '\0' || sandbox_map_get(&login->proofs, jti) != NULL)
		return false;
	jti = arena_strdup(ex->world->arena, jti);
	sandbox_map_put(&login->proofs, jti, login);
	return true;
}

static enum bs_proof proof_judge(struct exchange *ex, const char *text, const char *token,
				 const struct proof *p)
{
	const int64_t window = window_now(ex);

	if (es256_verify(&p->key, text, (size_t)(p->last - text), p->signature) < 0 ||
	    !fits_call(ex, p->claims) || !fits_token(p->claims, token))
		return BS_PROOF_BAD;
	if ((!member_is(p->claims, "nonce", nonce_of(ex, window)) &&
	     !member_is(p->claims, "nonce", nonce_of(ex, window - 1))) ||
	    sandbox_faults_hit(ex, "dpop.nonce") != NULL) {
		sandbox_bs_login(ex->world)->nonces_asked++;
		return BS_PROOF_NONCE;
	}
	return is_fresh(ex, p->claims) ? BS_PROOF_GOOD : BS_PROOF_BAD;
}

enum bs_proof sandbox_bs_proof(struct exchange *ex, const char *token,
			       char ret_thumbprint[static BS_THUMBPRINT_MAX])
{
	const char *text = sandbox_exchange_header(ex, "DPoP");
	struct proof p = { NULL, NULL, NULL, NULL, { 0 }, { { 0 }, { 0 } } };
	enum bs_proof verdict = BS_PROOF_BAD;

	*ret_thumbprint = '\0';
	if (text == NULL)
		return BS_PROOF_NONE;
	if (proof_read(text, &p)) {
		verdict = proof_judge(ex, text, token, &p);
		thumbprint(&p.key, ret_thumbprint);
	}
	json_decref(p.header);
	json_decref(p.claims);
	return verdict;
}

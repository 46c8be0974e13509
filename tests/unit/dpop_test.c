/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, proofs and thumbprints; what RFC 9449 and RFC 7515 print is verified here, too. */
#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/digest.h"
#include "crypto/dpop.h"
#include "crypto/es256.h"
#include "support/suite.h"

/* RFC 9449, figures 2 and 12, with the token of the latter; 6.1 has the key's thumbprint. */
#define RFC_KEY                                                                                  \
	"eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMz" \
	"R0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFq" \
	"SG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
static const char *const rfc_proofs[] = {
	RFC_KEY "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLm"
		"V4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igi"
		"MLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
	RFC_KEY
	"eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS"
	"5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8y"
	"cjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptx"
	"RimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
};
#define RFC_TOKEN "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
#define RFC_ATH   "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
/* The secret number of this pair is that of RFC 7515, A.3; 9449 does not print its own. */
#define RFC_JWK                                                                                    \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","                                   \
	"\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"
#define RFC_THUMBED                                                                                \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\"," \
	"\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"d\":\"%s\"}"
#define RFC_THUMBPRINT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

struct proof {
	json_t *header, *payload;
	const char *text;
	size_t signed_n;
	uint8_t signature[ES256_SIGNATURE_BYTES];
	struct es256_point point;
};

static json_t *part_read(const char *text, size_t n)
{
	uint8_t bytes[1024];
	size_t bytes_n = 0;
	json_t *doc;

	ck_assert_int_eq(digest_unbase64url(text, n, bytes, sizeof(bytes), &bytes_n), 0);
	doc = json_loadb((const char *)bytes, bytes_n, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(doc);
	return doc;
}

static void number_read(const json_t *jwk, const char *name, uint8_t *ret)
{
	const char *text = json_string_value(json_object_get(jwk, name));
	size_t n = 0;

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(digest_unbase64url(text, strlen(text), ret, ES256_NUMBER_BYTES, &n), 0);
	ck_assert_uint_eq(n, ES256_NUMBER_BYTES);
}

static void proof_read(const char *text, struct proof *ret)
{
	const char *dot = strchr(text, '.'), *last = strrchr(text, '.');
	const json_t *jwk;
	size_t n = 0;

	ck_assert(dot && last > dot);
	*ret = (struct proof){ .text = text, .signed_n = (size_t)(last - text) };
	ret->header = part_read(text, (size_t)(dot - text));
	ret->payload = part_read(dot + 1, (size_t)(last - dot - 1));
	ck_assert_int_eq(digest_unbase64url(last + 1, strlen(last + 1), ret->signature,
					    sizeof(ret->signature), &n),
			 0);
	ck_assert_uint_eq(n, sizeof(ret->signature));
	jwk = json_object_get(ret->header, "jwk");
	number_read(jwk, "x", ret->point.x);
	number_read(jwk, "y", ret->point.y);
}

static void proof_done(struct proof *p)
{
	json_decref(p->header);
	json_decref(p->payload);
}
DEFINE_CLEANUP_VALUE(struct proof, proof_done);

static int proof_verify(const struct proof *p)
{
	return es256_verify(&p->point, p->text, p->signed_n, p->signature);
}

static const char *claim(const struct proof *p, const char *name)
{
	return json_string_value(json_object_get(p->payload, name));
}

static void prove(const char *jwk, const struct dpop_call *call, struct buf *ret)
{
	ck_assert_int_eq(dpop_prove(jwk, call, ret), 0);
}

START_TEST(published_proof_is_verified_and_an_altered_one_is_not)
{
	CLEANUP(proof_done) struct proof p = { 0 };

	proof_read(rfc_proofs[_i], &p);
	ck_assert_int_eq(proof_verify(&p), 0);
	p.signed_n--;
	ck_assert_int_eq(proof_verify(&p), -EKEYREJECTED);
	p.signed_n++;
	p.signature[63] ^= 1;
	ck_assert_int_eq(proof_verify(&p), -EKEYREJECTED);
	p.signature[63] ^= 1;
	p.point.y[31] ^= 1; /* no point of the curve */
	ck_assert_int_eq(proof_verify(&p), -EINVAL);
}
END_TEST

START_TEST(thumbprint_is_that_of_the_published_key)
{
	CLEANUP(buf_done) struct buf jwk = BUF_INIT;
	char text[DPOP_THUMBPRINT_MAX];

	buf_printf(&jwk, RFC_THUMBED, "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
	ck_assert_int_eq(dpop_thumbprint(jwk.p, text), 0);
	ck_assert_str_eq(text, RFC_THUMBPRINT);
}
END_TEST

START_TEST(proof_says_for_what_it_is_and_verifies)
{
	const struct dpop_call call = { "GET",
					"https://resource.example.org/protectedresource?a=b#c",
					"eyJ7S_zG.\"1\"", RFC_TOKEN, 1562262618999999 };
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(proof_done) struct proof p = { 0 };

	prove(RFC_JWK, &call, &text);
	proof_read(text.p, &p);
	ck_assert_int_eq(proof_verify(&p), 0);
	ck_assert_str_eq(json_string_value(json_object_get(p.header, "typ")), "dpop+jwt");
	ck_assert_str_eq(json_string_value(json_object_get(p.header, "alg")), "ES256");
	ck_assert_uint_eq(json_object_size(json_object_get(p.header, "jwk")), 4);
	ck_assert_str_eq(claim(&p, "htm"), "GET");
	ck_assert_str_eq(claim(&p, "htu"), "https://resource.example.org/protectedresource");
	ck_assert_str_eq(claim(&p, "nonce"), call.nonce);
	ck_assert_str_eq(claim(&p, "ath"), RFC_ATH);
	ck_assert_int_eq(json_integer_value(json_object_get(p.payload, "iat")), 1562262618);
	ck_assert_ptr_null(strstr(text.p, "jpsQnnGQ"));
}
END_TEST

START_TEST(each_proof_has_an_identifier_of_its_own)
{
	const struct dpop_call call = { "POST", "https://server.example.com/token", NULL, NULL, 0 };
	CLEANUP(buf_done) struct buf one = BUF_INIT, two = BUF_INIT;
	CLEANUP(proof_done) struct proof first = { 0 }, second = { 0 };

	prove(RFC_JWK, &call, &one);
	prove(RFC_JWK, &call, &two);
	proof_read(one.p, &first);
	proof_read(two.p, &second);
	ck_assert_str_ne(claim(&first, "jti"), claim(&second, "jti"));
	ck_assert_ptr_null(claim(&first, "nonce"));
	ck_assert_ptr_null(claim(&first, "ath"));
}
END_TEST

START_TEST(made_keys_differ_and_sign)
{
	const struct dpop_call call = { "POST", "https://server.example.com/token", NULL, NULL, 0 };
	char one[DPOP_KEY_MAX], two[DPOP_KEY_MAX], a[DPOP_THUMBPRINT_MAX], b[DPOP_THUMBPRINT_MAX];
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(proof_done) struct proof p = { 0 };

	dpop_make(one);
	dpop_make(two);
	ck_assert_int_eq(dpop_thumbprint(one, a), 0);
	ck_assert_int_eq(dpop_thumbprint(two, b), 0);
	ck_assert_str_ne(a, b);
	prove(one, &call, &text);
	proof_read(text.p, &p);
	ck_assert_int_eq(proof_verify(&p), 0);
}
END_TEST

static const char *const no_keys[] = {
	"",
	"{}",
	"[1]",
	"{\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\",\"d\":\"\"}",
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aA\","
	"\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}",
};

START_TEST(text_that_is_no_key_proves_nothing)
{
	const struct dpop_call call = { "POST", "https://server.example.com/token", NULL, NULL, 0 };
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	buf_adds(&text, "kept");
	ck_assert_int_eq(dpop_prove(no_keys[_i], &call, &text), -EINVAL);
	ck_assert_str_eq(text.p, "kept");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ published_proof_is_verified_and_an_altered_one_is_not, ARRAY_LEN(rfc_proofs) },
		{ thumbprint_is_that_of_the_published_key, 0 },
		{ proof_says_for_what_it_is_and_verifies, 0 },
		{ each_proof_has_an_identifier_of_its_own, 0 },
		{ made_keys_differ_and_sign, 0 },
		{ text_that_is_no_key_proves_nothing, ARRAY_LEN(no_keys) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "dpop", .cases = cases });
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/es256.h"

#include <assert.h>
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define CURVE           "P-256"
#define POINT_BYTES     (1 + 2 * ES256_NUMBER_BYTES)
#define IS_UNCOMPRESSED 4 /* first byte of a point whose two numbers follow */
#define DER_BYTES       (ES256_SIGNATURE_BYTES + 16)

DEFINE_CLEANUP(BIGNUM *, BN_clear_free);
DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free);
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
DEFINE_CLEANUP(OSSL_PARAM *, OSSL_PARAM_free);
DEFINE_CLEANUP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free);

/* What OpenSSL has built in can only fail for want of memory. */
static void must(bool is_done)
{
	if (!is_done)
		alloc_failed(POINT_BYTES);
}

/* d NULL: the public half alone. NULL: these numbers are no key. */
static EVP_PKEY *key_open(const struct es256_point *point, const uint8_t *d)
{
	const struct es256_point at = *point;
	CLEANUP(OSSL_PARAM_BLD_free) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	CLEANUP(EVP_PKEY_CTX_free)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	CLEANUP(BN_clear_free)
	BIGNUM *secret = d ? BN_bin2bn(d, ES256_NUMBER_BYTES, NULL) : NULL;
	CLEANUP(OSSL_PARAM_free) OSSL_PARAM *params = NULL;
	uint8_t octets[POINT_BYTES] = { IS_UNCOMPRESSED };
	EVP_PKEY *key = NULL;

	memcpy(octets + 1, at.x, sizeof(at.x));
	memcpy(octets + 1 + sizeof(at.x), at.y, sizeof(at.y));
	must(bld && ctx && (!d || secret));
	must(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) == 1);
	must(OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, octets,
					      sizeof(octets)) == 1);
	must(!secret || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1);
	params = OSSL_PARAM_BLD_to_param(bld);
	must(params && EVP_PKEY_fromdata_init(ctx) == 1);
	if (EVP_PKEY_fromdata(ctx, &key, d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return key;
}

void es256_make(struct es256_key *ret)
{
	CLEANUP(EVP_PKEY_free) EVP_PKEY *key = EVP_EC_gen(CURVE);
	CLEANUP(BN_clear_free) BIGNUM *d = NULL;
	uint8_t octets[POINT_BYTES];
	size_t n = 0;

	must(key != NULL);
	must(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof(octets),
					     &n) == 1);
	assert(n == sizeof(octets) && octets[0] == IS_UNCOMPRESSED); /* as long as nobody asks */
	must(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1);
	must(BN_bn2binpad(d, ret->d, sizeof(ret->d)) > 0);
	memcpy(ret->point.x, octets + 1, sizeof(ret->point.x));
	memcpy(ret->point.y, octets + 1 + sizeof(ret->point.x), sizeof(ret->point.y));
}

int es256_sign(const struct es256_key *key, const void *p, size_t n,
	       uint8_t ret[static ES256_SIGNATURE_BYTES])
{
	CLEANUP(EVP_PKEY_free) EVP_PKEY *pkey = key_open(&key->point, key->d);
	CLEANUP(EVP_MD_CTX_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	CLEANUP(ECDSA_SIG_free) ECDSA_SIG *pair = NULL;
	uint8_t der[DER_BYTES];
	const uint8_t *at = der;
	size_t der_n = sizeof(der);

	if (!pkey)
		return -EINVAL;
	must(ctx != NULL);
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) != 1 ||
	    EVP_DigestSign(ctx, der, &der_n, p, n) != 1)
		return -EINVAL;
	pair = d2i_ECDSA_SIG(NULL, &at, (long)der_n);
	must(pair != NULL);
	must(BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret, ES256_NUMBER_BYTES) > 0);
	must(BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret + ES256_NUMBER_BYTES, ES256_NUMBER_BYTES) >
	     0);
	return 0;
}

int es256_verify(const struct es256_point *point, const void *p, size_t n,
		 const uint8_t signature[static ES256_SIGNATURE_BYTES])
{
	CLEANUP(EVP_PKEY_free) EVP_PKEY *pkey = key_open(point, NULL);
	CLEANUP(EVP_MD_CTX_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	CLEANUP(ECDSA_SIG_free) ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, ES256_NUMBER_BYTES, NULL);
	BIGNUM *s = BN_bin2bn(signature + ES256_NUMBER_BYTES, ES256_NUMBER_BYTES, NULL);
	uint8_t der[DER_BYTES], *to = der;
	int der_n;

	must(ctx && pair && ECDSA_SIG_set0(pair, r, s) == 1); /* takes both */
	der_n = i2d_ECDSA_SIG(pair, &to);
	if (!pkey)
		return -EINVAL;
	if (der_n <= 0 || EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) != 1 ||
	    EVP_DigestVerify(ctx, der, (size_t)der_n, p, n) != 1)
		return -EKEYREJECTED;
	return 0;
}

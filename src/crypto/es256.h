/* SPDX-License-Identifier: Apache-2.0 */
/*
 * es256 - signatures with keys of the curve P-256, as JSON Web Algorithms writes them
 * Layer crypto. Source: RFC 7518, 3.4 (SHA-256; r and s, 32 bytes each, big end first); OpenSSL EVP.
 * Errors: -EINVAL when the numbers are no key, -EKEYREJECTED when the signature is not the key's.
 */
#ifndef CARILLON_CRYPTO_ES256_H
#define CARILLON_CRYPTO_ES256_H

#include <stddef.h>
#include <stdint.h>

#define ES256_NUMBER_BYTES    32
#define ES256_SIGNATURE_BYTES 64

struct es256_point { /* the public half */
	uint8_t x[ES256_NUMBER_BYTES], y[ES256_NUMBER_BYTES];
};
struct es256_key {
	struct es256_point point;
	uint8_t d[ES256_NUMBER_BYTES];
};

void es256_make(struct es256_key *ret); /* failure ends the process, as for random bytes */
int es256_sign(const struct es256_key *key, const void *p, size_t n,
	       uint8_t ret[static ES256_SIGNATURE_BYTES]);
int es256_verify(const struct es256_point *point, const void *p, size_t n,
		 const uint8_t signature[static ES256_SIGNATURE_BYTES]);

#endif

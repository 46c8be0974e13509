/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest - hashes, MACs, encodings and comparison in constant time
 * Layer crypto. Errors: -EINVAL for malformed text in the decoders. Source: OpenSSL EVP.
 */
#ifndef CARILLON_CRYPTO_DIGEST_H
#define CARILLON_CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES   32
#define SHA256_HEX_MAX 65

struct digest; /* incremental SHA-256 */
struct digest *digest_new(void);
void digest_add(struct digest *d, const void *p, size_t n);
void digest_end(struct digest *d, uint8_t ret[static SHA256_BYTES]); /* frees d */
void digest_free(struct digest *d);

void digest_sha256(const void *p, size_t n, uint8_t ret[static SHA256_BYTES]);
void digest_hmac(const void *key, size_t key_n, const void *p, size_t n,
		 uint8_t ret[static SHA256_BYTES]);
void digest_hex(const void *p, size_t n, char *ret);         /* 2n+1 bytes, lower case */
int digest_unhex(const char *s, void *ret, size_t n);        /* exactly n bytes */
size_t digest_base64url(const void *p, size_t n, char *ret); /* no padding; TOKEN_TEXT_MAX */
int digest_unbase64url(const char *s, size_t len, void *ret, size_t max, size_t *ret_n);
size_t digest_base64(const void *p, size_t n, char *ret);  /* padded; 4*((n+2)/3)+1 */
bool digest_equal(const void *a, const void *b, size_t n); /* constant time */
uint32_t digest_crc32(const void *p, size_t n);
void digest_wipe(void *p, size_t n);

#endif

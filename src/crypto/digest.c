/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct digest {
	EVP_MD_CTX *md;
};

/* SHA-256 can only fail for want of memory. */
static void must(int ok)
{
	if (ok != 1)
		alloc_failed(sizeof(struct digest));
}

struct digest *digest_new(void)
{
	struct digest *d = alloc_zero(sizeof(*d));

	d->md = EVP_MD_CTX_new();
	must(d->md != NULL);
	must(EVP_DigestInit_ex(d->md, EVP_sha256(), NULL));
	return d;
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	must(EVP_DigestUpdate(d->md, p, n));
}

void digest_end(struct digest *d, uint8_t ret[static SHA256_BYTES])
{
	must(EVP_DigestFinal_ex(d->md, ret, NULL));
	digest_free(d);
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->md);
	free(d);
}

void digest_sha256(const void *p, size_t n, uint8_t ret[static SHA256_BYTES])
{
	must(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL));
}

void digest_hmac(const void *key, size_t key_n, const void *p, size_t n,
		 uint8_t ret[static SHA256_BYTES])
{
	size_t len;

	must(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_n, p, n, ret, SHA256_BYTES,
		       &len) != NULL);
}

void digest_hex(const void *p, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = p;

	for (size_t i = 0; i < n; i++) {
		*ret++ = digits[bytes[i] >> 4];
		*ret++ = digits[bytes[i] & 15];
	}
	*ret = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int digest_unhex(const char *s, void *ret, size_t n)
{
	uint8_t *to = ret;

	if (strnlen(s, 2 * n + 1) != 2 * n)
		return -EINVAL;
	for (size_t i = 0; i < 2 * n; i++) {
		if (hex_value(s[i]) < 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)((unsigned)hex_value(s[2 * i]) << 4 |
				  (unsigned)hex_value(s[2 * i + 1]));
	return 0;
}

#define ALPHABET_COMMON "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char alphabet_url[] = ALPHABET_COMMON "-_";
static const char alphabet_plain[] = ALPHABET_COMMON "+/";

static size_t encode64(const uint8_t *p, size_t n, const char *alphabet, char *ret)
{
	char *to = ret;
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | p[i]) & 0xffffffU;
		for (have += 8; have >= 6; have -= 6)
			*to++ = alphabet[bits >> (have - 6) & 63];
	}
	if (have)
		*to++ = alphabet[bits << (6 - have) & 63];
	*to = '\0';
	return (size_t)(to - ret);
}

size_t digest_base64url(const void *p, size_t n, char *ret)
{
	return encode64(p, n, alphabet_url, ret);
}

size_t digest_base64(const void *p, size_t n, char *ret)
{
	size_t len = encode64(p, n, alphabet_plain, ret);

	while (len % 4)
		ret[len++] = '=';
	ret[len] = '\0';
	return len;
}

int digest_unbase64url(const char *s, size_t len, void *ret, size_t max, size_t *ret_n)
{
	uint8_t *to = ret;
	uint32_t bits = 0;
	int have = 0;

	if (len % 4 == 1 || len / 4 > max || len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0) > max)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] ? strchr(alphabet_url, s[i]) : NULL;

		if (!at)
			return -EINVAL;
		bits = (bits << 6 | (uint32_t)(at - alphabet_url)) & 0xffffU;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (uint8_t)(bits >> have);
		}
	}
	/* Left-over bits must be zero: one value has one text only. */
	if (bits & ((1U << have) - 1))
		return -EINVAL;
	*ret_n = (size_t)(to - (uint8_t *)ret);
	return 0;
}

bool digest_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* CRC-32 of ISO 3309 (zlib, PNG), four bits at a time. */
uint32_t digest_crc32(const void *p, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *bytes = p;
	uint32_t crc = 0xffffffffU;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

void digest_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

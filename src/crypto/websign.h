/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websign - secrets and signatures of webhooks
 * Layer crypto. Source: Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, in base64
 * behind `v1,`; one signature for each secret that is in force, separated by spaces.
 */
#ifndef CARILLON_CRYPTO_WEBSIGN_H
#define CARILLON_CRYPTO_WEBSIGN_H

#include <stddef.h>
#include <stdint.h>

#define WEBSIGN_SECRET_BYTES    32
#define WEBSIGN_SECRET_TEXT_MAX 51 /* whsec_, 44 characters, NUL */
#define WEBSIGN_SIGNATURE_MAX   48 /* v1, and 44 characters, NUL */
#define WEBSIGN_SECRETS_MAX     2

struct websign_secret {
	uint8_t bytes[64];
	size_t n;
};

struct websign_message {
	const char *id, *body;
	size_t body_n;
	int64_t timestamp_s;
};

void websign_make(struct websign_secret *ret);
void websign_print_secret(const struct websign_secret *s, char ret[static WEBSIGN_SECRET_TEXT_MAX]);
/* ret: n * WEBSIGN_SIGNATURE_MAX bytes. */
void websign_print(const struct websign_message *m, const struct websign_secret *secrets, size_t n,
		   char *ret);

#endif

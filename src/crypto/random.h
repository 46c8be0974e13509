/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random - unpredictable bytes, identifiers and secrets
 * Layer crypto. Source: RAND_bytes / RAND_priv_bytes; failure ends the process (nothing can be
 * done safely without randomness). ULID: 48 bit milliseconds, 80 random bits, Crockford base32,
 * monotonic within a process and millisecond.
 */
#ifndef CARILLON_CRYPTO_RANDOM_H
#define CARILLON_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define ID_MAX 40 /* prefix, underscore, 26 characters, NUL */

void random_bytes(void *p, size_t n);
uint64_t random_below(uint64_t bound);                       /* unbiased */
void random_id(char ret[static ID_MAX], const char *prefix); /* "sch" -> sch_01H... */
/* No id that was made at that instant or later comes before it. */
void random_id_floor(char ret[static ID_MAX], const char *prefix, int64_t us);
void random_token(char *ret, size_t bytes); /* base64url without padding; 32 bytes -> 43+NUL */
#define TOKEN_TEXT_MAX(bytes) (((bytes)*4 + 2) / 3 + 1)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password - Argon2id, m = 19 MiB, t = 2, p = 1
 * Layer crypto. Source: libargon2, encoded form `$argon2id$v=19$...`. Errors: -EINVAL.
 */
#ifndef CARILLON_CRYPTO_PASSWORD_H
#define CARILLON_CRYPTO_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_HASH_MAX 128

int password_hash(const char *password, char ret[static PASSWORD_HASH_MAX]);
/* hash NULL: unknown user; spends the same time and is false. */
bool password_verify(const char *hash, const char *password);
bool password_needs_rehash(const char *hash);

#endif

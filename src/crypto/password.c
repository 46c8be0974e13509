/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/password.h"

#include <argon2.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/random.h"

#define MEMORY_KIB         19456
#define PASSES             2
#define LANES              1
#define SALT_BYTES         16
#define HASH_BYTES         32
#define PASSWORD_BYTES_MAX 4096
#define PARAMETERS         "$argon2id$v=19$m=19456,t=2,p=1$"

/* Well-formed, and the hash of nothing known: costs an unknown user what a known one costs. */
static const char nobody[] =
	PARAMETERS "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

int password_hash(const char *password, char ret[static PASSWORD_HASH_MAX])
{
	size_t len = strnlen(password, PASSWORD_BYTES_MAX + 1);
	uint8_t salt[SALT_BYTES];
	int error;

	if (len > PASSWORD_BYTES_MAX)
		return -EINVAL;
	random_bytes(salt, sizeof(salt));
	error = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, len, salt, sizeof(salt),
				      HASH_BYTES, ret, PASSWORD_HASH_MAX);
	if (error == ARGON2_MEMORY_ALLOCATION_ERROR)
		alloc_failed((size_t)MEMORY_KIB * 1024);
	return error == ARGON2_OK ? 0 : -EINVAL;
}

bool password_verify(const char *hash, const char *password)
{
	size_t len = strnlen(password, PASSWORD_BYTES_MAX + 1);
	int verdict;

	if (len > PASSWORD_BYTES_MAX)
		return false;
	verdict = argon2id_verify(hash ? hash : nobody, password, len);
	if (verdict == ARGON2_MEMORY_ALLOCATION_ERROR)
		alloc_failed((size_t)MEMORY_KIB * 1024);
	return hash && verdict == ARGON2_OK;
}

bool password_needs_rehash(const char *hash)
{
	return strncmp(hash, PARAMETERS, strlen(PARAMETERS)) != 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/password.h"
#include "support/suite.h"

START_TEST(verify_only_takes_the_same_password)
{
	char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];

	ck_assert_int_eq(password_hash("correct h\xc3\xb6rse", hash), 0);
	ck_assert_int_eq(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
	ck_assert(password_verify(hash, "correct h\xc3\xb6rse"));
	ck_assert(!password_verify(hash, "correct horse"));
	ck_assert(!password_verify(hash, ""));
	ck_assert(!password_needs_rehash(hash));
	ck_assert_int_eq(password_hash("correct h\xc3\xb6rse", again), 0);
	ck_assert_str_ne(hash, again);
}
END_TEST

START_TEST(verify_damaged_hash_is_false)
{
	char hash[PASSWORD_HASH_MAX];

	ck_assert_int_eq(password_hash("x", hash), 0);
	hash[strlen(hash) - 3] ^= 1;
	ck_assert(!password_verify(hash, "x"));
	ck_assert(!password_verify("", "x"));
	ck_assert(!password_verify("$2y$10$abcdefghijklmnopqrstuu", "x"));
	ck_assert(!password_verify("$argon2id$v=19$m=19456,t=2,p=1$", "x"));
	ck_assert(password_needs_rehash("$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"));
}
END_TEST

START_TEST(verify_unknown_user_spends_time)
{
	char hash[PASSWORD_HASH_MAX];
	int64_t start, known, nobody;

	ck_assert_int_eq(password_hash("x", hash), 0);
	start = clock_boot_us();
	ck_assert(!password_verify(hash, "y"));
	known = clock_boot_us() - start;
	start = clock_boot_us();
	ck_assert(!password_verify(NULL, "y"));
	nobody = clock_boot_us() - start;
	ck_assert_msg(nobody > known / 5, "%lld and %lld us", (long long)nobody, (long long)known);
}
END_TEST

START_TEST(hash_oversized_password_is_refused)
{
	char hash[PASSWORD_HASH_MAX], *huge = calloc(1, 5001);

	memset(huge, 'a', 5000);
	ck_assert_int_eq(password_hash(huge, hash), -EINVAL);
	ck_assert(!password_verify(NULL, huge));
	free(huge);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ verify_only_takes_the_same_password, 0 },
		{ verify_damaged_hash_is_false, 0 },
		{ verify_unknown_user_spends_time, 0 },
		{ hash_oversized_password_is_refused, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "password",
		.cases = cases,
	});
}

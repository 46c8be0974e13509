/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "support/suite.h"

START_TEST(id_many_in_a_row_ascend)
{
	char last[ID_MAX] = "sch_", id[ID_MAX];

	for (int i = 0; i < 20000; i++) {
		random_id(id, "sch");
		ck_assert_uint_eq(strlen(id), 30);
		ck_assert_uint_eq(strspn(id + 4, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
		ck_assert_msg(strcmp(last, id) < 0, "%s then %s", last, id);
		memcpy(last, id, sizeof(id));
	}
}
END_TEST

static int64_t id_ms(const char *id)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	int64_t ms = 0;

	for (int i = 4; i < 14; i++)
		ms = ms * 32 + (strchr(digits, id[i]) - digits);
	return ms;
}

START_TEST(id_begins_with_the_time)
{
	int64_t before = clock_real_us() / US_PER_MS, after;
	char id[ID_MAX];

	random_id(id, "evt");
	after = clock_real_us() / US_PER_MS;
	ck_assert(id_ms(id) >= before && id_ms(id) <= after);
}
END_TEST

/* The next id of this process and of a child that shares its past. */
static void fork_ids(char mine[static ID_MAX], char theirs[static ID_MAX])
{
	int ends[2];
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	random_id(mine, "acc");
	child = fork();
	if (child == 0) {
		random_id(theirs, "acc");
		_exit(write(ends[1], theirs, ID_MAX) == ID_MAX ? 0 : 1);
	}
	ck_assert(read(ends[0], theirs, ID_MAX) == ID_MAX);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

START_TEST(id_after_fork_shares_no_random_digits)
{
	/* Only a fork within one millisecond shows the fault, hence many tries. */
	for (int i = 0; i < 300; i++) {
		char mine[ID_MAX] = "", theirs[ID_MAX] = "";

		fork_ids(mine, theirs);
		ck_assert_int_ne(memcmp(mine + 14, theirs + 14, 9), 0);
	}
}
END_TEST

START_TEST(token_has_length_and_varies)
{
	char a[TOKEN_TEXT_MAX(32)], b[TOKEN_TEXT_MAX(32)];
	uint8_t raw[32];
	size_t n = 0;

	ck_assert_uint_eq(sizeof(a), 44);
	random_token(a, 32);
	random_token(b, 32);
	ck_assert_uint_eq(strlen(a), 43);
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(digest_unbase64url(a, 43, raw, sizeof(raw), &n), 0);
	ck_assert_uint_eq(n, 32);
	/* One character changed is seen by the checksum that keys carry. */
	memcpy(b, a, sizeof(a));
	b[20] = b[20] == 'x' ? 'y' : 'x';
	ck_assert_uint_ne(digest_crc32(a, 43), digest_crc32(b, 43));
}
END_TEST

START_TEST(below_stays_below_and_reaches_all)
{
	int seen[7] = { 0 };

	for (int i = 0; i < 7000; i++) {
		uint64_t n = random_below(7);

		ck_assert_uint_lt(n, 7);
		seen[n]++;
	}
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		ck_assert_int_gt(seen[i], 700);
	ck_assert_uint_eq(random_below(0), 0);
	ck_assert_uint_eq(random_below(1), 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ id_many_in_a_row_ascend, 0 },
		{ id_begins_with_the_time, 0 },
		{ id_after_fork_shares_no_random_digits, 0 },
		{ token_has_length_and_varies, 0 },
		{ below_stays_below_and_reaches_all, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "random",
		.cases = cases,
	});
}

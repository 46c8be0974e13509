/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/suite.h"

START_TEST(untouched_reads_as_empty)
{
	struct buf b = BUF_INIT;
	char *s;

	ck_assert_str_eq(buf_str(&b), "");
	buf_clear(&b);
	buf_wipe(&b);
	s = buf_take(&b);
	ck_assert_str_eq(s, "");
	free(s);
	buf_done(&b);
}
END_TEST

START_TEST(adds_grow_and_stay_terminated)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;

	for (int i = 0; i < 3000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		ck_assert_int_eq(b.p[b.len], 0);
	}
	ck_assert_uint_eq(b.len, 3000);
	buf_clear(&b);
	buf_adds(&b, "x");
	buf_add(&b, "\0y", 2);
	buf_add(&b, NULL, 0);
	buf_printf(&b, "%d%%", 5);
	ck_assert_uint_eq(b.len, 5);
	ck_assert_int_eq(memcmp(b.p, "x\0y5%", 6), 0);
}
END_TEST

START_TEST(printf_longer_than_room_is_whole)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;

	buf_printf(&b, "%063d", 1);
	buf_printf(&b, "%0200d", 2);
	ck_assert_uint_eq(b.len, 263);
	ck_assert_int_eq(b.p[262], '2');
}
END_TEST

START_TEST(reserve_then_bump_keeps_bytes)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;
	char *s;

	memcpy(buf_reserve(&b, 100), "abc", 3);
	b.len += 3;
	buf_addc(&b, 'd');
	ck_assert_str_eq(b.p, "abcd");
	s = buf_take(&b);
	ck_assert_str_eq(s, "abcd");
	ck_assert_ptr_null(b.p);
	free(s);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ untouched_reads_as_empty, 0 },
		{ adds_grow_and_stay_terminated, 0 },
		{ printf_longer_than_room_is_whole, 0 },
		{ reserve_then_bump_keeps_bytes, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "buf",
		.cases = cases,
	});
}

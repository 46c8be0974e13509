/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/utf8.h"
#include "domain/ical.h"
#include "support/suite.h"

START_TEST(text_is_escaped)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;

	ical_text(&b, "SUMMARY", "a, b; c\\d\r\nnext\x01");
	ck_assert_str_eq(buf_str(&b), "SUMMARY:a\\, b\\; c\\\\d\\nnext\r\n");
}
END_TEST

START_TEST(nothing_is_no_line)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;

	ical_text(&b, "URL", NULL);
	ical_raw(&b, "URL", NULL);
	ck_assert_str_eq(buf_str(&b), "");
}
END_TEST

START_TEST(instant_is_utc)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;

	ical_instant(&b, "DTSTART", 1774276200000000);
	ck_assert_str_eq(buf_str(&b), "DTSTART:20260323T143000Z\r\n");
}
END_TEST

/* Whatever is in it: lines of at most 75 octets, whole characters, and unfolding gives it back. */
START_TEST(long_lines_are_folded_between_characters)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;
	CLEANUP(buf_done) struct buf value = BUF_INIT;
	CLEANUP(buf_done) struct buf whole = BUF_INIT;

	for (int i = 0; i < 60 + _i; i++)
		buf_adds(&value, i % 3 == 0 ? "\xF0\x9F\x94\x94" : i % 3 == 1 ? "\xC3\xA9" : "x");
	ical_text(&b, "DESCRIPTION", buf_str(&value));
	for (const char *at = buf_str(&b); *at;) {
		const size_t n = strcspn(at, "\r");

		ck_assert_uint_le(n, 75);
		ck_assert(utf8_valid(at, n));
		buf_add(&whole, at + (at != buf_str(&b)), n - (at != buf_str(&b)));
		ck_assert_int_eq(strncmp(at + n, "\r\n", 2), 0);
		at += n + 2;
		ck_assert(!*at || *at == ' ');
	}
	ck_assert_int_eq(strncmp(buf_str(&whole), "DESCRIPTION:", 12), 0);
	ck_assert_str_eq(buf_str(&whole) + 12, buf_str(&value));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ text_is_escaped, 0 },
		{ nothing_is_no_line, 0 },
		{ instant_is_utc, 0 },
		{ long_lines_are_folded_between_characters, 12 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "ical",
		.cases = cases,
	});
}

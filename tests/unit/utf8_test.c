/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "support/suite.h"

static const struct {
	const char *bytes;
	bool is_valid;
} rows[] = {
	{ "", true },
	{ "abc", true },
	{ "\x7f", true },
	{ "\xc2\x80", true },
	{ "\xdf\xbf", true },
	{ "\xe0\xa0\x80", true },
	{ "\xed\x9f\xbf", true },
	{ "\xee\x80\x80", true },
	{ "\xef\xbf\xbf", true },
	{ "\xf0\x90\x80\x80", true },
	{ "\xf4\x8f\xbf\xbf", true },
	{ "\x80", false },
	{ "\xbf", false },
	{ "\xc0\x80", false },
	{ "\xc1\xbf", false },
	{ "\xe0\x9f\xbf", false },
	{ "\xed\xa0\x80", false },
	{ "\xed\xbf\xbf", false },
	{ "\xf0\x8f\xbf\xbf", false },
	{ "\xf4\x90\x80\x80", false },
	{ "\xf5\x80\x80\x80", false },
	{ "\xfe", false },
	{ "\xff", false },
	{ "\xc3", false },
	{ "\xe2\x82", false },
	{ "\xf0\x9f\x98", false },
	{ "\xc3(", false },
	{ "\xe2(\xa1", false },
	{ "\xe2\x82(", false },
	{ "a\xf0\x9f\x98\x80"
	  "b\xc3",
	  false },
};

START_TEST(valid_judges_sequences)
{
	ck_assert_msg(utf8_valid(rows[_i].bytes, strlen(rows[_i].bytes)) == rows[_i].is_valid,
		      "row %d", _i);
}
END_TEST

START_TEST(next_decodes_what_was_encoded)
{
	for (uint32_t cp = 1; cp <= 0x10ffff; cp += cp < 0x3000 ? 1 : 61) {
		char s[5] = "";
		const char *at = s;

		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		if (cp < 0x80) {
			s[0] = (char)cp;
		} else if (cp < 0x800) {
			s[0] = (char)(0xc0 | cp >> 6);
			s[1] = (char)(0x80 | (cp & 63));
		} else if (cp < 0x10000) {
			s[0] = (char)(0xe0 | cp >> 12);
			s[1] = (char)(0x80 | (cp >> 6 & 63));
			s[2] = (char)(0x80 | (cp & 63));
		} else {
			s[0] = (char)(0xf0 | cp >> 18);
			s[1] = (char)(0x80 | (cp >> 12 & 63));
			s[2] = (char)(0x80 | (cp >> 6 & 63));
			s[3] = (char)(0x80 | (cp & 63));
		}
		ck_assert(utf8_valid(s, strlen(s)));
		ck_assert_uint_eq(utf8_next(&at), cp);
		ck_assert_ptr_eq(at, s + strlen(s));
		ck_assert_uint_eq(utf8_next(&at), 0);
	}
}
END_TEST

START_TEST(counts_points_and_units)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";

	ck_assert_uint_eq(utf8_points(text), 4);
	ck_assert_uint_eq(utf8_utf16_units(text), 5);
	ck_assert_uint_eq(utf8_points(""), 0);
}
END_TEST

static const struct {
	const char *text;
	size_t graphemes;
} seen[] = {
	{ "", 0 },
	{ "abc", 3 },
	{ "e\xcc\x81", 1 }, /* e and a combining acute */
	{ "\r\n", 1 },
	{ "\xf0\x9f\x87\xae\xf0\x9f\x87\xaa\xf0\x9f\x87\xb5", 2 }, /* a flag and half of one */
	{ "\xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd", 1 },                 /* a hand with a skin tone */
	{ "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7!",
	  2 }, /* a family */
	{ "\xed\x95\x9c\xea\xb5\xad", 2 },
};

START_TEST(graphemes_are_what_readers_count)
{
	ck_assert_uint_eq(utf8_graphemes(seen[_i].text), seen[_i].graphemes);
}
END_TEST

START_TEST(controls_but_white_space_are_seen)
{
	ck_assert(!utf8_has_controls("a\tb\r\n\xc3\xa9"));
	ck_assert(utf8_has_controls("a\x01"));
	ck_assert(utf8_has_controls("\x1f"));
	ck_assert(utf8_has_controls("\x7f"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ valid_judges_sequences, (int)ARRAY_LEN(rows) },
		{ next_decodes_what_was_encoded, 0 },
		{ counts_points_and_units, 0 },
		{ graphemes_are_what_readers_count, (int)ARRAY_LEN(seen) },
		{ controls_but_white_space_are_seen, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "utf8",
		.cases = cases,
	});
}

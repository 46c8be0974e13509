/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "support/suite.h"
#include "json/emit.h"

START_TEST(emit_nested_keeps_commas)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct emit e = EMIT(&out);

	emit_open(&e, NULL);
	emit_text(&e, "a", "x");
	emit_open_array(&e, "b");
	emit_int(&e, NULL, INT64_MIN);
	emit_open(&e, NULL);
	emit_close(&e);
	emit_open_array(&e, NULL);
	emit_close_array(&e);
	emit_bool(&e, NULL, true);
	emit_close_array(&e);
	emit_text(&e, "n", NULL);
	emit_text_n(&e, "m", "abc", 2);
	emit_instant(&e, "t", 1500000);
	emit_instant(&e, "u", INSTANT_NONE);
	emit_raw(&e, "r", "{\"k\":1}");
	emit_raw(&e, "s", NULL);
	emit_null(&e, "z");
	emit_close(&e);
	ck_assert_str_eq(
		buf_str(&out),
		"{\"a\":\"x\",\"b\":[-9223372036854775808,{},[],true],\"n\":null,\"m\":\"ab\","
		"\"t\":\"1970-01-01T00:00:01Z\",\"u\":null,\"r\":{\"k\":1},\"s\":null,\"z\":null}");
}
END_TEST

START_TEST(emit_text_every_character_round_trips)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct emit e = EMIT(&out);
	char text[260] = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf/";
	size_t len = strlen(text);
	json_t *back;

	for (int c = 1; c < 128; c++)
		text[len++] = (char)c;
	text[len] = '\0';
	emit_open(&e, NULL);
	emit_text(&e, text, text);
	emit_close(&e);
	back = json_loadb(out.p, out.len, 0, NULL);
	ck_assert_ptr_nonnull(back);
	ck_assert_str_eq(json_string_value(json_object_get(back, text)), text);
	json_decref(back);
}
END_TEST

/* Texts are looked at eight bytes at a time: every byte in every place of such a word. */
START_TEST(emit_text_escapes_at_every_place)
{
	for (int c = 1; c < 128; c++) {
		for (size_t at = 0; at < 18; at++) {
			CLEANUP(buf_done) struct buf out = BUF_INIT;
			struct emit e = EMIT(&out);
			char text[] = "abcdefghijklmnopqr";
			json_t *back;

			text[at] = (char)c;
			emit_text(&e, NULL, text);
			back = json_loadb(out.p, out.len, JSON_DECODE_ANY, NULL);
			ck_assert_ptr_nonnull(back);
			ck_assert_str_eq(json_string_value(back), text);
			json_decref(back);
		}
	}
}
END_TEST

START_TEST(emit_invalid_bytes_become_replacement)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct emit e = EMIT(&out);

	emit_text(&e, NULL, "a\xff\xed\xa0\x80\xc3");
	ck_assert_str_eq(buf_str(&out),
			 "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
END_TEST

START_TEST(emit_number_is_shortest_and_exact)
{
	static const struct {
		double n;
		const char *text;
	} rows[] = {
		{ 0.1, "0.1" },
		{ 1.0, "1" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ -2.5, "-2.5" },
		{ 1e300, "1e+300" },
		{ DBL_MAX, "1.7976931348623157e+308" },
		{ 123456789.0, "123456789" },
		{ (double)INFINITY, "null" },
		{ (double)NAN, "null" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT;
		struct emit e = EMIT(&out);

		emit_number(&e, NULL, rows[i].n);
		ck_assert_str_eq(buf_str(&out), rows[i].text);
	}
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ emit_nested_keeps_commas, 0 },
		{ emit_text_every_character_round_trips, 0 },
		{ emit_text_escapes_at_every_place, 0 },
		{ emit_invalid_bytes_become_replacement, 0 },
		{ emit_number_is_shortest_and_exact, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "emit",
		.cases = cases,
	});
}

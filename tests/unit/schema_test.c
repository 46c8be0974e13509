/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "support/suite.h"
#include "json/schema.h"

struct part {
	uint64_t present;
	const char *name;
	int64_t size;
};

struct all {
	uint64_t present;
	const char *text, *id, *url, *email, *zone;
	int choice;
	int64_t number;
	double real;
	bool truth;
	int64_t at_us;
	struct field_time when;
	struct field_texts texts, ids;
	struct part *part;
	struct field_objects parts;
	json_t *free_form;
	struct field_some some;
};

static const char *const colours[] = { "red", "green", NULL };

/* clang-format off */
static const struct field part_fields[] = {
	{ .name = "name", .kind = FIELD_TEXT, .offset = offsetof(struct part, name), .flags = FIELD_REQUIRED, .most = 5 },
	{ .name = "a/b~c", .kind = FIELD_INT, .offset = offsetof(struct part, size), .least = -3, .most = 3 },
	{ .name = NULL },
};
static const struct schema part_schema = { "Part", sizeof(struct part), part_fields };

#define ROW(member, k, field) .name = member, .kind = k, .offset = offsetof(struct all, field)
static const struct field all_fields[] = {
	{ ROW("text", FIELD_TEXT, text), .flags = FIELD_NULLABLE | FIELD_NONEMPTY, .most = 4 },
	{ ROW("id", FIELD_ID, id) },
	{ ROW("url", FIELD_URL, url) },
	{ ROW("email", FIELD_EMAIL, email) },
	{ ROW("zone", FIELD_TZ, zone) },
	{ ROW("choice", FIELD_ENUM, choice), .choices = colours },
	{ ROW("number", FIELD_INT, number), .least = 1, .most = 9 },
	{ ROW("real", FIELD_NUMBER, real), .most = 1 },
	{ ROW("truth", FIELD_BOOL, truth) },
	{ ROW("at", FIELD_INSTANT, at_us), .flags = FIELD_NULLABLE },
	{ ROW("when", FIELD_TIME, when) },
	{ ROW("texts", FIELD_TEXTS, texts), .flags = FIELD_NONEMPTY, .most = 3, .item_most = 2 },
	{ ROW("ids", FIELD_IDS, ids), .least = 2 },
	{ ROW("part", FIELD_OBJECT, part), .nested = &part_schema },
	{ ROW("parts", FIELD_OBJECTS, parts), .nested = &part_schema, .most = 2 },
	{ ROW("free", FIELD_JSON, free_form) },
	{ ROW("some", FIELD_SOME, some), .flags = FIELD_NONEMPTY, .most = 2, .item_most = 3 },
	{ .name = NULL },
};
static const struct schema all_schema = { "All", sizeof(struct all), all_fields };

static const struct { const char *body; size_t row; } fine[] = {
	{ "{\"text\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\n\"}", 0 }, { "{\"text\":null}", 0 },
	{ "{\"id\":\"sch_01H\"}", 1 },
	{ "{\"url\":\"https://a.example:8443/x?y=%20#z\"}", 2 }, { "{\"url\":\"http://[::1]:80\"}", 2 },
	{ "{\"url\":\"http://localhost\"}", 2 },
	{ "{\"email\":\"a.b+c@x-y.example\"}", 3 }, { "{\"zone\":\"America/Argentina/Ushuaia\"}", 4 },
	{ "{\"choice\":\"green\"}", 5 }, { "{\"number\":9}", 6 }, { "{\"real\":0}", 7 }, { "{\"real\":0.5}", 7 },
	{ "{\"truth\":false}", 8 }, { "{\"at\":\"2026-03-23T14:30:00Z\"}", 9 },
	{ "{\"when\":\"2026-03-23T14:30:00+01:00\"}", 10 }, { "{\"when\":\"2026-03-23T14:30\"}", 10 },
	{ "{\"texts\":[\"a\",\"b\",\"a\"]}", 11 }, { "{\"ids\":[\"a\",\"b\"]}", 12 },
	{ "{\"part\":{\"name\":\"n\",\"a/b~c\":-3}}", 13 },
	{ "{\"parts\":[]}", 14 }, { "{\"free\":{\"a\":[1,{}]}}", 15 },
	{ "{\"some\":\"a\"}", 16 }, { "{\"some\":[\"a\",\"a\"]}", 16 },
};

static const struct { const char *body, *pointer, *code; } wrong[] = {
	{ "[]", "", "wrong_type" }, { "3", "", "wrong_type" }, { "null", "", "wrong_type" },
	{ "{\"nope\":1}", "/nope", "unknown_member" }, { "{\"\":1}", "/", "unknown_member" },
	{ "{\"x/y~z\":1}", "/x~1y~0z", "unknown_member" },
	{ "{\"text\":\"12345\"}", "/text", "too_long" }, { "{\"text\":\" \xc2\xa0\"}", "/text", "empty" },
	{ "{\"text\":\"\"}", "/text", "empty" }, { "{\"text\":3}", "/text", "wrong_type" },
	{ "{\"text\":\"a\\u0001\"}", "/text", "bad_format" }, { "{\"text\":\"a\\u007f\"}", "/text", "bad_format" },
	{ "{\"id\":null}", "/id", "wrong_type" }, { "{\"id\":\"a-b\"}", "/id", "bad_format" },
	{ "{\"id\":\"\"}", "/id", "empty" },
	{ "{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "/id", "too_long" },
	{ "{\"url\":\"ftp://x\"}", "/url", "bad_format" }, { "{\"url\":\"https://u@x\"}", "/url", "bad_format" },
	{ "{\"url\":\"https://\"}", "/url", "bad_format" }, { "{\"url\":\"https://x y\"}", "/url", "bad_format" },
	{ "{\"url\":\"https://x:0/\"}", "/url", "bad_format" }, { "{\"url\":\"https://x:65536\"}", "/url", "bad_format" },
	{ "{\"url\":\"https://-x\"}", "/url", "bad_format" }, { "{\"url\":\"https://:80\"}", "/url", "bad_format" },
	{ "{\"url\":\"https://a..b\"}", "/url", "bad_format" }, { "{\"url\":\"https://x\\\\y\"}", "/url", "bad_format" },
	{ "{\"email\":\"a\"}", "/email", "bad_format" }, { "{\"email\":\"@x\"}", "/email", "bad_format" },
	{ "{\"email\":\"a@\"}", "/email", "bad_format" }, { "{\"email\":\"a b@x\"}", "/email", "bad_format" },
	{ "{\"email\":\"a@b@x\"}", "/email", "bad_format" }, { "{\"email\":\"a..b@x\"}", "/email", "bad_format" },
	{ "{\"zone\":\"../etc/passwd\"}", "/zone", "bad_format" },
	{ "{\"choice\":\"blue\"}", "/choice", "not_a_choice" }, { "{\"choice\":1}", "/choice", "wrong_type" },
	{ "{\"number\":0}", "/number", "out_of_range" }, { "{\"number\":10}", "/number", "out_of_range" },
	{ "{\"number\":2.0}", "/number", "wrong_type" }, { "{\"number\":\"2\"}", "/number", "wrong_type" },
	{ "{\"real\":1.01}", "/real", "out_of_range" }, { "{\"real\":true}", "/real", "wrong_type" },
	{ "{\"truth\":1}", "/truth", "wrong_type" }, { "{\"at\":\"2026-03-23T14:30\"}", "/at", "bad_format" },
	{ "{\"at\":5}", "/at", "wrong_type" }, { "{\"when\":\"noon\"}", "/when", "bad_format" },
	{ "{\"texts\":[]}", "/texts", "empty" }, { "{\"texts\":\"a\"}", "/texts", "wrong_type" },
	{ "{\"texts\":[\"a\",\"b\",\"c\",\"d\"]}", "/texts", "too_many" },
	{ "{\"texts\":[\"a\",\"bbb\"]}", "/texts/1", "too_long" }, { "{\"texts\":[null]}", "/texts/0", "wrong_type" },
	{ "{\"ids\":[\"a\"]}", "/ids", "too_few" }, { "{\"ids\":[\"a\",\"b\",\"a\"]}", "/ids/2", "duplicate" },
	{ "{\"part\":{}}", "/part/name", "required" }, { "{\"part\":[]}", "/part", "wrong_type" },
	{ "{\"part\":{\"name\":\"n\",\"a/b~c\":4}}", "/part/a~1b~0c", "out_of_range" },
	{ "{\"part\":{\"name\":\"n\",\"more\":4}}", "/part/more", "unknown_member" },
	{ "{\"parts\":[{\"name\":\"n\"},{}]}", "/parts/1/name", "required" },
	{ "{\"parts\":[{\"name\":\"n\"},5]}", "/parts/1", "wrong_type" }, { "{\"free\":[]}", "/free", "wrong_type" },
	{ "{\"some\":3}", "/some", "wrong_type" }, { "{\"some\":{}}", "/some", "wrong_type" }, { "{\"some\":null}", "/some", "wrong_type" },
	{ "{\"some\":[]}", "/some", "empty" }, { "{\"some\":\" \"}", "/some", "empty" }, { "{\"some\":\"aaaa\"}", "/some", "too_long" },
	{ "{\"some\":[\"a\",\"b\",\"c\"]}", "/some", "too_many" }, { "{\"some\":[\"a\",\"\"]}", "/some/1", "empty" },
	{ "{\"some\":[\"a\",4]}", "/some/1", "wrong_type" }, { "{\"some\":[\"aaaa\"]}", "/some/0", "too_long" },
};

static const struct { const char *body; size_t len; const char *detail; } malformed[] = {
	{ "", 0, "line 1, column 1: the body is empty" },
	{ "{\"a\":1,\n \"a\":2}", 0, "line 2, column 4: a member name stands twice in one object" },
	{ "{\"a\":\n\"b\0c\"}", 12, "line 2, column 3: a NUL byte is not allowed" },
	{ "{\"a\":\"\\u0000\"}", 0, "line 1, column 13: \\u0000 is not allowed" },
	{ "{\"a\\u0000\":1}", 0, "line 1, column 10: \\u0000 is not allowed" },
	{ "{\"\xc3\xa9\":\"\xff\"}", 0, "line 1, column 7: the text is not UTF-8" },
	{ "\"\xed\xa0\x80\"", 0, "line 1, column 2: the text is not UTF-8" },
	{ "\"\xc0\xaf\"", 0, "line 1, column 2: the text is not UTF-8" },
	{ "\"\\ud800\"", 0, "line 1, column 8: this is not valid JSON" },
	{ "{} x", 0, "line 1, column 4: something follows the value" },
	{ "{}{}", 0, "line 1, column 3: something follows the value" },
	{ "{\"a\":", 0, "line 1, column 5: the text ends too early" },
	{ "{\"a\":1,}", 0, "line 1, column 8: this is not valid JSON" },
	{ "{'a':1}", 0, "line 1, column 2: this is not valid JSON" },
	{ "[NaN]", 0, "line 1, column 4: this is not valid JSON" },
	{ "[99999999999999999999]", 0, "line 1, column 21: a number is too large" },
	{ "\xef\xbb\xbf{}", 0, "line 1, column 1: this is not valid JSON" },
};
/* clang-format on */

static int bind(const char *body, size_t len, struct arena *a, struct all **ret, struct problem *p)
{
	void *out = NULL;
	int error = schema_bind(&all_schema, body, len, a, &out, p);

	if (!error)
		*ret = out;
	return error;
}

START_TEST(bind_valid_member_sets_present)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct all *in = NULL;

	ck_assert_msg(bind(fine[_i].body, strlen(fine[_i].body), a, &in, &p) == 0, "%s: %s %s",
		      fine[_i].body, p.items[0].pointer, p.items[0].detail);
	ck_assert(in->present == UINT64_C(1) << fine[_i].row);
	ck_assert(SCHEMA_HAS(in, fine[_i].row));
}
END_TEST

START_TEST(bind_wrong_member_is_named)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_BUSY, .items_n = 9 };
	struct all *in = NULL;

	ck_assert_msg(bind(wrong[_i].body, strlen(wrong[_i].body), a, &in, &p) == -1, "%s",
		      wrong[_i].body);
	ck_assert_ptr_null(in);
	ck_assert_int_eq(p.kind, PROBLEM_INVALID);
	ck_assert_uint_eq(p.items_n, 1);
	ck_assert_msg(strcmp(p.items[0].code, wrong[_i].code) == 0, "%s: %s", wrong[_i].body,
		      p.items[0].code);
	ck_assert_str_eq(p.items[0].pointer, wrong[_i].pointer);
}
END_TEST

START_TEST(bind_malformed_body_names_place)
{
	size_t len = malformed[_i].len ? malformed[_i].len : strlen(malformed[_i].body);
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct all *in = NULL;

	ck_assert_int_eq(bind(malformed[_i].body, len, a, &in, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_MALFORMED_JSON);
	ck_assert_str_eq(p.detail, malformed[_i].detail);
}
END_TEST

START_TEST(bind_whole_body_fills_struct)
{
	static const char body[] =
		"{\"text\":\"ab\",\"choice\":\"green\",\"number\":7,\"real\":0.25,\"truth\":true,"
		"\"at\":\"1970-01-01T00:00:01Z\",\"when\":\"2026-03-23T14:30\",\"texts\":[\"x\","
		"\"y\"],"
		"\"part\":{\"name\":\"p\",\"a/"
		"b~c\":2},\"parts\":[{\"name\":\"q\"},{\"name\":\"r\"}],"
		"\"free\":{\"k\":[true]}}";
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct all *in = NULL;
	const struct part *parts;

	ck_assert_int_eq(bind(body, sizeof(body) - 1, a, &in, &p), 0);
	ck_assert_str_eq(in->text, "ab");
	ck_assert_int_eq(in->choice, 1);
	ck_assert_int_eq(in->number, 7);
	ck_assert_double_eq(in->real, 0.25);
	ck_assert(in->truth);
	ck_assert_int_eq(in->at_us, US_PER_S);
	ck_assert(in->when.is_local);
	ck_assert_str_eq(in->when.local, "2026-03-23T14:30");
	ck_assert_uint_eq(in->texts.n, 2);
	ck_assert_str_eq(in->texts.v[1], "y");
	ck_assert_int_eq(in->part->size, 2);
	parts = in->parts.v;
	ck_assert_uint_eq(in->parts.n, 2);
	ck_assert_str_eq(parts[1].name, "r");
	ck_assert(json_is_true(json_array_get(json_object_get(in->free_form, "k"), 0)));
}
END_TEST

START_TEST(bind_one_or_some_tells_which)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct all *in = NULL;

	ck_assert_int_eq(bind("{\"some\":\"x\"}", 12, a, &in, &p), 0);
	ck_assert(!in->some.is_list);
	ck_assert_uint_eq(in->some.texts.n, 1);
	ck_assert_str_eq(in->some.texts.v[0], "x");
	ck_assert_int_eq(bind("{\"some\":[\"x\",\"y\"]}", 18, a, &in, &p), 0);
	ck_assert(in->some.is_list);
	ck_assert_uint_eq(in->some.texts.n, 2);
	ck_assert_str_eq(in->some.texts.v[1], "y");
}
END_TEST

START_TEST(bind_empty_object_leaves_defaults)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct all *in = NULL;

	ck_assert_int_eq(bind("{}", 2, a, &in, &p), 0);
	ck_assert(!in->present && !in->text && !in->part && !in->texts.n && !in->free_form);
	ck_assert(in->at_us == INSTANT_NONE && in->when.us == INSTANT_NONE);
	ck_assert_int_eq(bind("{\"at\":null}", 11, a, &in, &p), 0);
	ck_assert(in->present && in->at_us == INSTANT_NONE);
}
END_TEST

START_TEST(bind_many_errors_reports_all)
{
	static const char body[] =
		"{\"zzz\":1,\"text\":5,\"number\":77,\"part\":{\"q\":1},\"truth\":0}";
	static const char *const pointers[] = { "/text",      "/number", "/truth",
						"/part/name", "/part/q", "/zzz" };
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_done) struct buf many = BUF_INIT;
	struct problem p = { .kind = PROBLEM_NONE };
	struct all *in = NULL;

	ck_assert_int_eq(bind(body, sizeof(body) - 1, a, &in, &p), -1);
	ck_assert_uint_eq(p.items_n, ARRAY_LEN(pointers));
	for (size_t i = 0; i < ARRAY_LEN(pointers); i++)
		ck_assert_str_eq(p.items[i].pointer, pointers[i]);
	buf_adds(&many, "{");
	for (int i = 0; i < 100; i++)
		buf_printf(&many, "%s\"u%d\":0", i ? "," : "", i);
	buf_adds(&many, "}");
	ck_assert_int_eq(bind(many.p, many.len, a, &in, &p), -1);
	ck_assert_uint_eq(p.items_n, 100);
	ck_assert_str_eq(p.items[PROBLEM_ITEMS_MAX - 1].pointer, "/u31");
}
END_TEST

START_TEST(parse_depth_stops_at_32)
{
	struct problem p = { .kind = PROBLEM_NONE };
	char body[80];

	for (int depth = 32; depth <= 33; depth++) {
		json_t *value = NULL;

		memset(body, '[', (size_t)depth);
		memset(body + depth, ']', (size_t)depth);
		ck_assert_int_eq(schema_parse(body, (size_t)depth * 2, &value, &p),
				 depth == 32 ? 0 : -1);
		json_decref(value);
	}
	ck_assert_str_eq(p.detail, "line 1, column 33: arrays and objects are nested too deeply");
	/* Brackets inside a text are no depth. */
	memset(body, '[', 60);
	body[0] = body[59] = '"';
	json_t *value = NULL;
	ck_assert_int_eq(schema_parse(body, 60, &value, &p), 0);
	json_decref(value);
}
END_TEST

START_TEST(bind_value_puts_prefix_first)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	json_t *value = json_pack("{s:s, s:{}}", "id", "no way", "free");
	struct all *in = NULL;
	void *out = NULL;

	ck_assert_int_eq(schema_bind_value(&all_schema, value, "/platforms/x", a, &out, &p), -1);
	ck_assert_str_eq(p.items[0].pointer, "/platforms/x/id");
	json_object_del(value, "id");
	ck_assert_int_eq(schema_bind_value(&all_schema, value, "", a, &out, &p), 0);
	json_decref(value);
	in = out;
	ck_assert(json_is_object(in->free_form)); /* outlives the document */
}
END_TEST

START_TEST(bind_mutated_bytes_never_crashes)
{
	static const char body[] =
		"{\"text\":\"ab\",\"parts\":[{\"name\":\"q\"}],\"free\":{\"k\":[1]}}";
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		char copy[sizeof(body)];
		struct problem p = { .kind = PROBLEM_NONE };
		struct all *in = NULL;

		memcpy(copy, body, sizeof(body));
		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245U + 12345U;
			copy[(seed >> 8) % (sizeof(body) - 1)] = (char)(seed >> 24);
		}
		if (bind(copy, sizeof(body) - 1, a, &in, &p) < 0)
			ck_assert_int_ne(p.kind, PROBLEM_NONE);
	}
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ bind_valid_member_sets_present, (int)ARRAY_LEN(fine) },
		{ bind_wrong_member_is_named, (int)ARRAY_LEN(wrong) },
		{ bind_malformed_body_names_place, (int)ARRAY_LEN(malformed) },
		{ bind_whole_body_fills_struct, 0 },
		{ bind_one_or_some_tells_which, 0 },
		{ bind_empty_object_leaves_defaults, 0 },
		{ bind_many_errors_reports_all, 0 },
		{ parse_depth_stops_at_32, 0 },
		{ bind_value_puts_prefix_first, 0 },
		{ bind_mutated_bytes_never_crashes, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "schema",
		.cases = cases,
	});
}

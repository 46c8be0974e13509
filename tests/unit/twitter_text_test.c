/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/cleanup.h"
#include "platform/twitter.h"
#include "platform/twitter_text.h"
#include "support/suite.h"

#define SIXTY_FOUR "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ALOHA      "https://www.twitter.com/aloha "
#define CJK10      "故故故故故故故故故故"
#define CJK40      CJK10 CJK10 CJK10 CJK10

/* The first rows are twitter-text's own conformance vectors, the others its verdicts. */
static const struct {
	const char *text;
	int64_t length;
	size_t links;
} rows[] = {
	{ "Hi http://test.co", 26, 1 },
	{ "http://test.co", 23, 1 },
	{ ALOHA ALOHA ALOHA ALOHA ALOHA ALOHA ALOHA ALOHA ALOHA ALOHA, 240, 10 },
	{ CJK40 CJK40 CJK40 CJK40, 320, 0 },
	{ "H🐱☺👨‍👩‍👧‍👦", 7, 0 },
	{ "😷👾😡🔥💩", 10, 0 },
	{ "🙋🏽👨‍🎤", 4, 0 },
	{ "1⃣", 2, 0 },
	{ "Unicode 9.0 emoji: 🤠; 💃; 💃🏾", 29, 0 },
	{ "A\xcc\x81"
	  "B",
	  2, 0 },
	{ "Hello, world! 👋", 16, 0 },
	{ SIXTY_FOUR ".com", 68, 0 },
	{ "", 0, 0 },
	{ "•", 2, 0 },
	{ "€", 2, 0 },
	{ "©", 1, 0 },
	{ "🇩🇪", 2, 0 },
	{ "🇦🇧", 4, 0 },
	{ "foo.co.jp/x", 23, 1 },
	{ "foo.com and bar.org", 51, 2 },
	{ "http://localhost/x", 18, 0 },
	{ "_foo.com", 8, 0 },
	{ "me@foo.com", 10, 0 },
	{ "foo.comx", 8, 0 },
	{ "日本foo.com", 27, 1 },
	{ "t.co:80", 26, 1 },
	{ "https://x.com/a(b)c, d", 26, 1 },
	{ "HTTPS://EXAMPLE.COM/?q=1.", 24, 1 },
};

START_TEST(length_is_counted_as_x_does)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct twitter_measure m;

	twitter_measure(a, rows[_i].text, &m);
	ck_assert_msg(m.length == rows[_i].length, "%s: %lld", rows[_i].text, (long long)m.length);
	ck_assert_uint_eq(m.links, rows[_i].links);
}
END_TEST

START_TEST(cashtags_and_forbidden_characters_are_seen)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct twitter_measure m;

	twitter_measure(a, "$ABC and $TSLA, not $5 or a$b", &m);
	ck_assert_uint_eq(m.cashtags, 2);
	ck_assert(!m.has_forbidden);
	twitter_measure(a,
			"a\xef\xbb\xbf"
			"b",
			&m);
	ck_assert(m.has_forbidden);
}
END_TEST

START_TEST(canonical_text_ignores_what_x_rewrites)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	ck_assert_str_eq(twitter_canonical(a, " see\r\nhttps://example.com/ now "),
			 "see example.com now");
	ck_assert_str_eq(twitter_canonical(a, "see http://example.com now"), "see example.com now");
	ck_assert_str_ne(twitter_canonical(a, "see example.com/a now"), "see example.com now");
	ck_assert_str_eq(twitter_canonical(a, NULL), "");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ length_is_counted_as_x_does, (int)ARRAY_LEN(rows) },
		{ cashtags_and_forbidden_characters_are_seen, 0 },
		{ canonical_text_ignores_what_x_rewrites, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "twitter_text",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How Mastodon counts a text, and how what it shows is read back. */
#include <check.h>

#include "base/cleanup.h"
#include "platform/mastodon.h"
#include "support/suite.h"

static struct arena *a;

static void setup(void)
{
	a = arena_new();
}

static void teardown(void)
{
	arena_free(a);
}

static const struct {
	const char *text;
	int length;
} lengths[] = {
	{ "", 0 },
	{ "Bread", 5 },
	{ "Brötchen", 8 },
	{ "Bro\xcc\x88tchen", 8 },
	/* A family, a flag, a waving hand: one each. */
	{ "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", 1 },
	{ "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", 1 },
	{ "\xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd", 1 },
	{ "https://a.example/", 23 },
	{ "See http://a.example/with/a/path/that/is/longer?than=it&counts=for today", 4 + 23 + 6 },
	{ "https://a.example/x.", 24 },
	{ "(https://a.example/x)", 25 },
	{ "https://a.example/x_(y)", 23 },
	{ "https://a.example https://b.example", 47 },
	/* No scheme, no host, in the middle of a word: not links. */
	{ "a.example/x", 11 },
	{ "https://", 8 },
	{ "https://localhost", 17 },
	{ "xhttps://a.example", 18 },
	{ "@baker", 6 },
	{ "@baker@far.away.example", 6 },
	{ "Hi @baker@far.example, hi", 3 + 6 + 4 },
	{ "@baker@far.example.", 7 },
	{ "me@far.example", 14 },
	{ "x@baker@far.example", 19 },
	{ "https://far.example/@baker@far.example", 23 },
};

START_TEST(text_counts_as_the_server_counts_it)
{
	ck_assert_int_eq(mastodon_length(a, lengths[_i].text, 23), lengths[_i].length);
}
END_TEST

START_TEST(link_counts_what_the_server_says)
{
	ck_assert_int_eq(mastodon_length(a, "https://a.example/long/path", 5), 5);
}
END_TEST

static const struct {
	const char *html, *text;
} shown[] = {
	{ "", "" },
	{ "<p>Bread &amp; butter &lt;3 &#39;now&#39; &quot;here&quot;</p>",
	  "Bread & butter <3 'now' \"here\"\n" },
	{ "<p>one<br />two</p><p>three</p>", "one\ntwo\nthree\n" },
	{ "<p>one<br>two</p>", "one\ntwo\n" },
	{ "<p>&#x1f35e;&#127838;</p>", "\xf0\x9f\x8d\x9e\xf0\x9f\x8d\x9e\n" },
	{ "&amp;lt;", "&lt;" },
	{ "&unknown; & alone &#; &#xd800; &#0;", "&unknown; & alone &#;  " },
	{ "<p><a href=\"https://a.example/x\"><span class=\"invisible\">https://</span>"
	  "<span class=\"ellipsis\">a.example</span><span class=\"invisible\">/x</span></a></p>",
	  "https://a.example/x\n" },
	{ "<p>open <b", "open " },
	{ "<prelude>x</prelude>", "x" },
};

START_TEST(markup_reads_as_text)
{
	ck_assert_str_eq(mastodon_plain(a, shown[_i].html), shown[_i].text);
}
END_TEST

static const struct {
	const char *one, *other;
	bool is_same;
} pairs[] = {
	{ "Bread", "Bread", true },
	{ "Bread", "bread", false },
	{ "  Bread\r\n\r\nand  butter ", "Bread and butter", true },
	{ "Bro\xcc\x88tchen", "Brötchen", true },
	{ "https://a.example/", "a.example", true },
	{ "https://a.example/x", "https://a.example/y", false },
	{ "Hi @baker@far.example", "Hi @baker", true },
	{ "Hi @baker@far.example!", "Hi @baker!", true },
	{ "mail me@far.example", "mail me", false },
	{ "far.example/@baker@far.example", "far.example/@baker", false },
	{ "x / y", "x y", true }, /* a slash alone ends a link that is empty */
	{ "", " \n ", true },
};

START_TEST(readings_of_one_text_are_alike)
{
	const char *one = mastodon_canonical(a, pairs[_i].one);
	const char *other = mastodon_canonical(a, pairs[_i].other);

	ck_assert_msg((strcmp(one, other) == 0) == pairs[_i].is_same, "'%s' '%s'", one, other);
	ck_assert_str_eq(mastodon_canonical(a, one), one);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ text_counts_as_the_server_counts_it, (int)ARRAY_LEN(lengths) },
		{ link_counts_what_the_server_says, 0 },
		{ markup_reads_as_text, (int)ARRAY_LEN(shown) },
		{ readings_of_one_text_are_alike, (int)ARRAY_LEN(pairs) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "mastodon_text",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

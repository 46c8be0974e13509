/* SPDX-License-Identifier: Apache-2.0 */
/* Links, mentions and tags of a text, in bytes. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/bluesky_text.h"
#include "support/suite.h"

static const struct {
	const char *text, *facets; /* "kind from-to value", with | between */
} rows[] = {
	{ "no facets", "" },
	{ "", "" },
	{ "https://a.example/x?y=1#z", "link 0-25 https://a.example/x?y=1#z" },
	{ "see https://a.example.", "link 4-21 https://a.example" },
	{ "(https://a.example/b)", "link 1-20 https://a.example/b" },
	{ "(see https://a.example/b_(c))", "link 5-28 https://a.example/b_(c)" },
	{ "HTTPS://A.example", "link 0-17 HTTPS://A.example" },
	{ "https://", "" },
	{ "example.com/path, too", "link 0-16 https://example.com/path" },
	{ "my-site.co.uk!", "link 0-13 https://my-site.co.uk" },
	{ "file.notatld here", "" },
	{ "e.g. this", "" },
	{ "mail me@example.com", "" },
	{ "1.2.com", "" },
	{ "\xe6\x95\x85 https://a.example \xf0\x9f\x98\x80 #tag",
	  "link 4-21 https://a.example|tag 27-31 tag" },
	{ "@alice.bsky.social hi", "mention 0-18 alice.bsky.social" },
	{ "(@Alice.Test)", "mention 1-12 alice.test" },
	{ "@alice.test.", "mention 0-11 alice.test" },
	{ "@alice hi, x@alice.test", "" },
	{ "@-a.test @a..test @a.1", "" },
	{ "@a.test@b.test", "mention 0-7 a.test" },
	{ "#one #two, #three!", "tag 0-4 one|tag 5-9 two|tag 11-17 three" },
	{ "#1 #2nd #_ #\xef\xb8\x8f\xe2\x83\xa3 #", "tag 3-7 2nd" },
	{ "\xef\xbc\x83"
	  "full",
	  "tag 0-7 full" },
	{ "#\xe6\x95\x85\xe3\x80\x82", "tag 0-4 \xe6\x95\x85" },
	{ "##double a#b", "tag 0-8 #double" },
	{ "#zero\xe2\x80\x8bwidth", "tag 0-5 zero" },
	{ "line\n#tag\t@a.test\xc2\xa0#more", "tag 5-9 tag|mention 10-17 a.test|tag 19-24 more" },
	{ "#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "" },
};

START_TEST(facets_are_found)
{
	static const char *const kinds[] = { "link", "mention", "tag" };
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct bluesky_facet *found;
	const size_t n = bluesky_facets(a, rows[_i].text, &found);
	const char *got = "";

	for (size_t i = 0; i < n; i++)
		got = arena_printf(a, "%s%s%s %zu-%zu %s", got, i > 0 ? "|" : "",
				   kinds[found[i].kind], found[i].from, found[i].to,
				   found[i].value);
	ck_assert_str_eq(got, rows[_i].facets);
}
END_TEST

static const struct {
	const char *text;
	bool is_handle;
} handles[] = {
	{ "a.test", true },
	{ "alice.bsky.social", true },
	{ "a-b.c-d.example", true },
	{ "alice", false },
	{ "a.", false },
	{ ".a", false },
	{ "a..b", false },
	{ "-a.test", false },
	{ "a-.test", false },
	{ "a.1", false },
	{ "a b.test", false },
	{ "", false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test", false },
};

START_TEST(handles_are_host_names)
{
	ck_assert_int_eq(bluesky_is_handle(handles[_i].text), handles[_i].is_handle);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ facets_are_found, (int)ARRAY_LEN(rows) },
		{ handles_are_host_names, (int)ARRAY_LEN(handles) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "bluesky_text", .cases = cases });
}

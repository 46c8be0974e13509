/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of users' files: what is refused before anything is asked. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/source.h"
#include "support/suite.h"

static const char *const good[] = {
	"https://cdn.example.com/a.mp4",
	"https://cdn.example.com:443/a.mp4?token=s%20x&y=1#part",
	"HTTPS://CDN.EXAMPLE.COM/A",
	"https://xn--mnchen-3ya.example/a_b/c",
	"https://cdn.example.com?x",
	"https://8.8.8.8/a.png",
	"https://[2606:4700:4700::1111]/a.png",
	"https://a.b_c.example/",
	"https://localhost/", /* names are judged by what they lead to */
	"https://10.example.com/",
};

/* clang-format off */
static const struct {
	const char *url, *why;
} bad[] = {
	/* schemes */
	{ "http://cdn.example.com/a",          "scheme" },
	{ "file:///etc/passwd",                "" },
	{ "ftp://cdn.example.com/a",           "scheme" },
	{ "gopher://cdn.example.com/_x",       "scheme" },
	{ "dict://cdn.example.com/d:x",        "scheme" },
	{ "scp://cdn.example.com/x",           "scheme" },
	{ "smb://cdn.example.com/x",           "scheme" },
	{ "ldap://cdn.example.com/x",          "scheme" },
	{ "ws://cdn.example.com/x",            "" },
	{ "data:image/png;base64,AAAA",        "absolute" },
	{ "javascript:alert(1)",               "absolute" },
	{ "//cdn.example.com/a",               "absolute" },
	{ "cdn.example.com/a",                 "absolute" },
	{ "/a.png",                            "absolute" },
	{ "",                                  "absolute" },
	{ "https:/cdn.example.com/a",          "absolute" },
	{ "https:cdn.example.com",             "absolute" },
	{ "https:/127.0.0.1/?x=https://a.b/",  "absolute" },
	{ "https://",                          "" },
	{ "https:///a",                        "" },
	{ "https:////127.0.0.1/",              "" },
	{ "https://?x",                        "" },
	/* user names, and what hides a host behind one */
	{ "https://user@cdn.example.com/",     "user name" },
	{ "https://user:pass@cdn.example.com/", "user name" },
	{ "https://cdn.example.com@127.0.0.1/", "user name" },
	{ "https://cdn.example.com:443@[::1]/", "user name" },
	{ "https://cdn.example.com\\@127.0.0.1/", "percent" },
	{ "https://127.0.0.1\\.example.com/",  "percent" },
	{ "https://127.0.0.1#@example.com/",   "address" },
	{ "https://127.0.0.1?@example.com/",   "address" },
	/* ports */
	{ "https://cdn.example.com:22/",       "port" },
	{ "https://cdn.example.com:8443/",     "port" },
	{ "https://cdn.example.com:0/",        "" },
	{ "https://cdn.example.com:65536/",    "" },
	{ "https://cdn.example.com:-1/",       "" },
	{ "https://cdn.example.com:44a/",      "" },
	{ "https://8.8.8.8:8080/",             "port" },
	/* inner addresses, plain */
	{ "https://127.0.0.1/",                "address" },
	{ "https://127.255.255.254/",          "address" },
	{ "https://0.0.0.0/",                  "address" },
	{ "https://10.0.0.1/",                 "address" },
	{ "https://100.64.0.1/",               "address" },
	{ "https://169.254.169.254/latest/",   "address" },
	{ "https://172.16.0.1/",               "address" },
	{ "https://172.31.255.255/",           "address" },
	{ "https://192.168.1.1/",              "address" },
	{ "https://192.0.0.192/",              "address" },
	{ "https://192.0.2.1/",                "address" },
	{ "https://198.18.0.1/",               "address" },
	{ "https://198.51.100.1/",             "address" },
	{ "https://203.0.113.9/",              "address" },
	{ "https://224.0.0.1/",                "address" },
	{ "https://255.255.255.255/",          "address" },
	/* the same in other spellings */
	{ "https://2130706433/",               "plain form" },
	{ "https://017700000001/",             "plain form" },
	{ "https://0x7f000001/",               "plain form" },
	{ "https://0x7F.0.0.1/",               "plain form" },
	{ "https://0177.0.0.1/",               "plain form" },
	{ "https://127.1/",                    "plain form" },
	{ "https://127.0.1/",                  "plain form" },
	{ "https://127.0.0.0x1/",              "plain form" },
	{ "https://0127.0.0.1/",               "plain form" },
	{ "https://127.0.0.01/",               "plain form" },
	{ "https://0/",                        "plain form" },
	{ "https://3232235777/",               "plain form" },
	{ "https://0xa9fea9fe/",               "plain form" },
	{ "https://169.254.43518/",            "plain form" },
	{ "https://425.510.425.510/",          "plain form" },
	{ "https://127.0.0.1.0x0/",            "plain form" },
	{ "https://1.1.1.1.1/",                "plain form" },
	{ "https://example.0x1/",              "plain form" },
	{ "https://134744072/",                "plain form" }, /* 8.8.8.8: outside, but hidden */
	/* dots at the end, in front, doubled */
	{ "https://127.0.0.1./",               "dot" },
	{ "https://localhost./",               "dot" },
	{ "https://cdn.example.com../",        "dot" },
	{ "https://.example.com/",             "dot" },
	{ "https://a..b/",                     "dot" },
	{ "https://./",                        "dot" },
	/* IPv6 */
	{ "https://[::1]/",                    "address" },
	{ "https://[::]/",                     "address" },
	{ "https://[0:0:0:0:0:0:0:1]/",        "address" },
	{ "https://[::ffff:127.0.0.1]/",       "address" },
	{ "https://[::ffff:7f00:1]/",          "address" },
	{ "https://[::127.0.0.1]/",            "address" },
	{ "https://[::ffff:0:127.0.0.1]/",     "address" },
	{ "https://[64:ff9b::7f00:1]/",        "address" },
	{ "https://[2002:7f00:1::]/",          "address" },
	{ "https://[2001:0:7f00:1::]/",        "address" },
	{ "https://[2001:db8::1]/",            "address" },
	{ "https://[fe80::1]/",                "address" },
	{ "https://[fe80::1%25eth0]/",         "" },
	{ "https://[fe80::1%eth0]/",           "" },
	{ "https://[2606:4700::1%251]/",       "" },
	{ "https://[fc00::1]/",                "address" },
	{ "https://[fd12:3456::1]/",           "address" },
	{ "https://[fec0::1]/",                "address" },
	{ "https://[ff02::1]/",                "address" },
	{ "https://[100::1]/",                 "address" },
	{ "https://[fd00:ec2::254]/",          "address" },
	{ "https://[::1/",                     "" },
	{ "https://[v1.x]/",                   "" },
	{ "https://[::1].example.com/",        "" },
	{ "https://[127.0.0.1]/",              "" },
	/* look-alikes and what parsers skip or unfold */
	{ "https://127\xe3\x80\x82" "0\xe3\x80\x82" "0\xe3\x80\x82" "1/", "percent" },
	{ "https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", "percent" },
	{ "https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/", "percent" },
	{ "https://loc\xc4\x85lhost/",         "percent" },
	{ "https://127.0.0.1%2f.example.com/", "" },
	{ "https://%31%32%37.0.0.1/",          "" },
	{ "https://127%2e0%2e0%2e1/",          "" },
	{ "https://loc%61lhost/",              "" },
	{ "https://local\thost/",              "percent" },
	{ "https://a.example/ b",              "percent" },
	{ " https://a.example/",               "percent" },
	{ "https://a.example/\r\nHost: b",     "percent" },
	{ "https://a.example/\x7f",            "percent" },
	{ "https://a,b.example/",              "" },
	{ "https://a*b.example/",              "" },
	{ "https://$(id).example/",            "" },
};
/* clang-format on */

static const struct source_policy plain = { .allow = { .n = 0 } };

START_TEST(public_place_is_taken)
{
	const char *fault = source_fault(&plain, good[_i]);

	ck_assert_msg(!fault, "%s: %s", good[_i], fault);
}
END_TEST

START_TEST(hostile_place_is_refused)
{
	const char *fault = source_fault(&plain, bad[_i].url);

	ck_assert_msg(fault, "%s is taken", bad[_i].url);
	ck_assert_msg(strstr(fault, bad[_i].why), "%s: %s", bad[_i].url, fault);
}
END_TEST

START_TEST(overlong_place_is_refused)
{
	char url[SOURCE_URL_MAX + 2] = "https://a.example/";

	memset(url + strlen(url), 'a', SOURCE_URL_MAX - strlen(url));
	ck_assert_ptr_null(source_fault(&plain, url));
	url[SOURCE_URL_MAX] = 'a';
	ck_assert_ptr_nonnull(strstr(source_fault(&plain, url), "longer"));
	/* a host of 254 characters */
	memset(url, 0, sizeof(url));
	memcpy(url, "https://", 8);
	for (int i = 0; i < 127; i++)
		memcpy(url + 8 + 2 * i, "a.", 2);
	memcpy(url + 8 + 252, "bc/", 3);
	ck_assert_ptr_nonnull(source_fault(&plain, url));
}
END_TEST

START_TEST(rule_opens_its_address_and_port_alone)
{
	struct source_policy p = { .is_http_allowed = true };

	ck_assert_int_eq(address_rules_parse("127.0.0.1:8080 [fd00::]/8:443", &p.allow), 0);
	ck_assert_ptr_null(source_fault(&p, "http://127.0.0.1:8080/a"));
	ck_assert_ptr_null(source_fault(&p, "https://[fd00::7]/a"));
	ck_assert_ptr_null(source_fault(&p, "http://files.intranet:8080/a"));
	ck_assert_ptr_nonnull(source_fault(&p, "http://127.0.0.1:8081/a"));
	ck_assert_ptr_nonnull(source_fault(&p, "http://127.0.0.2:8080/a"));
	ck_assert_ptr_nonnull(source_fault(&p, "http://127.1:8080/a"));
	ck_assert_ptr_nonnull(source_fault(&p, "https://[fd00::7]:8080/a"));
	ck_assert_ptr_nonnull(source_fault(&p, "ftp://127.0.0.1:8080/a"));
}
END_TEST

START_TEST(refusal_names_the_member_and_no_part_of_the_url)
{
	struct problem p = { .kind = PROBLEM_NONE };

	ck_assert_int_eq(source_check(&plain, "/contentUrl", "https://10.1.2.3/?key=tops3cret", &p),
			 -1);
	ck_assert_int_eq(p.kind, PROBLEM_INVALID);
	ck_assert_uint_eq(p.items_n, 1);
	ck_assert_str_eq(p.items[0].pointer, "/contentUrl");
	ck_assert_str_eq(p.items[0].code, "invalid_url");
	ck_assert_ptr_null(strstr(p.items[0].detail, "10.1.2.3"));
	ck_assert_ptr_null(strstr(p.items[0].detail, "tops3cret"));
}
END_TEST

START_TEST(host_and_name_are_told_without_the_query)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *url = "https://cdn.example.com:443/dir/My%20clip.mp4?key=/s3cret.png#x";

	ck_assert_str_eq(source_host(a, url), "cdn.example.com");
	ck_assert_str_eq(source_filename(a, url), "My_20clip.mp4");
	ck_assert_ptr_null(source_filename(a, "https://cdn.example.com/"));
	ck_assert_ptr_null(source_filename(a, "https://cdn.example.com?x=/y"));
	ck_assert_str_eq(source_host(a, "no url"), "");
}
END_TEST

START_TEST(redirect_is_joined_to_where_it_comes_from)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *from = "https://a.example/x/y?z";

	ck_assert_str_eq(source_follow(a, from, "/b"), "https://a.example/b");
	ck_assert_str_eq(source_follow(a, from, "c"), "https://a.example/x/c");
	ck_assert_str_eq(source_follow(a, from, "//b.example/c"), "https://b.example/c");
	ck_assert_str_eq(source_follow(a, from, "http://127.0.0.1/c"), "http://127.0.0.1/c");
	ck_assert_ptr_null(source_follow(a, from, "https://u:p@b.example/"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ public_place_is_taken, (int)ARRAY_LEN(good) },
		{ hostile_place_is_refused, (int)ARRAY_LEN(bad) },
		{ overlong_place_is_refused, 0 },
		{ rule_opens_its_address_and_port_alone, 0 },
		{ refusal_names_the_member_and_no_part_of_the_url, 0 },
		{ host_and_name_are_told_without_the_query, 0 },
		{ redirect_is_joined_to_where_it_comes_from, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "net_source",
		.cases = cases,
	});
}

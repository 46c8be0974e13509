/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/address.h"
#include "support/suite.h"

static struct sockaddr_storage address_of(const char *ip, unsigned port)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, ip, &in4.sin_addr) == 1)
		memcpy(&ss, &in4, sizeof(in4));
	else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1)
		memcpy(&ss, &in6, sizeof(in6));
	else
		ck_abort_msg("not an address: %s", ip);
	return ss;
}

static bool is_global(const char *ip)
{
	struct sockaddr_storage ss = address_of(ip, 443);

	return address_is_global((const struct sockaddr *)&ss);
}

/* What 7.7.7 makes of each first octet: wholly denied blocks are the only ones to fail. */
START_TEST(v4_every_first_octet)
{
	for (unsigned octet = 0; octet < 256; octet++) {
		bool is_denied = octet == 0 || octet == 10 || octet == 127 || octet >= 224;
		char ip[32];

		snprintf(ip, sizeof(ip), "%u.7.7.7", octet);
		ck_assert_msg(is_global(ip) == !is_denied, "%s", ip);
	}
}
END_TEST

static const struct {
	const char *ip;
	bool is_global;
} edges[] = {
	{ "8.8.8.8", true },
	{ "100.63.255.255", true },
	{ "100.64.0.0", false },
	{ "100.127.255.255", false },
	{ "100.128.0.0", true },
	{ "169.253.255.255", true },
	{ "169.254.0.0", false },
	{ "169.254.169.254", false },
	{ "169.255.0.0", true },
	{ "172.15.255.255", true },
	{ "172.16.0.0", false },
	{ "172.31.255.255", false },
	{ "172.32.0.0", true },
	{ "192.0.0.192", false },
	{ "192.0.1.0", true },
	{ "192.0.2.1", false },
	{ "192.0.3.0", true },
	{ "192.88.99.1", false },
	{ "192.88.98.1", true },
	{ "192.167.255.255", true },
	{ "192.168.0.0", false },
	{ "192.169.0.0", true },
	{ "198.17.255.255", true },
	{ "198.18.0.0", false },
	{ "198.19.255.255", false },
	{ "198.20.0.0", true },
	{ "198.51.100.9", false },
	{ "203.0.113.9", false },
	{ "223.255.255.255", true },
	{ "255.255.255.255", false },
	{ "2606:4700:4700::1111", true },
	{ "2001:4860:4860::8888", true },
	{ "::", false },
	{ "::1", false },
	{ "::127.0.0.1", false },
	{ "::ffff:127.0.0.1", false },
	{ "::ffff:8.8.8.8", true },
	{ "::ffff:a9fe:a9fe", false },
	{ "64:ff9b::a9fe:a9fe", false },
	{ "64:ff9b:1::1", false },
	{ "100::1", false },
	{ "2001::1", false },
	{ "2001:0:7f00:1::1", false },
	{ "2001:1ff::1", false },
	{ "2001:200::1", true },
	{ "2001:db8::1", false },
	{ "2002:7f00:1::", false },
	{ "2003::1", true },
	{ "3fff::1", false },
	{ "3fff:fff::1", false },
	{ "3fff:1000::1", true },
	{ "4000::1", false },
	{ "1fff::1", false },
	{ "fc00::1", false },
	{ "fd00:ec2::254", false },
	{ "fe80::1", false },
	{ "fea0::1", false },
	{ "fec0::1", false },
	{ "ff02::1", false },
};

START_TEST(address_is_judged_at_every_edge)
{
	ck_assert_msg(is_global(edges[_i].ip) == edges[_i].is_global, "%s", edges[_i].ip);
	ck_assert_msg(address_text_is_allowed(edges[_i].ip, 443, NULL) == edges[_i].is_global,
		      "%s as text", edges[_i].ip);
}
END_TEST

START_TEST(other_families_are_refused)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };

	ck_assert(!address_is_global(&sa));
	ck_assert(!address_is_allowed(&sa, NULL));
	ck_assert(!address_text_is_allowed("/run/socket", 443, NULL));
	ck_assert(!address_text_is_allowed("", 443, NULL));
	ck_assert(!address_text_is_allowed("fe80::1%eth0", 443, NULL));
}
END_TEST

static const struct {
	const char *rules, *ip;
	unsigned port;
	bool is_allowed;
} allowed[] = {
	{ "", "8.8.8.8", 443, true },
	{ "", "8.8.8.8", 80, true },
	{ "", "8.8.8.8", 22, false },
	{ "", "127.0.0.1", 443, false },
	{ "127.0.0.1", "127.0.0.1", 9, true },
	{ "127.0.0.1", "127.0.0.2", 9, false },
	{ "127.0.0.0/8:8080", "127.9.9.9", 8080, true },
	{ "127.0.0.0/8:8080", "127.9.9.9", 8081, false },
	{ "127.0.0.0/8:8080", "::ffff:127.0.0.1", 8080, true },
	{ "10.0.0.0/9, 127.0.0.1:1", "10.127.0.1", 5, true },
	{ "10.0.0.0/9, 127.0.0.1:1", "10.128.0.1", 5, false },
	{ "[fd00::]/8:443 ::1", "::1", 77, false }, /* bare IPv6 needs brackets: list is refused */
	{ "[fd00::]/8:443 [::1]", "fdff::1", 443, true },
	{ "[fd00::]/8:443 [::1]", "::1", 77, true },
	{ "0.0.0.0/0", "10.0.0.1", 22, true },
	{ "0.0.0.0/0", "fd00::1", 22, false },
};

START_TEST(rules_open_what_they_name)
{
	struct address_rules rules = { 0 };
	struct sockaddr_storage ss = address_of(allowed[_i].ip, allowed[_i].port);
	int r = address_rules_parse(allowed[_i].rules, &rules);

	if (r < 0)
		rules.n = 0;
	ck_assert_msg(address_is_allowed((const struct sockaddr *)&ss, &rules) ==
			      allowed[_i].is_allowed,
		      "%s with \"%s\"", allowed[_i].ip, allowed[_i].rules);
}
END_TEST

static const char *const malformed[] = {
	"x",
	"127.0.0.1/33",
	"127.0.0.1/",
	"127.0.0.1:",
	"127.0.0.1:65536",
	"127.0.0.1:-1",
	"127.1",
	"0x7f.0.0.1",
	"[::1",
	"[::1]/129",
	"[]",
	"/8",
	"127.0.0.1/8/8",
	"127.0.0.1:80x",
	"127.0.0.1/+8",
	"10.0.0.0/8 nonsense",
	"[::1]x",
	"::1",
};

START_TEST(rules_malformed_are_refused)
{
	struct address_rules rules;

	ck_assert_msg(address_rules_parse(malformed[_i], &rules) < 0, "%s", malformed[_i]);
}
END_TEST

START_TEST(rules_too_many_are_refused)
{
	struct address_rules rules;
	char text[ADDRESS_RULES_MAX * 16 + 32] = "";
	size_t len = 0;

	for (int i = 0; i <= ADDRESS_RULES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "10.0.0.%d ", i);
	ck_assert_int_lt(address_rules_parse(text, &rules), 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ v4_every_first_octet, 0 },
		{ address_is_judged_at_every_edge, (int)ARRAY_LEN(edges) },
		{ other_families_are_refused, 0 },
		{ rules_open_what_they_name, (int)ARRAY_LEN(allowed) },
		{ rules_malformed_are_refused, (int)ARRAY_LEN(malformed) },
		{ rules_too_many_are_refused, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "net_address",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct network {
	uint8_t bytes[16];
	unsigned prefix;
};

/* clang-format off */
static const struct network denied_v4[] = {
	{ { 0 },             8 },  /* this network */
	{ { 10 },            8 },  /* private */
	{ { 100, 64 },       10 }, /* carrier-grade NAT */
	{ { 127 },           8 },  /* loopback */
	{ { 169, 254 },      16 }, /* link-local, cloud metadata */
	{ { 172, 16 },       12 }, /* private */
	{ { 192, 0, 0 },     24 }, /* protocol assignments */
	{ { 192, 0, 2 },     24 }, /* documentation */
	{ { 192, 88, 99 },   24 }, /* 6to4 relay */
	{ { 192, 168 },      16 }, /* private */
	{ { 198, 18 },       15 }, /* benchmarks */
	{ { 198, 51, 100 },  24 }, /* documentation */
	{ { 203, 0, 113 },   24 }, /* documentation */
	{ { 224 },           3 },  /* multicast, reserved, broadcast */
};
/* Only 2000::/3 is global unicast; these are the holes in it. All else falls out by itself. */
static const struct network global_v6 = { { 0x20 }, 3 };
static const struct network denied_v6[] = {
	{ { 0x20, 0x01 },             23 }, /* Teredo, ORCHID, benchmarks, other assignments */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02 },             16 }, /* 6to4 */
	{ { 0x3f, 0xff },             20 }, /* documentation */
};
/* clang-format on */

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool network_holds(const uint8_t *net, unsigned prefix, const uint8_t *addr)
{
	size_t whole = prefix / 8;
	unsigned rest = prefix % 8;
	unsigned mask = rest == 0 ? 0 : (0xffU << (8 - rest)) & 0xffU;

	if (memcmp(net, addr, whole) != 0)
		return false;
	return mask == 0 || ((net[whole] ^ addr[whole]) & mask) == 0;
}

static bool any_holds(const struct network *v, size_t n, const uint8_t *addr)
{
	for (size_t i = 0; i < n; i++) {
		if (network_holds(v[i].bytes, v[i].prefix, addr))
			return true;
	}
	return false;
}

/* Both families as 16 bytes, IPv4 in its mapped form, so that one spelling is judged. */
static bool address_bytes(const struct sockaddr *sa, uint8_t ret[static 16], unsigned *ret_port)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in4, sa, sizeof(in4));
		memcpy(ret, v4_mapped, sizeof(v4_mapped));
		memcpy(ret + 12, &in4.sin_addr, 4);
		*ret_port = ntohs(in4.sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(ret, &in6.sin6_addr, 16);
		*ret_port = ntohs(in6.sin6_port);
		return true;
	}
	return false;
}

static bool bytes_are_global(const uint8_t *b)
{
	if (memcmp(b, v4_mapped, sizeof(v4_mapped)) == 0)
		return !any_holds(denied_v4, ARRAY_LEN(denied_v4), b + 12);
	return network_holds(global_v6.bytes, global_v6.prefix, b) &&
	       !any_holds(denied_v6, ARRAY_LEN(denied_v6), b);
}

static bool rules_hold(const struct address_rules *rules, const uint8_t *b, unsigned port)
{
	for (size_t i = 0; rules && i < rules->n; i++) {
		const struct address_rule *r = &rules->v[i];

		if ((r->port == 0 || r->port == port) && network_holds(r->net, r->prefix, b))
			return true;
	}
	return false;
}

static bool bytes_are_allowed(const uint8_t *b, unsigned port, const struct address_rules *rules)
{
	if ((port == 80 || port == 443) && bytes_are_global(b))
		return true;
	return rules_hold(rules, b, port);
}

bool address_is_global(const struct sockaddr *sa)
{
	uint8_t b[16];
	unsigned port;

	return address_bytes(sa, b, &port) && bytes_are_global(b);
}

bool address_is_allowed(const struct sockaddr *sa, const struct address_rules *rules)
{
	uint8_t b[16];
	unsigned port;

	return address_bytes(sa, b, &port) && bytes_are_allowed(b, port, rules);
}

/* IPv4 becomes mapped; *ret_base is what its prefix lengths count from. */
static bool text_bytes(const char *ip, uint8_t ret[static 16], unsigned *ret_base)
{
	memcpy(ret, v4_mapped, sizeof(v4_mapped));
	*ret_base = 96;
	if (inet_pton(AF_INET, ip, ret + 12) == 1)
		return true;
	*ret_base = 0;
	return inet_pton(AF_INET6, ip, ret) == 1;
}

bool address_text_is_allowed(const char *ip, unsigned port, const struct address_rules *rules)
{
	char bare[INET6_ADDRSTRLEN + 1] = "";
	size_t len = strcspn(ip, "%"); /* a zone id is no part of the address */
	uint8_t b[16];
	unsigned base;

	if (len >= sizeof(bare))
		return false;
	memcpy(bare, ip, len);
	return text_bytes(bare, b, &base) && bytes_are_allowed(b, port, rules);
}

/* Decimal digits only, so that no sign, space or 0x slips in. */
static int number_parse(const char *s, size_t len, unsigned most, unsigned *ret)
{
	unsigned value = 0;

	if (len == 0 || len > 5)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(s[i] - '0');
	}
	if (value > most)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* The address of an item, bare or in brackets; *ret_rest is what follows it. */
static int item_host(const char *item, size_t len, char ret[static INET6_ADDRSTRLEN],
		     const char **ret_rest)
{
	bool is_bracketed = len > 0 && item[0] == '[';
	const char *start = item + is_bracketed;
	size_t n = strcspn(start, is_bracketed ? "]" : "/: ,");

	if (n == 0 || n >= INET6_ADDRSTRLEN || n + is_bracketed > len)
		return -EINVAL;
	if (is_bracketed && start[n] != ']')
		return -EINVAL;
	memcpy(ret, start, n);
	ret[n] = '\0';
	*ret_rest = start + n + is_bracketed;
	return 0;
}

static int item_parse(const char *item, size_t len, struct address_rule *ret)
{
	const char *end = item + len, *rest = NULL;
	char host[INET6_ADDRSTRLEN];
	unsigned base, width;

	if (item_host(item, len, host, &rest) < 0 || !text_bytes(host, ret->net, &base))
		return -EINVAL;
	width = 128 - base;
	ret->port = 0;
	if (rest < end && *rest == '/') {
		size_t n = strcspn(rest + 1, ": ,");

		if (number_parse(rest + 1, n, 128 - base, &width) < 0)
			return -EINVAL;
		rest += 1 + n;
	}
	ret->prefix = base + width;
	if (rest < end && *rest == ':')
		return number_parse(rest + 1, (size_t)(end - rest - 1), 65535, &ret->port);
	return rest == end ? 0 : -EINVAL;
}

int address_rules_parse(const char *text, struct address_rules *ret)
{
	static const char gaps[] = " ,\t\n";

	ret->n = 0;
	for (const char *p = text + strspn(text, gaps); *p; p += strspn(p, gaps)) {
		size_t len = strcspn(p, gaps);

		if (ret->n == ADDRESS_RULES_MAX)
			return -E2BIG;
		if (item_parse(p, len, &ret->v[ret->n]) < 0)
			return -EINVAL;
		ret->n++;
		p += len;
	}
	return 0;
}

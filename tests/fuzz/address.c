/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of an operator on a line, a port on the next, then addresses, one a line. */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"

/* The same address in other words. */
static void v4_spellings(struct arena *a, const struct in_addr *v4, char *ret[3])
{
	const uint8_t *b = (const uint8_t *)v4;

	ret[0] = arena_printf(a, "::ffff:%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	ret[1] = arena_printf(a, "::FFFF:%02x%02x:%x", b[0], b[1], b[2] << 8 | b[3]);
	ret[2] = arena_printf(a, "0:0:0:0:0:ffff:%x:%x", b[0] << 8 | b[1], b[2] << 8 | b[3]);
}

static void v4_look(struct arena *a, const char *text, unsigned port,
		    const struct address_rules *rules)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	bool is_allowed = address_text_is_allowed(text, port, rules);
	char *others[3];

	if (inet_pton(AF_INET, text, &sa.sin_addr) != 1)
		return;
	v4_spellings(a, &sa.sin_addr, others);
	for (size_t i = 0; i < 3; i++)
		MUST(address_text_is_allowed(others[i], port, rules) == is_allowed);
	MUST(address_is_allowed((struct sockaddr *)&sa, rules) == is_allowed);
	MUST(!address_is_allowed((struct sockaddr *)&sa, NULL) ||
	     address_is_global((struct sockaddr *)&sa));
}

static void v6_look(struct arena *a, const char *text, unsigned port,
		    const struct address_rules *rules)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool is_allowed = address_text_is_allowed(text, port, rules);
	char plain[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, text, &sa.sin6_addr) != 1)
		return;
	MUST(inet_ntop(AF_INET6, &sa.sin6_addr, plain, sizeof(plain)));
	MUST(address_text_is_allowed(plain, port, rules) == is_allowed);
	MUST(address_text_is_allowed(arena_printf(a, "%s%%eth0", plain), port, rules) ==
	     is_allowed);
	MUST(address_is_allowed((struct sockaddr *)&sa, rules) == is_allowed);
}

static void rules_look(struct arena *a, const struct address_rules *rules)
{
	char text[INET6_ADDRSTRLEN];
	struct address_rules again;

	MUST(rules->n <= ADDRESS_RULES_MAX);
	for (size_t i = 0; i < rules->n; i++) {
		const struct address_rule *r = &rules->v[i];

		MUST(r->prefix <= 128 && r->port <= 65535);
		MUST(inet_ntop(AF_INET6, r->net, text, sizeof(text)));
		MUST(address_text_is_allowed(text, r->port ? r->port : 1, rules));
		/* An IPv4 network is written as one, or its prefix would count from the front. */
		if (strchr(text, '.'))
			continue;
		MUST(address_rules_parse(arena_printf(a, "[%s]/%u:%u", text, r->prefix, r->port),
					 &again) == 0);
		MUST(memcmp(again.v[0].net, r->net, 16) == 0 && again.v[0].prefix == r->prefix &&
		     again.v[0].port == r->port);
	}
}

void fuzz_address(struct input *in)
{
	struct address_rules rules, none = { 0 };
	const char *list = input_line(in), *text;
	unsigned port = (unsigned)input_number(in) & 0xffff;
	bool is_read = address_rules_parse(list, &rules) == 0;

	if (is_read)
		rules_look(in->arena, &rules);
	while (in->n) {
		text = input_line(in);
		v4_look(in->arena, text, port, is_read ? &rules : NULL);
		v6_look(in->arena, text, port, is_read ? &rules : NULL);
		MUST(address_text_is_allowed(text, port, &none) ==
		     address_text_is_allowed(text, port, NULL));
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address - which socket addresses a URL given by a user may lead to; pure
 * Layer net. Deny by default: only global unicast, at the default port of the scheme, and what
 * the operator has allowed by rule. Judged on the address really connected to, so neither odd
 * spellings nor rebinding DNS answers get around it.
 * Source: IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), read 2026-11.
 */
#ifndef CARILLON_NET_ADDRESS_H
#define CARILLON_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_RULES_MAX 32

struct address_rule { /* one allowed network; IPv4 is kept as ::ffff:a.b.c.d */
	uint8_t net[16];
	unsigned prefix; /* 0..128 */
	unsigned port;   /* 0: any */
};

struct address_rules {
	size_t n;
	struct address_rule v[ADDRESS_RULES_MAX];
};

/*
 * "CIDR[:port]" items separated by spaces or commas: 10.0.0.0/8:8080, [fd00::]/8:443, 127.0.0.1.
 * -EINVAL: malformed, -E2BIG: too many. Nothing of *ret is to be used after an error.
 */
int address_rules_parse(const char *text, struct address_rules *ret);

/* Global unicast, by address alone. Any other family than IPv4 and IPv6: false. */
bool address_is_global(const struct sockaddr *sa);

/* The whole policy: global unicast at port 80 or 443, or within a rule. rules may be NULL. */
bool address_is_allowed(const struct sockaddr *sa, const struct address_rules *rules);

/* Same for an address in text, as libcurl reports the peer. */
bool address_text_is_allowed(const char *ip, unsigned port, const struct address_rules *rules);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of an operator on a line, then a URL, then where a redirect of it leads. */
#include "net/source.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "fuzz/fuzz.h"

/*
 * What the system's resolver takes for an address without asking anybody is judged here already, in
 * whatever way it is written.
 */
static void host_look(struct arena *a, const struct source_policy *policy, const char *url)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	const char *host = source_host(a, url);
	struct addrinfo *found = NULL;
	struct sockaddr_storage to;
	size_t n = strlen(host);

	MUST(n > 0);
	if (*host == '[' && host[n - 1] == ']')
		host = arena_strndup(a, host + 1, n - 2);
	if (getaddrinfo(host, "443", &hints, &found) != 0)
		return;
	memcpy(&to, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	MUST(address_is_global((struct sockaddr *)&to) || policy->allow.n > 0);
}

void fuzz_source(struct input *in)
{
	struct source_policy policy = { .is_http_allowed = true };
	struct source_policy strict = { .is_http_allowed = false };
	const char *rules = input_line(in), *url = input_line(in), *to = input_line(in);
	const char *name, *next;

	if (address_rules_parse(rules, &policy.allow) < 0)
		policy.allow.n = 0;
	if (!source_fault(&policy, url))
		host_look(in->arena, &policy, url);
	if (!source_fault(&strict, url)) {
		MUST(strncasecmp(url, "https://", 8) == 0);
		MUST(!source_fault(&policy, url));
		MUST(strlen(url) <= SOURCE_URL_MAX && !strchr(source_host(in->arena, url), '@'));
	}
	name = source_filename(in->arena, url);
	MUST(!name || (*name && !strpbrk(name, "/\\?#%\r\n")));
	next = source_follow(in->arena, url, to);
	if (next && !source_fault(&policy, next))
		host_look(in->arena, &policy, next);
}

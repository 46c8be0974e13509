/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source - URLs that users give as the place of a file: what can be said before anything is asked
 * Layer net; pure, looks nothing up. Whoever takes such a URL in, by any route, checks it here:
 *
 *	struct source_policy policy;
 *	source_policy_read(cfg, &policy, reterr)                  once, or per request
 *	source_check(&policy, "/contentUrl", url, reterr)         -1: an item at that pointer
 *
 * Refused are other schemes than https (and http where [fetch] http says so), user names,
 * ports that no rule opens, and addresses inside: written plainly, or as decimal, octal, hex,
 * short or mapped spellings, with zone ids, or with look-alikes of dots and digits. Names are not
 * looked up here: what they lead to is judged when it is connected to (net/address.h, in the
 * client), at every hop.
 */
#ifndef CARILLON_NET_SOURCE_H
#define CARILLON_NET_SOURCE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/problem.h"
#include "net/address.h"

struct config;

#define SOURCE_URL_MAX 2048

struct source_policy {
	struct address_rules allow; /* beside the public internet at ports 80 and 443 */
	bool is_http_allowed;
};

/* PROBLEM_NOT_CONFIGURED when [fetch] allow cannot be read. */
int source_policy_read(const struct config *cfg, struct source_policy *ret, struct problem *reterr);

/* NULL: may be fetched; else why not, for the user: never a part of the URL. */
const char *source_fault(const struct source_policy *policy, const char *url);
/* The same as an item of a problem (PROBLEM_INVALID, code invalid_url); 0 or -1. */
int source_check(const struct source_policy *policy, const char *pointer, const char *url,
		 struct problem *reterr);

/* What may be told of a URL whose path or query can be a secret: its host; "" unreadable. */
const char *source_host(struct arena *a, const char *url);
/* The last segment of its path as a file's name; NULL none. */
const char *source_filename(struct arena *a, const char *url);
/* Where a redirect leads; NULL: nowhere that can be read. */
const char *source_follow(struct arena *a, const char *url, const char *location);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twitter_text - how long a text is as X counts it, and where its links are; pure
 * Layer platform. Source: twitter-text configuration v3 (weight 1 for U+0000-10FF, U+2000-200D,
 * U+2010-201F and U+2032-2037, 2 for all others, 2 for an emoji sequence, 23 for a link), counted
 * on the NFC form. Sequences that a newer Unicode adds are taken as one emoji.
 */
#ifndef CARILLON_PLATFORM_TWITTER_TEXT_H
#define CARILLON_PLATFORM_TWITTER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct twitter_measure {
	int64_t length; /* weighted */
	size_t links, cashtags;
	bool has_forbidden; /* U+FFFE, U+FEFF or U+FFFF */
};

/* text: valid UTF-8 */
void twitter_measure(struct arena *a, const char *text, struct twitter_measure *ret);

/*
 * Whether a link begins at p[at]. Text of other scripts before a bare domain belongs to the match, and
 * several links may stand in it.
 */
struct twitter_link {
	size_t end; /* index behind all of it */
	size_t links;
	int64_t weight; /* of everything from at to end */
};
bool twitter_link_at(const uint32_t *p, size_t n, size_t at, struct twitter_link *ret);
/* Weight of one code point that belongs to neither link nor emoji: 1 or 2. */
int64_t twitter_point_weight(uint32_t c);

#endif

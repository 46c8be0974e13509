/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexicon - whether a value fits what a lexicon of the AT Protocol says of it
 * Tests only. The documents are not part of the source; they lie below the folder that
 * CARILLON_CONTRACTS names, as bluesky/lexicons/app/bsky/feed/post.json and the like. Understood are
 * object, record, array, string, integer, boolean, blob, ref and union, with required, maxLength,
 * minimum, maximum, maxGraphemes, accept, maxSize and the formats that posts use. What a definition
 * does not name is refused, too, although the network would let it pass.
 */
#ifndef CARILLON_TESTS_LEXICON_H
#define CARILLON_TESTS_LEXICON_H

#include <jansson.h>

#include "base/arena.h"

/* Documents that were read, by their ids; NULL, and says so: there are none. Caller frees. */
json_t *lexicon_open(void);

/*
 * ref: "app.bsky.feed.post" or "app.bsky.embed.images#image". The first thing that does not fit,
 * e.g. "/embed/images/0/alt: is missing"; NULL: it fits.
 */
const char *lexicon_fault(struct arena *a, json_t *documents, const char *ref, const json_t *value);

#endif

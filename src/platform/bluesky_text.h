/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bluesky_text - which parts of a text are links, mentions and tags; pure
 * Layer platform. Offsets are bytes of the UTF-8 text, as app.bsky.richtext.facet counts them.
 * Source: docs.bsky.app "Links, mentions, and rich text"; detectFacets of @atproto/api, beyond
 * which hyphens in bare domains and several closing marks are understood.
 */
#ifndef CARILLON_PLATFORM_BLUESKY_TEXT_H
#define CARILLON_PLATFORM_BLUESKY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define BLUESKY_TAG_GRAPHEMES 64
#define BLUESKY_TAG_BYTES     640

enum bluesky_facet_kind { FACET_LINK, FACET_MENTION, FACET_TAG };

struct bluesky_facet {
	enum bluesky_facet_kind kind;
	size_t from, to;   /* bytes */
	const char *value; /* an URL, a handle in lower case, a tag without its # */
};

/* In order; text: valid UTF-8. How many there are. */
size_t bluesky_facets(struct arena *a, const char *text, const struct bluesky_facet **ret);
/* A host name of letters, digits and hyphens, with at least one dot. */
bool bluesky_is_handle(const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread - a post that becomes several, each an answer to the one before; pure
 * Layer platform. The option `thread` holds the posts below the first, each a text or {text, media};
 * media are places of the content's media, which the first post would otherwise have. The parts take
 * them in order, so that each part's media lie together.
 */
#ifndef CARILLON_PLATFORM_THREAD_H
#define CARILLON_PLATFORM_THREAD_H

#include "platform/platform.h"

/* See struct platform.part. */
size_t thread_part(const struct publication *post, size_t i, struct publication *ret);
/* Index of a part's first item among all media of the post. */
size_t thread_first(const struct publication *post, const struct publication *part);
/* False: the option makes no thread of at most so many posts, and the findings say why. at: "overrides/..". */
bool thread_check(const struct publication *post, const char *at, int64_t most,
		  struct findings *ret);

#endif

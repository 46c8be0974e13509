/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results - what the adapters have in common when they read how posts were received; pure
 * Layer platform. When a post is read follows from its age alone: the platform's setting names the
 * ages, or the usual ones hold. Each age is good for one reading.
 */
#ifndef CARILLON_PLATFORM_RESULTS_H
#define CARILLON_PLATFORM_RESULTS_H

#include "platform/platform.h"

#define RESULTS_AGES_H "1 24 72 168" /* where the platform has no setting for it */

/* Whether the post is old enough for a first reading. */
bool results_is_due(const struct platform_app *app, int64_t published_us, int64_t now_us);
/* The next age after now; INSTANT_NONE: there is none. */
int64_t results_next_us(const struct platform_app *app, int64_t published_us, int64_t now_us);

/* Posts whose id is no number are nothing to ask for: marks them GONE. How many are left. */
size_t results_keep_numbered(struct results_reading *r);
/* Those that are not GONE, with commas between. */
const char *results_ids(const struct results_reading *r);
/* NULL: nobody asked for it. */
struct results_post *results_post_of(const struct results_reading *r, const char *id);
/* A count; -1: none, or no number that could be one. */
int64_t results_count(const json_t *counts, const char *key);

#endif

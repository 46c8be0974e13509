/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attempt_view - what was tried for a post and what came of it, in words
 * Layer api.
 */
#ifndef CARILLON_API_ATTEMPT_VIEW_H
#define CARILLON_API_ATTEMPT_VIEW_H

#include "store/attemptlog.h"
#include "json/emit.h"
#include "json/schema.h"

extern const struct schema attempt_view_schema; /* PublishAttempt */

void attempt_view_emit(struct emit *e, const char *key, const struct attempt_entries *attempts);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overrides - what a content or a post may say differently for one platform
 * Layer api. Members stand in one table; what is given reaches the platform exactly as submitted.
 */
#ifndef CARILLON_API_OVERRIDES_H
#define CARILLON_API_OVERRIDES_H

#include <jansson.h>

#include "base/arena.h"
#include "base/problem.h"

/* {platform: {...}}; adds an item per wrong member under `at`. */
void overrides_check_all(struct arena *a, const json_t *value, const char *at,
			 struct problem *reterr);
/* {...} of one platform */
void overrides_check(struct arena *a, const json_t *value, const char *at, struct problem *reterr);
/* Compact JSON in the arena; NULL for JSON null or nothing. */
const char *overrides_text(struct arena *a, const json_t *value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep - JSON values that live as long as an arena
 * Layer json.
 */
#ifndef CARILLON_JSON_KEEP_H
#define CARILLON_JSON_KEEP_H

#include <jansson.h>

#include "base/arena.h"

/* Takes the reference over and gives the value back; NULL stays NULL. */
json_t *json_keep(struct arena *a, json_t *value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "json/keep.h"

static void release(void *value)
{
	json_decref(value);
}

json_t *json_keep(struct arena *a, json_t *value)
{
	if (value)
		arena_defer(a, release, value);
	return value;
}

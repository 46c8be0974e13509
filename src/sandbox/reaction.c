/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/reaction.h"

#include <string.h>

#define SIZES 900

struct reaction sandbox_reaction(const struct object *o)
{
	uint32_t mix = 2166136261U; /* FNV-1a */
	int64_t size;

	for (const char *at = o->platform->name; *at != '\0'; at++)
		mix = (mix ^ (unsigned char)*at) * 16777619U;
	for (const char *at = o->id; *at != '\0'; at++)
		mix = (mix ^ (unsigned char)*at) * 16777619U;
	size = 100 + (int64_t)(mix % SIZES);
	return (struct reaction){
		.views = size * 100 + 5,
		.likes = size * 10 + 4,
		.comments = size + 3,
		.shares = size / 2 + 2,
		.saves = size / 4 + 1,
	};
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reaction - how a published object was received
 * Layer sandbox. Made up from platform and id: never nothing, always the same, and each number
 * unlike the others, so that who confuses two of them is found out. GET /_control/objects tells it.
 */
#ifndef CARILLON_SANDBOX_REACTION_H
#define CARILLON_SANDBOX_REACTION_H

#include "sandbox/world.h"

struct reaction {
	int64_t views, likes, comments, shares, saves;
};

struct reaction sandbox_reaction(const struct object *o);

#endif

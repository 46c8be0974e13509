/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenancy_world - a workspace that owns one of everything that has an id
 * Tests only. Nothing of it is due, so no runner touches it. Errors end the case.
 */
#ifndef CARILLON_TESTS_TENANCY_WORLD_H
#define CARILLON_TESTS_TENANCY_WORLD_H

#include "support/client.h"

enum thing {
	THING_WORKSPACE,
	THING_MEMBER,
	THING_KEY,
	THING_CHARACTER,
	THING_ACCOUNT, /* at X */
	THING_PINNER,  /* an account at Pinterest */
	THING_TIKTOK,  /* and one at TikTok */
	THING_MEDIUM,
	THING_FETCH, /* a medium that is still to be fetched */
	THING_SOUND,
	THING_CONTENT,
	THING_POST,
	THING_DOUBT, /* an unconfirmed post */
	THING_CALENDAR,
	THING_WEBHOOK,
	THING_EVENT,
	THING_DELIVERY,
	THING_FLOW, /* a connect flow at Instagram that waits for a choice */
	THINGS
};
#define THING_NAME_MAX 16

struct world {
	struct persona p; /* its owner */
	char ids[THINGS][64];
};

extern const char *const thing_names[THINGS + 1]; /* as texts name them: "@account" */

void world_make(struct world *ret);
/* Ids of the same shape that nobody has. */
void world_of_nobody(struct world *ret, const struct world *like);
/* The text with "@account" and the like as ids of w, the nth of them of `other`; caller frees. */
char *world_fill(const char *text, const struct world *w, const struct world *other, int nth);
/* Every row that belongs to the workspace, a line a table; caller frees. */
char *world_rows(const struct world *w);

#endif

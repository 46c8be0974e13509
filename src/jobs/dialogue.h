/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialogue - an adapter's steps about one account, carried out on the engine's loop
 * Layer jobs; what src/api/dialogue.h is for a request. A job keeps its dialogues in one struct
 * dialogues; its own struct begins with struct dialogue and is made by dialogue_new().
 */
#ifndef CARILLON_JOBS_DIALOGUE_H
#define CARILLON_JOBS_DIALOGUE_H

#include "app.h"
#include "base/arena.h"
#include "platform/platform.h"
#include "store/accounts.h"
#include "store/tokens.h"

struct dialogue {
	struct dialogues *all;
	struct arena *arena; /* lives as long as the dialogue */
	const char *workspace;
	struct account row;
	struct tokens tokens;
	struct platform_app app;
	struct platform_account account;
	json_t *memo;
	struct step_result step;
	struct dialogue *next;
};

struct dialogues {
	struct app *app;
	struct dialogue *list;
	size_t n;
	int64_t now_us; /* of the last tick */
	/* The adapter's step, d->step cleared before. */
	enum step (*ask)(struct dialogue *d, const struct http_reply *last);
	/* d->step tells how it ended, unless the adapter asked to wait. */
	void (*end)(struct dialogue *d, enum step step);
};

/* size: of the job's struct, which is zeroed but for its dialogue. */
struct dialogue *dialogue_new(struct dialogues *all, size_t size, const char *workspace);
/* Row, tokens, app, account and memo; *ret NULL: the platform is not known here. */
int dialogue_open(struct dialogue *d, const char *account_id, const struct platform **ret,
		  struct problem *reterr);
/* Asks; the dialogue frees itself once it has ended, perhaps before this returns. */
void dialogue_begin(struct dialogue *d);
void dialogue_free(struct dialogue *d);
void dialogues_free(struct dialogues *all); /* after the network is closed */
bool dialogues_are_busy(void *all);         /* for struct engine_job */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage - a workspace of its own with a character, accounts and contents, for tests of scheduling
 * Accounts and contents are rows as connecting and approving would leave them, made in one go.
 */
#ifndef CARILLON_TESTS_STAGE_H
#define CARILLON_TESTS_STAGE_H

#include "support/client.h"

struct stage {
	struct persona p;
	char character[64];
};

/* character: the body of POST /characters. */
void stage_make(struct stage *ret, const char *character);
/* A connected live account; mark is its username. */
void stage_account(const struct stage *s, const char *platform, const char *mark);
/* n approved texts of the character, at most 10000; once a stage. */
void stage_texts(const struct stage *s, int n);
/* How many posts the workspace has. */
int64_t stage_posts(const struct stage *s);

#endif

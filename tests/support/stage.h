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
/* All of it at once: an account of X and so many texts. */
void stage_writer(struct stage *ret, const char *character, int texts);
/* Such a writer with `n` posts, one a day at ten, from 2027-06-01 on in this zone. */
void stage_daily(struct stage *ret, int n, const char *zone);
/* POST /schedule/generate for its character; more: further members, each behind a comma, or "". */
struct answer *stage_generate(const struct stage *s, const char *more);
struct answer *stage_get(const struct stage *s, const char *path);
struct answer *stage_post(const struct stage *s, const char *path, const char *body);
char *stage_account_id(const struct stage *s); /* the first one; caller frees */
/* A text of the i-th post of a list. */
const char *stage_listed(const struct answer *a, size_t i, const char *name);
/* How many posts the workspace has. */
int64_t stage_posts(const struct stage *s);

#endif

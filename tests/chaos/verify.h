/* SPDX-License-Identifier: Apache-2.0 */
/* verify - a round's rows beside its truth log, as the files see them that compare */
#ifndef CARILLON_TESTS_CHAOS_VERIFY_H
#define CARILLON_TESTS_CHAOS_VERIFY_H

#include <mysql.h>

#include "chaos.h"

struct object {
	int64_t us;
	int account;  /* of the rig; -1: nobody's */
	bool is_gone; /* deleted, or nobody can see it yet */
	char id[80], caption[64], sha[72];
};

struct row { /* of a post */
	enum post_state state;
	int64_t first_sent_us, last_deadline_us; /* 0: never */
	int objects;
};

struct matter {
	struct campaign *c;
	MYSQL *my;
	struct row *rows; /* as c->posts */
	struct object *objects;
	size_t objects_n;
	char remotes[CHAOS_ACCOUNTS][80];
	/* Of each account's posts of one caption: unconfirmed ones; objects beyond the published. */
	int alike_open[CHAOS_ACCOUNTS], alike_more[CHAOS_ACCOUNTS];
};

/* All rows as text; -1: the database does not answer. */
int verify_each(MYSQL *my, const char *sql, void (*row)(void *arg, char **v), void *arg);

/* doubts.c: why each unconfirmed post is; true: of one no reason was found. After all else. */
bool chaos_examine(struct matter *m);

#endif

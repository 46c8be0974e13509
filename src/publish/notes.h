/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes - what the replies of one turn say about platforms: do they answer?
 * Layer publish. Pure. Only faults in a row count: one answer shows that the platform is there,
 * however many of the calls beside it failed.
 */
#ifndef CARILLON_PUBLISH_NOTES_H
#define CARILLON_PUBLISH_NOTES_H

#include <stdbool.h>
#include <stddef.h>

#include "store/limits.h"

#define NOTES_MAX        64 /* platforms x modes x classes, and servers; more are not noted */
#define NOTES_SERVER_MAX 300

struct note {
	struct breaker_key key; /* borrowed name of the platform */
	char server[NOTES_SERVER_MAX];
	bool has_answer; /* at least one */
	int faults;      /* since the last answer, or of all */
};

struct notes {
	struct note v[NOTES_MAX];
	size_t n;
};

/* One reply; in the order in which they came. */
void notes_add(struct notes *n, const struct breaker_key *key, bool is_fault);

#endif

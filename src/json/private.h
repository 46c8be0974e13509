/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private - what the files of this folder share
 * Layer json. A path is a chain on the stack that is printed only when something is wrong.
 */
#ifndef CARILLON_JSON_PRIVATE_H
#define CARILLON_JSON_PRIVATE_H

#include "json/schema.h"

struct binding {
	struct arena *arena;
	struct problem *reterr;
};

struct path {
	const struct path *up; /* NULL: the root, whose name is a printed prefix */
	const char *name;      /* NULL: an array item */
	size_t index;
};

/* Adds one wrong value to the problem; always -1. */
int path_refuse(const struct binding *b, const struct path *at, const char *code, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));

/* Binds one value (not null) to the struct member at `to`. Errors: -1 after path_refuse(). */
int field_bind(const struct binding *b, const struct field *f, json_t *value, const struct path *at,
	       void *to);
/* The value of a member that is absent or null, where zero bytes would mean something else. */
void field_default(const struct field *f, void *to);

/* Binds a whole object to the struct at `to`, which is zeroed. */
int object_bind(const struct binding *b, const struct schema *s, json_t *value,
		const struct path *at, void *to);

#endif

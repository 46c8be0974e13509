/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenancy_names - which thing of a workspace a path, a query parameter or a body names
 * Tests only. The lists end with NULL.
 */
#ifndef CARILLON_TESTS_TENANCY_NAMES_H
#define CARILLON_TESTS_TENANCY_NAMES_H

#include "http/router.h"
#include "tenancy_world.h"

#define NAMES_MAX 64 /* of each list */

struct query_name {
	const char *name;
	enum thing thing;
};
extern const struct query_name query_names[];
/* Shaped as an id, but a word that belongs to nobody. */
#define PLATFORM_QUERY "platform"

/*
 * A body for each schema that names something, or that a route with {id} takes. `nothing`: a member
 * that has the shape of an id and is none of ours.
 */
struct body_name {
	const char *schema, *body, *nothing;
};
extern const struct body_name body_names[];

/* -1: no caller names an id in this path. The case fails when the id is not known. */
int thing_of(const struct route *row);
/* The n-th body for the schema, NULL: there are no more. */
const char *body_of(const struct schema *schema, size_t n);

#endif

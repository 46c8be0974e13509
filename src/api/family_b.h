/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family_b - routes in camelCase, and the prefixes that they are served at
 * Layer api. Posts and sounds stand at /v1 and, the same, at /api/v1: clients move by changing only
 * the host. What is at /api/v1 in snake_case (accounts) has its camelCase form at /v1 alone.
 */
#ifndef CARILLON_API_FAMILY_B_H
#define CARILLON_API_FAMILY_B_H

#include "http/router.h"

/* Two rows of one route; the rest are members of struct route. No two operations share a name. */
#define FAMILY_B(of_method, path, name, ...)                                               \
	{ .method = of_method, .pattern = "/v1" path, .operation = name, __VA_ARGS__ },    \
	{                                                                                  \
		.method = of_method, .pattern = "/api/v1" path, .operation = name "AtApi", \
		__VA_ARGS__                                                                \
	}

#endif

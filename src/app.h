/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app - what every layer above base may need of the process; passed, never global
 */
#ifndef CARILLON_APP_H
#define CARILLON_APP_H

#include <stdbool.h>

struct config;
struct db;
struct net;
struct keys;
struct engine;
struct leases;
struct slices;

struct app {
	const struct config *config;
	struct db *db;           /* one persistent connection */
	struct net *net;         /* NULL in the api pool: it has no outbound network */
	struct engine *engine;   /* platform pool: opened by the first publish-now; else NULL */
	int tails;               /* platform pool: see api/tail.h; else 0 */
	struct leases *leases;   /* see api/leases.h; NULL in what is no responder */
	struct slices *slices;   /* see api/slices.h; NULL in what is no responder: no limits */
	bool is_platform;        /* of the platform pool: DB_ROLE_RUN instead of DB_ROLE_API */
	const struct keys *keys; /* what this program may hold, see crypto/keys.h */
};

#endif

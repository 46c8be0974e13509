/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clients - how this instance is registered at servers that users named
 * Layer store. A registration is a JSON text of the adapter's making; it may hold a client secret,
 * so it is sealed. A workspace has its own: no other one's accounts depend on it.
 */
#ifndef CARILLON_STORE_CLIENTS_H
#define CARILLON_STORE_CLIENTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "crypto/keys.h"
#include "db/stmt.h"

struct client_place {
	const char *platform, *server; /* server: "https://host" */
	bool livemode;
};

/* Inserts or replaces. */
int store_clients_put(struct db *db, const char *ws, const struct client_place *at,
		      const char *client, const struct keys *keys, struct problem *reterr);
/* *ret NULL: none is stored there. */
struct client_view {
	struct client_place at;
	const struct keys *keys;
};
int store_clients_get(struct db *db, const char *ws, const struct client_view *what,
		      struct arena *a, const char **ret, struct problem *reterr);

extern const struct stmt store_clients_statements[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joining - accounts that a connect flow, or a password, has found, stored with their tokens
 * Layer api. A found account is a JSON object, as it waits in a flow for a choice: a candidate.
 */
#ifndef CARILLON_API_JOINING_H
#define CARILLON_API_JOINING_H

#include <jansson.h>

#include "http/message.h"
#include "platform/platform.h"

struct db;

struct joining { /* the chosen candidates, within one transaction */
	const struct request *req;
	const char *workspace;
	const struct platform_app *app;
	const char *flow_id;  /* ends with them; NULL: there was none */
	const json_t *chosen; /* array of candidates */
};

/* A candidate; new reference. */
json_t *joining_pack(const struct connect_account *a);
/* A text of it; NULL none. */
const char *joining_member(const json_t *candidate, const char *key);
/* JSON text in the arena; it may hold tokens, so it is wiped. */
char *joining_text(struct arena *a, const json_t *doc);
/* For db_transact(); arg: struct joining. */
int joining_all(struct db *db, void *arg, struct problem *reterr);

#endif

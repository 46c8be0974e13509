/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host - one more pool beside the instance's, as another host would run it on the same database
 * Tests only. It has the instance's settings but for those given, a socket of its own, and no
 * nginx in front: requests go straight to it, from whatever address they claim.
 */
#ifndef CARILLON_TESTS_HOST_H
#define CARILLON_TESTS_HOST_H

#include <sys/types.h>

#include "support/client.h"

struct host {
	char folder[64], socket[96], config[96];
	pid_t master;
};

/* pool: api or platform. settings: "section.name", "value", ..., NULL. The case fails without it. */
void host_start(struct host *ret, const char *pool, const char *const *settings);
void host_stop(struct host *h);

struct host_call {
	const char *method, *path; /* path: may end in a query */
	const char *token, *body;  /* NULL: none */
	const char *address;       /* NULL: 127.0.0.1 */
	const char *key;           /* Idempotency-Key; NULL: none */
};
struct answer *host_send(const struct host *h, const struct host_call *c);

#endif

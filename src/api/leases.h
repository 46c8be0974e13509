/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leases - which keyed requests of this host's pool are at work
 * Layer api. Each is a lock on one byte of a file beside the pool's socket, held by its worker: the
 * kernel lets go of it when the worker dies, and not before. The file bears a random name inside, so
 * that a row of the database can say in which file its run is to be looked for.
 */
#ifndef CARILLON_API_LEASES_H
#define CARILLON_API_LEASES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "crypto/digest.h"
#include "store/idempotency.h"

struct leases;

/* Before the workers are forked. PROBLEM_INTERNAL: the file cannot be made or read. */
int leases_open(const char *socket_path, struct leases **ret, struct problem *reterr);
void leases_free(struct leases *l);                  /* NULL accepted */
int leases_descriptor(const struct leases *l);       /* for the workers to keep */
const uint8_t *leases_owner(const struct leases *l); /* IDEMPOTENCY_OWNER_BYTES */
/* false: another worker has it. Taking what one has oneself changes nothing. */
bool leases_take(const struct leases *l, const uint8_t key[static SHA256_BYTES]);
void leases_drop(const struct leases *l, const uint8_t key[static SHA256_BYTES]);

#endif

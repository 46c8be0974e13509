/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys - the secrets that one program may hold
 * Layer crypto. Read once at start from 0400/0440 files, locked in memory where possible and kept
 * out of core dumps. The api pool holds no sealing ring.
 */
#ifndef CARILLON_CRYPTO_KEYS_H
#define CARILLON_CRYPTO_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "crypto/seal.h"

struct config;

struct keys {
	struct keyring *ring; /* NULL in the api pool */
	uint8_t pepper[32];
	uint8_t url[32];
};

int keys_load(const struct config *cfg, bool with_ring, struct keys **ret, struct problem *reterr);
void keys_free(struct keys *k);
/* Undumpable, no core, no new privileges: every main calls it first. */
void keys_harden_process(void);

DEFINE_CLEANUP(struct keys *, keys_free);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept - a request as a fingerprint, an answer as sealed bytes
 * Layer api. Among the answers are secrets that are shown once, so all of them are sealed, with a
 * key made of the pepper, the caller and the Idempotency-Key itself, of which the database holds a
 * hash only: who reads all of the database opens none, and the pepper helps with keys that one can
 * guess alone.
 */
#ifndef CARILLON_API_KEPT_H
#define CARILLON_API_KEPT_H

#include "crypto/digest.h"
#include "http/message.h"
#include "store/idempotency.h"

void kept_key(const struct request *req, uint8_t ret[static SHA256_BYTES]);
/*
 * Of path, query and body. Of a multipart body its parts count, not the boundary, which clients
 * make anew each time. PROBLEM_INTERNAL: the spooled body cannot be read.
 */
int kept_fingerprint(struct request *req, uint8_t ret[static SHA256_BYTES], struct problem *reterr);
/* Fills row->status, answer and answer_n (in the request's arena). -1: too large to be kept. */
int kept_seal(const struct request *req, const struct reply *answer, struct idempotency *row,
	      struct problem *reterr);
/* The answer of a row into ret. -1: it does not open (the pepper has changed since). */
int kept_open(const struct request *req, const struct idempotency *row, struct reply *ret,
	      struct problem *reterr);

#endif

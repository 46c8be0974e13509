/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idempotency - runs the handler of a route, once a key, and has it recorded
 * Layer api. The hook `run` of the router, driven by the column `repeat` of the route table. What
 * changes nothing is the handler itself. A change goes with its row of the audit log (api/record.h),
 * with or without an Idempotency-Key, which POST and PATCH alone may carry.
 *
 * What is answered is kept for a day, unless it invites to ask again (5xx, 429, Retry-After):
 * then nothing of a REPEAT_STORED request has happened, and a REPEAT_RESUMED one goes on where it
 * was. PROBLEM_KEY_REUSED: the key came with something else before. PROBLEM_KEY_IN_FLIGHT: the first
 * request with it is still at work; for REPEAT_STORED that is its transaction, for REPEAT_RESUMED its
 * process, so neither ends before the work does.
 */
#ifndef CARILLON_API_IDEMPOTENCY_H
#define CARILLON_API_IDEMPOTENCY_H

#include "http/message.h"

int idempotency_run(struct request *req, struct reply *ret, struct problem *reterr);
/*
 * Of a REPEAT_RESUMED request: what it has begun and must go on with (req->resumes) should it be run
 * again. To be called in the transaction that makes it. Does nothing without a key.
 * PROBLEM_KEY_IN_FLIGHT: another run has begun meanwhile, so nothing may be made.
 */
int idempotency_pin(const struct request *req, const char *id, struct problem *reterr);

#endif

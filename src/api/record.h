/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record - a request as rows of the audit log
 * Layer api. Every POST, PATCH, PUT and DELETE that reaches its handler leaves one, by the column
 * `repeat` of its route (api/idempotency.c): REPEAT_STORED in the transaction of the change, also
 * for what is refused; REPEAT_RESUMED one before the work begins and one of how it ended; the handlers
 * of the others call record_write() where they know whose workspace it is. So does one that a
 * known caller had no scope for. Answers that are replayed, and such that invite to ask again, leave
 * none. Never the body, never the query.
 */
#ifndef CARILLON_API_RECORD_H
#define CARILLON_API_RECORD_H

#include <stdbool.h>

#include "http/message.h"

#define RECORD_DONE  "done"
#define RECORD_BEGUN "begun"

struct record {
	const char *workspace;
	const char *actor_kind, *actor_id;
	const char *subject_id; /* NULL: none, or several */
	const char *outcome;    /* RECORD_..., or a problem's code */
	int status;             /* 0: none yet */
};

bool record_is_due(const struct request *req);
/* In the caller's transaction, as its last step. */
int record_write(const struct request *req, const struct record *in, struct problem *reterr);
/* By the caller, about what the path names, else what the answer's Location does. */
int record_answer(const struct request *req, const struct reply *answer, const char *outcome,
		  struct problem *reterr);
/* Of a caller who lacks the scope; what cannot be written goes to the log. */
void record_denied(struct request *req, const struct problem *why);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem_json - struct problem as application/problem+json (RFC 9457)
 * Layer http; the only place that prints it. Also sets WWW-Authenticate, Retry-After and Allow.
 */
#ifndef CARILLON_HTTP_PROBLEM_JSON_H
#define CARILLON_HTTP_PROBLEM_JSON_H

#include "http/message.h"

/* The document as a member of another answer. */
void problem_emit(const struct request *req, const struct problem *p, const char *key,
		  struct emit *e);
void problem_json(const struct request *req, const struct problem *p, struct reply *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem_json - struct problem as application/problem+json (RFC 9457)
 * Layer http; the only place that prints it. Also sets WWW-Authenticate, Retry-After and Allow.
 */
#ifndef CARILLON_HTTP_PROBLEM_JSON_H
#define CARILLON_HTTP_PROBLEM_JSON_H

#include "http/message.h"

void problem_json(const struct request *req, const struct problem *p, struct reply *ret);

#endif

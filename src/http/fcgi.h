/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fcgi - one worker's accept loop; the only user of libfcgi
 * Layer http. Serves until *stop, or max_requests were served. Bodies are read up to body_max
 * (PROBLEM_TOO_LARGE beyond, the rest drained). Duplicate Authorization, Idempotency-Key or
 * Content-Length parameters are PROBLEM_BAD_REQUEST.
 */
#ifndef CARILLON_HTTP_FCGI_H
#define CARILLON_HTTP_FCGI_H

#include <stdint.h>

#include "app.h"
#include "http/message.h"

struct fcgi_service {
	struct app *app;
	int listen_fd;
	int64_t requests_max, body_max;
	const volatile int *stop;
	void (*serve)(void *arg, struct request *req, struct reply *ret);
	void (*after)(void *arg); /* after the reply went out; may be NULL (publish-now's tail) */
	void *arg;
};

int fcgi_run(const struct fcgi_service *s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange - the real route table around a request, without a database behind it
 * Tests only. What would run a handler looks at what it was given and answers an empty object.
 */
#ifndef CARILLON_TESTS_FUZZ_EXCHANGE_H
#define CARILLON_TESTS_FUZZ_EXCHANGE_H

#include "fuzz/fuzz.h"
#include "http/router.h"

/* One without settings but for the allowed origins, with made-up keys. */
struct app *exchange_app(void);
/* router_serve() for req, and the answer as it goes out, looked at; it is in the request's arena. */
const char *exchange_serve(struct request *req, enum route_pool pool);
/* Lines "Name: value" up to an empty one as headers of the request, as a transport hands them over. */
void exchange_headers(struct input *in, struct request *req);

/* Looks at a bound struct: every member is what its row promises. */
void bound_look(const struct schema *s, const void *in);

#endif

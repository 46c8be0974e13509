/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate - what a request costs by its class, and what the document says of limits
 * Layer http. Who is limited, and how, is the business of the router's hook `admit`.
 */
#ifndef CARILLON_HTTP_RATE_H
#define CARILLON_HTTP_RATE_H

#include "http/router.h"
#include "json/emit.h"

/* Units against the limits of the caller. */
int rate_cost(enum rate_class class);

/* Of the OpenAPI document: the components `headers`, the one response for 429 among `responses`, */
void rate_emit_headers(struct emit *e);
void rate_emit_refusal(struct emit *e);
/* and the headers of a route's success, if it is limited at all. */
void rate_emit_fields(struct emit *e, const struct route *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi - the OpenAPI 3.1 document, the route list and nginx's locations, from the route rows
 * Layer http.
 */
#ifndef CARILLON_HTTP_OPENAPI_H
#define CARILLON_HTTP_OPENAPI_H

#include "base/buf.h"
#include "http/router.h"

void openapi_print(const struct route_table *t, const char *server_url, struct buf *out);
void openapi_print_routes(const struct route_table *t, struct buf *out); /* docs/routes.md */
void openapi_print_errors(struct buf *out);                              /* docs/errors.md */

#endif

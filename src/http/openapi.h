/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi - the OpenAPI 3.1 document, from the route rows
 * Layer http.
 */
#ifndef CARILLON_HTTP_OPENAPI_H
#define CARILLON_HTTP_OPENAPI_H

#include "base/buf.h"
#include "http/router.h"

void openapi_print(const struct route_table *t, const char *server_url, struct buf *out);

#endif

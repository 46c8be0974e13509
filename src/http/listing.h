/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing - docs/routes.md from the route rows, docs/errors.md from the problems
 * Layer http.
 */
#ifndef CARILLON_HTTP_LISTING_H
#define CARILLON_HTTP_LISTING_H

#include "base/buf.h"
#include "http/router.h"

void listing_routes(const struct route_table *t, struct buf *out);
void listing_errors(struct buf *out);

#endif

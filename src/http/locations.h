/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locations - nginx's location list, from the pool column of the route rows
 * Layer http. A resource whose routes all belong to the platform pool becomes a prefix; a single
 * route among those of the api pool becomes an exact path or one anchored expression.
 */
#ifndef CARILLON_HTTP_LOCATIONS_H
#define CARILLON_HTTP_LOCATIONS_H

#include "base/buf.h"
#include "http/router.h"

void locations_print(const struct route_table *t, struct buf *out);

#endif

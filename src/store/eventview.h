/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eventview - an event as everybody is told it: the body of a delivery, an entry of GET /events
 * Layer store. The same event is always the same text, which signatures rely on.
 */
#ifndef CARILLON_STORE_EVENTVIEW_H
#define CARILLON_STORE_EVENTVIEW_H

#include "store/events.h"
#include "json/emit.h"

/* {id, type, timestamp, livemode, data}; data too large to send is cut down to {id, is_cut}. */
void eventview_emit(struct emit *e, const struct event *event);

#endif

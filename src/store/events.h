/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events - the outbox: written in the transaction of the change it tells
 * Layer store. The runner makes deliveries of them (store/deliveries.h), whoever has written them.
 */
#ifndef CARILLON_STORE_EVENTS_H
#define CARILLON_STORE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "store/page.h"

struct event {
	const char *id, *type, *subject_id;
	enum livemode livemode; /* LIVEMODE_ANY: the subject has no mode */
	const char *data;       /* compact JSON object text */
	int64_t created_us;
};

struct events {
	struct event *v;
	size_t n;
	bool has_more;
};

/* id and created_us are made here. */
int store_events_insert(struct db *db, const char *ws, const struct event *in,
			struct problem *reterr);
/* The same, and tells the id. */
int store_events_write(struct db *db, const char *ws, const struct event *in,
		       char ret_id[static ID_MAX], struct problem *reterr);
struct event_query {
	struct page page;
	const char *type, *subject_id; /* NULL: any */
	const char *accounts;          /* ids, comma-separated: nothing about others; NULL: any */
	int64_t since_us;              /* 0: from the first */
	enum livemode livemode;        /* events without a mode are in each */
};
int store_events_list(struct db *db, const char *ws, const struct event_query *q, struct arena *a,
		      struct events *ret, struct problem *reterr);

extern const struct stmt store_events_statements[];

#endif

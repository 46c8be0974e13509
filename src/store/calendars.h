/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendars - feeds that people subscribe to; the address of a feed is its secret
 * Layer store. Only a hash of the secret is kept. A feed ends when it is deleted, and when the
 * member or the key that made it is gone. Errors: PROBLEM_NOT_FOUND.
 */
#ifndef CARILLON_STORE_CALENDARS_H
#define CARILLON_STORE_CALENDARS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "store/page.h"

struct calendar {
	const char *workspace, *id, *name;
	const char *character_id; /* NULL: all of the workspace */
	enum livemode livemode;
	const char *account_ids; /* allow-list of its maker; NULL any */
	const char *created_by;
	int64_t created_us;
};
struct calendars {
	struct calendar *v;
	size_t n;
};

/* in->id is not looked at; the new one comes back in ret_id. */
int store_calendars_insert(struct db *db, const char *ws, const struct calendar *in,
			   const uint8_t hash[static SHA256_BYTES], char ret_id[static ID_MAX],
			   struct problem *reterr);
int store_calendars_list(struct db *db, const char *ws, struct arena *a, struct calendars *ret,
			 struct problem *reterr);
int store_calendars_get(struct db *db, const char *ws, const char *id, struct arena *a,
			struct calendar *ret, struct problem *reterr);
/* The old address is worth nothing from now on. */
int store_calendars_rotate(struct db *db, const char *ws, const char *id,
			   const uint8_t hash[static SHA256_BYTES], struct problem *reterr);
int store_calendars_delete(struct db *db, const char *ws, const char *id, struct problem *reterr);
/* Whose feed a secret opens. */
int store_calendars_open(struct db *db, const uint8_t hash[static SHA256_BYTES], struct arena *a,
			 struct calendar *ret, struct problem *reterr);

struct calendar_event {
	const char *post_id, *platform, *state, *username;
	const char *words, *caption, *remote_url; /* NULL none; words: the start of it */
	int64_t version, due_us, updated_us;
};
struct calendar_events {
	struct calendar_event *v;
	size_t n;
};
#define CALENDAR_EVENTS_MAX 2000
/* What is due from 30 days ago to a year ahead and not cancelled, by time. */
int store_calendars_events(struct db *db, const struct calendar *of, struct arena *a,
			   struct calendar_events *ret, struct problem *reterr);

extern const struct stmt store_calendars_statements[];

#endif

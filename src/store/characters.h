/* SPDX-License-Identifier: Apache-2.0 */
/*
 * characters - the personas that content belongs to
 * Layer store. Errors: PROBLEM_NOT_FOUND, PROBLEM_VERSION, PROBLEM_CONFLICT (delete: content still
 * refers to it).
 */
#ifndef CARILLON_STORE_CHARACTERS_H
#define CARILLON_STORE_CHARACTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"
#include "store/page.h"

struct character {
	const char *id, *name, *handle, *niche, *timezone; /* all but id and name may be NULL */
	const char *schedule;                              /* JSON object text; NULL none */
	const char *default_accounts; /* JSON object text {platform: account id}; NULL none */
	int64_t version, created_us, updated_us;
	int64_t paused_us; /* INSTANT_NONE: not paused */
};

enum character_member {
	CHARACTER_NAME = 1,
	CHARACTER_HANDLE = 2,
	CHARACTER_NICHE = 4,
	CHARACTER_TIMEZONE = 8,
	CHARACTER_SCHEDULE = 16,
	CHARACTER_DEFAULT_ACCOUNTS = 32
};

struct character_patch { /* insert takes all members, update those given (bits) */
	unsigned given;
	const char *name, *handle, *niche, *timezone, *schedule, *default_accounts;
};

struct characters {
	struct character *v;
	size_t n;
	bool has_more;
};

int store_characters_insert(struct db *db, const char *ws, const struct character_patch *in,
			    struct arena *a, struct character *ret, struct problem *reterr);
int store_characters_get(struct db *db, const char *ws, const char *id, struct arena *a,
			 struct character *ret, struct problem *reterr);
int store_characters_list(struct db *db, const char *ws, const struct page *page, struct arena *a,
			  struct characters *ret, struct problem *reterr);
int store_characters_update(struct db *db, const char *ws, const char *id,
			    const struct character_patch *in, int64_t if_version,
			    struct problem *reterr);
int store_characters_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
			    struct problem *reterr);

extern const struct stmt store_characters_statements[];

#endif

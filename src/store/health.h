/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health - whether publishing happens, over all workspaces; figures only, no names
 * Layer store. Every figure comes from the end of an index or a bounded part of one, so asking
 * often costs the same with ten posts and with ten million. Units: seconds by the database's clock.
 */
#ifndef CARILLON_STORE_HEALTH_H
#define CARILLON_STORE_HEALTH_H

#include <stdint.h>

#include "db/stmt.h"

#define HEALTH_COUNT_MOST  1000 /* counts stop there */
#define HEALTH_BEAT_LATE_S 90   /* cron starts a runner each minute, and it stays for the minute */
#define HEALTH_OVERDUE_S   180

struct health {
	int64_t heartbeat_age_s; /* of the newest runner; -1: there was none */
	int64_t runners;         /* alive */
	int64_t skew_us;         /* of the newest runner */
	int64_t overdue_age_s; /* how long the post that waits longest for a runner has waited; 0 */
	int64_t stuck;         /* posts that waited more than two minutes */
	int64_t in_doubt;      /* fires that reading has not settled yet */
	int64_t unconfirmed;   /* posts whose doubt no reading could settle */
	int64_t expiring_accounts; /* connected, but not for more than a week to come */
	int64_t breakers;          /* platforms, by kind of calls, that do not answer */
	int64_t broken_accounts;   /* expired or revoked */
	char trouble[16];          /* why a runner claims nothing while no other does; "" none */
};

/* What keeps posts from being published, in words; NULL: nothing does. */
const char *store_health_trouble(const struct health *h);

int store_health_read(struct db *db, struct health *ret, struct problem *reterr);

extern const struct stmt store_health_statements[];

#endif

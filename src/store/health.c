/* SPDX-License-Identifier: Apache-2.0 */
#include "store/health.h"

#include <stdio.h>
#include <string.h>

#include "store/runners.h"

enum { RUNNERS, TROUBLE, OVERDUE, STUCK, IN_DOUBT, UNCONFIRMED, ACCOUNTS, BREAKERS };

#define OPERATOR "figures for the operator, over all workspaces"

const struct stmt store_health_statements[] = {
	[RUNNERS] = { "health.runners", STMT_GLOBAL, "i",
		      "SELECT TIMESTAMPDIFF(SECOND, heartbeat_at, UTC_TIMESTAMP(3)), skew_us, "
		      "(SELECT COUNT(*) FROM runners WHERE stopped_at IS NULL AND "
		      "heartbeat_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND) "
		      "FROM runners ORDER BY heartbeat_at DESC LIMIT 1",
		      OPERATOR },
	/* One that is alive and well speaks for all; else the newest says why not. */
	[TROUBLE] = { "health.trouble", STMT_GLOBAL, "ii",
		      "SELECT COALESCE(trouble, '') FROM runners "
		      "WHERE heartbeat_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND "
		      "ORDER BY (trouble IS NULL AND stopped_at IS NULL AND "
		      "heartbeat_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND) DESC, "
		      "heartbeat_at DESC LIMIT 1",
		      OPERATOR },
	[OVERDUE] = { "health.overdue", STMT_GLOBAL, "",
		      "SELECT GREATEST(0, TIMESTAMPDIFF(SECOND, MIN(wake_at), UTC_TIMESTAMP(3))) "
		      "FROM posts WHERE wake_at IS NOT NULL",
		      OPERATOR },
	[STUCK] = { "health.stuck", STMT_GLOBAL, "i",
		    "SELECT COUNT(*) FROM (SELECT 1 FROM posts "
		    "WHERE wake_at < UTC_TIMESTAMP(3) - INTERVAL 120 SECOND LIMIT ?) waiting",
		    OPERATOR },
	[IN_DOUBT] = { "health.in_doubt", STMT_GLOBAL, "i",
		       "SELECT COUNT(*) FROM (SELECT 1 FROM attempts JOIN posts "
		       "ON posts.workspace_id = attempts.workspace_id AND posts.id = "
		       "attempts.post_id "
		       "WHERE attempts.live IS NOT NULL AND posts.state = 'confirming' LIMIT "
		       "?) doubts",
		       OPERATOR },
	[UNCONFIRMED] = { "health.unconfirmed", STMT_GLOBAL, "i",
			  "SELECT COUNT(*) FROM (SELECT 1 FROM attempts JOIN posts "
			  "ON posts.workspace_id = attempts.workspace_id AND posts.id = "
			  "attempts.post_id "
			  "WHERE attempts.live IS NOT NULL AND posts.state = 'unconfirmed' LIMIT "
			  "?) doubts",
			  OPERATOR },
	[ACCOUNTS] = { "health.accounts", STMT_GLOBAL, "",
		       "SELECT COALESCE(SUM(status = 'connected' AND "
		       "expires_at < UTC_TIMESTAMP(3) + INTERVAL 7 DAY), 0), "
		       "COALESCE(SUM(status IN ('expired', 'revoked')), 0) FROM accounts",
		       OPERATOR },
	[BREAKERS] = { "health.breakers", STMT_GLOBAL, "i",
		       "SELECT COUNT(*) FROM (SELECT 1 FROM breakers WHERE opened_at IS NOT NULL "
		       "LIMIT ?) open",
		       OPERATOR },
	{ NULL, STMT_GLOBAL, NULL, NULL, NULL },
};

#define ROW(x) (&store_health_statements[x])

static int read_runners(struct db *db, struct health *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int found = db_query_one(db, ROW(RUNNERS), &r, reterr, (int64_t)RUNNER_DEAD_S);

	if (found < 0)
		return -1;
	ret->heartbeat_age_s = -1;
	if (!found)
		return 0;
	ret->heartbeat_age_s = rows_int(r, 0);
	ret->skew_us = rows_int(r, 1);
	ret->runners = rows_int(r, 2);
	rows_end(r);
	return 0;
}

static int read_trouble(struct db *db, struct health *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int found = db_query_one(db, ROW(TROUBLE), &r, reterr, (int64_t)HEALTH_BEAT_LATE_S,
				 (int64_t)RUNNER_DEAD_S);

	if (found < 0)
		return -1;
	if (found) {
		(void)snprintf(ret->trouble, sizeof(ret->trouble), "%s", rows_text(r, 0));
		rows_end(r);
	}
	return 0;
}

static int read_accounts(struct db *db, struct health *ret, struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(ACCOUNTS), &r, reterr) != 1)
		return -1;
	ret->expiring_accounts = rows_int(r, 0);
	ret->broken_accounts = rows_int(r, 1);
	rows_end(r);
	return 0;
}

static int read_overdue(struct db *db, int64_t *ret, struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(OVERDUE), &r, reterr) != 1)
		return -1;
	*ret = rows_int(r, 0);
	rows_end(r);
	return 0;
}

static int read_count(struct db *db, const struct stmt *s, int64_t *ret, struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, s, &r, reterr, (int64_t)HEALTH_COUNT_MOST) != 1)
		return -1;
	*ret = rows_int(r, 0);
	rows_end(r);
	return 0;
}

int store_health_read(struct db *db, struct health *ret, struct problem *reterr)
{
	struct health h = { 0 };

	if (read_runners(db, &h, reterr) < 0 || read_trouble(db, &h, reterr) < 0 ||
	    read_overdue(db, &h.overdue_age_s, reterr) < 0 ||
	    read_count(db, ROW(STUCK), &h.stuck, reterr) < 0 ||
	    read_count(db, ROW(IN_DOUBT), &h.in_doubt, reterr) < 0 ||
	    read_count(db, ROW(UNCONFIRMED), &h.unconfirmed, reterr) < 0 ||
	    read_count(db, ROW(BREAKERS), &h.breakers, reterr) < 0 ||
	    read_accounts(db, &h, reterr) < 0)
		return -1;
	*ret = h;
	return 0;
}

const char *store_health_trouble(const struct health *h)
{
	static const struct {
		const char *name, *words;
	} rows[] = {
		{ "clock", "the runner's clock differs from the database's by more than 30 "
			   "seconds, so it claims nothing" },
		{ "disk", "the runner's disk is nearly full, so it claims nothing" },
		{ "journal", "the runner cannot write its journal of permits, so it claims "
			     "nothing" },
	};

	if (h->heartbeat_age_s < 0)
		return "no runner was ever seen: is cron running carillon-publish each minute?";
	if (h->heartbeat_age_s > HEALTH_BEAT_LATE_S)
		return "no runner has been alive for more than a minute and a half";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].name, h->trouble) == 0)
			return rows[i].words;
	}
	if (h->overdue_age_s > HEALTH_OVERDUE_S)
		return "posts have been due for minutes without a runner taking them";
	return NULL;
}

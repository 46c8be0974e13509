/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule_plan - which content of a character goes where and when; nothing is written
 * Layer api. Everything lives in the request's arena. Runs within a transaction, since it takes the
 * lock of store/plans.h: until that ends nobody else plans in the workspace.
 */
#ifndef CARILLON_API_SCHEDULE_PLAN_H
#define CARILLON_API_SCHEDULE_PLAN_H

#include "domain/engagement.h"
#include "domain/slots.h"
#include "domain/timetable.h"
#include "http/message.h"
#include "store/accounts.h"
#include "json/schema.h"

#define PLAN_ITEMS_MAX 1000 /* contents looked at in one call; the oldest come first */

struct plan_ask {
	const char *character_id;
	int64_t from_us; /* INSTANT_NONE: at `from` in the character's zone */
	struct civil from;
	int64_t not_before_us; /* what lies earlier starts then */
	int days;
	struct field_texts platforms; /* n 0: all that have an account */
};

struct plan_target {                  /* one platform */
	const char *platform, *place; /* place: as store/plans.h has it */
	bool is_ambiguous;            /* several accounts, and no word which */
	struct account account;
	struct timetable table;
	int lane, per_day;
	struct engagement_results *results; /* NULL none */
	struct slots slots;
	int step_min; /* of the grid that its slots lie on */
};

struct plan_pick {
	const char *content_id;
	const struct plan_target *target;
	const struct slot *slot;
};

struct plan_miss {
	const char *content_id, *platform, *code, *reason;
};

struct plan {
	const char *timezone;
	int64_t from_us;
	int days;
	struct plan_target *targets;
	size_t targets_n;
	struct plan_pick *picks; /* by time */
	size_t picks_n;
	struct plan_miss *misses;
	size_t misses_n;
	bool has_more; /* content that was not even looked at */
};

/* Errors: PROBLEM_NOT_FOUND, PROBLEM_ACCOUNT_NOT_CONNECTED, PROBLEM_ACCOUNT_AMBIGUOUS, PROBLEM_INVALID. */
int schedule_plan_make(struct request *req, const struct plan_ask *ask, struct plan *ret,
		       struct problem *reterr);
/* Zone, targets and their results alone, without a lock: what hours are worth to the character. */
int schedule_plan_weigh(struct request *req, const struct plan_ask *ask, struct plan *ret,
			struct problem *reterr);
/* Why a post stands where it stands, in words. */
const char *schedule_plan_reason(struct request *req, const struct plan_pick *pick);
/* 0..1, in thousandths: what the slot is worth. */
double schedule_plan_score(const struct plan_pick *pick);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule - when: an instant, or a wall time in a zone made into one
 * Layer domain. Units: microseconds UTC. A wall time that exists twice takes the earlier instant
 * unless fold is 1; one that a gap swallows is refused with the instants either side.
 */
#ifndef CARILLON_DOMAIN_SCHEDULE_H
#define CARILLON_DOMAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"

#define SCHEDULE_PAST_GRACE_US (60 * 1000000LL) /* a time that passed this recently still counts */
#define SCHEDULE_ZONE_MAX      65
#define SCHEDULE_LOCAL_MAX     20

struct schedule_wish { /* what a client asks for */
	bool is_local;
	int64_t us;           /* !is_local */
	const char *local;    /* is_local: YYYY-MM-DDTHH:MM[:SS] */
	const char *timezone; /* IANA name; needed when is_local, else only remembered; NULL none */
	int fold;             /* 0 or 1 */
};

struct schedule_time { /* what is stored: posts.due_at, timezone, local_time, fold, tzdata */
	int64_t us;
	char timezone[SCHEDULE_ZONE_MAX];    /* "" none */
	char local_time[SCHEDULE_LOCAL_MAX]; /* "" without a zone; else at us in that zone */
	int fold;                            /* which of two, 0 when there is one */
	char tzdata[17];                     /* zone data that decided; "" unknown or no zone */
	bool is_adjusted;                    /* moved out of a gap: recurrences and shifts only */
};

/*
 * Errors: PROBLEM_TIMEZONE; PROBLEM_TIME_GAP; PROBLEM_INVALID with the pointer /timezone (a local
 * time without zone) or /scheduled_at (not a wall time).
 */
int schedule_resolve(const struct schedule_wish *wish, struct schedule_time *ret,
		     struct problem *reterr);
/* PROBLEM_PAST when us lies more than 60 s before now. */
int schedule_check_due(int64_t us, int64_t now_us, struct problem *reterr);

#endif

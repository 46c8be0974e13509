/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lateness - what becomes of a post whose time has passed; pure
 * Layer domain. A minute is on time. Later, but within the account's window: it goes out, spaced
 * from its neighbours of the same account. Beyond the window the account's wish decides. What
 * somebody asked to be published now is never late.
 */
#ifndef CARILLON_DOMAIN_LATENESS_H
#define CARILLON_DOMAIN_LATENESS_H

#include <stdbool.h>
#include <stdint.h>

#define LATENESS_GRACE_US       (60LL * 1000000)
#define LATENESS_PUBLISH_MAX_US (12LL * 3600 * 1000000) /* "publish" goes no further than this */
#define LATENESS_ASK_LIFE_US    (24LL * 3600 * 1000000) /* an unanswered "ask" is missed then */

enum lateness_wish { LATENESS_PUBLISH, LATENESS_SKIP, LATENESS_ASK }; /* as accounts.on_late */

enum lateness { LATENESS_NONE, LATENESS_SPACED, LATENESS_MISSED, LATENESS_PAUSED };

struct lateness_view {
	bool is_immediate;
	int64_t now_us, due_us;
	int64_t window_us; /* publish_within_minutes of the account */
	enum lateness_wish wish;
};

enum lateness lateness_judge(const struct lateness_view *v);

/* The last instant at which a post may still go out by itself. */
int64_t lateness_limit_us(const struct lateness_view *v);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/lateness.h"

#include "base/bug.h"

int64_t lateness_limit_us(const struct lateness_view *v)
{
	return v->due_us + (v->wish == LATENESS_PUBLISH ? LATENESS_PUBLISH_MAX_US : v->window_us);
}

enum lateness lateness_judge(const struct lateness_view *v)
{
	if (v->is_immediate || v->now_us - v->due_us <= LATENESS_GRACE_US)
		return LATENESS_NONE;
	if (v->now_us <= lateness_limit_us(v) || BUG(late_policy_ignored))
		return LATENESS_SPACED;
	return v->wish == LATENESS_ASK ? LATENESS_PAUSED : LATENESS_MISSED;
}

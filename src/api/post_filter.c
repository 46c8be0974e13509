/* SPDX-License-Identifier: Apache-2.0 */
#include "api/post_filter.h"

#include <string.h>

#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "http/paging.h"
#include "platform/platform.h"

#define BIT(state) (UINT64_C(1) << (state))

static uint64_t states_of_status(const struct post_filter_words *words, const char *status)
{
	uint64_t states = 0;

	for (int s = 0; status && s < POST_STATES; s++)
		if (strcmp(words->status((enum post_state)s), status) == 0)
			states |= BIT(s);
	return states;
}

static int read_states(struct request *req, const struct post_filter_words *words, uint64_t *ret,
		       struct problem *reterr)
{
	const char *state = request_query(req, "state");
	enum post_state exact;

	*ret = states_of_status(words, request_query(req, "status"));
	if (!state)
		return 0;
	if (post_state_parse(state, &exact) < 0)
		return problem_add(reterr, "state", "out_of_range", "\"%s\" is not a state", state);
	*ret = *ret ? *ret & BIT(exact) : BIT(exact);
	if (*ret == 0)
		return problem_add(reterr, "state", "out_of_range", "is of another status");
	return 0;
}

static const char *query_of(const struct request *req, const char *name)
{
	return name ? request_query(req, name) : NULL;
}

int post_filter_read(struct request *req, const struct post_filter_words *words,
		     struct post_query *ret, struct problem *reterr)
{
	const char *from = request_query(req, "from"), *to = request_query(req, "to");

	ret->from_us = ret->to_us = INSTANT_NONE;
	if (from)
		rfc3339_parse(from, &ret->from_us); /* its form was checked by the row */
	if (to)
		rfc3339_parse(to, &ret->to_us);
	if (read_states(req, words, &ret->states, reterr) < 0)
		return -1;
	ret->platform = request_query(req, "platform");
	ret->account_id = query_of(req, words->account_id);
	ret->character_id = query_of(req, words->character_id);
	ret->content_id = query_of(req, words->content_id);
	ret->account_ids = mode_accounts(req);
	if (ret->from_us != INSTANT_NONE && ret->to_us != INSTANT_NONE &&
	    ret->to_us <= ret->from_us)
		problem_add(reterr, "to", "out_of_range", "must be later than from");
	if (ret->platform && !platform_find(ret->platform))
		problem_add(reterr, "platform", "unknown_platform", "\"%s\" is not a platform",
			    ret->platform);
	if (reterr->kind != PROBLEM_NONE)
		return -1;
	return mode_read(req, &ret->livemode, reterr);
}

int post_filter_page(struct request *req, const char *list, struct post_query *q, struct posts *ret,
		     struct problem *reterr)
{
	struct paging at;

	if (paging_read(req, list, &at, reterr) < 0)
		return -1;
	q->page.limit = at.limit;
	q->page.after_us = at.after_us;
	q->page.after_id = at.after_id;
	return store_posts_list(req->app->db, req->principal->workspace, q, req->arena, ret,
				reterr);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a published post was received: the counts that its own node carries, for which no permission
 * is needed beyond the one that publishes.
 */
#include "platform/instagram.h"
#include "platform/results.h"

static const char *read_token(const struct results_reading *r)
{
	const char *user = r->account->user_token;

	return user && *user ? user : r->account->access_token;
}

static enum step read_node(struct results_reading *r, const struct http_reply *last,
			   struct step_result *ret)
{
	struct instagram_call c = { r->arena, r->app, read_token(r) };
	struct results_post *post = &r->posts[0];
	struct instagram_reply reply;

	if (!last) {
		ret->request = instagram_call(&c, VERB_GET, "ig.results", "/%s", post->remote_id);
		http_request_query(ret->request, "fields", "like_count,comments_count");
		return STEP_SEND;
	}
	instagram_read(r->arena, last, &reply);
	if (!reply.is_ok) {
		(void)instagram_fail(r->arena, &reply,
				     reply.row ? reply.row->elsewhere : CLASS_LATER, NULL, ret);
		return STEP_DONE;
	}
	post->state = RESULTS_TOLD;
	post->counts = (struct engagement_counts){
		.views = -1,
		.likes = results_count(reply.json, "like_count"),
		.comments = results_count(reply.json, "comments_count"),
		.shares = -1,
		.saves = -1,
	};
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return STEP_DONE;
}

const struct platform_results instagram_results = { .most = 1, .read = read_node };

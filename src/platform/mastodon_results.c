/* SPDX-License-Identifier: Apache-2.0 */
/* How a published post was received: its counts stand in the status itself; views nobody counts. */
#include "platform/mastodon.h"
#include "platform/results.h"

/* A quote passes a post on as well; servers before 4.4 know none. */
static int64_t shares_of(const json_t *status)
{
	const int64_t reblogs = results_count(status, "reblogs_count");
	const int64_t quotes = results_count(status, "quotes_count");

	if (reblogs < 0 || quotes < 0)
		return reblogs < 0 ? quotes : reblogs;
	return reblogs + quotes;
}

static void read_status(struct results_post *post, const json_t *status)
{
	post->state = RESULTS_TOLD;
	post->counts = (struct engagement_counts){
		.views = -1,
		.likes = results_count(status, "favourites_count"),
		.comments = results_count(status, "replies_count"),
		.shares = shares_of(status),
		.saves = -1,
	};
}

static enum step read_post(struct results_reading *r, const struct http_reply *last,
			   struct step_result *ret)
{
	const struct mastodon_call c = mastodon_call_of(r->arena, r->account);
	struct results_post *post = &r->posts[0];
	struct mastodon_reply reply;
	const char *id;

	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	if (!last && !mastodon_is_id(post->remote_id)) {
		post->state = RESULTS_GONE;
		return STEP_DONE;
	}
	if (!last) {
		ret->request = mastodon_call(&c, VERB_GET, "mastodon.results",
					     "/api/v1/statuses/%s", post->remote_id);
		return STEP_SEND;
	}
	mastodon_read(r->app, r->arena, last, r->now_us, &reply);
	id = memo_id(r->arena, reply.json, "id");
	if (reply.is_ok && id && results_post_of(r, id))
		read_status(post, reply.json);
	else if (reply.is_spoken && (reply.status == 404 || reply.status == 410))
		post->state = RESULTS_GONE;
	else if (!reply.is_ok)
		(void)mastodon_fail(r->arena, &reply, reply.row->elsewhere, NULL, ret);
	return STEP_DONE;
}

const struct platform_results mastodon_results = {
	.most = 1,
	.scopes = "read:statuses",
	.ages_h = NULL,
	.read = read_post,
};

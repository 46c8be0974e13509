/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How published posts were received: the counts that app.bsky.feed.getPosts tells, which the
 * account's server asks the network's index for. Views are not counted anywhere.
 */
#include <string.h>

#include "platform/bluesky.h"
#include "platform/results.h"

#define URIS_MOST 25

static int64_t sum(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a + b;
}

static void read_post(const struct results_reading *r, const json_t *view)
{
	struct results_post *post = results_post_of(r, memo_text(view, "uri"));

	if (!post)
		return;
	post->state = RESULTS_TOLD;
	post->counts = (struct engagement_counts){
		.views = -1,
		.likes = results_count(view, "likeCount"),
		.comments = results_count(view, "replyCount"),
		.shares =
			sum(results_count(view, "repostCount"), results_count(view, "quoteCount")),
		.saves = results_count(view, "bookmarkCount"),
	};
}

/* What the index does not show may be new, or hidden for a while: nothing is said of it. */
static enum step read_list(const struct results_reading *r, const json_t *doc,
			   struct step_result *ret)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "posts"), i, one)
		read_post(r, one);
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return STEP_DONE;
}

static size_t keep_uris(const struct results_reading *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->posts_n; i++) {
		if (strncmp(r->posts[i].remote_id, "at://", 5) == 0)
			n++;
		else
			r->posts[i].state = RESULTS_GONE;
	}
	return n;
}

static enum step ask_posts(const struct results_reading *r, struct step_result *ret)
{
	const struct bluesky_call c = { r->arena, r->account, r->memo, r->now_us };

	ret->request = bluesky_call(&c, VERB_GET, "bsky.getPosts", "app.bsky.feed.getPosts");
	for (size_t i = 0; i < r->posts_n; i++) {
		if (r->posts[i].state != RESULTS_GONE)
			http_request_query(ret->request, "uris", r->posts[i].remote_id);
	}
	return STEP_SEND;
}

static enum step read_posts(struct results_reading *r, const struct http_reply *last,
			    struct step_result *ret)
{
	struct bluesky_reply reply;

	if (!last && keep_uris(r) == 0)
		return read_list(r, NULL, ret);
	if (!last || bluesky_nonce_wanted(last, r->memo))
		return ask_posts(r, ret);
	bluesky_read(r->app, r->arena, last, r->now_us, &reply);
	if (reply.is_ok)
		return read_list(r, reply.json, ret);
	(void)bluesky_fail(r->arena, &reply, reply.row->elsewhere, NULL, ret);
	return STEP_DONE;
}

const struct platform_results bluesky_results = {
	.most = URIS_MOST,
	.scopes = NULL,
	.read = read_posts,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How published posts were received: their public_metrics, up to a hundred posts a call. Each post
 * that is read is billed, however many a call asks for; hence the setting results_ages_h.
 */
#include <string.h>

#include "platform/results.h"
#include "platform/twitter.h"

#define IDS_MOST 100

/* X is renaming what it calls a retweet; a quote passes a post on as well. */
static int64_t shares_of(const json_t *metrics)
{
	const int64_t old = results_count(metrics, "retweet_count");
	const int64_t reposts = old < 0 ? results_count(metrics, "repost_count") : old;
	const int64_t quotes = results_count(metrics, "quote_count");

	if (reposts < 0 || quotes < 0)
		return reposts < 0 ? quotes : reposts;
	return reposts + quotes;
}

static void read_post(const struct results_reading *r, const json_t *tweet)
{
	struct results_post *post = results_post_of(r, memo_text(tweet, "id"));
	const json_t *metrics = json_object_get(tweet, "public_metrics");

	if (!post || !json_is_object(metrics))
		return;
	post->state = RESULTS_TOLD;
	post->counts = (struct engagement_counts){
		.views = results_count(metrics, "impression_count"),
		.likes = results_count(metrics, "like_count"),
		.comments = results_count(metrics, "reply_count"),
		.shares = shares_of(metrics),
		.saves = results_count(metrics, "bookmark_count"),
	};
}

/* Of a post that is protected or held back X says so too; that may pass. */
static void read_error(const struct results_reading *r, const json_t *error)
{
	struct results_post *post = results_post_of(r, memo_text(error, "resource_id"));
	const char *type = memo_text(error, "type"), *slash = type ? strrchr(type, '/') : NULL;

	if (post && slash && strcmp(slash, "/resource-not-found") == 0)
		post->state = RESULTS_GONE;
}

/* A 200 may hold both what was found and what was not. */
static enum step read_list(const struct results_reading *r, const json_t *doc,
			   struct step_result *ret)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "errors"), i, one)
		read_error(r, one);
	json_array_foreach(json_object_get(doc, "data"), i, one)
		read_post(r, one);
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return STEP_DONE;
}

static enum step read_posts(struct results_reading *r, const struct http_reply *last,
			    struct step_result *ret)
{
	const struct twitter_call c = { r->arena, r->app, r->account->access_token };
	struct twitter_reply reply;

	if (!last && results_keep_numbered(r) == 0)
		return read_list(r, NULL, ret);
	if (!last) {
		ret->request = twitter_call(&c, VERB_GET, "x.results", "/2/tweets");
		http_request_query(ret->request, "ids", results_ids(r));
		http_request_query(ret->request, platform_text(r->app, "fields_parameter"),
				   "public_metrics");
		return STEP_SEND;
	}
	twitter_read(r->app, r->arena, last, r->now_us, &reply);
	if (reply.is_ok)
		return read_list(r, reply.json, ret);
	(void)twitter_fail(r->arena, &reply, reply.row->elsewhere, NULL, ret);
	return STEP_DONE;
}

const struct platform_results twitter_results = {
	.most = IDS_MOST,
	.scopes = "tweet.read users.read",
	.ages_h = "results_ages_h",
	.read = read_posts,
};

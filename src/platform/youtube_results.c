/* SPDX-License-Identifier: Apache-2.0 */
/* How published videos were received: the part `statistics`, one unit of quota a reading. */
#include <stdlib.h>
#include <string.h>

#include "platform/results.h"
#include "platform/youtube.h"

#define IDS_MOST   50
#define DIGITS_MAX 18

/* Counts are texts; one that the channel hides is absent. */
static int64_t count_of(const json_t *statistics, const char *key)
{
	const char *text = json_string_value(json_object_get(statistics, key));
	const size_t n = text ? strlen(text) : 0;

	if (n == 0 || n > DIGITS_MAX || strspn(text, "0123456789") != n)
		return -1;
	return strtoll(text, NULL, 10);
}

static void read_item(const struct results_reading *r, const json_t *item)
{
	struct results_post *post = results_post_of(r, memo_text(item, "id"));
	const json_t *statistics = json_object_get(item, "statistics");

	if (!post)
		return;
	post->state = RESULTS_TOLD;
	post->counts = (struct engagement_counts){
		.views = count_of(statistics, "viewCount"),
		.likes = count_of(statistics, "likeCount"),
		.comments = count_of(statistics, "commentCount"),
		.shares = -1,
		.saves = -1,
	};
}

static enum step read_list(const struct results_reading *r, const json_t *list,
			   struct step_result *ret)
{
	const json_t *items = json_object_get(list, "items"), *item;
	size_t i;

	/* No such video any more: nothing will ever be told of it. */
	for (i = 0; json_is_array(items) && i < r->posts_n; i++)
		r->posts[i].state = RESULTS_GONE;
	json_array_foreach(items, i, item)
		read_item(r, item);
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return STEP_DONE;
}

static enum step read_videos(struct results_reading *r, const struct http_reply *last,
			     struct step_result *ret)
{
	const struct youtube_caller c = { r->arena, r->app, r->account->access_token };
	struct youtube_reply reply;

	if (!last) {
		ret->request = youtube_call(&c, VERB_GET, "yt.results", "/videos");
		http_request_query(ret->request, "part", "statistics");
		http_request_query(ret->request, "id", results_ids(r));
		return STEP_SEND;
	}
	youtube_read(r->arena, last, r->now_us, &reply);
	if (reply.is_ok)
		return read_list(r, reply.json, ret);
	(void)youtube_fail(r->arena, r->now_us, &reply,
			   reply.row ? reply.row->elsewhere : CLASS_LATER, ret);
	return STEP_DONE;
}

const struct platform_results youtube_results = { .most = IDS_MOST, .read = read_videos };

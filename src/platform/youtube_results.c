/* SPDX-License-Identifier: Apache-2.0 */
/* How a published video was received: the part `statistics`, one unit of quota a reading. */
#include <stdlib.h>
#include <string.h>

#include "platform/youtube.h"

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

static enum step read_counts(struct results_reading *r, const json_t *list, struct step_result *ret)
{
	const json_t *item = json_array_get(json_object_get(list, "items"), 0);
	const json_t *statistics = json_object_get(item, "statistics");

	/* No such video any more: nothing will ever be told of it. */
	ret->outcome = (struct outcome){ .kind = item ? OUTCOME_PUBLISHED : OUTCOME_REFUSED };
	r->counts.views = count_of(statistics, "viewCount");
	r->counts.likes = count_of(statistics, "likeCount");
	r->counts.comments = count_of(statistics, "commentCount");
	return STEP_DONE;
}

enum step youtube_results(struct results_reading *r, const struct http_reply *last,
			  struct step_result *ret)
{
	const struct youtube_caller c = { r->arena, r->app, r->account->access_token };
	struct youtube_reply reply;

	if (!last) {
		ret->request = youtube_call(&c, VERB_GET, "yt.results", "/videos");
		http_request_query(ret->request, "part", "statistics");
		http_request_query(ret->request, "id", r->remote_id);
		return STEP_SEND;
	}
	youtube_read(r->arena, last, r->now_us, &reply);
	if (reply.is_ok)
		return read_counts(r, reply.json, ret);
	(void)youtube_fail(r->arena, r->now_us, &reply,
			   reply.row ? reply.row->elsewhere : CLASS_LATER, ret);
	return STEP_DONE;
}

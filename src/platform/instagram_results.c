/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a published post was received: the counts that its own node carries, for which no permission
 * is needed beyond the one that publishes.
 */
#include "platform/instagram.h"

static const char *read_token(const struct results_reading *r)
{
	const char *user = r->account->user_token;

	return user && *user ? user : r->account->access_token;
}

static int64_t count_of(const json_t *node, const char *key)
{
	const json_t *n = json_object_get(node, key);

	return json_is_integer(n) && json_integer_value(n) >= 0 ? (int64_t)json_integer_value(n)
								: -1;
}

enum step instagram_results(struct results_reading *r, const struct http_reply *last,
			    struct step_result *ret)
{
	struct instagram_call c = { r->arena, r->app, read_token(r) };
	struct instagram_reply reply;

	if (!last) {
		ret->request = instagram_call(&c, VERB_GET, "ig.results", "/%s", r->remote_id);
		http_request_query(ret->request, "fields", "like_count,comments_count");
		return STEP_SEND;
	}
	instagram_read(r->arena, last, &reply);
	if (!reply.is_ok) {
		(void)instagram_fail(r->arena, &reply,
				     reply.row ? reply.row->elsewhere : CLASS_LATER, NULL, ret);
		return STEP_DONE;
	}
	r->counts.likes = count_of(reply.json, "like_count");
	r->counts.comments = count_of(reply.json, "comments_count");
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return STEP_DONE;
}

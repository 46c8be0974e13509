/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a pin was received: the pin itself with pin_metrics. Analytics of many pins at once are not
 * open to every app and have an allowance of calls that is far smaller; this is a read like any.
 */
#include "platform/pinterest.h"
#include "platform/results.h"

/* Over its whole life; of young pins the last ninety days are the same. */
static int64_t count_of(const json_t *metrics, const char *key)
{
	const int64_t n = results_count(json_object_get(metrics, "lifetime_metrics"), key);

	return n >= 0 ? n : results_count(json_object_get(metrics, "90d"), key);
}

static enum step read_metrics(struct results_post *post, const json_t *pin, struct step_result *ret)
{
	const json_t *metrics = json_object_get(pin, "pin_metrics");

	post->state = json_is_object(metrics) ? RESULTS_TOLD : RESULTS_UNTOLD;
	post->counts = (struct engagement_counts){
		.views = count_of(metrics, "impression"),
		.likes = count_of(metrics, "reaction"),
		.comments = count_of(metrics, "comment"),
		.shares = -1,
		.saves = count_of(metrics, "save"),
	};
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return STEP_DONE;
}

static enum step read_pin(struct results_reading *r, const struct http_reply *last,
			  struct step_result *ret)
{
	const struct pinterest_caller c = { r->arena, r->app, r->account->access_token };
	struct results_post *post = &r->posts[0];
	struct pinterest_reply reply;

	if (!last && results_keep_numbered(r) == 0) {
		ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
		return STEP_DONE;
	}
	if (!last) {
		ret->request =
			pinterest_call(&c, VERB_GET, "pin.results", "/pins/%s", post->remote_id);
		http_request_query(ret->request, "pin_metrics", "true");
		return STEP_SEND;
	}
	pinterest_read(r->arena, last, r->now_us, &reply);
	if (reply.is_ok)
		return read_metrics(post, reply.json, ret);
	(void)pinterest_fail(r->arena, &reply, reply.row->elsewhere, ret);
	return STEP_DONE;
}

const struct platform_results pinterest_results = {
	.most = 1,
	.scopes = "boards:read pins:read",
	.ages_h = "results_ages_h",
	.read = read_pin,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/results.h"

#include <string.h>

#include "base/clock.h"
#include "platform/script.h"

#define AGE_MOST_H 8784            /* a year: whoever writes more does not mean hours */
#define SLACK_US   (60 * US_PER_S) /* clocks: a reading may come so much before its age */
#define HOUR_US    (60 * US_PER_MIN)

static const char *ages_of(const struct platform_app *app)
{
	const char *setting = app->platform->results->ages_h;

	return setting ? platform_text(app, setting) : RESULTS_AGES_H;
}

/* When the post reaches the i-th age; INSTANT_NONE: what stands there is none. */
static int64_t age_us(const char *ages, int64_t i, int64_t published_us)
{
	const int64_t h = script_list_at(ages, i);

	return h >= 0 && h <= AGE_MOST_H ? published_us + h * HOUR_US : INSTANT_NONE;
}

bool results_is_due(const struct platform_app *app, int64_t published_us, int64_t now_us)
{
	const char *ages = ages_of(app);

	for (int64_t i = 0; !script_list_ends(ages, i); i++) {
		const int64_t at_us = age_us(ages, i, published_us);

		if (at_us != INSTANT_NONE && at_us <= now_us + SLACK_US)
			return true;
	}
	return false;
}

int64_t results_next_us(const struct platform_app *app, int64_t published_us, int64_t now_us)
{
	const char *ages = ages_of(app);
	int64_t next_us = INSTANT_NONE;

	for (int64_t i = 0; !script_list_ends(ages, i); i++) {
		const int64_t at_us = age_us(ages, i, published_us);

		if (at_us == INSTANT_NONE || at_us <= now_us + SLACK_US)
			continue;
		if (next_us == INSTANT_NONE || at_us < next_us)
			next_us = at_us;
	}
	return next_us;
}

static bool is_numbered(const char *id)
{
	return id && *id && id[strspn(id, "0123456789")] == '\0';
}

size_t results_keep_numbered(struct results_reading *r)
{
	size_t left = 0;

	for (size_t i = 0; i < r->posts_n; i++) {
		if (is_numbered(r->posts[i].remote_id))
			left++;
		else
			r->posts[i].state = RESULTS_GONE;
	}
	return left;
}

const char *results_ids(const struct results_reading *r)
{
	const char *ids = "";

	for (size_t i = 0; i < r->posts_n; i++) {
		if (r->posts[i].state != RESULTS_GONE)
			ids = arena_printf(r->arena, "%s%s%s", ids, *ids ? "," : "",
					   r->posts[i].remote_id);
	}
	return ids;
}

struct results_post *results_post_of(const struct results_reading *r, const char *id)
{
	for (size_t i = 0; id && i < r->posts_n; i++) {
		if (strcmp(r->posts[i].remote_id, id) == 0)
			return &r->posts[i];
	}
	return NULL;
}

int64_t results_count(const json_t *counts, const char *key)
{
	const json_t *n = json_object_get(counts, key);

	return json_is_integer(n) && json_integer_value(n) >= 0 ? (int64_t)json_integer_value(n)
								: -1;
}

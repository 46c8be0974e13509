/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/twitter.h"

static size_t clamp(int64_t value, size_t most)
{
	return value < 0 ? 0 : (size_t)value < most ? (size_t)value : most;
}

/* Where the media of an entry begin, and how many they are; none: all that there are, 0. */
static size_t slice(const json_t *entry, size_t media_n, size_t *ret_n)
{
	const json_t *list = json_object_get(entry, "media");
	const size_t n = json_array_size(list);
	size_t from;

	*ret_n = 0;
	if (n == 0)
		return media_n;
	from = clamp(json_integer_value(json_array_get(list, 0)), media_n);
	*ret_n = n < media_n - from ? n : media_n - from;
	return from;
}

static void below(const struct publication *post, const json_t *entry, struct publication *ret)
{
	const size_t from = slice(entry, post->media_n, &ret->media_n);

	ret->caption = json_is_string(entry) ? json_string_value(entry) : memo_text(entry, "text");
	ret->link = NULL;
	if (from > 0)
		ret->media = post->media + from;
	if (ret->media_n == 0)
		ret->kind = CONTENT_TEXT;
}

size_t twitter_part(const struct publication *post, size_t i, struct publication *ret)
{
	const json_t *thread = json_object_get(post->options, "thread"), *entry;
	size_t k, n;

	if (ret) {
		*ret = *post;
		if (i > 0)
			below(post, json_array_get(thread, i - 1), ret);
		json_array_foreach(thread, k, entry) {
			const size_t from = slice(entry, post->media_n, &n);

			if (i == 0 && from < ret->media_n)
				ret->media_n = from;
		}
	}
	return json_array_size(thread) + 1;
}

void twitter_part_now(const struct delivery *d, struct publication *ret)
{
	(void)twitter_part(d->post, d->part, ret);
	if (memo_int(d->memo, "part") == (int64_t)d->part)
		return;
	memo_set_int(d->memo, "part", (int64_t)d->part);
	memo_set_int(d->memo, "fired", 0);
	memo_set_int(d->memo, "doubted", 0);
	memo_set_int(d->memo, "duplicate", 0);
}

size_t twitter_media_left(const struct delivery *d)
{
	const size_t n = twitter_part(d->post, 0, NULL);
	struct publication part;

	for (size_t i = d->part; i < n; i++) {
		(void)twitter_part(d->post, i, &part);
		if (part.media_n > 0)
			return twitter_part_first(d, &part);
	}
	return d->post->media_n;
}

size_t twitter_part_first(const struct delivery *d, const struct publication *part)
{
	return (size_t)(part->media - d->post->media);
}

const char *twitter_reply_to(const struct delivery *d)
{
	return d->part > 0 ? d->before_id : twitter_option(d->post, "reply_to_id");
}

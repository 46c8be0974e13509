/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/thread.h"

#include <inttypes.h>
#include <stdio.h>

#include "platform/script.h"

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

size_t thread_part(const struct publication *post, size_t i, struct publication *ret)
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

size_t thread_first(const struct publication *post, const struct publication *part)
{
	return (size_t)(part->media - post->media);
}

/* *next is the first of the content's media not given away. */
static bool is_entry(const struct publication *post, const json_t *entry, size_t *next)
{
	const json_t *media = json_object_get(entry, "media"), *place, *text = NULL;
	size_t i;

	if (json_is_string(entry))
		return true;
	text = json_object_get(entry, "text");
	if (!json_is_object(entry) || (text && !json_is_string(text)) ||
	    json_object_size(entry) != (text ? 1U : 0U) + (media ? 1U : 0U))
		return false;
	if (!media)
		return true;
	if (!json_is_array(media) || json_array_size(media) == 0)
		return false;
	json_array_foreach(media, i, place) {
		const json_int_t at = json_is_integer(place) ? json_integer_value(place) : -1;

		if (at < 0 || (size_t)at != *next + i)
			return false;
	}
	*next += json_array_size(media);
	return *next <= post->media_n;
}

bool thread_check(const struct publication *post, const char *at, int64_t most,
		  struct findings *ret)
{
	const json_t *thread = json_object_get(post->options, "thread"), *entry;
	const size_t n = thread_part(post, 0, NULL);
	struct publication head;
	size_t next, i;

	(void)thread_part(post, 0, &head);
	next = head.media_n;
	if ((int64_t)n > most) {
		findings_add(ret, false, at, "thread_too_long",
			     "The thread has %zu posts; %" PRId64 " are allowed.", n, most);
		return false;
	}
	json_array_foreach(thread, i, entry) {
		if (is_entry(post, entry, &next))
			continue;
		findings_add(ret, false, at, "thread_entry",
			     "Entry %zu: a text, or {\"text\", \"media\"} with the places of the "
			     "content's media in order, all from the first one named to the last.",
			     i);
		return false;
	}
	if (next == post->media_n)
		return true;
	findings_add(ret, false, at, "thread_media",
		     "The thread leaves media out: each belongs to one of its posts.");
	return false;
}

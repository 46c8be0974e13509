/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/thread.h"
#include "platform/twitter.h"

void twitter_part_now(const struct delivery *d, struct publication *ret)
{
	(void)thread_part(d->post, d->part, ret);
	if (memo_int(d->memo, "part") == (int64_t)d->part)
		return;
	memo_set_int(d->memo, "part", (int64_t)d->part);
	memo_set_int(d->memo, "fired", 0);
	memo_set_int(d->memo, "doubted", 0);
	memo_set_int(d->memo, "duplicate", 0);
}

size_t twitter_media_left(const struct delivery *d)
{
	const size_t n = thread_part(d->post, 0, NULL);
	struct publication part;

	for (size_t i = d->part; i < n; i++) {
		(void)thread_part(d->post, i, &part);
		if (part.media_n > 0)
			return twitter_part_first(d, &part);
	}
	return d->post->media_n;
}

size_t twitter_part_first(const struct delivery *d, const struct publication *part)
{
	return thread_first(d->post, part);
}

const char *twitter_reply_to(const struct delivery *d)
{
	return d->part > 0 ? d->before_id : twitter_option(d->post, "reply_to_id");
}

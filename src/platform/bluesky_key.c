/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a post's record lies, settled before anything is sent. The key follows from the post's own
 * id: whoever publishes this post, with this memo, another one or none at all, names the same
 * record, and putRecord with swapRecord null writes it only where nothing stands. A request that
 * arrives late, or twice, finds the record there: with the same content it changes nothing, with
 * other content it is refused. So a post cannot exist twice, and whether it exists is one read.
 */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "crypto/digest.h"
#include "platform/bluesky.h"

#define TID_CHARS  13
#define CLOCK_BITS 10
#define ULID_TIME  10 /* characters, five bits each */
#define ULID_CHARS 26

/* Milliseconds of a ULID's first characters; -1: it is none. */
static int64_t made_ms(const char *id)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	const char *cut = strrchr(id, '_'), *ulid = cut ? cut + 1 : id;
	int64_t ms = 0;

	if (strlen(ulid) != ULID_CHARS)
		return -1;
	for (size_t i = 0; i < ULID_TIME; i++) {
		const char *at = strchr(digits, ulid[i]);

		if (!at)
			return -1;
		ms = ms << 5 | (int64_t)(at - digits);
	}
	return ms;
}

/*
 * A moment within the day before the post was made, and a clock id, 46 bits in all that nobody
 * chose: posts of one account that were made together do not meet. Never in the future.
 */
static int64_t tid_of(const struct delivery *d)
{
	const int64_t ms = made_ms(d->post_id);
	const int64_t from_us = BUG(bluesky_key_drawn) ? d->now_us
				: ms < 0               ? d->due_us
						       : ms * US_PER_MS;
	uint8_t hash[SHA256_BYTES];
	uint64_t draw = 0;

	digest_sha256(d->post_id, strlen(d->post_id), hash);
	for (size_t i = 0; i < sizeof(draw); i++)
		draw = draw << 8 | hash[i];
	return (from_us - (int64_t)((draw >> CLOCK_BITS) % US_PER_DAY)) << CLOCK_BITS |
	       (int64_t)(draw & ((1U << CLOCK_BITS) - 1));
}

void bluesky_key_choose(const struct delivery *d)
{
	if (memo_int(d->memo, "tid") > 0 && memo_int(d->memo, "born") > 0 &&
	    !BUG(bluesky_key_drawn))
		return;
	memo_set_int(d->memo, "tid", tid_of(d));
	memo_set_int(d->memo, "born", d->due_us > d->now_us ? d->due_us : d->now_us);
}

/* The parts of a thread lie a microsecond apart. */
const char *bluesky_key(const struct delivery *d)
{
	static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
	const int64_t tid = memo_int(d->memo, "tid");
	uint64_t left = (uint64_t)(tid > 0 ? tid : tid_of(d)) + ((uint64_t)d->part << CLOCK_BITS);
	char text[TID_CHARS + 1] = "";

	for (size_t i = TID_CHARS; i-- > 0; left >>= 5)
		text[i] = digits[left & 31];
	return arena_strdup(d->arena, text);
}

const char *bluesky_uri(const struct delivery *d)
{
	return arena_printf(d->arena, "at://%s/" BLUESKY_POST "/%s", d->account->remote_id,
			    bluesky_key(d));
}

const char *bluesky_born(const struct delivery *d)
{
	char at[RFC3339_MAX];

	rfc3339_print_ms(memo_int(d->memo, "born") + (int64_t)d->part * US_PER_MS, at);
	return arena_strdup(d->arena, at);
}

/* Up to the next slash; *p moves behind it. */
static const char *segment(struct arena *a, const char **p)
{
	const size_t n = strcspn(*p, "/?#");
	const char *ret = arena_strndup(a, *p, n);

	*p += n;
	*p += **p == '/' ? 1 : 0;
	return ret;
}

static bool is_key(const char *key)
{
	const size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789.-_:~");

	return n > 0 && n <= 512 && key[n] == '\0';
}

static bool is_repo(const char *repo)
{
	const size_t n = strspn(repo, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:%");

	return n > 0 && n <= 253 && repo[n] == '\0' && strpbrk(repo, ".:");
}

bool bluesky_place_read(struct arena *a, const char *text, struct bluesky_place *ret)
{
	static const struct {
		const char *begin, *middle;
	} forms[] = {
		{ "at://", BLUESKY_POST "/" },
		{ "https://bsky.app/profile/", "post/" },
	};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const char *p = text + strlen(forms[i].begin);
		const size_t middle = strlen(forms[i].middle);

		if (strncmp(text, forms[i].begin, strlen(forms[i].begin)) != 0)
			continue;
		ret->repo = segment(a, &p);
		if (strncmp(p, forms[i].middle, middle) != 0)
			return false;
		p += middle;
		ret->key = segment(a, &p);
		return is_repo(ret->repo) && is_key(ret->key) && (*p == '\0' || *p == '?');
	}
	return false;
}

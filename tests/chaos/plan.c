/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a campaign, as a pure function of its seed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "chaos.h"

enum use { /* what a draw is for: one number each, so that none depends on another */
	   USE_KIND,
	   USE_ALIKE,
	   USE_DUE,
	   USE_ACT,
	   USE_ACT_TIME,
	   USE_BLOW,
	   USE_BLOW_TIME,
	   USE_BLOW_PICK,
	   USE_POINT_HIT,
	   USE_POINT_ACTION,
};

/* What a platform takes, of a hundred. */
struct kinds_row {
	const char *platform;
	unsigned text, image; /* the rest: video */
};

static const struct kinds_row kinds[] = {
	{ "instagram", 0, 90 }, { "tiktok", 0, 20 }, { "twitter", 60, 95 }, { "pinterest", 0, 92 },
	{ "mastodon", 60, 95 }, { "youtube", 0, 0 }, { "bluesky", 60, 95 },
};

static enum content_kind kind_of(const char *platform, uint64_t bits)
{
	const unsigned percent = (unsigned)(bits % 100);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].platform, platform) != 0)
			continue;
		if (percent < kinds[i].text)
			return CONTENT_TEXT;
		return percent < kinds[i].image ? CONTENT_IMAGE : CONTENT_VIDEO;
	}
	return CONTENT_IMAGE;
}

/* X refuses a text that it has seen, so there none are alike. */
static bool may_be_alike(const char *platform)
{
	return strcmp(platform, "twitter") != 0;
}

static enum chaos_act act_of(uint64_t bits)
{
	const unsigned permille = (unsigned)(bits % 1000);

	if (permille < 60)
		return ACT_CANCEL;
	if (permille < 110)
		return ACT_MOVE;
	if (permille < 140)
		return ACT_EDIT;
	return permille < 160 ? ACT_NOW : ACT_NONE;
}

static void plan_post(const struct campaign *c, int i, struct chaos_post *ret)
{
	const uint64_t seed = c->seed, round = (uint64_t)c->round, at = (uint64_t)i;
	const int accounts = c->rig.platforms_n * RIG_ACCOUNTS;
	const char *platform;

	*ret = (struct chaos_post){ .account = i % accounts };
	platform = c->rig.platforms[ret->account / RIG_ACCOUNTS].name;
	ret->kind = kind_of(platform, draw(seed, round, at, USE_KIND));
	ret->is_alike = draw(seed, round, at, USE_ALIKE) % 10 == 0 && may_be_alike(platform);
	ret->due_ms = (int64_t)(draw(seed, round, at, USE_DUE) % (uint64_t)c->length_ms);
	ret->act = act_of(draw(seed, round, at, USE_ACT));
	/* Around the due time, where it matters: from 3 s before to 1 s after. */
	ret->act_ms = ret->due_ms - 3000 + (int64_t)(draw(seed, round, at, USE_ACT_TIME) % 4000);
	if (ret->is_alike)
		(void)snprintf(ret->caption, sizeof(ret->caption), "Good morning %d of round %d",
			       ret->account, c->round);
	else
		(void)snprintf(ret->caption, sizeof(ret->caption), "Post r%dp%d", c->round, i);
}

void chaos_plan_posts(struct campaign *c)
{
	for (int i = 0; i < c->posts_n; i++)
		plan_post(c, i, &c->posts[i]);
}

/* How often: mean distance in ms, of each kind. */
static const struct {
	int64_t every_ms, for_ms;
} blows[BLOWS] = {
	[BLOW_KILL] = { 2500, 0 },
	[BLOW_STOP] = { 4000, 4000 },
	[BLOW_DATABASE_KILL] = { 12000, 400 },
	[BLOW_DATABASE_STOP] = { 15000, 2500 },
	[BLOW_EXPIRE] = { 5000, 0 },
	[BLOW_DOOR] = { 6000, 1200 },
	[BLOW_DISK] = { 8000, 3000 },
	[BLOW_CLOCK] = { 8000, 3000 },
};

static int later(const void *a, const void *b)
{
	const struct chaos_event *x = a, *y = b;

	return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static size_t blows_of(const struct campaign *c)
{
	size_t n = 0;

	for (int blow = 0; blow < BLOWS; blow++)
		n += (size_t)(c->length_ms / blows[blow].every_ms);
	return n;
}

void chaos_plan_events(struct campaign *c)
{
	free(c->events);
	c->events = alloc_array(blows_of(c) + 1, sizeof(*c->events));
	c->events_n = 0;
	c->event_next = 0;
	for (int blow = 0; blow < BLOWS; blow++) {
		const int64_t n = c->length_ms / blows[blow].every_ms;

		for (int64_t i = 0; i < n; i++) {
			const uint64_t at = (uint64_t)(blow * 100000 + i);
			struct chaos_event *e = &c->events[c->events_n++];

			e->blow = (enum chaos_blow)blow;
			e->at_ms = (int64_t)(draw(c->seed, (uint64_t)c->round, at, USE_BLOW_TIME) %
					     (uint64_t)c->length_ms);
			e->pick = (unsigned)(draw(c->seed, (uint64_t)c->round, at, USE_BLOW_PICK) >>
					     32);
			e->for_ms = blows[blow].for_ms == 0
					    ? 0
					    : 200 + (int64_t)(draw(c->seed, (uint64_t)c->round, at,
								   USE_BLOW) %
							      (uint64_t)blows[blow].for_ms);
		}
	}
	qsort(c->events, (size_t)c->events_n, sizeof(*c->events), later);
}

const char *const chaos_points[] = {
#define FAILPOINT(name, mends) #name,
#define FAILPOINT_APART(name, mends)
#include "publish/failpoints.def"
#undef FAILPOINT
#undef FAILPOINT_APART
};
const size_t chaos_points_n = ARRAY_LEN(chaos_points);

/*
 * Each runner in turn has another point. Most die there; some stall, too briefly or too long. A
 * point that a busy runner passes often is let pass a few times first.
 */
void chaos_plan_failpoint(uint64_t seed, int nth, char *ret, size_t size)
{
	const uint64_t at = (uint64_t)nth;
	const char *point = chaos_points[at % chaos_points_n];
	const unsigned hit = 1 + (unsigned)(draw(seed, 0, at, USE_POINT_HIT) % 12);
	const unsigned what = (unsigned)(draw(seed, 0, at, USE_POINT_ACTION) % 100);

	if (what < 70)
		(void)snprintf(ret, size, "%s %u kill\n", point, hit);
	else if (what < 85)
		(void)snprintf(ret, size, "%s %u stop:%u\n", point, hit, 100 + what * 40);
	else if (strcmp(point, "F12_journal_write") == 0)
		(void)snprintf(ret, size, "%s %u errno:ENOSPC\n", point, hit);
	else
		(void)snprintf(ret, size, "%s %u sleep:%u\n", point, hit, what * 10);
}

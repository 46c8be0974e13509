/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls under way, at most publish.in_flight: which of those that are ready begin next. What is
 * due goes first. Permits are asked for beyond the room of the moment, for as many calls as have ended
 * in the last turn: about so many more will have while these are written.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/bug.h"
#include "publish/private.h"

#define READY_FIRST 64

static size_t most_of(const struct engine *e)
{
	return (size_t)e->app->config->publish_in_flight;
}

void calls_count(struct engine *e)
{
	const size_t most = most_of(e);
	struct calls *c = &e->calls;
	size_t under_way = 0;

	c->asked = c->aimed = 0;
	for (const struct flight *f = e->flights; f; f = f->next) {
		under_way += f->transfer != NULL;
		c->asked += f->at == FLIGHT_PERMIT || f->at == FLIGHT_AIM;
		c->aimed += f->at == FLIGHT_AIM;
	}
	c->room = under_way < most ? most - under_way : 0;
}

/* Of a call that is ready: it leaves what is kept for others. */
static size_t room_needed(const struct flight *f)
{
	const size_t most = most_of(f->engine);
	const bool is_staging = f->phase == PHASE_STAGE;

	if (f->at == FLIGHT_AIM)
		return 1;
	return 1 + f->engine->calls.aimed + (is_staging ? most - STAGING_SHARE(most) : 0);
}

bool calls_has_room(const struct flight *f)
{
	const struct calls *c = &f->engine->calls;

	return f->at == FLIGHT_READY ? c->room + c->ended > c->asked : c->room >= room_needed(f);
}

static void let_wait(const struct flight *f)
{
	struct calls *c = &f->engine->calls;
	const size_t needed = room_needed(f);

	c->least_room = needed < c->least_room ? needed : c->least_room;
}

static bool is_ready(const struct flight *f)
{
	return !f->change.is_pending && (f->at == FLIGHT_AIM || f->at == FLIGHT_SEND);
}

static void make_ready(struct flight *f)
{
	struct calls *c = &f->engine->calls;

	if (c->ready_n == c->ready_most) {
		c->ready_most = c->ready_most ? c->ready_most * 2 : READY_FIRST;
		c->ready = alloc_resize(c->ready, c->ready_most * sizeof(struct flight *));
	}
	c->ready[c->ready_n++] = f;
}

void calls_ended(struct flight *f)
{
	struct calls *c = &f->engine->calls;

	c->room++;
	c->ended++;
	if (!is_ready(f))
		return;
	make_ready(f);
	let_wait(f);
}

static bool is_aimed_later(const struct flight *f, int64_t now_us)
{
	return f->at == FLIGHT_AIM && f->fire_us > now_us && !BUG(fires_early);
}

/* False: not yet. */
static bool leave(struct flight *f, int64_t now_us)
{
	struct engine *e = f->engine;
	struct calls *c = &e->calls;

	if (is_aimed_later(f, now_us)) {
		const int64_t boot_us = dueclock_boot_us(&e->clock, f->fire_us);

		c->aim_boot_us = boot_us < c->aim_boot_us ? boot_us : c->aim_boot_us;
		return false;
	}
	if (!calls_has_room(f)) {
		let_wait(f);
		return false;
	}
	c->room--;
	if (f->at == FLIGHT_AIM) {
		c->aimed--;
		fire_start(f);
	} else {
		flight_start(f);
	}
	return true;
}

static void start_ready(struct engine *e)
{
	const int64_t now_us = dueclock_now_us(&e->clock);
	struct calls *c = &e->calls;
	size_t i, kept = 0;

	c->least_room = SIZE_MAX;
	c->aim_boot_us = INT64_MAX;
	for (i = 0; i < c->ready_n && c->room > 0; i++) {
		struct flight *f = c->ready[i];

		if (is_ready(f) && !leave(f, now_us))
			c->ready[kept++] = f;
	}
	if (i < c->ready_n)
		c->least_room = 1; /* they are looked at when there is */
	if (kept == i)
		return;
	memmove(c->ready + kept, c->ready + i, (c->ready_n - i) * sizeof(struct flight *));
	c->ready_n -= i - kept;
}

void calls_start(struct engine *e)
{
	calls_count(e);
	e->calls.ready_n = 0;
	for (struct flight *f = e->flights; f; f = f->next) {
		if (is_ready(f) && f->at == FLIGHT_AIM)
			make_ready(f);
	}
	for (struct flight *f = e->flights; f; f = f->next) {
		if (is_ready(f) && f->at == FLIGHT_SEND)
			make_ready(f);
	}
	start_ready(e);
}

static void begin_beside(struct beside *b)
{
	if (!b->is_due)
		return;
	b->is_due = false;
	fiber_run(b->fiber, b->fn, b->arg);
}

/* What is done beside goes on when what it waits for has come. */
static void go_on_beside(struct beside *b)
{
	if (fiber_is_alive(b->fiber) && (b->wants.revents || clock_boot_us() >= b->until_boot_us))
		fiber_resume(b->fiber);
}

/* One look at the network, at fd, and at what is done beside; returns what fd is ready for. */
static short carry(struct engine *e, int fd, short events, int64_t until_boot_us)
{
	const struct calls *c = &e->calls;
	struct beside *b = &e->beside;
	struct pollfd fds[NET_CARRY_FDS] = { { .fd = fd, .events = events }, b->wants };
	const bool is_beside = fiber_is_alive(b->fiber);
	int64_t wake_us = until_boot_us;

	if (e->going_on > 0 && c->aim_boot_us < wake_us)
		wake_us = c->aim_boot_us;
	if (is_beside && b->until_boot_us < wake_us)
		wake_us = b->until_boot_us;
	net_carry(e->app->net, fds, is_beside ? 2 : 1, wake_us,
		  e->going_on > 0 ? flight_done_reply : NULL);
	if (e->going_on > 0 && (c->aim_boot_us <= clock_boot_us() || c->room >= c->least_room))
		start_ready(e);
	if (is_beside) {
		b->wants.revents = fds[1].revents;
		go_on_beside(b);
	}
	return fds[0].revents;
}

short calls_carry(void *arg, int fd, short events, int64_t until_boot_us)
{
	struct engine *e = arg;
	struct beside *b = &e->beside;
	short got;

	begin_beside(b);
	do {
		got = carry(e, fd, events, until_boot_us);
	} while (!got && clock_boot_us() < until_boot_us);
	return got;
}

short calls_carry_side(void *arg, int fd, short events, int64_t until_boot_us)
{
	struct engine *e = arg;
	struct beside *b = &e->beside;

	if (!fiber_is_inside(b->fiber))
		return calls_carry(arg, fd, events, until_boot_us);
	b->wants = (struct pollfd){ .fd = fd, .events = events };
	b->until_boot_us = until_boot_us;
	fiber_yield(b->fiber);
	return b->wants.revents;
}

void calls_beside(struct engine *e)
{
	e->beside.is_due = e->beside.fn != NULL;
}

void calls_join(struct engine *e)
{
	begin_beside(&e->beside); /* the database was never waited for */
	while (fiber_is_alive(e->beside.fiber))
		(void)carry(e, -1, 0, INT64_MAX);
}

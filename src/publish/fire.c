/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The irreversible call: its turn, its permit, its instant.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bug.h"
#include "base/fp.h"
#include "base/log.h"
#include "crypto/random.h"
#include "domain/lateness.h"
#include "publish/private.h"

/* Another process fires for the account just now: ask again soon. */
#define LANE_RETRY_US (200 * US_PER_MS)

/* What has come back leaves the lane once that is written. */
static bool is_in_lane(const struct flight *f)
{
	const bool is_back = f->change.is_pending && f->change.has_settlement;

	return is_back || f->at == FLIGHT_PERMIT || f->at == FLIGHT_AIM || f->at == FLIGHT_FIRE ||
	       (f->is_fired && f->q.attempt.state == ATTEMPT_SENT);
}

static bool is_lane_free(const struct flight *f)
{
	for (const struct flight *o = f->engine->flights; o; o = o->next) {
		if (o != f && o->lane == f->lane && is_in_lane(o))
			return false;
	}
	return true;
}

static bool is_late(const struct flight *f)
{
	return !f->q.post.is_immediate && flight_now_us(f) - f->q.post.due_us > LATENESS_GRACE_US;
}

/* How far apart two fires of the account must be; the platform may ask for it even on time. */
static int64_t gap_us(const struct flight *f)
{
	const struct platform *p = f->platform_app.platform;

	if (is_late(f))
		return f->engine->app->config->publish_late_spacing_s * US_PER_S;
	return p->fire_gap_ms ? platform_int(&f->platform_app, p->fire_gap_ms) * US_PER_MS : 0;
}

/* Half of what those before it take: some may be gone by then. A long backlog must not be polled. */
static int64_t turn_wait_us(int64_t before, int64_t apart_us)
{
	const int64_t wait_us = before * apart_us / 2;

	return wait_us > US_PER_S ? wait_us : US_PER_S;
}

/*
 * Late posts of an account go in due order and keep their distance. False: not yet; the flight
 * waits, or goes back into the queue when the wait is long.
 */
static bool is_spaced(struct flight *f)
{
	const int64_t now_us = flight_now_us(f), apart_us = gap_us(f);
	struct engine *e = f->engine;
	struct problem p = { .kind = PROBLEM_NONE };
	int64_t last_us = INSTANT_NONE, free_us, before = 0;

	if (apart_us == 0 || BUG(late_unspaced))
		return true;
	if (!engine_db_ready(e))
		return false;
	if ((is_late(f) &&
	     store_queue_before(e->app->db, f->key.workspace, &f->q.post, &before, &p) < 0) ||
	    store_queue_last_fire(e->app->db, f->key.workspace, f->q.account.id, &last_us, &p) <
		    0) {
		engine_db_failed(e, &p);
		return false;
	}
	if (before > 0) {
		flight_park(f, now_us + turn_wait_us(before, apart_us));
		return false;
	}
	free_us = last_us + apart_us;
	if (last_us == INSTANT_NONE || free_us <= now_us)
		return true;
	f->fire_us = free_us;
	if (free_us - now_us > HOLD_US)
		flight_park(f, free_us - US_PER_S);
	return false;
}

struct permit flight_permit(const struct flight *f, int64_t sent_us)
{
	const struct engine *e = f->engine;
	struct permit p = {
		.post_id = f->key.id,
		.account_id = f->q.account.id,
		.fence = f->q.post.fence,
		.version = f->q.post.version,
		.seq = f->q.post.attempts + 1,
		.lease_s = e->app->config->publish_lease_s,
		.host = e->self.host,
		.boot_id = e->self.boot_id,
		.handle = f->handle,
		.pid = e->self.pid,
		.start_ticks = e->self.start_ticks,
		.snapshot = f->snapshot.text,
		.is_part = flight_is_begun(f),
		.sent_us = sent_us,
		.deadline_us = sent_us,
	};

	random_bytes(p.permit, sizeof(p.permit));
	snapshot_fingerprint(&f->snapshot, f->platform_app.platform, (size_t)f->q.live_n, f->arena,
			     p.fingerprint);
	memcpy(p.snapshot_hash, f->snapshot.hash, SHA256_BYTES);
	return p;
}

static void ask_permit(struct flight *f)
{
	const int64_t now_us = flight_now_us(f);
	const int64_t from_us = f->fire_us > now_us ? f->fire_us : now_us;
	struct change *c = &f->change;

	arena_reset(c->arena);
	c->permit = flight_permit(f, now_us);
	c->permit.memo = flight_memo(f);
	c->permit.deadline_us =
		from_us + f->engine->app->config->publish_send_deadline_ms * US_PER_MS;
	c->permit_answer = PERMIT_NONE;
	c->is_pending = c->has_permit = true;
	c->has_move = c->has_settlement = c->has_discovery = false;
	c->event = NULL;
	f->at = FLIGHT_PERMIT;
}

/* Between two parts there is neither too late nor too close: a post is out as soon as it begins. */
static bool is_in_turn(struct flight *f)
{
	return is_lane_free(f) && (flight_is_begun(f) || (flight_is_in_time(f) && is_spaced(f)));
}

static int by_due(const void *a, const void *b)
{
	const struct flight *x = *(struct flight *const *)a, *y = *(struct flight *const *)b;

	if (x->q.post.due_us != y->q.post.due_us)
		return x->q.post.due_us < y->q.post.due_us ? -1 : 1;
	return strcmp(x->key.id, y->key.id);
}

/* What cannot be sent from here is set free: another host may have room. */
static void let_go(struct engine *e, int64_t until_us)
{
	for (struct flight *f = e->flights; f; f = f->next) {
		if (f->at == FLIGHT_READY && !f->change.is_pending && f->fire_us <= until_us)
			flight_park(f, dueclock_now_us(&e->clock));
	}
}

void fire_gather(struct engine *e)
{
	const int64_t until_us = dueclock_now_us(&e->clock) + e->permit_lead_us;
	struct flight **list = alloc_array(e->flights_n + 1, sizeof(struct flight *));
	size_t n = 0;

	if (e->has_journal_failed && !e->is_alone)
		let_go(e, until_us);
	for (struct flight *f = e->flights; f; f = f->next) {
		if (f->at == FLIGHT_READY && !f->change.is_pending && f->fire_us <= until_us)
			list[n++] = f;
	}
	if (n > 0)
		qsort(list, n, sizeof(struct flight *), by_due);
	for (size_t i = 0; i < n && calls_has_room(list[i]) && engine_db_ready(e); i++) {
		if (!is_in_turn(list[i]) || limits_hold(list[i], BREAKER_PUBLISH))
			continue;
		ask_permit(list[i]);
		e->calls.asked++;
	}
	e->calls.ended = 0;
	free(list);
}

static void given(struct flight *f)
{
	const struct permit *p = &f->change.permit;
	struct queue_attempt *t = &f->q.attempt;

	f->q.post.state = POST_PUBLISHING;
	f->q.post.version++;
	f->q.post.attempts = p->seq;
	f->q.post.claims = 0;
	*t = (struct queue_attempt){
		.seq = p->seq,
		.state = ATTEMPT_SENT,
		.sent_us = p->sent_us,
		.last_read_us = INSTANT_NONE,
	};
	memcpy(t->permit, p->permit, PERMIT_BYTES);
	f->change.permit_answer = PERMIT_NONE;
	f->leased_boot_us = clock_boot_us();
	if (f->engine->journal && !BUG(permit_unjournalled))
		journal_permit(f->engine->journal, f->key.workspace, p);
}

/* The account's other posts would only be told the same, one after the other. */
static void wait_for_lane(const struct flight *f)
{
	const int64_t retry_us = flight_now_us(f) + LANE_RETRY_US;

	for (struct flight *o = f->engine->flights; o; o = o->next) {
		if (o->lane == f->lane && o->at == FLIGHT_READY && o->fire_us < retry_us)
			o->fire_us = retry_us;
	}
}

static void refused(struct flight *f)
{
	if (f->change.permit_answer == PERMIT_WAIT) {
		f->change.permit_answer = PERMIT_NONE;
		limits_look_again(f->engine);
		return;
	}
	if (f->change.permit_answer == PERMIT_LOST) {
		f->change.permit_answer = PERMIT_NONE;
		flight_refused_permit(f);
		return;
	}
	f->change.permit_answer = PERMIT_NONE;
	f->q.post.version += 2;
	wait_for_lane(f);
}

/* Nothing has left: the permits are void, the posts come back. */
static void void_permit(struct flight *f, const char *message)
{
	const struct outcome o = {
		.kind = OUTCOME_DEFER,
		.error = { POST_ERROR_CONFIGURATION, message, WHO_OPERATOR, NULL, NULL, true },
	};

	flight_decide(f, PHASE_FIRE, &o);
}

static int open_journal(struct engine *e)
{
	return e->journal ? 0
			  : journal_open(e->app->config->publish_journal_folder, &e->self,
					 &e->journal);
}

static bool is_answered(const struct flight *f)
{
	return !f->change.is_pending && (f->at == FLIGHT_PERMIT || f->at == FLIGHT_READY) &&
	       f->change.permit_answer != PERMIT_NONE;
}

static bool is_permitted(const struct flight *f)
{
	return f->at == FLIGHT_PERMIT && !f->change.is_pending;
}

bool fire_journal_works(struct engine *e)
{
	int err;

	if (!e->has_journal_failed)
		return true;
	err = open_journal(e);
	if (err == 0)
		err = journal_probe(e->journal);
	e->has_journal_failed = err < 0;
	return !e->has_journal_failed;
}

/* The others go on while the disk takes its time; where there are none, nothing is to be carried. */
static int sync_journal(struct engine *e)
{
	int err;

	e->going_on++;
	err = journal_sync(e->journal, e->is_alone ? NULL : calls_carry, e);
	e->going_on--;
	return err;
}

/* 0: every permit of this turn is in the journal, on disk. */
static int write_journal(struct engine *e)
{
	int err = open_journal(e);

	for (struct flight *f = e->flights; f; f = f->next) {
		if (is_permitted(f))
			given(f);
	}
	if (err == 0)
		err = sync_journal(e);
	(void)FP(F13_journal_written);
	if (err < 0)
		log_line(LOG_LEVEL_ERROR, "journal.failed", "errno=%d", -err);
	e->has_journal_failed = err < 0;
	return err;
}

void fire_permitted(struct engine *e)
{
	bool is_any = false;
	int err;

	for (struct flight *f = e->flights; f; f = f->next) {
		if (is_answered(f) && f->at == FLIGHT_READY)
			refused(f);
		is_any |= is_permitted(f);
	}
	if (!is_any)
		return;
	err = write_journal(e);
	for (struct flight *f = e->flights; f; f = f->next) {
		if (!is_permitted(f))
			continue;
		f->at = FLIGHT_AIM;
		if (err < 0)
			void_permit(f, "This server cannot write its journal of permits.");
	}
}

void fire_start(struct flight *f)
{
	struct engine *e = f->engine;
	const int64_t now_us = flight_now_us(f);
	const int64_t deadline_us = f->change.permit.deadline_us;
	const struct post *p = &f->q.post;
	const bool is_at_once = p->is_immediate || flight_is_begun(f);

	if (f->is_lost || now_us >= deadline_us) {
		void_permit(f, "This server came too late to use its permit.");
		return;
	}
	f->is_fired = true;
	f->fired_late_us = now_us - (is_at_once ? f->fire_us : p->due_us);
	if (is_at_once && f->fire_us == 0)
		f->fired_late_us = 0;
	f->at = FLIGHT_FIRE;
	e->fires++;
	(void)FP(F14_before_send);
	f->transfer = net_start(e->app->net, NET_FIRE, f->step.request,
				dueclock_boot_us(&e->clock, deadline_us), flight_done_reply, f);
}

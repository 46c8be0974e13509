/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an outcome to what is written: domain/delivery decides, this file fills in the change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fp.h"
#include "base/log.h"
#include "publish/private.h"

#define REMOTE_ID_MAX 191

const char *flight_event(enum post_state state)
{
	static const char *const events[POST_STATES] = {
		[POST_PUBLISHED] = "post.published",     [POST_FAILED] = "post.failed",
		[POST_RETRYING] = "post.retrying",       [POST_MISSED] = "post.missed",
		[POST_UNCONFIRMED] = "post.unconfirmed", [POST_CANCELLED] = "post.cancelled",
	};

	return events[state];
}

static struct delivery_view view_of(const struct flight *f, enum phase phase)
{
	const struct post *p = &f->q.post;
	const struct queue_attempt *t = &f->q.attempt;
	const int64_t now_us = phase == PHASE_DOUBT ? f->read_us : flight_now_us(f);
	const bool is_begun = flight_is_begun(f);

	return (struct delivery_view){
		.state = p->state,
		.attempt = t->state,
		.is_immediate = p->is_immediate,
		.is_begun = is_begun,
		.tries = (int)p->tries,
		.attempts = (int)(p->attempts - f->q.live_seq),
		.negatives = (int)t->negatives,
		.claims = (int)p->claims,
		.now_us = now_us,
		.due_us = is_begun && p->published_us > p->due_us ? p->published_us : p->due_us,
		.sent_us = t->state == ATTEMPT_NONE ? now_us : t->sent_us,
		.last_read_us = t->last_read_us,
		.late_limit_us = f->q.account.publish_within_minutes * US_PER_MIN,
		.jitter = engine_draw(),
	};
}

/* A remote id goes into an ASCII column of limited width; one that does not fit is not an id. */
static const char *sane_id(const struct flight *f, const char *id)
{
	size_t n = 0;

	if (!id || !*id)
		return NULL;
	while (id[n] > ' ' && id[n] < 0x7f)
		n++;
	return n <= REMOTE_ID_MAX && id[n] == '\0' ? arena_strdup(f->arena, id) : NULL;
}

const char *flight_memo(const struct flight *f)
{
	char *text =
		f->memo && json_object_size(f->memo) > 0 ? json_dumps(f->memo, JSON_COMPACT) : NULL;
	const char *kept = arena_strdup(f->change.arena, text);

	free(text);
	return kept;
}

struct queue_move *flight_change(struct flight *f, enum post_state state, enum flight_at next)
{
	struct change *c = &f->change;
	struct post *p = &f->q.post;

	if (!c->is_pending)
		arena_reset(c->arena);
	p->state = state;
	c->is_pending = c->has_move = true;
	c->next = next;
	c->move = (struct queue_move){
		.id = p->id,
		.fence = p->fence,
		.version = p->version,
		.state = state,
		.reason = p->reason,
		.is_kept = true,
		.wake_us = INSTANT_NONE,
		.tries = p->tries,
		.memo = flight_memo(f),
		.remote_id = p->remote_id,
		.remote_url = p->remote_url,
		.published_us = p->published_us,
		.next_attempt_us = INSTANT_NONE,
		.waiting_for = p->waiting_for,
	};
	f->at = FLIGHT_WAIT;
	f->wait_us = INT64_MAX;
	return &c->move;
}

static void release(struct flight *f, struct queue_move *m, int64_t wake_us)
{
	m->is_kept = false;
	m->wake_us = wake_us;
	f->change.next = FLIGHT_END;
}

void flight_park(struct flight *f, int64_t wake_us)
{
	release(f, flight_change(f, f->q.post.state, FLIGHT_END), wake_us);
}

static void take_error(struct flight *f, struct queue_move *m, const struct outcome *o,
		       bool is_partial)
{
	static const struct post_error unknown = {
		.code = POST_ERROR_UNKNOWN,
		.message = "It ended without an explanation; the server's log has more.",
		.who = WHO_OPERATOR,
	};

	if (o && o->error.code != POST_ERROR_NONE)
		m->error = o->error;
	else if (m->state == POST_FAILED || is_partial)
		m->error = unknown;
	if (!m->error.message)
		m->error.message = "";
	if (is_partial) {
		m->error.is_retryable = false; /* what is live must not be sent again */
		m->error.message = arena_printf(
			f->change.arena, "%lld of %zu parts are live, the rest was not sent: %s",
			(long long)f->q.live_n, f->parts_n, m->error.message);
	}
	if ((m->state == POST_PUBLISHED && !is_partial) || m->state == POST_STAGED)
		m->error = (struct post_error){ .code = POST_ERROR_NONE };
	f->q.post.error_code = post_error_name(m->error.code);
}

/* What the event tells: the post as the move leaves it. */
static void take_event(struct flight *f, const struct queue_move *m)
{
	struct post *p = &f->change.event_post;

	*p = f->q.post;
	p->error_message = m->error.message;
	p->error_who = who_name(m->error.who);
	p->error_retryable = m->error.is_retryable;
	p->platform_code = m->error.platform_code;
	p->platform_message = m->error.platform_message;
}

static const char *evidence(struct flight *f, enum phase phase, const struct outcome *o)
{
	static const char *const phases[] = { "stage", "fire", "confirm", "doubt" };
	static const char *const kinds[] = { "staged",  "published", "accepted", "defer",
					     "refused", "reauth",    "refresh",  "unknown",
					     "absent",  "restage",   "continued" };
	json_t *e = json_pack("{s:I, s:s, s:s, s:s*, s:s*, s:s*}", "at_us",
			      (json_int_t)flight_now_us(f), "phase", phases[phase], "came_to",
			      kinds[o->kind], "remote_id", o->remote_id, "code",
			      o->error.platform_code, "words", o->error.message);
	char *text = e ? json_dumps(e, JSON_COMPACT) : NULL;
	const char *kept = arena_strdup(f->change.arena, text);

	free(text);
	json_decref(e);
	return kept;
}

/*
 * Out before it was sent: the attempt that counted as void is in doubt again, or, where nobody
 * remembers one, it is written down now. A forgotten fire left at its time at the earliest.
 */
static void take_discovery(struct flight *f)
{
	const int64_t now_us = flight_now_us(f), due_us = f->q.post.due_us;
	struct queue_attempt *t = &f->q.attempt;
	struct change *c = &f->change;

	log_line(LOG_LEVEL_WARN, "post.already", "post=%s attempts=%lld", f->key.id,
		 (long long)f->q.post.attempts);
	if (t->state != ATTEMPT_NONE)
		return;
	c->permit = flight_permit(f, due_us < now_us ? due_us : now_us);
	c->has_discovery = true;
	f->q.post.attempts = c->permit.seq;
	*t = (struct queue_attempt){
		.seq = c->permit.seq,
		.state = ATTEMPT_IN_DOUBT,
		.sent_us = c->permit.sent_us,
		.last_read_us = INSTANT_NONE,
	};
	memcpy(t->permit, c->permit.permit, PERMIT_BYTES);
}

static void take_part(struct flight *f, const struct outcome *o)
{
	f->q.live_n++;
	f->q.live_seq = f->q.attempt.seq;
	f->q.live_id = o ? sane_id(f, o->remote_id) : NULL;
}

/* Of a part what it became: the next one may have to name it. */
static const char *handle_of(const struct flight *f, const struct outcome *o, bool is_effect)
{
	if (is_effect && f->parts_n > 1)
		return f->q.live_id;
	return o ? o->handle : NULL;
}

static void take_settlement(struct flight *f, enum phase phase, const struct delivery_move *m,
			    const struct outcome *o)
{
	struct queue_attempt *t = &f->q.attempt;
	struct change *c = &f->change;
	const bool is_counted = m->negatives > t->negatives;
	const bool is_effect = t->state != ATTEMPT_EFFECT && m->attempt == ATTEMPT_EFFECT;
	const bool is_reopened = t->state == ATTEMPT_NO_EFFECT && m->attempt == ATTEMPT_IN_DOUBT;

	if (t->state != ATTEMPT_SENT && t->state != ATTEMPT_IN_DOUBT && !is_reopened)
		return;
	if (m->attempt != ATTEMPT_NONE)
		t->state = m->attempt;
	if (is_effect)
		take_part(f, o);
	t->negatives = m->negatives;
	if (is_counted)
		t->last_read_us = f->read_us;
	c->has_settlement = true;
	c->settlement = (struct settlement){
		.permit = t->permit,
		.state = t->state,
		.negatives = t->negatives,
		.last_read_us = is_counted ? f->read_us : INSTANT_NONE,
		.fired_late_us = f->fired_late_us,
		.is_reopened = is_reopened,
		.handle = handle_of(f, o, is_effect),
		.evidence = o ? evidence(f, phase, o) : NULL,
	};
	if (phase == PHASE_DOUBT && t->state == ATTEMPT_NO_EFFECT)
		(void)FP(F23_before_verdict);
	if (t->state == ATTEMPT_NO_EFFECT && f->engine->journal)
		journal_settle(f->engine->journal, t->permit);
}

static void take_remote(struct flight *f, const struct outcome *o)
{
	struct post *p = &f->q.post;
	const char *id = o ? sane_id(f, o->remote_id) : NULL;
	const bool is_first = f->q.live_n <= 1; /* it stands for all parts */

	if (id && is_first)
		p->remote_id = id;
	if (o && is_first && o->remote_url && *o->remote_url)
		p->remote_url = arena_strdup(f->arena, o->remote_url);
	if (p->published_us == INSTANT_NONE)
		p->published_us = flight_now_us(f);
}

static void log_move(const struct flight *f, const struct outcome *o)
{
	const struct post *p = &f->q.post;
	const long long late_ms = f->fired_late_us == INT64_MIN ? -1 : f->fired_late_us / US_PER_MS;

	log_line(LOG_LEVEL_INFO, "post.moved",
		 "post=%s platform=%s state=%s late_ms=%lld attempts=%lld tries=%lld error=%s "
		 "code=%s",
		 p->id, p->platform, post_state_name(p->state), late_ms, (long long)p->attempts,
		 (long long)p->tries, p->error_code ? p->error_code : "none",
		 o && o->error.platform_code ? o->error.platform_code : "none");
}

/* Staged: straight on to the fire, or back into the queue until its time is near. */
static void after_staged(struct flight *f, struct queue_move *m)
{
	const struct post *p = &f->q.post;

	if (!p->is_immediate && p->due_us - flight_now_us(f) > HOLD_US)
		release(f, m, p->due_us - FIRE_CLAIM_US);
	else
		flight_to_step(f, PHASE_FIRE);
}

/* Proven or accepted: the adapter confirms. Otherwise it looks for what may be there. */
enum phase flight_confirm_phase(const struct flight *f)
{
	const bool is_accepted =
		f->q.post.waiting_for && strcmp(f->q.post.waiting_for, WAITING_FOR_PLATFORM) == 0;

	return f->q.attempt.state == ATTEMPT_EFFECT || is_accepted ? PHASE_CONFIRM : PHASE_DOUBT;
}

static void go_on(struct flight *f, struct queue_move *m)
{
	if (f->q.post.state == POST_STAGED) {
		after_staged(f, m);
	} else if (f->q.post.state == POST_PUBLISHING) {
		f->is_fired = false;
		flight_to_step(f, PHASE_FIRE);
	} else {
		flight_to_step(f, flight_confirm_phase(f));
	}
	if (m->is_kept)
		f->change.next = FLIGHT_STEP;
}

/* What the outcome says beside its kind is kept with the flight. */
static void take_notes(struct flight *f, const struct delivery_move *d, const struct outcome *o)
{
	struct post *p = &f->q.post;
	const enum outcome_kind kind = o ? o->kind : OUTCOME_UNKNOWN;

	f->token_fault = kind == OUTCOME_REAUTH || kind == OUTCOME_REFRESH ? kind : OUTCOME_STAGED;
	if (kind == OUTCOME_ACCEPTED)
		p->waiting_for = WAITING_FOR_PLATFORM;
	else if (d->state != POST_CONFIRMING)
		p->waiting_for = NULL;
	if (o && kind == OUTCOME_STAGED && o->handle)
		f->handle = arena_strdup(f->arena, o->handle);
	if (kind == OUTCOME_PUBLISHED && o->remark)
		p->reason = arena_strdup(f->arena, o->remark);
	p->tries = d->tries;
	if (!d->keep_memo)
		json_object_clear(f->memo);
}

static void take_effect(struct flight *f, struct queue_move *m, const struct outcome *o,
			bool is_new)
{
	take_remote(f, o);
	m->remote_id = f->q.post.remote_id;
	m->remote_url = f->q.post.remote_url;
	m->published_us = f->q.post.published_us;
	m->live = is_new ? &f->q.post : NULL;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Parts follow behind the one that the post stands at. */
static bool has_more(const struct flight *f)
{
	return (size_t)f->q.live_n + 1 < f->parts_n;
}

/* Who settles a doubt by hand need not know of parts: the post itself says that it goes on. */
static bool is_waiting_for_parts(const struct flight *f)
{
	const enum post_state state = f->q.post.state;

	return (state == POST_UNCONFIRMED && has_more(f)) ||
	       (state == POST_PUBLISHING && flight_is_begun(f));
}

static void write_move(struct flight *f, enum phase phase, const struct delivery_move *d,
		       const struct outcome *o)
{
	const enum attempt_state attempt_was = f->q.attempt.state;
	const char *error_was = f->q.post.error_code;
	struct queue_move *m;

	take_notes(f, d, o);
	m = flight_change(f, d->state, FLIGHT_END);
	if (d->attempt == ATTEMPT_IN_DOUBT && phase == PHASE_STAGE)
		take_discovery(f);
	take_settlement(f, phase, d, o);
	limits_turned_away(f, o);
	if (f->q.attempt.state == ATTEMPT_EFFECT)
		take_effect(f, m, o, attempt_was != ATTEMPT_EFFECT);
	take_error(f, m, o, d->is_partial);
	if (is_waiting_for_parts(f))
		m->waiting_for = f->q.post.waiting_for = WAITING_FOR_PARTS;
	if (d->keep_lease)
		go_on(f, m);
	else
		release(f, m, d->wake_us);
	f->change.event = d->is_event ? flight_event(d->state) : NULL;
	if (d->state == POST_PUBLISHING && !d->keep_lease)
		m->next_attempt_us = d->wake_us;
	if (d->state == POST_RETRYING) {
		m->next_attempt_us = d->wake_us;
		/* The same trouble again is no news. */
		if (is_same(error_was, f->q.post.error_code))
			f->change.event = NULL;
	}
	take_event(f, m);
	log_move(f, o);
}

/* Where the adapter has nothing to confirm, proof of effect is the end. */
static void skip_confirm(const struct flight *f, struct delivery_move *m)
{
	const bool is_effect = m->attempt == ATTEMPT_EFFECT;

	if (!is_effect || m->state != POST_CONFIRMING || f->platform_app.platform->confirm)
		return;
	m->state = POST_PUBLISHED;
	m->wake_us = INSTANT_NONE;
	m->is_event = true;
	m->keep_lease = false;
}

void flight_decide(struct flight *f, enum phase phase, const struct outcome *outcome)
{
	const struct delivery_view view = view_of(f, phase);
	struct delivery_move m = { 0 };
	struct outcome o = *outcome;

	if (o.kind == OUTCOME_PUBLISHED && has_more(f) &&
	    (phase == PHASE_FIRE || phase == PHASE_DOUBT))
		o.kind = OUTCOME_CONTINUED;
	delivery_step(&f->engine->rules, &view, phase, &o, &m);
	skip_confirm(f, &m);
	write_move(f, phase, &m, &o);
}

void flight_end_with(struct flight *f, enum post_state state, const char *reason, int64_t wake_us,
		     const struct outcome *outcome)
{
	struct queue_move *m;

	f->q.post.reason = reason;
	m = flight_change(f, state, FLIGHT_END);
	release(f, m, wake_us);
	take_error(f, m, outcome, false);
	f->change.event = flight_event(state);
	take_event(f, m);
	log_move(f, outcome);
}

void flight_lease_lost(struct flight *f)
{
	static const struct outcome set_aside = {
		.kind = OUTCOME_REFUSED,
		.error = { .code = POST_ERROR_UNKNOWN,
			   .message =
				   "Set aside: several runners in a row ended while they worked on "
				   "it. The server's log tells why; then it can be revived.",
			   .who = WHO_OPERATOR },
	};
	const struct delivery_view view = view_of(f, PHASE_STAGE);
	struct delivery_move m = { 0 };

	delivery_lease_lost(&f->engine->rules, &view, &m);
	if (m.state == view.state && m.keep_lease)
		return;
	if (!m.keep_lease)
		f->q.post.reason = "quarantined";
	write_move(f, PHASE_STAGE, &m, m.keep_lease ? NULL : &set_aside);
}

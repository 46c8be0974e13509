/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One post being driven: the adapter's step functions in turn with calls and waits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fp.h"
#include "base/log.h"
#include "publish/private.h"

#define ALONE_HOLD_US (30 * US_PER_S) /* publish-now: somebody waits for the answer */

typedef enum step step_fn(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);

struct flight *flight_new(struct engine *e, const char *ws, const char *id)
{
	struct flight *f = alloc_zero(sizeof(*f));

	f->engine = e;
	f->arena = arena_new();
	f->steps[0] = arena_new();
	f->steps[1] = arena_new();
	f->change.arena = arena_new();
	f->key.workspace = arena_strdup(f->arena, ws);
	f->key.id = arena_strdup(f->arena, id);
	f->fired_late_us = INT64_MIN;
	f->leased_boot_us = clock_boot_us();
	*e->flights_end = f;
	e->flights_end = &f->next;
	e->flights_n++;
	return f;
}

void flight_free(struct flight *f)
{
	tokens_done(&f->tokens);
	if (f->has_snapshot)
		snapshot_done(&f->snapshot);
	if (f->has_reply)
		http_reply_done(&f->reply);
	json_decref(f->memo);
	arena_free(f->steps[0]);
	arena_free(f->steps[1]);
	arena_free(f->change.arena);
	arena_free(f->arena);
	free(f);
}

struct flight *flight_find(const struct engine *e, const struct row_key *key)
{
	for (struct flight *f = e->flights; f; f = f->next) {
		if (strcmp(f->key.id, key->id) == 0 &&
		    strcmp(f->key.workspace, key->workspace) == 0)
			return f;
	}
	return NULL;
}

int64_t flight_now_us(const struct flight *f)
{
	return dueclock_now_us(&f->engine->clock);
}

void flight_to_step(struct flight *f, enum phase phase)
{
	f->phase = phase;
	if (f->has_reply)
		http_reply_done(&f->reply);
	f->has_reply = false;
	if (phase == PHASE_DOUBT)
		f->read_us = flight_now_us(f);
}

static step_fn *step_of(const struct platform *p, enum phase phase)
{
	step_fn *const fns[] = { [PHASE_STAGE] = p->stage,
				 [PHASE_FIRE] = p->fire,
				 [PHASE_CONFIRM] = p->confirm,
				 [PHASE_DOUBT] = p->recover };

	return fns[phase];
}

static enum step ask(struct flight *f)
{
	struct delivery *d = &f->d;
	step_fn *fn = step_of(f->platform_app.platform, f->phase);
	enum step answer;

	f->step_i = !f->step_i;
	arena_reset(f->steps[f->step_i]);
	d->arena = f->steps[f->step_i];
	d->now_us = flight_now_us(f);
	d->part = (size_t)f->q.live_n;
	d->before_id = f->q.live_id;
	d->fired_us = f->q.attempt.state == ATTEMPT_NONE ? INSTANT_NONE : f->q.attempt.sent_us;
	f->step = (struct step_result){ .phase = f->phase };
	if (!fn) { /* nothing to confirm: what had its effect is published */
		f->step.outcome.kind =
			f->phase == PHASE_CONFIRM ? OUTCOME_PUBLISHED : OUTCOME_UNKNOWN;
		return STEP_DONE;
	}
	answer = fn(d, f->has_reply ? &f->reply : NULL, &f->step);
	if (answer == STEP_SEND)
		platform_app_aim(d->app, f->step.request);
	if (f->has_reply)
		http_reply_done(&f->reply);
	f->has_reply = false;
	return answer;
}

/* What was noted must be durable before the next call leaves; nothing new: no write. */
static void note_memo(struct flight *f, const json_t *before, enum flight_at next)
{
	f->at = next;
	if (json_equal(before, f->memo))
		return;
	(void)FP(F06_handle_received);
	(void)flight_change(f, f->q.post.state, next);
}

static void take_send(struct flight *f, const json_t *before)
{
	static const struct outcome odd = {
		.kind = OUTCOME_UNKNOWN,
		.error = { POST_ERROR_UNKNOWN, "The adapter asked for a second irreversible call.",
			   WHO_OPERATOR, NULL, NULL, false },
	};

	if (f->step.phase != PHASE_FIRE) {
		note_memo(f, before, FLIGHT_SEND);
		return;
	}
	if (f->phase != PHASE_FIRE || f->is_fired) {
		log_line(LOG_LEVEL_ERROR, "post.second_fire", "post=%s", f->key.id);
		flight_decide(f, f->phase, &odd);
		return;
	}
	/* What was noted goes with the permit, without which nothing leaves. */
	f->fire_us = f->q.post.is_immediate || flight_is_begun(f) ? 0 : f->q.post.due_us;
	f->at = FLIGHT_READY;
}

static void take_wait(struct flight *f, const json_t *before)
{
	const int64_t hold_us = f->engine->is_alone ? ALONE_HOLD_US : HOLD_US;
	const int64_t wait_us = f->step.wait_us > 0 ? f->step.wait_us : 0;

	if (wait_us > hold_us && f->q.attempt.state != ATTEMPT_SENT) {
		flight_park(f, flight_now_us(f) + wait_us);
		return;
	}
	f->wait_us = flight_now_us(f) + wait_us;
	note_memo(f, before, FLIGHT_WAIT);
	if (f->change.is_pending)
		f->wait_us = flight_now_us(f) + wait_us;
}

static void take_step(struct flight *f)
{
	json_t *before = json_deep_copy(f->memo);
	const enum step answer = ask(f);

	if (answer == STEP_SEND)
		take_send(f, before);
	else if (answer == STEP_WAIT)
		take_wait(f, before);
	else /* before the irreversible call, an outcome of fire is one of staging */
		flight_decide(f, f->phase == PHASE_FIRE && !f->is_fired ? PHASE_STAGE : f->phase,
			      &f->step.outcome);
	json_decref(before);
}

/* A fire that brought no whole reply is judged here, the same for every platform. */
static bool take_broken_fire(struct flight *f)
{
	struct outcome o = {
		.kind = f->reply.transfer == TRANSFER_NOT_SENT ? OUTCOME_DEFER : OUTCOME_UNKNOWN,
		.error = { POST_ERROR_NETWORK, NULL, WHO_PLATFORM, NULL, NULL, true },
	};

	/* What an adapter reads just before its fire is its own to judge. */
	if (f->phase != PHASE_FIRE || !f->is_fired || !f->has_reply ||
	    f->reply.transfer == TRANSFER_REPLIED)
		return false;
	o.error.message = arena_printf(
		f->arena, "%s: %s.",
		o.kind == OUTCOME_DEFER ? "The platform could not be reached"
					: "The connection broke before the platform had answered",
		f->reply.failure ? f->reply.failure : "no reply");
	flight_decide(f, PHASE_FIRE, &o);
	return true;
}

void flight_advance(struct flight *f)
{
	for (int i = 0; i < 16 && !f->change.is_pending; i++) {
		if (f->at == FLIGHT_NEW)
			flight_load(f);
		else if (f->at == FLIGHT_WAIT && f->wait_us <= flight_now_us(f))
			f->at = FLIGHT_STEP;
		else if (f->at != FLIGHT_STEP)
			return;
		else if (!take_broken_fire(f))
			take_step(f);
		if (f->at == FLIGHT_NEW)
			return;
	}
}

/* What these phases ask next follows from the answer and the memo alone. */
static bool is_free_of_database(enum phase phase)
{
	return phase == PHASE_FIRE || phase == PHASE_CONFIRM;
}

void flight_done_reply(void *arg, struct http_reply *reply)
{
	struct flight *f = arg;

	f->reply = *reply;
	f->reply.failure = arena_strdup(f->arena, reply->failure);
	reply->body = (struct buf)BUF_INIT;
	reply->headers = (struct buf)BUF_INIT;
	f->has_reply = true;
	f->transfer = NULL;
	limits_hear(f);
	f->at = FLIGHT_STEP;
#ifdef ENABLE_FAILPOINTS
	(void)(f->is_fired ? FP(F18_answer_received) : FP(F05_reply_received));
#endif
	if (f->engine->going_on > 0 && is_free_of_database(f->phase))
		flight_advance(f);
	calls_ended(f);
}

void flight_start(struct flight *f)
{
	f->at = FLIGHT_CALL;
	if (f->phase == PHASE_DOUBT)
		(void)FP(F22_reading);
	f->transfer = net_start(f->engine->app->net, NET_REPEATABLE, f->step.request, 0,
				flight_done_reply, f);
}

/* After a lost claim nothing more may be done with the post; what is under way is let go. */
static void lose(struct flight *f)
{
	log_line(LOG_LEVEL_INFO, "post.lost", "post=%s state=%s", f->key.id,
		 post_state_name(f->q.post.state));
	f->at = FLIGHT_END;
}

void flight_written(struct flight *f)
{
	struct change *c = &f->change;

	c->is_pending = c->is_batched = c->is_sent = false;
	if (c->has_permit)
		f->at = c->permit_answer == PERMIT_GIVEN ? FLIGHT_PERMIT : FLIGHT_READY;
	else if (!c->is_ours)
		lose(f);
	else
		f->at = c->next;
	if (c->has_move && c->is_ours) {
		f->q.post.version++;
		f->q.post.claims = 0;
		f->watched_boot_us = 0;
		flight_tell_account(f);
	}
	c->has_move = c->has_settlement = c->has_permit = c->has_discovery = false;
	c->event = NULL;
	f->closings_n = 0;
}

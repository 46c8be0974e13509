/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking up a claimed row: what it is, whether it may go on, and what the adapter needs to see.
 */
#include <string.h>

#include "base/bug.h"
#include "base/log.h"
#include "domain/lateness.h"
#include "publish/private.h"

static bool is_taken(void *arg, const char *remote_id)
{
	const struct flight *f = arg;
	const struct queue_remote in = { f->q.account.id, f->q.post.platform, remote_id,
					 f->key.id };
	struct problem p = { .kind = PROBLEM_NONE };
	bool taken = true; /* not known is taken: a match must be certain */

	if (BUG(taken_ignored))
		return false;
	if (store_queue_is_taken(f->engine->app->db, f->key.workspace, &in, &taken, &p) < 0)
		return true;
	return taken;
}

static bool has_twin(void *arg)
{
	const struct flight *f = arg;
	struct problem p = { .kind = PROBLEM_NONE };
	bool found = true; /* not known is a twin: a match must be certain */

	if (store_queue_has_twin(f->engine->app->db, f->key.workspace, f->key.id, &found, &p) < 0)
		return true;
	return found;
}

static uint64_t lane_of(const char *account_id)
{
	uint64_t h = 1469598103934665603ULL;

	for (; *account_id; account_id++)
		h = (h ^ (uint8_t)*account_id) * 1099511628211ULL;
	return h;
}

static json_t *object_of(const char *text)
{
	json_t *o = text ? json_loads(text, 0, NULL) : NULL;

	if (o && !json_is_object(o)) {
		json_decref(o);
		o = NULL;
	}
	return o;
}

static void set_up(struct flight *f)
{
	const struct account *a = &f->q.account;

	f->lane = lane_of(a->id);
	f->memo = object_of(f->q.memo);
	if (!f->memo)
		f->memo = json_object();
	platform_account_of(f->arena, a, &f->account);
	f->account.access_token = tokens_value(&f->tokens, "access");
	f->account.user_token = tokens_value(&f->tokens, "user");
	f->d = (struct delivery){
		.app = &f->platform_app,
		.account = &f->account,
		.post = &f->snapshot.post,
		.memo = f->memo,
		.due_us = f->q.post.due_us,
		.fired_us = INSTANT_NONE,
		.post_id = f->key.id,
		.is_taken = is_taken,
		.has_twin = has_twin,
		.is_taken_arg = f,
	};
}

static void refuse(struct flight *f, enum outcome_kind kind, enum post_error_code code,
		   enum who who, const char *message)
{
	const struct outcome o = {
		.kind = kind,
		.error = { code, message, who, NULL, NULL, kind != OUTCOME_REFUSED },
	};

	flight_decide(f, PHASE_STAGE, &o);
}

struct snapshot_fault {
	enum problem_kind kind;
	enum outcome_kind outcome;
	enum post_error_code code;
	enum who who;
};

static const struct snapshot_fault snapshot_faults[] = {
	{ PROBLEM_MEDIA_REJECTED, OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED, WHO_YOU },
	{ PROBLEM_NOT_FOUND, OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU },
	{ PROBLEM_INVALID, OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU },
	{ PROBLEM_NONE, OUTCOME_DEFER, POST_ERROR_UNKNOWN, WHO_OPERATOR },
};

static void snapshot_failed(struct flight *f, const struct problem *p)
{
	const struct snapshot_fault *row = snapshot_faults;

	if (p->kind == PROBLEM_DB_DOWN) {
		engine_db_failed(f->engine, p);
		f->at = FLIGHT_NEW;
		return;
	}
	if (p->kind == PROBLEM_NOT_APPROVED) {
		flight_end_with(f, POST_PAUSED, "approval_voided", INSTANT_NONE, NULL);
		return;
	}
	while (row->kind != PROBLEM_NONE && row->kind != p->kind)
		row++;
	refuse(f, row->outcome, row->code, row->who, arena_strdup(f->arena, p->detail));
}

/* The checks of preflight once more: what they refuse never reaches the platform. */
static bool is_fit(struct flight *f)
{
	struct findings found = { .n = 0 };
	const struct platform *p = f->platform_app.platform;

	if (p->check)
		p->check(&f->platform_app, &f->account, &f->snapshot.post, &found);
	for (size_t i = 0; i < found.n; i++) {
		if (found.v[i].is_warning)
			continue;
		refuse(f, OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU,
		       arena_strdup(f->arena, found.v[i].detail));
		return false;
	}
	return true;
}

/* Whoever ends that work wakes the post; this is for when nobody does. */
#define MAKING_WAIT_US (2 * US_PER_S)

static void begin_stage(struct flight *f)
{
	struct problem p = { .kind = PROBLEM_NONE };
	const int built = snapshot_build(f->engine->app, &f->q, f->platform_app.platform, f->arena,
					 &f->snapshot, &p);

	if (built < 0) {
		snapshot_failed(f, &p);
		return;
	}
	if (built > 0) {
		f->q.post.waiting_for = f->snapshot.waiting_for;
		flight_park(f, flight_now_us(f) + MAKING_WAIT_US);
		return;
	}
	f->has_snapshot = true;
	f->parts_n = snapshot_parts(&f->snapshot, f->platform_app.platform);
	if (f->q.post.state == POST_STAGING && !is_fit(f))
		return;
	f->at = FLIGHT_STEP;
	flight_to_step(f, f->q.post.state == POST_STAGED ? PHASE_FIRE : PHASE_STAGE);
}

static void begin_confirm(struct flight *f)
{
	const struct outcome blind = { .kind = OUTCOME_UNKNOWN };
	const enum phase phase = flight_confirm_phase(f);

	flight_to_step(f, phase);
	if (!f->account.access_token || !f->has_snapshot)
		flight_decide(f, phase, &blind);
	else
		f->at = FLIGHT_STEP;
}

/* A doubt whose permit the database has lost knows only what would be sent now. */
static int rebuild(struct flight *f)
{
	struct problem p = { .kind = PROBLEM_NONE };

	if (f->q.post.state != POST_CONFIRMING || f->q.snapshot)
		return -1;
	return snapshot_build(f->engine->app, &f->q, f->platform_app.platform, f->arena,
			      &f->snapshot, &p) == 0
		       ? 0
		       : -1;
}

/* The content may have changed since the first part left: what was permitted is sent. */
static void restore(struct flight *f)
{
	if (f->has_snapshot || !post_state_is_committed(f->q.post.state) ||
	    (snapshot_restore(f->engine->app, &f->q, f->arena, &f->snapshot) < 0 && rebuild(f) < 0))
		return;
	f->has_snapshot = true;
	f->parts_n = snapshot_parts(&f->snapshot, f->platform_app.platform);
}

bool flight_is_begun(const struct flight *f)
{
	return f->q.live_n > 0 && (size_t)f->q.live_n < f->parts_n;
}

struct account_row {
	enum account_status status;
	const char *message;
};

/* Whether the account can be used; if not, a change says what becomes of the post. */
static bool is_connected(struct flight *f)
{
	static const struct account_row rows[] = {
		{ ACCOUNT_EXPIRED,
		  "The account's access has expired; it must be connected again." },
		{ ACCOUNT_REVOKED,
		  "The account's access was revoked; it must be connected again." },
	};

	if (f->q.account.status == ACCOUNT_DISCONNECTED && flight_is_begun(f)) {
		refuse(f, OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU,
		       "The account was disconnected.");
		return false;
	}
	if (f->q.account.status == ACCOUNT_DISCONNECTED) {
		flight_end_with(f, POST_PAUSED, "account_disconnected", INSTANT_NONE, NULL);
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status != f->q.account.status)
			continue;
		refuse(f, OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER,
		       rows[i].message);
		return false;
	}
	if (!f->account.access_token)
		refuse(f, OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER,
		       "There is no token for the account; it must be connected again.");
	else if (flight_token_is_awaited(f))
		refuse(f, OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED, WHO_PLATFORM,
		       "The platform refused the token; it is being renewed.");
	else
		return true;
	return false;
}

bool flight_is_in_time(struct flight *f)
{
	static const struct outcome missed = {
		.kind = OUTCOME_REFUSED,
		.error = { POST_ERROR_MISSED,
			   "Its time had passed by more than the account's publish_within_minutes.",
			   WHO_YOU, NULL, NULL, true },
	};
	const struct lateness_view v = {
		.is_immediate = f->q.post.is_immediate,
		.now_us = flight_now_us(f),
		.due_us = f->q.post.due_us,
		.window_us = US_PER_MIN * f->q.account.publish_within_minutes,
		.wish = (enum lateness_wish)f->q.account.on_late,
	};
	const enum lateness verdict = lateness_judge(&v);

	if (verdict == LATENESS_MISSED)
		flight_end_with(f, POST_MISSED, NULL, INSTANT_NONE, &missed);
	else if (verdict == LATENESS_PAUSED)
		flight_end_with(f, POST_PAUSED, "late", v.due_us + LATENESS_ASK_LIFE_US, NULL);
	return verdict == LATENESS_NONE || verdict == LATENESS_SPACED;
}

static void begin_part(struct flight *f)
{
	if (!is_connected(f))
		return;
	f->at = FLIGHT_STEP;
	flight_to_step(f, PHASE_STAGE);
}

static void take_up(struct flight *f)
{
	const struct post *p = &f->q.post;

	if (p->state == POST_PUBLISHING && f->q.attempt.state == ATTEMPT_SENT)
		recover_holder(f->engine, &f->q.attempt);
	restore(f);
	flight_lease_lost(f);
	if (f->change.is_pending && f->change.next == FLIGHT_END)
		return;
	if (p->state == POST_CONFIRMING && f->change.is_pending)
		f->change.next = FLIGHT_NEW; /* read again with its snapshot once it is written */
	else if (p->state == POST_CONFIRMING && !limits_hold(f, BREAKER_READ))
		begin_confirm(f);
	else if (p->state == POST_PUBLISHING)
		begin_part(f);
	else if (p->state != POST_CONFIRMING && flight_is_in_time(f) && is_connected(f) &&
		 !limits_hold(f, BREAKER_PUBLISH))
		begin_stage(f);
}

/* A row that has nothing to do for a runner: paused as late for a day, or a stray wake_at. */
static void put_aside(struct flight *f)
{
	static const struct outcome forgotten = {
		.kind = OUTCOME_REFUSED,
		.error = { POST_ERROR_MISSED,
			   "Nobody said within a day whether it should still go out.", WHO_YOU,
			   NULL, NULL, true },
	};
	const struct post *p = &f->q.post;

	if (p->state == POST_PAUSED && p->reason && strcmp(p->reason, "late") == 0)
		flight_end_with(f, POST_MISSED, NULL, INSTANT_NONE, &forgotten);
	else
		flight_park(f, INSTANT_NONE);
}

static bool is_idle(enum post_state s)
{
	return post_state_is_terminal(s) || s == POST_UNCONFIRMED || s == POST_PAUSED;
}

void flight_load(struct flight *f)
{
	struct engine *e = f->engine;
	const struct platform *platform;

	if (!f->is_read)
		return;
	f->is_read = false;
	if (!f->q.post.owner || strcmp(f->q.post.owner, e->owner) != 0) {
		f->at = FLIGHT_END; /* changed hands between claim and now */
		return;
	}
	set_up(f);
	platform = platform_find(f->q.post.platform);
	if (is_idle(f->q.post.state)) {
		put_aside(f);
	} else if (!platform && post_state_is_committed(f->q.post.state)) {
		flight_park(f, flight_now_us(f) + US_PER_HOUR); /* only who knows it can tell */
	} else if (!platform) {
		refuse(f, OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR,
		       "This server does not know the platform.");
	} else {
		platform_app_init(&f->platform_app, f->arena, e->app->config, platform,
				  f->q.post.livemode);
		take_up(f);
		f->q.content = NULL;
	}
}

/* ---- reading, for all that are new at once ---- */

struct reading {
	struct flight *flights[LOADS_A_TURN];
	size_t n;
};

static void forget(struct flight *f)
{
	json_decref(f->memo);
	f->memo = NULL;
	tokens_done(&f->tokens);
}

/* Whoever is not there has been deleted, or belongs to a workspace that was. */
static void keep(struct reading *r, const bool *is_kept)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (is_kept[i])
			r->flights[n++] = r->flights[i];
		else
			r->flights[i]->at = FLIGHT_END;
	}
	r->n = n;
}

static int read_posts(struct engine *e, struct reading *r, struct problem *reterr)
{
	struct queue_loading v[LOADS_A_TURN];
	bool is_kept[LOADS_A_TURN];

	for (size_t i = 0; i < r->n; i++) {
		struct flight *f = r->flights[i];

		v[i] = (struct queue_loading){ .key = f->key, .arena = f->arena, .ret = &f->q };
	}
	if (store_queue_load_all(e->side, v, r->n, reterr) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		is_kept[i] = v[i].is_found;
	keep(r, is_kept);
	return 0;
}

static int read_tokens(struct engine *e, struct reading *r, struct problem *reterr)
{
	struct tokens_loading v[LOADS_A_TURN];
	bool is_kept[LOADS_A_TURN];

	for (size_t i = 0; i < r->n; i++) {
		struct flight *f = r->flights[i];

		v[i] = (struct tokens_loading){ .account = { f->key.workspace, f->q.account.id },
						.ret = &f->tokens };
	}
	if (store_tokens_get_all(e->side, v, r->n, e->app->keys, reterr) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		is_kept[i] = !v[i].is_broken;
	keep(r, is_kept);
	return 0;
}

/* What has been sent stands in its own snapshot. */
static bool needs_content(const struct flight *f)
{
	return f->q.post.state == POST_STAGING || f->q.post.state == POST_STAGED;
}

static int read_contents(struct engine *e, struct reading *r, struct problem *reterr)
{
	struct content_loading v[LOADS_A_TURN];
	struct flight *of[LOADS_A_TURN];
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct flight *f = r->flights[i];

		if (!needs_content(f))
			continue;
		v[n] = (struct content_loading){
			.key = { f->key.workspace, f->q.post.content_id },
			.arena = f->arena,
			.ret = arena_array(f->arena, 1, sizeof(struct content)),
		};
		of[n++] = f;
	}
	if (n > 0 && store_content_get_all(e->side, v, n, reterr) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		of[i]->q.content = v[i].is_found ? v[i].ret : NULL;
	return 0;
}

static int read_all(struct engine *e, struct reading *r, struct problem *reterr)
{
	if (read_posts(e, r, reterr) < 0)
		return -1;
	return r->n > 0 && (read_tokens(e, r, reterr) < 0 || read_contents(e, r, reterr) < 0) ? -1
											      : 0;
}

static void read_failed(struct engine *e, struct reading *r, const struct problem *p)
{
	if (p->kind == PROBLEM_DB_DOWN) {
		engine_db_failed(e, p);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		r->flights[i]->at = FLIGHT_END;
}

void flight_read_new(struct engine *e)
{
	struct problem p = { .kind = PROBLEM_NONE };
	struct reading r = { .n = 0 };
	int done;

	if (!engine_db_ready(e))
		return;
	for (struct flight *f = e->flights; f && r.n < LOADS_A_TURN; f = f->next) {
		if (f->at != FLIGHT_NEW || f->is_read || f->change.is_pending)
			continue;
		forget(f);
		r.flights[r.n++] = f;
	}
	if (r.n == 0)
		return;
	e->going_on++;
	done = read_all(e, &r, &p);
	e->going_on--;
	if (done < 0) {
		read_failed(e, &r, &p);
		return;
	}
	for (size_t i = 0; i < r.n; i++)
		r.flights[i]->is_read = true;
}

void flight_refused_permit(struct flight *f)
{
	const int64_t fence = f->q.post.fence;
	struct problem p = { .kind = PROBLEM_NONE };
	struct queue_mark mark;

	if (store_queue_mark(f->engine->app->db, &f->key, &mark, &p) < 0 || mark.fence != fence) {
		f->at = FLIGHT_END;
		return;
	}
	/* Still ours, so content or account has changed: reading it anew says which. */
	f->at = FLIGHT_NEW;
	if (f->has_snapshot)
		snapshot_done(&f->snapshot);
	f->has_snapshot = false;
}

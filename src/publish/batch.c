/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: whatever the flights of one loop turn want written is one transaction, permits
 * and outbox included. A COMMIT that was never answered is looked up by version before anything
 * is written or sent again.
 */
#include "base/bug.h"
#include "base/fp.h"
#include "base/log.h"
#include "db/bulk.h"
#include "db/conn.h"
#include "publish/private.h"
#include "store/postevent.h"

static int report(struct db *db, const struct flight *f, struct problem *reterr)
{
	const struct change *c = &f->change;
	const struct late_result late = {
		.post_id = f->key.id,
		.remote_id = c->move.remote_id,
		.remote_url = c->move.remote_url,
		.published_us = c->move.published_us,
		.is_part = flight_is_begun(f),
		.settlement = c->settlement,
	};

	/* Who holds the post now will see for himself that it is out. */
	if (c->settlement.is_reopened)
		return 0;
	return store_attempts_report(db, f->key.workspace, &late, reterr);
}

static int write_settlement(struct db *db, const struct flight *f, struct problem *reterr)
{
	bool is_open = false;

	if (!f->change.is_ours)
		return report(db, f, reterr);
	return store_attempts_settle(db, f->key.workspace, &f->change.settlement, &is_open, reterr);
}

static bool has_permit(const struct flight *f)
{
	return f->change.is_batched && f->change.has_permit;
}

/* Once more, just before it counts: may what they are for be sent? Of one flight, or of all. */
static int ask_leave(struct db *db, const struct engine *e, const struct flight *only,
		     struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct permit_asking *v = arena_array(a, e->flights_n, sizeof(*v));
	size_t n = 0;

	for (const struct flight *f = e->flights; f; f = f->next) {
		if (has_permit(f) && (!only || f == only))
			v[n++].key = f->key;
	}
	if (n > 0 && store_attempts_ask(db, v, n, reterr) < 0)
		return -1;
	n = 0;
	for (struct flight *f = e->flights; f; f = f->next) {
		if (has_permit(f) && (!only || f == only))
			f->change.permit_answer = v[n++].is_allowed ? PERMIT_NONE : PERMIT_LOST;
	}
	return 0;
}

/* PERMIT_WAIT: a budget is used up, and nothing was written but that. */
static int write_permit(struct db *db, struct flight *f, struct problem *reterr)
{
	struct change *c = &f->change;
	bool is_given = false;

	if (c->permit_answer == PERMIT_LOST)
		return 0;
	if (limits_take(db, f, &is_given, reterr) < 0)
		return -1;
	c->permit_answer = PERMIT_WAIT;
	if (!is_given)
		return 0;
	if (store_attempts_permit(db, f->key.workspace, &c->permit, &c->permit_answer, reterr) < 0)
		return -1;
	return c->permit_answer == PERMIT_GIVEN ? 0 : limits_give_back(db, f, NULL, reterr);
}

static int write_one(struct db *db, struct flight *f, struct problem *reterr)
{
	struct change *c = &f->change;
	const char *ws = f->key.workspace;

	c->is_ours = true;
	if (c->has_permit && write_permit(db, f, reterr) < 0)
		return -1;
	if (c->has_move && store_queue_move(db, ws, &c->move, &c->is_ours, reterr) < 0)
		return -1;
	if (c->has_discovery && c->is_ours &&
	    store_attempts_discover(db, ws, &c->permit, reterr) < 0)
		return -1;
	if (c->has_settlement && write_settlement(db, f, reterr) < 0)
		return -1;
	if (!c->has_permit && limits_write(db, f, reterr) < 0)
		return -1;
	if (c->event && c->is_ours && !BUG(event_dropped))
		return postevent_insert(db, ws, c->event, &c->event_post, reterr);
	return 0;
}

static int write_each(struct db *db, const struct engine *e, struct problem *reterr)
{
	for (struct flight *f = e->flights; f; f = f->next) {
		if (f->change.is_batched && write_one(db, f, reterr) < 0)
			return -1;
	}
	return 0;
}

/* Everything is in the transaction, and nothing is committed. */
static int written(const struct engine *e)
{
	for (const struct flight *f = e->flights; f; f = f->next) {
		const struct change *c = &f->change;

		if (c->is_batched && c->has_permit)
			(void)FP(F11_permit_written);
		if (c->is_batched && c->has_settlement)
			(void)FP(F19_settlement_written);
		if (c->is_batched && c->event)
			(void)FP(F20_event_written);
	}
	return 0;
}

static int write_all(struct db *db, void *arg, struct problem *reterr)
{
	if (ask_leave(db, arg, NULL, reterr) < 0)
		return -1;
	return write_each(db, arg, reterr) < 0 ? -1 : written(arg);
}

/* As if nobody came in between, which is usual. */
static int write_bulk(struct db *db, void *arg, struct problem *reterr)
{
	struct engine *e = arg;
	int done;

	if (ask_leave(db, arg, NULL, reterr) < 0)
		return -1;
	db_bulk_begin(db);
	if (write_each(db, arg, reterr) < 0)
		return -1;
	calls_beside(e);
	done = db_bulk_end(db, reterr);
	calls_join(e);
	return done < 0 ? -1 : written(arg);
}

static int write_alone(struct db *db, void *arg, struct problem *reterr)
{
	struct flight *f = arg;

	return ask_leave(db, f->engine, f, reterr) < 0 ? -1 : write_one(db, f, reterr);
}

/* Not written: a permit is asked for anew when its time comes, everything else waits. */
static void withdraw_permit(struct flight *f)
{
	if (!has_permit(f))
		return;
	f->change.is_pending = f->change.is_batched = false;
	f->change.has_permit = f->change.is_sent = false;
	f->at = FLIGHT_READY;
}

static void unknown(struct engine *e)
{
	e->is_unknown = true;
	for (struct flight *f = e->flights; f; f = f->next)
		f->change.is_sent = f->change.is_batched;
}

/* One statement cannot be carried out: its post is set free, so that the others get on. */
static void write_singly(struct engine *e)
{
	for (struct flight *f = e->flights; f; f = f->next) {
		struct problem p = { .kind = PROBLEM_NONE };

		if (!f->change.is_batched)
			continue;
		if (db_transact(e->app->db, write_alone, f, &p) == 0) {
			flight_written(f);
			continue;
		}
		if (p.kind == PROBLEM_DB_DOWN) {
			if (db_commit_unknown(e->app->db))
				unknown(e);
			engine_db_failed(e, &p);
			return;
		}
		log_line(LOG_LEVEL_ERROR, "post.unwritten", "post=%s", f->key.id);
		f->change.is_pending = f->change.is_batched = false;
		f->at = FLIGHT_END;
	}
}

static void failed(struct engine *e, const struct problem *p)
{
	if (p->kind != PROBLEM_DB_DOWN) {
		write_singly(e);
		return;
	}
	if (db_commit_unknown(e->app->db)) {
		log_line(LOG_LEVEL_WARN, "batch.unknown", "detail=\"%s\"", p->detail);
		unknown(e);
	} else {
		for (struct flight *f = e->flights; f; f = f->next)
			withdraw_permit(f);
	}
	engine_db_failed(e, p);
}

static bool is_version_after(const struct flight *f, const struct queue_mark *mark, int64_t n)
{
	const struct change *c = &f->change;
	const int64_t fence = c->has_permit ? c->permit.fence : c->move.fence;
	const int64_t version = c->has_permit ? c->permit.version : c->move.version;

	return mark->fence == fence && mark->version == version + n;
}

/* What became of one change whose COMMIT was never answered. */
static int look_up(struct engine *e, struct flight *f, struct problem *reterr)
{
	struct change *c = &f->change;
	struct queue_mark mark = { .fence = -1 };

	if (store_queue_mark(e->app->db, &f->key, &mark, reterr) < 0 &&
	    reterr->kind != PROBLEM_NOT_FOUND)
		return -1;
	c->is_sent = false;
	if (is_version_after(f, &mark, 0)) {
		withdraw_permit(f);
		return 0;
	}
	c->is_ours = is_version_after(f, &mark, 1);
	c->permit_answer = c->is_ours                      ? PERMIT_GIVEN
			   : is_version_after(f, &mark, 2) ? PERMIT_BUSY
							   : PERMIT_LOST;
	/* Somebody else's by now: what we saw is still worth telling, and may be told twice. */
	if (!c->is_ours && c->has_settlement && report(e->app->db, f, reterr) < 0)
		return -1;
	flight_written(f);
	return 0;
}

static bool look_up_all(struct engine *e)
{
	for (struct flight *f = e->flights; f; f = f->next) {
		struct problem p = { .kind = PROBLEM_NONE };

		if (!f->change.is_pending || !f->change.is_sent)
			continue;
		if (look_up(e, f, &p) < 0) {
			engine_db_failed(e, &p);
			return false;
		}
	}
	e->is_unknown = false;
	return true;
}

bool batch_has_any(const struct engine *e)
{
	for (const struct flight *f = e->flights; f; f = f->next) {
		if (f->change.is_pending)
			return true;
	}
	return false;
}

/* What comes to be pending while the others are written is the next turn's. */
static int write_turn(struct engine *e, struct problem *reterr)
{
	int done;

	for (struct flight *f = e->flights; f; f = f->next)
		f->change.is_batched = f->change.is_pending;
	e->going_on++;
	done = db_transact(e->app->db, write_bulk, e, reterr);
	e->going_on--;
	if (done < 0 && reterr->kind != PROBLEM_DB_DOWN)
		done = db_transact(e->app->db, write_all, e, reterr);
	return done;
}

void batch_commit(struct engine *e)
{
	struct problem p = { .kind = PROBLEM_NONE };

	if (!batch_has_any(e) || !engine_db_ready(e) || (e->is_unknown && !look_up_all(e)))
		return;
	(void)FP(F10_before_commit);
	if (write_turn(e, &p) < 0) {
		failed(e, &p);
		return;
	}
	(void)FP(F11_after_commit);
	e->commits++;
	for (struct flight *f = e->flights; f; f = f->next) {
		if (f->change.is_batched)
			flight_written(f);
	}
}

struct renewing {
	struct engine *e;
	int64_t before_boot_us;
};

static int64_t renew_every_us(const struct engine *e)
{
	return e->app->config->publish_lease_s * US_PER_S / 6;
}

static bool is_held(const struct flight *f)
{
	return f->at != FLIGHT_NEW && f->at != FLIGHT_END && !f->is_lost;
}

static bool is_stale(const struct flight *f, int64_t before_boot_us)
{
	return is_held(f) && f->leased_boot_us < before_boot_us;
}

/* Whoever has nothing else to wake up for would lose the lease of a post that it waits for. */
int64_t batch_renew_boot_us(const struct flight *f)
{
	return is_held(f) ? f->leased_boot_us + renew_every_us(f->engine) + 1 : INT64_MAX;
}

static int renew_all(struct db *db, void *arg, struct problem *reterr)
{
	const struct renewing *r = arg;
	const int64_t lease_s = r->e->app->config->publish_lease_s;

	for (struct flight *f = r->e->flights; f; f = f->next) {
		const struct queue_takeover in = { .id = f->key.id,
						   .fence = f->q.post.fence,
						   .lease_s = lease_s };
		bool is_ours = false;

		if (!is_stale(f, r->before_boot_us))
			continue;
		if (store_queue_renew(db, f->key.workspace, &in, &is_ours, reterr) < 0)
			return -1;
		f->is_lost = !is_ours;
	}
	return 0;
}

static int renew_bulk(struct db *db, void *arg, struct problem *reterr)
{
	db_bulk_begin(db);
	return renew_all(db, arg, reterr) < 0 ? -1 : db_bulk_end(db, reterr);
}

/* Lost while nothing irreversible is under way: let go. A live fire is seen to its end. */
static void drop_lost(struct flight *f)
{
	if (f->at == FLIGHT_FIRE || f->is_fired || f->change.is_pending)
		return;
	if (f->transfer)
		net_cancel(f->engine->app->net, f->transfer);
	f->transfer = NULL;
	f->at = FLIGHT_END;
	log_line(LOG_LEVEL_INFO, "post.lost", "post=%s", f->key.id);
}

void batch_renew(struct engine *e)
{
	const int64_t now_us = clock_boot_us();
	struct renewing r = { e, now_us - renew_every_us(e) };
	struct problem p = { .kind = PROBLEM_NONE };
	bool is_due = false;

	for (const struct flight *f = e->flights; f; f = f->next)
		is_due |= is_stale(f, r.before_boot_us);
	if (!is_due || !engine_db_ready(e))
		return;
	if (db_transact(e->app->db, renew_bulk, &r, &p) < 0 &&
	    (p.kind == PROBLEM_DB_DOWN || db_transact(e->app->db, renew_all, &r, &p) < 0)) {
		engine_db_failed(e, &p);
		return;
	}
	e->commits++;
	for (struct flight *f = e->flights; f; f = f->next) {
		if (!is_stale(f, r.before_boot_us) && !f->is_lost)
			continue;
		f->leased_boot_us = now_us;
		if (f->is_lost)
			drop_lost(f);
	}
}

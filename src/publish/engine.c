/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop turn that runner and publish-now share.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "publish/private.h"

#define DB_RETRY_US     (200 * US_PER_MS)
#define DB_RETRY_MAX_US (10 * US_PER_S)
/* So many posts are load; a turn then takes so long at least. */
#define PACED_FLIGHTS   64
#define PACE_US         (10 * US_PER_MS)
#define SETTLE_SLICE_US (50 * US_PER_MS)
/* After the longest answer of a platform, what it takes to write it down. */
#define SETTLE_EXTRA_US (10 * US_PER_S)

static struct delivery_rules rules_of(const struct config *c)
{
	return (struct delivery_rules){
		.quarantine_us = c->publish_quarantine_ms * US_PER_MS,
		.negative_gap_us = c->publish_negative_gap_ms * US_PER_MS,
		.doubt_life_us = c->publish_doubt_life_s * US_PER_S,
		.retry_base_us = c->publish_retry_base_ms * US_PER_MS,
		.retry_cap_us = c->publish_retry_cap_ms * US_PER_MS,
		.tries_max = (int)c->publish_tries_max,
		.claims_max = (int)c->publish_claims_max,
	};
}

int engine_open(struct app *app, struct engine **ret, struct problem *reterr)
{
	struct engine *e = alloc_zero(sizeof(*e));
	const int err = process_self(&e->self);

	e->app = app;
	e->rules = rules_of(app->config);
	e->side = app->db;
	e->flights_end = &e->flights;
	e->permit_lead_us = PERMIT_LEAD_US;
	e->limits = limits_new(e);
	if (err < 0) {
		engine_free(e);
		return problem_set(reterr, PROBLEM_INTERNAL, "/proc cannot be read");
	}
	random_id(e->owner, "run");
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	while (e->flights) {
		struct flight *f = e->flights;

		e->flights = f->next;
		flight_free(f);
	}
	free(e->calls.ready);
	journal_free(e->journal);
	limits_free(e->limits);
	free(e);
}

/* More than calls: while some are under way, others are read, permitted and written down. */
size_t engine_flights_max(const struct engine *e)
{
	const size_t calls = (size_t)e->app->config->publish_in_flight;

	return calls * 2;
}

void engine_add_job(struct engine *e, const struct engine_job *job)
{
	if (e->jobs_n < JOBS_MAX)
		e->jobs[e->jobs_n++] = *job;
}

uint32_t engine_draw(void)
{
	uint32_t draw;

	random_bytes(&draw, sizeof(draw));
	return draw;
}

bool engine_db_ready(struct engine *e)
{
	return clock_boot_us() >= e->db_boot_us;
}

void engine_db_failed(struct engine *e, const struct problem *p)
{
	int64_t wait_us = DB_RETRY_US;

	if (p->kind != PROBLEM_DB_DOWN)
		log_line(LOG_LEVEL_ERROR, "engine.database", "detail=\"%s\"", p->detail);
	else if (e->db_failures == 0)
		log_line(LOG_LEVEL_WARN, "engine.database_down", "detail=\"%s\"", p->detail);
	for (int i = 0; i < e->db_failures && wait_us < DB_RETRY_MAX_US; i++)
		wait_us *= 2;
	e->db_failures++;
	e->db_boot_us = clock_boot_us() + (wait_us < DB_RETRY_MAX_US ? wait_us : DB_RETRY_MAX_US);
}

static void probe_db(struct engine *e)
{
	struct problem p = { .kind = PROBLEM_NONE };

	if (e->db_failures == 0 || !engine_db_ready(e))
		return;
	if (db_ping(e->app->db, &p) < 0) {
		engine_db_failed(e, &p);
		return;
	}
	log_line(LOG_LEVEL_INFO, "engine.database_back", "failures=%d", e->db_failures);
	e->db_failures = 0;
}

static void run_jobs(struct engine *e)
{
	const int64_t now_us = clock_boot_us();

	for (size_t i = 0; i < e->jobs_n && !e->is_draining; i++) {
		if (e->jobs_boot_us[i] > now_us)
			continue;
		e->jobs_boot_us[i] = now_us + e->jobs[i].every_ms * US_PER_MS;
		e->going_on++;
		e->jobs[i].tick(e->jobs[i].arg, dueclock_now_us(&e->clock));
		e->going_on--;
	}
}

/* False: there was nothing to sweep. */
static bool sweep(struct engine *e)
{
	const size_t n = e->flights_n;
	struct flight **at = &e->flights;

	while (*at) {
		struct flight *f = *at;

		if (f->at != FLIGHT_END || f->change.is_pending) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		e->flights_n--;
		flight_free(f);
	}
	e->flights_end = at;
	return e->flights_n < n;
}

/* When a flight wants to be looked at, on the database's clock; INT64_MAX: by an event only. */
static int64_t wake_of(const struct flight *f)
{
	static const bool is_ready[] = { [FLIGHT_NEW] = true,
					 [FLIGHT_STEP] = true,
					 [FLIGHT_SEND] = true,
					 [FLIGHT_PERMIT] = true,
					 [FLIGHT_END] = true };

	if (f->change.is_pending)
		return 0;
	if (f->at == FLIGHT_WAIT)
		return f->wait_us;
	if ((f->at == FLIGHT_SEND || f->at == FLIGHT_READY || f->at == FLIGHT_AIM) &&
	    !calls_has_room(f))
		return INT64_MAX; /* until a call ends */
	if (f->at == FLIGHT_READY)
		return f->fire_us - f->engine->permit_lead_us;
	if (f->at == FLIGHT_AIM)
		return f->fire_us;
	return f->at < ARRAY_LEN(is_ready) && is_ready[f->at] ? 0 : INT64_MAX;
}

/* A ready post whose lane is taken would spin: it is looked at again in a moment. */
#define LANE_WAIT_US (2 * US_PER_MS)

static int64_t flight_wake_boot_us(const struct flight *f, int64_t boot_us)
{
	int64_t at_us = wake_of(f);

	if (at_us != INT64_MAX && at_us > 0)
		at_us = dueclock_boot_us(&f->engine->clock, at_us);
	return f->at == FLIGHT_READY && at_us <= boot_us ? boot_us + LANE_WAIT_US : at_us;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t engine_wake_boot_us(const struct engine *e, int64_t latest_boot_us)
{
	const int64_t boot_us = clock_boot_us();
	int64_t wake_us = latest_boot_us;

	for (const struct flight *f = e->flights; f; f = f->next) {
		wake_us = earlier(wake_us, flight_wake_boot_us(f, boot_us));
		wake_us = earlier(wake_us, batch_renew_boot_us(f));
	}
	for (size_t i = 0; i < e->jobs_n && !e->is_draining; i++)
		wake_us = earlier(wake_us, e->jobs_boot_us[i]);
	/* Without the database nothing moves; what has been decided waits for it. */
	if (e->db_failures > 0 && wake_us < e->db_boot_us)
		wake_us = earlier(e->db_boot_us, latest_boot_us);
	return wake_us > boot_us ? wake_us : boot_us;
}

/* Under load no turn is begun for every answer: calls go on, and more is written at once. */
static void pace(struct engine *e, int64_t begun_boot_us)
{
	if (e->flights_n < PACED_FLIGHTS)
		return;
	e->going_on++;
	(void)calls_carry(e, -1, 0, begun_boot_us + PACE_US);
	e->going_on--;
}

/*
 * Twice what it took: a post may be due for its permit just after a turn has begun. It fades slowly, since not
 * every turn claims, and those that do take longest.
 */
static void learn_lead(struct engine *e, int64_t took_us)
{
	int64_t lead_us = e->permit_lead_us - e->permit_lead_us / 32;

	if (lead_us < 2 * took_us)
		lead_us = 2 * took_us;
	if (lead_us < PERMIT_LEAD_US)
		lead_us = PERMIT_LEAD_US;
	e->permit_lead_us = lead_us < PERMIT_LEAD_MAX_US ? lead_us : PERMIT_LEAD_MAX_US;
}

/* From the asking for permits until they are on disk, here and in the database. */
static void write_down(struct engine *e)
{
	const int64_t begun_boot_us = clock_boot_us(), commits = e->commits;

	fire_gather(e);
	batch_commit(e);
	fire_permitted(e);
	if (e->commits > commits)
		learn_lead(e, clock_boot_us() - begun_boot_us);
}

void engine_turn(struct engine *e, int64_t wake_boot_us)
{
	const int64_t begun_boot_us = clock_boot_us();

	probe_db(e);
	run_jobs(e);
	batch_renew(e);
	if (!e->beside.fn || !batch_has_any(e)) /* else while they are written */
		flight_read_new(e);
	for (struct flight *f = e->flights; f; f = f->next)
		flight_advance(f);
	calls_count(e);
	write_down(e);
	calls_start(e);
	limits_turn(e->limits);
	pace(e, begun_boot_us);
	/* Somebody may be waiting for just that end: he is told before the loop sleeps. */
	if (!sweep(e))
		(void)net_poll(e->app->net, engine_wake_boot_us(e, wake_boot_us), -1);
}

bool engine_is_busy(const struct engine *e)
{
	for (const struct flight *f = e->flights; f; f = f->next) {
		const bool is_settling = f->change.is_pending && f->change.has_settlement;

		if (f->is_fired || is_settling || f->at == FLIGHT_PERMIT || f->at == FLIGHT_AIM)
			return true;
	}
	return false;
}

void engine_settle(struct engine *e)
{
	const struct config *c = e->app->config;
	const int64_t until_us = clock_boot_us() + c->net_fire_timeout_ms * US_PER_MS +
				 c->publish_send_deadline_ms * US_PER_MS + SETTLE_EXTRA_US;

	while (engine_is_busy(e) && clock_boot_us() < until_us)
		engine_turn(e, clock_boot_us() + SETTLE_SLICE_US);
}

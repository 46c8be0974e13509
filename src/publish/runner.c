/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner: who claims, for how long, and the hand-over to the next one.
 */
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/fp.h"
#include "base/log.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "publish/private.h"
#include "store/runners.h"

#define BEAT_US          US_PER_S
#define BESIDE_STACK     ((size_t)256 << 10)
#define CLAIM_ONCE_US    (50 * US_PER_MS) /* --once ends with the first claim that finds nothing */
/* A claim is a transaction: not for fewer places than this of all there are, but once in a while. */
#define CLAIM_LEAST(n)   (((n) + 15) / 16)
/* So many suspects at once; what killed a runner is then among few. */
#define SUSPECTS         16
/* A suspect that has been alive for so long is let wait for its turn beside others. */
#define SUSPECT_WATCH_US (2 * US_PER_S)
#define FULL_PASS_US     (30 * US_PER_S)
#define MARK_AGE_US      (2 * US_PER_DAY)

struct run {
	struct engine *e;
	bool once;
	const volatile int *stop;
	int64_t start_boot_us, claim_boot_us, beat_boot_us, full_boot_us;
	int64_t leave_boot_us; /* told to end without a database: until then; 0: it is not so */
	bool has_successor, is_registered, is_drained, has_turned;
	bool has_more;       /* the last claim took all that it asked for */
	const char *trouble; /* why nothing is claimed; NULL: all is well */
};

static int register_runner(struct run *r, struct problem *reterr)
{
	struct engine *e = r->e;
	const struct runner_row row = { e->owner, e->self.host, e->self.boot_id, e->self.pid,
					e->self.start_ticks };
	int64_t n = 0;

	/* Sorts before every minute's runner, so that none takes a drain for its successor. */
	if (r->once)
		random_id(e->owner, "one");
	if (store_runners_count(e->app->db, e->self.host, &n, reterr) < 0)
		return -1;
	if (n >= e->app->config->publish_max_runners)
		return problem_set(reterr, PROBLEM_CONFLICT, "%lld runners of this host are alive",
				   (long long)n);
	if (store_runners_register(e->app->db, &row, reterr) < 0)
		return -1;
	r->is_registered = true;
	return 0;
}

static bool has_room(const char *folder, int64_t least_mb)
{
	struct statvfs fs;

	if (least_mb == 0 || statvfs(folder, &fs) < 0)
		return true; /* a folder that is not there is told elsewhere */
	return (int64_t)(fs.f_bavail * fs.f_frsize >> 20) >= least_mb;
}

/* What is claimed in these conditions could not be sent, or would block the disk for the rest. */
static const char *find_trouble(struct engine *e)
{
	const struct config *c = e->app->config;

	if (dueclock_is_off(&e->clock))
		return "clock";
	if (access(c->publish_journal_folder, W_OK | X_OK) < 0)
		return "journal";
	if (!has_room(c->publish_journal_folder, c->publish_disk_free_min_mb) ||
	    !has_room(c->media_folder, c->publish_disk_free_min_mb))
		return "disk";
	return fire_journal_works(e) ? NULL : "journal";
}

static void look_around(struct run *r)
{
	const char *before = r->trouble;

	r->trouble = find_trouble(r->e);
	if (r->trouble && r->trouble != before)
		log_line(LOG_LEVEL_ERROR, "runner.trouble", "what=%s", r->trouble);
	if (before && !r->trouble)
		log_line(LOG_LEVEL_INFO, "runner.trouble_over", "what=%s", before);
}

static void beat(struct run *r)
{
	struct engine *e = r->e;
	const int64_t now_us = clock_boot_us();
	struct runner_beat in = {
		.id = e->owner, .host = e->self.host, .fires = e->fires, .commits = e->commits
	};
	struct problem p = { .kind = PROBLEM_NONE };

	if (now_us < r->beat_boot_us || !engine_db_ready(e))
		return;
	r->beat_boot_us = now_us + BEAT_US;
	if (dueclock_read(&e->clock, e->app->db, &p) < 0) {
		engine_db_failed(e, &p);
		return;
	}
	look_around(r);
	in.skew_us = e->clock.skew_us;
	in.trouble = r->trouble;
	if (r->is_registered && store_runners_beat(e->app->db, &in, &r->has_successor, &p) < 0)
		engine_db_failed(e, &p);
}

/*
 * Our own lease ran out while the database was away and we have claimed the row again: the flight
 * goes on under the new fence.
 */
static void adopt(struct flight *f)
{
	struct queue_mark mark;
	struct problem p = { .kind = PROBLEM_NONE };

	if (store_queue_mark(f->engine->side, &f->key, &mark, &p) < 0)
		return;
	f->q.post.fence = mark.fence;
	f->change.move.fence = mark.fence;
	f->change.permit.fence = mark.fence;
	f->is_lost = false;
	f->leased_boot_us = clock_boot_us();
}

static size_t claim_room(const struct run *r, enum queue_part *ret_part)
{
	const size_t most = engine_flights_max(r->e);
	const size_t n = r->e->flights_n;

	*ret_part = n < STAGING_SHARE(most) ? QUEUE_ALL : QUEUE_READY;
	if (n >= most)
		return 0;
	return *ret_part == QUEUE_ALL ? STAGING_SHARE(most) - n : most - n;
}

/* Claims of one kind, which become flights. */
static size_t claim_part(struct run *r, struct queue_claim *in)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct engine *e = r->e;
	struct problem p = { .kind = PROBLEM_NONE };
	struct row_key *keys = NULL;
	size_t n = 0;
	int done;

	e->going_on++;
	done = store_queue_claim(e->side, in, a, &keys, &n, &p);
	e->going_on--;
	if (done < 0) {
		engine_db_failed(e, &p);
		return 0;
	}
	(void)FP(F02_after_claim);
	e->commits += n > 0;
	for (size_t i = 0; i < n; i++) {
		struct flight *f = flight_find(e, &keys[i]);

		if (f)
			adopt(f);
		else
			f = flight_new(e, keys[i].workspace, keys[i].id);
		if (in->part == QUEUE_SUSPECT)
			f->watched_boot_us = clock_boot_us() + SUSPECT_WATCH_US;
	}
	return n;
}

static bool is_watching(const struct engine *e)
{
	for (const struct flight *f = e->flights; f; f = f->next) {
		if (f->watched_boot_us > clock_boot_us())
			return true;
	}
	return false;
}

static size_t claim(struct run *r)
{
	struct engine *e = r->e;
	struct queue_claim in = {
		.owner = e->owner,
		.lease_s = e->app->config->publish_lease_s,
		.mark_us = 0,
	};
	size_t n;

	in.most = (int64_t)claim_room(r, &in.part);
	if (in.most > LOADS_A_TURN)
		in.most = LOADS_A_TURN;
	/* Old index entries that wait to be purged are stepped over, but for a full pass at times. */
	if (clock_boot_us() < r->full_boot_us)
		in.mark_us = dueclock_now_us(&e->clock) - MARK_AGE_US;
	else
		r->full_boot_us = clock_boot_us() + FULL_PASS_US;
	if (in.most == 0)
		return 0;
	(void)FP(F01_before_claim);
	n = claim_part(r, &in);
	r->has_more = n == (size_t)in.most;
	if (n == (size_t)in.most || is_watching(e) || !engine_db_ready(e))
		return n;
	in.part = QUEUE_SUSPECT;
	in.most = SUSPECTS;
	return n + claim_part(r, &in);
}

static bool is_over(const struct run *r)
{
	const int64_t stay_us = r->e->app->config->publish_stay_s * US_PER_S;
	const int64_t age_us = clock_boot_us() - r->start_boot_us;

	/* A drain that somebody asked for is nobody's predecessor. */
	return *r->stop || (r->has_successor && !r->once) || r->is_drained ||
	       (r->once && r->trouble) || age_us > stay_us + stay_us * 3 / 10;
}

static bool is_job_busy(const struct engine *e)
{
	for (size_t i = 0; i < e->jobs_n; i++) {
		if (e->jobs[i].is_busy && e->jobs[i].is_busy(e->jobs[i].arg))
			return true;
	}
	return false;
}

/* A clock that has jumped since the last beat would make everything due. False: nobody claims. */
static bool is_clock_sound(struct run *r)
{
	struct problem p = { .kind = PROBLEM_NONE };

	if (dueclock_read(&r->e->clock, r->e->side, &p) < 0) {
		engine_db_failed(r->e, &p);
		return false;
	}
	if (dueclock_is_off(&r->e->clock))
		look_around(r);
	return !r->trouble;
}

static bool is_claim_due(const struct run *r)
{
	enum queue_part part;

	return clock_boot_us() >= r->claim_boot_us ||
	       (r->has_more && claim_room(r, &part) >= CLAIM_LEAST(engine_flights_max(r->e)));
}

/* Nothing left to claim, and the jobs have had their turn: the end of --once. */
static void maybe_claim(struct run *r)
{
	const int64_t now_us = clock_boot_us();
	size_t n;

	/*
	 * While the end of a COMMIT is not known, nothing is claimed: a row of our own would come
	 * back under a new fence, and what another has written under the same version since would
	 * pass for ours.
	 */
	if (!is_claim_due(r) || is_over(r) || !engine_db_ready(r->e) ||
	    (r->e->is_unknown && !BUG(claim_while_unknown)) || r->trouble ||
	    r->e->has_journal_failed || !is_clock_sound(r))
		return;
	n = claim(r);
	r->claim_boot_us = now_us + (r->once ? CLAIM_ONCE_US : CLAIM_EVERY_US);
	if (r->once && n == 0 && r->e->flights_n == 0 && engine_db_ready(r->e) && r->has_turned &&
	    !is_job_busy(r->e))
		r->is_drained = true;
}

/* Posts that have only been staged and are not due at once go to the successor. */
static void release_early(struct engine *e)
{
	const int64_t now_us = dueclock_now_us(&e->clock);

	for (struct flight *f = e->flights; f; f = f->next) {
		const bool is_held = f->at == FLIGHT_WAIT || f->at == FLIGHT_READY;

		if (!is_held || f->change.is_pending || f->q.post.is_immediate || f->is_fired ||
		    f->q.post.due_us - now_us <= FIRE_CLAIM_US)
			continue;
		flight_park(f, f->at == FLIGHT_WAIT ? f->wait_us : now_us);
	}
}

/*
 * Whoever is told to end waits for a database that is away, since what he knows spares the next one
 * a doubt, but not for ever: what is left then is as if he had been killed.
 */
static bool is_given_up(struct run *r)
{
	const int64_t now_us = clock_boot_us();

	if (!*r->stop || r->e->db_failures == 0)
		r->leave_boot_us = 0;
	else if (r->leave_boot_us == 0)
		r->leave_boot_us = now_us + r->e->app->config->publish_stop_wait_s * US_PER_S;
	return r->leave_boot_us > 0 && now_us >= r->leave_boot_us;
}

static int leave(const struct engine *e, struct problem *reterr)
{
	size_t fired = 0;

	for (const struct flight *f = e->flights; f; f = f->next)
		fired += f->is_fired || (f->change.is_pending && f->change.has_settlement);
	return problem_set(reterr, PROBLEM_DB_DOWN,
			   "the database is away: posts in hand %zu, of them sent and not written "
			   "down %zu; the next runner settles them by the journal and by reading "
			   "at the platforms",
			   e->flights_n, fired);
}

static int run(struct run *r, struct problem *reterr)
{
	struct engine *e = r->e;
	bool is_ending = false;

	for (;;) {
		const bool was_ending = is_ending;

		beat(r);
		if (!batch_has_any(e) || BUG(claim_while_unknown)) /* else while they are written */
			maybe_claim(r);
		is_ending = is_over(r);
		if (is_ending && !was_ending) {
			log_line(LOG_LEVEL_INFO, "runner.draining", "flights=%zu successor=%d",
				 e->flights_n, r->has_successor);
			release_early(e);
			e->is_draining = true;
		}
		if (is_ending && e->flights_n == 0 && !is_job_busy(e))
			return 0;
		if (is_given_up(r))
			return leave(e, reterr);
		engine_turn(e, r->claim_boot_us > clock_boot_us()
				       ? r->claim_boot_us
				       : clock_boot_us() + CLAIM_ONCE_US);
		r->has_turned = true;
	}
}

static void claim_beside(void *arg)
{
	struct run *r = arg;

	maybe_claim(r);
	flight_read_new(r->e);
}

static int serve(struct run *r, struct problem *reterr)
{
	struct engine *e = r->e;
	struct problem p = { .kind = PROBLEM_NONE };
	int done;

	if (register_runner(r, reterr) < 0)
		return -1;
	log_line(LOG_LEVEL_INFO, "runner.started", "runner=%s once=%d", e->owner, r->once);
	recover_journals(e);
	db_set_wait(e->app->db, calls_carry, e);
	db_set_wait(e->side, calls_carry_side, e);
	done = run(r, reterr);
	db_set_wait(e->app->db, NULL, NULL);
	if (done < 0)
		return -1;
	(void)store_runners_stop(e->app->db, e->owner, &p);
	log_line(LOG_LEVEL_INFO, "runner.stopped", "runner=%s fires=%lld commits=%lld", e->owner,
		 (long long)e->fires, (long long)e->commits);
	return 0;
}

/* A connection more: what a turn writes need not wait for what is claimed and read, nor that for it. */
static int serve_with_side(struct run *r, struct problem *reterr)
{
	struct engine *e = r->e;
	int done;

	e->side = db_new(e->app->config, DB_ROLE_RUN);
	e->beside = (struct beside){ claim_beside, r, .fiber = fiber_new(BESIDE_STACK) };
	done = serve(r, reterr);
	db_free(e->side);
	fiber_free(e->beside.fiber);
	e->side = e->app->db;
	e->beside = (struct beside){ .fn = NULL };
	return done;
}

int engine_run(struct engine *e, bool once, const volatile int *stop, struct problem *reterr)
{
	struct run r = { .e = e, .once = once, .stop = stop, .start_boot_us = clock_boot_us() };

	for (int i = 0; i < DUECLOCK_READINGS; i++) {
		if (dueclock_read(&e->clock, e->app->db, reterr) < 0)
			return -1;
	}
	if (serve_with_side(&r, reterr) < 0)
		return -1;
	if (once && r.trouble)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "nothing was claimed: %s (see carillon-admin doctor)",
				   r.trouble);
	return 0;
}

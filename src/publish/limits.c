/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a platform allows and whether it answers: posts wait for both, in words, instead of
 * running into a wall. Known to all runners through the database, read once a second.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bug.h"
#include "base/log.h"
#include "publish/notes.h"
#include "publish/private.h"
#include "store/limits.h"

#define READ_EVERY_US  US_PER_S
#define PROBE_MS       10000
#define PROBE_SLACK_US US_PER_S /* what waits is woken when the probe has its answer */
#define WAIT_LEAST_US  (200 * US_PER_MS)
#define WAIT_SPREAD_US (4 * US_PER_S) /* thousands that wait for one platform do not wake as one */
/* What an answer told, beside counted budgets: an account or the app; the app while staging. */
#define TOLD           "told"
#define TOLD_STAGING   "told_staging"

struct limits {
	struct engine *engine;
	struct arena *arena;
	struct limit_row *rows;
	size_t n;
	int64_t read_boot_us;
	struct notes notes;
	struct arena *probe_arena; /* NULL: none is under way */
	struct breaker_key probe;
	bool has_probe_ended, is_probe_answered;
};

struct limits *limits_new(struct engine *e)
{
	struct limits *l = alloc_zero(sizeof(*l));

	l->engine = e;
	l->arena = arena_new();
	l->read_boot_us = INT64_MIN / 2;
	return l;
}

void limits_free(struct limits *l)
{
	if (!l)
		return;
	if (l->probe_arena)
		arena_free(l->probe_arena);
	arena_free(l->arena);
	free(l);
}

static void read_all(struct limits *l)
{
	struct problem p = { .kind = PROBLEM_NONE };

	if (clock_boot_us() - l->read_boot_us < READ_EVERY_US || !engine_db_ready(l->engine))
		return;
	arena_reset(l->arena);
	l->n = 0;
	l->read_boot_us = clock_boot_us();
	if (store_limits_list(l->engine->app->db, l->arena, &l->rows, &l->n, &p) < 0)
		engine_db_failed(l->engine, &p);
}

/* Where users name servers, one that is down says nothing about the others. */
static const char *server_of(const struct flight *f)
{
	const char *server = json_string_value(json_object_get(f->account.meta, "server"));

	return server && platform_server_param(f->platform_app.platform) ? server : "";
}

/* ---- waiting ---- */

/* What is ready to be seen costs other calls than what is still to be uploaded. */
static bool is_of_its_step(const struct limit_row *r, const struct flight *f)
{
	const bool is_staged = f->at == FLIGHT_READY || f->q.post.state == POST_STAGED;

	return !is_staged || strcmp(r->name, TOLD_STAGING) != 0;
}

static bool is_about(const struct limit_row *r, const struct flight *f, enum breaker_class class,
		     int64_t now_us)
{
	if (r->until_us == INSTANT_NONE || r->livemode != f->q.post.livemode ||
	    strcmp(r->platform, f->q.post.platform) != 0)
		return false;
	if (r->is_breaker)
		return r->class == class && strcmp(r->subject, server_of(f)) == 0;
	return class == BREAKER_PUBLISH && r->until_us > now_us && is_of_its_step(r, f) &&
	       (!*r->subject || strcmp(r->subject, f->q.account.id) == 0);
}

static const char *words_of(const struct flight *f, const struct limit_row *r)
{
	const char *title = f->platform_app.platform->title;

	if (r->is_breaker)
		return arena_printf(f->arena, "%s is not answering",
				    *r->subject ? r->subject : title);
	return arena_printf(f->arena, "%s's limit for %s", title,
			    *r->subject ? "this account" : "this server's app");
}

/* Not longer than it may still go out: then its late policy decides. */
static int64_t wake_of(const struct flight *f, const struct limit_row *r, int64_t now_us)
{
	const int64_t late_us =
		f->q.post.due_us + f->q.account.publish_within_minutes * US_PER_MIN + US_PER_S;
	int64_t wake_us = r->until_us;

	if (r->is_breaker) /* a probe that is late must not make everybody ask again and again */
		wake_us = (wake_us > now_us ? wake_us : now_us) + PROBE_SLACK_US +
			  (int64_t)((uint64_t)WAIT_SPREAD_US * engine_draw() >> 32);
	if (!f->q.post.is_immediate && late_us > now_us && late_us < wake_us)
		wake_us = late_us;
	return wake_us > now_us + WAIT_LEAST_US ? wake_us : now_us + WAIT_LEAST_US;
}

static void wait_for(struct flight *f, const struct limit_row *r, enum breaker_class class)
{
	const int64_t wake_us = wake_of(f, r, flight_now_us(f));

	/* What has been sent says for itself what it waits for. */
	if (class == BREAKER_PUBLISH)
		f->q.post.waiting_for = words_of(f, r);
	flight_park(f, wake_us);
	if (class == BREAKER_PUBLISH)
		f->change.move.next_attempt_us = wake_us;
	log_line(LOG_LEVEL_INFO, "post.waits", "post=%s platform=%s for=%s", f->key.id,
		 f->q.post.platform, r->is_breaker ? "breaker" : r->name);
}

bool limits_hold(struct flight *f, enum breaker_class class)
{
	struct limits *l = f->engine->limits;
	const int64_t now_us = flight_now_us(f);
	const struct limit_row *longest = NULL;

	read_all(l);
	for (size_t i = 0; i < l->n; i++) {
		const struct limit_row *r = &l->rows[i];

		if (is_about(r, f, class, now_us) && (!longest || r->until_us > longest->until_us))
			longest = r;
	}
	if (longest)
		wait_for(f, longest, class);
	return longest != NULL;
}

/* ---- budgets ---- */

static struct budget_key key_of(const struct flight *f, const struct platform_budget *b)
{
	return (struct budget_key){
		.platform = f->q.post.platform,
		.name = b->name,
		.subject = b->is_app ? "" : f->q.account.id,
		.livemode = f->q.post.livemode,
	};
}

static int64_t most_of(const struct flight *f, const struct platform_budget *b)
{
	return b->setting ? platform_int(&f->platform_app, b->setting) : 0;
}

/* Rows before `end` (NULL: all) are given back. */
int limits_give_back(struct db *db, const struct flight *f, const struct platform_budget *end,
		     struct problem *reterr)
{
	for (const struct platform_budget *b = f->platform_app.platform->budgets;
	     b && b != end && b->name; b++) {
		const struct budget_key key = key_of(f, b);

		if (most_of(f, b) > 0 && store_limits_give_back(db, &key, reterr) < 0)
			return -1;
	}
	return 0;
}

int limits_take(struct db *db, const struct flight *f, bool *ret_is_given, struct problem *reterr)
{
	*ret_is_given = true;
	for (const struct platform_budget *b = f->platform_app.platform->budgets; b && b->name;
	     b++) {
		const struct budget_key key = key_of(f, b);
		const int64_t most = most_of(f, b);

		if (most <= 0 || BUG(budget_ignored))
			continue;
		if (store_limits_take(db, &key, b->window_s, most, ret_is_given, reterr) < 0)
			return -1;
		if (!*ret_is_given)
			return limits_give_back(db, f, b, reterr);
	}
	return 0;
}

void limits_look_again(struct engine *e)
{
	e->limits->read_boot_us = INT64_MIN / 2;
}

/* ---- what answers say ---- */

static int64_t header_number(const struct flight *f, const char *name)
{
	const char *text = name ? http_reply_header(&f->reply, f->arena, name) : NULL;
	char *end = NULL;
	const long long n = text ? strtoll(text, &end, 10) : -1;

	return text && end != text && n >= 0 && n < INT64_MAX / US_PER_S ? n : -1;
}

static void close_budget(struct flight *f, const struct platform_budget *b)
{
	const int64_t reset_s = header_number(f, b->reset_header), now_us = flight_now_us(f);
	int64_t until_us = reset_s * US_PER_S;

	if (header_number(f, b->left_header) != 0 || reset_s < 0 ||
	    f->closings_n == ARRAY_LEN(f->closings))
		return;
	if (!b->is_reset_instant)
		until_us += now_us;
	if (until_us <= now_us || until_us > now_us + US_PER_DAY)
		return;
	f->closings[f->closings_n++] = (struct closing){ b->name, b->is_app, until_us };
}

void limits_hear(struct flight *f)
{
	const struct http_reply *r = &f->reply;
	const bool is_reading = f->phase == PHASE_CONFIRM || f->phase == PHASE_DOUBT;
	const bool is_whole = r->transfer == TRANSFER_REPLIED;

	notes_add(&f->engine->limits->notes,
		  &(struct breaker_key){ f->platform_app.platform->id, f->q.post.livemode,
					 is_reading ? BREAKER_READ : BREAKER_PUBLISH,
					 server_of(f) },
		  !is_whole || r->status >= 500);
	if (f->phase != PHASE_FIRE || !f->is_fired || !is_whole)
		return;
	for (const struct platform_budget *b = f->platform_app.platform->budgets; b && b->name; b++)
		close_budget(f, b);
}

/* Turned away for too many calls: the other posts need not learn it one by one. */
void limits_turned_away(struct flight *f, const struct outcome *o)
{
	const char *name = o && o->is_app_wide && f->phase == PHASE_STAGE ? TOLD_STAGING : TOLD;

	if (!o || o->error.code != POST_ERROR_RATE_LIMITED || o->retry_after_s <= 0 ||
	    f->closings_n == ARRAY_LEN(f->closings))
		return;
	f->closings[f->closings_n++] =
		(struct closing){ name, o->is_app_wide,
				  flight_now_us(f) + o->retry_after_s * US_PER_S };
}

int limits_write(struct db *db, struct flight *f, struct problem *reterr)
{
	for (size_t i = 0; i < f->closings_n; i++) {
		const struct closing *c = &f->closings[i];
		const struct budget_key key = { f->q.post.platform, c->name,
						c->is_app ? "" : f->q.account.id,
						f->q.post.livemode };

		if (store_limits_close(db, &key, c->until_us, reterr) < 0)
			return -1;
	}
	return 0;
}

/* ---- breakers ---- */

static bool has_failures(const struct limits *l, const struct breaker_key *key)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct limit_row *r = &l->rows[i];

		if (r->is_breaker && r->livemode == key->livemode && r->class == key->class &&
		    strcmp(r->platform, key->platform) == 0 && strcmp(r->subject, key->server) == 0)
			return r->failures > 0;
	}
	return false;
}

static int write_note(struct limits *l, const struct note *n, struct problem *reterr)
{
	const struct config *c = l->engine->app->config;
	struct db *db = l->engine->app->db;

	if (c->publish_breaker_failures == 0)
		return 0;
	if (n->has_answer && has_failures(l, &n->key) &&
	    store_limits_answer(db, &n->key, reterr) < 0)
		return -1;
	/* More than open it would say nothing more. */
	for (int i = 0; i < n->faults && i < c->publish_breaker_failures; i++) {
		if (store_limits_fault(db, &n->key, c->publish_breaker_failures,
				       c->publish_breaker_probe_s, reterr) < 0)
			return -1;
	}
	if (n->faults > 0)
		limits_look_again(l->engine);
	return 0;
}

static void on_probe(void *arg, struct http_reply *reply)
{
	struct limits *l = arg;

	l->has_probe_ended = true;
	l->is_probe_answered = reply->transfer == TRANSFER_REPLIED && reply->status < 500;
}

/* A reading without anybody's token: any answer but a fault shows that the platform is there. */
static void start_probe(struct limits *l, const struct limit_row *r)
{
	const struct engine *e = l->engine;
	const struct platform *p = platform_find(r->platform);
	struct platform_app app;
	struct http_request *q;
	const char *base;

	l->probe_arena = arena_new();
	l->probe = (struct breaker_key){ p ? p->id : "", r->livemode, r->class,
					 arena_strdup(l->probe_arena, r->subject) };
	l->has_probe_ended = false;
	if (p)
		platform_app_plain(&app, l->probe_arena, e->app->config, p, r->livemode);
	base = p && p->probe_base ? platform_text(&app, p->probe_base) : l->probe.server;
	if (!p || !*base) { /* nothing to ask: the next post is the trial */
		l->has_probe_ended = l->is_probe_answered = true;
		return;
	}
	q = http_request_new(l->probe_arena, VERB_GET, "breaker.probe");
	http_request_url(q, base, "/");
	q->timeout_ms = PROBE_MS;
	q->is_to_users_host = *l->probe.server != '\0';
	platform_app_aim(&app, q);
	(void)net_start(e->app->net, NET_REPEATABLE, q, 0, on_probe, l);
}

static int end_probe(struct limits *l, struct problem *reterr)
{
	const struct config *c = l->engine->app->config;

	log_line(LOG_LEVEL_WARN, "breaker.probed", "platform=%s class=%s answers=%d",
		 l->probe.platform, l->probe.class == BREAKER_READ ? "read" : "publish",
		 l->is_probe_answered);
	if (l->is_probe_answered && store_limits_half_open(l->engine->app->db, &l->probe,
							   c->publish_breaker_failures, reterr) < 0)
		return -1;
	arena_free(l->probe_arena);
	l->probe_arena = NULL;
	limits_look_again(l->engine);
	return 0;
}

static int probe_one(struct limits *l, const struct limit_row *r, struct problem *reterr)
{
	const struct config *c = l->engine->app->config;
	const struct breaker_key key = { r->platform, r->livemode, r->class, r->subject };
	bool is_mine = false;

	if (!r->is_breaker || r->until_us == INSTANT_NONE ||
	    r->until_us > dueclock_now_us(&l->engine->clock))
		return 0;
	if (store_limits_probe(l->engine->app->db, &key, c->publish_breaker_probe_s, &is_mine,
			       reterr) < 0)
		return -1;
	if (is_mine)
		start_probe(l, r);
	return 0;
}

static int turn(struct limits *l, struct problem *reterr)
{
	const struct engine *e = l->engine;

	if (l->probe_arena && l->has_probe_ended && end_probe(l, reterr) < 0)
		return -1;
	while (l->notes.n > 0) {
		if (write_note(l, &l->notes.v[l->notes.n - 1], reterr) < 0)
			return -1;
		l->notes.n--;
	}
	for (size_t i = 0; i < l->n && !l->probe_arena && !e->is_alone && !e->is_draining; i++) {
		if (probe_one(l, &l->rows[i], reterr) < 0)
			return -1;
	}
	return 0;
}

void limits_turn(struct limits *l)
{
	struct problem p = { .kind = PROBLEM_NONE };

	if (!engine_db_ready(l->engine))
		return;
	if (!l->engine->is_alone)
		read_all(l);
	if (turn(l, &p) < 0)
		engine_db_failed(l->engine, &p);
}

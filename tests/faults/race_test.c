/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everybody at once: around the instant of a post it is cancelled, edited, moved, given another
 * text, asked for at once by two people, its account is disconnected, and two runners are on it.
 * There is one outcome, and whoever was told one was told the truth. RACE_ROUNDS (30) rounds,
 * RACE_SEED (of the clock) drawn and printed; a seed replays who does what and when, the machine
 * says who comes first.
 */
#include <check.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app.h"
#include "base/clock.h"
#include "publish/engine.h"
#include "rig.h"
#include "store/accounts.h"
#include "store/content.h"
#include "store/posts.h"
#include "support/draw.h"
#include "support/suite.h"

#define POSTS       48
#define HANDS       4 /* processes that act for people, beside one for each that publishes now */
#define MAKE_MS     1500
#define AHEAD_MS    400
#define SPREAD_MS   300 /* due times of a round */
#define MOVE_MS     700
#define NOW_WAIT_US (3 * US_PER_S)
#define PATIENCE_MS 60000
#define COMMITTED                                                               \
	(1u << POST_PUBLISHING | 1u << POST_CONFIRMING | 1u << POST_PUBLISHED | \
	 1u << POST_UNCONFIRMED)

enum deed { CANCEL, EDIT, MOVE, REWORD, NOW, NOW_TOO, DISCONNECT, DEEDS };
static const char *const deed_names[DEEDS] = {
	"cancel", "edit", "move", "reword", "publish now", "publish now too", "disconnect",
};

struct task {
	enum deed deed;
	bool is_wanted, is_done, is_ok;
	int64_t at_us;
	enum problem_kind kind; /* refused */
	/* POST_STATES: not read. What the post was right after the yes; of publish-now the answer. */
	enum post_state then;
};

struct racer {
	int account;
	char id[ID_MAX], content_id[ID_MAX];
	struct task tasks[DEEDS];
	enum post_state state;
	int objects[3]; /* there, by text: as approved, reworded, edited */
};

/* What the processes of a round share. */
struct round {
	int nth;
	int64_t start_us;
	struct racer posts[POSTS];
	int gone; /* account that is disconnected; -1: none */
};

static struct rig rig;
static uint64_t seed;
static struct round *now_on; /* shared memory */
static int64_t tally[DEEDS][2], published, violations;

static const struct rig_platform platforms[] = {
	{ .name = "instagram", .settings = "poll_image_ms = 50 50 100\n" },
	{ .name = "twitter" },
	{ .name = "mastodon", .settings = "posts_per_3_hours = 0\n" },
	{ .name = "bluesky", .settings = "posts_per_hour = 0\n" },
};
#define ACCOUNTS ((int)ARRAY_LEN(platforms) * RIG_ACCOUNTS)

static const char *const texts[] = { "Approved", "Reworded", "Edited" };

/* Of [0, n): a number of this seed, round, post and use alone. */
static int64_t pick(int post, int use, int64_t n)
{
	return (int64_t)(draw(seed, (uint64_t)now_on->nth, (uint64_t)post, (uint64_t)use) %
			 (uint64_t)n);
}

static void violate(int post, const char *what)
{
	const struct racer *p = &now_on->posts[post];

	violations++;
	fprintf(stderr, "race: seed %" PRIu64 " round %d post %d (%s, %s, there %d %d %d): %s\n",
		seed, now_on->nth, post, p->id, post_state_name(p->state), p->objects[0],
		p->objects[1], p->objects[2], what);
	for (int d = 0; d < DEEDS; d++) {
		const struct task *t = &p->tasks[d];

		if (t->is_wanted)
			fprintf(stderr, "race:   %s: %s %d then %s\n", deed_names[d],
				t->is_ok ? "yes" : "no", (int)t->kind,
				t->then < POST_STATES ? post_state_name(t->then) : "-");
	}
}

/* The plan: two deeds for most posts, within a few milliseconds of each other and of its time. */
static void plan(int i, int64_t due_us)
{
	struct racer *p = &now_on->posts[i];
	const int deeds = 1 + (int)pick(i, 1, 3);
	const int64_t about_us = due_us + (pick(i, 2, 180) - 70) * US_PER_MS;

	for (int k = 0; k < deeds; k++) {
		struct task *t = &p->tasks[pick(i, 10 + k, NOW_TOO + 1)];

		t->is_wanted = true;
		t->at_us = about_us + (pick(i, 20 + k, 16000) - 8000);
	}
	if (p->tasks[NOW_TOO].is_wanted && !p->tasks[NOW].is_wanted) {
		p->tasks[NOW] = p->tasks[NOW_TOO];
		p->tasks[NOW].at_us += 1000;
	}
	for (int d = 0; d < DEEDS; d++) {
		p->tasks[d].deed = (enum deed)d;
		p->tasks[d].then = POST_STATES;
	}
}

static void make_posts(void)
{
	char caption[48];

	for (int i = 0; i < POSTS; i++) {
		struct racer *p = &now_on->posts[i];
		const int64_t due_us = now_on->start_us + pick(i, 3, SPREAD_MS) * US_PER_MS;
		struct rig_content in = { .kind = CONTENT_TEXT, .caption = caption };

		p->account = i % ACCOUNTS;
		if (p->account < RIG_ACCOUNTS) {
			in.kind = CONTENT_IMAGE;
			in.media[0] = rig.media_id;
		}
		(void)snprintf(caption, sizeof(caption), "%s %d.%d", texts[0], now_on->nth, i);
		rig_post_content(&rig, p->account, &in, (due_us - clock_real_us()) / US_PER_MS,
				 p->id);
		plan(i, due_us);
	}
}

static void find_contents(void)
{
	for (int i = 0; i < POSTS; i++) {
		char *text = rig_post_text(&rig, now_on->posts[i].id, "content_id");

		(void)snprintf(now_on->posts[i].content_id, ID_MAX, "%s", text);
		free(text);
	}
}

static void await(int64_t at_us)
{
	while (clock_real_us() < at_us - 2 * US_PER_MS)
		rig_sleep_ms(1);
	while (clock_real_us() < at_us)
		;
}

static int patch(struct db *db, const struct post_patch *in, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct post got;

	return store_posts_patch(db, RIG_WORKSPACE, in, a, &got, reterr);
}

static int do_cancel(struct db *db, int i, struct problem *reterr)
{
	return patch(db,
		     &(struct post_patch){ .id = now_on->posts[i].id, .given = POST_CHANGE_CANCEL },
		     reterr);
}

static int do_edit(struct db *db, int i, struct problem *reterr)
{
	char caption[48];
	const struct content_patch change = { .given = CONTENT_HAS_CAPTION, .caption = caption };
	const struct content_edit in = { .id = now_on->posts[i].content_id, .patch = &change };

	(void)snprintf(caption, sizeof(caption), "%s %d.%d", texts[2], now_on->nth, i);
	return store_content_update(db, RIG_WORKSPACE, &in, NULL, reterr);
}

static int do_move(struct db *db, int i, struct problem *reterr)
{
	return patch(db,
		     &(struct post_patch){
			     .id = now_on->posts[i].id,
			     .given = POST_CHANGE_TIME,
			     .due = { .us = clock_real_us() + MOVE_MS * US_PER_MS },
			     .stage_lead_s = 900,
		     },
		     reterr);
}

static int do_reword(struct db *db, int i, struct problem *reterr)
{
	char json[80];

	(void)snprintf(json, sizeof(json), "{\"caption\":\"%s %d.%d\"}", texts[1], now_on->nth, i);
	return patch(db,
		     &(struct post_patch){
			     .id = now_on->posts[i].id,
			     .given = POST_CHANGE_OVERRIDES,
			     .overrides = json,
			     .stage_lead_s = 900,
		     },
		     reterr);
}

static int do_disconnect(struct db *db, int i, struct problem *reterr)
{
	int64_t paused;

	return store_accounts_disconnect(db, RIG_WORKSPACE, rig.accounts[now_on->posts[i].account],
					 &paused, reterr);
}

static int (*const deeds[DEEDS])(struct db *db, int i, struct problem *reterr) = {
	[CANCEL] = do_cancel,         [EDIT] = do_edit, [MOVE] = do_move, [REWORD] = do_reword,
	[DISCONNECT] = do_disconnect,
};

static enum post_state state_of(struct db *db, int i)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct post got;

	if (store_posts_get(db, RIG_WORKSPACE, now_on->posts[i].id, a, &got, &p) < 0)
		return POST_STATES;
	return got.state;
}

static void act(struct db *db, int i, struct task *t)
{
	struct problem p = { .kind = PROBLEM_NONE };

	await(t->at_us);
	t->is_ok = deeds[t->deed](db, i, &p) == 0;
	t->kind = p.kind;
	if (t->is_ok)
		t->then = state_of(db, i);
	for (int k = 0; t->is_ok && t->deed == DISCONNECT && k < POSTS; k++) {
		struct racer *p2 = &now_on->posts[k];

		if (p2->account != now_on->gone)
			continue;
		p2->tasks[DISCONNECT].is_ok = true;
		p2->tasks[DISCONNECT].then = state_of(db, k);
	}
	t->is_done = true;
}

/* The next one of this hand in the order of time; NULL: all are done. */
static struct task *next_task(int hand, int *ret_post)
{
	struct task *next = NULL;

	for (int i = 0; i < POSTS; i++) {
		for (int d = 0; d < DEEDS; d++) {
			struct task *t = &now_on->posts[i].tasks[d];

			if ((i + d) % HANDS != hand || !t->is_wanted || t->is_done || !deeds[d] ||
			    (next && next->at_us <= t->at_us))
				continue;
			next = t;
			*ret_post = i;
		}
	}
	return next;
}

static void hand_of(int hand)
{
	struct db *db = database_open(&rig.database);
	struct task *t;
	int post = 0;

	while ((t = next_task(hand, &post)) != NULL)
		act(db, post, t);
}

/* As the platform pool does it: an engine of its own for this one post. */
static void publish_now(int i, struct task *t)
{
	struct problem p = { .kind = PROBLEM_NONE };
	struct engine *e = NULL;
	struct app app;

	rig_app(&rig, &app);
	rig_need(engine_open(&app, &e, &p), &p);
	await(t->at_us);
	t->is_ok = engine_publish_one(e, RIG_WORKSPACE, now_on->posts[i].id,
				      clock_boot_us() + NOW_WAIT_US, &t->then, &p) == 0;
	t->kind = p.kind;
	t->is_done = true;
	engine_settle(e);
}

static int start_all(pid_t *pids)
{
	int n = 0;

	for (int h = 0; h < HANDS; h++) {
		pids[n] = fork();
		if (pids[n++] == 0) {
			hand_of(h);
			_exit(0);
		}
	}
	for (int i = 0; i < POSTS; i++) {
		for (int d = NOW; d <= NOW_TOO; d++) {
			struct task *t = &now_on->posts[i].tasks[d];

			if (!t->is_wanted)
				continue;
			pids[n] = fork();
			if (pids[n++] == 0) {
				publish_now(i, t);
				_exit(0);
			}
		}
	}
	return n;
}

static bool is_quiet(void)
{
	return rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state NOT IN ('published', "
				"'failed', 'missed', 'cancelled', 'paused', 'unconfirmed')") == 0;
}

static int text_index(const char *caption, int *ret_post)
{
	char word[16];
	int nth = 0;

	if (sscanf(caption, "%15s %d.%d", word, &nth, ret_post) != 3 || nth != now_on->nth ||
	    *ret_post < 0 || *ret_post >= POSTS)
		return -1;
	for (int k = 0; k < (int)ARRAY_LEN(texts); k++) {
		if (strcmp(texts[k], word) == 0)
			return k;
	}
	return -1;
}

static void take_object(void *arg, const json_t *entry, const char *line)
{
	const char *event = json_string_value(json_object_get(entry, "event"));
	const char *caption = json_string_value(json_object_get(entry, "caption"));
	int post = 0, k = caption ? text_index(caption, &post) : -1;

	(void)arg;
	(void)line;
	if (k >= 0 && event && strcmp(event, "created") == 0)
		now_on->posts[post].objects[k]++;
}

static bool is_refused_truly(const struct task *t)
{
	return t->kind == PROBLEM_ALREADY_PUBLISHING || t->kind == PROBLEM_ALREADY_PUBLISHED ||
	       t->kind == PROBLEM_CONFLICT || t->kind == PROBLEM_DB_DOWN;
}

/* What each who was told something may rely on. */
static void check_answers(int i)
{
	const struct racer *p = &now_on->posts[i];
	const struct task *t = p->tasks;
	const int there = p->objects[0] + p->objects[1] + p->objects[2];

	if (t[CANCEL].is_wanted && t[CANCEL].is_ok && (there || p->state != POST_CANCELLED))
		violate(i, "was promised to be cancelled");
	if (t[CANCEL].is_wanted && !t[CANCEL].is_ok && !is_refused_truly(&t[CANCEL]))
		violate(i, "cancelling was refused for no reason");
	/* Voided and disconnected count from their answer on, but for what had its permit by then. */
	if (there && t[EDIT].is_ok && !(COMMITTED & 1u << t[EDIT].then))
		violate(i, "went out after its approval was voided");
	if (there && t[DISCONNECT].is_ok && !(COMMITTED & 1u << t[DISCONNECT].then))
		violate(i, "went out after its account was disconnected");
	if (t[REWORD].is_ok && p->objects[0])
		violate(i, "went out with the text before the accepted change");
	if (!t[REWORD].is_ok && p->objects[1])
		violate(i, "went out with the text of a refused change");
	if (p->objects[2])
		violate(i, "went out with a text that nobody approved");
	for (int d = NOW; d <= NOW_TOO; d++) {
		if (t[d].is_ok && t[d].then == POST_PUBLISHED && there != 1)
			violate(i, "was said to be published now");
		if (t[d].is_wanted && !t[d].is_done)
			violate(i, "publish-now never came back");
	}
}

static bool is_held_back(const struct racer *p)
{
	return p->tasks[CANCEL].is_ok || p->tasks[EDIT].is_ok || p->tasks[DISCONNECT].is_ok;
}

static void check(int i)
{
	struct racer *p = &now_on->posts[i];
	const int there = p->objects[0] + p->objects[1] + p->objects[2];

	p->state = rig_state(&rig, p->id);
	if (there > 1)
		violate(i, "is there twice");
	if (there != (p->state == POST_PUBLISHED))
		violate(i, "does not stand as its state says");
	if (!there && !is_held_back(p))
		violate(i, "is lost");
	check_answers(i);
	published += there;
	for (int d = 0; d < DEEDS; d++)
		tally[d][p->tasks[d].is_ok] += p->tasks[d].is_wanted;
}

static void check_all(void)
{
	rig_truth_each(&rig, take_object, NULL);
	for (int i = 0; i < POSTS; i++)
		check(i);
	if (rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE state IN ('sent', 'in_doubt')"))
		violate(0, "(or another) has an open attempt");
	/* One row tells one outcome once. */
	if (rig_number(&rig, "SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE type = "
			     "'post.published' GROUP BY subject_id HAVING COUNT(*) > 1) t"))
		violate(0, "(or another) was announced twice");
}

static void begin(int nth)
{
	memset(now_on, 0, sizeof(*now_on));
	now_on->nth = nth;
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/reset", "{\"truth\":true}");
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"mastodon\",\"ignores_keys\":true}");
	rig_sandbox(&rig, "/_control/config",
		    "{\"image_delay_ms\":10,\"listing_lag_ms\":0,\"latency_ms\":0,"
		    "\"quota_total\":1000000,\"container_limit\":1000000,\"app_calls\":100000000,"
		    "\"account_calls\":100000000}");
	rig_connect_again(&rig);
	now_on->start_us = clock_real_us() + (MAKE_MS + AHEAD_MS) * US_PER_MS;
	make_posts();
	find_contents();
	now_on->gone = nth % 2 ? nth / 2 % ACCOUNTS : -1;
	if (now_on->gone < 0)
		return;
	now_on->posts[now_on->gone].tasks[DISCONNECT].is_wanted = true;
	now_on->posts[now_on->gone].tasks[DISCONNECT].at_us =
		now_on->start_us + pick(0, 4, SPREAD_MS) * US_PER_MS;
}

static void run_round(int nth)
{
	const int64_t end_us = clock_boot_us() + PATIENCE_MS * US_PER_MS;
	pid_t runners[2], hands[HANDS + 2 * POSTS];
	int n;

	begin(nth);
	for (size_t i = 0; i < ARRAY_LEN(runners); i++)
		runners[i] = rig_runner(&rig, NULL, "--once");
	n = start_all(hands);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(rig_wait(hands[i], PATIENCE_MS), 0);
	for (size_t i = 0; i < ARRAY_LEN(runners); i++)
		ck_assert_int_eq(rig_wait(runners[i], PATIENCE_MS), 0);
	/*
	 * After every due time, what a disconnection has paused stays paused. On a busy machine a
	 * move may come late, and its due time with it.
	 */
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE due_at > UTC_TIMESTAMP(3)") > 0)
		rig_sleep_ms(50);
	if (now_on->gone >= 0)
		rig_connect_again(&rig);
	while (!is_quiet() && clock_boot_us() < end_us)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	check_all();
}

START_TEST(whoever_comes_first_there_is_one_outcome)
{
	const char *text = getenv("RACE_ROUNDS");
	const int rounds = text && *text ? (int)strtol(text, NULL, 10) : 30;
	int64_t deeds_n = 0;

	for (int nth = 1; nth <= rounds; nth++)
		run_round(nth);
	printf("%d rounds, %d posts, %" PRId64 " published, %" PRId64 " violations\n", rounds,
	       rounds * POSTS, published, violations);
	for (int d = 0; d < DEEDS; d++) {
		printf("  %s: %" PRId64 " done, %" PRId64 " refused\n", deed_names[d], tally[d][1],
		       tally[d][0]);
		deeds_n += tally[d][0] + tally[d][1];
	}
	(void)fflush(stdout);
	ck_assert_int_eq(violations, 0);
	/* Both ends of each race were seen, or nothing was shown. */
	for (int d = CANCEL; d <= REWORD && rounds >= 20; d++)
		ck_assert(tally[d][1] > 0 && (d == EDIT || tally[d][0] > 0));
	ck_assert_int_ge(deeds_n, rounds * POSTS);
}
END_TEST

/*
 * Whoever edits through the API takes the post itself along, so the race never gets as far as the
 * permit's own look at content and account. Here they change behind a post that is staged already.
 */
static const char *const behind[] = {
	"UPDATE contents SET state = 'draft'",
	"UPDATE contents SET revision = revision + 1",
	"UPDATE contents SET approved_revision = NULL",
	"UPDATE accounts SET status = 'disconnected'",
};

START_TEST(what_changes_behind_a_staged_post_holds_it_back)
{
	char id[ID_MAX], caption[40];
	pid_t pid;

	rig_reset(&rig);
	(void)snprintf(caption, sizeof(caption), "behind %d", _i);
	rig_post(&rig, 0, caption, 5000, id);
	pid = rig_runner(&rig, NULL, "--once");
	for (int i = 0; i < 1000 && rig_state(&rig, id) != POST_STAGED; i++)
		rig_sleep_ms(5);
	ck_assert_int_eq(rig_post_number(&rig, id,
					 "state = 'staged' AND owner IS NOT NULL AND "
					 "due_at > UTC_TIMESTAMP(3) + INTERVAL 200000 MICROSECOND"),
			 1);
	database_run(&rig.database, behind[_i]);
	ck_assert_int_eq(rig_wait(pid, PATIENCE_MS), 0);
	ck_assert_int_eq(rig_effects(&rig, caption), 0);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts = 0"), 1);
	rig_expect(&rig, id, POST_PAUSED, PATIENCE_MS);
}
END_TEST

static void open_rig(void)
{
	const char *text = getenv("RACE_SEED");

	seed = text && *text ? strtoull(text, NULL, 10) : (uint64_t)(clock_real_us() % 1000000007);
	printf("RACE_SEED=%" PRIu64 "\n", seed);
	(void)fflush(stdout);
	now_on = mmap(NULL, sizeof(*now_on), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (now_on == MAP_FAILED)
		exit(EXIT_FAILURE);
	rig_start_all(&rig, platforms, (int)ARRAY_LEN(platforms));
	/* More than a hundred processes share the machine: who is slow is not to be ended for it. */
	rig_settings(&rig, RIG_SETTINGS({ "publish", "lease_s", "20" },
					{ "publish", "send_deadline_ms", "10000" },
					{ "net", "fire_timeout_ms", "15000" }));
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ whoever_comes_first_there_is_one_outcome, 0 },
		{ what_changes_behind_a_staged_post_holds_it_back, (int)ARRAY_LEN(behind) },
		{ NULL, 0 },
	};
	/* RACE_ROUNDS says how long it takes. */
	const struct suite_of suite = { .name = "race",
					.before = open_rig,
					.after = close_rig,
					.timeout_s = 7 * 86400,
					.cases = cases };

	return suite_run(&suite);
}

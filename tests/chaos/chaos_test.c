/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CHAOS_POSTS (2000) posts in rounds of CHAOS_ROUND (2000), CHAOS_RATE (40) due a second; the
 * CHAOS_SEED (of the clock) is printed, the report goes to CHAOS_REPORT, if given. A seed replays
 * the plan of rounds of that size and rate and the sandbox's faults; how processes are scheduled
 * against each other is the machine's.
 */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "chaos.h"
#include "store/media.h"
#include "support/suite.h"

#define LEAD_MS     3000   /* between the making of the posts and the first due time */
#define QUIET_MS    120000 /* so long without a post that comes to its end */
#define PAUSES_US   US_PER_S
#define FAULT_RATE  0.12 /* of each call; a post makes about five */
#define RATE        40
#define ROUND_POSTS 2000

static struct campaign c;

static const struct rig_platform platforms[] = {
	{ .name = "instagram" },
	{ .name = "tiktok" },
	{ .name = "twitter", .settings = "posts_per_15_minutes = 0\n" },
	{ .name = "pinterest", .settings = "pins_per_minute = 0\n" },
	{ .name = "mastodon", .settings = "posts_per_3_hours = 0\n" },
	{ .name = "youtube" },
	{ .name = "bluesky", .settings = "posts_per_hour = 0\n" },
};

static void begin_faults(void)
{
	char body[200];

	(void)snprintf(body, sizeof(body), "{\"seed\":%llu,\"rate\":%g}",
		       (unsigned long long)(draw(c.seed, (uint64_t)c.round, 0, 99) >> 12),
		       FAULT_RATE);
	rig_sandbox(&c.rig, "/_control/plan", body);
}

static int64_t now_ms(void)
{
	return (clock_real_us() - c.start_us) / US_PER_MS;
}

static bool is_database_up(void)
{
	return c.database_back_us == 0 && c.database_cont_us == 0;
}

/* Whether fewer posts are open than ever before. */
static bool has_got_on(int64_t *open)
{
	const int64_t n = chaos_open_posts(&c);

	if (n < 0 || n >= *open)
		return false;
	*open = n;
	return true;
}

static void run_round(void)
{
	int64_t end_us = INT64_MAX, pauses_us = 0, open = INT64_MAX;

	rig_reset(&c.rig);
	rig_sandbox(&c.rig, "/_control/reset", "{\"truth\":true}");
	rig_connect_again(&c.rig);
	rig_open_doors(&c.rig);
	c.is_calm = false;
	c.length_ms = 5000 + (int64_t)c.posts_n * 1000 / c.rate;
	c.start_us = clock_real_us() + LEAD_MS * US_PER_MS + (int64_t)c.posts_n * US_PER_MS;
	chaos_plan_posts(&c);
	chaos_plan_events(&c);
	chaos_make_posts(&c);
	begin_faults();
	for (;;) {
		const bool is_over = now_ms() > c.length_ms && c.event_next == c.events_n;

		chaos_blows(&c, now_ms());
		if (is_over && !c.is_calm) {
			chaos_calm(&c);
			rig_connect_again(&c.rig); /* tokens that a lost answer burnt */
		}
		chaos_run_runners(&c);
		if (is_database_up())
			chaos_act(&c, now_ms());
		if (is_database_up() && clock_boot_us() >= pauses_us) {
			chaos_let_pauses_pass(&c);
			pauses_us = clock_boot_us() + PAUSES_US;
		}
		if (c.is_calm && has_got_on(&open))
			end_us = clock_boot_us() + QUIET_MS * US_PER_MS;
		if (chaos_acts_over(&c) && open == 0)
			break;
		if (clock_boot_us() > end_us)
			break; /* nothing moves any more: what is still open counts as lost */
		rig_sleep_ms(c.is_calm ? 250 : 20);
	}
	chaos_stop_runners(&c);
	chaos_verify(&c);
}

static int64_t number(const char *name, int64_t fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoll(text, NULL, 10) : fallback;
}

static void write_report(void)
{
	const char *path = getenv("CHAOS_REPORT");
	FILE *f = path && *path ? fopen(path, "w") : NULL;

	chaos_report(&c, stdout);
	(void)fflush(stdout);
	if (f) {
		chaos_report(&c, f);
		(void)fclose(f);
	}
}

/* What a campaign is judged by; its exit status. */
enum verdict { ALL_WELL, VIOLATED, FAULTS_MISSED, POINTS_MISSED };

static enum verdict judge(void)
{
	if (chaos_violations(&c) > 0)
		return VIOLATED;
	if (c.tally.posts < ROUND_POSTS)
		return ALL_WELL;
	if (chaos_faults_missed(&c, stdout) > 0)
		return FAULTS_MISSED;
	return rig_has_failpoints() && chaos_points_missed(&c, stdout) > 0 ? POINTS_MISSED
									   : ALL_WELL;
}

static enum verdict play(void)
{
	int64_t left = number("CHAOS_POSTS", ROUND_POSTS);

	chaos_prepare(&c);
	for (c.round = 1; left > 0; c.round++, left -= c.posts_n) {
		c.posts_n = (int)(left < c.round_posts ? left : c.round_posts);
		run_round();
		printf("round %d: %lld posts, %lld violations\n", c.round, (long long)c.tally.posts,
		       (long long)chaos_violations(&c));
		(void)fflush(stdout);
	}
	write_report();
	return judge();
}

static int campaign_status; /* as waitpid() told it */

/*
 * Around the test that looks at the verdict: libcheck cannot tell of one that took more than 35
 * minutes. In a process of its own, whose children are the runners and nobody else.
 */
static void run_campaign(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		enum verdict verdict;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		verdict = play();
		(void)fflush(stdout);
		_exit((int)verdict);
	}
	ck_assert_int_eq(waitpid(pid, &campaign_status, 0), pid);
}

START_TEST(nothing_is_lost_doubled_or_told_wrongly)
{
	ck_assert(WIFEXITED(campaign_status));
	ck_assert_int_eq(WEXITSTATUS(campaign_status), ALL_WELL);
}
END_TEST

#define READ(came_to, code) \
	"{\"phase\":\"doubt\",\"came_to\":\"" came_to "\",\"code\":\"" code "\"}"
#define FIRE "{\"phase\":\"fire\",\"came_to\":\"unknown\"}"

static const struct {
	struct chaos_doubt row;
	const char *evidence, *why;
} unconfirmed[] = {
	{ { .attempt = "in_doubt" }, "[" FIRE "]", "nobody read" },
	{ { .attempt = "in_doubt", .reason = "quarantined" }, "[" FIRE "]", "set aside" },
	{ { .attempt = "no_effect" }, "[" READ("absent", "") "]", CHAOS_RIDDLE },
	{ { .attempt = "in_doubt", .negatives = 1 },
	  "[" READ("refresh", "") "," READ("absent", "") "]",
	  "found absent once" },
	{ { .attempt = "in_doubt" }, "[" READ("absent", "") "]", CHAOS_RIDDLE },
	{ { .attempt = "in_doubt" }, "[" READ("accepted", "") "]", "taken" },
	{ { .attempt = "in_doubt" }, "[" FIRE "," READ("unknown", "not_listed") "]", "no handle" },
	{ { .attempt = "in_doubt", .is_alike = true },
	  "[" READ("unknown", "ambiguous") "]",
	  "others of the same text" },
	{ { .attempt = "in_doubt" }, "[" READ("unknown", "ambiguous") "]", CHAOS_RIDDLE },
	{ { .attempt = "in_doubt" }, "[" READ("unknown", "new_word") "]", CHAOS_RIDDLE },
	{ { .attempt = "in_doubt" },
	  "[" READ("unknown", "not_listed") "," READ("refresh", "http_401") "]",
	  "its last reads failed: a token that had ended" },
	{ { .attempt = "in_doubt" },
	  "[" READ("refresh", "") "," READ("absent", "") "," READ("unknown", "http_502") "]",
	  "its last reads failed: faults" },
	{ { .attempt = "in_doubt" },
	  "[" READ("unknown", "401/2") "," READ("refresh", "authError") "]",
	  "its last reads failed: faults, and a token" },
};

START_TEST(last_read_says_why_a_post_is_unconfirmed)
{
	struct chaos_doubt row = unconfirmed[_i].row;
	const char *why;

	row.reason = row.reason ? row.reason : "";
	row.evidence = json_loads(unconfirmed[_i].evidence, 0, NULL);
	ck_assert_ptr_nonnull(row.evidence);
	why = chaos_why(&row);
	ck_assert_msg(strncmp(why, unconfirmed[_i].why, strlen(unconfirmed[_i].why)) == 0,
		      "\"%s\" instead of \"%s\"", why, unconfirmed[_i].why);
	json_decref(row.evidence);
}
END_TEST

/* Pinterest wants four seconds at least. */
static void make_video(void)
{
	struct media_item video = { .kind = MEDIA_VIDEO,
				    .mime = "video/mp4",
				    .ext = "mp4",
				    .width = 540,
				    .height = 960,
				    .duration_ms = 5000,
				    .video_codec = "h264",
				    .audio_codec = "aac" };
	char path[200];
	int status = 0;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/chaos.mp4", c.rig.folder);
	pid = fork();
	if (pid == 0) {
		execlp("ffmpeg", "ffmpeg", "-v", "quiet", "-nostdin", "-y", "-f", "lavfi", "-i",
		       "testsrc=s=540x960:r=30:d=5", "-f", "lavfi", "-i", "sine=d=5", "-pix_fmt",
		       "yuv420p", "-c:v", "libx264", "-crf", "40", "-c:a", "aac", "-movflags",
		       "+faststart", path, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0) {
		fprintf(stderr, "chaos: ffmpeg cannot make a video\n");
		exit(77);
	}
	rig_media(&c.rig, path, &video, c.video_id);
}

static void read_sha(const char *id, char ret[static 65])
{
	CLEANUP(db_free) struct db *db = database_open(&c.rig.database);
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct media media;
	struct problem p = { .kind = PROBLEM_NONE };

	rig_need(store_media_get(db, RIG_WORKSPACE, id, a, &media, &p), &p);
	(void)snprintf(ret, 65, "%s", media.item.sha256);
}

static void before(void)
{
	c.seed = (uint64_t)number("CHAOS_SEED", clock_real_us() % 1000000007);
	c.round_posts = (int)number("CHAOS_ROUND", ROUND_POSTS);
	c.rate = (int)number("CHAOS_RATE", RATE);
	if (c.round_posts < 1 || c.rate < 1) {
		fprintf(stderr, "chaos: CHAOS_ROUND and CHAOS_RATE start at 1\n");
		exit(EXIT_FAILURE);
	}
	printf("CHAOS_SEED=%llu CHAOS_ROUND=%d CHAOS_RATE=%d\n", (unsigned long long)c.seed,
	       c.round_posts, c.rate);
	(void)fflush(stdout);
	/* What hosts mount ends with this program. */
	if (unshare(CLONE_NEWNS) == 0)
		(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	c.posts = alloc_zero((size_t)c.round_posts * sizeof(*c.posts));
	c.tally.faults = json_object();
	c.tally.unconfirmed = json_object();
	rig_start_all(&c.rig, platforms, (int)ARRAY_LEN(platforms));
	make_video();
	read_sha(c.rig.media_id, c.picture_sha);
	read_sha(c.video_id, c.video_sha);
}

static void after(void)
{
	chaos_close_hosts(&c);
	rig_stop(&c.rig);
	json_decref(c.tally.faults);
	json_decref(c.tally.unconfirmed);
	free(c.posts);
	free(c.events);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ last_read_says_why_a_post_is_unconfirmed, (int)ARRAY_LEN(unconfirmed) },
		{ NULL, 0 },
	};
	const struct suite_case outcome[] = {
		{ nothing_is_lost_doubled_or_told_wrongly, 0 },
		{ NULL, 0 },
	};
	const struct suite_of campaign = { .open = run_campaign, .cases = outcome };
	const struct suite_of suite = {
		.name = "chaos", .before = before, .after = after, .cases = cases, .also = &campaign
	};

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner is killed at every crash point, and so are the programs around it; whatever they leave
 * behind, the post is published exactly once in the end and no state along the way was a lie.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "rig.h"
#include "store/content.h"
#include "store/posts.h"
#include "support/suite.h"
#include "video.h"

#define PATIENCE_MS 30000

static struct rig rig;
static char video_id[ID_MAX], picture_path[200];

static const struct rig_platform platforms[] = { { .name = "instagram" }, { .name = "tiktok" } };

struct crash_row {
	const char *plan;  /* of the runner that is to die */
	const char *fault; /* of the sandbox; NULL none */
	int dies;          /* 0: the point injects an error, the runner lives on */
};

static const char drop_after[] =
	"{\"platform\":\"instagram\",\"point\":\"publish.commit_then_drop_connection\"}";
static const char drop_before[] =
	"{\"platform\":\"instagram\",\"point\":\"publish.drop_before_commit\"}";

static const struct crash_row rows[] = {
	{ "F01_before_claim 1 kill\n", NULL, 1 },
	{ "F02_after_claim 1 kill\n", NULL, 1 },
	{ "F05_reply_received 1 kill\n", NULL, 1 },
	{ "F05_reply_received 2 kill\n", NULL, 1 },
	{ "F05_reply_received 3 kill\n", NULL, 1 },
	{ "F06_handle_received 1 kill\n", NULL, 1 },
	{ "F06_handle_received 2 kill\n", NULL, 1 },
	{ "F10_before_commit 1 kill\n", NULL, 1 },
	{ "F10_before_commit 2 kill\n", NULL, 1 },
	{ "F10_before_commit 3 kill\n", NULL, 1 },
	{ "F10_before_commit 4 kill\n", NULL, 1 },
	{ "F10_before_commit 5 kill\n", NULL, 1 },
	{ "F10_before_commit 6 kill\n", NULL, 1 },
	{ "F11_after_commit 1 kill\n", NULL, 1 },
	{ "F11_after_commit 2 kill\n", NULL, 1 },
	{ "F11_after_commit 3 kill\n", NULL, 1 },
	{ "F11_after_commit 4 kill\n", NULL, 1 },
	{ "F11_after_commit 5 kill\n", NULL, 1 },
	{ "F11_after_commit 6 kill\n", NULL, 1 },
	{ "F12_journal_write 1 kill\n", NULL, 1 },
	{ "F12_journal_write 1 errno:28\n", NULL, 0 },
	{ "F13_journal_written 1 kill\n", NULL, 1 },
	{ "F14_before_send 1 kill\n", NULL, 1 },
	{ "F18_answer_received 1 kill\n", NULL, 1 },
	{ "F18_answer_received 1 kill\n", drop_after, 1 },
	{ "F18_answer_received 1 kill\n", drop_before, 1 },
	{ "F19_settlement_written 1 kill\n", NULL, 1 },
	{ "F20_event_written 1 kill\n", NULL, 1 },
	{ "F27_within_journal_append 1 kill\n", NULL, 1 },
	/* It wakes up past its deadline: the call must not leave any more. */
	{ "F14_before_send 1 stop:1500\n", NULL, 0 },
	/* Stopped on the way out: the kernel ends it at the deadline. */
	{ "F13_before_connect 1 kill\n", NULL, 1 },
	{ "F14_before_prereq 1 kill\n", NULL, 1 },
	{ "F14_before_prereq 1 stop:1500\n", NULL, 1 },
	{ "F16_sent_whole 1 kill\n", NULL, 1 },
};

static void setup(void)
{
	rig_reset(&rig);
}

static void check_honest(const char *id, const char *caption)
{
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM attempts WHERE post_id = '%s' AND "
				     "state = 'effect'",
				     id),
			 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM attempts WHERE post_id = '%s' AND "
				     "state IN ('sent', 'in_doubt')",
				     id),
			 0);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM events WHERE subject_id = '%s' AND type "
				     "IN ('post.published', 'post.failed', 'post.unconfirmed')",
				     id),
			 1);
}

START_TEST(killed_runner_leaves_one_post)
{
	const struct crash_row *row = &rows[_i];
	char id[ID_MAX], caption[64];
	int died;

	(void)snprintf(caption, sizeof(caption), "crash %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	if (row->fault)
		rig_fault(&rig, row->fault);
	died = rig_once(&rig, row->plan);
	ck_assert_int_eq(died, (row->dies ? -SIGKILL : 0));
	ck_assert_int_ne(rig_state(&rig, id), POST_FAILED);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
}
END_TEST

/* Killed while it makes up for an earlier kill. */
static const char *const second_plans[] = {
	"F02_after_claim 1 kill\n",    "F10_before_commit 1 kill\n", "F11_after_commit 1 kill\n",
	"F11_after_commit 2 kill\n",   "F22_reading 1 kill\n",       "F23_before_verdict 1 kill\n",
	"F05_reply_received 1 kill\n",
};

START_TEST(killed_recovery_leaves_one_post)
{
	char id[ID_MAX], caption[64];
	const int64_t until_us = clock_boot_us() + PATIENCE_MS * US_PER_MS;
	int died = 0;

	(void)snprintf(caption, sizeof(caption), "recovery %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	ck_assert_int_eq(rig_once(&rig, "F13_journal_written 1 kill\n"), -SIGKILL);
	while (died == 0 && clock_boot_us() < until_us && rig_state(&rig, id) != POST_PUBLISHED) {
		died = rig_once(&rig, second_plans[_i]);
		rig_sleep_ms(50);
	}
	ck_assert_int_eq(died, -SIGKILL);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
}
END_TEST

/* Killed while it renews a token that the platform has refused. */
static const char *const renewal_plans[] = { "F08_refresh_sent 1 kill\n",
					     "F08_refresh_sent 2 kill\n",
					     "F09_refresh_answer 1 kill\n" };

START_TEST(killed_renewal_is_made_again)
{
	char id[ID_MAX], caption[64];
	int died = 0;

	(void)snprintf(caption, sizeof(caption), "renewal %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"token.expire_now\","
			"\"match\":{\"endpoint\":\"media_create\"}}");
	for (int i = 0; i < 20 && died == 0; i++)
		died = rig_once(&rig, renewal_plans[_i]);
	ck_assert_int_eq(died, -SIGKILL);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM account_refreshes WHERE "
					  "lease_until > UTC_TIMESTAMP()"),
			 1);
	database_run(&rig.database, "UPDATE account_refreshes SET lease_until = "
				    "UTC_TIMESTAMP(3) - INTERVAL 1 SECOND");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
}
END_TEST

/* Half of a video has left when the runner dies: TikTok's is the one call that carries it. */
START_TEST(killed_amid_the_bytes_leaves_one_post)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "amid the bytes",
					.media = { video_id } };
	char id[ID_MAX];

	rig_open_doors(&rig);
	rig_post_content(&rig, RIG_ACCOUNTS, &in, -500, id);
	ck_assert_int_eq(rig_once(&rig, "F15_half_sent 1 kill\n"), -SIGKILL);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, in.caption);
}
END_TEST

/* Does it in a process that dies there. */
static void die_at(const char *plan, void (*deed)(const char *id), const char *id)
{
	FILE *f = fopen(rig.plan_path, "we");
	pid_t pid;

	ck_assert_ptr_nonnull(f);
	fputs(plan, f);
	(void)fclose(f);
	pid = fork();
	if (pid == 0) {
		(void)setenv("CARILLON_FAILPOINTS", rig.plan_path, 1);
		deed(id);
		_exit(0);
	}
	ck_assert_int_eq(rig_wait(pid, PATIENCE_MS), -SIGKILL);
}

static const struct media_item second_picture = {
	.kind = MEDIA_IMAGE, .mime = "image/jpeg", .ext = "jpg", .width = 1080, .height = 1080
};

static void upload(const char *unused)
{
	char id[ID_MAX];

	(void)unused;
	rig_media(&rig, picture_path, &second_picture, id);
}

static const char *const upload_plans[] = { "F03_media_taken 1 kill\n", "F04_media_kept 1 kill\n" };

START_TEST(killed_upload_can_be_made_again)
{
	static const char *const colours[] = { "color=c=red:s=1080x1080",
					       "color=c=blue:s=1080x1080" };
	const int64_t media_n = rig_number(&rig, "SELECT COUNT(*) FROM media");
	struct rig_content in = { .kind = CONTENT_IMAGE };
	char id[ID_MAX], media_id[ID_MAX], caption[40], shown[1000];
	char *sha;

	(void)snprintf(caption, sizeof(caption), "second picture %d", _i);
	rig_draw(colours[_i], picture_path);
	die_at(upload_plans[_i], upload, NULL);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM media"), media_n);
	rig_media(&rig, picture_path, &second_picture, media_id);
	in.caption = caption;
	in.media[0] = media_id;
	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
	sha = rig_media_sha(&rig, media_id);
	ck_assert_ptr_nonnull(
		strstr(rig_object_text(&rig, caption, "media", shown, sizeof(shown)), sha));
	free(sha);
}
END_TEST

static void change(const struct post_patch *patch)
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct post got;

	(void)store_posts_patch(db, RIG_WORKSPACE, patch, a, &got, &p);
}

static void cancel(const char *id)
{
	change(&(struct post_patch){ .id = id, .given = POST_CHANGE_CANCEL });
}

static void put_off(const char *id)
{
	change(&(struct post_patch){ .id = id,
				     .given = POST_CHANGE_TIME,
				     .due = { .us = clock_real_us() + US_PER_HOUR } });
}

static void reword(const char *id)
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	const struct content_patch words = { .given = CONTENT_HAS_CAPTION, .caption = "reworded" };
	struct problem p = { .kind = PROBLEM_NONE };
	char *content = rig_post_text(&rig, id, "content_id");

	(void)store_content_update(db, RIG_WORKSPACE,
				   &(struct content_edit){ .id = content, .patch = &words }, NULL,
				   &p);
	free(content);
}

static void (*const changes[])(const char *id) = { cancel, put_off, reword };

START_TEST(killed_change_leaves_the_post_as_it_was)
{
	char id[ID_MAX], caption[40];

	(void)snprintf(caption, sizeof(caption), "killed change %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	die_at("F24_change_written 1 kill\n", changes[_i], id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
}
END_TEST

static const char *half_config(void)
{
	static char path[160];

	(void)snprintf(path, sizeof(path), "%s/half.ini", rig.folder);
	return path;
}

/* carillon-admin migrate for the other database. */
static void migrate(const char *unused)
{
	char path[512];
	const char *folder = getenv("CARILLON_BUILD");
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)unused;
	(void)snprintf(path, sizeof(path), "%s/carillon-admin", folder ? folder : ".");
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	execl(path, path, "-c", half_config(), "migrate", database_sql_folder(), (char *)NULL);
	_exit(127);
}

static int migrate_again(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		migrate(NULL);
	return rig_wait(pid, PATIENCE_MS);
}

static const char *const migration_plans[] = { "F26_migration_started 3 kill\n",
					       "F26_migration_run 3 kill\n" };

/* Half a schema: nobody goes on with it, neither by migrating nor by publishing. */
START_TEST(killed_migration_is_refused_until_mended)
{
	const struct rig usual = rig;

	rig_vary(rig.config_path, half_config(), RIG_SETTINGS({ "database", "name", "half" }));
	database_run(&rig.database, "CREATE DATABASE half");
	die_at(migration_plans[_i], migrate, NULL);
	ck_assert_int_eq(migrate_again(), 1);
	(void)snprintf(rig.config_path, sizeof(rig.config_path), "%.100s/half.ini", rig.folder);
	ck_assert_int_gt(rig_once(&rig, NULL), 0);
	database_run(&rig.database, "DROP DATABASE half");
	database_run(&rig.database, "CREATE DATABASE half");
	ck_assert_int_eq(migrate_again(), 0);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	rig = usual;
	database_run(&rig.database, "DROP DATABASE half");
}
END_TEST

/* The list of crash points against what really fired in this run. */
START_TEST(every_crash_point_fires)
{
	static const char *const names[] = {
#define FAILPOINT(name, mends)       #name,
#define FAILPOINT_APART(name, mends) #name,
#include "publish/failpoints.def"
#undef FAILPOINT
#undef FAILPOINT_APART
	};
	char path[160], line[128];
	bool seen[ARRAY_LEN(names)] = { false };
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s.hits", rig.plan_path);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			seen[i] |= strcmp(line, names[i]) == 0;
	}
	(void)fclose(f);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_msg(seen[i], "%s was never reached", names[i]);
}
END_TEST

static void open_rig(void)
{
	rig_start_all(&rig, platforms, (int)ARRAY_LEN(platforms));
	video_add(&rig, "crash.mp4", VIDEO_UPRIGHT, 2 << 20, &video_upright, video_id);
	(void)snprintf(picture_path, sizeof(picture_path), "%s/second.jpg", rig.folder);
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ killed_runner_leaves_one_post, (int)ARRAY_LEN(rows) },
		{ killed_recovery_leaves_one_post, (int)ARRAY_LEN(second_plans) },
		{ killed_renewal_is_made_again, (int)ARRAY_LEN(renewal_plans) },
		{ killed_amid_the_bytes_leaves_one_post, 0 },
		{ killed_upload_can_be_made_again, (int)ARRAY_LEN(upload_plans) },
		{ killed_change_leaves_the_post_as_it_was, (int)ARRAY_LEN(changes) },
		{ killed_migration_is_refused_until_mended, (int)ARRAY_LEN(migration_plans) },
		{ every_crash_point_fires, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "crash",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	if (!rig_has_failpoints()) {
		fprintf(stderr, "crash_test: skipped, built without --enable-failpoints\n");
		return 77;
	}
	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "db/conn.h"
#include "net/client.h"
#include "platform/platform.h"
#include "publish_bench.h"
#include "store/content.h"
#include "store/posts.h"
#include "support/crowd.h"

static const struct rig_platform platforms[BENCH_PLATFORMS] = {
	[BENCH_TWITTER] = { "twitter",
			    "profile_url = https://x.example\npoll_wait_max_ms = 500\n"
			    "posts_per_15_minutes = 1000000\napp_posts_per_day = 100000000\n",
			    true },
	[BENCH_YOUTUBE] = { "youtube",
			    "poll_ms = 200 500 1000\nsettle_s = 0\n"
			    "upload_host_suffix = 127.0.0.1\n",
			    true },
	[BENCH_PINTEREST] = { "pinterest", "poll_ms = 200 500 1000\nfetch_wait_s = 1 1\n", true },
	[BENCH_INSTAGRAM] = { "instagram",
			      "upload_host_suffix = 127.0.0.1\npoll_image_ms = 500 1000 2000\n",
			      true },
};

/* The rig scales waits down for tests; here they are those of an installation. */
static const struct rig_setting usual[] = {
	{ "net", "connect_timeout_ms", "10000" },
	{ "net", "stage_timeout_ms", "30000" },
	{ "net", "fire_timeout_ms", "30000" },
	{ "publish", "lease_s", "60" },
	{ "publish", "send_deadline_ms", "20000" },
	{ "publish", "quarantine_ms", "180000" },
	{ "publish", "negative_gap_ms", "60000" },
	{ "publish", "stay_s", "3600" },
	/* A burst that takes longer than a minute is no backlog. */
	{ "publish", "late_spacing_s", "0" },
	{ NULL, NULL, NULL },
};

void bench_row(const struct bench *b, const char *figure, const char *is, const char *yardstick,
	       const char *reach)
{
	char disk[40] = "";

	if (b->fsync_ms > 0)
		(void)snprintf(disk, sizeof(disk), ", fsync + %lld ms", (long long)b->fsync_ms);
	printf("| %s%s%s | %s | %s | %s |\n", figure, disk, b->is_tls ? ", over TLS" : "", is,
	       yardstick, reach);
}

void bench_need(int done, const struct problem *p)
{
	if (done >= 0)
		return;
	fprintf(stderr, "publish_bench: %s\n", p->detail);
	exit(EXIT_FAILURE);
}

void bench_setting(struct bench *b, const char *name, int64_t value)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	rig_vary(b->rig.config_path, b->rig.config_path,
		 RIG_SETTINGS({ "publish", name, arena_printf(a, "%lld", (long long)value) }));
}

void bench_latency(struct bench *b, int64_t ms)
{
	char body[80];

	(void)snprintf(body, sizeof(body), "{\"latency_ms\":%lld}", (long long)ms);
	rig_sandbox(&b->rig, "/_control/config", body);
}

int64_t bench_number(struct bench *b, const char *sql)
{
	return crowd_number(&b->rig.database, sql);
}

void bench_run(struct bench *b, const char *sql)
{
	crowd_run(&b->rig.database, sql);
}

static void add_people(struct bench *b)
{
	static char ids[BENCH_ACCOUNTS][16];
	const char *users[BENCH_ACCOUNTS];
	json_t *list = json_array(), *in;
	char *text;

	for (int i = 0; i < BENCH_ACCOUNTS; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "90000%05d", i);
		users[i] = ids[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id", ids[i], "username",
						      ids[i], "name", ids[i]));
	}
	in = json_pack("{s:s, s:i, s:o}", "platform", "twitter", "tweets_limit", 100000000, "users",
		       list);
	text = json_dumps(in, JSON_COMPACT);
	rig_sandbox(&b->rig, "/_control/world", text);
	free(text);
	json_decref(in);
	rig_connect_users(&b->rig, &b->app, BENCH_TWITTER, users, BENCH_ACCOUNTS, b->accounts);
}

void bench_connect_pictured(struct bench *b)
{
	static char ids[BENCH_ACCOUNTS][20];
	const char *users[BENCH_ACCOUNTS];
	json_t *list = json_array(), *in;
	char *text;

	if (*b->pictured[0])
		return;
	for (int i = 0; i < BENCH_ACCOUNTS; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "1022000009000%04d", i);
		users[i] = ids[i];
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:[{s:{s:s}}]}", "id", ids[i], "name",
						ids[i], "pages", "instagram", "username", ids[i]));
	}
	in = json_pack("{s:s, s:o}", "platform", "instagram", "users", list);
	text = json_dumps(in, JSON_COMPACT);
	rig_sandbox(&b->rig, "/_control/world", text);
	free(text);
	json_decref(in);
	rig_connect_users(&b->rig, &b->app, BENCH_INSTAGRAM, users, BENCH_ACCOUNTS, b->pictured);
}

static void open_doors(struct bench *b)
{
	rig_sandbox(&b->rig, "/_control/config",
		    "{\"video_delay_ms\":1000,\"app_calls\":100000000,\"account_calls\":100000000,"
		    "\"quota_total\":100000,\"container_limit\":100000}");
	rig_sandbox(&b->rig, "/_control/world",
		    "{\"platform\":\"youtube\",\"unaudited\":false,\"reject_duplicates\":false,"
		    "\"insert_quota\":100000,\"unit_quota\":10000000,\"upload_cap\":0}");
	bench_run(b, "UPDATE accounts SET settings = '{\"default_board\":{\"id\":"
		     "\"549755885175\",\"name\":\"a\"}}' WHERE platform = 'pinterest'");
}

void bench_start(struct bench *b)
{
	bench_disk_make(b);
	rig_start_all(&b->rig, platforms, BENCH_PLATFORMS);
	rig_settings(&b->rig, usual);
	bench_front(b);
	rig_app(&b->rig, &b->app);
	open_doors(b);
	add_people(b);
	bench_disk_slow(b);
}

void bench_stop(struct bench *b)
{
	rig_app_done(&b->app);
	bench_front_stop(b);
	rig_stop(&b->rig);
}

struct making {
	const struct content_patch *content;
	const struct post_new *v;
	size_t n;
	char id[ID_MAX]; /* out: of the first post */
};

static int make(struct db *db, void *arg, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct making *m = arg;
	struct posts_new in = {
		.created_by = "user_rig", .v = m->v, .n = m->n, .stage_lead_s = 86400
	};
	struct content c;
	struct posts got;

	if (store_content_insert(db, RIG_WORKSPACE, m->content, a, &c, reterr) < 0)
		return -1;
	in.content_id = c.id;
	if (store_posts_insert(db, RIG_WORKSPACE, &in, a, &got, reterr) < 0)
		return -1;
	(void)snprintf(m->id, sizeof(m->id), "%s", got.v[0].id);
	return 0;
}

void bench_text(struct bench *b, const struct bench_text *what, char ret[static ID_MAX])
{
	const bool is_picture = what->comment != NULL;
	const struct content_media media = { b->rig.media_id, NULL };
	const struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_MEDIA |
			 CONTENT_HAS_FIRST_COMMENT,
		.kind = is_picture ? CONTENT_IMAGE : CONTENT_TEXT,
		.caption = what->caption,
		.first_comment = what->comment,
		.media = &media,
		.media_n = is_picture,
		.by = "user_rig",
		.is_approved = true,
	};
	const enum bench_platform on = is_picture ? BENCH_INSTAGRAM : BENCH_TWITTER;
	struct post_new v[BENCH_ACCOUNTS];
	struct making m = { .content = &content, .v = v, .n = (size_t)what->n };
	struct problem p = { .kind = PROBLEM_NONE };

	for (int i = 0; i < what->n; i++)
		v[i] = (struct post_new){ .account_id = is_picture ? b->pictured[what->first + i]
								   : b->accounts[what->first + i],
					  .platform = platforms[on].name,
					  .livemode = true,
					  .overrides = what->overrides,
					  .due = { .us = what->due_us } };
	bench_need(db_transact(b->app.db, make, &m, &p), &p);
	(void)snprintf(ret, ID_MAX, "%s", m.id);
}

void bench_video(struct bench *b, enum bench_platform platform, const char *media_id,
		 const char *caption, int64_t due_us)
{
	const struct content_media media = { media_id, NULL };
	const struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_TITLE |
			 CONTENT_HAS_MEDIA,
		.kind = CONTENT_VIDEO,
		.title = caption,
		.caption = caption,
		.media = &media,
		.media_n = 1,
		.by = "user_rig",
		.is_approved = true,
	};
	const struct post_new post = { .account_id = b->rig.accounts[platform * RIG_ACCOUNTS],
				       .platform = platforms[platform].name,
				       .livemode = true,
				       .due = { .us = due_us } };
	struct making m = { .content = &content, .v = &post, .n = 1 };
	struct problem p = { .kind = PROBLEM_NONE };

	bench_need(db_transact(b->app.db, make, &m, &p), &p);
}

int64_t bench_us_of(struct timeval t)
{
	return (int64_t)t.tv_sec * US_PER_S + t.tv_usec;
}

struct bench_used bench_wait(pid_t pid, int signum)
{
	struct rusage used = { .ru_maxrss = 0 };
	int status = 0;

	if (signum)
		(void)kill(pid, signum);
	if (wait4(pid, &status, 0, &used) < 0 || status != 0)
		fprintf(stderr, "publish_bench: a runner ended with status %d\n", status);
	return (struct bench_used){ bench_us_of(used.ru_utime) + bench_us_of(used.ru_stime),
				    used.ru_maxrss };
}

int64_t bench_database_us(struct bench *b)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	int64_t user = 0, system = 0;
	int pid = 0;
	FILE *file = fopen(arena_printf(a, "%s/db.pid", b->rig.database.folder), "re");

	if (file && fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		(void)fclose(file);
	file = fopen(arena_printf(a, "/proc/%d/stat", pid), "re");
	if (file &&
	    fscanf(file, "%*d %*s %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNd64 " %" SCNd64,
		   &user, &system) != 2)
		user = system = 0;
	if (file)
		(void)fclose(file);
	return (user + system) * US_PER_S / sysconf(_SC_CLK_TCK);
}

void bench_until(struct bench *b, const char *sql, int64_t n, int64_t timeout_s)
{
	const int64_t until_us = clock_boot_us() + timeout_s * US_PER_S;
	int64_t is;

	while ((is = bench_number(b, sql)) != n) {
		if (clock_boot_us() > until_us) {
			fprintf(stderr, "publish_bench: %lld instead of %lld: %s\n", (long long)is,
				(long long)n, sql);
			exit(EXIT_FAILURE);
		}
		(void)poll(NULL, 0, 500);
	}
}

/* What is told of things whose caption begins so, as it is read. */
struct seen {
	const char *prefix;
	int64_t *us, us_n; /* of the first of each number that follows */
	int64_t told, first, last_us;
};

static void see(void *arg, const json_t *entry, const char *line)
{
	struct seen *s = arg;
	const char *event = json_string_value(json_object_get(entry, "event"));
	const char *caption = json_string_value(json_object_get(entry, "caption"));
	const char *on = json_string_value(json_object_get(entry, "platform"));
	const char *wanted = on && strcmp(on, "youtube") == 0 ? "published" : "created";
	const int64_t us = json_integer_value(json_object_get(entry, "t_us"));
	int64_t i;

	(void)line;
	if (!event || !caption || strcmp(event, wanted) != 0 ||
	    strncmp(caption, s->prefix, strlen(s->prefix)) != 0)
		return;
	s->told++;
	s->last_us = us > s->last_us ? us : s->last_us;
	i = strtoll(caption + strlen(s->prefix), NULL, 10);
	if (i >= 0 && i < s->us_n && s->us[i] < 0) {
		s->us[i] = us;
		s->first++;
	}
}

int64_t bench_seen(struct bench *b, const char *prefix, int64_t *ret_us, int64_t n)
{
	struct seen s = { .prefix = prefix, .us = ret_us, .us_n = n };

	for (int64_t i = 0; i < n; i++)
		ret_us[i] = -1;
	rig_truth_each(&b->rig, see, &s);
	return s.first;
}

int64_t bench_last_seen(struct bench *b, const char *prefix, int64_t *ret_n)
{
	struct seen s = { .prefix = prefix };

	rig_truth_each(&b->rig, see, &s);
	*ret_n = s.told;
	return s.last_us;
}

static int by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

struct bench_spread bench_spread(int64_t *us, int64_t n)
{
	qsort(us, (size_t)n, sizeof(*us), by_value);
	return (struct bench_spread){
		.p50 = (double)us[n / 2] / 1000,
		.p99 = (double)us[n * 99 / 100] / 1000,
		.max = (double)us[n - 1] / 1000,
	};
}

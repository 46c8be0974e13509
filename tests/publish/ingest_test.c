/* SPDX-License-Identifier: Apache-2.0 */
/* Media that come from a URL, published through the real runner. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "publish/engine.h"
#include "rig.h"
#include "store/content.h"
#include "store/fetches.h"
#include "store/posts.h"
#include "support/suite.h"

#define PATIENCE_MS 90000
#define DAY_MS      86400000

static struct rig rig;
static struct peer *web;
static int inside = -1; /* nobody may ever come here */
static int inside_port;
static char case_path[40]; /* of this case alone: the peer remembers how often it was asked */

/* ---- the peer: what it does stands in the first part of the path ---- */

static void send_file(int fd, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", rig.folder, name);
	(void)peer_say_file(fd, path);
}

static int asked_before(const char *path)
{
	static char seen[400][40];
	static int n;
	int times = 0;

	for (int i = 0; i < n; i++)
		times += strcmp(seen[i], path) == 0;
	if (n < (int)ARRAY_LEN(seen))
		(void)snprintf(seen[n++], sizeof(seen[0]), "%s", path);
	return times;
}

static void say_picture(int fd, int before)
{
	(void)before;
	send_file(fd, "web.jpg");
}

static const char *gate(void)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s/gate", rig.folder);
	return path;
}

/* The head and the first bytes; the rest once the gate is open. */
static void say_gate(int fd, int before)
{
	(void)before;
	if (access(gate(), F_OK) < 0)
		peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegin");
	for (int i = 0; i < 3000 && access(gate(), F_OK) < 0; i++)
		peer_sleep_ms(20);
	if (access(gate(), F_OK) == 0)
		send_file(fd, "web.jpg");
}

static void say_missing(int fd, int before)
{
	(void)before;
	peer_say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static void say_busy(int fd, int before)
{
	(void)before;
	peer_say(fd, "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
}

static void say_flaky(int fd, int before)
{
	if (before < 2)
		say_busy(fd, before);
	else
		send_file(fd, "web.jpg");
}

static void say_page(int fd, int before)
{
	(void)before;
	peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 34\r\n\r\n"
		     "<html><body>Sign in</body></html>\n");
}

static void say_inwards(int fd, int before)
{
	char text[200];

	(void)before;
	(void)snprintf(text, sizeof(text),
		       "HTTP/1.1 302 Found\r\nLocation: http://localhost:%d/\r\n"
		       "Content-Length: 0\r\n\r\n",
		       inside_port);
	peer_say(fd, text);
}

/* Not there until the gate is open. */
static void say_late(int fd, int before)
{
	if (access(gate(), F_OK) < 0)
		say_missing(fd, before);
	else
		send_file(fd, "web.jpg");
}

static const struct {
	const char *path;
	void (*say)(int fd, int before);
} places[] = {
	{ "/picture", say_picture }, { "/gate", say_gate },   { "/missing", say_missing },
	{ "/busy", say_busy },       { "/flaky", say_flaky }, { "/page", say_page },
	{ "/inwards", say_inwards }, { "/late", say_late },
};

static void serve(struct peer *p, int fd, int nth)
{
	char path[40] = "";

	(void)nth;
	if (!peer_read_request(p, fd) || sscanf(peer_request(p), "GET %39[^ ?]", path) != 1)
		return;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (strncmp(path, places[i].path, strlen(places[i].path)) == 0)
			places[i].say(fd, asked_before(path));
	}
}

/* ---- fixture ---- */

static void before(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	static char allow[80], path[200];

	rig_start(&rig);
	inside = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(inside, (struct sockaddr *)&at, size) < 0 || listen(inside, 64) < 0 ||
	    getsockname(inside, (struct sockaddr *)&at, &size) < 0)
		exit(EXIT_FAILURE);
	inside_port = ntohs(at.sin_port);
	(void)snprintf(path, sizeof(path), "%s/web.jpg", rig.folder);
	rig_draw("color=c=orange:s=1080x1080", path);
	web = peer_start(serve);
	/* The port inside is open to names, its address is not. */
	(void)snprintf(allow, sizeof(allow), "127.0.0.1:%d 192.0.2.1:%d", peer_port(web),
		       inside_port);
	rig_settings(&rig, RIG_SETTINGS({ "fetch", "allow", allow }, { "fetch", "http", "true" },
					{ "fetch", "timeout_s", "60" }));
}

static void after(void)
{
	peer_stop(web);
	(void)close(inside);
	rig_stop(&rig);
}

static void open_gate(void)
{
	(void)close(open(gate(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void setup(void)
{
	rig_reset(&rig);
	database_run(&rig.database, "DELETE FROM media WHERE is_twin OR state <> 'ready' OR "
				    "id > (SELECT i FROM (SELECT MIN(id) i FROM media) m)");
	(void)unlink(gate());
}

static void teardown(void)
{
	ck_assert_msg(accept4(inside, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN,
		      "a connection was opened inside");
}

static const char *place(const char *what)
{
	static char url[200];

	(void)snprintf(case_path, sizeof(case_path), "/%s-%lld.jpg", what,
		       (long long)clock_boot_us());
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s?key=tops3cret", peer_port(web),
		       case_path);
	return url;
}

static void order(const char *url, int kind, char ret[static ID_MAX])
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	const struct fetch_order in = { .url = url, .kind = kind, .due_us = INSTANT_NONE };
	struct problem p = { .kind = PROBLEM_NONE };

	ck_assert_msg(store_fetches_order(db, RIG_WORKSPACE, &in, ret, &p) == 0, "%s", p.detail);
}

/* A post of the picture behind a URL. */
static void post_from(const char *url, const char *caption, int64_t due_ms, char ret[static ID_MAX],
		      char ret_media[static ID_MAX])
{
	struct rig_content in = { .kind = CONTENT_IMAGE, .caption = caption };

	order(url, MEDIA_IMAGE, ret_media);
	in.media[0] = ret_media;
	rig_post_content(&rig, 0, &in, due_ms, ret);
}

static void expect_text(char *text, const char *words)
{
	ck_assert_msg(text && strstr(text, words), "%s lacks %s", text ? text : "nothing", words);
	ck_assert_ptr_null(strstr(text, "tops3cret"));
	free(text);
}

static void wait_for(const char *sql)
{
	for (int waited = 0; rig_number(&rig, sql) == 0; waited += 20) {
		ck_assert_msg(waited < PATIENCE_MS, "never: %s", sql);
		rig_sleep_ms(20);
	}
}

/* ---- cases ---- */

START_TEST(picture_behind_a_url_is_published)
{
	char id[ID_MAX], media[ID_MAX], path[200], *sha;
	struct stat st;

	post_from(place("picture"), "fetched", -500, id, media);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "fetched"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM fetches"), 0);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM media WHERE id = '%s' "
				     "AND state = 'ready' AND mime = 'image/jpeg' AND width = 1080 "
				     "AND height = 1080 AND NOT is_twin",
				     media),
			 1);
	sha = rig_media_sha(&rig, media);
	(void)snprintf(path, sizeof(path), "%s/%s/%.2s/%s", rig.config->media_folder, RIG_WORKSPACE,
		       sha, sha);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size,
			 rig_numberf(&rig, "SELECT bytes FROM media WHERE id = '%s'", media));
	free(sha);
}
END_TEST

START_TEST(post_waits_while_its_media_are_fetched)
{
	char id[ID_MAX], media[ID_MAX], sql[200];
	pid_t runner;

	post_from(place("gate"), "patient", -500, id, media);
	runner = rig_runner(&rig, NULL, "--once");
	(void)snprintf(sql, sizeof(sql),
		       "SELECT COUNT(*) FROM posts WHERE id = '%s' AND state = 'staging' "
		       "AND waiting_for = 'media: fetching item 1 of 1'",
		       id);
	wait_for(sql);
	open_gate();
	ck_assert_int_eq(rig_wait(runner, PATIENCE_MS), 0);
	/* what was announced did not come whole: it is asked for once more */
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "patient"), 1);
}
END_TEST

static const struct {
	const char *place, *words;
} hopeless[] = {
	{ "missing", "127.0.0.1 says that there is no such file (status 404)" },
	{ "page", "are not a JPEG" },
	{ "inwards", "localhost leads to an address that is not fetched from" },
	{ "busy", "127.0.0.1 is in trouble itself (status 503)" },
};

START_TEST(media_that_cannot_be_had_fail_the_post)
{
	char id[ID_MAX], media[ID_MAX];

	post_from(place(hopeless[_i].place), "hopeless", -500, id, media);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	rig_expect_error(&rig, id, "media_rejected");
	expect_text(rig_post_text(&rig, id, "error_who"), "you");
	expect_text(rig_post_text(&rig, id, "error_message"), "item 1 of 1 cannot be used: ");
	expect_text(rig_post_text(&rig, id, "error_message"), hopeless[_i].words);
	ck_assert_int_eq(rig_effects(&rig, "hopeless"), 0);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM media WHERE id = '%s' "
				     "AND state = 'failed' AND sha256 IS NULL",
				     media),
			 1);
}
END_TEST

START_TEST(name_that_leads_inside_fails_the_post)
{
	char id[ID_MAX], media[ID_MAX], url[100];

	(void)snprintf(url, sizeof(url), "http://localhost:%d/?key=tops3cret", inside_port);
	post_from(url, "inside", -500, id, media);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	expect_text(rig_post_text(&rig, id, "error_message"), "localhost leads to an address");
}
END_TEST

START_TEST(post_of_tomorrow_fails_today)
{
	char id[ID_MAX], media[ID_MAX];

	post_from(place("missing"), "tomorrow", DAY_MS, id, media);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	rig_expect_error(&rig, id, "media_rejected");
}
END_TEST

START_TEST(post_of_tomorrow_is_left_alone_by_what_came)
{
	char id[ID_MAX], media[ID_MAX];

	post_from(place("picture"), "tomorrow", DAY_MS, id, media);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_QUEUED);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM fetches"), 0);
}
END_TEST

START_TEST(peer_in_trouble_is_asked_again)
{
	char id[ID_MAX], media[ID_MAX];

	post_from(place("flaky"), "flaky", -500, id, media);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "flaky"), 1);
}
END_TEST

START_TEST(other_kind_than_wanted_is_refused)
{
	char media[ID_MAX], sql[200];

	order(place("picture"), MEDIA_AUDIO, media);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	(void)snprintf(sql, sizeof(sql), "SELECT error FROM media WHERE id = '%s'", media);
	expect_text(rig_text(&rig, sql), "the file is an image, not a sound");
}
END_TEST

/* Nothing was said of its kind when it was ordered, so only now can it be known as wrong. */
START_TEST(picture_in_place_of_a_video_fails_the_post)
{
	char id[ID_MAX], media[ID_MAX];
	struct rig_content in = { .kind = CONTENT_VIDEO,
				  .caption = "no video",
				  .media = { media } };

	order(place("picture"), FETCH_ANY_KIND, media);
	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	expect_text(rig_post_text(&rig, id, "error_who"), "you");
	expect_text(rig_post_text(&rig, id, "error_message"), "video");
	ck_assert_int_eq(rig_effects(&rig, "no video"), 0);
}
END_TEST

START_TEST(sound_that_cannot_be_had_fails_the_post)
{
	char id[ID_MAX], sound[ID_MAX], overrides[100];
	struct rig_content in = { .kind = CONTENT_SLIDESHOW,
				  .caption = "silent",
				  .overrides = overrides,
				  .media = { rig.media_id } };

	order(place("missing"), MEDIA_AUDIO, sound);
	(void)snprintf(overrides, sizeof(overrides), "{\"sound_media_id\":\"%s\"}", sound);
	rig_post_content(&rig, 0, &in, DAY_MS, id);
	database_run(&rig.database, "UPDATE fetches SET content_id = "
				    "(SELECT content_id FROM posts LIMIT 1)");
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	expect_text(rig_post_text(&rig, id, "error_message"), "the sound cannot be used: ");
}
END_TEST

/* Bytes that are there already: each medium keeps its id, and all share one file. */
START_TEST(same_bytes_become_a_twin)
{
	char id[2][ID_MAX], media[2][ID_MAX], *sha[2];

	for (int i = 0; i < 2; i++) {
		post_from(place("picture"), i ? "twin" : "first", -500, id[i], media[i]);
		rig_expect(&rig, id[i], POST_PUBLISHED, PATIENCE_MS);
		sha[i] = rig_media_sha(&rig, media[i]);
	}
	ck_assert_str_eq(sha[0], sha[1]);
	ck_assert_int_eq(rig_effects(&rig, "twin"), 1);
	ck_assert_int_eq(rig_numberf(&rig, "SELECT is_twin FROM media WHERE id = '%s'", media[0]),
			 0);
	ck_assert_int_eq(rig_numberf(&rig, "SELECT is_twin FROM media WHERE id = '%s'", media[1]),
			 1);
	free(sha[0]);
	free(sha[1]);
}
END_TEST

static int files_left(bool are_old)
{
	char path[300];
	DIR *dir;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/tmp", rig.config->media_folder);
	dir = opendir(path);
	for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
		const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

		n += e->d_name[0] != '.';
		if (are_old && e->d_name[0] != '.')
			(void)utimensat(dirfd(dir), e->d_name, old, 0);
	}
	if (dir)
		(void)closedir(dir);
	return n;
}

START_TEST(fetch_of_a_killed_process_is_taken_over)
{
	char id[ID_MAX], media[ID_MAX];
	pid_t fetcher;

	post_from(place("gate"), "killed", -500, id, media);
	fetcher = rig_runner(&rig, NULL, "--fetch");
	wait_for("SELECT COUNT(*) FROM fetches WHERE state = 'working'");
	while (files_left(false) == 0)
		rig_sleep_ms(10);
	ck_assert_int_eq(kill(fetcher, SIGKILL), 0);
	ck_assert_int_eq(rig_wait(fetcher, PATIENCE_MS), -SIGKILL);
	ck_assert_int_eq(files_left(true), 1);
	open_gate();
	/* nobody touches it while the lease may still be somebody's */
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT tries FROM fetches WHERE state = 'working'"), 1);
	ck_assert_int_eq(files_left(false), 0); /* swept */
	database_run(&rig.database, "UPDATE fetches SET lease_until = UTC_TIMESTAMP() - INTERVAL 1 "
				    "SECOND");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "killed"), 1);
}
END_TEST

START_TEST(stopped_process_gives_its_fetch_back)
{
	char id[ID_MAX], media[ID_MAX];
	pid_t fetcher;

	post_from(place("gate"), "stopped", -500, id, media);
	fetcher = rig_runner(&rig, NULL, "--fetch");
	wait_for("SELECT COUNT(*) FROM fetches WHERE state = 'working'");
	ck_assert_int_eq(kill(fetcher, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(fetcher, PATIENCE_MS), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM fetches WHERE state = 'queued' "
					  "AND tries = 0 AND owner IS NULL"),
			 1);
	ck_assert_int_eq(files_left(false), 0);
	open_gate();
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
}
END_TEST

START_TEST(poison_is_given_up)
{
	char id[ID_MAX], media[ID_MAX];

	post_from(place("picture"), "poison", -500, id, media);
	database_run(&rig.database, "UPDATE fetches SET tries = 4");
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	expect_text(rig_post_text(&rig, id, "error_message"), "broken off several times");
}
END_TEST

static void revive(const char *id)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	const struct post_patch in = { .id = id,
				       .given = POST_CHANGE_REVIVE | POST_CHANGE_IMMEDIATE,
				       .stage_lead_s = 900 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct post got;

	ck_assert_msg(store_posts_patch(db, RIG_WORKSPACE, &in, a, &got, &p) == 0, "%s", p.detail);
}

static void publish_now(const char *id)
{
	enum post_state state = POST_QUEUED;
	struct problem p = { .kind = PROBLEM_NONE };
	struct engine *e = NULL;
	struct app app;

	rig_app(&rig, &app);
	rig_need(engine_open(&app, &e, &p), &p);
	ck_assert_msg(engine_publish_one(e, RIG_WORKSPACE, id, clock_boot_us() + US_PER_S, &state,
					 &p) == 0,
		      "%s", p.detail);
	ck_assert_int_eq(state, POST_STAGING);
	engine_free(e);
	rig_app_done(&app);
}

static void (*const ways[])(const char *id) = { revive, publish_now };

START_TEST(failed_post_fetches_once_more_when_it_is_revived)
{
	static const char *const captions[] = { "revived", "published now" };
	char id[ID_MAX], media[ID_MAX];

	post_from(place("late"), captions[_i], -500, id, media);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	open_gate();
	ways[_i](id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, captions[_i]), 1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ picture_behind_a_url_is_published, 0 },
		{ post_waits_while_its_media_are_fetched, 0 },
		{ media_that_cannot_be_had_fail_the_post, (int)ARRAY_LEN(hopeless) },
		{ name_that_leads_inside_fails_the_post, 0 },
		{ post_of_tomorrow_fails_today, 0 },
		{ post_of_tomorrow_is_left_alone_by_what_came, 0 },
		{ peer_in_trouble_is_asked_again, 0 },
		{ other_kind_than_wanted_is_refused, 0 },
		{ picture_in_place_of_a_video_fails_the_post, 0 },
		{ sound_that_cannot_be_had_fails_the_post, 0 },
		{ same_bytes_become_a_twin, 0 },
		{ fetch_of_a_killed_process_is_taken_over, 0 },
		{ stopped_process_gives_its_fetch_back, 0 },
		{ poison_is_given_up, 0 },
		{ failed_post_fetches_once_more_when_it_is_revived, (int)ARRAY_LEN(ways) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "ingest",
		.before = before,
		.after = after,
		.setup = setup,
		.teardown = teardown,
		.timeout_s = 200,
		.cases = cases,
	});
}

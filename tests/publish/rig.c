/* SPDX-License-Identifier: Apache-2.0 */
#include "rig_private.h"

#include <check.h>
#include <fcntl.h>
#include <mysql.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/keys.h"
#include "media/store.h"
#include "net/client.h"
#include "platform/platform.h"
#include "store/content.h"
#include "store/media.h"
#include "store/posts.h"

#define SKIPPED 77

static char picture_path[128];
static struct rig *started;
static pid_t started_by;

static const char *program(const char *name, char *ret, size_t size)
{
	const char *folder = getenv("CARILLON_BUILD");

	(void)snprintf(ret, size, "%s/%s", folder ? folder : ".", name);
	if (access(ret, X_OK) == 0)
		return ret;
	fprintf(stderr, "rig: %s is not built\n", ret);
	exit(SKIPPED);
}

void rig_sleep_ms(int ms)
{
	peer_sleep_ms(ms);
}

bool rig_has_failpoints(void)
{
#ifdef ENABLE_FAILPOINTS
	return true;
#else
	return false;
#endif
}

static void put(const char *folder, const char *name, mode_t mode, const char *text)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0) {
		fprintf(stderr, "rig: cannot write %s\n", path);
		exit(EXIT_FAILURE);
	}
	(void)close(fd);
}

void rig_draw(const char *source, const char *path)
{
	const bool is_video = strstr(path, ".mp4") != NULL;
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		(void)dup2(null, 0);
		(void)dup2(null, 1);
		(void)dup2(null, 2);
		execlp("ffmpeg", "ffmpeg", "-y", "-f", "lavfi", "-i", source,
		       is_video ? "-pix_fmt" : "-frames:v", is_video ? "yuv420p" : "1", path,
		       (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0) {
		fprintf(stderr, "rig: ffmpeg cannot make %s\n", path);
		exit(SKIPPED);
	}
}

/* The file behind a signed address, as nginx would send it; the one picture for anything else. */
static const char *asked_file(struct peer *p, struct arena *a)
{
	CLEANUP(db_free) struct db *db = NULL;
	const char *request = peer_request(p), *from = "GET /m/";
	struct problem problem = { .kind = PROBLEM_NONE };
	struct media_place at;
	const char *id;

	if (!started || strncmp(request, from, strlen(from)) != 0)
		return picture_path;
	id = request + strlen(from);
	id = arena_strndup(a, id, strcspn(id, "/ "));
	if (db_open(started->config, DB_ROLE_RUN, &db, &problem) < 0 ||
	    store_media_place(db, id, a, &at, &problem) < 0)
		return picture_path;
	return media_path(a, started->config, at.workspace, at.sha256);
}

static void serve_picture(struct peer *p, int fd, int nth)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct stat st;
	char head[160], block[8192];
	ssize_t n;
	int in;

	(void)nth;
	if (!peer_read_request(p, fd))
		return;
	in = open(asked_file(p, a), O_RDONLY | O_CLOEXEC);
	if (in < 0 || fstat(in, &st) < 0)
		return;
	(void)snprintf(head, sizeof(head),
		       "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %lld\r\n"
		       "Connection: close\r\n\r\n",
		       (long long)st.st_size);
	peer_say(fd, head);
	while ((n = read(in, block, sizeof(block))) > 0) {
		if (write(fd, block, (size_t)n) != n)
			break;
	}
	(void)close(in);
}

static void start_sandbox(struct rig *r)
{
	char path[512], folder[128], line[64] = "";
	int out[2];
	FILE *f;

	(void)snprintf(folder, sizeof(folder), "%s/sandbox", r->folder);
	(void)mkdir(folder, 0700);
	program("carillon-sandbox", path, sizeof(path));
	if (pipe(out) < 0)
		exit(EXIT_FAILURE);
	r->sandbox = fork();
	if (r->sandbox == 0) {
		int log = open("/dev/null", O_WRONLY | O_CLOEXEC);

		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)dup2(out[1], 1);
		(void)dup2(log, 2);
		(void)close(out[0]);
		(void)close(out[1]);
		execl(path, path, "-l", "127.0.0.1:0", "-d", folder, (char *)NULL);
		_exit(127);
	}
	(void)close(out[1]);
	f = fdopen(out[0], "r");
	if (!f || !fgets(line, sizeof(line), f)) {
		fprintf(stderr, "rig: the sandbox does not start\n");
		exit(EXIT_FAILURE);
	}
	line[strcspn(line, "\n")] = '\0';
	(void)snprintf(r->sandbox_url, sizeof(r->sandbox_url), "%s", line);
	(void)fclose(f);
}

/* Accounts of some platforms live on servers of people, and the sandbox is one here. */
static bool has_servers(const struct rig *r)
{
	for (int i = 0; i < r->platforms_n; i++) {
		if (platform_server_param(platform_find(r->platforms[i].name)))
			return true;
	}
	return false;
}

/* Waits are scaled down; their proportions are those of the defaults. */
static void write_config(struct rig *r)
{
	const struct passwd *me = getpwuid(geteuid());
	const char *url = peer_url(r->media, "");
	struct problem p;
	size_t n;
	const struct setting_group *groups = platform_setting_groups(&n);
	FILE *f = fopen(r->config_path, "w");

	if (!f || !me)
		exit(EXIT_FAILURE);
	fprintf(f, "[server]\npublic_url = %.*s\nlog_level = info\n",
		(int)(strlen(url) - (url[strlen(url) - 1] == '/')), url);
	fprintf(f,
		"[database]\nsocket = %s\nname = carillon\nrun_user = %s\nadmin_user = %s\n"
		"api_user = %s\n",
		r->database.socket, me->pw_name, me->pw_name, me->pw_name);
	fprintf(f,
		"[keys]\nsealing_file = %s/sealing.key\npepper_file = %s/pepper.key\n"
		"url_file = %s/url.key\n",
		r->folder, r->folder, r->folder);
	fprintf(f, "[media]\nfolder = %s/media\nupload_folder = %s/upload\n", r->folder, r->folder);
	fprintf(f, "[net]\nconnect_timeout_ms = 1000\nstage_timeout_ms = 2000\n"
		   "fire_timeout_ms = 1500\n");
	fprintf(f,
		"[publish]\njournal_folder = %s/journal\nlease_s = 2\nsend_deadline_ms = 1000\n"
		"quarantine_ms = 3000\nnegative_gap_ms = 500\nretry_base_ms = 50\n"
		"retry_cap_ms = 400\ndoubt_life_s = 600\nlate_spacing_s = 1\nmax_runners = 64\n"
		"breaker_probe_s = 1\n",
		r->folder);
	if (has_servers(r))
		fprintf(f, "[fetch]\nallow = 127.0.0.1/32\nhttp = true\n");
	for (int i = 0; i < r->platforms_n; i++) {
		rig_write_section(f, r, &r->platforms[i], "");
		rig_write_section(f, r, &r->platforms[i], ".test");
	}
	(void)fclose(f);
	if (config_load(r->config_path, groups, n, &r->config, &p) < 0) {
		fprintf(stderr, "rig: %s\n", p.detail);
		exit(EXIT_FAILURE);
	}
}

void rig_need(int done, const struct problem *p)
{
	if (done == 0)
		return;
	fprintf(stderr, "rig: %s\n", p->detail);
	exit(EXIT_FAILURE);
}

static void store_file(struct rig *r, struct db *db, const char *path,
		       const struct media_item *item, char ret[static ID_MAX])
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(media_file_free) struct media_file *file = NULL;
	struct media in = { .filename = "rig", .item = *item, .is_known_kind = true }, got;
	struct problem p;
	struct stat st;

	if (stat(path, &st) < 0)
		exit(EXIT_FAILURE);
	rig_need(media_take(r->config, path, 0, st.st_size, &file, &p), &p);
	in.item.state = MEDIA_READY;
	in.item.bytes = st.st_size;
	memcpy(in.item.sha256, file->sha256, sizeof(in.item.sha256));
	rig_need(media_keep(r->config, RIG_WORKSPACE, file, &p), &p);
	rig_need(store_media_insert(db, RIG_WORKSPACE, &in, a, &got, &p), &p);
	(void)snprintf(ret, ID_MAX, "%s", got.item.media_id);
}

static void store_picture(struct rig *r, const struct app *app)
{
	const struct media_item item = { .kind = MEDIA_IMAGE,
					 .mime = "image/jpeg",
					 .ext = "jpg",
					 .width = 1080,
					 .height = 1080 };

	store_file(r, app->db, picture_path, &item, r->media_id);
}

void rig_media(struct rig *r, const char *path, const struct media_item *item,
	       char ret[static ID_MAX])
{
	CLEANUP(db_free) struct db *db = database_open(&r->database);

	store_file(r, db, path, item, ret);
}

static void write_keys(const struct rig *r)
{
	char hex[65], line[80];
	uint8_t bytes[32];

	random_bytes(bytes, sizeof(bytes));
	digest_hex(bytes, sizeof(bytes), hex);
	(void)snprintf(line, sizeof(line), "k1 %s\n", hex);
	put(r->folder, "sealing.key", 0400, line);
	put(r->folder, "pepper.key", 0400, "0123456789abcdef0123456789abcdef");
	put(r->folder, "url.key", 0400, "0123456789abcdef0123456789abcdef");
	put(r->folder, "app.secret", 0400, "sandbox-secret\n");
}

/* Outside a case nothing of check may be used. */
static void run_outside(const struct rig *r, const char *sql)
{
	MYSQL *my = mysql_init(NULL);
	const struct passwd *me = getpwuid(geteuid());

	if (!me ||
	    !mysql_real_connect(my, "localhost", me->pw_name, NULL, "carillon", 0,
				r->database.socket, 0) ||
	    mysql_query(my, sql)) {
		fprintf(stderr, "rig: %s: %s\n", sql, mysql_error(my));
		exit(EXIT_FAILURE);
	}
	mysql_close(my);
}

/* However the program ends, nothing is left running; cases are forks and leave it alone. */
static void stop_started(void)
{
	if (started && getpid() == started_by)
		rig_stop(started);
}

void rig_start(struct rig *r)
{
	static const struct rig_platform instagram = { .name = "instagram" };

	rig_start_with(r, &instagram);
}

void rig_start_with(struct rig *r, const struct rig_platform *platform)
{
	rig_start_all(r, platform, 1);
}

void rig_start_all(struct rig *r, const struct rig_platform *platforms, int n)
{
	static const char *const folders[] = { "media", "upload", "journal" };
	struct app app;
	char path[512];

	*r = (struct rig){ .platforms = platforms, .platforms_n = n };
	program("carillon-publish", path, sizeof(path));
	(void)setenv("CARILLON_TEST_FLUSH", "1", 1); /* cases kill the database */
	database_start(&r->database, true);
	started = r;
	started_by = getpid();
	(void)atexit(stop_started);
	(void)snprintf(r->folder, sizeof(r->folder), "%.60s", r->database.folder);
	(void)snprintf(r->config_path, sizeof(r->config_path), "%s/rig.ini", r->folder);
	(void)snprintf(r->plan_path, sizeof(r->plan_path), "%s/failpoints", r->folder);
	(void)snprintf(picture_path, sizeof(picture_path), "%s/picture.jpg", r->folder);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", r->folder, folders[i]);
		(void)mkdir(path, 0700);
	}
	rig_draw("color=c=teal:s=1080x1080", picture_path);
	write_keys(r);
	start_sandbox(r);
	r->media = peer_start(serve_picture);
	write_config(r);
	log_setup("rig", LOG_LEVEL_ERROR, 2);
	rig_app(r, &app);
	run_outside(r, "INSERT INTO workspaces (id, name, created_at, updated_at) VALUES "
		       "('" RIG_WORKSPACE "', 'rig', UTC_TIMESTAMP(), UTC_TIMESTAMP())");
	rig_connect(r, &app);
	store_picture(r, &app);
	rig_app_done(&app);
}

void rig_stop(struct rig *r)
{
	int status;

	started = NULL;
	if (r->sandbox > 0) {
		(void)kill(r->sandbox, SIGTERM);
		(void)waitpid(r->sandbox, &status, 0);
	}
	if (r->media)
		peer_stop(r->media);
	config_free(r->config);
	if (!getenv("RIG_KEEP"))
		database_stop(&r->database);
}

void rig_reset(struct rig *r)
{
	static const char *const sql[] = {
		"DELETE FROM attempts",          "DELETE FROM events",   "DELETE FROM posts",
		"DELETE FROM content_media",     "DELETE FROM contents", "DELETE FROM runners",
		"DELETE FROM account_refreshes", "DELETE FROM budgets",  "DELETE FROM breakers",
		"DELETE FROM renditions",        "DELETE FROM fetches"
	};

	for (size_t i = 0; i < ARRAY_LEN(sql); i++)
		database_run(&r->database, sql[i]);
	database_run(&r->database, "UPDATE accounts SET status = 'connected', on_late = 'skip', "
				   "publish_within_minutes = 60");
	rig_sandbox(r, "/_control/faults/clear", "{}");
	rig_sandbox(r, "/_control/config",
		    "{\"image_delay_ms\":50,\"listing_lag_ms\":0,\"latency_ms\":0,"
		    "\"quota_total\":100000,\"container_limit\":100000,\"app_calls\":10000000,"
		    "\"account_calls\":10000000}");
}

/* Stores the content, approved and of the rig's user, and a post of it. */
static void post(struct rig *r, int account, const struct content_patch *content,
		 const struct post_new *what, char ret[static ID_MAX])
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(db_free) struct db *db = database_open(&r->database);
	struct content_patch made = *content;
	struct post_new post = *what;
	struct posts_new in = { .created_by = "user_rig", .v = &post, .n = 1, .stage_lead_s = 900 };
	struct content c;
	struct posts got;
	struct problem p = { .kind = PROBLEM_NONE };

	made.by = "user_rig";
	made.is_approved = true;
	post.account_id = r->accounts[account];
	post.platform = r->platforms[account / RIG_ACCOUNTS].name;
	post.livemode = true;
	ck_assert_msg(store_content_insert(db, RIG_WORKSPACE, &made, a, &c, &p) == 0, "%s",
		      p.detail);
	in.content_id = c.id;
	ck_assert_msg(store_posts_insert(db, RIG_WORKSPACE, &in, a, &got, &p) == 0, "%s", p.detail);
	(void)snprintf(ret, ID_MAX, "%s", got.v[0].id);
}

void rig_post(struct rig *r, int account, const char *caption, int64_t due_ms,
	      char ret[static ID_MAX])
{
	const struct rig_content in = { .kind = CONTENT_IMAGE,
					.caption = caption,
					.media = { r->media_id } };

	rig_post_content(r, account, &in, due_ms, ret);
}

void rig_post_content(struct rig *r, int account, const struct rig_content *what, int64_t due_ms,
		      char ret[static ID_MAX])
{
	struct content_media media[ARRAY_LEN(what->media)] = { { NULL, NULL } };
	struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_MEDIA |
			 (what->title ? CONTENT_HAS_TITLE : 0),
		.kind = what->kind,
		.caption = what->caption,
		.title = what->title,
		.media = media,
	};

	while (content.media_n < ARRAY_LEN(media) && what->media[content.media_n]) {
		media[content.media_n].media_id = what->media[content.media_n];
		content.media_n++;
	}
	post(r, account, &content,
	     &(struct post_new){ .overrides = what->overrides,
				 .due = { .us = clock_real_us() + due_ms * US_PER_MS } },
	     ret);
}

void rig_post_patch(struct rig *r, int account, const struct content_patch *content, int64_t due_ms,
		    char ret[static ID_MAX])
{
	post(r, account, content,
	     &(struct post_new){ .due = { .us = clock_real_us() + due_ms * US_PER_MS } }, ret);
}

pid_t rig_runner(struct rig *r, const char *plan, const char *option)
{
	char path[512], log[128];
	pid_t pid;

	program("carillon-publish", path, sizeof(path));
	put(r->folder, "failpoints", 0600, plan ? plan : "");
	(void)snprintf(log, sizeof(log), "%s/publish.log", r->folder);
	pid = fork();
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)dup2(fd, 2);
		(void)setenv("CARILLON_FAILPOINTS", r->plan_path, 1);
		execl(path, path, "-c", r->config_path, option, (char *)NULL);
		_exit(127);
	}
	return pid;
}

int rig_wait(pid_t pid, int timeout_ms)
{
	int status = 0;

	for (int waited = 0; waitpid(pid, &status, WNOHANG) == 0; waited += 10) {
		ck_assert_msg(waited < timeout_ms || kill(pid, SIGKILL) < 0, "the runner hangs");
		rig_sleep_ms(10);
	}
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int rig_once(struct rig *r, const char *plan)
{
	return rig_wait(rig_runner(r, plan, "--once"), 60000);
}

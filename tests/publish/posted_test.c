/* SPDX-License-Identifier: Apache-2.0 */
/* From POST /posts with nothing but URLs to what stands on the platform, through the real runner. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"
#include "api/principal.h"
#include "base/cleanup.h"
#include "rig.h"
#include "support/suite.h"

#define PATIENCE_MS 120000

static const struct rig_platform platforms[] = { { .name = "instagram" }, { .name = "twitter" } };

static struct rig rig;
static struct peer *web;

/* ---- where the media are ---- */

static void serve(struct peer *p, int fd, int nth)
{
	char name[40] = "", path[200];

	(void)nth;
	if (!peer_read_request(p, fd) || sscanf(peer_request(p), "GET /%39[a-z0-9.]", name) != 1)
		return;
	(void)snprintf(path, sizeof(path), "%s/%s", rig.folder, name);
	if (!peer_say_file(fd, path))
		peer_say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static void draw(const char *source, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", rig.folder, name);
	rig_draw(source, path);
}

static void make_sound(void)
{
	char path[200];
	pid_t pid = fork();
	int status = 0;

	(void)snprintf(path, sizeof(path), "%s/s.mp3", rig.folder);
	if (pid == 0) {
		execlp("ffmpeg", "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
		       "sine=frequency=440:duration=3", path, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0)
		exit(EXIT_FAILURE);
}

static void before(void)
{
	static char allow[80];

	rig_start_all(&rig, platforms, (int)ARRAY_LEN(platforms));
	draw("color=c=orange:s=1080x1080", "a.jpg");
	draw("color=c=navy:s=1080x1080", "b.jpg");
	draw("color=c=green:s=600x1200", "tall.jpg");
	draw("testsrc2=s=720x1280:r=25:d=4", "v.mp4");
	make_sound();
	web = peer_start(serve);
	(void)snprintf(allow, sizeof(allow), "127.0.0.1:%d", peer_port(web));
	rig_settings(&rig, RIG_SETTINGS({ "fetch", "allow", allow }, { "fetch", "http", "true" }));
}

static void after(void)
{
	peer_stop(web);
	rig_stop(&rig);
}

static void setup(void)
{
	rig_reset(&rig);
	database_run(&rig.database, "DELETE FROM media WHERE id IN (SELECT media_id FROM probes)");
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":150}");
}

/* ---- the API, as a worker of the pool has it ---- */

static int authenticate(struct request *req, const char *bearer, struct problem *reterr)
{
	static const struct principal anybody = {
		.kind = PRINCIPAL_USER,
		.mode = MODE_BOTH,
		.workspace = RIG_WORKSPACE,
		.id = "user_rig",
		.scopes = UINT64_MAX,
	};

	(void)bearer;
	(void)reterr;
	req->principal = &anybody;
	return 0;
}

static bool is_hurried; /* the caller does not wait */

static json_t *call_in(enum route_pool pool, const char *method, const char *path, const char *body,
		       int status)
{
	static const struct router_hooks hooks = { .authenticate = authenticate,
						   .scopes_of = principal_scopes };
	struct name_value headers[] = { { "content-type", "application/json" },
					{ "authorization", "Bearer x" },
					{ "prefer", is_hurried ? "wait=0" : "wait=25" } };
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct app app;
	struct request req = {
		.app = &app,
		.arena = arena,
		.method = http_method_parse(method),
		.raw = { .request_uri = path, .document_uri = path, .query_string = "" },
		.request_id = "req_1",
		.headers = headers,
		.headers_n = ARRAY_LEN(headers),
		.body = body,
		.body_n = body ? strlen(body) : 0,
	};
	struct reply reply = { 0 };
	json_t *answer;

	rig_app(&rig, &app);
	reply_reset(&reply);
	router_serve(&api_routes, &hooks, pool, &req, &reply);
	ck_assert_msg(reply.status == status, "%d: %s", reply.status, buf_str(&reply.body));
	answer = json_loads(buf_str(&reply.body), 0, NULL);
	buf_done(&reply.body);
	rig_app_done(&app);
	return answer;
}

static json_t *call(const char *method, const char *path, const char *body, int status)
{
	return call_in(POOL_API, method, path, body, status);
}

#define AT "http://127.0.0.1:%d/"

/* For the first account of each platform; ' stands for ", $ for where the media are. */
static void write_body(const char *members, struct buf *body)
{
	buf_printf(body, "{\"accountIds\":[\"%s\",\"%s\"],", rig.accounts[0],
		   rig.accounts[RIG_ACCOUNTS]);
	for (const char *c = members; *c; c++) {
		if (*c == '$')
			buf_printf(body, AT, peer_port(web));
		else
			buf_addc(body, *c == '\'' ? '"' : *c);
	}
	buf_addc(body, '}');
}

static json_t *post(const char *members)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;

	write_body(members, &body);
	return call("POST", "/v1/posts", buf_str(&body), 201);
}

/* With a runner beside it. */
static json_t *validate(const char *members)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	pid_t runner = rig_runner(&rig, NULL, NULL);
	json_t *answer;

	write_body(members, &body);
	answer = call_in(POOL_PLATFORM, "POST", "/v1/posts/validate", buf_str(&body), 200);
	(void)kill(runner, SIGTERM);
	(void)rig_wait(runner, PATIENCE_MS);
	return answer;
}

static const char *id_of(const json_t *made, size_t i)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(made, "posts"), i), "id"));
}

static json_t *read_post(const json_t *made, size_t i)
{
	char path[80];

	(void)snprintf(path, sizeof(path), "/v1/posts/%s", id_of(made, i));
	return call("GET", path, NULL, 200);
}

static const char *text_of(const json_t *post, const char *name)
{
	return json_string_value(json_object_get(post, name));
}

/* Runs until the post is over, and compares what its reader is told. */
static void expect(const json_t *made, size_t i, enum post_state wanted, const char *status,
		   const char *media)
{
	char id[ID_MAX];
	json_t *seen;

	(void)snprintf(id, sizeof(id), "sch_%s", id_of(made, i) + strlen("post_"));
	rig_expect(&rig, id, wanted, PATIENCE_MS);
	seen = read_post(made, i);
	ck_assert_str_eq(text_of(seen, "status"), status);
	ck_assert_str_eq(text_of(seen, "media"), media);
	json_decref(seen);
}

/* ---- cases ---- */

START_TEST(picture_goes_out_at_once_on_each_account)
{
	json_t *made = post("'contentType':'image','contentUrl':'$a.jpg','caption':'at once'");
	json_t *seen = read_post(made, 0);

	ck_assert_str_eq(text_of(seen, "state"), "queued");
	ck_assert_str_eq(text_of(seen, "media"), "fetching");
	json_decref(seen);
	expect(made, 0, POST_PUBLISHED, "posted", "ready");
	expect(made, 1, POST_PUBLISHED, "posted", "ready");
	ck_assert_int_eq(rig_effects(&rig, "at once"), 2);
	seen = read_post(made, 0);
	ck_assert_ptr_nonnull(text_of(seen, "remotePostId"));
	ck_assert_ptr_nonnull(text_of(seen, "publishedAt"));
	json_decref(seen);
	json_decref(made);
}
END_TEST

START_TEST(picture_named_twice_is_shown_twice)
{
	json_t *made = post("'contentType':'slideshow','contentUrl':['$a.jpg','$b.jpg','$a.jpg'],"
			    "'caption':'native'");

	expect(made, 0, POST_PUBLISHED, "posted", "ready");
	expect(made, 1, POST_PUBLISHED, "posted", "ready");
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM content_media"), 3);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(DISTINCT media_id) FROM content_media"), 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM renditions WHERE recipe LIKE "
					  "'slideshow%'"),
			 0);
	json_decref(made);
}
END_TEST

START_TEST(slideshow_with_a_sound_is_rendered)
{
	json_t *made = post("'contentType':'slideshow','contentUrl':['$a.jpg','$b.jpg'],"
			    "'soundUrl':'$s.mp3','slideDuration':4,'caption':'with a sound'");
	json_t *seen;

	expect(made, 0, POST_PUBLISHED, "posted", "ready");
	expect(made, 1, POST_PUBLISHED, "posted", "ready");
	ck_assert_int_eq(rig_effects(&rig, "with a sound"), 2);
	seen = read_post(made, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(seen, "progress")), 100);
	json_decref(seen);
	ck_assert_int_gt(rig_number(&rig, "SELECT COUNT(*) FROM renditions WHERE state = 'ready' "
					  "AND recipe LIKE 'slideshow%' AND audio_codec = 'aac' "
					  "AND duration_ms BETWEEN 7000 AND 9000"),
			 0);
	json_decref(made);
}
END_TEST

START_TEST(video_gets_its_sound)
{
	json_t *made = post("'contentType':'video','contentUrl':'$v.mp4','soundUrl':'$s.mp3',"
			    "'caption':'video'");

	expect(made, 0, POST_PUBLISHED, "posted", "ready");
	ck_assert_int_gt(rig_number(&rig, "SELECT COUNT(*) FROM renditions WHERE state = 'ready' "
					  "AND recipe LIKE 'sounded%' AND audio_codec = 'aac'"),
			 0);
	json_decref(made);
}
END_TEST

START_TEST(what_is_not_there_fails_the_post_with_the_reason)
{
	json_t *made = post("'contentType':'image','contentUrl':'$none.jpg','caption':'lost'");
	json_t *seen;

	expect(made, 0, POST_FAILED, "failed", "failed");
	seen = read_post(made, 0);
	ck_assert_str_eq(text_of(json_object_get(seen, "error"), "code"), "media_rejected");
	ck_assert_ptr_nonnull(text_of(seen, "mediaError"));
	ck_assert_int_eq(rig_effects(&rig, "lost"), 0);
	json_decref(seen);
	json_decref(made);
}
END_TEST

/* A workspace that has had its bytes: what cannot wait for tomorrow fails, the rest waits. */
START_TEST(bytes_of_the_day_are_limited)
{
	json_t *soon, *later, *seen;

	database_run(&rig.database,
		     "INSERT INTO fetch_days SELECT id, UTC_DATE(), 107374182400 FROM workspaces "
		     "ON DUPLICATE KEY UPDATE bytes = VALUES(bytes)");
	later = post("'contentType':'image','contentUrl':'$b.jpg','caption':'later',"
		     "'scheduledTime':'2036-01-01T00:00:00Z'");
	soon = post("'contentType':'image','contentUrl':'$b.jpg','caption':'soon'");
	expect(soon, 0, POST_FAILED, "failed", "failed");
	seen = read_post(soon, 0);
	ck_assert_ptr_nonnull(strstr(text_of(seen, "mediaError"), "its 102400 MiB of today"));
	json_decref(seen);
	seen = read_post(later, 0);
	ck_assert_str_eq(text_of(seen, "media"), "fetching");
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM fetches WHERE state = 'queued' AND "
					  "tries = 0 AND next_at >= UTC_DATE() + INTERVAL 1 DAY"),
			 1);
	database_run(&rig.database, "DELETE FROM fetch_days");
	database_run(&rig.database, "UPDATE fetches SET next_at = UTC_TIMESTAMP()");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_gt(rig_number(&rig, "SELECT SUM(bytes) FROM fetch_days"), 1000);
	json_decref(seen);
	json_decref(soon);
	json_decref(later);
}
END_TEST

/* code of the nth finding in that list of that account; NULL: there is none */
static const char *finding(const json_t *answer, size_t account, const char *list, size_t n)
{
	const json_t *of = json_array_get(json_object_get(answer, "accounts"), account);

	return text_of(json_array_get(json_object_get(of, list), n), "code");
}

static bool is_ok(const json_t *of)
{
	return json_is_true(json_object_get(of, "ok"));
}

/* Of what somebody could see. */
static int64_t made(void)
{
	return rig_number(&rig, "SELECT (SELECT COUNT(*) FROM contents) + (SELECT COUNT(*) FROM "
				"posts) + (SELECT COUNT(*) FROM events WHERE type LIKE 'post%') + "
				"(SELECT COUNT(*) FROM media m WHERE NOT is_twin)");
}

/* A runner's clean-up has come by, and what was ordered has come. */
static void expect_swept(void)
{
	pid_t runner = rig_runner(&rig, NULL, NULL);

	for (int waited = 0;
	     rig_number(&rig, "SELECT (SELECT COUNT(*) FROM probes) + (SELECT COUNT(*) FROM "
			      "fetches) + (SELECT COUNT(*) FROM fetch_days WHERE day < "
			      "'2021-01-01')") > 0;
	     waited += 50) {
		ck_assert_int_lt(waited, PATIENCE_MS);
		rig_sleep_ms(50);
	}
	(void)kill(runner, SIGTERM);
	(void)rig_wait(runner, PATIENCE_MS);
}

START_TEST(validation_looks_at_the_media_and_makes_nothing)
{
	const int64_t before_it = made();
	json_t *listed = call("GET", "/api/v1/media", NULL, 200);
	json_t *answer = validate("'contentType':'video','contentUrl':'$v.mp4','soundUrl':"
				  "'$s.mp3','caption':'would go'");
	json_t *list = call("GET", "/api/v1/media", NULL, 200);
	const json_t *of = json_array_get(json_object_get(answer, "accounts"), 0);

	ck_assert(is_ok(answer));
	ck_assert_str_eq(text_of(answer, "media"), "ready");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "accounts")), 2);
	ck_assert_str_eq(text_of(of, "accountId"), rig.accounts[0]);
	ck_assert_str_eq(text_of(of, "platform"), "instagram");
	ck_assert(is_ok(of));
	ck_assert_str_eq(finding(answer, 0, "warnings", 0), "will_be_converted");
	ck_assert_uint_gt(json_array_size(json_object_get(of, "caps")), 0);
	ck_assert_int_eq(made(), before_it);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM probes"), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(list, "media")),
			  json_array_size(json_object_get(listed, "media")));
	json_decref(listed);
	json_decref(list);
	json_decref(answer);
}
END_TEST

START_TEST(validation_finds_what_only_the_bytes_tell)
{
	json_t *answer = validate("'contentType':'image','contentUrl':'$tall.jpg','caption':'x'");
	json_t *wrong = validate("'contentType':'video','contentUrl':'$a.jpg'");
	json_t *lost = validate("'contentType':'slideshow','contentUrl':['$a.jpg','$none.jpg']");
	const json_t *problem = json_array_get(json_object_get(wrong, "problems"), 0);

	ck_assert(!is_ok(answer));
	ck_assert_str_eq(finding(answer, 0, "problems", 0), "aspect_ratio");
	ck_assert_ptr_null(finding(answer, 1, "problems", 0)); /* X takes it */
	ck_assert(is_ok(json_array_get(json_object_get(answer, "accounts"), 1)));
	ck_assert(!is_ok(wrong));
	ck_assert_str_eq(text_of(wrong, "media"), "failed");
	ck_assert_str_eq(text_of(problem, "pointer"), "/contentUrl");
	ck_assert_str_eq(text_of(problem, "code"), "media_rejected");
	ck_assert(!is_ok(json_array_get(json_object_get(wrong, "accounts"), 1)));
	problem = json_array_get(json_object_get(lost, "problems"), 0);
	ck_assert_str_eq(text_of(problem, "pointer"), "/contentUrl/1");
	json_decref(answer);
	json_decref(wrong);
	json_decref(lost);
}
END_TEST

START_TEST(validation_without_a_runner_says_come_again)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	json_t *answer, *again;

	write_body("'contentType':'image','contentUrl':'$b.jpg'", &body);
	is_hurried = true;
	answer = call_in(POOL_PLATFORM, "POST", "/v1/posts/validate", buf_str(&body), 202);
	is_hurried = false;
	ck_assert_str_eq(text_of(answer, "media"), "fetching");
	ck_assert(json_is_null(json_object_get(answer, "ok")));
	again = validate("'contentType':'image','contentUrl':'$b.jpg'");
	ck_assert(is_ok(again));
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM probes"), 1);
	json_decref(answer);
	json_decref(again);
}
END_TEST

START_TEST(what_was_looked_at_is_swept)
{
	json_t *answer = validate("'contentType':'image','contentUrl':'$b.jpg'"), *made_too;
	char *sha = rig_text(&rig, "SELECT LOWER(HEX(sha256)) FROM media WHERE is_twin");
	char path[200];

	ck_assert(is_ok(answer));
	(void)snprintf(path, sizeof(path), "%s/%s/%.2s/%s", rig.config->media_folder, RIG_WORKSPACE,
		       sha, sha);
	ck_assert_int_eq(access(path, F_OK), 0);
	/* The same bytes, posted: they outlive what was looked at. */
	made_too = post("'contentType':'image','contentUrl':'$b.jpg','scheduledTime':"
			"'2036-01-01T00:00:00Z'");
	database_run(&rig.database, "UPDATE probes SET created_at = created_at - INTERVAL 1 DAY");
	/* A failed fetch that nobody asks for any more, and a day long gone. */
	database_run(&rig.database,
		     "INSERT INTO fetches SELECT workspace_id, id, 'https://a.invalid/', "
		     "NULL, NULL, 'failed', UTC_TIMESTAMP(), UTC_TIMESTAMP(), NULL, 0, "
		     "NULL, 4, UTC_TIMESTAMP(), UTC_TIMESTAMP() - INTERVAL 31 DAY "
		     "FROM media LIMIT 1");
	database_run(&rig.database,
		     "INSERT INTO fetch_days SELECT id, '2020-01-01', 1 FROM workspaces");
	expect_swept();
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM media WHERE NOT is_twin AND "
					  "sha256 = (SELECT sha256 FROM (SELECT m.sha256 FROM "
					  "media m JOIN content_media c ON c.media_id = m.id) x)"),
			 1);
	free(sha);
	json_decref(answer);
	json_decref(made_too);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ picture_goes_out_at_once_on_each_account, 0 },
		{ picture_named_twice_is_shown_twice, 0 },
		{ slideshow_with_a_sound_is_rendered, 0 },
		{ video_gets_its_sound, 0 },
		{ validation_looks_at_the_media_and_makes_nothing, 0 },
		{ validation_finds_what_only_the_bytes_tell, 0 },
		{ validation_without_a_runner_says_come_again, 0 },
		{ what_was_looked_at_is_swept, 0 },
		{ what_is_not_there_fails_the_post_with_the_reason, 0 },
		{ bytes_of_the_day_are_limited, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "posted",
		.before = before,
		.after = after,
		.setup = setup,
		.timeout_s = 300,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fixtures.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/random.h"

extern char **environ;

/* Fixtures are made before the first case runs, where libcheck's assertions have nobody to tell. */
#define NEED(claim) ((claim) ? (void)0 : give_up(#claim, __LINE__))

_Noreturn static void give_up(const char *claim, int line)
{
	fprintf(stderr, "fixtures.c:%d: %s does not hold\n", line, claim);
	abort();
}

struct recipe {
	const char *name;
	const char *source, *filter; /* lavfi source; NULL: made from another file */
};

static const struct recipe recipes[FIXTURES] = {
	[FIXTURE_JPEG] = { "square.jpg", "testsrc2=size=1080x1080:rate=1", NULL },
	[FIXTURE_JPEG_WIDE] = { "wide.jpg", "testsrc2=size=1080x608:rate=1", NULL },
	[FIXTURE_JPEG_TALL] = { "tall.jpg", "testsrc2=size=600x1200:rate=1", NULL },
	[FIXTURE_PNG] = { "square.png", "testsrc2=size=640x640:rate=1", NULL },
	[FIXTURE_VIDEO] = { "clip.mp4", "testsrc2=size=720x1280:rate=30", NULL },
	[FIXTURE_TEXT] = { "notes.txt", NULL, NULL },
	[FIXTURE_EMPTY] = { "empty.jpg", NULL, NULL },
	[FIXTURE_VIDEO_CUT] = { "cut.mp4", NULL, NULL },
	[FIXTURE_JPEG_CUT] = { "cut.jpg", NULL, NULL },
};

struct home {
	char folder[256];
	char paths[FIXTURES][300];
};

static struct home *home(void)
{
	static struct home here;
	const char *tmp = getenv("TMPDIR");

	if (!*here.folder) {
		snprintf(here.folder, sizeof(here.folder), "%s/carillon-fixtures-XXXXXX",
			 tmp ? tmp : "/tmp");
		NEED(mkdtemp(here.folder));
	}
	return &here;
}

static void run(const char *const *argv)
{
	posix_spawn_file_actions_t quiet;
	int status = 0;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	NEED(posix_spawnp(&pid, argv[0], &quiet, NULL, (char *const *)(uintptr_t)argv, environ) ==
	     0);
	posix_spawn_file_actions_destroy(&quiet);
	NEED(waitpid(pid, &status, 0) == pid);
	NEED(status == 0);
}

static void make_image(const char *source, const char *path)
{
	const char *const argv[] = { "ffmpeg", "-nostdin", "-v", "error", "-y",
				     "-f",     "lavfi",    "-i", source,  "-frames:v",
				     "1",      "-q:v",     "3",  path,    NULL };

	run(argv);
}

static void make_video(const char *source, const char *path)
{
	const char *const argv[] = { "ffmpeg",
				     "-nostdin",
				     "-v",
				     "error",
				     "-y",
				     "-f",
				     "lavfi",
				     "-i",
				     source,
				     "-f",
				     "lavfi",
				     "-i",
				     "sine=frequency=440:sample_rate=44100",
				     "-t",
				     "5",
				     "-c:v",
				     "libx264",
				     "-profile:v",
				     "high",
				     "-preset",
				     "veryfast",
				     "-pix_fmt",
				     "yuv420p",
				     "-g",
				     "60",
				     "-c:a",
				     "aac",
				     "-b:a",
				     "128k",
				     "-movflags",
				     "+faststart",
				     path,
				     NULL };

	run(argv);
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	NEED(f);
	NEED(fwrite(bytes, 1, n, f) == n);
	NEED(fclose(f) == 0);
}

static char *read_file(const char *path, size_t *ret_n)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "rb");
	size_t got;

	NEED(f);
	while ((got = fread(buf_reserve(&b, 65536), 1, 65536, f)) > 0)
		b.len += got;
	fclose(f);
	*ret_n = b.len;
	return b.p ? b.p : strdup("");
}

static void make_cut(enum fixture whole, const char *path)
{
	size_t n;
	char *bytes = read_file(fixture_path(whole), &n);

	write_file(path, bytes, n * 2 / 3);
	free(bytes);
}

static void make(enum fixture f, const char *path)
{
	static const char text[] = "This is a text, whatever its name says.\n";
	const char *source = recipes[f].source;

	if (f == FIXTURE_TEXT)
		write_file(path, text, sizeof(text) - 1);
	else if (f == FIXTURE_EMPTY)
		write_file(path, "", 0);
	else if (f == FIXTURE_VIDEO_CUT || f == FIXTURE_JPEG_CUT)
		make_cut(f == FIXTURE_VIDEO_CUT ? FIXTURE_VIDEO : FIXTURE_JPEG, path);
	else if (f == FIXTURE_VIDEO)
		make_video(source, path);
	else
		make_image(source, path);
}

const char *fixture_path(enum fixture f)
{
	struct home *h = home();
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	if (!*h->paths[f]) {
		buf_printf(&path, "%s/%s", h->folder, recipes[f].name);
		NEED(path.len < sizeof(h->paths[f]));
		memcpy(h->paths[f], path.p, path.len + 1);
		make(f, h->paths[f]);
	}
	return h->paths[f];
}

/* A comment segment right behind the start marker makes the bytes new and the picture the same. */
char *fixture_fresh_jpeg(void)
{
	char id[ID_MAX], *path = NULL, *bytes;
	struct buf out = BUF_INIT;
	size_t n, id_n;

	random_id(id, "jpg");
	id_n = strlen(id);
	NEED(asprintf(&path, "%s/%s.jpg", home()->folder, id) > 0);
	bytes = read_file(fixture_path(FIXTURE_JPEG), &n);
	buf_add(&out, bytes, 2);
	buf_add(&out, "\xff\xfe", 2);
	buf_addc(&out, 0);
	buf_addc(&out, (char)(id_n + 2));
	buf_add(&out, id, id_n);
	buf_add(&out, bytes + 2, n - 2);
	write_file(path, out.p, out.len);
	buf_done(&out);
	free(bytes);
	return path;
}

void fixtures_make(void)
{
	for (enum fixture f = 0; f < FIXTURES; f++)
		fixture_path(f);
}

void fixtures_done(void)
{
	const char *const argv[] = { "rm", "-rf", home()->folder, NULL };

	run(argv);
}

struct answer *fixture_upload(const char *token, const char *path, const char *filename)
{
	static const char mark[] = "carillon-test-boundary";
	struct buf body = BUF_INIT;
	struct answer *a;
	char *bytes, type[100];
	size_t n;

	bytes = read_file(path, &n);
	buf_printf(&body,
		   "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n",
		   mark, filename);
	buf_adds(&body, "Content-Type: application/octet-stream\r\n\r\n");
	buf_add(&body, bytes, n);
	buf_printf(&body,
		   "\r\n--%s\r\nContent-Disposition: form-data; name=\"alt_text\"\r\n\r\nA test "
		   "picture",
		   mark);
	buf_printf(&body, "\r\n--%s--\r\n", mark);
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%s", mark);
	a = client_send(&(struct call){ .method = "POST",
					.path = "/api/v1/media",
					.token = token,
					.body = body.p,
					.body_n = body.len,
					.content_type = type });
	free(bytes);
	buf_done(&body);
	return a;
}

char *fixture_media(const char *token, enum fixture f)
{
	CLEANUP(answer_free)
	struct answer *a = fixture_upload(token, fixture_path(f), recipes[f].name);

	ck_assert_msg(a->status == 201 || a->status == 200, "upload answered %ld: %s", a->status,
		      a->body);
	return strdup(answer_text(a, "id"));
}

char *fixture_fresh_media(const char *token)
{
	char *path = fixture_fresh_jpeg();
	CLEANUP(answer_free) struct answer *a = fixture_upload(token, path, "fresh.jpg");

	unlink(path);
	free(path);
	assert_status(a, 201);
	return strdup(answer_text(a, "id"));
}

void fixture_approve(const char *token, const char *content)
{
	static const char *const moves[] = { "submit", "approve" };
	char path[128];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/api/v1/content/%s/%s", content, moves[i]);
		CLEANUP(answer_free) struct answer *a = client_call("POST", path, token, NULL);

		assert_status(a, 200);
	}
}

char *fixture_approved(const char *token, const char *kind, const char *caption)
{
	bool is_video = strcmp(kind, "video") == 0;
	char *media = is_video ? fixture_media(token, FIXTURE_VIDEO) : fixture_fresh_media(token);
	CLEANUP(answer_free)
	struct answer *made = client_callf(
		"POST", "/api/v1/content", token,
		"{\"kind\":\"%s\",\"caption\":\"%s\",\"media\":[{\"media_id\":\"%s\"}]}", kind,
		caption, media);

	free(media);
	assert_status(made, 201);
	fixture_approve(token, answer_text(made, "id"));
	return strdup(answer_text(made, "id"));
}

static char *connected(const char *token)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("GET", "/api/v1/integrations/instagram", token, NULL);

	assert_status(a, 200);
	return answer_bool(a, "connected") ? strdup(answer_text(a, "account.id")) : NULL;
}

/* What a browser does: consent page, redirect, callback. Gives the last Location; caller frees. */
static char *walk(const char *url)
{
	struct buf auto_url = BUF_INIT;
	char *to;

	buf_printf(&auto_url, "%s&sandbox_auto=approve", url);
	for (int hop = 0; hop < 2; hop++) {
		CLEANUP(answer_free)
		struct answer *a = client_send(
			&(struct call){ .method = "GET", .path = "", .base = auto_url.p });
		const char *location = answer_header(a, "location");

		ck_assert_msg(location != NULL, "no redirect from %s: %ld %s", auto_url.p,
			      a->status, a->body);
		buf_clear(&auto_url);
		buf_adds(&auto_url, location);
	}
	to = buf_take(&auto_url);
	return to;
}

static void choose_first(const char *token, const char *location)
{
	const char *flow = strstr(location, "choose=");
	char path[200];

	if (!flow)
		return;
	flow += strlen("choose=");
	snprintf(path, sizeof(path), "/api/v1/integrations/instagram/candidates?flow=%s", flow);
	CLEANUP(answer_free) struct answer *list = client_call("GET", path, token, NULL);

	assert_status(list, 200);
	CLEANUP(answer_free)
	struct answer *done = client_callf("POST", "/api/v1/integrations/instagram/select", token,
					   "{\"flow\":\"%s\",\"remote_ids\":[\"%s\"]}", flow,
					   answer_text(list, "candidates.0.remote_id"));

	assert_status(done, 200);
}

char *fixture_account(const char *token)
{
	char *id = connected(token), *location;

	if (id)
		return id;
	CLEANUP(answer_free)
	struct answer *a = client_call(
		"GET", "/api/v1/integrations/instagram/auth-url?redirect=/settings", token, NULL);

	assert_status(a, 200);
	location = walk(answer_text(a, "url"));
	ck_assert_msg(!strstr(location, "error="), "connecting ended at %s", location);
	choose_first(token, location);
	free(location);
	id = connected(token);
	ck_assert_ptr_nonnull(id);
	return id;
}

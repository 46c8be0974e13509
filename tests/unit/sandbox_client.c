/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox_client.h"

#include <check.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture client; /* of the one test that this process runs */

static size_t answer_take(char *p, size_t one, size_t n, void *cls)
{
	buf_add(cls, p, one * n);
	return one * n;
}

void client_answer_done(struct answer *a)
{
	buf_done(&a->body);
	buf_done(&a->headers);
	json_decref(a->json);
}

struct answer client_perform(CURL *curl, const char *method, const char *url,
			     struct curl_slist *headers)
{
	struct answer a = { 0 };
	char *location = NULL;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &a.body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, answer_take);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &a.headers);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	a.curl = (int)curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a.status);
	curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
	snprintf(a.location, sizeof(a.location), "%s", location != NULL ? location : "");
	if (a.body.len > 0)
		a.json = json_loadb(a.body.p, a.body.len, JSON_DECODE_ANY, NULL);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return a;
}

struct answer client_ask(const char *method, const char *url, const char *form, const char *auth)
{
	struct curl_slist *headers = NULL;
	char line[512];
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 15000L);
	if (form != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
	snprintf(line, sizeof(line), "Authorization: Bearer %s",
		 auth != NULL ? auth : client.token);
	if (auth == NULL || auth[0] != '\0')
		headers = curl_slist_append(headers, line);
	if (form != NULL && (form[0] == '{' || form[0] == '['))
		headers = curl_slist_append(headers, "Content-Type: application/json");
	return client_perform(curl, method, url, headers);
}

const char *client_url(const char *fmt, ...)
{
	static char text[4][4096];
	static unsigned turn;
	char *p = text[turn++ % 4];
	int n = snprintf(p, 4096, "%s", client.sandbox->base_url);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p + n, 4096 - (size_t)n, fmt, ap);
	va_end(ap);
	return p;
}

const char *client_text(const struct answer *a, const char *name)
{
	const char *text = json_string_value(json_object_get(a->json, name));

	return text != NULL ? text : "";
}

int client_error(const struct answer *a, const char *name)
{
	return (int)json_integer_value(json_object_get(json_object_get(a->json, "error"), name));
}

void client_control(const char *path, const char *body)
{
	CLEANUP(client_answer_done)
	struct answer a = client_ask("POST", client_url("/_control/%s", path), body, "");

	ck_assert_msg(a.status / 100 == 2, "%s: %ld %s", path, a.status, buf_str(&a.body));
}

static void put32(struct buf *b, unsigned v)
{
	char p[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	buf_add(b, p, 4);
}

static void add_box(struct buf *to, const char *type, const void *body, size_t n)
{
	put32(to, (unsigned)n + 8);
	buf_add(to, type, 4);
	buf_add(to, body, n);
}

static void add_header(struct buf *to, const char *type, unsigned seconds)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;

	for (int i = 0; i < 3; i++)
		put32(&body, 0);
	put32(&body, 1000);
	put32(&body, seconds * 1000);
	put32(&body, 0);
	add_box(to, type, body.p, body.len);
}

/* A movie that has everything the platform looks at, and no picture. */
static void make_video(struct buf *out, unsigned seconds, unsigned width, unsigned height)
{
	CLEANUP(buf_done)
	struct buf entry = BUF_INIT, stbl = BUF_INIT, mdia = BUF_INIT, trak = BUF_INIT,
		   moov = BUF_INIT, tmp = BUF_INIT;
	char sample[78] = { 0 };

	sample[24] = (char)(width >> 8);
	sample[25] = (char)width;
	sample[26] = (char)(height >> 8);
	sample[27] = (char)height;
	put32(&entry, 0);
	put32(&entry, 1);
	add_box(&entry, "avc1", sample, sizeof(sample));
	add_box(&stbl, "stsd", entry.p, entry.len);
	for (unsigned i = 0; i < 4; i++)
		put32(&tmp, (const unsigned[]){ 0, 1, seconds * 30, 33 }[i]);
	add_box(&stbl, "stts", tmp.p, tmp.len);
	add_header(&mdia, "mdhd", seconds);
	add_box(&mdia, "hdlr", "\0\0\0\0\0\0\0\0vide\0\0\0\0", 16);
	buf_clear(&tmp);
	add_box(&tmp, "stbl", stbl.p, stbl.len);
	add_box(&mdia, "minf", tmp.p, tmp.len);
	add_box(&trak, "mdia", mdia.p, mdia.len);
	add_header(&moov, "mvhd", seconds);
	add_box(&moov, "trak", trak.p, trak.len);
	add_box(out, "ftyp", "isom\0\0\2\0", 8);
	add_box(out, "moov", moov.p, moov.len);
	add_box(out, "mdat", "0123456789", 10);
}

static void make_jpeg(struct buf *out, unsigned width, unsigned height, size_t bytes)
{
	const char frame[] = {
		(char)0xff, (char)0xd8,          (char)0xff,   (char)0xc0,         0,           17,
		8,          (char)(height >> 8), (char)height, (char)(width >> 8), (char)width, 3
	};

	buf_add(out, frame, sizeof(frame));
	while (out->len < bytes)
		buf_add(out, "0000000000000000", 16);
}

/* /jpg/<width>/<height>, /mp4/<seconds>/<width>/<height>, /big, /png, /moved, anything else 404 */
/* NOLINTNEXTLINE(readability-function-size,readability-non-const-parameter): the library's */
static enum MHD_Result media_serve(void *cls, struct MHD_Connection *conn, const char *path,
				   const char *method, const char *version, const char *data,
				   size_t *data_n, void **state)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	unsigned a = 0, b = 0, c = 0, status = 200;
	const char *type = "image/jpeg";
	struct MHD_Response *r;
	enum MHD_Result ok;

	(void)cls, (void)method, (void)version, (void)data, (void)data_n, (void)state;
	if (sscanf(path, "/jpg/%u/%u", &a, &b) == 2) {
		make_jpeg(&body, a, b, 4000);
	} else if (sscanf(path, "/mp4/%u/%u/%u", &a, &b, &c) == 3) {
		make_video(&body, a, b, c);
		type = "video/mp4";
	} else if (strcmp(path, "/big") == 0) {
		make_jpeg(&body, 1080, 1080, (8 << 20) + 16);
	} else if (strcmp(path, "/png") == 0) {
		buf_adds(&body, "\x89PNG\r\n\x1a\n not much of a picture");
		type = "image/png";
	} else {
		status = strcmp(path, "/moved") == 0 ? 302 : 404;
		buf_adds(&body, "no");
	}
	r = MHD_create_response_from_buffer(body.len, body.p, MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(r, "Content-Type", type);
	if (status == 302)
		MHD_add_response_header(r, "Location", "/jpg/1080/1080");
	ok = MHD_queue_response(conn, status, r);
	MHD_destroy_response(r);
	return ok;
}

const char *client_code(const char *location)
{
	static char code[512];
	const char *at = strstr(location, "code=");

	ck_assert_msg(at != NULL, "no code in %s", location);
	snprintf(code, sizeof(code), "%.*s", (int)strcspn(at + 5, "&#"), at + 5);
	return code;
}

struct answer client_dialog(const char *scopes, const char *more)
{
	return client_ask(
		"GET",
		client_url(
			"/instagram/v25.0/dialog/oauth?client_id=1234567890&redirect_uri=" REDIRECT
			"&state=s%%2F1%%2B%%20x&scope=%s&%s",
			scopes, more),
		NULL, "");
}

struct answer client_exchange(const char *code, const char *redirect)
{
	char form[2048];

	snprintf(form, sizeof(form),
		 "client_id=1234567890&client_secret=sandbox-secret&redirect_uri=%s"
		 "&code=%s",
		 redirect, code);
	return client_ask("POST", client_url("/instagram/v25.0/oauth/access_token"), form, "");
}

void client_connect(const char *scopes, const char *more)
{
	CLEANUP(client_answer_done) struct answer granted = client_dialog(scopes, more);
	CLEANUP(client_answer_done)
	struct answer brief = client_exchange(client_code(granted.location), REDIRECT);
	CLEANUP(client_answer_done)
	struct answer lasting = client_ask(
		"GET",
		client_url("/instagram/v25.0/oauth/access_token?grant_type=fb_exchange_token&"
			   "client_id=1234567890&client_secret=sandbox-secret&fb_exchange_token=%s",
			   client_text(&brief, "access_token")),
		NULL, "");

	snprintf(client.token, sizeof(client.token), "%s", client_text(&lasting, "access_token"));
	ck_assert_int_eq(strncmp(client.token, "EAAB", 4), 0);
}

void client_open(void)
{
	const union MHD_DaemonInfo *info;

	memset(&client, 0, sizeof(client));
	snprintf(client.folder, sizeof(client.folder), "/tmp/sandbox-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(client.folder));
	client.media = MHD_start_daemon(MHD_USE_EPOLL_INTERNALLY, 0, NULL, NULL, media_serve, NULL,
					MHD_OPTION_END);
	info = MHD_get_daemon_info(client.media, MHD_DAEMON_INFO_BIND_PORT);
	snprintf(client.media_url, sizeof(client.media_url), "http://127.0.0.1:%u", info->port);
}

void client_greet(void)
{
	client_control("config",
		       "{\"image_delay_ms\":0,\"video_delay_ms\":0,\"listing_lag_ms\":0}");
	client_connect(SCOPES, "sandbox_auto=approve");
}

void client_setup(void)
{
	client_open();
	ck_assert_int_eq(sandbox_server_start("127.0.0.1:0", client.folder, "", &client.sandbox),
			 0);
	client_greet();
}

void client_teardown(void)
{
	sandbox_server_stop(client.sandbox);
	client_close();
}

void client_close(void)
{
	static const char *const kept[] = { "truth.log", "state.json" };
	char path[128];

	MHD_stop_daemon(client.media);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		snprintf(path, sizeof(path), "%s/%s", client.folder, kept[i]);
		unlink(path);
	}
	ck_assert_int_eq(rmdir(client.folder), 0); /* nothing else may be left behind */
}

struct answer client_create(const char *account, const char *form)
{
	char full[8192];
	const char *at = strstr(form, "@/");

	/* "@" stands for the media server. */
	if (at == NULL)
		snprintf(full, sizeof(full), "%s", form);
	else
		snprintf(full, sizeof(full), "%.*s%s%s", (int)(at - form), form, client.media_url,
			 at + 1);
	return client_ask("POST", client_url("/instagram/v25.0/%s/media", account), full, NULL);
}

const char *client_created(const char *form)
{
	static char ids[16][32];
	static unsigned turn;
	CLEANUP(client_answer_done) struct answer a = client_create(IG, form);
	char *id = ids[turn++ % 16];

	ck_assert_msg(a.status == 200, "%s: %s", form, buf_str(&a.body));
	snprintf(id, 32, "%s", client_text(&a, "id"));
	ck_assert_uint_eq(strlen(id), 17);
	return id;
}

struct answer client_publish(const char *container)
{
	char form[64];

	snprintf(form, sizeof(form), "creation_id=%s", container);
	return client_ask("POST", client_url("/instagram/v25.0/" IG "/media_publish"), form, NULL);
}

struct answer client_node(const char *id, const char *fields)
{
	return client_ask("GET", client_url("/instagram/v25.0/%s?fields=%s", id, fields), NULL,
			  NULL);
}

void client_wait(const char *container, const char *wanted)
{
	for (int i = 0; i < 100; i++) {
		CLEANUP(client_answer_done) struct answer a = client_node(container, "status_code");

		if (strcmp(client_text(&a, "status_code"), wanted) == 0)
			return;
		usleep(50000);
	}
	ck_abort_msg("container %s never became %s", container, wanted);
}

size_t client_truth(const char *with)
{
	char path[128], line[8192];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/truth.log", client.folder);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL)
		n += strstr(line, with) != NULL;
	fclose(file);
	return n;
}

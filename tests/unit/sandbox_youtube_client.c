/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox_youtube_client.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"

char yt_token[512];

void yt_upload_done(struct yt_upload *u)
{
	buf_done(&u->file);
}

static struct curl_slist *header_list(const char *token, const char *const *headers)
{
	struct curl_slist *list = NULL;
	char line[600];

	if (token[0] != '\0') {
		snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
		list = curl_slist_append(list, line);
	}
	list = curl_slist_append(list, "Expect:");
	for (; headers != NULL && *headers != NULL; headers++)
		list = curl_slist_append(list, *headers);
	return list;
}

struct answer yt_send(const char *method, const char *url, const char *token,
		      const char *const *headers, const void *body, size_t n)
{
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
	if (body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
	return client_perform(curl, method, url, header_list(token, headers));
}

static void tell(const char *what, const char *members)
{
	char text[400];

	snprintf(text, sizeof(text), "{\"platform\":\"youtube\",%s}", members);
	client_control(what, text);
}

void yt_fault(const char *members)
{
	tell("faults", members);
}

void yt_world(const char *members)
{
	tell("world", members);
}

void yt_setup(void)
{
	client_setup();
	CLEANUP(client_answer_done)
	struct answer a = yt_connect(YT_ALL, YT_LASTING);

	ck_assert_int_eq((int)a.status, 200);
}

void yt_teardown(void)
{
	yt_world("\"end_sessions\":true");
	client_teardown();
}

struct answer yt_dialog(const char *scopes, const char *more)
{
	return client_ask("GET",
			  client_url("/youtube/o/oauth2/v2/auth?client_id=1234567890&response_type="
				     "code&redirect_uri=%s&scope=%s&state=s1&%s",
				     YT_REDIRECT, scopes, more),
			  NULL, "");
}

struct answer yt_token_call(const char *form)
{
	char full[2048];

	snprintf(full, sizeof(full), "%s&client_id=1234567890&client_secret=sandbox-secret", form);
	return client_ask("POST", client_url("/youtube/token"), full, "");
}

struct answer yt_exchange(const char *code, const char *more)
{
	char form[1500];

	snprintf(form, sizeof(form), "grant_type=authorization_code&redirect_uri=%s&code=%s&%s",
		 YT_REDIRECT, code, more);
	return yt_token_call(form);
}

struct answer yt_connect(const char *scopes, const char *more)
{
	CLEANUP(client_answer_done) struct answer granted = yt_dialog(scopes, more);
	struct answer a = yt_exchange(client_code(granted.location), "");

	snprintf(yt_token, sizeof(yt_token), "%s", client_text(&a, "access_token"));
	return a;
}

struct answer yt_get(const char *path_and_query)
{
	return yt_send("GET", client_url("/youtube/youtube/v3/%s", path_and_query), yt_token, NULL,
		       NULL, 0);
}

const char *yt_reason(const struct answer *a)
{
	const json_t *rows = json_object_get(json_object_get(a->json, "error"), "errors");
	const char *reason = json_string_value(json_object_get(json_array_get(rows, 0), "reason"));

	return reason != NULL ? reason : "";
}

const json_t *yt_item(const struct answer *a, size_t i)
{
	return json_array_get(json_object_get(a->json, "items"), i);
}

const char *yt_member(const json_t *of, const char *path)
{
	const char *dot = strchr(path, '.'), *text;
	char name[64];

	if (dot != NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		return yt_member(json_object_get(of, name), dot + 1);
	}
	text = json_string_value(json_object_get(of, path));
	return text != NULL ? text : "";
}

struct answer yt_open(const char *query, size_t bytes, const char *json)
{
	char length[64];
	const char *headers[] = { "Content-Type: application/json; charset=UTF-8", length,
				  "X-Upload-Content-Type: video/mp4", NULL };

	snprintf(length, sizeof(length), "X-Upload-Content-Length: %zu", bytes);
	return yt_send("POST", client_url("/youtube/upload/youtube/v3/videos?%s", query), yt_token,
		       headers, json, strlen(json));
}

static void header_of(const struct answer *a, const char *name, char *ret, size_t size)
{
	const char *at = strcasestr(buf_str(&a->headers), name);

	ret[0] = '\0';
	if (at != NULL)
		snprintf(ret, size, "%.*s", (int)strcspn(at + strlen(name), "\r\n"),
			 at + strlen(name));
}

struct yt_upload yt_begin(const char *json, size_t bytes)
{
	CLEANUP(client_answer_done)
	struct answer a = yt_open("uploadType=resumable&part=snippet,status", bytes, json);
	struct yt_upload u = { .file = BUF_INIT };
	static unsigned turn;

	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	header_of(&a, "\r\nLocation: ", u.url, sizeof(u.url));
	ck_assert_str_ne(u.url, "");
	buf_add(&u.file, "\0\0\0\030ftypisom", 12);
	buf_printf(&u.file, "%u", turn++);
	while (u.file.len < bytes)
		buf_addc(&u.file, (char)('a' + u.file.len * 7 % 251 % 26));
	return u;
}

struct answer yt_put(const struct yt_upload *u, size_t first, size_t last)
{
	char range[96];
	const char *headers[] = { "Content-Type: video/mp4", range, NULL };

	if (last == 0)
		headers[1] = NULL;
	snprintf(range, sizeof(range), "Content-Range: bytes %zu-%zu/%zu", first, last,
		 u->file.len);
	return yt_send("PUT", u->url, yt_token, headers, u->file.p + first,
		       (last == 0 ? u->file.len : last + 1) - first);
}

struct answer yt_query(const struct yt_upload *u)
{
	char range[96];
	const char *headers[] = { range, NULL };

	snprintf(range, sizeof(range), "Content-Range: bytes */%zu", u->file.len);
	return yt_send("PUT", u->url, yt_token, headers, "", 0);
}

const char *yt_range(const struct answer *a)
{
	static char range[96];

	header_of(a, "\r\nRange: ", range, sizeof(range));
	return range;
}

const char *yt_published(const char *json, size_t bytes)
{
	static char ids[16][16];
	static unsigned turn;
	char *id = ids[turn++ % 16];
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(json, bytes);
	CLEANUP(client_answer_done) struct answer a = yt_put(&u, 0, 0);

	ck_assert_msg(a.status == 201, "%ld %s", a.status, buf_str(&a.body));
	snprintf(id, 16, "%s", client_text(&a, "id"));
	ck_assert_uint_eq(strlen(id), 11);
	return id;
}

void yt_file_sha256(const struct yt_upload *u, char ret[static 65])
{
	uint8_t hash[SHA256_BYTES];

	digest_sha256(u->file.p, u->file.len, hash);
	digest_hex(hash, sizeof(hash), ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_youtube_client - what the tests of the sandbox's YouTube share
 * One connection a test process; yt_setup() and yt_teardown() are its checked fixture.
 */
#ifndef CARILLON_TESTS_SANDBOX_YOUTUBE_CLIENT_H
#define CARILLON_TESTS_SANDBOX_YOUTUBE_CLIENT_H

#include "sandbox_client.h"

#define YT_REDIRECT     "https%3A%2F%2F127.0.0.1%3A8443%2Fapi%2Fv1%2Fintegrations%2Fyoutube%2Fcallback"
#define YT_SCOPE_PREFIX "https%3A%2F%2Fwww.googleapis.com%2Fauth%2F"
#define YT_SCOPE_UPLOAD YT_SCOPE_PREFIX "youtube.upload"
#define YT_SCOPE_READ   YT_SCOPE_PREFIX "youtube.readonly"
#define YT_SCOPE_EDIT   YT_SCOPE_PREFIX "youtube.force-ssl"
#define YT_ALL          YT_SCOPE_UPLOAD "%20" YT_SCOPE_READ "%20" YT_SCOPE_EDIT
#define YT_LASTING      "access_type=offline&prompt=consent&sandbox_auto=approve"
#define YT_STUDIO       "UCAcmeStudio000000000002"
#define YT_NOBODY       "108213344556677889903"
#define YT_META(title, status) \
	"{\"snippet\":{\"title\":\"" title "\",\"description\":\"d\"},\"status\":" status "}"

extern char yt_token[512]; /* access token of the connection */

struct yt_upload { /* one session and the file that goes through it */
	char url[1024];
	struct buf file;
};

void yt_upload_done(struct yt_upload *u);
DEFINE_CLEANUP_VALUE(struct yt_upload, yt_upload_done);

void yt_setup(void);
void yt_teardown(void);
/* Plans a fault, changes the world: the members but for the platform. */
void yt_fault(const char *members);
void yt_world(const char *members);
struct answer yt_dialog(const char *scopes, const char *more);
struct answer yt_token_call(const char *form); /* client and secret are added */
struct answer yt_exchange(const char *code, const char *more);
/* Connects and keeps the access token; the answer of the token endpoint. */
struct answer yt_connect(const char *scopes, const char *more);
/* headers: a NULL-terminated list of lines, or NULL; token "": none */
struct answer yt_send(const char *method, const char *url, const char *token,
		      const char *const *headers, const void *body, size_t n);
struct answer yt_get(const char *path_and_query);
const char *yt_reason(const struct answer *a); /* error.errors[0].reason, "" none */
const json_t *yt_item(const struct answer *a, size_t i);
/* "status.privacyStatus" of an object; "" absent or no text */
const char *yt_member(const json_t *of, const char *path);
struct answer yt_open(const char *query, size_t bytes, const char *json);
/* A file of so many bytes that looks like a film, and a session for it. */
struct yt_upload yt_begin(const char *json, size_t bytes);
/* The bytes first..last of the file; whole without Content-Range: last 0. */
struct answer yt_put(const struct yt_upload *u, size_t first, size_t last);
struct answer yt_query(const struct yt_upload *u);
const char *yt_range(const struct answer *a); /* the Range header, "" none */
/* Uploads it whole; its id. */
const char *yt_published(const char *json, size_t bytes);
void yt_file_sha256(const struct yt_upload *u, char ret[static 65]);

#endif

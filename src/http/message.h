/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message - a request and a reply of our own API as plain values
 * Layer http. Both live in the request's arena. Handlers see plain structs only, so unit tests and
 * fuzzers need no socket.
 */
#ifndef CARILLON_HTTP_MESSAGE_H
#define CARILLON_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/problem.h"
#include "json/emit.h"

enum http_method { /* 0: a method that we know nothing of */
		   HTTP_GET = 1,
		   HTTP_POST = 2,
		   HTTP_PATCH = 4,
		   HTTP_PUT = 8,
		   HTTP_DELETE = 16,
		   HTTP_HEAD = 32,
		   HTTP_OPTIONS = 64,
};

#define REQUEST_PARAMS_MAX 4
#define REQUEST_QUERY_MAX  32

struct name_value {
	const char *name, *value;
};

struct principal;
struct route;

/* What the transport hands over; the router makes the rest of the request of it. */
struct request_raw {
	const char *document_uri, *request_uri, *query_string; /* NULL: "" */
	enum problem_kind refusal; /* found while reading: too large, duplicates */
	const char *refusal_detail;
};

struct request {
	struct app *app;
	struct arena *arena;
	struct request_raw raw;
	enum http_method method;
	const char *path; /* canonical, decoded, without query; NULL: refused */
	const char *request_id;
	const char *remote_addr;
	struct name_value *headers; /* lower-case names with '-', in order, duplicates kept */
	size_t headers_n;
	struct name_value query[REQUEST_QUERY_MAX]; /* decoded */
	size_t query_n;
	const char *body; /* raw bytes */
	size_t body_n;
	const char *body_file; /* upload spooled by nginx; NULL otherwise */
	const struct route *route;
	const char *params[REQUEST_PARAMS_MAX]; /* {id} segments in order */
	const void *in;                         /* body bound by the route's schema */
	const struct principal *principal;      /* NULL on open routes */
	const char *idempotency_key; /* of a POST or PATCH, without quotes; NULL: none came */
	const char *resumes; /* what an earlier run of the very same request had begun; NULL none */
	void *run;           /* of the hook that runs it; see api/idempotency.h */
	const char *rate_policy, *rate_left; /* headers of a caller under limits; NULL: none */
	/* Ends this request towards the client now; the handler goes on working afterwards. */
	void (*finish_early)(struct request *req);
	void *transport;
};

struct reply {
	int status; /* 0: the route's ok status */
	struct buf body;
	const char *content_type; /* NULL: application/json */
	struct name_value headers[16];
	size_t headers_n;
	int64_t version;  /* > 0: ETag "version" */
	struct emit emit; /* writes into body; ready for use in a handler */
};

const char *request_header(const struct request *req, const char *name); /* first; NULL absent */
size_t request_header_count(const struct request *req, const char *name);
const char *request_query(const struct request *req, const char *name); /* NULL absent */
#define IDEMPOTENCY_KEY_MAX 255
/* The Idempotency-Key without its quotes, NULL when there is none; PROBLEM_BAD_REQUEST. */
int request_idempotency_key(const struct request *req, const char **ret, struct problem *reterr);
/* If-Match as a version: 0 absent or "*"; -1 with PROBLEM_VERSION when it can never match. */
int request_if_match(const struct request *req, int64_t *ret_version, struct problem *reterr);
/* Prefer: wait=N in seconds, fallback when absent, clamped to 0..most */
int request_prefer_wait_s(const struct request *req, int fallback, int most);
void reply_header(struct reply *r, struct arena *a, const char *name, const char *value_fmt, ...)
	__attribute__((format(printf, 4, 5)));

enum http_method http_method_parse(const char *name); /* 0 unknown */
const char *http_method_name(enum http_method method);
/* "GET, HEAD, OPTIONS" for a mask of methods */
const char *http_methods_print(struct arena *a, unsigned mask);

/* Decodes raw.query_string into query; PROBLEM_BAD_REQUEST for broken escapes, NUL, bad UTF-8. */
int request_read_query(struct request *req, struct problem *reterr);
/* The client's own X-Request-Id if it has the right shape, else req_ + ULID. */
const char *request_choose_id(struct arena *a, const char *proposed);
/* Whether Content-Type names JSON (UTF-8, when it says a charset at all). */
bool request_is_json(const struct request *req);
/* Whether it names JSON Lines, in one of the words for it. */
bool request_is_lines(const struct request *req);

/* Empties a reply for the next request, keeping its memory. */
void reply_reset(struct reply *r);
/*
 * Completes status and the headers that every answer carries: request id, no-store, ETag, CORS for
 * configured origins; If-None-Match turns a GET into 304. Harmless when repeated.
 */
void reply_finish(const struct request *req, struct reply *r);
/* Status line and headers as CGI wants them, then the body (not for HEAD, 204 and 304). */
void reply_print(const struct request *req, const struct reply *r, struct buf *out);

#endif

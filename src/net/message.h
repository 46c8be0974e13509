/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message - an outgoing request and its reply as plain values; pure, no I/O
 * Layer net. Requests are built in an arena. URLs and forms are composed here only, never glued
 * by hand. Header values and form values flagged secret are never logged.
 */
#ifndef CARILLON_NET_MESSAGE_H
#define CARILLON_NET_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum http_verb { VERB_GET, VERB_POST, VERB_PUT, VERB_DELETE, VERB_PATCH };

enum body_kind { BODY_NONE, BODY_BYTES, BODY_FILE, BODY_MULTIPART, BODY_PIECES };

struct http_header {
	const char *name, *value;
	struct http_header *next;
};

struct http_part {                                /* multipart/form-data, in order */
	const char *name, *value;                 /* a field, or */
	const char *file_path, *file_name, *mime; /* a file (slice) */
	int64_t offset, bytes;                    /* of the file; bytes -1: to its end */
	struct http_part *next;
};

struct http_piece { /* a text, or the base64 of a file: JSON around bytes that stay on disk */
	const char *text;
	const char *file_path;
	int64_t bytes; /* of the file; -1: to its end */
	struct http_piece *next;
};

struct http_request {
	struct arena *arena;
	enum http_verb verb;
	const char *url; /* absolute */
	struct http_header *headers;
	enum body_kind body;
	const char *bytes; /* BODY_BYTES */
	size_t bytes_n;
	const char *path; /* BODY_FILE: streamed, constant memory */
	int64_t offset, length;
	struct http_part *parts;   /* BODY_MULTIPART */
	struct http_piece *pieces; /* BODY_PIECES: streamed one after another */
	int timeout_ms;            /* 0: the client's default for the phase */
	int64_t reply_max_bytes;   /* 0: 1 MiB */
	/* NULL, or where the body of a 2xx reply goes instead of into memory; -1 ends the transfer */
	int (*sink)(void *arg, const void *p, size_t n);
	void *sink_arg;
	/* Its host was named by a person: the policy of users' URLs holds, whatever the class. */
	bool is_to_users_host;
	bool is_once; /* of a repeatable call too: the transport must not send it again by itself */
	const char *label; /* for logs and throttles, e.g. "ig.media_publish" */
};

enum transfer {                    /* how far a transfer came: what may have left this machine */
		TRANSFER_REPLIED,  /* a whole HTTP reply */
		TRANSFER_NOT_SENT, /* resolve, connect, TLS or deadline: no request byte left */
		TRANSFER_BROKEN, /* bytes left, no whole reply: reset, time-out, truncation, too large */
};

struct http_reply {
	enum transfer transfer;
	const char *failure; /* human words when not REPLIED, e.g. "timed out" */
	int status;
	struct buf body;    /* at most reply_max_bytes; empty when it went to the sink */
	int64_t body_bytes; /* received, here or there */
	struct buf headers; /* raw lines; read with http_reply_header */
	bool timed_out;
	bool is_forbidden;        /* the address policy said no: not a byte was sent */
	bool is_too_large;        /* more than reply_max_bytes, announced or come */
	int64_t sent_us, done_us; /* boot clock */
};

struct http_request *http_request_new(struct arena *a, enum http_verb verb, const char *label);
/* base without trailing slash; path starts with '/', its segments already safe. */
void http_request_url(struct http_request *r, const char *base, const char *path_fmt, ...)
	__attribute__((format(printf, 3, 4)));
void http_request_query(struct http_request *r, const char *name,
			const char *value); /* NULL value: skipped */
void http_request_header(struct http_request *r, const char *name, const char *value_fmt, ...)
	__attribute__((format(printf, 3, 4)));
void http_request_bearer(struct http_request *r, const char *token);
void http_request_basic(struct http_request *r, const char *user, const char *password);
void http_request_form(struct http_request *r, const char *name,
		       const char *value);                    /* NULL: skipped */
void http_request_json(struct http_request *r, json_t *take); /* steals the reference */
void http_request_file(struct http_request *r, const char *path, int64_t offset, int64_t length,
		       const char *mime);
void http_request_part(struct http_request *r, const char *name, const char *value);
/* what: file_path, file_name, mime, offset, bytes */
void http_request_part_file(struct http_request *r, const char *name, const struct http_part *what);
/* The Content-Type is the caller's. */
void http_request_piece(struct http_request *r, const char *text);
void http_request_piece_base64(struct http_request *r, const char *path, int64_t bytes);

/* Case-insensitive; last wins; NULL absent. The text lives in the arena. */
const char *http_reply_header(const struct http_reply *p, struct arena *a, const char *name);
/* Body as JSON, or NULL (not JSON, duplicate keys, too deep). The caller owns it: json_decref. */
json_t *http_reply_json(const struct http_reply *p);
/* Seconds to wait from Retry-After (number or date), clamped to 0..86400; -1: none. */
int64_t http_reply_retry_after_s(const struct http_reply *p, int64_t now_us);
/* When the server says that it answered (Date); INSTANT_NONE: it does not. */
int64_t http_reply_date_us(const struct http_reply *p);
void http_reply_done(struct http_reply *p);

/* Percent-encoding of everything outside RFC 3986 unreserved. */
const char *url_encode(struct arena *a, const char *s);
/* value of `name` in the query of an URL, decoded; NULL absent */
const char *url_query_get(struct arena *a, const char *url, const char *name);

#endif

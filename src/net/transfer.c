/* SPDX-License-Identifier: Apache-2.0 */
#include "net/transfer.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/fp.h"
#include "net/pieces.h"
#include "net/slice.h"

#define REPLY_MAX_BYTES    (1LL << 20)
#define REFUSAL_MAX_BYTES  (1LL << 16) /* of a reply that is not what the sink waits for */
#define HEADERS_MAX_BYTES  ((size_t)65536)
#define HOST_MAX           253
#define USER_CONNECT_MS    5000L
#define USER_SLOW_BYTES    1000L
#define USER_SLOW_S        20L
#define FIRE_ACK_MS        15000U
#define CA_CACHE_S         86400L
/* The least that libcurl allows; it takes 64 KiB by itself. */
#define SMALL_UPLOAD_BYTES 16384L
/* Answers of an API are no longer as a rule; a longer one takes more reads. */
#define SMALL_REPLY_BYTES  4096L

static const char not_allowed[] = "the address is not allowed";
static const char too_late[] = "the send deadline passed";
static const char too_large[] = "the reply is too large";
static const char not_wanted[] = "the receiver of the reply gave up";

static const char *const verb_names[] = {
	[VERB_GET] = "GET",       [VERB_POST] = "POST",   [VERB_PUT] = "PUT",
	[VERB_DELETE] = "DELETE", [VERB_PATCH] = "PATCH",
};

struct transfer_handle *transfer_new(enum net_class class, const struct http_request *req,
				     const struct transfer_limits *limits)
{
	struct transfer_handle *t = alloc_zero(sizeof(*t));

	t->class = class;
	t->req = req;
	t->limits = limits;
	return t;
}

void transfer_free(struct transfer_handle *t)
{
	if (!t)
		return;
	curl_easy_cleanup(t->easy); /* first: it may still look at the rest */
	curl_mime_free(t->mime);
	curl_slist_free_all(t->headers);
	curl_url_cleanup(t->url);
	slice_free(t->file);
	pieces_free(t->pieces);
	http_reply_done(&t->reply);
	free(t);
}

static int transfer_fail(struct transfer_handle *t, const char *failure)
{
	t->failure = failure;
	return -1;
}

static int transfer_forbid(struct transfer_handle *t)
{
	t->reply.is_forbidden = true;
	return transfer_fail(t, not_allowed);
}

/* Whether users chose where it goes. */
static bool is_policed(const struct transfer_handle *t)
{
	return t->class == NET_USER || t->req->is_to_users_host;
}

/* ---- callbacks ---- */

static curl_socket_t transfer_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer_handle *t = arg;

	(void)purpose;
	if (is_policed(t) && !BUG(address_unchecked) &&
	    !address_is_allowed(&to->addr, &t->limits->allow)) {
		transfer_forbid(t);
		return CURL_SOCKET_BAD;
	}
	t->reply.is_forbidden = false;
	t->failure = NULL; /* another address of the same name was refused, this one is tried */
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/*
 * Bytes queued in the kernel outlive the process: with linger 0 its death drops them, and
 * unacknowledged ones are given up after 15 s, so nothing arrives long after the deadline.
 */
static int fire_socket_options(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const struct linger drop = { .l_onoff = 1, .l_linger = 0 };
	const unsigned ack_ms = FIRE_ACK_MS;

	(void)arg;
	(void)purpose;
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &drop, sizeof(drop)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ack_ms, sizeof(ack_ms)) < 0)
		return CURL_SOCKOPT_ERROR;
	return CURL_SOCKOPT_OK;
}

/* Connected, TLS done, not a byte of the request written: the last moment to say no. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int transfer_prereq(void *arg, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
	struct transfer_handle *t = arg;
	int64_t now_us;

	(void)own_ip;
	(void)own_port;
	if (is_policed(t) &&
	    !address_text_is_allowed(peer_ip, (unsigned)peer_port, &t->limits->allow)) {
		transfer_forbid(t);
		return CURL_PREREQFUNC_ABORT;
	}
	if (t->class == NET_FIRE && FP(F14_before_prereq) < 0)
		return CURL_PREREQFUNC_ABORT;
	now_us = clock_boot_us();
	if (t->class == NET_FIRE && now_us >= t->give_up_us) {
		t->failure = too_late;
		return CURL_PREREQFUNC_ABORT;
	}
	t->may_have_left = true;
	t->reply.sent_us = now_us;
	return CURL_PREREQFUNC_OK;
}

static bool fire_is_whole(struct transfer_handle *t, curl_off_t total, curl_off_t sent)
{
	long head_bytes = 0;

	if (!t->may_have_left)
		return false;
	if (t->has_body)
		return total > 0 && sent >= total;
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &head_bytes);
	return head_bytes > 0;
}

/* Tells the watchdog's phase: from the whole request on, only the reply is waited for. */
static int fire_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
			 curl_off_t up)
{
	struct transfer_handle *t = arg;

	(void)down_total;
	(void)down;
	if (t->is_sent_whole)
		return 0;
	if (t->may_have_left && up > 0 && up < up_total && FP(F15_half_sent) < 0)
		return 1;
	if (!fire_is_whole(t, up_total, up))
		return 0;
	t->is_sent_whole = true;
	t->is_moved = true;
	return FP(F16_sent_whole) < 0;
}

/* Interim replies (1xx) and the final one arrive here in turn: only the last block is kept. */
static size_t reply_header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer_handle *t = arg;
	size_t len = size * count;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		buf_clear(&t->reply.headers);
		t->is_head_whole = false;
	}
	if (len > 0 && (line[0] == '\r' || line[0] == '\n'))
		t->is_head_whole = true;
	if (len > HEADERS_MAX_BYTES - t->reply.headers.len) {
		t->failure = too_large;
		return 0;
	}
	buf_add(&t->reply.headers, line, len);
	return len;
}

static bool reply_goes_to_sink(struct transfer_handle *t)
{
	long status = 0;

	if (!t->req->sink)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status / 100 == 2;
}

/* What a sink would take is as large as files are; what it does not take lands in memory. */
static int64_t reply_most(const struct transfer_handle *t, bool is_sunk)
{
	if (t->req->sink && !is_sunk)
		return REFUSAL_MAX_BYTES;
	return t->req->reply_max_bytes > 0 ? t->req->reply_max_bytes : REPLY_MAX_BYTES;
}

static size_t reply_body(char *p, size_t size, size_t count, void *arg)
{
	struct transfer_handle *t = arg;
	const bool is_sunk = reply_goes_to_sink(t);
	size_t len = size * count;

	if ((int64_t)len > reply_most(t, is_sunk) - t->reply.body_bytes) {
		t->failure = too_large;
		t->reply.is_too_large = true;
		return 0;
	}
	t->reply.body_bytes += (int64_t)len;
	if (!is_sunk) {
		buf_add(&t->reply.body, p, len);
		return len;
	}
	if (t->req->sink(t->req->sink_arg, p, len) < 0) {
		t->failure = not_wanted;
		return 0;
	}
	return len;
}

/* ---- options ---- */

/* clang-format off */
static const struct {
	CURLoption option;
	long value;
} common_options[] = {
	{ CURLOPT_NOSIGNAL,              1 },
	{ CURLOPT_FOLLOWLOCATION,        0 },
	{ CURLOPT_HTTP_VERSION,          (long)CURL_HTTP_VERSION_1_1 },
	{ CURLOPT_HTTP09_ALLOWED,        0 },
	{ CURLOPT_HTTP_CONTENT_DECODING, 0 }, /* a small reply must not unfold into a large one */
	{ CURLOPT_NETRC,                 (long)CURL_NETRC_IGNORED },
	{ CURLOPT_SSL_VERIFYPEER,        1 },
	{ CURLOPT_SSL_VERIFYHOST,        2 },
	{ CURLOPT_SSLVERSION,            (long)CURL_SSLVERSION_TLSv1_2 },
	{ CURLOPT_CA_CACHE_TIMEOUT,      CA_CACHE_S },
}, single_use_options[] = { /* a kept connection that dies makes libcurl send again by itself */
	{ CURLOPT_FRESH_CONNECT,         1 },
	{ CURLOPT_FORBID_REUSE,          1 },
}, user_options[] = {
	{ CURLOPT_DNS_CACHE_TIMEOUT,     0 },
	{ CURLOPT_LOW_SPEED_LIMIT,       USER_SLOW_BYTES },
	{ CURLOPT_LOW_SPEED_TIME,        USER_SLOW_S },
};
/* clang-format on */

#define SET(t, option, value) ((void)curl_easy_setopt((t)->easy, (option), (value)))
#define SET_ALL(t, rows)                                             \
	do {                                                         \
		for (size_t i_ = 0; i_ < ARRAY_LEN(rows); i_++)      \
			SET(t, (rows)[i_].option, (rows)[i_].value); \
	} while (0)

static void options_common(struct transfer_handle *t)
{
	SET_ALL(t, common_options);
	SET(t, CURLOPT_PROXY, "");
	SET(t, CURLOPT_NOPROXY, "*");
	SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(t, CURLOPT_USERAGENT, "Carillon");
	SET(t, CURLOPT_CAINFO, t->limits->ca_file);
	SET(t, CURLOPT_CAPATH, NULL); /* the default folder would be read anew each time */
	SET(t, CURLOPT_PRIVATE, t);
	SET(t, CURLOPT_CURLU, t->url);
	SET(t, CURLOPT_CUSTOMREQUEST, verb_names[t->req->verb]);
	SET(t, CURLOPT_OPENSOCKETFUNCTION, transfer_socket);
	SET(t, CURLOPT_OPENSOCKETDATA, t);
	SET(t, CURLOPT_PREREQFUNCTION, transfer_prereq);
	SET(t, CURLOPT_PREREQDATA, t);
	SET(t, CURLOPT_HEADERFUNCTION, reply_header);
	SET(t, CURLOPT_HEADERDATA, t);
	SET(t, CURLOPT_WRITEFUNCTION, reply_body);
	SET(t, CURLOPT_WRITEDATA, t);
}

static void options_times(struct transfer_handle *t)
{
	const struct transfer_limits *l = t->limits;
	long connect_ms = l->connect_timeout_ms;
	long whole_ms = t->class == NET_FIRE ? l->fire_timeout_ms : l->stage_timeout_ms;

	if (is_policed(t) && connect_ms > USER_CONNECT_MS)
		connect_ms = USER_CONNECT_MS;
	if (t->req->timeout_ms > 0)
		whole_ms = t->req->timeout_ms;
	SET(t, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	SET(t, CURLOPT_TIMEOUT_MS, whole_ms);
}

static bool has_file(const struct http_request *r)
{
	bool has = r->body == BODY_FILE || r->body == BODY_PIECES;

	for (const struct http_part *part = r->parts; part; part = part->next)
		has |= part->file_path != NULL;
	return has;
}

/* What TLS is given is copied; each of a thousand calls would have room for a piece of a video. */
static void options_size(struct transfer_handle *t)
{
	if (!has_file(t->req))
		SET(t, CURLOPT_UPLOAD_BUFFERSIZE, SMALL_UPLOAD_BYTES);
	if (!t->req->sink)
		SET(t, CURLOPT_BUFFERSIZE, SMALL_REPLY_BYTES);
}

/*
 * Bytes of files would be sent twice without a word, and past a seek that the server may have seen
 * the first half of; their callers count what arrived.
 */
static bool is_single_use(const struct http_request *r)
{
	return has_file(r) || r->is_once;
}

static void options_class(struct transfer_handle *t)
{
	switch (t->class) {
	case NET_REPEATABLE:
		SET(t, CURLOPT_SHARE, t->limits->tls_sessions);
		if (is_single_use(t->req))
			SET_ALL(t, single_use_options);
		break;
	case NET_FIRE:
		if (!BUG(connection_reused))
			SET_ALL(t, single_use_options);
		SET(t, CURLOPT_SHARE, t->limits->tls_sessions);
		SET(t, CURLOPT_SOCKOPTFUNCTION, fire_socket_options);
		SET(t, CURLOPT_NOPROGRESS, 0L);
		SET(t, CURLOPT_XFERINFOFUNCTION, fire_progress);
		SET(t, CURLOPT_XFERINFODATA, t);
		break;
	case NET_USER: /* shares nothing: one workspace must not see another's traces */
		SET_ALL(t, single_use_options);
		SET_ALL(t, user_options);
		SET(t, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->req->reply_max_bytes);
		break;
	}
}

/* One parser for the check and for the connection: libcurl gets the parsed URL, not the text. */
static int prepare_url(struct transfer_handle *t)
{
	char *scheme = NULL, *host = NULL;
	bool is_good = false, is_http = false;

	t->url = curl_url();
	if (!t->url || curl_url_set(t->url, CURLUPART_URL, t->req->url, CURLU_DISALLOW_USER) ||
	    curl_url_get(t->url, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(t->url, CURLUPART_HOST, &host, 0))
		goto out;
	is_http = strcmp(scheme, "http") == 0;
	is_good = (is_http || strcmp(scheme, "https") == 0) && strlen(host) <= HOST_MAX;
out:
	curl_free(scheme);
	curl_free(host);
	if (!is_good)
		return transfer_fail(t, "the URL is not usable");
	/* webhooks and media have their own rules for it, which were asked before */
	if (is_http && t->req->is_to_users_host && !t->limits->is_http_allowed)
		return transfer_forbid(t);
	return 0;
}

static int header_add(struct transfer_handle *t, const char *line)
{
	struct curl_slist *more = curl_slist_append(t->headers, line);

	if (!more)
		return transfer_fail(t, "out of memory");
	t->headers = more;
	return 0;
}

static bool has_header(const struct http_request *req, const char *name)
{
	for (const struct http_header *h = req->headers; h; h = h->next) {
		if (strcasecmp(h->name, name) == 0)
			return true;
	}
	return false;
}

static int prepare_headers(struct transfer_handle *t)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	for (const struct http_header *h = t->req->headers; h; h = h->next) {
		buf_clear(&line);
		/* "name:" alone would tell libcurl to leave the header out */
		buf_printf(&line, *h->value ? "%s: %s" : "%s;", h->name, h->value);
		if (header_add(t, buf_str(&line)) < 0)
			return -1;
	}
	/* libcurl would call any body a form, and wait a second for "100 Continue" */
	if (t->req->body != BODY_MULTIPART && !has_header(t->req, "Content-Type") &&
	    header_add(t, "Content-Type:") < 0)
		return -1;
	if (header_add(t, "Expect:") < 0)
		return -1;
	SET(t, CURLOPT_HTTPHEADER, t->headers);
	return 0;
}

static int file_failure(struct transfer_handle *t, int r)
{
	return transfer_fail(t, r == -ENODATA ? "the file is shorter than what was to be sent"
					      : "the file cannot be read");
}

static int part_file(struct transfer_handle *t, curl_mimepart *to, const struct http_part *p)
{
	CLEANUP(slice_free) struct slice *s = NULL;
	int r = slice_open(p->file_path, p->offset, p->bytes, &s);

	if (r < 0)
		return file_failure(t, r);
	if (curl_mime_data_cb(to, slice_length(s), slice_read, slice_seek, slice_free_arg, s))
		return transfer_fail(t, "out of memory");
	(void)TAKE(s); /* the part frees it */
	if (p->file_name)
		curl_mime_filename(to, p->file_name);
	if (p->mime)
		curl_mime_type(to, p->mime);
	return 0;
}

static int body_multipart(struct transfer_handle *t)
{
	t->mime = curl_mime_init(t->easy);
	for (const struct http_part *p = t->req->parts; p; p = p->next) {
		curl_mimepart *to = curl_mime_addpart(t->mime);

		if (!to || curl_mime_name(to, p->name))
			return transfer_fail(t, "out of memory");
		if (p->file_path && part_file(t, to, p) < 0)
			return -1;
		if (!p->file_path && curl_mime_data(to, p->value, CURL_ZERO_TERMINATED))
			return transfer_fail(t, "out of memory");
	}
	SET(t, CURLOPT_MIMEPOST, t->mime);
	t->has_body = true;
	return 0;
}

static int body_file(struct transfer_handle *t)
{
	int r = slice_open(t->req->path, t->req->offset, t->req->length, &t->file);

	if (r < 0)
		return file_failure(t, r);
	SET(t, CURLOPT_UPLOAD, 1L);
	SET(t, CURLOPT_INFILESIZE_LARGE, (curl_off_t)slice_length(t->file));
	SET(t, CURLOPT_READFUNCTION, slice_read);
	SET(t, CURLOPT_READDATA, t->file);
	SET(t, CURLOPT_SEEKFUNCTION, slice_seek);
	SET(t, CURLOPT_SEEKDATA, t->file);
	t->has_body = slice_length(t->file) > 0;
	return 0;
}

static int body_pieces(struct transfer_handle *t)
{
	int r = pieces_open(t->req->pieces, &t->pieces);

	if (r < 0)
		return file_failure(t, r);
	SET(t, CURLOPT_POST, 1L);
	SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)pieces_length(t->pieces));
	SET(t, CURLOPT_READFUNCTION, pieces_read);
	SET(t, CURLOPT_READDATA, t->pieces);
	SET(t, CURLOPT_SEEKFUNCTION, pieces_seek);
	SET(t, CURLOPT_SEEKDATA, t->pieces);
	t->has_body = pieces_length(t->pieces) > 0;
	return 0;
}

static int body_bytes(struct transfer_handle *t)
{
	SET(t, CURLOPT_POST, 1L);
	SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->req->bytes_n);
	SET(t, CURLOPT_POSTFIELDS, t->req->bytes ? t->req->bytes : "");
	t->has_body = t->req->bytes_n > 0;
	return 0;
}

/* POST, PUT and PATCH say "Content-Length: 0"; servers refuse them without. */
static int body_none(struct transfer_handle *t)
{
	if (t->req->verb == VERB_GET || t->req->verb == VERB_DELETE)
		return 0;
	SET(t, CURLOPT_POST, 1L);
	SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
	SET(t, CURLOPT_POSTFIELDS, "");
	return 0;
}

int transfer_prepare(struct transfer_handle *t)
{
	static int (*const bodies[])(struct transfer_handle *) = {
		[BODY_NONE] = body_none,     [BODY_BYTES] = body_bytes,
		[BODY_FILE] = body_file,     [BODY_MULTIPART] = body_multipart,
		[BODY_PIECES] = body_pieces,
	};

	if (t->class == NET_FIRE && FP(F13_before_connect) < 0)
		return transfer_fail(t, "injected");
	t->easy = curl_easy_init();
	if (!t->easy)
		return transfer_fail(t, "out of memory");
	if (prepare_url(t) < 0)
		return -1;
	options_common(t);
	options_times(t);
	options_size(t);
	options_class(t);
	if (bodies[t->req->body](t) < 0)
		return -1;
	return prepare_headers(t);
}

/* ---- verdict ---- */

/* Coarse on purpose: these words may reach the user, and must not turn us into a port scanner. */
static const struct {
	CURLcode rc;
	const char *words;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "the host name could not be resolved" },
	{ CURLE_COULDNT_CONNECT, "could not connect" },
	{ CURLE_OPERATION_TIMEDOUT, "timed out" },
	{ CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed" },
	{ CURLE_PEER_FAILED_VERIFICATION, "the TLS certificate is not trusted" },
	{ CURLE_SSL_CACERT_BADFILE, "the CA bundle cannot be read" },
	{ CURLE_GOT_NOTHING, "the connection was closed without an answer" },
	{ CURLE_PARTIAL_FILE, "the answer was cut short" },
	{ CURLE_FILESIZE_EXCEEDED, too_large },
	{ CURLE_RECV_ERROR, "the connection broke" },
	{ CURLE_SEND_ERROR, "the connection broke" },
	{ CURLE_WEIRD_SERVER_REPLY, "the answer is not HTTP" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "the answer is not HTTP" },
	{ CURLE_READ_ERROR, "the file could not be read" },
	{ CURLE_ABORTED_BY_CALLBACK, "stopped" },
	{ CURLE_OUT_OF_MEMORY, "out of memory" },
};

static const char *failure_words(CURLcode rc)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		if (failures[i].rc == rc)
			return failures[i].words;
	}
	return curl_easy_strerror(rc);
}

void transfer_settle(struct transfer_handle *t, CURLcode rc)
{
	struct http_reply *p = &t->reply;
	long status = 0, request_bytes = 0;

	p->done_us = clock_boot_us();
	if (t->easy) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	}
	p->status = (int)status;
	p->timed_out = rc == CURLE_OPERATION_TIMEDOUT;
	p->is_too_large |= rc == CURLE_FILESIZE_EXCEEDED;
	/* libcurl is content with a connection that ends amid the header lines */
	if (rc == CURLE_OK && status >= 200 && t->is_head_whole) {
		p->transfer = TRANSFER_REPLIED;
		return;
	}
	if (rc == CURLE_OK && !t->failure)
		t->failure = "the answer was cut short";
	p->transfer = (t->may_have_left || request_bytes > 0) && !BUG(broken_is_unsent)
			      ? TRANSFER_BROKEN
			      : TRANSFER_NOT_SENT;
	p->failure = t->failure ? t->failure : failure_words(rc);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "http/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/router.h"

#define DRAIN_BYTES_MAX   ((int64_t)16 * 1024 * 1024)
#define STOP_REQUESTS_MAX 16
#define LOOK_AGAIN_MS     1000 /* a neighbour may have died between waking up and accepting */

struct worker {
	const struct fcgi_service *service;
	FCGX_Request fcgx;
	struct arena *arena;
	struct reply reply;
	struct buf out;
	int epoll_fd;
	bool is_open; /* a request is accepted and not finished yet */
	int64_t started_us;
};

/* FastCGI names of parameters that are headers but not called HTTP_... */
static const struct name_value plain_headers[] = {
	{ "CONTENT_TYPE", "content-type" },
	{ "CONTENT_LENGTH", "content-length" },
};
static const char *const single_headers[] = { "authorization", "idempotency-key", "content-length",
					      "content-type", "if-match" };

static const char *header_name(struct arena *a, const char *param, size_t len)
{
	char *name, *p;
	size_t i;

	for (i = 0; i < ARRAY_LEN(plain_headers); i++) {
		if (strlen(plain_headers[i].name) == len &&
		    strncmp(plain_headers[i].name, param, len) == 0)
			return plain_headers[i].value;
	}
	if (len < 6 || strncmp(param, "HTTP_", 5) != 0)
		return NULL;
	name = arena_strndup(a, param + 5, len - 5);
	for (p = name; *p; p++) {
		if (*p == '_')
			*p = '-';
		else if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	return name;
}

static void request_headers(struct request *req, char **envp)
{
	size_t n = 0;
	char **e;

	for (e = envp; *e; e++)
		n++;
	req->headers = arena_array(req->arena, n ? n : 1, sizeof(*req->headers));
	for (e = envp; *e; e++) {
		const char *equals = strchr(*e, '=');
		const char *name;

		if (!equals || !equals[1])
			continue;
		name = header_name(req->arena, *e, (size_t)(equals - *e));
		if (name)
			req->headers[req->headers_n++] = (struct name_value){ name, equals + 1 };
	}
}

static void request_refuse(struct request *req, enum problem_kind kind, const char *detail)
{
	if (req->raw.refusal != PROBLEM_NONE)
		return;
	req->raw.refusal = kind;
	req->raw.refusal_detail = detail;
}

static void request_check_headers(struct request *req)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(single_headers); i++) {
		if (request_header_count(req, single_headers[i]) > 1)
			request_refuse(req, PROBLEM_BAD_REQUEST,
				       arena_printf(req->arena, "The header %s is given twice.",
						    single_headers[i]));
	}
}

static void body_drain(FCGX_Stream *in)
{
	char bytes[4096];
	int64_t drained = 0;
	int n;

	while (drained < DRAIN_BYTES_MAX && (n = FCGX_GetStr(bytes, sizeof(bytes), in)) > 0)
		drained += n;
}

static void request_body(struct worker *w, struct request *req)
{
	const char *text = request_header(req, "content-length");
	char *end = NULL, *body;
	long long want = text ? strtoll(text, &end, 10) : 0;
	int64_t got = 0;

	if (want < 0 || (text && (end == text || *end))) {
		request_refuse(req, PROBLEM_BAD_REQUEST, "Content-Length is not a number.");
		return;
	}
	if (want > w->service->body_max) {
		request_refuse(req, PROBLEM_TOO_LARGE,
			       arena_printf(req->arena, "At most %lld bytes are accepted here.",
					    (long long)w->service->body_max));
		body_drain(w->fcgx.in);
		return;
	}
	if (!want)
		return;
	body = arena_alloc(req->arena, (size_t)want + 1);
	while (got < want) {
		int step = want - got > 65536 ? 65536 : (int)(want - got);
		int n = FCGX_GetStr(body + got, step, w->fcgx.in);

		if (n <= 0)
			break;
		got += n;
	}
	if (got < want)
		request_refuse(req, PROBLEM_BAD_REQUEST, "The body ended early.");
	req->body = body;
	req->body_n = (size_t)got;
}

static void request_send(struct worker *w, struct request *req)
{
	if (!w->is_open)
		return;
	w->is_open = false;
	if (!w->reply.status && req->route)
		w->reply.status = req->route->ok;
	reply_finish(req, &w->reply);
	buf_clear(&w->out);
	reply_print(req, &w->reply, &w->out);
	(void)FCGX_PutStr(w->out.p, (int)w->out.len, w->fcgx.out);
	FCGX_Finish_r(&w->fcgx);
}

/* The texts of the FastCGI parameters go with the request, so the rest of it must be a copy. */
static void request_finish_early(struct request *req)
{
	struct worker *w = req->transport;
	size_t i;

	for (i = 0; i < req->headers_n; i++)
		req->headers[i].value = arena_strdup(req->arena, req->headers[i].value);
	req->remote_addr = arena_strdup(req->arena, req->remote_addr);
	req->body_file = arena_strdup(req->arena, req->body_file);
	request_send(w, req);
	req->raw = (struct request_raw){ 0 };
}

static void request_read(struct worker *w, struct request *req)
{
	char **envp = w->fcgx.envp;
	const char *file = FCGX_GetParam("REQUEST_BODY_FILE", envp);

	req->app = w->service->app;
	req->arena = w->arena;
	req->transport = w;
	req->finish_early = request_finish_early;
	req->method = http_method_parse(FCGX_GetParam("REQUEST_METHOD", envp));
	req->raw.document_uri = FCGX_GetParam("DOCUMENT_URI", envp);
	req->raw.request_uri = FCGX_GetParam("REQUEST_URI", envp);
	req->raw.query_string = FCGX_GetParam("QUERY_STRING", envp);
	req->remote_addr = FCGX_GetParam("REMOTE_ADDR", envp);
	req->body_file = file && *file ? file : NULL;
	request_headers(req, envp);
	request_check_headers(req);
	req->request_id = request_choose_id(req->arena, request_header(req, "x-request-id"));
	request_body(w, req);
}

static void request_log(const struct worker *w, const struct request *req)
{
	bool is_read = req->method == HTTP_GET || req->method == HTTP_HEAD;
	enum log_level level = is_read ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;

	if (w->reply.status >= 500)
		level = LOG_LEVEL_WARN;
	log_line(level, "request", "method=%s route=%s status=%d us=%lld",
		 http_method_name(req->method), req->route ? req->route->pattern : "-",
		 w->reply.status, (long long)(clock_boot_us() - w->started_us));
}

static void worker_serve(struct worker *w)
{
	struct request req = { 0 };

	w->is_open = true;
	w->started_us = clock_boot_us();
	reply_reset(&w->reply);
	request_read(w, &req);
	log_context(req.request_id);
	w->service->serve(w->service->arg, &req, &w->reply);
	request_log(w, &req);
	request_send(w, &req);
	if (w->service->after)
		w->service->after(w->service->arg);
	log_context(NULL);
	arena_reset(w->arena);
}

/*
 * Waits for a connection. Signals are blocked but here, so that one which arrives between the
 * look at *stop and the wait cannot be missed. EPOLLEXCLUSIVE wakes one worker, not all.
 */
static void worker_wait(struct worker *w, const sigset_t *unblocked)
{
	struct epoll_event event;

	(void)epoll_pwait(w->epoll_fd, &event, 1, LOOK_AGAIN_MS, unblocked);
}

static int worker_watch(struct worker *w)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int flags = fcntl(w->service->listen_fd, F_GETFL);

	/* Another worker may be faster: accept must then say so instead of waiting unheard. */
	if (flags < 0 || fcntl(w->service->listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0 ||
	    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->service->listen_fd, &event) < 0)
		return -errno;
	return 0;
}

/* Whether to go on after accept said no; a listening socket that is broken ends the worker. */
static int worker_refused(struct worker *w, int rc, const sigset_t *unblocked)
{
	if (rc == -EBADF || rc == -EINVAL || rc == -ENOTSOCK)
		return rc;
	if (rc != -EAGAIN && rc != -EINTR && rc != -ECONNABORTED)
		log_line(LOG_LEVEL_WARN, "fcgi.accept_failed", "code=%d", rc);
	if (!*w->service->stop)
		worker_wait(w, unblocked);
	return 0;
}

/*
 * Told to stop, a worker still looks at the backlog: a connection may have woken it and no other.
 * A busy backlog is left to its successors after a few more.
 */
static int worker_loop(struct worker *w, const sigset_t *unblocked)
{
	int64_t left = w->service->requests_max;

	while (left > 0) {
		bool is_stopping = *w->service->stop != 0;
		int rc = FCGX_Accept_r(&w->fcgx);

		if (is_stopping && left > STOP_REQUESTS_MAX)
			left = STOP_REQUESTS_MAX;
		if (rc == 0) {
			worker_serve(w);
			left--;
			continue;
		}
		rc = worker_refused(w, rc, unblocked);
		if (rc < 0 || is_stopping)
			return rc;
	}
	return 0;
}

int fcgi_run(const struct fcgi_service *s)
{
	struct worker w = { .service = s, .arena = arena_new(), .epoll_fd = -1 };
	sigset_t blocked, before;
	int rc;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	sigdelset(&before, SIGTERM);
	sigdelset(&before, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	rc = FCGX_Init() || FCGX_InitRequest(&w.fcgx, s->listen_fd, FCGI_FAIL_ACCEPT_ON_INTR)
		     ? -EIO
		     : worker_watch(&w);
	if (rc == 0)
		rc = worker_loop(&w, &before);
	FCGX_Free(&w.fcgx, 1);
	if (w.epoll_fd >= 0)
		close(w.epoll_fd);
	buf_done(&w.out);
	buf_done(&w.reply.body);
	arena_free(w.arena);
	return rc;
}

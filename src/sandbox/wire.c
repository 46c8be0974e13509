/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/wire.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "sandbox/exchange.h"
#include "sandbox/params.h"
#include "sandbox/queue.h"

#define PACE_SLICES   20 /* of a second: a slow upload trickles rather than jumps */
#define PACE_SLACK_US (2 * US_PER_MS)

struct server {
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock;
	struct exchange *live;
	bool is_stopping;
};

static enum MHD_Result header_keep(void *cls, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct exchange *ex = cls;

	(void)kind;
	sandbox_params_add(&ex->headers, name, value != NULL ? value : "");
	return MHD_YES;
}

struct server *sandbox_wire_new(void)
{
	struct server *s = alloc_zero(sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void sandbox_wire_start(struct server *s, struct MHD_Daemon *daemon)
{
	pthread_mutex_lock(&s->lock);
	s->daemon = daemon;
	pthread_mutex_unlock(&s->lock);
}

void sandbox_wire_attach(struct exchange *ex, struct MHD_Connection *conn)
{
	struct server *s = ex->sandbox->server;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	ex->link = arena_alloc(ex->arena, sizeof(*ex->link));
	ex->link->conn = conn;
	ex->conn_no = info != NULL ? (uint64_t)(uintptr_t)info->socket_context : 0;
	MHD_get_connection_values(conn, MHD_HEADER_KIND, header_keep, ex);
	pthread_mutex_lock(&s->lock);
	ex->link->next = s->live;
	if (s->live != NULL)
		s->live->link->prev = ex;
	s->live = ex;
	pthread_mutex_unlock(&s->lock);
}

static void wire_forget(struct exchange *ex)
{
	struct server *s = ex->sandbox->server;

	pthread_mutex_lock(&s->lock);
	if (ex->link->prev != NULL)
		ex->link->prev->link->next = ex->link->next;
	else
		s->live = ex->link->next;
	if (ex->link->next != NULL)
		ex->link->next->link->prev = ex->link->prev;
	pthread_mutex_unlock(&s->lock);
	sandbox_exchange_free(ex);
}

static void wire_run_orphan(void *arg)
{
	sandbox_exchange_run(arg);
	wire_forget(arg);
}

void sandbox_wire_detach(struct exchange *ex)
{
	struct server *s = ex->sandbox->server;
	bool is_stopping;

	if (ex->link == NULL) {
		sandbox_exchange_free(ex);
		return;
	}
	pthread_mutex_lock(&s->lock);
	is_stopping = s->is_stopping;
	pthread_mutex_unlock(&s->lock);
	if (ex->link->phase == LINK_READ && ex->spooled > 0 && !is_stopping) {
		ex->is_partial = true;
		ex->link->phase = LINK_ORPHAN;
		sandbox_queue_add(ex->sandbox->work, 0, wire_run_orphan, ex);
		return;
	}
	wire_forget(ex);
}

static void wire_resume(struct exchange *ex)
{
	ex->link->is_suspended = false;
	MHD_resume_connection(ex->link->conn);
}

static void wire_wake(void *arg)
{
	wire_resume(arg);
}

static void wire_finish(void *arg)
{
	struct exchange *ex = arg;

	if (ex->wire == WIRE_HANG)
		ex->wire = WIRE_RESET;
	ex->link->phase = LINK_DONE;
	wire_resume(ex);
}

static void wire_run(void *arg)
{
	struct exchange *ex = arg;
	int64_t wait_ms;

	sandbox_exchange_run(ex);
	wait_ms = ex->wire == WIRE_HANG ? ex->wire_arg : ex->delay_ms;
	if (wait_ms > 0)
		sandbox_queue_add(ex->sandbox->timers, clock_boot_us() + wait_ms * US_PER_MS,
				  wire_finish, ex);
	else
		wire_finish(ex);
}

/* False: the server is about to stop, suspended connections would never wake. */
static bool wire_suspend(struct exchange *ex)
{
	struct server *s = ex->sandbox->server;
	bool ok;

	pthread_mutex_lock(&s->lock);
	ok = !s->is_stopping;
	if (ok) {
		ex->link->is_suspended = true;
		MHD_suspend_connection(ex->link->conn);
	}
	pthread_mutex_unlock(&s->lock);
	return ok;
}

size_t sandbox_wire_allow(struct exchange *ex, size_t n)
{
	struct exchange_link *link = ex->link;
	int64_t now_us = clock_boot_us();
	size_t most;

	if (link->upload_rate <= 0)
		return n;
	if (link->next_take_us > now_us + PACE_SLACK_US) {
		if (!wire_suspend(ex))
			return n;
		sandbox_queue_add(ex->sandbox->timers, link->next_take_us, wire_wake, ex);
		return 0;
	}
	most = (size_t)(link->upload_rate / PACE_SLICES) + 1;
	if (n > most)
		n = most;
	if (link->next_take_us < now_us)
		link->next_take_us = now_us;
	link->next_take_us += (int64_t)n * US_PER_S / link->upload_rate;
	return n;
}

enum MHD_Result sandbox_wire_reset(struct exchange *ex)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(ex->link->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct linger none = { 1, 0 };
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	/*
	 * libmicrohttpd shuts the socket down before it closes it, which would send a FIN first.
	 * Dissolving the association makes the kernel send the reset now.
	 */
	if (info != NULL) {
		setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		(void)connect(info->connect_fd, &nowhere, sizeof(nowhere));
	}
	return MHD_NO;
}

static ssize_t wire_read_slow(void *cls, uint64_t pos, char *to, size_t max)
{
	struct exchange *ex = cls;
	int64_t now_us = clock_boot_us();

	if (max == 0 || pos >= ex->out.len)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (now_us < ex->link->next_byte_us) {
		if (!wire_suspend(ex))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		sandbox_queue_add(ex->sandbox->timers, ex->link->next_byte_us, wire_wake, ex);
		return 0;
	}
	ex->link->next_byte_us = now_us + ex->wire_arg * US_PER_MS;
	*to = ex->out.p[pos];
	return 1;
}

static ssize_t wire_read_cut(void *cls, uint64_t pos, char *to, size_t max)
{
	const struct exchange *ex = cls;
	uint64_t end =
		(uint64_t)ex->wire_arg < ex->out.len ? (uint64_t)ex->wire_arg : ex->out.len - 1;
	size_t n;

	if (pos >= end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = end - pos < max ? (size_t)(end - pos) : max;
	memcpy(to, ex->out.p + pos, n);
	return (ssize_t)n;
}

static struct MHD_Response *wire_response(struct exchange *ex)
{
	/* The exchange outlives the response: both end with the request. */
	size_t n = ex->out.len;
	struct MHD_Response *r;

	if (ex->wire == WIRE_SLOW)
		return MHD_create_response_from_callback(n, 64, wire_read_slow, ex, NULL);
	if (ex->wire == WIRE_TRUNCATE)
		return MHD_create_response_from_callback(n, 4096, wire_read_cut, ex, NULL);
	buf_reserve(&ex->out, 1); /* p must not be NULL even for nothing */
	/* libmicrohttpd insists on a true Content-Length; so the body ends where the lie would. */
	if (ex->wire == WIRE_WRONG_LENGTH)
		n /= 2;
	r = MHD_create_response_from_buffer(n, ex->out.p, MHD_RESPMEM_PERSISTENT);
	if (r != NULL && ex->wire == WIRE_WRONG_LENGTH)
		MHD_add_response_header(r, "Connection", "close");
	return r;
}

static enum MHD_Result wire_send(struct exchange *ex)
{
	struct MHD_Response *r;
	enum MHD_Result queued;

	if (ex->wire == WIRE_RESET || (ex->wire == WIRE_TRUNCATE && ex->out.len == 0))
		return sandbox_wire_reset(ex);
	r = ex->wire == WIRE_CLOSE ? NULL : wire_response(ex);
	if (r == NULL)
		return MHD_NO;
	if (ex->content_type != NULL)
		MHD_add_response_header(r, "Content-Type", ex->content_type);
	for (size_t i = 0; i < ex->out_headers.n; i++) {
		const struct param *h = ex->out_headers.v[i];

		MHD_add_response_header(r, h->name, h->value);
	}
	ex->link->phase = LINK_SENT;
	queued = MHD_queue_response(ex->link->conn, (unsigned)ex->status, r);
	MHD_destroy_response(r);
	return queued;
}

enum MHD_Result sandbox_wire_next(struct exchange *ex)
{
	if (ex->link->phase == LINK_DONE)
		return wire_send(ex);
	if (ex->link->phase != LINK_READ)
		return MHD_YES;
	ex->link->phase = LINK_RUN;
	if (!wire_suspend(ex))
		return MHD_NO;
	sandbox_queue_add(ex->sandbox->work, 0, wire_run, ex);
	return MHD_YES;
}

void sandbox_wire_stop(struct server *s)
{
	struct exchange *ex;

	pthread_mutex_lock(&s->lock);
	s->is_stopping = true;
	for (ex = s->live; ex != NULL; ex = ex->link->next) {
		if (!ex->link->is_suspended)
			continue;
		if (ex->link->phase == LINK_RUN) {
			ex->wire = WIRE_RESET;
			ex->link->phase = LINK_DONE;
		}
		wire_resume(ex);
	}
	pthread_mutex_unlock(&s->lock);
	if (s->daemon != NULL)
		MHD_stop_daemon(s->daemon);
	while (s->live != NULL)
		wire_forget(s->live);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

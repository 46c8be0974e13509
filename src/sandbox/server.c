/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "sandbox/control.h"
#include "sandbox/door.h"
#include "sandbox/exchange.h"
#include "sandbox/fetch.h"
#include "sandbox/params.h"
#include "sandbox/queue.h"
#include "sandbox/state.h"
#include "sandbox/truth.h"
#include "sandbox/wire.h"
#include "sandbox/world.h"

#define WORKERS          16
#define BODY_MAX         (32 << 20)
#define CONNECTIONS_MAX  4096
#define CONNECTION_BYTES (64 << 10)

/* Whether this upload will be cut is settled once, before its first byte. */
static void server_arm_cut(struct exchange *ex)
{
	const json_t *cut;

	if (ex->row->cut_point == NULL)
		return;
	sandbox_lock(ex->sandbox);
	if (ex->platform != NULL && ex->platform->identify != NULL)
		ex->platform->identify(ex);
	cut = sandbox_faults_hit(ex, ex->row->cut_point);
	if (cut != NULL)
		ex->link->cut_at = (uint64_t)sandbox_faults_int(cut, "bytes", 50002);
	sandbox_unlock(ex->sandbox);
}

static void server_pace(struct exchange *ex)
{
	if (ex->platform == NULL)
		return;
	sandbox_lock(ex->sandbox);
	ex->link->upload_rate = ex->world->upload_rates[sandbox_platform_index(ex->platform)];
	sandbox_unlock(ex->sandbox);
}

static void server_begin(struct exchange *ex, struct MHD_Connection *conn, const char *method)
{
	ex->method = arena_strdup(ex->arena, method);
	sandbox_wire_attach(ex, conn);
	sandbox_exchange_route(ex, sandbox_control_rows);
	server_pace(ex);
	if (ex->row != NULL && (ex->row->flags & ROW_SPOOL) != 0) {
		ex->spool_path = arena_printf(ex->arena, "%s/spool-%llu", ex->sandbox->folder,
					      (unsigned long long)ex->req_no);
		ex->spool_fd = open(ex->spool_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		server_arm_cut(ex);
	}
}

static void server_spool(struct exchange *ex, const char *data, size_t n)
{
	uint64_t left = n;

	if (ex->link->cut_at > 0 && ex->spooled + n >= ex->link->cut_at) {
		left = ex->link->cut_at - ex->spooled;
		ex->is_partial = true;
	}
	if (write(ex->spool_fd, data, (size_t)left) == (ssize_t)left)
		ex->spooled += left;
}

static void server_take(struct exchange *ex, const char *data, size_t n)
{
	if (ex->spool_fd >= 0)
		server_spool(ex, data, n);
	else if (ex->body.len + n <= BODY_MAX)
		buf_add(&ex->body, data, n);
	else
		ex->is_partial = true;
}

/* The signature is the library's. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result server_request(void *cls, struct MHD_Connection *conn, const char *url,
				      const char *method, const char *version, const char *data,
				      size_t *data_n, void **state)
{
	struct exchange *ex = *state;

	(void)cls;
	(void)url;
	(void)version;
	if (ex == NULL)
		return MHD_NO;
	if (ex->link == NULL) {
		server_begin(ex, conn, method);
		return MHD_YES;
	}
	if (*data_n > 0) {
		size_t n = sandbox_wire_allow(ex, *data_n);

		if (n > 0)
			server_take(ex, data, n);
		*data_n -= n;
		return ex->is_partial ? sandbox_wire_reset(ex) : MHD_YES;
	}
	return sandbox_wire_next(ex);
}

static void *server_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
	(void)conn;
	return sandbox_exchange_new(cls, uri);
}

static void server_completed(void *cls, struct MHD_Connection *conn, void **state,
			     enum MHD_RequestTerminationCode how)
{
	struct exchange *ex = *state;

	(void)cls;
	(void)conn;
	(void)how;
	*state = NULL;
	if (ex != NULL)
		sandbox_wire_detach(ex);
}

static enum MHD_Result server_accept(void *cls, const struct sockaddr *addr, socklen_t n)
{
	struct sandbox *sb = cls;
	bool is_refused;

	(void)addr;
	(void)n;
	sandbox_lock(sb);
	is_refused = sandbox_faults_hit_accept(sb->world);
	sandbox_unlock(sb);
	return is_refused ? MHD_NO : MHD_YES;
}

static void server_connection(void *cls, struct MHD_Connection *conn, void **socket_state,
			      enum MHD_ConnectionNotificationCode what)
{
	struct sandbox *sb = cls;

	(void)conn;
	if (what != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	sandbox_lock(sb);
	*socket_state = (void *)(uintptr_t)++sb->conn_no;
	sandbox_unlock(sb);
}

static struct MHD_Daemon *server_daemon(struct sandbox *sb)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL_INTERNALLY | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
		server_accept, sb, server_request, sb, MHD_OPTION_URI_LOG_CALLBACK, server_uri, sb,
		MHD_OPTION_NOTIFY_COMPLETED, server_completed, sb, MHD_OPTION_NOTIFY_CONNECTION,
		server_connection, sb, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, 300U, MHD_OPTION_END);
}

static void sandbox_free(struct sandbox *sb)
{
	sandbox_door_free(sb->door);
	if (sb->work != NULL)
		sandbox_queue_stop(sb->work);
	if (sb->timers != NULL)
		sandbox_queue_stop(sb->timers);
	if (sb->server != NULL)
		sandbox_wire_stop(sb->server);
	sandbox_state_close(sb);
	sandbox_truth_close(sb->truth);
	sandbox_queue_free(sb->work);
	sandbox_queue_free(sb->timers);
	if (sb->world != NULL) {
		sb->world->refs = 1; /* holds of jobs that never ran are void */
		sandbox_world_release(sb->world);
	}
	pthread_mutex_destroy(&sb->lock);
	free(sb);
}

int sandbox_server_start(const char *listen, const char *folder, const char *ca_file,
			 struct sandbox **ret)
{
	struct sandbox *sb = alloc_zero(sizeof(*sb));
	struct MHD_Daemon *daemon;
	int r;

	pthread_mutex_init(&sb->lock, NULL);
	sb->folder = folder;
	sb->ca_file = ca_file;
	sandbox_fetch_setup();
	r = sandbox_truth_open(folder, &sb->truth);
	if (r == 0)
		r = sandbox_door_open(sb, listen, &sb->door);
	if (r < 0) {
		sandbox_free(sb);
		return r;
	}
	sb->work = sandbox_queue_new(WORKERS);
	sb->timers = sandbox_queue_new(1);
	r = sandbox_state_open(sb);
	if (r < 0) {
		sandbox_free(sb);
		return r;
	}
	sb->server = sandbox_wire_new();
	daemon = server_daemon(sb);
	if (daemon == NULL) {
		sandbox_free(sb);
		return -EIO;
	}
	sandbox_wire_start(sb->server, daemon);
	r = sandbox_door_serve(sb->door, daemon);
	if (r < 0) {
		sandbox_free(sb);
		return r;
	}
	*ret = sb;
	return 0;
}

void sandbox_server_stop(struct sandbox *sb)
{
	if (sb != NULL)
		sandbox_free(sb);
}

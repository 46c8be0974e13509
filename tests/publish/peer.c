/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

#define KEPT_BYTES 65536

struct peer {
	int listen_fd, port;
	peer_script_fn *script;
	pthread_t thread;
	char url[256];
	struct buf request;
	atomic_bool is_there, is_ending;
	atomic_int serving_fd; /* -1: none */
	atomic_int connections, requests;
	atomic_llong bytes, body_bytes;
};

static void *peer_run(void *arg)
{
	struct peer *p = arg;

	p->is_there = true;
	while (!p->is_ending) {
		struct pollfd in = { .fd = p->listen_fd, .events = POLLIN };
		int fd;

		if (poll(&in, 1, 20) <= 0)
			continue;
		fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		p->serving_fd = fd;
		p->script(p, fd, p->connections++);
		p->serving_fd = -1;
		close(fd);
	}
	return NULL;
}

/* A thread that is being made holds locks of the allocator; a case that is forked off meanwhile has
 * them taken for ever. */
static void await_thread(const struct peer *p)
{
	const struct timespec moment = { .tv_nsec = 1000000L };

	while (!p->is_there)
		nanosleep(&moment, NULL);
}

struct peer *peer_start(peer_script_fn *script)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct peer *p = alloc_zero(sizeof(*p));
	socklen_t len = sizeof(at);

	p->script = script;
	p->serving_fd = -1;
	p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(p->listen_fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(p->listen_fd, 1024) < 0 ||
	    getsockname(p->listen_fd, (struct sockaddr *)&at, &len) < 0 ||
	    (script && pthread_create(&p->thread, NULL, peer_run, p) != 0))
		abort();
	if (script)
		await_thread(p);
	p->port = ntohs(at.sin_port);
	return p;
}

void peer_stop(struct peer *p)
{
	p->is_ending = true;
	if (p->serving_fd >= 0)
		shutdown(p->serving_fd, SHUT_RDWR); /* the client may keep it open for ever */
	if (p->script)
		pthread_join(p->thread, NULL);
	close(p->listen_fd);
	buf_done(&p->request);
	free(p);
}

int peer_port(const struct peer *p)
{
	return p->port;
}

int peer_listen_fd(const struct peer *p)
{
	return p->listen_fd;
}

const char *peer_url(struct peer *p, const char *path)
{
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%d%s", p->port, path);
	return p->url;
}

static ssize_t peer_take(struct peer *p, int fd, char *to, size_t size)
{
	ssize_t got = recv(fd, to, size, 0);

	if (got > 0)
		p->bytes += got;
	return got;
}

/* What is announced, or -1 for a chunked body. */
static int64_t body_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");

	if (strcasestr(head, "\r\ntransfer-encoding: chunked"))
		return -1;
	return at ? strtoll(at + 17, NULL, 10) : 0;
}

static bool read_body(struct peer *p, int fd, int64_t have, int64_t want)
{
	static _Thread_local char piece[KEPT_BYTES];

	p->body_bytes = have;
	while (p->body_bytes < want) {
		ssize_t got = peer_take(p, fd, piece, sizeof(piece));

		if (got <= 0)
			return false;
		if (p->request.len < KEPT_BYTES)
			buf_add(&p->request, piece, (size_t)got);
		p->body_bytes += got;
	}
	return true;
}

bool peer_read_request(struct peer *p, int fd)
{
	const char *end;

	bool is_first = true;
	char piece[4096];

	do {
		ssize_t got = peer_take(p, fd, piece, sizeof(piece));

		if (got <= 0)
			return false;
		if (is_first) /* until then the last request can be looked at */
			buf_clear(&p->request);
		is_first = false;
		buf_add(&p->request, piece, (size_t)got);
		end = strstr(p->request.p, "\r\n\r\n");
	} while (!end);
	p->requests++;
	return read_body(p, fd, (int64_t)p->request.len - (end + 4 - p->request.p),
			 body_length(p->request.p));
}

void peer_say(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t put = send(fd, text, len, MSG_NOSIGNAL);

		if (put <= 0)
			return;
		text += put;
		len -= (size_t)put;
	}
}

bool peer_say_file(int fd, const char *path)
{
	char head[100], block[8192];
	const int in = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (in < 0)
		return false;
	if (fstat(in, &st) == 0) {
		(void)snprintf(head, sizeof(head),
			       "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n",
			       (long long)st.st_size);
		peer_say(fd, head);
		while ((n = read(in, block, sizeof(block))) > 0 &&
		       send(fd, block, (size_t)n, MSG_NOSIGNAL) == n)
			;
	}
	(void)close(in);
	return true;
}

void peer_sleep_ms(int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

void peer_reset(int fd)
{
	struct linger drop = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &drop, sizeof(drop));
}

int peer_connections(struct peer *p)
{
	return p->connections;
}

int peer_requests(struct peer *p)
{
	return p->requests;
}

int64_t peer_bytes(struct peer *p)
{
	return p->bytes;
}

int64_t peer_body_bytes(struct peer *p)
{
	return p->body_bytes;
}

const char *peer_request(struct peer *p)
{
	return buf_str(&p->request);
}

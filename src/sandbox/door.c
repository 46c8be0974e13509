/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define BACKLOG    1024
#define NO_ROOM_MS 10 /* out of descriptors: others end soon */

struct door {
	struct sockaddr_storage at;
	socklen_t at_n;
	int listen_fd; /* -1: shut; the thread's own once it runs */
	int keeper_fd; /* bound, never listening */
	int wake_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	bool is_running, is_ending;
	int64_t shut_until_us; /* boot clock */
	struct MHD_Daemon *daemon;
};

static int parse_host(const char *host, in_port_t port, struct door *d)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&d->at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&d->at;

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		d->at_n = sizeof(*v4);
		return (ntohl(v4->sin_addr.s_addr) >> 24) == 127 ? 0 : -EINVAL;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return -EINVAL;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = port;
	d->at_n = sizeof(*v6);
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ? 0 : -EINVAL;
}

static int parse(const char *text, struct door *d)
{
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	unsigned long port;
	size_t n;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || end == colon + 1 || port > 65535)
		return -EINVAL;
	n = (size_t)(colon - text);
	if (text[0] == '[' && n > 2) {
		text++;
		n -= 2;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	return parse_host(host, htons((uint16_t)port), d);
}

/* A socket at the door's address, or -errno. */
static int door_bind(const struct door *d)
{
	const int one = 1;
	int err, fd = socket(d->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&d->at, d->at_n) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int door_listen(struct door *d)
{
	int err, fd = door_bind(d);

	if (fd < 0)
		return fd;
	if (listen(fd, BACKLOG) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	d->listen_fd = fd;
	return 0;
}

int sandbox_door_open(struct sandbox *sb, const char *listen_on, struct door **ret)
{
	struct door *d = alloc_zero(sizeof(*d));
	int r = parse(listen_on, d);

	d->listen_fd = d->keeper_fd = -1;
	d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&d->lock, NULL);
	if (r == 0)
		r = d->keeper_fd = door_bind(d);
	if (r >= 0)
		r = getsockname(d->keeper_fd, (struct sockaddr *)&d->at, &d->at_n) < 0
			    ? -errno
			    : door_listen(d);
	if (r < 0) {
		sandbox_door_free(d);
		return r;
	}
	/* sin_port and sin6_port stand at the same place. */
	snprintf(sb->base_url, sizeof(sb->base_url), "http://%.*s:%u",
		 (int)(strrchr(listen_on, ':') - listen_on), listen_on,
		 ntohs(((const struct sockaddr_in *)&d->at)->sin_port));
	*ret = d;
	return 0;
}

static void let_in(const struct door *d)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	const int fd =
		accept4(d->listen_fd, (struct sockaddr *)&from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) /* closes it itself if it does not want it */
		(void)MHD_add_connection(d->daemon, fd, (struct sockaddr *)&from, n);
	else if (errno == EMFILE || errno == ENFILE)
		(void)poll(NULL, 0, NO_ROOM_MS);
}

/* Makes the door what it is to be; ms until that changes, -1: not by itself. */
static int swing(struct door *d)
{
	int64_t left_us;

	pthread_mutex_lock(&d->lock);
	left_us = d->shut_until_us - clock_boot_us();
	pthread_mutex_unlock(&d->lock);
	if (left_us > 0 && d->listen_fd >= 0) {
		close(d->listen_fd);
		d->listen_fd = -1;
	}
	if (left_us > 0)
		return (int)(left_us / US_PER_MS) + 1;
	return d->listen_fd >= 0 || door_listen(d) == 0 ? -1 : NO_ROOM_MS;
}

static bool is_ending(struct door *d)
{
	bool is;

	pthread_mutex_lock(&d->lock);
	is = d->is_ending;
	pthread_mutex_unlock(&d->lock);
	return is;
}

static void *door_run(void *arg)
{
	struct door *d = arg;

	while (!is_ending(d)) {
		const int wait_ms = swing(d);
		struct pollfd fds[2] = { { .fd = d->wake_fd, .events = POLLIN },
					 { .fd = d->listen_fd, .events = POLLIN } };
		uint64_t ticks;

		if (poll(fds, 2, wait_ms) <= 0)
			continue;
		if (fds[0].revents != 0 && read(d->wake_fd, &ticks, sizeof(ticks)) < 0)
			continue;
		if (fds[1].revents != 0)
			let_in(d);
	}
	return NULL;
}

int sandbox_door_serve(struct door *d, struct MHD_Daemon *daemon)
{
	int err;

	d->daemon = daemon;
	err = pthread_create(&d->thread, NULL, door_run, d);
	d->is_running = err == 0;
	return -err;
}

static void door_wake(const struct door *d)
{
	const uint64_t one = 1;

	if (write(d->wake_fd, &one, sizeof(one)) < 0) {
		/* Full: it is awake. */
	}
}

void sandbox_door_shut(struct door *d, int64_t ms)
{
	pthread_mutex_lock(&d->lock);
	d->shut_until_us = clock_boot_us() + ms * US_PER_MS;
	pthread_mutex_unlock(&d->lock);
	door_wake(d);
}

static void door_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void sandbox_door_free(struct door *d)
{
	if (d == NULL)
		return;
	if (d->is_running) {
		pthread_mutex_lock(&d->lock);
		d->is_ending = true;
		pthread_mutex_unlock(&d->lock);
		door_wake(d);
		pthread_join(d->thread, NULL);
	}
	door_close(d->listen_fd);
	door_close(d->keeper_fd);
	door_close(d->wake_fd);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

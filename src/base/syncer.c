/* SPDX-License-Identifier: Apache-2.0 */
#include "base/syncer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

#define STACK_BYTES ((size_t)256 << 10)
#define NO_FILE     (-1) /* the thread is to end */

struct syncer {
	pthread_t thread;
	int begin_fd, end_fd; /* eventfd(2) */
	atomic_int file, result;
};

static void tell(int fd)
{
	(void)eventfd_write(fd, 1);
}

static bool await(int fd)
{
	eventfd_t n;
	int done;

	do
		done = eventfd_read(fd, &n);
	while (done < 0 && errno == EINTR);
	return done == 0;
}

static void *work(void *arg)
{
	struct syncer *s = arg;

	while (await(s->begin_fd) && s->file != NO_FILE) {
		s->result = fdatasync(s->file) < 0 ? -errno : 0;
		tell(s->end_fd);
	}
	return NULL;
}

/* Signals are for the threads that were there before. */
static bool start(struct syncer *s)
{
	pthread_attr_t attr;
	sigset_t all, before;
	bool is_started;

	if (pthread_attr_init(&attr) != 0)
		return false;
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	is_started = pthread_create(&s->thread, &attr, work, s) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return is_started;
}

static void dispose(struct syncer *s)
{
	if (s->begin_fd >= 0)
		(void)close(s->begin_fd);
	if (s->end_fd >= 0)
		(void)close(s->end_fd);
	free(s);
}

struct syncer *syncer_new(void)
{
	struct syncer *s = alloc_zero(sizeof(*s));

	s->begin_fd = eventfd(0, EFD_CLOEXEC);
	s->end_fd = eventfd(0, EFD_CLOEXEC);
	if (s->begin_fd >= 0 && s->end_fd >= 0 && start(s))
		return s;
	dispose(s);
	return NULL;
}

void syncer_free(struct syncer *s)
{
	if (!s)
		return;
	syncer_begin(s, NO_FILE);
	(void)pthread_join(s->thread, NULL);
	dispose(s);
}

void syncer_begin(struct syncer *s, int fd)
{
	s->file = fd;
	tell(s->begin_fd);
}

int syncer_fd(const struct syncer *s)
{
	return s->end_fd;
}

int syncer_end(struct syncer *s)
{
	return await(s->end_fd) ? s->result : -EIO;
}

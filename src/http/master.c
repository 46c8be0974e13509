/* SPDX-License-Identifier: Apache-2.0 */
#include "http/master.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#define BACKOFF_FIRST_US (100 * US_PER_MS)
#define BACKOFF_MOST_US  (5 * US_PER_S)
#define SOUND_LIFE_US    (5 * US_PER_S)   /* a worker that lived so long was no failed start */
#define STOP_PATIENCE_US (200 * US_PER_S) /* a fire in flight may take 190 s */
#define SOCKET_MODE      0660

struct slot {
	pid_t pid; /* 0: none */
	int64_t started_us, next_us, backoff_us;
};

struct pool {
	struct master *m;
	int listen_fd, lock_fd;
	dev_t socket_dev;
	ino_t socket_ino;
	sigset_t signals, before; /* what the parent waits for; the mask that children get back */
	struct slot *slots;
	int slots_n;
	int leaving; /* workers of before a reload or stop, still at work */
	bool is_stopping;
	int64_t stop_by_us;
};

/* The one thing that a signal handler may touch. */
static volatile int worker_stop;

static void worker_on_signal(int signal_number)
{
	(void)signal_number;
	worker_stop = 1;
}

/* The lowest descriptor from `least` on that a worker keeps; -1: none. */
static int next_kept(const struct pool *p, int least)
{
	int found = p->listen_fd >= least ? p->listen_fd : -1;
	size_t i;

	for (i = 0; i < MASTER_SHARED_MAX; i++) {
		const int fd = p->m->shared[i];

		if (fd >= least && (found < 0 || fd < found))
			found = fd;
	}
	return found;
}

/* Nothing but the standard three, the listening socket and what is shared may reach a worker. */
static void worker_close_inherited(const struct pool *p)
{
	int from = 3, kept;

	while ((kept = next_kept(p, from)) >= 0) {
		if (kept > from)
			(void)close_range((unsigned)from, (unsigned)kept - 1, 0);
		from = kept + 1;
	}
	(void)close_range((unsigned)from, ~0U, 0);
}

_Noreturn static void worker_main(struct pool *p, pid_t parent)
{
	struct sigaction action = { .sa_handler = worker_on_signal };
	struct sigaction plain = { .sa_handler = SIG_DFL };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &plain, NULL);
	sigaction(SIGCHLD, &plain, NULL);
	/* A master that is killed leaves no orphans; it may be gone already. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	worker_close_inherited(p);
	pthread_sigmask(SIG_SETMASK, &p->before, NULL);
	_exit(p->m->worker(p->m->arg, p->listen_fd, &worker_stop));
}

static void slot_start(struct pool *p, struct slot *s)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		worker_main(p, parent);
	s->started_us = clock_boot_us();
	if (pid < 0) {
		log_line(LOG_LEVEL_ERROR, "pool.fork_failed", "errno=%d", errno);
		s->next_us = s->started_us + BACKOFF_MOST_US;
		return;
	}
	s->pid = pid;
}

static void pool_start_due(struct pool *p)
{
	int64_t now_us = clock_boot_us();
	int i;

	for (i = 0; !p->is_stopping && i < p->slots_n; i++) {
		if (!p->slots[i].pid && p->slots[i].next_us <= now_us)
			slot_start(p, &p->slots[i]);
	}
}

/* A recycled worker is replaced at once, one that fails again and again ever later. */
static void slot_ended(struct slot *s, pid_t pid, int status)
{
	int64_t now_us = clock_boot_us();
	bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	s->pid = 0;
	if (is_clean || now_us - s->started_us >= SOUND_LIFE_US)
		s->backoff_us = 0;
	else if (!s->backoff_us)
		s->backoff_us = BACKOFF_FIRST_US;
	else if (s->backoff_us < BACKOFF_MOST_US)
		s->backoff_us *= 2;
	s->next_us = now_us + s->backoff_us;
	if (!is_clean)
		log_line(LOG_LEVEL_ERROR, "pool.worker_died", "worker=%d status=%d signal=%d",
			 (int)pid, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
			 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void pool_reap(struct pool *p)
{
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < p->slots_n && p->slots[i].pid != pid; i++)
			;
		if (i < p->slots_n)
			slot_ended(&p->slots[i], pid, status);
		else if (p->leaving > 0)
			p->leaving--;
	}
}

/* The workers of now finish what they have and go; their slots are free. */
static void pool_dismiss(struct slot *slots, int n, int *leaving)
{
	int i;

	for (i = 0; i < n; i++) {
		if (slots[i].pid && kill(slots[i].pid, SIGTERM) == 0)
			(*leaving)++;
	}
}

static void pool_reload(struct pool *p)
{
	struct slot *old = p->slots;
	int old_n = p->slots_n;

	if (p->is_stopping)
		return;
	if (p->m->reload && p->m->reload(p->m->arg, p->m) < 0) {
		log_line(LOG_LEVEL_ERROR, "pool.reload_refused", "configuration=old");
		return;
	}
	p->slots_n = p->m->workers;
	p->slots = alloc_array((size_t)p->slots_n, sizeof(*p->slots));
	/* New ones first: the socket is never without a worker. */
	pool_start_due(p);
	pool_dismiss(old, old_n, &p->leaving);
	free(old);
	log_line(LOG_LEVEL_INFO, "pool.reloaded", "workers=%d", p->slots_n);
}

static void pool_stop(struct pool *p)
{
	if (p->is_stopping)
		return;
	p->is_stopping = true;
	p->stop_by_us = clock_boot_us() + STOP_PATIENCE_US;
	log_line(LOG_LEVEL_INFO, "pool.stopping", "workers=%d", p->slots_n);
	pool_dismiss(p->slots, p->slots_n, &p->leaving);
	p->slots_n = 0;
}

static int64_t pool_patience_us(const struct pool *p)
{
	int64_t now_us = clock_boot_us(), least = 60 * US_PER_S;
	int i;

	for (i = 0; i < p->slots_n; i++) {
		if (!p->slots[i].pid && p->slots[i].next_us - now_us < least)
			least = p->slots[i].next_us - now_us;
	}
	if (p->is_stopping)
		least = US_PER_S;
	return least < US_PER_MS ? US_PER_MS : least;
}

static int pool_wait_signal(const struct pool *p)
{
	int64_t us = pool_patience_us(p);
	struct timespec wait = { .tv_sec = us / US_PER_S, .tv_nsec = us % US_PER_S * 1000 };

	return sigtimedwait(&p->signals, NULL, &wait);
}

static void pool_run(struct pool *p)
{
	while (!p->is_stopping || p->leaving > 0) {
		int signal_number;

		pool_start_due(p);
		signal_number = pool_wait_signal(p);
		if (signal_number == SIGHUP)
			pool_reload(p);
		else if (signal_number == SIGTERM || signal_number == SIGINT)
			pool_stop(p);
		/* Signals of several children may have been merged into one. */
		pool_reap(p);
		if (p->is_stopping && clock_boot_us() > p->stop_by_us) {
			log_line(LOG_LEVEL_ERROR, "pool.abandoned", "workers=%d", p->leaving);
			break;
		}
	}
}

static int socket_address(const char *path, const char *suffix, struct sockaddr_un *ret,
			  struct problem *reterr)
{
	size_t len = strlen(path), more = strlen(suffix);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len + more >= sizeof(ret->sun_path))
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "The socket path %s is longer than %zu bytes.", path,
				   sizeof(ret->sun_path) - 1 - more);
	memcpy(ret->sun_path, path, len);
	memcpy(ret->sun_path + len, suffix, more + 1);
	return 0;
}

/*
 * One master a socket. The lock goes with the master alone: workers close their copy, so one that
 * still finishes a request for a master that was killed keeps no successor from starting.
 */
static int pool_lock(struct pool *p, struct problem *reterr)
{
	struct sockaddr_un at;

	if (socket_address(p->m->socket_path, ".lock", &at, reterr) < 0)
		return -1;
	p->lock_fd = open(at.sun_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->lock_fd < 0)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s cannot be opened: %s",
				   at.sun_path, strerrorname_np(errno));
	if (flock(p->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "Another responder serves %s already; stop it first.",
				   p->m->socket_path);
	return 0;
}

static int socket_grant(const struct master *m, const char *path, struct problem *reterr)
{
	struct group group, *found = NULL;
	char names[16384];
	struct stat st;

	if (m->socket_group && *m->socket_group) {
		(void)getgrnam_r(m->socket_group, &group, names, sizeof(names), &found);
		/* Its own group needs no chown(), which a hardened unit forbids. */
		if (!found || stat(path, &st) < 0 ||
		    (st.st_gid != group.gr_gid && chown(path, (uid_t)-1, group.gr_gid) < 0))
			return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
					   "The socket %s cannot be given to the group %s.", path,
					   m->socket_group);
	}
	if (chmod(path, SOCKET_MODE) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "chmod %s: errno %d", path, errno);
	return 0;
}

/*
 * Bound under another name and moved into place, so that the path never leads nowhere while one
 * master follows another.
 */
static int pool_listen(struct pool *p, struct problem *reterr)
{
	const struct master *m = p->m;
	struct sockaddr_un fresh;
	struct stat st;

	if (socket_address(m->socket_path, ".new", &fresh, reterr) < 0 || pool_lock(p, reterr) < 0)
		return -1;
	(void)unlink(fresh.sun_path);
	p->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->listen_fd < 0 ||
	    bind(p->listen_fd, (const struct sockaddr *)&fresh, sizeof(fresh)) < 0 ||
	    listen(p->listen_fd, m->backlog) < 0)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "The socket %s cannot be made: %s", m->socket_path,
				   strerrorname_np(errno));
	if (socket_grant(m, fresh.sun_path, reterr) < 0)
		return -1;
	if (rename(fresh.sun_path, m->socket_path) < 0 || stat(m->socket_path, &st) < 0)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "The socket %s cannot be put in its place: %s", m->socket_path,
				   strerrorname_np(errno));
	p->socket_dev = st.st_dev;
	p->socket_ino = st.st_ino;
	return 0;
}

static void pool_unlink(const struct pool *p)
{
	struct stat st;

	if (stat(p->m->socket_path, &st) == 0 && st.st_dev == p->socket_dev &&
	    st.st_ino == p->socket_ino)
		(void)unlink(p->m->socket_path);
}

int master_run(struct master *m, struct problem *reterr)
{
	struct pool p = { .m = m, .listen_fd = -1, .lock_fd = -1 };
	int rc;

	sigemptyset(&p.signals);
	sigaddset(&p.signals, SIGTERM);
	sigaddset(&p.signals, SIGINT);
	sigaddset(&p.signals, SIGHUP);
	sigaddset(&p.signals, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &p.signals, &p.before);
	rc = pool_listen(&p, reterr);
	if (rc == 0) {
		p.slots_n = m->workers;
		p.slots = alloc_array((size_t)p.slots_n, sizeof(*p.slots));
		log_line(LOG_LEVEL_INFO, "pool.started", "workers=%d socket=%s", p.slots_n,
			 m->socket_path);
		pool_run(&p);
		pool_unlink(&p);
		free(p.slots);
	}
	if (p.listen_fd >= 0)
		close(p.listen_fd);
	if (p.lock_fd >= 0)
		close(p.lock_fd);
	pthread_sigmask(SIG_SETMASK, &p.before, NULL);
	return rc;
}

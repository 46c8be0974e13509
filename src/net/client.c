/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "net/transfer.h"
#include "net/watchdog.h"

#define CA_FILE_SYSTEM   "/etc/ssl/certs/ca-certificates.crt"
#define CONNECTIONS_KEPT 1024L
#define EVENTS_A_TURN    256
#define NEVER_US         INT64_MAX
/* A fire not sent whole is ended this long before the watchdog would end the process. */
#define GIVE_UP_LEAST_US (10 * US_PER_MS)
#define GIVE_UP_MOST_US  (1 * US_PER_S)
#define REPLY_MARGIN_US  (10 * US_PER_S)

LIST_HEAD(transfer_list, transfer_handle);

struct net {
	CURLM *multi;
	struct transfer_limits limits;
	struct watchdog *watchdog;
	int epoll_fd, timer_fd;
	int64_t timer_at_us;   /* what timer_fd is set to; NEVER_US: nothing */
	int64_t curl_at_us;    /* when libcurl wants to be called */
	int64_t give_up_at_us; /* earliest of the fires not sent whole */
	int open;
	bool is_fire_gone; /* the watchdog may stand at the limit of one that has ended */
	struct transfer_list all, fires, ready;
};

/* ---- fires: the watchdog always stands at the earliest of their limits ---- */

static int fires_watch(struct net *n)
{
	int64_t at_us = WATCHDOG_NEVER;
	struct transfer_handle *t;

	n->is_fire_gone = false;
	n->give_up_at_us = NEVER_US;
	LIST_FOREACH(t, &n->fires, fires) {
		/* cppcheck-suppress uninitvar ; LIST_FOREACH sets it */
		int64_t limit_us = t->is_sent_whole ? t->reply_limit_us : t->deadline_us;

		if (limit_us < at_us)
			at_us = limit_us;
		if (!t->is_sent_whole && t->give_up_us < n->give_up_at_us)
			n->give_up_at_us = t->give_up_us;
		t->is_moved = false;
	}
	return watchdog_arm(n->watchdog, at_us);
}

/* -1 with t->failure set: it is too late, or the process could not be stopped in time. */
static int fire_enter(struct net *n, struct transfer_handle *t, int64_t deadline_us)
{
	long timeout_ms = t->req->timeout_ms > 0 ? t->req->timeout_ms : n->limits.fire_timeout_ms;
	int64_t now_us = clock_boot_us(), margin_us = (deadline_us - now_us) / 10;

	if (margin_us > GIVE_UP_MOST_US)
		margin_us = GIVE_UP_MOST_US;
	if (margin_us < GIVE_UP_LEAST_US)
		margin_us = GIVE_UP_LEAST_US;
	t->deadline_us = deadline_us;
	t->give_up_us = deadline_us - margin_us;
	t->reply_limit_us = now_us + timeout_ms * US_PER_MS + REPLY_MARGIN_US;
	if (now_us >= t->give_up_us && !BUG(deadline_ignored)) {
		t->failure = "the send deadline passed";
		return -1;
	}
	/* the others' limits are in already: with a thousand fires at once, no walk for each */
	if (!BUG(deadline_unarmed) && watchdog_at_us(n->watchdog) > deadline_us &&
	    watchdog_arm(n->watchdog, deadline_us) < 0)
		goto fail;
	if (t->give_up_us < n->give_up_at_us)
		n->give_up_at_us = t->give_up_us;
	LIST_INSERT_HEAD(&n->fires, t, fires);
	return 0;
fail:
	t->failure = "the watchdog timer cannot be set";
	return -1;
}

static bool is_fire_entered(const struct transfer_handle *t)
{
	return t->class == NET_FIRE && t->is_begun;
}

/* ---- libcurl's side of the loop ---- */

static int loop_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct net *n = arg;
	struct epoll_event ev = { .data.fd = fd };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(n->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
	if (known)
		return epoll_ctl(n->epoll_fd, EPOLL_CTL_MOD, fd, &ev);
	curl_multi_assign(n->multi, fd, n);
	return epoll_ctl(n->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static int loop_timer(CURLM *multi, long ms, void *arg)
{
	struct net *n = arg;

	(void)multi;
	n->curl_at_us = ms < 0 ? NEVER_US : clock_boot_us() + ms * US_PER_MS;
	return 0;
}

/* ---- opening and closing ---- */

static bool net_has_all(const struct net *n)
{
	return n->multi && n->limits.tls_sessions && n->epoll_fd >= 0 && n->timer_fd >= 0;
}

static int net_wire(struct net *n)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = n->timer_fd };

	curl_share_setopt(n->limits.tls_sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(n->multi, CURLMOPT_SOCKETFUNCTION, loop_socket);
	curl_multi_setopt(n->multi, CURLMOPT_SOCKETDATA, n);
	curl_multi_setopt(n->multi, CURLMOPT_TIMERFUNCTION, loop_timer);
	curl_multi_setopt(n->multi, CURLMOPT_TIMERDATA, n);
	curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	curl_multi_setopt(n->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	return epoll_ctl(n->epoll_fd, EPOLL_CTL_ADD, n->timer_fd, &ev);
}

static int limits_read(struct transfer_limits *l, const struct config *cfg, struct problem *reterr)
{
	bool has_own_ca = cfg->net_ca_file && *cfg->net_ca_file;

	l->ca_file = has_own_ca ? cfg->net_ca_file : CA_FILE_SYSTEM;
	l->connect_timeout_ms = (long)cfg->net_connect_timeout_ms;
	l->stage_timeout_ms = (long)cfg->net_stage_timeout_ms;
	l->fire_timeout_ms = (long)cfg->net_fire_timeout_ms;
	l->is_http_allowed = cfg->fetch_http;
	if (has_own_ca && access(l->ca_file, R_OK) < 0)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "[net] ca_file %s: %s",
				   l->ca_file, strerrordesc_np(errno));
	if (address_rules_parse(cfg->fetch_allow, &l->allow) < 0)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "[fetch] allow is not a list of CIDR[:port]: %s",
				   cfg->fetch_allow);
	return 0;
}

int net_open(const struct config *cfg, struct net **ret, struct problem *reterr)
{
	CLEANUP(net_free) struct net *n = NULL;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return problem_set(reterr, PROBLEM_INTERNAL, "libcurl cannot be initialised");
	n = alloc_zero(sizeof(*n));
	n->timer_at_us = n->curl_at_us = n->give_up_at_us = NEVER_US;
	n->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	n->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	n->multi = curl_multi_init();
	n->limits.tls_sessions = curl_share_init();
	n->watchdog = watchdog_new();
	if (!net_has_all(n) || net_wire(n) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "the network loop cannot be set up");
	if (limits_read(&n->limits, cfg, reterr) < 0)
		return -1;
	*ret = TAKE(n);
	return 0;
}

static void net_detach(struct net *n, struct transfer_handle *t)
{
	LIST_REMOVE(t, all);
	n->open--;
	if (t->is_ready)
		LIST_REMOVE(t, ready);
	if (t->is_begun)
		curl_multi_remove_handle(n->multi, t->easy);
	if (!is_fire_entered(t))
		return;
	LIST_REMOVE(t, fires);
	n->is_fire_gone = true;
}

void net_free(struct net *n)
{
	struct transfer_handle *t;

	if (!n)
		return;
	while ((t = LIST_FIRST(&n->all)) != NULL) {
		net_detach(n, t);
		transfer_free(t);
	}
	curl_multi_cleanup(n->multi);
	curl_share_cleanup(n->limits.tls_sessions);
	watchdog_free(n->watchdog);
	if (n->epoll_fd >= 0)
		close(n->epoll_fd);
	if (n->timer_fd >= 0)
		close(n->timer_fd);
	free(n);
	curl_global_cleanup();
}

/* ---- starting, ending ---- */

/* The callback comes from the loop, when its time is, even when nothing could be begun. */
static void net_put_ready(struct net *n, struct transfer_handle *t, CURLcode rc)
{
	t->is_ready = true;
	t->ended_with = rc;
	LIST_INSERT_HEAD(&n->ready, t, ready);
}

static int net_begin(struct net *n, struct transfer_handle *t, int64_t deadline_boot_us)
{
	if (transfer_prepare(t) < 0)
		return -1;
	if (t->class == NET_FIRE && fire_enter(n, t, deadline_boot_us) < 0)
		return -1;
	t->is_begun = curl_multi_add_handle(n->multi, t->easy) == CURLM_OK;
	if (t->is_begun)
		return 0;
	t->failure = "the transfer cannot be started";
	if (t->class == NET_FIRE) {
		LIST_REMOVE(t, fires);
		fires_watch(n);
	}
	return -1;
}

struct transfer_handle *net_start(struct net *n, enum net_class class,
				  const struct http_request *req, int64_t deadline_boot_us,
				  net_done_fn *done, void *arg)
{
	struct transfer_handle *t = transfer_new(class, req, &n->limits);

	assert(class != NET_FIRE || deadline_boot_us > 0);
	t->done = done;
	t->arg = arg;
	LIST_INSERT_HEAD(&n->all, t, all);
	n->open++;
	if (net_begin(n, t, deadline_boot_us) < 0)
		net_put_ready(n, t, CURLE_FAILED_INIT);
	return t;
}

void net_cancel(struct net *n, struct transfer_handle *t)
{
	assert(t->class != NET_FIRE || !t->may_have_left);
	net_detach(n, t);
	transfer_free(t);
	if (n->is_fire_gone)
		fires_watch(n);
}

static void net_finish(struct net *n, struct transfer_handle *t, CURLcode rc)
{
	transfer_settle(t, rc);
	net_detach(n, t);
	t->done(t->arg, &t->reply);
	transfer_free(t);
}

/* ---- the loop ---- */

/* Ends the fires that would bring the watchdog down on everybody; returns how many. */
static int loop_give_up(struct net *n, int64_t now_us)
{
	struct transfer_handle *t;
	int count = 0;

	while (n->give_up_at_us <= now_us) {
		LIST_FOREACH(t, &n->fires, fires) {
			if (!t->is_sent_whole && t->give_up_us <= now_us)
				break;
		}
		if (!t) {
			fires_watch(n);
			break;
		}
		t->failure = "the send deadline passed";
		net_finish(n, t, CURLE_ABORTED_BY_CALLBACK);
		fires_watch(n);
		count++;
	}
	return count;
}

/* Before callbacks, which may take long, and after them: no fire that is over holds the timer. */
static void loop_watch(struct net *n)
{
	struct transfer_handle *t = NULL;

	if (!n->is_fire_gone) {
		LIST_FOREACH(t, &n->fires, fires) {
			if (t->is_moved)
				break;
		}
	}
	if ((t || n->is_fire_gone) &&
	    fires_watch(n) < 0) /* it stays where it was: hard, but safe */
		log_line(LOG_LEVEL_ERROR, "net.watchdog", "reason=\"cannot be moved\"");
}

/* The next that libcurl has come to an end with; NULL: none. */
static struct transfer_handle *next_ended(struct net *n, CURLcode *ret_rc)
{
	char *owner = NULL;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(n->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &owner);
		*ret_rc = msg->data.result;
		return (struct transfer_handle *)(void *)owner;
	}
	return NULL;
}

/* Runs the callbacks of all that has ended; returns how many. */
static int loop_finish(struct net *n)
{
	struct transfer_handle *t;
	CURLcode rc;
	int count = 0;

	for (; (t = LIST_FIRST(&n->ready)) != NULL; count++)
		net_finish(n, t, t->ended_with);
	for (; (t = next_ended(n, &rc)) != NULL; count++)
		net_finish(n, t, rc);
	return count;
}

/* The same of those alone that call back there; the others wait. */
static int loop_finish_told(struct net *n, net_done_fn *told)
{
	struct transfer_handle *t;
	CURLcode rc;
	int count = 0;

	while ((t = next_ended(n, &rc)) != NULL) {
		if (t->done != told) {
			net_put_ready(n, t, rc);
			continue;
		}
		net_finish(n, t, rc);
		count++;
	}
	return count;
}

static void loop_time(struct net *n, int64_t now_us)
{
	int running;

	if (n->curl_at_us <= now_us) {
		n->curl_at_us = NEVER_US;
		curl_multi_socket_action(n->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	loop_watch(n);
}

static int loop_turn(struct net *n)
{
	int64_t now_us = clock_boot_us();
	int count;

	loop_time(n, now_us);
	count = loop_finish(n) + loop_give_up(n, now_us);
	loop_watch(n);
	return count;
}

/* epoll waits in milliseconds; a timerfd on the boot clock is exact and counts suspended time. */
static void loop_set_timer(struct net *n, int64_t at_us)
{
	struct itimerspec when = { 0 };

	if (at_us == n->timer_at_us)
		return;
	if (at_us != NEVER_US) {
		when.it_value.tv_sec = (time_t)(at_us / US_PER_S);
		when.it_value.tv_nsec = (long)(at_us % US_PER_S) * 1000;
	}
	timerfd_settime(n->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
	n->timer_at_us = at_us;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void loop_event(struct net *n, const struct epoll_event *ev)
{
	int what = 0, running;
	uint64_t ticks;

	if (ev->data.fd == n->timer_fd) {
		/* a spent timer must be set anew even for the same instant */
		n->timer_at_us =
			read(n->timer_fd, &ticks, sizeof(ticks)) < 0 ? n->timer_at_us : NEVER_US;
		return;
	}
	/* errors are found by reading, after the bytes that came before them */
	if (ev->events & ~(uint32_t)EPOLLOUT)
		what |= CURL_CSELECT_IN;
	if (ev->events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	curl_multi_socket_action(n->multi, ev->data.fd, what, &running);
}

/* True: a descriptor of the caller's is ready, or a signal came. */
static bool loop_wait(struct net *n, int64_t wake_us, struct pollfd *extra, size_t extra_n)
{
	struct pollfd fds[1 + NET_CARRY_FDS] = { { .fd = n->epoll_fd, .events = POLLIN } };
	struct epoll_event events[EVENTS_A_TURN];
	int64_t until_us = earlier(n->curl_at_us, wake_us);
	bool may_block = until_us > clock_boot_us();
	bool is_any = false;
	int count, ready;

	assert(extra_n <= NET_CARRY_FDS);
	memcpy(&fds[1], extra, extra_n * sizeof(*extra));
	loop_set_timer(n, may_block ? until_us : NEVER_US);
	ready = poll(fds, 1 + extra_n, may_block ? -1 : 0);
	if (ready < 0)
		return true;
	count = epoll_wait(n->epoll_fd, events, EVENTS_A_TURN, 0);
	for (int i = 0; i < count; i++)
		loop_event(n, &events[i]);
	for (size_t i = 0; i < extra_n; i++) {
		extra[i].revents = fds[1 + i].revents;
		is_any |= extra[i].revents != 0;
	}
	return is_any;
}

int net_poll(struct net *n, int64_t wake_boot_us, int extra_fd)
{
	struct pollfd extra = { .fd = extra_fd, .events = POLLIN };
	bool is_over = loop_turn(n) > 0;

	do {
		bool is_idle = n->open == 0 && extra_fd < 0 && wake_boot_us == NEVER_US;

		is_over |= loop_wait(
			n, is_over || is_idle ? 0 : earlier(n->give_up_at_us, wake_boot_us), &extra,
			1);
		is_over |= loop_turn(n) > 0;
		is_over |= is_idle;
	} while (!is_over && clock_boot_us() < wake_boot_us);
	return n->open;
}

void net_carry(struct net *n, struct pollfd *fds, size_t fds_n, int64_t until_boot_us,
	       net_done_fn *told)
{
	bool is_over;

	do {
		is_over = loop_wait(n, until_boot_us, fds, fds_n);
		loop_time(n, clock_boot_us());
		if (told)
			is_over |= loop_finish_told(n, told) > 0;
	} while (!is_over && clock_boot_us() < until_boot_us);
}

/* ---- one call, waited for ---- */

struct waited {
	bool is_done;
	struct http_reply *ret;
};

static void waited_done(void *arg, struct http_reply *reply)
{
	struct waited *w = arg;

	*w->ret = *reply;
	reply->body = reply->headers = (struct buf)BUF_INIT; /* moved out */
	w->is_done = true;
}

int net_perform(struct net *n, enum net_class class, const struct http_request *req,
		struct http_reply *ret, struct problem *reterr)
{
	struct waited w = { .ret = ret };

	if (class == NET_FIRE)
		return problem_set(reterr, PROBLEM_INTERNAL, "a fire call needs a permit");
	net_start(n, class, req, 0, waited_done, &w);
	while (!w.is_done)
		net_poll(n, NEVER_US, -1);
	return 0;
}

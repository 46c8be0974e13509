/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client - the one curl_multi loop
 * Layer net; the only file that opens sockets. Every transfer: https (http where the base URL is
 * the operator's own), no proxy, no netrc, no cookies, no redirects, no verbose, CAPATH off, one
 * CA bundle with shared parsed store, TLS session sharing.
 * REPEATABLE calls reuse connections, but for bodies out of files and what is_once: libcurl re-sends
 * on a reused connection that dies. FIRE calls: HTTP/1.1, a fresh connection that is not reused,
 * SO_LINGER 0 and TCP_USER_TIMEOUT 15 s, and a PREREQ check that refuses to send after
 * deadline_boot_us; a process-wide CLOCK_BOOTTIME timer kills the process at the earliest deadline
 * of a fire call not yet sent whole (reliability 1.4), then is moved to the reply limit.
 * USER calls go to URLs that users gave: the address policy refuses what is not global unicast. It
 * holds for a call of any class that is_to_users_host, and then for the scheme, too ([fetch] http).
 */
#ifndef CARILLON_NET_CLIENT_H
#define CARILLON_NET_CLIENT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "net/message.h"

struct config;
struct net;
struct transfer_handle;

enum net_class { NET_REPEATABLE, NET_FIRE, NET_USER };

/* Called from net_poll() exactly once per started transfer; reply is borrowed for the call. */
typedef void net_done_fn(void *arg, struct http_reply *reply);

int net_open(const struct config *cfg, struct net **ret, struct problem *reterr);
void net_free(struct net *n); /* open transfers are aborted, their callbacks not called */

/*
 * req must stay valid until done. deadline_boot_us: for NET_FIRE the last moment at which bytes
 * may leave (0 otherwise). The returned handle is valid until done was called.
 */
struct transfer_handle *net_start(struct net *n, enum net_class class,
				  const struct http_request *req, int64_t deadline_boot_us,
				  net_done_fn *done, void *arg);
void net_cancel(
	struct net *n,
	struct transfer_handle *t); /* callback not called; never for a fire that may have left */

/*
 * Runs callbacks of whatever has finished, waits at most until wake_boot_us (boot clock; precise
 * to 0.1 ms) or until extra_fd (-1: none) is readable. Returns transfers still open.
 */
int net_poll(struct net *n, int64_t wake_boot_us, int extra_fd);

/*
 * Lets transfers go on while something else is waited for: until one of the fds (as for poll(2), whose
 * revents are set) is ready, a signal comes, `told` has been called back, or until_boot_us. Of what has
 * finished, `told` alone is called back (NULL: nobody); the others are by the next net_poll().
 */
#define NET_CARRY_FDS 2
void net_carry(struct net *n, struct pollfd *fds, size_t fds_n, int64_t until_boot_us,
	       net_done_fn *told);

/* One repeatable call, waited for. 0 whenever the transfer ran (see reply->transfer). */
int net_perform(struct net *n, enum net_class class, const struct http_request *req,
		struct http_reply *ret, struct problem *reterr);

DEFINE_CLEANUP(struct net *, net_free);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - the sandbox as an HTTP server
 * Layer sandbox. Owner: sandbox_server_start() gives it to the caller; sandbox_server_stop() (NULL
 * is fine) ends every connection, also the hanging ones, and frees all. One thread moves bytes
 * (libmicrohttpd, epoll), a few run handlers; a request that waits holds no thread.
 * Errors: -EINVAL address not loopback or malformed, -EADDRINUSE, other -errno.
 */
#ifndef CARILLON_SANDBOX_SERVER_H
#define CARILLON_SANDBOX_SERVER_H

#include "base/cleanup.h"
#include "sandbox/sandbox.h"

/* listen: 127.0.0.1:8090 or [::1]:8090, port 0 picks a free one; folder is made when missing. */
int sandbox_server_start(const char *listen, const char *folder, const char *ca_file,
			 struct sandbox **ret);
void sandbox_server_stop(struct sandbox *sb);

DEFINE_CLEANUP(struct sandbox *, sandbox_server_stop);

#endif

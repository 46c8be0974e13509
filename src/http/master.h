/* SPDX-License-Identifier: Apache-2.0 */
/*
 * master - pre-forking parent of a responder pool
 * Layer http. Binds the unix socket (0660, group), forks workers, respawns the dead with back-off,
 * SIGTERM: graceful stop (workers finish their request), SIGHUP: new workers with new configuration
 * before the old ones end, so no request is lost. Requests for which no worker is free wait in the
 * backlog.
 */
#ifndef CARILLON_HTTP_MASTER_H
#define CARILLON_HTTP_MASTER_H

#include "base/problem.h"

#define MASTER_SHARED_MAX 2

struct master {
	const char *socket_path, *socket_group;
	int workers, backlog;
	/* Descriptors that each worker keeps; all but these and the socket are closed. 0: none. */
	int shared[MASTER_SHARED_MAX];
	/* Runs in the child until *stop; its return value is the exit status. */
	int (*worker)(void *arg, int listen_fd, const volatile int *stop);
	/* SIGHUP: reads the configuration again; may change workers. -1: keep the old one. */
	int (*reload)(void *arg, struct master *m);
	void *arg;
};

int master_run(struct master *m, struct problem *reterr);

#endif

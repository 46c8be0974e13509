/* SPDX-License-Identifier: Apache-2.0 */
/*
 * door - the listening socket: who may come in, and when nobody is there at all
 * Layer sandbox. A thread of its own accepts and hands over to the server. While the door is shut,
 * connections are refused as by a host on which nothing listens; those that are open go on. Another
 * socket keeps the port meanwhile.
 */
#ifndef CARILLON_SANDBOX_DOOR_H
#define CARILLON_SANDBOX_DOOR_H

#include <stdint.h>

#include "sandbox/sandbox.h"

struct MHD_Daemon;
struct door;

/* Listens on ADDRESS:PORT of a loopback address (port 0: any); fills sb->base_url. 0 or -errno. */
int sandbox_door_open(struct sandbox *sb, const char *listen_on, struct door **ret);
/* From now on whoever comes in is the daemon's; it must outlive the door. 0 or -errno. */
int sandbox_door_serve(struct door *d, struct MHD_Daemon *daemon);
/* For so long from now; 0 opens it. Any thread. */
void sandbox_door_shut(struct door *d, int64_t ms);
void sandbox_door_free(struct door *d);

#endif

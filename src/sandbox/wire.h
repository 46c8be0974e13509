/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - how an exchange and its connection live together, and how answers leave or fail to
 * Layer sandbox. An exchange is suspended while a worker has it; only the server's own thread
 * touches the connection. Owner: attach makes ex->link; detach frees the exchange, later if an
 * upload that broke off must still be counted.
 */
#ifndef CARILLON_SANDBOX_WIRE_H
#define CARILLON_SANDBOX_WIRE_H

#include <microhttpd.h>

#include "sandbox/sandbox.h"

enum link_phase { LINK_READ, LINK_RUN, LINK_DONE, LINK_SENT, LINK_ORPHAN };

struct exchange_link {
	struct MHD_Connection *conn;
	struct exchange *prev, *next; /* all that live */
	enum link_phase phase;
	bool is_suspended;
	uint64_t cut_at;      /* 0: no cut */
	int64_t next_byte_us; /* WIRE_SLOW */
	int64_t upload_rate;  /* bytes a second of the request's body; 0: as fast as they come */
	int64_t next_take_us;
};

struct server *sandbox_wire_new(void);
void sandbox_wire_start(struct server *s, struct MHD_Daemon *daemon);
void sandbox_wire_stop(struct server *s); /* stops the daemon too; frees s */
void sandbox_wire_attach(struct exchange *ex, struct MHD_Connection *conn);
void sandbox_wire_detach(struct exchange *ex);
/* The request is complete, or a worker is done with it. */
enum MHD_Result sandbox_wire_next(struct exchange *ex);
/* How many of n bytes of the body may be taken now; 0: the connection sleeps, ask again then. */
size_t sandbox_wire_allow(struct exchange *ex, size_t n);
/* Sends a TCP reset at once; the connection is over. */
enum MHD_Result sandbox_wire_reset(struct exchange *ex);

#endif

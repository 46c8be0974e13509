/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_peer - receivers of webhooks, which do what stands in the path
 * Tests only. /ok, /flaky (500 first), /gone, /away (redirects), /later (503 with Retry-After),
 * /nothing (hangs up), /death (kills the process whose id stands in the file `victim`), /gate (waits
 * for the file `gate`), /large. What they get stands in the file `received`, so that cases read it
 * from processes of their own.
 */
#ifndef CARILLON_TESTS_HOOK_PEER_H
#define CARILLON_TESTS_HOOK_PEER_H

#include "crypto/websign.h"
#include "peer.h"

#define RECORDS_MAX 400

struct record {
	char path[40], id[80], when[40], signature[200], body[3000];
};

void hook_peer_folder(const char *folder);    /* of the files; before any peer is started */
const char *hook_peer_file(const char *name); /* borrowed until the next call */
void hook_peer_serve(struct peer *p, int fd, int nth);
/* In the order in which they came; how many. */
int hook_peer_received(struct record *v, int most);
/*
 * Fails the case unless the secret has signed it. Where WEBHOOKS_CAPTURE names a file, it is appended
 * there, for tests/webhooks/run.
 */
void hook_peer_verify(const struct websign_secret *secret, const struct record *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer - a small HTTP server on loopback, in a thread, that misbehaves on request
 * Tests only. One thread serves one connection after the other with the script given; counters
 * say what really arrived. Owner: peer_start() gives it to the caller; peer_stop() ends it.
 */
#ifndef CARILLON_TESTS_PEER_H
#define CARILLON_TESTS_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct peer;

/* Serves one accepted connection; it is closed afterwards. nth counts from 0. */
typedef void peer_script_fn(struct peer *p, int fd, int nth);

struct peer *peer_start(peer_script_fn *script); /* NULL: it only listens */
void peer_stop(struct peer *p);
int peer_port(const struct peer *p);
int peer_listen_fd(const struct peer *p);
const char *peer_url(struct peer *p, const char *path); /* http; valid until the next call */

/* Reads one request whole; the body is counted, its first 64 KiB kept. False: peer hung up. */
bool peer_read_request(struct peer *p, int fd);
void peer_say(int fd, const char *text);
/* The file as a 200; false: there is none, and nothing was said. */
bool peer_say_file(int fd, const char *path);
void peer_sleep_ms(int ms);
/* Closes with RST instead of FIN. */
void peer_reset(int fd);

int peer_connections(struct peer *p);
int peer_requests(struct peer *p);
int64_t peer_bytes(struct peer *p);       /* all bytes received */
int64_t peer_body_bytes(struct peer *p);  /* of the last request */
const char *peer_request(struct peer *p); /* head and first bytes of the last request's body */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_fixture - a transfer loop of its own for each test, requests, and what peers say to them
 * Tests only. What is asked of the loop lives in ->arena, which ends with the test.
 */
#ifndef CARILLON_TESTS_CLIENT_FIXTURE_H
#define CARILLON_TESTS_CLIENT_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "net/client.h"
#include "peer.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"

extern struct arena *fixture_arena;
extern struct config cfg;
extern struct net *net;

void fixture_setup(void);
void fixture_teardown(void);

struct http_request *request(enum http_verb verb, const char *url);

/* What a transfer came to; calls: how often its end was told. */
struct outcome {
	int calls;
	struct http_reply reply;
};
void keep(void *arg, struct http_reply *reply); /* net_done_fn; arg: struct outcome * */
void outcome_done(struct outcome *o);
/* Waits for the end, at most a minute; a fire must be sent within deadline_ms. */
struct outcome run(enum net_class class, struct http_request *r, int deadline_ms);

/* peer_script_fn */
void say_hello(struct peer *p, int fd, int nth);
void hang(struct peer *p, int fd, int nth); /* takes one request, answers nothing */

/* The peer's last request holds that text. */
bool has(struct peer *p, const char *text);
/* A media folder around the program: from a template of mkdtemp(); gone with its tmp. */
void fixture_folder_make(char *folder);
void fixture_folder_remove(const char *folder);

/* A file with "begin" at 1000 and "end" as its last bytes; the test removes it. */
char *sparse_file(int64_t bytes);

#endif

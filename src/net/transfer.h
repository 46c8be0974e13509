/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer - one HTTP exchange: its libcurl options, what came back, and how far it got
 * Layer net; private to the client, which owns the loop. Owner: transfer_new() gives it to the
 * caller; transfer_free() accepts NULL. The verdict (NOT_SENT, BROKEN, REPLIED) is decided here
 * and only here: NOT_SENT needs proof that no byte of the request was handed to the kernel.
 */
#ifndef CARILLON_NET_TRANSFER_H
#define CARILLON_NET_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/cleanup.h"
#include "net/address.h"
#include "net/client.h"
#include "net/message.h"

struct pieces;
struct slice;

struct transfer_limits { /* of a client, shared by all of its transfers */
	const char *ca_file;
	long connect_timeout_ms, stage_timeout_ms, fire_timeout_ms;
	struct address_rules allow; /* what URLs given by users may lead to besides */
	bool is_http_allowed;       /* to hosts that users named */
	CURLSH *tls_sessions;
};

struct transfer_handle {
	LIST_ENTRY(transfer_handle) all;
	LIST_ENTRY(transfer_handle) fires;
	LIST_ENTRY(transfer_handle) ready;

	enum net_class class;
	const struct http_request *req;
	net_done_fn *done;
	void *arg;
	const struct transfer_limits *limits;

	int64_t deadline_us;    /* NET_FIRE: the watchdog's instant while not sent whole */
	int64_t give_up_us;     /* NET_FIRE: a little before, the transfer alone is ended */
	int64_t reply_limit_us; /* NET_FIRE: the watchdog's instant from then on */

	CURL *easy;
	CURLU *url;
	struct curl_slist *headers;
	curl_mime *mime;
	struct slice *file;
	struct pieces *pieces;
	struct http_reply reply;

	const char *failure; /* why we ended it ourselves; NULL: libcurl's own verdict counts */
	bool is_begun;       /* libcurl has it */
	bool is_ready;       /* has ended, with ended_with, and waits for its callback */
	CURLcode ended_with;
	bool has_body;
	bool is_head_whole; /* the empty line after the header lines has come */
	bool may_have_left; /* PREREQ let the request go */
	bool is_sent_whole;
	bool is_moved; /* is_sent_whole is news that the watchdog lacks */
};

struct transfer_handle *transfer_new(enum net_class class, const struct http_request *req,
				     const struct transfer_limits *limits);
void transfer_free(struct transfer_handle *t);

/* Sets all options. -1 with t->failure set: nothing can be sent. */
int transfer_prepare(struct transfer_handle *t);

/* Fills t->reply from how it ended. */
void transfer_settle(struct transfer_handle *t, CURLcode rc);

DEFINE_CLEANUP(struct transfer_handle *, transfer_free);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download - the bytes behind a URL that a user gave, streamed into a file of the store
 * Layer media. Each hop is checked as source_check() does and, by the client, on the address that
 * is connected to; at most 3 redirects, followed here. Nothing is sent but the request: no
 * cookies, no credentials, no referrer, no proxy. Size, time and least speed are capped; the
 * bytes are taken as they stand, never unfolded. What they are is media/probe's to say.
 */
#ifndef CARILLON_MEDIA_DOWNLOAD_H
#define CARILLON_MEDIA_DOWNLOAD_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "media/store.h"

struct config;
struct net;
struct download;

enum download_verdict {
	DOWNLOAD_DONE,
	DOWNLOAD_AGAIN, /* overloaded, broken off or not reachable: may be better soon */
	DOWNLOAD_NEVER, /* refused by the peer or by us: only a person can change it */
	DOWNLOAD_OURS,  /* our disk failed; nothing is said of the URL */
};

struct download_result {
	enum download_verdict verdict;
	struct media_file *file; /* DONE: taken by the callback, or freed after it */
	const char *why;         /* else: words for the user; host, never path or query */
	int64_t retry_after_s;   /* AGAIN: what the peer asks for; -1 nothing */
	int64_t bytes;           /* that came, of all hops, whatever the verdict */
};
typedef void download_done_fn(void *arg, struct download_result *r);

/*
 * done is called once from net_poll(), unless download_free() came first; it may free the
 * download. -1: MEDIA_REJECTED (the URL is not one that is fetched), or our own trouble.
 */
struct download_order {
	const char *url;
	download_done_fn *done;
	void *arg;
};
int download_start(struct net *net, const struct config *cfg, const struct download_order *o,
		   struct download **ret, struct problem *reterr);
void download_free(struct download *d); /* of one still running: called off */

DEFINE_CLEANUP(struct download *, download_free);

#endif

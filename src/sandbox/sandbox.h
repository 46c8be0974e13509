/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what the server, the shared parts and the platforms have in common
 * Layer sandbox: base, json and crypto only, never the code that it is there to examine.
 *
 * To add a platform: write one file that ends in `const struct sandbox_platform sandbox_<name>`,
 * add its row to platforms.c, list the file in files.am. OAuth codes, tokens, consent pages,
 * quotas, published objects, latency and faults are shared; see world.h, consent.h, faults.h. What
 * it keeps beyond those it stores by rows of its own (`kinds`, `loaded`); see state.h.
 *
 * Locking: a handler is called with the lock held and everything reachable from ex->world may be
 * touched; around slow work (fetching media) it calls sandbox_unlock() and sandbox_lock(). A reset
 * replaces the world but never frees one that an exchange or a job still holds.
 */
#ifndef CARILLON_SANDBOX_SANDBOX_H
#define CARILLON_SANDBOX_SANDBOX_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sandbox/map.h"

#define SANDBOX_PLATFORMS_MAX 16
#define SANDBOX_CAPTURES_MAX  4

struct MHD_Connection;
struct door;
struct exchange;
struct queue;
struct record_kind;
struct sandbox;
struct state;
struct truth;
struct world;

enum sandbox_row_flags {
	ROW_SPOOL = 1,   /* the body goes to a file, and counts as far as it came */
	ROW_BROWSER = 2, /* a person's browser: no planned faults, no usage headers */
};

struct sandbox_row {
	const char *method;
	const char *pattern; /* /{version}/{id}/media; {version} matches v1.0, others one segment */
	const char *name;    /* endpoint label in logs and fault rules */
	void (*handler)(struct exchange *ex);
	unsigned flags;
	const char *const
		*points;       /* the platform's own fault points here; NULL-terminated or NULL */
	const char *cut_point; /* ROW_SPOOL: fault point that breaks the upload off, or NULL */
};

struct sandbox_platform {
	const char *name;
	const struct sandbox_row *rows; /* ends with method NULL */
	const char *const *points;      /* all own fault points, NULL-terminated */
	void (*open)(struct world *w);  /* makes the default world */
	/* POST /_control/world; false with a sentence in *ret_why */
	bool (*seed)(struct world *w, const json_t *in, const char **ret_why);
	void (*identify)(struct exchange *ex); /* sets account, account_name, caption if it can */
	void (*unknown)(struct exchange *ex);  /* no such endpoint */
	void (*finish)(struct exchange *ex);   /* after each handler: usage headers and the like */
	void (*clock)(struct exchange *ex);    /* the virtual clock was moved on */
	json_t *(*state)(struct world *w);     /* for GET /_control/state; new reference */
	const struct record_kind *kinds;       /* what it stores itself; ends with name NULL */
	/* After the stored world was read: joins what belongs together, goes on with the work. */
	void (*loaded)(struct world *w);
};

/* How an answer leaves. */
enum wire {
	WIRE_NORMAL,
	WIRE_RESET,        /* TCP reset, no byte */
	WIRE_CLOSE,        /* orderly close, no byte */
	WIRE_HANG,         /* nothing for wire_arg ms, then reset */
	WIRE_SLOW,         /* one byte each wire_arg ms */
	WIRE_TRUNCATE,     /* right Content-Length, close after wire_arg bytes */
	WIRE_WRONG_LENGTH, /* Content-Length ends the body at its half */
};

/* One request and its answer. */
struct exchange {
	struct sandbox *sandbox;
	struct world *world;
	struct arena *arena;
	uint64_t req_no;
	uint64_t conn_no;
	int64_t start_us;            /* real time */
	const char *method, *target; /* target: path and query as sent */
	const char *path;            /* below the platform's prefix, without query */
	const char *base_url;        /* http://host[/platform] as the client sees us */
	const struct sandbox_platform *platform;
	const struct sandbox_row *row;
	const char *captures[SANDBOX_CAPTURES_MAX];
	struct list params, headers; /* struct param */
	struct buf body;
	char *spool_path; /* ROW_SPOOL: the body's file, removed at the end */
	int spool_fd;
	uint64_t spooled;
	bool is_partial; /* the client left before the body's end */

	const char *account, *account_name, *caption; /* what fault rules match */
	const char *planned;                          /* fault point drawn from the seeded plan */
	const char *fault;                            /* point that hit, for the logs */
	json_t *planned_params;

	int status;
	struct buf out;
	const char *content_type;
	struct list out_headers; /* struct param */
	enum wire wire;
	int64_t wire_arg;
	int64_t delay_ms; /* before the answer leaves, after its effect */
	int64_t late_ms;  /* before the effect */
	bool truth_dirty;

	struct exchange_link *link; /* the server's own part */
};

struct sandbox {
	pthread_mutex_t lock;
	struct world *world;
	struct truth *truth;
	struct state *state;
	struct queue *work, *timers;
	const char *folder, *ca_file;
	char base_url[128]; /* http://127.0.0.1:8090 */
	uint64_t req_no, conn_no;
	struct server *server;
	struct door *door;
};

extern const struct sandbox_platform *const sandbox_platforms[]; /* NULL-terminated */
extern const struct sandbox_platform sandbox_instagram;
extern const struct sandbox_platform sandbox_tiktok;
extern const struct sandbox_platform sandbox_pinterest;
extern const struct sandbox_platform sandbox_twitter;
extern const struct sandbox_platform sandbox_youtube;
extern const struct sandbox_platform sandbox_mastodon;
extern const struct sandbox_platform sandbox_bluesky;

size_t sandbox_platform_index(const struct sandbox_platform *p);
const struct sandbox_platform *sandbox_platform_find(const char *name, size_t len);

void sandbox_lock(struct sandbox *sb);
void sandbox_unlock(struct sandbox *sb);

#endif

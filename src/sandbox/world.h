/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world - apps, people, grants, tokens, quotas and published objects of all platforms
 * Layer sandbox. Owner: everything lives in the world's arena until the last holder lets go. All
 * functions need the sandbox's lock. Units: microseconds UTC of the virtual clock, which is the
 * real one plus an offset that only grows (POST /_control/clock). Who changes a stored struct (it
 * begins with a record) calls sandbox_state_touch().
 */
#ifndef CARILLON_SANDBOX_WORLD_H
#define CARILLON_SANDBOX_WORLD_H

#include "sandbox/faults.h"
#include "sandbox/sandbox.h"
#include "sandbox/state.h"

struct app {
	struct record record;
	const struct sandbox_platform *platform;
	const char *client_id, *secret, *name;
	struct list redirects; /* text, compared byte by byte */
	const char *scopes;    /* that it may ask for, with spaces; NULL: any */
	bool needs_proof;
};

struct choice { /* a page or account that a person may share with an app */
	const char *id, *label;
	const char *note; /* what else a person should know of it, or NULL */
};

struct person {
	const struct sandbox_platform *platform;
	const char *realm; /* which of the platform's logins */
	const char *id, *name;
	struct list choices; /* struct choice */
	void *extra;         /* the platform's own */
};

struct grant { /* what one person allowed one app; replaced by each consent */
	struct record record;
	struct app *app;
	struct person *person;
	struct list granted, declined; /* scope texts */
	struct list chosen;            /* choice ids */
	bool is_removed;
};

struct code {
	struct record record;
	const char *text, *redirect_uri;
	struct grant *grant;
	int64_t expires_us;
	bool is_used;
	const char *challenge, *challenge_method; /* PKCE; NULL without */
	const char *options;                      /* of the question, see consent.h */
};

struct token {
	struct record record;
	const struct sandbox_platform *platform;
	const char *text;
	int kind; /* the platform's own enum */
	struct grant *grant;
	const char *subject;           /* page or account; NULL: the person */
	const char *scopes;            /* with spaces; NULL: those of the grant */
	int64_t issued_us, expires_us; /* expires_us INSTANT_NONE: never */
	int dead_reason;               /* 0 alive; else the platform's reason */
	bool is_expired_by_hand;
};

struct media_fact {
	char sha256[65];
	uint64_t bytes;
	const char *mime;
	const char *url; /* NULL: bytes were pushed */
};

struct account { /* something that posts appear on */
	const struct sandbox_platform *platform;
	const char *id, *username, *name;
	struct list objects; /* struct object, oldest first */
	struct list spends;  /* int64_t *: instants that count against the quota */
	size_t spends_first; /* earlier ones have left the window */
	struct list makes;   /* containers or uploads, counted alike */
	size_t makes_first;
	uint64_t calls;
	void *extra;
};

struct object { /* published */
	struct record record;
	const struct sandbox_platform *platform;
	struct account *account;
	const char *id, *kind, *caption, *options, *container, *code;
	struct list media;                      /* struct media_fact */
	struct list comments;                   /* struct param: id, message */
	int64_t created_us, listed_us, ends_us; /* ends_us INSTANT_NONE: never */
	bool is_deleted;
	uint64_t req_no;
	void *extra;
};

struct settings { /* POST /_control/config; rows in control.c */
	int64_t seed;
	int64_t image_delay_ms, video_delay_ms, listing_lag_ms, latency_ms;
	int64_t quota_total, container_limit, app_calls, account_calls;
	int64_t container_life_s, code_life_s, short_life_s, long_life_s, refresh_age_s;
	int64_t fetch_timeout_ms, strict_moov, strict_edits, republish_same_id;
	const char *consent; /* manual, approve, deny */
};

struct request_line {             /* of the request log */
	uint64_t no, conn, bytes; /* bytes: of the body, as far as it came */
	int64_t us, end_us;       /* begun; handled, and so arrived before */
	const char *platform, *endpoint, *method, *fault;
	char account[32], path[96];
	int status;
	enum wire wire;
};
#define REQUESTS_KEPT 20000

struct world {
	struct sandbox *sandbox;
	struct arena *arena;
	unsigned refs;
	int64_t offset_us;
	struct settings settings;
	bool is_opening; /* what is made now is the default world, or was stored already */
	struct list records, dirty; /* struct record: stored ones by number; those to be written */
	bool is_changed;
	struct list apps, people, grants, tokens_list, accounts_list, objects_list;
	struct map tokens, codes, accounts, objects,
		asks;                  /* keys: platform/id, or the text itself */
	struct map endpoints;          /* "platform endpoint" -> uint64_t count */
	struct map faults_met;         /* "platform point" -> uint64_t count */
	struct map fetches;            /* url -> uint64_t count */
	struct map turns;              /* "platform/account/endpoint" -> uint64_t, for the plan */
	struct request_line *requests; /* ring */
	uint64_t requests_n;
	struct faults faults;
	uint64_t next_id, app_calls;
	int64_t app_calls_since_us;
	void *extra[SANDBOX_PLATFORMS_MAX]; /* by sandbox_platform_index() */
	/* Bytes a second that each upload to that platform gets; 0: all it can. */
	int64_t upload_rates[SANDBOX_PLATFORMS_MAX];
};

struct world *sandbox_world_new(struct sandbox *sb);
void sandbox_world_hold(struct world *w);
void sandbox_world_release(struct world *w);
int64_t sandbox_world_now(const struct world *w);

/* A fresh decimal id: prefix digits first, `digits` in all. */
const char *sandbox_world_id(struct world *w, const char *prefix, int digits);
const char *sandbox_world_secret(struct world *w, const char *prefix, size_t bytes);

struct app *sandbox_world_app(struct world *w, const struct sandbox_platform *p, const char *id);
struct app *sandbox_world_add_app(struct world *w, const struct sandbox_platform *p, const char *id,
				  const char *secret);
bool sandbox_world_redirect_ok(const struct app *app, const char *uri);

struct person *sandbox_world_add_person(struct world *w, const struct sandbox_platform *p,
					const char *realm, const char *id, const char *name);
struct person *sandbox_world_person(struct world *w, const struct sandbox_platform *p,
				    const char *realm, const char *id); /* id NULL: the first */
struct grant *sandbox_world_grant(struct world *w, struct app *app, struct person *person);
struct grant *sandbox_world_add_grant(struct world *w, struct app *app, struct person *person);

struct code *sandbox_world_add_code(struct world *w, struct grant *g, const char *prefix,
				    const char *redirect_uri, int64_t life_s);
struct token *sandbox_world_add_token(struct world *w, struct grant *g, int kind,
				      const char *prefix, int64_t life_s); /* 0: for ever */

/* reason 0: it has expired. */
void sandbox_world_kill(struct world *w, struct token *t, int reason);

struct account *sandbox_world_account(struct world *w, const struct sandbox_platform *p,
				      const char *id);
struct account *sandbox_world_add_account(struct world *w, const struct sandbox_platform *p,
					  const char *id, const char *username, const char *name);
/* How many instants of a rolling day are in the list; drops the others from view. */
size_t sandbox_world_in_day(const struct world *w, const struct list *instants, size_t *first);
void sandbox_world_spend(struct world *w, struct list *instants);
void sandbox_world_spend_at(struct world *w, struct list *instants, int64_t at_us);

/* Into the lists, without a line in the truth log. */
void sandbox_world_add_object(struct world *w, struct object *o);
struct object *sandbox_world_object(struct world *w, const struct sandbox_platform *p,
				    const char *id);
/* Writes the truth line, then makes the object visible. false: the log failed, nothing happened. */
bool sandbox_world_publish(struct exchange *ex, struct object *o);
void sandbox_world_delete(struct exchange *ex, struct object *o);
/* Writes a truth line about what is there already; false: the log failed. */
bool sandbox_world_tell(struct exchange *ex, const struct object *o, const char *event);

uint64_t *sandbox_world_counter(struct world *w, struct map *m, const char *key);

#endif

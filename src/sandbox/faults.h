/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults - when to misbehave, and how
 * Layer sandbox. Two sources: rules set by POST /_control/faults, and a seeded plan in which the
 * fault of the nth call of an account to an endpoint is a pure function, so that a seed replays.
 * Points named net.* and http.* work on every endpoint of every platform; others are a platform's.
 */
#ifndef CARILLON_SANDBOX_FAULTS_H
#define CARILLON_SANDBOX_FAULTS_H

#include <jansson.h>

#include "sandbox/sandbox.h"

struct fault_rule {
	uint64_t id, hits;
	const char *platform, *point;             /* platform NULL: any */
	const char *account, *caption, *endpoint; /* NULL: any; account: id or username */
	int64_t times;                            /* left; -1 for ever */
	int64_t skip;                             /* calls that fit and are spared first */
	double probability;
	json_t *params; /* never NULL */
};

struct fault_plan {
	double rate; /* 0: off */
	uint64_t seed;
	struct list points; /* only these; empty: all that fit */
};

struct faults {
	struct list rules; /* struct fault_rule */
	struct fault_plan plan;
	uint64_t draws; /* state of the probability draws */
	uint64_t next_id;
};

enum fault_stage {
	FAULT_ACCEPT, /* the connection, before any request */
	FAULT_LATE,   /* the effect happens, but not yet */
	FAULT_BEFORE, /* nothing happens */
	FAULT_AFTER,  /* the effect happens, the answer suffers */
};

struct fault_kind {
	const char *point;
	enum fault_stage stage;
	bool is_planned; /* may be drawn by a plan */
	void (*apply)(struct exchange *ex, const json_t *params);
};

/* The nth call of an account to an endpoint. */
struct fault_call {
	const char *platform, *account, *endpoint; /* account may be NULL */
	uint64_t nth;
};

extern const struct fault_kind sandbox_faults_kinds[]; /* ends with point NULL; faultkinds.c */

/* The params of the rule that hits here, consuming one of its times; NULL: behave. Borrowed. */
const json_t *sandbox_faults_hit(struct exchange *ex, const char *point);
/* Same for a connection that has sent nothing yet. */
bool sandbox_faults_hit_accept(struct world *w);
/* Applies the first generic fault of the stage; true when one did. */
bool sandbox_faults_stage(struct exchange *ex, enum fault_stage stage);

/* Draws ex->planned. Needs row, account and platform. */
void sandbox_faults_draw(struct exchange *ex);
/*
 * The pure function behind it: a point, or NULL. `own` may be NULL. ret_draw: a further number, for
 * the point's own choice; may be NULL.
 */
const char *sandbox_faults_planned(const struct fault_plan *plan, const char *const *own,
				   const struct fault_call *call, uint32_t *ret_draw);
bool sandbox_faults_known(const struct sandbox_platform *p, const char *point);

int64_t sandbox_faults_int(const json_t *params, const char *name, int64_t fallback);
const char *sandbox_faults_text(const json_t *params, const char *name, const char *fallback);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit - who changed what, from where, and how it ended: a chain of rows a workspace
 * Layer store. A row's MAC covers its columns and the MAC of the row before, under a key made of the
 * pepper, so that who can only write to the database can forge none. The head of a chain is locked
 * by the first statement and moved by the last, so add it as the last of a transaction: changes of
 * one workspace wait for each other from there to the commit. The application's users may neither
 * change nor delete a row. Needs keys. Texts are ASCII; what is longer than its column is cut.
 */
#ifndef CARILLON_STORE_AUDIT_H
#define CARILLON_STORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "crypto/keys.h"
#include "db/stmt.h"
#include "store/page.h"

#define AUDIT_INSTANCE "instance" /* in place of a workspace: what concerns none of them */

struct audit_entry {
	int64_t seq, at_us;     /* set by the store */
	const char *actor_kind; /* user, key or operator */
	const char *actor_id;
	const char *address, *request_id; /* NULL: none */
	const char *action;
	const char *subject_id; /* NULL: none, or several */
	const char *outcome;    /* done, begun, or a problem's code */
	int64_t status;         /* 0: none */
};

/* In the caller's transaction, or in one of its own. */
int store_audit_add(struct db *db, const char *ws, const struct audit_entry *in,
		    const struct keys *keys, struct problem *reterr);

struct audit_query {
	int limit;
	int64_t before_seq;                         /* 0: from the newest */
	const char *actor_id, *action, *subject_id; /* NULL: any */
};
struct audit_page {
	struct audit_entry *v; /* newest first */
	size_t n;
	bool has_more;
};
int store_audit_list(struct db *db, const char *ws, const struct audit_query *q, struct arena *a,
		     struct audit_page *ret, struct problem *reterr);

/* Every chain that there is, or should be. */
int store_audit_chains(struct db *db, struct arena *a, const char *const **ret, size_t *ret_n,
		       struct problem *reterr);

enum audit_fault {
	AUDIT_SOUND,
	AUDIT_NO_HEAD, /* the head is gone */
	AUDIT_MISSING, /* a row is gone: deleted, or cut off at the end */
	AUDIT_ALTERED, /* a row says something else, stands elsewhere, or was written by a stranger */
	AUDIT_BEYOND, /* rows behind the head */
	AUDIT_HEAD,   /* the head was altered */
	AUDIT_FAULTS
};
extern const char *const audit_fault_names[AUDIT_FAULTS];
struct audit_verdict {
	enum audit_fault fault;
	int64_t seq;               /* where; of a sound chain: its length */
	uint8_t mac[SHA256_BYTES]; /* of a sound chain: its end */
};
/* Walks the chain to the first fault; a fault is no error. */
int store_audit_verify(struct db *db, const char *ws, const struct keys *keys,
		       struct audit_verdict *ret, struct problem *reterr);

extern const struct stmt store_audit_statements[];

#endif

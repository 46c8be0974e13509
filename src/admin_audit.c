/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's own changes in the audit log, and `audit verify`. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "db/conn.h"
#include "store/audit.h"

#define IDLE_S  600 /* a password may be typed while the transaction is open */
#define END_MAX 16  /* characters of a chain's end that are shown */

static int record(struct admin *a, const char *action, const char *outcome, struct problem *reterr)
{
	char who[32], host[65] = "";
	const struct audit_entry entry = { .actor_kind = "operator",
					   .actor_id = who,
					   .address = host,
					   .action = action,
					   .subject_id = a->subject,
					   .outcome = outcome };

	(void)snprintf(who, sizeof(who), "uid:%u", (unsigned)getuid());
	(void)gethostname(host, sizeof(host) - 1);
	return store_audit_add(a->app.db, a->record_in ? a->record_in : AUDIT_INSTANCE, &entry,
			       a->app.keys, reterr);
}

/* What was refused changed nothing, and perhaps there is no such workspace. */
static int refused(struct admin *a, const char *action, const struct problem *why)
{
	struct problem unwritten = { .kind = PROBLEM_NONE };

	a->record_in = a->subject = NULL;
	if (record(a, action, problem_row(why->kind)->code, &unwritten) < 0)
		log_line(LOG_LEVEL_WARN, "audit.end_not_recorded", "action=%s", action);
	return -1;
}

int admin_recorded(struct admin *a, const char *action, admin_fn *run, struct problem *reterr)
{
	if (db_begin_wide(a->app.db, IDLE_S, reterr) < 0)
		return -1;
	if (run(a, reterr) < 0 || record(a, action, "done", reterr) < 0) {
		db_rollback(a->app.db);
		return refused(a, action, reterr);
	}
	return db_commit(a->app.db, reterr);
}

int admin_recorded_around(struct admin *a, const char *action, admin_fn *run,
			  struct problem *reterr)
{
	if (record(a, action, "begun", reterr) < 0)
		return -1;
	if (run(a, reterr) < 0)
		return refused(a, action, reterr);
	return record(a, action, "done", reterr);
}

/* ---- audit verify ---- */

static int verify_one(struct admin *a, const char *ws, bool *all_sound, struct problem *reterr)
{
	struct audit_verdict v;
	char end[SHA256_HEX_MAX];

	if (store_audit_verify(a->app.db, ws, a->app.keys, &v, reterr) < 0)
		return -1;
	digest_hex(v.mac, sizeof(v.mac), end);
	if (v.fault == AUDIT_SOUND) {
		printf("sound   %s\t%lld rows, ending in %.*s\n", ws, (long long)v.seq, END_MAX,
		       end);
		return 0;
	}
	printf("BROKEN  %s\tat row %lld: %s\n", ws, (long long)v.seq, audit_fault_names[v.fault]);
	*all_sound = false;
	return 0;
}

int admin_audit(struct admin *a, struct problem *reterr)
{
	const char *const *chains = &a->workspace;
	size_t n = 1;
	bool all_sound = true;

	if (a->argc != 1 || strcmp(a->argv[0], "verify") != 0)
		return problem_set(reterr, PROBLEM_BAD_REQUEST,
				   "usage: carillon-admin audit verify [--workspace ID]");
	if (!a->workspace && store_audit_chains(a->app.db, a->arena, &chains, &n, reterr) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (verify_one(a, chains[i], &all_sound, reterr) < 0)
			return -1;
	}
	return all_sound ? 0 : problem_set(reterr, PROBLEM_CONFLICT, "the audit log is broken");
}

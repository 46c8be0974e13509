/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account - an account at a platform that a workspace has connected
 * Layer domain. Texts are borrowed, usually from an arena.
 */
#ifndef CARILLON_DOMAIN_ACCOUNT_H
#define CARILLON_DOMAIN_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum account_status { /* as accounts.status */
		      ACCOUNT_CONNECTED,
		      ACCOUNT_EXPIRED,
		      ACCOUNT_REVOKED,
		      ACCOUNT_DISCONNECTED,
		      ACCOUNT_STATUSES
};
enum on_late { ON_LATE_PUBLISH, ON_LATE_SKIP, ON_LATE_ASK, ON_LATES }; /* as accounts.on_late */

/* Member of meta: access ends at its date, however often it is renewed before. */
#define ACCOUNT_ENDS "ends"

extern const char *const account_status_names[ACCOUNT_STATUSES + 1]; /* NULL-terminated */
extern const char *const on_late_names[ON_LATES + 1];

struct account {
	const char *id, *platform, *remote_id, *username, *display_name, *avatar_url;
	bool livemode, is_default;
	enum account_status status;
	const char *status_reason;
	const char *scopes, *missing_scopes; /* space separated, "" none */
	const char *meta, *settings;         /* JSON object text; NULL none */
	int64_t publish_within_minutes;
	enum on_late on_late;
	int64_t expires_us, connected_us; /* INSTANT_NONE */
	int64_t paused_us;                /* since when nothing goes out; INSTANT_NONE: it does */
	bool is_expiring;                 /* soon, and account.expiring has said so */
	int64_t version, created_us, updated_us;
};

#endif

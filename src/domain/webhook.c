/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/webhook.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

const char *const webhook_event_names[] = {
	"post.scheduled",
	"post.published",
	"post.failed",
	"post.retrying",
	"post.missed",
	"post.unconfirmed",
	"post.cancelled",
	"content.approved",
	"content.rejected",
	"account.connected",
	"account.disconnected",
	"account.expiring",
	"account.needs_reconnect",
	NULL,
};

/* Before each try, counted from the one before: together three days and some hours. */
static const int64_t waits_s[WEBHOOK_TRIES] = {
	0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
};

bool webhook_event_is_known(const char *name)
{
	for (const char *const *known = webhook_event_names; *known; known++) {
		if (strcmp(*known, name) == 0)
			return true;
	}
	return false;
}

bool webhook_wants(const char *list, const char *name)
{
	const size_t len = strlen(name);

	if (!list)
		return true;
	for (const char *at = list; *at; at += strcspn(at, " "), at += *at == ' ') {
		if (strcspn(at, " ") == len && memcmp(at, name, len) == 0)
			return true;
	}
	return false;
}

int64_t webhook_wait_us(int64_t failed, int64_t asked_s, uint32_t random)
{
	int64_t wait_us, jitter_us;

	if (failed < 1 || failed >= WEBHOOK_TRIES)
		return -1;
	if (asked_s > WEBHOOK_WAIT_MAX_S)
		asked_s = WEBHOOK_WAIT_MAX_S;
	wait_us = (asked_s > waits_s[failed] ? asked_s : waits_s[failed]) * US_PER_S;
	jitter_us = wait_us / 10;
	return wait_us + (int64_t)((uint64_t)jitter_us * random >> 32);
}

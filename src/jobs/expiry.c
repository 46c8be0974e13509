/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/expiry.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/accounts.h"

#define EVERY_MS 20000
#define MOST     100
#define AHEAD_S  (7 * US_PER_DAY / US_PER_S)

static void tick(void *arg, int64_t now_us)
{
	const struct app *app = arg;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct account_keys keys = { .n = 0 };

	(void)now_us;
	if (store_accounts_expiring(app->db, AHEAD_S, MOST, a, &keys, &p) < 0)
		return;
	for (size_t i = 0; i < keys.n; i++) {
		if (store_accounts_tell_expiring(app->db, &keys.v[i], &p) < 0)
			log_line(LOG_LEVEL_WARN, "expiry.untold", "account=%s detail=\"%s\"",
				 keys.v[i].id, p.detail);
		else
			log_line(LOG_LEVEL_INFO, "account.expiring", "account=%s", keys.v[i].id);
	}
}

void expiry_add(struct app *app, struct engine *e)
{
	const struct engine_job job = { "expiry", EVERY_MS, tick, NULL, app };

	engine_add_job(e, &job);
}

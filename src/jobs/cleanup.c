/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "media/store.h"
#include "store/apikeys.h"
#include "store/bulklines.h"
#include "store/deliveries.h"
#include "store/flows.h"
#include "store/idempotency.h"
#include "store/media.h"
#include "store/probes.h"
#include "store/ratelimit.h"
#include "store/runners.h"
#include "store/sessions.h"

#define EVERY_MS       20000
#define MOST           500
#define UPLOAD_LIFE_US US_PER_HOUR

typedef int sweep_fn(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr);

struct sweep_row {
	const char *what;
	sweep_fn *fn;
};

static const struct sweep_row sweeps[] = {
	{ "flows", store_flows_sweep },
	{ "sessions", store_sessions_sweep },
	{ "runners", store_runners_sweep },
	{ "key_publishes", store_apikeys_sweep },
	{ "bulk_lines", store_bulklines_sweep },
	{ "idempotency", store_idempotency_sweep },
	{ "fetches", store_fetches_sweep },
	{ "fetch_days", store_fetches_sweep_days },
	{ "rate_buckets", store_ratelimit_sweep },
};

static bool is_old_file(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       clock_real_us() - (int64_t)st.st_mtim.tv_sec * US_PER_S > UPLOAD_LIFE_US;
}

/* Files that nobody took: the request was refused, or its worker or a renderer died. */
static void sweep_files(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int64_t n = 0;

	if (!dir)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, a stream of its own */
	while (n < MOST && (entry = readdir(dir))) {
		if (is_old_file(dirfd(dir), entry->d_name) &&
		    unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			n++;
	}
	(void)closedir(dir);
	if (n > 0)
		log_line(LOG_LEVEL_INFO, "cleanup.removed", "what=files n=%lld", (long long)n);
}

/* Looked at and done with; the bytes go unless something else stands for them. */
static void sweep_probes(const struct app *app)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem p = { .kind = PROBLEM_NONE };
	struct probe_old *old = NULL;
	size_t n = 0;

	if (store_probes_sweep(app->db, MOST, a, &old, &n, &p) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		bool is_held = true;

		if (old[i].sha256[0] &&
		    store_media_is_held(app->db, old[i].workspace, old[i].sha256, &is_held, &p) ==
			    0 &&
		    !is_held)
			media_remove(app->config, old[i].workspace, old[i].sha256);
	}
	if (n > 0)
		log_line(LOG_LEVEL_INFO, "cleanup.removed", "what=probes n=%zu", n);
}

static void sweep_events(const struct app *app)
{
	struct problem p = { .kind = PROBLEM_NONE };
	int64_t n = 0;

	if (store_deliveries_sweep(app->db, app->config->webhooks_keep_days, MOST, &n, &p) == 0 &&
	    n > 0)
		log_line(LOG_LEVEL_INFO, "cleanup.removed", "what=events n=%lld", (long long)n);
}

static void tick(void *arg, int64_t now_us)
{
	const struct app *app = arg;
	char unfinished[PATH_MAX];

	(void)now_us;
	for (size_t i = 0; i < ARRAY_LEN(sweeps); i++) {
		struct problem p = { .kind = PROBLEM_NONE };
		int64_t n = 0;

		if (sweeps[i].fn(app->db, MOST, &n, &p) == 0 && n > 0)
			log_line(LOG_LEVEL_INFO, "cleanup.removed", "what=%s n=%lld",
				 sweeps[i].what, (long long)n);
	}
	sweep_probes(app);
	sweep_events(app);
	sweep_files(app->config->media_upload_folder);
	(void)snprintf(unfinished, sizeof(unfinished), "%s/tmp", app->config->media_folder);
	sweep_files(unfinished);
}

void cleanup_add(struct app *app, struct engine *e)
{
	const struct engine_job job = { "cleanup", EVERY_MS, tick, NULL, app };

	engine_add_job(e, &job);
}

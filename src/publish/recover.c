/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After others: journals of processes that are gone, and holders that stalled.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "publish/private.h"

/*
 * A journal is merged at every start until it is this old: a fail-over that forgets permits is
 * noticed after the process that wrote them has gone.
 */
#define JOURNAL_LIFE_US (15 * US_PER_MIN)

void recover_holder(struct engine *e, const struct queue_attempt *t)
{
	struct process other = { .pid = t->pid, .start_ticks = t->start_ticks };

	if (!t->host || !t->boot_id || strlen(t->host) >= sizeof(other.host) ||
	    strlen(t->boot_id) >= sizeof(other.boot_id))
		return;
	memcpy(other.host, t->host, strlen(t->host));
	memcpy(other.boot_id, t->boot_id, strlen(t->boot_id));
	if (!BUG(holder_spared) && process_end(&e->self, &other))
		log_line(LOG_LEVEL_WARN, "runner.ended",
			 "pid=%lld reason=\"lease lost while firing\"", (long long)other.pid);
}

static int merge(struct engine *e, const char *path, struct arena *a)
{
	struct journal_entry *list = NULL;
	size_t n = 0;

	if (BUG(journal_unmerged) || journal_read(path, a, &list, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct journal_entry *j = &list[i];
		struct problem p = { .kind = PROBLEM_NONE };
		bool is_new = false;

		if (store_attempts_restore(e->app->db, j->workspace, &j->permit, &is_new, &p) < 0) {
			if (p.kind == PROBLEM_DB_DOWN)
				return -1;
			/* CONFLICT: the post itself is gone, there is nothing to protect. */
			if (p.kind != PROBLEM_CONFLICT)
				log_line(LOG_LEVEL_WARN, "journal.entry", "post=%s detail=\"%s\"",
					 j->permit.post_id, p.detail);
		}
		if (is_new)
			log_line(LOG_LEVEL_WARN, "journal.restored", "post=%s seq=%lld",
				 j->permit.post_id, (long long)j->permit.seq);
	}
	return 0;
}

static int64_t age_us(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	return clock_real_us() - (int64_t)st.st_mtim.tv_sec * US_PER_S;
}

static void recover_file(struct engine *e, const char *name)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct process owner;
	const char *path;

	if (journal_owner(name, e->self.host, &owner) < 0 || process_is_alive(&e->self, &owner))
		return;
	path = arena_printf(a, "%s/%s", e->app->config->publish_journal_folder, name);
	if (merge(e, path, a) == 0 && age_us(path) > JOURNAL_LIFE_US)
		(void)unlink(path);
}

void recover_journals(struct engine *e)
{
	const char *folder = e->app->config->publish_journal_folder;
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir) {
		log_line(LOG_LEVEL_ERROR, "journal.folder", "folder=%s errno=%d", folder, errno);
		return;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, a stream of its own */
	while ((entry = readdir(dir)))
		recover_file(e, entry->d_name);
	(void)closedir(dir);
}

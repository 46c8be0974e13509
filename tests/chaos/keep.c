/* SPDX-License-Identifier: Apache-2.0 */
/* What a violation leaves to look into: CHAOS_KEEP names a folder for it. */
#include <mysql.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "chaos.h"

static const struct {
	const char *name, *sql;
} parts[] = {
	{ "posts",
	  "SELECT id, account_id, platform, state, reason, version, fence, due_at, is_immediate, "
	  "claims, tries, attempts, remote_id, published_at, waiting_for, error_code, "
	  "error_message, updated_at, snapshot, memo FROM posts ORDER BY account_id, id" },
	{ "attempts",
	  "SELECT post_id, seq, account_id, HEX(permit), fence, host, pid, handle, state, "
	  "sent_at, deadline_at, fired_late_us, negatives, last_read_at, settled_at, "
	  "evidence FROM attempts ORDER BY account_id, sent_at" },
	{ "events", "SELECT * FROM events ORDER BY 1, 2" },
};

static FILE *create(const struct campaign *c, const char *folder, const char *name)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%llu-%d-%s", folder, (unsigned long long)c->seed,
		       c->round, name);
	f = fopen(path, "w");
	if (!f)
		perror(path);
	return f;
}

static void keep_rows(const struct campaign *c, MYSQL *my, const char *folder, size_t part)
{
	MYSQL_RES *res = mysql_query(my, parts[part].sql) ? NULL : mysql_store_result(my);
	FILE *f = res ? create(c, folder, parts[part].name) : NULL;
	MYSQL_ROW v;

	while (f && (v = mysql_fetch_row(res)) != NULL) {
		for (unsigned i = 0; i < mysql_num_fields(res); i++)
			fprintf(f, "%s%s", i ? "\t" : "", v[i] ? v[i] : "-");
		fputc('\n', f);
	}
	if (f)
		(void)fclose(f);
	if (res)
		mysql_free_result(res);
}

static void keep_line(void *arg, const json_t *entry, const char *text)
{
	(void)entry;
	fprintf(arg, "%s\n", text);
}

static void keep_log(const struct campaign *c, const char *folder)
{
	char path[200], part[4096];
	FILE *from, *to = create(c, folder, "log");
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/publish.log", c->rig.folder);
	from = fopen(path, "r");
	while (from && to && (n = fread(part, 1, sizeof(part), from)) > 0)
		(void)fwrite(part, 1, n, to);
	if (from)
		(void)fclose(from);
	if (to)
		(void)fclose(to);
}

void chaos_keep(struct campaign *c, MYSQL *my)
{
	const char *folder = getenv("CHAOS_KEEP");
	FILE *truth = folder && *folder ? create(c, folder, "truth") : NULL;

	if (!truth)
		return;
	rig_truth_each(&c->rig, keep_line, truth);
	(void)fclose(truth);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		keep_rows(c, my, folder, i);
	keep_log(c, folder);
}

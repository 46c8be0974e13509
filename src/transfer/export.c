/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "db/conn.h"
#include "db/migrate.h"
#include "media/store.h"
#include "transfer/archive.h"

struct exporting {
	const struct archive_job *job;
	FILE *out;
	enum archive_table table;
	struct archive_counts counts;
};

static int cannot(struct problem *reterr, const char *path)
{
	return problem_set(reterr, PROBLEM_INVALID, "%.200s: %s", path, strerrordesc_np(errno));
}

/* 0, or -1 with errno */
static int copy_bytes(int from, int to)
{
	ssize_t n;

	do {
		n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
	} while (n > 0);
	/* Between some file systems the kernel does not copy by itself. */
	while (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP)) {
		char part[65536];

		while ((n = read(from, part, sizeof(part))) > 0) {
			if (write(to, part, (size_t)n) != n)
				return -1;
		}
	}
	return n < 0 || fsync(to) < 0 ? -1 : 0;
}

/* Under another name until it is whole. 1 copied, 0 there is no such file, -1 */
static int copy_file(struct arena *a, const char *from_path, const char *to_path,
		     struct problem *reterr)
{
	const char *part = arena_printf(a, "%s.part", to_path);
	const int from = open(from_path, O_RDONLY | O_CLOEXEC);
	int to, failed;

	if (from < 0)
		return errno == ENOENT ? 0 : cannot(reterr, from_path);
	to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	failed = to < 0 || copy_bytes(from, to) < 0 || rename(part, to_path) < 0;
	if (failed)
		(void)cannot(reterr, to_path);
	if (to >= 0)
		(void)close(to);
	(void)close(from);
	return failed ? -1 : 1;
}

const char *archive_media_name(struct arena *a, const char *json, char ret_sha256[static 65])
{
	json_t *row = json_loads(json, 0, NULL);
	const char *sha256 = json_string_value(json_object_get(row, "sha256"));
	const char *ext = json_string_value(json_object_get(row, "ext"));
	const char *state = json_string_value(json_object_get(row, "state"));
	const char *name = NULL;

	if (sha256 && ext && state && strcmp(state, "ready") == 0 && strlen(sha256) == 64 &&
	    strspn(sha256, "0123456789abcdef") == 64 && strlen(ext) <= 8 &&
	    strspn(ext, "0123456789abcdefghijklmnopqrstuvwxyz") == strlen(ext)) {
		memcpy(ret_sha256, sha256, 65);
		name = arena_printf(a, "%s.%s", sha256, ext);
	}
	json_decref(row);
	return name;
}

static int copy_media(struct exporting *x, const char *json, struct problem *reterr)
{
	struct arena *a CLEANUP(arena_free) = arena_new();
	char sha256[65];
	const char *name = archive_media_name(a, json, sha256), *to;
	struct stat there;
	int got;

	if (!name)
		return 0;
	to = arena_printf(a, "%s/%s", x->job->media, name);
	if (stat(to, &there) == 0) { /* a twin, or an export before this one */
		x->counts.files++;
		return 0;
	}
	got = copy_file(a, media_path(a, x->job->app->config, x->job->workspace, sha256), to,
			reterr);
	if (got < 0)
		return -1;
	x->counts.files += got;
	x->counts.missing += !got;
	return 0;
}

static int put_row(void *arg, const char *json, struct problem *reterr)
{
	struct exporting *x = arg;

	if (x->table == ARCHIVE_MEDIA && x->job->media && copy_media(x, json, reterr) < 0)
		return -1;
	(void)fprintf(x->out, "%s\n%s", x->counts.rows[x->table] ? "," : "", json);
	x->counts.rows[x->table]++;
	if (ferror(x->out))
		return problem_set(reterr, PROBLEM_INVALID, "the export cannot be written: %s",
				   strerrordesc_np(errno));
	return 0;
}

static int put_all(struct exporting *x, struct arena *a, struct problem *reterr)
{
	struct db *db = x->job->app->db;
	const char *workspace;
	char now[RFC3339_MAX];

	if (store_archive_workspace(db, x->job->workspace, a, &workspace, reterr) < 0)
		return -1;
	rfc3339_print(clock_real_us(), now);
	(void)fprintf(x->out,
		      "{\"carillon_export\": {\"version\": %d, \"schema\": %d, "
		      "\"exported_at\": \"%s\"},\n\"workspace\": %s",
		      ARCHIVE_VERSION, SCHEMA_VERSION, now, workspace);
	for (int t = 0; t < ARCHIVE_TABLES; t++) {
		x->table = (enum archive_table)t;
		(void)fprintf(x->out, ",\n\"%s\": [", archive_table_names[t]);
		if (store_archive_rows(db, x->job->workspace, x->table, put_row, x, reterr) < 0)
			return -1;
		(void)fputs("\n]", x->out);
	}
	(void)fputs("\n}\n", x->out);
	if (fflush(x->out) != 0 || ferror(x->out))
		return problem_set(reterr, PROBLEM_INVALID, "the export cannot be written: %s",
				   strerrordesc_np(errno));
	return 0;
}

int archive_export(const struct archive_job *job, FILE *out, struct archive_counts *ret,
		   struct problem *reterr)
{
	struct arena *a CLEANUP(arena_free) = arena_new();
	struct exporting x = { .job = job, .out = out };
	int failed;

	if (job->media && mkdir(job->media, 0700) < 0 && errno != EEXIST)
		return cannot(reterr, job->media);
	if (store_archive_begin(job->app->db, reterr) < 0)
		return -1;
	failed = put_all(&x, a, reterr);
	db_rollback(job->app->db); /* nothing was written */
	*ret = x.counts;
	return failed;
}

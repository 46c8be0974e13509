/* SPDX-License-Identifier: Apache-2.0 */
/* carillon-admin import and export */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "store/workspaces.h"
#include "transfer/archive.h"
#include "transfer/import.h"

static int refuse_use(struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_BAD_REQUEST,
			   "usage: carillon-admin import --workspace ID --format "
			   "carillon|buffer|postiz FILE.csv [--dry-run] [--accounts FILE|acc_...] "
			   "[--timezone ZONE] [--live|--test]\n"
			   "       carillon-admin import [--workspace ID] --format json FILE|- "
			   "[--media FOLDER]");
}

static bool find_format(const char *name, enum table_format *ret)
{
	for (int i = 0; i < TABLE_FORMATS; i++) {
		if (strcmp(table_format_names[i], name) != 0)
			continue;
		*ret = (enum table_format)i;
		return true;
	}
	return false;
}

static void print_counts(const struct admin *a, const struct import_counts *n)
{
	printf("%lld rows %s (%lld posts), %lld were there already, %lld skipped, %lld refused\n",
	       (long long)n->made, a->is_rehearsal ? "would be imported" : "imported",
	       (long long)n->posts, (long long)n->present, (long long)n->skipped,
	       (long long)n->refused);
}

static int import_file(struct admin *a, const struct table_import *in, FILE *file,
		       struct problem *reterr)
{
	struct import_counts n = { 0 };
	const int failed = table_import_run(in, file, &n, reterr);

	print_counts(a, &n);
	if (failed)
		return -1;
	if (n.refused > 0)
		return problem_set(reterr, PROBLEM_INVALID,
				   "%lld rows were refused; mend them and import the file again: "
				   "what is there already is not imported twice",
				   (long long)n.refused);
	return 0;
}

static int cannot(struct problem *reterr, const char *path)
{
	return problem_set(reterr, PROBLEM_INVALID, "%.200s: %s", path, strerrordesc_np(errno));
}

static int import_table(struct admin *a, struct problem *reterr)
{
	struct table_import in = { .app = &a->app,
				   .workspace = a->workspace,
				   .livemode = !a->has_mode || a->livemode,
				   .is_rehearsal = a->is_rehearsal,
				   .timezone = a->timezone,
				   .accounts = a->accounts,
				   .report = stdout };
	struct workspace workspace;
	FILE *file;
	int failed;

	if (!a->workspace || !find_format(a->format, &in.format))
		return refuse_use(reterr);
	if (store_workspaces_get(a->app.db, a->workspace, a->arena, &workspace, reterr) < 0)
		return -1;
	a->record_in = a->workspace;
	file = fopen(a->argv[0], "re");
	if (!file)
		return cannot(reterr, a->argv[0]);
	failed = import_file(a, &in, file, reterr);
	(void)fclose(file);
	return failed;
}

/* On standard error: standard output may be the export itself. */
static void print_archive(const char *workspace, const struct archive_counts *n)
{
	(void)fprintf(stderr, "workspace %s:", workspace);
	for (int t = 0; t < ARCHIVE_TABLES; t++)
		(void)fprintf(stderr, "%s %lld %s", t ? "," : "", (long long)n->rows[t],
			      archive_table_names[t]);
	(void)fprintf(stderr, "; %lld files of media\n", (long long)n->files);
	if (n->missing > 0)
		(void)fprintf(stderr, "%lld files of media are missing\n", (long long)n->missing);
}

static int import_archive(struct admin *a, struct problem *reterr)
{
	const struct archive_job job = { .app = &a->app,
					 .workspace = a->workspace,
					 .media = a->media };
	const bool is_stdin = strcmp(a->argv[0], "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(a->argv[0], "re");
	struct archive_counts n;
	char workspace[ID_MAX];
	int failed;

	if (!file)
		return cannot(reterr, a->argv[0]);
	failed = archive_import(&job, file, workspace, &n, reterr);
	if (!failed) {
		a->record_in = arena_strdup(a->arena, workspace);
		print_archive(workspace, &n);
	}
	if (!is_stdin)
		(void)fclose(file);
	return failed;
}

int admin_import(struct admin *a, struct problem *reterr)
{
	const bool is_archive = a->format && strcmp(a->format, "json") == 0;
	const bool has_tables_options = a->is_rehearsal || a->accounts || a->timezone;

	if (!a->format || a->argc != 1 || (is_archive ? has_tables_options : a->media != NULL))
		return refuse_use(reterr);
	return is_archive ? import_archive(a, reterr) : import_table(a, reterr);
}

/* Nobody else may read it, and it has its name only once it is whole. */
static int export_file(const struct archive_job *job, const char *path, struct arena *arena,
		       struct archive_counts *ret, struct problem *reterr)
{
	const char *part = arena_printf(arena, "%s.part", path);
	FILE *file;
	int failed;

	(void)umask(077);
	(void)unlink(part);
	file = fopen(part, "wxe");
	if (!file)
		return cannot(reterr, part);
	failed = archive_export(job, file, ret, reterr);
	if (!failed && (fsync(fileno(file)) < 0 || rename(part, path) < 0))
		failed = cannot(reterr, path);
	(void)fclose(file);
	if (failed)
		(void)unlink(part);
	return failed;
}

int admin_export(struct admin *a, struct problem *reterr)
{
	const struct archive_job job = { .app = &a->app,
					 .workspace = a->workspace,
					 .media = a->media };
	struct archive_counts n = { .files = 0 };
	int failed;

	if (!a->workspace || a->argc != 1)
		return problem_set(reterr, PROBLEM_BAD_REQUEST,
				   "usage: carillon-admin export --workspace ID FILE|- "
				   "[--media FOLDER]");
	failed = strcmp(a->argv[0], "-") == 0 ? archive_export(&job, stdout, &n, reterr)
					      : export_file(&job, a->argv[0], a->arena, &n, reterr);
	if (failed)
		return -1;
	print_archive(a->workspace, &n);
	if (n.missing > 0)
		return problem_set(reterr, PROBLEM_INVALID,
				   "the export is whole, but for the missing files of media");
	return 0;
}

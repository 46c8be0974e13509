/* SPDX-License-Identifier: Apache-2.0 */
/* carillon-admin import */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "store/workspaces.h"
#include "transfer/import.h"

static int refuse_use(struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_BAD_REQUEST,
			   "usage: carillon-admin import --workspace ID --format "
			   "carillon|buffer|postiz FILE.csv [--dry-run] [--accounts FILE|acc_...] "
			   "[--timezone ZONE] [--live|--test]");
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

int admin_import(struct admin *a, struct problem *reterr)
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

	if (!a->workspace || !a->format || a->argc != 1 || !find_format(a->format, &in.format))
		return refuse_use(reterr);
	if (store_workspaces_get(a->app.db, a->workspace, a->arena, &workspace, reterr) < 0)
		return -1;
	file = fopen(a->argv[0], "re");
	if (!file)
		return problem_set(reterr, PROBLEM_INVALID, "%.200s: %s", a->argv[0],
				   strerrordesc_np(errno));
	failed = import_file(a, &in, file, reterr);
	(void)fclose(file);
	return failed;
}

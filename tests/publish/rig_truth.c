/* SPDX-License-Identifier: Apache-2.0 */
/* What the sandbox wrote down as it happened. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

void rig_truth_each(const struct rig *r, rig_truth_fn *take, void *arg)
{
	char path[160], *line = NULL;
	size_t cap = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/sandbox/truth.log", r->folder);
	f = fopen(path, "re");
	if (!f) {
		fprintf(stderr, "rig: %s is not there\n", path);
		exit(EXIT_FAILURE);
	}
	while (getline(&line, &cap, f) >= 0) {
		json_t *entry = json_loads(line, 0, NULL);

		take(arg, entry, line);
		json_decref(entry);
	}
	free(line);
	(void)fclose(f);
}

struct words {
	const char *one, *two;
	int n;
};

static void count(void *arg, const json_t *entry, const char *line)
{
	struct words *w = arg;

	(void)entry;
	w->n += strstr(line, w->one) && strstr(line, w->two);
}

int rig_truth(const struct rig *r, const char *one, const char *two)
{
	struct words w = { one, two, 0 };

	rig_truth_each(r, count, &w);
	return w.n;
}

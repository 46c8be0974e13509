/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a rig, with some of its settings changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"
#include "rig.h"

static bool is_replaced(const struct rig_setting *rows, const char *section, const char *line)
{
	for (; rows->section; rows++) {
		const size_t n = strlen(rows->name);

		if (strcmp(rows->section, section) == 0 && strncmp(line, rows->name, n) == 0 &&
		    line[n] == ' ')
			return true;
	}
	return false;
}

void rig_vary(const char *from, const char *to, const struct rig_setting *rows)
{
	char path[200], line[600], section[40] = "";
	FILE *in = fopen(from, "re"), *out;

	(void)snprintf(path, sizeof(path), "%s.new", to);
	out = fopen(path, "we");
	if (!in || !out)
		exit(EXIT_FAILURE);
	while (fgets(line, sizeof(line), in)) {
		(void)sscanf(line, "[%39[^]]]", section);
		if (!is_replaced(rows, section, line))
			fputs(line, out);
	}
	for (; rows->section; rows++)
		fprintf(out, "[%s]\n%s = %s\n", rows->section, rows->name, rows->value);
	(void)fclose(in);
	if (fclose(out) != 0 || rename(path, to) < 0)
		exit(EXIT_FAILURE);
}

void rig_settings(struct rig *r, const struct rig_setting *rows)
{
	struct problem p = { .kind = PROBLEM_NONE };
	size_t n;
	const struct setting_group *groups = platform_setting_groups(&n);

	rig_vary(r->config_path, r->config_path, rows);
	config_free(r->config);
	rig_need(config_load(r->config_path, groups, n, &r->config, &p), &p);
}

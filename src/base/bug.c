/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bug.h"

#include <stddef.h>

#ifdef ENABLE_PLANTED_BUGS

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define SQL_MAX 8192

struct row {
	const char *name, *stmt, *from, *to;
};

static const struct row rows[] = {
#define PLANTED(name, what)                       { #name, NULL, NULL, NULL },
#define PLANTED_SQL(name, what, stmt, from, to)   { #name, stmt, from, to },
#define PLANTED_MORE(name, which, stmt, from, to) { #name, stmt, from, to },
#include "base/bugs.def"
#undef PLANTED
#undef PLANTED_SQL
#undef PLANTED_MORE
};

bool bug_is_armed(enum bug bug)
{
	const char *name = secure_getenv("CARILLON_BUG");

	return name && strcmp(name, rows[bug].name) == 0;
}

/* A row whose words are not in the statement breaks nothing, so it survives and is noticed. */
const char *bug_sql(const char *stmt, const char *sql)
{
	static char text[SQL_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		const char *at;

		if (!r->stmt || strcmp(r->stmt, stmt) != 0 || !bug_is_armed((enum bug)i))
			continue;
		at = strstr(sql, r->from);
		if (!at)
			continue;
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - sql), sql, r->to,
			       at + strlen(r->from));
		return text;
	}
	return sql;
}

#endif

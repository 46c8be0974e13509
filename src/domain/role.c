/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/role.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 64

static const char *const role_names[ROLES] = {
	[ROLE_VIEWER] = "viewer",
	[ROLE_EDITOR] = "editor",
	[ROLE_ADMIN] = "admin",
	[ROLE_OWNER] = "owner",
};

struct scope_row {
	const char *name;
	enum role least;
};

static const struct scope_row scope_rows[SCOPES] = {
#define SCOPE(name, text, least) [SCOPE_##name] = { text, ROLE_##least },
#include "domain/scopes.def"
#undef SCOPE
};

_Static_assert(SCOPES <= 64, "a set of scopes is one uint64_t");

const char *role_name(enum role role)
{
	return role_names[role];
}

int role_parse(const char *name, enum role *ret)
{
	for (int i = 0; name && i < ROLES; i++) {
		if (strcmp(role_names[i], name) != 0)
			continue;
		*ret = (enum role)i;
		return 0;
	}
	return -1;
}

uint64_t role_scopes(enum role role)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < SCOPES; i++)
		if (scope_rows[i].least <= role)
			set |= SCOPE_BIT(i);
	return set;
}

const char *scope_name(enum scope scope)
{
	return scope_rows[scope].name;
}

static int scope_parse_n(const char *name, size_t len, enum scope *ret)
{
	for (unsigned i = 0; i < SCOPES; i++) {
		const char *row = scope_rows[i].name;

		if (strlen(row) != len || memcmp(row, name, len) != 0)
			continue;
		*ret = (enum scope)i;
		return 0;
	}
	return -1;
}

int scope_parse(const char *name, enum scope *ret)
{
	return name ? scope_parse_n(name, strlen(name), ret) : -1;
}

bool scopes_have(uint64_t set, enum scope scope)
{
	return (set & SCOPE_BIT(scope)) != 0;
}

int scopes_parse(const char *text, uint64_t *ret, char *ret_bad)
{
	uint64_t set = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");
		enum scope scope;

		if (scope_parse_n(text, len, &scope) < 0) {
			if (ret_bad)
				snprintf(ret_bad, WORD_MAX, "%.*s",
					 len < WORD_MAX ? (int)len : WORD_MAX - 1, text);
			return -1;
		}
		set |= SCOPE_BIT(scope);
		text += len;
	}
	*ret = set;
	return 0;
}

void scopes_print(uint64_t set, char ret[static SCOPES_TEXT_MAX])
{
	size_t used = 0;

	ret[0] = 0;
	for (unsigned i = 0; i < SCOPES; i++) {
		if ((set & SCOPE_BIT(i)) == 0)
			continue;
		used += (size_t)snprintf(ret + used, SCOPES_TEXT_MAX - used, "%s%s",
					 used ? " " : "", scope_rows[i].name);
	}
}

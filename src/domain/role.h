/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role - roles of people, scopes of keys, as sets; pure
 * Layer domain. A set of scopes is a uint64_t, one bit a row of scopes.def. Each role has what the
 * roles below it have. Errors: -1 for a word that is no role or scope.
 */
#ifndef CARILLON_DOMAIN_ROLE_H
#define CARILLON_DOMAIN_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role {
	ROLE_VIEWER,
	ROLE_EDITOR,
	ROLE_ADMIN,
	ROLE_OWNER,
	ROLES
}; /* as members.role, ascending */

enum scope {
#define SCOPE(name, text, least) SCOPE_##name,
#include "domain/scopes.def"
#undef SCOPE
	SCOPES
};

#define SCOPE_BIT(scope) (UINT64_C(1) << (scope))
#define SCOPES_TEXT_MAX  1000 /* as api_keys.scopes; all scopes fit */

const char *role_name(enum role role);
int role_parse(const char *name, enum role *ret);
uint64_t role_scopes(enum role role);

const char *scope_name(enum scope scope);
int scope_parse(const char *name, enum scope *ret);
bool scopes_have(uint64_t set, enum scope scope);
/* Words separated by spaces; -1 at the first unknown one, which ret_bad (64 bytes, may be NULL) names. */
int scopes_parse(const char *text, uint64_t *ret, char *ret_bad);
/* In the order of scopes.def, separated by single spaces; "" for the empty set. */
void scopes_print(uint64_t set, char ret[static SCOPES_TEXT_MAX]);

#endif

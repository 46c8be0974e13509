/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bug - bugs planted on purpose, to see that the tests catch them
 * Layer base. BUG(lane_free) is false in every build but one configured with
 * --enable-planted-bugs, where it is true while CARILLON_BUG names it; BUG_SQL() rewrites a
 * statement likewise. The list is bugs.def; tests/planted/run arms one after the other.
 */
#ifndef CARILLON_BASE_BUG_H
#define CARILLON_BASE_BUG_H

#include <stdbool.h>

#ifdef ENABLE_PLANTED_BUGS
enum bug {
#define PLANTED(name, what)                       BUG_##name,
#define PLANTED_SQL(name, what, stmt, from, to)   BUG_##name,
#define PLANTED_MORE(name, which, stmt, from, to) BUG_##name##_##which,
#include "base/bugs.def"
#undef PLANTED
#undef PLANTED_SQL
#undef PLANTED_MORE
};
bool bug_is_armed(enum bug bug);
/* The text to prepare instead; valid until the next call. */
const char *bug_sql(const char *stmt, const char *sql);
#define BUG(name)          bug_is_armed(BUG_##name)
#define BUG_SQL(stmt, sql) bug_sql(stmt, sql)
#else
#define BUG(name)          false
#define BUG_SQL(stmt, sql) (sql)
#endif

#endif

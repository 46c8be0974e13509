/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin - carillon-admin, as built, against a private MariaDB
 * Tests only. CARILLON_BUILD says where it was built. Failures end the case.
 */
#ifndef CARILLON_TESTS_ADMIN_H
#define CARILLON_TESTS_ADMIN_H

#include <sys/types.h>

#include "base/buf.h"
#include "support/database.h"

/* argv: the subcommand and what follows, NULL-terminated. Its exit status; both outputs in `out`. */
int admin_run(const struct database *d, const char *const *argv, struct buf *out);
/* The same, not waited for; both outputs go to `out`, -1: nowhere. */
pid_t admin_start(const struct database *d, const char *const *argv, int out);

#endif

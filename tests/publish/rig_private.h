/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig_private - what the files of the rig share
 * Tests only.
 */
#ifndef CARILLON_TESTS_RIG_PRIVATE_H
#define CARILLON_TESTS_RIG_PRIVATE_H

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

/* The persons of the sandbox whose accounts are connected, RIG_ACCOUNTS of them. */
const char *const *rig_users(const struct rig_platform *platform);
/* What that person would type to be found, for platforms with servers of their own. */
const char *rig_name(const char *user);
void rig_write_section(FILE *f, const struct rig *r, const struct rig_platform *platform,
		       const char *tail);

#endif

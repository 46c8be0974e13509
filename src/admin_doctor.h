/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_doctor - what the parts of `carillon-admin doctor` share
 */
#ifndef CARILLON_ADMIN_DOCTOR_H
#define CARILLON_ADMIN_DOCTOR_H

#include "admin.h"

enum finding_level { FINE, WARNED, BAD };

struct examination {
	const struct config *cfg;
	struct db *db;
	int warned, bad;
};

/* One line; cure NULL: nothing to cure. */
void doctor_say(struct examination *x, enum finding_level level, const char *what,
		const char *cure);
/* Calls each host of each platform that is set up, once. */
void doctor_look_at_platforms(struct examination *x);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redirect - where a browser may be sent after a connect flow; pure
 * Layer api. Allowed: a local path, joined to server.app_url (else public_url), or an address at
 * the origin of app_url, of public_url, or in server.redirect_origins. Everything else, and
 * everything that browsers read in two ways, is PROBLEM_REDIRECT.
 */
#ifndef CARILLON_API_REDIRECT_H
#define CARILLON_API_REDIRECT_H

#include "base/arena.h"
#include "base/config.h"
#include "base/problem.h"

/* wish NULL: "/". *ret is absolute. */
int redirect_resolve(struct arena *a, const struct config *cfg, const char *wish, const char **ret,
		     struct problem *reterr);
/* Adds name=value to the query, before a fragment. */
const char *redirect_with(struct arena *a, const char *url, const char *name, const char *value);

#endif

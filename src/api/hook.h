/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook - what the routes of webhooks and of their deliveries share
 * Layer api.
 */
#ifndef CARILLON_API_HOOK_H
#define CARILLON_API_HOOK_H

#include "http/message.h"
#include "store/webhooks.h"

/* PROBLEM_SCOPE for a key that may not know of all accounts. */
int hook_allowed(const struct request *req, struct problem *reterr);
/* The caller's webhook of that id, if he may know of it. */
int hook_find(const struct request *req, const char *id, struct webhook *ret,
	      struct problem *reterr);

#endif

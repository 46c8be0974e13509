/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode - which accounts a caller may see: test or live, and a key's allow-list
 * Layer api. A test key sees test accounts, a live key live ones, a user's token both unless
 * ?livemode= narrows it.
 */
#ifndef CARILLON_API_MODE_H
#define CARILLON_API_MODE_H

#include "http/message.h"
#include "store/page.h"

/* PROBLEM_INVALID when a key asks for the other mode. */
int mode_read(const struct request *req, enum livemode *ret, struct problem *reterr);
/* The caller's own mode, whatever the query says. */
enum livemode mode_of(const struct request *req);
/* The key's allow-list, comma-separated; NULL: any account. */
const char *mode_accounts(const struct request *req);

#endif

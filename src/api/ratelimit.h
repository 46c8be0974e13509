/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ratelimit - how often a caller may call
 * Layer api. The hook `admit` of the router: charges what the route's class costs to every limit
 * that holds for the caller, or to none. The buckets are shared by all hosts (store/ratelimit.h), a
 * pool draws from them in slices (api/slices.h). How they stand goes out with the answer.
 */
#ifndef CARILLON_API_RATELIMIT_H
#define CARILLON_API_RATELIMIT_H

#include "http/message.h"

/* RATE_LIMITED, with the wait; DB_DOWN. */
int ratelimit_admit(struct request *req, struct problem *reterr);
/*
 * Where a caller without a token comes from: an IPv4 address, or the 64 bits of an IPv6 address
 * that are one customer's.
 */
const char *ratelimit_address(const struct request *req);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twitter_bench - X's adapter without a network, held against X's own description of its API
 * Tests only.
 */
#ifndef CARILLON_TESTS_TWITTER_BENCH_H
#define CARILLON_TESTS_TWITTER_BENCH_H

#include "platform/twitter.h"
#include "platform_bench.h"
#include "support/suite.h"

/* For bench.contract; NULL where CARILLON_CONTRACTS names none: then requests go unjudged. */
extern json_t *twitter_contract;

/* The program's exit status. */
int twitter_run(const struct suite_of *s);

#endif

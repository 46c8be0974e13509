/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mastodon_bench - Mastodon's adapter without a network, held against the documents of its API
 * Tests only. The account lives at https://mast.example.com.
 */
#ifndef CARILLON_TESTS_MASTODON_BENCH_H
#define CARILLON_TESTS_MASTODON_BENCH_H

#include "platform/mastodon.h"
#include "platform_bench.h"
#include "support/suite.h"

#define MASTODON_ID     "109348684286123001"
#define MASTODON_SERVER "https://mast.example.com"

extern struct bench b;

/* extra: further lines for [mastodon]. */
void mastodon_open(const char *extra);
void mastodon_close(void);
/* Of the post, in place of those it had. */
void mastodon_options(const char *json);
/* n images that were staged under the ids 100, 101 ... */
void mastodon_staged(size_t n);
/* The program's exit status. */
int mastodon_run(const struct suite_of *s);

#endif

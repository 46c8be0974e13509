/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posting - a workspace with accounts to post to, for the tests of the posts in camelCase
 * One workspace a program: posting_begin() and posting_end() go around it.
 */
#ifndef CARILLON_TESTS_POSTING_H
#define CARILLON_TESTS_POSTING_H

#include "support/client.h"

extern struct persona poster;
extern char *on_tiktok, *on_instagram, *on_test; /* ids; the last is Instagram's in test mode */

void posting_begin(void);
void posting_end(void);

/* POST to that path with a body from a format; ' stands for the quotes of JSON. */
struct answer *posting(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Rows of the workspace in every table that a post touches. */
int64_t posting_rows(void);
/* One post of a picture on Instagram, due then; its id (post_...), caller frees. */
char *posting_one(const char *when);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fitness - whether a platform would take a content on an account, as far as can be told without
 * asking the platform
 * Layer api. The same rules run again right before staging. Media that are still being fetched are a
 * warning, media_not_ready; those that have failed a problem, media_failed.
 */
#ifndef CARILLON_API_FITNESS_H
#define CARILLON_API_FITNESS_H

#include "domain/content.h"
#include "http/message.h"
#include "platform/platform.h"
#include "store/accounts.h"

struct fitness_subject {
	const struct content *content;
	const struct account *account;
	const char *overrides; /* the post's own, JSON object text or NULL */
	int64_t due_us;
};

int fitness_check(const struct request *req, const struct fitness_subject *s, struct findings *ret,
		  struct problem *reterr);
/* Adds the problems (not the warnings) under `at`, e.g. "/platforms/0"; kind becomes CONTENT_UNFIT. */
void fitness_report(const struct findings *f, const char *at, struct problem *reterr);

#endif

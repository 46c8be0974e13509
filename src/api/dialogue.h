/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialogue - an adapter's steps carried out within a request, one call after another
 * Layer api. For what a person waits for: connecting and revoking. Needs app->net.
 */
#ifndef CARILLON_API_DIALOGUE_H
#define CARILLON_API_DIALOGUE_H

#include "http/message.h"
#include "platform/platform.h"

/* All fill ret with the last outcome; a dialogue that takes too long ends as DEFER. */
void dialogue_start(struct request *req, struct connect_start *s, struct outcome *ret);
void dialogue_connect(struct request *req, struct connect *c, struct outcome *ret);
void dialogue_sign_in(struct request *req, struct connect *c, struct outcome *ret);
void dialogue_revoke(struct request *req, const struct platform *p, struct renewal *r,
		     struct outcome *ret);
/* What l lacks (arena, now, memo) is filled in. The platform must have boards. */
void dialogue_boards(struct request *req, struct board_list *l, struct outcome *ret);
/* What i lacks (now, arena, memo) is filled in. The platform must have ->inspect. */
void dialogue_inspect(struct request *req, struct inspection *i, int64_t until_boot_us,
		      struct outcome *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login - what connecting and renewing have in common where a platform speaks plain OAuth 2.0; pure
 * Layer platform. What a platform does its own way stays in its adapter.
 */
#ifndef CARILLON_PLATFORM_LOGIN_H
#define CARILLON_PLATFORM_LOGIN_H

#include "net/message.h"
#include "net/oauth2.h"
#include "platform/platform.h"
#include "platform/script.h"

/* The code of the callback, for a call to the token endpoint (RFC 6749, 4.1.3). */
void login_add_code(struct http_request *r, const struct connect *c);
/* False: the document (NULL: there is none) holds no tokens. Texts live in the arena. */
bool login_read_tokens(struct arena *a, const json_t *doc, struct oauth2_tokens *ret);
/* The flow has found this one account, which lives in the connect's arena. Always SCRIPT_DONE. */
enum script_move login_found(struct connect *c, struct connect_account *account,
			     struct step_result *ret);

/* Sends call with the refresh grant (RFC 6749, 6); DONE with REAUTH when there is no token for it. */
enum script_move login_ask_renew(struct renewal *r, struct http_request *call,
				 struct step_result *ret);
/* So long before the end, or half-way for tokens that live shorter; for struct platform.renew_at. */
int64_t login_renew_at(int64_t issued_us, int64_t expires_us, int64_t before_us);

#endif

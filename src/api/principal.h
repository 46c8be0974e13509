/* SPDX-License-Identifier: Apache-2.0 */
/*
 * principal - who is calling, for which workspace, with which scopes
 * Layer api.
 */
#ifndef CARILLON_API_PRINCIPAL_H
#define CARILLON_API_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/role.h"
#include "http/message.h"

enum principal_kind { PRINCIPAL_USER, PRINCIPAL_KEY };
enum principal_mode { MODE_TEST, MODE_LIVE, MODE_BOTH }; /* a user's token sees both */

struct principal {
	enum principal_kind kind;
	enum principal_mode mode;
	const char *workspace; /* bound into every statement */
	const char *id;        /* user_... or key_... */
	const char *session;   /* PRINCIPAL_USER */
	enum role role;        /* PRINCIPAL_USER */
	uint64_t scopes;
	const char *const *account_ids; /* key's allow-list, NULL-terminated; NULL: all */
};

int principal_authenticate(struct request *req, const char *bearer, struct problem *reterr);
uint64_t principal_scopes(const struct principal *p);
/* Counts publishing that post at that time against the caller's cap, if it is a key with one. */
int principal_charge(const struct request *req, const char *post_id, int64_t at_us,
		     struct problem *reterr);
/* Whether the caller may see this account at all (mode and allow-list); otherwise treat as absent. */
bool principal_sees(const struct principal *p, const char *account_id, bool livemode);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * integrations - what the files of this family share
 * Layer api. The routes are rows made once for each platform of platforms.h; a handler learns
 * from its row's pattern which platform it serves.
 */
#ifndef CARILLON_API_INTEGRATIONS_H
#define CARILLON_API_INTEGRATIONS_H

#include "http/message.h"
#include "http/router.h"
#include "platform/platform.h"
#include "json/schema.h"

#define INTEGRATIONS_BASE "/api/v1/integrations/"
#define FLOW_COOKIE       "__Host-carillon-flow"

const struct platform *integration_platform(const struct request *req);
/* The state of one platform for the caller, as GET answers it; mode as in ?livemode=. */
int integration_emit(struct request *req, const char *key, const struct platform *p,
		     struct reply *ret, struct problem *reterr);
/* Value of the flow cookie; NULL: the browser has none. */
const char *integration_cookie(const struct request *req);

/* live unless the caller, its key or ?mode= says test. */
int integration_livemode(const struct request *req, bool *ret, struct problem *reterr);
/* How a dialogue that failed is called: of a callback in ?error=. */
enum problem_kind integration_problem(const struct outcome *o);

/* clang-format off */
#define INTEGRATION_MODE_ROW \
	{ .name = "mode", .kind = QUERY_ENUM, .choices = integration_modes, .sentence = "test connects to the sandbox." }
/* clang-format on */
extern const char *const integration_modes[];
extern const struct query_param integration_sign_in_query[];
extern const struct schema integration_schema, integration_candidates_schema,
	integration_select_schema, integration_password_schema;

int integration_callback(struct request *req, struct reply *ret, struct problem *reterr);
int integration_candidates(struct request *req, struct reply *ret, struct problem *reterr);
int integration_select(struct request *req, struct reply *ret, struct problem *reterr);
int integration_sign_in(struct request *req, struct reply *ret, struct problem *reterr);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting by password, where a platform has that beside OAuth. The password is used for the one
 * dialogue and stored nowhere, neither in a log nor in a digest of the request.
 */
#include <string.h>

#include "api/dialogue.h"
#include "api/integrations.h"
#include "api/joining.h"
#include "api/principal.h"
#include "api/record.h"
#include "base/clock.h"
#include "db/conn.h"
#include "json/keep.h"

#define NAME_MAX_CHARS     320
#define PASSWORD_MAX_CHARS 512

struct password_body {
	uint64_t present;
	const char *identifier, *password, *server;
};
/* clang-format off */
static const struct field password_fields[] = {
	{ .name = "identifier", .kind = FIELD_TEXT, .offset = offsetof(struct password_body, identifier), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = NAME_MAX_CHARS, .sentence = "Handle, or what else the platform takes to sign in." },
	{ .name = "password",   .kind = FIELD_TEXT, .offset = offsetof(struct password_body, password),   .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = PASSWORD_MAX_CHARS, .sentence = "An app password made for this purpose; it is used once and not stored." },
	{ .name = "server",     .kind = FIELD_TEXT, .offset = offsetof(struct password_body, server),     .most = NAME_MAX_CHARS, .sentence = "The account's server; found by the identifier when not given." },
	{ .name = NULL },
};
const struct schema integration_password_schema = { "IntegrationPassword", sizeof(struct password_body), password_fields };
const struct query_param integration_sign_in_query[] = { INTEGRATION_MODE_ROW, { .name = NULL } };
/* clang-format on */

static int join_and_record(struct db *db, void *arg, struct problem *reterr)
{
	const struct joining *j = arg;

	if (joining_all(db, arg, reterr) < 0)
		return -1;
	return record_answer(j->req, NULL, RECORD_DONE, reterr);
}

static int join(struct request *req, const struct connect *c, struct problem *reterr)
{
	json_t *found = json_keep(req->arena, json_array());
	struct joining j = {
		.req = req, .workspace = req->principal->workspace, .app = c->app, .chosen = found
	};

	for (size_t i = 0; i < c->accounts_n; i++)
		json_array_append_new(found, joining_pack(&c->accounts[i]));
	return db_transact(req->app->db, join_and_record, &j, reterr);
}

/* What was refused is on record as well. */
static int refuse(const struct request *req, const struct outcome *o, struct problem *reterr)
{
	const enum problem_kind kind = integration_problem(o);
	const struct reply answer = { .status = problem_row(kind)->status };
	const char *words = o->error.message;

	if (record_answer(req, &answer, problem_row(kind)->code, reterr) < 0)
		return -1;
	return problem_set(reterr, kind, "%s", words ? words : "the platform named no account");
}

int integration_sign_in(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct password_body *in = req->in;
	struct platform_app app;
	struct connect c = {
		.arena = req->arena,
		.app = &app,
		.identifier = in->identifier,
		.password = in->password,
		.server_text = in->server,
		.now_us = clock_real_us(),
		.memo = json_keep(req->arena, json_object()),
	};
	struct outcome outcome = { 0 };
	bool is_live = true;

	if (integration_livemode(req, &is_live, reterr) < 0)
		return -1;
	platform_app_init(&app, req->arena, req->app->config, integration_platform(req), is_live);
	if (platform_app_check(&app, reterr) < 0)
		return -1;
	dialogue_sign_in(req, &c, &outcome);
	if (outcome.kind != OUTCOME_PUBLISHED || c.accounts_n == 0)
		return refuse(req, &outcome, reterr);
	if (join(req, &c, reterr) < 0)
		return -1;
	return integration_emit(req, NULL, app.platform, ret, reterr);
}

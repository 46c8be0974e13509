/* SPDX-License-Identifier: Apache-2.0 */
/* Pause and resume of an account or a character. */
#include "store/pauses.h"
#include "api/account_view.h"
#include "api/api.h"
#include "api/principal.h"
#include "base/config.h"

struct empty_body {
	uint64_t present;
};

/* clang-format off */
static const struct field no_fields[] = { { .name = NULL } };
static const struct schema empty_schema = { "Empty", sizeof(struct empty_body), no_fields };
static const struct field reply_fields[] = {
	{ .name = "id",     .kind = FIELD_ID },
	{ .name = "paused", .kind = FIELD_BOOL },
	{ .name = "posts",  .kind = FIELD_INT, .sentence = "How many were held, or let go." },
	{ .name = NULL },
};
static const struct schema reply_schema = { "Pause", 0, reply_fields };
/* clang-format on */

static int set(struct request *req, struct reply *ret, struct pause *in, struct problem *reterr)
{
	int64_t posts = 0;

	in->stage_lead_s = req->app->config->publish_stage_lead_s;
	if (store_pauses_set(req->app->db, req->principal->workspace, in, &posts, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "id", req->params[0]);
	emit_bool(&ret->emit, "paused", in->is_paused);
	emit_int(&ret->emit, "posts", posts);
	emit_close(&ret->emit);
	return 0;
}

static int set_account(struct request *req, struct reply *ret, struct pause *in,
		       struct problem *reterr)
{
	struct account a;

	if (account_find(req, req->params[0], &a, reterr) < 0)
		return -1;
	in->account_id = req->params[0];
	return set(req, ret, in, reterr);
}

static int pause_account(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct pause in = { .is_paused = true };

	return set_account(req, ret, &in, reterr);
}

static int resume_account(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct pause in = { .is_paused = false };

	return set_account(req, ret, &in, reterr);
}

static int pause_character(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct pause in = { .is_paused = true, .character_id = req->params[0] };

	return set(req, ret, &in, reterr);
}

static int resume_character(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct pause in = { .is_paused = false, .character_id = req->params[0] };

	return set(req, ret, &in, reterr);
}

/* clang-format off */
#define ACCOUNT   .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_WRITE), .rate = RATE_WRITE, .body = &empty_schema, .is_body_optional = true, .ok = 200, .reply = &reply_schema
#define CHARACTER .pool = POOL_API,      .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_WRITE), .rate = RATE_WRITE, .body = &empty_schema, .is_body_optional = true, .ok = 200, .reply = &reply_schema
const struct route api_pauses_routes[] = {
	{ HTTP_POST, "/api/v1/accounts/{id}/pause",    ACCOUNT,   .handler = pause_account,    .operation = "pauseAccount",    .summary = "Hold back what an account would publish" },
	{ HTTP_POST, "/api/v1/accounts/{id}/resume",   ACCOUNT,   .handler = resume_account,   .operation = "resumeAccount",   .summary = "Let an account publish again" },
	{ HTTP_POST, "/api/v1/characters/{id}/pause",  CHARACTER, .handler = pause_character,  .operation = "pauseCharacter",  .summary = "Hold back what a character would publish" },
	{ HTTP_POST, "/api/v1/characters/{id}/resume", CHARACTER, .handler = resume_character, .operation = "resumeCharacter", .summary = "Let a character publish again" },
	{ .pattern = NULL },
};
/* clang-format on */

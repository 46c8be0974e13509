/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a connect flow: the platform's redirect, and the choice among several accounts. What
 * came of a flow is stored, so that a second hit of the same address is answered, not exchanged.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/account_view.h"
#include "api/dialogue.h"
#include "api/integrations.h"
#include "api/joining.h"
#include "api/principal.h"
#include "api/record.h"
#include "api/redirect.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "db/conn.h"
#include "http/router.h"
#include "net/oauth2.h"
#include "store/apikeys.h"
#include "store/flows.h"
#include "json/keep.h"

#define STATE_MAX     128
#define MESSAGE_MAX   400
#define TWIN_TRIES    100 /* a second hit waits for the first one's end, 10 s in all */
#define TWIN_PAUSE_NS 100000000
#define SELECT_MAX    100

/* clang-format off */
static const struct field candidate_fields[] = {
	{ .name = "remote_id",      .kind = FIELD_TEXT },
	{ .name = "username",       .kind = FIELD_TEXT },
	{ .name = "display_name",   .kind = FIELD_TEXT },
	{ .name = "avatar_url",     .kind = FIELD_URL, .flags = FIELD_NULLABLE },
	{ .name = "missing_scopes", .kind = FIELD_TEXTS },
	{ .name = NULL },
};
static const struct schema candidate_schema = { "IntegrationCandidate", 0, candidate_fields };
static const struct field candidates_fields[] = {
	{ .name = "flow",       .kind = FIELD_ID },
	{ .name = "candidates", .kind = FIELD_OBJECTS, .nested = &candidate_schema },
	{ .name = "expires_at", .kind = FIELD_INSTANT },
	{ .name = NULL },
};
const struct schema integration_candidates_schema = { "IntegrationCandidates", 0, candidates_fields };

struct select_body {
	uint64_t present;
	const char *flow;
	struct field_texts remote_ids;
};
static const struct field select_fields[] = {
	{ .name = "flow",       .kind = FIELD_ID,    .offset = offsetof(struct select_body, flow), .flags = FIELD_REQUIRED },
	{ .name = "remote_ids", .kind = FIELD_TEXTS, .offset = offsetof(struct select_body, remote_ids), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = SELECT_MAX, .item_most = 128 },
	{ .name = NULL },
};
const struct schema integration_select_schema = { "IntegrationSelect", sizeof(struct select_body), select_fields };
/* clang-format on */

static int go(struct request *req, struct reply *ret, const char *url)
{
	ret->status = 303;
	reply_header(ret, req->arena, "Location", "%s", url);
	reply_header(ret, req->arena, "Referrer-Policy", "no-referrer");
	return 0;
}

/* Where a flow that has ended, or waits for a choice, sends the browser. */
static int go_outcome(struct request *req, struct reply *ret, const struct flow *flow)
{
	const char *url = flow->redirect;

	if (flow->status == FLOW_DONE)
		url = redirect_with(req->arena, url, "connected", flow->platform);
	else if (flow->status == FLOW_CHOOSE)
		url = redirect_with(req->arena, url, "choose", flow->id);
	else
		url = redirect_with(req->arena, url, "error",
				    flow->outcome ? flow->outcome : "oauth_state_invalid");
	if (flow->status == FLOW_FAILED && flow->message)
		url = redirect_with(req->arena, url, "error_description", flow->message);
	return go(req, ret, url);
}

/* As many whole letters as fit. */
static const char *message_cut(struct arena *a, const char *message)
{
	size_t len = strlen(message), n = 0, step = 0;

	do {
		n += step;
		step = n < len ? utf8_measure(message + n, len - n) : 0;
	} while (step && n + step <= MESSAGE_MAX / 4);
	return arena_strndup(a, message, n);
}

static int flow_fail(struct request *req, struct reply *ret, struct flow *flow,
		     enum problem_kind kind, const char *message)
{
	const struct flow_end end = { flow->id, problem_row(kind)->code,
				      message_cut(req->arena, message) };
	struct problem why = { 0 };

	log_line(LOG_LEVEL_WARN, "connect.failed", "platform=%s code=%s detail=\"%s\"",
		 flow->platform, end.outcome, message);
	if (store_flows_finish(req->app->db, flow->workspace, &end, &why) < 0)
		log_line(LOG_LEVEL_WARN, "connect.unfinished", "flow=%s", flow->id);
	flow->status = FLOW_FAILED;
	flow->outcome = end.outcome;
	flow->message = end.message;
	return go_outcome(req, ret, flow);
}

/* Another request of the same state is at work, or was: its outcome is the answer. */
static int twin_wait(struct request *req, struct reply *ret, struct flow *flow,
		     struct problem *reterr)
{
	const struct timespec pause = { .tv_nsec = TWIN_PAUSE_NS };
	const struct flow_view closed = { .id = flow->id };
	const char *ws = flow->workspace;

	for (int i = 0; flow->status == FLOW_EXCHANGING && i < TWIN_TRIES; i++) {
		(void)nanosleep(&pause, NULL);
		if (store_flows_get(req->app->db, ws, &closed, req->arena, flow, reterr) < 0)
			return -1;
	}
	return go_outcome(req, ret, flow);
}

enum problem_kind integration_problem(const struct outcome *o)
{
	static const struct {
		enum outcome_kind kind;
		enum post_error_code code;
		enum problem_kind problem;
	} rows[] = {
		{ OUTCOME_REAUTH, POST_ERROR_CONTENT_REJECTED, PROBLEM_OAUTH_SCOPES },
		{ OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, PROBLEM_OAUTH_NO_ACCOUNT },
		{ OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, PROBLEM_OAUTH_STATE },
		{ OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, PROBLEM_OAUTH_STATE },
		{ OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, PROBLEM_NOT_CONFIGURED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (o->kind == rows[i].kind && o->error.code == rows[i].code)
			return rows[i].problem;
	}
	return PROBLEM_PLATFORM;
}

struct answering {
	struct joining joining;
	const struct flow *flow;
};

/* The browser that comes back has no token: the flow says for whom. */
static int join_and_record(struct db *db, void *arg, struct problem *reterr)
{
	const struct answering *a = arg;
	const struct flow *flow = a->flow;
	struct joining j = a->joining;
	const char *who = flow->user_id ? flow->user_id : "";
	const struct record record = { .workspace = flow->workspace,
				       .actor_kind = store_apikeys_is_id(who) ? "key" : "user",
				       .actor_id = who,
				       .subject_id = flow->id,
				       .outcome = RECORD_DONE,
				       .status = j.req->route->ok };

	return joining_all(db, &j, reterr) < 0 ? -1 : record_write(j.req, &record, reterr);
}

static int flow_offer(struct request *req, struct reply *ret, struct flow *flow,
		      const json_t *found, struct problem *reterr)
{
	const struct flow_offer offer = { flow->id, joining_text(req->arena, found),
					  req->app->config->oauth_flow_life_s };

	if (store_flows_offer(req->app->db, flow->workspace, &offer, req->app->keys, reterr) < 0)
		return -1;
	flow->status = FLOW_CHOOSE;
	return go_outcome(req, ret, flow);
}

/* One candidate needs no choice; several wait for one. */
static int flow_found(struct request *req, struct reply *ret, struct flow *flow,
		      const struct connect *c, struct problem *reterr)
{
	json_t *found = json_keep(req->arena, json_array());
	struct answering answering = { { req, flow->workspace, c->app, flow->id, found }, flow };
	struct problem why = { 0 };

	for (size_t i = 0; i < c->accounts_n; i++)
		json_array_append_new(found, joining_pack(&c->accounts[i]));
	if (c->accounts_n > 1)
		return flow_offer(req, ret, flow, found, reterr);
	if (db_transact(req->app->db, join_and_record, &answering, &why) < 0)
		return flow_fail(req, ret, flow, why.kind, why.detail);
	flow->status = FLOW_DONE;
	return go_outcome(req, ret, flow);
}

/* What ->start left with the flow is opened only by whoever carries the exchange out. */
static int kept_open(struct request *req, const struct flow *flow, const json_t **ret,
		     struct problem *reterr)
{
	const struct flow_view view = { flow->id, req->app->keys };
	struct flow opened;

	if (store_flows_get(req->app->db, flow->workspace, &view, req->arena, &opened, reterr) < 0)
		return -1;
	*ret = opened.kept ? json_keep(req->arena, json_loads(opened.kept, 0, NULL)) : NULL;
	return 0;
}

static int flow_exchange(struct request *req, struct reply *ret, struct flow *flow,
			 struct problem *reterr)
{
	struct platform_app app;
	struct connect c = {
		.arena = req->arena,
		.app = &app,
		.code = request_query(req, "code"),
		.verifier = flow->verifier,
		.granted = request_query(req, "scope"),
		.issuer = request_query(req, "iss"),
		.now_us = clock_real_us(),
		.memo = json_keep(req->arena, json_object()),
	};
	struct outcome outcome = { 0 };
	struct problem why = { 0 };

	if (!c.granted)
		c.granted = request_query(req, "scopes");
	platform_app_init(&app, req->arena, req->app->config, platform_find(flow->platform),
			  flow->livemode);
	if (app.platform->start && kept_open(req, flow, &c.kept, &why) < 0)
		return flow_fail(req, ret, flow, why.kind, why.detail);
	dialogue_connect(req, &c, &outcome);
	if (outcome.kind == OUTCOME_PUBLISHED && c.accounts_n > 0)
		return flow_found(req, ret, flow, &c, reterr);
	return flow_fail(req, ret, flow, integration_problem(&outcome),
			 outcome.error.message ? outcome.error.message
					       : "the platform named no account");
}

/* A browser that has the cookie of another flow did not start this one. */
static bool cookie_fits(const struct request *req, const struct flow *flow)
{
	const char *cookie = integration_cookie(req);
	uint8_t hash[SHA256_BYTES];

	if (!cookie)
		return true;
	digest_sha256(cookie, strlen(cookie), hash);
	return digest_equal(hash, flow->cookie_hash, sizeof(hash));
}

/* The platform's own refusal, in its words. */
static int flow_denied(struct request *req, struct reply *ret, struct flow *flow, const char *error)
{
	const char *reason = request_query(req, "error_reason");
	const char *words = request_query(req, "error_description");
	bool is_denied = strcmp(error, "access_denied") == 0 ||
			 (reason && strcmp(reason, "user_denied") == 0);

	if (!words)
		words = request_query(req, "error_message");
	return flow_fail(req, ret, flow, is_denied ? PROBLEM_OAUTH_DENIED : PROBLEM_PLATFORM,
			 words ? words : error);
}

int integration_callback(struct request *req, struct reply *ret, struct problem *reterr)
{
	const char *state = request_query(req, "state"), *error = request_query(req, "error");
	const char *code = request_query(req, "code");
	uint8_t hash[SHA256_BYTES];
	bool is_ours = false, is_meant;
	struct flow flow;

	if (!state || !*state || strlen(state) > STATE_MAX)
		return problem_set(reterr, PROBLEM_OAUTH_STATE,
				   "the redirect carries no usable state");
	digest_sha256(state, strlen(state), hash);
	if (store_flows_take(req->app->db, hash, req->arena, &flow, &is_ours, reterr) < 0)
		return -1;
	is_meant = strcmp(flow.platform, integration_platform(req)->id) == 0 &&
		   cookie_fits(req, &flow);
	if (!is_ours && !is_meant)
		return problem_set(reterr, PROBLEM_OAUTH_STATE,
				   "this browser, or this platform, did not start the flow");
	if (!is_ours)
		return twin_wait(req, ret, &flow, reterr);
	if (!is_meant)
		return flow_fail(req, ret, &flow, PROBLEM_OAUTH_STATE,
				 "this browser, or this platform, did not start the flow");
	if (error && *error)
		return flow_denied(req, ret, &flow, error);
	if (!code || !*code)
		return flow_fail(req, ret, &flow, PROBLEM_PLATFORM, "the platform sent no code");
	return flow_exchange(req, ret, &flow, reterr);
}

/* A flow of the caller that waits for a choice; PROBLEM_NOT_FOUND for any other. */
static int flow_waiting(struct request *req, const char *id, struct flow *ret, json_t **ret_found,
			struct problem *reterr)
{
	const struct principal *p = req->principal;
	const struct flow_view opened = { id, req->app->keys };
	struct flow flow = { 0 };
	json_t *found;

	if (id &&
	    store_flows_get(req->app->db, p->workspace, &opened, req->arena, &flow, reterr) < 0)
		return -1;
	found = flow.candidates ? json_keep(req->arena, json_loads(flow.candidates, 0, NULL))
				: NULL;
	if (!found || flow.status != FLOW_CHOOSE || flow.is_expired || !flow.user_id ||
	    strcmp(flow.user_id, p->id) != 0 ||
	    strcmp(flow.platform, integration_platform(req)->id) != 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND,
				   "no connect flow of yours waits for a choice under that id");
	*ret = flow;
	*ret_found = found;
	return 0;
}

static void candidate_emit(struct emit *e, const json_t *c)
{
	const char *missing = joining_member(c, "missing_scopes");

	emit_open(e, NULL);
	emit_text(e, "remote_id", joining_member(c, "remote_id"));
	emit_text(e, "username", joining_member(c, "username"));
	emit_text(e, "display_name", joining_member(c, "display_name"));
	emit_text(e, "avatar_url", joining_member(c, "avatar_url"));
	words_emit(e, "missing_scopes", missing);
	emit_close(e);
}

int integration_candidates(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct flow flow = { 0 };
	json_t *found = NULL, *candidate;
	size_t i;

	if (flow_waiting(req, request_query(req, "flow"), &flow, &found, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "flow", flow.id);
	emit_open_array(&ret->emit, "candidates");
	json_array_foreach(found, i, candidate)
		candidate_emit(&ret->emit, candidate);
	emit_close_array(&ret->emit);
	emit_instant(&ret->emit, "expires_at", flow.expires_us);
	emit_close(&ret->emit);
	return 0;
}

static const json_t *candidate_find(const json_t *found, const char *remote_id)
{
	const json_t *c;
	size_t i;

	json_array_foreach(found, i, c) {
		if (strcmp(joining_member(c, "remote_id"), remote_id) == 0)
			return c;
	}
	return NULL;
}

static int candidates_choose(const struct select_body *in, const json_t *found, json_t *chosen,
			     struct problem *reterr)
{
	int failed = 0;

	for (size_t i = 0; i < in->remote_ids.n; i++) {
		const json_t *c = candidate_find(found, in->remote_ids.v[i]);
		char pointer[48];

		if (c) {
			if (!candidate_find(chosen, in->remote_ids.v[i]))
				json_array_append_new(chosen, json_deep_copy(c));
			continue;
		}
		(void)snprintf(pointer, sizeof(pointer), "/remote_ids/%zu", i);
		failed = problem_add(reterr, pointer, "not_offered",
				     "this flow did not find that account");
	}
	return failed;
}

int integration_select(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct select_body *in = req->in;
	json_t *chosen = json_keep(req->arena, json_array()), *found = NULL;
	struct platform_app app;
	struct flow flow = { 0 };
	struct joining j = { .req = req, .app = &app, .chosen = chosen };

	if (flow_waiting(req, in->flow, &flow, &found, reterr) < 0 ||
	    candidates_choose(in, found, chosen, reterr) < 0)
		return -1;
	platform_app_init(&app, req->arena, req->app->config, integration_platform(req),
			  flow.livemode);
	j.workspace = flow.workspace;
	j.flow_id = flow.id;
	if (db_transact(req->app->db, joining_all, &j, reterr) < 0)
		return -1;
	return integration_emit(req, NULL, integration_platform(req), ret, reterr);
}

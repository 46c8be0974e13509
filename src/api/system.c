/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/principal.h"
#include "base/config.h"
#include "db/conn.h"
#include "http/openapi.h"
#include "store/health.h"

#define RETRY_S 15

/* clang-format off */
static const char *const states[] = { "ok", "down", NULL };
static const struct field health_fields[] = {
	{ .name = "status", .kind = FIELD_ENUM, .flags = FIELD_REQUIRED, .choices = states },
	{ .name = "database", .kind = FIELD_ENUM, .flags = FIELD_REQUIRED, .choices = states },
	{ .name = NULL },
};
static const struct schema health_schema = { "Health", 0, health_fields };
static const struct field publish_fields[] = {
	{ .name = "status", .kind = FIELD_ENUM, .flags = FIELD_REQUIRED, .choices = states },
	{ .name = "reason", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = "last_heartbeat_age_s", .kind = FIELD_INT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "null: no runner was ever seen." },
	{ .name = "runners", .kind = FIELD_INT, .flags = FIELD_REQUIRED },
	{ .name = "oldest_due_age_s", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "How long the post that waits longest has been due for a runner." },
	{ .name = "stuck", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "Posts that have waited more than two minutes; counted up to 1000." },
	{ .name = "open_breakers", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "Platforms, by kind of calls, that do not answer; their posts wait." },
	{ .name = "in_doubt", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "Posts that may be out: the platform is being asked." },
	{ .name = "unconfirmed", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "Posts that a person must settle." },
	{ .name = "clock_skew_ms", .kind = FIELD_INT, .flags = FIELD_REQUIRED },
	{ .name = "expiring_tokens", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "Accounts whose access ends within a week." },
	{ .name = "broken_accounts", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "Accounts that must be connected again." },
	{ .name = NULL },
};
static const struct schema publish_schema = { "PublishHealth", 0, publish_fields };
/* clang-format on */

static bool database_answers(struct app *app)
{
	struct problem problem;

	problem_clear(&problem);
	return api_prepare(app, &problem) == 0 && db_ping(app->db, &problem) == 0;
}

static void reply_down(struct request *req, struct reply *ret)
{
	ret->status = 503;
	reply_header(ret, req->arena, "Retry-After", "%d", RETRY_S);
}

static int health(struct request *req, struct reply *ret, struct problem *reterr)
{
	bool is_up = database_answers(req->app);

	(void)reterr;
	if (!is_up)
		reply_down(req, ret);
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "status", states[!is_up]);
	emit_text(&ret->emit, "database", states[!is_up]);
	emit_close(&ret->emit);
	return 0;
}

static int publish_health(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct emit *e = &ret->emit;
	const char *reason;
	struct health h;

	if (api_prepare(req->app, reterr) < 0 || store_health_read(req->app->db, &h, reterr) < 0)
		return -1;
	reason = store_health_trouble(&h);
	if (reason)
		reply_down(req, ret);
	emit_open(e, NULL);
	emit_text(e, "status", states[reason != NULL]);
	emit_text(e, "reason", reason);
	if (h.heartbeat_age_s < 0)
		emit_null(e, "last_heartbeat_age_s");
	else
		emit_int(e, "last_heartbeat_age_s", h.heartbeat_age_s);
	emit_int(e, "runners", h.runners);
	emit_int(e, "oldest_due_age_s", h.overdue_age_s);
	emit_int(e, "stuck", h.stuck);
	emit_int(e, "in_doubt", h.in_doubt);
	emit_int(e, "unconfirmed", h.unconfirmed);
	emit_int(e, "open_breakers", h.breakers);
	emit_int(e, "clock_skew_ms", h.skew_us / 1000);
	emit_int(e, "expiring_tokens", h.expiring_accounts);
	emit_int(e, "broken_accounts", h.broken_accounts);
	emit_close(e);
	return 0;
}

struct metric {
	const char *name, *help;
	int64_t value;
};

static void print_metric(struct buf *out, const struct metric *m)
{
	buf_printf(out, "# HELP carillon_%s %s\n# TYPE carillon_%s gauge\ncarillon_%s %lld\n",
		   m->name, m->help, m->name, m->name, (long long)m->value);
}

static void print_metrics(const struct health *h, bool is_up, struct buf *out)
{
	const struct metric rows[] = {
		{ "database_up", "Whether the database answers.", is_up },
		{ "publishing_up", "Whether posts are being published.",
		  is_up && !store_health_trouble(h) },
		{ "runner_heartbeat_age_seconds", "Age of the newest runner's heartbeat; -1: none.",
		  h->heartbeat_age_s },
		{ "runners", "Runners alive.", h->runners },
		{ "oldest_due_age_seconds", "How long the longest waiting post has been due.",
		  h->overdue_age_s },
		{ "posts_stuck", "Posts that wait more than two minutes for a runner.", h->stuck },
		{ "posts_in_doubt", "Posts that may be out: the platform is being asked.",
		  h->in_doubt },
		{ "posts_unconfirmed", "Posts that a person must settle.", h->unconfirmed },
		{ "breakers_open", "Platforms, by kind of calls, that do not answer.",
		  h->breakers },
		{ "clock_skew_microseconds", "Clock of the newest runner against the database.",
		  h->skew_us },
		{ "accounts_expiring", "Accounts whose access ends within a week.",
		  h->expiring_accounts },
		{ "accounts_broken", "Accounts that must be connected again.", h->broken_accounts },
	};
	size_t i, n = is_up ? ARRAY_LEN(rows) : 2;

	for (i = 0; i < n; i++)
		print_metric(out, &rows[i]);
}

/* nginx lets only the host itself ask; a second look costs nothing. */
static bool is_local(const struct request *req)
{
	const char *from = req->remote_addr;

	return !from || !*from || strncmp(from, "127.", 4) == 0 || strcmp(from, "::1") == 0;
}

static int metrics(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct health h = { .heartbeat_age_s = -1 };
	struct problem problem;
	bool is_up;

	if (!is_local(req))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "There is nothing at this path.");
	problem_clear(&problem);
	is_up = database_answers(req->app) && store_health_read(req->app->db, &h, &problem) == 0;
	print_metrics(&h, is_up, &ret->body);
	ret->content_type = "text/plain; version=0.0.4; charset=utf-8";
	return 0;
}

static int openapi(struct request *req, struct reply *ret, struct problem *reterr)
{
	(void)reterr;
	openapi_print(&api_routes, req->app->config->server_public_url, &ret->body);
	return 0;
}

/*
 * nginx asks before it takes in an upload, and understands 2xx, 401 and 403 only; whatever else is
 * wrong is said in full when the refused request comes round by itself.
 */
static int upload_auth(struct request *req, struct reply *ret, struct problem *reterr)
{
	const char *value = request_header(req, "authorization");
	struct problem problem;

	(void)reterr;
	problem_clear(&problem);
	ret->status = 403;
	if (!value || strncasecmp(value, "Bearer ", 7) != 0) {
		ret->status = 401;
		return 0;
	}
	if (api_prepare(req->app, &problem) < 0)
		return 0;
	if (principal_authenticate(req, value + 7 + strspn(value + 7, " "), &problem) < 0) {
		ret->status = problem_row(problem.kind)->status == 401 ? 401 : 403;
		return 0;
	}
	if (scopes_have(principal_scopes(req->principal), SCOPE_MEDIA_WRITE))
		ret->status = 204;
	return 0;
}

/* clang-format off */
const struct route api_system_routes[] = {
	{ HTTP_GET, "/api/v1/health", .pool = POOL_BOTH, .auth = AUTH_NONE, .rate = RATE_NONE, .body_max = -1, .ok = 200, .reply = &health_schema, .handler = health, .operation = "getHealth", .summary = "Tell whether the process and its database work" },
	{ HTTP_GET, "/api/v1/health/publish", .pool = POOL_BOTH, .auth = AUTH_NONE, .rate = RATE_NONE, .body_max = -1, .ok = 200, .also = { 503 }, .reply = &publish_schema, .handler = publish_health, .operation = "getPublishHealth", .summary = "Tell whether posts are being published; 503 when not" },
	{ HTTP_GET, "/api/v1/openapi.json", .pool = POOL_BOTH, .auth = AUTH_NONE, .rate = RATE_NONE, .body_max = -1, .ok = 200, .type = "application/json", .handler = openapi, .operation = "getOpenapi", .summary = "This document" },
	{ HTTP_GET, "/metrics", .pool = POOL_BOTH, .auth = AUTH_NONE, .rate = RATE_NONE, .body_max = -1, .ok = 200, .type = "text/plain", .handler = metrics, .operation = "getMetrics", .summary = "Figures for Prometheus, to this host only" },
	{ HTTP_GET, "/internal/upload-auth", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .body_max = -1, .ok = 204, .handler = upload_auth, .operation = "authorizeUpload", .summary = "Answer nginx whether the caller may upload; not reachable from outside" },
	{ .pattern = NULL },
};
/* clang-format on */

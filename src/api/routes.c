/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"
#include "api/idempotency.h"
#include "api/principal.h"
#include "api/ratelimit.h"
#include "api/record.h"
#include "app.h"
#include "base/log.h"
#include "db/conn.h"
#include "db/migrate.h"

/* clang-format off */
static const struct route *const families[] = {
	api_auth_routes,
	api_apikeys_routes,
	api_workspace_routes,
	api_characters_routes,
	api_media_routes,
	api_sounds_routes,
	api_content_routes,
	api_schedule_content_routes,
	api_preflight_routes,
	api_integrations_routes,
	api_accounts_routes,
	api_v1_accounts_routes,
	api_boards_routes,
	api_schedule_generate_routes,
	api_schedule_routes,
	api_schedule_shift_routes,
	api_pauses_routes,
	api_schedule_weights_routes,
	api_calendars_routes,
	api_posts_routes,
	api_posts_validate_routes,
	api_posts_bulk_routes,
	api_public_routes,
	api_webhooks_routes,
	api_deliveries_routes,
	api_events_routes,
	api_audit_routes,
	api_system_routes,
	NULL,
};
/* clang-format on */

const struct route_table api_routes = { families };

/* The schema may be older or newer than this program when the database comes back. */
static int prepare_schema(struct app *app, struct problem *reterr)
{
	if (schema_check(app->db, reterr) == 0)
		return 0;
	db_free(app->db);
	app->db = NULL;
	if (reterr->kind == PROBLEM_DB_DOWN)
		return -1;
	log_line(LOG_LEVEL_ERROR, "schema.refused", "detail=\"%s\"", reterr->detail);
	return problem_set(reterr, PROBLEM_DB_DOWN,
			   "The database's schema does not fit this program.");
}

int api_prepare(struct app *app, struct problem *reterr)
{
	enum db_role role = app->is_platform ? DB_ROLE_RUN : DB_ROLE_API;

	if (app->db)
		return 0;
	if (db_open(app->config, role, &app->db, reterr) < 0)
		return -1;
	return prepare_schema(app, reterr);
}

static int prepare(struct request *req, struct problem *reterr)
{
	return api_prepare(req->app, reterr);
}

const struct router_hooks api_hooks = {
	.authenticate = principal_authenticate,
	.scopes_of = principal_scopes,
	.admit = ratelimit_admit,
	.prepare = prepare,
	.deny = record_denied,
	.run = idempotency_run,
};

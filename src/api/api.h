/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api - the route families; each file of this folder ends in its rows
 * Layer api. Adding a route: write the handler in its family's file and add one row.
 */
#ifndef CARILLON_API_API_H
#define CARILLON_API_API_H

#include "http/router.h"

extern const struct route_table api_routes;
extern const struct router_hooks api_hooks;

extern const struct route api_auth_routes[], api_apikeys_routes[], api_workspace_routes[],
	api_characters_routes[], api_media_routes[], api_content_routes[],
	api_integrations_routes[], api_accounts_routes[], api_schedule_routes[],
	api_schedule_shift_routes[], api_pauses_routes[], api_schedule_weights_routes[],
	api_calendars_routes[], api_schedule_content_routes[], api_schedule_generate_routes[],
	api_public_routes[], api_system_routes[], api_boards_routes[], api_preflight_routes[],
	api_v1_accounts_routes[], api_posts_routes[], api_posts_validate_routes[],
	api_posts_bulk_routes[], api_sounds_routes[], api_webhooks_routes[],
	api_deliveries_routes[], api_events_routes[], api_audit_routes[];

/* Opens app->db if it is not, and checks the schema; else PROBLEM_DB_DOWN. Part of api_hooks. */
int api_prepare(struct app *app, struct problem *reterr);

/* publish-now's tail: settles a fire still in flight after the reply went out (fcgi_service.after). */
void api_after_reply(struct app *app);

#endif

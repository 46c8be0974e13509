/* SPDX-License-Identifier: Apache-2.0 */
/* Pinterest: consent page, API v5 and the bucket for videos stand under the one prefix /pinterest. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "sandbox/consent.h"
#include "sandbox/pin.h"

static const char *const own_points[] = {
	"oauth.deny",
	"oauth.partial_scopes",
	"oauth.callback_twice",
	"oauth.no_callback",
	"token.401",
	"token.refresh_invalid",
	"token.refresh_timeout_after_rotate",
	"tier.trial_403",
	"tier.consumer_type_401",
	"boards.empty_page",
	"pin.fetch_image_400",
	"pin.error",
	"pin.ratio_400",
	"pin.spam_429",
	"pin.rate_429",
	"pin.5xx_before",
	"pin.5xx_after_commit",
	"pin.commit_then_drop_connection",
	"pin.commit_then_hang",
	"pin.drop_before_commit",
	"list.lag",
	"list.reversed",
	"media.stuck",
	"media.failed",
	"s3.403_expired",
	"s3.drop_midway",
	"s3.200_instead_of_204",
	NULL,
};
static const char *const pin_points[] = {
	"pin.5xx_before",         "pin.5xx_after_commit", "pin.commit_then_drop_connection",
	"pin.drop_before_commit", "pin.rate_429",         NULL,
};
static const char *const list_points[] = { "list.reversed", NULL };
static const char *const board_points[] = { "boards.empty_page", NULL };
static const char *const media_points[] = { "media.failed", NULL };
static const char *const upload_points[] = { "s3.403_expired", "s3.200_instead_of_204", NULL };

/* clang-format off */
static const struct sandbox_row rows[] = {
	/* method   pattern                             name              handler */
	{ "GET",    "/oauth/",                          "dialog",         sandbox_pin_dialog, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/sandbox/consent",                 "consent",        sandbox_consent_submit, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/pin/{id}",                        "pin_page",       sandbox_pin_web_page, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/pin/{id}/",                       "pin_page",       sandbox_pin_web_page, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/v5/oauth/token",                  "token",          sandbox_pin_token, 0, NULL, NULL },
	{ "POST",   "/v5/oauth/token/revoke",           "revoke",         sandbox_pin_revoke, 0, NULL, NULL },
	{ "GET",    "/v5/user_account",                 "user_account",   sandbox_pin_user, 0, NULL, NULL },
	{ "GET",    "/v5/boards",                       "boards",         sandbox_pin_boards, 0, board_points, NULL },
	{ "POST",   "/v5/boards",                       "board_create",   sandbox_pin_board_create, 0, NULL, NULL },
	{ "GET",    "/v5/boards/{id}",                  "board",          sandbox_pin_board_get, 0, NULL, NULL },
	{ "GET",    "/v5/boards/{id}/pins",             "board_pins",     sandbox_pin_board_pins, 0, list_points, NULL },
	{ "GET",    "/v5/boards/{id}/sections",         "sections",       sandbox_pin_sections, 0, NULL, NULL },
	{ "GET",    "/v5/boards/{id}/sections/{s}/pins", "section_pins",  sandbox_pin_board_pins, 0, list_points, NULL },
	{ "GET",    "/v5/pins",                         "pins",           sandbox_pin_pins, 0, list_points, NULL },
	{ "POST",   "/v5/pins",                         "pin_create",     sandbox_pin_create, 0, pin_points, NULL },
	{ "GET",    "/v5/pins/{id}",                    "pin",            sandbox_pin_get, 0, NULL, NULL },
	{ "DELETE", "/v5/pins/{id}",                    "pin_delete",     sandbox_pin_delete, 0, NULL, NULL },
	{ "POST",   "/v5/pins/{id}/save",               "pin_save",       sandbox_pin_save, 0, NULL, NULL },
	{ "POST",   "/v5/media",                        "media_register", sandbox_pin_media_register, 0, NULL, NULL },
	{ "GET",    "/v5/media/{id}",                   "media",          sandbox_pin_media_get, 0, media_points, NULL },
	{ "POST",   "/s3/",                             "upload",         sandbox_pin_upload, ROW_SPOOL, upload_points, "s3.drop_midway" },
	{ NULL,     NULL,                               NULL,             NULL, 0, NULL, NULL },
};
/* clang-format on */

struct pin_state *sandbox_pin_state(struct world *w)
{
	return w->extra[sandbox_platform_index(&sandbox_pinterest)];
}

bool sandbox_pin_fail(struct exchange *ex, int status, int code, const char *message)
{
	sandbox_exchange_json(
		ex, status,
		json_pack("{s:s,s:i,s:s}", "status", "failure", "code", code, "message", message));
	return false;
}

void sandbox_pin_zoneless(int64_t us, char *ret, size_t size)
{
	char text[RFC3339_MAX];

	rfc3339_print(us, text);
	snprintf(ret, size, "%.19s", text);
}

static void pin_unknown(struct exchange *ex)
{
	sandbox_pin_fail(ex, 404, 404, "Not found.");
}

/* The account behind the bearer, so that rules can name it before the handler runs. */
static void pin_identify(struct exchange *ex)
{
	const char *bearer = sandbox_exchange_header(ex, "Authorization");
	const struct token *t = NULL;
	const struct account *a;

	ex->caption = sandbox_exchange_param(ex, "description");
	if (bearer != NULL && strncmp(bearer, "Bearer ", 7) == 0)
		t = sandbox_map_get(&ex->world->tokens, bearer + 7);
	if (t == NULL || t->platform != &sandbox_pinterest)
		return;
	a = sandbox_world_account(ex->world, &sandbox_pinterest, t->grant->person->id);
	if (a != NULL) {
		ex->account = a->id;
		ex->account_name = a->username;
	}
}

static void pin_finish(struct exchange *ex)
{
	if (ex->row == NULL || (ex->row->flags & (ROW_BROWSER | ROW_SPOOL)) != 0)
		return;
	sandbox_exchange_add_header(
		ex, "x-pinterest-rid",
		arena_printf(ex->arena, "%llu%08llu", 7310000ULL, (unsigned long long)ex->req_no));
}

static json_t *pin_inspect(struct world *w)
{
	const struct list *all = &sandbox_pin_state(w)->media_list;
	json_t *out = json_array();

	for (size_t i = 0; i < all->n; i++) {
		const struct pin_media *m = all->v[i];

		json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s?,s:I,s:s,s:b}", "id", m->id,
						     "account", m->account->id, "status",
						     sandbox_pin_media_status(w, m), "fields",
						     m->fields, "bytes", (json_int_t)m->fact.bytes,
						     "sha256", m->fact.sha256, "used", m->is_used));
	}
	return json_pack("{s:o}", "media", out);
}

const struct sandbox_platform sandbox_pinterest = {
	.name = "pinterest",
	.rows = rows,
	.points = own_points,
	.open = sandbox_pin_open,
	.seed = sandbox_pin_seed,
	.identify = pin_identify,
	.unknown = pin_unknown,
	.finish = pin_finish,
	.state = pin_inspect,
	.kinds = sandbox_pin_kinds,
	.loaded = sandbox_pin_loaded,
};

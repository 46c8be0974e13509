/* SPDX-License-Identifier: Apache-2.0 */
/* Instagram: both logins; all of Meta's hosts stand under the one prefix /instagram. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "sandbox/consent.h"
#include "sandbox/ig.h"

struct ig_error {
	int code, subcode, status;
	bool is_transient;
	const char *message, *title, *advice;
};

/* clang-format off */
static const struct ig_error errors[] = {
	/* code  subcode  http  transient message, title, advice */
	{ -2,    2207003, 400, true,  "Timeout", "Media could not be fetched in time", "It takes too long to download the media." },
	{ -2,    2207020, 400, false, "Media has expired", "Media expired", "The media you are trying to access has expired. Please try to upload again." },
	{ -1,    2207001, 400, true,  "Fatal", "Server error", "Instagram server error. Try again." },
	{ -1,    2207032, 400, true,  "Fatal", "Failed to create media", "Create media fail, please try to re-create media." },
	{ -1,    2207053, 400, true,  "Fatal", "Unknown upload error", "Unknown upload error." },
	{ 1,     0,       500, false, "An unknown error occurred", NULL, NULL },
	{ 1,     2207057, 400, false, "An unknown error occurred", "Invalid thumbnail offset", "Thumbnail offset must be within the video." },
	{ 2,     0,       500, true,  "An unexpected error has occurred. Please retry your request later.", NULL, NULL },
	{ 3,     0,       400, false, "(#3) Application does not have the capability to make this API call.", NULL, NULL },
	{ 4,     0,       403, true,  "(#4) Application request limit reached", NULL, NULL },
	{ 4,     2207051, 403, false, "Application request limit reached", "Action blocked", "We restrict certain activity to protect our community." },
	{ 9,     2207042, 403, false, "Application request limit reached", "Limit reached", "You reached the maximum number of posts that is allowed to be published by Content Publishing API." },
	{ 10,    0,       403, false, "(#10) Application does not have permission for this action", NULL, NULL },
	{ 17,    0,       400, true,  "User request limit reached", NULL, NULL },
	{ 24,    2207006, 400, false, "The requested resource does not exist", "Media not found", "The media with that ID cannot be found." },
	{ 24,    2207008, 400, false, "The requested resource does not exist", "Media builder not found", "The media builder with that creation ID does not exist or has been expired." },
	{ 25,    2207050, 400, false, "The Instagram account is restricted.", "Account restricted", "The Instagram professional account is inactive, checkpointed, or restricted." },
	{ 32,    0,       400, true,  "Page request limit reached", NULL, NULL },
	{ 100,   0,       400, false, "(#100) Invalid parameter", NULL, NULL },
	{ 100,   33,      400, false, "Unsupported request. Object with that ID does not exist, cannot be loaded due to missing permissions, or does not support this operation.", NULL, NULL },
	{ 100,   36007,   400, false, "This authorization code has expired.", NULL, NULL },
	{ 100,   36008,   400, false, "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request", NULL, NULL },
	{ 100,   36009,   400, false, "This authorization code has been used.", NULL, NULL },
	{ 100,   2207023, 400, false, "Invalid parameter", "Unknown media type", "The media type is unknown." },
	{ 100,   2207028, 400, false, "Invalid parameter", "Carousel validation failed", "A carousel needs at least 2 and at most 10 items." },
	{ 100,   2207035, 400, false, "Invalid parameter", "Tag position", "Tag positions must be numbers between 0 and 1." },
	{ 100,   2207036, 400, false, "Invalid parameter", "Tag position required", "Positions are required for photo tags." },
	{ 100,   2207037, 400, false, "Invalid parameter", "Invalid tag", "A user could not be tagged." },
	{ 100,   2207040, 400, false, "Invalid parameter", "Too many tags", "Cannot use more than 20 tags per post." },
	{ 100,   2207081, 400, false, "Invalid parameter", "Trial reels", "This account cannot publish trial reels." },
	{ 101,   0,       400, false, "Error validating application. Cannot get application info due to a system error.", NULL, NULL },
	{ 102,   0,       400, false, "Session key invalid or no longer valid", NULL, NULL },
	{ 104,   0,       400, false, "An access token is required to request this resource.", NULL, NULL },
	{ 190,   0,       400, false, "Invalid OAuth access token - Cannot parse access token", NULL, NULL },
	{ 190,   458,     400, false, "Error validating access token: The user has not authorized application.", NULL, NULL },
	{ 190,   459,     400, false, "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow the instructions given.", NULL, NULL },
	{ 190,   460,     400, false, "Error validating access token: The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.", NULL, NULL },
	{ 190,   463,     401, false, "Error validating access token: Session has expired.", NULL, NULL },
	{ 190,   464,     400, false, "Error validating access token: Sessions for the user are not allowed because the user is not a confirmed user.", NULL, NULL },
	{ 190,   467,     400, false, "Error validating access token: The session is invalid because the user logged out.", NULL, NULL },
	{ 190,   492,     400, false, "Error validating access token: The user must be an administrator, editor, or moderator of the page.", NULL, NULL },
	{ 200,   0,       403, false, "(#200) Requires permission", NULL, NULL },
	{ 352,   2207026, 400, false, "The video format is not supported.", "Unsupported video format", "The video format is not supported. Please use MP4 or MOV." },
	{ 368,   0,       400, false, "The action attempted has been deemed abusive or is otherwise disallowed", NULL, NULL },
	{ 506,   0,       400, false, "Duplicate status message", NULL, NULL },
	{ 613,   0,       400, true,  "Calls to this api have exceeded the rate limit.", NULL, NULL },
	{ 2500,  0,       400, false, "Unknown path components", NULL, NULL },
	{ 9004,  2207052, 400, false, "Only photo or video can be accepted as media type.", "Media download has failed", "The media could not be fetched from this URI." },
	{ 9007,  2207027, 400, false, "Media ID is not available", "The media is not ready for publishing", "The media is not ready for publishing, please wait for a moment." },
	{ 36000, 2207004, 400, false, "The image size is too large.", "Image size too large", "The image is too large to download. It should be less than 8 MiB." },
	{ 36001, 2207005, 400, false, "The image format is not supported.", "Unsupported image format", "The image format is not supported." },
	{ 36003, 2207009, 400, false, "The aspect ratio is not supported.", "Aspect ratio not supported", "The submitted image with aspect ratio cannot be published." },
	{ 36004, 2207010, 400, false, "The caption was too long.", "Caption too long", "The caption is longer than 2,200 characters." },
	{ 80001, 0,       400, true,  "There have been too many calls to this Page account.", NULL, NULL },
	{ 80002, 0,       400, true,  "There have been too many calls to this Instagram account.", NULL, NULL },
};

static const char *const own_points[] = {
	"oauth.deny", "oauth.partial_scopes", "oauth.code_reused", "oauth.callback_twice",
	"token.expire_now", "token.revoke", "accounts.empty", "accounts.no_ig",
	"create.timeout_before", "create.timeout_after", "create.5xx",
	"create.2207001", "create.2207003", "create.2207004", "create.2207005", "create.2207009",
	"create.2207010", "create.2207020", "create.2207023", "create.2207026", "create.2207028",
	"create.2207032", "create.2207040", "create.2207050", "create.2207051", "create.2207052",
	"create.2207053", "create.2207057", "create.2207081",
	"fetch.fail_first_n", "process.error", "process.stuck", "status.100_33_for_page_token",
	"publish.not_ready", "publish.error", "publish.error_then_live",
	"publish.commit_then_drop_connection", "publish.drop_before_commit", "publish.5xx",
	"publish.commit_then_5xx", "publish.commit_then_hang",
	"listing.lag", "listing.missing_row", "listing.reversed", "permalink.100_33",
	"quota.exhausted", "quota.used_up", "buc.throttle", "app.throttle",
	"rupload.cut_at", "rupload.processing_failed", NULL,
};
static const char *const create_points[] = {
	"create.2207001", "create.2207003", "create.2207032", "create.2207052", "create.5xx",
	"process.error", NULL,
};
static const char *const publish_points[] = {
	"publish.not_ready", "publish.error_then_live", "publish.commit_then_drop_connection",
	"publish.drop_before_commit", "publish.5xx", "publish.commit_then_5xx", NULL,
};
static const char *const node_points[] = {
	"status.100_33_for_page_token", "permalink.100_33", NULL,
};
static const char *const list_points[] = { "listing.missing_row", "listing.reversed", NULL };
static const char *const upload_points[] = { "rupload.processing_failed", NULL };

static const struct sandbox_row rows[] = {
	/* method   pattern                                     name                    handler */
	{ "GET",    "/{version}/dialog/oauth",                  "dialog",               sandbox_ig_dialog_facebook, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/dialog/oauth",                            "dialog",               sandbox_ig_dialog_facebook, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/oauth/authorize",                         "ig_dialog",            sandbox_ig_dialog_instagram, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/sandbox/consent",                         "consent",              sandbox_consent_submit, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/sandbox/avatar/{id}",                     "avatar",               sandbox_ig_avatar, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/p/{code}",                                "post_page",            sandbox_ig_post_page, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/p/{code}/",                               "post_page",            sandbox_ig_post_page, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/{version}/oauth/access_token",            "token",                sandbox_ig_token_facebook, 0, NULL, NULL },
	{ "POST",   "/{version}/oauth/access_token",            "token",                sandbox_ig_token_facebook, 0, NULL, NULL },
	{ "POST",   "/oauth/access_token",                      "ig_token",             sandbox_ig_token_instagram, 0, NULL, NULL },
	{ "GET",    "/access_token",                            "ig_exchange",          sandbox_ig_exchange_instagram, 0, NULL, NULL },
	{ "GET",    "/refresh_access_token",                    "ig_refresh",           sandbox_ig_refresh_instagram, 0, NULL, NULL },
	{ "GET",    "/{version}/debug_token",                   "debug_token",          sandbox_ig_debug_token, 0, NULL, NULL },
	{ "GET",    "/{version}/me",                            "me",                   sandbox_ig_me, 0, NULL, NULL },
	{ "GET",    "/{version}/{id}/permissions",              "permissions",          sandbox_ig_permissions, 0, NULL, NULL },
	{ "DELETE", "/{version}/{id}/permissions",              "permissions_delete",   sandbox_ig_permissions_delete, 0, NULL, NULL },
	{ "DELETE", "/{version}/{id}/permissions/{name}",       "permissions_delete",   sandbox_ig_permissions_delete, 0, NULL, NULL },
	{ "GET",    "/{version}/{id}/accounts",                 "accounts",             sandbox_ig_accounts, 0, NULL, NULL },
	{ "GET",    "/{version}/{id}/businesses",               "businesses",           sandbox_ig_businesses, 0, NULL, NULL },
	{ "GET",    "/{version}/{id}/owned_pages",              "owned_pages",          sandbox_ig_owned_pages, 0, NULL, NULL },
	{ "GET",    "/{version}/{id}/client_pages",             "client_pages",         sandbox_ig_client_pages, 0, NULL, NULL },
	{ "POST",   "/{version}/{id}/media",                    "media_create",         sandbox_ig_media_create, 0, create_points, NULL },
	{ "GET",    "/{version}/{id}/media",                    "media_list",           sandbox_ig_media_list, 0, list_points, NULL },
	{ "GET",    "/{version}/{id}/stories",                  "stories",              sandbox_ig_stories, 0, list_points, NULL },
	{ "POST",   "/{version}/{id}/media_publish",            "media_publish",        sandbox_ig_publish, 0, publish_points, NULL },
	{ "GET",    "/{version}/{id}/content_publishing_limit", "publishing_limit",     sandbox_ig_quota, 0, NULL, NULL },
	{ "POST",   "/{version}/{id}/comments",                 "comment",              sandbox_ig_comment, 0, NULL, NULL },
	{ "GET",    "/{version}/{id}/comments",                 "comments",             sandbox_ig_comments, 0, NULL, NULL },
	{ "POST",   "/ig-api-upload/{version}/{id}",            "rupload",              sandbox_ig_upload, ROW_SPOOL, upload_points, "rupload.cut_at" },
	{ "GET",    "/{version}/{id}",                          "node",                 sandbox_ig_node_get, 0, node_points, NULL },
	{ "DELETE", "/{version}/{id}",                          "delete",               sandbox_ig_delete, 0, NULL, NULL },
	{ NULL,     NULL,                                       NULL,                   NULL, 0, NULL, NULL },
};
/* clang-format on */

struct ig_state *sandbox_ig_state(struct world *w)
{
	return w->extra[sandbox_platform_index(&sandbox_instagram)];
}

void sandbox_ig_node_add(struct world *w, const char *id, const struct ig_type *type, void *p)
{
	struct ig_node *node = arena_alloc(w->arena, sizeof(*node));

	node->type = type;
	node->p = p;
	sandbox_map_put(&sandbox_ig_state(w)->nodes, id, node);
}

struct ig_node *sandbox_ig_node(struct world *w, const char *id)
{
	return sandbox_map_get(&sandbox_ig_state(w)->nodes, id);
}

int sandbox_ig_code_of(int subcode)
{
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (errors[i].subcode == subcode)
			return errors[i].code;
	return 0;
}

static const struct ig_error *error_row(int code, int subcode)
{
	const struct ig_error *same_code = NULL;

	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		if (errors[i].code != code)
			continue;
		if (errors[i].subcode == subcode)
			return &errors[i];
		if (same_code == NULL)
			same_code = &errors[i];
	}
	return same_code != NULL ? same_code : error_row(100, 0);
}

bool sandbox_ig_fail_text(struct exchange *ex, int code, int subcode, const char *message)
{
	const struct ig_error *row = error_row(code, subcode);
	char trace[TOKEN_TEXT_MAX(18)];
	json_t *error =
		json_pack("{s:s,s:s,s:i}", "message", message != NULL ? message : row->message,
			  "type", "OAuthException", "code", code);

	if (subcode != 0) {
		json_object_set_new(error, "error_subcode", json_integer(subcode));
		json_object_set_new(error, "is_transient", json_boolean(row->is_transient));
	}
	if (row->title != NULL) {
		json_object_set_new(error, "error_user_title", json_string(row->title));
		json_object_set_new(error, "error_user_msg", json_string(row->advice));
	}
	random_token(trace, 17);
	json_object_set_new(error, "fbtrace_id",
			    json_string(arena_printf(ex->arena, "A%s", trace)));
	sandbox_exchange_json(ex, row->status, json_pack("{s:o}", "error", error));
	if (code == 190)
		sandbox_exchange_add_header(ex, "WWW-Authenticate",
					    "OAuth \"Facebook Platform\" \"invalid_token\"");
	return false;
}

bool sandbox_ig_fail(struct exchange *ex, int code, int subcode)
{
	return sandbox_ig_fail_text(ex, code, subcode, NULL);
}

static void ig_unknown(struct exchange *ex)
{
	const char *message = arena_printf(ex->arena, "Unknown path components: %s", ex->path);

	sandbox_ig_fail_text(ex, 2500, 0, message);
}

/* The account behind the {id} of the path, so that rules can name it before the handler runs. */
static void ig_identify(struct exchange *ex)
{
	const char *id = ex->captures[1];
	const char *creation = sandbox_exchange_param(ex, "creation_id");
	const struct ig_node *node = id != NULL ? sandbox_ig_node(ex->world, id) : NULL;
	const struct ig_node *made = creation != NULL ? sandbox_ig_node(ex->world, creation) : NULL;
	const struct account *a = NULL;

	ex->caption = sandbox_exchange_param(ex, "caption");
	if (node != NULL && node->type == &sandbox_ig_user_type) {
		a = node->p;
	} else if (node != NULL && node->type == &sandbox_ig_container_type) {
		a = ((const struct ig_container *)node->p)->account;
		ex->caption = ((const struct ig_container *)node->p)->caption;
	} else if (node != NULL && node->type == &sandbox_ig_media_type) {
		a = ((const struct object *)node->p)->account;
		ex->caption = ((const struct object *)node->p)->caption;
	}
	if (made != NULL && made->type == &sandbox_ig_container_type)
		ex->caption = ((const struct ig_container *)made->p)->caption;
	if (a != NULL) {
		ex->account = a->id;
		ex->account_name = a->username;
	}
}

static int64_t percent(uint64_t used, int64_t most)
{
	return most > 0 ? (int64_t)(used * 100 / (uint64_t)most) : 100;
}

static void ig_usage_account(struct exchange *ex, const struct account *a)
{
	const struct settings *set = &ex->world->settings;
	int64_t used = percent(a->calls, set->account_calls);
	const char *text = arena_printf(
		ex->arena,
		"{\"%s\":[{\"type\":\"instagram\",\"call_count\":%lld,\"total_cputime\":%lld,"
		"\"total_time\":%lld,\"estimated_time_to_regain_access\":0}]}",
		a->id, (long long)used, (long long)used / 2, (long long)used / 2);

	sandbox_exchange_add_header(ex, "X-Business-Use-Case-Usage", text);
}

/* Usage headers come with every answer, good or bad. */
static void ig_finish(struct exchange *ex)
{
	struct world *w = ex->world;
	struct account *a;
	int64_t used;
	char rev[TOKEN_TEXT_MAX(12)];

	if (ex->row == NULL || (ex->row->flags & ROW_BROWSER) != 0)
		return;
	if (sandbox_world_now(w) - w->app_calls_since_us >= US_PER_HOUR) {
		w->app_calls_since_us = sandbox_world_now(w);
		w->app_calls = 0;
	}
	used = percent(++w->app_calls, w->settings.app_calls);
	sandbox_exchange_add_header(ex, "X-App-Usage",
				    arena_printf(ex->arena,
						 "{\"call_count\":%lld,\"total_time\":%lld,"
						 "\"total_cputime\":%lld}",
						 (long long)used, (long long)used / 2,
						 (long long)used / 2));
	random_token(rev, 12);
	sandbox_exchange_add_header(ex, "x-fb-trace-id", rev);
	sandbox_exchange_add_header(ex, "x-fb-rev", "1031415926");
	if (ex->captures[0] != NULL)
		sandbox_exchange_add_header(ex, "facebook-api-version", ex->captures[0]);
	a = ex->account != NULL ? sandbox_world_account(w, &sandbox_instagram, ex->account) : NULL;
	if (a == NULL)
		return;
	a->calls++;
	if (sandbox_params_get(&ex->out_headers, "X-Business-Use-Case-Usage") == NULL)
		ig_usage_account(ex, a);
}

static json_t *ig_containers(struct world *w)
{
	const struct list *all = &sandbox_ig_state(w)->containers;
	json_t *out = json_array();

	for (size_t i = all->n > 1000 ? all->n - 1000 : 0; i < all->n; i++) {
		struct ig_container *c = all->v[i];

		json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s?,s:i,s:s?,s:I}", "id", c->id,
						     "account", c->account->id, "status",
						     sandbox_ig_status(w, c), "caption", c->caption,
						     "commits", (int)c->commits, "object",
						     c->object != NULL ? c->object->id : NULL,
						     "bytes_transferred", (json_int_t)c->received));
	}
	return json_pack("{s:o,s:I}", "containers", out, "containers_made", (json_int_t)all->n);
}

const struct sandbox_platform sandbox_instagram = {
	.name = "instagram",
	.rows = rows,
	.points = own_points,
	.open = sandbox_ig_open,
	.seed = sandbox_ig_seed,
	.identify = ig_identify,
	.unknown = ig_unknown,
	.finish = ig_finish,
	.state = ig_containers,
	.kinds = sandbox_ig_kinds,
	.loaded = sandbox_ig_loaded,
};

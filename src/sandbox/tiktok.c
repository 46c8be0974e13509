/* SPDX-License-Identifier: Apache-2.0 */
/* TikTok: Login Kit v2 and the Content Posting API; all its hosts stand under the prefix /tiktok. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "sandbox/consent.h"
#include "sandbox/tt.h"

struct tt_error {
	const char *code;
	int status;
	const char *message;
};

/* clang-format off */
static const struct tt_error errors[] = {
	{ "access_token_invalid", 401, "The access token is invalid or not found in the request." },
	{ "scope_not_authorized", 401, "The user did not authorize the scope required for completing this request." },
	{ "scope_permission_missed", 400, "Additional scope permission is required for the requested fields." },
	{ "rate_limit_exceeded", 429, "The API rate limit was exceeded. Please try again later." },
	{ "spam_risk_too_many_posts", 403, "The daily post cap from the API is reached for the current user." },
	{ "spam_risk_too_many_pending_share", 403, "There may be at most 5 pending shares within any 24-hour period." },
	{ "spam_risk_user_banned_from_posting", 403, "The user is banned from making new posts." },
	{ "spam_risk", 403, "The request was blocked as a spam risk." },
	{ "spam_risk_text", 403, "The text is a spam risk." },
	{ "reached_active_user_cap", 403, "The daily quota for active publishing users from your client is reached." },
	{ "unaudited_client_can_only_post_to_private_accounts", 403, "Unaudited clients can only post to a private account." },
	{ "url_ownership_unverified", 403, "To use PULL_FROM_URL, developers must verify the ownership of the URL prefix or domain." },
	{ "privacy_level_option_mismatch", 403, "privacy_level is not specified or not among the options from the creator_info API." },
	{ "app_version_check_failed", 400, "The user's TikTok app is older than required." },
	{ "invalid_param", 400, "Check error message for details." },
	{ "invalid_params", 400, "The request parameters are invalid." },
	{ "invalid_file_upload", 400, "The file does not meet the requirements." },
	{ "invalid_publish_id", 400, "The publish_id does not exist." },
	{ "token_not_authorized_for_specified_publish_id", 400, "The publish_id belongs to another user." },
	{ "publish_not_cancellable", 400, "The publish cannot be cancelled any more." },
	{ "internal_error", 500, "Something is wrong. Please try again later." },
};

static const char *const own_points[] = {
	"oauth.deny", "oauth.partial_scopes", "oauth.code_reused", "oauth.callback_twice",
	"oauth.error", "oauth.rotate_then_drop", "oauth.no_refresh_token", "token.expire_now",
	"creator.error", "init.error", "init.drop_before", "init.commit_then_drop_connection",
	"init.commit_then_5xx", "upload.cut_at", "upload.5xx", "upload.expired", "upload.unknown",
	"upload.bad", "upload.commit_then_drop_connection", "upload.commit_then_5xx",
	"process.error", "process.stuck", "pull.fail", "status.error", "moderation.hold",
	"listing.missing_row", NULL,
};
static const char *const init_points[] = {
	"init.drop_before", "init.commit_then_drop_connection", "init.commit_then_5xx", NULL,
};
static const char *const upload_points[] = {
	"upload.5xx", "upload.commit_then_drop_connection", "upload.commit_then_5xx", NULL,
};

static const struct sandbox_row rows[] = {
	/* method  pattern                                name            handler */
	{ "GET",  "/v2/auth/authorize/",                  "dialog",       sandbox_tt_dialog, ROW_BROWSER, NULL, NULL },
	{ "POST", "/sandbox/consent",                     "consent",      sandbox_consent_submit, ROW_BROWSER, NULL, NULL },
	{ "POST", "/v2/oauth/token/",                     "token",        sandbox_tt_token, 0, NULL, NULL },
	{ "POST", "/v2/oauth/revoke/",                    "revoke",       sandbox_tt_revoke, 0, NULL, NULL },
	{ "GET",  "/v2/user/info/",                       "user_info",    sandbox_tt_user, 0, NULL, NULL },
	{ "POST", "/v2/post/publish/creator_info/query/", "creator_info", sandbox_tt_creator, 0, NULL, NULL },
	{ "POST", "/v2/post/publish/video/init/",         "video_init",   sandbox_tt_video_init, 0, init_points, NULL },
	{ "POST", "/v2/post/publish/inbox/video/init/",   "inbox_init",   sandbox_tt_inbox_init, 0, init_points, NULL },
	{ "POST", "/v2/post/publish/content/init/",       "photo_init",   sandbox_tt_photo_init, 0, init_points, NULL },
	{ "POST", "/v2/post/publish/status/fetch/",       "status",       sandbox_tt_status_fetch, 0, NULL, NULL },
	{ "POST", "/v2/post/publish/cancel/",             "cancel",       sandbox_tt_cancel, 0, NULL, NULL },
	{ "PUT",  "/video/",                              "upload",       sandbox_tt_upload, ROW_SPOOL, upload_points, "upload.cut_at" },
	{ "POST", "/v2/video/list/",                      "video_list",   sandbox_tt_video_list, 0, NULL, NULL },
	{ "POST", "/v2/video/query/",                     "video_query",  sandbox_tt_video_query, 0, NULL, NULL },
	{ "GET",  "/{name}/{kind}/{id}",                  "page",         sandbox_tt_page, ROW_BROWSER, NULL, NULL },
	{ NULL,   NULL,                                   NULL,           NULL, 0, NULL, NULL },
};
/* clang-format on */

struct tt_state *sandbox_tt_state(struct world *w)
{
	return w->extra[sandbox_platform_index(&sandbox_tiktok)];
}

struct tt_account *sandbox_tt_extra(const struct account *a)
{
	return a->extra;
}

static const struct tt_error *error_row(const char *code)
{
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (strcmp(errors[i].code, code) == 0)
			return &errors[i];
	return NULL;
}

static const char *log_id(struct exchange *ex)
{
	return arena_printf(ex->arena, "20261121120000%018llu", (unsigned long long)ex->req_no);
}

bool sandbox_tt_fail_text(struct exchange *ex, const char *code, const char *message)
{
	const struct tt_error *row = error_row(code);

	sandbox_exchange_json(ex, row != NULL ? row->status : 400,
			      json_pack("{s:{},s:{s:s,s:s,s:s}}", "data", "error", "code", code,
					"message", message, "log_id", log_id(ex)));
	return false;
}

bool sandbox_tt_fail(struct exchange *ex, const char *code)
{
	const struct tt_error *row = error_row(code);

	return sandbox_tt_fail_text(ex, code, row != NULL ? row->message : "Unknown error.");
}

void sandbox_tt_ok(struct exchange *ex, json_t *data)
{
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:o,s:{s:s,s:s,s:s}}", "data", data, "error", "code",
					"ok", "message", "", "log_id", log_id(ex)));
}

static void tt_unknown(struct exchange *ex)
{
	sandbox_exchange_json(ex, 404,
			      json_pack("{s:{s:s,s:s,s:s}}", "error", "code", "invalid_request",
					"message", "Unsupported path(Janus).", "log_id",
					log_id(ex)));
}

static const struct account *account_of_token(struct exchange *ex)
{
	const char *auth = sandbox_exchange_header(ex, "Authorization");
	const struct token *t = auth != NULL && strncmp(auth, "Bearer ", 7) == 0
					? sandbox_map_get(&ex->world->tokens, auth + 7)
					: NULL;

	if (t == NULL || t->platform != &sandbox_tiktok)
		return NULL;
	return sandbox_world_account(ex->world, &sandbox_tiktok, t->grant->person->id);
}

/* Text of a post that the body is about to make. */
static const char *caption_of_body(struct exchange *ex)
{
	json_t *in = ex->body.len > 0 ? json_loadb(ex->body.p, ex->body.len, 0, NULL) : NULL;
	const json_t *info = json_object_get(in, "post_info");
	const json_t *text = json_object_get(info, "description");
	const char *kept;

	if (text == NULL)
		text = json_object_get(info, "title");
	kept = json_is_string(text) ? arena_strdup(ex->arena, json_string_value(text)) : NULL;
	json_decref(in);
	return kept;
}

static void tt_identify(struct exchange *ex)
{
	struct tt_state *state = sandbox_tt_state(ex->world);
	const char *id = sandbox_exchange_param(ex, "publish_id");
	const char *upload = sandbox_exchange_param(ex, "upload_id");
	const struct tt_publish *p = id != NULL ? sandbox_map_get(&state->publishes, id) : NULL;
	const struct account *a = account_of_token(ex);

	if (p == NULL && upload != NULL)
		p = sandbox_map_get(&state->uploads, upload);
	if (a == NULL && p != NULL)
		a = p->account;
	ex->caption = p != NULL ? p->caption : caption_of_body(ex);
	if (a != NULL) {
		ex->account = a->id;
		ex->account_name = a->username;
	}
}

static json_t *tt_publishes(struct world *w)
{
	const struct list *all = &sandbox_tt_state(w)->all;
	json_t *out = json_array();

	for (size_t i = all->n > 1000 ? all->n - 1000 : 0; i < all->n; i++) {
		struct tt_publish *p = all->v[i];

		json_array_append_new(
			out, json_pack("{s:s,s:s,s:s,s:s?,s:s?,s:I,s:I,s:s?}", "publish_id", p->id,
				       "account", p->account->id, "status", sandbox_tt_status(w, p),
				       "caption", p->caption, "fail_reason", p->fail_reason,
				       "uploaded_bytes", (json_int_t)p->received, "arrived_bytes",
				       (json_int_t)p->arrived, "object",
				       p->object != NULL ? p->object->id : NULL));
	}
	return json_pack("{s:o,s:I}", "publishes", out, "publishes_made", (json_int_t)all->n);
}

static void seed_bool(const json_t *in, const char *name, bool *to)
{
	const json_t *v = json_object_get(in, name);

	if (json_is_boolean(v))
		*to = json_is_true(v);
}

static void seed_int(const json_t *in, const char *name, int64_t *to)
{
	const json_t *v = json_object_get(in, name);

	if (json_is_integer(v))
		*to = json_integer_value(v);
}

static const char *seed_text(const json_t *in, const char *name, const char *fallback)
{
	const char *text = json_string_value(json_object_get(in, name));

	return text != NULL ? text : fallback;
}

static struct tt_account *extra_new(struct world *w)
{
	struct tt_account *extra = arena_alloc(w->arena, sizeof(*extra));

	extra->max_duration_s = 600;
	for (size_t i = 0; i < TT_RATES; i++)
		extra->calls[i] = sandbox_list_new(w->arena);
	extra->drafts = sandbox_list_new(w->arena);
	return extra;
}

struct account *sandbox_tt_seed_account(struct world *w, const json_t *in)
{
	const char *id = seed_text(in, "id", NULL);
	struct account *a = id != NULL ? sandbox_world_account(w, &sandbox_tiktok, id) : NULL;
	struct tt_account *extra;

	if (id == NULL)
		id = sandbox_world_id(w, "723f24d7-e717-40f8-a2b6-", 36);
	a = sandbox_world_add_account(w, &sandbox_tiktok, id,
				      seed_text(in, "username", a != NULL ? a->username : id),
				      seed_text(in, "name", a != NULL ? a->name : id));
	if (a->extra == NULL)
		a->extra = extra_new(w);
	extra = a->extra;
	seed_bool(in, "private", &extra->is_private);
	seed_bool(in, "comment_disabled", &extra->comment_off);
	seed_bool(in, "duet_disabled", &extra->duet_off);
	seed_bool(in, "stitch_disabled", &extra->stitch_off);
	seed_bool(in, "banned", &extra->is_banned);
	seed_int(in, "max_video_post_duration_sec", &extra->max_duration_s);
	if (sandbox_world_person(w, &sandbox_tiktok, TT_REALM, a->id) == NULL)
		sandbox_world_add_person(w, &sandbox_tiktok, TT_REALM, a->id, a->name);
	return a;
}

/* {"accounts":[{"id","username","name","private","comment_disabled","duet_disabled",
 *  "stitch_disabled","banned","max_video_post_duration_sec"}],"verified":["https://host/"],
 *  "unaudited","keeps_refresh_token","web","access_s","refresh_s","upload_life_s","daily_cap",
 *  "creator_rate","init_rate","status_rate","read_rate"} */
static bool tt_seed(struct world *w, const json_t *in, const char **ret_why)
{
	static const char *const rates[] = { "creator_rate", "init_rate", "status_rate",
					     "read_rate" };
	struct tt_state *state = sandbox_tt_state(w);
	const json_t *accounts = json_object_get(in, "accounts");
	const json_t *verified = json_object_get(in, "verified");

	if (accounts != NULL && !json_is_array(accounts)) {
		*ret_why = "accounts must be an array";
		return false;
	}
	for (size_t i = 0; i < json_array_size(accounts); i++)
		sandbox_tt_seed_account(w, json_array_get(accounts, i));
	for (size_t i = 0; i < json_array_size(verified); i++)
		sandbox_list_add_text(&state->verified,
				      json_string_value(json_array_get(verified, i)));
	seed_bool(in, "unaudited", &state->is_unaudited);
	seed_bool(in, "keeps_refresh_token", &state->keeps_refresh_token);
	seed_bool(in, "web", &state->is_web);
	seed_int(in, "access_s", &state->access_s);
	seed_int(in, "refresh_s", &state->refresh_s);
	seed_int(in, "upload_life_s", &state->upload_life_s);
	seed_int(in, "daily_cap", &state->daily_cap);
	for (size_t i = 0; i < TT_RATES; i++)
		seed_int(in, rates[i], &state->rates[i]);
	return true;
}

static const char world_default[] =
	"{\"accounts\":[{\"id\":\"723f24d7-e717-40f8-a2b6-cb8464cd23b4\",\"username\":\"demo."
	"user\","
	"\"name\":\"Demo\",\"stitch_disabled\":true},{\"id\":"
	"\"95d1c8e2-0b34-4f6e-9a71-2f6f0a6f3c11\",\"username\":\"acme.bakery\",\"name\":"
	"\"Acme Bakery\"},{\"id\":\"c2f0b7aa-52c6-4be5-8d0e-7b1e90f3d955\",\"username\":"
	"\"quiet.baker\",\"name\":\"Quiet Baker\",\"private\":true}]}";

static void tt_open(struct world *w)
{
	struct tt_state *state = arena_alloc(w->arena, sizeof(*state));
	json_t *in = json_loads(world_default, 0, NULL);
	const char *why;

	state->publishes = sandbox_map_new(w->arena);
	state->uploads = sandbox_map_new(w->arena);
	state->all = sandbox_list_new(w->arena);
	state->verified = sandbox_list_new(w->arena);
	state->access_s = 7200;
	state->refresh_s = 15552000;
	state->upload_life_s = 3600;
	state->daily_cap = 15;
	state->rates[TT_RATE_CREATOR] = 20;
	state->rates[TT_RATE_INIT] = 6;
	state->rates[TT_RATE_STATUS] = 30;
	state->rates[TT_RATE_READ] = 600;
	w->extra[sandbox_platform_index(&sandbox_tiktok)] = state;
	sandbox_world_add_app(w, &sandbox_tiktok, "1234567890", "sandbox-secret");
	tt_seed(w, in, &why);
	json_decref(in);
}

const struct sandbox_platform sandbox_tiktok = {
	.name = "tiktok",
	.rows = rows,
	.points = own_points,
	.open = tt_open,
	.seed = tt_seed,
	.identify = tt_identify,
	.unknown = tt_unknown,
	.state = tt_publishes,
	.kinds = sandbox_tt_kinds,
	.loaded = sandbox_tt_loaded,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* YouTube Data API v3; Google's consent, token and upload hosts stand under the prefix /youtube too. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/tz.h"
#include "sandbox/consent.h"
#include "sandbox/yt.h"

static const char *const own_points[] = {
	"oauth.deny",
	"oauth.partial_scopes",
	"oauth.callback_twice",
	"token.error",
	"token.invalid_grant",
	"token.no_refresh_token",
	"token.401",
	"api.error",
	"quota.exceeded",
	"session.limit",
	"upload.cut_at",
	"upload.5xx",
	"upload.limit",
	"upload.lost",
	"upload.short_store",
	"upload.commit_then_drop_connection",
	"upload.commit_then_5xx",
	"upload.commit_then_hang",
	"process.failed",
	"process.rejected",
	"process.stuck",
	"listing.lag",
	"listing.missing_row",
	NULL,
};
static const char *const api_points[] = { "token.401", NULL };
static const char *const upload_points[] = {
	"token.401",
	"upload.5xx",
	"upload.short_store",
	"upload.commit_then_drop_connection",
	"upload.commit_then_5xx",
	NULL,
};
static const char *const list_points[] = { "token.401", "listing.missing_row", NULL };

/* clang-format off */
static const struct sandbox_row rows[] = {
	/* method   pattern                             name              handler */
	{ "GET",    "/o/oauth2/v2/auth",                "dialog",         sandbox_yt_dialog, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/sandbox/consent",                 "consent",        sandbox_consent_submit, ROW_BROWSER, NULL, NULL },
	{ "POST",   "/token",                           "token",          sandbox_yt_token, 0, NULL, NULL },
	{ "POST",   "/revoke",                          "revoke",         sandbox_yt_revoke, 0, NULL, NULL },
	{ "GET",    "/youtube/v3/channels",             "channels",       sandbox_yt_channels, 0, api_points, NULL },
	{ "GET",    "/youtube/v3/videos",               "videos_list",    sandbox_yt_videos_list, 0, api_points, NULL },
	{ "PUT",    "/youtube/v3/videos",               "videos_update",  sandbox_yt_videos_update, 0, api_points, NULL },
	{ "DELETE", "/youtube/v3/videos",               "videos_delete",  sandbox_yt_videos_delete, 0, api_points, NULL },
	{ "GET",    "/youtube/v3/playlistItems",        "playlist_items", sandbox_yt_playlist_items, 0, list_points, NULL },
	{ "GET",    "/youtube/v3/videoCategories",      "categories",     sandbox_yt_categories, 0, api_points, NULL },
	{ "POST",   "/upload/youtube/v3/videos",        "session",        sandbox_yt_open_session, 0, api_points, NULL },
	{ "PUT",    "/upload/youtube/v3/videos",        "upload",         sandbox_yt_upload, ROW_SPOOL, upload_points, "upload.cut_at" },
	{ "POST",   "/upload/youtube/v3/thumbnails/set", "thumbnail",     sandbox_yt_thumbnail, ROW_SPOOL, api_points, NULL },
	{ "GET",    "/watch",                           "watch",          sandbox_yt_watch, ROW_BROWSER, NULL, NULL },
	{ "GET",    "/shorts/{id}",                     "watch",          sandbox_yt_watch, ROW_BROWSER, NULL, NULL },
	{ NULL,     NULL,                               NULL,             NULL, 0, NULL, NULL },
};
/* clang-format on */

struct yt_state *sandbox_yt_state(struct world *w)
{
	return w->extra[sandbox_platform_index(&sandbox_youtube)];
}

struct yt_channel *sandbox_yt_channel(const struct account *a)
{
	return a->extra;
}

static void yt_unknown(struct exchange *ex)
{
	sandbox_yt_fail(ex, "notFound");
}

/* Title and description that the body is about to make, or those of the session. */
static const char *caption_of(struct exchange *ex, const struct yt_session *s)
{
	json_t *in = s == NULL && ex->body.len > 0 ? json_loadb(ex->body.p, ex->body.len, 0, NULL)
						   : NULL;
	const json_t *snippet = json_object_get(in, "snippet");
	const char *title = json_string_value(json_object_get(snippet, "title"));
	const char *text = json_string_value(json_object_get(snippet, "description"));
	const char *kept = NULL;

	if (s != NULL)
		kept = arena_printf(ex->arena, "%s\n%s", s->meta.title, s->meta.description);
	else if (title != NULL)
		kept = arena_printf(ex->arena, "%s\n%s", title, text != NULL ? text : "");
	json_decref(in);
	return kept;
}

static void yt_identify(struct exchange *ex)
{
	const char *upload = sandbox_exchange_param(ex, "upload_id");
	const struct yt_session *s =
		upload != NULL ? sandbox_map_get(&sandbox_yt_state(ex->world)->sessions, upload)
			       : NULL;
	const struct token *t = sandbox_yt_bearer(ex);
	const struct account *a = t != NULL ? sandbox_yt_account(ex, t) : NULL;

	sandbox_yt_settle(ex);
	ex->caption = caption_of(ex, s);
	if (a == NULL && s != NULL)
		a = s->account;
	if (a != NULL) {
		ex->account = a->id;
		ex->account_name = a->username;
	}
}

static json_t *yt_inspect(struct world *w)
{
	const struct list *all = &sandbox_yt_state(w)->all;
	json_t *out = json_array();

	for (size_t i = all->n > 1000 ? all->n - 1000 : 0; i < all->n; i++) {
		const struct yt_session *s = all->v[i];

		json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:I,s:I,s:b,s:s?}", "upload_id",
						     s->id, "account", s->account->id, "title",
						     s->meta.title, "total", (json_int_t)s->total,
						     "stored", (json_int_t)s->stored, "over",
						     s->is_over, "video", s->video));
	}
	return json_pack("{s:o,s:I,s:o}", "sessions", out, "sessions_made", (json_int_t)all->n,
			 "quotas", sandbox_yt_quotas(w));
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

	if (json_is_integer(v) && json_integer_value(v) >= 0)
		*to = json_integer_value(v);
}

static const char *seed_text(const json_t *in, const char *name, const char *fallback)
{
	const char *text = json_string_value(json_object_get(in, name));

	return text != NULL ? text : fallback;
}

/* A person that can answer a consent page: a channel of the Google account, or the bare account. */
static void seed_person(struct world *w, struct yt_user *user, const char *id, const char *name)
{
	struct person *p = sandbox_world_person(w, &sandbox_youtube, YT_REALM, id);

	if (p == NULL)
		p = sandbox_world_add_person(w, &sandbox_youtube, YT_REALM, id, name);
	p->extra = user;
}

static bool seed_channel(struct world *w, struct yt_user *user, const json_t *in,
			 const char **ret_why)
{
	const char *id = seed_text(in, "id", "");
	struct account *a;
	struct yt_channel *channel;

	if (strlen(id) != 24 || strncmp(id, "UC", 2) != 0) {
		*ret_why = "a channel's id is UC and 22 characters";
		return false;
	}
	a = sandbox_world_account(w, &sandbox_youtube, id);
	a = sandbox_world_add_account(w, &sandbox_youtube, id,
				      seed_text(in, "handle", a != NULL ? a->username : id),
				      seed_text(in, "title", a != NULL ? a->name : id));
	if (a->extra == NULL) {
		channel = arena_alloc(w->arena, sizeof(*channel));
		channel->long_uploads = "allowed";
		channel->made_us = sandbox_world_now(w);
		a->extra = channel;
	}
	channel = a->extra;
	channel->user = user;
	channel->long_uploads =
		arena_strdup(w->arena, seed_text(in, "long_uploads", channel->long_uploads));
	seed_bool(in, "made_for_kids", &channel->is_made_for_kids);
	seed_bool(in, "no_handle", &channel->has_no_handle);
	seed_bool(in, "unverified", &channel->is_unverified);
	seed_person(w, user, id, arena_printf(w->arena, "%s (%s)", a->name, user->name));
	return true;
}

static struct yt_user *user_find(struct world *w, const char *id)
{
	for (size_t i = 0; i < w->people.n; i++) {
		const struct person *p = w->people.v[i];
		struct yt_user *user = p->platform == &sandbox_youtube ? p->extra : NULL;

		if (user != NULL && strcmp(user->id, id) == 0)
			return user;
	}
	return NULL;
}

static bool seed_user(struct world *w, const json_t *in, const char **ret_why)
{
	const json_t *channels = json_object_get(in, "channels");
	const char *id = seed_text(in, "id", NULL);
	struct yt_user *user = id != NULL ? user_find(w, id) : NULL;

	if (id == NULL) {
		*ret_why = "a user has an id";
		return false;
	}
	if (user == NULL) {
		user = arena_alloc(w->arena, sizeof(*user));
		user->id = arena_strdup(w->arena, id);
	}
	user->name = arena_strdup(w->arena, seed_text(in, "name", id));
	for (size_t i = 0; i < json_array_size(channels); i++)
		if (!seed_channel(w, user, json_array_get(channels, i), ret_why))
			return false;
	if (json_array_size(channels) == 0)
		seed_person(w, user, id, arena_printf(w->arena, "%s (no channel)", user->name));
	return true;
}

static void seed_sessions_end(struct world *w)
{
	const struct list *all = &sandbox_yt_state(w)->all;

	for (size_t i = 0; i < all->n; i++)
		sandbox_yt_session_end(w, all->v[i]);
}

static void seed_switches(struct yt_state *state, const json_t *in)
{
	seed_bool(in, "unaudited", &state->is_unaudited);
	seed_bool(in, "reject_duplicates", &state->rejects_duplicates);
	seed_bool(in, "refuse_offsets", &state->refuses_offsets);
	seed_bool(in, "testing", &state->is_testing);
	seed_bool(in, "revoke_one", &state->keeps_siblings);
	seed_int(in, "insert_quota", &state->limits[YT_INSERTS]);
	seed_int(in, "unit_quota", &state->limits[YT_UNITS]);
	seed_int(in, "refresh_cap", &state->refresh_cap);
	seed_int(in, "session_life_s", &state->session_life_s);
	seed_int(in, "upload_cap", &state->upload_cap);
	seed_int(in, "thumbnail_bytes", &state->thumbnail_bytes);
	seed_int(in, "video_bytes", &state->video_bytes);
	seed_int(in, "access_s", &state->access_s);
}

/* {"users":[{"id","name","channels":[{"id","handle","title","long_uploads","made_for_kids",
 *  "no_handle","unverified"}]}],"end_sessions", and the switches above} */
static bool yt_seed(struct world *w, const json_t *in, const char **ret_why)
{
	const json_t *users = json_object_get(in, "users");

	if (users != NULL && !json_is_array(users)) {
		*ret_why = "users must be an array";
		return false;
	}
	for (size_t i = 0; i < json_array_size(users); i++)
		if (!seed_user(w, json_array_get(users, i), ret_why))
			return false;
	seed_switches(sandbox_yt_state(w), in);
	if (json_is_true(json_object_get(in, "end_sessions")))
		seed_sessions_end(w);
	return true;
}

static const char world_default[] =
	"{\"users\":[{\"id\":\"108213344556677889901\",\"name\":\"Alex Baker\",\"channels\":["
	"{\"id\":\"UCAcmeBakery000000000001\",\"handle\":\"acmebakery\",\"title\":\"Acme Bakery\"},"
	"{\"id\":\"UCAcmeStudio000000000002\",\"handle\":\"acmestudio\",\"title\":\"Acme "
	"Studio\"}]},"
	"{\"id\":\"108213344556677889902\",\"name\":\"Quiet Baker\",\"channels\":[{\"id\":"
	"\"UCQuietBaker000000000003\",\"title\":\"Quiet Baker\",\"handle\":\"quietbaker\","
	"\"no_handle\":true,\"unverified\":true,\"long_uploads\":\"disallowed\"}]},"
	"{\"id\":\"108213344556677889903\",\"name\":\"Robin Reader\"}]}";

static void yt_open(struct world *w)
{
	struct yt_state *state = arena_alloc(w->arena, sizeof(*state));
	json_t *in = json_loads(world_default, 0, NULL);
	const char *why;

	state->sessions = sandbox_map_new(w->arena);
	state->all = sandbox_list_new(w->arena);
	state->quotas = sandbox_list_new(w->arena);
	state->scheduled = sandbox_list_new(w->arena);
	state->limits[YT_UNITS] = 10000;
	state->limits[YT_INSERTS] = 100;
	state->refresh_cap = 100;
	state->session_life_s = 604800;
	state->thumbnail_bytes = 50 << 20;
	state->video_bytes = INT64_C(256) << 30;
	state->access_s = 3600;
	if (tz_load("America/Los_Angeles", &state->pacific) == 0)
		arena_defer(w->arena, (void (*)(void *))tz_free, state->pacific);
	w->extra[sandbox_platform_index(&sandbox_youtube)] = state;
	sandbox_world_add_app(w, &sandbox_youtube, "1234567890", "sandbox-secret");
	yt_seed(w, in, &why);
	json_decref(in);
	if (w->sandbox->world != NULL) /* a reset: the bytes of the world before go with it */
		sandbox_yt_sweep(w);
}

const struct sandbox_platform sandbox_youtube = {
	.name = "youtube",
	.rows = rows,
	.points = own_points,
	.open = yt_open,
	.seed = yt_seed,
	.identify = yt_identify,
	.unknown = yt_unknown,
	.clock = sandbox_yt_settle,
	.state = yt_inspect,
	.kinds = sandbox_yt_kinds,
	.loaded = sandbox_yt_loaded,
};

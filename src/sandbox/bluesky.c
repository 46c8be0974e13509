/* SPDX-License-Identifier: Apache-2.0 */
/* Bluesky: Personal Data Server, authorization server, directory and pages under one prefix. */
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/bs_login.h"
#include "sandbox/consent.h"

#define POINTS_AN_HOUR 5000
#define UPLOAD_LIMIT   (100 << 20)

static const char *const own_points[] = {
	"oauth.deny",
	"auth.expired",
	"dpop.nonce",
	"token.drop_after_commit",
	"rate.429",
	"upload.413",
	"upload.5xx",
	"blob.lost",
	"write.drop_before_commit",
	"write.5xx",
	"write.commit_then_drop",
	"write.commit_then_5xx",
	"write.commit_then_hang",
	NULL,
};
static const char *const upload_points[] = { "upload.5xx", NULL };
static const char *const write_points[] = {
	"rate.429",
	"write.drop_before_commit",
	"write.5xx",
	"write.commit_then_drop",
	"write.commit_then_5xx",
	NULL,
};

#define XRPC(nsid) "/xrpc/com.atproto." nsid
/* clang-format off */
static const struct sandbox_row rows[] = {
	{ "GET",  "/.well-known/oauth-protected-resource",   "resource",        sandbox_bs_resource, 0, NULL, NULL },
	{ "GET",  "/.well-known/oauth-authorization-server", "server",          sandbox_bs_server, 0, NULL, NULL },
	{ "POST", "/oauth/par",                              "par",             sandbox_bs_par, 0, NULL, NULL },
	{ "GET",  "/oauth/authorize",                        "authorize",       sandbox_bs_authorize, ROW_BROWSER, NULL, NULL },
	{ "POST", "/sandbox/consent",                        "consent",         sandbox_consent_submit, ROW_BROWSER, NULL, NULL },
	{ "POST", "/oauth/token",                            "token",           sandbox_bs_token, 0, NULL, NULL },
	{ "POST", "/oauth/revoke",                           "revoke",          sandbox_bs_revoke, 0, NULL, NULL },
	{ "POST", XRPC("server.createSession"),              "create_session",  sandbox_bs_create_session, 0, NULL, NULL },
	{ "POST", XRPC("server.refreshSession"),             "refresh_session", sandbox_bs_refresh_session, 0, NULL, NULL },
	{ "POST", XRPC("server.deleteSession"),              "delete_session",  sandbox_bs_delete_session, 0, NULL, NULL },
	{ "GET",  XRPC("server.getSession"),                 "session",         sandbox_bs_get_session, 0, NULL, NULL },
	{ "GET",  XRPC("identity.resolveHandle"),            "resolve",         sandbox_bs_resolve_handle, 0, NULL, NULL },
	{ "POST", XRPC("repo.uploadBlob"),                   "upload",          sandbox_bs_upload_blob, ROW_SPOOL, upload_points, NULL },
	{ "POST", XRPC("repo.putRecord"),                    "put",             sandbox_bs_put_record, 0, write_points, NULL },
	{ "POST", XRPC("repo.createRecord"),                 "create",          sandbox_bs_create_record, 0, write_points, NULL },
	{ "POST", XRPC("repo.deleteRecord"),                 "delete",          sandbox_bs_delete_record, 0, NULL, NULL },
	{ "GET",  XRPC("repo.getRecord"),                    "get",             sandbox_bs_get_record, 0, NULL, NULL },
	{ "GET",  XRPC("repo.listRecords"),                  "list",            sandbox_bs_list_records, 0, NULL, NULL },
	{ "GET",  "/xrpc/app.bsky.feed.getPosts",            "posts",           sandbox_bs_get_posts, 0, NULL, NULL },
	{ "GET",  "/profile/{user}/post/{rkey}",             "page",            sandbox_bs_page, ROW_BROWSER, NULL, NULL },
	{ "GET",  "/{did}",                                  "document",        sandbox_bs_document, 0, NULL, NULL },
	{ NULL,   NULL,                                      NULL,              NULL, 0, NULL, NULL },
};
/* clang-format on */

struct bs_state *sandbox_bs_state(struct world *w)
{
	return w->extra[sandbox_platform_index(&sandbox_bluesky)];
}

bool sandbox_bs_fail(struct exchange *ex, int status, const char *error, const char *fmt, ...)
{
	const char *words;
	va_list ap;

	va_start(ap, fmt);
	words = arena_vprintf(ex->arena, fmt, ap);
	va_end(ap);
	sandbox_exchange_json(ex, status, json_pack("{s:s,s:s}", "error", error, "message", words));
	return false;
}

json_t *sandbox_bs_body(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	json_t *in = NULL;

	if (type != NULL && strncasecmp(type, "application/json", 16) == 0 && ex->body.len > 0)
		in = json_loadb(ex->body.p, ex->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(in))
		return in;
	json_decref(in);
	sandbox_bs_fail(ex, 400, "InvalidRequest",
			"A request body is expected but none was provided");
	return NULL;
}

struct account *sandbox_bs_account(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->accounts_list.n; i++) {
		struct account *a = w->accounts_list.v[i];

		if (a->platform == &sandbox_bluesky &&
		    (strcmp(a->id, name) == 0 || strcasecmp(a->username, name) == 0))
			return a;
	}
	return NULL;
}

struct person_row {
	const char *did, *handle, *name, *password, *app_password;
};

static struct bs_user *user_add(struct world *w, const struct person_row *row)
{
	struct account *a = sandbox_world_add_account(
		w, &sandbox_bluesky, arena_strdup(w->arena, row->did),
		arena_strdup(w->arena, row->handle), arena_strdup(w->arena, row->name));
	struct bs_user *u = a->extra;

	if (u == NULL) {
		u = a->extra = arena_alloc(w->arena, sizeof(*u));
		sandbox_world_add_person(w, &sandbox_bluesky, BS_REALM, a->id, a->name);
	}
	if (row->password != NULL)
		u->password = arena_strdup(w->arena, row->password);
	if (row->app_password != NULL)
		u->app_password = arena_strdup(w->arena, row->app_password);
	return u;
}

static void bs_open(struct world *w)
{
	static const struct person_row people[] = {
		{ "did:plc:acmebakery22222222222222", "acmebakery.test", "Acme Bakery",
		  "bakery-password", "acme-bake-ry22-2222" },
		{ "did:plc:acmestudio22222222222222", "acmestudio.test", "Acme Studio",
		  "studio-password", "acme-stud-io22-2222" },
	};
	struct bs_state *state = arena_alloc(w->arena, sizeof(*state));

	state->blobs = sandbox_map_new(w->arena);
	state->rates = sandbox_map_new(w->arena);
	state->points = POINTS_AN_HOUR;
	state->upload_limit = UPLOAD_LIMIT;
	w->extra[sandbox_platform_index(&sandbox_bluesky)] = state;
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		user_add(w, &people[i]);
}

static bool seed_users(struct world *w, const json_t *users, const char **ret_why)
{
	const json_t *user;
	size_t i;

	json_array_foreach(users, i, user) {
		const struct person_row row = {
			json_string_value(json_object_get(user, "did")),
			json_string_value(json_object_get(user, "handle")),
			json_string_value(json_object_get(user, "name")),
			json_string_value(json_object_get(user, "password")),
			json_string_value(json_object_get(user, "app_password")),
		};
		struct person_row full = row;

		if (row.did == NULL || row.handle == NULL) {
			*ret_why = "a user needs did and handle";
			return false;
		}
		if (row.name == NULL)
			full.name = row.handle;
		user_add(w, &full)->is_deactivated =
			json_is_true(json_object_get(user, "deactivated"));
	}
	return true;
}

/*
 * {"users":[{did,handle,name,password,app_password,deactivated}],"points":n,"upload_limit":bytes}
 */
static bool bs_seed(struct world *w, const json_t *in, const char **ret_why)
{
	struct bs_state *state = sandbox_bs_state(w);
	const json_t *points = json_object_get(in, "points");
	const json_t *limit = json_object_get(in, "upload_limit");

	if (points != NULL)
		state->points = json_integer_value(points);
	if (limit != NULL)
		state->upload_limit = json_integer_value(limit);
	return seed_users(w, json_object_get(in, "users"), ret_why);
}

static const char *caption_of_body(struct exchange *ex)
{
	json_t *in = ex->body.len > 0 ? json_loadb(ex->body.p, ex->body.len, 0, NULL) : NULL;
	const json_t *record = json_object_get(in, "record");
	const char *text = json_string_value(json_object_get(record, "text"));
	const char *kept = text != NULL ? arena_strdup(ex->arena, text) : NULL;

	json_decref(in);
	return kept;
}

static void bs_identify(struct exchange *ex)
{
	const struct account *a = sandbox_bs_who(ex);

	ex->caption = caption_of_body(ex);
	if (a == NULL)
		return;
	ex->account = a->id;
	ex->account_name = a->username;
}

static void bs_unknown(struct exchange *ex)
{
	if (strncmp(ex->path, "/xrpc/", 6) == 0)
		sandbox_bs_fail(ex, 501, "MethodNotImplemented", "Method Not Implemented");
	else
		sandbox_exchange_html(ex, 404,
				      "<!DOCTYPE html><title>Error</title><h1>Not Found</h1>");
}

const struct sandbox_platform sandbox_bluesky = {
	.name = "bluesky",
	.rows = rows,
	.points = own_points,
	.open = bs_open,
	.seed = bs_seed,
	.identify = bs_identify,
	.unknown = bs_unknown,
	.state = sandbox_bs_login_state,
};

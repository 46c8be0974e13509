/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facebook Login: code, short token, long token, permissions, then every page that the person can
 * publish from, with the Instagram account behind it.
 */
#include <string.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/instagram.h"
#include "json/keep.h"

#define PAGE_FIELDS                                                                               \
	"id,name,access_token,tasks,instagram_business_account{id,username,name,profile_picture_" \
	"url}"
#define LIFE_FALLBACK_S (59 * 86400LL)
#define BUSINESSES_MAX  20
#define PAGES_MAX       50 /* calls of one listing */

static const struct script connect_script;

static enum script_move connect_go(struct connect *c, const char *state)
{
	return script_go(c->memo, &connect_script, state);
}

static struct instagram_call with_token(const struct connect *c)
{
	return (struct instagram_call){ c->arena, c->app, memo_text(c->memo, "user") };
}

static enum script_move connect_fail(struct connect *c, const struct instagram_reply *r,
				     struct step_result *ret)
{
	return instagram_fail(c->arena, r, r->row->elsewhere, NULL, ret);
}

static struct http_request *exchange(struct connect *c, const char *label)
{
	struct instagram_call call = { c->arena, c->app, NULL };
	struct http_request *r = instagram_call(&call, VERB_GET, label, "/oauth/access_token");

	http_request_query(r, "client_id", platform_text(c->app, "client_id"));
	http_request_query(r, "client_secret", platform_secret(c->app));
	return r;
}

/* An answer to an exchange must hold a token. */
static const char *read_token(struct connect *c, const struct http_reply *last,
			      struct instagram_reply *r)
{
	const char *token;

	instagram_read(c->arena, last, r);
	token = r->is_ok ? memo_text(r->json, "access_token") : NULL;
	if (!token && !r->row)
		r->row = instagram_error_find(0, 0, r->status);
	return token && *token ? token : NULL;
}

static enum script_move ask_code(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = exchange(c, "ig.oauth.code");
	http_request_query(ret->request, "redirect_uri", c->app->redirect_uri);
	http_request_query(ret->request, "code", c->code);
	return SCRIPT_SEND;
}

/* Code 1 here is Meta's "Error validating client secret". */
static enum script_move read_code(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0,
				      "1" };
	struct instagram_reply r;
	const char *token = read_token(c, last, &r);

	if (!token && r.code == 1 && r.status < 500)
		return script_refuse(c->arena, &why, ret,
				     "Meta refuses the app secret; check client_secret_file.");
	if (!token)
		return connect_fail(c, &r, ret);
	memo_set_text(c->memo, "short", token);
	return connect_go(c, "long");
}

static enum script_move ask_long(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = exchange(c, "ig.oauth.long");
	http_request_query(ret->request, "grant_type", "fb_exchange_token");
	http_request_query(ret->request, "fb_exchange_token", memo_text(c->memo, "short"));
	return SCRIPT_SEND;
}

static enum script_move read_long(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_reply r;
	const char *token = read_token(c, last, &r);
	int64_t life_s = memo_int(r.json, "expires_in");

	if (!token)
		return connect_fail(c, &r, ret);
	memo_set_text(c->memo, "user", token);
	memo_set_text(c->memo, "short", NULL);
	memo_set_int(c->memo, "life_s", life_s > 0 ? life_s : LIFE_FALLBACK_S);
	return connect_go(c, "person");
}

static enum script_move ask_person(void *ctx, struct step_result *ret)
{
	struct instagram_call call = with_token(ctx);

	ret->request = instagram_call(&call, VERB_GET, "ig.me", "/me");
	http_request_query(ret->request, "fields", "id,name");
	return SCRIPT_SEND;
}

static enum script_move read_person(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_reply r;

	instagram_read(c->arena, last, &r);
	if (!r.is_ok)
		return connect_fail(c, &r, ret);
	memo_set_text(c->memo, "person", memo_id(c->arena, r.json, "id"));
	return connect_go(c, "permissions");
}

static enum script_move ask_permissions(void *ctx, struct step_result *ret)
{
	struct instagram_call call = with_token(ctx);

	ret->request = instagram_call(&call, VERB_GET, "ig.permissions", "/me/permissions");
	return SCRIPT_SEND;
}

static const char *granted_of(struct arena *a, const json_t *doc)
{
	const char *granted = "";
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(doc, "data"), i, row) {
		const char *name = memo_text(row, "permission"), *status = memo_text(row, "status");

		if (name && status && strcmp(status, "granted") == 0)
			granted = arena_printf(a, "%s%s%s", granted, *granted ? " " : "", name);
	}
	return granted;
}

static enum script_move read_permissions(void *ctx, const struct http_reply *last,
					 struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_reply r;
	const char *granted;

	instagram_read(c->arena, last, &r);
	if (!r.is_ok)
		return connect_fail(c, &r, ret);
	granted = granted_of(c->arena, r.json);
	memo_set_text(c->memo, "granted", granted);
	memo_set_text(
		c->memo, "missing",
		oauth2_missing_scopes(c->arena, platform_text(c->app, "scopes_required"), granted));
	return connect_go(c, "accounts");
}

static enum script_move ask_pages(struct connect *c, const char *label, const char *path,
				  struct step_result *ret)
{
	struct instagram_call call = with_token(c);

	ret->request = instagram_call(&call, VERB_GET, label, "%s", path);
	http_request_query(ret->request, "fields", PAGE_FIELDS);
	http_request_query(ret->request, "limit", "100");
	http_request_query(ret->request, "after", memo_text(c->memo, "after"));
	return SCRIPT_SEND;
}

static bool may_publish(const json_t *page)
{
	const json_t *tasks = json_object_get(page, "tasks"), *task;
	size_t i;

	if (!memo_text(page, "access_token"))
		return false;
	json_array_foreach(tasks, i, task) {
		const char *name = json_string_value(task);

		if (name && (strcmp(name, "CREATE_CONTENT") == 0 || strcmp(name, "MANAGE") == 0))
			return true;
	}
	return !json_is_array(tasks); /* business listings may leave the tasks out */
}

/* Pages of a listing: candidates by Instagram id, the others remembered for the explanation. */
static void note_pages(struct connect *c, const json_t *doc)
{
	json_t *found = json_object_get(c->memo, "found");
	json_t *page;
	size_t i;

	json_array_foreach(json_object_get(doc, "data"), i, page) {
		const json_t *ig = json_object_get(page, "instagram_business_account");
		const char *id = memo_id(c->arena, ig, "id"), *name = memo_text(page, "name");

		if (id && may_publish(page)) {
			if (!json_object_get(found, id))
				json_object_set(found, id, page);
		} else
			memo_set_text(c->memo, id ? "low_role" : "no_instagram", name ? name : "?");
	}
}

/* Whether a listing goes on, by cursor: its `next` address holds the token and is never used. */
static bool note_cursor(struct connect *c, const json_t *doc)
{
	const json_t *paging = json_object_get(doc, "paging");
	const char *after = memo_text(json_object_get(paging, "cursors"), "after");
	bool goes_on = json_object_get(paging, "next") && after &&
		       memo_count(c->memo, "calls") < PAGES_MAX;

	memo_set_text(c->memo, "after", goes_on ? after : NULL);
	if (!goes_on)
		memo_set_int(c->memo, "calls", 0);
	return goes_on;
}

static enum script_move ask_accounts(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	if (!json_object_get(c->memo, "found"))
		json_object_set_new(c->memo, "found", json_object());
	return ask_pages(c, "ig.accounts", "/me/accounts", ret);
}

static enum script_move read_accounts(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_reply r;

	instagram_read(c->arena, last, &r);
	if (!r.is_ok)
		return connect_fail(c, &r, ret);
	note_pages(c, r.json);
	return connect_go(c, note_cursor(c, r.json) ? "accounts" : "businesses");
}

static enum script_move ask_businesses(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_call call = with_token(c);

	if (!oauth2_has_scope(memo_text(c->memo, "granted"), "business_management"))
		return connect_go(c, "end");
	ret->request = instagram_call(&call, VERB_GET, "ig.businesses", "/me/businesses");
	http_request_query(ret->request, "fields", "id,name");
	http_request_query(ret->request, "limit", "100");
	return SCRIPT_SEND;
}

/* Errors are no failure from here on: not everybody has a business. */
static enum script_move read_businesses(void *ctx, const struct http_reply *last,
					struct step_result *ret)
{
	static const char *const edges[] = { "owned_pages", "client_pages" };
	struct connect *c = ctx;
	struct instagram_reply r;
	json_t *paths = json_array();
	const json_t *row;
	size_t i;

	(void)ret;
	instagram_read(c->arena, last, &r);
	json_array_foreach(json_object_get(r.json, "data"), i, row) {
		const char *id = memo_id(c->arena, row, "id");

		for (size_t e = 0; id && i < BUSINESSES_MAX && e < ARRAY_LEN(edges); e++)
			json_array_append_new(paths, json_sprintf("/%s/%s", id, edges[e]));
	}
	json_object_set_new(c->memo, "paths", paths);
	return connect_go(c, "business");
}

static enum script_move ask_business(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const char *path = json_string_value(json_array_get(json_object_get(c->memo, "paths"), 0));

	if (!path)
		return connect_go(c, "end");
	return ask_pages(c, "ig.business.pages", path, ret);
}

static enum script_move read_business(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_reply r;

	(void)ret;
	instagram_read(c->arena, last, &r);
	if (r.is_ok)
		note_pages(c, r.json);
	if (!r.is_ok || !note_cursor(c, r.json)) {
		memo_set_text(c->memo, "after", NULL);
		json_array_remove(json_object_get(c->memo, "paths"), 0);
	}
	return connect_go(c, "business");
}

/* Why nothing can be offered, as precisely as Meta's answers allow. */
static enum script_move connect_empty(struct connect *c, struct step_result *ret)
{
	const char *missing = memo_text(c->memo, "missing");
	const char *low_role = memo_text(c->memo, "low_role");
	const char *no_instagram = memo_text(c->memo, "no_instagram");
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED,
				      WHO_ACCOUNT_OWNER, 0, NULL };

	if (*missing) {
		why.kind = OUTCOME_REAUTH;
		why.slug = "missing_scopes";
		return script_refuse(
			c->arena, &why, ret,
			"Facebook shows no usable page, and these permissions were not "
			"granted: %s. Connect again and grant them.",
			missing);
	}
	if (low_role) {
		why.slug = "role_too_low";
		return script_refuse(c->arena, &why, ret,
				     "The role on the page \"%s\" does not allow creating content.",
				     low_role);
	}
	if (no_instagram) {
		why.slug = "no_linked_instagram";
		return script_refuse(
			c->arena, &why, ret,
			"The page \"%s\" has no professional Instagram account linked to it; "
			"personal accounts cannot be published to.",
			no_instagram);
	}
	why.slug = "no_pages";
	return script_refuse(
		c->arena, &why, ret,
		"No Facebook page was chosen on the consent page, or the person has none.");
}

static void candidate_fill(struct connect *c, const json_t *page, struct connect_account *ret)
{
	const json_t *ig = json_object_get(page, "instagram_business_account");
	int64_t expires_us = c->now_us + memo_int(c->memo, "life_s") * US_PER_S;
	const char *id = memo_id(c->arena, ig, "id");
	const char *username = memo_text(ig, "username"), *name = memo_text(ig, "name");

	username = arena_strdup(c->arena, username ? username : id);
	*ret = (struct connect_account){
		.remote_id = id,
		.username = username,
		.display_name = name && *name ? arena_strdup(c->arena, name) : username,
		.avatar_url = arena_strdup(c->arena, memo_text(ig, "profile_picture_url")),
		.scopes = memo_text(c->memo, "granted"),
		.missing_scopes = memo_text(c->memo, "missing"),
		.expires_us = expires_us,
		.meta = json_keep(c->arena,
				  json_pack("{s:s, s:s?, s:s?, s:s?}", "login", "facebook",
					    "page_id", memo_id(c->arena, page, "id"), "page_name",
					    memo_text(page, "name"), "person_id",
					    memo_text(c->memo, "person"))),
		.tokens = { { "access", memo_text(page, "access_token"), INSTANT_NONE },
			    { "user", memo_text(c->memo, "user"), expires_us } },
		.tokens_n = 2,
	};
}

static enum script_move ask_end(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	json_t *found = json_object_get(c->memo, "found"), *page;
	struct connect_account *accounts;
	const char *id;
	size_t n = 0;

	if (json_object_size(found) == 0)
		return connect_empty(c, ret);
	accounts = arena_array(c->arena, json_object_size(found), sizeof(*accounts));
	json_object_foreach(found, id, page)
		candidate_fill(c, page, &accounts[n++]);
	c->accounts = accounts;
	c->accounts_n = n;
	return script_succeed(ret);
}

static const struct script_row connect_rows[] = {
	{ "code", ask_code, read_code },
	{ "long", ask_long, read_long },
	{ "person", ask_person, read_person },
	{ "permissions", ask_permissions, read_permissions },
	{ "accounts", ask_accounts, read_accounts },
	{ "businesses", ask_businesses, read_businesses },
	{ "business", ask_business, read_business },
	{ "end", ask_end, NULL },
	{ NULL, NULL, NULL },
};
static const struct script connect_script = { "connect", connect_rows };

enum step instagram_connect_facebook(struct connect *c, const struct http_reply *last,
				     struct step_result *ret)
{
	return script_run(&connect_script, c->memo, c, last, ret);
}

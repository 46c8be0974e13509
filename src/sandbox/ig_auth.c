/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/ig.h"

/* The same right has another name in each login. */
static const char *const scope_names[][2] = {
	[IG_SCOPE_BASIC] = { "instagram_basic", "instagram_business_basic" },
	[IG_SCOPE_PUBLISH] = { "instagram_content_publish", "instagram_business_content_publish" },
	[IG_SCOPE_COMMENTS] = { "instagram_manage_comments", "instagram_business_manage_comments" },
	[IG_SCOPE_CONTENTS] = { "instagram_manage_contents", "" },
};

bool sandbox_ig_is_ig_token(const struct token *t)
{
	return t->kind == IG_TOKEN_IG_SHORT || t->kind == IG_TOKEN_IG_LONG;
}

bool sandbox_ig_granted(const struct token *t, const char *scope)
{
	return t->grant != NULL && sandbox_list_has_text(&t->grant->granted, scope);
}

bool sandbox_ig_has_scope(const struct token *t, enum ig_scope scope)
{
	return sandbox_ig_granted(t, scope_names[scope][sandbox_ig_is_ig_token(t)]);
}

static const char *auth_text(const struct exchange *ex)
{
	const char *header = sandbox_exchange_header(ex, "Authorization");

	if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
		return header + 7;
	if (header != NULL && strncasecmp(header, "OAuth ", 6) == 0)
		return header + 6;
	return sandbox_exchange_param(ex, "access_token");
}

static bool auth_proof(struct exchange *ex, const struct token *t)
{
	const char *proof = sandbox_exchange_param(ex, "appsecret_proof");
	const struct app *app = t->grant->app;
	uint8_t mac[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];

	if (proof == NULL)
		return !app->needs_proof ||
		       sandbox_ig_fail_text(ex, 104, 0,
					    "API calls from the server require an "
					    "appsecret_proof argument");
	digest_hmac(app->secret, strlen(app->secret), t->text, strlen(t->text), mac);
	digest_hex(mac, sizeof(mac), hex);
	if (strcmp(hex, proof) == 0)
		return true;
	return sandbox_ig_fail_text(ex, 104, 0,
				    "Invalid appsecret_proof provided in the API argument");
}

bool sandbox_ig_token_live(struct exchange *ex, const struct token *t)
{
	if (t->dead_reason != 0)
		return sandbox_ig_fail(ex, 190, t->dead_reason);
	if (t->grant->is_removed)
		return sandbox_ig_fail(ex, 190, 458);
	if (t->is_expired_by_hand ||
	    (t->expires_us != INSTANT_NONE && t->expires_us <= sandbox_world_now(ex->world)))
		return sandbox_ig_fail(ex, 190, 463);
	return true;
}

struct token *sandbox_ig_auth(struct exchange *ex)
{
	const char *text = auth_text(ex);
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;
	const json_t *params;

	if (text == NULL) {
		sandbox_ig_fail(ex, 104, 0);
		return NULL;
	}
	if (t == NULL || t->platform != &sandbox_instagram) {
		sandbox_ig_fail(ex, 190, 0);
		return NULL;
	}
	if (sandbox_faults_hit(ex, "token.expire_now") != NULL)
		sandbox_world_kill(ex->world, t, 0);
	params = sandbox_faults_hit(ex, "token.revoke");
	if (params != NULL)
		sandbox_world_kill(ex->world, t, (int)sandbox_faults_int(params, "subcode", 460));
	return sandbox_ig_token_live(ex, t) && auth_proof(ex, t) ? t : NULL;
}

static bool page_reaches(const struct token *t, const struct ig_page *page, const struct account *a)
{
	if (page->account != a || !sandbox_list_has_text(&t->grant->chosen, page->id))
		return false;
	return t->subject == NULL || strcmp(t->subject, page->id) == 0;
}

bool sandbox_ig_sees(struct world *w, const struct token *t, const struct account *a)
{
	const struct ig_person *person;

	(void)w;
	if (sandbox_ig_is_ig_token(t))
		return strcmp(t->grant->person->id, a->id) == 0;
	person = t->grant->person->extra;
	for (size_t i = 0; i < person->pages.n; i++)
		if (page_reaches(t, person->pages.v[i], a))
			return true;
	return false;
}

static bool auth_throttle(struct exchange *ex, const struct account *a)
{
	const json_t *params = sandbox_faults_hit(ex, "buc.throttle");
	int64_t minutes = sandbox_faults_int(params, "minutes", 19);
	const struct settings *set = &ex->world->settings;

	if (params == NULL && a->calls >= (uint64_t)set->account_calls)
		minutes = 60;
	else if (params == NULL && sandbox_faults_hit(ex, "app.throttle") != NULL)
		return sandbox_ig_fail(ex, 4, 0);
	else if (params == NULL)
		return ex->world->app_calls < (uint64_t)set->app_calls || sandbox_ig_fail(ex, 4, 0);
	sandbox_exchange_add_header(
		ex, "X-Business-Use-Case-Usage",
		arena_printf(ex->arena,
			     "{\"%s\":[{\"type\":\"instagram\",\"call_count\":100,"
			     "\"total_cputime\":25,\"total_time\":25,"
			     "\"estimated_time_to_regain_access\":%lld}]}",
			     a->id, (long long)minutes));
	return sandbox_ig_fail(ex, 80002, 0);
}

/* Whether the person may publish through some page of theirs, not only look. */
static bool auth_may_publish(const struct token *t, const struct account *a)
{
	const struct ig_person *person;

	if (sandbox_ig_is_ig_token(t))
		return true;
	person = t->grant->person->extra;
	for (size_t i = 0; i < person->pages.n; i++) {
		const struct ig_page *page = person->pages.v[i];

		if (page_reaches(t, page, a) &&
		    (sandbox_list_has_text(&page->tasks, "CREATE_CONTENT") ||
		     sandbox_list_has_text(&page->tasks, "MANAGE")))
			return true;
	}
	return false;
}

struct account *sandbox_ig_account(struct exchange *ex, const char *id, enum ig_scope scope,
				   struct token **ret_token)
{
	struct token *t = sandbox_ig_auth(ex);
	struct account *a;

	if (t == NULL)
		return NULL;
	if (strcmp(id, "me") == 0 && sandbox_ig_is_ig_token(t))
		id = t->grant->person->id;
	a = sandbox_world_account(ex->world, &sandbox_instagram, id);
	if (a == NULL || !sandbox_ig_sees(ex->world, t, a)) {
		sandbox_ig_fail_text(
			ex, 100, 33,
			arena_printf(ex->arena,
				     "Unsupported request. Object with ID '%s' does not exist, "
				     "cannot be loaded due "
				     "to missing permissions, or does not support this operation.",
				     id));
		return NULL;
	}
	ex->account = a->id;
	ex->account_name = a->username;
	if (!auth_throttle(ex, a))
		return NULL;
	if (!sandbox_ig_has_scope(t, scope)) {
		sandbox_ig_fail(ex, 10, 0);
		return NULL;
	}
	if (scope == IG_SCOPE_PUBLISH && !auth_may_publish(t, a)) {
		sandbox_ig_fail_text(ex, 200, 0,
				     "(#200) The user does not have sufficient "
				     "administrative permission for this action");
		return NULL;
	}
	*ret_token = t;
	return a;
}

static const char *page_key(struct arena *a, const struct grant *g, const char *page, bool is_short)
{
	return arena_printf(a, "%p %s %d", (const void *)g, page, is_short);
}

void sandbox_ig_page_token_keep(struct world *w, struct token *t, bool is_short)
{
	sandbox_map_put(&sandbox_ig_state(w)->pages,
			page_key(w->arena, t->grant, t->subject, is_short), t);
}

/* The same token again for the same user token's life; a long one makes it last for ever. */
const char *sandbox_ig_page_token(struct exchange *ex, const struct token *t,
				  const struct ig_page *page)
{
	struct world *w = ex->world;
	bool is_short = t->kind == IG_TOKEN_USER_SHORT;
	struct token *made = sandbox_map_get(&sandbox_ig_state(w)->pages,
					     page_key(ex->arena, t->grant, page->id, is_short));

	if (made != NULL && made->dead_reason == 0 && !made->is_expired_by_hand)
		return made->text;
	made = sandbox_world_add_token(w, t->grant, IG_TOKEN_PAGE, "EAAB", 0);
	made->subject = page->id;
	if (is_short)
		made->expires_us = t->expires_us;
	sandbox_ig_page_token_keep(w, made, is_short);
	return made->text;
}

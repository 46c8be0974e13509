/* SPDX-License-Identifier: Apache-2.0 */
/* What every call passes: token, scope, the project's quota of the Pacific day. */
#include <string.h>

#include "base/clock.h"
#include "base/tz.h"
#include "sandbox/state.h"
#include "sandbox/yt.h"

#define AUTH "https://www.googleapis.com/auth/"

/* clang-format off */
static const struct {
	const char *scopes[4]; /* any of them */
	enum yt_bucket bucket;
	int64_t cost;
} methods[] = {
	[YT_READ] =      { { AUTH "youtube.readonly", AUTH "youtube", AUTH "youtube.force-ssl", NULL }, YT_UNITS, 1 },
	[YT_UPLOAD] =    { { AUTH "youtube.upload", AUTH "youtube", AUTH "youtube.force-ssl", NULL }, YT_INSERTS, 1 },
	[YT_THUMBNAIL] = { { AUTH "youtube.upload", AUTH "youtube", AUTH "youtube.force-ssl", NULL }, YT_UNITS, 50 },
	[YT_EDIT] =      { { AUTH "youtube", AUTH "youtube.force-ssl", NULL }, YT_UNITS, 50 },
	/* Bytes of a session that was paid for when it was opened. */
	[YT_CONTINUE] =  { { AUTH "youtube.upload", AUTH "youtube", AUTH "youtube.force-ssl", NULL }, YT_UNITS, 0 },
};
/* clang-format on */

const struct record_kind sandbox_yt_kinds[] = {
	{ "youtube.session", sandbox_yt_session_save, sandbox_yt_session_load },
	{ "youtube.video", sandbox_yt_video_save, sandbox_yt_video_load },
	{ "youtube.quota", sandbox_yt_quota_save, sandbox_yt_quota_load },
	{ NULL, NULL, NULL },
};

/* Days since 1970 on the calendar of the Pacific coast, where the quota begins anew at midnight. */
static int64_t pacific_day(struct world *w)
{
	const struct yt_state *state = sandbox_yt_state(w);
	int64_t now_us = sandbox_world_now(w);
	struct civil wall;

	if (state->pacific == NULL)
		return (now_us - 8 * US_PER_HOUR) / US_PER_DAY;
	tz_local(state->pacific, now_us, &wall);
	return civil_days(wall.year, wall.month, wall.day);
}

static struct yt_quota *quota_of(struct world *w, struct app *app)
{
	struct list *all = &sandbox_yt_state(w)->quotas;
	struct yt_quota *q = NULL;
	int64_t day = pacific_day(w);

	for (size_t i = 0; i < all->n && q == NULL; i++)
		if (((struct yt_quota *)all->v[i])->app == app)
			q = all->v[i];
	if (q == NULL) {
		q = arena_alloc(w->arena, sizeof(*q));
		q->record.kind = &sandbox_yt_kinds[2];
		q->app = app;
		sandbox_list_add(all, q);
	}
	if (q->day != day) {
		q->day = day;
		memset(q->used, 0, sizeof(q->used));
	}
	return q;
}

json_t *sandbox_yt_quotas(struct world *w)
{
	const struct list *all = &sandbox_yt_state(w)->quotas;
	json_t *out = json_array();

	for (size_t i = 0; i < all->n; i++) {
		const struct yt_quota *q = quota_of(w, ((const struct yt_quota *)all->v[i])->app);

		json_array_append_new(out,
				      json_pack("{s:s,s:I,s:I}", "client_id", q->app->client_id,
						"inserts", (json_int_t)q->used[YT_INSERTS], "units",
						(json_int_t)q->used[YT_UNITS]));
	}
	return out;
}

/* A call that is refused for its scope or its content costs as much. */
static bool quota_take(struct exchange *ex, struct app *app, enum yt_method method)
{
	const struct yt_state *state = sandbox_yt_state(ex->world);
	enum yt_bucket bucket = methods[method].bucket;
	struct yt_quota *q;

	if (methods[method].cost == 0)
		return true;
	q = quota_of(ex->world, app);
	if (sandbox_faults_hit(ex, "quota.exceeded") != NULL ||
	    q->used[bucket] + methods[method].cost > state->limits[bucket])
		return sandbox_yt_fail(ex, "quotaExceeded");
	q->used[bucket] += methods[method].cost;
	sandbox_state_touch(ex->world, &q->record);
	return true;
}

static bool scope_ok(struct exchange *ex, const struct token *t, enum yt_method method)
{
	struct list given = sandbox_list_new(ex->arena);

	sandbox_list_split(&given, t->scopes, " ");
	for (const char *const *scope = methods[method].scopes; *scope != NULL; scope++)
		if (sandbox_list_has_text(&given, *scope))
			return true;
	return sandbox_yt_fail(ex, "insufficientPermissions");
}

struct token *sandbox_yt_enter(struct exchange *ex, enum yt_method method)
{
	struct token *t = sandbox_yt_bearer(ex);
	const json_t *rule;

	if (sandbox_exchange_header(ex, "Authorization") == NULL) {
		sandbox_yt_fail(ex, "required");
		return NULL;
	}
	if (t == NULL || sandbox_faults_hit(ex, "token.401") != NULL) {
		sandbox_yt_fail(ex, "authError");
		return NULL;
	}
	rule = sandbox_faults_hit(ex, "api.error");
	if (rule != NULL) {
		sandbox_yt_fail_rule(ex, rule);
		return NULL;
	}
	return quota_take(ex, t->grant->app, method) && scope_ok(ex, t, method) ? t : NULL;
}

struct account *sandbox_yt_account(struct exchange *ex, const struct token *t)
{
	return sandbox_world_account(ex->world, &sandbox_youtube, t->grant->person->id);
}

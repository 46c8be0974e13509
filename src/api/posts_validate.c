/* SPDX-License-Identifier: Apache-2.0 */
/* POST /posts/validate: what would happen, with the media fetched and looked at, and nothing made. */
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "api/family_b.h"
#include "api/inspect.h"
#include "api/posts_ask.h"
#include "api/principal.h"
#include "api/tail.h"
#include "base/clock.h"
#include "base/config.h"
#include "store/content.h"
#include "store/media.h"
#include "store/probes.h"

#define WAIT_S      25 /* for the media; a person waits */
#define LOOK_MS     100
#define ASK_MAX_US  (20 * US_PER_S) /* for all accounts together */
#define ASK_AGAIN_S 5

/* clang-format off */
static const struct field finding_fields[] = {
	{ .name = "pointer", .kind = FIELD_TEXT, .sentence = "The member of the request that it is about." },
	{ .name = "code",    .kind = FIELD_TEXT },
	{ .name = "detail",  .kind = FIELD_TEXT },
	{ .name = NULL },
};
static const struct schema finding_schema = { "PostsFinding", 0, finding_fields };
static const struct field cap_fields[] = {
	{ .name = "what",    .kind = FIELD_TEXT },
	{ .name = "limit",   .kind = FIELD_INT },
	{ .name = "used",    .kind = FIELD_INT },
	{ .name = "left",    .kind = FIELD_INT },
	{ .name = "windowS", .kind = FIELD_INT },
	{ .name = NULL },
};
static const struct schema cap_schema = { "PostsCap", 0, cap_fields };
static const struct field target_fields[] = {
	{ .name = "accountId", .kind = FIELD_ID },
	{ .name = "platform",  .kind = FIELD_TEXT },
	{ .name = "ok",        .kind = FIELD_BOOL },
	{ .name = "problems",  .kind = FIELD_OBJECTS, .nested = &finding_schema, .sentence = "What the platform would refuse." },
	{ .name = "warnings",  .kind = FIELD_OBJECTS, .nested = &finding_schema, .sentence = "What would be different from what was sent, conversions among it." },
	{ .name = "caps",      .kind = FIELD_OBJECTS, .nested = &cap_schema, .sentence = "What is left of the platform's caps." },
	{ .name = NULL },
};
static const struct schema target_schema = { "PostsTarget", 0, target_fields };
static const struct field validation_fields[] = {
	{ .name = "ok",       .kind = FIELD_BOOL, .flags = FIELD_NULLABLE, .sentence = "null: the media are still being fetched; ask again." },
	{ .name = "media",    .kind = FIELD_ENUM, .choices = media_state_names },
	{ .name = "problems", .kind = FIELD_OBJECTS, .nested = &finding_schema, .sentence = "What is wrong whatever the account." },
	{ .name = "accounts", .kind = FIELD_OBJECTS, .nested = &target_schema, .sentence = "In the order of accountIds." },
	{ .name = NULL },
};
static const struct schema validation_schema = { "PostsValidation", 0, validation_fields };
/* clang-format on */

struct validating {
	struct request *req;
	struct posts_ask ask;
	const char **media_ids; /* of the URLs in order */
	const char *sound_id;
	struct media *media; /* as last seen */
	struct media sound;
	struct content content;
	struct findings found; /* whatever the account */
	bool is_ok;
};

static int take(struct validating *v, const char *url, int kind, const char **ret,
		struct problem *reterr)
{
	const struct fetch_order in = { .url = url, .kind = kind, .due_us = INSTANT_NONE };
	char id[ID_MAX];

	if (store_probes_take(v->req->app->db, v->req->principal->workspace, &in, id, reterr) < 0)
		return -1;
	*ret = arena_strdup(v->req->arena, id);
	return 0;
}

static int take_all(struct validating *v, struct problem *reterr)
{
	const struct posts_ask *ask = &v->ask;

	v->media_ids = arena_array(v->req->arena, ask->urls_n + 1, sizeof(*v->media_ids));
	v->media = arena_array(v->req->arena, ask->urls_n + 1, sizeof(*v->media));
	for (size_t i = 0; i < ask->urls_n; i++) {
		if (take(v, ask->urls[i], posts_ask_wanted(ask), &v->media_ids[i], reterr) < 0)
			return -1;
	}
	v->sound_id = ask->sound_id;
	return ask->sound_url ? take(v, ask->sound_url, MEDIA_AUDIO, &v->sound_id, reterr) : 0;
}

/* 1 all of them have come or failed, 0 not yet, -1 error */
static int look(struct validating *v, struct problem *reterr)
{
	struct request *req = v->req;
	const char *ws = req->principal->workspace;
	int is_done = 1;

	for (size_t i = 0; i < v->ask.urls_n; i++) {
		if (store_media_get(req->app->db, ws, v->media_ids[i], req->arena, &v->media[i],
				    reterr) < 0)
			return -1;
		is_done &= v->media[i].item.state != MEDIA_FETCHING;
	}
	if (v->sound_id &&
	    store_media_get(req->app->db, ws, v->sound_id, req->arena, &v->sound, reterr) < 0)
		return -1;
	return is_done && !(v->sound_id && v->sound.item.state == MEDIA_FETCHING);
}

/* Workers that wait publish nothing: when many do, the caller is asked to come again instead. */
static int wait_for_media(struct validating *v, struct problem *reterr)
{
	const struct app *app = v->req->app;
	const int workers = (int)app->config->pool_platform_workers;
	const int64_t until_us =
		clock_boot_us() + request_prefer_wait_s(v->req, WAIT_S, WAIT_S) * US_PER_S;
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	int got = look(v, reterr);

	if (got != 0 || tail_wait_is_full(app->tails, workers))
		return got;
	tail_wait_begin(app->tails, workers);
	while ((got = look(v, reterr)) == 0 && clock_boot_us() < until_us)
		(void)nanosleep(&pause, NULL);
	tail_end(app->tails);
	return got;
}

static void tell_failed(struct validating *v, const char *pointer, const struct media *m)
{
	if (m->item.state == MEDIA_FAILED)
		findings_add(&v->found, false, pointer, "media_rejected", "%s",
			     m->error ? m->error : "it could not be fetched");
}

/* What has failed is told once, and taken as right for the rest of what there is to say. */
static void fill_content(struct validating *v)
{
	const struct posts_ask *ask = &v->ask;
	struct arena *a = v->req->arena;
	struct problem shape = { .kind = PROBLEM_NONE };

	v->content = (struct content){
		.id = "",
		.kind = ask->kind,
		.caption = ask->caption,
		.overrides = posts_ask_overrides(a, ask, v->sound_id),
		.state = CONTENT_APPROVED,
		.media = arena_array(a, ask->urls_n + 1, sizeof(*v->content.media)),
		.media_n = ask->urls_n,
	};
	for (size_t i = 0; i < ask->urls_n; i++) {
		v->content.media[i] = v->media[i].item;
		tell_failed(v, arena_printf(a, "media/%zu", i), &v->media[i]);
		if (v->media[i].item.state == MEDIA_FAILED)
			v->content.media[i].state = MEDIA_FETCHING;
	}
	if (v->sound_id)
		tell_failed(v, "overrides/sound_media_id", &v->sound);
	if (content_check_shape(ask->kind, v->content.media, ask->urls_n, &shape) < 0)
		for (size_t i = 0; i < shape.items_n && i < PROBLEM_ITEMS_MAX; i++)
			findings_add(&v->found, false, shape.items[i].pointer + 1,
				     shape.items[i].code, "%s", shape.items[i].detail);
}

/* That a file has failed, or is taken as right for the rest: among the problems of all accounts. */
static bool is_told(const char *code)
{
	return strcmp(code, "media_not_ready") == 0 || strcmp(code, "media_failed") == 0;
}

static void emit_findings(struct validating *v, struct emit *e, const struct findings *f,
			  bool warnings, size_t account)
{
	char buffer[POSTS_MEMBER_MAX];

	emit_open_array(e, warnings ? "warnings" : "problems");
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].is_warning != warnings || is_told(f->v[i].code))
			continue;
		v->is_ok = v->is_ok && warnings;
		emit_open(e, NULL);
		emit_text(e, "pointer",
			  posts_ask_member(&v->ask, account, f->v[i].pointer, buffer));
		emit_text(e, "code", f->v[i].code);
		emit_text(e, "detail", f->v[i].detail);
		emit_close(e);
	}
	emit_close_array(e);
}

static bool is_refused(const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!f->v[i].is_warning && !is_told(f->v[i].code))
			return true;
	}
	return false;
}

static int check_one(struct validating *v, size_t i, struct inspect_round *round, struct emit *e,
		     struct problem *reterr)
{
	const struct account *acc = &v->ask.accounts[i];
	const struct fitness_subject s = {
		.content = &v->content,
		.account = acc,
		.due_us = v->ask.is_immediate ? clock_real_us() : v->ask.due.us,
	};
	struct inspection told;
	struct findings f;

	if (fitness_check(v->req, &s, &f, reterr) < 0 ||
	    inspect_account(v->req, round, &s, &f, &told, reterr) < 0)
		return -1;
	emit_open(e, NULL);
	emit_text(e, "accountId", acc->id);
	emit_text(e, "platform", acc->platform);
	emit_bool(e, "ok", !is_refused(&f) && !is_refused(&v->found));
	emit_findings(v, e, &f, false, i);
	emit_findings(v, e, &f, true, i);
	inspect_emit_caps(e, "caps", &told, "windowS");
	emit_close(e);
	return 0;
}

static int answer(struct validating *v, struct reply *ret, struct problem *reterr)
{
	struct inspect_round round = { .until_boot_us = clock_boot_us() + ASK_MAX_US };
	struct emit *e = &ret->emit;
	bool has_failed = false;

	v->is_ok = true;
	fill_content(v);
	for (size_t i = 0; i < v->ask.urls_n; i++)
		has_failed = has_failed || v->media[i].item.state == MEDIA_FAILED;
	has_failed = has_failed || (v->sound_id && v->sound.item.state == MEDIA_FAILED);
	emit_open(e, NULL);
	emit_text(e, "media", media_state_names[has_failed ? MEDIA_FAILED : MEDIA_READY]);
	emit_findings(v, e, &v->found, false, 0);
	emit_open_array(e, "accounts");
	for (size_t i = 0; i < v->ask.accounts_n; i++) {
		if (check_one(v, i, &round, e, reterr) < 0)
			return -1;
	}
	emit_close_array(e);
	emit_bool(e, "ok", v->is_ok);
	emit_close(e);
	return 0;
}

/* They are fetched on: the same question finds them then. */
static int come_again(struct validating *v, struct reply *ret)
{
	ret->status = 202;
	reply_header(ret, v->req->arena, "Retry-After", "%d", ASK_AGAIN_S);
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "media", media_state_names[MEDIA_FETCHING]);
	emit_open_array(&ret->emit, "problems");
	emit_close_array(&ret->emit);
	emit_open_array(&ret->emit, "accounts");
	emit_close_array(&ret->emit);
	emit_null(&ret->emit, "ok");
	emit_close(&ret->emit);
	return 0;
}

static int validate(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct validating *v = arena_alloc(req->arena, sizeof(*v));
	int got;

	*v = (struct validating){ .req = req };
	if (posts_ask_read(req, req->in, CONTENT_KINDS, &v->ask, reterr) < 0 ||
	    take_all(v, reterr) < 0)
		return -1;
	got = wait_for_media(v, reterr);
	if (got < 0)
		return -1;
	return got ? answer(v, ret, reterr) : come_again(v, ret);
}

/* clang-format off */
const struct route api_posts_validate_routes[] = {
	FAMILY_B(HTTP_POST, "/posts/validate", "validatePosts", .pool = POOL_PLATFORM, .repeat = REPEAT_RESUMED, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_PUBLISH), .rate = RATE_PUBLISH, .ok = 200, .also = { 202 }, .body = &posts_ask_schema, .reply = &validation_schema, .handler = validate, .summary = "What would happen, per account, with the media fetched and nothing made"),
	{ .pattern = NULL },
};
/* clang-format on */

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/posts_ask.h"

#include <stdio.h>
#include <string.h>

#include "api/overrides.h"
#include "api/principal.h"
#include "base/clock.h"
#include "domain/recipe.h"
#include "net/source.h"
#include "store/fetches.h"
#include "store/media.h"
#include "store/workspaces.h"

#define CAPTION_MAX 10000
#define LIST_MAX    100 /* as an array; each type has its own limit below that */

struct ask_body {
	uint64_t present;
	struct field_texts account_ids;
	int type;
	struct field_some content_url;
	const char *caption, *sound_url;
	struct field_time scheduled_time;
	const char *timezone;
	int64_t fold;
	double slide_duration;
	bool render_as_video;
	const char *title, *link; /* of rows of a table alone */
};
enum {
	ROW_ACCOUNT_IDS,
	ROW_TYPE,
	ROW_CONTENT_URL,
	ROW_CAPTION,
	ROW_SOUND_URL,
	ROW_TIME,
	ROW_TIMEZONE,
	ROW_FOLD,
	ROW_SLIDE,
	ROW_RENDER
};

static const char *const types[] = { "video", "slideshow", "image", "carousel", "text", NULL };

/* What each word means, in their order. */
static const struct type_row {
	size_t least, most;
	const char *sentence;
	enum content_kind kind;
	int wanted; /* by a fetch of its media */
	bool is_list, takes_sound, takes_render;
} type_rows[] = {
	{ 1, 1, "a video has one URL, as a text", CONTENT_VIDEO, MEDIA_VIDEO, false, true, true },
	{ RECIPE_SLIDES_MIN, RECIPE_SLIDES_MAX,
	  "a slideshow has an array of 2 to 35 URLs of images", CONTENT_SLIDESHOW, MEDIA_IMAGE,
	  true, true, true },
	{ 1, 1, "an image has one URL, as a text", CONTENT_IMAGE, MEDIA_IMAGE, false, false,
	  false },
	{ 2, 35, "a carousel has an array of 2 to 35 URLs of images or videos", CONTENT_CAROUSEL,
	  FETCH_ANY_KIND, true, false, false },
	{ 0, 0, "a text has no contentUrl", CONTENT_TEXT, FETCH_ANY_KIND, false, false, false },
};

/* clang-format off */
#define ASK_ROWS(need_type)                                                                                                                          \
	{ .name = "accountIds",    .kind = FIELD_IDS,    .offset = offsetof(struct ask_body, account_ids), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = POSTS_ACCOUNTS_MAX, \
	  .sentence = "Accounts to post to; one post each, in this order." },                                                                           \
	{ .name = "contentType",   .kind = FIELD_ENUM,   .offset = offsetof(struct ask_body, type), .flags = (need_type), .choices = types },             \
	{ .name = "contentUrl",    .kind = FIELD_SOME,   .offset = offsetof(struct ask_body, content_url), .flags = FIELD_NONEMPTY, .most = LIST_MAX, .item_most = SOURCE_URL_MAX, \
	  .sentence = "Where the media are: one URL for a video or an image, an array for a slideshow or a carousel, none for a text." },                \
	{ .name = "caption",       .kind = FIELD_TEXT,   .offset = offsetof(struct ask_body, caption), .most = CAPTION_MAX },                            \
	{ .name = "soundUrl",      .kind = FIELD_TEXT,   .offset = offsetof(struct ask_body, sound_url), .flags = FIELD_NONEMPTY, .most = SOURCE_URL_MAX, \
	  .sentence = "A sound for a video or a slideshow: its URL, or the id of a sound." },                                                           \
	{ .name = "scheduledTime", .kind = FIELD_TIME,   .offset = offsetof(struct ask_body, scheduled_time),                                             \
	  .sentence = "An RFC 3339 time, or a local time beside timezone. Left out: as soon as the media are there." },                                  \
	{ .name = "timezone",      .kind = FIELD_TZ,     .offset = offsetof(struct ask_body, timezone) },                                                 \
	{ .name = "fold",          .kind = FIELD_INT,    .offset = offsetof(struct ask_body, fold), .least = 0, .most = 1, .sentence = "1: the second of two equal local times." }, \
	{ .name = "slideDuration", .kind = FIELD_NUMBER, .offset = offsetof(struct ask_body, slide_duration),                                             \
	  .sentence = "Seconds a slide of a slideshow is shown: 4, 6 or 8. Left out: 4." },                                                             \
	{ .name = "renderAsVideo", .kind = FIELD_BOOL,   .offset = offsetof(struct ask_body, render_as_video),                                            \
	  .sentence = "true: a slideshow goes out as a video even where the platform has carousels." }

static const struct field ask_fields[] = { ASK_ROWS(FIELD_REQUIRED), { .name = NULL } };
static const struct field implied_fields[] = { ASK_ROWS(0), { .name = NULL } };
static const struct field row_fields[] = {
	ASK_ROWS(FIELD_REQUIRED),
	{ .name = "title", .kind = FIELD_TEXT, .offset = offsetof(struct ask_body, title), .most = 500 },
	{ .name = "link",  .kind = FIELD_URL,  .offset = offsetof(struct ask_body, link), .most = 2048 },
	{ .name = NULL },
};
const struct schema posts_ask_schema = { "PostsCreate", sizeof(struct ask_body), ask_fields };
const struct schema posts_ask_row_schema = { "PostsImportRow", sizeof(struct ask_body), row_fields };
const struct schema posts_ask_video_schema = { "PostsCreateVideo", sizeof(struct ask_body), implied_fields };
const struct schema posts_ask_slideshow_schema = { "PostsCreateSlideshow", sizeof(struct ask_body), implied_fields };
/* clang-format on */

struct reading {
	struct request *req;
	const struct ask_body *in;
	const struct type_row *type;
	struct source_policy policy;
	struct posts_ask *ret;
	struct problem *reterr;
};

static const struct type_row *row_of(enum content_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(type_rows); i++) {
		if (type_rows[i].kind == kind)
			return &type_rows[i];
	}
	return &type_rows[0];
}

int posts_ask_wanted(const struct posts_ask *ask)
{
	return row_of(ask->kind)->wanted;
}

static void read_type(struct reading *r, enum content_kind implied)
{
	const bool is_given = SCHEMA_HAS(r->in, ROW_TYPE);

	r->type = implied == CONTENT_KINDS ? &type_rows[r->in->type] : row_of(implied);
	r->ret->kind = r->type->kind;
	if (is_given && type_rows[r->in->type].kind != r->type->kind)
		problem_add(r->reterr, "/contentType", "not_a_choice",
			    "this path is for contentType %s", content_kind_names[r->type->kind]);
}

static const char *url_pointer(struct arena *a, const struct posts_ask *ask, size_t i)
{
	return ask->is_list ? arena_printf(a, "/contentUrl/%zu", i) : "/contentUrl";
}

static void check_count(struct reading *r)
{
	const struct type_row *t = r->type;
	const size_t n = r->ret->urls_n;

	if (n > 0 && t->most == 0)
		problem_add(r->reterr, "/contentUrl", "not_for_type", "%s", t->sentence);
	else if (n == 0 && t->least > 0)
		problem_add(r->reterr, "/contentUrl", "required", "%s", t->sentence);
	else if (n > 0 && t->is_list != r->ret->is_list)
		problem_add(r->reterr, "/contentUrl", "wrong_type", "%s", t->sentence);
	else if (n < t->least)
		problem_add(r->reterr, "/contentUrl", "too_few", "%s", t->sentence);
	else if (n > t->most)
		problem_add(r->reterr, url_pointer(r->req->arena, r->ret, t->most), "too_many",
			    "%s", t->sentence);
}

static void read_media(struct reading *r)
{
	const struct field_some *given = &r->in->content_url;

	r->ret->urls = given->texts.v;
	r->ret->urls_n = given->texts.n;
	r->ret->is_list = given->is_list;
	check_count(r);
	for (size_t i = 0; i < given->texts.n; i++)
		(void)source_check(&r->policy, url_pointer(r->req->arena, r->ret, i),
				   given->texts.v[i], r->reterr);
	if (r->type->kind == CONTENT_TEXT && (!r->in->caption || !*r->in->caption))
		problem_add(r->reterr, "/caption", "required", "a text is its caption");
	r->ret->caption = r->in->caption && *r->in->caption ? r->in->caption : NULL;
	r->ret->title = r->in->title;
	r->ret->link = r->in->link;
}

static bool is_id(const char *text)
{
	static const char letters[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return strspn(text, letters) == strlen(text) && strlen(text) <= 64;
}

/* -1: the database */
static int find_sound(struct reading *r, const char *id)
{
	struct problem why = { .kind = PROBLEM_NONE };
	struct media m;

	if (store_media_get(r->req->app->db, r->req->principal->workspace, id, r->req->arena, &m,
			    &why) < 0 &&
	    why.kind != PROBLEM_NOT_FOUND) {
		*r->reterr = why;
		return -1;
	}
	if (why.kind == PROBLEM_NOT_FOUND)
		problem_add(r->reterr, "/soundUrl", "unknown_sound", "no such sound");
	else if (m.item.state == MEDIA_FAILED)
		problem_add(r->reterr, "/soundUrl", "media_failed",
			    "the sound could not be fetched");
	else if (m.is_known_kind && m.item.kind != MEDIA_AUDIO)
		problem_add(r->reterr, "/soundUrl", "wrong_kind", "that is no sound");
	else
		r->ret->sound_id = id;
	return 0;
}

static int read_sound(struct reading *r)
{
	const char *given = r->in->sound_url;

	if (!given)
		return 0;
	if (!r->type->takes_sound)
		problem_add(r->reterr, "/soundUrl", "not_for_type",
			    "only a video or a slideshow takes a sound");
	else if (is_id(given))
		return find_sound(r, given);
	else if (source_check(&r->policy, "/soundUrl", given, r->reterr) == 0)
		r->ret->sound_url = given;
	return 0;
}

int posts_slide_read(double given, int64_t *ret, struct problem *reterr)
{
	static const int64_t seconds[] = { 4, 6, 8 };

	for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
		if (given < (double)seconds[i] || given > (double)seconds[i])
			continue;
		*ret = seconds[i];
		return 0;
	}
	return problem_add(reterr, "/slideDuration", "not_a_choice",
			   "a slide is shown for 4, 6 or 8 seconds");
}

static void read_show(struct reading *r)
{
	if (r->in->render_as_video && !r->type->takes_render)
		problem_add(r->reterr, "/renderAsVideo", "not_for_type",
			    "only a slideshow can be rendered as a video");
	r->ret->is_rendered = r->in->render_as_video && r->type->kind == CONTENT_SLIDESHOW;
	if (r->type->kind != CONTENT_SLIDESHOW)
		return;
	r->ret->slide_s = 4;
	if (SCHEMA_HAS(r->in, ROW_SLIDE))
		(void)posts_slide_read(r->in->slide_duration, &r->ret->slide_s, r->reterr);
}

/* The same words for an account that is not there, is another's, or is hidden from the caller. */
static int read_accounts(struct reading *r)
{
	const struct field_texts *ids = &r->in->account_ids;
	const struct principal *p = r->req->principal;

	r->ret->accounts = arena_array(r->req->arena, ids->n, sizeof(*r->ret->accounts));
	r->ret->accounts_n = ids->n;
	for (size_t i = 0; i < ids->n; i++) {
		const char *at = arena_printf(r->req->arena, "/accountIds/%zu", i);
		struct account *acc = &r->ret->accounts[i];
		struct problem why = { .kind = PROBLEM_NONE };
		int failed = store_accounts_get(r->req->app->db, p->workspace, ids->v[i],
						r->req->arena, acc, &why);

		if (failed && why.kind != PROBLEM_NOT_FOUND) {
			*r->reterr = why;
			return -1;
		}
		if (failed || !principal_sees(p, acc->id, acc->livemode))
			problem_add(r->reterr, at, "unknown_account", "no such account");
		else if (acc->status != ACCOUNT_CONNECTED)
			problem_add(r->reterr, at, "account_not_connected",
				    "%s is %s: connect it again", acc->username,
				    account_status_names[acc->status]);
	}
	return 0;
}

/* Kinds of problem that the clock or a zone cause, and the member that is to blame. */
static const struct {
	enum problem_kind kind;
	const char *pointer;
} time_faults[] = {
	{ PROBLEM_TIMEZONE, "/timezone" },
	{ PROBLEM_TIME_GAP, "/scheduledTime" },
	{ PROBLEM_PAST, "/scheduledTime" },
};

static int time_refused(const struct problem *why, struct problem *reterr)
{
	for (size_t i = 0; i < ARRAY_LEN(time_faults); i++) {
		if (time_faults[i].kind != why->kind)
			continue;
		/* The kind tells the same as ever, unless other members are wrong as well. */
		if (reterr->kind == PROBLEM_NONE)
			problem_set(reterr, why->kind, "%s", why->detail);
		return problem_add(reterr, time_faults[i].pointer, problem_row(why->kind)->code,
				   "%s", why->detail);
	}
	for (size_t i = 0; i < why->items_n && i < PROBLEM_ITEMS_MAX; i++)
		problem_add(reterr,
			    strcmp(why->items[i].pointer, "/timezone") == 0 ? "/timezone"
									    : "/scheduledTime",
			    why->items[i].code, "%s", why->items[i].detail);
	if (reterr->kind == PROBLEM_NONE)
		*reterr = *why;
	return -1;
}

int posts_time_read(const struct schedule_wish *wish, struct schedule_time *ret,
		    struct problem *reterr)
{
	struct problem why = { .kind = PROBLEM_NONE };

	return schedule_resolve(wish, ret, &why) < 0 ? time_refused(&why, reterr) : 0;
}

int posts_time_check_due(int64_t us, struct problem *reterr)
{
	struct problem why = { .kind = PROBLEM_NONE };

	return schedule_check_due(us, clock_real_us(), &why) < 0 ? time_refused(&why, reterr) : 0;
}

static int read_workspace(struct reading *r)
{
	const struct ask_body *in = r->in;
	struct workspace w;
	struct schedule_wish wish = {
		.is_local = in->scheduled_time.is_local,
		.us = in->scheduled_time.us,
		.local = in->scheduled_time.local,
		.timezone = in->timezone,
		.fold = (int)in->fold,
	};

	if (store_workspaces_get(r->req->app->db, r->req->principal->workspace, r->req->arena, &w,
				 r->reterr) < 0)
		return -1;
	r->ret->needs_review = w.require_approval;
	r->ret->is_immediate = !SCHEMA_HAS(in, ROW_TIME);
	if (r->ret->is_immediate)
		wish.us = clock_real_us();
	if (!wish.timezone)
		wish.timezone = w.timezone;
	if (posts_time_read(&wish, &r->ret->due, r->reterr) == 0)
		(void)posts_time_check_due(r->ret->due.us, r->reterr);
	if (r->ret->is_immediate)
		r->ret->due.us = INSTANT_NONE;
	return 0;
}

int posts_ask_read(struct request *req, const void *body, enum content_kind implied,
		   struct posts_ask *ret, struct problem *reterr)
{
	struct posts_ask ask = { 0 };
	struct reading r = { .req = req, .in = body, .ret = &ask, .reterr = reterr };

	if (source_policy_read(req->app->config, &r.policy, reterr) < 0)
		return -1;
	read_type(&r, implied);
	read_media(&r);
	read_show(&r);
	if (read_sound(&r) < 0 || read_accounts(&r) < 0 || read_workspace(&r) < 0 ||
	    reterr->kind != PROBLEM_NONE)
		return -1;
	*ret = ask;
	return 0;
}

/* What the platforms speak of, and the member of the ask that it came from. */
static const struct {
	const char *said, *member;
} members[] = {
	{ "caption", "/caption" },
	{ "title", "/caption" },
	{ "description", "/caption" },
	{ "kind", "/contentType" },
	{ "media", "/contentUrl" },
	{ "overrides/sound_media_id", "/soundUrl" },
	{ "overrides/slide_duration", "/slideDuration" },
};

const char *posts_ask_member(const struct posts_ask *ask, size_t i, const char *said,
			     char buffer[static POSTS_MEMBER_MAX])
{
	if (strncmp(said, "media/", 6) == 0) {
		snprintf(buffer, POSTS_MEMBER_MAX, "/contentUrl%.40s",
			 ask->is_list ? said + 5 : "");
		return buffer;
	}
	if (ask->title && strcmp(said, "title") == 0)
		return "/title";
	if (ask->link && strcmp(said, "link") == 0)
		return "/link";
	for (size_t k = 0; k < ARRAY_LEN(members); k++) {
		if (strcmp(members[k].said, said) == 0)
			return members[k].member;
	}
	snprintf(buffer, POSTS_MEMBER_MAX, "/accountIds/%zu", i);
	return buffer;
}

/* Accounts of one platform say the same. */
static bool is_said(const struct problem *p, const char *pointer, const char *detail)
{
	for (size_t i = 0; i < p->items_n && i < PROBLEM_ITEMS_MAX; i++) {
		if (strcmp(p->items[i].pointer, pointer) == 0 &&
		    strncmp(p->items[i].detail, detail, sizeof(p->items[i].detail) - 1) == 0)
			return true;
	}
	return false;
}

void posts_ask_report(const struct posts_ask *ask, size_t i, const struct findings *f,
		      struct problem *reterr)
{
	char buffer[POSTS_MEMBER_MAX];

	for (size_t k = 0; k < f->n; k++) {
		const struct finding *one = &f->v[k];
		const char *member = posts_ask_member(ask, i, one->pointer, buffer);

		if (one->is_warning || is_said(reterr, member, one->detail))
			continue;
		problem_add(reterr, member, one->code, "%s", one->detail);
		reterr->kind = PROBLEM_CONTENT_UNFIT;
	}
}

static json_t *options_of(const struct posts_ask *ask, const char *sound_id)
{
	json_t *options = json_object();

	if (sound_id)
		json_object_set_new(options, "sound_media_id", json_string(sound_id));
	if (ask->slide_s > 0)
		json_object_set_new(options, "slide_duration", json_integer(ask->slide_s));
	if (ask->is_rendered)
		json_object_set_new(options, "render_as_video", json_true());
	return options;
}

const char *posts_ask_overrides(struct arena *a, const struct posts_ask *ask, const char *sound_id)
{
	json_t *options = options_of(ask, sound_id), *all = json_object();
	const char *text = NULL;

	for (size_t i = 0; i < ask->accounts_n && json_object_size(options) > 0; i++)
		json_object_set(all, ask->accounts[i].platform, options);
	if (json_object_size(all) > 0)
		text = overrides_text(a, all);
	json_decref(options);
	json_decref(all);
	return text;
}

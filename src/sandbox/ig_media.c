/* SPDX-License-Identifier: Apache-2.0 */
/* POST /{ig}/media: which parameter fits which kind, and what each must look like. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "sandbox/ig.h"

#define CAPTION_UNITS_MAX 2200
#define HASHTAGS_MAX      30
#define MENTIONS_MAX      20
#define ALT_MAX           1000
#define CHILDREN_LEAST    2
#define CHILDREN_MAX      10
#define COLLABORATORS_MAX 3
#define TIMEOUT_MS        200000

struct draft {
	struct ig_container *c;
	const struct token *token;
};

struct rule {
	const char *name;
	unsigned kinds; /* where it may stand */
	bool facebook_only;
	bool (*check)(struct exchange *ex, struct draft *d, const char *value);
};

static bool wrong(struct exchange *ex, const char *name)
{
	return sandbox_ig_fail_text(ex, 100, 0,
				    arena_printf(ex->arena, "(#100) Param %s is not valid", name));
}

static bool check_url(struct exchange *ex, const char *value)
{
	if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
		return sandbox_ig_fail(ex, 9004, 2207052);
	for (; *value != '\0'; value++)
		if (*value <= ' ' || *value > '~')
			return sandbox_ig_fail(ex, 9004, 2207052);
	return true;
}

static bool check_image_url(struct exchange *ex, struct draft *d, const char *value)
{
	d->c->image_url = arena_strdup(ex->world->arena, value);
	return check_url(ex, value);
}

static bool check_video_url(struct exchange *ex, struct draft *d, const char *value)
{
	d->c->video_url = arena_strdup(ex->world->arena, value);
	return check_url(ex, value);
}

static bool check_cover_url(struct exchange *ex, struct draft *d, const char *value)
{
	d->c->cover_url = arena_strdup(ex->world->arena, value);
	return check_url(ex, value);
}

static bool check_upload_type(struct exchange *ex, struct draft *d, const char *value)
{
	if (sandbox_ig_is_ig_token(d->token))
		return sandbox_ig_fail_text(ex, 100, 0, "The parameter video_url is required");
	d->c->is_resumable = strcmp(value, "resumable") == 0;
	return d->c->is_resumable || wrong(ex, "upload_type");
}

/* Marks that begin a word: "#bread", not "C#" or "mail@host". */
static unsigned count_marks(const char *text, char mark)
{
	unsigned n = 0;

	for (const char *p = text; *p != '\0'; p++)
		if (*p == mark && (p == text || strchr(" \n\t", p[-1]) != NULL) &&
		    strchr(" \n\t", p[1]) == NULL)
			n++;
	return n;
}

static bool check_caption(struct exchange *ex, struct draft *d, const char *value)
{
	d->c->caption = arena_strdup(ex->world->arena, value);
	if (!utf8_valid(value, strlen(value)))
		return wrong(ex, "caption");
	if (utf8_utf16_units(value) > CAPTION_UNITS_MAX)
		return sandbox_ig_fail(ex, 36004, 2207010);
	if (count_marks(value, '#') > HASHTAGS_MAX)
		return sandbox_ig_fail_text(ex, 100, 0, "(#100) A caption may have 30 hashtags");
	return count_marks(value, '@') <= MENTIONS_MAX || sandbox_ig_fail(ex, 100, 2207040);
}

static bool check_alt(struct exchange *ex, struct draft *d, const char *value)
{
	(void)d;
	return (utf8_valid(value, strlen(value)) && utf8_points(value) <= ALT_MAX) ||
	       wrong(ex, "alt_text");
}

static bool check_bool(struct exchange *ex, struct draft *d, const char *value)
{
	static const char *const words[] = { "true", "false", "1", "0" };

	(void)d;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], value) == 0)
			return true;
	return wrong(ex, "(boolean)");
}

static bool check_thumb(struct exchange *ex, struct draft *d, const char *value)
{
	char *end;

	errno = 0;
	d->c->thumb_ms = strtoll(value, &end, 10);
	if (*end != '\0' || end == value || errno != 0 || d->c->thumb_ms < 0)
		return sandbox_ig_fail(ex, 1, 2207057);
	return true;
}

static bool check_text(struct exchange *ex, struct draft *d, const char *value)
{
	(void)d;
	return utf8_valid(value, strlen(value)) || wrong(ex, "(text)");
}

static bool check_collaborators(struct exchange *ex, struct draft *d, const char *value)
{
	json_t *names = json_loads(value, 0, NULL);
	bool ok = json_is_array(names) && json_array_size(names) <= COLLABORATORS_MAX;

	(void)d;
	json_decref(names);
	return ok || wrong(ex, "collaborators");
}

static int tag_wrong(const json_t *tag, unsigned kind)
{
	const json_t *x = json_object_get(tag, "x"), *y = json_object_get(tag, "y");

	if (!json_is_string(json_object_get(tag, "username")))
		return 2207037;
	if ((kind & (IG_IMAGE | IG_CHILD_IMAGE)) != 0 && (x == NULL || y == NULL))
		return 2207036;
	if (x == NULL && y == NULL)
		return 0;
	if (!json_is_number(x) || !json_is_number(y))
		return 2207035;
	return json_number_value(x) < 0.0 || json_number_value(x) > 1.0 ||
			       json_number_value(y) < 0.0 || json_number_value(y) > 1.0
		       ? 2207035
		       : 0;
}

static bool check_user_tags(struct exchange *ex, struct draft *d, const char *value)
{
	json_t *tags = json_loads(value, 0, NULL);
	int bad = json_is_array(tags) ? 0 : 2207037;

	if (json_array_size(tags) > MENTIONS_MAX)
		bad = 2207040;
	for (size_t i = 0; bad == 0 && i < json_array_size(tags); i++)
		bad = tag_wrong(json_array_get(tags, i), d->c->kind);
	json_decref(tags);
	return bad == 0 || sandbox_ig_fail(ex, 100, bad);
}

static bool check_digits(struct exchange *ex, struct draft *d, const char *value)
{
	(void)d;
	return (*value != '\0' && strspn(value, "0123456789") == strlen(value)) ||
	       wrong(ex, "location_id");
}

static bool check_trial(struct exchange *ex, struct draft *d, const char *value)
{
	json_t *in = json_loads(value, 0, NULL);
	const char *how = json_string_value(json_object_get(in, "graduation_strategy"));
	bool ok = how != NULL && (strcmp(how, "MANUAL") == 0 || strcmp(how, "SS_PERFORMANCE") == 0);

	(void)d;
	json_decref(in);
	return ok || wrong(ex, "trial_params");
}

static bool child_fits(struct exchange *ex, const struct draft *d, struct ig_container *child)
{
	const char *status = sandbox_ig_status(ex->world, child);

	if ((child->kind & IG_CHILDREN) == 0 || child->object != NULL)
		return sandbox_ig_fail_text(ex, 100, 0,
					    "(#100) Param children holds a container that is "
					    "not an unpublished carousel item");
	if (child->account != d->c->account)
		return sandbox_ig_fail(ex, 24, 2207006);
	if (strcmp(status, "EXPIRED") == 0)
		return sandbox_ig_fail(ex, 24, 2207008);
	return strcmp(status, "FINISHED") == 0 || sandbox_ig_fail(ex, 9007, 2207027);
}

static bool check_children(struct exchange *ex, struct draft *d, const char *value)
{
	struct list ids = sandbox_list_new(ex->arena);

	/* A JSON array of digits and a comma list fall apart at the same bytes. */
	sandbox_list_split(&ids, value, "[], \"");
	if (ids.n < CHILDREN_LEAST || ids.n > CHILDREN_MAX)
		return sandbox_ig_fail(ex, 100, 2207028);
	for (size_t i = 0; i < ids.n; i++) {
		const struct ig_node *node = sandbox_ig_node(ex->world, ids.v[i]);
		struct ig_container *child;

		if (node == NULL || node->type != &sandbox_ig_container_type)
			return sandbox_ig_fail(ex, 24, 2207008);
		child = node->p;
		if (!child_fits(ex, d, child))
			return false;
		sandbox_list_add(&d->c->children, child);
		for (size_t j = 0; j < child->media.n; j++)
			sandbox_list_add(&d->c->media, child->media.v[j]);
	}
	return true;
}

#define FEED (IG_IMAGE | IG_REEL | IG_CAROUSEL)
#define ALL  (FEED | IG_CHILDREN | IG_STORIES)

/* clang-format off */
static const struct rule rules[] = {
	/* name                         kinds                                          facebook check */
	{ "image_url",                  IG_IMAGES,                                     false, check_image_url },
	{ "video_url",                  IG_VIDEOS,                                     false, check_video_url },
	{ "upload_type",                IG_VIDEOS,                                     false, check_upload_type },
	{ "is_carousel_item",           ALL,                                           false, check_bool },
	{ "children",                   IG_CAROUSEL,                                   false, check_children },
	{ "caption",                    FEED,                                          false, check_caption },
	{ "alt_text",                   IG_IMAGE | IG_CHILD_IMAGE,                     false, check_alt },
	{ "cover_url",                  IG_REEL,                                       false, check_cover_url },
	{ "thumb_offset",               IG_REEL | IG_CHILD_VIDEO,                      false, check_thumb },
	{ "share_to_feed",              IG_REEL | IG_CAROUSEL,                         false, check_bool },
	{ "audio_name",                 IG_REEL,                                       false, check_text },
	{ "collaborators",              FEED,                                          false, check_collaborators },
	{ "user_tags",                  IG_IMAGE | IG_REEL | IG_CHILD_IMAGE | IG_STORIES, false, check_user_tags },
	{ "location_id",                FEED,                                          true,  check_digits },
	{ "trial_params",               IG_REEL,                                       false, check_trial },
	{ "is_ai_generated",            FEED | IG_STORIES,                             false, check_bool },
	{ "branded_content_sponsor_ids", FEED,                                         true,  check_text },
	{ "is_paid_partnership",        FEED,                                          true,  check_bool },
};
/* clang-format on */

static bool param_true(const struct exchange *ex, const char *name)
{
	const char *value = sandbox_exchange_param(ex, name);

	return value != NULL && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static bool kind_story(struct exchange *ex, enum ig_kind *ret)
{
	bool has_image = sandbox_exchange_param(ex, "image_url") != NULL;
	bool has_video = sandbox_exchange_param(ex, "video_url") != NULL ||
			 sandbox_exchange_param(ex, "upload_type") != NULL;

	if (has_image == has_video)
		return sandbox_ig_fail_text(
			ex, 100, 0, "(#100) Exactly one of image_url and video_url is required");
	*ret = has_image ? IG_STORY_IMAGE : IG_STORY_VIDEO;
	return true;
}

static bool kind_read(struct exchange *ex, enum ig_kind *ret)
{
	const char *type = sandbox_exchange_param(ex, "media_type");
	bool is_child = param_true(ex, "is_carousel_item");

	if (type == NULL || strcmp(type, "IMAGE") == 0)
		*ret = is_child ? IG_CHILD_IMAGE : IG_IMAGE;
	else if (strcmp(type, "REELS") == 0 && !is_child)
		*ret = IG_REEL;
	else if (strcmp(type, "REELS") == 0)
		return sandbox_ig_fail_text(ex, 100, 0, "(#100) Reels cannot be carousel items");
	else if (strcmp(type, "VIDEO") == 0 && is_child)
		*ret = IG_CHILD_VIDEO;
	else if (strcmp(type, "CAROUSEL") == 0 && !is_child)
		*ret = IG_CAROUSEL;
	else if (strcmp(type, "STORIES") == 0 && !is_child)
		return kind_story(ex, ret);
	else
		return sandbox_ig_fail(ex, 100, 2207023);
	return true;
}

static bool draft_source(struct exchange *ex, const struct draft *d)
{
	const struct ig_container *c = d->c;

	if ((c->kind & IG_IMAGES) != 0 && c->image_url == NULL)
		return sandbox_ig_fail_text(ex, 100, 0, "The parameter image_url is required");
	if (c->kind == IG_CAROUSEL && c->children.n == 0)
		return sandbox_ig_fail_text(ex, 100, 0, "The parameter children is required");
	if ((c->kind & IG_VIDEOS) == 0 || c->is_resumable != (c->video_url != NULL))
		return true;
	return sandbox_ig_fail_text(ex, 100, 0, "The parameter video_url is required");
}

static bool draft_read(struct exchange *ex, struct draft *d)
{
	json_t *options = json_object();
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];
		const char *value = sandbox_exchange_param(ex, r->name);

		if (value == NULL)
			continue;
		if (((unsigned)d->c->kind & r->kinds) == 0 ||
		    (r->facebook_only && sandbox_ig_is_ig_token(d->token))) {
			json_decref(options);
			return sandbox_ig_fail_text(
				ex, 100, 0,
				arena_printf(
					ex->arena,
					"(#100) Param %s is not allowed for this kind of media",
					r->name));
		}
		if (!r->check(ex, d, value)) {
			json_decref(options);
			return false;
		}
		if (strcmp(r->name, "caption") != 0)
			json_object_set_new(options, r->name, json_string(value));
	}
	text = json_dumps(options, JSON_COMPACT | JSON_SORT_KEYS);
	d->c->options = arena_strdup(ex->world->arena, text);
	free(text);
	json_decref(options);
	return draft_source(ex, d);
}

/* Every point named create.<subcode>. */
static bool create_faults(struct exchange *ex)
{
	const json_t *params = sandbox_faults_hit(ex, "create.timeout_before");

	if (params != NULL) {
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(params, "ms", TIMEOUT_MS));
		return false;
	}
	if (sandbox_faults_hit(ex, "create.5xx") != NULL)
		return sandbox_ig_fail(ex, 2, 0);
	for (const char *const *p = sandbox_instagram.points; *p != NULL; p++) {
		int subcode = strncmp(*p, "create.22", 9) == 0 ? (int)strtol(*p + 7, NULL, 10) : 0;

		if (subcode != 0 && sandbox_faults_hit(ex, *p) != NULL)
			return sandbox_ig_fail(ex, sandbox_ig_code_of(subcode), subcode);
	}
	return true;
}

/* What will go wrong later is settled now, while the request is there to match rules against. */
static void create_destiny(struct exchange *ex, struct ig_container *c)
{
	const json_t *params = sandbox_faults_hit(ex, "process.error");
	const char *caption = ex->caption;

	if (params != NULL)
		c->error = (int)sandbox_faults_int(params, "subcode", 2207082);
	c->is_stuck = sandbox_faults_hit(ex, "process.stuck") != NULL;
	/* For this point caption_contains looks at the media URL, so that one item can be meant. */
	ex->caption = c->image_url != NULL ? c->image_url : c->video_url;
	c->fetch_fails = sandbox_faults_hit(ex, "fetch.fail_first_n") != NULL;
	ex->caption = caption;
}

static void create_answer(struct exchange *ex, const struct ig_container *c)
{
	json_t *body = json_pack("{s:s}", "id", c->id);
	const json_t *params;

	if (c->is_resumable)
		json_object_set_new(
			body, "uri",
			json_string(arena_printf(ex->arena, "%s/ig-api-upload/%s/%s", ex->base_url,
						 ex->captures[0], c->id)));
	sandbox_exchange_json(ex, 200, body);
	params = sandbox_faults_hit(ex, "create.timeout_after");
	if (params != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(params, "ms", TIMEOUT_MS));
}

static struct ig_container *container_new(struct world *w, struct account *a, enum ig_kind kind)
{
	struct ig_container *c = arena_alloc(w->arena, sizeof(*c));

	c->record.kind = sandbox_ig_kinds;
	c->account = a;
	c->kind = kind;
	c->children = sandbox_list_new(w->arena);
	c->media = sandbox_list_new(w->arena);
	c->created_us = sandbox_world_now(w);
	c->ready_us = INSTANT_NONE;
	return c;
}

void sandbox_ig_media_create(struct exchange *ex)
{
	struct world *w = ex->world;
	struct draft d = { NULL, NULL };
	struct token *t = NULL;
	struct account *a = sandbox_ig_account(ex, ex->captures[1], IG_SCOPE_PUBLISH, &t);
	enum ig_kind kind = IG_IMAGE;

	if (a == NULL || !create_faults(ex))
		return;
	if (sandbox_world_in_day(w, &a->makes, &a->makes_first) >=
	    (size_t)w->settings.container_limit) {
		sandbox_ig_fail(ex, 9, 2207042);
		return;
	}
	if (!kind_read(ex, &kind))
		return;
	d.token = t;
	d.c = container_new(w, a, kind);
	if (!draft_read(ex, &d))
		return;
	create_destiny(ex, d.c);
	if ((kind & IG_IMAGES) != 0 && !sandbox_ig_take_image(ex, d.c))
		return;
	d.c->id = sandbox_world_id(w, "179", 17);
	sandbox_ig_node_add(w, d.c->id, &sandbox_ig_container_type, d.c);
	sandbox_list_add(&sandbox_ig_state(w)->containers, d.c);
	sandbox_world_spend(w, &a->makes);
	if ((kind & IG_VIDEOS) == 0)
		d.c->ready_us = sandbox_world_now(w) + w->settings.image_delay_ms * US_PER_MS;
	else if (!d.c->is_resumable)
		sandbox_ig_process_video(w, d.c);
	sandbox_state_touch(w, &d.c->record);
	create_answer(ex, d.c);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/content.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

const char *const content_kind_names[CONTENT_KINDS + 1] = {
	[CONTENT_TEXT] = "text",   [CONTENT_IMAGE] = "image", [CONTENT_CAROUSEL] = "carousel",
	[CONTENT_VIDEO] = "video", [CONTENT_STORY] = "story", [CONTENT_SLIDESHOW] = "slideshow",
};

const char *const content_state_names[CONTENT_STATES + 1] = {
	[CONTENT_DRAFT] = "draft",         [CONTENT_IN_REVIEW] = "in_review",
	[CONTENT_APPROVED] = "approved",   [CONTENT_REJECTED] = "rejected",
	[CONTENT_PUBLISHED] = "published",
};

const char *const media_kind_names[MEDIA_KINDS + 1] = {
	[MEDIA_IMAGE] = "image",
	[MEDIA_VIDEO] = "video",
	[MEDIA_AUDIO] = "audio",
};

const char *const media_state_names[MEDIA_STATES + 1] = {
	[MEDIA_READY] = "ready",
	[MEDIA_FETCHING] = "fetching",
	[MEDIA_FAILED] = "failed",
};

static int name_index(const char *const *names, const char *name)
{
	for (int i = 0; name && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

int content_kind_parse(const char *name)
{
	return name_index(content_kind_names, name);
}

int content_state_parse(const char *name)
{
	return name_index(content_state_names, name);
}

int media_kind_parse(const char *name)
{
	return name_index(media_kind_names, name);
}

int media_state_parse(const char *name)
{
	return name_index(media_state_names, name);
}

#define BIT(state) (1U << (state))
#define ANY_STATE  (BIT(CONTENT_STATES) - 1)

struct move_row {
	unsigned from;
	enum content_state to;
};

static const struct move_row move_rows[] = {
	[CONTENT_SUBMIT] = { BIT(CONTENT_DRAFT) | BIT(CONTENT_REJECTED), CONTENT_IN_REVIEW },
	[CONTENT_APPROVE] = { BIT(CONTENT_IN_REVIEW), CONTENT_APPROVED },
	[CONTENT_REJECT] = { BIT(CONTENT_IN_REVIEW), CONTENT_REJECTED },
	/* Also from in_review: what a reviewer has read must be what is approved. */
	[CONTENT_EDIT] = { ANY_STATE, CONTENT_DRAFT },
	[CONTENT_GO_LIVE] = { BIT(CONTENT_APPROVED) | BIT(CONTENT_PUBLISHED), CONTENT_PUBLISHED },
};

int content_move(enum content_state from, enum content_move move, enum content_state *ret)
{
	if ((move_rows[move].from & BIT(from)) == 0)
		return -1;
	*ret = move_rows[move].to;
	return 0;
}

bool content_is_publishable(const struct content *c)
{
	return (c->state == CONTENT_APPROVED || c->state == CONTENT_PUBLISHED) &&
	       c->approved_revision == c->revision;
}

static int read_object(const char *text, const char *pointer, json_t **ret, struct problem *reterr)
{
	json_t *v = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_object();

	if (!json_is_object(v)) {
		json_decref(v);
		return problem_add(reterr, pointer, "wrong_type", "must be a JSON object");
	}
	*ret = v;
	return 0;
}

/* The post's members over those of the content for this platform. */
static int merge_options(const struct content *c, const char *platform, const char *post_overrides,
			 json_t **ret, struct problem *reterr)
{
	json_t *all = NULL, *post = NULL, *merged = json_object();
	int failed = -1;
	json_t *own;

	if (read_object(c->overrides, "/overrides", &all, reterr) < 0 ||
	    read_object(post_overrides, "/overrides", &post, reterr) < 0)
		goto out;
	own = json_object_get(all, platform);
	if (own && !json_is_null(own) && json_object_update(merged, own) < 0) {
		problem_add(reterr, "/overrides", "wrong_type", "%s must be a JSON object",
			    platform);
		goto out;
	}
	json_object_update(merged, post);
	*ret = json_incref(merged);
	failed = 0;
out:
	json_decref(all);
	json_decref(post);
	json_decref(merged);
	return failed;
}

struct text_row {
	const char *name;
	size_t offset;
};

static const struct text_row text_rows[] = {
	{ "caption", offsetof(struct publication, caption) },
	{ "title", offsetof(struct publication, title) },
	{ "description", offsetof(struct publication, description) },
	{ "link", offsetof(struct publication, link) },
	{ "first_comment", offsetof(struct publication, first_comment) },
};

static int override_texts(const json_t *options, struct arena *a, struct publication *p,
			  struct problem *reterr)
{
	for (size_t i = 0; i < sizeof(text_rows) / sizeof(*text_rows); i++) {
		const json_t *v = json_object_get(options, text_rows[i].name);
		const char **field = (const char **)(void *)((char *)p + text_rows[i].offset);

		if (!v)
			continue;
		if (!json_is_string(v) && !json_is_null(v))
			return problem_add(reterr, "/overrides", "wrong_type",
					   "%s must be a string", text_rows[i].name);
		*field = arena_strdup(a, json_string_value(v)); /* NULL for null */
	}
	return 0;
}

static int read_tags(const json_t *list, struct arena *a, struct publication *p,
		     struct problem *reterr)
{
	size_t n = json_array_size(list);

	if (list && !json_is_array(list) && !json_is_null(list))
		return problem_add(reterr, "/tags", "wrong_type",
				   "tags must be an array of strings");
	p->tags = arena_array(a, n + 1, sizeof(*p->tags));
	p->tags_n = n;
	for (size_t i = 0; i < n; i++) {
		const char *tag = json_string_value(json_array_get(list, i));

		if (!tag)
			return problem_add(reterr, "/tags", "wrong_type",
					   "tags must be an array of strings");
		p->tags[i] = arena_strdup(a, tag);
	}
	return 0;
}

static int fill_tags(const struct content *c, struct arena *a, struct publication *p,
		     struct problem *reterr)
{
	json_t *own = json_object_get(p->options, "tags");
	json_t *base = !own && c->tags ? json_loads(c->tags, 0, NULL) : NULL;
	int failed = read_tags(own ? own : base, a, p, reterr);

	json_decref(base);
	return failed;
}

int publication_build(const struct content *c, const char *platform, const char *post_overrides,
		      struct arena *a, struct publication *ret, struct problem *reterr)
{
	struct publication p = {
		.kind = c->kind,
		.caption = arena_strdup(a, c->caption),
		.title = arena_strdup(a, c->title),
		.link = arena_strdup(a, c->link),
		.first_comment = arena_strdup(a, c->first_comment),
		.media_n = c->media_n,
	};

	problem_clear(reterr);
	if (merge_options(c, platform, post_overrides, &p.options, reterr) < 0)
		return -1;
	if (override_texts(p.options, a, &p, reterr) < 0 || fill_tags(c, a, &p, reterr) < 0) {
		publication_done(&p);
		return -1;
	}
	p.media = arena_array(a, c->media_n + 1, sizeof(*p.media));
	for (size_t i = 0; i < c->media_n; i++)
		p.media[i] = c->media[i];
	*ret = p;
	return 0;
}

void publication_done(struct publication *p)
{
	json_decref(p->options);
	p->options = NULL;
}

struct shape_row {
	unsigned least, most;
	unsigned kinds; /* bits of enum media_kind */
	const char *sentence;
};

static const struct shape_row shape_rows[CONTENT_KINDS] = {
	[CONTENT_TEXT] = { 0, 0, 0, "text has no media" },
	[CONTENT_IMAGE] = { 1, 1, BIT(MEDIA_IMAGE), "image has exactly one image" },
	[CONTENT_CAROUSEL] = { 2, UINT_MAX, BIT(MEDIA_IMAGE) | BIT(MEDIA_VIDEO),
			       "carousel has two or more images or videos" },
	[CONTENT_VIDEO] = { 1, 1, BIT(MEDIA_VIDEO), "video has exactly one video" },
	[CONTENT_STORY] = { 1, 1, BIT(MEDIA_IMAGE) | BIT(MEDIA_VIDEO),
			    "story has exactly one image or video" },
	[CONTENT_SLIDESHOW] = { 1, UINT_MAX, BIT(MEDIA_IMAGE), "slideshow has one image or more" },
};

int content_check_shape(enum content_kind kind, const struct media_item *media, size_t n,
			struct problem *reterr)
{
	const struct shape_row *row = &shape_rows[kind];
	int result = 0;

	problem_clear(reterr);
	if (n < row->least || n > row->most)
		result = problem_add(reterr, "/media", n < row->least ? "too_few" : "too_many",
				     "%s", row->sentence);
	for (size_t i = 0; i < n; i++) {
		char pointer[32];

		/* What is still being fetched has no kind yet; it is asked again once it has. */
		if (media[i].state == MEDIA_FETCHING || (row->kinds & BIT(media[i].kind)))
			continue;
		snprintf(pointer, sizeof(pointer), "/media/%zu", i);
		result = problem_add(reterr, pointer, "wrong_kind", "%s", row->sentence);
	}
	return result;
}

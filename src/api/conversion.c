/* SPDX-License-Identifier: Apache-2.0 */
#include "api/conversion.h"

#include <stdio.h>
#include <string.h>

#include "api/principal.h"
#include "base/log.h"
#include "platform/fit.h"
#include "store/media.h"
#include "store/renditions.h"

#define COVER_AT "overrides/cover_media_id"

static void foresee(const struct platform_app *app, const char *at, struct media_item *m,
		    struct findings *ret)
{
	const char *was = m->mime;
	struct recipe recipe;

	platform_fit(app, m, &recipe);
	if (recipe.kind == RECIPE_NONE)
		return;
	recipe_foresee(&recipe, m);
	findings_add(ret, true, at, "will_be_converted",
		     "%s does not take this %s as it is; it is made into %s of at most %d x %d%s.",
		     app->platform->title, was, recipe_product(&recipe), m->width, m->height,
		     strcmp(was, "image/gif") == 0 ? ", without its movement" : "");
}

/* A further file that the options name: what of it, which kind, and where it is told. */
struct named_file {
	const char *option, *at, *word;
	enum media_kind kind;
};

static const struct named_file cover_file = { "cover_media_id", COVER_AT, "cover", MEDIA_IMAGE };
static const struct named_file sound_file = { "sound_media_id", "overrides/sound_media_id", "sound",
					      MEDIA_AUDIO };

/* *ret NULL: none is named, or the findings say what is wrong with it. */
static int find_named(const struct request *req, const struct publication *p,
		      const struct named_file *file, struct findings *findings,
		      struct media_item **ret, struct problem *reterr)
{
	const char *id = json_string_value(json_object_get(p->options, file->option));
	struct media *m = arena_alloc(req->arena, sizeof(*m));

	*ret = NULL;
	if (!id)
		return 0;
	if (store_media_get(req->app->db, req->principal->workspace, id, req->arena, m, reterr) <
	    0) {
		if (reterr->kind != PROBLEM_NOT_FOUND)
			return -1;
		problem_clear(reterr);
		findings_add(findings, false, file->at, "unknown_media", "No such media: %.64s.",
			     id);
	} else if (m->item.state == MEDIA_FETCHING) {
		findings_add(findings, true, file->at, "media_not_ready",
			     "The %s is still being fetched.", file->word);
	} else if (m->item.state == MEDIA_FAILED) {
		findings_add(findings, false, file->at, "media_failed",
			     "The %s could not be fetched.", file->word);
	} else if (m->item.kind != file->kind) {
		findings_add(findings, false, file->at, "wrong_kind", "The %s must be %s.",
			     file->word, file->kind == MEDIA_IMAGE ? "an image" : "a sound");
	} else {
		*ret = &m->item;
	}
	return 0;
}

static void check_slides(const struct publication *p, struct findings *ret)
{
	const json_t *each = json_object_get(p->options, "slide_duration");
	const json_int_t s = json_integer_value(each);

	if (each && !json_is_null(each) && s != 4 && s != 6 && s != 8)
		findings_add(ret, false, "overrides/slide_duration", "out_of_range",
			     "A slide is shown for 4, 6 or 8 seconds.");
	if (p->kind == CONTENT_SLIDESHOW && p->media_n > RECIPE_SLIDES_MAX)
		findings_add(ret, false, "media", "media_count",
			     "A slideshow has at most %d images.", RECIPE_SLIDES_MAX);
}

static void foresee_show(const struct platform_app *app, struct publication *p,
			 struct findings *ret)
{
	struct media_item video;
	struct recipe recipe;

	platform_render(app, p, &recipe);
	if (recipe.kind == RECIPE_NONE)
		return;
	video = p->media[0];
	recipe_foresee(&recipe, &video);
	platform_rendered(p, &video);
	findings_add(ret, true, "media", "will_be_converted",
		     "It goes out as %s, %d x %d, of %d seconds.", recipe_product(&recipe),
		     video.width, video.height, video.duration_ms / 1000);
}

int conversion_foresee(const struct request *req, const struct platform_app *app,
		       struct publication *p, struct findings *ret, struct problem *reterr)
{
	struct media_item *sound;
	char at[64];

	if (find_named(req, p, &cover_file, ret, &p->cover, reterr) < 0 ||
	    find_named(req, p, &sound_file, ret, &sound, reterr) < 0)
		return -1;
	check_slides(p, ret);
	foresee_show(app, p, ret);
	for (size_t i = 0; i < p->media_n; i++) {
		snprintf(at, sizeof(at), "media/%zu", i);
		foresee(app, at, &p->media[i], ret);
	}
	if (p->cover)
		foresee(app, COVER_AT, p->cover, ret);
	return 0;
}

static void ask_one(const struct request *req, const char *source_id, const struct recipe *recipe,
		    int64_t due_us)
{
	const struct rendition_wish wish = { source_id, recipe_print(req->arena, recipe), due_us };
	struct problem p = { .kind = PROBLEM_NONE };

	if (store_renditions_ask(req->app->db, req->principal->workspace, &wish, &p) < 0)
		log_line(LOG_LEVEL_WARN, "conversion.unasked", "media=%s detail=\"%s\"", source_id,
			 p.detail);
}

void conversion_ask(const struct request *req, const struct content *c, const struct account *acc,
		    int64_t due_us)
{
	CLEANUP(publication_done) struct publication p = { 0 };
	const struct platform *platform = platform_find(acc->platform);
	struct problem ignored = { .kind = PROBLEM_NONE };
	struct platform_app app;
	struct recipe recipe;

	platform_app_plain(&app, req->arena, req->app->config, platform, acc->livemode);
	if (publication_build(c, acc->platform, NULL, req->arena, &p, &ignored) < 0)
		return;
	platform_render(&app, &p, &recipe);
	if (recipe.kind != RECIPE_NONE) {
		ask_one(req, p.media[0].media_id, &recipe, due_us);
		return;
	}
	for (size_t i = 0; i < p.media_n; i++) {
		platform_fit(&app, &p.media[i], &recipe);
		if (recipe.kind != RECIPE_NONE)
			ask_one(req, p.media[i].media_id, &recipe, due_us);
	}
}

static int progress_one(const struct request *req, const char *source_id,
			const struct recipe *recipe, int64_t *ret, struct problem *reterr)
{
	const struct rendition_wish wish = { source_id, recipe_print(req->arena, recipe), 0 };
	struct rendition r;
	int64_t progress;
	int got = store_renditions_find(req->app->db, req->principal->workspace, &wish, req->arena,
					&r, reterr);

	if (got <= 0)
		return got;
	progress = r.state == RENDITION_READY ? 100 : r.progress;
	if (*ret < 0 || progress < *ret)
		*ret = progress;
	return 0;
}

static int progress_all(const struct request *req, const struct platform_app *app,
			const struct publication *p, int64_t *ret, struct problem *reterr)
{
	struct recipe recipe;

	platform_render(app, p, &recipe);
	if (recipe.kind != RECIPE_NONE)
		return progress_one(req, p->media[0].media_id, &recipe, ret, reterr);
	for (size_t i = 0; i < p->media_n; i++) {
		platform_fit(app, &p->media[i], &recipe);
		if (recipe.kind != RECIPE_NONE &&
		    progress_one(req, p->media[i].media_id, &recipe, ret, reterr) < 0)
			return -1;
	}
	return 0;
}

int conversion_progress(const struct request *req, const struct conversion_of *of, int64_t *ret,
			struct problem *reterr)
{
	CLEANUP(publication_done) struct publication p = { 0 };
	struct platform_app app;

	*ret = -1;
	platform_app_plain(&app, req->arena, req->app->config, platform_find(of->platform),
			   of->livemode);
	if (publication_build(of->content, of->platform, of->overrides, req->arena, &p, reterr) < 0)
		return -1;
	return progress_all(req, &app, &p, ret, reterr);
}

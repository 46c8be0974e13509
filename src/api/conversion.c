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

static int find_cover(const struct request *req, struct publication *p, struct findings *ret,
		      struct problem *reterr)
{
	const char *id = json_string_value(json_object_get(p->options, "cover_media_id"));
	struct media *m = arena_alloc(req->arena, sizeof(*m));

	if (!id)
		return 0;
	if (store_media_get(req->app->db, req->principal->workspace, id, req->arena, m, reterr) <
	    0) {
		if (reterr->kind != PROBLEM_NOT_FOUND)
			return -1;
		problem_clear(reterr);
		findings_add(ret, false, COVER_AT, "unknown_media", "No such media: %.64s.", id);
		return 0;
	}
	if (m->item.state != MEDIA_READY)
		findings_add(ret, false, COVER_AT, "media_not_ready",
			     "The cover is still being fetched, or failed.");
	else if (m->item.kind != MEDIA_IMAGE)
		findings_add(ret, false, COVER_AT, "wrong_kind", "A cover is an image.");
	else
		p->cover = &m->item;
	return 0;
}

int conversion_foresee(const struct request *req, const struct platform_app *app,
		       struct publication *p, struct findings *ret, struct problem *reterr)
{
	char at[64];

	if (find_cover(req, p, ret, reterr) < 0)
		return -1;
	for (size_t i = 0; i < p->media_n; i++) {
		snprintf(at, sizeof(at), "media/%zu", i);
		foresee(app, at, &p->media[i], ret);
	}
	if (p->cover)
		foresee(app, COVER_AT, p->cover, ret);
	return 0;
}

void conversion_ask(const struct request *req, const struct content *c, const struct account *acc,
		    int64_t due_us)
{
	const struct platform *platform = platform_find(acc->platform);
	struct problem p = { .kind = PROBLEM_NONE };
	struct platform_app app;

	platform_app_plain(&app, req->arena, req->app->config, platform, acc->livemode);
	for (size_t i = 0; i < c->media_n; i++) {
		struct rendition_wish wish = { .source_id = c->media[i].media_id,
					       .due_us = due_us };
		struct recipe recipe;

		platform_fit(&app, &c->media[i], &recipe);
		if (recipe.kind == RECIPE_NONE)
			continue;
		wish.recipe = recipe_print(req->arena, &recipe);
		if (store_renditions_ask(req->app->db, req->principal->workspace, &wish, &p) < 0)
			log_line(LOG_LEVEL_WARN, "conversion.unasked", "media=%s detail=\"%s\"",
				 wish.source_id, p.detail);
	}
}

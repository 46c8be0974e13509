/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The renderer: claims what is due first, makes it, and goes when nothing is left.
 */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "crypto/random.h"
#include "domain/recipe.h"
#include "jobs/render.h"
#include "media/render.h"
#include "media/store.h"
#include "store/media.h"
#include "store/renditions.h"

#define LEASE_S   30
#define RENEW_US  (2 * US_PER_S)
#define TRIES_MAX 4
#define NICE      10 /* posts leave on their second whatever is being rendered */

struct renderer {
	struct app *app;
	const volatile int *stop;
	char owner[ID_MAX];
	struct rendition at; /* being made */
	int64_t renewed_us;
	bool is_lost;
};

static size_t places(const struct config *cfg)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return (size_t)(cfg->media_renderers > 0 ? cfg->media_renderers : cores);
}

const struct beside_kind render_kind = { "render", "--render", places, store_renditions_count };

static bool beat(void *arg, int percent)
{
	struct renderer *r = arg;
	const int64_t now_us = clock_boot_us();
	struct problem p = { .kind = PROBLEM_NONE };
	bool is_ours = false;

	if (*r->stop)
		return false;
	if (now_us - r->renewed_us < RENEW_US)
		return true;
	r->renewed_us = now_us;
	r->at.progress = percent;
	r->is_lost =
		store_renditions_renew(r->app->db, &r->at, LEASE_S, &is_ours, &p) < 0 || !is_ours;
	return !r->is_lost;
}

static int path_of(const struct renderer *r, const char *media_id, struct arena *a,
		   const char **ret, struct problem *reterr)
{
	struct media m;

	if (store_media_get(r->app->db, r->at.workspace, media_id, a, &m, reterr) < 0) {
		if (reterr->kind == PROBLEM_NOT_FOUND)
			problem_set(reterr, PROBLEM_MEDIA_REJECTED, "a file of it was deleted");
		return -1;
	}
	if (m.item.state != MEDIA_READY)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "a file of it is not usable");
	*ret = media_path(a, r->app->config, r->at.workspace, m.item.sha256);
	return 0;
}

static int find_files(const struct renderer *r, const struct recipe *recipe, struct arena *a,
		      struct render_job *ret, struct problem *reterr)
{
	const char *const one[] = { r->at.source_id };
	const char *const *ids = recipe->slides_n > 0 ? recipe->slides : one;

	ret->paths_n = recipe->slides_n > 0 ? recipe->slides_n : 1;
	for (size_t i = 0; i < ret->paths_n; i++) {
		if (path_of(r, ids[i], a, &ret->paths[i], reterr) < 0)
			return -1;
	}
	return recipe->sound ? path_of(r, recipe->sound, a, &ret->sound, reterr) : 0;
}

static int make(struct renderer *r, struct arena *a, struct problem *reterr)
{
	CLEANUP(media_file_free) struct media_file *file = NULL;
	struct recipe recipe = { .kind = RECIPE_NONE };
	struct render_job job = { .recipe = &recipe, .beat = beat, .arg = r };
	struct media_facts facts;

	if (r->at.tries > TRIES_MAX)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
				   "converting the file was broken off several times");
	if (recipe_parse(a, r->at.recipe, &recipe) < 0)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "its recipe is not known here");
	if (find_files(r, &recipe, a, &job, reterr) < 0 ||
	    media_render(r->app->config, a, &job, &facts, &file, reterr) < 0)
		return -1;
	media_describe(&facts, file, &r->at.item);
	/* Bytes first: a row must never point at nothing. */
	return media_keep(r->app->config, r->at.workspace, file, reterr);
}

/* A trouble of ours is left as it is: when the lease has run out, somebody tries again. */
static int settle(struct renderer *r, int made, const struct problem *why, struct problem *reterr)
{
	bool is_ours = false;
	int settled;

	if (r->is_lost || (made < 0 && why->kind == PROBLEM_DB_DOWN))
		return made < 0 && why->kind == PROBLEM_DB_DOWN ? -1 : 0;
	if (made < 0 && why->kind == PROBLEM_INTERNAL && r->at.tries <= TRIES_MAX)
		return 0;
	r->at.state = made == 0 ? RENDITION_READY : RENDITION_FAILED;
	if (made < 0 && why->kind == PROBLEM_BUSY)
		r->at.state = RENDITION_QUEUED;
	r->at.error = r->at.state == RENDITION_FAILED ? why->detail : NULL;
	settled = store_renditions_settle(r->app->db, &r->at, &is_ours, reterr);
	r->at.error = NULL;
	return settled;
}

static int work(struct renderer *r, struct arena *a, struct problem *reterr)
{
	static const char *const words[] = { "queued", "working", "ready", "failed" };
	struct problem why = { .kind = PROBLEM_NONE };
	const int64_t begin_us = clock_boot_us();
	int made;

	r->is_lost = false;
	r->renewed_us = begin_us;
	made = make(r, a, &why);
	if (settle(r, made, &why, reterr) < 0) {
		*reterr = reterr->kind == PROBLEM_NONE ? why : *reterr;
		return -1;
	}
	log_line(LOG_LEVEL_INFO, "render.done", "rendition=%s state=%s ms=%lld lost=%d why=\"%s\"",
		 r->at.id, words[r->at.state],
		 (long long)((clock_boot_us() - begin_us) / US_PER_MS), r->is_lost,
		 made < 0 ? why.detail : "");
	return 0;
}

int renderer_run(struct app *app, const volatile int *stop, struct problem *reterr)
{
	struct renderer r = { .app = app, .stop = stop };
	const struct rendition_claim claim = { r.owner, LEASE_S };
	int got = beside_take_place(app, &render_kind, reterr);

	if (got <= 0)
		return got;
	random_id(r.owner, "ren");
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	while (!*stop) {
		CLEANUP(arena_free) struct arena *a = arena_new();

		got = store_renditions_claim(app->db, &claim, a, &r.at, reterr);
		if (got <= 0)
			return got;
		if (work(&r, a, reterr) < 0)
			return -1;
	}
	return 0;
}

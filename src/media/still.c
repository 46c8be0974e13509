/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Still images: JPEG, as good as the limit of bytes allows, then smaller.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/config.h"
#include "media/render_private.h"

#define SHRINKINGS 8

static const int qualities[] = { 90, 82, 74, 66, 55 };

static int64_t bytes_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : INT64_MAX;
}

struct wish {
	int64_t width, height;
	int quality;
};

static int make_once(struct render *r, const struct wish *w, struct problem *reterr)
{
	struct arena *a = r->arena;
	/* What carries no profile is sRGB already and must not be touched. */
	static const char *const convert[] = { "--export-profile", "srgb", NULL };
	const char *const list[] = {
		r->cfg->media_vips,
		"--vips-concurrency=1",
		"thumbnail",
		r->job->paths[0],
		arena_printf(a, "%s[Q=%d,strip,background=255,optimize-coding]", r->out,
			     w->quality),
		arena_printf(a, "%lld", (long long)w->width),
		"--height",
		arena_printf(a, "%lld", (long long)w->height),
		"--size",
		"down",
		NULL,
	};
	struct arguments args = { .n = 0 };

	arguments_add(&args, list);
	if (r->sources[0].has_profile)
		arguments_add(&args, convert);
	return render_tool(r, &args, NULL, reterr);
}

static int make_within(struct render *r, struct wish *w, int64_t most, struct problem *reterr)
{
	for (int i = 0; i < SHRINKINGS; i++) {
		for (size_t q = 0; q < ARRAY_LEN(qualities); q++) {
			w->quality = qualities[q];
			if (make_once(r, w, reterr) < 0)
				return -1;
			if (most <= 0 || bytes_of(r->out) <= most)
				return 0;
		}
		w->width = w->width * 3 / 4 + 1;
		w->height = w->height * 3 / 4 + 1;
	}
	return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
			   "the image cannot be made as small as the platform asks");
}

int render_still(struct render *r, struct media_facts *ret, struct problem *reterr)
{
	const struct recipe *recipe = r->job->recipe;
	const struct media_facts *source = &r->sources[0];
	struct wish w = { 0 };

	recipe_sides(recipe, source->width, source->height, &w.width, &w.height);
	if (make_within(r, &w, recipe->bytes_max, reterr) < 0 || render_look(r, ret, reterr) < 0)
		return -1;
	if (strcmp(ret->mime, "image/jpeg") != 0 || ret->width > source->width ||
	    ret->height > source->height)
		return render_odd(reterr);
	return 0;
}

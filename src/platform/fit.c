/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/fit.h"

#include <string.h>

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

/* Nothing known, or nothing asked: fits. */
static bool is_taken(const char *name, const char *const *names)
{
	return !name || !*name || !names || is_one_of(name, names);
}

static int64_t limit_of(const struct platform_app *app, const char *setting)
{
	return setting ? platform_int(app, setting) : 0;
}

static bool is_over(int64_t n, int64_t most)
{
	return most > 0 && n > most;
}

static bool is_fit(const struct platform_app *app, const struct media_rule *rule,
		   const struct media_item *m)
{
	const int64_t longer = m->width > m->height ? m->width : m->height;
	const int64_t shorter = m->width < m->height ? m->width : m->height;

	if (!is_taken(m->mime, rule->mimes))
		return false;
	/* A still image's codec says nothing beside its type; a video is not made to fit by bytes. */
	if (m->kind == MEDIA_IMAGE && is_over(m->bytes, limit_of(app, rule->bytes_max)))
		return false;
	if (m->kind == MEDIA_VIDEO && (!is_taken(m->video_codec, rule->video_codecs) ||
				       !is_taken(m->audio_codec, rule->audio_codecs)))
		return false;
	return !is_over(longer, limit_of(app, rule->long_max)) &&
	       !is_over(shorter, limit_of(app, rule->short_max)) &&
	       !is_over(m->width, limit_of(app, rule->width_max));
}

/* The rule that names the file's type, else the first one of its kind. */
static const struct media_rule *rule_of(const struct platform *p, const struct media_item *m)
{
	const struct media_rule *first = NULL;

	for (const struct media_rule *row = p->media; row && row->mimes; row++) {
		if (row->kind != m->kind)
			continue;
		if (m->mime && is_one_of(m->mime, row->mimes))
			return row;
		if (!first)
			first = row;
	}
	return first;
}

/* A limit of the width, said as one of the longer side. */
static void limit_width(const struct media_item *m, int64_t most, struct recipe *ret)
{
	const int64_t longer = m->width > m->height ? m->width : m->height;
	const int64_t allowed = is_over(m->width, most) ? longer * most / m->width : 0;

	if (allowed > 0 && (ret->long_max == 0 || allowed < ret->long_max))
		ret->long_max = allowed;
}

void platform_fit(const struct platform_app *app, const struct media_item *m, struct recipe *ret)
{
	const struct media_rule *rule = rule_of(app->platform, m);

	*ret = (struct recipe){ .kind = RECIPE_NONE };
	if (m->state != MEDIA_READY || !rule || is_fit(app, rule, m))
		return;
	ret->kind = m->kind == MEDIA_IMAGE ? RECIPE_JPEG : RECIPE_MP4;
	ret->bytes_max = m->kind == MEDIA_IMAGE ? limit_of(app, rule->bytes_max) : 0;
	ret->long_max = limit_of(app, rule->long_max);
	ret->short_max = limit_of(app, rule->short_max);
	limit_width(m, limit_of(app, rule->width_max), ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/fit.h"

#include "platform/script.h"

/* Nothing known, or nothing asked: fits. */
static bool is_taken(const char *name, const char *const *names)
{
	return !name || !*name || !names || text_is_one_of(name, names);
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
	if (rule->needs_index_first && m->is_index_last)
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
		if (m->mime && text_is_one_of(m->mime, row->mimes))
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

#define SHOW_WIDTH  1080
#define SHOW_HEIGHT 1920
#define SLIDE_S     4

static bool has_carousel(const struct platform *p, size_t n)
{
	return (p->limits.kinds & 1U << CONTENT_SLIDESHOW) && n <= (size_t)p->limits.media_max;
}

static void render_slides(const struct publication *p, struct recipe *ret)
{
	const json_int_t slide_s =
		json_integer_value(json_object_get(p->options, "slide_duration"));

	ret->kind = RECIPE_SLIDESHOW;
	ret->width = SHOW_WIDTH;
	ret->height = SHOW_HEIGHT;
	ret->slide_s = slide_s > 0 ? slide_s : SLIDE_S;
	ret->slides_n = p->media_n;
	for (size_t i = 0; i < p->media_n; i++)
		ret->slides[i] = p->media[i].media_id;
}

void platform_render(const struct platform_app *app, const struct publication *p,
		     struct recipe *ret)
{
	const char *sound = json_string_value(json_object_get(p->options, "sound_media_id"));
	const bool is_video = json_is_true(json_object_get(p->options, "render_as_video"));

	*ret = (struct recipe){ .kind = RECIPE_NONE };
	for (size_t i = 0; i < p->media_n; i++) {
		if (p->media[i].state != MEDIA_READY)
			return;
	}
	if (p->kind == CONTENT_SLIDESHOW && p->media_n >= RECIPE_SLIDES_MIN &&
	    p->media_n <= RECIPE_SLIDES_MAX) {
		if (sound || is_video || !has_carousel(app->platform, p->media_n))
			render_slides(p, ret);
	} else if (p->kind == CONTENT_VIDEO && p->media_n == 1 && sound) {
		struct recipe fit;

		platform_fit(app, &p->media[0], &fit);
		*ret = fit;
		ret->kind = RECIPE_SOUNDED;
	}
	if (ret->kind != RECIPE_NONE)
		ret->sound = sound;
}

void platform_rendered(struct publication *p, const struct media_item *video)
{
	p->kind = CONTENT_VIDEO;
	p->media_n = 1;
	p->media[0] = *video;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/overrides.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/platform.h"

struct member {
	const char *name;
	unsigned types; /* bits 1 << json_type */
};

#define TYPE(t) (1U << (JSON_##t))
#define BOOLEAN (TYPE(TRUE) | TYPE(FALSE))

/* Texts may be null: it clears the base value for that platform. */
static const struct member members[] = {
	{ "caption", TYPE(STRING) | TYPE(NULL) },
	{ "title", TYPE(STRING) | TYPE(NULL) },
	{ "description", TYPE(STRING) | TYPE(NULL) },
	{ "link", TYPE(STRING) | TYPE(NULL) },
	{ "first_comment", TYPE(STRING) | TYPE(NULL) },
	{ "alt_text", TYPE(STRING) | TYPE(NULL) },
	{ "tags", TYPE(ARRAY) | TYPE(NULL) },
	{ "board_id", TYPE(STRING) },
	{ "board_section_id", TYPE(STRING) },
	{ "privacy", TYPE(STRING) },
	{ "category_id", TYPE(STRING) },
	{ "playlist_id", TYPE(STRING) },
	{ "language", TYPE(STRING) },
	{ "languages", TYPE(ARRAY) },
	{ "license", TYPE(STRING) },
	{ "made_for_kids", BOOLEAN },
	{ "embeddable", BOOLEAN },
	{ "notify_subscribers", BOOLEAN },
	{ "share_to_feed", BOOLEAN },
	{ "is_ai_generated", BOOLEAN },
	{ "is_paid_partnership", BOOLEAN },
	{ "disable_comment", BOOLEAN },
	{ "disable_duet", BOOLEAN },
	{ "disable_stitch", BOOLEAN },
	{ "brand_content_toggle", BOOLEAN },
	{ "brand_organic_toggle", BOOLEAN },
	{ "auto_add_music", BOOLEAN },
	{ "cover_media_id", TYPE(STRING) },
	{ "slide_duration", TYPE(INTEGER) },
	{ "sound_media_id", TYPE(STRING) },
	{ "render_as_video", BOOLEAN },
	{ "thumb_offset_ms", TYPE(INTEGER) },
	{ "photo_cover_index", TYPE(INTEGER) },
	{ "audio_name", TYPE(STRING) },
	{ "location_id", TYPE(STRING) },
	{ "collaborators", TYPE(ARRAY) },
	{ "user_tags", TYPE(ARRAY) },
	{ "trial_params", TYPE(OBJECT) },
	{ "reply_settings", TYPE(STRING) },
	{ "reply_to_id", TYPE(STRING) },
	{ "quote_id", TYPE(STRING) },
	{ "thread", TYPE(ARRAY) },
	{ "visibility", TYPE(STRING) },
	{ "content_warning", TYPE(STRING) },
	{ "sensitive", BOOLEAN },
	{ "poll", TYPE(OBJECT) },
	{ "post_mode", TYPE(STRING) },
};

static const struct member *member_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

void overrides_check(struct arena *a, const json_t *value, const char *at, struct problem *reterr)
{
	const char *key;
	json_t *v;

	if (!json_is_object(value)) {
		problem_add(reterr, at, "wrong_type", "must be an object");
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, v) {
		const struct member *m = member_find(key);
		const char *here = arena_printf(a, "%s/%s", at, key);

		if (!m)
			problem_add(reterr, here, "unknown_member", "is not an override");
		else if (!(m->types & 1U << json_typeof(v)))
			problem_add(reterr, here, "wrong_type", "has the wrong type");
	}
}

void overrides_check_all(struct arena *a, const json_t *value, const char *at,
			 struct problem *reterr)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)value, key, v) {
		const char *here = arena_printf(a, "%s/%s", at, key);

		if (!platform_find(key))
			problem_add(reterr, here, "unknown_member", "is not a platform");
		else
			overrides_check(a, v, here, reterr);
	}
}

const char *overrides_text(struct arena *a, const json_t *value)
{
	char *text = value && !json_is_null(value) ? json_dumps(value, JSON_COMPACT) : NULL;
	const char *kept = arena_strdup(a, text);

	free(text);
	return kept;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a server takes: `configuration` of its description of itself, else the settings. */
#include "platform/mastodon.h"

static const struct {
	const char *setting, *group, *name;
} rows[MASTODON_LIMITS] = {
	[MASTODON_TEXT] = { "text_max", "statuses", "max_characters" },
	[MASTODON_URL] = { "url_chars", "statuses", "characters_reserved_per_url" },
	[MASTODON_MEDIA] = { "images_max", "statuses", "max_media_attachments" },
	[MASTODON_ALT_TEXT] = { "alt_text_max", "media_attachments", "description_limit" },
	[MASTODON_IMAGE_BYTES] = { "image_max_bytes", "media_attachments", "image_size_limit" },
	[MASTODON_IMAGE_PIXELS] = { "image_max_pixels", "media_attachments", "image_matrix_limit" },
	[MASTODON_VIDEO_BYTES] = { "video_max_bytes", "media_attachments", "video_size_limit" },
	[MASTODON_VIDEO_PIXELS] = { "video_max_pixels", "media_attachments", "video_matrix_limit" },
	[MASTODON_POLL_OPTIONS] = { "poll_options_max", "polls", "max_options" },
	[MASTODON_POLL_CHARS] = { "poll_option_chars_max", "polls", "max_characters_per_option" },
	[MASTODON_POLL_LEAST_S] = { "poll_least_s", "polls", "min_expiration" },
	[MASTODON_POLL_MOST_S] = { "poll_most_s", "polls", "max_expiration" },
};

json_t *mastodon_limits_keep(const json_t *instance)
{
	const json_t *configuration = json_object_get(instance, "configuration");
	json_t *kept = json_object();

	for (size_t i = 0; i < MASTODON_LIMITS; i++) {
		const json_t *group = json_object_get(configuration, rows[i].group);
		const int64_t n = memo_int(group, rows[i].name);

		if (n > 0)
			memo_set_int(kept, rows[i].name, n);
	}
	return kept;
}

void mastodon_limits(const struct platform_app *app, const json_t *kept,
		     struct mastodon_limits *ret)
{
	ret->is_known = json_object_size(kept) > 0;
	for (size_t i = 0; i < MASTODON_LIMITS; i++) {
		const int64_t n = memo_int(kept, rows[i].name);

		ret->v[i] = n > 0 ? n : platform_int(app, rows[i].setting);
	}
}

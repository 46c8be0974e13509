/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says of itself. Source: Instance and V1::Instance, Mastodon 4.7. */
#include "sandbox/md.h"

static const char *const types[] = { "image/jpeg", "image/png",  "image/gif",       "image/webp",
				     "video/mp4",  "video/webm", "video/quicktime", NULL };

static json_t *configuration(struct world *w)
{
	json_t *mimes = json_array();

	for (size_t i = 0; types[i] != NULL; i++)
		json_array_append_new(mimes, json_string(types[i]));
	return json_pack("{s:{s:I,s:i,s:i},s:{s:o,s:i,s:i,s:i,s:i,s:i,s:i},s:{s:i,s:i,s:i,s:i}}",
			 "statuses", "max_characters", (json_int_t)sandbox_md_state(w)->characters,
			 "max_media_attachments", 4, "characters_reserved_per_url", 23,
			 "media_attachments", "supported_mime_types", mimes, "description_limit",
			 1500, "image_size_limit", MD_IMAGE_BYTES, "image_matrix_limit", 33177600,
			 "video_size_limit", MD_VIDEO_BYTES, "video_frame_rate_limit", 120,
			 "video_matrix_limit", 8294400, "polls", "max_options", 4,
			 "max_characters_per_option", 50, "min_expiration", 300, "max_expiration",
			 2629746);
}

void sandbox_md_instance(struct exchange *ex)
{
	if (sandbox_md_state(ex->world)->is_old) {
		sandbox_md_error(ex, 404, "Not Found");
		return;
	}
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s,s:s,s:s,s:{s:i},s:o,s:[]}", "domain",
					"sandbox.example", "title", "Sandbox", "version", "4.4.0",
					"source_url", "https://github.com/mastodon/mastodon",
					"description", "", "api_versions", "mastodon", 6,
					"configuration", configuration(ex->world), "languages"));
}

void sandbox_md_instance_old(struct exchange *ex)
{
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s,s:o,s:[]}", "uri", "sandbox.example", "title",
					"Sandbox", "version", "3.5.0", "configuration",
					configuration(ex->world), "languages"));
}

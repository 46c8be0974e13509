/* SPDX-License-Identifier: Apache-2.0 */
/* Categories as they are in most regions; some exist but take no video. */
#include <ctype.h>
#include <string.h>

#include "sandbox/yt.h"

/* clang-format off */
static const struct {
	const char *id, *title;
	bool is_assignable;
} categories[] = {
	{ "1",  "Film & Animation", true },   { "2",  "Autos & Vehicles", true },
	{ "10", "Music", true },              { "15", "Pets & Animals", true },
	{ "17", "Sports", true },             { "18", "Short Movies", false },
	{ "19", "Travel & Events", true },    { "20", "Gaming", true },
	{ "21", "Videoblogging", false },     { "22", "People & Blogs", true },
	{ "23", "Comedy", true },             { "24", "Entertainment", true },
	{ "25", "News & Politics", true },    { "26", "Howto & Style", true },
	{ "27", "Education", true },          { "28", "Science & Technology", true },
	{ "29", "Nonprofits & Activism", true }, { "30", "Movies", false },
	{ "31", "Anime/Animation", false },   { "32", "Action/Adventure", false },
	{ "33", "Classics", false },          { "34", "Comedy", false },
	{ "35", "Documentary", false },       { "36", "Drama", false },
	{ "37", "Family", false },            { "38", "Foreign", false },
	{ "39", "Horror", false },            { "40", "Sci-Fi/Fantasy", false },
	{ "41", "Thriller", false },          { "42", "Shorts", false },
	{ "43", "Shows", false },             { "44", "Trailers", false },
};
/* clang-format on */

bool sandbox_yt_category_ok(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(categories); i++)
		if (strcmp(categories[i].id, id) == 0)
			return categories[i].is_assignable;
	return false;
}

static bool region_ok(const char *region)
{
	return region != NULL && strlen(region) == 2 && isalpha((unsigned char)region[0]) &&
	       isalpha((unsigned char)region[1]);
}

void sandbox_yt_categories(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_READ);
	const char *region = sandbox_exchange_param(ex, "regionCode");
	const char *part = sandbox_exchange_param(ex, "part");
	json_t *items;

	if (t == NULL)
		return;
	if (part == NULL || strcmp(part, "snippet") != 0) {
		sandbox_yt_fail_param(ex, part == NULL ? "missingRequiredParameter" : "unknownPart",
				      "part");
		return;
	}
	if (!region_ok(region)) {
		sandbox_yt_fail_param(
			ex, region == NULL ? "missingRequiredParameter" : "invalidParameter",
			"regionCode");
		return;
	}
	items = json_array();
	for (size_t i = 0; i < ARRAY_LEN(categories); i++)
		json_array_append_new(
			items,
			json_pack("{s:s,s:s,s:s,s:{s:s,s:b,s:s}}", "kind", "youtube#videoCategory",
				  "etag", sandbox_yt_etag(ex->arena, categories[i].title), "id",
				  categories[i].id, "snippet", "title", categories[i].title,
				  "assignable", categories[i].is_assignable, "channelId",
				  "UCBR8-60-B28hp2BmDPdntcQ"));
	sandbox_yt_json(ex, 200,
			json_pack("{s:s,s:s,s:o}", "kind", "youtube#videoCategoryListResponse",
				  "etag", sandbox_yt_etag(ex->arena, region), "items", items));
}

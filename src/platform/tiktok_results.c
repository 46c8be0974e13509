/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How published posts were received: video/query, up to twenty posts a call. It knows public posts
 * alone and leaves out all others, be they private, in moderation or deleted, so that a post that
 * is missing is asked for again. Drafts and posts that are not public have no number to ask for.
 */
#include "platform/results.h"
#include "platform/tiktok.h"

#define IDS_MOST 20
#define FIELDS   "id,view_count,like_count,comment_count,share_count"

static struct http_request *query_call(const struct results_reading *r)
{
	const struct delivery d = { .arena = r->arena, .app = r->app, .account = r->account };
	json_t *ids = json_array();
	struct http_request *request;

	for (size_t i = 0; i < r->posts_n; i++) {
		if (r->posts[i].state != RESULTS_GONE)
			json_array_append_new(ids, json_string(r->posts[i].remote_id));
	}
	request = tiktok_call(&d, "tt.results", "/v2/video/query/",
			      json_pack("{s:{s:o}}", "filters", "video_ids", ids));
	http_request_query(request, "fields", FIELDS);
	return request;
}

static void read_video(const struct results_reading *r, const json_t *video)
{
	struct results_post *post =
		results_post_of(r, tiktok_id(r->arena, json_object_get(video, "id")));

	if (!post)
		return;
	post->state = RESULTS_TOLD;
	post->counts = (struct engagement_counts){
		.views = results_count(video, "view_count"),
		.likes = results_count(video, "like_count"),
		.comments = results_count(video, "comment_count"),
		.shares = results_count(video, "share_count"),
		.saves = -1,
	};
}

static enum step read_videos(struct results_reading *r, const struct http_reply *last,
			     struct step_result *ret)
{
	const json_t *video;
	struct tiktok_reply reply = { .is_ok = true };
	size_t i;

	if (!last && results_keep_numbered(r) > 0) {
		ret->request = query_call(r);
		return STEP_SEND;
	}
	if (last)
		tiktok_read(r->arena, last, &reply);
	if (!reply.is_ok) {
		(void)tiktok_fail(r->arena, &reply, reply.row->elsewhere, ret);
		return STEP_DONE;
	}
	json_array_foreach(json_object_get(reply.data, "videos"), i, video)
		read_video(r, video);
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return STEP_DONE;
}

const struct platform_results tiktok_results = {
	.most = IDS_MOST,
	.scopes = "video.list",
	.read = read_videos,
};

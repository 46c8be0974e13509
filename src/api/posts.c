/* SPDX-License-Identifier: Apache-2.0 */
#include "store/posts.h"

#include <string.h>

#include "api/api.h"
#include "api/conversion.h"
#include "api/family_b.h"
#include "api/post_filter.h"
#include "api/posts_ask.h"
#include "api/posts_change.h"
#include "api/posts_make.h"
#include "api/posts_view.h"
#include "api/principal.h"
#include "base/clock.h"
#include "http/paging.h"
#include "store/content.h"

struct drop_body {
	uint64_t present;
	struct field_texts post_ids;
};

/* clang-format off */
static const struct field drop_fields[] = {
	{ .name = "postIds", .kind = FIELD_IDS, .offset = offsetof(struct drop_body, post_ids), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = 100 },
	{ .name = NULL },
};
static const struct schema drop_schema = { "PostsDelete", sizeof(struct drop_body), drop_fields };
static const struct field reason_fields[] = {
	{ .name = "code",    .kind = FIELD_TEXT },
	{ .name = "message", .kind = FIELD_TEXT },
	{ .name = NULL },
};
static const struct schema reason_schema = { "PostDeleteError", 0, reason_fields };
static const struct field result_fields[] = {
	{ .name = "id",      .kind = FIELD_ID },
	{ .name = "deleted", .kind = FIELD_BOOL, .sentence = "It will not go out." },
	{ .name = "error",   .kind = FIELD_OBJECT, .flags = FIELD_NULLABLE, .nested = &reason_schema, .sentence = "Why it was not deleted." },
	{ .name = NULL },
};
static const struct schema result_schema = { "PostDeleteResult", 0, result_fields };
static const struct field results_fields[] = {
	{ .name = "results", .kind = FIELD_OBJECTS, .nested = &result_schema, .sentence = "In the order of postIds." },
	{ .name = NULL },
};
static const struct schema results_schema = { "PostsDeleteResults", 0, results_fields };
/* clang-format on */

static int create_as(struct request *req, enum content_kind implied, struct reply *ret,
		     struct problem *reterr)
{
	struct posts_ask ask;
	struct posts made;

	if (posts_ask_read(req, req->in, implied, &ask, reterr) < 0 ||
	    posts_make(req, &ask, &made, reterr) < 0)
		return -1;
	posts_view_emit_made(req, &ret->emit, &made, ask.kind);
	return 0;
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	return create_as(req, CONTENT_KINDS, ret, reterr);
}

static int create_video(struct request *req, struct reply *ret, struct problem *reterr)
{
	return create_as(req, CONTENT_VIDEO, ret, reterr);
}

static int create_slideshow(struct request *req, struct reply *ret, struct problem *reterr)
{
	return create_as(req, CONTENT_SLIDESHOW, ret, reterr);
}

/* One post that the caller may see; PROBLEM_NOT_FOUND, in the caller's words, for all others. */
static int find(struct request *req, const char *id, struct post *ret, struct problem *reterr)
{
	const struct principal *p = req->principal;

	if (store_posts_get(req->app->db, p->workspace, posts_id_in(req->arena, id), req->arena,
			    ret, reterr) < 0 &&
	    reterr->kind != PROBLEM_NOT_FOUND)
		return -1;
	if (reterr->kind == PROBLEM_NOT_FOUND || !principal_sees(p, ret->account_id, ret->livemode))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "post %.64s does not exist", id);
	return 0;
}

static int find_progress(struct request *req, const struct post *p, int64_t *ret,
			 struct problem *reterr)
{
	struct content c;
	const struct conversion_of of = { &c, p->platform, p->overrides, p->livemode };

	if (store_content_get(req->app->db, req->principal->workspace, p->content_id, req->arena,
			      &c, reterr) < 0)
		return -1;
	return conversion_progress(req, &of, ret, reterr);
}

static int reply_post(struct request *req, struct reply *ret, struct post *p,
		      struct problem *reterr)
{
	const struct posts one = { .v = p, .n = 1 };
	struct post_look *look;
	int64_t progress;

	if (store_postlook_read(req->app->db, req->principal->workspace, &one, req->arena, &look,
				reterr) < 0 ||
	    find_progress(req, p, &progress, reterr) < 0)
		return -1;
	posts_view_emit(req, &ret->emit, p, look, progress);
	ret->version = p->version;
	return 0;
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct post p;

	return find(req, req->params[0], &p, reterr) < 0 ? -1 : reply_post(req, ret, &p, reterr);
}

static int update(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct post p;

	if (find(req, req->params[0], &p, reterr) < 0 || posts_change(req, &p, reterr) < 0)
		return -1;
	return reply_post(req, ret, &p, reterr);
}

/* Newest first: what was made last is what its maker looks for. */
static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	static const struct post_filter_words words = {
		.account_id = "accountId",
		.content_id = "contentId",
		.status = post_status_b,
	};
	struct post_query q = { .page = { .descending = true } };
	struct post_look *looks;
	const struct post *last;
	struct posts found;

	if (post_filter_read(req, &words, &q, reterr) < 0 ||
	    post_filter_page(req, "posts", &q, &found, reterr) < 0 ||
	    store_postlook_read(req->app->db, req->principal->workspace, &found, req->arena, &looks,
				reterr) < 0)
		return -1;
	last = found.n ? &found.v[found.n - 1] : NULL;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "data");
	for (size_t i = 0; i < found.n; i++)
		posts_view_emit(req, &ret->emit, &found.v[i], &looks[i], -1);
	emit_close_array(&ret->emit);
	paging_close_camel(req, ret, "posts", found.has_more, last ? last->due_us : INSTANT_NONE,
			   last ? last->id : NULL);
	emit_close(&ret->emit);
	return 0;
}

static int cancel(struct request *req, const char *id, int64_t if_version, struct problem *reterr)
{
	struct post_patch patch = { .given = POST_CHANGE_CANCEL, .if_version = if_version };
	struct post p;

	if (find(req, id, &p, reterr) < 0)
		return -1;
	patch.id = p.id;
	return store_posts_patch(req->app->db, req->principal->workspace, &patch, req->arena, &p,
				 reterr);
}

static int drop(struct request *req, struct reply *ret, struct problem *reterr)
{
	int64_t if_version = 0;

	(void)ret;
	if (request_if_match(req, &if_version, reterr) < 0)
		return -1;
	return cancel(req, req->params[0], if_version, reterr);
}

static void emit_result(struct emit *e, const char *id, const struct problem *why)
{
	emit_open(e, NULL);
	emit_text(e, "id", id);
	emit_bool(e, "deleted", why->kind == PROBLEM_NONE);
	if (why->kind == PROBLEM_NONE) {
		emit_null(e, "error");
	} else {
		emit_open(e, "error");
		emit_text(e, "code", problem_row(why->kind)->code);
		emit_text(e, "message", why->detail);
		emit_close(e);
	}
	emit_close(e);
}

/* Each for itself: what is live already does not keep the others. Asking again does no harm. */
static int drop_many(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct drop_body *in = req->in;

	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "results");
	for (size_t i = 0; i < in->post_ids.n; i++) {
		struct problem why = { .kind = PROBLEM_NONE };

		if (cancel(req, in->post_ids.v[i], 0, &why) < 0 &&
		    problem_row(why.kind)->status >= 500) {
			*reterr = why;
			return -1;
		}
		emit_result(&ret->emit, in->post_ids.v[i], &why);
	}
	emit_close_array(&ret->emit);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct query_param list_query[] = {
	{ .name = "limit",     .kind = QUERY_INT, .least = 1, .most = 100, .sentence = "Rows a page." },
	{ .name = "cursor",    .kind = QUERY_CURSOR, .sentence = "nextCursor of the page before." },
	{ .name = "from",      .kind = QUERY_INSTANT, .sentence = "scheduledTime at or after." },
	{ .name = "to",        .kind = QUERY_INSTANT, .sentence = "scheduledTime before." },
	{ .name = "status",    .kind = QUERY_ENUM, .choices = posts_statuses, .sentence = "Only this status." },
	{ .name = "state",     .kind = QUERY_TEXT, .most = 16, .sentence = "Only this exact state." },
	{ .name = "platform",  .kind = QUERY_TEXT, .most = 32, .sentence = "Only this platform." },
	{ .name = "accountId", .kind = QUERY_ID, .sentence = "Only this account." },
	{ .name = "contentId", .kind = QUERY_ID, .sentence = "Only this content's: what one request has made." },
	{ .name = "livemode",  .kind = QUERY_BOOL, .sentence = "Only live (true) or test (false) accounts." },
	{ .name = NULL },
};

#define WITH(scope_, rate_) .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(scope_), .rate = rate_
#define MAKE  WITH(SCOPE_CONTENT_PUBLISH, RATE_PUBLISH)
#define READ  WITH(SCOPE_SCHEDULE_READ, RATE_READ)
#define WRITE WITH(SCOPE_SCHEDULE_WRITE, RATE_WRITE)
const struct route api_posts_routes[] = {
	FAMILY_B(HTTP_POST,   "/posts",           "createPosts",          MAKE,  .ok = 201, .body = &posts_ask_schema, .reply = &posts_made_schema, .handler = create, .summary = "Post to several accounts, at once or later"),
	FAMILY_B(HTTP_GET,    "/posts",           "listPosts",            READ,  .ok = 200, .query = list_query, .reply = &posts_page_schema, .handler = list, .summary = "List posts, the latest first"),
	FAMILY_B(HTTP_DELETE, "/posts",           "deletePosts",          WRITE, .ok = 200, .body = &drop_schema, .reply = &results_schema, .handler = drop_many, .summary = "Cancel several posts, each for itself"),
	FAMILY_B(HTTP_POST,   "/posts/video",     "createVideoPosts",     MAKE,  .ok = 201, .body = &posts_ask_video_schema, .reply = &posts_made_schema, .handler = create_video, .summary = "Post a video to several accounts"),
	FAMILY_B(HTTP_POST,   "/posts/slideshow", "createSlideshowPosts", MAKE,  .ok = 201, .body = &posts_ask_slideshow_schema, .reply = &posts_made_schema, .handler = create_slideshow, .summary = "Post a slideshow to several accounts"),
	FAMILY_B(HTTP_GET,    "/posts/{id}",      "getPost",              READ,  .ok = 200, .has_version = true, .reply = &posts_view_schema, .handler = get, .summary = "Read a post"),
	FAMILY_B(HTTP_PATCH,  "/posts/{id}",      "updatePost",           WRITE, .ok = 200, .body = &posts_change_schema, .reply = &posts_view_schema, .handler = update, .summary = "Move, reword, cancel or revive a post"),
	FAMILY_B(HTTP_DELETE, "/posts/{id}",      "deletePost",           WRITE, .ok = 204, .body_max = -1, .handler = drop, .summary = "Cancel a post"),
	{ .pattern = NULL },
};
/* clang-format on */

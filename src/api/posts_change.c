/* SPDX-License-Identifier: Apache-2.0 */
#include "api/posts_change.h"

#include <string.h>

#include "api/fitness.h"
#include "api/overrides.h"
#include "api/posts_ask.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "store/content.h"
#include "store/workspaces.h"

struct change_body {
	uint64_t present;
	struct field_time scheduled_time;
	const char *timezone;
	int64_t fold;
	int status;
	const char *caption;
	double slide_duration;
	bool render_as_video;
};
enum { ROW_TIME, ROW_TIMEZONE, ROW_FOLD, ROW_STATUS, ROW_CAPTION, ROW_SLIDE, ROW_RENDER };

static const char *const wanted_statuses[] = { "cancelled", "scheduled", NULL };

/* clang-format off */
static const struct field change_fields[] = {
	{ .name = "scheduledTime", .kind = FIELD_TIME,   .offset = offsetof(struct change_body, scheduled_time), .sentence = "An RFC 3339 time, or a local time beside timezone." },
	{ .name = "timezone",      .kind = FIELD_TZ,     .offset = offsetof(struct change_body, timezone) },
	{ .name = "fold",          .kind = FIELD_INT,    .offset = offsetof(struct change_body, fold), .least = 0, .most = 1, .sentence = "1: the second of two equal local times." },
	{ .name = "status",        .kind = FIELD_ENUM,   .offset = offsetof(struct change_body, status), .choices = wanted_statuses, .sentence = "cancelled takes it back; scheduled revives it." },
	{ .name = "caption",       .kind = FIELD_TEXT,   .offset = offsetof(struct change_body, caption), .flags = FIELD_NULLABLE, .most = 10000, .sentence = "Of this post alone; needs the scope content:publish." },
	{ .name = "slideDuration", .kind = FIELD_NUMBER, .offset = offsetof(struct change_body, slide_duration), .sentence = "Of a slideshow: 4, 6 or 8 seconds a slide." },
	{ .name = "renderAsVideo", .kind = FIELD_BOOL,   .offset = offsetof(struct change_body, render_as_video), .sentence = "Of a slideshow." },
	{ .name = NULL },
};
const struct schema posts_change_schema = { "PostChange", sizeof(struct change_body), change_fields };
/* clang-format on */

#define IS_REWORDED(in) \
	(SCHEMA_HAS(in, ROW_CAPTION) || SCHEMA_HAS(in, ROW_SLIDE) || SCHEMA_HAS(in, ROW_RENDER))

static unsigned changes_of(const struct change_body *in)
{
	unsigned given = 0;

	if (SCHEMA_HAS(in, ROW_TIME) || SCHEMA_HAS(in, ROW_TIMEZONE))
		given |= POST_CHANGE_TIME;
	if (IS_REWORDED(in))
		given |= POST_CHANGE_OVERRIDES;
	if (SCHEMA_HAS(in, ROW_STATUS))
		given |= in->status == 0 ? POST_CHANGE_CANCEL : POST_CHANGE_REVIVE;
	return given;
}

/* The new time; a zone alone keeps the instant and only shows it elsewhere. */
static int read_time(const struct change_body *in, const struct post *old,
		     struct schedule_time *ret, struct problem *reterr)
{
	const bool has_time = SCHEMA_HAS(in, ROW_TIME);
	const struct schedule_wish wish = {
		.is_local = has_time && in->scheduled_time.is_local,
		.us = has_time ? in->scheduled_time.us : old->due_us,
		.local = in->scheduled_time.local,
		.timezone = in->timezone ? in->timezone : old->timezone,
		.fold = (int)in->fold,
	};

	if (posts_time_read(&wish, ret, reterr) < 0)
		return -1;
	return has_time ? posts_time_check_due(ret->us, reterr) : 0;
}

/* Words that go out must be words that somebody who may publish has said, and reviewers have read. */
static int check_right(struct request *req, struct problem *reterr)
{
	struct workspace w;

	if (!scopes_have(req->principal->scopes, SCOPE_CONTENT_PUBLISH))
		return problem_set(reterr, PROBLEM_SCOPE,
				   "The credentials lack the scope content:publish.");
	if (store_workspaces_get(req->app->db, req->principal->workspace, req->arena, &w, reterr) <
	    0)
		return -1;
	if (w.require_approval)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "this workspace has what is published reviewed: change the "
				   "content and submit it again");
	return 0;
}

/* The post's own options with what is given laid over them. */
static int merge(const struct change_body *in, const struct content *c, const char *old,
		 json_t **ret, struct problem *reterr)
{
	json_t *options = old ? json_loads(old, 0, NULL) : json_object();
	const bool is_show = c->kind == CONTENT_SLIDESHOW;
	int64_t slide_s = 0;

	if (!is_show && SCHEMA_HAS(in, ROW_SLIDE))
		problem_add(reterr, "/slideDuration", "not_for_type", "this is no slideshow");
	else if (SCHEMA_HAS(in, ROW_SLIDE) &&
		 posts_slide_read(in->slide_duration, &slide_s, reterr) == 0)
		json_object_set_new(options, "slide_duration", json_integer(slide_s));
	if (!is_show && SCHEMA_HAS(in, ROW_RENDER))
		problem_add(reterr, "/renderAsVideo", "not_for_type", "this is no slideshow");
	else if (SCHEMA_HAS(in, ROW_RENDER))
		json_object_set_new(options, "render_as_video", json_boolean(in->render_as_video));
	if (SCHEMA_HAS(in, ROW_CAPTION))
		json_object_set_new(options, "caption",
				    in->caption ? json_string(in->caption) : json_null());
	*ret = options;
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static int check_caption(struct request *req, const struct content *c, const struct post *p,
			 const char *overrides, struct problem *reterr)
{
	struct account acc;
	struct fitness_subject s = {
		.content = c, .account = &acc, .overrides = overrides, .due_us = p->due_us
	};
	struct findings f;

	if (store_accounts_get(req->app->db, req->principal->workspace, p->account_id, req->arena,
			       &acc, reterr) < 0)
		return -1;
	if (fitness_check(req, &s, &f, reterr) < 0)
		return -1;
	for (size_t i = 0; i < f.n; i++) {
		if (f.v[i].is_warning || strcmp(f.v[i].pointer, "caption") != 0)
			continue;
		problem_add(reterr, "/caption", f.v[i].code, "%s", f.v[i].detail);
		reterr->kind = PROBLEM_CONTENT_UNFIT;
	}
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static int read_words(struct request *req, const struct post *p, const char **ret,
		      struct problem *reterr)
{
	const struct change_body *in = req->in;
	json_t *options = NULL;
	struct content c;
	int failed;

	if (check_right(req, reterr) < 0 ||
	    store_content_get(req->app->db, req->principal->workspace, p->content_id, req->arena,
			      &c, reterr) < 0)
		return -1;
	failed = merge(in, &c, p->overrides, &options, reterr);
	*ret = overrides_text(req->arena, options);
	json_decref(options);
	if (failed || !SCHEMA_HAS(in, ROW_CAPTION))
		return failed;
	return check_caption(req, &c, p, *ret, reterr);
}

static int read_patch(struct request *req, const struct post *p, struct post_patch *ret,
		      struct problem *reterr)
{
	const struct change_body *in = req->in;

	if ((ret->given & POST_CHANGE_CANCEL) && ret->given != POST_CHANGE_CANCEL)
		return problem_add(reterr, "/status", "not_both",
				   "cancelling goes with no other change");
	if ((ret->given & POST_CHANGE_TIME) && read_time(in, p, &ret->due, reterr) < 0)
		return -1;
	if ((ret->given & POST_CHANGE_OVERRIDES) && read_words(req, p, &ret->overrides, reterr) < 0)
		return -1;
	return 0;
}

int posts_change(struct request *req, struct post *p, struct problem *reterr)
{
	struct post_patch patch = {
		.id = p->id,
		.given = changes_of(req->in),
		.stage_lead_s = req->app->config->publish_stage_lead_s,
	};

	if (request_if_match(req, &patch.if_version, reterr) < 0 ||
	    read_patch(req, p, &patch, reterr) < 0)
		return -1;
	if ((patch.given & (POST_CHANGE_TIME | POST_CHANGE_REVIVE)) &&
	    principal_charge(req, p->id, patch.given & POST_CHANGE_TIME ? patch.due.us : p->due_us,
			     reterr) < 0)
		return -1;
	if (patch.given == 0)
		return 0;
	return store_posts_patch(req->app->db, req->principal->workspace, &patch, req->arena, p,
				 reterr);
}

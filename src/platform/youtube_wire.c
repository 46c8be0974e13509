/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "net/oauth2.h"
#include "platform/youtube.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : NULL;
}

/* What a reply says in several places; the first that the table knows, else the first at all. */
static void take_reason(struct youtube_reply *r, const char *reason)
{
	const struct youtube_error_row *row = youtube_error_find(reason);

	if (!r->reason || (row && !r->row))
		r->reason = reason;
	if (!r->row)
		r->row = row;
}

static void take_reasons(struct youtube_reply *r, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		take_reason(r, text_of(one, "reason"));
}

/* {"error":{"code":403,"message":..,"errors":[{"reason":..}],"status":..,"details":[..]}} */
static void read_envelope(const json_t *error, struct youtube_reply *ret)
{
	ret->message = text_of(error, "message");
	take_reasons(ret, json_object_get(error, "errors"));
	take_reasons(ret, json_object_get(error, "details"));
	take_reason(ret, text_of(error, "status"));
}

/* {"error":"invalid_grant","error_description":..,"error_subtype":..} */
static void read_flat(struct arena *a, const json_t *doc, struct youtube_reply *ret)
{
	const char *subtype = text_of(doc, "error_subtype");

	ret->message = text_of(doc, "error_description");
	if (subtype)
		ret->message =
			arena_printf(a, "%s (%s)", ret->message ? ret->message : "", subtype);
	take_reason(ret, text_of(doc, "error"));
}

void youtube_read(struct arena *a, const struct http_reply *last, int64_t now_us,
		  struct youtube_reply *ret)
{
	const json_t *doc = script_reply_json(a, last);
	int64_t retry_s =
		last->transfer == TRANSFER_REPLIED ? http_reply_retry_after_s(last, now_us) : 0;
	const json_t *error;

	*ret = (struct youtube_reply){
		.json = json_is_object(doc) ? doc : NULL,
		.is_broken = last->transfer != TRANSFER_REPLIED,
		.status = last->transfer == TRANSFER_REPLIED ? last->status : 0,
		.retry_after_s = retry_s > 0 ? retry_s : 0,
	};
	ret->is_ok = !ret->is_broken && ret->status / 100 == 2;
	if (ret->is_ok)
		return;
	error = json_object_get(ret->json, "error");
	if (json_is_object(error))
		read_envelope(error, ret);
	else
		read_flat(a, ret->json, ret);
	if (ret->is_broken)
		ret->message = last->failure;
	if (!ret->row)
		ret->row = youtube_error_status(ret->status);
}

static const char *code_of(struct arena *a, const struct youtube_reply *r)
{
	if (r->reason)
		return arena_printf(a, "%.120s", r->reason);
	return r->status ? arena_printf(a, "http_%d", r->status) : NULL;
}

static int64_t wait_s(const struct youtube_reply *r, enum error_class class, int64_t now_us)
{
	if (class == CLASS_DOUBT)
		return r->retry_after_s;
	if (r->row->retry_s == YOUTUBE_QUOTA_RESET)
		return youtube_quota_wait_s(now_us);
	return r->retry_after_s > 0 ? r->retry_after_s : r->row->retry_s;
}

enum script_move youtube_fail(struct arena *a, int64_t now_us, const struct youtube_reply *r,
			      enum error_class class, struct step_result *ret)
{
	ret->outcome = (struct outcome){
		.retry_after_s = wait_s(r, class, now_us),
		.is_app_wide = r->row->retry_s == YOUTUBE_QUOTA_RESET,
		.error = { .code = r->row->error,
			   .message = r->row->sentence,
			   .who = r->row->who,
			   .platform_code = code_of(a, r),
			   .platform_message = script_words(a, r->message) },
	};
	error_class_apply(class, &ret->outcome);
	return SCRIPT_DONE;
}

enum script_move youtube_fail_reason(struct delivery *d, const char *reason,
				     struct step_result *ret)
{
	static const struct youtube_error_row unknown = {
		.error = POST_ERROR_MEDIA_REJECTED,
		.who = WHO_YOU,
		.sentence = "YouTube did not take the video.",
	};
	const struct youtube_error_row *row = youtube_error_find(reason);
	const struct youtube_reply r = { .reason = reason, .row = row ? row : &unknown };
	enum error_class class = row ? row->elsewhere : CLASS_CONTENT;

	/* The word of a video's fate is final, whatever else it means in an error. */
	return youtube_fail(d->arena, d->now_us, &r, class == CLASS_USER ? class : CLASS_CONTENT,
			    ret);
}

struct http_request *youtube_call(const struct youtube_caller *c, enum http_verb verb,
				  const char *label, const char *path)
{
	struct http_request *r = http_request_new(c->arena, verb, label);

	http_request_url(r, platform_text(c->app, "api_base"), "/youtube/v3%s", path);
	http_request_bearer(r, c->token ? c->token : "");
	return r;
}

struct youtube_caller youtube_caller(const struct delivery *d)
{
	return (struct youtube_caller){ d->arena, d->app, d->account->access_token };
}

bool youtube_has_scope(const char *granted, const char *name)
{
	char scope[128] = YOUTUBE_SCOPE ".";

	if (!granted)
		return false;
	if (oauth2_has_scope(granted, YOUTUBE_SCOPE) ||
	    oauth2_has_scope(granted, YOUTUBE_SCOPE ".force-ssl"))
		return true;
	if (strlen(name) + strlen(scope) >= sizeof(scope))
		return false;
	memcpy(scope + strlen(scope), name, strlen(name) + 1);
	return oauth2_has_scope(granted, scope);
}

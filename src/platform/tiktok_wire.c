/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "net/oauth2.h"
#include "platform/tiktok.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : NULL;
}

/* {"data":..,"error":{"code":..,"message":..,"log_id":..}} */
static void read_envelope(const json_t *error, struct tiktok_reply *ret)
{
	ret->code = text_of(error, "code");
	ret->message = text_of(error, "message");
	ret->log_id = text_of(error, "log_id");
	ret->is_ok = ret->code && strcmp(ret->code, "ok") == 0;
}

/* {"error":"invalid_grant","error_description":..,"log_id":..} */
static void read_flat(const json_t *doc, struct tiktok_reply *ret)
{
	ret->code = text_of(doc, "error");
	ret->message = text_of(doc, "error_description");
	ret->log_id = text_of(doc, "log_id");
}

static const json_t *document(struct arena *a, const struct http_reply *last)
{
	const json_t *doc = script_reply_json(a, last);

	return json_is_object(doc) ? doc : NULL;
}

static void read_end(const struct http_reply *last, struct tiktok_reply *ret)
{
	ret->status = last->status;
	ret->is_broken = last->transfer != TRANSFER_REPLIED;
	if (ret->is_broken)
		ret->message = last->failure;
	if (!ret->is_ok)
		ret->row = tiktok_error_find(ret->code, ret->status);
}

void tiktok_read(struct arena *a, const struct http_reply *last, struct tiktok_reply *ret)
{
	const json_t *error;

	*ret = (struct tiktok_reply){ .json = document(a, last) };
	error = json_object_get(ret->json, "error");
	ret->data = json_object_get(ret->json, "data");
	if (json_is_object(error))
		read_envelope(error, ret);
	else
		read_flat(ret->json, ret);
	read_end(last, ret);
}

void tiktok_read_flat(struct arena *a, const struct http_reply *last, struct tiktok_reply *ret)
{
	const json_t *error;

	*ret = (struct tiktok_reply){ .json = document(a, last) };
	error = json_object_get(ret->json, "error");
	ret->data = ret->json;
	if (json_is_object(error))
		read_envelope(error, ret);
	else
		read_flat(ret->json, ret);
	if (!ret->code)
		ret->is_ok = ret->json && last->status / 100 == 2;
	read_end(last, ret);
}

/* TikTok's words, with the log id that its support asks for. */
static const char *words_of(struct arena *a, const struct tiktok_reply *r)
{
	const char *words = script_words(a, r->message);

	if (!r->log_id)
		return words;
	return arena_printf(a, "%s%s(log_id %.64s)", words ? words : "", words ? " " : "",
			    r->log_id);
}

static const char *code_of(struct arena *a, const struct tiktok_reply *r)
{
	if (r->code)
		return arena_printf(a, "%.120s", r->code);
	return r->status ? arena_printf(a, "http_%d", r->status) : NULL;
}

enum script_move tiktok_fail(struct arena *a, const struct tiktok_reply *r, enum error_class class,
			     struct step_result *ret)
{
	ret->outcome = (struct outcome){
		.retry_after_s = class == CLASS_DOUBT ? 0 : r->row->retry_s,
		.error = { .code = r->row->error,
			   .message = r->row->sentence,
			   .who = r->row->who,
			   .platform_code = code_of(a, r),
			   .platform_message = words_of(a, r) },
	};
	error_class_apply(class, &ret->outcome);
	return SCRIPT_DONE;
}

enum script_move tiktok_fail_delivery(struct delivery *d, const struct tiktok_reply *r,
				      enum error_class class, struct step_result *ret)
{
	int64_t stale = memo_int(d->memo, "stale");

	if (class == CLASS_TOKEN && stale && stale != d->account->expires_us)
		class = CLASS_RECONNECT;
	else if (class == CLASS_TOKEN)
		memo_set_int(d->memo, "stale", d->account->expires_us);
	return tiktok_fail(d->arena, r, class, ret);
}

struct http_request *tiktok_call(const struct delivery *d, const char *label, const char *path,
				 json_t *body)
{
	struct http_request *r = http_request_new(d->arena, VERB_POST, label);

	http_request_url(r, platform_text(d->app, "api_base"), "%s", path);
	http_request_bearer(r, d->account->access_token ? d->account->access_token : "");
	http_request_header(r, "Content-Type", "application/json; charset=UTF-8");
	http_request_json(r, body ? body : json_object());
	return r;
}

const char *tiktok_id(struct arena *a, const json_t *value)
{
	if (json_is_integer(value))
		return arena_printf(a, "%lld", (long long)json_integer_value(value));
	return json_string_length(value) > 0 ? arena_strdup(a, json_string_value(value)) : NULL;
}

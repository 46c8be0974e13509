/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "crypto/digest.h"
#include "platform/instagram.h"
#include "json/keep.h"

static int member_int(const json_t *object, const char *key)
{
	return (int)json_integer_value(json_object_get(object, key));
}

/* {"error":{...}} of the Graph API. */
static void read_graph_error(struct arena *a, const json_t *error, struct instagram_reply *ret)
{
	ret->code = member_int(error, "code");
	ret->subcode = member_int(error, "error_subcode");
	ret->message = memo_id(a, error, "message");
	ret->trace = memo_id(a, error, "fbtrace_id");
}

/* {"error_type":..,"code":400,"error_message":..} of Instagram's token host: code is the status. */
static void read_token_error(struct arena *a, const json_t *doc, struct instagram_reply *ret)
{
	ret->message = memo_id(a, doc, "error_message");
}

/* {"debug_info":{"retriable":..,"type":..,"message":..}}, the message may be JSON text itself. */
static void read_upload_error(struct arena *a, const json_t *info, struct instagram_reply *ret)
{
	const char *message = memo_id(a, info, "message");
	const json_t *inner = message ? json_keep(a, json_loads(message, 0, NULL)) : NULL;

	ret->message = message;
	if (inner) {
		ret->subcode = member_int(inner, "error_subcode");
		if (json_is_object(json_object_get(inner, "error")))
			read_graph_error(a, json_object_get(inner, "error"), ret);
	}
	if (!ret->subcode)
		ret->subcode = instagram_status_subcode(message);
}

static const struct {
	const char *key;
	bool is_whole; /* the document itself is the error, key only betrays it */
	void (*read)(struct arena *a, const json_t *error, struct instagram_reply *ret);
} error_shapes[] = {
	{ "error", false, read_graph_error },
	{ "error_message", true, read_token_error },
	{ "debug_info", false, read_upload_error },
};

static bool read_error(struct arena *a, const json_t *doc, struct instagram_reply *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(error_shapes); i++) {
		const json_t *error = json_object_get(doc, error_shapes[i].key);

		if (!error)
			continue;
		error_shapes[i].read(a, error_shapes[i].is_whole ? doc : error, ret);
		return true;
	}
	return false;
}

static int usage_most(const json_t *usage)
{
	static const char *const names[] = { "call_count", "total_time", "total_cputime" };
	int most = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int pct = member_int(usage, names[i]);

		most = pct > most ? pct : most;
	}
	return most;
}

static json_t *usage_header(struct arena *a, const struct http_reply *last, const char *name)
{
	const char *text = http_reply_header(last, a, name);

	return text ? json_keep(a, json_loads(text, 0, NULL)) : NULL;
}

/* Keyed by object id; each value is an array of usages, minutes beside them. */
static void read_usage(struct arena *a, const struct http_reply *last, struct instagram_reply *ret)
{
	json_t *app = usage_header(a, last, "X-App-Usage");
	json_t *cases = usage_header(a, last, "X-Business-Use-Case-Usage");
	const char *id;
	json_t *list, *usage;
	size_t i;

	ret->usage_pct = usage_most(app);
	json_object_foreach(cases, id, list) {
		json_array_foreach(list, i, usage) {
			int pct = usage_most(usage);
			int64_t regain =
				60LL * member_int(usage, "estimated_time_to_regain_access");

			ret->usage_pct = pct > ret->usage_pct ? pct : ret->usage_pct;
			ret->regain_s = regain > ret->regain_s ? regain : ret->regain_s;
		}
	}
}

void instagram_read(struct arena *a, const struct http_reply *last, struct instagram_reply *ret)
{
	const json_t *doc = script_reply_json(a, last);

	*ret = (struct instagram_reply){ .status = last->status };
	if (last->transfer == TRANSFER_REPLIED) {
		read_usage(a, last, ret);
	} else {
		ret->is_broken = true;
		ret->message = last->failure;
	}
	ret->json = doc;
	if (doc && !read_error(a, doc, ret) && last->status >= 200 && last->status <= 299) {
		ret->is_ok = true;
		return;
	}
	ret->row = instagram_error_find(ret->code, ret->subcode, last->status);
}

/* What Meta writes may repeat a token that we sent. */
static const char *safe_words(struct arena *a, const char *message)
{
	return message && strstr(message, "access_token") ? NULL : script_words(a, message);
}

static const char *code_text(struct arena *a, const struct instagram_reply *r)
{
	if (r->code && r->subcode)
		return arena_printf(a, "%d/%d", r->code, r->subcode);
	if (r->code || r->subcode)
		return arena_printf(a, "%d", r->code ? r->code : r->subcode);
	return r->status ? arena_printf(a, "http_%d", r->status) : NULL;
}

void instagram_explain(struct arena *a, const struct instagram_reply *r, const char *subject,
		       struct post_error *ret)
{
	const char *message = safe_words(a, r->message);

	*ret = (struct post_error){
		.code = r->row->code,
		.message = subject ? arena_printf(a, "%s: %s", subject, r->row->sentence)
				   : r->row->sentence,
		.who = r->row->who,
		.platform_code = code_text(a, r),
		.platform_message = message && r->trace ? arena_printf(a, "%s (fbtrace_id %s)",
								       message, r->trace)
							: message,
	};
}

enum script_move instagram_fail(struct arena *a, const struct instagram_reply *r,
				enum error_class class, const char *subject,
				struct step_result *ret)
{
	struct outcome *o = &ret->outcome;

	*o = (struct outcome){ .retry_after_s = r->row->retry_s };
	if (r->row->code == POST_ERROR_RATE_LIMITED && r->regain_s > 0)
		o->retry_after_s = r->regain_s;
	instagram_explain(a, r, subject, &o->error);
	error_class_apply(class, o);
	return SCRIPT_DONE;
}

bool instagram_is_facebook(const struct platform_app *app)
{
	return strcmp(platform_text(app, "login_mode"), "instagram") != 0;
}

/* Meta's proof that a call comes from the app itself: HMAC-SHA256 of the token under the secret. */
static const char *secret_proof(const struct instagram_call *c)
{
	const char *secret = platform_secret(c->app);
	uint8_t mac[SHA256_BYTES];
	char *hex;

	if (!c->token || !secret || !*secret || !instagram_is_facebook(c->app))
		return NULL;
	hex = arena_alloc(c->arena, SHA256_HEX_MAX);
	digest_hmac(secret, strlen(secret), c->token, strlen(c->token), mac);
	digest_hex(mac, sizeof(mac), hex);
	return hex;
}

struct http_request *instagram_call(const struct instagram_call *c, enum http_verb verb,
				    const char *label, const char *path_fmt, ...)
{
	struct http_request *r = http_request_new(c->arena, verb, label);
	const char *base = instagram_is_facebook(c->app) ? "graph_base" : "ig_graph_base";
	const char *path;
	va_list ap;

	va_start(ap, path_fmt);
	path = arena_vprintf(c->arena, path_fmt, ap);
	va_end(ap);
	http_request_url(r, platform_text(c->app, base), "/%s%s",
			 platform_text(c->app, "api_version"), path);
	if (c->token)
		http_request_bearer(r, c->token);
	if (verb == VERB_POST)
		http_request_form(r, "appsecret_proof", secret_proof(c));
	else
		http_request_query(r, "appsecret_proof", secret_proof(c));
	return r;
}

struct http_request *instagram_plain_call(const struct instagram_call *c, enum http_verb verb,
					  const char *label, const char *base, const char *path)
{
	struct http_request *r = http_request_new(c->arena, verb, label);

	http_request_url(r, platform_text(c->app, base), "%s", path);
	if (c->token)
		http_request_bearer(r, c->token);
	return r;
}

/* page: the account's own token; user: that of the person. Instagram Login has one token. */
static const char *token_named(const struct delivery *d, const char *name)
{
	const struct platform_account *acc = d->account;

	if (strcmp(name, "user") == 0 && acc->user_token && *acc->user_token)
		return acc->user_token;
	return acc->access_token ? acc->access_token : "";
}

const char *instagram_publish_token(const struct delivery *d)
{
	return token_named(d, platform_text(d->app, "publish_token"));
}

static bool reads_as_user(const struct delivery *d)
{
	return strcmp(platform_text(d->app, "read_token"), "user") == 0;
}

const char *instagram_read_token(const struct delivery *d)
{
	bool is_user = reads_as_user(d) != (memo_int(d->memo, "swapped") != 0);

	return token_named(d, is_user ? "user" : "page");
}

bool instagram_swap_token(struct delivery *d)
{
	const struct platform_account *acc = d->account;

	if (memo_int(d->memo, "swapped") || !acc->user_token || !*acc->user_token)
		return false;
	memo_set_int(d->memo, "swapped", 1);
	return true;
}

int instagram_kind(const struct publication *post, enum instagram_kind *ret)
{
	bool is_video = post->media_n > 0 && post->media[0].kind == MEDIA_VIDEO;

	if (post->media_n == 0 || post->kind == CONTENT_TEXT)
		return -1;
	if (post->kind == CONTENT_STORY)
		*ret = INSTAGRAM_STORY;
	else if (post->media_n > 1)
		*ret = INSTAGRAM_CAROUSEL;
	else
		*ret = is_video ? INSTAGRAM_REEL : INSTAGRAM_IMAGE;
	return 0;
}

json_t *instagram_last_item(const struct delivery *d)
{
	const json_t *items = json_object_get(d->memo, "items");
	size_t n = json_array_size(items);

	return n ? json_array_get(items, n - 1) : NULL;
}

const char *instagram_container(const struct delivery *d)
{
	return memo_text(instagram_last_item(d), "id");
}

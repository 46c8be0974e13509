/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "platform/twitter.h"

#define WAIT_MAX_S 86400

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = memo_text(object, key);

	return text ? text : "";
}

/* The last part: the host of these addresses varies. */
static const char *type_of(const json_t *doc)
{
	const char *type = text_of(doc, "type"), *slash = strrchr(type, '/');

	return slash ? slash + 1 : type;
}

/* Everything that tells errors apart, as one text. */
static const char *words_of(struct arena *a, const json_t *doc)
{
	const char *words =
		arena_printf(a, "%s: %s %s %s", text_of(doc, "title"), text_of(doc, "detail"),
			     text_of(doc, "error"), text_of(doc, "error_description"));
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "errors"), i, one)
		words = arena_printf(a, "%s %s", words, text_of(one, "message"));
	return words;
}

/* The most telling sentence for people: errors[].message, then detail, then the OAuth words. */
static const char *message_of(const json_t *doc)
{
	const json_t *first = json_array_get(json_object_get(doc, "errors"), 0);
	const char *const found[] = { memo_text(first, "message"), memo_text(doc, "detail"),
				      memo_text(doc, "error_description"), memo_text(doc, "title"),
				      memo_text(doc, "error") };

	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		if (found[i] && *found[i])
			return found[i];
	}
	return NULL;
}

static bool is_problem(const json_t *doc)
{
	return (memo_text(doc, "title") && memo_text(doc, "type")) ||
	       json_array_size(json_object_get(doc, "errors")) > 0;
}

static int64_t header_int(struct arena *a, const struct http_reply *last, const char *name)
{
	const char *text = http_reply_header(last, a, name);

	return text && *text >= '0' && *text <= '9' ? strtoll(text, NULL, 10) : -1;
}

/* Of the three families of limits, the used-up one that lifts last. */
static int64_t limit_wait_s(struct arena *a, const struct http_reply *last, int64_t now_us)
{
	static const char *const families[] = { "x-rate-limit", "x-app-limit-24hour",
						"x-user-limit-24hour" };
	int64_t wait_s = http_reply_retry_after_s(last, now_us);

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const char *f = families[i];
		int64_t left = header_int(a, last, arena_printf(a, "%s-remaining", f));
		int64_t reset = header_int(a, last, arena_printf(a, "%s-reset", f));
		int64_t s = reset - now_us / US_PER_S;

		if (left == 0 && reset > 0 && s > wait_s)
			wait_s = s;
	}
	if (wait_s < 0)
		return 0;
	return wait_s < 1 ? 1 : wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S;
}

void twitter_read(const struct platform_app *app, struct arena *a, const struct http_reply *last,
		  int64_t now_us, struct twitter_reply *ret)
{
	const json_t *doc = script_reply_json(a, last);
	bool is_2xx = last->status >= 200 && last->status <= 299;

	*ret = (struct twitter_reply){ .status = last->status, .type = "", .words = "" };
	if (last->transfer != TRANSFER_REPLIED) {
		ret->is_broken = true;
		ret->message = last->failure;
		ret->status = 0;
	}
	ret->json = doc;
	if (!ret->is_broken && is_2xx) {
		ret->is_ok = true;
		return;
	}
	if (doc) {
		ret->type = type_of(doc);
		ret->words = words_of(a, doc);
		ret->message = message_of(doc);
		ret->is_problem = is_problem(doc);
	}
	if (!ret->is_broken && last->status == 429)
		ret->wait_s = limit_wait_s(a, last, now_us);
	if (ret->status == 429 && ret->wait_s == 0)
		ret->wait_s = platform_int(app, "pause_fallback_s");
	ret->row = twitter_error_find(ret);
}

static const char *code_text(struct arena *a, const struct twitter_reply *r)
{
	const char *error = memo_text(r->json, "error");

	if (*r->type && strcmp(r->type, "about:blank") != 0)
		return arena_printf(a, "%d/%.80s", r->status, r->type);
	if (error)
		return arena_printf(a, "%d/%.80s", r->status, error);
	return r->status ? arena_printf(a, "http_%d", r->status) : NULL;
}

enum script_move twitter_fail(struct arena *a, const struct twitter_reply *r,
			      enum error_class class, const char *subject, struct step_result *ret)
{
	ret->outcome = (struct outcome){
		.retry_after_s = r->wait_s,
		.error = { .code = r->is_broken ? POST_ERROR_NETWORK : r->row->code,
			   .message = subject ? arena_printf(a, "%s: %s", subject, r->row->sentence)
					      : r->row->sentence,
			   .who = r->row->who,
			   .platform_code = code_text(a, r),
			   .platform_message = script_words(a, r->message) },
	};
	error_class_apply(class, &ret->outcome);
	return SCRIPT_DONE;
}

struct http_request *twitter_call(const struct twitter_call *c, enum http_verb verb,
				  const char *label, const char *path_fmt, ...)
{
	struct http_request *r = http_request_new(c->arena, verb, label);
	const char *path;
	va_list ap;

	va_start(ap, path_fmt);
	path = arena_vprintf(c->arena, path_fmt, ap);
	va_end(ap);
	http_request_url(r, platform_text(c->app, "api_base"), "%s", path);
	if (c->token)
		http_request_bearer(r, c->token);
	return r;
}

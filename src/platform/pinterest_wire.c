/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/pinterest.h"

#define EPOCH_LEAST 1000000000LL /* a reset this large is a time, not a wait */
#define WAIT_MAX_S  86400

bool pinterest_is_digits(const char *id)
{
	return id && *id && id[strspn(id, "0123456789")] == '\0';
}

/* Seconds until calls are taken again; several windows may stand side by side, the first counts. */
static int64_t reset_s(struct arena *a, const struct http_reply *last, int64_t now_us)
{
	const char *text = http_reply_header(last, a, "x-ratelimit-reset");
	int64_t s = text ? strtoll(text, NULL, 10) : 0;

	if (s >= EPOCH_LEAST)
		s -= now_us / US_PER_S;
	if (s < 0)
		return 0;
	return s < WAIT_MAX_S ? s : WAIT_MAX_S;
}

static void read_error(struct arena *a, const json_t *doc, struct pinterest_reply *ret)
{
	const char *detail = json_string_value(json_object_get(doc, "message_detail"));

	ret->message = memo_id(a, doc, "message");
	if (ret->message && detail && *detail)
		ret->message = arena_printf(a, "%s %s", ret->message, detail);
	ret->code = (int)json_integer_value(json_object_get(doc, "code"));
}

void pinterest_read(struct arena *a, const struct http_reply *last, int64_t now_us,
		    struct pinterest_reply *ret)
{
	const json_t *doc = script_reply_json(a, last);

	*ret = (struct pinterest_reply){ .status = last->status };
	if (last->transfer == TRANSFER_REPLIED) {
		ret->rid = http_reply_header(last, a, "x-pinterest-rid");
		ret->retry_after_s = http_reply_retry_after_s(last, now_us);
		if (ret->retry_after_s < 0)
			ret->retry_after_s = reset_s(a, last, now_us);
	} else {
		ret->is_broken = true;
		ret->message = last->failure;
	}
	ret->json = doc;
	if (last->transfer == TRANSFER_REPLIED && last->status >= 200 && last->status <= 299) {
		ret->is_ok = true;
		return;
	}
	if (json_is_object(doc))
		read_error(a, doc, ret);
	ret->row =
		pinterest_error_find(last->status, ret->code, ret->is_broken ? NULL : ret->message);
}

/* What Pinterest writes may repeat a token that we sent. */
static const char *safe_words(struct arena *a, const char *message)
{
	if (message && (strstr(message, "pina_") || strstr(message, "pinr")))
		return NULL;
	return script_words(a, message);
}

enum script_move pinterest_fail(struct arena *a, const struct pinterest_reply *r,
				enum error_class class, struct step_result *ret)
{
	const char *message = safe_words(a, r->message), *code = NULL;

	if (r->code)
		code = arena_printf(a, "%d/%d", r->status, r->code);
	else if (r->status)
		code = arena_printf(a, "http_%d", r->status);
	if (message && r->rid)
		message = arena_printf(a, "%s (request %s)", message, r->rid);
	ret->outcome = (struct outcome){
		.retry_after_s = r->retry_after_s > 0 && r->row->retry_s ? r->retry_after_s
									 : r->row->retry_s,
		.error = { .code = r->row->error,
			   .message = r->row->sentence,
			   .who = r->row->who,
			   .platform_code = code,
			   .platform_message = message },
	};
	error_class_apply(class, &ret->outcome);
	return SCRIPT_DONE;
}

struct http_request *pinterest_call(const struct pinterest_caller *c, enum http_verb verb,
				    const char *label, const char *path_fmt, ...)
{
	struct http_request *r = http_request_new(c->arena, verb, label);
	const char *path;
	va_list ap;

	va_start(ap, path_fmt);
	path = arena_vprintf(c->arena, path_fmt, ap);
	va_end(ap);
	http_request_url(r, platform_text(c->app, "api_base"), "%s%s",
			 platform_text(c->app, "api_prefix"), path);
	if (c->token)
		http_request_bearer(r, c->token);
	return r;
}

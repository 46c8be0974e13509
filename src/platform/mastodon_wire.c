/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "platform/mastodon.h"

#define WAIT_MAX_S 86400

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = memo_text(object, key);

	return text ? text : "";
}

/* A limit's end is a date here: 2026-11-22T17:05:00.000000Z. */
static int64_t reset_wait_s(struct arena *a, const struct http_reply *last, int64_t now_us)
{
	const char *left = http_reply_header(last, a, "X-RateLimit-Remaining");
	const char *reset = http_reply_header(last, a, "X-RateLimit-Reset");
	int64_t at_us;

	if (!reset || (left && strcmp(left, "0") != 0) || rfc3339_parse(reset, &at_us) < 0)
		return 0;
	return at_us > now_us ? (at_us - now_us + US_PER_S - 1) / US_PER_S : 1;
}

static int64_t limit_wait_s(const struct platform_app *app, struct arena *a,
			    const struct http_reply *last, int64_t now_us)
{
	const int64_t named_s = http_reply_retry_after_s(last, now_us);
	const int64_t reset_s = reset_wait_s(a, last, now_us);
	const int64_t wait_s = named_s > reset_s ? named_s : reset_s;

	if (wait_s <= 0)
		return platform_int(app, "pause_fallback_s");
	return wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S;
}

void mastodon_read(const struct platform_app *app, struct arena *a, const struct http_reply *last,
		   int64_t now_us, struct mastodon_reply *ret)
{
	const bool is_2xx = last->status >= 200 && last->status <= 299;

	*ret = (struct mastodon_reply){ .status = last->status, .words = "" };
	if (last->transfer != TRANSFER_REPLIED) {
		ret->is_broken = true;
		ret->words = last->failure ? last->failure : "";
		ret->status = 0;
		ret->row = mastodon_error_find(ret);
		return;
	}
	ret->json = script_reply_json(a, last);
	if (http_reply_date_us(last) != INSTANT_NONE)
		ret->skew_us = http_reply_date_us(last) - now_us;
	if (is_2xx) {
		ret->is_ok = true;
		return;
	}
	ret->is_spoken = memo_text(ret->json, "error") != NULL;
	if (ret->is_spoken && *text_of(ret->json, "error_description"))
		ret->words = arena_printf(a, "%s: %s", text_of(ret->json, "error"),
					  text_of(ret->json, "error_description"));
	else
		ret->words = text_of(ret->json, "error");
	if (last->status == 429)
		ret->wait_s = limit_wait_s(app, a, last, now_us);
	ret->row = mastodon_error_find(ret);
}

enum script_move mastodon_fail(struct arena *a, const struct mastodon_reply *r,
			       enum error_class class, const char *subject, struct step_result *ret)
{
	ret->outcome = (struct outcome){
		.retry_after_s = r->wait_s,
		.error = { .code = r->is_broken ? POST_ERROR_NETWORK : r->row->code,
			   .message = subject ? arena_printf(a, "%s: %s", subject, r->row->sentence)
					      : r->row->sentence,
			   .who = r->row->who,
			   .platform_code =
				   r->status ? arena_printf(a, "http_%d", r->status) : NULL,
			   .platform_message = script_words(a, *r->words ? r->words : NULL) },
	};
	error_class_apply(class, &ret->outcome);
	return SCRIPT_DONE;
}

struct http_request *mastodon_call(const struct mastodon_call *c, enum http_verb verb,
				   const char *label, const char *path_fmt, ...)
{
	struct http_request *r = http_request_new(c->arena, verb, label);
	const char *path;
	va_list ap;

	va_start(ap, path_fmt);
	path = arena_vprintf(c->arena, path_fmt, ap);
	va_end(ap);
	http_request_url(r, c->server, "%s", path);
	r->is_to_users_host = true;
	if (c->token)
		http_request_bearer(r, c->token);
	return r;
}

const char *mastodon_server(const struct platform_account *account)
{
	return text_of(account->meta, "server");
}

struct mastodon_call mastodon_call_of(struct arena *a, const struct platform_account *account)
{
	return (struct mastodon_call){ a, mastodon_server(account), account->access_token };
}

const char *mastodon_local_id(struct arena *a, const struct platform_account *account)
{
	const char *id = account->remote_id ? account->remote_id : "";

	return arena_strndup(a, id, strcspn(id, "@"));
}

bool mastodon_is_id(const char *id)
{
	size_t n = 0;

	while (id && ((id[n] >= '0' && id[n] <= '9') || (id[n] >= 'a' && id[n] <= 'z') ||
		      (id[n] >= 'A' && id[n] <= 'Z') || id[n] == '-' || id[n] == '_'))
		n++;
	return n >= 1 && n <= 64 && id[n] == '\0';
}

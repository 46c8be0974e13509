/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "platform/bluesky.h"

#define WAIT_MAX_S 86400

static int64_t header_int(struct arena *a, const struct http_reply *last, const char *name)
{
	const char *text = http_reply_header(last, a, name);

	return text && *text >= '0' && *text <= '9' ? strtoll(text, NULL, 10) : -1;
}

static int64_t limit_wait_s(const struct platform_app *app, struct arena *a,
			    const struct http_reply *last, int64_t now_us)
{
	const int64_t reset_s = header_int(a, last, "ratelimit-reset");
	int64_t wait_s = http_reply_retry_after_s(last, now_us);

	if (reset_s > 0 && reset_s - now_us / US_PER_S > wait_s)
		wait_s = reset_s - now_us / US_PER_S;
	if (wait_s <= 0)
		return platform_int(app, "pause_fallback_s");
	return wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S;
}

void bluesky_read(const struct platform_app *app, struct arena *a, const struct http_reply *last,
		  int64_t now_us, struct bluesky_reply *ret)
{
	const json_t *doc = script_reply_json(a, last);
	const char *name = memo_text(doc, "error");

	*ret = (struct bluesky_reply){ .json = doc, .status = last->status, .name = "" };
	if (last->transfer != TRANSFER_REPLIED) {
		ret->is_broken = true;
		ret->message = last->failure;
		ret->status = 0;
	} else if (last->status >= 200 && last->status <= 299) {
		ret->is_ok = true;
		return;
	}
	if (name) {
		ret->is_xrpc = true;
		ret->name = name;
		ret->message = memo_text(doc, "message");
	}
	if (ret->status == 429)
		ret->wait_s = limit_wait_s(app, a, last, now_us);
	ret->row = bluesky_error_find(ret);
}

enum script_move bluesky_fail(struct arena *a, const struct bluesky_reply *r,
			      enum error_class class, const char *subject, struct step_result *ret)
{
	const char *sentence = r->row->sentence;

	ret->outcome = (struct outcome){
		.retry_after_s = r->wait_s,
		.error = { .code = r->is_broken ? POST_ERROR_NETWORK : r->row->code,
			   .message = subject ? arena_printf(a, "%s: %s", subject, sentence)
					      : sentence,
			   .who = r->row->who,
			   .platform_message = script_words(a, r->message) },
	};
	if (*r->name)
		ret->outcome.error.platform_code = arena_printf(a, "%d/%.80s", r->status, r->name);
	else if (r->status)
		ret->outcome.error.platform_code = arena_printf(a, "http_%d", r->status);
	error_class_apply(class, &ret->outcome);
	return SCRIPT_DONE;
}

static struct http_request *users_call(const struct bluesky_call *c, enum http_verb verb,
				       const char *label, const char *nsid)
{
	const char *server = memo_text(c->account->meta, "server");
	struct http_request *r = http_request_new(c->arena, verb, label);

	http_request_url(r, server ? server : "", "/xrpc/%s", nsid);
	r->is_to_users_host = true;
	return r;
}

struct http_request *bluesky_call(const struct bluesky_call *c, enum http_verb verb,
				  const char *label, const char *nsid)
{
	struct http_request *r = users_call(c, verb, label, nsid);

	bluesky_authorise(r, c->account, c->memo, c->now_us);
	return r;
}

struct http_request *bluesky_ask(const struct bluesky_call *c, const char *label, const char *nsid)
{
	return users_call(c, VERB_GET, label, nsid);
}

struct bluesky_call bluesky_call_of(const struct delivery *d)
{
	return (struct bluesky_call){ d->arena, d->account, d->memo, d->now_us };
}

bool bluesky_is_recent(const struct delivery *d, int64_t at_s, int64_t span_s)
{
	const int64_t now_s = d->now_us / US_PER_S;

	return at_s > 0 && at_s <= now_s && now_s - at_s < span_s;
}

bool bluesky_hear(const struct delivery *d, const struct http_reply *last,
		  struct bluesky_reply *ret)
{
	const bool is_wanted = bluesky_nonce_wanted(last, d->memo);

	bluesky_read(d->app, d->arena, last, d->now_us, ret);
	if (ret->is_ok)
		memo_set_int(d->memo, "spoke", d->now_us / US_PER_S);
	return is_wanted;
}

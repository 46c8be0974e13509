/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubt: whether a record stands under the post's own key. There is nothing to compare: nobody else
 * writes there. RecordNotFound from the account's own server is evidence of absence.
 */
#include <string.h>

#include "base/bug.h"
#include "platform/bluesky.h"

static enum script_move ask_record(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct bluesky_call c = bluesky_call_of(d);

	ret->request = bluesky_ask(&c, "bsky.getRecord", "com.atproto.repo.getRecord");
	http_request_query(ret->request, "repo", d->account->remote_id);
	http_request_query(ret->request, "collection", BLUESKY_POST);
	http_request_query(ret->request, "rkey", bluesky_key(d));
	return SCRIPT_SEND;
}

/* The account has moved to another server, or is closed: what is said there proves nothing. */
static bool is_absent(const struct bluesky_reply *r)
{
	if (BUG(bluesky_error_absent))
		return !r->is_ok;
	return r->is_xrpc && r->status == 400 && strcmp(r->name, "RecordNotFound") == 0;
}

static enum script_move read_record(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	struct bluesky_reply r;
	const char *uri, *cid;

	bluesky_read(d->app, d->arena, last, d->now_us, &r);
	uri = memo_text(r.json, "uri");
	cid = memo_text(r.json, "cid");
	if (r.is_ok && uri && cid && strcmp(uri, bluesky_uri(d)) == 0)
		return bluesky_published(d, uri, cid, ret);
	if (is_absent(&r)) {
		ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
		return SCRIPT_DONE;
	}
	if (!r.row)
		r.row = bluesky_error_find(&r);
	return bluesky_fail(d->arena, &r, CLASS_DOUBT, NULL, ret);
}

static const struct script_row recover_rows[] = {
	{ "record", ask_record, read_record },
	{ NULL, NULL, NULL },
};
static const struct script recover_script = { "recover", recover_rows };

enum step bluesky_recover(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_DOUBT;
	return script_run(&recover_script, d->memo, d, last, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postevent.h"

#include "base/buf.h"
#include "store/events.h"
#include "json/emit.h"

void postevent_emit_error(struct emit *e, const char *key, const struct post *p)
{
	if (!p->error_code) {
		emit_null(e, key);
		return;
	}
	emit_open(e, key);
	emit_text(e, "code", p->error_code);
	emit_text(e, "message", p->error_message);
	emit_text(e, "who", p->error_who);
	emit_text(e, "platform_code", p->platform_code);
	emit_text(e, "platform_message", p->platform_message);
	emit_bool(e, "retryable", p->error_retryable);
	emit_close(e);
}

int postevent_insert(struct db *db, const char *ws, const char *type, const struct post *post,
		     struct problem *reterr)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct emit e = EMIT(&data);
	struct event event = {
		.type = type,
		.subject_id = post->id,
		.livemode = post->livemode ? LIVEMODE_LIVE : LIVEMODE_TEST,
	};

	emit_open(&e, NULL);
	emit_text(&e, "id", post->id);
	emit_text(&e, "content_id", post->content_id);
	emit_text(&e, "account_id", post->account_id);
	emit_text(&e, "platform", post->platform);
	emit_text(&e, "status", post_status_a(post->state));
	emit_text(&e, "state", post_state_name(post->state));
	emit_instant(&e, "scheduled_at", post->due_us);
	emit_instant(&e, "published_at", post->published_us);
	emit_text(&e, "remote_post_id", post->remote_id);
	emit_text(&e, "remote_url", post->remote_url);
	postevent_emit_error(&e, "error", post);
	emit_close(&e);
	event.data = buf_str(&data);
	return store_events_insert(db, ws, &event, reterr);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/eventview.h"

#include <string.h>

#include "domain/webhook.h"

#define FRAME_BYTES 400 /* all members but data, generously */

static void emit_cut(struct emit *e, const struct event *event)
{
	emit_open(e, "data");
	emit_text(e, "id", event->subject_id);
	emit_bool(e, "is_cut", true);
	emit_close(e);
}

void eventview_emit(struct emit *e, const struct event *event)
{
	emit_open(e, NULL);
	emit_text(e, "id", event->id);
	emit_text(e, "type", event->type);
	emit_instant(e, "timestamp", event->created_us);
	if (event->livemode == LIVEMODE_ANY)
		emit_null(e, "livemode");
	else
		emit_bool(e, "livemode", event->livemode == LIVEMODE_LIVE);
	if (strlen(event->data) + FRAME_BYTES <= WEBHOOK_BODY_MAX)
		emit_raw(e, "data", event->data);
	else
		emit_cut(e, event);
	emit_close(e);
}

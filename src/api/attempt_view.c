/* SPDX-License-Identifier: Apache-2.0 */
#include "api/attempt_view.h"

#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/rfc3339.h"

/* clang-format off */
static const struct field evidence_fields[] = {
	{ .name = "at",             .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "words",          .kind = FIELD_TEXT },
	{ .name = "platform_code",  .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "remote_post_id", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema evidence_schema = { "AttemptEvidence", 0, evidence_fields };
static const struct field attempt_fields[] = {
	{ .name = "number",     .kind = FIELD_INT },
	{ .name = "state",      .kind = FIELD_TEXT, .sentence = "sent, in_doubt, effect or no_effect." },
	{ .name = "words",      .kind = FIELD_TEXT, .sentence = "The same for people." },
	{ .name = "sent_at",    .kind = FIELD_INSTANT },
	{ .name = "settled_at", .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "late_ms",    .kind = FIELD_INT, .flags = FIELD_NULLABLE, .sentence = "Start of the call, seen from the due time." },
	{ .name = "evidence",   .kind = FIELD_OBJECTS, .nested = &evidence_schema },
	{ .name = NULL },
};
const struct schema attempt_view_schema = { "PublishAttempt", 0, attempt_fields };

struct saying {
	const char *phase, *came_to; /* phase NULL: any */
	const char *words;
};

static const struct saying states[] = {
	{ NULL, "sent",      "It was sent; the platform's answer is awaited." },
	{ NULL, "in_doubt",  "It was sent and no usable answer came. It may be live; the platform is being asked." },
	{ NULL, "effect",    "The platform has published it." },
	{ NULL, "no_effect", "It published nothing, and that is certain." },
	{ NULL, NULL,        "Its state is not known." },
};

static const struct saying sayings[] = {
	{ "stage",   "published", "Before anything was sent the platform said that it is there already: that is being looked up." },
	{ "fire",    "published", "The platform answered that the post is live." },
	{ "fire",    "continued", "The platform answered that this part is live; the next one follows." },
	{ "fire",    "accepted",  "The platform took the post and is still working on it." },
	{ "fire",    "defer",     "The platform put it off without publishing anything." },
	{ "fire",    "refused",   "The platform refused it without publishing anything." },
	{ "fire",    "reauth",    "The platform no longer accepts the account's connection." },
	{ "fire",    "refresh",   "The access token was stale; it is renewed before the next attempt." },
	{ "fire",    "restage",   "What was prepared had expired; it is prepared anew." },
	{ "fire",    NULL,        "No usable answer came: whether it is live has to be found out." },
	{ "doubt",   "published", "It was found on the platform: it is live." },
	{ "doubt",   "continued", "This part was found on the platform: it is live, and the next one follows." },
	{ "doubt",   "accepted",  "It was found on the platform, which is still working on it." },
	{ "doubt",   "absent",    "The platform was asked, and it is not there." },
	{ "doubt",   "restage",   "The platform shows that it was never published and has expired; it is prepared anew." },
	{ "doubt",   NULL,        "The platform was asked, and the answer proves nothing." },
	{ "confirm", "published", "The platform confirms that it is live." },
	{ "confirm", "refused",   "The platform took the post and refused it while working on it." },
	{ "confirm", "restage",   "What the platform had taken expired without being published; it is prepared anew." },
	{ "confirm", NULL,        "The platform was asked how far it is." },
	{ NULL,      NULL,        "Something was noted." },
};
/* clang-format on */

static const char *say(const struct saying *rows, const char *phase, const char *came_to)
{
	for (;; rows++) {
		if ((!rows->phase || (phase && strcmp(rows->phase, phase) == 0)) &&
		    (!rows->came_to || (came_to && strcmp(rows->came_to, came_to) == 0)))
			return rows->words;
	}
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && *text ? text : NULL;
}

/* What no call has told. */
static const char *say_apart(const json_t *note)
{
	if (text_of(note, "resolved_by"))
		return "A person looked and settled it by hand.";
	if (text_of(note, "reconciled"))
		return "The database was restored: whether it had been sent before has to be found "
		       "out.";
	return NULL;
}

/* Our own sentence, then the explanation of the error where there was one. */
static void emit_words(struct emit *e, const json_t *note)
{
	CLEANUP(buf_done) struct buf words = BUF_INIT;
	const char *more = text_of(note, "words"), *apart = say_apart(note);

	buf_adds(&words,
		 apart ? apart : say(sayings, text_of(note, "phase"), text_of(note, "came_to")));
	if (more)
		buf_printf(&words, " %s", more);
	emit_text(e, "words", buf_str(&words));
}

static void emit_note(struct emit *e, const json_t *note)
{
	const json_t *at_us = json_object_get(note, "at_us");
	int64_t us = json_is_integer(at_us) ? (int64_t)json_integer_value(at_us) : INSTANT_NONE;
	const char *at = text_of(note, "at") ? text_of(note, "at") : text_of(note, "reconciled");

	if (at)
		rfc3339_parse(at, &us);
	emit_open(e, NULL);
	emit_instant(e, "at", us);
	emit_words(e, note);
	emit_text(e, "platform_code", text_of(note, "code"));
	emit_text(e, "remote_post_id", text_of(note, "remote_id"));
	emit_close(e);
}

static void emit_attempt(struct emit *e, const struct attempt_entry *t)
{
	json_t *notes = t->evidence ? json_loads(t->evidence, 0, NULL) : NULL;
	const json_t *note;
	size_t i;

	emit_open(e, NULL);
	emit_int(e, "number", t->seq);
	emit_text(e, "state", t->state);
	emit_text(e, "words", say(states, NULL, t->state));
	emit_instant(e, "sent_at", t->sent_us);
	emit_instant(e, "settled_at", t->settled_us);
	if (t->late_us == INT64_MIN)
		emit_null(e, "late_ms");
	else
		emit_int(e, "late_ms", t->late_us / US_PER_MS);
	emit_open_array(e, "evidence");
	json_array_foreach(notes, i, note) {
		emit_note(e, note);
	}
	emit_close_array(e);
	emit_close(e);
	json_decref(notes);
}

void attempt_view_emit(struct emit *e, const char *key, const struct attempt_entries *attempts)
{
	emit_open_array(e, key);
	for (size_t i = 0; i < attempts->n; i++)
		emit_attempt(e, &attempts->v[i]);
	emit_close_array(e);
}

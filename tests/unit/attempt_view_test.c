/* SPDX-License-Identifier: Apache-2.0 */
/* What history says of an attempt: every kind of evidence that is ever noted, in words; and of others. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "api/attempt_view.h"
#include "base/clock.h"
#include "support/suite.h"

static json_t *view(const char *state, const char *evidence)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct emit e = EMIT(&out);
	struct attempt_entry entry = {
		.seq = 1,
		.state = state,
		.sent_us = 1774276200 * US_PER_S,
		.settled_us = INSTANT_NONE,
		.late_us = INT64_MIN,
		.evidence = evidence,
	};
	const struct attempt_entries entries = { &entry, 1 };
	json_t *all;

	emit_open(&e, NULL);
	attempt_view_emit(&e, "log", &entries);
	emit_close(&e);
	all = json_loads(buf_str(&out), 0, NULL);
	ck_assert_ptr_nonnull(all);
	return all;
}

static const char *words_of(const json_t *all, bool of_evidence)
{
	const json_t *entry = json_array_get(json_object_get(all, "log"), 0);

	if (of_evidence)
		entry = json_array_get(json_object_get(entry, "evidence"), 0);
	return json_string_value(json_object_get(entry, "words"));
}

struct row {
	const char *phase, *came_to, *words;
};

/* clang-format off */
static const struct row rows[] = {
	{ "stage",   "published", "Before anything was sent the platform said that it is there already: that is being looked up." },
	{ "fire",    "published", "The platform answered that the post is live." },
	{ "fire",    "continued", "The platform answered that this part is live; the next one follows." },
	{ "fire",    "accepted",  "The platform took the post and is still working on it." },
	{ "fire",    "defer",     "The platform put it off without publishing anything." },
	{ "fire",    "refused",   "The platform refused it without publishing anything." },
	{ "fire",    "reauth",    "The platform no longer accepts the account's connection." },
	{ "fire",    "refresh",   "The access token was stale; it is renewed before the next attempt." },
	{ "fire",    "restage",   "What was prepared had expired; it is prepared anew." },
	{ "fire",    "unknown",   "No usable answer came: whether it is live has to be found out." },
	{ "doubt",   "published", "It was found on the platform: it is live." },
	{ "doubt",   "continued", "This part was found on the platform: it is live, and the next one follows." },
	{ "doubt",   "accepted",  "It was found on the platform, which is still working on it." },
	{ "doubt",   "absent",    "The platform was asked, and it is not there." },
	{ "doubt",   "restage",   "The platform shows that it was never published and has expired; it is prepared anew." },
	{ "doubt",   "defer",     "The platform was asked, and the answer proves nothing." },
	{ "doubt",   "refused",   "The platform was asked, and the answer proves nothing." },
	{ "doubt",   "reauth",    "The platform was asked, and the answer proves nothing." },
	{ "doubt",   "refresh",   "The platform was asked, and the answer proves nothing." },
	{ "doubt",   "unknown",   "The platform was asked, and the answer proves nothing." },
	{ "confirm", "published", "The platform confirms that it is live." },
	{ "confirm", "refused",   "The platform took the post and refused it while working on it." },
	{ "confirm", "restage",   "What the platform had taken expired without being published; it is prepared anew." },
	{ "confirm", "accepted",  "The platform was asked how far it is." },
	{ "confirm", "defer",     "The platform was asked how far it is." },
	{ "confirm", "unknown",   "The platform was asked how far it is." },
	{ "later",   "published", "Something was noted." },
};
/* clang-format on */

START_TEST(each_evidence_has_its_words)
{
	char text[200];
	json_t *all;

	(void)snprintf(text, sizeof(text), "[{\"at_us\":1,\"phase\":\"%s\",\"came_to\":\"%s\"}]",
		       rows[_i].phase, rows[_i].came_to);
	all = view("in_doubt", text);
	ck_assert_str_eq(words_of(all, true), rows[_i].words);
	json_decref(all);
}
END_TEST

static const struct {
	const char *state, *words;
} states[] = {
	{ "sent", "It was sent; the platform's answer is awaited." },
	{ "in_doubt", "It was sent and no usable answer came. It may be live; the platform is "
		      "being asked." },
	{ "effect", "The platform has published it." },
	{ "no_effect", "It published nothing, and that is certain." },
	{ "later", "Its state is not known." },
};

START_TEST(each_state_has_its_words)
{
	json_t *all = view(states[_i].state, NULL);

	ck_assert_str_eq(words_of(all, false), states[_i].words);
	json_decref(all);
}
END_TEST

static const struct {
	const char *note, *words;
} notes[] = {
	{ "{\"resolved_by\":\"user_1\",\"at\":\"2026-03-23T14:30:00Z\"}",
	  "A person looked and settled it by hand." },
	{ "{\"reconciled\":\"2026-03-23T14:30:00Z\"}",
	  "The database was restored: whether it had been sent before has to be found out." },
	{ "{\"at_us\":1774276200000000,\"phase\":\"fire\",\"came_to\":\"defer\",\"words\":\"X "
	  "wants fewer calls.\"}",
	  "The platform put it off without publishing anything. X wants fewer calls." },
};

/* Those that no call made, and the error's own sentence; each with its time. */
START_TEST(other_notes_have_words_and_time)
{
	char text[300];
	const json_t *note;
	json_t *all;

	(void)snprintf(text, sizeof(text), "[%s]", notes[_i].note);
	all = view("in_doubt", text);
	ck_assert_str_eq(words_of(all, true), notes[_i].words);
	note = json_array_get(
		json_object_get(json_array_get(json_object_get(all, "log"), 0), "evidence"), 0);
	ck_assert_pstr_eq(json_string_value(json_object_get(note, "at")), "2026-03-23T14:30:00Z");
	json_decref(all);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ each_evidence_has_its_words, (int)ARRAY_LEN(rows) },
		{ each_state_has_its_words, (int)ARRAY_LEN(states) },
		{ other_notes_have_words_and_time, (int)ARRAY_LEN(notes) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "attempt_view", .cases = cases });
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/world.h"

#include <string.h>

#include "base/cleanup.h"

void world_start(struct world *w, const struct setup *s)
{
	memset(w, 0, sizeof(*w));
	w->db.row.state = POST_QUEUED;
	memcpy(w->budget, s->budget, sizeof(w->budget));
}

bool world_is_end(const struct world *w)
{
	const enum post_state now = w->db.row.state;

	return post_state_is_terminal(now) || now == POST_UNCONFIRMED || now == POST_PAUSED;
}

static bool may_still_happen(const struct world *w)
{
	for (int i = 0; i < WIRES; i++) {
		if (w->wire[i].attempt && !w->wire[i].reply)
			return true;
	}
	return w->processing == 1;
}

void world_check(struct world *w)
{
	const enum post_state now = w->db.row.state;
	const bool is_ended = post_state_is_terminal(now) && now != POST_PUBLISHED;
	int open_n = 0;

	for (int i = 1; i < PERMITS; i++)
		open_n += database_is_open(&w->db.attempt[i]);
	if (w->effects > 1)
		w->found = TWO_EFFECTS;
	else if (now == POST_PUBLISHED && !w->effects)
		w->found = PUBLISHED_WITHOUT_EFFECT;
	else if (is_ended && w->effects)
		w->found = ENDED_WITH_EFFECT;
	else if (is_ended && may_still_happen(w))
		w->found = ENDED_WITH_REQUEST;
	else if (open_n > 1)
		w->found = TWO_LIVE_ATTEMPTS;
}

/* A journal is for what the database has forgotten. */
static void tidy_journals(struct world *w)
{
	uint8_t kept = 0;

	if (w->budget[FAILOVER] > 0)
		return;
	for (int i = 1; i < PERMITS; i++) {
		if (w->db.attempt[i].state == ATTEMPT_NONE)
			kept |= (uint8_t)(1u << i);
	}
	w->journals &= kept;
	for (int i = 0; i < RUNNERS; i++)
		w->run[i].journal &= kept;
}

static uint8_t other(uint8_t runner)
{
	return runner == 0 ? 0 : (uint8_t)(RUNNERS + 1 - runner);
}

static void swap_runners(struct world *w)
{
	const struct runner first = w->run[0];

	w->run[0] = w->run[1];
	w->run[1] = first;
	w->db.row.owner = other(w->db.row.owner);
	w->replica.row.owner = other(w->replica.row.owner);
	w->ghost_of = other(w->ghost_of);
	for (int i = 0; i < WIRES; i++)
		w->wire[i].runner = other(w->wire[i].runner);
}

static void tidy_wires(struct world *w)
{
	struct wire kept[WIRES] = { 0 };
	int n = 0;

	for (int i = 0; i < WIRES; i++) {
		if (w->wire[i].attempt)
			kept[n++] = w->wire[i];
	}
	memcpy(w->wire, kept, sizeof(kept));
}

bool world_tidy(struct world *w)
{
	bool is_swapped = memcmp(&w->run[0], &w->run[1], sizeof(w->run[0])) < 0;

	if (is_swapped)
		swap_runners(w);
	tidy_journals(w);
	tidy_wires(w);
	for (int i = 1; i < PERMITS; i++) {
		if (!database_uses_permit(w, i))
			w->age[i] = w->seq[i] = 0;
	}
	return is_swapped;
}

const char *world_fault_words(enum fault_found found)
{
	static const char *const words[FAULTS_FOUND] = {
		[FINE] = "nothing wrong",
		[TWO_EFFECTS] = "the post is out twice",
		[PUBLISHED_WITHOUT_EFFECT] = "published, but it is not out",
		[ENDED_WITH_EFFECT] = "failed, missed or cancelled, but it is out",
		[ENDED_WITH_REQUEST] = "ended while a request may still be carried out",
		[TWO_LIVE_ATTEMPTS] = "two live attempts",
		[SENT_WITHOUT_PERMIT] = "sent without a permit",
		[SENT_TOO_LATE] = "sent after the deadline of its permit",
		[SENT_OTHER_TEXT] = "a permit for a text that was replaced before",
		[UNLAWFUL_MOVE] = "a move that the table of states does not list",
		[NO_WAY_OUT] = "without further trouble the post never comes to an end",
	};

	return words[found];
}

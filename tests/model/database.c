/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "model/world.h"

static uint8_t sum_to(uint8_t a, int b, int most)
{
	return (uint8_t)(a + b < most ? a + b : most);
}

/* Counters only ever matter against what a runner remembers, so that is what is kept. */
void database_bump(struct world *w, int by, bool has_fence)
{
	for (int i = 0; i < RUNNERS; i++) {
		if (has_fence)
			w->run[i].fence_off = 1;
		w->run[i].version_off = sum_to(w->run[i].version_off, by, 3);
	}
}

bool database_is_open(const struct attempt *t)
{
	return t->state == ATTEMPT_SENT || t->state == ATTEMPT_IN_DOUBT;
}

static bool has_open(const struct database *d)
{
	for (int i = 1; i < PERMITS; i++) {
		if (database_is_open(&d->attempt[i]))
			return true;
	}
	return false;
}

/* Old attempts that are proven void decide nothing any more, unless a journal remembers them. */
static void forget_void(struct world *w)
{
	const uint8_t kept = w->journals | w->run[0].journal | w->run[1].journal;
	struct database *d = &w->db;

	for (int i = 1; i < PERMITS; i++) {
		if (i != d->row.current && d->attempt[i].state == ATTEMPT_NO_EFFECT &&
		    !(kept & (1u << i)))
			memset(&d->attempt[i], 0, sizeof(d->attempt[i]));
	}
}

bool database_uses_permit(const struct world *w, int id)
{
	const uint8_t bit = (uint8_t)(1u << id);
	bool used = w->db.attempt[id].state || w->replica.attempt[id].state ||
		    (w->journals & bit) || w->ghost.attempt == id;

	for (int i = 0; i < RUNNERS; i++)
		used |= w->run[i].attempt == id || w->run[i].change.attempt == id ||
			(w->run[i].journal & bit);
	for (int i = 0; i < WIRES; i++)
		used |= w->wire[i].attempt == id;
	return used;
}

uint8_t database_free_permit(const struct world *w)
{
	for (int i = 1; i < PERMITS; i++) {
		if (!database_uses_permit(w, i))
			return (uint8_t)i;
	}
	return 0;
}

bool database_claim(struct world *w, int who)
{
	struct row *r = &w->db.row;
	const bool is_waiting = r->state == POST_QUEUED || r->state == POST_RETRYING;

	if (r->wake != 0 || w->ghost_of)
		return false;
	database_bump(w, is_waiting, true);
	if (is_waiting)
		r->state = POST_STAGING;
	r->owner = (uint8_t)(who + 1);
	r->claims = sum_to(r->claims, 1, 3);
	r->wake = LEASE_TICKS;
	return true;
}

static void settle(struct world *w, const struct setup *s, const struct change *c, bool *ret_open)
{
	const bool is_misled = s->bug == BUG_SETTLE_WITHOUT_PERMIT;
	struct attempt *t = &w->db.attempt[is_misled ? w->db.row.current : c->attempt];

	if (c->is_reopened && t->state == ATTEMPT_NO_EFFECT)
		t->state = ATTEMPT_IN_DOUBT;
	*ret_open = database_is_open(t) || (s->bug == BUG_SETTLE_WHAT_IS_CLOSED && t->state);
	if (!*ret_open)
		return;
	t->state = c->settle;
	t->negatives = c->negatives;
	if (c->is_counted)
		t->read_at = c->read_at;
}

/* What somebody saw who has lost the post: told by permit, to whoever holds it now. */
void database_report(struct world *w, const struct setup *s, const struct change *c)
{
	struct row *r = &w->db.row;
	bool is_open = false;

	if (!c->has_settlement || c->is_reopened)
		return;
	settle(w, s, c, &is_open);
	if (!is_open || c->settle == ATTEMPT_IN_DOUBT || !post_state_is_committed(r->state))
		return;
	r->state = c->settle == ATTEMPT_EFFECT ? POST_CONFIRMING : POST_RETRYING;
	r->owner = r->wake = 0;
	database_bump(w, 1, true);
}

static enum permit_said commit_permit(struct world *w, const struct setup *s, int who,
				      const struct change *c)
{
	struct row *r = &w->db.row;
	const struct runner *me = &w->run[who];
	const bool is_as_known = !me->fence_off && !me->version_off && r->state == POST_STAGED;

	if (!is_as_known && s->bug != BUG_IGNORE_CANCEL)
		return SAID_LOST;
	if (has_open(&w->db) && s->bug != BUG_NO_UNIQUE_LIVE) {
		database_bump(w, 2, false);
		return SAID_BUSY;
	}
	if (c->revision != r->revision)
		w->found = SENT_OTHER_TEXT;
	r->attempts = sum_to(r->attempts, 1, DELIVERY_ATTEMPTS_MAX);
	r->current = c->attempt;
	r->state = POST_PUBLISHING;
	r->claims = 0;
	r->wake = LEASE_TICKS;
	w->seq[c->attempt] = r->attempts;
	w->db.attempt[c->attempt] = (struct attempt){ ATTEMPT_SENT, 0, NEVER };
	forget_void(w);
	database_bump(w, 1, false);
	return SAID_OURS;
}

static void write_row(struct world *w, const struct change *c)
{
	struct row *r = &w->db.row;

	if (!post_state_may_become(r->state, c->state))
		w->found = UNLAWFUL_MOVE;
	r->state = c->state;
	r->tries = c->tries;
	r->claims = 0;
	r->handle = c->handle;
	r->is_accepted = c->is_accepted;
	r->wake = c->keep_lease ? LEASE_TICKS : c->is_never ? NEVER : 0;
	if (!c->keep_lease)
		r->owner = 0;
	database_bump(w, 1, false);
}

enum permit_said database_commit(struct world *w, const struct setup *s, int who,
				 const struct change *c)
{
	const struct runner *me = &w->run[who];
	bool is_open = false;

	if (c->kind == CHANGE_PERMIT)
		return commit_permit(w, s, who, c);
	if ((me->fence_off || me->version_off) && s->bug != BUG_NO_FENCE) {
		database_report(w, s, c);
		return SAID_LOST;
	}
	write_row(w, c);
	if (c->is_discovery) {
		w->db.row.current = c->attempt;
		w->db.row.attempts = sum_to(w->db.row.attempts, 1, DELIVERY_ATTEMPTS_MAX);
		w->seq[c->attempt] = w->db.row.attempts;
		w->db.attempt[c->attempt] = (struct attempt){ ATTEMPT_IN_DOUBT, 0, NEVER };
	}
	if (c->has_settlement)
		settle(w, s, c, &is_open);
	forget_void(w);
	return SAID_OURS;
}

/* A later permit is given only after proof that the earlier attempt came to nothing. */
static void void_older(struct world *w, uint8_t seq)
{
	for (int i = 1; i < PERMITS; i++) {
		if (database_is_open(&w->db.attempt[i]) && w->seq[i] < seq)
			w->db.attempt[i].state = ATTEMPT_NO_EFFECT;
	}
}

static void restore_one(struct world *w, const struct setup *s, uint8_t id)
{
	struct row *r = &w->db.row;

	if (w->db.attempt[id].state)
		return;
	if (s->bug != BUG_RESTORE_YIELDS_TO_OLDER)
		void_older(w, w->seq[id]);
	if (has_open(&w->db) || (r->current && r->attempts >= w->seq[id]))
		return;
	w->db.attempt[id] = (struct attempt){ ATTEMPT_IN_DOUBT, 0, NEVER };
	if (r->state == POST_PUBLISHED)
		return;
	r->state = POST_CONFIRMING;
	r->owner = r->wake = r->claims = 0;
	r->attempts = w->seq[id];
	r->current = id;
	database_bump(w, 1, true);
}

void database_restore(struct world *w, const struct setup *s, uint8_t journal)
{
	for (int i = 1; i < PERMITS; i++) {
		if (journal & (1u << i))
			restore_one(w, s, (uint8_t)i);
	}
}

/* ---- people ---- */

static void take_back(struct world *w, enum post_state state, uint8_t wake)
{
	struct row *r = &w->db.row;

	r->state = (uint8_t)state;
	r->wake = wake;
	r->owner = r->handle = 0;
	r->is_accepted = false;
	database_bump(w, 1, true);
}

static void queue_again(struct world *w)
{
	take_back(w, POST_QUEUED, 0);
	w->db.row.claims = w->db.row.tries = 0;
}

static bool is_touchable(const struct world *w)
{
	return !w->ghost_of && !has_open(&w->db) && !post_state_is_committed(w->db.row.state) &&
	       w->db.row.state != POST_PUBLISHED;
}

static bool cancel(struct world *w, const struct setup *s, int who, int choice)
{
	const bool is_wild = s->bug == BUG_CANCEL_AFTER_PERMIT &&
			     w->db.row.state == POST_PUBLISHING && !w->ghost_of;

	(void)who, (void)choice;
	if (!is_wild && (!is_touchable(w) || !post_state_is_editable(w->db.row.state)))
		return false;
	take_back(w, POST_CANCELLED, NEVER);
	return true;
}

static bool edit(struct world *w, const struct setup *s, int who, int choice)
{
	struct row *r = &w->db.row;
	const bool is_pausing = r->state == POST_PAUSED;
	const uint8_t kept_owner = r->owner, kept_wake = r->wake, kept_state = r->state;

	(void)who, (void)choice;
	if (!is_touchable(w) || !post_state_is_editable(r->state))
		return false;
	r->revision = !r->revision;
	if (s->bug == BUG_EDIT_KEEPS_FENCE) {
		r->owner = kept_owner;
		r->wake = kept_wake;
		r->state = kept_state;
	} else if (is_pausing) {
		take_back(w, POST_PAUSED, NEVER);
	} else {
		queue_again(w);
	}
	return true;
}

static bool set_aside(struct world *w, const struct setup *s, int who, int choice)
{
	const enum post_state now = w->db.row.state;

	(void)s, (void)who, (void)choice;
	if (w->ghost_of || !post_state_is_editable(now) || now == POST_PAUSED)
		return false;
	take_back(w, POST_PAUSED, NEVER);
	return true;
}

static bool revive(struct world *w, const struct setup *s, int who, int choice)
{
	const enum post_state now = w->db.row.state;

	(void)s, (void)who, (void)choice;
	if (!is_touchable(w) || (now != POST_PAUSED && !post_state_is_terminal(now)))
		return false;
	queue_again(w);
	w->is_late = false;
	return true;
}

static bool take_now(struct world *w, const struct setup *s, int who, int choice)
{
	struct row *r = &w->db.row;
	struct runner *me = &w->run[who];
	const bool is_takable = post_state_is_editable(r->state) || r->state == POST_FAILED ||
				r->state == POST_MISSED;

	(void)s, (void)choice;
	if (me->at != AT_IDLE || w->ghost_of || !is_takable || r->state == POST_PAUSED)
		return false;
	if (r->state != POST_STAGED)
		r->state = POST_STAGING;
	r->owner = (uint8_t)(who + 1);
	r->claims = 1;
	r->is_immediate = true;
	r->wake = LEASE_TICKS;
	r->tries = 0;
	database_bump(w, 1, true);
	me->at = AT_NEW;
	return true;
}

static bool is_on_its_way(const struct world *w)
{
	for (int i = 0; i < WIRES; i++) {
		if (w->wire[i].attempt && !w->wire[i].reply)
			return true;
	}
	return w->processing == 1;
}

/* Whoever is asked looks at the platform and says what is true. */
static bool resolve(struct world *w, const struct setup *s, int who, int choice)
{
	const enum attempt_state verdict = w->effects ? ATTEMPT_EFFECT : ATTEMPT_NO_EFFECT;

	(void)s, (void)who, (void)choice;
	if (w->db.row.state != POST_UNCONFIRMED || w->ghost_of || is_on_its_way(w))
		return false;
	for (int i = 1; i < PERMITS; i++) {
		if (database_is_open(&w->db.attempt[i]))
			w->db.attempt[i].state = (uint8_t)verdict;
	}
	if (w->effects) {
		take_back(w, POST_PUBLISHED, NEVER);
		return true;
	}
	queue_again(w);
	w->db.row.is_immediate = true;
	return true;
}

/* ---- time and trouble of the database ---- */

static bool end_ghost(struct world *w, const struct setup *s, int who, int choice)
{
	const struct change c = w->ghost;
	const int of = w->ghost_of - 1;

	(void)who;
	if (!w->ghost_of)
		return false;
	w->ghost_of = 0;
	memset(&w->ghost, 0, sizeof(w->ghost));
	/* The row was locked since: nobody can have come between. */
	if (choice == 0)
		(void)database_commit(w, s, of, &c);
	return true;
}

static bool go_late(struct world *w, const struct setup *s, int who, int choice)
{
	(void)s, (void)who, (void)choice;
	if (w->is_late)
		return false;
	return w->is_late = true;
}

static bool copy_to_replica(struct world *w, const struct setup *s, int who, int choice)
{
	(void)s, (void)who, (void)choice;
	if (w->has_replica || w->budget[FAILOVER] == 0)
		return false;
	w->replica = w->db;
	return w->has_replica = true;
}

/* What was committed since is forgotten; every process starts anew, and merges the journals first. */
static bool fail_over(struct world *w, const struct setup *s, int who, int choice)
{
	(void)who, (void)choice;
	if (!w->has_replica)
		return false;
	w->db = w->replica;
	memset(&w->replica, 0, sizeof(w->replica));
	memset(&w->ghost, 0, sizeof(w->ghost));
	w->ghost_of = 0;
	for (int i = 0; i < RUNNERS; i++) {
		w->journals |= w->run[i].journal;
		memset(&w->run[i], 0, sizeof(w->run[i]));
		w->run[i].at = AT_DOWN;
	}
	for (int i = 0; i < WIRES; i++)
		w->wire[i].runner = 0;
	if (s->bug != BUG_JOURNAL_IGNORED)
		database_restore(w, s, w->journals);
	return true;
}

static const char *const ghost_words[] = { "it was carried out", "it was rolled back" };

/* clang-format off */
const struct step_row database_steps[] = {
	{ "somebody cancels",                            HUMAN,    false, 1, cancel, NULL },
	{ "somebody edits the text",                     HUMAN,    false, 1, edit, NULL },
	{ "the approval is voided",                      HUMAN,    false, 1, set_aside, NULL },
	{ "somebody revives the post",                   HUMAN,    false, 1, revive, NULL },
	{ "publish-now takes the post",                  HUMAN,    true,  1, take_now, NULL },
	{ "somebody resolves the doubt",                 HUMAN,    false, 1, resolve, NULL },
	{ "the unanswered COMMIT ends",                  ORDINARY, false, 2, end_ghost, ghost_words },
	{ "the late limit passes",                       HUMAN,    false, 1, go_late, NULL },
	{ "the replica gets its last transaction",       ORDINARY, false, 1, copy_to_replica, NULL },
	{ "failover to the replica",                     FAILOVER, false, 1, fail_over, NULL },
	{ NULL, ORDINARY, false, 0, NULL, NULL },
};
/* clang-format on */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publishing protocol, looked at as a whole: in every order of its steps, whatever fails,
 * nothing goes out twice and nothing is told that is not so. Then the looking itself: each bug
 * planted in the protocol must be found. CARILLON_MODEL=deep (make model) allows more trouble at
 * once; CARILLON_MODEL_TRACE=<file> keeps the shortest way to each planted bug.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/explore.h"
#include "support/suite.h"

#define STATES_MOST 40000000
#define BUGS_FIRST  (BUG_NONE + 1)

struct profile { /* how much trouble at most, by kind */
	bool is_keyed, is_deep;
	uint8_t budget[KINDS];
};

/* clang-format off */
static const struct profile profiles[] = {
	/* keyed  deep       faults kills stalls people commits failovers */
	{ false, false, { 0, 0,     0,    0,     0,     0,      0 } },
	{ false, false, { 0, 1,     1,    0,     0,     0,      0 } },
	{ false, false, { 0, 1,     0,    1,     0,     0,      0 } },
	{ false, false, { 0, 1,     2,    0,     0,     0,      0 } },
	{ false, false, { 0, 2,     1,    0,     0,     0,      0 } },
	{ false, false, { 0, 0,     0,    2,     0,     0,      0 } },
	{ false, false, { 0, 1,     0,    0,     2,     0,      0 } },
	{ false, false, { 0, 0,     1,    0,     1,     1,      0 } },
	{ false, false, { 0, 1,     0,    0,     0,     0,      1 } },
	{ false, false, { 0, 0,     0,    1,     0,     0,      1 } },
	{ true,  false, { 0, 1,     1,    0,     0,     0,      0 } },
	{ true,  false, { 0, 2,     0,    0,     1,     0,      0 } },
	{ true,  false, { 0, 1,     0,    1,     0,     0,      0 } },
	{ true,  false, { 0, 1,     0,    0,     2,     0,      0 } },
	{ true,  false, { 0, 1,     0,    0,     0,     0,      1 } },
	{ false, true,  { 0, 1,     1,    1,     0,     0,      0 } },
	{ false, true,  { 0, 1,     0,    1,     1,     0,      0 } },
	{ false, true,  { 0, 0,     1,    1,     0,     1,      0 } },
	{ false, true,  { 0, 0,     0,    1,     1,     1,      0 } },
	{ false, true,  { 0, 2,     2,    0,     0,     0,      0 } },
	{ false, true,  { 0, 2,     0,    1,     0,     0,      0 } },
	{ false, true,  { 0, 1,     0,    0,     1,     0,      1 } },
	{ false, true,  { 0, 1,     1,    0,     1,     1,      0 } },
	{ false, true,  { 0, 1,     0,    0,     0,     1,      1 } },
	{ true,  true,  { 0, 1,     1,    1,     0,     0,      0 } },
	{ true,  true,  { 0, 1,     0,    1,     1,     0,      0 } },
	{ true,  true,  { 0, 2,     0,    1,     0,     0,      0 } },
	{ true,  true,  { 0, 1,     1,    0,     0,     0,      1 } },
};

struct planted {
	const char *words;
	uint8_t budget[KINDS];
};

static const struct planted planted[BUGS] = {
	[BUG_RESEND_ON_LEASE_EXPIRY] = { "send again when the lease runs out", { 0, 0, 1 } },
	[BUG_NO_UNIQUE_LIVE]         = { "the schema allows two live attempts", { 0, 0, 1 } },
	[BUG_TRUST_5XX]              = { "an error reply means no effect", { 0, 1 } },
	[BUG_NO_QUARANTINE]          = { "no quarantine before absence counts", { 0, 1 } },
	[BUG_ONE_NEGATIVE]           = { "one reading proves absence", { 0, 1, 1 } },
	[BUG_NO_GAP]                 = { "two readings at the same moment", { 0, 1, 1 } },
	[BUG_READ_DATED_BY_ITS_ANSWER] = { "a reading is dated by its answer", { 0, 1, 1 } },
	[BUG_NEWEST_IS_OURS]         = { "the newest item is taken for ours", { 0, 1 } },
	[BUG_UNKNOWN_READ_IS_ABSENT] = { "a failed reading proves absence", { 0, 2, 1 } },
	[BUG_IGNORE_CANCEL]          = { "the permit ignores a cancellation", { 0, 0, 0, 0, 1 } },
	[BUG_EDIT_KEEPS_FENCE]       = { "an edit leaves fence and version", { 0, 0, 0, 0, 1 } },
	[BUG_NO_FENCE]               = { "updates without fence and version", { 0, 0, 0, 1 } },
	[BUG_NO_SEND_DEADLINE]       = { "no deadline for sending", { 0, 0, 0, 1 } },
	[BUG_NO_WATCHDOG]            = { "no timer behind the deadline", { 0, 0, 0, 1 } },
	[BUG_SEND_BEFORE_COMMIT]     = { "sent before the permit is committed", { 0 } },
	[BUG_UNKNOWN_COMMIT_IS_DONE] = { "a COMMIT without an answer is done", { 0, 0, 0, 0, 0, 1 } },
	[BUG_JOURNAL_IGNORED]        = { "the journal is ignored at failover", { 0, 0, 0, 0, 0, 0, 1 } },
	[BUG_NO_JOURNAL]             = { "nothing is journalled", { 0, 0, 0, 0, 0, 0, 1 } },
	[BUG_SETTLE_WITHOUT_PERMIT]  = { "settled by post, not by permit", { 0, 1, 0, 1 } },
	[BUG_SETTLE_WHAT_IS_CLOSED]  = { "a late reply reopens what is closed", { 0, 1, 0, 1 } },
	[BUG_DOUBT_IS_FAILURE]       = { "a lost reply is a failure", { 0, 1 } },
	[BUG_CANCEL_AFTER_PERMIT]    = { "cancelled after the permit", { 0, 0, 0, 0, 1 } },
	[BUG_CLIENT_SENDS_TWICE]     = { "the client repeats the request itself", { 0 } },
	[BUG_VOID_WHAT_WAS_SENT]     = { "no reply in time means not sent", { 0, 1 } },
	[BUG_CLAIM_BEFORE_LOOKING_UP] = { "claims before an unknown COMMIT is looked up",
					  { 0, 0, 1, 1, 0, 1 } },
	[BUG_RESTORE_YIELDS_TO_OLDER] = { "a journalled permit yields to an older attempt",
					  { 0, 0, 0, 1, 0, 0, 1 } },
};
/* clang-format on */

static bool is_deep_wanted(void)
{
	const char *value = getenv("CARILLON_MODEL");

	return value && strcmp(value, "deep") == 0;
}

START_TEST(protocol_holds_in_every_order)
{
	const struct profile *p = &profiles[_i];
	struct setup s = { .is_keyed = p->is_keyed };
	struct exploration e;

	if (p->is_deep && !is_deep_wanted())
		return;
	memcpy(s.budget, p->budget, sizeof(s.budget));
	explore(&s, STATES_MOST, stdout, &e);
	printf("%-8s faults %d, kills %d, stalls %d, people %d, commits %d, failovers %d: "
	       "%llu states, %llu transitions, depth %u%s\n",
	       s.is_keyed ? "keyed" : "one-shot", p->budget[FAULT], p->budget[CRASH],
	       p->budget[STALL], p->budget[HUMAN], p->budget[AMBIGUOUS], p->budget[FAILOVER],
	       (unsigned long long)e.states, (unsigned long long)e.transitions, e.depth,
	       e.is_cut ? ", cut short" : "");
	(void)fflush(stdout);
	ck_assert_msg(e.found == FINE, "%s, after %u steps", world_fault_words(e.found), e.trace_n);
	ck_assert_msg(e.states >= 100, "only %llu states", (unsigned long long)e.states);
	ck_assert(p->is_deep || !e.is_cut);
}
END_TEST

START_TEST(planted_bug_is_found)
{
	const enum bug bug = (enum bug)(BUGS_FIRST + _i);
	const struct planted *b = &planted[bug];
	const char *path = getenv("CARILLON_MODEL_TRACE");
	struct setup s = { .bug = bug };
	FILE *trace = path ? fopen(path, "a") : NULL;
	struct exploration e;

	memcpy(s.budget, b->budget, sizeof(s.budget));
	if (trace)
		(void)fprintf(trace, "%s: ", b->words);
	explore(&s, STATES_MOST, trace, &e);
	if (trace)
		(void)fclose(trace);
	printf("planted %2d, %s: %s, %u steps, %llu states\n", (int)bug, b->words,
	       world_fault_words(e.found), e.trace_n, (unsigned long long)e.states);
	(void)fflush(stdout);
	ck_assert_msg(e.found != FINE, "not found: %s", b->words);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ protocol_holds_in_every_order, (int)ARRAY_LEN(profiles) },
		{ planted_bug_is_found, BUGS - BUGS_FIRST },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "model", .timeout_s = 3600, .cases = cases });
}

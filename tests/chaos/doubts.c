/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why posts ended as unconfirmed: what their reads came to, as the attempt in doubt has kept it,
 * and whether the post is there, as the truth log says. The read that ended the doubt names the
 * reason; what fits none is a riddle, for people to look into.
 */
#include <string.h>

#include "base/cleanup.h"
#include "verify.h"

/* What an adapter says of a read that came through and settled nothing. */
static const struct {
	const char *code, *words; /* words: part of the sentence; NULL: any */
	bool is_of_alikes;        /* of a post with a text of its own it would be a riddle */
	const char *why;
} answers[] = {
	{ "ambiguous", "more than could be read", false, "the list is longer than is read" },
	{ "not_covered", NULL, false, "the list is longer than is read" },
	{ "ambiguous", NULL, true, "others of the same text: not told apart" },
	{ "not_listed", NULL, false, "no handle; not to be listed proves nothing" },
	{ "duplicate_unseen", NULL, false, "called a duplicate, and not listed" },
	{ "video_gone", NULL, false, "its video is gone" },
};

enum read { READ_NONE, READ_TOKEN, READ_FAULT, READ_ABSENT, READ_ACCEPTED, READ_ANSWERED };

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static const char *answer_of(const json_t *entry, bool is_alike)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		if (strcmp(answers[i].code, text_of(entry, "code")) != 0)
			continue;
		if (answers[i].words && !strstr(text_of(entry, "words"), answers[i].words))
			continue;
		return answers[i].is_of_alikes && !is_alike ? CHAOS_RIDDLE : answers[i].why;
	}
	return NULL;
}

/* No code, a status, a number, or what platforms call trouble of theirs. */
static bool is_trouble(const char *code)
{
	static const char *const words[] = { "internal_error", "rate_limit_exceeded",
					     "server_error",   "temporarily_unavailable",
					     "backendError",   "internalError",
					     "quotaExceeded",  "rateLimitExceeded" };

	if (!*code || strpbrk(code, "0123456789"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], code) == 0)
			return true;
	}
	return false;
}

static enum read read_of(const json_t *entry)
{
	static const struct {
		const char *came_to;
		enum read is;
	} reads[] = { { "refresh", READ_TOKEN },
		      { "reauth", READ_TOKEN },
		      { "absent", READ_ABSENT },
		      { "accepted", READ_ACCEPTED } };
	const char *phase = text_of(entry, "phase");

	if (strcmp(phase, "doubt") != 0 && strcmp(phase, "confirm") != 0)
		return READ_NONE;
	for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
		if (strcmp(text_of(entry, "came_to"), reads[i].came_to) == 0)
			return reads[i].is;
	}
	return is_trouble(text_of(entry, "code")) ? READ_FAULT : READ_ANSWERED;
}

/* The reads behind the last one that came through. */
static const char *failure_of(const json_t *evidence)
{
	bool is_token = false, is_fault = false;

	for (size_t i = json_array_size(evidence); i-- > 0;) {
		const enum read read = read_of(json_array_get(evidence, i));

		if (read > READ_FAULT)
			break;
		is_token |= read == READ_TOKEN;
		is_fault |= read == READ_FAULT;
	}
	if (is_token && is_fault)
		return "its last reads failed: faults, and a token that had ended";
	return is_token ? "its last reads failed: a token that had ended"
			: "its last reads failed: faults";
}

const char *chaos_why(const struct chaos_doubt *d)
{
	const json_t *last = NULL;
	enum read read = READ_NONE;
	const char *answer;

	if (strcmp(d->reason, "quarantined") == 0)
		return "set aside: runners died of it";
	if (strcmp(d->attempt, "in_doubt") != 0)
		return CHAOS_RIDDLE;
	for (size_t i = json_array_size(d->evidence); i-- > 0 && read == READ_NONE;) {
		last = json_array_get(d->evidence, i);
		read = read_of(last);
	}
	switch (read) {
	case READ_NONE:
		return "nobody read within its life";
	case READ_ABSENT:
		return d->negatives == 1 ? "found absent once, too late for the second look"
					 : CHAOS_RIDDLE;
	case READ_ACCEPTED:
		return "taken; the platform was still at work on it";
	case READ_ANSWERED:
		answer = answer_of(last, d->is_alike);
		return answer ? answer : CHAOS_RIDDLE;
	case READ_TOKEN:
	case READ_FAULT:
		break;
	}
	return failure_of(d->evidence);
}

/* Posts with one caption can only be counted: none of them, or all, or it cannot be told. */
static enum chaos_there there(const struct matter *m, int i)
{
	const struct chaos_post *p = &m->c->posts[i];
	const int more = m->alike_more[p->account];

	if (!p->is_alike)
		return m->rows[i].objects > 0 ? IS_THERE : IS_NOT_THERE;
	if (more <= 0)
		return IS_NOT_THERE;
	return more >= m->alike_open[p->account] ? IS_THERE : IS_UNTOLD;
}

static void add(struct campaign *c, const char *name, enum chaos_there there)
{
	json_t *row = json_object_get(c->tally.unconfirmed, name);

	if (!row) {
		row = json_pack("[i, i, i]", 0, 0, 0);
		json_object_set_new(c->tally.unconfirmed, name, row);
	}
	json_array_set_new(
		row, (size_t)there,
		json_integer(json_integer_value(json_array_get(row, (size_t)there)) + 1));
}

struct examination {
	struct matter *m;
	int riddles;
};

static void take_doubt(void *arg, char **v)
{
	static const char *const words[] = { "is there", "is not there", "cannot be told apart" };
	struct examination *x = arg;
	struct campaign *c = x->m->c;
	struct chaos_doubt d = { v[2], v[3], (int)strtol(v[4], NULL, 10), NULL, false };
	const char *reason;
	char name[120];
	int i = 0;

	while (i < c->posts_n && strcmp(c->posts[i].id, v[0]) != 0)
		i++;
	if (i == c->posts_n)
		return;
	d.is_alike = c->posts[i].is_alike;
	d.evidence = json_loads(v[5], 0, NULL);
	reason = chaos_why(&d);
	(void)snprintf(name, sizeof(name), "%.20s: %s", v[1], reason);
	add(c, name, there(x->m, i));
	if (strcmp(reason, CHAOS_RIDDLE) == 0 && x->riddles++ < CHAOS_SHOWN)
		fprintf(stderr, "chaos: seed %llu round %d: unconfirmed, %s: %s (%s), which %s\n",
			(unsigned long long)c->seed, c->round, reason, c->posts[i].caption, v[0],
			words[there(x->m, i)]);
	json_decref(d.evidence);
}

bool chaos_examine(struct matter *m)
{
	struct examination x = { m, 0 };

	(void)verify_each(m->my,
			  "SELECT p.id, p.platform, COALESCE(p.reason, ''), COALESCE(t.state, ''), "
			  "COALESCE(t.negatives, 0), COALESCE(t.evidence, '[]') FROM posts p "
			  "LEFT JOIN attempts t ON t.workspace_id = p.workspace_id "
			  "AND t.post_id = p.id AND t.seq = p.attempts "
			  "WHERE p.state = 'unconfirmed'",
			  take_doubt, &x);
	return x.riddles > 0;
}

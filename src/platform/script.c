/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/script.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "json/keep.h"

#define WORDS_MAX 400
#define MOVES_MAX 64 /* a script that moves on without asking for so long goes in circles */

static const struct script_row *row_find(const struct script *s, const char *state)
{
	for (const struct script_row *r = s->rows; r->state && state; r++) {
		if (strcmp(r->state, state) == 0)
			return r;
	}
	/* A memo of an older release may name a state that is gone: start the phase over. */
	return s->rows;
}

enum script_move script_go(json_t *memo, const struct script *s, const char *state)
{
	memo_set_text(memo, s->key, state);
	return SCRIPT_GO;
}

enum step script_run(const struct script *s, json_t *memo, void *ctx, const struct http_reply *last,
		     struct step_result *ret)
{
	static const enum step ends[] = { STEP_SEND, STEP_WAIT, STEP_DONE };
	const struct script_row *row = row_find(s, memo_text(memo, s->key));
	enum script_move move = SCRIPT_GO;

	if (last && row->read)
		move = row->read(ctx, last, ret);
	for (int i = 0; move == SCRIPT_GO; i++) {
		assert(i < MOVES_MAX);
		row = row_find(s, memo_text(memo, s->key));
		move = row->ask(ctx, ret);
	}
	return ends[move];
}

const char *memo_text(const json_t *memo, const char *key)
{
	return json_string_value(json_object_get(memo, key));
}

const char *memo_id(struct arena *a, const json_t *memo, const char *key)
{
	const json_t *v = json_object_get(memo, key);

	if (json_is_string(v))
		return arena_strdup(a, json_string_value(v));
	if (json_is_integer(v))
		return arena_printf(a, "%lld", (long long)json_integer_value(v));
	return NULL;
}

int64_t memo_int(const json_t *memo, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(memo, key));
}

void memo_set_text(json_t *memo, const char *key, const char *value)
{
	if (value)
		json_object_set_new(memo, key, json_string(value));
	else
		json_object_del(memo, key);
}

void memo_set_int(json_t *memo, const char *key, int64_t value)
{
	if (value)
		json_object_set_new(memo, key, json_integer((json_int_t)value));
	else
		json_object_del(memo, key);
}

int64_t memo_count(json_t *memo, const char *key)
{
	int64_t n = memo_int(memo, key) + 1;

	memo_set_int(memo, key, n);
	return n;
}

json_t *memo_item(json_t *memo, size_t i)
{
	json_t *items = json_object_get(memo, "items");

	if (!json_is_array(items)) {
		json_object_set_new(memo, "items", json_array());
		items = json_object_get(memo, "items");
	}
	while (json_array_size(items) <= i)
		json_array_append_new(items, json_object());
	return json_array_get(items, i);
}

enum script_move script_succeed(struct step_result *ret)
{
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED };
	return SCRIPT_DONE;
}

const json_t *script_reply_json(struct arena *a, const struct http_reply *last)
{
	return last->transfer == TRANSFER_REPLIED ? json_keep(a, http_reply_json(last)) : NULL;
}

enum script_move script_refuse(struct arena *a, const struct script_refusal *why,
			       struct step_result *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ret->outcome = (struct outcome){
		.kind = why->kind,
		.retry_after_s = why->retry_s,
		.error = { .code = why->code,
			   .message = arena_vprintf(a, fmt, ap),
			   .who = why->who,
			   .platform_code = why->slug,
			   .is_retryable = why->kind != OUTCOME_REFUSED },
	};
	va_end(ap);
	return SCRIPT_DONE;
}

int64_t script_list_at(const char *list, int64_t i)
{
	int64_t value = 0;
	char *end;

	for (;; i--) {
		long long n = strtoll(list, &end, 10);

		if (end == list)
			return value;
		value = n;
		list = end + strspn(end, " ,");
		if (i <= 0)
			return value;
	}
}

bool script_list_ends(const char *list, int64_t i)
{
	for (; i >= 0; i--) {
		char *end;

		(void)strtoll(list, &end, 10);
		if (end == list)
			return true;
		list = end + strspn(end, " ,");
	}
	return false;
}

bool script_is_patient(const struct delivery *d)
{
	const int64_t fired_us = d->fired_us == INSTANT_NONE ? d->now_us : d->fired_us;

	return d->now_us - fired_us < platform_int(d->app, "poll_patience_ms") * US_PER_MS;
}

bool script_is_free(const struct delivery *d, const char *remote_id)
{
	return !d->is_taken || !d->is_taken(d->is_taken_arg, remote_id);
}

/* In this order: who waits no more by the first question has got it by the second. */
bool script_is_certain(const struct delivery *d, const char *remote_id)
{
	const bool has_twin = d->has_twin && d->has_twin(d->is_taken_arg);

	return !has_twin && script_is_free(d, remote_id);
}

const char *script_words(struct arena *a, const char *words)
{
	size_t len = 0, all = words ? strlen(words) : 0;

	while (len < all && len < WORDS_MAX) {
		size_t n = utf8_measure(words + len, all - len);

		if (n == 0)
			return NULL;
		len += n;
	}
	return len > 0 ? arena_strndup(a, words, len) : NULL;
}

bool text_is_one_of(const char *text, const char *const *names)
{
	for (; text && *names; names++) {
		if (strcmp(text, *names) == 0)
			return true;
	}
	return false;
}

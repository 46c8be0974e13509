/* SPDX-License-Identifier: Apache-2.0 */
/* An operation of the API on a line, then the JSON that it is sent. */
#include <string.h>

#include "api/api.h"
#include "api/posts_ask.h"
#include "fuzz/exchange.h"

static const struct schema *schema_of(const char *operation)
{
	for (const struct route *const *f = api_routes.families; *f; f++) {
		for (const struct route *r = *f; r->pattern; r++) {
			if (r->body && strcmp(r->operation, operation) == 0)
				return r->body;
		}
	}
	return &posts_ask_row_schema;
}

static void problem_look(const struct problem *why)
{
	MUST(why->kind == PROBLEM_INVALID || why->kind == PROBLEM_MALFORMED_JSON);
	MUST(why->kind != PROBLEM_INVALID || why->items_n > 0);
	for (size_t i = 0; i < why->items_n && i < PROBLEM_ITEMS_MAX; i++)
		MUST(why->items[i].code[0] && why->items[i].detail[0]);
}

void fuzz_body(struct input *in)
{
	const struct schema *s = schema_of(input_line(in));
	struct problem why = { 0 };
	void *bound = NULL, *again = NULL;
	json_t *doc = NULL;
	char *text;
	size_t n;
	const char *json = input_rest(in, &n);

	if (schema_bind(s, json, n, in->arena, &bound, &why) < 0) {
		problem_look(&why);
		return;
	}
	bound_look(s, bound);
	/* However the same document is written, it is bound to the same members. */
	MUST(schema_parse(json, n, &doc, &why) == 0);
	text = json_dumps(doc, JSON_COMPACT | JSON_ENSURE_ASCII);
	MUST(text);
	MUST(schema_bind(s, text, strlen(text), in->arena, &again, &why) == 0);
	MUST(memcmp(bound, again, sizeof(uint64_t)) == 0);
	free(text);
	json_decref(doc);
}

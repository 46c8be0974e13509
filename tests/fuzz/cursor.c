/* SPDX-License-Identifier: Apache-2.0 */
/* A list's name, an instant, an id and a digit to alter, on a line each; then somebody's cursor. */
#include <string.h>

#include "fuzz/exchange.h"
#include "http/paging.h"

static int read_cursor(struct request *req, const char *list, const char *cursor,
		       struct paging *ret)
{
	struct problem why = { 0 };
	int rc;

	req->query[0] = (struct name_value){ "cursor", cursor };
	req->query_n = 1;
	rc = paging_read(req, list, ret, &why);
	MUST(rc == 0 || why.kind == PROBLEM_CURSOR);
	return rc;
}

void fuzz_cursor(struct input *in)
{
	struct request req = { .app = exchange_app(), .arena = in->arena };
	const char *list = input_line(in);
	int64_t us = input_number(in);
	const char *id = input_line(in);
	size_t at = (size_t)input_number(in), n;
	const char *theirs = input_rest(in, NULL);
	struct paging p = { 0 };
	const char *mine;
	char *altered;

	/* The MAC is what no stranger can make: a cursor that is taken is one that was given. */
	if (read_cursor(&req, list, theirs, &p) == 0)
		MUST(strcmp(paging_cursor(&req, list, p.after_us, p.after_id), theirs) == 0);
	if (!*id || strlen(id) > 64 || strlen(list) > 40)
		return;
	mine = paging_cursor(&req, list, us, id);
	MUST(read_cursor(&req, list, mine, &p) == 0);
	MUST(p.after_us == us && strcmp(p.after_id, id) == 0);
	MUST(read_cursor(&req, arena_printf(in->arena, "%s.", list), mine, &p) < 0);
	n = strlen(mine);
	altered = arena_strdup(in->arena, mine);
	altered[at % n] = altered[at % n] == 'A' ? 'B' : 'A';
	if (read_cursor(&req, list, altered, &p) == 0)
		MUST(strcmp(mine, altered) == 0);
}

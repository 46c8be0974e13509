/* SPDX-License-Identifier: Apache-2.0 */
/* Header lines: what the readers of single headers make of them. */
#include <string.h>

#include "fuzz/exchange.h"

static void key_look(const struct request *req)
{
	struct problem why = { 0 };
	const char *key = NULL, *again = NULL;
	struct name_value header = { "idempotency-key", NULL };
	struct request quoted = { .arena = req->arena, .headers = &header, .headers_n = 1 };
	struct buf text = BUF_INIT;

	if (request_idempotency_key(req, &key, &why) < 0) {
		MUST(why.kind == PROBLEM_BAD_REQUEST);
		return;
	}
	MUST(!key == !request_header(req, "idempotency-key"));
	if (!key)
		return;
	MUST(*key && strlen(key) <= IDEMPOTENCY_KEY_MAX);
	buf_addc(&text, '"');
	for (const char *c = key; *c; c++)
		buf_printf(&text, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	buf_addc(&text, '"');
	header.value = text.p;
	MUST(request_idempotency_key(&quoted, &again, &why) == 0 && strcmp(again, key) == 0);
	buf_done(&text);
}

void fuzz_headers(struct input *in)
{
	struct request req = { .app = exchange_app(), .arena = in->arena };
	struct problem why = { 0 };
	int64_t version = 0;
	const char *id;
	int wait_s;

	exchange_headers(in, &req);
	key_look(&req);
	if (request_if_match(&req, &version, &why) == 0)
		MUST(version >= 0);
	else
		MUST(why.kind == PROBLEM_VERSION);
	wait_s = request_prefer_wait_s(&req, 3, 30);
	MUST(wait_s >= 0 && wait_s <= 30);
	MUST(!request_is_json(&req) || !request_is_lines(&req));
	id = request_choose_id(in->arena, request_header(&req, "x-request-id"));
	MUST(*id && same_text(request_choose_id(in->arena, id), id));
}

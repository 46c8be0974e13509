/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes back from anywhere: seconds of the clock, a name, a value and a URL on a line each,
 * header lines up to an empty one, body.
 */
#include "net/message.h"

#include <string.h>

#include "base/clock.h"
#include "fuzz/fuzz.h"
#include "net/oauth2.h"

static void tokens_look(struct arena *a, const json_t *doc)
{
	struct oauth2_tokens tokens = { 0 };
	struct oauth2_error error = { 0 };

	if (oauth2_read_tokens(a, doc, &tokens, &error) == 0)
		MUST(tokens.access_token && *tokens.access_token && tokens.expires_in_s >= -1);
	(void)oauth2_has_scope(tokens.scope ? tokens.scope : "", "a");
}

static void query_look(struct arena *a, const char *name, const char *value)
{
	struct http_request *r = http_request_new(a, VERB_GET, "fuzz");
	const char *found;

	http_request_url(r, "https://h.example", "/p");
	http_request_query(r, name, value);
	for (const char *c = r->url; *c; c++)
		MUST(*c > ' ' && *c <= '~');
	found = url_query_get(a, r->url, name);
	MUST(!*name || (found && strcmp(found, value) == 0));
}

void fuzz_message(struct input *in)
{
	int64_t now_s = input_number(in) % (1LL << 40), wait_s;
	const char *name = input_line(in), *value = input_line(in), *url = input_line(in);
	struct http_reply reply = { .transfer = TRANSFER_REPLIED, .status = 200 };
	const char *line, *body;
	json_t *doc;
	size_t n;

	while (*(line = input_line(in)))
		buf_printf(&reply.headers, "%s\r\n", line);
	body = input_rest(in, &n);
	buf_add(&reply.body, body, n);
	wait_s = http_reply_retry_after_s(&reply, now_s * US_PER_S);
	MUST(wait_s >= -1 && wait_s <= 86400);
	MUST(wait_s < 0 || http_reply_header(&reply, in->arena, "retry-after"));
	(void)http_reply_header(&reply, in->arena, name);
	(void)url_query_get(in->arena, url, name);
	query_look(in->arena, name, value);
	doc = http_reply_json(&reply);
	if (doc)
		tokens_look(in->arena, doc);
	json_decref(doc);
	http_reply_done(&reply);
}

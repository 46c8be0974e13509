/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/exchange.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/config.h"
#include "base/utf8.h"
#include "crypto/keys.h"
#include "http/path.h"
#include "http/problem_json.h"

struct principal {
	int unused;
};

static int authenticate(struct request *req, const char *bearer, struct problem *reterr)
{
	static const struct principal someone;

	if (strcmp(bearer, "no") == 0)
		return problem_set(reterr, PROBLEM_TOKEN_INVALID, "No.");
	req->principal = &someone;
	return 0;
}

static uint64_t scopes_of(const struct principal *p)
{
	(void)p;
	return UINT64_MAX;
}

static void path_look(struct request *req)
{
	struct problem why = { 0 };
	const char *again = NULL;

	MUST(path_canonical(req->arena, req->path, req->path, &again, &why) == 0);
	MUST(strcmp(again, req->path) == 0 && *req->path == '/' && !strstr(req->path, "//"));
	MUST(strncmp(req->path, req->raw.request_uri, strlen(req->path)) == 0);
	for (size_t i = 0; i < REQUEST_PARAMS_MAX && req->params[i]; i++)
		MUST(*req->params[i] && !strchr(req->params[i], '/'));
}

/* In place of a handler. */
static int look(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct route *route = req->route;

	(void)reterr;
	path_look(req);
	MUST(req->principal || route->auth == AUTH_NONE);
	MUST(route->query || req->query_n == 0);
	for (size_t i = 0; i < req->query_n; i++)
		MUST(utf8_valid(req->query[i].value, strlen(req->query[i].value)));
	MUST(!req->in || route->body);
	if (req->in)
		bound_look(route->body, req->in);
	ret->version = 1;
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "key", req->idempotency_key);
	emit_close(&ret->emit);
	return 0;
}

static const struct router_hooks hooks = { .authenticate = authenticate,
					   .scopes_of = scopes_of,
					   .run = look };

/* The header lines of an answer: nothing that came with the request breaks one of them. */
static const char *answer_look(const char *text)
{
	MUST(strncmp(text, "Status: ", 8) == 0);
	while (strncmp(text, "\r\n", 2) != 0) {
		const char *colon = strchr(text, ':'), *end = strstr(text, "\r\n");

		MUST(colon && end && colon < end && colon[1] == ' ');
		for (const char *c = text; c < end; c++)
			MUST((unsigned char)*c >= ' ' && *c != 0x7f);
		for (const char *c = text; c < colon; c++)
			MUST(isalnum((unsigned char)*c) || *c == '-');
		text = end + 2;
	}
	return text + 2;
}

static void reply_look(const struct request *req, const struct reply *reply, const char *body)
{
	json_t *doc;

	MUST(reply->status >= 200 && reply->status < 600);
	MUST(strlen(body) ==
	     (req->method == HTTP_HEAD || reply->status == 204 ? 0 : reply->body.len));
	if (!*body)
		return;
	doc = json_loadb(body, strlen(body), JSON_REJECT_DUPLICATES, NULL);
	MUST(json_is_object(doc));
	MUST(reply->status < 300 ||
	     json_integer_value(json_object_get(doc, "status")) == reply->status);
	json_decref(doc);
}

const char *exchange_serve(struct request *req, enum route_pool pool)
{
	struct reply reply = { 0 };
	struct buf out = BUF_INIT;
	const char *text;

	reply_reset(&reply);
	router_serve(&api_routes, &hooks, pool, req, &reply);
	reply_print(req, &reply, &out);
	text = arena_strndup(req->arena, buf_str(&out), out.len);
	reply_look(req, &reply, answer_look(text));
	buf_done(&reply.body);
	buf_done(&out);
	return text;
}

void exchange_headers(struct input *in, struct request *req)
{
	size_t room = 0;
	const char *line;

	while (*(line = input_line(in))) {
		const char *colon = strchr(line, ':');
		char *name;

		if (!colon || colon == line || !colon[1])
			continue;
		if (req->headers_n == room) {
			struct name_value *more =
				arena_array(req->arena, room * 2 + 8, sizeof(*more));

			if (room)
				memcpy(more, req->headers, room * sizeof(*more));
			req->headers = more;
			room = room * 2 + 8;
		}
		name = arena_strndup(req->arena, line, (size_t)(colon - line));
		for (char *c = name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		req->headers[req->headers_n++] =
			(struct name_value){ name, colon + 1 + strspn(colon + 1, " ") };
	}
}

struct app *exchange_app(void)
{
	static struct app app;
	static struct config config;
	static struct keys keys;

	config.server_cors_origins = "https://a.example https://b.example";
	memset(keys.url, 7, sizeof(keys.url));
	memset(keys.pepper, 9, sizeof(keys.pepper));
	app.config = &config;
	app.keys = &keys;
	return &app;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/posting.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "support/connector.h"

struct persona poster;
char *on_tiktok, *on_instagram, *on_test;

void posting_begin(void)
{
	struct person person;
	char id[24], body[200];

	persona_make(&poster, NULL, "owner");
	person_make(&person, 1);
	on_instagram = connect_instagram(poster.token, &person, "live");
	person_make(&person, 1);
	on_test = connect_instagram(poster.token, &person, "test");
	snprintf(id, sizeof(id), "78%010llu", (unsigned long long)random_below(10000000000ULL));
	snprintf(body, sizeof(body), "{\"platform\":\"tiktok\",\"accounts\":[{\"id\":\"%s\"}]}",
		 id);
	sandbox_post("/_control/world", body, 200);
	on_tiktok = connect_user(poster.token, "tiktok", id);
}

void posting_end(void)
{
	free(on_tiktok);
	free(on_instagram);
	free(on_test);
}

struct answer *posting(const char *path, const char *fmt, ...)
{
	char body[8000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	for (char *c = body; *c; c++)
		if (*c == '\'')
			*c = '"';
	return client_call("POST", path, poster.token, body);
}

int64_t posting_rows(void)
{
	static const char *const tables[] = { "contents", "content_media", "media",
					      "fetches",  "posts",         "events" };
	int64_t n = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		n += client_number("SELECT COUNT(*) FROM %s WHERE workspace_id = '%s'", tables[i],
				   poster.workspace);
	return n;
}

char *posting_one(const char *when)
{
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s'],'contentType':'image','contentUrl':"
				   "'https://media.invalid/a.jpg','caption':'One','scheduledTime':"
				   "'%s'}",
				   on_instagram, when);

	assert_status(a, 201);
	return strdup(answer_text(a, "posts.0.id"));
}

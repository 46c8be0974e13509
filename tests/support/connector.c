/* SPDX-License-Identifier: Apache-2.0 */
#include "support/connector.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/random.h"

static void digits(char *ret, const char *prefix)
{
	snprintf(ret, 24, "%s%010llu", prefix, (unsigned long long)random_below(10000000000ULL));
}

void sandbox_post(const char *path, const char *body, long status)
{
	CLEANUP(answer_free)
	struct answer *a =
		client_send(&(struct call){ .method = "POST",
					    .path = path,
					    .body = body,
					    .base = client_env("CARILLON_SANDBOX_URL") });

	assert_status(a, status);
}

void person_make(struct person *ret, size_t pages)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;

	*ret = (struct person){ .pages = pages };
	digits(ret->id, "1022000");
	buf_printf(
		&body,
		"{\"platform\":\"instagram\",\"users\":[{\"id\":\"%s\",\"name\":\"P\",\"pages\":[",
		ret->id);
	for (size_t i = 0; i < pages; i++) {
		char page[24];

		digits(page, "10299");
		digits(ret->account[i], "1784155");
		buf_printf(&body,
			   "%s{\"id\":\"%s\",\"name\":\"Page\",\"instagram\":{\"id\":\"%s\","
			   "\"username\":\"u%s\"}}",
			   i ? "," : "", page, ret->account[i], ret->account[i]);
	}
	buf_adds(&body, "]}]}");
	sandbox_post("/_control/world", body.p, 200);
}

void person_known(const char *platform, const char *id)
{
	static const char *const worlds[] = {
		"{\"platform\":\"tiktok\",\"accounts\":[{\"id\":\"%s\",\"username\":\"who\","
		"\"name\":"
		"\"Who\"}]}",
		"{\"platform\":\"pinterest\",\"users\":[{\"id\":\"%s\",\"boards\":[]}]}",
		"{\"platform\":\"twitter\",\"users\":[{\"id\":\"%s\",\"username\":\"who\"}]}",
		"{\"platform\":\"youtube\",\"users\":[{\"id\":\"g%s\",\"name\":\"P\",\"channels\":["
		"{"
		"\"id\":\"%s\",\"handle\":\"who\",\"title\":\"C\"}]}]}",
		"{\"platform\":\"mastodon\",\"users\":[{\"id\":\"%s\",\"username\":\"who\"}]}",
	};
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	const char *rest;
	size_t i = 0;

	while (i < ARRAY_LEN(worlds) && !strstr(worlds[i], platform))
		i++;
	ck_assert_msg(i < ARRAY_LEN(worlds), "no persons of %s are known", platform);
	rest = worlds[i];
	for (const char *at; (at = strstr(rest, "%s")) != NULL; rest = at + 2)
		buf_printf(&body, "%.*s%s", (int)(at - rest), rest, id);
	buf_adds(&body, rest);
	sandbox_post("/_control/world", body.p, 200);
}

void connect_start(struct start *ret, const char *token, const char *query)
{
	connect_start_on(ret, "instagram", token, query);
}

void connect_start_on(struct start *ret, const char *platform, const char *token, const char *query)
{
	char path[400];
	const char *cookie;

	snprintf(path, sizeof(path), "/api/v1/integrations/%s/auth-url%s", platform, query);
	CLEANUP(answer_free) struct answer *a = client_call("GET", path, token, NULL);

	assert_status(a, 200);
	snprintf(ret->url, sizeof(ret->url), "%s", answer_text(a, "url"));
	cookie = answer_header(a, "set-cookie");
	ck_assert_ptr_nonnull(cookie);
	snprintf(ret->cookie, sizeof(ret->cookie), "Cookie: %.*s", (int)strcspn(cookie, ";"),
		 cookie);
}

char *connect_consent(const struct start *s, const char *user, const char *more)
{
	CLEANUP(buf_done) struct buf url = BUF_INIT;

	buf_printf(&url, "%s&sandbox_user=%s%s%s", s->url, user,
		   strstr(more, "sandbox_auto") ? "" : "&sandbox_auto=approve", more);
	CLEANUP(answer_free)
	struct answer *a =
		client_send(&(struct call){ .method = "GET", .path = "", .base = url.p });

	ck_assert_msg(a->status / 100 == 3, "%ld %s", a->status, a->body);
	return strdup(answer_header(a, "location"));
}

struct answer *connect_callback(const char *url, const char *cookie)
{
	const char *headers[] = { cookie, NULL };

	return client_send(
		&(struct call){ .method = "GET", .path = "", .base = url, .headers = headers });
}

static char *account_of(const char *token, const char *platform, const char *user)
{
	char path[80], at[40];

	snprintf(path, sizeof(path), "/api/v1/integrations/%s", platform);
	CLEANUP(answer_free) struct answer *state = client_call("GET", path, token, NULL);

	assert_status(state, 200);
	for (size_t i = 0; i < answer_count(state, "accounts"); i++) {
		snprintf(at, sizeof(at), "accounts.%zu.remote_id", i);
		if (strcmp(answer_text(state, at), user) != 0)
			continue;
		snprintf(at, sizeof(at), "accounts.%zu.id", i);
		return strdup(answer_text(state, at));
	}
	ck_abort_msg("the account was not connected");
	return NULL;
}

void connect_ends_at(const struct answer *a, const char *piece)
{
	const char *location = answer_header(a, "location");

	assert_status(a, 303);
	ck_assert_msg(location && strstr(location, piece), "%s is not in %s", piece,
		      location ? location : "nothing");
}

static void consent_given(const struct start *s, const char *platform, const char *user)
{
	char *url = connect_consent(s, user, ""), piece[64];
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s->cookie);

	free(url);
	snprintf(piece, sizeof(piece), "connected=%s", platform);
	connect_ends_at(a, piece);
}

char *connect_instagram(const char *token, const struct person *p, const char *mode)
{
	struct start s;
	char query[64];

	snprintf(query, sizeof(query), "?mode=%s", mode);
	connect_start(&s, token, query);
	consent_given(&s, "instagram", p->id);
	return account_of(token, "instagram", p->account[0]);
}

char *connect_user(const char *token, const char *platform, const char *user)
{
	struct start s;

	connect_start_on(&s, platform, token, "?mode=live");
	consent_given(&s, platform, user);
	return account_of(token, platform, user);
}

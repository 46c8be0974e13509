/* SPDX-License-Identifier: Apache-2.0 */
/* An account of X through the API: consent given, denied, replayed, in part; and given back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "support/connector.h"
#include "support/suite.h"

#define STATE "/api/v1/integrations/twitter"

static struct persona owner;
static struct person person;

static struct answer *sandbox(const char *method, const char *path, const char *body)
{
	return client_send(&(struct call){ .method = method,
					   .path = path,
					   .body = body,
					   .base = client_env("CARILLON_SANDBOX_URL") });
}

static void setup(void)
{
	char body[200];

	persona_make(&owner, NULL, "owner");
	person = (struct person){ .pages = 0 };
	snprintf(person.id, sizeof(person.id), "77%010llu",
		 (unsigned long long)random_below(10000000000ULL));
	snprintf(body, sizeof(body),
		 "{\"platform\":\"twitter\",\"users\":[{\"id\":\"%s\",\"username\":\"u%.9s\"}]}",
		 person.id, person.id);
	CLEANUP(answer_free) struct answer *a = sandbox("POST", "/_control/world", body);

	assert_status(a, 200);
}

static struct answer *connect_with(const char *more, char **ret_url, struct start *s)
{
	connect_start_on(s, "twitter", owner.token, "?mode=live&redirect=/done");
	*ret_url = connect_consent(s, person.id, more);
	return connect_callback(*ret_url, s->cookie);
}

/* Tokens of the person that the sandbox holds for good, and those that were revoked. */
static size_t tokens(bool is_dead)
{
	CLEANUP(answer_free) struct answer *a = sandbox("GET", "/_control/state", NULL);
	size_t n = 0;

	for (size_t i = 0; i < answer_count(a, "tokens"); i++) {
		char at[40];

		snprintf(at, sizeof(at), "tokens.%zu.person", i);
		if (strcmp(answer_text(a, at), person.id) != 0)
			continue;
		snprintf(at, sizeof(at), "tokens.%zu.dead_reason", i);
		n += (answer_int(a, at) != 0) == is_dead;
	}
	return n;
}

START_TEST(consent_connects_once_however_often_it_is_replayed)
{
	struct start s;
	char *url;
	CLEANUP(answer_free) struct answer *first = connect_with("", &url, &s);
	CLEANUP(answer_free) struct answer *second = connect_callback(url, s.cookie);
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(first, "/done?connected=twitter");
	connect_ends_at(second, "/done?connected=twitter");
	ck_assert_uint_eq(answer_count(state, "accounts"), 1);
	ck_assert_str_eq(answer_text(state, "accounts.0.remote_id"), person.id);
	ck_assert_uint_eq(answer_count(state, "missing_scopes"), 0);
	ck_assert_uint_eq(tokens(false), 2);
}
END_TEST

START_TEST(denied_consent_connects_nothing)
{
	struct start s;
	char *url;
	CLEANUP(answer_free) struct answer *a = connect_with("&sandbox_auto=deny", &url, &s);
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(a, "/done?error=access_denied");
	ck_assert_uint_eq(answer_count(state, "accounts"), 0);
}
END_TEST

START_TEST(missing_permissions_are_named)
{
	struct start s;
	char *url;
	CLEANUP(answer_free)
	struct answer *a =
		connect_with("&sandbox_scopes=tweet.read,users.read,tweet.write", &url, &s);
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(a, "connected=twitter");
	ck_assert_uint_eq(answer_count(state, "missing_scopes"), 2);
	ck_assert_str_eq(answer_text(state, "missing_scopes.0"), "media.write");
	ck_assert_str_eq(answer_text(state, "missing_scopes.1"), "offline.access");
}
END_TEST

START_TEST(disconnecting_revokes_both_tokens)
{
	struct start s;
	char *url;
	CLEANUP(answer_free) struct answer *a = connect_with("", &url, &s);
	CLEANUP(answer_free) struct answer *left = client_call("DELETE", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(a, "connected=twitter");
	assert_status(left, 200);
	ck_assert(answer_bool(left, "disconnected"));
	ck_assert(answer_bool(left, "revoked"));
	ck_assert_uint_eq(tokens(false), 0);
	ck_assert_uint_eq(tokens(true), 2);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ consent_connects_once_however_often_it_is_replayed, 0 },
		{ denied_consent_connects_nothing, 0 },
		{ missing_permissions_are_named, 0 },
		{ disconnecting_revokes_both_tokens, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "twitter_connect_api",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.cases = cases,
	});
}

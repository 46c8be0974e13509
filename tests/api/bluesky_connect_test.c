/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account of Bluesky through the API, both ways: by OAuth, where the browser comes back as to a
 * loopback client, and by app password; what does not belong to a flow, and giving back.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/random.h"
#include "support/connector.h"
#include "support/suite.h"

#define STATE    "/api/v1/integrations/bluesky"
#define PASSWORD "abcd-efgh-ijkl-mnop"

static struct persona owner;
static char did[40], handle[40];

static struct answer *sandbox(const char *method, const char *path, const char *body)
{
	return client_send(&(struct call){ .method = method,
					   .path = path,
					   .body = body,
					   .base = client_env("CARILLON_SANDBOX_URL") });
}

/* 24 characters of the alphabet that DIDs of the directory have. */
static void person_new(char ret_did[static 40], char ret_handle[static 40])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	char name[25], body[300];

	for (size_t i = 0; i < 24; i++)
		name[i] = letters[random_below(32)];
	name[24] = '\0';
	snprintf(ret_did, 40, "did:plc:%s", name);
	snprintf(ret_handle, 40, "%s.test", name);
	snprintf(body, sizeof(body),
		 "{\"platform\":\"bluesky\",\"users\":[{\"did\":\"%s\",\"handle\":\"%s\","
		 "\"app_password\":\"" PASSWORD "\"}]}",
		 ret_did, ret_handle);
	sandbox_post("/_control/world", body, 200);
}

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
	person_new(did, handle);
}

static void begin(struct start *s)
{
	char query[120];

	snprintf(query, sizeof(query), "?mode=test&redirect=/done&handle=%s", handle);
	connect_start_on(s, "bluesky", owner.token, query);
}

/* The browser is sent back without TLS, and from there to the instance itself. */
static struct answer *come_back(const char *url, const char *cookie)
{
	CLEANUP(answer_free) struct answer *a = connect_callback(url, cookie);

	ck_assert_ptr_nonnull(strstr(url, "http://127.0.0.1:"));
	ck_assert_int_eq(a->status / 100, 3);
	ck_assert_int_eq(strncmp(answer_header(a, "location"), "https://", 8), 0);
	return connect_callback(answer_header(a, "location"), cookie);
}

static struct answer *state(void)
{
	return client_call("GET", STATE, owner.token, NULL);
}

static void connects_nobody(void)
{
	CLEANUP(answer_free) struct answer *a = state();

	ck_assert_uint_eq(answer_count(a, "accounts"), 0);
}

/* Tokens of the person that the sandbox holds for good, and those that are over. */
static size_t tokens(bool is_dead)
{
	CLEANUP(answer_free) struct answer *a = sandbox("GET", "/_control/state", NULL);
	size_t n = 0;

	for (size_t i = 0; i < answer_count(a, "tokens"); i++) {
		char at[40];

		snprintf(at, sizeof(at), "tokens.%zu.person", i);
		if (strcmp(answer_text(a, at), did) != 0)
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

	begin(&s);
	url = connect_consent(&s, did, "");
	CLEANUP(answer_free) struct answer *first = come_back(url, s.cookie);
	CLEANUP(answer_free) struct answer *second = come_back(url, s.cookie);
	CLEANUP(answer_free) struct answer *a = state();

	free(url);
	connect_ends_at(first, "/done?connected=bluesky");
	connect_ends_at(second, "/done?connected=bluesky");
	ck_assert_uint_eq(answer_count(a, "accounts"), 1);
	ck_assert_str_eq(answer_text(a, "accounts.0.remote_id"), did);
	ck_assert_str_eq(answer_text(a, "accounts.0.username"), handle);
	ck_assert_uint_eq(answer_count(a, "missing_scopes"), 0);
	ck_assert_uint_eq(tokens(false), 2);
}
END_TEST

START_TEST(denied_consent_connects_nothing)
{
	struct start s;
	char *url;

	begin(&s);
	url = connect_consent(&s, did, "&sandbox_auto=deny");
	CLEANUP(answer_free) struct answer *a = come_back(url, s.cookie);

	free(url);
	connect_ends_at(a, "/done?error=access_denied");
	connects_nobody();
}
END_TEST

START_TEST(login_as_somebody_else_connects_nobody_and_is_given_back)
{
	char other[40], other_handle[40], *url;
	struct start s;

	begin(&s);
	person_new(other, other_handle);
	url = connect_consent(&s, other, "");
	CLEANUP(answer_free) struct answer *a = come_back(url, s.cookie);

	free(url);
	connect_ends_at(a, "/done?error=");
	connects_nobody();
	memcpy(did, other, sizeof(did));
	ck_assert_uint_eq(tokens(false), 0);
	ck_assert_uint_eq(tokens(true), 2);
}
END_TEST

/* The code would be good, but it is not known who issued it. */
static const char *const issuers[] = { "", "&iss=https%3A%2F%2Fevil.example" };

START_TEST(callback_of_another_issuer_connects_nobody)
{
	struct start s;
	char *url, *iss;
	CLEANUP(buf_done) struct buf changed = BUF_INIT;

	begin(&s);
	url = connect_consent(&s, did, "");
	iss = strstr(url, "&iss=");
	ck_assert_ptr_nonnull(iss);
	buf_add(&changed, url, (size_t)(iss - url));
	buf_adds(&changed, issuers[_i]);
	CLEANUP(answer_free) struct answer *a = come_back(changed.p, s.cookie);
	CLEANUP(answer_free) struct answer *late = come_back(url, s.cookie);

	free(url);
	connect_ends_at(a, "/done?error=oauth_state_invalid");
	connect_ends_at(late, "/done?error=oauth_state_invalid");
	connects_nobody();
	ck_assert_uint_eq(tokens(false), 0);
}
END_TEST

START_TEST(app_password_connects_and_is_given_back)
{
	char body[200];

	snprintf(body, sizeof(body), "{\"identifier\":\"@%s\",\"password\":\"" PASSWORD "\"}",
		 handle);
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", STATE "/password?mode=test", owner.token, body);

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "accounts.0.remote_id"), did);
	ck_assert_uint_eq(tokens(false), 2);
	CLEANUP(answer_free) struct answer *left = client_call("DELETE", STATE, owner.token, NULL);

	assert_status(left, 200);
	ck_assert(answer_bool(left, "revoked"));
	ck_assert_uint_eq(tokens(false), 0);
}
END_TEST

START_TEST(grant_is_given_back)
{
	struct start s;
	char *url;

	begin(&s);
	url = connect_consent(&s, did, "");
	CLEANUP(answer_free) struct answer *a = come_back(url, s.cookie);
	CLEANUP(answer_free) struct answer *left = client_call("DELETE", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(a, "connected=bluesky");
	assert_status(left, 200);
	ck_assert(answer_bool(left, "disconnected"));
	ck_assert(answer_bool(left, "revoked"));
	ck_assert_uint_eq(tokens(false), 0);
	ck_assert_uint_eq(tokens(true), 2);
}
END_TEST

static const struct {
	const char *body;
	long status;
} passwords[] = {
	{ "{\"identifier\":\"%s\",\"password\":\"wrong\"}", 422 },
	{ "{\"identifier\":\"nobody.%s\",\"password\":\"" PASSWORD "\"}", 422 },
	{ "{\"identifier\":\"no handle of %s\",\"password\":\"" PASSWORD "\"}", 422 },
	{ "{\"identifier\":\"%s\",\"password\":\"" PASSWORD "\",\"server\":\"evil.example\"}",
	  422 },
	{ "{\"identifier\":\"%s\"}", 422 },
};

START_TEST(wrong_name_or_password_connects_nobody)
{
	char body[200];
	const char *at = strstr(passwords[_i].body, "%s");

	snprintf(body, sizeof(body), "%.*s%s%s", (int)(at - passwords[_i].body), passwords[_i].body,
		 handle, at + 2);
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", STATE "/password?mode=test", owner.token, body);

	assert_status(a, passwords[_i].status);
	ck_assert_ptr_null(strstr(a->body, PASSWORD));
	connects_nobody();
}
END_TEST

static const char *const no_starts[] = { "?mode=test",
					 "?mode=test&handle=", "?mode=test&handle=127.0.0.1",
					 "?mode=test&handle=nobody.test" };

START_TEST(handle_that_leads_nowhere_starts_nothing)
{
	char path[120];

	snprintf(path, sizeof(path), STATE "/auth-url%s", no_starts[_i]);
	CLEANUP(answer_free) struct answer *a = client_call("GET", path, owner.token, NULL);

	assert_status(a, 422);
}
END_TEST

START_TEST(document_of_the_client_is_public)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("GET", STATE "/client-metadata.json", NULL, NULL);

	assert_status(a, 200);
	ck_assert_ptr_nonnull(strstr(answer_text(a, "client_id"), STATE "/client-metadata.json"));
	ck_assert_ptr_nonnull(strstr(answer_text(a, "redirect_uris.0"), STATE "/callback"));
	ck_assert(answer_bool(a, "dpop_bound_access_tokens"));
	ck_assert_ptr_nonnull(strstr(answer_header(a, "cache-control"), "public"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ consent_connects_once_however_often_it_is_replayed, 0 },
		{ denied_consent_connects_nothing, 0 },
		{ login_as_somebody_else_connects_nobody_and_is_given_back, 0 },
		{ callback_of_another_issuer_connects_nobody, ARRAY_LEN(issuers) },
		{ app_password_connects_and_is_given_back, 0 },
		{ grant_is_given_back, 0 },
		{ wrong_name_or_password_connects_nobody, ARRAY_LEN(passwords) },
		{ handle_that_leads_nowhere_starts_nothing, ARRAY_LEN(no_starts) },
		{ document_of_the_client_is_public, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "bluesky_connect_api",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Consents of TikTok and Pinterest through the real routes: denied, partial, replayed, taken back. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/random.h"
#include "support/client.h"
#include "support/connector.h"
#include "support/fixtures.h"
#include "support/suite.h"

/* A part of what is asked for, and what is then missing. */
static const struct {
	const char *name, *part, *missing;
	bool is_revocable; /* the platform takes access back for apps */
} platforms[] = {
	{ "tiktok", "user.info.basic,user.info.profile,video.upload", "video.publish", true },
	{ "pinterest", "user_accounts:read,boards:read,pins:read", "boards:write", false },
	/* The rest of these two stands in tests of their own. */
	{ "twitter", NULL, NULL, true },
	{ "youtube", NULL, NULL, true },
};
#define ALL_OF_THEM ((int)(sizeof(platforms) / sizeof(*platforms)))
#define PLATFORMS   2

static struct persona owner;
static char user[24], back[2000];

static void setup(void)
{
	uint64_t n;

	persona_make(&owner, NULL, "owner");
	random_bytes(&n, sizeof(n));
	snprintf(user, sizeof(user), "2%018llu", (unsigned long long)(n % 1000000000000000000ULL));
}

static struct answer *get(const char *url)
{
	return client_send(&(struct call){ .method = "GET", .path = "", .base = url });
}

/* A new person's answer at the platform; `back` is where the browser is sent. */
static void consent(int i, const char *more)
{
	CLEANUP(buf_done) struct buf url = BUF_INIT, path = BUF_INIT;
	char who[32];

	snprintf(who, sizeof(who), "%s%s", strcmp(platforms[i].name, "youtube") == 0 ? "UC000" : "",
		 user);
	person_known(platforms[i].name, who);
	buf_printf(&path, "/api/v1/integrations/%s/auth-url?mode=live&redirect=/done",
		   platforms[i].name);
	CLEANUP(answer_free)
	struct answer *start = client_call("GET", path.p, owner.token, NULL);

	assert_status(start, 200);
	buf_printf(&url, "%s&sandbox_user=%s&%s", answer_text(start, "url"), who, more);
	CLEANUP(answer_free) struct answer *yes = get(url.p);

	ck_assert_int_eq((int)yes->status, 302);
	snprintf(back, sizeof(back), "%s", answer_header(yes, "location"));
}

static void comes_back_with(const char *words)
{
	CLEANUP(answer_free) struct answer *a = get(back);

	assert_status(a, 303);
	ck_assert_msg(strstr(answer_header(a, "location"), words) != NULL, "%s",
		      answer_header(a, "location"));
}

static struct answer *state_of(int i, const char *method)
{
	char path[80];

	snprintf(path, sizeof(path), "/api/v1/integrations/%s", platforms[i].name);
	return client_call(method, path, owner.token, NULL);
}

static void nobody_is_connected(int i)
{
	CLEANUP(answer_free) struct answer *state = state_of(i, "GET");

	assert_status(state, 200);
	ck_assert(!answer_bool(state, "connected"));
	ck_assert_uint_eq(answer_count(state, "accounts"), 0);
}

START_TEST(denied_consent_connects_nobody)
{
	consent(_i, "sandbox_auto=deny");
	comes_back_with("error=access_denied");
	nobody_is_connected(_i);
	comes_back_with("error=access_denied");
}
END_TEST

START_TEST(unticked_permissions_are_shown)
{
	char scopes[200];

	snprintf(scopes, sizeof(scopes), "sandbox_auto=approve&sandbox_scopes=%s",
		 platforms[_i].part);
	consent(_i, scopes);
	comes_back_with("/done?connected=");
	CLEANUP(answer_free) struct answer *state = state_of(_i, "GET");

	ck_assert_str_eq(answer_text(state, "accounts.0.remote_id"), user);
	ck_assert_ptr_nonnull(strstr(state->body, "\"missing_scopes\":["));
	ck_assert_str_eq(answer_text(state, "missing_scopes.0"), platforms[_i].missing);
	ck_assert_uint_eq(answer_count(state, "accounts"), 1);
}
END_TEST

/* The second hit is told the first one's end; the code is exchanged once. */
START_TEST(replayed_callback_is_answered_not_exchanged)
{
	consent(_i, "sandbox_auto=approve");
	comes_back_with("/done?connected=");
	comes_back_with("/done?connected=");
	CLEANUP(answer_free) struct answer *state = state_of(_i, "GET");

	ck_assert(answer_bool(state, "connected"));
	ck_assert_uint_eq(answer_count(state, "accounts"), 1);
	ck_assert_uint_eq(answer_count(state, "missing_scopes"), 0);
}
END_TEST

/* A code of somebody else's making, with a state that is ours. */
START_TEST(foreign_code_connects_nobody)
{
	char *code;

	consent(_i, "sandbox_auto=approve");
	code = strstr(back, "code=");
	ck_assert_ptr_nonnull(code);
	code[5] = code[5] == 'X' ? 'Y' : 'X';
	comes_back_with("error=oauth_state_invalid");
	nobody_is_connected(_i);
}
END_TEST

START_TEST(leaving_takes_access_back_where_that_is_possible)
{
	consent(_i, "sandbox_auto=approve");
	comes_back_with("/done?connected=");
	CLEANUP(answer_free) struct answer *left = state_of(_i, "DELETE");
	CLEANUP(answer_free) struct answer *after = state_of(_i, "GET");

	assert_status(left, 200);
	ck_assert(answer_bool(left, "disconnected"));
	ck_assert(answer_bool(left, "revoked") == platforms[_i].is_revocable);
	ck_assert_str_eq(answer_text(after, "status"), "disconnected");
}
END_TEST

/* The account is the person's at the platform; another person is another account. */
START_TEST(reconnecting_keeps_the_account_beside_others)
{
	char first[40];

	consent(_i, "sandbox_auto=approve");
	comes_back_with("/done?connected=");
	CLEANUP(answer_free) struct answer *was = state_of(_i, "GET");

	snprintf(first, sizeof(first), "%s", answer_text(was, "accounts.0.id"));
	consent(_i, "sandbox_auto=approve"); /* while connected */
	comes_back_with("/done?connected=");
	CLEANUP(answer_free) struct answer *left = state_of(_i, "DELETE");

	assert_status(left, 200);
	consent(_i, "sandbox_auto=approve"); /* and after having left */
	comes_back_with("/done?connected=");
	CLEANUP(answer_free) struct answer *again = state_of(_i, "GET");

	ck_assert_uint_eq(answer_count(again, "accounts"), 1);
	ck_assert_str_eq(answer_text(again, "accounts.0.id"), first);
	user[1] = user[1] == '9' ? '8' : '9';
	consent(_i, "sandbox_auto=approve");
	comes_back_with("/done?connected=");
	CLEANUP(answer_free) struct answer *both = state_of(_i, "GET");

	ck_assert_uint_eq(answer_count(both, "accounts"), 2);
	ck_assert_ptr_nonnull(strstr(both->body, first));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ denied_consent_connects_nobody, PLATFORMS },
		{ unticked_permissions_are_shown, PLATFORMS },
		{ replayed_callback_is_answered_not_exchanged, PLATFORMS },
		{ foreign_code_connects_nobody, PLATFORMS },
		{ leaving_takes_access_back_where_that_is_possible, PLATFORMS },
		{ reconnecting_keeps_the_account_beside_others, ALL_OF_THEM },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "consents",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.cases = cases,
	});
}

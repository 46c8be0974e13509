/* SPDX-License-Identifier: Apache-2.0 */
/* Consents of YouTube, given, denied, halved and repeated: a channel is connected whole or not. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/random.h"
#include "support/client.h"
#include "support/connector.h"
#include "support/suite.h"

#define STATE "/api/v1/integrations/youtube"
#define SCOPE "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fyoutube."

static struct persona owner;
static char who[32]; /* a channel, or a Google account that has none */

static void channel_make(bool is_bare)
{
	const unsigned long long n = random_below(10000000000ULL);
	char body[400];

	if (is_bare) {
		snprintf(who, sizeof(who), "1082%010llu", n);
		snprintf(body, sizeof(body),
			 "{\"platform\":\"youtube\",\"users\":[{\"id\":\"%s\",\"name\":\"P\"}]}",
			 who);
	} else {
		snprintf(who, sizeof(who), "UC%022llu", n);
		snprintf(body, sizeof(body),
			 "{\"platform\":\"youtube\",\"users\":[{\"id\":\"1082%010llu\",\"name\":"
			 "\"P\",\"channels\":[{\"id\":\"%s\",\"handle\":\"c%llu\",\"title\":\"C\"}]"
			 "}]}",
			 n, who, n);
	}
	sandbox_post("/_control/world", body, 200);
}

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
	channel_make(false);
}

static char *consent(struct start *s, const char *more)
{
	connect_start_on(s, "youtube", owner.token, "?redirect=/done");
	return connect_consent(s, who, more);
}

/* The whole way: where the browser ends. */
static struct answer *consented(const char *more)
{
	struct start s;
	char *url = consent(&s, more);
	struct answer *a = connect_callback(url, s.cookie);

	free(url);
	return a;
}

static void connected_are(size_t n)
{
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);
	char *tokens = client_sql("SELECT COUNT(*) FROM account_tokens WHERE workspace_id = '%s'",
				  owner.workspace);

	assert_status(state, 200);
	ck_assert_uint_eq(answer_count(state, "accounts"), n);
	ck_assert_int_eq(atoi(tokens), (int)(2 * n));
	free(tokens);
}

START_TEST(channel_is_connected_with_both_tokens)
{
	CLEANUP(answer_free) struct answer *a = consented("");

	connect_ends_at(a, "/done?connected=youtube");
	connected_are(1);
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	ck_assert_uint_eq(answer_count(state, "missing_scopes"), 0);
	ck_assert_str_eq(answer_text(state, "accounts.0.display_name"), "C");
}
END_TEST

START_TEST(denied_consent_leaves_nothing)
{
	CLEANUP(answer_free) struct answer *a = consented("&sandbox_auto=deny");

	connect_ends_at(a, "/done?error=access_denied");
	connected_are(0);
}
END_TEST

static const char *const halves[] = {
	SCOPE "upload",
	SCOPE "readonly",
};

START_TEST(unticked_box_leaves_nothing)
{
	char more[200];

	snprintf(more, sizeof(more), "&sandbox_scopes=%s", halves[_i]);
	CLEANUP(answer_free) struct answer *a = consented(more);

	connect_ends_at(a, "/done?error=");
	connect_ends_at(a, "not%20granted");
	connected_are(0);
}
END_TEST

START_TEST(box_that_is_not_needed_is_reported)
{
	CLEANUP(answer_free)
	struct answer *a = consented("&sandbox_scopes=" SCOPE "upload," SCOPE "readonly");

	connect_ends_at(a, "/done?connected=youtube");
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	ck_assert_str_eq(answer_text(state, "missing_scopes.0"),
			 "https://www.googleapis.com/auth/youtube.force-ssl");
}
END_TEST

START_TEST(repeated_callback_connects_once)
{
	struct start s;
	char *url = consent(&s, "");
	CLEANUP(answer_free) struct answer *first = connect_callback(url, s.cookie);
	CLEANUP(answer_free) struct answer *second = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(first, "/done?connected=youtube");
	connect_ends_at(second, "/done?connected=youtube");
	connected_are(1);
}
END_TEST

/* The code of one flow, brought to another: used up, and made for another verifier. */
START_TEST(replayed_code_leaves_nothing)
{
	struct start first, second;
	char *url = consent(&first, ""), *other = consent(&second, "");
	char *code = strstr(url, "code="), *at = strstr(other, "code=");
	char forged[1600];

	ck_assert(code && at);
	snprintf(forged, sizeof(forged), "%.*s%.*s%s", (int)(at - other), other,
		 (int)strcspn(code, "&"), code, at + strcspn(at, "&"));
	CLEANUP(answer_free) struct answer *a = connect_callback(forged, second.cookie);

	free(url);
	free(other);
	connect_ends_at(a, "/done?error=");
	connected_are(0);
}
END_TEST

START_TEST(google_account_without_channel_is_refused)
{
	channel_make(true);
	CLEANUP(answer_free) struct answer *a = consented("");

	connect_ends_at(a, "error=no_eligible_account");
	connected_are(0);
}
END_TEST

static const char *const breaks[] = {
	"{\"platform\":\"youtube\",\"point\":\"token.no_refresh_token\"}",
	"{\"platform\":\"youtube\",\"point\":\"http.html_502\",\"match\":{\"endpoint\":\"token\"}}",
	("{\"platform\":\"youtube\",\"point\":\"http.html_502\",\"match\":{\"endpoint\":"
	 "\"channels\"}}"),
	"{\"platform\":\"youtube\",\"point\":\"token.error\"}",
};

START_TEST(broken_exchange_leaves_nothing)
{
	sandbox_post("/_control/faults", breaks[_i], 201);
	CLEANUP(answer_free) struct answer *a = consented("");

	connect_ends_at(a, "/done?error=");
	connected_are(0);
}
END_TEST

/* Google takes back all of a person's channels at once, and does not say whose they are. */
START_TEST(access_is_taken_back_with_the_last_channel)
{
	char path[200];

	for (int i = 0; i < 2; i++) {
		channel_make(false);
		CLEANUP(answer_free) struct answer *a = consented("");

		connect_ends_at(a, "connected=youtube");
	}
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	snprintf(path, sizeof(path), STATE "?account_id=%s", answer_text(state, "accounts.0.id"));
	CLEANUP(answer_free) struct answer *one = client_call("DELETE", path, owner.token, NULL);

	assert_status(one, 200);
	ck_assert(!answer_bool(one, "revoked"));
	CLEANUP(answer_free) struct answer *rest = client_call("DELETE", STATE, owner.token, NULL);

	assert_status(rest, 200);
	ck_assert(answer_bool(rest, "revoked"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ channel_is_connected_with_both_tokens, 0 },
		{ denied_consent_leaves_nothing, 0 },
		{ unticked_box_leaves_nothing, (int)ARRAY_LEN(halves) },
		{ box_that_is_not_needed_is_reported, 0 },
		{ repeated_callback_connects_once, 0 },
		{ replayed_code_leaves_nothing, 0 },
		{ google_account_without_channel_is_refused, 0 },
		{ broken_exchange_leaves_nothing, (int)ARRAY_LEN(breaks) },
		{ access_is_taken_back_with_the_last_channel, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "youtube_connect",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.cases = cases,
	});
}

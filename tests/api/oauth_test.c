/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect flows in hands that they are not meant for, through the real routes: states and codes that
 * are stolen, crossed, replayed or old, refusals with poisoned words, and many at once for one
 * account. What a flow is meant for stands in consents_test and in those of the platforms.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/random.h"
#include "support/connector.h"
#include "support/suite.h"

static const struct {
	const char *name, *prefix; /* of ids there */
	bool has_pkce;
	const char *query; /* of auth-url */
} platforms[] = {
	{ "twitter", "2", true, "?mode=live&redirect=/done" },
	{ "youtube", "UC0002", true, "?mode=live&redirect=/done" },
	{ "tiktok", "2", true, "?mode=live&redirect=/done" },
	{ "pinterest", "2", false, "?mode=live&redirect=/done" },
	{ "mastodon", "2", true, "?mode=test&instance=social.example&redirect=/done" },
};
#define PLATFORMS ((int)ARRAY_LEN(platforms))
#define SOME      2 /* where all of them go the same way */

static struct persona owner;
static char user[40];

/* A flow, and where the platform sends the person's browser after a yes. */
struct hop {
	struct start s;
	char *url;
};

static void hop_done(struct hop *h)
{
	free(h->url);
}

static struct hop hop_of(const struct persona *p, int i)
{
	struct hop h;

	connect_start_on(&h.s, platforms[i].name, p->token, platforms[i].query);
	h.url = connect_consent(&h.s, user, "");
	return h;
}

static void somebody(int i)
{
	snprintf(user, sizeof(user), "%s%018llu", platforms[i].prefix,
		 (unsigned long long)random_below(1000000000000000000ULL));
	person_known(platforms[i].name, user);
}

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
}

static void nothing_is_connected(void)
{
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM accounts WHERE workspace_id = '%s'",
				       owner.workspace),
			 0);
}

/* The value of a parameter of that address, and the address with another one in its place. */
static void take_param(const char *url, const char *name, char *ret, size_t n)
{
	const char *at = strstr(url, name);

	ck_assert_msg(at != NULL, "%s is not in %s", name, url);
	at += strlen(name);
	snprintf(ret, n, "%.*s", (int)strcspn(at, "&#"), at);
}

static char *with_param(const char *url, const char *name, const char *value)
{
	const char *at = strstr(url, name);
	struct buf out = BUF_INIT;

	ck_assert_msg(at != NULL, "%s is not in %s", name, url);
	at += strlen(name);
	buf_printf(&out, "%.*s%s%s", (int)(at - url), url, value, at + strcspn(at, "&#"));
	return buf_take(&out);
}

static struct answer *callback_of(const char *platform, const char *query, const char *cookie)
{
	CLEANUP(buf_done) struct buf url = BUF_INIT;

	buf_printf(&url, "%s/api/v1/integrations/%s/callback?%s", client_env("CARILLON_URL"),
		   platform, query);
	return connect_callback(url.p, cookie);
}

static const char other_browser[] =
	"Cookie: __Host-carillon-flow=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

START_TEST(stolen_state_connects_nobody)
{
	somebody(_i);
	struct hop h = hop_of(&owner, _i);
	CLEANUP(answer_free) struct answer *thief = connect_callback(h.url, other_browser);
	CLEANUP(answer_free) struct answer *late = connect_callback(h.url, h.s.cookie);

	connect_ends_at(thief, "/done?error=oauth_state_invalid");
	connect_ends_at(late, "/done?error=oauth_state_invalid");
	nothing_is_connected();
	hop_done(&h);
}
END_TEST

/* What came of a flow is for the browser that began it, at the platform it was begun for. */
START_TEST(used_state_says_nothing_to_others)
{
	char query[1200];

	somebody(_i);
	struct hop h = hop_of(&owner, _i);
	CLEANUP(answer_free) struct answer *own = connect_callback(h.url, h.s.cookie);
	CLEANUP(answer_free) struct answer *thief = connect_callback(h.url, other_browser);

	snprintf(query, sizeof(query), "%s", strchr(h.url, '?') + 1);
	CLEANUP(answer_free)
	struct answer *crossed = callback_of(platforms[(_i + 1) % PLATFORMS].name, query, NULL);

	connect_ends_at(own, "/done?connected=");
	assert_problem(thief, 400, "oauth_state_invalid");
	assert_problem(crossed, 400, "oauth_state_invalid");
	hop_done(&h);
}
END_TEST

/* A mixed-up platform: its answer comes in at the address of another one. */
START_TEST(state_of_one_platform_is_none_of_another)
{
	char query[1200];

	somebody(_i);
	struct hop h = hop_of(&owner, _i);

	snprintf(query, sizeof(query), "%s&iss=https%%3A%%2F%%2Fevil.example",
		 strchr(h.url, '?') + 1);
	CLEANUP(answer_free)
	struct answer *crossed =
		callback_of(platforms[(_i + 1) % PLATFORMS].name, query, h.s.cookie);

	connect_ends_at(crossed, "/done?error=oauth_state_invalid");
	nothing_is_connected();
	hop_done(&h);
}
END_TEST

START_TEST(old_state_connects_nobody)
{
	somebody(_i);
	struct hop h = hop_of(&owner, _i);

	free(client_sql("UPDATE oauth_flows SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND "
			"WHERE workspace_id = '%s'",
			owner.workspace));
	CLEANUP(answer_free) struct answer *a = connect_callback(h.url, h.s.cookie);

	assert_problem(a, 400, "oauth_state_invalid");
	nothing_is_connected();
	hop_done(&h);
}
END_TEST

/* The code of a flow that somebody else began, brought in with a state of one's own. */
START_TEST(code_of_another_flow_connects_nobody)
{
	struct persona other;
	char code[600];

	if (!platforms[_i].has_pkce)
		return;
	persona_make(&other, NULL, "owner");
	somebody(_i);
	struct hop theirs = hop_of(&other, _i), mine = hop_of(&owner, _i);
	char *url;

	take_param(theirs.url, "code=", code, sizeof(code));
	url = with_param(mine.url, "code=", code);
	CLEANUP(answer_free) struct answer *a = connect_callback(url, mine.s.cookie);

	connect_ends_at(a, "/done?error=");
	nothing_is_connected();
	free(url);
	hop_done(&theirs);
	hop_done(&mine);
}
END_TEST

/* The consent page's address with the challenge of somebody who knows the verifier to it. */
START_TEST(weakened_challenge_connects_nobody)
{
	static const char known[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct start s;
	char challenge[200], *weak, *url;

	if (!platforms[_i].has_pkce)
		return;
	somebody(_i);
	connect_start_on(&s, platforms[_i].name, owner.token, platforms[_i].query);
	ck_assert_ptr_nonnull(strstr(s.url, "code_challenge_method=S256"));
	take_param(s.url, "code_challenge=", challenge, sizeof(challenge));
	ck_assert_uint_ge(strlen(challenge), 43);
	weak = with_param(s.url, "code_challenge=", strlen(challenge) == 64 ? known : known + 21);
	snprintf(s.url, sizeof(s.url), "%s", weak);
	free(weak);
	url = connect_consent(&s, user, "");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	connect_ends_at(a, "/done?error=");
	nothing_is_connected();
	free(url);
}
END_TEST

START_TEST(answer_without_a_code_connects_nobody)
{
	char state[200], query[300];

	somebody(_i);
	struct hop h = hop_of(&owner, _i);

	take_param(h.url, "state=", state, sizeof(state));
	snprintf(query, sizeof(query), "state=%s", state);
	CLEANUP(answer_free)
	struct answer *a = callback_of(platforms[_i].name, query, h.s.cookie);
	CLEANUP(answer_free) struct answer *after = connect_callback(h.url, h.s.cookie);

	connect_ends_at(a, "/done?error=platform_error");
	connect_ends_at(after, "/done?error=platform_error");
	nothing_is_connected();
	hop_done(&h);
}
END_TEST

/* What a platform, or whoever plays one, says; and how it reaches the application's page. */
static const struct {
	const char *query, *at;
} refusals[] = {
	{ "error=access_denied&error_description=No%20thanks",
	  "/done?error=access_denied&error_description=No%20thanks" },
	{ "error=%3Cscript%3E&error_description=%3Cscript%3Ealert(1)%3C/script%3E%22%27",
	  "?error=platform_error&error_description=%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27" },
	{ "error=x&error_description=a%26connected%3Dtwitter%23b",
	  "?error=platform_error&error_description=a%26connected%3Dtwitter%23b" },
	{ "error=x&error_description=https://evil.example/",
	  "?error=platform_error&error_description=https%3A%2F%2Fevil.example%2F" },
	{ "error=x&error_description=a%0d%0aLocation:%20https://evil.example",
	  "&error_description=a%0D%0ALocation%3A%20https%3A%2F%2Fevil.example" },
	{ "error=x&error_description=%E2%80%AEgpj", "&error_description=%E2%80%AEgpj" },
	/* a cut in the middle of a letter would be no text */
	{ "error=x&error_description="
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaa"
	  "aaaaaaa%C3%A9%C3%A9%C3%A9",
	  "aaa" },
};

/* Nothing stands behind it: a letter cut in two, or what somebody put in. */
static void says_last(const struct answer *a, const char *end)
{
	const char *location = answer_header(a, "location");
	size_t n = location ? strlen(location) : 0;

	connect_ends_at(a, end);
	ck_assert_msg(n >= strlen(end) && strcmp(location + n - strlen(end), end) == 0, "%s",
		      location);
}

START_TEST(refusal_reaches_the_page_as_plain_text)
{
	char state[200];
	CLEANUP(buf_done) struct buf query = BUF_INIT;

	somebody(0);
	struct hop h = hop_of(&owner, 0);

	take_param(h.url, "state=", state, sizeof(state));
	buf_printf(&query, "state=%s&%s", state, refusals[_i].query);
	CLEANUP(answer_free)
	struct answer *a = callback_of(platforms[0].name, query.p, h.s.cookie);
	CLEANUP(answer_free)
	struct answer *again = callback_of(platforms[0].name, query.p, h.s.cookie);

	says_last(a, refusals[_i].at);
	says_last(again, refusals[_i].at);
	nothing_is_connected();
	hop_done(&h);
}
END_TEST

/* What is no text, and what is said twice, is no refusal at all. */
START_TEST(torn_refusal_is_refused)
{
	static const char *const queries[] = {
		"error=x&error_description=%00",
		"error=x&error_description=%ff",
		"error=x&error=y",
		"state=x&error=x",
	};
	char state[200];

	somebody(0);
	struct hop h = hop_of(&owner, 0);

	take_param(h.url, "state=", state, sizeof(state));
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		char query[400];

		snprintf(query, sizeof(query), "state=%s&%s", state, queries[i]);
		CLEANUP(answer_free)
		struct answer *a = callback_of(platforms[0].name, query, h.s.cookie);

		ck_assert_msg(a->status / 100 == 4, "%s: %ld %s", queries[i], a->status,
			      a->headers);
	}
	CLEANUP(answer_free) struct answer *after = connect_callback(h.url, h.s.cookie);

	connect_ends_at(after, "/done?connected=");
	hop_done(&h);
}
END_TEST

/* A choice is for the person who began the flow, as long as it is fresh. */
START_TEST(choice_is_its_beginner_s_alone)
{
	struct persona colleague;
	struct person p;
	struct start s;
	char flow[64], path[200], *url;

	persona_make(&colleague, owner.workspace, "owner");
	person_make(&p, 2);
	connect_start(&s, owner.token, "");
	url = connect_consent(&s, p.id, "");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "choose=flow_");
	take_param(answer_header(a, "location"), "choose=", flow, sizeof(flow));
	for (int i = 0; i < 2; i++) {
		const char *token = i ? owner.token : colleague.token;

		snprintf(path, sizeof(path), "/api/v1/integrations/instagram/candidates?flow=%s",
			 flow);
		CLEANUP(answer_free) struct answer *look = client_call("GET", path, token, NULL);
		CLEANUP(answer_free)
		struct answer *take = client_callf(
			"POST", "/api/v1/integrations/instagram/select", token,
			"{\"flow\":\"%s\",\"remote_ids\":[\"%s\"]}", flow, p.account[0]);

		assert_problem(look, 404, "not_found");
		assert_problem(take, 404, "not_found");
		free(client_sql("UPDATE oauth_flows SET expires_at = UTC_TIMESTAMP(3) WHERE id = "
				"'%s'",
				flow));
	}
	nothing_is_connected();
}
END_TEST

#define AT_ONCE 6

/* Six browsers come back in the same moment; even ones are the owner's, odd ones the rival's. */
static void all_come_back(const struct persona *rival, int i, int ret_connected[2])
{
	struct hop hops[AT_ONCE];
	pid_t children[AT_ONCE];
	int gate[2], status;

	somebody(i);
	for (int n = 0; n < AT_ONCE; n++)
		hops[n] = hop_of(n % 2 && rival ? rival : &owner, i);
	ck_assert_int_eq(pipe(gate), 0);
	for (int n = 0; n < AT_ONCE; n++) {
		char word;

		children[n] = fork();
		if (children[n] != 0)
			continue;
		close(gate[1]);
		(void)!read(gate[0], &word, 1); /* until all are there */
		struct answer *a = connect_callback(hops[n].url, hops[n].s.cookie);
		const char *at = answer_header(a, "location");

		_exit(at && strstr(at, "connected=")            ? 0
		      : at && strstr(at, "error=account_taken") ? 1
								: 2);
	}
	close(gate[0]);
	close(gate[1]);
	for (int n = 0; n < AT_ONCE; n++) {
		ck_assert_int_eq(waitpid(children[n], &status, 0), children[n]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 2, "flow %d: %d", n,
			      status);
		ret_connected[n % 2] += WEXITSTATUS(status) == 0;
		hop_done(&hops[n]);
	}
}

static void one_row_is_left(const char *platform)
{
	char *n =
		client_sql("SELECT CONCAT(COUNT(*), '/', SUM(status = 'connected')) FROM accounts "
			   "WHERE platform = '%s' AND remote_id = '%s'",
			   platform, user);

	ck_assert_str_eq(n, "1/1");
	free(n);
}

START_TEST(flows_at_once_end_in_one_account)
{
	int connected[2] = { 0 };

	all_come_back(NULL, _i, connected);
	ck_assert_int_eq(connected[0] + connected[1], AT_ONCE);
	one_row_is_left(platforms[_i].name);
}
END_TEST

/* Of two workspaces one gets the account, and the other is told that it is taken. */
START_TEST(account_goes_to_one_workspace_of_two)
{
	struct persona rival;
	int connected[2] = { 0 };

	persona_make(&rival, NULL, "owner");
	all_come_back(&rival, _i, connected);
	ck_assert_int_eq(connected[0] + connected[1], AT_ONCE / 2);
	ck_assert_int_eq(connected[0] * connected[1], 0);
	one_row_is_left(platforms[_i].name);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ stolen_state_connects_nobody, SOME },
		{ used_state_says_nothing_to_others, PLATFORMS },
		{ state_of_one_platform_is_none_of_another, PLATFORMS },
		{ old_state_connects_nobody, SOME },
		{ code_of_another_flow_connects_nobody, PLATFORMS },
		{ weakened_challenge_connects_nobody, PLATFORMS },
		{ answer_without_a_code_connects_nobody, SOME },
		{ refusal_reaches_the_page_as_plain_text, (int)ARRAY_LEN(refusals) },
		{ torn_refusal_is_refused, 0 },
		{ choice_is_its_beginner_s_alone, 0 },
		{ flows_at_once_end_in_one_account, SOME },
		{ account_goes_to_one_workspace_of_two, SOME },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "oauth",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.cases = cases,
	});
}

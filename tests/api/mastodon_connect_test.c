/* SPDX-License-Identifier: Apache-2.0 */
/* An account on a Mastodon server through the API: the server named, registered at, consent, and back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "support/connector.h"
#include "support/suite.h"

#define STATE "/api/v1/integrations/mastodon"
#define ASK   "?mode=test&redirect=/done&instance=@me@social.example"

static struct persona owner;
static char person[24];

static struct answer *sandbox(const char *method, const char *path, const char *body)
{
	return client_send(&(struct call){ .method = method,
					   .path = path,
					   .body = body,
					   .base = client_env("CARILLON_SANDBOX_URL") });
}

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
	snprintf(person, sizeof(person), "1093%012llu",
		 (unsigned long long)random_below(1000000000000ULL));
	person_known("mastodon", person);
}

static struct answer *connect_with(const char *more, char **ret_url, struct start *s)
{
	connect_start_on(s, "mastodon", owner.token, ASK);
	*ret_url = connect_consent(s, person, more);
	return connect_callback(*ret_url, s->cookie);
}

static size_t tokens(bool is_dead)
{
	CLEANUP(answer_free) struct answer *a = sandbox("GET", "/_control/state", NULL);
	size_t n = 0;

	for (size_t i = 0; i < answer_count(a, "tokens"); i++) {
		char at[40];

		snprintf(at, sizeof(at), "tokens.%zu.person", i);
		if (strcmp(answer_text(a, at), person) != 0)
			continue;
		snprintf(at, sizeof(at), "tokens.%zu.dead_reason", i);
		n += (answer_int(a, at) != 0) == is_dead;
	}
	return n;
}

static int64_t kept_flows(void)
{
	return client_number("SELECT COUNT(*) FROM oauth_flows WHERE workspace_id = '%s' AND kept "
			     "IS NOT NULL",
			     owner.workspace);
}

START_TEST(consent_connects_once_however_often_it_is_replayed)
{
	struct start s;
	char *url, remote_id[64];
	CLEANUP(answer_free) struct answer *first = connect_with("", &url, &s);
	CLEANUP(answer_free) struct answer *second = connect_callback(url, s.cookie);
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(first, "/done?connected=mastodon");
	connect_ends_at(second, "/done?connected=mastodon");
	ck_assert_uint_eq(answer_count(state, "accounts"), 1);
	snprintf(remote_id, sizeof(remote_id), "%s@%s", person,
		 strstr(client_env("CARILLON_SANDBOX_URL"), "://") + 3);
	ck_assert_str_eq(answer_text(state, "accounts.0.remote_id"), remote_id);
	ck_assert_str_eq(answer_text(state, "accounts.0.username"), "who@sandbox.example");
	ck_assert_uint_eq(answer_count(state, "missing_scopes"), 0);
	ck_assert_uint_eq(tokens(false), 1);
	ck_assert_int_eq(kept_flows(), 0);
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
	ck_assert_int_eq(kept_flows(), 0);
}
END_TEST

START_TEST(missing_permissions_are_named)
{
	struct start s;
	char *url;
	CLEANUP(answer_free)
	struct answer *a = connect_with("&sandbox_scopes=read:accounts,read:statuses", &url, &s);
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(a, "connected=mastodon");
	ck_assert_uint_eq(answer_count(state, "missing_scopes"), 2);
	ck_assert_str_eq(answer_text(state, "missing_scopes.0"), "write:statuses");
	ck_assert_str_eq(answer_text(state, "missing_scopes.1"), "write:media");
}
END_TEST

START_TEST(disconnecting_revokes_the_token)
{
	struct start s;
	char *url;
	CLEANUP(answer_free) struct answer *a = connect_with("", &url, &s);
	CLEANUP(answer_free) struct answer *left = client_call("DELETE", STATE, owner.token, NULL);

	free(url);
	connect_ends_at(a, "connected=mastodon");
	assert_status(left, 200);
	ck_assert(answer_bool(left, "disconnected"));
	ck_assert(answer_bool(left, "revoked"));
	ck_assert_uint_eq(tokens(false), 0);
	ck_assert_uint_eq(tokens(true), 1);
}
END_TEST

/* ---- registrations ---- */

static void client_id_of(const char *token, char ret[static 64])
{
	struct start s;
	const char *at;

	connect_start_on(&s, "mastodon", token, ASK);
	at = strstr(s.url, "client_id=");
	ck_assert_ptr_nonnull(at);
	at += strlen("client_id=");
	snprintf(ret, 64, "%.*s", (int)strcspn(at, "&"), at);
}

START_TEST(workspace_registers_once_and_for_itself)
{
	char first[64], second[64], others[64];
	struct persona other;

	persona_make(&other, NULL, "owner");
	client_id_of(owner.token, first);
	client_id_of(owner.token, second);
	client_id_of(other.token, others);
	ck_assert_str_eq(first, second);
	ck_assert_str_ne(first, others);
}
END_TEST

START_TEST(registration_that_the_server_forgot_is_made_anew)
{
	char first[64], second[64];

	client_id_of(owner.token, first);
	sandbox_post("/_control/faults",
		     "{\"platform\":\"mastodon\",\"point\":"
		     "\"oauth.unknown_client\",\"times\":1}",
		     201);
	client_id_of(owner.token, second);
	ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(what_a_flow_keeps_is_sealed)
{
	struct start s;

	connect_start_on(&s, "mastodon", owner.token, ASK);
	ck_assert_int_eq(kept_flows(), 1);
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM oauth_flows WHERE workspace_id = '%s' "
				       "AND (kid IS NULL OR INSTR(kept, 'client_secret') > 0)",
				       owner.workspace),
			 0);
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM server_clients WHERE workspace_id = "
				       "'%s' AND INSTR(sealed, 'client_secret') = 0",
				       owner.workspace),
			 1);
}
END_TEST

/* ---- names that lead nowhere ---- */

static const char *const odd[] = {
	"?mode=test",
	"?mode=test&instance=",
	"?mode=test&instance=@me",
	"?mode=test&instance=https://social.example/settings",
	"?mode=test&instance=https://me@social.example",
	"?mode=live&instance=127.0.0.1",        /* inside: never asked */
	"?mode=live&instance=http://127.0.0.1", /* by http neither */
	"?mode=live&instance=no-such-host.invalid",
};

START_TEST(name_of_no_server_is_refused)
{
	char path[200];

	snprintf(path, sizeof(path), STATE "/auth-url%s", odd[_i]);
	CLEANUP(answer_free) struct answer *a = client_call("GET", path, owner.token, NULL);

	assert_problem(a, 422, "validation_failed");
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "instance");
	ck_assert_int_eq(kept_flows(), 0);
}
END_TEST

/* The parameter is Mastodon's alone, and there is no sandbox without a mode that names it. */
START_TEST(other_platforms_know_no_instance)
{
	CLEANUP(answer_free)
	struct answer *a =
		client_call("GET", "/api/v1/integrations/twitter/auth-url?instance=social.example",
			    owner.token, NULL);

	ck_assert_int_eq(a->status / 100, 4);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ consent_connects_once_however_often_it_is_replayed, 0 },
		{ denied_consent_connects_nothing, 0 },
		{ missing_permissions_are_named, 0 },
		{ disconnecting_revokes_the_token, 0 },
		{ workspace_registers_once_and_for_itself, 0 },
		{ registration_that_the_server_forgot_is_made_anew, 0 },
		{ what_a_flow_keeps_is_sealed, 0 },
		{ name_of_no_server_is_refused, (int)ARRAY_LEN(odd) },
		{ other_platforms_know_no_instance, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "mastodon_connect_api",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.cases = cases,
	});
}

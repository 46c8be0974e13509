/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's login server as a client meets it: what it demands, and what works only once. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/dpop.h"
#include "sandbox_client.h"
#include "support/suite.h"

#define BACK "http%3A%2F%2F127.0.0.1%3A8443%2Fcallback"
#define CLIENT                                                                               \
	"http%3A%2F%2Flocalhost%3Fredirect_uri%3Dhttp%253A%252F%252F127.0.0.1%252Fcallback%" \
	"26scope"                                                                            \
	"%3Datproto%2520transition%253Ageneric"
#define ALL       "atproto%20transition%3Ageneric"
/* RFC 7636, appendix B */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define QUESTION(client, redirect, scope, method)                                        \
	"client_id=" client "&redirect_uri=" redirect "&response_type=code&scope=" scope \
	"&state=s1&code_challenge=" CHALLENGE "&code_challenge_method=" method           \
	"&login_hint=acmebakery.test"
#define GOOD QUESTION(CLIENT, BACK, ALL, "S256")

static char key[DPOP_KEY_MAX], nonce[64], access_token[256], refresh_token[256];

struct ask {
	const char *path, *form; /* form NULL: GET */
	const char *key, *nonce; /* key NULL: no proof */
	const char *token, *scheme;
	const char *proof; /* this one instead of a new one */
};

static void prove(const struct ask *a, struct buf *ret)
{
	const struct dpop_call call = { a->form ? "POST" : "GET", client_url("/bluesky%s", a->path),
					a->nonce, a->token, clock_real_us() };

	ck_assert_int_eq(dpop_prove(a->key, &call, ret), 0);
}

static struct answer send_(const struct ask *a)
{
	CLEANUP(buf_done) struct buf proof = BUF_INIT, line = BUF_INIT;
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	const char *url = client_url("/bluesky%s", a->path), *at;
	struct answer got;

	if (a->proof)
		buf_adds(&proof, a->proof);
	else if (a->key)
		prove(a, &proof);
	if (proof.len > 0) {
		buf_printf(&line, "DPoP: %s", proof.p);
		headers = curl_slist_append(headers, line.p);
	}
	if (a->token) {
		buf_clear(&line);
		buf_printf(&line, "Authorization: %s %s", a->scheme ? a->scheme : "DPoP", a->token);
		headers = curl_slist_append(headers, line.p);
	}
	if (a->form)
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, a->form);
	got = client_perform(curl, a->form ? "POST" : "GET", url, headers);
	at = strcasestr(buf_str(&got.headers), "dpop-nonce: ");
	if (at)
		snprintf(nonce, sizeof(nonce), "%.*s", (int)strcspn(at + 12, "\r\n"), at + 12);
	return got;
}

static void fails(const struct ask *a, int status, const char *error)
{
	CLEANUP(client_answer_done) struct answer got = send_(a);

	ck_assert_msg(got.status == status && strcmp(client_text(&got, "error"), error) == 0,
		      "%ld %s instead of %d %s", got.status, buf_str(&got.body), status, error);
}

static void setup(void)
{
	const struct ask first = { .path = "/oauth/par", .form = GOOD, .key = key };

	client_setup();
	dpop_make(key);
	fails(&first, 400, "use_dpop_nonce");
}

/* Where the browser is sent once the person has said yes. */
static void consent(char ret[static 1024])
{
	const struct ask push = { .path = "/oauth/par", .form = GOOD, .key = key, .nonce = nonce };
	CLEANUP(client_answer_done) struct answer pushed = send_(&push);

	ck_assert_msg(pushed.status == 201, "%s", buf_str(&pushed.body));
	CLEANUP(client_answer_done)
	struct answer a = client_ask(
		"GET",
		client_url("/bluesky/oauth/authorize?client_id=%s&request_uri=%s&sandbox_auto="
			   "approve",
			   CLIENT, client_text(&pushed, "request_uri")),
		NULL, "");

	ck_assert_int_eq((int)a.status, 302);
	snprintf(ret, 1024, "%s", a.location);
}

static void code_form(char ret[static 1024], const char *code, const char *verifier)
{
	snprintf(ret, 1024,
		 "grant_type=authorization_code&client_id=%s&redirect_uri=%s&code=%s&code_verifier="
		 "%s",
		 CLIENT, BACK, code, verifier);
}

static void refresh_form(char ret[static 1024])
{
	snprintf(ret, 1024, "grant_type=refresh_token&client_id=%s&refresh_token=%s", CLIENT,
		 refresh_token);
}

static void tokens_keep(const struct answer *a)
{
	ck_assert_msg(a->status == 200, "%s", buf_str(&a->body));
	snprintf(access_token, sizeof(access_token), "%s", client_text(a, "access_token"));
	snprintf(refresh_token, sizeof(refresh_token), "%s", client_text(a, "refresh_token"));
}

static void login(char ret_form[static 1024])
{
	char location[1024];

	consent(location);
	code_form(ret_form, client_code(location), VERIFIER);
	CLEANUP(client_answer_done)
	struct answer a = send_(&(struct ask){
		.path = "/oauth/token", .form = ret_form, .key = key, .nonce = nonce });

	tokens_keep(&a);
	ck_assert_str_eq(client_text(&a, "token_type"), "DPoP");
	ck_assert_str_eq(client_text(&a, "sub"), "did:plc:acmebakery22222222222222");
}

static int whoami(const char *with_key, const char *scheme)
{
	const struct ask ask = { .path = "/xrpc/com.atproto.server.getSession",
				 .key = with_key,
				 .nonce = nonce,
				 .token = access_token,
				 .scheme = scheme };
	CLEANUP(client_answer_done) struct answer a = send_(&ask);

	return (int)a.status;
}

START_TEST(each_call_needs_a_proof_with_the_nonce_of_the_hour)
{
	char old[64];
	struct ask push = { .path = "/oauth/par", .form = GOOD };

	fails(&push, 400, "invalid_dpop_proof");
	memcpy(old, nonce, sizeof(old));
	client_control("clock", "{\"advance_s\":180}");
	push.key = key;
	push.nonce = old;
	fails(&push, 400, "use_dpop_nonce");
	ck_assert_str_ne(nonce, old);
	push.nonce = nonce;
	CLEANUP(client_answer_done) struct answer a = send_(&push);

	ck_assert_int_eq((int)a.status, 201);
}
END_TEST

START_TEST(proof_is_good_for_one_call_of_one_place)
{
	CLEANUP(buf_done) struct buf proof = BUF_INIT, elsewhere = BUF_INIT, read = BUF_INIT;
	struct ask push = { .path = "/oauth/par", .form = GOOD, .key = key, .nonce = nonce };
	struct ask other = { .path = "/oauth/token", .form = "", .key = key, .nonce = nonce };
	struct ask get = { .path = "/oauth/par", .key = key, .nonce = nonce };

	prove(&push, &proof);
	prove(&other, &elsewhere);
	prove(&get, &read);
	push.proof = proof.p;
	CLEANUP(client_answer_done) struct answer a = send_(&push);

	ck_assert_int_eq((int)a.status, 201);
	fails(&push, 400, "invalid_dpop_proof");
	push.proof = elsewhere.p;
	fails(&push, 400, "invalid_dpop_proof");
	push.proof = read.p;
	fails(&push, 400, "invalid_dpop_proof");
}
END_TEST

static const struct {
	const char *form, *error;
} bad_questions[] = {
	{ QUESTION("http%3A%2F%2Fexample.com", BACK, ALL, "S256"), "invalid_client_metadata" },
	{ QUESTION("http%3A%2F%2Flocalhost%3Fredirect_uri%3Dhttps%253A%252F%252Fevil.example%252F",
		   BACK, "atproto", "S256"),
	  "invalid_client_metadata" },
	{ QUESTION("https%3A%2F%2F127.0.0.1%3A1%2Fclient.json", BACK, ALL, "S256"),
	  "invalid_client_metadata" },
	{ QUESTION(CLIENT, "http%3A%2F%2F127.0.0.1%2Felsewhere", ALL, "S256"), "invalid_request" },
	{ QUESTION(CLIENT, "http%3A%2F%2Flocalhost%2Fcallback", ALL, "S256"), "invalid_request" },
	{ QUESTION(CLIENT, BACK, "transition%3Ageneric", "S256"), "invalid_request" },
	{ QUESTION(CLIENT, BACK, "atproto%20transition%3Aemail", "S256"), "invalid_request" },
	{ QUESTION(CLIENT, BACK, ALL, "plain"), "invalid_request" },
};

START_TEST(question_that_is_not_the_clients_to_ask_is_refused)
{
	const struct ask push = {
		.path = "/oauth/par", .form = bad_questions[_i].form, .key = key, .nonce = nonce
	};

	fails(&push, 400, bad_questions[_i].error);
}
END_TEST

START_TEST(question_that_was_not_pushed_is_none)
{
	CLEANUP(client_answer_done)
	struct answer a = client_ask(
		"GET", client_url("/bluesky/oauth/authorize?%s&sandbox_auto=approve", GOOD), NULL,
		"");

	ck_assert_int_eq((int)a.status / 100, 4);
	ck_assert_str_eq(a.location, "");
}
END_TEST

START_TEST(callback_names_its_issuer)
{
	char location[1024], issuer[128];

	consent(location);
	snprintf(issuer, sizeof(issuer), "iss=http%%3A%%2F%%2F127.0.0.1%%3A%s%%2Fbluesky",
		 strrchr(client.sandbox->base_url, ':') + 1);
	ck_assert_msg(strstr(location, issuer) != NULL, "%s", location);
	ck_assert_ptr_nonnull(strstr(location, "state=s1"));
}
END_TEST

START_TEST(code_works_once_and_ends_the_grant_when_it_comes_again)
{
	char form[1024];
	struct ask again = { .path = "/oauth/token", .form = form, .key = key, .nonce = nonce };

	login(form);
	ck_assert_int_eq(whoami(key, "DPoP"), 200);
	fails(&again, 400, "invalid_grant");
	ck_assert_int_eq(whoami(key, "DPoP"), 401);
}
END_TEST

START_TEST(code_needs_its_verifier_and_its_key)
{
	char location[1024], form[1024], other[DPOP_KEY_MAX];
	struct ask ask = { .path = "/oauth/token", .form = form, .key = key, .nonce = nonce };

	dpop_make(other);
	consent(location);
	code_form(form, client_code(location), "another-verifier-another-verifier-another-v");
	fails(&ask, 400, "invalid_grant");
	consent(location);
	code_form(form, client_code(location), VERIFIER);
	ask.key = other;
	fails(&ask, 400, "invalid_grant");
}
END_TEST

START_TEST(refresh_token_works_once_and_ends_the_grant_when_it_comes_again)
{
	char form[1024], old[1024];
	struct ask ask = { .path = "/oauth/token", .form = old, .key = key, .nonce = nonce };

	login(form);
	refresh_form(old);
	CLEANUP(client_answer_done) struct answer a = send_(&ask);

	tokens_keep(&a);
	ck_assert_int_eq(whoami(key, "DPoP"), 200);
	fails(&ask, 400, "invalid_grant");
	ck_assert_int_eq(whoami(key, "DPoP"), 401);
	refresh_form(old);
	fails(&ask, 400, "invalid_grant");
}
END_TEST

START_TEST(token_is_worth_nothing_without_its_key)
{
	char form[1024], other[DPOP_KEY_MAX];

	login(form);
	dpop_make(other);
	ck_assert_int_eq(whoami(other, "DPoP"), 401);
	ck_assert_int_eq(whoami(NULL, "DPoP"), 401);
	ck_assert_int_eq(whoami(NULL, "Bearer"), 400);
	ck_assert_int_eq(whoami(key, "DPoP"), 200);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ each_call_needs_a_proof_with_the_nonce_of_the_hour, 0 },
		{ proof_is_good_for_one_call_of_one_place, 0 },
		{ question_that_is_not_the_clients_to_ask_is_refused, ARRAY_LEN(bad_questions) },
		{ question_that_was_not_pushed_is_none, 0 },
		{ callback_names_its_issuer, 0 },
		{ code_works_once_and_ends_the_grant_when_it_comes_again, 0 },
		{ code_needs_its_verifier_and_its_key, 0 },
		{ refresh_token_works_once_and_ends_the_grant_when_it_comes_again, 0 },
		{ token_is_worth_nothing_without_its_key, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "sandbox_bluesky_login",
					     .setup = setup,
					     .teardown = client_teardown,
					     .cases = cases });
}

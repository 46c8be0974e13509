/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets in at the sandbox's Mastodon server: registration, consent, codes, tokens, revocation. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/digest.h"
#include "sandbox_client.h"
#include "support/suite.h"

#define HOME     "https%3A%2F%2Fhome.example%2Fcallback"
#define SCOPES_2 "read:accounts%20write:statuses"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define QUESTION "response_type=code&state=s&redirect_uri=" HOME "&scope=" SCOPES_2
#define APP      "client_name=Carillon&redirect_uris=" HOME "&scopes=" SCOPES_2

struct registered {
	char id[80], secret[80];
};

static struct registered app, other;

static struct answer call(const char *path, const char *form)
{
	char url[1200];

	snprintf(url, sizeof(url), "%s", client_url("/mastodon%s", path));
	return client_ask(form ? "POST" : "GET", url, form, "");
}

static struct registered registered_as(const char *form)
{
	CLEANUP(client_answer_done) struct answer a = call("/api/v1/apps", form);
	struct registered r;

	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	snprintf(r.id, sizeof(r.id), "%s", client_text(&a, "client_id"));
	snprintf(r.secret, sizeof(r.secret), "%s", client_text(&a, "client_secret"));
	return r;
}

static void setup(void)
{
	client_setup();
	app = registered_as(APP);
	other = registered_as(APP);
}

static struct answer authorize(const char *more)
{
	char path[900];

	snprintf(path, sizeof(path), "/oauth/authorize?sandbox_auto=approve&%s", more);
	return call(path, NULL);
}

/* With a challenge to VERIFIER. */
static const char *code_for(const struct registered *r)
{
	static char code[300];
	uint8_t hash[SHA256_BYTES];
	char challenge[64], more[700];
	const char *at;

	digest_sha256(VERIFIER, strlen(VERIFIER), hash);
	digest_base64url(hash, sizeof(hash), challenge);
	snprintf(more, sizeof(more), "%s&client_id=%s&code_challenge=%s&code_challenge_method=S256",
		 QUESTION, r->id, challenge);
	CLEANUP(client_answer_done) struct answer a = authorize(more);

	at = strstr(a.location, "code=");
	ck_assert_msg(at != NULL, "%ld %s", a.status, buf_str(&a.body));
	ck_assert_ptr_nonnull(strstr(a.location, "state=s"));
	snprintf(code, sizeof(code), "%.*s", (int)strcspn(at + 5, "&"), at + 5);
	return code;
}

static struct answer exchange(const struct registered *r, const char *code, const char *more)
{
	char form[1200];

	snprintf(form, sizeof(form),
		 "grant_type=authorization_code&client_id=%s&client_secret=%s&code=%s&%s", r->id,
		 r->secret, code, more);
	return call("/oauth/token", form);
}

#define GOOD "redirect_uri=" HOME "&code_verifier=" VERIFIER

static struct answer me(const char *token)
{
	return client_ask("GET", client_url("/mastodon/api/v1/accounts/verify_credentials"), NULL,
			  token);
}

static const struct {
	const char *form, *words;
} bad_apps[] = {
	{ "redirect_uris=" HOME "&scopes=read", "Application name" },
	{ "client_name=a&scopes=read", "Redirect URI can't be blank" },
	{ "client_name=a&redirect_uris=callback", "absolute URI" },
	{ "client_name=a&redirect_uris=" HOME "%23x", "fragment" },
	{ "client_name=a&redirect_uris=" HOME "&scopes=read%20fly", "Scopes doesn't match" },
	{ "client_name=a&redirect_uris=" HOME "&website=home", "website" },
};

START_TEST(wrong_registration_is_refused)
{
	CLEANUP(client_answer_done) struct answer a = call("/api/v1/apps", bad_apps[_i].form);

	ck_assert_int_eq((int)a.status, 422);
	ck_assert_ptr_nonnull(strstr(client_text(&a, "error"), bad_apps[_i].words));
}
END_TEST

static const char *const bad_questions[] = {
	"client_id=nobody&response_type=code&redirect_uri=" HOME,
	"response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2Fcallback",
	"response_type=code&redirect_uri=" HOME "%2F",
	"response_type=token&redirect_uri=" HOME "&scope=read:accounts",
	"response_type=code&redirect_uri=" HOME "&scope=write",
	"response_type=code&redirect_uri=" HOME "&scope=read:statuses",
	"response_type=code&redirect_uri=" HOME "&scope=read:accounts&code_challenge=" VERIFIER
	"&code_challenge_method=plain",
	"response_type=code&redirect_uri=" HOME "&scope=read:accounts&code_challenge=short&"
	"code_challenge_method=S256",
};

START_TEST(wrong_question_never_leaves_the_server)
{
	char more[700];

	snprintf(more, sizeof(more), "%s%s%s", bad_questions[_i], _i ? "&client_id=" : "",
		 _i ? app.id : "");
	CLEANUP(client_answer_done) struct answer a = authorize(more);

	ck_assert_msg(a.status / 100 == 4, "%ld %s", a.status, a.location);
	ck_assert_str_eq(a.location, "");
}
END_TEST

START_TEST(code_becomes_a_token_once)
{
	char code[300], token[300];

	snprintf(code, sizeof(code), "%s", code_for(&app));
	CLEANUP(client_answer_done) struct answer first = exchange(&app, code, GOOD);
	CLEANUP(client_answer_done) struct answer again = exchange(&app, code, GOOD);

	ck_assert_int_eq((int)first.status, 200);
	ck_assert_str_eq(client_text(&first, "token_type"), "Bearer");
	ck_assert_str_eq(client_text(&first, "scope"), "read:accounts write:statuses");
	ck_assert_int_eq((int)again.status, 400);
	ck_assert_str_eq(client_text(&again, "error"), "invalid_grant");
	snprintf(token, sizeof(token), "%s", client_text(&first, "access_token"));
	CLEANUP(client_answer_done) struct answer who = me(token);

	ck_assert_int_eq((int)who.status, 200);
	ck_assert_str_eq(client_text(&who, "username"), "acmebakery");
	/* The same person, app and scopes: the token that is there already. */
	CLEANUP(client_answer_done) struct answer later = exchange(&app, code_for(&app), GOOD);

	ck_assert_str_eq(client_text(&later, "access_token"), token);
}
END_TEST

static const struct {
	const char *more;
	bool is_other, has_no_secret;
	int status;
	const char *error;
} bad_exchanges[] = {
	{ "redirect_uri=" HOME, false, false, 400, "invalid_grant" },
	{ "redirect_uri=" HOME "&code_verifier=short", false, false, 400, "invalid_grant" },
	{ "redirect_uri=" HOME "&code_verifier=" VERIFIER "x", false, false, 400, "invalid_grant" },
	{ "code_verifier=" VERIFIER, false, false, 400, "invalid_grant" },
	{ "code_verifier=" VERIFIER "&redirect_uri=" HOME "%2F", false, false, 400,
	  "invalid_grant" },
	{ GOOD, true, false, 400, "invalid_grant" },
	{ GOOD, false, true, 401, "invalid_client" },
};

START_TEST(wrong_exchange_gives_nothing)
{
	struct registered r = bad_exchanges[_i].is_other ? other : app;

	if (bad_exchanges[_i].has_no_secret)
		snprintf(r.secret, sizeof(r.secret), "%s", other.secret);
	CLEANUP(client_answer_done)
	struct answer a = exchange(&r, code_for(&app), bad_exchanges[_i].more);

	ck_assert_int_eq((int)a.status, bad_exchanges[_i].status);
	ck_assert_str_eq(client_text(&a, "error"), bad_exchanges[_i].error);
	ck_assert_str_eq(client_text(&a, "access_token"), "");
}
END_TEST

START_TEST(code_dies_after_ten_minutes)
{
	char code[300];

	snprintf(code, sizeof(code), "%s", code_for(&app));
	client_control("clock", "{\"advance_s\":601}");
	CLEANUP(client_answer_done) struct answer a = exchange(&app, code, GOOD);

	ck_assert_int_eq((int)a.status, 400);
}
END_TEST

static struct answer revoke(const struct registered *r, const char *token)
{
	char form[700];

	snprintf(form, sizeof(form), "client_id=%s&client_secret=%s&token=%s", r->id, r->secret,
		 token);
	return call("/oauth/revoke", form);
}

START_TEST(token_is_revoked_by_its_own_app_alone)
{
	char token[300];
	CLEANUP(client_answer_done) struct answer a = exchange(&app, code_for(&app), GOOD);

	snprintf(token, sizeof(token), "%s", client_text(&a, "access_token"));
	CLEANUP(client_answer_done) struct answer theirs = revoke(&other, token);
	CLEANUP(client_answer_done) struct answer before = me(token);
	CLEANUP(client_answer_done) struct answer own = revoke(&app, token);
	CLEANUP(client_answer_done) struct answer after = me(token);

	ck_assert_int_eq((int)theirs.status, 403);
	ck_assert_int_eq((int)before.status, 200);
	ck_assert_int_eq((int)own.status, 200);
	ck_assert_int_eq((int)after.status, 401);
}
END_TEST

START_TEST(app_token_says_whether_the_app_is_known)
{
	char form[400];

	snprintf(form, sizeof(form),
		 "grant_type=client_credentials&scope=read:accounts&client_id=%s&client_secret=%s",
		 app.id, app.secret);
	CLEANUP(client_answer_done) struct answer known = call("/oauth/token", form);

	client_control("faults", "{\"platform\":\"mastodon\",\"point\":\"oauth.unknown_client\"}");
	CLEANUP(client_answer_done) struct answer gone = call("/oauth/token", form);

	ck_assert_int_eq((int)known.status, 200);
	ck_assert_int_eq((int)gone.status, 401);
	ck_assert_str_eq(client_text(&gone, "error"), "invalid_client");
}
END_TEST

START_TEST(old_server_has_no_discovery)
{
	CLEANUP(client_answer_done)
	struct answer now = call("/.well-known/oauth-authorization-server", NULL);

	client_control("world", "{\"platform\":\"mastodon\",\"old\":true}");
	CLEANUP(client_answer_done)
	struct answer then = call("/.well-known/oauth-authorization-server", NULL);

	ck_assert_int_eq((int)now.status, 200);
	ck_assert_ptr_nonnull(strstr(buf_str(&now.body), "\"S256\""));
	ck_assert_int_eq((int)then.status, 404);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ wrong_registration_is_refused, (int)ARRAY_LEN(bad_apps) },
		{ wrong_question_never_leaves_the_server, (int)ARRAY_LEN(bad_questions) },
		{ code_becomes_a_token_once, 0 },
		{ wrong_exchange_gives_nothing, (int)ARRAY_LEN(bad_exchanges) },
		{ code_dies_after_ten_minutes, 0 },
		{ token_is_revoked_by_its_own_app_alone, 0 },
		{ app_token_says_whether_the_app_is_known, 0 },
		{ old_server_has_no_discovery, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_mastodon_login",
		.setup = setup,
		.teardown = client_teardown,
		.cases = cases,
	});
}

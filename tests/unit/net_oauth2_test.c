/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/arena.h"
#include "net/oauth2.h"
#include "support/suite.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

/* RFC 7636 appendix B */
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

START_TEST(challenge_in_each_form)
{
	ck_assert_str_eq(oauth2_challenge(arena, PKCE_S256, VERIFIER),
			 "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
	ck_assert_str_eq(oauth2_challenge(arena, PKCE_S256_HEX, VERIFIER),
			 "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3");
	ck_assert_ptr_null(oauth2_challenge(arena, PKCE_NONE, VERIFIER));
}
END_TEST

static const struct {
	const char *json, *access, *refresh, *scope;
	int64_t expires_in_s, refresh_expires_in_s;
} grants[] = {
	{ "{\"access_token\":\"A\",\"refresh_token\":\"R\",\"scope\":\"a b\",\"expires_in\":7200}",
	  "A", "R", "a b", 7200, -1 },
	{ "{\"access_token\":\"A\"}", "A", NULL, NULL, -1, -1 },
	{ "{\"access_token\":\"A\",\"refresh_token\":\"\",\"scope\":null}", "A", NULL, NULL, -1,
	  -1 },
	{ "{\"access_token\":\"A\",\"refresh_token\":\"bad\\n\"}", "A", NULL, NULL, -1, -1 },
	{ "{\"access_token\":\"A\",\"expires_in\":\"3600\",\"refresh_expires_in\":31536000}", "A",
	  NULL, NULL, 3600, 31536000 },
	{ "{\"access_token\":\"A\",\"expires_in\":60.9,\"refresh_token_expires_in\":5}", "A", NULL,
	  NULL, 60, 5 },
	{ "{\"access_token\":\"A\",\"expires_in\":-5,\"refresh_expires_in\":\"x\"}", "A", NULL,
	  NULL, -1, -1 },
	{ "{\"access_token\":\"A\",\"expires_in\":1e300}", "A", NULL, NULL, -1, -1 },
	{ "{\"access_token\":\"A\",\"expires_in\":9223372036854775807}", "A", NULL, NULL,
	  3153600000, -1 },
	{ "{\"access_token\":\"A\",\"expires_in\":0,\"error\":\"\"}", "A", NULL, NULL, 0, -1 },
};

static void same(const char *got, const char *want)
{
	ck_assert_msg((got == NULL) == (want == NULL), "got %s", got ? got : "(none)");
	if (want)
		ck_assert_str_eq(got, want);
}

START_TEST(tokens_are_read)
{
	json_t *doc = json_loads(grants[_i].json, 0, NULL);
	struct oauth2_tokens t;
	struct oauth2_error e;

	ck_assert_int_eq(oauth2_read_tokens(arena, doc, &t, &e), 0);
	same(t.access_token, grants[_i].access);
	same(t.refresh_token, grants[_i].refresh);
	same(t.scope, grants[_i].scope);
	ck_assert_int_eq(t.expires_in_s, grants[_i].expires_in_s);
	ck_assert_int_eq(t.refresh_expires_in_s, grants[_i].refresh_expires_in_s);
	ck_assert_ptr_eq(t.raw, doc);
	json_decref(doc);
}
END_TEST

static const struct {
	const char *json, *code, *description;
} refusals[] = {
	{ "{\"error\":\"invalid_grant\",\"error_description\":\"gone\"}", "invalid_grant", "gone" },
	{ "{\"error\":\"invalid_grant\",\"access_token\":\"A\"}", "invalid_grant", NULL },
	{ "{\"error\":{\"code\":190}}", NULL, NULL },
	{ "{\"access_token\":\"\"}", NULL, NULL },
	{ "{\"access_token\":7}", NULL, NULL },
	{ "{\"access_token\":\"a\\r\\nX: y\"}", NULL, NULL },
	{ "[]", NULL, NULL },
	{ "{}", NULL, NULL },
};

START_TEST(refusals_are_read)
{
	json_t *doc = json_loads(refusals[_i].json, 0, NULL);
	struct oauth2_tokens t;
	struct oauth2_error e = { "x", "x" };

	ck_assert_int_eq(oauth2_read_tokens(arena, doc, &t, &e), -1);
	same(e.code, refusals[_i].code);
	same(e.description, refusals[_i].description);
	json_decref(doc);
}
END_TEST

START_TEST(not_json_at_all_is_no_oauth_error)
{
	struct oauth2_tokens t;
	struct oauth2_error e = { "x", "x" };

	ck_assert_int_eq(oauth2_read_tokens(arena, NULL, &t, &e), -1);
	ck_assert_ptr_null(e.code);
}
END_TEST

static const struct {
	const char *granted, *scope;
	bool has;
} scopes[] = {
	{ "a,b", "b", true },   { "a b", "a", true },
	{ "a, b", "b", true },  { "ab", "a", false },
	{ "a.b", "a", false },  { "", "a", false },
	{ NULL, "a", false },   { "a", "", false },
	{ ",a ,b", "a", true }, { "video.publish", "video", false },
};

START_TEST(scope_is_found_whole_only)
{
	ck_assert_msg(oauth2_has_scope(scopes[_i].granted, scopes[_i].scope) == scopes[_i].has,
		      "row %d", _i);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ challenge_in_each_form, 0 },
		{ tokens_are_read, (int)ARRAY_LEN(grants) },
		{ refusals_are_read, (int)ARRAY_LEN(refusals) },
		{ not_json_at_all_is_no_oauth_error, 0 },
		{ scope_is_found_whole_only, (int)ARRAY_LEN(scopes) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "net_oauth2",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

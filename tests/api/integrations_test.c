/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "support/client.h"
#include "support/connector.h"
#include "support/suite.h"

#define STATE "/api/v1/integrations/instagram"

static struct persona owner;

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
}

/* The next answer of an endpoint is the edge's HTML. */
static void sandbox_breaks(const char *endpoint)
{
	char body[300];

	snprintf(body, sizeof(body),
		 "{\"point\":\"http.html_502\",\"endpoint\":\"%s\",\"times\":1}", endpoint);
	CLEANUP(answer_free)
	struct answer *a =
		client_send(&(struct call){ .method = "POST",
					    .path = "/_control/faults",
					    .body = body,
					    .base = client_env("CARILLON_SANDBOX_URL") });

	ck_assert_msg(a->status / 100 == 2, "%ld %s", a->status, a->body);
}

START_TEST(state_of_nothing_is_disconnected)
{
	CLEANUP(answer_free) struct answer *a = client_call("GET", STATE, owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *all = client_call("GET", "/api/v1/integrations", owner.token, NULL);

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "platform"), "instagram");
	ck_assert_str_eq(answer_text(a, "status"), "disconnected");
	ck_assert(!answer_bool(a, "connected"));
	ck_assert(answer_is_null(a, "account"));
	ck_assert_uint_eq(answer_count(a, "accounts"), 0);
	assert_status(all, 200);
	ck_assert_str_eq(answer_text(all, "integrations.0.platform"), "instagram");
	ck_assert(answer_is_null(all, "next_cursor"));
}
END_TEST

START_TEST(one_page_is_connected_and_left_again)
{
	struct person p;
	char *id;

	person_make(&p, 1);
	id = connect_instagram(owner.token, &p, "live");
	CLEANUP(answer_free) struct answer *a = client_call("GET", STATE, owner.token, NULL);

	ck_assert(answer_bool(a, "connected"));
	ck_assert_str_eq(answer_text(a, "status"), "connected");
	ck_assert_str_eq(answer_text(a, "account.id"), id);
	ck_assert_str_eq(answer_text(a, "account.remote_id"), p.account[0]);
	ck_assert_uint_eq(answer_count(a, "scopes"), 5);
	ck_assert_uint_eq(answer_count(a, "missing_scopes"), 0);
	ck_assert_ptr_null(strstr(a->body, "EAAB"));
	CLEANUP(answer_free) struct answer *left = client_call("DELETE", STATE, owner.token, NULL);

	assert_status(left, 200);
	ck_assert(answer_bool(left, "disconnected"));
	ck_assert(answer_bool(left, "revoked"));
	ck_assert_int_eq(answer_int(left, "paused_posts"), 0);
	CLEANUP(answer_free) struct answer *after = client_call("GET", STATE, owner.token, NULL);

	ck_assert_str_eq(answer_text(after, "status"), "disconnected");
	CLEANUP(answer_free) struct answer *again = client_call("DELETE", STATE, owner.token, NULL);

	assert_status(again, 200);
	ck_assert(!answer_bool(again, "disconnected"));
	char *tokens =
		client_sql("SELECT COUNT(*) FROM account_tokens WHERE account_id = '%s'", id);

	ck_assert_str_eq(tokens, "0");
	free(tokens);
	free(id);
}
END_TEST

START_TEST(tokens_lie_sealed)
{
	struct person p;

	person_make(&p, 1);
	char *id = connect_instagram(owner.token, &p, "live");
	char *n = client_sql("SELECT CONCAT(COUNT(*), '/', SUM(sealed LIKE '%%EAAB%%')) "
			     "FROM account_tokens WHERE account_id = '%s'",
			     id);

	ck_assert_str_eq(n, "2/0");
	free(n);
	free(id);
}
END_TEST

START_TEST(several_pages_wait_for_a_choice)
{
	struct person p;
	struct start s;
	char *url, flow[64], path[200];

	person_make(&p, 3);
	connect_start(&s, owner.token, "?redirect=/settings%3Ftab%3Dsocial");
	url = connect_consent(&s, p.id, "");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "/settings?tab=social&choose=flow_");
	snprintf(flow, sizeof(flow), "%s", strstr(answer_header(a, "location"), "choose=") + 7);
	snprintf(path, sizeof(path), STATE "/candidates?flow=%s", flow);
	CLEANUP(answer_free) struct answer *list = client_call("GET", path, owner.token, NULL);

	assert_status(list, 200);
	ck_assert_uint_eq(answer_count(list, "candidates"), 3);
	ck_assert_ptr_null(strstr(list->body, "EAAB"));
	CLEANUP(answer_free) struct answer *foreign = client_call("GET", path, CLIENT_TOKEN, NULL);

	assert_problem(foreign, 404, "not_found");
	CLEANUP(answer_free)
	struct answer *bad =
		client_callf("POST", STATE "/select", owner.token,
			     "{\"flow\":\"%s\",\"remote_ids\":[\"%s\",\"1\"]}", flow, p.account[0]);

	assert_invalid(bad, "/remote_ids/1", "not_offered");
	CLEANUP(answer_free)
	struct answer *done = client_callf("POST", STATE "/select", owner.token,
					   "{\"flow\":\"%s\",\"remote_ids\":[\"%s\",\"%s\"]}", flow,
					   p.account[0], p.account[2]);

	assert_status(done, 200);
	ck_assert(answer_bool(done, "connected"));
	ck_assert_uint_eq(answer_count(done, "accounts"), 2);
	CLEANUP(answer_free)
	struct answer *twice =
		client_callf("POST", STATE "/select", owner.token,
			     "{\"flow\":\"%s\",\"remote_ids\":[\"%s\"]}", flow, p.account[1]);

	assert_problem(twice, 404, "not_found");
}
END_TEST

/* Connects those of the person's accounts that the list names, as JSON. */
static struct answer *choose(const char *token, const struct person *p, const char *remote_ids)
{
	struct answer *done;
	struct start s;
	char *url;

	connect_start(&s, token, "");
	url = connect_consent(&s, p->id, "");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "choose=");
	done = client_callf("POST", STATE "/select", token, "{\"flow\":\"%s\",\"remote_ids\":[%s]}",
			    strstr(answer_header(a, "location"), "choose=") + 7, remote_ids);
	assert_status(done, 200);
	return done;
}

/* The grant is the person's: it goes back with the last account only. */
START_TEST(grant_is_kept_while_another_account_lives_by_it)
{
	struct person p;
	char ids[80], path[200];

	person_make(&p, 2);
	snprintf(ids, sizeof(ids), "\"%s\",\"%s\"", p.account[0], p.account[1]);
	CLEANUP(answer_free) struct answer *done = choose(owner.token, &p, ids);

	snprintf(path, sizeof(path), STATE "?account_id=%s", answer_text(done, "accounts.0.id"));
	CLEANUP(answer_free) struct answer *one = client_call("DELETE", path, owner.token, NULL);

	assert_status(one, 200);
	ck_assert(answer_bool(one, "disconnected"));
	ck_assert(!answer_bool(one, "revoked"));
	CLEANUP(answer_free) struct answer *rest = client_call("DELETE", STATE, owner.token, NULL);

	ck_assert(answer_bool(rest, "revoked"));
}
END_TEST

/* One person's accounts in two workspaces: the first to leave takes nothing from the other. */
START_TEST(grant_is_kept_while_another_workspace_lives_by_it)
{
	struct persona other;
	struct person p;
	char ids[2][40];

	persona_make(&other, NULL, "owner");
	person_make(&p, 2);
	for (int i = 0; i < 2; i++)
		snprintf(ids[i], sizeof(ids[i]), "\"%s\"", p.account[i]);
	CLEANUP(answer_free) struct answer *mine = choose(owner.token, &p, ids[0]);
	CLEANUP(answer_free) struct answer *theirs = choose(other.token, &p, ids[1]);
	CLEANUP(answer_free) struct answer *one = client_call("DELETE", STATE, owner.token, NULL);
	CLEANUP(answer_free) struct answer *still = client_call("GET", STATE, other.token, NULL);
	CLEANUP(answer_free) struct answer *rest = client_call("DELETE", STATE, other.token, NULL);

	assert_status(one, 200);
	ck_assert(answer_bool(one, "disconnected"));
	ck_assert(!answer_bool(one, "revoked"));
	ck_assert_str_eq(answer_text(still, "status"), "connected");
	ck_assert(answer_bool(rest, "revoked"));
}
END_TEST

START_TEST(second_hit_of_a_callback_is_answered_not_exchanged)
{
	struct person p;
	struct start s;
	char *url;

	person_make(&p, 1);
	connect_start(&s, owner.token, "?redirect=/done");
	url = connect_consent(&s, p.id, "");
	CLEANUP(answer_free) struct answer *first = connect_callback(url, s.cookie);
	CLEANUP(answer_free) struct answer *second = connect_callback(url, s.cookie);
	CLEANUP(answer_free) struct answer *bare = connect_callback(url, NULL);

	free(url);
	connect_ends_at(first, "/done?connected=instagram");
	connect_ends_at(second, "/done?connected=instagram");
	connect_ends_at(bare, "/done?connected=instagram");
}
END_TEST

START_TEST(denied_consent_comes_back_as_such)
{
	struct person p;
	struct start s;
	char *url;

	person_make(&p, 1);
	connect_start(&s, owner.token, "?redirect=/done");
	url = connect_consent(&s, p.id, "&sandbox_auto=deny");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);
	CLEANUP(answer_free) struct answer *again = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "/done?error=access_denied");
	connect_ends_at(again, "/done?error=access_denied");
}
END_TEST

START_TEST(missing_scope_is_reported_and_asked_for_again)
{
	struct person p;
	struct start s;
	char *url;

	person_make(&p, 1);
	connect_start(&s, owner.token, "");
	ck_assert_ptr_null(strstr(s.url, "auth_type"));
	url = connect_consent(
		&s, p.id,
		"&sandbox_scopes=instagram_basic,pages_show_list,pages_read_engagement,"
		"business_management");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "connected=instagram");
	CLEANUP(answer_free) struct answer *state = client_call("GET", STATE, owner.token, NULL);

	ck_assert_str_eq(answer_text(state, "missing_scopes.0"), "instagram_content_publish");
	connect_start(&s, owner.token, "");
	ck_assert_ptr_nonnull(strstr(s.url, "auth_type=rerequest"));
}
END_TEST

START_TEST(person_without_pages_learns_why)
{
	struct person p;
	struct start s;
	char *url;

	person_make(&p, 0);
	connect_start(&s, owner.token, "");
	url = connect_consent(&s, p.id, "");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "error=no_eligible_account");
	connect_ends_at(a, "error_description=No%20Facebook%20page");
}
END_TEST

START_TEST(foreign_cookie_is_refused)
{
	struct person p;
	struct start s;
	char *url;

	person_make(&p, 1);
	connect_start(&s, owner.token, "");
	url = connect_consent(&s, p.id, "");
	CLEANUP(answer_free)
	struct answer *a = connect_callback(
		url, "Cookie: __Host-carillon-flow=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

	free(url);
	connect_ends_at(a, "error=oauth_state_invalid");
}
END_TEST

START_TEST(unknown_state_leads_nowhere)
{
	static const char *const queries[] = { "", "?state=", "?state=nonsense&code=x", "?code=x" };

	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		char path[200];

		snprintf(path, sizeof(path), STATE "/callback%s", queries[i]);
		CLEANUP(answer_free) struct answer *a = client_call("GET", path, NULL, NULL);

		assert_problem(a, 400, "oauth_state_invalid");
	}
}
END_TEST

START_TEST(account_of_another_workspace_is_refused)
{
	struct persona other;
	struct person p;
	struct start s;
	char *url;

	person_make(&p, 1);
	free(connect_instagram(owner.token, &p, "live"));
	persona_make(&other, NULL, "owner");
	connect_start(&s, other.token, "");
	url = connect_consent(&s, p.id, "");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "error=account_taken");
}
END_TEST

/* ~ stands for the address of the instance, without https:// */
static const char *const bad_redirects[] = {
	/* no scheme, and what some reader takes for two slashes */
	"//evil.example",
	"////evil.example",
	"/%5Cevil.example",
	"%5C%5Cevil.example",
	"/%5C/evil.example",
	"/%09/evil.example",
	"/%0a/evil.example",
	"%20//evil.example",
	"/%252f%252fevil.example",
	"/%255cevil.example",
	"/%2F/evil.example",
	"evil.example",
	"@evil.example",
	/* other places that look like this one */
	"https://evil.example/",
	"HTTPS://evil.example/",
	"https://localhost@evil.example/",
	"https://~@evil.example/",
	"https://~%252f@evil.example/",
	"https://~%5C@evil.example/",
	"https://~%5C.evil.example/",
	"https://~.evil.example/",
	"https://~evil.example/",
	"https://evil.example%23@~/",
	"https://evil.example/%23@~/",
	"https://localhost/",
	"https://localhost:1/",
	"http://~/",
	"https:///evil.example",
	"https:evil.example",
	"http:evil.example",
	"https:/evil.example",
	"https://%E3%80%82evil.example/",
	"https://ev%C4%B1l.example/",
	/* letters that are no ASCII, and lines of their own */
	"%EF%BC%8F%EF%BC%8Fevil.example",
	"/%E2%80%AE/elpmaxe.live",
	"/a%0d%0aSet-Cookie:%20x=1",
	"/a%250d%250aSet-Cookie:%2520x=1",
	"/a%00b",
	"/a%20b",
	"/%3Cscript%3E",
	/* other schemes */
	"javascript:alert(1)",
	"JaVaScRiPt:alert(1)",
	"java%09script:alert(1)",
	"javascript://~/%250aalert(1)",
	"data:text/html,x",
	"vbscript:x",
	"file:///etc/passwd",
	"blob:https://~/x",
	"ftp://~/",
};

START_TEST(redirect_elsewhere_is_refused)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	const char *here = client_env("CARILLON_URL") + strlen("https://");

	buf_adds(&path, STATE "/auth-url?redirect=");
	for (const char *c = bad_redirects[_i]; *c; c++) {
		if (*c == '~')
			buf_adds(&path, here);
		else
			buf_addc(&path, *c);
	}
	CLEANUP(answer_free) struct answer *a = client_call("GET", path.p, owner.token, NULL);

	/* what is no text at all is refused before anybody looks where it leads */
	ck_assert_msg(a->status == 422 || (a->status == 400 && strstr(bad_redirects[_i], "%00")),
		      "%s: %ld %s", bad_redirects[_i], a->status, a->body);
	if (a->status == 422)
		assert_problem(a, 422, "redirect_not_allowed");
}
END_TEST

START_TEST(viewer_and_editor_may_look_but_not_connect)
{
	struct persona editor;

	persona_make(&editor, owner.workspace, "editor");
	CLEANUP(answer_free) struct answer *look = client_call("GET", STATE, editor.token, NULL);
	CLEANUP(answer_free)
	struct answer *go = client_call("GET", STATE "/auth-url", editor.token, NULL);
	CLEANUP(answer_free) struct answer *drop = client_call("DELETE", STATE, editor.token, NULL);

	assert_status(look, 200);
	ck_assert_int_eq(go->status, 403);
	ck_assert_int_eq(drop->status, 403);
}
END_TEST

START_TEST(platform_out_of_order_is_said_so)
{
	struct person p;
	struct start s;
	char *url;

	person_make(&p, 1);
	connect_start(&s, owner.token, "?redirect=/done");
	url = connect_consent(&s, p.id, "");
	sandbox_breaks("token");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "/done?error=platform_error");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ state_of_nothing_is_disconnected, 0 },
		{ one_page_is_connected_and_left_again, 0 },
		{ tokens_lie_sealed, 0 },
		{ several_pages_wait_for_a_choice, 0 },
		{ grant_is_kept_while_another_account_lives_by_it, 0 },
		{ grant_is_kept_while_another_workspace_lives_by_it, 0 },
		{ second_hit_of_a_callback_is_answered_not_exchanged, 0 },
		{ denied_consent_comes_back_as_such, 0 },
		{ missing_scope_is_reported_and_asked_for_again, 0 },
		{ person_without_pages_learns_why, 0 },
		{ foreign_cookie_is_refused, 0 },
		{ unknown_state_leads_nowhere, 0 },
		{ account_of_another_workspace_is_refused, 0 },
		{ redirect_elsewhere_is_refused, (int)ARRAY_LEN(bad_redirects) },
		{ viewer_and_editor_may_look_but_not_connect, 0 },
		{ platform_out_of_order_is_said_so, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "integrations",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.cases = cases,
	});
}

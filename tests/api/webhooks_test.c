/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of webhooks, deliveries and events. What is sent is tests/publish/webhooks_test's. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/suite.h"

#define HOOKS "/api/v1/webhooks"
#define URL   "https://hooks.example/in?key=tops3cret"

static struct answer *make(const char *token, const char *more)
{
	struct answer *a =
		client_callf("POST", HOOKS, token, "{\"url\":\"" URL "\"%s}", more ? more : "");

	assert_status(a, 201);
	return a;
}

static const char *path_of(const struct answer *a, const char *tail)
{
	static char path[160];

	(void)snprintf(path, sizeof(path), HOOKS "/%s%s", answer_text(a, "id"), tail);
	return path;
}

/* The n-th event of a workspace, as its change would have written it; told already. */
static void write_event(const char *ws, int n, const char *type, const char *subject,
			const char *data)
{
	free(client_sql("INSERT INTO events (workspace_id, id, type, livemode, subject_id, data, "
			"created_at, is_untold) VALUES ('%s', 'evt_7ZZZZZZZZZZZZZZZZZZZZZZZ%02d', "
			"'%s', TRUE, '%s', '%s', UTC_TIMESTAMP(3), NULL)",
			ws, n, type, subject, data));
}

START_TEST(secret_is_shown_once_and_stored_sealed)
{
	struct persona p;
	char *hits;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, NULL);
	const char *secret = answer_text(a, "secret");

	ck_assert_int_eq(strncmp(secret, "whsec_", 6), 0);
	ck_assert_uint_eq(strlen(secret), 6 + 44);
	struct answer *got CLEANUP(answer_free) = client_call("GET", path_of(a, ""), p.token, NULL);
	struct answer *list CLEANUP(answer_free) = client_call("GET", HOOKS, p.token, NULL);
	struct answer *changed CLEANUP(answer_free) =
		client_call("PATCH", path_of(a, ""), p.token, "{\"description\":\"mine\"}");
	assert_status(got, 200);
	assert_status(changed, 200);
	ck_assert_ptr_null(strstr(got->body, secret + 6));
	ck_assert_ptr_null(strstr(list->body, secret + 6));
	ck_assert_ptr_null(strstr(changed->body, secret + 6));
	ck_assert_ptr_null(answer_at(got, "secret"));
	ck_assert_uint_eq(answer_count(list, "webhooks"), 1);
	hits = client_sql("SELECT COUNT(*) FROM webhook_secrets WHERE webhook_id = '%s' "
			  "AND LOCATE(FROM_BASE64('%s'), sealed) = 0 AND LOCATE('%s', sealed) = 0",
			  answer_text(a, "id"), secret + 6, secret + 6);
	ck_assert_str_eq(hits, "1");
	free(hits);
}
END_TEST

START_TEST(webhook_is_made_changed_and_deleted)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) =
		make(p.token, ",\"events\":[\"post.published\",\"post.failed\",\"post.published\"],"
			      "\"description\":\"first\"");
	ck_assert_str_eq(answer_text(a, "url"), URL);
	ck_assert_uint_eq(answer_count(a, "events"), 2);
	ck_assert_str_eq(answer_text(a, "events.0"), "post.published");
	ck_assert(answer_bool(a, "livemode"));
	ck_assert_str_eq(answer_text(a, "state"), "enabled");
	ck_assert_str_eq(answer_text(a, "created_by"), p.user);
	struct answer *b CLEANUP(answer_free) =
		client_call("PATCH", path_of(a, ""), p.token,
			    "{\"events\":null,\"state\":\"disabled\",\"description\":null}");
	assert_status(b, 200);
	ck_assert(answer_is_null(b, "events"));
	ck_assert(answer_is_null(b, "description"));
	ck_assert_str_eq(answer_text(b, "disabled_reason"), "disabled by hand");
	struct answer *no CLEANUP(answer_free) =
		client_call("POST", path_of(a, "/test"), p.token, NULL);
	assert_problem(no, 409, "conflict");
	struct answer *c CLEANUP(answer_free) =
		client_call("PATCH", path_of(a, ""), p.token, "{\"state\":\"enabled\"}");
	ck_assert_str_eq(answer_text(c, "state"), "enabled");
	ck_assert(answer_is_null(c, "disabled_reason"));
	struct answer *d CLEANUP(answer_free) =
		client_call("DELETE", path_of(a, ""), p.token, NULL);
	struct answer *gone CLEANUP(answer_free) =
		client_call("GET", path_of(a, ""), p.token, NULL);
	assert_status(d, 204);
	assert_problem(gone, 404, "not_found");
}
END_TEST

START_TEST(stale_version_is_refused)
{
	struct persona p;
	const char *const stale[] = { "If-Match: \"7\"", NULL };

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, NULL);
	const struct call call = { .method = "PATCH",
				   .path = path_of(a, ""),
				   .token = p.token,
				   .body = "{\"state\":\"disabled\"}",
				   .headers = stale };
	struct answer *b CLEANUP(answer_free) = client_send(&call);

	assert_problem(b, 412, "version_mismatch");
}
END_TEST

static const struct {
	const char *body, *pointer, *code;
} bad[] = {
	{ "{}", "/url", NULL },
	{ "{\"url\":\"http://hooks.example/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://127.0.0.1/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://2130706433/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://[::1]/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://169.254.169.254/latest\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://hooks.example:22/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://me:pw@hooks.example/\"}", "/url", NULL },
	{ "{\"url\":\"ftp://hooks.example/\"}", "/url", NULL },
	{ "{\"url\":\"" URL "\",\"events\":[\"post.published\",\"post.lost\"]}", "/events/1",
	  "not_a_choice" },
	{ "{\"url\":\"" URL "\",\"events\":[\"webhook.test\"]}", "/events/0", "not_a_choice" },
	{ "{\"url\":\"" URL "\",\"events\":[]}", "/events", NULL },
	{ "{\"url\":\"" URL "\",\"secret\":\"whsec_mine\"}", "/secret", NULL },
};

START_TEST(bad_body_names_the_member)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = client_call("POST", HOOKS, p.token, bad[_i].body);
	assert_invalid(a, bad[_i].pointer, bad[_i].code);
}
END_TEST

START_TEST(address_is_checked_on_change_too)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, NULL);
	struct answer *b CLEANUP(answer_free) =
		client_call("PATCH", path_of(a, ""), p.token, "{\"url\":\"https://10.0.0.1/\"}");
	assert_invalid(b, "/url", "invalid_url");
}
END_TEST

START_TEST(only_admins_manage)
{
	struct persona p;

	persona_make(&p, NULL, "editor");
	struct answer *a CLEANUP(answer_free) =
		client_call("POST", HOOKS, p.token, "{\"url\":\"" URL "\"}");
	struct answer *b CLEANUP(answer_free) = client_call("GET", HOOKS, p.token, NULL);
	struct answer *c CLEANUP(answer_free) = client_call("GET", "/api/v1/events", p.token, NULL);

	assert_problem(a, 403, "insufficient_scope");
	assert_problem(b, 403, "insufficient_scope");
	assert_problem(c, 403, "insufficient_scope");
}
END_TEST

static const struct {
	const char *method, *tail, *body;
} routes[] = {
	{ "GET", "", NULL },
	{ "PATCH", "", "{\"state\":\"disabled\"}" },
	{ "DELETE", "", NULL },
	{ "POST", "/test", NULL },
	{ "POST", "/rotate-secret", NULL },
	{ "GET", "/deliveries", NULL },
};

/* What a stranger is told of a webhook, with its id taken out. */
static char *told(const struct answer *a, const char *id)
{
	char *text = strdup(answer_text(a, "detail")), *at = strstr(text, id);

	if (at)
		memmove(at, at + strlen(id), strlen(at + strlen(id)) + 1);
	return text;
}

START_TEST(foreign_webhook_is_as_absent)
{
	struct persona mine, other;
	const char *absent = "whe_01ARZ3NDEKTSV4RRFFQ69G5FAV";
	char path[160];

	persona_make(&mine, NULL, "owner");
	persona_make(&other, NULL, "owner");
	struct answer *a CLEANUP(answer_free) = make(mine.token, NULL);
	struct answer *foreign CLEANUP(answer_free) = client_call(
		routes[_i].method, path_of(a, routes[_i].tail), other.token, routes[_i].body);
	(void)snprintf(path, sizeof(path), HOOKS "/%s%s", absent, routes[_i].tail);
	struct answer *none CLEANUP(answer_free) =
		client_call(routes[_i].method, path, other.token, routes[_i].body);
	char *one = told(foreign, answer_text(a, "id")), *two = told(none, absent);

	assert_problem(foreign, 404, "not_found");
	assert_problem(none, 404, "not_found");
	ck_assert_str_eq(one, two);
	free(one);
	free(two);
	struct answer *still CLEANUP(answer_free) =
		client_call("GET", path_of(a, ""), mine.token, NULL);
	ck_assert_str_eq(answer_text(still, "state"), "enabled");
}
END_TEST

START_TEST(foreign_delivery_is_as_absent)
{
	struct persona mine, other;
	char path[160];

	persona_make(&mine, NULL, "owner");
	persona_make(&other, NULL, "owner");
	struct answer *a CLEANUP(answer_free) = make(mine.token, NULL);
	struct answer *d CLEANUP(answer_free) =
		client_call("POST", path_of(a, "/test"), mine.token, NULL);
	assert_status(d, 202);
	(void)snprintf(path, sizeof(path), HOOKS "/deliveries/%s/redeliver", answer_text(d, "id"));
	struct answer *foreign CLEANUP(answer_free) = client_call("POST", path, other.token, NULL);
	struct answer *own CLEANUP(answer_free) = client_call("POST", path, mine.token, NULL);

	assert_problem(foreign, 404, "not_found");
	assert_status(own, 202);
}
END_TEST

START_TEST(test_event_is_queued_and_listed)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, ",\"events\":[\"post.published\"]");
	struct answer *d CLEANUP(answer_free) =
		client_call("POST", path_of(a, "/test"), p.token, NULL);
	assert_status(d, 202);
	ck_assert_str_eq(answer_text(d, "event_type"), "webhook.test");
	ck_assert_str_eq(answer_text(d, "webhook_id"), answer_text(a, "id"));
	struct answer *list CLEANUP(answer_free) =
		client_call("GET", path_of(a, "/deliveries"), p.token, NULL);
	assert_status(list, 200);
	ck_assert_uint_eq(answer_count(list, "deliveries"), 1);
	ck_assert_str_eq(answer_text(list, "deliveries.0.id"), answer_text(d, "id"));
	struct answer *none CLEANUP(answer_free) =
		client_call("GET", path_of(a, "/deliveries?state=delivered"), p.token, NULL);
	ck_assert_uint_eq(answer_count(none, "deliveries"), 0);
	struct answer *events CLEANUP(answer_free) =
		client_call("GET", "/api/v1/events?type=webhook.test", p.token, NULL);
	ck_assert_uint_eq(answer_count(events, "events"), 1);
	ck_assert_str_eq(answer_text(events, "events.0.id"), answer_text(d, "event_id"));
	ck_assert_str_eq(answer_text(events, "events.0.data.webhook_id"), answer_text(a, "id"));
}
END_TEST

START_TEST(rotation_keeps_two_secrets_at_most)
{
	struct persona p;
	char *n;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, NULL);
	ck_assert(answer_is_null(a, "previous_secret_ends_at"));
	struct answer *b CLEANUP(answer_free) =
		client_call("POST", path_of(a, "/rotate-secret"), p.token, NULL);
	assert_status(b, 200);
	ck_assert_str_ne(answer_text(a, "secret"), answer_text(b, "secret"));
	ck_assert(!answer_is_null(b, "previous_secret_ends_at"));
	struct answer *c CLEANUP(answer_free) =
		client_call("POST", path_of(a, "/rotate-secret"), p.token, "{\"overlap_s\":3600}");
	assert_status(c, 200);
	n = client_sql("SELECT CONCAT(COUNT(*), ' ', SUM(ends_at IS NULL)) FROM webhook_secrets "
		       "WHERE webhook_id = '%s'",
		       answer_text(a, "id"));
	ck_assert_str_eq(n, "2 1");
	free(n);
	struct answer *d CLEANUP(answer_free) =
		client_call("POST", path_of(a, "/rotate-secret"), p.token, "{\"overlap_s\":0}");
	ck_assert(answer_is_null(d, "previous_secret_ends_at"));
	struct answer *bad_one CLEANUP(answer_free) = client_call(
		"POST", path_of(a, "/rotate-secret"), p.token, "{\"overlap_s\":99999999}");
	assert_invalid(bad_one, "/overlap_s", NULL);
}
END_TEST

START_TEST(test_key_knows_test_webhooks_only)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *live CLEANUP(answer_free) = make(p.token, NULL);
	struct answer *k CLEANUP(answer_free) = client_call("POST", "/api/v1/api-keys", p.token,
							    "{\"name\":\"t\",\"livemode\":false}");
	const char *key = answer_text(k, "secret");
	struct answer *own CLEANUP(answer_free) = make(key, NULL);
	struct answer *other CLEANUP(answer_free) =
		client_call("GET", path_of(live, ""), key, NULL);
	struct answer *list CLEANUP(answer_free) = client_call("GET", HOOKS, key, NULL);
	struct answer *no CLEANUP(answer_free) =
		client_call("POST", HOOKS, key, "{\"url\":\"" URL "\",\"livemode\":true}");

	ck_assert(!answer_bool(own, "livemode"));
	assert_problem(other, 404, "not_found");
	ck_assert_uint_eq(answer_count(list, "webhooks"), 1);
	assert_invalid(no, "/livemode", NULL);
}
END_TEST

/* A key for some accounts must not be told of the others through a webhook, nor by events. */
START_TEST(key_of_some_accounts_is_told_of_them_alone)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *k CLEANUP(answer_free) =
		client_call("POST", "/api/v1/api-keys", p.token, "{\"name\":\"some\"}");
	const char *key = answer_text(k, "secret");

	free(client_sql("UPDATE api_keys SET account_ids = '[\"acc_mine\"]' WHERE id = '%s'",
			answer_text(k, "id")));
	write_event(p.workspace, 1, "post.published", "sch_1", "{\"account_id\":\"acc_mine\"}");
	write_event(p.workspace, 2, "post.published", "sch_2", "{\"account_id\":\"acc_other\"}");
	write_event(p.workspace, 3, "account.connected", "acc_mine", "{}");
	write_event(p.workspace, 4, "account.connected", "acc_other", "{}");
	write_event(p.workspace, 5, "content.approved", "cnt_1", "{}");
	struct answer *hook CLEANUP(answer_free) =
		client_call("POST", HOOKS, key, "{\"url\":\"" URL "\"}");
	struct answer *some CLEANUP(answer_free) = client_call("GET", "/api/v1/events", key, NULL);
	struct answer *all CLEANUP(answer_free) =
		client_call("GET", "/api/v1/events", p.token, NULL);

	assert_problem(hook, 403, "insufficient_scope");
	assert_status(some, 200);
	ck_assert_uint_eq(answer_count(some, "events"), 3);
	ck_assert_ptr_null(strstr(some->body, "acc_other"));
	ck_assert_uint_eq(answer_count(all, "events"), 5);
}
END_TEST

START_TEST(events_are_walked_in_both_directions)
{
	struct persona p;
	char path[400];

	persona_make(&p, NULL, "admin");
	for (int i = 0; i < 5; i++)
		write_event(p.workspace, i, i == 2 ? "post.failed" : "post.published", "sch_1",
			    "{\"id\":\"sch_1\"}");
	for (int down = 0; down < 2; down++) {
		const char *order = down ? "desc" : "asc";

		(void)snprintf(path, sizeof(path), "/api/v1/events?limit=3&order=%s", order);
		struct answer *one CLEANUP(answer_free) = client_call("GET", path, p.token, NULL);
		ck_assert_uint_eq(answer_count(one, "events"), 3);
		ck_assert_str_eq(answer_text(one, "events.0.id") + 28, down ? "04" : "00");
		(void)snprintf(path, sizeof(path), "/api/v1/events?limit=3&order=%s&cursor=%s",
			       order, answer_text(one, "next_cursor"));
		struct answer *two CLEANUP(answer_free) = client_call("GET", path, p.token, NULL);
		ck_assert_uint_eq(answer_count(two, "events"), 2);
		ck_assert_str_eq(answer_text(two, "events.0.id") + 28, down ? "01" : "03");
		ck_assert(answer_is_null(two, "next_cursor"));
	}
	struct answer *failed CLEANUP(answer_free) = client_call(
		"GET", "/api/v1/events?type=post.failed&subject_id=sch_1", p.token, NULL);
	struct answer *later CLEANUP(answer_free) =
		client_call("GET", "/api/v1/events?since=2999-01-01T00:00:00Z", p.token, NULL);
	struct answer *since CLEANUP(answer_free) =
		client_call("GET", "/api/v1/events?since=2020-01-01T00:00:00Z", p.token, NULL);
	ck_assert_uint_eq(answer_count(failed, "events"), 1);
	ck_assert_uint_eq(answer_count(later, "events"), 0);
	ck_assert_uint_eq(answer_count(since, "events"), 5);
}
END_TEST

START_TEST(events_of_others_are_not_told)
{
	struct persona mine, other;

	persona_make(&mine, NULL, "owner");
	persona_make(&other, NULL, "owner");
	write_event(mine.workspace, 1, "post.published", "sch_1", "{}");
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", "/api/v1/events?subject_id=sch_1", other.token, NULL);
	ck_assert_uint_eq(answer_count(a, "events"), 0);
}
END_TEST

START_TEST(workspace_has_a_limited_number)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	for (int i = 0; i < 20; i++)
		answer_free(make(p.token, NULL));
	struct answer *a CLEANUP(answer_free) =
		client_call("POST", HOOKS, p.token, "{\"url\":\"" URL "\"}");
	assert_problem(a, 409, "conflict");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ secret_is_shown_once_and_stored_sealed, 0 },
		{ webhook_is_made_changed_and_deleted, 0 },
		{ stale_version_is_refused, 0 },
		{ bad_body_names_the_member, ARRAY_LEN(bad) },
		{ address_is_checked_on_change_too, 0 },
		{ only_admins_manage, 0 },
		{ foreign_webhook_is_as_absent, ARRAY_LEN(routes) },
		{ foreign_delivery_is_as_absent, 0 },
		{ test_event_is_queued_and_listed, 0 },
		{ rotation_keeps_two_secrets_at_most, 0 },
		{ test_key_knows_test_webhooks_only, 0 },
		{ key_of_some_accounts_is_told_of_them_alone, 0 },
		{ events_are_walked_in_both_directions, 0 },
		{ events_of_others_are_not_told, 0 },
		{ workspace_has_a_limited_number, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "webhooks",
					.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA",
							     "CARILLON_SOCKET"),
					.cases = cases };

	return suite_run(&suite);
}

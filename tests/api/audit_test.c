/* SPDX-License-Identifier: Apache-2.0 */
/* Every change leaves one row of the audit log: which, whose, how it ended; and who may touch it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "db/stmt.h"
#include "support/client.h"
#include "support/instance.h"
#include "support/suite.h"

#define LOG "/api/v1/workspace/audit-log"

static struct persona owner;

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
}

static struct answer *rows_of(const char *query)
{
	char path[300];
	struct answer *a;

	snprintf(path, sizeof(path), LOG "?%s", query);
	a = client_call("GET", path, owner.token, NULL);
	assert_status(a, 200);
	return a;
}

static int64_t number(const char *sql)
{
	return client_number("%s '%s'", sql, owner.workspace);
}

static int64_t rows(void)
{
	return number("SELECT COUNT(*) FROM audit_log WHERE workspace_id =");
}

/* ---- every route ---- */

/* A body that the schema of the operation takes, by the beginning of its name; else none is sent. */
static const struct {
	const char *operation, *body;
} bodies[] = {
	{ "createApiKey", "{\"name\":\"k\"}" },
	{ "updateApiKey", "{\"name\":\"k\"}" },
	{ "register",
	  "{\"email\":\"%s@example.org\",\"password\":\"" PERSONA_PASSWORD "\",\"name\":\"N\"}" },
	{ "login", "{\"email\":\"%s@example.com\",\"password\":\"" PERSONA_PASSWORD "\"}" },
	{ "refresh", "{\"refresh_token\":\"%s\"}" },
	{ "updateWorkspace", "{\"name\":\"W\"}" },
	{ "addMember", "{\"email\":\"nobody@example.org\",\"role\":\"viewer\"}" },
	{ "updateMember", "{\"role\":\"viewer\"}" },
	{ "createCharacter", "{\"name\":\"C\"}" },
	{ "updateCharacter", "{\"name\":\"C\"}" },
	{ "uploadMedia", "{\"url\":\"https://127.0.0.1/x\"}" },
	{ "addSound", "{\"url\":\"https://127.0.0.1/x\"}" },
	{ "createContent", "{\"kind\":\"text\"}" },
	{ "updateContent", "{\"title\":\"t\"}" },
	{ "scheduleContent",
	  "{\"scheduled_at\":\"2090-01-01T00:00:00Z\",\"platforms\":[\"twitter\"]}" },
	{ "select_", "{\"flow\":\"flow_absent\",\"remote_ids\":[\"1\"]}" },
	{ "password_", "{\"identifier\":\"a@example.org\",\"password\":\"p\","
		       "\"server\":\"https://127.0.0.1\"}" },
	{ "updateAccount", "{\"on_late\":\"skip\"}" },
	{ "setDefaultBoard", "{\"board_id\":\"1\"}" },
	{ "updateScheduledPost", "{\"status\":\"cancelled\"}" },
	{ "resolveScheduledPost", "{\"outcome\":\"not_published\"}" },
	{ "generateSchedule",
	  "{\"character_id\":\"char_absent\",\"start_date\":\"2090-01-01\",\"days\":1,"
	  "\"platforms\":[\"twitter\"]}" },
	{ "shiftSchedule", "{\"from\":\"2090-01-01T00:00:00Z\",\"minutes\":5}" },
	{ "createPosts",
	  "{\"accountIds\":[\"acc_absent\"],\"contentType\":\"video\",\"contentUrl\":"
	  "\"https://example.org/x.mp4\",\"caption\":\"c\"}" },
	{ "createVideoPosts", "{\"accountIds\":[\"acc_absent\"],\"contentUrl\":"
			      "\"https://example.org/x.mp4\",\"caption\":\"c\"}" },
	{ "createSlideshowPosts", "{\"accountIds\":[\"acc_absent\"],\"contentUrl\":"
				  "[\"https://example.org/x.jpg\"],\"caption\":\"c\"}" },
	{ "deletePosts", "{\"postIds\":[\"post_absent\"]}" },
	{ "updatePost", "{\"caption\":\"c\"}" },
	{ "validatePosts", "{\"accountIds\":[\"acc_absent\"],\"contentType\":\"video\","
			   "\"contentUrl\":\"https://example.org/x.mp4\",\"caption\":\"c\"}" },
	{ "publicPublish", "{\"content_id\":\"cnt_absent\",\"platform\":\"twitter\"}" },
	{ "createWebhook", "{\"url\":\"https://example.org/hook\"}" },
	{ "updateWebhook", "{\"description\":\"d\"}" },
};

static const char *body_of(const char *operation, char *to, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const char *body = bodies[i].body;

		if (strncmp(operation, bodies[i].operation, strlen(bodies[i].operation)) != 0)
			continue;
		(void)snprintf(to, size, "%s", body);
		const char *gap = strstr(body, "%s");
		if (gap)
			(void)snprintf(to, size, "%.*s%s%s", (int)(gap - body), body,
				       strcmp(operation, "refresh") == 0 ? owner.refresh
									 : owner.user,
				       gap + 2);
		return to;
	}
	return NULL;
}

/* {id} and the like as ids that nobody has. */
static void fill_path(const char *pattern, char *to, size_t size)
{
	size_t n = 0;

	while (*pattern && n + 10 < size) {
		if (*pattern == '{') {
			n += (size_t)snprintf(to + n, size - n, "absent_1");
			pattern = strchr(pattern, '}') + 1;
		} else {
			to[n++] = *pattern++;
		}
	}
	to[n] = '\0';
}

static bool is_change(const struct route *r)
{
	return r->method == HTTP_POST || r->method == HTTP_PATCH || r->method == HTTP_PUT ||
	       r->method == HTTP_DELETE;
}

static void expect_record(const struct route *r)
{
	char path[200], body[600], id[ID_MAX], header[80];
	const char *headers[] = { header, NULL };
	const bool is_open = r->auth == AUTH_NONE;
	char *found;

	random_id(id, "req");
	(void)snprintf(header, sizeof(header), "X-Request-Id: %s", id);
	fill_path(r->pattern, path, sizeof(path));
	struct answer *a CLEANUP(answer_free) =
		client_send(&(struct call){ .method = http_method_name(r->method),
					    .path = path,
					    .token = is_open ? NULL : owner.token,
					    .body = body_of(r->operation, body, sizeof(body)),
					    .headers = headers });
	/* Whom nobody knows has no workspace to be recorded in. */
	if (strcmp(r->operation, "register") == 0 && a->status == 403)
		return;
	found = client_sql("SELECT COUNT(*) FROM audit_log WHERE request_id = '%s' AND "
			   "action = '%s' AND workspace_id = '%s' AND status = %ld",
			   id, r->operation, owner.workspace, a->status);
	ck_assert_msg(strcmp(found, "1") == 0, "%s %s (%s) left %s rows: %ld %s",
		      http_method_name(r->method), path, r->operation, found, a->status, a->body);
	free(found);
}

START_TEST(every_route_that_changes_something_leaves_a_row)
{
	int n = 0;

	for (const struct route *const *family = api_routes.families; *family; family++) {
		for (const struct route *r = *family; r->pattern; r++) {
			if (!is_change(r) || r->repeat == REPEAT_LINES ||
			    strcmp(r->operation, "logout") == 0)
				continue;
			expect_record(r);
			n++;
		}
	}
	ck_assert_int_gt(n, 60);
	answer_free(client_call("POST", "/api/v1/auth/logout", owner.token, NULL));
	ck_assert_int_eq(number("SELECT COUNT(*) FROM audit_log WHERE action = 'logout' AND "
				"outcome = 'done' AND workspace_id ="),
			 1);
}
END_TEST

START_TEST(row_says_who_what_from_where_and_how)
{
	const char *headers[] = { "X-Request-Id: req_of_the_audit_test", NULL };
	struct answer *made CLEANUP(answer_free) =
		client_send(&(struct call){ .method = "POST",
					    .path = "/api/v1/characters",
					    .token = owner.token,
					    .body = "{\"name\":\"Cara-the-secret\"}",
					    .headers = headers });
	struct answer *log CLEANUP(answer_free) = rows_of("action=createCharacter");

	assert_status(made, 201);
	ck_assert_uint_eq(answer_count(log, "audit_log"), 1);
	ck_assert_str_eq(answer_text(log, "audit_log.0.actor_kind"), "user");
	ck_assert_str_eq(answer_text(log, "audit_log.0.actor_id"), owner.user);
	ck_assert_str_eq(answer_text(log, "audit_log.0.address"), "127.0.0.1");
	ck_assert_str_eq(answer_text(log, "audit_log.0.request_id"), "req_of_the_audit_test");
	ck_assert_str_eq(answer_text(log, "audit_log.0.subject_id"), answer_text(made, "id"));
	ck_assert_str_eq(answer_text(log, "audit_log.0.outcome"), "done");
	ck_assert_int_eq(answer_int(log, "audit_log.0.status"), 201);
	ck_assert_ptr_null(strstr(log->body, "Cara"));
}
END_TEST

START_TEST(refusal_is_recorded_with_its_code)
{
	struct answer *a CLEANUP(answer_free) =
		client_call("POST", "/api/v1/content/absent_1/approve", owner.token, NULL);
	struct answer *log CLEANUP(answer_free) = rows_of("subject_id=absent_1");

	assert_problem(a, 404, "not_found");
	ck_assert_str_eq(answer_text(log, "audit_log.0.outcome"), "not_found");
	ck_assert_str_eq(answer_text(log, "audit_log.0.action"), "approveContent");
}
END_TEST

/* A caller with the scope leaves one row, one without it another; one who only reads leaves none. */
START_TEST(lack_of_a_scope_is_recorded)
{
	struct persona viewer;
	struct answer *denied, *log;

	persona_make(&viewer, owner.workspace, "viewer");
	answer_free(client_call("GET", LOG, viewer.token, NULL));
	denied = client_call("DELETE", "/api/v1/content/cnt_of_another", viewer.token, NULL);
	log = rows_of("subject_id=cnt_of_another");
	assert_problem(denied, 403, "insufficient_scope");
	ck_assert_uint_eq(answer_count(log, "audit_log"), 1);
	ck_assert_str_eq(answer_text(log, "audit_log.0.actor_id"), viewer.user);
	ck_assert_str_eq(answer_text(log, "audit_log.0.outcome"), "insufficient_scope");
	ck_assert_int_eq(answer_int(log, "audit_log.0.status"), 403);
	ck_assert_int_eq(number("SELECT COUNT(*) FROM audit_log WHERE outcome = "
				"'insufficient_scope' AND workspace_id ="),
			 1);
	answer_free(denied);
	answer_free(log);
}
END_TEST

START_TEST(replay_leaves_no_second_row)
{
	char line[100], key[ID_MAX];
	const char *headers[] = { line, NULL };
	const struct call call = { .method = "POST",
				   .path = "/api/v1/characters",
				   .token = owner.token,
				   .body = "{\"name\":\"C\"}",
				   .headers = headers };

	random_id(key, "key");
	(void)snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
	for (int i = 0; i < 3; i++) {
		struct answer *a CLEANUP(answer_free) = client_send(&call);

		assert_status(a, 201);
		ck_assert_int_eq(answer_header(a, "idempotent-replayed") != NULL, i > 0);
	}
	ck_assert_int_eq(rows(), 1);
}
END_TEST

START_TEST(work_elsewhere_has_a_row_before_and_one_after)
{
	struct answer *a CLEANUP(answer_free) =
		client_call("DELETE", "/api/v1/integrations/tiktok", owner.token, NULL);
	struct answer *log CLEANUP(answer_free) = rows_of("action=disconnect_tiktok");

	assert_status(a, 200);
	ck_assert_uint_eq(answer_count(log, "audit_log"), 2);
	ck_assert_str_eq(answer_text(log, "audit_log.1.outcome"), "begun");
	ck_assert(answer_is_null(log, "audit_log.1.status"));
	ck_assert_str_eq(answer_text(log, "audit_log.0.outcome"), "done");
}
END_TEST

START_TEST(stolen_refresh_token_is_recorded)
{
	char body[200];

	(void)snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", owner.refresh);
	answer_free(client_call("POST", "/api/v1/auth/refresh", NULL, body));
	free(client_sql("UPDATE sessions SET rotated_at = rotated_at - INTERVAL 1 HOUR "
			"WHERE workspace_id = '%s' AND rotated_at IS NOT NULL",
			owner.workspace));
	struct answer *a CLEANUP(answer_free) =
		client_call("POST", "/api/v1/auth/refresh", NULL, body);

	assert_problem(a, 401, "invalid_token");
	ck_assert_int_eq(number("SELECT COUNT(*) FROM audit_log WHERE action = 'refresh' AND "
				"outcome = 'invalid_token' AND workspace_id ="),
			 1);
	/* What the theft ended stays ended. */
	ck_assert_int_eq(number("SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL AND "
				"workspace_id ="),
			 0);
}
END_TEST

/* The row and the change are one transaction: where the one cannot be written, the other is not. */
START_TEST(what_cannot_be_recorded_does_not_happen)
{
	answer_free(client_call("POST", "/api/v1/characters", owner.token, "{\"name\":\"one\"}"));
	free(client_sql("UPDATE audit_heads SET seq = 0 WHERE workspace_id = '%s'",
			owner.workspace));
	struct answer *a CLEANUP(answer_free) =
		client_call("POST", "/api/v1/characters", owner.token, "{\"name\":\"two\"}");

	assert_status(a, 500);
	ck_assert_int_eq(number("SELECT COUNT(*) FROM characters WHERE workspace_id ="), 1);
	ck_assert_int_eq(rows(), 1);
}
END_TEST

START_TEST(log_is_paged_newest_first_and_whole)
{
	char path[300] = LOG "?limit=2";
	int64_t last = 6;

	for (int i = 0; i < 5; i++)
		answer_free(
			client_call("POST", "/api/v1/characters", owner.token, "{\"name\":\"C\"}"));
	for (;;) {
		struct answer *a CLEANUP(answer_free) = client_call("GET", path, owner.token, NULL);

		assert_status(a, 200);
		for (size_t i = 0; i < answer_count(a, "audit_log"); i++) {
			char at[40];

			(void)snprintf(at, sizeof(at), "audit_log.%zu.seq", i);
			ck_assert_int_eq(answer_int(a, at), --last);
		}
		if (answer_is_null(a, "next_cursor"))
			break;
		(void)snprintf(path, sizeof(path), LOG "?limit=2&cursor=%s",
			       answer_text(a, "next_cursor"));
	}
	ck_assert_int_eq(last, 1);
}
END_TEST

START_TEST(others_do_not_read_it)
{
	struct persona other, editor;

	persona_make(&other, NULL, "owner");
	persona_make(&editor, owner.workspace, "editor");
	answer_free(client_call("POST", "/api/v1/characters", owner.token, "{\"name\":\"C\"}"));
	struct answer *a CLEANUP(answer_free) = client_call("GET", LOG, other.token, NULL);
	struct answer *b CLEANUP(answer_free) = client_call("GET", LOG, editor.token, NULL);

	ck_assert_uint_eq(answer_count(a, "audit_log"), 0);
	assert_problem(b, 403, "insufficient_scope");
}
END_TEST

/* ---- rights ---- */

/* What the application's own users try with the log; 1142 and 1370: the right is missing. */
static const struct stmt forbidden[] = {
	{ "t.update", STMT_GLOBAL, "", "UPDATE audit_log SET outcome = 'done' LIMIT 1", "" },
	{ "t.delete", STMT_GLOBAL, "", "DELETE FROM audit_log LIMIT 1", "" },
	{ "t.truncate", STMT_GLOBAL, "", "TRUNCATE TABLE audit_log", "" },
	{ "t.replace", STMT_GLOBAL, "", "REPLACE INTO audit_log SELECT * FROM audit_log LIMIT 1",
	  "" },
	{ "t.heads", STMT_GLOBAL, "", "DELETE FROM audit_heads LIMIT 1", "" },
	{ "t.drop", STMT_GLOBAL, "", "ALTER TABLE audit_log DROP COLUMN mac", "" },
};

START_TEST(application_may_only_add_rows)
{
	const enum db_role roles[] = { DB_ROLE_API, DB_ROLE_RUN };
	struct config *config = instance_config();
	struct problem why = { .kind = PROBLEM_NONE };

	for (size_t r = 0; r < ARRAY_LEN(roles); r++) {
		struct db *db = NULL;

		ck_assert_int_eq(db_open(config, roles[r], &db, &why), 0);
		for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
			ck_assert_int_eq(db_exec(db, &forbidden[i], NULL, &why), -1);
			ck_assert_msg(db_errno(db) == 1142, "%s: error %u", forbidden[i].name,
				      db_errno(db));
		}
		db_free(db);
	}
	config_free(config);
}
END_TEST

/* The runner's rights stand table by table: a new table needs its line in grants.sql. */
START_TEST(runner_may_change_every_other_table)
{
	char *lacking = client_sql(
		"SELECT GROUP_CONCAT(t.table_name) FROM information_schema.tables t "
		"WHERE t.table_schema = DATABASE() AND t.table_name NOT IN ('audit_log', "
		"'schema_migrations') AND NOT EXISTS (SELECT 1 FROM mysql.tables_priv p WHERE "
		"p.db = DATABASE() AND p.user LIKE '%%run%%' AND p.table_name = t.table_name AND "
		"FIND_IN_SET('Update', p.table_priv))");

	ck_assert_msg(!lacking, "grants.sql gives the runner no right to change %s", lacking);
	free(lacking);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ every_route_that_changes_something_leaves_a_row, 0 },
		{ row_says_who_what_from_where_and_how, 0 },
		{ refusal_is_recorded_with_its_code, 0 },
		{ lack_of_a_scope_is_recorded, 0 },
		{ replay_leaves_no_second_row, 0 },
		{ work_elsewhere_has_a_row_before_and_one_after, 0 },
		{ stolen_refresh_token_is_recorded, 0 },
		{ what_cannot_be_recorded_does_not_happen, 0 },
		{ log_is_paged_newest_first_and_whole, 0 },
		{ others_do_not_read_it, 0 },
		{ application_may_only_add_rows, 0 },
		{ runner_may_change_every_other_table, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "audit",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SOCKET",
				     "CARILLON_CONF"),
		.setup = setup,
		.cases = cases,
	});
}

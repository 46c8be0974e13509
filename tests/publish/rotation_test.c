/* SPDX-License-Identifier: Apache-2.0 */
/* Another sealing key while posts go out and tokens are renewed, and a rotation that dies anywhere. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/keys.h"
#include "db/conn.h"
#include "rig.h"
#include "store/clients.h"
#include "store/flows.h"
#include "store/sealed.h"
#include "store/tokens.h"
#include "store/webhooks.h"
#include "support/suite.h"

#define PATIENCE_MS 60000

/* Where a rotation can die; `hit`: which passage; whether what is left then publishes, too. */
static const struct {
	const char *point;
	int hit;
	bool publishes;
} deaths[] = {
	{ "F25_ring_written", 1, false }, /* the new key, in no file yet */
	{ "F25_key_added", 1, true },      { "F25_ring_written", 2, false },  /* the promotion */
	{ "F25_key_promoted", 1, true },   { "F25_batch_written", 1, false }, /* rolled back */
	{ "F25_batch_done", 1, true },     { "F25_batch_done", 3, false },
	{ "F25_before_retire", 1, false }, { "F25_ring_written", 3, false }, /* the retirement */
	{ "F25_key_retired", 1, true },
};

static struct rig rig;
static struct app app;
static struct problem why;

/* One row in each sealed column: tokens are the rig's, the others are made here. */
static char flow[ID_MAX], open_flow[ID_MAX], hook[ID_MAX];
static const struct client_place server = { "instagram", "https://social.example", true };
static struct websign_secret secret;
static char access_before[2000];

static const char *keys_path(void)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/sealing.key", rig.folder);
	return path;
}

/* Ids of the ring's file, with a blank behind each. */
static const char *ids(void)
{
	static char text[200];
	char line[200];
	size_t len = 0;
	FILE *f = fopen(keys_path(), "re");

	text[0] = '\0';
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		const int n = (int)strcspn(line, " \n") + 1;

		(void)snprintf(text + len, sizeof(text) - len, "%.*s", n, line);
		len = strlen(text);
	}
	(void)fclose(f);
	return text;
}

static void write_plan(const char *text)
{
	FILE *f = fopen(rig.plan_path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/*
 * carillon-admin rotate-keys, not waited for. plan NULL: the last one stays, also for who may be
 * reading it just now.
 */
static pid_t start_rotation(const char *plan, const char *option)
{
	char program[400];
	pid_t pid;

	(void)snprintf(program, sizeof(program), "%s/carillon-admin", getenv("CARILLON_BUILD"));
	if (plan)
		write_plan(plan);
	pid = fork();
	if (pid == 0) {
		(void)setenv("CARILLON_FAILPOINTS", rig.plan_path, 1);
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execl(program, program, "-c", rig.config_path, "rotate-keys", option, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static int rotate(const char *plan, const char *option)
{
	return rig_wait(start_rotation(plan, option), PATIENCE_MS);
}

static void make_sealed_rows(void)
{
	const struct flow_new in = {
		.platform = "instagram", .verifier = "", .redirect = "/", .life_s = 3600
	};
	const struct webhook_new endpoint = { .url = "https://example.org/",
					      .most = 1000,
					      .keys = app.keys };
	struct flow_new fresh = in;
	struct flow_offer offer = { flow, "[{\"remote_id\":\"1\"}]", 3600 };
	struct flow taken;
	struct arena *arena = arena_new();
	bool is_ours = false;

	random_bytes(fresh.state_hash, sizeof(fresh.state_hash));
	rig_need(store_flows_create(app.db, RIG_WORKSPACE, &fresh, flow, &why), &why);
	rig_need(store_flows_take(app.db, fresh.state_hash, arena, &taken, &is_ours, &why), &why);
	rig_need(store_flows_offer(app.db, RIG_WORKSPACE, &offer, app.keys, &why), &why);
	fresh.kept = "{\"key\":2}";
	fresh.keys = app.keys;
	random_bytes(fresh.state_hash, sizeof(fresh.state_hash));
	rig_need(store_flows_create(app.db, RIG_WORKSPACE, &fresh, open_flow, &why), &why);
	rig_need(store_clients_put(app.db, RIG_WORKSPACE, &server, "{\"id\":3}", app.keys, &why),
		 &why);
	rig_need(store_webhooks_insert(app.db, RIG_WORKSPACE, &endpoint, hook, &secret, &why),
		 &why);
	arena_free(arena);
}

static void read_access(char *to, size_t size)
{
	CLEANUP(tokens_done) struct tokens t = { 0 };

	rig_need(store_tokens_get(app.db, RIG_WORKSPACE, rig.accounts[0], app.keys, &t, &why),
		 &why);
	(void)snprintf(to, size, "%s", tokens_value(&t, "access"));
}

/* With the ring that was loaded before the rotation began. */
static void expect_all_opens(void)
{
	const struct flow_view view = { flow, app.keys }, kept = { open_flow, app.keys };
	const struct client_view client = { server, app.keys };
	struct webhook_secrets secrets = { .n = 0 };
	struct arena *arena = arena_new();
	const char *registered = NULL;
	char access[2000];
	struct flow found;

	read_access(access, sizeof(access));
	ck_assert_str_eq(access, access_before);
	rig_need(store_flows_get(app.db, RIG_WORKSPACE, &view, arena, &found, &why), &why);
	ck_assert_str_eq(found.candidates, "[{\"remote_id\":\"1\"}]");
	rig_need(store_flows_get(app.db, RIG_WORKSPACE, &kept, arena, &found, &why), &why);
	ck_assert_str_eq(found.kept, "{\"key\":2}");
	rig_need(store_clients_get(app.db, RIG_WORKSPACE, &client, arena, &registered, &why), &why);
	ck_assert_str_eq(registered, "{\"id\":3}");
	rig_need(store_webhooks_secrets(app.db, RIG_WORKSPACE, hook, app.keys, &secrets, &why),
		 &why);
	ck_assert_uint_eq(secrets.n, 1);
	ck_assert_mem_eq(secrets.v[0].bytes, secret.bytes, secret.n);
	arena_free(arena);
}

static int64_t sealed_with_others(const char *id)
{
	int64_t n = 0;

	for (const struct sealed_column *c = sealed_columns; c->table; c++)
		n += rig_numberf(&rig, "SELECT COUNT(*) FROM %s WHERE kid <> '%s'", c->table, id);
	return n;
}

static void setup(void)
{
	rig_reset(&rig);
	rig_app(&rig, &app);
	make_sealed_rows();
	read_access(access_before, sizeof(access_before));
}

static void teardown(void)
{
	rig_app_done(&app);
}

/* The file's ids say how often the key was changed by the cases before. */
static void expect_done(const char *before)
{
	char wanted[40];
	const long n = strtol(before + 1, NULL, 10);

	(void)snprintf(wanted, sizeof(wanted), "k%ld ", n + 1);
	ck_assert_str_eq(ids(), wanted);
	wanted[strlen(wanted) - 1] = '\0';
	ck_assert_int_eq(sealed_with_others(wanted), 0);
	expect_all_opens();
}

static void publish(int i)
{
	char post[ID_MAX], caption[40];

	(void)snprintf(caption, sizeof(caption), "half way %d", i);
	rig_post(&rig, 0, caption, 0, post);
	rig_expect(&rig, post, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
}

START_TEST(rotation_that_dies_goes_on_where_it_was)
{
	char before[40], plan[100];

	if (!rig_has_failpoints())
		return;
	(void)snprintf(before, sizeof(before), "%s", ids());
	(void)snprintf(plan, sizeof(plan), "%s %d kill\n", deaths[_i].point, deaths[_i].hit);
	ck_assert_int_eq(rotate(plan, NULL), -9);
	expect_all_opens();
	if (deaths[_i].publishes)
		publish(_i);
	/* Death behind the last step leaves nothing to go on with. */
	if (strcmp(deaths[_i].point, "F25_key_retired") != 0)
		ck_assert_int_eq(rotate("", NULL), 0);
	expect_done(before);
}
END_TEST

START_TEST(runners_and_workers_follow_without_a_restart)
{
	char before[40], post[4][ID_MAX], caption[20];
	pid_t runner, rotation;

	(void)snprintf(before, sizeof(before), "%s", ids());
	runner = rig_runner(&rig, "", NULL);
	rig_wait_beats(&rig, 1);
	/* Behind it: the runner stages, fires and renews with what it has and with what comes. */
	for (int i = 0; i < 4; i++) {
		(void)snprintf(caption, sizeof(caption), "under way %d", i);
		rig_post(&rig, i % RIG_ACCOUNTS, caption, 1000 * i, post[i]);
	}
	rotation = start_rotation("F25_batch_done * sleep:200\n", NULL);
	rig_renew(&rig, rig.accounts[1]);
	ck_assert_int_eq(rig_wait(rotation, PATIENCE_MS), 0);
	rig_renew(&rig, rig.accounts[1]);
	for (int i = 0; i < 4; i++) {
		for (int ms = 0; rig_state(&rig, post[i]) != POST_PUBLISHED; ms += 50) {
			ck_assert_int_lt(ms, PATIENCE_MS);
			rig_sleep_ms(50);
		}
		(void)snprintf(caption, sizeof(caption), "under way %d", i);
		ck_assert_int_eq(rig_effects(&rig, caption), 1);
	}
	for (int ms = 0; rig_number(&rig, "SELECT COUNT(*) FROM account_refreshes WHERE next_at <= "
					  "UTC_TIMESTAMP() OR owner IS NOT NULL");
	     ms += 50) {
		ck_assert_int_lt(ms, PATIENCE_MS);
		rig_sleep_ms(50);
	}
	ck_assert_int_eq(kill(runner, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(runner, PATIENCE_MS), 0);
	/* The runner that had loaded the old ring has sealed with the new key. */
	expect_done(before);
}
END_TEST

START_TEST(key_can_be_added_ahead_and_the_old_one_kept)
{
	char before[40];
	const long n = strtol(ids() + 1, NULL, 10);
	char wanted[60];

	(void)snprintf(before, sizeof(before), "%s", ids());
	ck_assert_int_eq(rotate("", "--add"), 0);
	(void)snprintf(wanted, sizeof(wanted), "k%ld k%ld ", n, n + 1);
	ck_assert_str_eq(ids(), wanted);
	ck_assert_int_eq(rotate("", "--add"), 0);
	ck_assert_str_eq(ids(), wanted);
	ck_assert_int_eq(rotate("", "--keep"), 0);
	(void)snprintf(wanted, sizeof(wanted), "k%ld k%ld ", n + 1, n);
	ck_assert_str_eq(ids(), wanted);
	ck_assert_int_eq(rotate("", NULL), 0);
	expect_done(before);
}
END_TEST

/* A row that no key of the ring opens must not be lost with a key. */
START_TEST(old_key_stays_while_a_row_does_not_open)
{
	char before[40];

	(void)snprintf(before, sizeof(before), "%s", ids());
	database_run(&rig.database,
		     "CREATE TABLE aside AS SELECT account_id, kind, sealed FROM account_tokens");
	database_run(&rig.database, "UPDATE account_tokens SET sealed = "
				    "CONCAT(LEFT(sealed, 40), REPEAT('x', LENGTH(sealed) - 40)) "
				    "WHERE kind = 'access' LIMIT 1");
	ck_assert_int_eq(rotate("", NULL), 1);
	ck_assert_ptr_nonnull(strstr(ids(), before));
	database_run(&rig.database,
		     "UPDATE account_tokens t JOIN aside a ON a.account_id = t.account_id AND "
		     "a.kind = t.kind SET t.sealed = a.sealed WHERE t.kid = "
		     "SUBSTR(a.sealed, 3, ORD(SUBSTR(a.sealed, 2, 1)))");
	database_run(&rig.database, "DROP TABLE aside");
	ck_assert_int_eq(rotate("", NULL), 0);
	expect_all_opens();
}
END_TEST

START_TEST(only_one_rotates_at_a_time)
{
	pid_t first;
	int second;

	if (!rig_has_failpoints())
		return;
	first = start_rotation("F25_key_added 1 sleep:4000\n", NULL);
	while (strlen(ids()) < 5)
		rig_sleep_ms(10);
	/* However long the other one takes to start. */
	ck_assert_int_eq(kill(first, SIGSTOP), 0);
	second = rotate(NULL, NULL);
	ck_assert_int_eq(kill(first, SIGCONT), 0);
	ck_assert_int_eq(second, 1);
	ck_assert_int_eq(rig_wait(first, PATIENCE_MS), 0);
}
END_TEST

/* A column that is sealed and stands in no row of the table would keep an old key, and lose it. */
START_TEST(every_sealed_column_of_the_schema_is_in_the_table)
{
	char *found = rig_text(
		&rig,
		"SELECT GROUP_CONCAT(CONCAT(c.table_name, '.', c.column_name) ORDER BY 1) FROM "
		"information_schema.columns c WHERE c.table_schema = DATABASE() AND "
		"c.data_type IN ('blob','mediumblob','longblob','tinyblob','varbinary')");
	char *with_kid = rig_text(&rig, "SELECT GROUP_CONCAT(table_name ORDER BY table_name) FROM "
					"information_schema.columns WHERE table_schema = "
					"DATABASE() AND column_name = 'kid'");

	for (const struct sealed_column *c = sealed_columns; c->table; c++) {
		char name[100];

		(void)snprintf(name, sizeof(name), "%s.%s", c->table, c->column);
		ck_assert_msg(strstr(found, name), "%s is not in the schema", name);
	}
	/* idempotency.answer is sealed with a key of its own (api/kept.h). */
	ck_assert_str_eq(found, "account_tokens.sealed,idempotency.answer,oauth_flows.candidates,"
				"oauth_flows.kept,server_clients.sealed,webhook_secrets.sealed");
	ck_assert_str_eq(with_kid, "account_tokens,oauth_flows,server_clients,webhook_secrets");
	free(found);
	free(with_kid);
}
END_TEST

static void before(void)
{
	rig_start(&rig);
	rig_settings(&rig, RIG_SETTINGS({ "keys", "rotation_wait_s", "0" }));
}

static void after(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ rotation_that_dies_goes_on_where_it_was, (int)ARRAY_LEN(deaths) },
		{ runners_and_workers_follow_without_a_restart, 0 },
		{ key_can_be_added_ahead_and_the_old_one_kept, 0 },
		{ old_key_stays_while_a_row_does_not_open, 0 },
		{ only_one_rotates_at_a_time, 0 },
		{ every_sealed_column_of_the_schema_is_in_the_table, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "rotation",
		.before = before,
		.after = after,
		.setup = setup,
		.teardown = teardown,
		.timeout_s = 120,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What verifying the audit log finds, and that rows of many writers make one chain. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/audit.h"
#include "support/admin.h"
#include "support/room.h"

#define WRITERS 4
#define EACH    25
#define ROWS    6

static struct audit_entry entry(void)
{
	return (struct audit_entry){ .actor_kind = "user",
				     .actor_id = user,
				     .address = "192.0.2.1",
				     .request_id = "req_1",
				     .action = "createCharacter",
				     .outcome = "done",
				     .status = 201 };
}

static void add_rows(int n)
{
	const struct audit_entry in = entry();

	for (int i = 0; i < n; i++)
		ok(store_audit_add(db, ws, &in, &keys, &why));
}

static struct audit_verdict verdict(void)
{
	struct audit_verdict v;

	ok(store_audit_verify(db, ws, &keys, &v, &why));
	return v;
}

/* One statement, and then the next behind each `;`; `@`: the workspace. */
static void run(const char *sql)
{
	while (*sql) {
		CLEANUP(buf_done) struct buf one = BUF_INIT;
		const char *end = sql + strcspn(sql, ";");

		for (; sql < end; sql++) {
			if (*sql == '@')
				buf_adds(&one, ws);
			else
				buf_addc(&one, *sql);
		}
		database_run(&database, buf_str(&one));
		sql += *sql == ';';
	}
}

/* How a chain of six rows is tampered with by somebody who may write anywhere in the database. */
static const struct {
	const char *how;
	enum audit_fault fault;
	int64_t seq;
} tampers[] = {
	{ "UPDATE audit_log SET outcome = 'not_found' WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	{ "UPDATE audit_log SET actor_id = 'user_2' WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	{ "UPDATE audit_log SET actor_kind = 'key' WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	{ "UPDATE audit_log SET address = NULL WHERE seq = 3 AND workspace_id = '@'", AUDIT_ALTERED,
	  3 },
	{ "UPDATE audit_log SET request_id = 'req_2' WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	{ "UPDATE audit_log SET action = 'login' WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	{ "UPDATE audit_log SET subject_id = 'x' WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	{ "UPDATE audit_log SET status = 200 WHERE seq = 3 AND workspace_id = '@'", AUDIT_ALTERED,
	  3 },
	{ "UPDATE audit_log SET at = at + INTERVAL 1 SECOND WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	{ "UPDATE audit_log SET mac = REPEAT('x', 32) WHERE seq = 3 AND workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	/* deleted: the first, one between, and the last ones */
	{ "DELETE FROM audit_log WHERE seq = 1 AND workspace_id = '@'", AUDIT_MISSING, 1 },
	{ "DELETE FROM audit_log WHERE seq = 4 AND workspace_id = '@'", AUDIT_MISSING, 4 },
	{ "DELETE FROM audit_log WHERE seq > 4 AND workspace_id = '@'", AUDIT_MISSING, 5 },
	{ "DELETE FROM audit_log WHERE workspace_id = '@'", AUDIT_MISSING, 1 },
	/* deleted, and those behind moved up */
	{ "DELETE FROM audit_log WHERE seq = 3 AND workspace_id = '@'; "
	  "UPDATE audit_log SET seq = seq - 1 WHERE seq > 3 AND workspace_id = '@' ORDER BY seq; "
	  "UPDATE audit_heads SET seq = seq - 1 WHERE workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	/* two rows change places */
	{ "UPDATE audit_log SET seq = 100 WHERE seq = 2 AND workspace_id = '@'; "
	  "UPDATE audit_log SET seq = 2 WHERE seq = 3 AND workspace_id = '@'; "
	  "UPDATE audit_log SET seq = 3 WHERE seq = 100 AND workspace_id = '@'",
	  AUDIT_ALTERED, 2 },
	/* inserted, and those behind moved on */
	{ "UPDATE audit_log SET seq = seq + 1 WHERE seq >= 3 AND workspace_id = '@' ORDER BY seq "
	  "DESC; "
	  "INSERT INTO audit_log SELECT workspace_id, 3, at, actor_kind, actor_id, address, "
	  "request_id, action, subject_id, outcome, status, mac FROM audit_log WHERE seq = 2 "
	  "AND workspace_id = '@'; "
	  "UPDATE audit_heads SET seq = seq + 1 WHERE workspace_id = '@'",
	  AUDIT_ALTERED, 3 },
	/* added at the end, without and with a head that fits */
	{ "INSERT INTO audit_log SELECT workspace_id, 7, at, actor_kind, actor_id, address, "
	  "request_id, action, subject_id, outcome, status, mac FROM audit_log WHERE seq = 2 "
	  "AND workspace_id = '@'",
	  AUDIT_BEYOND, 7 },
	{ "INSERT INTO audit_log SELECT workspace_id, 7, at, actor_kind, actor_id, address, "
	  "request_id, action, subject_id, outcome, status, UNHEX(SHA2('x', 256)) FROM audit_log "
	  "WHERE seq = 2 AND workspace_id = '@'; "
	  "UPDATE audit_heads SET seq = 7 WHERE workspace_id = '@'",
	  AUDIT_ALTERED, 7 },
	/* a row of another workspace */
	{ "UPDATE audit_log a, (SELECT * FROM audit_log WHERE workspace_id = 'instance' AND seq = "
	  "1) b "
	  "SET a.at = b.at, a.action = b.action, a.mac = b.mac WHERE a.seq = 1 AND "
	  "a.workspace_id = '@'",
	  AUDIT_ALTERED, 1 },
	/* the head */
	{ "UPDATE audit_heads SET mac = REPEAT('x', 32) WHERE workspace_id = '@'", AUDIT_HEAD, 6 },
	{ "UPDATE audit_heads SET seq = 9 WHERE workspace_id = '@'", AUDIT_MISSING, 7 },
	{ "UPDATE audit_heads SET seq = 5 WHERE workspace_id = '@'", AUDIT_BEYOND, 6 },
	{ "DELETE FROM audit_heads WHERE workspace_id = '@'", AUDIT_NO_HEAD, 0 },
};

static int admin_says(struct buf *out)
{
	return admin_run(&database,
			 (const char *const[]){ "audit", "verify", "--workspace", ws, NULL }, out);
}

START_TEST(tampering_is_found_where_it_was_done)
{
	const struct audit_entry other = entry();

	add_rows(ROWS);
	ok(store_audit_add(db, AUDIT_INSTANCE, &other, &keys, &why));
	ck_assert_int_eq(verdict().fault, AUDIT_SOUND);
	run(tampers[_i].how);
	struct audit_verdict v = verdict();

	ck_assert_msg(v.fault == tampers[_i].fault && v.seq == tampers[_i].seq,
		      "%s at %lld after %s", audit_fault_names[v.fault], (long long)v.seq,
		      tampers[_i].how);
	run("DELETE FROM audit_log WHERE workspace_id = '@'");
	run("DELETE FROM audit_heads WHERE workspace_id = '@'");
}
END_TEST

/* Who has all of the database, but not the pepper, cannot write what another key would have made. */
START_TEST(chain_made_with_another_pepper_is_no_chain)
{
	struct keys forger = keys;

	random_bytes(forger.pepper, sizeof(forger.pepper));
	for (int i = 0; i < ROWS; i++) {
		const struct audit_entry in = entry();

		ok(store_audit_add(db, ws, &in, &forger, &why));
	}
	ck_assert_int_eq(verdict().fault, AUDIT_ALTERED);
	ck_assert_int_eq(verdict().seq, 1);
}
END_TEST

static void write_rows(void)
{
	struct db *own = database_open(&database);
	const struct audit_entry in = entry();
	struct problem problem = { .kind = PROBLEM_NONE };

	for (int i = 0; i < EACH; i++) {
		if (store_audit_add(own, ws, &in, &keys, &problem) < 0)
			_exit(1);
	}
	_exit(0);
}

START_TEST(many_writers_make_one_chain)
{
	pid_t writers[WRITERS];
	int status;

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (writers[i] == 0)
			write_rows();
	}
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(waitpid(writers[i], &status, 0), writers[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(verdict().fault, AUDIT_SOUND);
	ck_assert_int_eq(verdict().seq, WRITERS * EACH);
}
END_TEST

START_TEST(long_chain_is_walked_in_pieces)
{
	run("INSERT INTO audit_heads VALUES ('@', 0, REPEAT(CHAR(0), 32))");
	ck_assert_int_eq(db_begin(db, &why), 0);
	add_rows(1001);
	ck_assert_int_eq(db_commit(db, &why), 0);
	ck_assert_int_eq(verdict().seq, 1001);
	run("DELETE FROM audit_log WHERE seq = 1001 AND workspace_id = '@'");
	ck_assert_int_eq(verdict().fault, AUDIT_MISSING);
	ck_assert_int_eq(verdict().seq, 1001);
}
END_TEST

START_TEST(rolled_back_row_leaves_no_gap)
{
	ck_assert_int_eq(db_begin(db, &why), 0);
	add_rows(2);
	db_rollback(db);
	add_rows(2);
	ck_assert_int_eq(verdict().fault, AUDIT_SOUND);
	ck_assert_int_eq(verdict().seq, 2);
}
END_TEST

START_TEST(odd_texts_are_made_to_fit)
{
	struct audit_entry in = entry();

	in.request_id = arena_printf(arena, "%0300d", 7);
	in.address = "a\nb\x7f c";
	in.subject_id = "";
	ok(store_audit_add(db, ws, &in, &keys, &why));
	ck_assert_int_eq(verdict().fault, AUDIT_SOUND);
}
END_TEST

START_TEST(operator_verifies_and_is_recorded)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf made = BUF_INIT;
	CLEANUP(buf_done) struct buf again = BUF_INIT;
	const char *const key[] = { "create-key", "--workspace", ws, "--live", NULL };

	ck_assert_int_eq(admin_run(&database, key, &made), 0);
	ck_assert_int_eq(admin_says(&out), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "sound"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "1 rows"));
	run("UPDATE audit_log SET actor_id = 'uid:99' WHERE action = 'create-key' AND "
	    "actor_kind = 'operator' AND outcome = 'done' AND workspace_id = '@'");
	ck_assert_int_eq(admin_says(&again), 1);
	ck_assert_ptr_nonnull(strstr(buf_str(&again), "BROKEN"));
	ck_assert_ptr_nonnull(strstr(buf_str(&again), "at row 1"));
}
END_TEST

static const char *const commands[][6] = {
	{ "create-workspace", "Fresh", NULL },
	{ "reconcile", NULL },
	{ "create-key", "--workspace", "ws_absent", "--live", NULL },
	{ "reseal", NULL },
};

START_TEST(each_command_that_changes_something_is_recorded)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	const char *sql = arena_printf(arena,
				       "SELECT COUNT(*) FROM audit_log WHERE actor_kind = "
				       "'operator' AND action = '%s' AND outcome <> 'begun'",
				       commands[_i][0]);
	const int64_t before = database_number(&database, sql);

	(void)admin_run(&database, commands[_i], &out);
	ck_assert_int_eq(database_number(&database, sql), before + 1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ tampering_is_found_where_it_was_done, (int)ARRAY_LEN(tampers) },
		{ chain_made_with_another_pepper_is_no_chain, 0 },
		{ many_writers_make_one_chain, 0 },
		{ long_chain_is_walked_in_pieces, 0 },
		{ rolled_back_row_leaves_no_gap, 0 },
		{ odd_texts_are_made_to_fit, 0 },
		{ operator_verifies_and_is_recorded, 0 },
		{ each_command_that_changes_something_is_recorded, (int)ARRAY_LEN(commands) },
		{ NULL, 0 },
	};

	return room_run("audit_chain", cases);
}

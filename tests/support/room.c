/* SPDX-License-Identifier: Apache-2.0 */
#include "support/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/facts.h"
#include "store/events.h"
#include "store/tokens.h"
#include "store/users.h"

struct database database;
struct db *db;
struct arena *arena;
struct problem why;
struct keys keys;
char ws[ID_MAX], user[ID_MAX];
int64_t now_us;

void ok(int result)
{
	ck_assert_msg(result == 0, "%s (%s)", why.detail, why.items_n ? why.items[0].detail : "");
}

void refused(int result, enum problem_kind kind)
{
	ck_assert_int_eq(result, -1);
	ck_assert_msg(why.kind == kind, "%s instead of %s: %s", problem_row(why.kind)->code,
		      problem_row(kind)->code, why.detail);
}

static void write_ring(void)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/ring.key", database.folder);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs("k2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
	      "k1 f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
	      f);
	fclose(f);
	chmod(path, 0400);
	ok(seal_load(path, &keys.ring));
	unlink(path);
}

void room_setup(void)
{
	char email[80], tag[ID_MAX];
	struct user_new in = { email, "Ada", "$argon2id$none" };
	struct registered made;

	db = database_open(&database);
	arena = arena_new();
	problem_clear(&why);
	random_id(tag, "t");
	snprintf(email, sizeof(email), "%s@example.org", tag);
	ok(store_users_register(db, &in, "Test", &made, &why));
	snprintf(user, sizeof(user), "%s", made.user_id);
	snprintf(ws, sizeof(ws), "%s", made.workspace);
	ok(db_facts_now(db, &now_us, &why));
	write_ring();
}

void room_teardown(void)
{
	seal_free(TAKE(keys.ring));
	arena_free(arena);
	db_free(db);
}

struct session_tokens some_tokens(void)
{
	struct session_tokens t = { .access_life_s = 3600, .refresh_life_s = 7200 };

	random_bytes(t.access_hash, sizeof(t.access_hash));
	random_bytes(t.refresh_hash, sizeof(t.refresh_hash));
	return t;
}

const char *connect_account(const char *remote, bool livemode)
{
	const struct token tokens[] = {
		{ .kind = "access",
		  .value = "secret-access",
		  .expires_us = INSTANT_NONE,
		  .issued_us = INSTANT_NONE },
	};
	const struct account_connect in = { .platform = "instagram",
					    .remote_id = remote,
					    .username = "mila",
					    .display_name = "Mila",
					    .livemode = livemode,
					    .scopes = "a b",
					    .missing_scopes = "",
					    .expires_us = INSTANT_NONE,
					    .refresh_us = INSTANT_NONE,
					    .tokens = tokens,
					    .tokens_n = 1 };
	char *id = arena_alloc(arena, ID_MAX);

	ok(store_accounts_connect(db, ws, &in, &keys, id, &why));
	return id;
}

const char *new_account(void)
{
	char *remote = arena_alloc(arena, ID_MAX);

	random_id(remote, "r");
	return connect_account(remote, false);
}

const char *make_content(bool is_approved)
{
	const struct content_patch in = { .kind = CONTENT_TEXT,
					  .caption = "hello",
					  .tags = "[\"a\"]",
					  .by = user,
					  .is_approved = is_approved };
	struct content made;

	ok(store_content_insert(db, ws, &in, arena, &made, &why));
	return made.id;
}

struct post schedule(const char *content, const char *account, int64_t due_us)
{
	const struct post_new one = { .account_id = account,
				      .platform = "instagram",
				      .due = { .us = due_us } };
	const struct posts_new in = {
		.content_id = content, .created_by = user, .v = &one, .n = 1, .stage_lead_s = LEAD_S
	};
	struct posts made;

	ok(store_posts_insert(db, ws, &in, arena, &made, &why));
	ck_assert_uint_eq(made.n, 1);
	return made.v[0];
}

struct post get_post(const char *id)
{
	struct post p;

	ok(store_posts_get(db, ws, id, arena, &p, &why));
	return p;
}

void set_state(const char *id, const char *state)
{
	database_run(&database, arena_printf(arena, "UPDATE posts SET state = '%s' WHERE id = '%s'",
					     state, id));
}

size_t events_of(const char *type, const char *subject)
{
	const struct event_query q = { .type = type,
				       .subject_id = subject,
				       .livemode = LIVEMODE_ANY };
	struct events list;

	ok(store_events_list(db, ws, &q, arena, &list, &why));
	return list.n;
}

int64_t whole_hour(int hours)
{
	return now_us / US_PER_S * US_PER_S + hours * US_PER_HOUR;
}

void decide(const char *content, enum content_move move)
{
	const struct content_decision in = {
		.id = content, .move = move, .by = user, .stage_lead_s = LEAD_S
	};

	ok(store_content_decide(db, ws, &in, &why));
}

static void open_database(void)
{
	database_start(&database, true);
}

static void close_database(void)
{
	database_stop(&database);
}

int room_run(const char *name, const struct suite_case *cases)
{
	return suite_run(&(struct suite_of){
		.name = name,
		.before = open_database,
		.after = close_database,
		.setup = room_setup,
		.teardown = room_teardown,
		.timeout_s = 30,
		.cases = cases,
	});
}

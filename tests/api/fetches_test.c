/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches of media against a real MariaDB: order, claim, lease, end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "db/conn.h"
#include "store/fetches.h"
#include "store/media.h"
#include "support/room.h"

#define OWNER ((const struct fetch_claim){ .owner = "one", .lease_s = 60, .per_workspace = 2 })

static void before(void)
{
	database_start(&database, true);
}

static void after(void)
{
	database_stop(&database);
}

/* Claims look at every workspace. */
static void setup(void)
{
	room_setup();
	database_run(&database, "DELETE FROM fetches");
}

static const char *order_due(int64_t due_us)
{
	char *id = arena_alloc(arena, ID_MAX);
	const struct fetch_order in = { .url = "https://a.example/a?key=x",
					.alt_text = "A",
					.kind = MEDIA_IMAGE,
					.due_us = due_us };

	ok(store_fetches_order(db, ws, &in, id, &why));
	return id;
}

static struct fetch claim(int wanted)
{
	struct fetch f = { .workspace = NULL };

	ck_assert_int_eq(store_fetches_claim(db, &OWNER, arena, &f, &why), wanted);
	return f;
}

static struct media get(const char *id)
{
	struct media m;

	ok(store_media_get(db, ws, id, arena, &m, &why));
	return m;
}

static struct media_item some_item(const char *bytes)
{
	struct media_item i = { .kind = MEDIA_IMAGE,
				.state = MEDIA_READY,
				.mime = "image/png",
				.ext = "png",
				.bytes = 5,
				.width = 6,
				.height = 7,
				.video_codec = "png" };
	uint8_t hash[SHA256_BYTES];

	digest_sha256(bytes, strlen(bytes), hash);
	digest_hex(hash, sizeof(hash), i.sha256);
	return i;
}

static void expire(void)
{
	database_run(&database, "UPDATE fetches SET lease_until = UTC_TIMESTAMP() - INTERVAL 1 "
				"SECOND WHERE state = 'working'");
}

START_TEST(order_gives_a_medium_that_is_on_its_way)
{
	const char *id = order_due(INSTANT_NONE);
	struct media m = get(id);
	struct fetch f = claim(1);

	ck_assert_int_eq(m.item.state, MEDIA_FETCHING);
	ck_assert(m.is_known_kind && m.item.kind == MEDIA_IMAGE);
	ck_assert_str_eq(m.item.alt_text, "A");
	ck_assert_str_eq(f.media_id, id);
	ck_assert_str_eq(f.workspace, ws);
	ck_assert_str_eq(f.url, "https://a.example/a?key=x");
	ck_assert_int_eq(f.kind, MEDIA_IMAGE);
	ck_assert_int_eq(f.tries, 1);
	claim(0);
}
END_TEST

static int order_and_break_off(struct db *on, void *arg, struct problem *reterr)
{
	const struct fetch_order in = { .url = "https://a.example/",
					.kind = FETCH_ANY_KIND,
					.due_us = INSTANT_NONE };

	ok(store_fetches_order(on, ws, &in, arg, reterr));
	return problem_set(reterr, PROBLEM_CONFLICT, "no");
}

START_TEST(order_joins_the_transaction)
{
	char id[ID_MAX];
	struct media m;

	refused(db_transact(db, order_and_break_off, id, &why), PROBLEM_CONFLICT);
	refused(store_media_get(db, ws, id, arena, &m, &why), PROBLEM_NOT_FOUND);
	claim(0);
}
END_TEST

START_TEST(what_is_due_first_is_claimed_first)
{
	const char *late = order_due(now_us + 3 * US_PER_HOUR);
	const char *soon = order_due(now_us + 2 * US_PER_HOUR);

	ok(store_fetches_hasten(db, ws, late, now_us + 4 * US_PER_HOUR, &why)); /* no sooner */
	ck_assert_str_eq(claim(1).media_id, soon);
	expire();
	ok(store_fetches_hasten(db, ws, late, now_us + US_PER_HOUR, &why));
	ck_assert_str_eq(claim(1).media_id, late);
}
END_TEST

START_TEST(one_workspace_does_not_take_every_place)
{
	struct fetch f;
	bool is_ours = false;

	for (int i = 0; i < 3; i++)
		(void)order_due(INSTANT_NONE);
	(void)claim(1);
	f = claim(1);
	claim(0);
	ok(store_fetches_retry(db, &f, 3600000, &is_ours, &why));
	ck_assert(is_ours);
	(void)claim(1);
	claim(0);
}
END_TEST

START_TEST(lease_that_ran_out_is_taken_over_and_its_owner_writes_nothing)
{
	const char *id = order_due(INSTANT_NONE);
	const struct media_item item = some_item(id);
	struct fetch old = claim(1), f;
	bool is_ours = true;

	expire();
	f = claim(1);
	ck_assert_int_eq(f.tries, 2);
	ck_assert_int_gt(f.fence, old.fence);
	ok(store_fetches_done(db, &old, &item, &is_ours, &why));
	ck_assert(!is_ours);
	is_ours = true;
	ok(store_fetches_fail(db, &old, "no", &is_ours, &why));
	ck_assert(!is_ours);
	is_ours = true;
	ok(store_fetches_retry(db, &old, 0, &is_ours, &why));
	ck_assert(!is_ours);
	is_ours = true;
	ok(store_fetches_renew(db, &old, 60, &is_ours, &why));
	ck_assert(!is_ours);
	ck_assert_int_eq(get(id).item.state, MEDIA_FETCHING);
	/* Longer than the claim's: with that, within the same millisecond, nothing would change. */
	ok(store_fetches_renew(db, &f, 61, &is_ours, &why));
	ck_assert(is_ours);
	ok(store_fetches_done(db, &f, &item, &is_ours, &why));
	ck_assert(is_ours);
	ck_assert_int_eq(get(id).item.state, MEDIA_READY);
}
END_TEST

START_TEST(what_came_is_described_and_its_fetch_is_over)
{
	const char *id = order_due(INSTANT_NONE);
	const struct media_item item = some_item(id);
	struct fetch f = claim(1);
	struct media m;
	bool is_ours = false;

	ok(store_fetches_done(db, &f, &item, &is_ours, &why));
	m = get(id);
	ck_assert_str_eq(m.item.sha256, item.sha256);
	ck_assert_int_eq(m.item.width, 6);
	ck_assert_int_eq(m.item.height, 7);
	ck_assert_str_eq(m.item.ext, "png");
	ck_assert_str_eq(m.item.alt_text, "A");
	ck_assert_int_eq(m.version, 2);
	expire();
	claim(0);
}
END_TEST

/* An upload of the same bytes finds the first; every id stays, and the file while one stands. */
START_TEST(same_bytes_make_a_twin_that_outlives_the_first)
{
	const char *first = order_due(INSTANT_NONE), *second = order_due(now_us + US_PER_HOUR);
	const struct media_item item = some_item(first);
	struct media upload = { .item = item, .is_known_kind = true }, got;
	struct fetch f = claim(1), g = claim(1);
	bool is_ours = false, is_held = false;

	ok(store_fetches_done(db, &f, &item, &is_ours, &why));
	ok(store_fetches_done(db, &g, &item, &is_ours, &why));
	ck_assert(is_ours);
	ck_assert_str_eq(get(second).item.sha256, item.sha256);
	ok(store_media_insert(db, ws, &upload, arena, &got, &why));
	ck_assert(!got.is_new);
	ck_assert_str_eq(got.item.media_id, first);
	ok(store_media_delete(db, ws, first, 0, &why));
	ok(store_media_is_held(db, ws, item.sha256, &is_held, &why));
	ck_assert(is_held);
	ok(store_media_insert(db, ws, &upload, arena, &got, &why));
	ck_assert(got.is_new);
	ck_assert_int_eq(get(second).item.state, MEDIA_READY);
}
END_TEST

START_TEST(deleted_medium_takes_its_fetch_along)
{
	const char *id = order_due(INSTANT_NONE);
	const struct media_item item = some_item(id);
	struct fetch f = claim(1);
	bool is_ours = true;

	ok(store_media_delete(db, ws, id, 0, &why));
	ok(store_fetches_done(db, &f, &item, &is_ours, &why));
	ck_assert(!is_ours);
}
END_TEST

START_TEST(old_failure_is_swept)
{
	const char *old = order_due(INSTANT_NONE), *recent = order_due(now_us + US_PER_HOUR);
	struct fetch f = claim(1), g = claim(1);
	int64_t n = 0;
	bool is_ours;
	char sql[200];

	ok(store_fetches_fail(db, &f, "no", &is_ours, &why));
	ok(store_fetches_fail(db, &g, "no", &is_ours, &why));
	(void)snprintf(sql, sizeof(sql),
		       "UPDATE fetches SET updated_at = UTC_TIMESTAMP() - INTERVAL 31 DAY "
		       "WHERE media_id = '%s'",
		       old);
	database_run(&database, sql);
	(void)order_due(INSTANT_NONE);
	ok(store_fetches_sweep(db, 100, &n, &why));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(get(old).item.state, MEDIA_FAILED);
	ck_assert_int_eq(get(recent).item.state, MEDIA_FAILED);
}
END_TEST

/* A post in that state which uses the medium, tied or among the content's media. */
static const char *post_of(const char *medium, bool is_tied, const char *state)
{
	const char *content = make_content(true);
	struct post p = schedule(content, new_account(), now_us + 24 * US_PER_HOUR);
	char sql[400];

	set_state(p.id, state);
	if (is_tied)
		ok(store_fetches_tie(db, ws, medium, content, &why));
	else
		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO content_media (workspace_id, content_id, position, "
			       "media_id) VALUES ('%s', '%s', 9, '%s')",
			       ws, content, medium);
	if (!is_tied)
		database_run(&database, sql);
	(void)snprintf(
		sql, sizeof(sql),
		"UPDATE posts SET wake_at = UTC_TIMESTAMP() + INTERVAL IF(state = 'queued', "
		"80000, 2) SECOND, owner = NULL, waiting_for = 'media: fetching item 1 of 1' "
		"WHERE id = '%s'",
		p.id);
	database_run(&database, sql);
	return p.id;
}

static bool is_awake(const char *post)
{
	static const struct stmt look = { "test.is_awake", STMT_GLOBAL, "s",
					  "SELECT wake_at <= UTC_TIMESTAMP(3) + INTERVAL 1 SECOND "
					  "FROM posts WHERE id = ?",
					  "a test" };
	struct rows *r = NULL;
	bool is_it;

	ck_assert_int_eq(db_query_one(db, &look, &r, &why, post), 1);
	is_it = rows_int(r, 0) == 1;
	rows_end(r);
	return is_it;
}

START_TEST(failure_is_told_and_can_be_tried_again)
{
	const char *id = order_due(INSTANT_NONE);
	struct fetch f = claim(1);
	struct media m;
	bool is_ours = false;
	const char *post = post_of(id, _i == 1, "failed"), *content = get_post(post).content_id;

	ok(store_fetches_again(db, ws, content, &why)); /* nothing to be done again yet */
	ok(store_fetches_fail(db, &f, "a.example says no", &is_ours, &why));
	ck_assert(is_ours);
	m = get(id);
	ck_assert_int_eq(m.item.state, MEDIA_FAILED);
	ck_assert_str_eq(m.error, "a.example says no");
	claim(0);
	ok(store_fetches_again(db, ws, make_content(true), &why));
	claim(0);
	ok(store_fetches_again(db, ws, content, &why));
	m = get(id);
	ck_assert_int_eq(m.item.state, MEDIA_FETCHING);
	ck_assert_ptr_null(m.error);
	ck_assert_int_eq(claim(1).tries, 1);
}
END_TEST

START_TEST(waiting_post_is_woken_by_what_came)
{
	const char *id = order_due(INSTANT_NONE);
	const struct media_item item = some_item(id);
	const char *waits = post_of(id, false, "staging"), *later = post_of(id, false, "queued");
	struct fetch f = claim(1);
	bool is_ours = false;

	ok(store_fetches_done(db, &f, &item, &is_ours, &why));
	ck_assert(is_awake(waits));
	ck_assert(!is_awake(later));
}
END_TEST

START_TEST(every_post_is_woken_by_what_will_not_come)
{
	const char *id = order_due(INSTANT_NONE);
	const char *waits = post_of(id, false, "staging"), *later = post_of(id, false, "queued"),
		   *tied = post_of(id, true, "queued");
	const char *other = post_of(order_due(now_us + US_PER_HOUR), false, "queued");
	struct fetch f = claim(1);
	bool is_ours = false;

	ck_assert_str_eq(f.media_id, id);
	ok(store_fetches_fail(db, &f, "no", &is_ours, &why));
	ck_assert(is_awake(waits));
	ck_assert(is_awake(later));
	ck_assert(is_awake(tied));
	ck_assert(!is_awake(other));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ order_gives_a_medium_that_is_on_its_way, 0 },
		{ order_joins_the_transaction, 0 },
		{ what_is_due_first_is_claimed_first, 0 },
		{ one_workspace_does_not_take_every_place, 0 },
		{ lease_that_ran_out_is_taken_over_and_its_owner_writes_nothing, 0 },
		{ what_came_is_described_and_its_fetch_is_over, 0 },
		{ same_bytes_make_a_twin_that_outlives_the_first, 0 },
		{ failure_is_told_and_can_be_tried_again, 2 },
		{ old_failure_is_swept, 0 },
		{ deleted_medium_takes_its_fetch_along, 0 },
		{ waiting_post_is_woken_by_what_came, 0 },
		{ every_post_is_woken_by_what_will_not_come, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "fetches",
		.before = before,
		.after = after,
		.setup = setup,
		.teardown = room_teardown,
		.cases = cases,
	});
}

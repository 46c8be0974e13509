/* SPDX-License-Identifier: Apache-2.0 */
/* Media, contents and scheduled posts against a real MariaDB: what is kept, refused and raced. */
#include <check.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/media.h"
#include "support/room.h"

static struct media an_image(const char *digit)
{
	struct media m = { .item = { .kind = MEDIA_IMAGE,
				     .state = MEDIA_READY,
				     .mime = "image/jpeg",
				     .ext = "jpg",
				     .bytes = 1234,
				     .width = 10,
				     .height = 20 },
			   .is_known_kind = true };

	memset(m.item.sha256, digit[0], 64);
	return m;
}

START_TEST(same_bytes_are_one_media_and_used_media_stays)
{
	struct media in = an_image("a"), first, second;
	struct content_media use = { NULL, "shown" };
	struct content_patch content = { .kind = CONTENT_IMAGE, .media = &use, .media_n = 1 };
	struct content made;
	bool is_held;

	ok(store_media_insert(db, ws, &in, arena, &first, &why));
	ck_assert(first.is_new);
	ok(store_media_insert(db, ws, &in, arena, &second, &why));
	ck_assert(!second.is_new);
	ck_assert_str_eq(first.item.media_id, second.item.media_id);
	ck_assert_str_eq(first.item.sha256, in.item.sha256);
	use.media_id = first.item.media_id;
	ok(store_content_insert(db, ws, &content, arena, &made, &why));
	ck_assert_uint_eq(made.media_n, 1);
	ck_assert_str_eq(made.media[0].alt_text, "shown");
	ck_assert_int_eq(made.media[0].height, 20);
	refused(store_media_delete(db, ws, use.media_id, 0, &why), PROBLEM_MEDIA_IN_USE);
	ok(store_content_delete(db, ws, made.id, 0, &why));
	ok(store_media_delete(db, ws, use.media_id, 0, &why));
	ok(store_media_is_held(db, ws, in.item.sha256, &is_held, &why));
	ck_assert(!is_held);
}
END_TEST

START_TEST(content_names_the_media_that_does_not_exist)
{
	const struct content_media use[] = { { "med_none", NULL } };
	const struct content_patch in = { .kind = CONTENT_IMAGE, .media = use, .media_n = 1 };
	struct content made;

	refused(store_content_insert(db, ws, &in, arena, &made, &why), PROBLEM_INVALID);
	ck_assert_str_eq(why.items[0].pointer, "/media/0");
}
END_TEST

START_TEST(content_with_many_media_keeps_their_order)
{
	struct content_media use[9];
	struct content_patch in = { .kind = CONTENT_CAROUSEL, .media = use, .media_n = 9 };
	const struct content_query q = { .filter = { .state = -1, .kind = CONTENT_CAROUSEL } };
	struct contents list;
	struct content made;

	for (int i = 0; i < 9; i++) {
		struct media m = an_image(&"012345678"[i]), got;

		ok(store_media_insert(db, ws, &m, arena, &got, &why));
		use[8 - i] = (struct content_media){ got.item.media_id, NULL };
	}
	ok(store_content_insert(db, ws, &in, arena, &made, &why));
	ok(store_content_insert(db, ws, &in, arena, &made, &why));
	ok(store_content_list(db, ws, &q, arena, &list, &why));
	ck_assert_uint_eq(list.n, 2);
	for (size_t i = 0; i < 9; i++)
		ck_assert_str_eq(list.v[1].media[i].media_id, use[i].media_id);
}
END_TEST

/* Content and posts */

START_TEST(review_follows_its_states)
{
	const char *id = make_content(false);
	struct content_decision in = { .id = id, .move = CONTENT_APPROVE, .by = user };
	struct content c;

	refused(store_content_decide(db, ws, &in, &why), PROBLEM_CONFLICT);
	decide(id, CONTENT_SUBMIT);
	in.move = CONTENT_REJECT;
	in.reason = "too loud";
	ok(store_content_decide(db, ws, &in, &why));
	ok(store_content_get(db, ws, id, arena, &c, &why));
	ck_assert_str_eq(c.rejected_reason, "too loud");
	decide(id, CONTENT_SUBMIT);
	decide(id, CONTENT_APPROVE);
	ok(store_content_get(db, ws, id, arena, &c, &why));
	ck_assert(content_is_publishable(&c));
	ck_assert_str_eq(c.approved_by, user);
	ck_assert_ptr_null(c.rejected_reason);
	ck_assert_uint_eq(events_of("content.approved", id), 1);
	ck_assert_uint_eq(events_of("content.rejected", id), 1);
}
END_TEST

START_TEST(edit_voids_the_approval_and_pauses_then_approval_resumes)
{
	const char *id = make_content(true);
	struct content_patch patch = { .given = CONTENT_HAS_CAPTION | CONTENT_HAS_TAGS,
				       .caption = "hello",
				       .tags = "[ \"a\" ]" };
	struct content_edit edit = { .id = id, .patch = &patch };
	struct post ahead = schedule(id, new_account(), whole_hour(2)),
		    soon = schedule(id, new_account(), whole_hour(3)), now;
	struct content c;
	int64_t paused;

	ok(store_content_update(db, ws, &edit, &paused, &why)); /* says what is there already */
	ck_assert_int_eq(paused, 0);
	patch.caption = "changed";
	ok(store_content_update(db, ws, &edit, &paused, &why));
	ck_assert_int_eq(paused, 2);
	ok(store_content_get(db, ws, id, arena, &c, &why));
	ck_assert_int_eq(c.state, CONTENT_DRAFT);
	ck_assert_int_eq(c.revision, 2);
	ck_assert(!content_is_publishable(&c));
	now = get_post(ahead.id);
	ck_assert_int_eq(now.state, POST_PAUSED);
	ck_assert_str_eq(now.reason, "approval_voided");
	ck_assert_int_eq(now.wake_us, INSTANT_NONE);
	ck_assert_int_eq(now.fence, ahead.fence + 1);
	database_run(&database, arena_printf(arena,
					     "UPDATE posts SET due_at = UTC_TIMESTAMP() - INTERVAL "
					     "1 HOUR WHERE id = '%s'",
					     soon.id));
	decide(id, CONTENT_SUBMIT);
	decide(id, CONTENT_APPROVE);
	now = get_post(ahead.id);
	ck_assert_int_eq(now.state, POST_QUEUED);
	ck_assert_int_eq(now.content_revision, 2);
	ck_assert_int_eq(now.wake_us, now.due_us - LEAD_S * US_PER_S);
	ck_assert_int_eq(get_post(soon.id).state, POST_PAUSED);
}
END_TEST

START_TEST(unapproved_content_is_not_scheduled)
{
	const struct post_new one = { .account_id = new_account(),
				      .platform = "instagram",
				      .due = { .us = whole_hour(1) } };
	struct posts_new in = { .content_id = make_content(false), .v = &one, .n = 1 };
	struct posts made;

	refused(store_posts_insert(db, ws, &in, arena, &made, &why), PROBLEM_NOT_APPROVED);
	in.pause_unapproved = true;
	ok(store_posts_insert(db, ws, &in, arena, &made, &why));
	ck_assert_int_eq(made.v[0].state, POST_PAUSED);
	ck_assert_str_eq(made.v[0].reason, "awaiting_approval");
	decide(in.content_id, CONTENT_SUBMIT);
	decide(in.content_id, CONTENT_APPROVE);
	ck_assert_int_eq(get_post(made.v[0].id).state, POST_QUEUED);
}
END_TEST

START_TEST(wake_is_the_lead_before_due_or_now)
{
	const char *content = make_content(true), *account = new_account();
	struct post p = schedule(content, account, whole_hour(2));

	ck_assert_int_eq(p.state, POST_QUEUED);
	ck_assert_int_eq(p.wake_us, whole_hour(2) - LEAD_S * US_PER_S);
	p = schedule(content, account, now_us / US_PER_S * US_PER_S + 60 * US_PER_S);
	ck_assert_int_ge(p.wake_us, now_us - US_PER_S);
	ck_assert_int_lt(p.wake_us, now_us + 30 * US_PER_S);
}
END_TEST

START_TEST(same_content_account_and_time_is_the_same_post)
{
	const char *content = make_content(true), *account = new_account();
	struct post first = schedule(content, account, whole_hour(2));
	struct post again = schedule(content, account, whole_hour(2));
	struct post later = schedule(content, account, whole_hour(3));

	ck_assert_str_eq(first.id, again.id);
	ck_assert_str_ne(first.id, later.id);
	ck_assert_uint_eq(events_of("post.scheduled", first.id), 1);
}
END_TEST

static void same_posts(const struct post *a, const struct post *b)
{
	ck_assert_pstr_eq(a->content_id, b->content_id);
	ck_assert_pstr_eq(a->character_id, b->character_id);
	ck_assert_pstr_eq(a->account_id, b->account_id);
	ck_assert_pstr_eq(a->platform, b->platform);
	ck_assert_pstr_eq(a->reason, b->reason);
	ck_assert_pstr_eq(a->owner, b->owner);
	ck_assert_pstr_eq(a->timezone, b->timezone);
	ck_assert_pstr_eq(a->local_time, b->local_time);
	ck_assert_pstr_eq(a->overrides, b->overrides);
	ck_assert_pstr_eq(a->created_by, b->created_by);
	ck_assert_pstr_eq(a->error_code, b->error_code);
	ck_assert_int_eq(a->state, b->state);
	ck_assert_int_eq(a->livemode, b->livemode);
	ck_assert_int_eq(a->content_revision, b->content_revision);
	ck_assert_int_eq(a->version, b->version);
	ck_assert_int_eq(a->fence, b->fence);
	ck_assert_int_eq(a->wake_us, b->wake_us);
	ck_assert_int_eq(a->due_us, b->due_us);
	ck_assert_int_eq(a->fold, b->fold);
	ck_assert_int_eq(a->is_immediate, b->is_immediate);
	ck_assert_int_eq(a->published_us, b->published_us);
	ck_assert_int_eq(a->next_attempt_us, b->next_attempt_us);
	ck_assert_int_eq(a->created_us, b->created_us);
	ck_assert_int_eq(a->updated_us, b->updated_us);
}

/* What the insert says of a post without having read it. */
START_TEST(post_as_returned_is_the_post_as_stored)
{
	for (int i = 0; i < 4; i++) {
		const bool is_immediate = i & 1, is_approved = i < 2;
		const struct post_new one = {
			.account_id = new_account(),
			.platform = "instagram",
			.due = { .us = whole_hour(2) + 1234567,
				 .timezone = "Europe/Dublin",
				 .local_time = "2031-10-26T01:30:00",
				 .fold = 1,
				 .tzdata = "2031a" },
			.is_immediate = is_immediate,
			.overrides = is_immediate ? "{\"caption\":\"Brot\"}" : NULL,
		};
		const struct posts_new in = { .content_id = make_content(is_approved),
					      .created_by = user,
					      .v = &one,
					      .n = 1,
					      .stage_lead_s = LEAD_S,
					      .pause_unapproved = true };
		struct posts made, twin;
		struct post stored;

		ok(store_posts_insert(db, ws, &in, arena, &made, &why));
		stored = get_post(made.v[0].id);
		same_posts(&made.v[0], &stored);
		ck_assert_int_eq(stored.state, is_approved ? POST_QUEUED : POST_PAUSED);
		ok(store_posts_insert(db, ws, &in, arena, &twin, &why));
		ck_assert_str_eq(twin.v[0].id, stored.id);
	}
}
END_TEST

START_TEST(two_processes_schedule_one_post)
{
	const char *content = make_content(true), *account = new_account();
	const struct post_query q = { .content_id = content,
				      .from_us = INSTANT_NONE,
				      .to_us = INSTANT_NONE,
				      .livemode = LIVEMODE_ANY };
	struct posts list;
	int status;

	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			db = database_open(&database);
			schedule(content, account, whole_hour(2));
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ok(store_posts_list(db, ws, &q, arena, &list, &why));
	ck_assert_uint_eq(list.n, 1);
	ck_assert_uint_eq(events_of("post.scheduled", list.v[0].id), 1);
}
END_TEST

START_TEST(all_or_nothing_when_one_account_is_gone)
{
	const char *content = make_content(true), *gone = new_account();
	const struct post_new two[] = {
		{ .account_id = new_account(),
		  .platform = "instagram",
		  .due = { .us = whole_hour(1) } },
		{ .account_id = gone, .platform = "instagram", .due = { .us = whole_hour(1) } },
	};
	const struct posts_new in = { .content_id = content, .v = two, .n = 2 };
	const struct post_query q = { .content_id = content,
				      .from_us = INSTANT_NONE,
				      .to_us = INSTANT_NONE,
				      .livemode = LIVEMODE_ANY };
	struct posts made;
	int64_t paused;

	ok(store_accounts_disconnect(db, ws, gone, &paused, &why));
	refused(store_posts_insert(db, ws, &in, arena, &made, &why), PROBLEM_ACCOUNT_NOT_CONNECTED);
	ok(store_posts_list(db, ws, &q, arena, &made, &why));
	ck_assert_uint_eq(made.n, 0);
}
END_TEST

START_TEST(cancel_is_refused_once_publishing_has_begun)
{
	static const struct {
		const char *state;
		enum problem_kind kind; /* NONE: works */
	} rows[] = {
		{ "queued", PROBLEM_NONE },
		{ "staging", PROBLEM_NONE },
		{ "staged", PROBLEM_NONE },
		{ "retrying", PROBLEM_NONE },
		{ "paused", PROBLEM_NONE },
		{ "cancelled", PROBLEM_NONE },
		{ "publishing", PROBLEM_ALREADY_PUBLISHING },
		{ "confirming", PROBLEM_ALREADY_PUBLISHING },
		{ "unconfirmed", PROBLEM_ALREADY_PUBLISHING },
		{ "published", PROBLEM_ALREADY_PUBLISHED },
		{ "failed", PROBLEM_CONFLICT },
		{ "missed", PROBLEM_CONFLICT },
	};
	const char *account = new_account();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct post p = schedule(make_content(true), account, whole_hour(2)), now;
		const struct post_patch in = { .id = p.id, .given = POST_CHANGE_CANCEL };

		set_state(p.id, rows[i].state);
		if (rows[i].kind != PROBLEM_NONE) {
			refused(store_posts_patch(db, ws, &in, arena, &now, &why), rows[i].kind);
			continue;
		}
		ok(store_posts_patch(db, ws, &in, arena, &now, &why));
		ck_assert_int_eq(now.state, POST_CANCELLED);
	}
}
END_TEST

START_TEST(cancel_takes_the_claim_away)
{
	struct post p = schedule(make_content(true), new_account(), whole_hour(2)), now;
	const struct post_patch in = { .id = p.id, .given = POST_CHANGE_CANCEL };

	database_run(&database, arena_printf(arena,
					     "UPDATE posts SET state = 'staging', owner = 'run_x', "
					     "fence = fence + 1 WHERE id = '%s'",
					     p.id));
	ok(store_posts_patch(db, ws, &in, arena, &now, &why));
	ck_assert_ptr_null(now.owner);
	ck_assert_int_eq(now.wake_us, INSTANT_NONE);
	ck_assert_int_eq(now.fence, p.fence + 2); /* the runner's conditional updates now miss */
	ck_assert_uint_eq(events_of("post.cancelled", p.id), 1);
	ok(store_posts_patch(db, ws, &in, arena, &now, &why));
	ck_assert_uint_eq(events_of("post.cancelled", p.id), 1);
}
END_TEST

START_TEST(cancelled_post_frees_its_slot_and_is_revived)
{
	const char *content = make_content(true), *account = new_account();
	struct post p = schedule(content, account, whole_hour(2)), now, other;
	struct post_patch in = { .id = p.id, .given = POST_CHANGE_CANCEL, .stage_lead_s = LEAD_S };

	ok(store_posts_patch(db, ws, &in, arena, &now, &why));
	other = schedule(content, account, whole_hour(2));
	ck_assert_str_ne(other.id, p.id);
	in.given = POST_CHANGE_REVIVE;
	refused(store_posts_patch(db, ws, &in, arena, &now, &why), PROBLEM_DUPLICATE);
	in.given = POST_CHANGE_REVIVE | POST_CHANGE_TIME;
	in.due.us = whole_hour(4);
	ok(store_posts_patch(db, ws, &in, arena, &now, &why));
	ck_assert_int_eq(now.state, POST_QUEUED);
	ck_assert_int_eq(now.due_us, whole_hour(4));
	ck_assert_int_eq(now.wake_us, whole_hour(4) - LEAD_S * US_PER_S);
}
END_TEST

START_TEST(revival_needs_time_ahead_approval_and_no_doubt)
{
	const char *content = make_content(true);
	struct post p = schedule(content, new_account(), whole_hour(2)), now;
	struct content_patch changed = { .given = CONTENT_HAS_CAPTION, .caption = "new" };
	const struct content_edit edit = { .id = content, .patch = &changed };
	struct post_patch in = { .id = p.id,
				 .given = POST_CHANGE_REVIVE | POST_CHANGE_TIME,
				 .due = { .us = whole_hour(-2) } };

	set_state(p.id, "failed");
	refused(store_posts_patch(db, ws, &in, arena, &now, &why), PROBLEM_PAST);
	in.due.us = whole_hour(2);
	in.given = POST_CHANGE_TIME;
	refused(store_posts_patch(db, ws, &in, arena, &now, &why), PROBLEM_CONFLICT);
	in.given |= POST_CHANGE_REVIVE;
	database_run(&database, arena_printf(arena,
					     "INSERT INTO attempts (workspace_id, post_id, seq, "
					     "account_id, permit, fence, host, boot_id, pid, "
					     "start_ticks, fingerprint, snapshot_hash, "
					     "state, sent_at, deadline_at) SELECT workspace_id, "
					     "id, 1, account_id, RANDOM_BYTES(16), 1, "
					     "'h', 'b', 1, 1, RANDOM_BYTES(32), RANDOM_BYTES(32), "
					     "'in_doubt', UTC_TIMESTAMP(6), "
					     "UTC_TIMESTAMP(6) FROM posts WHERE id = '%s'",
					     p.id));
	refused(store_posts_patch(db, ws, &in, arena, &now, &why), PROBLEM_POST_UNCONFIRMED);
	database_run(&database, arena_printf(arena,
					     "UPDATE attempts SET state = 'no_effect' "
					     "WHERE post_id = '%s'",
					     p.id));
	ok(store_content_update(db, ws, &edit, NULL, &why));
	refused(store_posts_patch(db, ws, &in, arena, &now, &why), PROBLEM_NOT_APPROVED);
	decide(content, CONTENT_SUBMIT);
	decide(content, CONTENT_APPROVE);
	ok(store_posts_patch(db, ws, &in, arena, &now, &why));
	ck_assert_int_eq(now.content_revision, 2);
}
END_TEST

START_TEST(edit_of_time_and_overrides_stages_anew)
{
	struct post p = schedule(make_content(true), new_account(), whole_hour(2)), now;
	struct post_patch in = { .id = p.id,
				 .given = POST_CHANGE_TIME | POST_CHANGE_OVERRIDES,
				 .overrides = "{\"caption\":\"x\"}",
				 .due = { whole_hour(5), "Europe/Paris", "2030-01-01T10:00:00", 0,
					  "2026b", false },
				 .stage_lead_s = LEAD_S,
				 .if_version = p.version };

	set_state(p.id, "staged");
	ok(store_posts_patch(db, ws, &in, arena, &now, &why));
	ck_assert_int_eq(now.state, POST_QUEUED);
	ck_assert_str_eq(now.overrides, "{\"caption\":\"x\"}");
	ck_assert_str_eq(now.timezone, "Europe/Paris");
	ck_assert_str_eq(now.local_time, "2030-01-01T10:00:00");
	ck_assert_int_eq(now.version, p.version + 1);
	refused(store_posts_patch(db, ws, &in, arena, &now, &why), PROBLEM_VERSION);
}
END_TEST

START_TEST(doubt_is_settled_by_hand)
{
	const char *content = make_content(true);
	struct post p = schedule(content, new_account(), whole_hour(2)), now;
	struct post_verdict in = { .id = p.id, .remote_id = "1789", .by = user };
	struct content c;

	refused(store_posts_resolve(db, ws, &in, arena, &now, &why), PROBLEM_CONFLICT);
	set_state(p.id, "unconfirmed");
	ok(store_posts_resolve(db, ws, &in, arena, &now, &why));
	ck_assert_int_eq(now.state, POST_PUBLISHED);
	ck_assert_str_eq(now.remote_id, "1789");
	ok(store_content_get(db, ws, content, arena, &c, &why));
	ck_assert_int_eq(c.state, CONTENT_PUBLISHED);
	p = schedule(make_content(true), new_account(), whole_hour(2));
	set_state(p.id, "unconfirmed");
	in = (struct post_verdict){ .id = p.id, .by = user };
	ok(store_posts_resolve(db, ws, &in, arena, &now, &why));
	ck_assert_int_eq(now.state, POST_QUEUED);
}
END_TEST

START_TEST(posts_list_filters_and_pages_by_due_time)
{
	const char *content = make_content(true), *account = new_account();
	struct post_query q = { .page = { .limit = 2 },
				.from_us = whole_hour(2),
				.to_us = whole_hour(6),
				.states = 1U << POST_QUEUED | 1U << POST_PAUSED,
				.account_id = account,
				.account_ids = account,
				.livemode = LIVEMODE_TEST };
	struct posts list;

	for (int h = 1; h <= 6; h++)
		schedule(content, account, whole_hour(h));
	ok(store_posts_list(db, ws, &q, arena, &list, &why));
	ck_assert_uint_eq(list.n, 2);
	ck_assert_int_eq(list.v[0].due_us, whole_hour(2));
	q.page.after_us = list.v[1].due_us;
	q.page.after_id = list.v[1].id;
	ok(store_posts_list(db, ws, &q, arena, &list, &why));
	ck_assert_int_eq(list.v[0].due_us, whole_hour(4));
	ck_assert_int_eq(list.v[1].due_us, whole_hour(5));
	ck_assert(!list.has_more);
	q.page = (struct page){ .limit = 1, .descending = true };
	ok(store_posts_list(db, ws, &q, arena, &list, &why));
	ck_assert_int_eq(list.v[0].due_us, whole_hour(5));
	q.livemode = LIVEMODE_LIVE;
	ok(store_posts_list(db, ws, &q, arena, &list, &why));
	ck_assert_uint_eq(list.n, 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ same_bytes_are_one_media_and_used_media_stays, 0 },
		{ content_names_the_media_that_does_not_exist, 0 },
		{ content_with_many_media_keeps_their_order, 0 },
		{ review_follows_its_states, 0 },
		{ edit_voids_the_approval_and_pauses_then_approval_resumes, 0 },
		{ unapproved_content_is_not_scheduled, 0 },
		{ wake_is_the_lead_before_due_or_now, 0 },
		{ same_content_account_and_time_is_the_same_post, 0 },
		{ post_as_returned_is_the_post_as_stored, 0 },
		{ two_processes_schedule_one_post, 0 },
		{ all_or_nothing_when_one_account_is_gone, 0 },
		{ cancel_is_refused_once_publishing_has_begun, 0 },
		{ cancel_takes_the_claim_away, 0 },
		{ cancelled_post_frees_its_slot_and_is_revived, 0 },
		{ revival_needs_time_ahead_approval_and_no_doubt, 0 },
		{ edit_of_time_and_overrides_stages_anew, 0 },
		{ doubt_is_settled_by_hand, 0 },
		{ posts_list_filters_and_pages_by_due_time, 0 },
		{ NULL, 0 },
	};

	return room_run("store_posts", cases);
}

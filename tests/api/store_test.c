/* SPDX-License-Identifier: Apache-2.0 */
/* People, sessions, keys, characters, accounts, tokens and flows against a real MariaDB. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "store/apikeys.h"
#include "store/characters.h"
#include "store/clients.h"
#include "store/flows.h"
#include "store/tokens.h"
#include "store/users.h"
#include "store/workspaces.h"
#include "support/room.h"

/* Sessions */

START_TEST(rotation_gives_a_new_pair_of_the_same_family)
{
	struct session_tokens first = some_tokens(), second = some_tokens();
	struct session_rotated rotated;
	struct session a, b;
	char id[ID_MAX];

	ok(store_sessions_create(db, ws, user, &first, id, &why));
	ok(store_sessions_rotate(db, first.refresh_hash, &second, 10, &rotated, &why));
	ck_assert_str_eq(rotated.user_id, user);
	ok(store_sessions_by_access(db, first.access_hash, arena, &a, &why));
	ok(store_sessions_by_access(db, second.access_hash, arena, &b, &why));
	ck_assert_str_eq(a.family, b.family);
	ck_assert_int_eq(b.role, ROLE_OWNER);
	ck_assert(!a.is_revoked && !b.is_expired);
}
END_TEST

START_TEST(rotated_token_is_answered_once_more_then_revokes_the_family)
{
	struct session_tokens t[4] = { some_tokens(), some_tokens(), some_tokens(), some_tokens() };
	struct session_rotated rotated;
	struct session s;
	char id[ID_MAX];

	ok(store_sessions_create(db, ws, user, &t[0], id, &why));
	ok(store_sessions_rotate(db, t[0].refresh_hash, &t[1], 10, &rotated, &why));
	ok(store_sessions_rotate(db, t[0].refresh_hash, &t[2], 10, &rotated, &why));
	refused(store_sessions_rotate(db, t[0].refresh_hash, &t[3], 10, &rotated, &why),
		PROBLEM_TOKEN_INVALID);
	ok(store_sessions_by_access(db, t[1].access_hash, arena, &s, &why));
	ck_assert(s.is_revoked);
	refused(store_sessions_rotate(db, t[2].refresh_hash, &t[3], 10, &rotated, &why),
		PROBLEM_TOKEN_INVALID);
}
END_TEST

START_TEST(reuse_without_grace_revokes_at_once)
{
	struct session_tokens t[3] = { some_tokens(), some_tokens(), some_tokens() };
	struct session_rotated rotated;
	struct session s;
	char id[ID_MAX];

	ok(store_sessions_create(db, ws, user, &t[0], id, &why));
	ok(store_sessions_rotate(db, t[0].refresh_hash, &t[1], 0, &rotated, &why));
	usleep(5000);
	refused(store_sessions_rotate(db, t[0].refresh_hash, &t[2], 0, &rotated, &why),
		PROBLEM_TOKEN_INVALID);
	ok(store_sessions_by_access(db, t[1].access_hash, arena, &s, &why));
	ck_assert(s.is_revoked);
}
END_TEST

START_TEST(expired_refresh_token_is_told_apart)
{
	struct session_tokens first = some_tokens(), second = some_tokens();
	struct session_rotated rotated;
	char id[ID_MAX];

	first.refresh_life_s = -1;
	ok(store_sessions_create(db, ws, user, &first, id, &why));
	refused(store_sessions_rotate(db, first.refresh_hash, &second, 10, &rotated, &why),
		PROBLEM_TOKEN_EXPIRED);
}
END_TEST

START_TEST(logout_ends_the_family_and_removal_the_sessions)
{
	struct session_tokens t = some_tokens();
	struct session s;
	char id[ID_MAX];

	ok(store_sessions_create(db, ws, user, &t, id, &why));
	ok(store_sessions_revoke(db, ws, id, &why));
	ok(store_sessions_by_access(db, t.access_hash, arena, &s, &why));
	ck_assert(s.is_revoked);
	refused(store_users_remove_member(db, ws, user, 0, &why), PROBLEM_CONFLICT);
}
END_TEST

START_TEST(login_tries_count_within_their_window)
{
	uint8_t subject[SHA256_BYTES];
	struct login_tries tries;

	random_bytes(subject, sizeof(subject));
	ok(store_sessions_tried(db, subject, 900, &tries, &why));
	ok(store_sessions_tried(db, subject, 900, &tries, &why));
	ck_assert_int_eq(tries.n, 2);
	ck_assert(tries.wait_s > 890 && tries.wait_s <= 900);
	ok(store_sessions_untried(db, subject, &why));
	ok(store_sessions_tried(db, subject, 900, &tries, &why));
	ck_assert_int_eq(tries.n, 2);
	ok(store_sessions_forgive(db, subject, &why));
	ok(store_sessions_tried(db, subject, 900, &tries, &why));
	ck_assert_int_eq(tries.n, 1);
}
END_TEST

/* Keys, characters, media */

START_TEST(api_key_round_trip_and_touch)
{
	uint8_t mac[SHA256_BYTES] = { 0, 1, 2 };
	char public_id[9];
	struct apikey_new in = { .public_id = public_id,
				 .secret_hmac = mac,
				 .name = "k",
				 .livemode = true,
				 .scopes = role_scopes(ROLE_EDITOR),
				 .expires_us = INSTANT_NONE };
	struct apikey_patch patch = { .given = APIKEY_NAME | APIKEY_PUBLISH_CAP,
				      .name = "renamed",
				      .publish_cap_per_day = 5 };
	struct apikey made, found;
	char id[ID_MAX];

	random_id(id, "x");
	snprintf(public_id, sizeof(public_id), "%s", id + strlen(id) - 8);
	ok(store_apikeys_insert(db, ws, &in, arena, &made, &why));
	ok(store_apikeys_by_public_id(db, public_id, arena, &found, &why));
	ck_assert_str_eq(found.workspace, ws);
	ck_assert_mem_eq(found.secret_hmac, mac, sizeof(mac));
	ck_assert_uint_eq(found.scopes, role_scopes(ROLE_EDITOR));
	ck_assert(found.is_touch_due && !found.is_expired && found.livemode);
	ok(store_apikeys_touch(db, ws, made.id, &why));
	ok(store_apikeys_update(db, ws, made.id, &patch, made.version, &why));
	refused(store_apikeys_update(db, ws, made.id, &patch, made.version, &why), PROBLEM_VERSION);
	ok(store_apikeys_get(db, ws, made.id, arena, &found, &why));
	ck_assert(!found.is_touch_due);
	ck_assert_str_eq(found.name, "renamed");
	ck_assert_int_eq(found.publish_cap_per_day, 5);
	ck_assert_uint_eq(found.scopes, role_scopes(ROLE_EDITOR));
	ok(store_apikeys_revoke(db, ws, made.id, 0, &why));
	refused(store_apikeys_get(db, ws, made.id, arena, &found, &why), PROBLEM_NOT_FOUND);
	ok(store_apikeys_by_public_id(db, public_id, arena, &found, &why));
	ck_assert_int_ne(found.revoked_us, INSTANT_NONE);
}
END_TEST

START_TEST(character_update_changes_given_members_only)
{
	const struct character_patch in = { .name = "Mila", .handle = "@mila", .schedule = "{}" };
	const struct character_patch patch = { .given = CHARACTER_HANDLE | CHARACTER_NICHE,
					       .niche = "roofs" };
	struct character c;

	ok(store_characters_insert(db, ws, &in, arena, &c, &why));
	ok(store_characters_update(db, ws, c.id, &patch, 1, &why));
	refused(store_characters_update(db, ws, c.id, &patch, 1, &why), PROBLEM_VERSION);
	refused(store_characters_update(db, ws, "char_none", &patch, 0, &why), PROBLEM_NOT_FOUND);
	refused(store_characters_update(db, "ws_other", c.id, &patch, 0, &why), PROBLEM_NOT_FOUND);
	ok(store_characters_get(db, ws, c.id, arena, &c, &why));
	ck_assert_str_eq(c.name, "Mila");
	ck_assert_ptr_null(c.handle);
	ck_assert_str_eq(c.niche, "roofs");
	ck_assert_str_eq(c.schedule, "{}");
	ck_assert_int_eq(c.version, 2);
}
END_TEST

START_TEST(lists_walk_both_ways_without_gaps)
{
	struct page page = { .limit = 2 };
	const char *seen[5];
	struct characters list;
	size_t n = 0;

	for (int i = 0; i < 5; i++) {
		const struct character_patch in = { .name = arena_printf(arena, "c%d", i) };
		struct character c;

		ok(store_characters_insert(db, ws, &in, arena, &c, &why));
	}
	do {
		ok(store_characters_list(db, ws, &page, arena, &list, &why));
		for (size_t i = 0; i < list.n; i++)
			seen[n++] = list.v[i].name;
		page.after_id = list.v[list.n - 1].id;
	} while (list.has_more);
	ck_assert_uint_eq(n, 5);
	ck_assert_str_eq(seen[0], "c0");
	ck_assert_str_eq(seen[4], "c4");
	page = (struct page){ .limit = 3, .descending = true };
	ok(store_characters_list(db, ws, &page, arena, &list, &why));
	ck_assert_str_eq(list.v[0].name, "c4");
	ck_assert(list.has_more);
}
END_TEST

/* Accounts and tokens */

START_TEST(reconnecting_keeps_the_row_and_disconnecting_pauses)
{
	const char *id = connect_account("r-keep", false);
	struct post p = schedule(make_content(true), id, whole_hour(2));
	struct account acc;
	struct tokens tokens;
	int64_t paused;

	ok(store_accounts_disconnect(db, ws, id, &paused, &why));
	ck_assert_int_eq(paused, 1);
	ck_assert_str_eq(get_post(p.id).reason, "account_disconnected");
	ok(store_tokens_get(db, ws, id, &keys, &tokens, &why));
	ck_assert_uint_eq(tokens.n, 0);
	ok(store_accounts_disconnect(db, ws, id, &paused, &why));
	ck_assert_int_eq(paused, 0);
	ck_assert_uint_eq(events_of("account.disconnected", id), 1);
	ck_assert_str_eq(connect_account("r-keep", false), id);
	ok(store_accounts_get(db, ws, id, arena, &acc, &why));
	ck_assert_int_eq(acc.status, ACCOUNT_CONNECTED);
	ck_assert_uint_eq(events_of("account.connected", id), 2);
}
END_TEST

START_TEST(reconnecting_resumes_what_is_still_ahead)
{
	const char *id = connect_account("r-resume", false);
	const char *content = make_content(true), *voided = make_content(true);
	struct post ahead = schedule(content, id, whole_hour(2));
	struct post past = schedule(content, id, whole_hour(3));
	struct post unapproved = schedule(voided, id, whole_hour(4));
	int64_t paused;
	char sql[200];

	ok(store_accounts_disconnect(db, ws, id, &paused, &why));
	ck_assert_int_eq(paused, 3);
	snprintf(sql, sizeof(sql),
		 "UPDATE posts SET due_at = UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE WHERE id = '%s'",
		 past.id);
	database_run(&database, sql);
	snprintf(sql, sizeof(sql),
		 "UPDATE contents SET state = 'draft', revision = revision + 1 WHERE id = '%s'",
		 voided);
	database_run(&database, sql);
	connect_account("r-resume", false);
	ck_assert_int_eq(get_post(ahead.id).state, POST_QUEUED);
	ck_assert_ptr_null(get_post(ahead.id).reason);
	ck_assert_uint_eq(events_of("post.scheduled", ahead.id), 2);
	ck_assert_int_eq(get_post(past.id).state, POST_PAUSED);
	ck_assert_str_eq(get_post(past.id).reason, "account_disconnected");
	ck_assert_int_eq(get_post(unapproved.id).state, POST_PAUSED);
	ck_assert_str_eq(get_post(unapproved.id).reason, "approval_voided");
	ck_assert_uint_eq(events_of("post.scheduled", past.id), 1);
}
END_TEST

START_TEST(account_of_another_workspace_is_taken_until_it_lets_go)
{
	const char *id = connect_account("r-taken", false);
	const struct account_connect in = { .platform = "instagram",
					    .remote_id = "r-taken",
					    .username = "u",
					    .display_name = "d",
					    .scopes = "",
					    .missing_scopes = "",
					    .expires_us = INSTANT_NONE,
					    .refresh_us = INSTANT_NONE };
	struct workspace other;
	char other_id[ID_MAX];
	int64_t paused;

	ok(store_workspaces_create(db, "Other", arena, &other, &why));
	refused(store_accounts_connect(db, other.id, &in, &keys, other_id, &why),
		PROBLEM_ACCOUNT_TAKEN);
	ok(store_accounts_disconnect(db, ws, id, &paused, &why));
	ok(store_accounts_connect(db, other.id, &in, &keys, other_id, &why));
	ck_assert_str_ne(other_id, id);
}
END_TEST

START_TEST(platform_name_means_the_only_or_the_preferred_account)
{
	struct account_wish wish = { .platform = "instagram", .livemode = LIVEMODE_TEST };
	const char *first, *second;
	struct account acc;

	refused(store_accounts_resolve(db, ws, &wish, arena, &acc, &why),
		PROBLEM_ACCOUNT_NOT_CONNECTED);
	first = new_account();
	ok(store_accounts_resolve(db, ws, &wish, arena, &acc, &why));
	ck_assert_str_eq(acc.id, first);
	second = new_account();
	refused(store_accounts_resolve(db, ws, &wish, arena, &acc, &why),
		PROBLEM_ACCOUNT_AMBIGUOUS);
	ck_assert_ptr_nonnull(strstr(why.extra, second));
	wish.preferred_id = second;
	ok(store_accounts_resolve(db, ws, &wish, arena, &acc, &why));
	ck_assert_str_eq(acc.id, second);
	wish.preferred_id = NULL;
	wish.account_ids = first;
	ok(store_accounts_resolve(db, ws, &wish, arena, &acc, &why));
	ck_assert_str_eq(acc.id, first);
	wish.livemode = LIVEMODE_LIVE;
	refused(store_accounts_resolve(db, ws, &wish, arena, &acc, &why),
		PROBLEM_ACCOUNT_NOT_CONNECTED);
}
END_TEST

START_TEST(platform_name_means_the_live_account_to_who_sees_both_modes)
{
	const struct account_connect in = { .platform = "instagram",
					    .remote_id = "r-live",
					    .username = "u",
					    .display_name = "d",
					    .livemode = true,
					    .scopes = "",
					    .missing_scopes = "",
					    .expires_us = INSTANT_NONE,
					    .refresh_us = INSTANT_NONE };
	struct account_wish wish = { .platform = "instagram", .livemode = LIVEMODE_ANY };
	const char *test = new_account();
	char live[ID_MAX];
	struct account acc;

	ok(store_accounts_resolve(db, ws, &wish, arena, &acc, &why));
	ck_assert_str_eq(acc.id, test);
	ok(store_accounts_connect(db, ws, &in, &keys, live, &why));
	ok(store_accounts_resolve(db, ws, &wish, arena, &acc, &why));
	ck_assert_str_eq(acc.id, live);
	wish.preferred_id = test;
	ok(store_accounts_resolve(db, ws, &wish, arena, &acc, &why));
	ck_assert_str_eq(acc.id, test);
}
END_TEST

START_TEST(default_moves_from_one_account_to_the_other)
{
	const char *first = new_account(), *second = new_account();
	struct account_patch in = { .id = first,
				    .given = ACCOUNT_IS_DEFAULT | ACCOUNT_ON_LATE,
				    .is_default = true,
				    .on_late = ON_LATE_ASK };
	struct account acc;

	ok(store_accounts_update(db, ws, &in, &why));
	in.id = second;
	ok(store_accounts_update(db, ws, &in, &why));
	ok(store_accounts_get(db, ws, first, arena, &acc, &why));
	ck_assert(!acc.is_default);
	ck_assert_int_eq(acc.on_late, ON_LATE_ASK);
	ok(store_accounts_get(db, ws, second, arena, &acc, &why));
	ck_assert(acc.is_default);
}
END_TEST

START_TEST(tokens_are_sealed_and_an_empty_one_changes_nothing)
{
	CLEANUP(tokens_done) struct tokens tokens = { 0 };
	const char *id = new_account();
	const struct token more[] = {
		{ .kind = "access",
		  .value = "",
		  .expires_us = INSTANT_NONE,
		  .issued_us = INSTANT_NONE },
		{ .kind = "refresh",
		  .value = "secret-refresh",
		  .expires_us = whole_hour(9),
		  .issued_us = INSTANT_NONE },
	};
	const struct token_set set = { more, 2 };

	ok(store_tokens_put(db, ws, id, &set, &keys, &why));
	ok(store_tokens_get(db, ws, id, &keys, &tokens, &why));
	ck_assert_uint_eq(tokens.n, 2);
	ck_assert_str_eq(tokens_value(&tokens, "access"), "secret-access");
	ck_assert_str_eq(tokens_value(&tokens, "refresh"), "secret-refresh");
	ck_assert_ptr_null(tokens_value(&tokens, "user"));
	ck_assert_int_eq(tokens.v[1].expires_us, whole_hour(9));
	refused(store_tokens_get(db, ws, id, NULL, &tokens, &why), PROBLEM_INTERNAL);
}
END_TEST

START_TEST(renewal_is_leased_to_one_and_settled_by_its_fence)
{
	const char *id = new_account();
	const struct token_lease lease = { id, "run_a", 60 };
	const struct token fresh = { .kind = "access",
				     .value = "fresh",
				     .expires_us = INSTANT_NONE,
				     .issued_us = INSTANT_NONE };
	struct token_settle settle = { .account_id = id,
				       .next_us = whole_hour(5),
				       .expires_us = whole_hour(9),
				       .tokens = { &fresh, 1 } };
	struct token_due *due;
	struct tokens tokens;
	int64_t fence, other;
	bool found = false;
	size_t n;

	ok(store_tokens_plan(db, ws, id, whole_hour(-1), &why));
	ok(store_tokens_due(db, 100, arena, &due, &n, &why));
	for (size_t i = 0; i < n; i++)
		found |= strcmp(due[i].account_id, id) == 0;
	ck_assert(found);
	ok(store_tokens_lease(db, ws, &lease, &fence, &why));
	refused(store_tokens_lease(db, ws, &lease, &other, &why), PROBLEM_CONFLICT);
	settle.fence = fence + 1;
	refused(store_tokens_settle(db, ws, &settle, &keys, &why), PROBLEM_CONFLICT);
	settle.fence = fence;
	ok(store_tokens_settle(db, ws, &settle, &keys, &why));
	refused(store_tokens_settle(db, ws, &settle, &keys, &why), PROBLEM_CONFLICT);
	ok(store_tokens_get(db, ws, id, &keys, &tokens, &why));
	ck_assert_str_eq(tokens_value(&tokens, "access"), "fresh");
	ck_assert_int_eq(tokens.v[0].generation, 2);
	tokens_done(&tokens);
}
END_TEST

/* Flows */

START_TEST(flow_state_works_once)
{
	struct flow_new in = { .user_id = user,
			       .platform = "instagram",
			       .verifier = "v",
			       .redirect = "/settings",
			       .life_s = 600,
			       .kept = "{\"key\":\"k\"}",
			       .keys = &keys };
	const struct flow_offer offer = { NULL, "[{\"token\":\"x\"}]", 600 };
	struct flow_offer to_offer = offer;
	struct flow_end end = { 0 };
	struct flow flow;
	char id[ID_MAX];
	const struct flow_view opened = { id, &keys }, closed = { id, NULL };
	bool ours;

	random_bytes(in.state_hash, sizeof(in.state_hash));
	ok(store_flows_create(db, ws, &in, id, &why));
	ok(store_flows_take(db, in.state_hash, arena, &flow, &ours, &why));
	ck_assert(ours);
	ck_assert_str_eq(flow.verifier, "v");
	ok(store_flows_take(db, in.state_hash, arena, &flow, &ours, &why));
	ck_assert(!ours);
	ck_assert_int_eq(flow.status, FLOW_EXCHANGING);
	ok(store_flows_get(db, ws, &opened, arena, &flow, &why));
	ck_assert_str_eq(flow.kept, in.kept);
	ok(store_flows_get(db, ws, &closed, arena, &flow, &why));
	ck_assert_ptr_null(flow.kept);
	to_offer.id = end.id = id;
	ok(store_flows_offer(db, ws, &to_offer, &keys, &why));
	refused(store_flows_offer(db, ws, &to_offer, &keys, &why), PROBLEM_CONFLICT);
	ok(store_flows_get(db, ws, &opened, arena, &flow, &why));
	ck_assert_str_eq(flow.candidates, offer.candidates);
	ck_assert_ptr_null(flow.kept);
	ok(store_flows_get(db, ws, &closed, arena, &flow, &why));
	ck_assert_ptr_null(flow.candidates);
	ok(store_flows_finish(db, ws, &end, &why));
	refused(store_flows_finish(db, ws, &end, &why), PROBLEM_CONFLICT);
	ok(store_flows_take(db, in.state_hash, arena, &flow, &ours, &why));
	ck_assert_int_eq(flow.status, FLOW_DONE);
	ck_assert_str_eq(flow.verifier, "");
	in.life_s = -1;
	in.kept = NULL;
	random_bytes(in.state_hash, sizeof(in.state_hash));
	ok(store_flows_create(db, ws, &in, id, &why));
	refused(store_flows_take(db, in.state_hash, arena, &flow, &ours, &why),
		PROBLEM_OAUTH_STATE);
}
END_TEST

START_TEST(registration_is_kept_by_workspace_server_and_mode)
{
	static const struct client_place others[] = {
		{ "mastodon", "https://b.example", true },
		{ "mastodon", "https://a.example", false },
		{ "bluesky", "https://a.example", true },
	};
	const struct client_view at = { { "mastodon", "https://a.example", true }, &keys };
	const char *got = "";

	ok(store_clients_get(db, ws, &at, arena, &got, &why));
	ck_assert_ptr_null(got);
	ok(store_clients_put(db, ws, &at.at, "{\"a\":1}", &keys, &why));
	ok(store_clients_put(db, ws, &at.at, "{\"a\":2}", &keys, &why));
	ok(store_clients_get(db, ws, &at, arena, &got, &why));
	ck_assert_str_eq(got, "{\"a\":2}");
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		const struct client_view other = { others[i], &keys };

		ok(store_clients_get(db, ws, &other, arena, &got, &why));
		ck_assert_ptr_null(got);
	}
	ok(store_clients_get(db, "ws_other", &at, arena, &got, &why));
	ck_assert_ptr_null(got);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ rotation_gives_a_new_pair_of_the_same_family, 0 },
		{ rotated_token_is_answered_once_more_then_revokes_the_family, 0 },
		{ reuse_without_grace_revokes_at_once, 0 },
		{ expired_refresh_token_is_told_apart, 0 },
		{ logout_ends_the_family_and_removal_the_sessions, 0 },
		{ login_tries_count_within_their_window, 0 },
		{ api_key_round_trip_and_touch, 0 },
		{ character_update_changes_given_members_only, 0 },
		{ lists_walk_both_ways_without_gaps, 0 },
		{ reconnecting_keeps_the_row_and_disconnecting_pauses, 0 },
		{ reconnecting_resumes_what_is_still_ahead, 0 },
		{ account_of_another_workspace_is_taken_until_it_lets_go, 0 },
		{ platform_name_means_the_only_or_the_preferred_account, 0 },
		{ platform_name_means_the_live_account_to_who_sees_both_modes, 0 },
		{ default_moves_from_one_account_to_the_other, 0 },
		{ tokens_are_sealed_and_an_empty_one_changes_nothing, 0 },
		{ renewal_is_leased_to_one_and_settled_by_its_fence, 0 },
		{ flow_state_works_once, 0 },
		{ registration_is_kept_by_workspace_server_and_mode, 0 },
		{ NULL, 0 },
	};

	return room_run("store", cases);
}

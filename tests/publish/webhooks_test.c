/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events sent by the real runner to peers that take, refuse, hang, redirect and die.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/websign.h"
#include "hook_peer.h"
#include "rig.h"
#include "store/deliveries.h"
#include "store/webhooks.h"
#include "support/suite.h"

#define PATIENCE_MS 90000
#define PER_HOOK    4

static struct rig rig;
static struct peer *quick, *slow;
static int inside = -1; /* nobody may ever come here */
static int inside_port;

/* ---- fixture ---- */

static void before(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	static char allow[100];

	rig_start(&rig);
	inside = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(inside, (struct sockaddr *)&at, size) < 0 || listen(inside, 64) < 0 ||
	    getsockname(inside, (struct sockaddr *)&at, &size) < 0)
		exit(EXIT_FAILURE);
	inside_port = ntohs(at.sin_port);
	hook_peer_folder(rig.folder);
	quick = peer_start(hook_peer_serve);
	slow = peer_start(hook_peer_serve);
	/* The port inside is open to names, its address is not. */
	(void)snprintf(allow, sizeof(allow), "127.0.0.1:%d 127.0.0.1:%d 192.0.2.1:%d",
		       peer_port(quick), peer_port(slow), inside_port);
	rig_settings(&rig, RIG_SETTINGS({ "fetch", "allow", allow }, { "fetch", "http", "true" },
					{ "webhooks", "timeout_s", "30" },
					{ "webhooks", "per_endpoint", "4" }));
}

static void after(void)
{
	peer_stop(quick);
	peer_stop(slow);
	(void)close(inside);
	rig_stop(&rig);
}

static void setup(void)
{
	database_run(&rig.database, "DELETE FROM webhooks");
	rig_reset(&rig);
	(void)unlink(hook_peer_file("received"));
	(void)unlink(hook_peer_file("gate"));
	(void)unlink(hook_peer_file("victim"));
}

static void teardown(void)
{
	ck_assert_msg(accept4(inside, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN,
		      "a connection was opened inside");
}

struct hooked {
	char id[ID_MAX], url[100];
	struct websign_secret secret;
};

static void hook_at(struct hooked *ret, const char *url, const char *events, bool livemode)
{
	struct webhook_new in = { .url = url, .events = events, .livemode = livemode, .most = 100 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct app app;

	rig_app(&rig, &app);
	in.keys = app.keys;
	ck_assert_msg(
		store_webhooks_insert(app.db, RIG_WORKSPACE, &in, ret->id, &ret->secret, &p) == 0,
		"%s", p.detail);
	rig_app_done(&app);
}

static void hook(struct hooked *ret, struct peer *at, const char *path)
{
	(void)snprintf(ret->url, sizeof(ret->url), "http://127.0.0.1:%d%s?key=tops3cret",
		       peer_port(at), path);
	hook_at(ret, ret->url, NULL, true);
}

static void tell_of(const char *type, enum livemode mode, const char *subject)
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	const struct event in = { .type = type,
				  .subject_id = subject,
				  .livemode = mode,
				  .data = "{\"id\":\"x\",\"caption\":\"\xc3\xa4 \xe2\x98\x83\"}" };
	struct problem p = { .kind = PROBLEM_NONE };

	ck_assert_msg(store_events_insert(db, RIG_WORKSPACE, &in, &p) == 0, "%s", p.detail);
}

static void tell(int n)
{
	for (int i = 0; i < n; i++)
		tell_of("post.published", LIVEMODE_LIVE, "sch_1");
}

static int64_t count(const char *where)
{
	return rig_numberf(&rig, "SELECT COUNT(*) FROM webhook_deliveries WHERE %s", where);
}

static void wait_for(const char *where, int64_t wanted)
{
	for (int waited = 0; count(where) < wanted; waited += 20) {
		ck_assert_msg(waited < PATIENCE_MS, "never %lld: %s", (long long)wanted, where);
		rig_sleep_ms(20);
	}
}

static void stop(pid_t runner)
{
	(void)kill(runner, SIGTERM);
	ck_assert_int_eq(rig_wait(runner, PATIENCE_MS), 0);
}

/* The runner is there until so many deliveries are settled. */
static void run_until(const char *where, int64_t wanted)
{
	pid_t runner;

	if (count(where) >= wanted)
		return;
	runner = rig_runner(&rig, NULL, NULL);
	wait_for(where, wanted);
	stop(runner);
}

/* Everything that waits is due at once, and no lease holds it. */
static void hurry(void)
{
	database_run(&rig.database, "UPDATE webhook_deliveries SET next_at = UTC_TIMESTAMP(3), "
				    "lease_until = NULL WHERE next_at IS NOT NULL");
	database_run(&rig.database, "UPDATE webhooks SET next_at = UTC_TIMESTAMP(3)");
}

/* ---- cases ---- */

START_TEST(published_post_is_told_and_signed)
{
	char id[ID_MAX], where[100], *event;
	struct record got[RECORDS_MAX];
	struct hooked h;
	json_t *body;

	hook(&h, quick, "/ok");
	rig_post(&rig, 0, "told", -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	(void)snprintf(where, sizeof(where), "state = 'delivered' AND webhook_id = '%s'", h.id);
	run_until(where, rig_number(&rig, "SELECT COUNT(*) FROM events"));
	event = rig_text(&rig, "SELECT id FROM events WHERE type = 'post.published'");
	for (int i = hook_peer_received(got, RECORDS_MAX) - 1; i >= 0; i--) {
		hook_peer_verify(&h.secret, &got[i]);
		body = json_loads(got[i].body, 0, NULL);
		ck_assert_str_eq(json_string_value(json_object_get(body, "id")), got[i].id);
		if (strcmp(got[i].id, event) == 0) {
			ck_assert_str_eq(json_string_value(json_object_get(body, "type")),
					 "post.published");
			ck_assert_str_eq(json_string_value(json_object_get(
						 json_object_get(body, "data"), "id")),
					 id);
			event[0] = '\0';
		}
		json_decref(body);
	}
	ck_assert_str_eq(event, ""); /* it came */
	free(event);
}
END_TEST

START_TEST(refused_event_comes_again_under_its_id)
{
	struct record got[RECORDS_MAX];
	struct hooked h;

	hook(&h, quick, "/flaky");
	tell(1);
	run_until("state = 'delivered'", 1);
	ck_assert_int_eq(hook_peer_received(got, RECORDS_MAX), 2);
	ck_assert_str_eq(got[0].id, got[1].id);
	ck_assert_str_eq(got[0].body, got[1].body);
	hook_peer_verify(&h.secret, &got[0]);
	hook_peer_verify(&h.secret, &got[1]);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_attempts WHERE n = 1 AND "
					  "status = 500 AND error = 'refused the event' AND "
					  "response = 'broken  by whsec_***'"),
			 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_attempts WHERE n = 2 AND "
					  "status = 200 AND error IS NULL AND response IS NULL"),
			 1);
}
END_TEST

START_TEST(endpoint_that_is_gone_is_disabled)
{
	struct record got[RECORDS_MAX];
	struct hooked h;

	hook(&h, quick, "/gone");
	tell(20);
	run_until("state = 'failed'", 20);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhooks WHERE state = 'disabled' "
					  "AND reason = 'it answered 410 Gone'"),
			 1);
	ck_assert_int_le(hook_peer_received(got, RECORDS_MAX), PER_HOOK);
	tell(3);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_deliveries"), 20);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM events WHERE is_untold"), 0);
}
END_TEST

/* All places of the slow one are taken; the other gets everything meanwhile. */
START_TEST(slow_endpoint_holds_up_nobody)
{
	struct hooked h[2];
	char where[160];
	pid_t runner;

	hook(&h[0], slow, "/gate");
	hook(&h[1], quick, "/ok");
	tell(60);
	runner = rig_runner(&rig, NULL, NULL);
	(void)snprintf(where, sizeof(where), "webhook_id = '%s' AND state = 'delivered'", h[1].id);
	wait_for(where, 60);
	(void)snprintf(where, sizeof(where), "webhook_id = '%s' AND state = 'delivered'", h[0].id);
	ck_assert_int_eq(count(where), 0);
	(void)snprintf(where, sizeof(where), "webhook_id = '%s' AND owner IS NOT NULL", h[0].id);
	ck_assert_int_eq(count(where), PER_HOOK);
	(void)close(open(hook_peer_file("gate"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	wait_for("state = 'delivered'", 120);
	stop(runner);
}
END_TEST

static const struct {
	const char *path, *error, *status;
} refusals[] = {
	{ "/away", "answered with a redirect, which is not followed", "status = 302" },
	{ "/nothing", "the connection was closed without an answer", "status IS NULL" },
};

START_TEST(failure_is_logged_and_tried_again)
{
	struct record got[RECORDS_MAX];
	struct hooked h;

	hook(&h, quick, refusals[_i].path);
	tell(1);
	run_until("tries >= 1 AND owner IS NULL AND state = 'pending'", 1);
	for (int i = hook_peer_received(got, RECORDS_MAX) - 1; i >= 0; i--)
		ck_assert_str_eq(got[i].path, refusals[_i].path);
	ck_assert_int_ge(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM webhook_attempts WHERE error = '%s' "
				     "AND %s",
				     refusals[_i].error, refusals[_i].status),
			 1);
}
END_TEST

START_TEST(answer_without_end_is_an_answer)
{
	struct hooked h;

	hook(&h, quick, "/large");
	tell(1);
	run_until("state = 'delivered'", 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_attempts WHERE "
					  "status = 200 AND response IS NULL"),
			 1);
}
END_TEST

START_TEST(last_try_has_failed_for_good)
{
	struct hooked h;

	hook(&h, quick, "/later");
	tell(1);
	run_until("tries = 1 AND owner IS NULL", 1);
	/* what the peer asks for is longer than the schedule's 5 s */
	ck_assert_int_eq(count("next_at > updated_at + INTERVAL 999 SECOND AND "
			       "next_at < updated_at + INTERVAL 1102 SECOND"),
			 1);
	database_run(&rig.database, "UPDATE webhook_deliveries SET tries = 9");
	hurry();
	run_until("state = 'failed' AND tries = 10 AND next_at IS NULL", 1);
}
END_TEST

static const char *const inner[] = { "127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]" };

/* Stored by an older policy, or a name that leads inside since. */
START_TEST(inner_address_is_never_connected_to)
{
	struct hooked h;
	char url[100];

	(void)snprintf(url, sizeof(url), "http://%s:%d/", inner[_i], inside_port);
	hook_at(&h, url, NULL, true);
	tell(1);
	run_until("tries >= 1 AND owner IS NULL AND state = 'pending'", 1);
	ck_assert_int_ge(rig_number(&rig, "SELECT COUNT(*) FROM webhook_attempts WHERE "
					  "status IS NULL AND (error LIKE '%not allowed%' OR "
					  "error LIKE 'its URL may not be called%')"),
			 1);
}
END_TEST

START_TEST(several_runners_send_each_event_once)
{
	struct record got[RECORDS_MAX];
	pid_t runners[3];
	struct hooked h;
	int n;

	hook(&h, quick, "/ok");
	tell(80);
	for (size_t i = 0; i < ARRAY_LEN(runners); i++)
		runners[i] = rig_runner(&rig, NULL, "--once");
	for (size_t i = 0; i < ARRAY_LEN(runners); i++)
		ck_assert_int_eq(rig_wait(runners[i], PATIENCE_MS), 0);
	run_until("state = 'delivered'", 80);
	n = hook_peer_received(got, RECORDS_MAX);
	ck_assert_int_eq(n, 80);
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(got[i].id, got[k].id);
	}
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_deliveries"), 80);
}
END_TEST

START_TEST(runner_that_dies_in_between_sends_again)
{
	struct record got[RECORDS_MAX];
	struct hooked h;
	pid_t runner;
	FILE *f;

	hook(&h, quick, "/death");
	runner = rig_runner(&rig, NULL, NULL);
	f = fopen(hook_peer_file("victim"), "we");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f, "%d\n", (int)runner);
	(void)fclose(f);
	tell(1);
	ck_assert_int_eq(rig_wait(runner, PATIENCE_MS), -SIGKILL);
	ck_assert_int_eq(count("state = 'pending' AND owner IS NOT NULL AND fence = 1"), 1);
	/* nobody sends it while the dead one's lease lasts */
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(hook_peer_received(got, RECORDS_MAX), 1);
	hurry();
	run_until("state = 'delivered' AND fence = 2", 1);
	ck_assert_int_eq(hook_peer_received(got, RECORDS_MAX), 2);
	ck_assert_str_eq(got[0].id, got[1].id);
}
END_TEST

/* What a runner has sent counts only while the delivery is its own. */
START_TEST(late_owner_changes_nothing)
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct delivery_claim in = { "one", 60, 10, 10 };
	struct delivery_settle settle = { .end = DELIVERY_FAILED, .status = 500 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct claimed one[10], two[10];
	struct hooked h;
	size_t n = 0;
	int64_t made = 0;

	hook(&h, quick, "/ok");
	tell(1);
	ck_assert_int_eq(store_deliveries_make(db, 10, &made, &p), 0);
	ck_assert_int_eq(made, 1);
	ck_assert_int_eq(store_deliveries_make(db, 10, &made, &p), 0);
	ck_assert_int_eq(made, 0);
	ck_assert_int_eq(store_deliveries_claim(db, &in, a, one, &n, &p), 0);
	ck_assert_uint_eq(n, 1);
	hurry();
	ck_assert_int_eq(store_deliveries_claim(db, &in, a, two, &n, &p), 0);
	ck_assert_uint_eq(n, 1);
	settle.claimed = &one[0];
	ck_assert_int_eq(store_deliveries_settle(db, &settle, 1, &p), 0);
	ck_assert_int_eq(count("state = 'pending' AND owner IS NOT NULL"), 1);
	settle = (struct delivery_settle){ .claimed = &two[0], .end = DELIVERY_DONE };
	ck_assert_int_eq(store_deliveries_settle(db, &settle, 1, &p), 0);
	ck_assert_int_eq(count("state = 'delivered' AND owner IS NULL AND next_at IS NULL"), 1);
}
END_TEST

START_TEST(both_secrets_sign_while_they_overlap)
{
	struct problem p = { .kind = PROBLEM_NONE };
	struct record got[RECORDS_MAX];
	struct websign_secret fresh;
	struct hooked h;
	struct app app;

	hook(&h, quick, "/ok");
	rig_app(&rig, &app);
	const struct webhook_rotation rotation = { h.id, 3600, app.keys };
	ck_assert_int_eq(store_webhooks_rotate(app.db, RIG_WORKSPACE, &rotation, &fresh, &p), 0);
	tell(1);
	run_until("state = 'delivered'", 1);
	ck_assert_int_eq(hook_peer_received(got, RECORDS_MAX), 1);
	hook_peer_verify(&h.secret, &got[0]);
	hook_peer_verify(&fresh, &got[0]);
	database_run(&rig.database, "UPDATE webhook_secrets SET ends_at = UTC_TIMESTAMP() - "
				    "INTERVAL 1 SECOND WHERE ends_at IS NOT NULL");
	tell(1);
	run_until("state = 'delivered'", 2);
	ck_assert_int_eq(hook_peer_received(got, RECORDS_MAX), 2);
	hook_peer_verify(&fresh, &got[1]);
	ck_assert_uint_eq(strlen(got[1].signature), 47);
	rig_app_done(&app);
}
END_TEST

START_TEST(each_gets_what_it_wants)
{
	struct hooked all, some, test;

	hook(&all, quick, "/ok");
	hook_at(&some, all.url, "post.failed content.approved", true);
	hook_at(&test, all.url, NULL, false);
	tell_of("post.published", LIVEMODE_LIVE, "sch_1");
	tell_of("post.failed", LIVEMODE_LIVE, "sch_2");
	tell_of("post.failed", LIVEMODE_TEST, "sch_3");
	tell_of("content.approved", LIVEMODE_ANY, "cnt_1");
	run_until("state = 'delivered'", 7);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = "
				     "'%s'",
				     all.id),
			 3);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = "
				     "'%s'",
				     some.id),
			 2);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = "
				     "'%s'",
				     test.id),
			 2);
}
END_TEST

START_TEST(what_was_before_is_not_sent)
{
	struct hooked h;

	tell(1);
	database_run(&rig.database, "UPDATE events SET created_at = created_at - INTERVAL 1 HOUR");
	hook(&h, quick, "/ok");
	tell(1);
	run_until("state = 'delivered'", 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_deliveries"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM events WHERE is_untold"), 0);
}
END_TEST

START_TEST(delivery_is_sent_once_more_by_hand)
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	struct problem p = { .kind = PROBLEM_NONE };
	struct record got[RECORDS_MAX];
	struct hooked h;
	char *id, made[ID_MAX];

	hook(&h, quick, "/ok");
	tell(1);
	run_until("state = 'delivered'", 1);
	id = rig_text(&rig, "SELECT id FROM webhook_deliveries");
	ck_assert_int_eq(store_deliveries_redeliver(db, RIG_WORKSPACE, h.id, id, &p), 0);
	run_until("state = 'delivered' AND fence = 2", 1);
	ck_assert_int_eq(hook_peer_received(got, RECORDS_MAX), 2);
	ck_assert_str_eq(got[0].id, got[1].id);
	ck_assert_int_eq(store_deliveries_test(db, RIG_WORKSPACE, h.id, LIVEMODE_ANY, made, &p), 0);
	run_until("state = 'delivered'", 2);
	ck_assert_int_eq(hook_peer_received(got, RECORDS_MAX), 3);
	ck_assert_ptr_nonnull(strstr(got[2].body, "\"type\":\"webhook.test\""));
	hook_peer_verify(&h.secret, &got[2]);
	free(id);
}
END_TEST

/* Neither the secret nor what an URL may hide stands in a log. */
START_TEST(log_has_no_secret)
{
	char secret[WEBSIGN_SECRET_TEXT_MAX], command[400];
	struct hooked h;

	hook(&h, quick, "/flaky");
	tell(1);
	run_until("state = 'delivered'", 1);
	websign_print_secret(&h.secret, secret);
	(void)snprintf(command, sizeof(command), "%s/publish.log", rig.folder);
	FILE *f = fopen(command, "re");
	char line[2000];
	bool is_told = false;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		is_told |= strstr(line, "webhook.sent") && strstr(line, h.id);
		ck_assert_ptr_null(strstr(line, secret + 6));
		ck_assert_ptr_null(strstr(line, "tops3cret"));
	}
	(void)fclose(f);
	ck_assert(is_told);
}
END_TEST

START_TEST(old_events_are_swept_with_their_deliveries)
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	struct problem p = { .kind = PROBLEM_NONE };
	struct hooked h;
	int64_t n = 0;

	hook(&h, quick, "/ok");
	tell(2);
	run_until("state = 'delivered'", 2);
	tell(1);
	database_run(&rig.database,
		     "UPDATE events SET created_at = created_at - INTERVAL 31 DAY LIMIT 1");
	ck_assert_int_eq(store_deliveries_sweep(db, 30, 100, &n, &p), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM events"), 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_deliveries"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM webhook_attempts"), 1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ published_post_is_told_and_signed, 0 },
		{ refused_event_comes_again_under_its_id, 0 },
		{ endpoint_that_is_gone_is_disabled, 0 },
		{ slow_endpoint_holds_up_nobody, 0 },
		{ failure_is_logged_and_tried_again, (int)ARRAY_LEN(refusals) },
		{ answer_without_end_is_an_answer, 0 },
		{ last_try_has_failed_for_good, 0 },
		{ inner_address_is_never_connected_to, (int)ARRAY_LEN(inner) },
		{ several_runners_send_each_event_once, 0 },
		{ runner_that_dies_in_between_sends_again, 0 },
		{ late_owner_changes_nothing, 0 },
		{ both_secrets_sign_while_they_overlap, 0 },
		{ each_gets_what_it_wants, 0 },
		{ what_was_before_is_not_sent, 0 },
		{ delivery_is_sent_once_more_by_hand, 0 },
		{ log_has_no_secret, 0 },
		{ old_events_are_swept_with_their_deliveries, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "webhooks (publish)",
		.before = before,
		.after = after,
		.setup = setup,
		.teardown = teardown,
		.timeout_s = 180,
		.cases = cases,
	});
}

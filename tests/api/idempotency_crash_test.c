/* SPDX-License-Identifier: Apache-2.0 */
/* One key, a thousand requests at once, and workers killed between what they did and its answer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "crypto/random.h"
#include "support/fixtures.h"
#include "support/host.h"
#include "support/posting.h"
#include "support/suite.h"

#define CLIENTS 20
#define REPEATS 50 /* of each client */
#ifdef ENABLE_FAILPOINTS
#define ARE_ARMED true
#else
#define ARE_ARMED false
#endif
#define FAR_AWAY "2097-01-01T00:00:00Z"

static const char *fresh_key(void)
{
	static char key[ID_MAX];

	random_id(key, "key");
	return key;
}

static struct answer *post(const char *path, const char *body, const char *key)
{
	char line[ID_MAX + 20];
	const char *headers[] = { line, NULL };

	snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
	return client_send(&(struct call){ .method = "POST",
					   .path = path,
					   .token = poster.token,
					   .body = body,
					   .headers = headers });
}

static bool is_replayed(const struct answer *a)
{
	return answer_header(a, "idempotent-replayed") != NULL;
}

static int64_t posts(void)
{
	return client_number("SELECT COUNT(*) FROM posts WHERE workspace_id = '%s'",
			     poster.workspace);
}

struct request_of { /* what is sent again and again */
	char path[128], body[600], key[ID_MAX];
	char caption[ID_MAX];
};

/* An approved picture, scheduled for later and to be published now. */
static void publish_now_of(struct request_of *ret)
{
	char path[128], body[200];

	random_id(ret->caption, "cap");
	char *content = fixture_approved(poster.token, "image", ret->caption);

	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	snprintf(body, sizeof(body), "{\"scheduled_at\":\"%s\",\"account_ids\":[\"%s\"]}", FAR_AWAY,
		 on_instagram);
	CLEANUP(answer_free) struct answer *a = client_call("POST", path, poster.token, body);

	assert_status(a, 201);
	snprintf(ret->path, sizeof(ret->path), "/api/v1/schedule/%s/publish-now",
		 answer_text(a, "scheduled_posts.0.id"));
	ret->body[0] = '\0';
	snprintf(ret->key, sizeof(ret->key), "%s", fresh_key());
	free(content);
}

static void public_publish_of(struct request_of *ret)
{
	random_id(ret->caption, "cap");
	char *content = fixture_approved(poster.token, "image", ret->caption);

	snprintf(ret->path, sizeof(ret->path), "/api/v1/public/publish");
	snprintf(ret->body, sizeof(ret->body),
		 "{\"content_id\":\"%s\",\"platform\":\"instagram\",\"account_id\":\"%s\"}",
		 content, on_instagram);
	snprintf(ret->key, sizeof(ret->key), "%s", fresh_key());
	free(content);
}

static void posts_of(struct request_of *ret)
{
	random_id(ret->caption, "cap");
	snprintf(ret->path, sizeof(ret->path), "/v1/posts");
	snprintf(ret->body, sizeof(ret->body),
		 "{\"accountIds\":[\"%s\"],\"contentType\":\"image\",\"contentUrl\":"
		 "\"https://media.invalid/a.jpg\",\"caption\":\"%s\",\"scheduledTime\":\"%s\"}",
		 on_instagram, ret->caption, FAR_AWAY);
	snprintf(ret->key, sizeof(ret->key), "%s", fresh_key());
}

static struct answer *send_it(const struct request_of *r)
{
	return post(r->path, *r->body ? r->body : NULL, r->key);
}

/* ---- a crowd ---- */

struct tally { /* what a client saw */
	int first, replayed, in_flight, other;
	long other_status;
	uint8_t body[SHA256_BYTES]; /* of the answers that were no refusal */
	bool differs;
};

static void count_answer(struct tally *t, const struct answer *a, long status)
{
	uint8_t body[SHA256_BYTES];

	if (a->status == 409) {
		t->in_flight += strstr(a->body, "idempotency_in_flight") != NULL;
		return;
	}
	if (a->status != status) {
		t->other++;
		t->other_status = a->status;
		return;
	}
	digest_sha256(a->body, a->body_n, body);
	t->differs = t->differs ||
		     (t->first + t->replayed > 0 && memcmp(body, t->body, sizeof(body)) != 0);
	memcpy(t->body, body, sizeof(body));
	if (is_replayed(a))
		t->replayed++;
	else
		t->first++;
}

static void add_tally(struct tally *sum, const struct tally *t)
{
	const bool has_body = t->first + t->replayed > 0;

	sum->differs = sum->differs || t->differs ||
		       (has_body && sum->first + sum->replayed > 0 &&
			memcmp(sum->body, t->body, sizeof(t->body)) != 0);
	if (has_body)
		memcpy(sum->body, t->body, sizeof(t->body));
	sum->first += t->first;
	sum->replayed += t->replayed;
	sum->in_flight += t->in_flight;
	sum->other += t->other;
	sum->other_status = t->other ? t->other_status : sum->other_status;
}

/* A thousand at once: one of them does it, all others are told what it said, or to wait. */
static void send_crowd(const struct request_of *r, long status)
{
	const size_t bytes = CLIENTS * sizeof(struct tally);
	struct tally *all =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct tally sum = { 0 };
	pid_t clients[CLIENTS];

	ck_assert(all != MAP_FAILED);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] != 0)
			continue;
		for (int n = 0; n < REPEATS; n++) {
			CLEANUP(answer_free) struct answer *a = send_it(r);

			count_answer(&all[i], a, status);
		}
		_exit(0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		int end = 0;

		ck_assert_int_eq(waitpid(clients[i], &end, 0), clients[i]);
		ck_assert_int_eq(end, 0);
		add_tally(&sum, &all[i]);
	}
	ck_assert_int_eq(munmap(all, bytes), 0);
	ck_assert_msg(sum.other == 0, "%d other answers, one of them %ld", sum.other,
		      sum.other_status);
	ck_assert_int_eq(sum.first, 1);
	ck_assert_int_eq(sum.first + sum.replayed + sum.in_flight, CLIENTS * REPEATS);
	ck_assert(!sum.differs);
	CLEANUP(answer_free) struct answer *last = send_it(r);

	ck_assert_int_eq(last->status, status);
	ck_assert(is_replayed(last));
}

START_TEST(thousand_repeats_of_publish_now_publish_once)
{
	struct request_of r;

	publish_now_of(&r);
	send_crowd(&r, 200);
	ck_assert_uint_eq(client_objects(r.caption), 1);
}
END_TEST

START_TEST(thousand_repeats_of_one_post_make_one)
{
	const int64_t before = posts();
	struct request_of r;

	posts_of(&r);
	send_crowd(&r, 201);
	ck_assert_int_eq(posts(), before + 1);
}
END_TEST

/* Clients that ask at the same moment, half of them at each of two hosts. */
START_TEST(one_key_at_two_hosts_makes_one)
{
	static const char *const none[] = { NULL };
	const int64_t before = posts();
	struct host hosts[2];
	struct request_of r;
	pid_t clients[CLIENTS];
	int first = 0;

	posts_of(&r);
	host_start(&hosts[0], "api", none);
	host_start(&hosts[1], "api", none);
	const struct host_call call = { .method = "POST",
					.path = r.path,
					.token = poster.token,
					.body = r.body,
					.key = r.key };

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] != 0)
			continue;
		CLEANUP(answer_free) struct answer *a = host_send(&hosts[i % 2], &call);

		_exit(a->status != 201 && a->status != 409 ? 2
							   : a->status == 201 && !is_replayed(a));
	}
	for (int i = 0; i < CLIENTS; i++) {
		int end = 0;

		ck_assert_int_eq(waitpid(clients[i], &end, 0), clients[i]);
		ck_assert_int_le(WEXITSTATUS(end), 1);
		first += WEXITSTATUS(end);
	}
	ck_assert_int_eq(first, 1);
	ck_assert_int_eq(posts(), before + 1);
	for (int i = 0; i < 2; i++) {
		CLEANUP(answer_free) struct answer *a = host_send(&hosts[i], &call);

		assert_status(a, 201);
		ck_assert(is_replayed(a));
		host_stop(&hosts[i]);
	}
}
END_TEST

/* ---- workers that die, at a crash point of their build ---- */

static void arm(const char *point, const char *action)
{
	char path[300], *slash;
	FILE *plan;

	snprintf(path, sizeof(path), "%s", client_env("CARILLON_CONF"));
	slash = strrchr(path, '/');
	ck_assert_ptr_nonnull(slash);
	snprintf(slash, sizeof(path) - (size_t)(slash - path), "/failpoints");
	if (!point) {
		unlink(path);
		return;
	}
	plan = fopen(path, "we");
	ck_assert_ptr_nonnull(plan);
	fprintf(plan, "%s * %s\n", point, action);
	ck_assert_int_eq(fchmod(fileno(plan), 0644), 0);
	ck_assert_int_eq(fclose(plan), 0);
}

static void disarm(void)
{
	arm(NULL, NULL);
}

/* The answer that the worker took with it. */
static void lose_answer(const struct request_of *r, const char *point)
{
	arm(point, "kill");
	CLEANUP(answer_free) struct answer *a = send_it(r);

	disarm();
	ck_assert_msg(a->status == 502, "%s: %ld %s", point, a->status, a->body);
}

/* The database may not have seen yet that the connection of the dead is gone: 409 until then. */
static struct answer *send_until_answered(const struct request_of *r)
{
	struct answer *a = send_it(r);

	while (a->status == 409) {
		assert_problem(a, 409, "idempotency_in_flight");
		answer_free(a);
		usleep(50000);
		a = send_it(r);
	}
	return a;
}

static const struct {
	const char *point;
	void (*make)(struct request_of *ret);
	long status;
	bool is_replayed; /* the repeat finds the answer of the first; else it makes its own */
	int posts;        /* how many it makes */
	size_t truths;    /* how many objects the platform has then */
} deaths[] = {
	/* Nothing has happened yet. */
	{ "F28_before_keeping", posts_of, 201, false, 1, 0 },
	/* All of it has, in one transaction. */
	{ "F29_kept_unanswered", posts_of, 201, true, 1, 0 },
	/* It is live, and nothing of the answer is kept. */
	{ "F30_done_unkept", publish_now_of, 200, false, 0, 1 },
	{ "F29_kept_unanswered", publish_now_of, 200, true, 0, 1 },
	{ "F30_done_unkept", public_publish_of, 200, false, 1, 1 },
	{ "F29_kept_unanswered", public_publish_of, 200, true, 1, 1 },
};

START_TEST(repeat_after_a_death_has_one_effect_and_one_answer)
{
	struct request_of r;
	int64_t before;

	deaths[_i].make(&r);
	before = posts();
	lose_answer(&r, deaths[_i].point);
	CLEANUP(answer_free) struct answer *a = send_until_answered(&r);
	CLEANUP(answer_free) struct answer *b = send_it(&r);

	assert_status(a, deaths[_i].status);
	ck_assert_int_eq(is_replayed(a), deaths[_i].is_replayed);
	ck_assert(is_replayed(b));
	ck_assert_str_eq(a->body, b->body);
	ck_assert_int_eq(posts(), before + deaths[_i].posts);
	ck_assert_uint_eq(client_objects(r.caption), deaths[_i].truths);
}
END_TEST

/* The post of the first run is gone on with, whatever else waits to be published by then. */
START_TEST(repeat_goes_on_with_its_own_post)
{
	struct request_of r;
	char content[64], path[128], body[200];

	public_publish_of(&r);
	lose_answer(&r, "F30_done_unkept");
	ck_assert_int_eq(sscanf(r.body, "{\"content_id\":\"%63[^\"]", content), 1);
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	snprintf(body, sizeof(body), "{\"scheduled_at\":\"%s\",\"account_ids\":[\"%s\"]}", FAR_AWAY,
		 on_instagram);
	CLEANUP(answer_free) struct answer *later = client_call("POST", path, poster.token, body);
	CLEANUP(answer_free) struct answer *a = send_until_answered(&r);

	assert_status(later, 201);
	assert_status(a, 200);
	ck_assert_str_ne(answer_text(a, "scheduled_post.id"),
			 answer_text(later, "scheduled_posts.0.id"));
	ck_assert_uint_eq(client_objects(r.caption), 1);
}
END_TEST

/* What broke on our side is not kept, and has left nothing. */
START_TEST(broken_request_may_be_repeated)
{
	const int64_t before = posts();
	struct request_of r;

	posts_of(&r);
	arm("F28_before_keeping", "errno:EIO");
	CLEANUP(answer_free) struct answer *a = send_it(&r);

	disarm();
	ck_assert_int_eq(a->status, 503);
	ck_assert_int_eq(posts(), before);
	CLEANUP(answer_free) struct answer *b = send_it(&r);

	assert_status(b, 201);
	ck_assert(!is_replayed(b));
	ck_assert_int_eq(posts(), before + 1);
}
END_TEST

/* Of a worker that still lives nothing is taken over, however long it rests. */
START_TEST(run_that_rests_is_not_overtaken)
{
	struct request_of r;
	struct answer *a = NULL;
	pid_t first;
	int end = 0;

	publish_now_of(&r);
	arm("F30_done_unkept", "sleep:8000");
	first = fork();
	if (first == 0) {
		a = send_it(&r);
		_exit(a->status == 200 && !is_replayed(a) ? 0 : 1);
	}
	while (client_objects(r.caption) == 0)
		usleep(50000);
	a = send_it(&r);
	disarm();
	assert_problem(a, 409, "idempotency_in_flight");
	answer_free(a);
	ck_assert_int_eq(waitpid(first, &end, 0), first);
	ck_assert_int_eq(end, 0);
	a = send_it(&r);
	assert_status(a, 200);
	ck_assert(is_replayed(a));
	ck_assert_uint_eq(client_objects(r.caption), 1);
	answer_free(a);
}
END_TEST

int main(void)
{
	const TTest *first_death = /* NULL ends the list */
		ARE_ARMED ? repeat_after_a_death_has_one_effect_and_one_answer : NULL;
	const struct suite_case cases[] = {
		{ thousand_repeats_of_publish_now_publish_once, 0 },
		{ thousand_repeats_of_one_post_make_one, 0 },
		{ one_key_at_two_hosts_makes_one, 0 },
		{ first_death, (int)ARRAY_LEN(deaths) },
		{ repeat_goes_on_with_its_own_post, 0 },
		{ broken_request_may_be_repeated, 0 },
		{ run_that_rests_is_not_overtaken, 0 },
		{ NULL, 0 },
	};

	if (!ARE_ARMED)
		fprintf(stderr, "SKIPPED: nobody dies, built without --enable-failpoints\n");
	return suite_run(&(struct suite_of){
		.name = "idempotency_crash",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET", "CARILLON_CONF"),
		.before = fixtures_make,
		.after = fixtures_done,
		.open = posting_begin,
		.close = posting_end,
		.teardown = disarm,
		.timeout_s = 300,
		.cases = cases,
	});
}

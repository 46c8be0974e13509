/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a caller may call, at pools with limits of their own: two hosts on one database, eight
 * workers each.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/slices.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "support/host.h"
#include "support/suite.h"

#define ME       "/api/v1/auth/me"
#define CLIENTS  16 /* of a burst, half of them at each host */
#define QUOTA    300
#define ALONE_US (10 * US_PER_S) /* how long a pool goes alone */

static struct persona owner, stranger;
static struct problem why;

static void make_people(void)
{
	persona_make(&owner, NULL, "owner");
	persona_make(&stranger, NULL, "owner");
}

static struct answer *get(const struct host *h, const char *path, const char *token)
{
	return host_send(h, &(struct host_call){ .method = "GET", .path = path, .token = token });
}

static struct answer *post(const struct host *h, const char *path, const char *token,
			   const char *body)
{
	return host_send(h, &(struct host_call){
				    .method = "POST", .path = path, .token = token, .body = body });
}

static long status_of(struct answer *a)
{
	const long status = a->status;

	answer_free(a);
	return status;
}

/* A new key of that person's workspace, to which making it was free; caller frees. */
static char *new_key(const struct persona *p)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/api-keys", p->token,
				       "{\"name\":\"k\",\"scopes\":[\"content:read\"]}");

	assert_status(a, 201);
	free(client_sql("DELETE FROM rate_buckets WHERE subject_hash = "
			"UNHEX(SHA2('workspace:%s', 256))",
			p->workspace));
	return strdup(answer_text(a, "secret"));
}

/* The value of a parameter of the limit's item in RateLimit or RateLimit-Policy; -1: absent. */
static long param_of(const struct answer *a, const char *field, const char *limit, char name)
{
	const char *list = answer_header(a, field), *item, *at;
	char head[40];

	snprintf(head, sizeof(head), "\"%s\";", limit);
	item = list ? strstr(list, head) : NULL;
	if (!item)
		return -1;
	for (at = item + strlen(head) - 1; *at == ';'; at += strcspn(at, ";,")) {
		if (at[1] == name && at[2] == '=')
			return strtol(at + 3, NULL, 10);
		at++;
	}
	return -1;
}

static long left_of(const struct answer *a, const char *limit)
{
	return param_of(a, "RateLimit", limit, 'r');
}

/* ---- slices ---- */

static const struct rate tenth = { 600, 60 * US_PER_S }; /* ten a second */

static struct slice_key key_of(struct rate rate)
{
	struct slice_key k = { .rate = rate };

	random_bytes(k.hash, sizeof(k.hash));
	return k;
}

/* Kept for long, what was drawn ahead would come on top of a full bucket. */
START_TEST(units_drawn_ahead_do_not_outlast_the_refill)
{
	const struct rate_grant grant = { .granted = 5, .missing = 5 };
	struct slice_key k = key_of(tenth);
	struct slice_level level;
	struct slices *s;

	ck_assert_int_eq(slices_open(&s, &why), 0);
	slices_drawn(s, &k, 1, &grant, clock_boot_us(), &level);
	ck_assert_int_eq(level.left, 599);
	ck_assert_int_eq(slices_take(s, &k, 1, &level), SLICE_TAKEN);
	usleep(600000); /* five are refilled in 0.5 s */
	ck_assert_int_eq(slices_take(s, &k, 1, &level), SLICE_DRAW);
	ck_assert_int_eq(level.left, 600);
	slices_free(s);
}
END_TEST

START_TEST(units_are_given_back_and_taken_again)
{
	const struct rate_grant grant = { .granted = 5, .missing = 600 };
	struct slice_key k = key_of(tenth);
	struct slice_level level;
	struct slices *s;

	ck_assert_int_eq(slices_open(&s, &why), 0);
	slices_drawn(s, &k, 5, &grant, clock_boot_us() + US_PER_MIN, &level);
	ck_assert_int_eq(slices_take(s, &k, 5, &level), SLICE_REFUSED);
	ck_assert_int_gt(level.wait_us, US_PER_S);
	slices_give_back(s, &k, 5);
	ck_assert_int_eq(slices_take(s, &k, 5, &level), SLICE_TAKEN);
	ck_assert_int_eq(slices_take(s, &k, 1, &level), SLICE_REFUSED);
	slices_free(s);
}
END_TEST

/* Whoever is killed with the lock in his hands leaves it to the next. */
START_TEST(killed_worker_blocks_nobody)
{
	struct slice_key k = key_of(tenth);
	struct slice_level level;
	struct slices *s;

	ck_assert_int_eq(slices_open(&s, &why), 0);
	for (int i = 0; i < 30; i++) {
		pid_t child = fork();

		while (child == 0)
			(void)slices_take(s, &k, 1, &level);
		usleep(3000);
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		ck_assert_int_eq(slices_take(s, &k, 1, &level), SLICE_DRAW);
	}
	slices_free(s);
}
END_TEST

/* ---- bursts ---- */

struct burst { /* shared by the clients */
	int admitted, refused, other;
	int64_t began_us;
};

static void burst_client(const struct host *h, const char *token, struct burst *b)
{
	for (int refusals = 0; refusals < 5;) {
		const long status = status_of(get(h, ME, token));

		__atomic_add_fetch(status == 200   ? &b->admitted
				   : status == 429 ? &b->refused
						   : &b->other,
				   1, __ATOMIC_RELAXED);
		refusals += status == 429;
	}
	_exit(0);
}

/* Until each client was refused again and again; what was refilled meanwhile. */
static double burst_run(const struct host *hosts, const char *token, double per_s, struct burst *b)
{
	pid_t clients[CLIENTS];
	int64_t began_us = clock_boot_us();

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] == 0)
			burst_client(&hosts[i % 2], token, b);
	}
	for (int i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(waitpid(clients[i], NULL, 0), clients[i]);
	return (double)(clock_boot_us() - began_us) / 1e6 * per_s;
}

static void two_hosts(struct host *hosts, const char *const *settings)
{
	host_start(&hosts[0], "api", settings);
	host_start(&hosts[1], "api", settings);
}

static void assert_burst(const struct burst *b, int quota, double refilled)
{
	ck_assert_int_eq(b->other, 0);
	ck_assert_int_gt(b->refused, 0);
	ck_assert_msg(b->admitted >= quota - 1 && b->admitted <= quota + (int)refilled + 1,
		      "%d of %d and %.1f refilled", b->admitted, quota, refilled);
}

START_TEST(burst_at_two_hosts_is_counted_to_one)
{
	static const char *const settings[] = { "limits.key_per_minute", "300",
						"limits.workspace_per_minute", "1000000", NULL };
	struct burst *b =
		mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct host hosts[2];
	char *key = new_key(&owner);
	double refilled;

	two_hosts(hosts, settings);
	refilled = burst_run(hosts, key, QUOTA / 60.0, b);
	assert_burst(b, QUOTA, refilled);
	host_stop(&hosts[0]);
	host_stop(&hosts[1]);
	munmap(b, sizeof(*b));
	free(key);
}
END_TEST

/* ---- one host with narrow limits ---- */

static struct host narrow;

/* A minute's quota of 60 units refills one a second. */
static void open_narrow(void)
{
	static const char *const settings[] = { "limits.key_per_minute",
						"60",
						"limits.workspace_per_minute",
						"90",
						"limits.address_per_minute",
						"1000000",
						"session.login_tries",
						"1",
						NULL };

	make_people();
	host_start(&narrow, "api", settings);
}

static void close_narrow(void)
{
	host_stop(&narrow);
}

/* Asks until it is refused; how often it was not. The refusal goes to *ret. */
static int use_up(const struct host *h, const char *path, const char *token, struct answer **ret)
{
	int n = 0;

	for (;; n++) {
		*ret = get(h, path, token);
		if ((*ret)->status != 200)
			return n;
		answer_free(*ret);
	}
}

static void assert_refusal(const struct answer *a, const char *limit)
{
	const char *wait = answer_header(a, "Retry-After");
	const long wait_s = wait ? strtol(wait, NULL, 10) : 0;

	assert_problem(a, 429, "rate_limited");
	ck_assert_str_eq(answer_text(a, "who"), "you");
	ck_assert_str_eq(answer_text(a, "violated-policies.0"), limit);
	ck_assert_uint_eq(answer_count(a, "violated-policies"), 1);
	ck_assert_msg(wait_s >= 1, "%s", a->headers);
	ck_assert_int_eq(param_of(a, "RateLimit", limit, 't'), wait_s);
}

static int64_t seconds_since(int64_t us)
{
	return (clock_boot_us() - us) / US_PER_S;
}

START_TEST(answers_tell_how_the_limits_stand)
{
	char *key = new_key(&owner);
	int64_t began_us = clock_boot_us();
	CLEANUP(answer_free) struct answer *a = get(&narrow, ME, key);
	CLEANUP(answer_free) struct answer *b = post(&narrow, "/v1/posts", key, "{}");
	CLEANUP(answer_free) struct answer *open = get(&narrow, "/api/v1/health", NULL);

	assert_status(a, 200);
	ck_assert_str_eq(answer_header(a, "RateLimit-Policy"),
			 "\"key\";q=60;w=60, \"workspace\";q=90;w=60");
	ck_assert_int_ge(left_of(a, "key"), 59);
	/* A post costs five, also when the scope for it is missing; each second refills one. */
	assert_status(b, 403);
	ck_assert_msg(left_of(b, "key") >= left_of(a, "key") - 5 &&
			      left_of(b, "key") <= left_of(a, "key") - 4 + seconds_since(began_us),
		      "%s%s", a->headers, b->headers);
	ck_assert_int_ge(param_of(b, "RateLimit", "key", 't'), 1);
	ck_assert_ptr_null(answer_header(open, "RateLimit"));
	free(key);
}
END_TEST

START_TEST(key_is_refused_and_refilled)
{
	struct persona p;
	struct answer *a;
	char *key;
	int64_t began_us = clock_boot_us();
	int n;

	persona_make(&p, NULL, "owner");
	key = new_key(&p);
	n = use_up(&narrow, ME, key, &a);
	ck_assert_msg(n >= 59 && n <= 61 + seconds_since(began_us), "%d", n);
	assert_refusal(a, "key");
	sleep((unsigned)strtol(answer_header(a, "Retry-After"), NULL, 10));
	answer_free(a);
	ck_assert_int_eq(status_of(get(&narrow, ME, key)), 200);
	free(key);
}
END_TEST

/* Asks ten times more; the key is charged for what passed and for nothing else. */
static void assert_uncharged(const struct host *h, const char *key, long left)
{
	for (int i = 0; i < 10; i++) {
		CLEANUP(answer_free) struct answer *a = get(h, ME, key);

		left -= a->status == 200;
		ck_assert_msg(left_of(a, "key") >= left, "%ld, then %s", left, a->headers);
	}
}

START_TEST(keys_of_a_workspace_share_its_limit)
{
	struct persona p;
	struct answer *a, *b;
	int64_t began_us = clock_boot_us(), refilled;
	char *one, *other;
	int n;

	persona_make(&p, NULL, "owner");
	one = new_key(&p);
	other = new_key(&p);
	n = use_up(&narrow, ME, one, &a);
	assert_refusal(a, "key");
	n += use_up(&narrow, ME, other, &b);
	assert_refusal(b, "workspace");
	refilled = (clock_boot_us() - began_us) * 90 / US_PER_MIN;
	ck_assert_msg(n >= 89 && n <= 91 + refilled, "%d and %d refilled", n, (int)refilled);
	/* What the workspace refused was not charged to the key; nobody else was charged at all. */
	assert_uncharged(&narrow, other, left_of(b, "key"));
	ck_assert_int_eq(status_of(get(&narrow, ME, stranger.token)), 200);
	answer_free(a);
	answer_free(b);
	free(one);
	free(other);
}
END_TEST

/* The row of a bucket, locked by something that does not end. */
START_TEST(pool_goes_alone_while_the_bucket_is_locked)
{
	int64_t began_us = clock_boot_us();
	struct persona p;
	struct answer *a;
	struct hold *hold;
	char *key;
	int n;

	persona_make(&p, NULL, "owner");
	key = new_key(&p);
	hold = client_hold("INSERT INTO rate_buckets (subject_hash, missing, granted, counted_at) "
			   "VALUES (UNHEX(SHA2('workspace:%s', 256)), 0, 0, "
			   "UTC_TIMESTAMP(6))",
			   p.workspace);
	n = use_up(&narrow, ME, key, &a);
	/* As much as is refilled in ten seconds, for each ten of them. */
	ck_assert_msg(n >= 15 && n <= 15 * (1 + (clock_boot_us() - began_us) / ALONE_US), "%d", n);
	assert_refusal(a, "workspace");
	answer_free(a);
	client_let_go(hold);
	free(key);
}
END_TEST

/* ---- logins ---- */

static struct answer *log_in(const char *email, const char *password, const char *address)
{
	char body[200];

	snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
	return host_send(&narrow, &(struct host_call){ .method = "POST",
						       .path = "/api/v1/auth/login",
						       .body = body,
						       .address = address });
}

static void forget_failures(void)
{
	free(client_sql("DELETE FROM login_failures"));
}

/* Whether there is such a user or not: the same answers. Loop 0: there is. */
START_TEST(wrong_passwords_are_counted_by_pair_and_by_email)
{
	struct persona p = { .email = "nobody@example.invalid" };
	char address[32];
	struct answer *a;

	if (_i == 0)
		persona_make(&p, NULL, "viewer");
	ck_assert_int_eq(status_of(log_in(p.email, "wrong", "192.0.2.1")), 401);
	a = log_in(p.email, PERSONA_PASSWORD, "192.0.2.1");
	assert_problem(a, 429, "rate_limited");
	ck_assert_int_gt(strtol(answer_header(a, "Retry-After"), NULL, 10), 800);
	answer_free(a);
	/* Elsewhere the right one is still taken, and only wrong ones count: ten by e-mail. */
	ck_assert_int_eq(status_of(log_in(p.email, PERSONA_PASSWORD, "192.0.2.2")),
			 _i == 0 ? 200 : 401);
	for (int i = _i == 0 ? 1 : 2; i < 10; i++) {
		snprintf(address, sizeof(address), "2001:db8:%d::1", i);
		ck_assert_int_eq(status_of(log_in(p.email, "wrong", address)), 401);
	}
	a = log_in(p.email, PERSONA_PASSWORD, "192.0.2.3");
	assert_problem(a, 429, "rate_limited");
	answer_free(a);
	forget_failures();
}
END_TEST

START_TEST(one_customer_of_ipv6_is_one_address)
{
	ck_assert_int_eq(status_of(log_in("a@example.invalid", "wrong", "2001:db8::1")), 401);
	ck_assert_int_eq(status_of(log_in("a@example.invalid", "wrong", "2001:db8::2:2")), 429);
	ck_assert_int_eq(status_of(log_in("a@example.invalid", "wrong", "2001:db8:0:1::3")), 401);
	forget_failures();
}
END_TEST

START_TEST(wrong_passwords_are_counted_by_address)
{
	char email[40];

	for (int i = 0; i < 11; i++) {
		snprintf(email, sizeof(email), "c%d@example.invalid", i);
		ck_assert_int_eq(status_of(log_in(email, "wrong", "192.0.2.9")),
				 i < 10 ? 401 : 429);
	}
	forget_failures();
}
END_TEST

/* Passwords tried at once are as many as those tried one after the other. */
START_TEST(parallel_guesses_are_no_more)
{
	pid_t clients[CLIENTS];
	int guessed = 0, status;

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] == 0)
			_exit(status_of(log_in("b@example.invalid", "wrong", NULL)) == 401);
	}
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(waitpid(clients[i], &status, 0), clients[i]);
		guessed += WEXITSTATUS(status);
	}
	ck_assert_int_eq(guessed, 1);
	forget_failures();
}
END_TEST

/* ---- what is limited more strictly ---- */

START_TEST(calls_without_a_token_are_limited_by_address)
{
	static const char *const settings[] = { "limits.address_per_minute", "10", NULL };
	static const char unknown[] = "{\"refresh_token\":\"rt_unknown\"}";
	const struct host_call from = { .method = "POST",
					.path = "/api/v1/auth/refresh",
					.body = unknown,
					.address = "192.0.2.77" };
	struct host_call elsewhere = from;
	struct host h;

	elsewhere.address = "192.0.2.78";
	host_start(&h, "api", settings);
	ck_assert_int_eq(status_of(host_send(&h, &from)), 401);
	ck_assert_int_eq(status_of(host_send(&h, &from)), 401);
	CLEANUP(answer_free) struct answer *a = host_send(&h, &from);

	assert_refusal(a, "address");
	ck_assert_int_eq(status_of(host_send(&h, &elsewhere)), 401);
	host_stop(&h);
}
END_TEST

START_TEST(connecting_is_limited_by_workspace)
{
	static const char *const settings[] = { "limits.connect_per_hour", "10", NULL };
	static const char path[] = "/api/v1/integrations/instagram/auth-url?redirect=/x";
	struct persona p, colleague;
	struct answer *a;
	struct host h;

	persona_make(&p, NULL, "owner");
	persona_make(&colleague, p.workspace, "admin");
	host_start(&h, "platform", settings);
	ck_assert_int_eq(status_of(get(&h, path, p.token)), 200);
	ck_assert_int_eq(status_of(get(&h, path, colleague.token)), 200);
	a = get(&h, path, colleague.token);
	assert_refusal(a, "connect");
	answer_free(a);
	ck_assert_int_eq(status_of(get(&h, "/api/v1/integrations", p.token)), 200);
	ck_assert_int_eq(status_of(get(&h, path, stranger.token)), 200);
	host_stop(&h);
}
END_TEST

int main(void)
{
	const struct suite_case narrow_cases[] = {
		{ answers_tell_how_the_limits_stand, 0 },
		{ key_is_refused_and_refilled, 0 },
		{ keys_of_a_workspace_share_its_limit, 0 },
		{ pool_goes_alone_while_the_bucket_is_locked, 0 },
		{ wrong_passwords_are_counted_by_pair_and_by_email, 2 },
		{ wrong_passwords_are_counted_by_address, 0 },
		{ one_customer_of_ipv6_is_one_address, 0 },
		{ parallel_guesses_are_no_more, 0 },
		{ NULL, 0 },
	};
	const struct suite_case cases[] = {
		{ units_drawn_ahead_do_not_outlast_the_refill, 0 },
		{ units_are_given_back_and_taken_again, 0 },
		{ killed_worker_blocks_nobody, 0 },
		{ burst_at_two_hosts_is_counted_to_one, 0 },
		{ calls_without_a_token_are_limited_by_address, 0 },
		{ connecting_is_limited_by_workspace, 0 },
		{ NULL, 0 },
	};
	const struct suite_of at_narrow = {
		.name = "rate_narrow",
		.open = open_narrow,
		.close = close_narrow,
		.cases = narrow_cases,
	};

	return suite_run(&(struct suite_of){
		.name = "rate",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_CONF",
				     "CARILLON_SOCKET"),
		.open = make_people,
		.cases = cases,
		.also = &at_narrow,
	});
}

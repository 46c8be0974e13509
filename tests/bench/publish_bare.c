/* SPDX-License-Identifier: Apache-2.0 */
/* The yardsticks: the same calls to the same sandbox, without database, permit or journal. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "publish_bench.h"
#include "store/tokens.h"

struct bare {
	struct bench *bench;
	struct curl_slist *headers[BENCH_ACCOUNTS];
	char url[128];
	int64_t sent, failed;
};

struct bare_call {
	CURL *easy;
	char body[80];
};

static size_t ignore(char *data, size_t size, size_t n, void *arg)
{
	(void)data, (void)arg;
	return size * n;
}

static struct curl_slist *headers_of(struct bench *b, int account)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct curl_slist *list;
	struct tokens tokens = { .n = 0 };
	struct problem p;

	bench_need(store_tokens_get(b->app.db, RIG_WORKSPACE, b->accounts[account], b->app.keys,
				    &tokens, &p),
		   &p);
	list = curl_slist_append(NULL, "Content-Type: application/json");
	list = curl_slist_append(
		list, arena_printf(a, "Authorization: Bearer %s", tokens_value(&tokens, "access")));
	tokens_done(&tokens);
	return list;
}

static void bare_open(struct bare *ret, struct bench *b, int accounts)
{
	*ret = (struct bare){ .bench = b };
	(void)snprintf(ret->url, sizeof(ret->url), "%s/twitter/2/tweets", b->platforms_url);
	for (int i = 0; i < accounts; i++)
		ret->headers[i] = headers_of(b, i);
}

static void bare_close(struct bare *b)
{
	for (int i = 0; i < BENCH_ACCOUNTS; i++)
		curl_slist_free_all(b->headers[i]);
}

static void aim(struct bare *b, struct bare_call *c, int account)
{
	(void)snprintf(c->body, sizeof(c->body), "{\"text\":\"bare %lld %lld\"}",
		       (long long)clock_real_us(), (long long)b->sent);
	b->sent++;
	(void)curl_easy_setopt(c->easy, CURLOPT_URL, b->url);
	(void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, b->headers[account]);
	(void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, ignore);
	(void)curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	if (b->bench->is_tls)
		(void)curl_easy_setopt(c->easy, CURLOPT_CAINFO, b->bench->app.config->net_ca_file);
	(void)curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL);
	(void)curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
}

static void check_answer(struct bare *b, CURL *easy, CURLcode code)
{
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	b->failed += code != CURLE_OK || status != 201;
}

/* What has finished begins anew while there is something left to send; returns how many ended. */
static int turn(struct bare *b, CURLM *multi, int64_t n)
{
	CURLMsg *msg;
	int left, ended = 0;

	while ((msg = curl_multi_info_read(multi, &left))) {
		CURL *easy = msg->easy_handle;
		struct bare_call *c = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		check_answer(b, easy, msg->data.result);
		(void)curl_multi_remove_handle(multi, easy);
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &c);
		if (b->sent < n) {
			aim(b, c, (int)(b->sent % BENCH_ACCOUNTS));
			(void)curl_multi_add_handle(multi, easy);
		} else {
			ended++;
		}
	}
	return ended;
}

static int64_t cpu_us(void)
{
	struct rusage r = { .ru_maxrss = 0 };

	(void)getrusage(RUSAGE_SELF, &r);
	return bench_us_of(r.ru_utime) + bench_us_of(r.ru_stime);
}

struct bare_used bare_burst(struct bench *bench, int64_t n, int in_flight)
{
	struct bare b;
	CURLM *multi = curl_multi_init();
	struct bare_call *calls = alloc_array((size_t)in_flight, sizeof(*calls));
	struct bare_used used;
	int running, open = in_flight;

	bare_open(&b, bench, BENCH_ACCOUNTS);
	used = (struct bare_used){ clock_boot_us(), cpu_us() };
	for (int i = 0; i < in_flight; i++) {
		calls[i].easy = curl_easy_init();
		aim(&b, &calls[i], i % BENCH_ACCOUNTS);
		(void)curl_multi_add_handle(multi, calls[i].easy);
	}
	while (open > 0) {
		(void)curl_multi_perform(multi, &running);
		open -= turn(&b, multi, n);
		if (open > 0)
			(void)curl_multi_poll(multi, NULL, 0, 100, NULL);
	}
	used = (struct bare_used){ clock_boot_us() - used.took_us, cpu_us() - used.cpu_us };
	for (int i = 0; i < in_flight; i++)
		curl_easy_cleanup(calls[i].easy);
	(void)curl_multi_cleanup(multi);
	free(calls);
	bare_close(&b);
	if (b.failed > 0)
		printf("bare loop: %lld of %lld calls failed\n", (long long)b.failed, (long long)n);
	return used;
}

int64_t bare_one(struct bench *bench, int i)
{
	struct bare b;
	struct bare_call c = { .easy = curl_easy_init() };
	int64_t took_us;
	CURLcode code;

	bare_open(&b, bench, 1);
	b.sent = i;
	aim(&b, &c, 0);
	took_us = clock_boot_us();
	code = curl_easy_perform(c.easy);
	took_us = clock_boot_us() - took_us;
	check_answer(&b, c.easy, code);
	curl_easy_cleanup(c.easy);
	bare_close(&b);
	if (b.failed > 0)
		printf("bare call %d failed\n", i);
	return took_us;
}

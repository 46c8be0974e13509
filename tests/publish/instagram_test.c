/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of post, and every fault with an effect, through the whole stack: API, engine,
 * adapter, and the sandbox's Instagram, which is asked what really exists.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/random.h"
#include "support/client.h"
#include "support/connector.h"
#include "support/fixtures.h"
#include "support/suite.h"

#define PATIENCE_S 75

static struct persona owner;
static struct person person;
static char *account, caption[ID_MAX];

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
	person_make(&person, 1);
	account = connect_instagram(owner.token, &person, "live");
	random_id(caption, "cap");
}

static void teardown(void)
{
	free(account);
}

static struct answer *sandbox(const char *method, const char *path, const char *body)
{
	return client_send(&(struct call){ .method = method,
					   .path = path,
					   .body = body,
					   .base = client_env("CARILLON_SANDBOX_URL") });
}

/* What really exists on this account; ret_first (may be NULL): borrowed from the answer. */
static size_t effects(struct answer **ret_all, json_t **ret_first)
{
	json_t *list, *o;
	size_t i, n = 0;

	*ret_all = sandbox("GET", "/_control/objects?platform=instagram", NULL);
	list = answer_at(*ret_all, "objects");
	json_array_foreach(list, i, o) {
		const char *of = json_string_value(json_object_get(o, "account"));

		if (!of || strcmp(of, person.account[0]) != 0)
			continue;
		if (n++ == 0 && ret_first)
			*ret_first = o;
	}
	return n;
}

static void assert_effects(size_t n)
{
	CLEANUP(answer_free) struct answer *all = NULL;

	ck_assert_uint_eq(effects(&all, NULL), n);
}

/* The next such call of this test's own account goes wrong. */
static void fault(const char *point, const char *endpoint)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;

	buf_printf(&body,
		   "{\"platform\":\"instagram\",\"point\":\"%s\",\"account\":\"%s\",\"times\":1",
		   point, person.account[0]);
	if (endpoint)
		buf_printf(&body, ",\"endpoint\":\"%s\"", endpoint);
	buf_adds(&body, "}");
	CLEANUP(answer_free) struct answer *a = sandbox("POST", "/_control/faults", body.p);

	ck_assert_msg(a->status / 100 == 2, "%ld %s", a->status, a->body);
}

/* pieces: i for an image, v for the video. An approved content; caller frees. */
static char *content_make(const char *kind, const char *pieces, const char *more)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	char *id, path[128];

	buf_printf(&body, "{\"kind\":\"%s\",\"caption\":\"%s\"%s,\"media\":[", kind, caption, more);
	for (const char *p = pieces; *p; p++) {
		char *media = *p == 'v' ? fixture_media(owner.token, FIXTURE_VIDEO)
					: fixture_fresh_media(owner.token);

		buf_printf(&body, "%s{\"media_id\":\"%s\"}", p == pieces ? "" : ",", media);
		free(media);
	}
	buf_adds(&body, "]}");
	CLEANUP(answer_free)
	struct answer *made = client_call("POST", "/api/v1/content", owner.token, body.p);

	assert_status(made, 201);
	id = strdup(answer_text(made, "id"));
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/api/v1/content/%s/%s", id,
			 i == 0 ? "submit" : "approve");
		CLEANUP(answer_free)
		struct answer *a = client_call("POST", path, owner.token, NULL);

		assert_status(a, 200);
	}
	return id;
}

static void schedule(const char *content, char path[static 100])
{
	char at[128];
	time_t day = time(NULL) + 86400;
	struct tm tm;

	snprintf(path, 100, "/api/v1/content/%s/schedule", content);
	gmtime_r(&day, &tm);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
	CLEANUP(answer_free)
	struct answer *a =
		client_callf("POST", path, owner.token,
			     "{\"scheduled_at\":\"%s\",\"platforms\":[\"instagram\"]}", at);

	assert_status(a, 201);
	snprintf(path, 100, "/api/v1/schedule/%s", answer_text(a, "scheduled_posts.0.id"));
}

/* Publishes at once and waits until nothing more will happen. */
static struct answer *publish(const char *kind, const char *pieces, const char *more)
{
	static const char *const soon[] = { "Prefer: wait=2", NULL };
	char *content = content_make(kind, pieces, more), path[100], now[120];
	struct answer *a = NULL;

	schedule(content, path);
	free(content);
	snprintf(now, sizeof(now), "%s/publish-now", path);
	answer_free(client_send(&(struct call){
		.method = "POST", .path = now, .token = owner.token, .headers = soon }));
	for (int i = 0; i < PATIENCE_S * 4; i++) {
		struct timespec pause = { .tv_nsec = 250000000 };

		answer_free(a);
		a = client_call("GET", path, owner.token, NULL);
		assert_status(a, 200);
		if (strcmp(answer_text(a, "status"), "pending") != 0)
			return a;
		nanosleep(&pause, NULL);
	}
	ck_abort_msg("still pending: %s", a->body);
	return a;
}

static void assert_published(const struct answer *a)
{
	ck_assert_msg(strcmp(answer_text(a, "status"), "published") == 0, "%s", a->body);
	assert_effects(1);
}

static const struct {
	const char *kind, *pieces;
} kinds[] = {
	{ "image", "i" }, { "carousel", "ii" }, { "carousel", "iv" },   { "video", "v" },
	{ "story", "i" }, { "story", "v" },     { "slideshow", "iii" },
};

START_TEST(every_kind_goes_out_once)
{
	CLEANUP(answer_free) struct answer *a = publish(kinds[_i].kind, kinds[_i].pieces, "");

	assert_published(a);
	ck_assert_ptr_nonnull(strstr(answer_text(a, "remote_url"), "/instagram/"));
	CLEANUP(answer_free) struct answer *all = NULL;
	json_t *object = NULL;

	effects(&all, &object);
	ck_assert_str_eq(answer_text(a, "remote_post_id"),
			 json_string_value(json_object_get(object, "object_id")));
}
END_TEST

START_TEST(first_comment_follows_once)
{
	CLEANUP(answer_free)
	struct answer *a = publish("image", "i", ",\"first_comment\":\"First!\"");

	assert_published(a);
}
END_TEST

/* A post must come out exactly once whatever these do. */
static const struct {
	const char *point, *endpoint, *kind, *pieces;
} faults[] = {
	{ "publish.error_then_live", NULL, "image", "i" },
	{ "publish.commit_then_drop_connection", NULL, "image", "i" },
	{ "publish.commit_then_5xx", NULL, "video", "v" },
	{ "publish.commit_then_drop_connection", NULL, "story", "i" },
	{ "publish.not_ready", NULL, "image", "i" },
	{ "permalink.100_33", NULL, "image", "i" },
	{ "status.100_33_for_page_token", NULL, "image", "i" },
	{ "http.html_502", "media_create", "image", "i" },
	{ "rupload.cut_at", NULL, "video", "v" },
	{ "rupload.processing_failed", NULL, "video", "v" },
};

START_TEST(fault_neither_loses_nor_doubles)
{
	fault(faults[_i].point, faults[_i].endpoint);
	CLEANUP(answer_free) struct answer *a = publish(faults[_i].kind, faults[_i].pieces, "");

	assert_published(a);
}
END_TEST

START_TEST(revoked_token_asks_for_a_new_connection)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;

	buf_printf(&body, "{\"platform\":\"instagram\",\"person\":\"%s\",\"subcode\":460}",
		   person.id);
	CLEANUP(answer_free)
	struct answer *killed = sandbox("POST", "/_control/tokens/revoke", body.p);

	ck_assert_msg(killed->status / 100 == 2, "%ld %s", killed->status, killed->body);
	CLEANUP(answer_free) struct answer *a = publish("image", "i", "");

	ck_assert_str_eq(answer_text(a, "status"), "failed");
	ck_assert_str_eq(answer_text(a, "error.code"), "token_expired");
	ck_assert_str_eq(answer_text(a, "error.who"), "account_owner");
	assert_effects(0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ every_kind_goes_out_once, (int)ARRAY_LEN(kinds) },
		{ first_comment_follows_once, 0 },
		{ fault_neither_loses_nor_doubles, (int)ARRAY_LEN(faults) },
		{ revoked_token_asks_for_a_new_connection, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "instagram",
					.needs = SUITE_NEEDS(
						"CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
						"CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
					.after = fixtures_done,
					.setup = setup,
					.teardown = teardown,
					.timeout_s = PATIENCE_S + 60,
					.cases = cases };

	return suite_run(&suite);
}

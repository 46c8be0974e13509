/* SPDX-License-Identifier: Apache-2.0 */
/* The one irreversible call to a Mastodon server, and what a look at the account's list proves. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "mastodon_bench.h"

#define FIRE    "POST /api/v1/statuses "
#define CREATED "{\"id\":\"7\",\"url\":\"https://mast.example.com/@acmebakery/7\"}"
#define LIST    "GET /api/v1/accounts/" MASTODON_ID "/statuses?limit=40&exclude_reblogs=true"

static void setup(void)
{
	mastodon_open("media_renewals = 1\n");
}

static const struct {
	const char *caption, *link, *options, *body;
	size_t media_n, part;
} fires[] = {
	{ "Bread", NULL, "{}", "{\"status\":\"Bread\"}", 0, 0 },
	{ "", NULL, "{}", "{\"status\":\"\",\"media_ids\":[\"100\"]}", 1, 0 },
	{ "Bread", NULL, "{}",
	  "{\"status\":\"Bread\",\"media_ids\":[\"100\",\"101\",\"102\",\"103\"]}", 4, 0 },
	{ "See", "https://a.example/x", "{}", "{\"status\":\"See\\nhttps://a.example/x\"}", 0, 0 },
	{ "Yes", NULL, "{\"reply_to_id\":\"5\",\"visibility\":\"unlisted\",\"language\":\"de\"}",
	  "{\"status\":\"Yes\",\"in_reply_to_id\":\"5\",\"visibility\":\"unlisted\",\"language\":"
	  "\"de\"}",
	  0, 0 },
	{ "Spoilt", NULL, "{\"content_warning\":\"mould\",\"sensitive\":true}",
	  "{\"status\":\"Spoilt\",\"sensitive\":true,\"spoiler_text\":\"mould\"}", 0, 0 },
	{ "Which?", NULL,
	  "{\"poll\":{\"options\":[\"rye\",\"spelt\"],\"duration_minutes\":60,\"multiple\":true}}",
	  "{\"status\":\"Which?\",\"poll\":{\"options\":[\"rye\",\"spelt\"],\"expires_in\":3600,"
	  "\"multiple\":true}}",
	  0, 0 },
	/* Below the first post: an answer to the one before, without the poll. */
	{ "One", NULL,
	  "{\"thread\":[\"Two\"],\"visibility\":\"private\",\"content_warning\":\"w\","
	  "\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":60}}",
	  "{\"status\":\"Two\",\"in_reply_to_id\":\"42\",\"spoiler_text\":\"w\",\"visibility\":"
	  "\"private\"}",
	  0, 1 },
	{ "One", NULL, "{\"thread\":[{\"text\":\"Two\",\"media\":[1]}]}",
	  "{\"status\":\"Two\",\"media_ids\":[\"101\"],\"in_reply_to_id\":\"42\"}", 2, 1 },
};

START_TEST(fire_is_one_call_with_these_bytes)
{
	b.post.caption = fires[_i].caption;
	b.post.link = fires[_i].link;
	mastodon_options(fires[_i].options);
	if (fires[_i].media_n > 0)
		mastodon_staged(fires[_i].media_n);
	b.d.part = fires[_i].part;
	b.d.before_id = fires[_i].part > 0 ? "42" : NULL;
	bench_sends(&b, bench_fire(&b, NULL), arena_printf(b.arena, FIRE "%s", fires[_i].body));
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ck_assert(b.result.request->is_to_users_host);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer TOKEN");
	ck_assert_str_eq(bench_header(b.result.request, "Idempotency-Key"),
			 arena_printf(b.arena, "sch_1.%zu", fires[_i].part));
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 200, CREATED)), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "7");
	ck_assert_str_eq(b.result.outcome.remote_url, "https://mast.example.com/@acmebakery/7");
}
END_TEST

/* A server that honours it must see the same one again, whatever became of the first try. */
START_TEST(key_stays_the_same_when_fired_again)
{
	const char *first;

	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	first = arena_strdup(b.arena, bench_header(b.result.request, "Idempotency-Key"));
	bench_restart(&b);
	b.d.now_us += US_PER_DAY;
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	ck_assert_str_eq(bench_header(b.result.request, "Idempotency-Key"), first);
}
END_TEST

START_TEST(part_without_its_forerunner_is_not_sent)
{
	mastodon_options("{\"thread\":[\"two\"]}");
	b.d.part = 1;
	bench_ends(&b, bench_fire(&b, NULL), OUTCOME_REFUSED);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "part_id_unknown");
}
END_TEST

START_TEST(address_that_is_none_is_made_up)
{
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_fire(&b, bench_reply(&b, 200, "{\"id\":\"7\",\"url\":\"javascript:x\"}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_url, MASTODON_SERVER "/statuses/7");
}
END_TEST

#define ROW(status, body, kind, code, who)                                 \
	{                                                                  \
		status, body, OUTCOME_##kind, POST_ERROR_##code, WHO_##who \
	}
#define SAYS(words) "{\"error\":\"" words "\"}"
/* clang-format off */
static const struct bench_answer verdicts[] = {
	ROW(401, SAYS("invalid_client"), REFUSED, CONFIGURATION, OPERATOR),
	ROW(401, SAYS("The access token was revoked"), REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	ROW(403, SAYS("This action is outside the authorized scopes"), REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	ROW(403, SAYS("Your login is currently disabled"), REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	ROW(403, SAYS("Your account is suspended"), REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	ROW(403, SAYS("This action is not allowed"), REFUSED, CONTENT_REJECTED, YOU),
	ROW(404, SAYS("Record not found"), REFUSED, CONTENT_REJECTED, YOU),
	ROW(410, SAYS("Gone"), REFUSED, CONTENT_REJECTED, YOU),
	ROW(422, SAYS("Validation failed: Text can't be blank"), REFUSED, CONTENT_REJECTED, YOU),
	ROW(422, SAYS("Cannot attach more than 4 files"), REFUSED, MEDIA_REJECTED, YOU),
	ROW(422, SAYS("Cannot attach files that have not finished processing. Try again in a moment!"), DEFER, MEDIA_REJECTED, PLATFORM),
	ROW(422, SAYS("Media 1 not found or already attached to another post"), DEFER, MEDIA_REJECTED, PLATFORM),
	ROW(429, SAYS("Too many requests"), DEFER, RATE_LIMITED, PLATFORM),
	ROW(400, SAYS("Bad Request: status"), REFUSED, CONTENT_REJECTED, YOU),
	/* Nothing of these is the API's own word that there is no status. */
	ROW(413, SAYS("too large"), UNKNOWN, MEDIA_REJECTED, YOU),
	ROW(408, SAYS("Timeout"), UNKNOWN, NETWORK, PLATFORM),
	ROW(429, "<html>slow</html>", UNKNOWN, RATE_LIMITED, PLATFORM),
	ROW(429, "{\"error\":{\"message\":\"slow\"}}", UNKNOWN, RATE_LIMITED, PLATFORM),
	ROW(422, "", UNKNOWN, PLATFORM, PLATFORM),
	ROW(401, "", UNKNOWN, PLATFORM, PLATFORM),
	ROW(403, "<html>blocked</html>", UNKNOWN, PLATFORM, PLATFORM),
	ROW(500, SAYS("Internal Server Error"), UNKNOWN, PLATFORM, PLATFORM),
	ROW(503, SAYS("There was a temporary problem serving your request, please try again"), UNKNOWN, PLATFORM, PLATFORM),
	ROW(502, "<html>", UNKNOWN, PLATFORM, PLATFORM),
	ROW(302, "", UNKNOWN, PLATFORM, PLATFORM),
	ROW(200, "", UNKNOWN, PLATFORM, PLATFORM),
	ROW(200, "{\"id\":\"../../x\"}", UNKNOWN, PLATFORM, PLATFORM),
};
/* clang-format on */

START_TEST(answer_to_the_fire_is_read_row_by_row)
{
	const struct bench_answer *row = &verdicts[_i];

	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_fails(&b, bench_fire(&b, bench_reply(&b, row->status, row->body)), row->kind,
		    row->code, row->who);
	if (row->kind == OUTCOME_UNKNOWN)
		ck_assert_int_eq(b.result.outcome.retry_after_s, 0);
}
END_TEST

START_TEST(limit_is_waited_for_until_its_date)
{
	char at[RFC3339_MAX];

	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	rfc3339_print_ms((BENCH_NOW_S + 754) * US_PER_S, at);
	bench_ends(&b,
		   bench_fire(&b, bench_reply_with(&b, 429,
						   arena_printf(b.arena,
								"X-RateLimit-Remaining: 0\r\n"
								"X-RateLimit-Reset: %s\r\n",
								at),
						   SAYS("Too many requests"))),
		   OUTCOME_DEFER);
	ck_assert_int_eq(b.result.outcome.retry_after_s, 754);
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 429, SAYS("Too many requests"))),
		   OUTCOME_DEFER);
	ck_assert_int_eq(b.result.outcome.retry_after_s, 300);
}
END_TEST

START_TEST(lost_uploads_are_made_anew_a_few_times)
{
	static const char gone[] = SAYS("Media 100 not found or already attached to another post");

	mastodon_staged(1);
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 422, gone)), OUTCOME_DEFER);
	bench_ends(&b, bench_fire(&b, NULL), OUTCOME_RESTAGE);
	memo_set_text(mastodon_item(&b.d, 0), "id", "101");
	memo_set_int(mastodon_item(&b.d, 0), "dies", BENCH_NOW_S + 1000);
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 422, gone)), OUTCOME_REFUSED);
}
END_TEST

/* One status of a list. at: seconds after the fire. */
static const char *status_of(const char *id, int64_t at_s, const char *content, const char *more)
{
	char at[RFC3339_MAX];

	rfc3339_print_ms((BENCH_NOW_S + at_s) * US_PER_S, at);
	return arena_printf(b.arena,
			    "{\"id\":\"%s\",\"created_at\":\"%s\",\"content\":\"%s\","
			    "\"spoiler_text\":\"\",%s\"url\":"
			    "\"https://mast.example.com/@acmebakery/%s\"%s}",
			    id, at, content,
			    strstr(more, "media_attachments") ? "" : "\"media_attachments\":[],",
			    id, more);
}

static const char *list_of(const char *one, const char *two)
{
	return arena_printf(b.arena, "[%s%s%s]", one, *one && *two ? "," : "", two);
}

/* That part of the document is not at hand. */
static void begin_look(void)
{
	b.contract = NULL;
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	bench_sends(&b, bench_recover(&b, NULL), LIST);
}

/* The first page of a look, and an empty one after it if it is asked for. */
static enum step look(const char *page)
{
	enum step step;

	begin_look();
	step = bench_recover(&b, bench_reply(&b, 200, page));
	if (step == STEP_SEND && strstr(b.result.request->url, "max_id="))
		step = bench_recover(&b, bench_reply(&b, 200, "[]"));
	return step;
}

static const struct {
	const char *options;
	int64_t at_s;
	const char *content, *more;
	enum outcome_kind kind;
	const char *source; /* what is read then; NULL: nothing */
} looks[] = {
	{ "{}", 1, "<p>Fresh bread</p>", "", OUTCOME_PUBLISHED, NULL },
	{ "{}", -59, "<p>Fresh bread</p>", "", OUTCOME_PUBLISHED, NULL },
	{ "{}", -61, "<p>Fresh bread</p>", "", OUTCOME_ABSENT, NULL },
	/* What the list shows differently was written so, or was not. */
	{ "{}", 1, "<p>Fr&eacute;sh bread</p>", "", OUTCOME_PUBLISHED, "Fresh bread" },
	{ "{}", 1, "<p>Stale bread</p>", "", OUTCOME_ABSENT, "Stale bread" },
	{ "{}", 1, "<p>Other</p>", ",\"text\":\"Fresh bread\"", OUTCOME_PUBLISHED, NULL },
	/* Another shape. */
	{ "{}", 1, "<p>Fresh bread</p>", ",\"in_reply_to_id\":\"5\"", OUTCOME_ABSENT, NULL },
	{ "{}", 1, "<p>Fresh bread</p>", ",\"poll\":{\"id\":\"1\"}", OUTCOME_ABSENT, NULL },
	{ "{}", 1, "<p>Fresh bread</p>", ",\"reblog\":{\"id\":\"1\"}", OUTCOME_ABSENT, NULL },
	{ "{\"reply_to_id\":\"5\"}", 1, "<p>Fresh bread</p>", ",\"in_reply_to_id\":\"5\"",
	  OUTCOME_PUBLISHED, NULL },
	{ "{\"reply_to_id\":\"5\"}", 1, "<p>Fresh bread</p>", "", OUTCOME_ABSENT, NULL },
	/* A warning that the server made the text of counts as words all the same. */
	{ "{\"content_warning\":\"crumbs\"}", 1, "<p>crumbs<br />Fresh bread</p>", "",
	  OUTCOME_PUBLISHED, NULL },
	{ "{\"content_warning\":\"crumbs\"}", 1, "<p>Fresh bread</p>", "", OUTCOME_ABSENT,
	  "Fresh bread" },
};

START_TEST(look_proves_what_it_shows)
{
	enum step step;

	mastodon_options(looks[_i].options);
	step = look(list_of(status_of("7", looks[_i].at_s, looks[_i].content, looks[_i].more), ""));
	if (looks[_i].source) {
		bench_sends(&b, step, "GET /api/v1/statuses/7/source");
		step = bench_recover(&b, bench_reply(&b, 200,
						     arena_printf(b.arena,
								  "{\"id\":\"7\",\"text\":\"%s\","
								  "\"spoiler_text\":\"\"}",
								  looks[_i].source)));
	}
	bench_ends(&b, step, looks[_i].kind);
	if (looks[_i].kind != OUTCOME_PUBLISHED)
		return;
	ck_assert_str_eq(b.result.outcome.remote_id, "7");
	ck_assert_str_eq(b.result.outcome.remote_url, "https://mast.example.com/@acmebakery/7");
}
END_TEST

#define HOLDS(id) ",\"media_attachments\":[{\"id\":\"" id "\",\"type\":\"image\"}]"

/* Nobody but us could attach our uploads: then words do not matter, and no twin does. */
START_TEST(own_uploads_are_proof)
{
	enum step step;

	mastodon_staged(1);
	bench_rival(&b, 0);
	step = look(list_of(status_of("8", 1, "<p>Fresh bread</p>", HOLDS("55")),
			    status_of("7", 1, "<p>shown otherwise</p>", HOLDS("100"))));
	bench_ends(&b, step, OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "7");
}
END_TEST

START_TEST(uploads_of_another_are_compared_by_words)
{
	mastodon_staged(1);
	bench_ends(&b, look(list_of(status_of("8", 1, "<p>Fresh bread</p>", HOLDS("55")), "")),
		   OUTCOME_PUBLISHED);
	mastodon_staged(2);
	bench_ends(&b, look(list_of(status_of("8", 1, "<p>Fresh bread</p>", HOLDS("55")), "")),
		   OUTCOME_ABSENT);
}
END_TEST

START_TEST(two_that_fit_are_nobodys)
{
	const char *one = status_of("8", 2, "<p>Fresh bread</p>", "");

	bench_ends(&b, look(list_of(one, status_of("7", 1, "<p>Fresh bread</p>", ""))),
		   OUTCOME_UNKNOWN);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "ambiguous");
	/* The same row twice is one status. */
	bench_ends(&b, look(list_of(one, one)), OUTCOME_PUBLISHED);
}
END_TEST

START_TEST(match_that_may_be_anothers_is_nobodys)
{
	bench_rival(&b, _i);
	bench_ends(&b, look(list_of(status_of("7", 1, "<p>Fresh bread</p>", ""), "")),
		   OUTCOME_UNKNOWN);
}
END_TEST

START_TEST(list_is_read_back_to_the_fire)
{
	begin_look();
	bench_sends(&b,
		    bench_recover(&b, bench_reply(&b, 200,
						  list_of(status_of("9", 5, "<p>Cake</p>",
								    ",\"text\":\"Cake\""),
							  ""))),
		    LIST "&max_id=9");
	bench_restart(&b);
	bench_sends(&b, bench_recover(&b, NULL), LIST "&max_id=9");
	/* What lies before the fire ends it; only then are the words of others asked for. */
	bench_sends(
		&b,
		bench_recover(&b, bench_reply(&b, 200,
					      list_of(status_of("7", 1, "<p>Fresh bread</p>", ""),
						      status_of("6", -600, "<p>x</p>", "")))),
		"GET /api/v1/statuses/9/source");
	/* A server that does not know how to tell them has told what it can. */
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 404, SAYS("Not Found"))),
		   OUTCOME_PUBLISHED);
	bench_sends(&b, bench_recover(&b, NULL), LIST);
}
END_TEST

START_TEST(endless_list_proves_nothing)
{
	enum step step;
	int pages = 0;

	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	step = bench_recover(&b, NULL);
	for (; step == STEP_SEND && pages < 50; pages++)
		step = bench_recover(
			&b, bench_reply(&b, 200,
					list_of(status_of(arena_printf(b.arena, "%d", 900 - pages),
							  5, "<p>Cake</p>", HOLDS("1")),
						"")));
	bench_ends(&b, step, OUTCOME_UNKNOWN);
	ck_assert_int_eq(pages, 10);
}
END_TEST

/* The server's clock is ten minutes behind ours: so are its dates. */
START_TEST(dates_are_the_servers)
{
	const char *page = list_of(status_of("7", -599, "<p>Fresh bread</p>", ""), "");

	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	/* 1800000000 - 600 */
	ck_assert_int_eq(bench_recover(&b, bench_reply_with(&b, 200,
							    "Date: Fri, 15 Jan 2027 07:50:00 GMT"
							    "\r\n",
							    page)),
			 STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, "[]")), OUTCOME_PUBLISHED);
}
END_TEST

static const struct bench_answer blind[] = {
	{ 500, SAYS("x"), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "{}", OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "", OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 404, SAYS("Record not found"), OUTCOME_UNKNOWN, POST_ERROR_CONTENT_REJECTED, WHO_YOU },
	{ 429, SAYS("Throttled"), OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED, WHO_PLATFORM },
	{ 401, SAYS("The access token was revoked"), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER },
};

START_TEST(look_that_fails_proves_nothing)
{
	const struct bench_answer *row = &blind[_i];

	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_fails(&b, bench_recover(&b, bench_reply(&b, row->status, row->body)), row->kind,
		    row->code, row->who);
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_broken(&b)), OUTCOME_UNKNOWN);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ fire_is_one_call_with_these_bytes, (int)ARRAY_LEN(fires) },
		{ key_stays_the_same_when_fired_again, 0 },
		{ part_without_its_forerunner_is_not_sent, 0 },
		{ address_that_is_none_is_made_up, 0 },
		{ answer_to_the_fire_is_read_row_by_row, (int)ARRAY_LEN(verdicts) },
		{ limit_is_waited_for_until_its_date, 0 },
		{ lost_uploads_are_made_anew_a_few_times, 0 },
		{ look_proves_what_it_shows, (int)ARRAY_LEN(looks) },
		{ own_uploads_are_proof, 0 },
		{ uploads_of_another_are_compared_by_words, 0 },
		{ two_that_fit_are_nobodys, 0 },
		{ match_that_may_be_anothers_is_nobodys, BENCH_RIVALS },
		{ list_is_read_back_to_the_fire, 0 },
		{ endless_list_proves_nothing, 0 },
		{ dates_are_the_servers, 0 },
		{ look_that_fails_proves_nothing, (int)ARRAY_LEN(blind) },
		{ NULL, 0 },
	};

	return mastodon_run(&(struct suite_of){
		.name = "mastodon_publish",
		.setup = setup,
		.teardown = mastodon_close,
		.cases = cases,
	});
}

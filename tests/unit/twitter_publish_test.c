/* SPDX-License-Identifier: Apache-2.0 */
/* The one irreversible call to X, and what a look at the timeline proves, without a network. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform/thread.h"
#include "twitter_bench.h"

#define FIRE    "POST /2/tweets "
#define NOW_ID  "1990000000000000001"
#define CREATED "{\"data\":{\"id\":\"" NOW_ID "\",\"text\":\"t\"}}"
#define PROBLEM(title, detail, type) \
	"{\"title\":\"" title "\",\"detail\":\"" detail "\",\"type\":\"" type "\",\"status\":0}"
#define PROBLEMS "https://api.twitter.com/2/problems/"
#define BLANK    "about:blank"
#define INVALID(message)                                                                          \
	"{\"errors\":[{\"parameters\":{},\"message\":\"" message                                  \
	"\"}],\"title\":\"Invalid Request\","                                                     \
	"\"detail\":\"One or more parameters to your request was invalid.\",\"type\":\"" PROBLEMS \
	"invalid-request\"}"

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "twitter",
		       "quotes_allowed = 1\nmedia_renewals = 1\nfields_parameter = post.fields\n"
		       "fields = created_at,text,attachments,entities,note_post\n");
	b.contract = twitter_contract;
}

static void teardown(void)
{
	bench_close(&b);
}

static void options(const char *json)
{
	json_decref(b.post.options);
	b.post.options = json_loads(json, 0, NULL);
	ck_assert_ptr_nonnull(b.post.options);
}

/* Media that were staged under the ids 100, 101 ... */
static void staged(size_t n)
{
	bench_images(&b, n > 1 ? CONTENT_CAROUSEL : CONTENT_IMAGE, n);
	for (size_t i = 0; i < n; i++) {
		memo_set_text(twitter_item(&b.d, i), "id", arena_printf(b.arena, "%zu", 100 + i));
		memo_set_int(twitter_item(&b.d, i), "dies", BENCH_NOW_S + 1000);
	}
}

static const struct {
	const char *caption, *link, *options, *body;
	size_t media_n, part;
} fires[] = {
	{ "Bread", NULL, "{}", "{\"text\":\"Bread\"}", 0, 0 },
	{ "", NULL, "{}", "{\"media\":{\"media_ids\":[\"100\"]}}", 1, 0 },
	{ "Bread", NULL, "{}",
	  "{\"text\":\"Bread\",\"media\":{\"media_ids\":[\"100\",\"101\",\"102\",\"103\"]}}", 4,
	  0 },
	{ "See", "https://a.example/x", "{}", "{\"text\":\"See\\nhttps://a.example/x\"}", 0, 0 },
	{ "See https://a.example/x", "https://a.example/x", "{}",
	  "{\"text\":\"See https://a.example/x\"}", 0, 0 },
	{ "Yes", NULL, "{\"reply_to_id\":\"7\",\"reply_settings\":\"verified\"}",
	  "{\"text\":\"Yes\",\"reply\":{\"in_reply_to_tweet_id\":\"7\"},\"reply_settings\":"
	  "\"verified\"}",
	  0, 0 },
	{ "All", NULL, "{\"reply_settings\":\"everyone\"}", "{\"text\":\"All\"}", 0, 0 },
	{ "Look", NULL, "{\"quote_id\":\"8\"}", "{\"text\":\"Look\",\"quote_tweet_id\":\"8\"}", 0,
	  0 },
	{ "Which", NULL, "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":60}}",
	  "{\"text\":\"Which\",\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":60}}", 0,
	  0 },
	{ "Made", NULL, "{\"is_ai_generated\":true,\"is_paid_partnership\":true}",
	  "{\"text\":\"Made\",\"made_with_ai\":true,\"paid_partnership\":true}", 0, 0 },
	{ "One", "https://a.example/x", "{\"thread\":[\"Two\"],\"reply_to_id\":\"7\"}",
	  "{\"text\":\"One\\nhttps://a.example/x\",\"reply\":{\"in_reply_to_tweet_id\":\"7\"}}", 0,
	  0 },
	/* What belongs to the head stays there; disclosures go with every part. */
	{ "One", "https://a.example/x",
	  "{\"thread\":[\"Two\"],\"reply_to_id\":\"7\",\"reply_settings\":\"verified\","
	  "\"quote_id\":\"8\",\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":60},"
	  "\"is_ai_generated\":true}",
	  "{\"text\":\"Two\",\"reply\":{\"in_reply_to_tweet_id\":\"42\"},\"made_with_ai\":true}", 0,
	  1 },
	{ "One", NULL, "{\"thread\":[\"Two\",{\"media\":[1,2]},{\"text\":\"Four\",\"media\":[3]}]}",
	  "{\"text\":\"One\",\"media\":{\"media_ids\":[\"100\"]}}", 4, 0 },
	{ "One", NULL, "{\"thread\":[\"Two\",{\"media\":[1,2]},{\"text\":\"Four\",\"media\":[3]}]}",
	  "{\"text\":\"Two\",\"reply\":{\"in_reply_to_tweet_id\":\"42\"}}", 4, 1 },
	{ "One", NULL, "{\"thread\":[\"Two\",{\"media\":[1,2]},{\"text\":\"Four\",\"media\":[3]}]}",
	  "{\"media\":{\"media_ids\":[\"101\",\"102\"]},\"reply\":{\"in_reply_to_tweet_id\":\"42\"}"
	  "}",
	  4, 2 },
	{ "One", NULL, "{\"thread\":[\"Two\",{\"media\":[1,2]},{\"text\":\"Four\",\"media\":[3]}]}",
	  "{\"text\":\"Four\",\"media\":{\"media_ids\":[\"103\"]},"
	  "\"reply\":{\"in_reply_to_tweet_id\":\"42\"}}",
	  4, 3 },
};

START_TEST(fire_is_one_call_with_these_bytes)
{
	staged(fires[_i].media_n);
	b.post.caption = fires[_i].caption;
	b.post.link = fires[_i].link;
	options(fires[_i].options);
	b.d.part = fires[_i].part;
	b.d.before_id = fires[_i].part > 0 ? "42" : NULL;
	bench_sends(&b, bench_fire(&b, NULL), arena_printf(b.arena, FIRE "%s", fires[_i].body));
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
	ck_assert_str_eq(bench_header(b.result.request, "Content-Type"), "application/json");
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 201, CREATED)), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, NOW_ID);
	ck_assert_str_eq(b.result.outcome.remote_url, "https://x.com/acmebakery/status/" NOW_ID);
}
END_TEST

START_TEST(parts_are_counted)
{
	struct publication part;

	ck_assert_uint_eq(thread_part(&b.post, 0, &part), 1);
	options("{\"thread\":[\"two\",{\"text\":\"three\"}]}");
	ck_assert_uint_eq(thread_part(&b.post, 2, &part), 3);
	ck_assert_str_eq(part.caption, "three");
	ck_assert_int_eq(part.kind, CONTENT_TEXT);
}
END_TEST

START_TEST(part_without_its_forerunner_is_not_sent)
{
	options("{\"thread\":[\"two\"]}");
	b.d.part = 1;
	bench_ends(&b, bench_fire(&b, NULL), OUTCOME_REFUSED);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "part_id_unknown");
}
END_TEST

struct verdict_row {
	int status;
	const char *body;
	enum outcome_kind kind;
	enum post_error_code code;
	enum who who;
};

#define ROW(status, body, kind, code, who)                                 \
	{                                                                  \
		status, body, OUTCOME_##kind, POST_ERROR_##code, WHO_##who \
	}
/* clang-format off */
static const struct verdict_row verdicts[] = {
	ROW(401, PROBLEM("Unauthorized", "Unauthorized", BLANK), REFRESH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	ROW(402, PROBLEM("CreditsDepleted", "no credits", PROBLEMS "credits"), REFUSED, CONFIGURATION, OPERATOR),
	ROW(403, PROBLEM("x", "y", PROBLEMS "usage-capped"), REFUSED, CONFIGURATION, OPERATOR),
	ROW(429, PROBLEM("Too Many Requests", "Too Many Requests", BLANK), DEFER, RATE_LIMITED, PLATFORM),
	ROW(429, "{\"errors\":[{\"code\":88,\"message\":\"Rate limit exceeded\"}]}", DEFER, RATE_LIMITED, PLATFORM),
	ROW(400, INVALID("Your media IDs are invalid."), DEFER, MEDIA_REJECTED, PLATFORM),
	ROW(403, PROBLEM("Forbidden", "You are not allowed to create a Tweet with duplicate content.", BLANK), REFUSED, CONTENT_REJECTED, YOU),
	ROW(403, PROBLEM("Unsupported Authentication", "Authenticating with Unknown is forbidden", PROBLEMS "about"), DEFER, PLATFORM, PLATFORM),
	ROW(403, PROBLEM("x", "y", PROBLEMS "unsupported-authentication"), REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	ROW(403, PROBLEM("x", "y", PROBLEMS "oauth1-permissions"), REFUSED, CONFIGURATION, OPERATOR),
	ROW(403, PROBLEM("x", "y", PROBLEMS "client-forbidden"), REFUSED, CONFIGURATION, OPERATOR),
	ROW(403, PROBLEM("x", "not attached to a Project", BLANK), REFUSED, CONFIGURATION, OPERATOR),
	ROW(403, PROBLEM("Forbidden", "your account is suspended", BLANK), REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	ROW(403, PROBLEM("Forbidden", "This account is temporarily locked", BLANK), REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	ROW(403, PROBLEM("Forbidden", "Your account is not permitted to access this feature", BLANK), REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	ROW(403, PROBLEM("Forbidden", "not allowed to post a video longer than 2 minutes", BLANK), REFUSED, MEDIA_REJECTED, YOU),
	ROW(403, PROBLEM("Forbidden", "You are not permitted to perform this action.", BLANK), REFUSED, CONTENT_REJECTED, YOU),
	ROW(403, PROBLEM("Forbidden", "Forbidden", BLANK), REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	ROW(403, PROBLEM("Forbidden", "something new", BLANK), REFUSED, CONTENT_REJECTED, YOU),
	ROW(404, PROBLEM("Not Found Error", "no tweet", "https://api.x.com/2/problems/resource-not-found"), REFUSED, CONTENT_REJECTED, YOU),
	ROW(400, INVALID("Your Tweet text is too long."), REFUSED, CONTENT_REJECTED, YOU),
	ROW(413, PROBLEM("x", "too large", BLANK), REFUSED, MEDIA_REJECTED, YOU),
	/* Nothing of these is the API's own word that there is no post. */
	ROW(400, PROBLEM("Bad Request", "y", BLANK), UNKNOWN, CONTENT_REJECTED, YOU),
	ROW(400, "", UNKNOWN, CONTENT_REJECTED, YOU),
	ROW(403, "<html>blocked</html>", UNKNOWN, CONTENT_REJECTED, YOU),
	ROW(401, "", UNKNOWN, TOKEN_EXPIRED, ACCOUNT_OWNER),
	ROW(429, "<html>slow</html>", UNKNOWN, RATE_LIMITED, PLATFORM),
	ROW(408, PROBLEM("Timeout", "y", BLANK), UNKNOWN, NETWORK, PLATFORM),
	ROW(431, PROBLEM("x", "y", BLANK), UNKNOWN, MEDIA_REJECTED, PLATFORM),
	ROW(500, PROBLEM("Internal Error", "y", BLANK), UNKNOWN, PLATFORM, PLATFORM),
	ROW(503, "{\"errors\":[{\"code\":130,\"message\":\"Over capacity\"}]}", UNKNOWN, PLATFORM, PLATFORM),
	ROW(502, "<html>", UNKNOWN, PLATFORM, PLATFORM),
	ROW(503, PROBLEM("x", "y", PROBLEMS "credits"), UNKNOWN, CONFIGURATION, OPERATOR),
	ROW(302, "", UNKNOWN, PLATFORM, PLATFORM),
	ROW(201, "", UNKNOWN, PLATFORM, PLATFORM),
	ROW(200, "{\"errors\":[{\"message\":\"partial\"}]}", UNKNOWN, PLATFORM, PLATFORM),
};
/* clang-format on */

START_TEST(answer_to_the_fire_is_read_row_by_row)
{
	const struct verdict_row *row = &verdicts[_i];

	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, row->status, row->body)), row->kind);
	ck_assert_int_eq(b.result.outcome.error.code, row->code);
	ck_assert_int_eq(b.result.outcome.error.who, row->who);
	ck_assert_uint_gt(strlen(b.result.outcome.error.message), 10);
	if (row->kind == OUTCOME_UNKNOWN)
		ck_assert_int_eq(b.result.outcome.retry_after_s, 0);
}
END_TEST

/* Each row of the adapter's table is reached by some answer above or is of no fire. */
START_TEST(no_row_hides_behind_an_earlier_one)
{
	for (size_t i = 0; twitter_error_rows[i].sentence; i++) {
		const struct twitter_error_row *row = &twitter_error_rows[i];
		const struct twitter_reply r = { .status = row->status ? row->status : 599,
						 .type = row->type ? row->type : "",
						 .words = row->words ? row->words : "" };

		ck_assert_msg(twitter_error_find(&r) == row, "row %zu: %s", i, row->sentence);
	}
}
END_TEST

START_TEST(spoilt_media_are_uploaded_anew_a_few_times)
{
	for (int i = 0; i < 2; i++) {
		staged(1);
		ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
		bench_ends(&b,
			   bench_fire(&b,
				      bench_reply(&b, 400, INVALID("Your media IDs are invalid."))),
			   i == 0 ? OUTCOME_DEFER : OUTCOME_REFUSED);
		ck_assert_ptr_null(memo_text(twitter_item(&b.d, 0), "id"));
		bench_restart(&b);
	}
}
END_TEST

/* As the newest description of the API has it. */
#define LIST                                                                            \
	"GET /2/users/1784/tweets?max_results=100&start_time=2027-01-15T07%3A59%3A00Z&" \
	"exclude=retweets&post.fields=created_at%2Ctext%2Cattachments%2Centities%2Cnote_post"
#define LIST_OLD                                                                        \
	"GET /2/users/1784/tweets?max_results=100&start_time=2027-01-15T07%3A59%3A00Z&" \
	"exclude=retweets&tweet.fields=created_at%2Ctext%2Cattachments%2Centities%2C"   \
	"referenced_tweets%2Cin_reply_to_user_id%2Cnote_tweet"
#define AT                  ",\"created_at\":\"2027-01-15T08:00:00.000Z\""
#define ONE(id, text, more) "{\"id\":\"" id "\",\"text\":\"" text "\"" AT more "}"
#define PAGE1(rows)         "{\"data\":[" rows "],\"meta\":{\"result_count\":1}}"
#define NONE                "{\"meta\":{\"result_count\":0}}"
#define REPLY_TO(id)        ",\"referenced_tweets\":[{\"type\":\"replied_to\",\"id\":\"" id "\"}]"

static const struct {
	const char *caption, *options;
	size_t media_n, part;
	const char *list;
	enum outcome_kind kind;
} looks[] = {
	{ "Bread", "{}", 0, 0, NONE, OUTCOME_ABSENT },
	{ "Bread", "{}", 0, 0, PAGE1(ONE("5", "Bread", "")), OUTCOME_PUBLISHED },
	{ "Bread", "{}", 0, 0, PAGE1(ONE("5", "bread", "")), OUTCOME_ABSENT },
	/* Links shortened, signs escaped, white space and composition as it likes. */
	{ "A & <b> https://a.example/x/", "{}", 0, 0,
	  PAGE1(ONE("5", "A &amp; &lt;b&gt;  https://t.co/q",
		    ",\"entities\":{\"urls\":[{\"url\":\"https://t.co/q\",\"expanded_url\":"
		    "\"https://a.example/x\"}]}")),
	  OUTCOME_PUBLISHED },
	{ "\u00c1", "{}", 0, 0, PAGE1(ONE("5", "A\u0301", "")), OUTCOME_PUBLISHED },
	{ "Pic", "{}", 1, 0,
	  PAGE1(ONE("5", "Pic https://t.co/m",
		    ",\"attachments\":{\"media_keys\":[\"3_1\"]},\"entities\":{\"urls\":[{\"url\":"
		    "\"https://t.co/m\",\"expanded_url\":\"https://x.com/a/status/5/photo/1\"}]}")),
	  OUTCOME_PUBLISHED },
	{ "Pic", "{}", 1, 0, PAGE1(ONE("5", "Pic", "")), OUTCOME_ABSENT },
	{ "Pic", "{}", 0, 0, PAGE1(ONE("5", "Pic", ",\"attachments\":{\"media_keys\":[\"3_1\"]}")),
	  OUTCOME_ABSENT },
	{ "Long", "{}", 0, 0, PAGE1(ONE("5", "Lo...", ",\"note_tweet\":{\"text\":\"Long\"}")),
	  OUTCOME_PUBLISHED },
	{ "Yes", "{\"reply_to_id\":\"7\"}", 0, 0, PAGE1(ONE("5", "Yes", REPLY_TO("7"))),
	  OUTCOME_PUBLISHED },
	{ "Yes", "{\"reply_to_id\":\"7\"}", 0, 0, PAGE1(ONE("5", "Yes", REPLY_TO("8"))),
	  OUTCOME_ABSENT },
	{ "Yes", "{}", 0, 0, PAGE1(ONE("5", "Yes", REPLY_TO("8"))), OUTCOME_ABSENT },
	/* The same text was there before the fire, or is another post of ours. */
	{ "Bread", "{}", 0, 0,
	  PAGE1("{\"id\":\"5\",\"text\":\"Bread\",\"created_at\":\"2027-01-15T07:58:59.000Z\"}"),
	  OUTCOME_ABSENT },
	{ "Bread", "{}", 0, 0, PAGE1(ONE("666", "Bread", "")), OUTCOME_ABSENT },
	/* Which of the two? */
	{ "Bread", "{}", 0, 0,
	  "{\"data\":[" ONE("5", "Bread", "") "," ONE("6", "Bread",
						      "") "],\"meta\":{\"result_count\":2}}",
	  OUTCOME_UNKNOWN },
	{ "Bread", "{}", 0, 0,
	  "{\"data\":[" ONE("5", "Bread", "") "," ONE("5", "Bread",
						      "") "],\"meta\":{\"result_count\":2}}",
	  OUTCOME_PUBLISHED },
	/* Rows that are said to be there and are not prove nothing. */
	{ "Bread", "{}", 0, 0, "{\"data\":[],\"meta\":{\"result_count\":1}}", OUTCOME_UNKNOWN },
	{ "Bread", "{}", 0, 0, "{\"data\":[]}", OUTCOME_UNKNOWN },
	{ "Bread", "{}", 0, 0, "<html>", OUTCOME_UNKNOWN },
	/* Of a thread the very part, below the very one before. */
	{ "One", "{\"thread\":[\"Two\",\"Three\"]}", 0, 1, PAGE1(ONE("5", "Two", REPLY_TO("42"))),
	  OUTCOME_PUBLISHED },
	{ "One", "{\"thread\":[\"Two\"]}", 0, 1,
	  PAGE1(ONE("5", "T",
		    ",\"note_post\":{\"text\":\"Two\"},\"referenced_posts\":[{\"type\":"
		    "\"replied_to\",\"id\":\"42\"}]")),
	  OUTCOME_PUBLISHED },
	{ "One", "{\"thread\":[\"Two\",\"Three\"]}", 0, 1, PAGE1(ONE("5", "Two", REPLY_TO("41"))),
	  OUTCOME_ABSENT },
	{ "One", "{\"thread\":[\"Two\",\"Three\"]}", 0, 1, PAGE1(ONE("5", "Two", "")),
	  OUTCOME_ABSENT },
	{ "One", "{\"thread\":[\"Two\",\"Three\"]}", 0, 1, PAGE1(ONE("5", "Three", REPLY_TO("42"))),
	  OUTCOME_ABSENT },
	{ "One", "{\"thread\":[\"Two\",\"Three\"]}", 0, 0, PAGE1(ONE("5", "One", "")),
	  OUTCOME_PUBLISHED },
};

static bool is_taken(void *arg, const char *remote_id)
{
	(void)arg;
	return strcmp(remote_id, "666") == 0;
}

START_TEST(look_proves_what_it_shows)
{
	staged(looks[_i].media_n);
	b.post.caption = looks[_i].caption;
	options(looks[_i].options);
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	b.d.is_taken = is_taken;
	b.d.part = looks[_i].part;
	b.d.before_id = looks[_i].part > 0 ? "42" : NULL;
	bench_sends(&b, bench_recover(&b, NULL), LIST);
	ck_assert_int_eq(b.result.phase, PHASE_DOUBT);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, looks[_i].list)), looks[_i].kind);
	if (looks[_i].kind == OUTCOME_PUBLISHED)
		ck_assert_str_eq(b.result.outcome.remote_id, "5");
}
END_TEST

START_TEST(match_that_may_be_anothers_is_nobodys)
{
	staged(0);
	b.post.caption = "Bread";
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	bench_rival(&b, _i);
	(void)bench_recover(&b, NULL);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, PAGE1(ONE("5", "Bread", "")))),
		   OUTCOME_UNKNOWN);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "ambiguous");
}
END_TEST

START_TEST(fields_are_named_as_ever_unless_told)
{
	teardown();
	bench_open_for(&b, "twitter", "");
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	bench_sends(&b, bench_recover(&b, NULL), LIST_OLD);
}
END_TEST

START_TEST(list_is_read_to_its_end)
{
	b.post.caption = "Bread";
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	bench_sends(&b, bench_recover(&b, NULL), LIST);
	bench_sends(
		&b,
		bench_recover(
			&b, bench_reply(&b, 200,
					"{\"data\":[" ONE(
						"4", "Cake",
						"") "],\"meta\":{"
						    "\"result_count\":1,\"next_token\":\"p2\"}}")),
		LIST "&pagination_token=p2");
	bench_restart(&b);
	bench_sends(&b, bench_recover(&b, NULL), LIST "&pagination_token=p2");
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, PAGE1(ONE("5", "Bread", "")))),
		   OUTCOME_PUBLISHED);
	bench_sends(&b, bench_recover(&b, NULL), LIST);
}
END_TEST

START_TEST(stale_token_is_renewed_for_the_look)
{
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_recover(&b, bench_reply(&b, 401,
						 PROBLEM("Unauthorized", "Unauthorized", BLANK))),
		   OUTCOME_REFRESH);
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_broken(&b)), OUTCOME_UNKNOWN);
}
END_TEST

/* Only after a doubt does X's refusal of a double mean that the first is there; and only of that part. */
START_TEST(duplicate_after_a_doubt_is_no_refusal)
{
	static const char body[] =
		PROBLEM("Forbidden",
			"You are not allowed to create a Tweet with duplicate content.", BLANK);

	options("{\"thread\":[\"two\"]}");
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, NONE)), OUTCOME_ABSENT);
	bench_restart(&b);
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 403, body)), OUTCOME_UNKNOWN);
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, NONE)), OUTCOME_UNKNOWN);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "duplicate_unseen");
	b.d.part = 1;
	b.d.before_id = "42";
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 403, body)), OUTCOME_REFUSED);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ fire_is_one_call_with_these_bytes, (int)ARRAY_LEN(fires) },
		{ parts_are_counted, 0 },
		{ part_without_its_forerunner_is_not_sent, 0 },
		{ answer_to_the_fire_is_read_row_by_row, (int)ARRAY_LEN(verdicts) },
		{ no_row_hides_behind_an_earlier_one, 0 },
		{ spoilt_media_are_uploaded_anew_a_few_times, 0 },
		{ look_proves_what_it_shows, (int)ARRAY_LEN(looks) },
		{ match_that_may_be_anothers_is_nobodys, BENCH_RIVALS },
		{ fields_are_named_as_ever_unless_told, 0 },
		{ list_is_read_to_its_end, 0 },
		{ stale_token_is_renewed_for_the_look, 0 },
		{ duplicate_after_a_doubt_is_no_refusal, 0 },
		{ NULL, 0 },
	};

	return twitter_run(&(struct suite_of){
		.name = "twitter_publish",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

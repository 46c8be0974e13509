/* SPDX-License-Identifier: Apache-2.0 */
/* Media that must become something else: what the API says of it, and that it does go out. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "support/client.h"
#include "support/fixtures.h"
#include "support/suite.h"

/* An approved image of that file; overrides: JSON of Instagram's, or NULL. */
static char *approved(enum fixture f, const char *overrides)
{
	char *media = fixture_media(CLIENT_TOKEN, f);
	CLEANUP(answer_free)
	struct answer *made = client_callf(
		"POST", "/api/v1/content", CLIENT_TOKEN,
		"{\"kind\":\"image\",\"caption\":\"convert\",\"media\":[{\"media_id\":\"%s\"}],"
		"\"overrides\":{\"instagram\":%s}}",
		media, overrides ? overrides : "{}");

	free(media);
	assert_status(made, 201);
	fixture_approve(CLIENT_TOKEN, answer_text(made, "id"));
	return strdup(answer_text(made, "id"));
}

static struct answer *preflight(const char *content)
{
	char path[160];

	snprintf(path, sizeof(path), "/api/v1/content/%s/preflight?platform=instagram", content);
	return client_call("GET", path, CLIENT_TOKEN, NULL);
}

static struct answer *schedule(const char *content)
{
	char path[128], at[RFC3339_MAX];

	rfc3339_print(clock_real_us() + US_PER_DAY, at);
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	return client_callf("POST", path, CLIENT_TOKEN,
			    "{\"scheduled_at\":\"%s\",\"platforms\":[\"instagram\"]}", at);
}

START_TEST(conversion_is_a_warning)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = approved(FIXTURE_PNG, NULL);
	CLEANUP(answer_free) struct answer *a = preflight(content);

	assert_status(a, 200);
	ck_assert_msg(answer_bool(a, "targets.0.ok"), "%s", a->body);
	ck_assert_str_eq(answer_text(a, "targets.0.warnings.0.code"), "will_be_converted");
	ck_assert_str_eq(answer_text(a, "targets.0.warnings.0.pointer"), "media/0");
	ck_assert_ptr_nonnull(
		strstr(answer_text(a, "targets.0.warnings.0.detail"), "a JPEG image"));
	free(account);
	free(content);
}
END_TEST

START_TEST(scheduling_has_it_made_ahead)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = approved(FIXTURE_PNG, NULL);
	CLEANUP(answer_free) struct answer *a = schedule(content);
	char *n;

	assert_status(a, 201);
	n = client_sql("SELECT COUNT(*) > 0 FROM renditions r JOIN content_media m ON "
		       "m.workspace_id = r.workspace_id AND m.media_id = r.source_id "
		       "WHERE m.content_id = '%s' AND r.recipe LIKE 'jpeg %%'",
		       content);
	ck_assert_str_eq(n, "1");
	free(n);
	free(account);
	free(content);
}
END_TEST

START_TEST(publish_now_waits_for_it)
{
	static const char *const headers[] = { "Prefer: wait=50", NULL };
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = approved(FIXTURE_PNG, NULL);
	CLEANUP(answer_free) struct answer *a = schedule(content);
	char path[128];
	const struct call now = { .method = "POST",
				  .path = path,
				  .token = CLIENT_TOKEN,
				  .headers = headers,
				  .timeout_s = 90 };

	assert_status(a, 201);
	snprintf(path, sizeof(path), "/api/v1/schedule/%s/publish-now",
		 answer_text(a, "scheduled_posts.0.id"));
	CLEANUP(answer_free) struct answer *b = client_send(&now);

	assert_status(b, 200);
	ck_assert_str_eq(answer_text(b, "scheduled_post.state"), "published");
	free(account);
	free(content);
}
END_TEST

/* A slideshow of two pictures with these overrides: the first warning or problem of preflight. */
static struct answer *preflight_slides(const char *overrides)
{
	char *one = fixture_media(CLIENT_TOKEN, FIXTURE_JPEG);
	char *two = fixture_media(CLIENT_TOKEN, FIXTURE_PNG);
	CLEANUP(answer_free)
	struct answer *made = client_callf(
		"POST", "/api/v1/content", CLIENT_TOKEN,
		"{\"kind\":\"slideshow\",\"caption\":\"slides\",\"media\":[{\"media_id\":\"%s\"},"
		"{\"media_id\":\"%s\"}],\"overrides\":{\"instagram\":%s}}",
		one, two, overrides);

	free(one);
	free(two);
	assert_status(made, 201);
	return preflight(answer_text(made, "id"));
}

static const struct {
	const char *overrides, *pointer, *code, *detail;
} shows[] = {
	{ "{\"render_as_video\":true}", "media", "will_be_converted", "1080 x 1920, of 8 seconds" },
	{ "{\"render_as_video\":true,\"slide_duration\":6}", "media", "will_be_converted",
	  "of 12 seconds" },
	{ "{\"slide_duration\":5}", "overrides/slide_duration", "out_of_range", "4, 6 or 8" },
	{ "{\"sound_media_id\":\"med_01AAAAAAAAAAAAAAAAAAAAAAAA\"}", "overrides/sound_media_id",
	  "unknown_media", "med_01A" },
};

START_TEST(slideshow_is_foreseen)
{
	char *account = fixture_account(CLIENT_TOKEN);
	CLEANUP(answer_free) struct answer *a = preflight_slides(shows[_i].overrides);

	assert_status(a, 200);
	ck_assert_msg(strstr(a->body, shows[_i].pointer) && strstr(a->body, shows[_i].code) &&
			      strstr(a->body, shows[_i].detail),
		      "%s", a->body);
	free(account);
}
END_TEST

static const struct {
	const char *overrides, *code;
} wrong_covers[] = {
	{ "{\"cover_media_id\":\"med_01AAAAAAAAAAAAAAAAAAAAAAAA\"}", "unknown_media" },
	{ NULL, "wrong_kind" }, /* a video */
};

START_TEST(wrong_cover_is_refused)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *video = fixture_media(CLIENT_TOKEN, FIXTURE_VIDEO), own[120], *content;

	snprintf(own, sizeof(own), "{\"cover_media_id\":\"%s\"}", video);
	content = approved(FIXTURE_JPEG,
			   wrong_covers[_i].overrides ? wrong_covers[_i].overrides : own);
	CLEANUP(answer_free) struct answer *a = schedule(content);

	assert_status(a, 422);
	ck_assert_ptr_nonnull(strstr(a->body, wrong_covers[_i].code));
	ck_assert_ptr_nonnull(strstr(a->body, "cover_media_id"));
	free(account);
	free(video);
	free(content);
}
END_TEST

/* The address of a rendition serves its bytes; the medium's removal removes them. */
START_TEST(rendition_goes_with_its_medium)
{
	char *media = fixture_fresh_media(CLIENT_TOKEN);
	char path[128], *n;

	n = client_sql("INSERT INTO renditions (workspace_id, id, source_id, recipe, recipe_hash, "
		       "state, due_at, created_at, updated_at) SELECT workspace_id, "
		       "CONCAT('ren_', id), id, 'jpeg', UNHEX(SHA2('jpeg', 256)), 'failed', "
		       "UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP() FROM media "
		       "WHERE id = '%s'",
		       media);
	free(n);
	snprintf(path, sizeof(path), "/api/v1/media/%s", media);
	CLEANUP(answer_free) struct answer *a = client_call("DELETE", path, CLIENT_TOKEN, NULL);

	assert_status(a, 204);
	n = client_sql("SELECT COUNT(*) FROM renditions WHERE source_id = '%s'", media);
	ck_assert_str_eq(n, "0");
	free(n);
	free(media);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ conversion_is_a_warning, 0 },
		{ scheduling_has_it_made_ahead, 0 },
		{ publish_now_waits_for_it, 0 },
		{ slideshow_is_foreseen, (int)ARRAY_LEN(shows) },
		{ wrong_cover_is_refused, (int)ARRAY_LEN(wrong_covers) },
		{ rendition_goes_with_its_medium, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "convert",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_TOKEN", "CARILLON_SANDBOX_URL"),
		.before = fixtures_make,
		.after = fixtures_done,
		.timeout_s = 180,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* TikTok without a network: plans of chunks, where an upload stands, bodies, what preflight says. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/tiktok.h"
#include "platform_bench.h"
#include "support/suite.h"

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "tiktok", "");
	bench_video(&b, CONTENT_VIDEO);
}

static void teardown(void)
{
	bench_close(&b);
}

static void with_settings(const char *extra)
{
	bench_close(&b);
	bench_open_for(&b, "tiktok", extra);
	bench_video(&b, CONTENT_VIDEO);
}

static const struct {
	const char *extra;
	int64_t size, chunk, chunks, last_first; /* the last chunk's first byte */
} plans[] = {
	{ "", 1, 1, 1, 0 },
	{ "", 4999999, 4999999, 1, 0 },
	{ "", 5000000, 5000000, 1, 0 },
	{ "", 20000000, 20000000, 1, 0 },
	{ "", 20000001, 10000000, 2, 10000000 },
	{ "", 50000123, 10000000, 5, 40000000 },
	{ "", 64000000, 10000000, 6, 50000000 },
	{ "", 64000001, 10000000, 6, 50000000 },
	{ "", 70000000, 10000000, 7, 60000000 },
	{ "", 70000001, 10000000, 7, 60000000 },
	{ "", 4000000000, 10000000, 400, 3990000000 },
	/* The smallest chunk, and what is too small for two of them. */
	{ "chunk_bytes = 5000000\nsingle_chunk_max_bytes = 5000000\n", 5000001, 5000001, 1, 0 },
	{ "chunk_bytes = 5000000\nsingle_chunk_max_bytes = 5000000\n", 9999999, 9999999, 1, 0 },
	{ "chunk_bytes = 5000000\nsingle_chunk_max_bytes = 5000000\n", 10000000, 5000000, 2,
	  5000000 },
	{ "chunk_bytes = 5000000\nsingle_chunk_max_bytes = 5000000\n", 17000000000, 17000000, 1000,
	  16983000000 },
	/* The largest one: up to 64 MB in one, beyond that two at least, the last below 128 MB. */
	{ "chunk_bytes = 64000000\nsingle_chunk_max_bytes = 64000000\n", 64000000, 64000000, 1, 0 },
	{ "chunk_bytes = 64000000\nsingle_chunk_max_bytes = 64000000\n", 64000001, 32000000, 2,
	  32000000 },
	{ "chunk_bytes = 64000000\nsingle_chunk_max_bytes = 64000000\n", 127999999, 63999999, 2,
	  63999999 },
	{ "chunk_bytes = 64000000\nsingle_chunk_max_bytes = 64000000\n", 128000000, 64000000, 2,
	  64000000 },
	{ "chunk_bytes = 64000000\nsingle_chunk_max_bytes = 64000000\n", 191999999, 64000000, 2,
	  64000000 },
	{ "chunk_bytes = 40000000\nsingle_chunk_max_bytes = 5000000\n", 63000000, 63000000, 1, 0 },
};

/* What TikTok itself checks of a plan. */
static void plan_is_legal(int64_t size, int64_t chunk, int64_t chunks)
{
	ck_assert_int_eq(chunks, size / chunk);
	ck_assert_int_ge(chunks, 1);
	ck_assert_int_le(chunks, 1000);
	ck_assert_int_le(chunk, 64000000);
	if (chunks == 1)
		ck_assert_int_eq(chunk, size);
	if (size > 64000000)
		ck_assert_int_ge(chunks, 2);
	if (size >= 5000000)
		ck_assert_int_ge(chunk, 5000000);
	ck_assert_int_le(size - (chunks - 1) * chunk, 128000000);
}

START_TEST(plan_follows_the_rule_of_chunks)
{
	const struct http_request *r;

	with_settings(plans[_i].extra);
	b.media[0].bytes = plans[_i].size;
	json_decref(tiktok_video_form(&b.d));
	ck_assert_int_eq(memo_int(b.d.memo, "chunk"), plans[_i].chunk);
	ck_assert_int_eq(memo_int(b.d.memo, "chunks"), plans[_i].chunks);
	plan_is_legal(plans[_i].size, plans[_i].chunk, plans[_i].chunks);
	ck_assert_int_eq(tiktok_is_last_chunk(&b.d), plans[_i].chunks == 1);
	memo_set_int(b.d.memo, "sent", plans[_i].last_first);
	memo_set_text(b.d.memo, "upload_url",
		      "https://open-upload.tiktokapis.com/video/?upload_id=1");
	ck_assert(tiktok_is_last_chunk(&b.d));
	r = tiktok_chunk(&b.d);
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(bench_header(r, "Authorization"), "");
	ck_assert_str_eq(bench_header(r, "Content-Range"),
			 arena_printf(b.arena, "bytes %lld-%lld/%lld",
				      (long long)plans[_i].last_first,
				      (long long)plans[_i].size - 1, (long long)plans[_i].size));
	ck_assert_int_eq(r->offset, plans[_i].last_first);
	ck_assert_int_eq(r->length, plans[_i].size - plans[_i].last_first);
}
END_TEST

static const struct {
	const char *range;
	int64_t sent;
} ranges[] = {
	{ "bytes 0-9999999/70000001", 10000000 },
	{ "bytes 0-10000000/70000001", 10000000 }, /* a count instead of a place */
	{ "bytes 0-12345/70000001", 12346 },
	{ "bytes 0-70000000/70000001", 70000001 },
	{ "bytes 0-70000001/70000001", 70000001 },
	{ "bytes 0-70000002/70000001", -1 },
	{ "bytes 5-9999999/70000001", -1 },
	{ "bytes */70000001", -1 },
	{ "bytes 0-x", -1 },
	{ "", -1 },
	{ NULL, -1 },
};

START_TEST(range_says_how_many_bytes_are_there)
{
	memo_set_int(b.d.memo, "size", 70000001);
	memo_set_int(b.d.memo, "chunk", 10000000);
	memo_set_int(b.d.memo, "chunks", 7);
	ck_assert_int_eq(tiktok_range_sent(&b.d, ranges[_i].range), ranges[_i].sent);
}
END_TEST

static const struct {
	const char *url;
	bool is_trusted;
} addresses[] = {
	{ "https://open-upload.tiktokapis.com/video/?upload_id=1", true },
	{ "https://eu.open-upload.tiktokapis.com/video/", true },
	{ "https://tiktokapis.com.evil.example/video/", false },
	{ "https://eviltiktokapis.com/video/", false },
	{ "https://user@open-upload.tiktokapis.com/video/", false },
	{ "http://eu.tiktokapis.com/video/", false },
	{ "https://eu.tiktokapis.com:8443/video/", false },
	{ "https://eu.tiktokapis.com/video/?a=\x01", false },
	{ "https://eu.tiktokapis.com/video/\r\nX: y", false },
	{ "https://eu.tiktokapis.com/video/ x", false },
	{ "https://eu.tiktokapis.com/video/\xc3\xbc", false },
};

START_TEST(upload_goes_to_trusted_hosts_only)
{
	json_decref(tiktok_video_form(&b.d));
	memo_set_text(b.d.memo, "upload_url", addresses[_i].url);
	ck_assert_int_eq(tiktok_chunk(&b.d) != NULL, addresses[_i].is_trusted);
}
END_TEST

static void set_options(const char *text)
{
	json_t *options = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(options);
	json_decref(b.post.options);
	b.post.options = options;
}

static void form_is(json_t *form, const char *wanted)
{
	char *text = json_dumps(form, JSON_COMPACT | JSON_SORT_KEYS);

	ck_assert_str_eq(text, wanted);
	free(text);
	json_decref(form);
}

static const struct {
	const char *options, *memo, *info;
} videos[] = {
	{ "{}", "{\"privacy\":\"SELF_ONLY\"}",
	  "{\"brand_content_toggle\":false,\"brand_organic_toggle\":false,\"disable_comment\":"
	  "false,\"disable_duet\":false,\"disable_stitch\":false,\"is_aigc\":false,"
	  "\"privacy_level\":\"SELF_ONLY\",\"title\":\"Fresh bread\"}" },
	/* What the creator has switched off goes along as off. */
	{ "{\"thumb_offset_ms\":1500,\"is_ai_generated\":true,\"brand_organic_toggle\":true}",
	  "{\"privacy\":\"PUBLIC_TO_EVERYONE\",\"no_comment\":1,\"no_duet\":1,\"no_stitch\":1}",
	  "{\"brand_content_toggle\":false,\"brand_organic_toggle\":true,\"disable_comment\":"
	  "true,\"disable_duet\":true,\"disable_stitch\":true,\"is_aigc\":true,"
	  "\"privacy_level\":\"PUBLIC_TO_EVERYONE\",\"title\":\"Fresh bread\","
	  "\"video_cover_timestamp_ms\":1500}" },
	{ "{\"disable_comment\":true,\"disable_duet\":true,\"disable_stitch\":true,"
	  "\"is_paid_partnership\":true}",
	  "{\"privacy\":\"PUBLIC_TO_EVERYONE\"}",
	  "{\"brand_content_toggle\":true,\"brand_organic_toggle\":false,\"disable_comment\":"
	  "true,\"disable_duet\":true,\"disable_stitch\":true,\"is_aigc\":false,"
	  "\"privacy_level\":\"PUBLIC_TO_EVERYONE\",\"title\":\"Fresh bread\"}" },
};

START_TEST(video_carries_its_options)
{
	set_options(videos[_i].options);
	json_decref(b.d.memo);
	b.d.memo = json_loads(videos[_i].memo, 0, NULL);
	form_is(tiktok_video_form(&b.d),
		arena_printf(b.arena,
			     "{\"post_info\":%s,\"source_info\":{\"chunk_size\":5000,"
			     "\"source\":\"FILE_UPLOAD\",\"total_chunk_count\":1,\"video_size\":"
			     "5000}}",
			     videos[_i].info));
}
END_TEST

START_TEST(draft_is_bytes_alone)
{
	set_options("{\"post_mode\":\"inbox\",\"disable_duet\":true}");
	form_is(tiktok_video_form(&b.d),
		"{\"source_info\":{\"chunk_size\":5000,\"source\":\"FILE_UPLOAD\","
		"\"total_chunk_count\":1,\"video_size\":5000}}");
}
END_TEST

#define PHOTO_URLS                                                          \
	"[\"https://pub.example/m/0.jpg\",\"https://pub.example/m/1.jpg\"," \
	"\"https://pub.example/m/2.jpg\"]"

START_TEST(photos_carry_title_description_music_and_cover)
{
	bench_images(&b, CONTENT_CAROUSEL, 3);
	b.post.title = "Two";
	memo_set_text(b.d.memo, "privacy", "SELF_ONLY");
	memo_set_int(b.d.memo, "no_comment", 1);
	set_options("{\"auto_add_music\":true,\"photo_cover_index\":2,\"disable_duet\":true}");
	form_is(tiktok_photo_form(&b.d),
		"{\"media_type\":\"PHOTO\",\"post_info\":{\"auto_add_music\":true,"
		"\"brand_content_toggle\":false,\"brand_organic_toggle\":false,"
		"\"description\":\"Fresh bread\",\"disable_comment\":true,\"privacy_level\":"
		"\"SELF_ONLY\",\"title\":\"Two\"},\"post_mode\":\"DIRECT_POST\",\"source_info\":"
		"{\"photo_cover_index\":2,\"photo_images\":" PHOTO_URLS
		",\"source\":\"PULL_FROM_URL\"}}");
	b.post.description = "Long";
	set_options("{\"post_mode\":\"inbox\",\"photo_cover_index\":3}");
	form_is(tiktok_photo_form(&b.d),
		"{\"media_type\":\"PHOTO\",\"post_info\":{\"auto_add_music\":false,"
		"\"brand_content_toggle\":false,\"brand_organic_toggle\":false,"
		"\"description\":\"Long\",\"disable_comment\":true,\"privacy_level\":"
		"\"SELF_ONLY\",\"title\":\"Two\"},\"post_mode\":\"MEDIA_UPLOAD\",\"source_info\":"
		"{\"photo_cover_index\":0,\"photo_images\":" PHOTO_URLS
		",\"source\":\"PULL_FROM_URL\"}}");
}
END_TEST

/* The first fault, or "fit". */
static const char *fault_of(void)
{
	struct findings f = { .n = 0 };

	tiktok_check(&b.app, &b.account, &b.post, &f);
	for (size_t i = 0; i < f.n; i++) {
		if (!f.v[i].is_warning)
			return arena_printf(b.arena, "%s %s", f.v[i].pointer, f.v[i].code);
	}
	return "fit";
}

static bool is_warned(const char *code)
{
	struct findings f = { .n = 0 };
	bool is = false;

	tiktok_check(&b.app, &b.account, &b.post, &f);
	for (size_t i = 0; i < f.n; i++)
		is = is || (f.v[i].is_warning && strcmp(f.v[i].code, code) == 0);
	return is;
}

/* n times a loaf: two UTF-16 units, four bytes. */
static char *loaves(size_t n, const char *tail)
{
	char *text = arena_alloc(b.arena, n * 4 + strlen(tail) + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * 4, "\xf0\x9f\x8d\x9e", 4);
	memcpy(text + n * 4, tail, strlen(tail) + 1);
	return text;
}

START_TEST(texts_are_counted_in_utf16_units)
{
	b.post.caption = loaves(1100, "");
	ck_assert_str_eq(fault_of(), "fit");
	b.post.caption = loaves(1100, "x");
	ck_assert_str_eq(fault_of(), "caption caption_too_long");
	bench_images(&b, CONTENT_CAROUSEL, 2);
	b.post.caption = loaves(2000, "");
	b.post.title = loaves(45, "");
	ck_assert_str_eq(fault_of(), "fit");
	b.post.title = loaves(45, "x");
	ck_assert_str_eq(fault_of(), "title caption_too_long");
	b.post.title = "";
	b.post.caption = loaves(2000, "x");
	ck_assert_str_eq(fault_of(), "caption caption_too_long");
	b.post.description = "short";
	ck_assert_str_eq(fault_of(), "fit");
	b.post.first_comment = "hello";
	ck_assert(is_warned("first_comment_ignored"));
}
END_TEST

START_TEST(level_must_be_one_and_branded_content_is_seen)
{
	ck_assert(is_warned("privacy_not_chosen"));
	set_options("{\"privacy\":\"everybody\"}");
	ck_assert_str_eq(fault_of(), "overrides/tiktok/privacy privacy_unknown");
	set_options("{\"privacy\":\"private\",\"brand_content_toggle\":true}");
	ck_assert_str_eq(fault_of(), "overrides/tiktok/privacy branded_private");
	set_options("{\"privacy\":\"private\",\"brand_organic_toggle\":true}");
	ck_assert_str_eq(fault_of(), "fit");
	set_options("{\"privacy\":\"FOLLOWER_OF_CREATOR\"}");
	ck_assert_str_eq(fault_of(), "fit");
}
END_TEST

START_TEST(media_must_be_what_tiktok_takes)
{
	b.media[0].duration_ms = 600001;
	ck_assert_str_eq(fault_of(), "media/0 duration");
	b.media[0].duration_ms = 8000;
	b.media[0].width = 359;
	ck_assert_str_eq(fault_of(), "media/0 dimensions");
	b.media[0].width = 1080;
	b.media[0].bytes = 4000000001;
	ck_assert_str_eq(fault_of(), "media/0 media_too_large");
	b.media[0].bytes = 5000;
	b.media[0].mime = "video/x-matroska";
	ck_assert_str_eq(fault_of(), "media/0 container_unsupported");
	b.media[0].mime = "video/webm";
	b.media[0].video_codec = "av1";
	ck_assert_str_eq(fault_of(), "media/0 codec_unsupported");
	bench_images(&b, CONTENT_CAROUSEL, 2);
	b.media[1].mime = "image/png";
	ck_assert_str_eq(fault_of(), "media/1 conversion_needed");
	b.media[1].mime = "image/webp";
	b.media[1].width = 1081;
	b.media[1].height = 1920;
	ck_assert_str_eq(fault_of(), "media/1 dimensions");
	b.media[1].width = 1080;
	set_options("{\"photo_cover_index\":2}");
	ck_assert_str_eq(fault_of(), "overrides/tiktok/photo_cover_index cover_index");
	set_options("{\"photo_cover_index\":1}");
	ck_assert_str_eq(fault_of(), "fit");
	b.media[1].kind = MEDIA_VIDEO;
	ck_assert_str_eq(fault_of(), "kind kind_unsupported");
}
END_TEST

START_TEST(permission_is_that_of_the_mode)
{
	b.account.scopes = "user.info.basic video.publish";
	ck_assert_str_eq(fault_of(), "fit");
	set_options("{\"post_mode\":\"inbox\"}");
	ck_assert_str_eq(fault_of(), "account missing_scope");
	b.account.scopes = "user.info.basic video.upload";
	ck_assert_str_eq(fault_of(), "fit");
	set_options("{}");
	ck_assert_str_eq(fault_of(), "account missing_scope");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ plan_follows_the_rule_of_chunks, (int)ARRAY_LEN(plans) },
		{ range_says_how_many_bytes_are_there, (int)ARRAY_LEN(ranges) },
		{ upload_goes_to_trusted_hosts_only, (int)ARRAY_LEN(addresses) },
		{ video_carries_its_options, (int)ARRAY_LEN(videos) },
		{ draft_is_bytes_alone, 0 },
		{ photos_carry_title_description_music_and_cover, 0 },
		{ texts_are_counted_in_utf16_units, 0 },
		{ level_must_be_one_and_branded_content_is_seen, 0 },
		{ media_must_be_what_tiktok_takes, 0 },
		{ permission_is_that_of_the_mode, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "tiktok_form",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "domain/content.h"
#include "support/suite.h"

static struct arena *arena;
static struct problem why;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

START_TEST(names_parse_back)
{
	for (int i = 0; i < CONTENT_KINDS; i++)
		ck_assert_int_eq(content_kind_parse(content_kind_names[i]), i);
	for (int i = 0; i < CONTENT_STATES; i++)
		ck_assert_int_eq(content_state_parse(content_state_names[i]), i);
	ck_assert_int_eq(content_kind_parse("poem"), -1);
	ck_assert_int_eq(media_kind_parse(NULL), -1);
	ck_assert_int_eq(media_state_parse("ready"), MEDIA_READY);
}
END_TEST

START_TEST(moves_are_those_of_the_table)
{
	static const struct {
		enum content_state from;
		enum content_move move;
		int to; /* -1 refused */
	} rows[] = {
		{ CONTENT_DRAFT, CONTENT_SUBMIT, CONTENT_IN_REVIEW },
		{ CONTENT_REJECTED, CONTENT_SUBMIT, CONTENT_IN_REVIEW },
		{ CONTENT_APPROVED, CONTENT_SUBMIT, -1 },
		{ CONTENT_DRAFT, CONTENT_APPROVE, -1 },
		{ CONTENT_IN_REVIEW, CONTENT_APPROVE, CONTENT_APPROVED },
		{ CONTENT_IN_REVIEW, CONTENT_REJECT, CONTENT_REJECTED },
		{ CONTENT_PUBLISHED, CONTENT_REJECT, -1 },
		{ CONTENT_IN_REVIEW, CONTENT_EDIT, CONTENT_DRAFT },
		{ CONTENT_PUBLISHED, CONTENT_EDIT, CONTENT_DRAFT },
		{ CONTENT_APPROVED, CONTENT_GO_LIVE, CONTENT_PUBLISHED },
		{ CONTENT_DRAFT, CONTENT_GO_LIVE, -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum content_state to = CONTENT_STATES;
		int moved = content_move(rows[i].from, rows[i].move, &to);

		ck_assert_int_eq(moved, rows[i].to < 0 ? -1 : 0);
		ck_assert_int_eq(to, rows[i].to < 0 ? (int)CONTENT_STATES : rows[i].to);
	}
}
END_TEST

START_TEST(publishable_needs_the_approved_revision)
{
	struct content c = { .state = CONTENT_APPROVED, .revision = 2, .approved_revision = 2 };

	ck_assert(content_is_publishable(&c));
	c.revision = 3;
	ck_assert(!content_is_publishable(&c));
	c.revision = 2;
	c.state = CONTENT_PUBLISHED;
	ck_assert(content_is_publishable(&c));
	c.state = CONTENT_DRAFT;
	ck_assert(!content_is_publishable(&c));
}
END_TEST

static struct media_item items[] = { { .media_id = "med_1", .kind = MEDIA_IMAGE },
				     { .media_id = "med_2", .kind = MEDIA_VIDEO } };

START_TEST(overrides_win_from_base_over_platform_to_post)
{
	const struct content c = {
		.kind = CONTENT_CAROUSEL,
		.caption = "base",
		.title = "title",
		.link = "https://a.example",
		.tags = "[\"x\",\"y\"]",
		.media = items,
		.media_n = 2,
		.overrides = "{\"instagram\":{\"caption\":\"insta\",\"link\":null,\"board\":7},"
			     "\"tiktok\":{\"caption\":\"tik\"}}",
	};
	CLEANUP(publication_done) struct publication p = { 0 };

	ck_assert_int_eq(publication_build(&c, "instagram", "{\"title\":\"mine\",\"tags\":[\"z\"]}",
					   arena, &p, &why),
			 0);
	ck_assert_str_eq(p.caption, "insta");
	ck_assert_str_eq(p.title, "mine");
	ck_assert_ptr_null(p.link);
	ck_assert_ptr_null(p.description);
	ck_assert_uint_eq(p.tags_n, 1);
	ck_assert_str_eq(p.tags[0], "z");
	ck_assert_uint_eq(p.media_n, 2);
	ck_assert_ptr_ne(p.media, items);
	ck_assert_int_eq(json_integer_value(json_object_get(p.options, "board")), 7);
}
END_TEST

START_TEST(without_overrides_the_base_is_published)
{
	const struct content c = { .kind = CONTENT_TEXT,
				   .caption = "base",
				   .tags = "[\"x\",\"y\"]" };
	CLEANUP(publication_done) struct publication p = { 0 };

	ck_assert_int_eq(publication_build(&c, "instagram", NULL, arena, &p, &why), 0);
	ck_assert_str_eq(p.caption, "base");
	ck_assert_uint_eq(p.tags_n, 2);
	ck_assert_str_eq(p.tags[1], "y");
	ck_assert_uint_eq(json_object_size(p.options), 0);
}
END_TEST

START_TEST(overrides_of_the_wrong_shape_are_refused)
{
	static const char *const overrides[] = {
		"{\"instagram\":[]}",
		"{\"instagram\":{\"caption\":1}}",
		"{\"instagram\":{\"tags\":[1]}}",
		"{\"instagram\":{\"tags\":\"a\"}}",
		"[]",
		"{",
	};

	for (size_t i = 0; i < sizeof(overrides) / sizeof(*overrides); i++) {
		const struct content c = { .kind = CONTENT_TEXT, .overrides = overrides[i] };
		struct publication p = { 0 };

		ck_assert_msg(publication_build(&c, "instagram", NULL, arena, &p, &why) == -1, "%s",
			      overrides[i]);
		ck_assert_int_eq(why.kind, PROBLEM_INVALID);
		ck_assert_ptr_null(p.options);
	}
}
END_TEST

START_TEST(shapes_follow_their_kind)
{
	static const struct {
		enum content_kind kind;
		const char *media;   /* i, v, a; f: still being fetched */
		const char *pointer; /* NULL: fine */
	} rows[] = {
		{ CONTENT_TEXT, "", NULL },
		{ CONTENT_TEXT, "i", "/media" },
		{ CONTENT_IMAGE, "i", NULL },
		{ CONTENT_IMAGE, "", "/media" },
		{ CONTENT_IMAGE, "v", "/media/0" },
		{ CONTENT_IMAGE, "ii", "/media" },
		{ CONTENT_CAROUSEL, "iv", NULL },
		{ CONTENT_CAROUSEL, "i", "/media" },
		{ CONTENT_CAROUSEL, "ia", "/media/1" },
		{ CONTENT_VIDEO, "v", NULL },
		{ CONTENT_VIDEO, "i", "/media/0" },
		{ CONTENT_STORY, "i", NULL },
		{ CONTENT_STORY, "v", NULL },
		{ CONTENT_STORY, "vv", "/media" },
		{ CONTENT_SLIDESHOW, "i", NULL },
		{ CONTENT_SLIDESHOW, "iiv", "/media/2" },
		{ CONTENT_SLIDESHOW, "", "/media" },
		{ CONTENT_VIDEO, "f", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct media_item media[4] = { 0 };
		size_t n = strlen(rows[i].media);

		for (size_t m = 0; m < n; m++) {
			media[m].kind = rows[i].media[m] == 'v'   ? MEDIA_VIDEO
					: rows[i].media[m] == 'a' ? MEDIA_AUDIO
								  : MEDIA_IMAGE;
			media[m].state = rows[i].media[m] == 'f' ? MEDIA_FETCHING : MEDIA_READY;
		}
		ck_assert_int_eq(content_check_shape(rows[i].kind, media, n, &why),
				 rows[i].pointer ? -1 : 0);
		if (rows[i].pointer)
			ck_assert_str_eq(why.items[0].pointer, rows[i].pointer);
	}
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ names_parse_back, 0 },
		{ moves_are_those_of_the_table, 0 },
		{ publishable_needs_the_approved_revision, 0 },
		{ overrides_win_from_base_over_platform_to_post, 0 },
		{ without_overrides_the_base_is_published, 0 },
		{ overrides_of_the_wrong_shape_are_refused, 0 },
		{ shapes_follow_their_kind, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "content",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

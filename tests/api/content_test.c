/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/fixtures.h"
#include "support/suite.h"

static struct answer *make(const char *body)
{
	return client_call("POST", "/api/v1/content", CLIENT_TOKEN, body);
}

static struct answer *on(const char *method, const char *id, const char *tail, const char *body)
{
	char path[160];

	snprintf(path, sizeof(path), "/api/v1/content/%s%s", id, tail);
	return client_call(method, path, CLIENT_TOKEN, body);
}

START_TEST(create_with_kind_alone_is_a_draft)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"image\"}");

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "state"), "draft");
	ck_assert_int_eq(answer_int(a, "revision"), 1);
	ck_assert(answer_is_null(a, "approved_revision"));
	ck_assert_uint_eq(answer_count(a, "media"), 0);
	ck_assert_ptr_nonnull(answer_header(a, "etag"));
}
END_TEST

static const struct {
	const char *body, *pointer, *code;
} bad_bodies[] = {
	{ "{}", "/kind", "required" },
	{ "{\"kind\":\"poem\"}", "/kind", NULL },
	{ "{\"kind\":7}", "/kind", "wrong_type" },
	{ "{\"kind\":\"text\",\"colour\":\"red\"}", "/colour", "unknown_member" },
	{ "{\"kind\":\"text\",\"link\":\"javascript:alert(1)\"}", "/link", NULL },
	{ "{\"kind\":\"text\",\"tags\":\"a\"}", "/tags", "wrong_type" },
	{ "{\"kind\":\"image\",\"media\":[{\"media_id\":\"med_absent\"}]}", "/media/0", NULL },
	{ "{\"kind\":\"image\",\"media\":[{\"alt_text\":\"x\"}]}", "/media/0/media_id",
	  "required" },
	{ "{\"kind\":\"text\",\"overrides\":{\"myspace\":{}}}", "/overrides/myspace",
	  "unknown_member" },
	{ "{\"kind\":\"text\",\"overrides\":{\"instagram\":{\"captoin\":\"x\"}}}",
	  "/overrides/instagram/captoin", "unknown_member" },
	{ "{\"kind\":\"text\",\"overrides\":{\"instagram\":{\"caption\":5}}}",
	  "/overrides/instagram/caption", "wrong_type" },
	{ "{\"kind\":\"text\",\"character_id\":\"char_absent\"}", "/character_id", NULL },
};

START_TEST(create_with_bad_body_names_the_member)
{
	CLEANUP(answer_free) struct answer *a = make(bad_bodies[_i].body);

	assert_invalid(a, bad_bodies[_i].pointer, bad_bodies[_i].code);
}
END_TEST

START_TEST(create_with_two_faults_reports_both)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"poem\",\"title\":5}");

	assert_status(a, 422);
	ck_assert_uint_eq(answer_count(a, "errors"), 2);
}
END_TEST

START_TEST(patch_keeps_what_is_not_given_and_null_clears)
{
	CLEANUP(answer_free)
	struct answer *a = make(
		"{\"kind\":\"text\",\"caption\":\"one\",\"title\":\"t\",\"tags\":[\"a\",\"b\"]}");
	const char *id = answer_text(a, "id");
	CLEANUP(answer_free)
	struct answer *b = on("PATCH", id, "", "{\"title\":null,\"caption\":\"two\"}");

	assert_status(b, 200);
	ck_assert_str_eq(answer_text(b, "caption"), "two");
	ck_assert(answer_is_null(b, "title"));
	ck_assert_uint_eq(answer_count(b, "tags"), 2);
	ck_assert_int_eq(answer_int(b, "revision"), 2);
}
END_TEST

START_TEST(patch_with_an_old_version_is_refused)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"text\",\"caption\":\"one\"}");
	char path[100];
	const char *const stale[] = { "If-Match: \"1\"", NULL };

	snprintf(path, sizeof(path), "/api/v1/content/%s", answer_text(a, "id"));
	for (int i = 0; i < 2; i++) {
		CLEANUP(answer_free)
		struct answer *b = client_send(&(struct call){ .method = "PATCH",
							       .path = path,
							       .token = CLIENT_TOKEN,
							       .body = "{\"caption\":\"two\"}",
							       .headers = stale });

		if (i == 0)
			assert_status(b, 200);
		else
			assert_problem(b, 412, "version_mismatch");
	}
}
END_TEST

START_TEST(review_goes_draft_in_review_approved)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"text\",\"caption\":\"hello\"}");
	const char *id = answer_text(a, "id");
	CLEANUP(answer_free) struct answer *submitted = on("POST", id, "/submit", NULL);
	CLEANUP(answer_free) struct answer *approved = on("POST", id, "/approve", NULL);

	ck_assert_str_eq(answer_text(submitted, "state"), "in_review");
	ck_assert_str_eq(answer_text(approved, "state"), "approved");
	ck_assert_int_eq(answer_int(approved, "approved_revision"), 1);
}
END_TEST

START_TEST(reject_keeps_the_reason)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"text\",\"caption\":\"hello\"}");
	const char *id = answer_text(a, "id");
	CLEANUP(answer_free) struct answer *submitted = on("POST", id, "/submit", NULL);
	CLEANUP(answer_free)
	struct answer *b = on("POST", id, "/reject", "{\"reason\":\"too short\"}");

	assert_status(submitted, 200);
	ck_assert_str_eq(answer_text(b, "state"), "rejected");
	ck_assert_str_eq(answer_text(b, "rejected_reason"), "too short");
}
END_TEST

START_TEST(submit_without_what_the_kind_needs_is_refused)
{
	CLEANUP(answer_free)
	struct answer *a = make("{\"kind\":\"image\",\"caption\":\"no picture\"}");
	CLEANUP(answer_free) struct answer *b = on("POST", answer_text(a, "id"), "/submit", NULL);

	assert_invalid(b, "/media", NULL);
}
END_TEST

START_TEST(edit_of_approved_content_voids_the_approval)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"text\",\"caption\":\"hello\"}");
	const char *id = answer_text(a, "id");
	CLEANUP(answer_free) struct answer *s = on("POST", id, "/submit", NULL);
	CLEANUP(answer_free) struct answer *p = on("POST", id, "/approve", NULL);
	CLEANUP(answer_free) struct answer *b = on("PATCH", id, "", "{\"caption\":\"changed\"}");

	ck_assert_int_eq(s->status, 200);
	ck_assert_int_eq(p->status, 200);
	ck_assert_str_eq(answer_text(b, "state"), "draft");
	ck_assert_int_eq(answer_int(b, "revision"), 2);
}
END_TEST

START_TEST(list_walks_every_page_once)
{
	struct persona p;
	char path[400] = "/api/v1/content?limit=2";
	int seen = 0, pages = 0;

	persona_make(&p, NULL, "owner");
	for (int i = 0; i < 5; i++) {
		CLEANUP(answer_free)
		struct answer *a = client_call("POST", "/api/v1/content", p.token,
					       "{\"kind\":\"text\",\"caption\":\"x\"}");

		assert_status(a, 201);
	}
	for (bool more = true; more; pages++) {
		CLEANUP(answer_free) struct answer *a = client_call("GET", path, p.token, NULL);

		assert_status(a, 200);
		seen += (int)answer_count(a, "content");
		more = !answer_is_null(a, "next_cursor");
		if (more)
			snprintf(path, sizeof(path), "/api/v1/content?limit=2&cursor=%s",
				 answer_text(a, "next_cursor"));
	}
	ck_assert_int_eq(seen, 5);
	ck_assert_int_eq(pages, 3);
}
END_TEST

START_TEST(foreign_content_is_absent)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"text\",\"caption\":\"mine\"}");
	struct persona other;
	char path[100];

	persona_make(&other, NULL, "owner");
	snprintf(path, sizeof(path), "/api/v1/content/%s", answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *b = client_call("GET", path, other.token, NULL);
	CLEANUP(answer_free)
	struct answer *c = client_call("PATCH", path, other.token, "{\"title\":\"x\"}");

	assert_problem(b, 404, "not_found");
	assert_problem(c, 404, "not_found");
}
END_TEST

START_TEST(viewer_reads_and_editor_does_not_approve)
{
	struct persona owner, viewer, editor;
	char path[100];

	persona_make(&owner, NULL, "owner");
	persona_make(&viewer, owner.workspace, "viewer");
	persona_make(&editor, owner.workspace, "editor");
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/content", editor.token,
				       "{\"kind\":\"text\",\"caption\":\"x\"}");
	CLEANUP(answer_free)
	struct answer *b = client_call("POST", "/api/v1/content", viewer.token,
				       "{\"kind\":\"text\",\"caption\":\"x\"}");

	assert_status(a, 201);
	assert_problem(b, 403, "insufficient_scope");
	snprintf(path, sizeof(path), "/api/v1/content/%s/approve", answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *c = client_call("POST", path, editor.token, NULL);

	assert_problem(c, 403, "insufficient_scope");
}
END_TEST

START_TEST(delete_of_unused_content_is_final)
{
	CLEANUP(answer_free) struct answer *a = make("{\"kind\":\"text\",\"caption\":\"x\"}");
	const char *id = answer_text(a, "id");
	CLEANUP(answer_free) struct answer *b = on("DELETE", id, "", NULL);
	CLEANUP(answer_free) struct answer *c = on("GET", id, "", NULL);

	assert_status(b, 204);
	assert_problem(c, 404, "not_found");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ create_with_kind_alone_is_a_draft, 0 },
		{ create_with_bad_body_names_the_member, (int)ARRAY_LEN(bad_bodies) },
		{ create_with_two_faults_reports_both, 0 },
		{ patch_keeps_what_is_not_given_and_null_clears, 0 },
		{ patch_with_an_old_version_is_refused, 0 },
		{ review_goes_draft_in_review_approved, 0 },
		{ reject_keeps_the_reason, 0 },
		{ submit_without_what_the_kind_needs_is_refused, 0 },
		{ edit_of_approved_content_voids_the_approval, 0 },
		{ list_walks_every_page_once, 0 },
		{ foreign_content_is_absent, 0 },
		{ viewer_reads_and_editor_does_not_approve, 0 },
		{ delete_of_unused_content_is_final, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "content",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_CONF"),
		.cases = cases,
	});
}

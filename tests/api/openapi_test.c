/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "http/openapi.h"
#include "support/client.h"
#include "support/suite.h"

static json_t *document(void)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	json_error_t error;
	json_t *doc;

	openapi_print(&api_routes, "https://localhost", &text);
	doc = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(doc != NULL, "line %d: %s", error.line, error.text);
	return doc;
}

static const struct route *row_of(const char *pattern, const char *method)
{
	const struct route *const *family;
	const struct route *row;

	for (family = api_routes.families; *family; family++) {
		for (row = *family; row->pattern; row++) {
			if (strcmp(row->pattern, pattern) == 0 &&
			    strcasecmp(http_method_name(row->method), method) == 0)
				return row;
		}
	}
	return NULL;
}

START_TEST(every_row_is_complete_and_in_the_document)
{
	json_t *doc = document(), *paths = json_object_get(doc, "paths");
	const struct route *const *family;
	const struct route *row;

	for (family = api_routes.families; *family; family++) {
		for (row = *family; row->pattern; row++) {
			json_t *item = json_object_get(paths, row->pattern), *at = NULL;
			const char *method;

			ck_assert_msg(row->handler && row->operation && row->summary && row->ok,
				      "%s", row->pattern);
			ck_assert_msg(row_of(row->pattern, http_method_name(row->method)) == row,
				      "%s twice", row->pattern);
			json_object_foreach(item, method, at) {
				if (row_of(row->pattern, method) == row)
					break;
			}
			ck_assert_msg(at != NULL, "%s is not in the document", row->pattern);
			ck_assert_str_eq(json_string_value(json_object_get(at, "operationId")),
					 row->operation);
		}
	}
	json_decref(doc);
}
END_TEST

START_TEST(every_operation_of_the_document_is_a_row)
{
	json_t *doc = document(), *item, *operation, *seen = json_object();
	const char *pattern, *method;

	json_object_foreach(json_object_get(doc, "paths"), pattern, item) {
		json_object_foreach(item, method, operation) {
			const char *id =
				json_string_value(json_object_get(operation, "operationId"));

			ck_assert_msg(row_of(pattern, method) != NULL, "%s %s", method, pattern);
			ck_assert_msg(!json_object_get(seen, id), "operationId %s twice", id);
			json_object_set_new(seen, id, json_true());
		}
	}
	json_decref(seen);
	json_decref(doc);
}
END_TEST

static void check_refs(json_t *doc, json_t *at)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_array(at)) {
		json_array_foreach(at, i, value)
			check_refs(doc, value);
		return;
	}
	json_object_foreach(at, key, value) {
		char group[32] = "", name[96] = "";

		check_refs(doc, value);
		if (strcmp(key, "$ref") != 0 || !json_is_string(value))
			continue;
		ck_assert_int_eq(
			sscanf(json_string_value(value), "#/components/%31[^/]/%95s", group, name),
			2);
		ck_assert_msg(
			json_object_get(json_object_get(json_object_get(doc, "components"), group),
					name) != NULL,
			"%s leads nowhere", json_string_value(value));
	}
}

START_TEST(references_lead_somewhere)
{
	json_t *doc = document();

	ck_assert_str_eq(json_string_value(json_object_get(doc, "openapi")), "3.1.0");
	check_refs(doc, doc);
	json_decref(doc);
}
END_TEST

/* One path in two pools could not be told apart by nginx. */
START_TEST(no_path_is_in_two_pools)
{
	const struct route *const *f, *const *g;
	const struct route *a, *b;

	for (f = api_routes.families; *f; f++)
		for (a = *f; a->pattern; a++)
			for (g = api_routes.families; *g; g++)
				for (b = *g; b->pattern; b++)
					ck_assert_msg(strcmp(a->pattern, b->pattern) != 0 ||
							      a->pool == b->pool,
						      "%s", a->pattern);
}
END_TEST

START_TEST(instance_serves_the_same_document)
{
	json_t *doc, *theirs;

	if (!getenv("CARILLON_URL")) {
		fprintf(stderr,
			"SKIPPED: CARILLON_URL is not set: the served document was not compared\n");
		return;
	}
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", "/api/v1/openapi.json", NULL, NULL);

	assert_status(a, 200);
	doc = document();
	theirs = json_object_get(a->json, "paths");
	ck_assert(json_equal(theirs, json_object_get(doc, "paths")));
	json_decref(doc);
}
END_TEST

/* No token, and of a route with parameters an absent id: the same for every row. */
START_TEST(every_row_asks_who_is_calling)
{
	const struct route *const *family;
	const struct route *row;

	if (!getenv("CARILLON_URL"))
		return;
	for (family = api_routes.families; *family; family++) {
		for (row = *family; row->pattern; row++) {
			char path[200];
			const char *p = row->pattern;
			size_t n = 0;

			if (row->auth != AUTH_BEARER)
				continue;
			while (*p && n < sizeof(path) - 8) {
				if (*p != '{') {
					path[n++] = *p++;
					continue;
				}
				memcpy(path + n, "absent", 6);
				n += 6;
				p += strcspn(p, "}") + 1;
			}
			path[n] = '\0';
			struct answer *a CLEANUP(answer_free) =
				client_call(http_method_name(row->method), path, NULL, NULL);
			assert_problem(a, 401, "authentication_required");
		}
	}
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ every_row_is_complete_and_in_the_document, 0 },
		{ every_operation_of_the_document_is_a_row, 0 },
		{ references_lead_somewhere, 0 },
		{ no_path_is_in_two_pools, 0 },
		{ instance_serves_the_same_document, 0 },
		{ every_row_asks_who_is_calling, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "openapi",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of contracts is itself put to the test, with a small document of its own. */
#include <check.h>
#include <string.h>

#include "support/contract.h"
#include "support/suite.h"

/* clang-format off */
static const char document[] =
	"{\"paths\":{\"/pins/{id}\":{\"post\":{\"parameters\":["
	"{\"name\":\"n\",\"in\":\"query\",\"required\":true,\"schema\":{\"type\":\"integer\",\"maximum\":5}},"
	"{\"$ref\":\"#/components/parameters/f\"}],\"requestBody\":{\"required\":true,\"content\":{"
	"\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Pin\"}},"
	"\"multipart/form-data\":{\"schema\":{\"type\":\"object\",\"required\":[\"file\"],"
	"\"properties\":{\"file\":{\"type\":\"string\"}}}}}}}},"
	"\"/pins/mine\":{\"get\":{}}},"
	"\"components\":{\"parameters\":{\"f\":{\"name\":\"f\",\"in\":\"query\",\"schema\":{\"type\":\"array\","
	"\"items\":{\"enum\":[\"a\",\"b\"]}}}},\"schemas\":{"
	"\"Pin\":{\"type\":\"object\",\"required\":[\"id\"],\"additionalProperties\":false,\"properties\":{"
	"\"id\":{\"type\":\"string\",\"pattern\":\"^\\\\d{1,3}$\"},"
	"\"n\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9},"
	"\"r\":{\"type\":\"number\",\"nullable\":true},"
	"\"t\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":2},"
	"\"e\":{\"enum\":[\"x\",\"y\"]},"
	"\"l\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"uniqueItems\":true,\"items\":{\"type\":\"boolean\"}},"
	"\"o\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/A\"},{\"$ref\":\"#/components/schemas/B\"}]},"
	"\"y\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]},"
	"\"w\":{\"allOf\":[{\"$ref\":\"#/components/schemas/A\"},{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"}}}]}}},"
	"\"A\":{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"string\"}}},"
	"\"B\":{\"type\":\"object\",\"required\":[\"b\"],\"properties\":{\"b\":{\"type\":\"string\"}}}}}}";

static const struct {
	const char *value, *words; /* NULL: it fits */
} rows[] = {
	{ "{\"id\":\"1\"}", NULL },
	{ "{\"id\":\"123\",\"n\":9,\"r\":null,\"t\":\"\u00e9\u00e9\",\"e\":\"y\",\"l\":[true,false]}", NULL },
	{ "[]", "is no object" },
	{ "{}", "id is missing" },
	{ "{\"id\":1}", "/id: is no string" },
	{ "{\"id\":\"1234\"}", "does not fit" },
	{ "{\"id\":\"1x\"}", "does not fit" },
	{ "{\"id\":\"1\",\"n\":0}", "/n: 0 is less" },
	{ "{\"id\":\"1\",\"n\":10}", "/n: 10 is more" },
	{ "{\"id\":\"1\",\"n\":1.5}", "is no integer" },
	{ "{\"id\":\"1\",\"t\":\"\"}", "less than minLength" },
	{ "{\"id\":\"1\",\"t\":\"abc\"}", "more than maxLength" },
	{ "{\"id\":\"1\",\"e\":\"z\"}", "values allowed" },
	{ "{\"id\":\"1\",\"l\":[]}", "less than minItems" },
	{ "{\"id\":\"1\",\"l\":[true,true]}", "has an item twice" },
	{ "{\"id\":\"1\",\"l\":[true,1]}", "/l/1: is no boolean" },
	{ "{\"id\":\"1\",\"more\":1}", "/more: is not known" },
	{ "{\"id\":\"1\",\"o\":{\"a\":\"x\"}}", NULL },
	{ "{\"id\":\"1\",\"o\":{\"b\":\"x\"}}", NULL },
	{ "{\"id\":\"1\",\"o\":{\"c\":\"x\"}}", "fits none of oneOf" },
	{ "{\"id\":\"1\",\"y\":3}", NULL },
	{ "{\"id\":\"1\",\"y\":true}", "fits none of anyOf" },
	{ "{\"id\":\"1\",\"w\":{\"a\":\"x\",\"b\":\"y\"}}", NULL },
	{ "{\"id\":\"1\",\"w\":{\"b\":\"y\"}}", "a is missing" },
	{ "{\"id\":\"1\",\"w\":{\"a\":\"x\",\"b\":1}}", "/w/b: is no string" },
	{ "{\"id\":\"1\",\"w\":{\"a\":\"x\",\"c\":1}}", "/w/c: is not known" },
};
/* clang-format on */

static struct arena *arena;
static json_t *doc;

static void setup(void)
{
	arena = arena_new();
	doc = json_loads(document, 0, NULL);
	ck_assert_ptr_nonnull(doc);
}

static void teardown(void)
{
	json_decref(doc);
	arena_free(arena);
}

static void says(const char *is, const char *words)
{
	if (!words)
		ck_assert_msg(is == NULL, "%s", is);
	else
		ck_assert_msg(is && strstr(is, words), "%s instead of %s", is, words);
}

START_TEST(value_is_judged_by_its_schema)
{
	const json_t *schema = json_object_get(
		json_object_get(json_object_get(doc, "components"), "schemas"), "Pin");
	json_t *value = json_loads(rows[_i].value, 0, NULL);

	ck_assert_ptr_nonnull(value);
	says(contract_fault(arena, doc, schema, value), rows[_i].words);
	json_decref(value);
}
END_TEST

static struct http_request *request(enum http_verb verb, const char *path)
{
	struct http_request *r = http_request_new(arena, verb, "test");

	http_request_url(r, "https://api.example/v5", "%s", path);
	return r;
}

static void judged(const struct http_request *r, const char *words)
{
	says(contract_request_fault(arena, doc, "/v5", r), words);
}

START_TEST(request_is_found_by_path_and_verb)
{
	judged(request(VERB_GET, "/pins/mine"), NULL);
	judged(request(VERB_GET, "/pins/7"), "not in the document");
	judged(request(VERB_GET, "/pins/mine/x"), "not in the document");
	says(contract_request_fault(arena, doc, "", request(VERB_GET, "/pins/mine")),
	     "not in the document");
}
END_TEST

START_TEST(query_and_body_are_judged)
{
	struct http_request *r = request(VERB_POST, "/pins/7?n=5&f=a,b");

	judged(r, "has no body");
	http_request_json(r, json_pack("{s:s}", "id", "1"));
	judged(r, NULL);
	r = request(VERB_POST, "/pins/7?n=5");
	http_request_json(r, json_pack("{s:i}", "id", 1));
	judged(r, "/id: is no string");
	judged(request(VERB_POST, "/pins/7"), "?n: is missing");
	judged(request(VERB_POST, "/pins/7?n=6"), "6 is more");
	judged(request(VERB_POST, "/pins/7?n=1&f=a,c"), "values allowed");
	judged(request(VERB_POST, "/pins/7?n=1&g=1"), "has g, which is not known");
}
END_TEST

START_TEST(parts_are_judged_by_name)
{
	struct http_request *r = request(VERB_POST, "/pins/7?n=5");

	http_request_part(r, "file", "x");
	judged(r, NULL);
	http_request_part(r, "other", "x");
	judged(r, "part other is not known");
	r = request(VERB_POST, "/pins/7?n=5");
	http_request_part(r, "other", "x");
	judged(r, "part file is missing");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ value_is_judged_by_its_schema, (int)(sizeof(rows) / sizeof(rows[0])) },
		{ request_is_found_by_path_and_verb, 0 },
		{ query_and_body_are_judged, 0 },
		{ parts_are_judged_by_name, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "contract",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "http/path.h"
#include "support/suite.h"

struct row {
	const char *document, *request;
	const char *want; /* NULL: refused */
};

static const struct row rows[] = {
	{ "/", "/", "/" },
	{ "/api/v1/content", "/api/v1/content", "/api/v1/content" },
	{ "/api/v1/content", "/api/v1/content?limit=2&cursor=%2f..", "/api/v1/content" },
	{ "/v1/posts/post_01", "/v1/posts/post_01?", "/v1/posts/post_01" },
	{ "/a.b/~c/d-e_f", "/a.b/~c/d-e_f", "/a.b/~c/d-e_f" },
	{ "/a...b", "/a...b", "/a...b" },
	/* what nginx decodes or merges before it picks a location */
	{ "/api/admin", "/api/posts%2f..%2fadmin", NULL },
	{ "/api/posts/x", "/api/posts%2Fx", NULL },
	{ "/api/a\\b", "/api/a%5cb", NULL },
	{ "/api/a\\b", "/api/a\\b", NULL },
	{ "/api/a", "/api/a%00", NULL },
	{ "/api/a\nb", "/api/a%0ab", NULL },
	{ "/api/a\rb", "/api/a%0Db", NULL },
	{ "/api/v1", "/api//v1", NULL },
	{ "/api//v1", "/api//v1", NULL },
	{ "/v1", "/api/../v1", NULL },
	{ "/api/../v1", "/api/../v1", NULL },
	{ "/api/./v1", "/api/./v1", NULL },
	{ "/api/..", "/api/..", NULL },
	{ "/api/v1/", "/api/v1/", NULL },
	{ "/content", "/%63ontent", NULL },
	{ "/api/v1/b", "/api/v1/a", NULL },
	{ "/a b", "/a%20b", NULL },
	{ "/a+b", "/a+b", NULL },
	{ "/\xc3\xa4", "/%c3%a4", NULL },
	{ "/\xc3\xa4", "/\xc3\xa4", NULL },
	{ "/a;b", "/a;b", NULL },
	{ "a", "a", NULL },
	{ "", "", NULL },
	{ "/a", "https://host/a", NULL },
	{ "*", "*", NULL },
	{ NULL, "/a", NULL },
	{ "/a", NULL, NULL },
};

START_TEST(canonical_or_refused)
{
	const struct row *r = &rows[_i];
	struct arena *a CLEANUP(arena_free) = arena_new();
	struct problem problem = { 0 };
	const char *path = NULL;
	int rc = path_canonical(a, r->document, r->request, &path, &problem);

	if (r->want) {
		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(path, r->want);
	} else {
		ck_assert_int_eq(rc, -1);
		ck_assert_int_eq(problem.kind, PROBLEM_BAD_PATH);
		ck_assert_ptr_null(path);
	}
}
END_TEST

START_TEST(length_limit_counts_the_path_alone)
{
	struct arena *a CLEANUP(arena_free) = arena_new();
	char *path = arena_alloc(a, 1026), *with_query;
	struct problem problem = { 0 };
	const char *ret = NULL;

	memset(path, 'a', 1024);
	path[0] = '/';
	with_query = arena_printf(a, "%s?%s", path, path);
	ck_assert_int_eq(path_canonical(a, path, with_query, &ret, &problem), 0);
	path[1024] = 'a';
	ck_assert_int_eq(path_canonical(a, path, path, &ret, &problem), -1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ canonical_or_refused, (int)ARRAY_LEN(rows) },
		{ length_limit_counts_the_path_alone, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "http_path",
		.cases = cases,
	});
}

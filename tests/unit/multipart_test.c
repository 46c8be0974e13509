/* SPDX-License-Identifier: Apache-2.0 */
#include "media/multipart.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "support/suite.h"

static char *file_with(const void *bytes, size_t n)
{
	char *path = strdup("/tmp/carillon-multipart-XXXXXX");
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
	return path;
}

static int scan(struct arena *a, const char *body, size_t n, const char *type,
		struct multipart *ret, struct problem *reterr)
{
	char *path = file_with(body, n);
	int rc = multipart_scan(a, path, type, ret, reterr);

	unlink(path);
	free(path);
	return rc;
}

#define HEAD(name, file) "--B\r\nContent-Disposition: form-data; name=\"" name "\"" file "\r\n\r\n"
#define TYPE             "multipart/form-data; boundary=B"

START_TEST(parts_are_ranges_and_texts)
{
	static const char body[] =
		HEAD("alt_text", "") "hello"
				     "\r\n" HEAD("file", "; filename=\"a b.jpg\"") "\0\r\n--X\r\n"
										   "\r\n--B--\r\n";
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem err = { 0 };
	struct multipart m;
	const struct part *file;

	ck_assert_int_eq(scan(a, body, sizeof(body) - 1, TYPE, &m, &err), 0);
	ck_assert_uint_eq(m.n, 2);
	ck_assert_str_eq(multipart_find(&m, "alt_text")->text, "hello");
	file = multipart_find(&m, "file");
	ck_assert_str_eq(file->filename, "a b.jpg");
	ck_assert_int_eq(file->bytes, 8);
	ck_assert_int_eq(memcmp(body + file->offset, "\0\r\n--X\r\n", 8), 0);
	ck_assert_ptr_null(multipart_find(&m, "absent"));
}
END_TEST

START_TEST(quoted_boundary_and_other_headers_are_read)
{
	static const char body[] = "--a b\r\ncontent-type: image/png\r\ncontent-disposition: "
				   "form-data; filename=x; name=file\r\n\r\nPNG\r\n--a b--";
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem err = { 0 };
	struct multipart m;

	ck_assert_int_eq(scan(a, body, sizeof(body) - 1,
			      "multipart/form-data; boundary=\"a b\"; charset=x", &m, &err),
			 0);
	ck_assert_int_eq(m.parts[0].bytes, 3);
	ck_assert_str_eq(m.parts[0].name, "file");
}
END_TEST

static const struct {
	const char *type, *body;
} malformed[] = {
	{ "multipart/form-data", "--B\r\n" },
	{ "multipart/form-data; boundary=", "--B\r\n" },
	{ TYPE, "" },
	{ TYPE, "preamble" },
	{ TYPE, "--B" },
	{ TYPE, "--B\r\n" },
	{ TYPE, "--Bx\r\n" },
	{ TYPE, "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n" },
	{ TYPE, "--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--" },
	{ TYPE, HEAD("f", "") "no end" },
	{ TYPE, HEAD("f", "") "x\r\n--B" },
	{ TYPE, HEAD("f", "") "\xff\r\n--B--" },
};

START_TEST(malformed_body_is_refused)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem err = { 0 };
	struct multipart m;

	ck_assert_int_eq(scan(a, malformed[_i].body, strlen(malformed[_i].body), malformed[_i].type,
			      &m, &err),
			 -1);
	ck_assert_int_eq(err.kind, PROBLEM_BAD_REQUEST);
}
END_TEST

START_TEST(too_many_parts_are_refused)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	struct problem err = { 0 };
	struct multipart m;

	for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
		buf_adds(&body, HEAD("f", "") "x\r\n");
	buf_adds(&body, "--B--");
	ck_assert_int_eq(scan(a, body.p, body.len, TYPE, &m, &err), -1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ parts_are_ranges_and_texts, 0 },
		{ quoted_boundary_and_other_headers_are_read, 0 },
		{ malformed_body_is_refused, (int)ARRAY_LEN(malformed) },
		{ too_many_parts_are_refused, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "multipart",
		.cases = cases,
	});
}

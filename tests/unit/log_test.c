/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mask.h"
#include "support/suite.h"

#define A40 "aB3_-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text, *masked;
} secrets[] = {
	{ "key=sk_live_abcd1234_" A40, "key=sk_live_***" },
	{ "sk_test_x rest", "sk_test_*** rest" },
	{ "at_" A40 ",rt_" A40, "at_***,rt_***" },
	{ "at_ms=12 start_at_" A40, "at_ms=12 start_at_" A40 },
	{ "EAABwzLixnjYBO and IGAAabcdef12", "EAA*** and IGAA***" },
	{ "Authorization: Bearer abc.def~+/=", "Authorization: Bearer ***" },
	{ "bearer\tx&y", "bearer\t***&y" },
	{ "https://g.example/me?access_token=x.y|z&fields=id",
	  "https://g.example/me?access_token=***&fields=id" },
	{ "a=1&client_secret=s3&b=2", "a=1&client_secret=***&b=2" },
	{ "next=https%3A%2F%2Fx%3Faccess_token%3Dabc",
	  "next=https%3A%2F%2Fx%3Faccess_token%3D***" },
	{ "{\"access_token\": \"abc\",\"n\":1}", "{\"access_token\": \"***\",\"n\":1}" },
	{ "{\\\"refresh_token\\\":\\\"abc\\\"}", "{\\\"refresh_token\\\":\\\"***\\\"}" },
	{ "/callback?code=abc&state=def", "/callback?code=***&state=***" },
	{ "code=rate_limited state=due", "code=rate_limited state=due" },
	{ "ACCESS_TOKEN=abc", "ACCESS_TOKEN=***" },
	{ "access_tokens are kept", "access_tokens are kept" },
	{ "EAA", "EAA" },
	{ "post=sch_01HZY event=post.published", "post=sch_01HZY event=post.published" },
	{ "", "" },
};

START_TEST(mask_hides_secrets_only)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	mask_add(&out, secrets[_i].text, strlen(secrets[_i].text));
	ck_assert_str_eq(buf_str(&out), secrets[_i].masked);
}
END_TEST

/* What the last lines looked like, from " event=" on. */
static const char *read_lines(int fd, char *text, size_t max)
{
	ssize_t n = read(fd, text, max - 1);
	const char *event;

	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_int_eq(text[n - 1], '\n');
	text[n - 1] = '\0';
	event = strstr(text, " event=");
	ck_assert_ptr_nonnull(event);
	return event + 1;
}

START_TEST(line_escapes_values)
{
	char text[8192];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	log_setup("prog", LOG_LEVEL_INFO, ends[1]);
	log_line(LOG_LEVEL_INFO, "a.b", "x=%s y=\"%s\" z=%s e=%s", "two words", "q\"\\\n\x1b[31m",
		 "k=v", "");
	ck_assert_str_eq(read_lines(ends[0], text, sizeof(text)),
			 "event=a.b x=\"two words\" y=\"q\\\"\\\\\\n\\x1b[31m\" z=\"k=v\" e=\"\"");
	log_line(LOG_LEVEL_INFO, "u", "x=%s y=%s", "\xc3\xa9", "\xff\xc2\x9b");
	ck_assert_str_eq(read_lines(ends[0], text, sizeof(text)),
			 "event=u x=\xc3\xa9 y=\\xff\\xc2\\x9b");
	log_line(LOG_LEVEL_INFO, "t", "url=%s", "https://x/?access_token=abc&y=1");
	ck_assert_str_eq(read_lines(ends[0], text, sizeof(text)),
			 "event=t url=\"https://x/?access_token=***&y=1\"");
}
END_TEST

START_TEST(line_prints_every_conversion)
{
	char text[8192];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	log_setup("prog", LOG_LEVEL_INFO, ends[1]);
	log_line(LOG_LEVEL_WARN, "n", "%d %i %u %x %ld %lld %llu %zu %zd %05d %.2f %c %% %.*s %.1s",
		 -1, 2, 3U, 255U, -4L, -5LL, 18446744073709551615ULL, (size_t)6, (ssize_t)-7, 42,
		 1.5, 'k', 2, "abc", "xyz");
	ck_assert_str_eq(read_lines(ends[0], text, sizeof(text)),
			 "event=n -1 2 3 ff -4 -5 18446744073709551615 6 -7 00042 1.50 k % ab x");
	ck_assert_ptr_nonnull(strstr(text, "level=warn prog=prog pid="));
}
END_TEST

START_TEST(level_and_context_apply)
{
	char text[8192], huge[4000];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	log_setup("prog", LOG_LEVEL_WARN, ends[1]);
	log_context("req_1");
	log_line(LOG_LEVEL_INFO, "hidden", "x=1");
	log_line(LOG_LEVEL_ERROR, "shown", "%s", "");
	ck_assert_str_eq(read_lines(ends[0], text, sizeof(text)), "event=shown \"\"");
	ck_assert_ptr_nonnull(strstr(text, " id=req_1 "));
	log_context(NULL);
	memset(huge, 'a', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	log_line(LOG_LEVEL_ERROR, "cut", "x=%s", huge);
	ck_assert_uint_eq(strlen(read_lines(ends[0], text, sizeof(text))),
			  strlen("event=cut x=...") + 2048);
	ck_assert_ptr_null(strstr(text, " id="));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ mask_hides_secrets_only, (int)ARRAY_LEN(secrets) },
		{ line_escapes_values, 0 },
		{ line_prints_every_conversion, 0 },
		{ level_and_context_apply, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "log",
		.cases = cases,
	});
}

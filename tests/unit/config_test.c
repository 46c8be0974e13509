/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "support/suite.h"

static const char *const sections[] = { "instagram", "instagram.test", NULL };
static const struct setting rows[] = {
	{ "", "mode", SETTING_WORD, "slow fast", 0, 0, "Pace." },
	{ "", "client_id", SETTING_TEXT, "none", 0, 0, "Id." },
	{ "", "tries", SETTING_INT, "3", 1, 5, "Tries." },
	{ .name = NULL },
};
static const struct setting_group group = { sections, rows };

/* Loads the text as a file; `at` is what stands behind the path in the refusal. */
static int load(const char *text, size_t len, struct config **ret, struct problem *p,
		const char **at)
{
	char path[] = "/tmp/config_test.XXXXXX";
	int fd = mkstemp(path), error;

	ck_assert_int_ge(fd, 0);
	ck_assert(write(fd, text, len) == (ssize_t)len);
	(void)close(fd);
	error = config_load(path, &group, 1, ret, p);
	(void)unlink(path);
	if (error)
		*at = p->detail + strlen(path);
	return error;
}

static const struct {
	const char *text;
	size_t len;
	const char *at;
} wrong[] = {
	{ "[publish]\nin_flight = 0\n", 0, ":2: [publish] in_flight is out of range (1 to 2000)" },
	{ "[publish]\nin_flight = 2001\n", 0,
	  ":2: [publish] in_flight is out of range (1 to 2000)" },
	{ "[publish]\nin_flight = 1x\n", 0,
	  ":2: [publish] in_flight must be a whole number (1 to 2000)" },
	{ "[publish]\nin_flight =\n", 0,
	  ":2: [publish] in_flight must be a whole number (1 to 2000)" },
	{ "[publish]\nin_flight = 99999999999999999999\n", 0,
	  ":2: [publish] in_flight must be a whole number (1 to 2000)" },
	{ "\n[server]\nregistration_open = yes\n", 0,
	  ":3: [server] registration_open must be true or false" },
	{ "[keys]\nurl_file = x\n", 0, ":2: [keys] url_file must be an absolute path" },
	{ "[keys]\nnope = x\n", 0, ":2: [keys] nope is not a setting" },
	{ "[nope]\nx = 1\n", 0, ":2: [nope] x stands in an unknown section" },
	{ "public_url = x\n", 0, ":1: [] public_url stands in an unknown section" },
	{ "[server]\npublic_url = a\npublic_url = b\n", 0, ":3: [server] public_url is set twice" },
	{ "[server]\nrubbish\n", 0, ":2: neither [section] nor name = value" },
	{ "[server]\npublic_url = a\x01\n", 0,
	  ":2: [server] public_url holds a control character" },
	{ "[server]\npublic_url = a\xff\n", 0, ":0: not UTF-8" },
	{ "[server]\npublic_url = a\0b\n", 27, ":2: a line is too long or holds a NUL" },
	{ "[instagram.test]\ntries = 6\n", 0,
	  ":2: [instagram.test] tries is out of range (1 to 5)" },
	{ "[server]\nlog_level = nonsense\n", 0,
	  ":2: [server] log_level must be one of: info debug warn error" },
	{ "[server]\nlog_level = inf\n", 0,
	  ":2: [server] log_level must be one of: info debug warn error" },
	{ "[server]\nlog_level = debug warn\n", 0,
	  ":2: [server] log_level must be one of: info debug warn error" },
	{ "[instagram]\nmode =\n", 0, ":2: [instagram] mode must be one of: slow fast" },
	{ "[instagram.live]\ntries = 2\n", 0,
	  ":2: [instagram.live] tries stands in an unknown section" },
};

START_TEST(load_wrong_line_is_named)
{
	size_t len = wrong[_i].len ? wrong[_i].len : strlen(wrong[_i].text);
	struct problem p = { .kind = PROBLEM_NONE };
	struct config *cfg = NULL;
	const char *at = "";

	ck_assert_int_eq(load(wrong[_i].text, len, &cfg, &p, &at), -1);
	ck_assert_ptr_null(cfg);
	ck_assert_int_eq(p.kind, PROBLEM_NOT_CONFIGURED);
	ck_assert_str_eq(at, wrong[_i].at);
}
END_TEST

START_TEST(load_without_file_gives_defaults)
{
	CLEANUP(config_free) struct config *cfg = NULL;
	struct problem p = { .kind = PROBLEM_NONE };

	ck_assert_int_eq(config_load(NULL, NULL, 0, &cfg, &p), 0);
	ck_assert_str_eq(cfg->server_public_url, "https://localhost");
	ck_assert_str_eq(cfg->server_log_level, "info");
	ck_assert_int_eq(cfg->publish_in_flight, 500);
	ck_assert(!cfg->server_registration_open);
	ck_assert_ptr_null(config_get(cfg, "instagram", "client_id"));
	config_free(NULL);
	ck_assert_int_eq(config_load("/nonexistent", NULL, 0, &cfg, &p), -1);
	ck_assert_str_eq(p.detail, "/nonexistent: No such file or directory");
}
END_TEST

START_TEST(load_file_sets_values)
{
	static const char text[] = "; comment\n[server]\nregistration_open = true\n"
				   "[instagram]\nclient_id = live id\n# more\n[publish]\n"
				   "  in_flight=7\n[instagram.test]\ntries = 5\nmode = fast\n"
				   "[server]\nlog_level = warn";
	CLEANUP(config_free) struct config *cfg = NULL;
	struct problem p = { .kind = PROBLEM_NONE };
	const char *at;

	ck_assert_int_eq(load(text, sizeof(text) - 1, &cfg, &p, &at), 0);
	ck_assert(cfg->server_registration_open);
	ck_assert_int_eq(cfg->publish_in_flight, 7);
	ck_assert_str_eq(config_get(cfg, "instagram", "client_id"), "live id");
	ck_assert_str_eq(config_get(cfg, "instagram.test", "client_id"), "none");
	ck_assert_int_eq(config_get_int(cfg, "instagram", "tries"), 3);
	ck_assert_int_eq(config_get_int(cfg, "instagram.test", "tries"), 5);
	ck_assert_str_eq(config_get(cfg, "instagram", "mode"), "slow");
	ck_assert_str_eq(config_get(cfg, "instagram.test", "mode"), "fast");
	ck_assert_str_eq(cfg->server_log_level, "warn");
	ck_assert_ptr_null(config_get(cfg, "instagram", "nope"));
}
END_TEST

START_TEST(load_long_value_is_whole)
{
	CLEANUP(config_free) struct config *cfg = NULL;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct problem p = { .kind = PROBLEM_NONE };
	const char *at;

	buf_adds(&text, "[server]\ncors_origins = ");
	for (int i = 0; i < 4000; i++)
		buf_addc(&text, (char)('a' + i % 26));
	buf_adds(&text, "\nregistration_open = true\n");
	ck_assert_int_eq(load(text.p, text.len, &cfg, &p, &at), 0);
	ck_assert_uint_eq(strlen(cfg->server_cors_origins), 4000);
	ck_assert(cfg->server_registration_open);
	config_free(TAKE(cfg));
	buf_clear(&text);
	buf_printf(&text, "[server]\ncors_origins = %05000d\n", 1);
	ck_assert_int_eq(load(text.p, text.len, &cfg, &p, &at), -1);
	ck_assert_str_eq(at, ":2: a line is too long or holds a NUL");
}
END_TEST

START_TEST(sample_loads_as_defaults)
{
	CLEANUP(config_free) struct config *cfg = NULL;
	struct problem p = { .kind = PROBLEM_NONE };
	const char *at = "";
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	config_print_sample(f, &group, 1);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_ptr_nonnull(strstr(text, "# Tries. (1 to 5)\ntries = 3\n"));
	ck_assert_ptr_nonnull(strstr(text, "# Pace. (one of: slow fast)\nmode = slow\n"));
	ck_assert_msg(load(text, len, &cfg, &p, &at) == 0, "%s", at);
	ck_assert_int_eq(cfg->publish_in_flight, 500);
	free(text);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ load_wrong_line_is_named, (int)ARRAY_LEN(wrong) },
		{ load_without_file_gives_defaults, 0 },
		{ load_file_sets_values, 0 },
		{ load_long_value_is_whole, 0 },
		{ sample_loads_as_defaults, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "config",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/config.h"
#include "crypto/keys.h"
#include "crypto/seal.h"
#include "support/suite.h"

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "FF0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF"

static const struct seal_place home = { "ws_1", "acc_1", "token" };

static void write_file(const char *path, const char *text, size_t n, mode_t mode)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* Loads a ring from the text; what seal_load() answers. */
static int ring(const char *text, mode_t mode, struct keyring **ret)
{
	char path[] = "/tmp/seal_test.XXXXXX";
	int fd = mkstemp(path), error;

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	write_file(path, text, strlen(text), mode);
	error = seal_load(path, ret);
	(void)unlink(path);
	return error;
}

START_TEST(open_returns_what_was_closed)
{
	static const size_t sizes[] = { 0, 1, 251, 252, 253, 508, 5000 };
	CLEANUP(seal_free) struct keyring *k = NULL;
	size_t last = 0;

	ck_assert_int_eq(ring("a " HEX_A "\n", 0400, &k), 0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_wipe) struct buf plain = BUF_INIT, blob = BUF_INIT;
		char *text = alloc_zero(sizes[i] + 1);

		memset(text, 'x', sizes[i]);
		ck_assert_int_eq(seal_close(k, &home, text, sizes[i], &blob), 0);
		ck_assert_uint_eq((blob.len - 2 - 1 - 12 - 16) % 256, 0);
		ck_assert_int_eq(seal_open(k, &home, blob.p, blob.len, &plain), 0);
		ck_assert_uint_eq(plain.len, sizes[i]);
		ck_assert_str_eq(buf_str(&plain), text);
		ck_assert(sizes[i] > 252 || !last || blob.len == last);
		last = blob.len;
		free(text);
	}
}
END_TEST

START_TEST(open_any_flipped_bit_is_refused)
{
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT;
	CLEANUP(seal_free) struct keyring *k = NULL;

	ck_assert_int_eq(ring("a " HEX_A "\nb " HEX_B "\n", 0400, &k), 0);
	ck_assert_int_eq(seal_close(k, &home, "secret", 6, &blob), 0);
	for (size_t bit = 0; bit < blob.len * 8; bit++) {
		blob.p[bit / 8] = (char)(blob.p[bit / 8] ^ (1 << bit % 8));
		ck_assert_int_lt(seal_open(k, &home, blob.p, blob.len, &plain), 0);
		blob.p[bit / 8] = (char)(blob.p[bit / 8] ^ (1 << bit % 8));
	}
	for (size_t n = 0; n < blob.len; n++)
		ck_assert_int_lt(seal_open(k, &home, blob.p, n, &plain), 0);
	ck_assert_uint_eq(plain.len, 0);
	ck_assert_int_eq(seal_open(k, &home, blob.p, blob.len, &plain), 0);
}
END_TEST

START_TEST(open_moved_blob_is_refused)
{
	static const struct seal_place elsewhere[] = {
		{ "ws_2", "acc_1", "token" },
		{ "ws_1", "acc_2", "token" },
		{ "ws_1", "acc_1", "refresh" },
		{ "ws_1", "acc_1", "toke" },
	};
	static const struct seal_place impossible = { "ws_1|acc_1", "x", "token" };
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT;
	CLEANUP(seal_free) struct keyring *k = NULL;

	ck_assert_int_eq(ring("a " HEX_A, 0440, &k), 0);
	ck_assert_int_eq(seal_close(k, &home, "secret", 6, &blob), 0);
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		ck_assert_int_eq(seal_open(k, &elsewhere[i], blob.p, blob.len, &plain), -EBADMSG);
	ck_assert_int_eq(seal_open(k, &impossible, blob.p, blob.len, &plain), -EINVAL);
	ck_assert_int_eq(seal_close(k, &impossible, "s", 1, &blob), -EINVAL);
}
END_TEST

START_TEST(rotate_new_key_seals_old_one_opens)
{
	CLEANUP(seal_free) struct keyring *old = NULL, *both = NULL, *other = NULL;
	CLEANUP(buf_done) struct buf blob = BUF_INIT, newer = BUF_INIT;
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT;

	ck_assert_int_eq(ring("2026a " HEX_A, 0400, &old), 0);
	ck_assert_int_eq(ring("# ring\n\n 2026b\t" HEX_B " \r\n2026a " HEX_A "\n", 0600, &both), 0);
	ck_assert_int_eq(ring("2026a " HEX_B, 0400, &other), 0);
	ck_assert_str_eq(seal_current_id(both), "2026b");
	ck_assert_int_eq(seal_close(old, &home, "secret", 6, &blob), 0);
	ck_assert_int_eq(seal_open(both, &home, blob.p, blob.len, &plain), 0);
	ck_assert_int_eq(seal_open(other, &home, blob.p, blob.len, &plain), -EBADMSG);
	ck_assert_int_eq(seal_close(both, &home, "secret", 6, &newer), 0);
	ck_assert_int_eq(seal_open(old, &home, newer.p, newer.len, &plain), -ENOENT);
	ck_assert_str_eq(buf_str(&plain), "secret");
}
END_TEST

static const struct {
	const char *text;
	mode_t mode;
	int error;
} files[] = {
	{ "a " HEX_A, 0400, 0 },
	{ "a " HEX_A, 0440, 0 },
	{ "a " HEX_A, 0600, 0 },
	{ "a " HEX_A, 0640, 0 },
	{ "a " HEX_A, 0644, -EACCES },
	{ "a " HEX_A, 0404, -EACCES },
	{ "a " HEX_A, 0420, -EACCES },
	{ "a " HEX_A, 0500, -EACCES },
	{ "a " HEX_A, 04400, -EACCES },
	{ "", 0400, -EINVAL },
	{ "# only\n", 0400, -EINVAL },
	{ "a", 0400, -EINVAL },
	{ "a 0011", 0400, -EINVAL },
	{ "a " HEX_A "00", 0400, -EINVAL },
	{ "a " HEX_A " more", 0400, -EINVAL },
	{ "a|b " HEX_A, 0400, -EINVAL },
	{ "a " HEX_A "\na " HEX_B, 0400, -EINVAL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " HEX_A, 0400, -EINVAL },
};

START_TEST(load_judges_mode_and_lines)
{
	struct keyring *k = NULL;
	int error = ring(files[_i].text, files[_i].mode, &k);

	ck_assert_msg(error == files[_i].error, "%s %o: %d", files[_i].text,
		      (unsigned)files[_i].mode, error);
	ck_assert(!k == (error != 0));
	seal_free(k);
}
END_TEST

START_TEST(load_what_is_no_file_is_refused)
{
	struct keyring *k = NULL;

	ck_assert_int_eq(seal_load("/nonexistent/ring", &k), -ENOENT);
	ck_assert_int_eq(seal_load("/tmp", &k), -EINVAL);
	ck_assert_int_eq(seal_load("/dev/null", &k), -EINVAL);
}
END_TEST

START_TEST(keys_load_reads_raw_and_hex)
{
	char folder[] = "/tmp/keys_test.XXXXXX", pepper[64], url[64], sealing[64];
	CLEANUP(config_free) struct config *cfg = NULL;
	CLEANUP(keys_free) struct keys *k = NULL;
	struct problem p = { .kind = PROBLEM_NONE };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(pepper, sizeof(pepper), "%s/pepper", folder);
	(void)snprintf(url, sizeof(url), "%s/url", folder);
	(void)snprintf(sealing, sizeof(sealing), "%s/sealing", folder);
	write_file(pepper, "0123456789abcdef0123456789abcde\xff", 32, 0440);
	write_file(url, HEX_B "\n", 65, 0400);
	ck_assert_int_eq(config_load(NULL, NULL, 0, &cfg, &p), 0);
	cfg->keys_pepper_file = pepper;
	cfg->keys_url_file = url;
	cfg->keys_sealing_file = sealing;
	ck_assert_int_eq(keys_load(cfg, true, &k, &p), -1);
	ck_assert_ptr_nonnull(strstr(p.detail, sealing));
	ck_assert_int_eq(keys_load(cfg, false, &k, &p), 0);
	ck_assert_ptr_null(k->ring);
	ck_assert_int_eq(k->pepper[31], 0xff);
	ck_assert(k->url[0] == 0xff && k->url[1] == 1);
	ck_assert_int_eq(chmod(url, 0444), 0);
	keys_free(TAKE(k));
	ck_assert_int_eq(keys_load(cfg, false, &k, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_NOT_CONFIGURED);
	(void)unlink(pepper);
	(void)unlink(url);
	(void)rmdir(folder);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ open_returns_what_was_closed, 0 },
		{ open_any_flipped_bit_is_refused, 0 },
		{ open_moved_blob_is_refused, 0 },
		{ rotate_new_key_seals_old_one_opens, 0 },
		{ load_judges_mode_and_lines, (int)ARRAY_LEN(files) },
		{ load_what_is_no_file_is_refused, 0 },
		{ keys_load_reads_raw_and_hex, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "seal",
		.cases = cases,
	});
}

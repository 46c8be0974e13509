/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "support/suite.h"

START_TEST(sha256_known_vector)
{
	static const char want[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	uint8_t sum[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];
	struct digest *d = digest_new();

	digest_sha256("abc", 3, sum);
	digest_hex(sum, sizeof(sum), hex);
	ck_assert_str_eq(hex, want);
	digest_add(d, "a", 1);
	digest_add(d, "", 0);
	digest_add(d, "bc", 2);
	digest_end(d, sum);
	digest_hex(sum, sizeof(sum), hex);
	ck_assert_str_eq(hex, want);
	digest_free(digest_new());
	digest_free(NULL);
}
END_TEST

START_TEST(hmac_rfc4231_vector)
{
	uint8_t mac[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];

	digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, mac);
	digest_hex(mac, sizeof(mac), hex);
	ck_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	digest_hmac("", 0, "", 0, mac);
	digest_hex(mac, sizeof(mac), hex);
	ck_assert_str_eq(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

START_TEST(crc32_known_vectors)
{
	ck_assert_uint_eq(digest_crc32("123456789", 9), 0xcbf43926U);
	ck_assert_uint_eq(digest_crc32("", 0), 0);
	ck_assert_uint_ne(digest_crc32("sk_live_a", 9), digest_crc32("sk_live_b", 9));
}
END_TEST

START_TEST(unhex_malformed_is_refused)
{
	uint8_t out[2] = { 7, 7 };

	ck_assert_int_eq(digest_unhex("0aFF", out, 2), 0);
	ck_assert(out[0] == 0x0a && out[1] == 0xff);
	ck_assert_int_eq(digest_unhex("0aF", out, 2), -EINVAL);
	ck_assert_int_eq(digest_unhex("0aFF0", out, 2), -EINVAL);
	ck_assert_int_eq(digest_unhex("0aFg", out, 2), -EINVAL);
	ck_assert_int_eq(digest_unhex("", out, 2), -EINVAL);
	ck_assert(out[0] == 0x0a && out[1] == 0xff);
}
END_TEST

START_TEST(base64_rfc4648_vectors)
{
	static const struct {
		const char *plain, *padded, *url;
	} rows[] = {
		{ "", "", "" },
		{ "f", "Zg==", "Zg" },
		{ "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff", "+/8=", "-_8" },
	};
	char text[32];
	uint8_t back[16];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].plain);

		ck_assert_uint_eq(digest_base64(rows[i].plain, len, text), strlen(rows[i].padded));
		ck_assert_str_eq(text, rows[i].padded);
		ck_assert_uint_eq(digest_base64url(rows[i].plain, len, text), strlen(rows[i].url));
		ck_assert_str_eq(text, rows[i].url);
		ck_assert_int_eq(digest_unbase64url(text, strlen(text), back, len, &n), 0);
		ck_assert_uint_eq(n, len);
		ck_assert_int_eq(memcmp(back, rows[i].plain, len), 0);
	}
}
END_TEST

START_TEST(unbase64url_malformed_is_refused)
{
	static const char *const wrong[] = {
		"A", "AAAAA", "Zg==", "Zh", "Zm9", "Z g", "+/8", "Zg\n"
	};
	uint8_t back[8];
	size_t n = 77;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(digest_unbase64url(wrong[i], strlen(wrong[i]), back, 8, &n) ==
				      -EINVAL,
			      "%s", wrong[i]);
	ck_assert_int_eq(digest_unbase64url("Zm9v", 4, back, 2, &n), -EINVAL);
	ck_assert_int_eq(digest_unbase64url("Zm\0v", 4, back, 8, &n), -EINVAL);
	ck_assert_uint_eq(n, 77);
}
END_TEST

START_TEST(equal_compares_every_byte)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	ck_assert(digest_equal(a, b, 32));
	for (size_t i = 0; i < 32; i++) {
		b[i] = 1;
		ck_assert(!digest_equal(a, b, 32));
		b[i] = 0;
	}
	memset(b, 9, sizeof(b));
	digest_wipe(b, sizeof(b));
	ck_assert(digest_equal(a, b, 32));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ sha256_known_vector, 0 },       { hmac_rfc4231_vector, 0 },
		{ crc32_known_vectors, 0 },       { unhex_malformed_is_refused, 0 },
		{ base64_rfc4648_vectors, 0 },    { unbase64url_malformed_is_refused, 0 },
		{ equal_compares_every_byte, 0 }, { NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "digest",
		.cases = cases,
	});
}

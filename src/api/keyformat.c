/* SPDX-License-Identifier: Apache-2.0 */
#include "api/keyformat.h"

#include <string.h>

#include "crypto/random.h"

#define PREFIX_LEN   8
#define CRC_LEN      6
#define SECRET_BYTES 32

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char base64url[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
static const char *const prefixes[] = { "sk_test_", "sk_live_" };

static void checksum(const char *text, char ret[static CRC_LEN])
{
	uint32_t crc = digest_crc32(text, KEYFORMAT_LEN - CRC_LEN);
	int i;

	for (i = CRC_LEN - 1; i >= 0; i--) {
		ret[i] = base62[crc % 62];
		crc /= 62;
	}
}

void keyformat_renew(const struct keyformat *parts, char ret[static KEYFORMAT_LEN + 1])
{
	char *p = ret + PREFIX_LEN;

	memcpy(ret, prefixes[parts->livemode], PREFIX_LEN);
	memcpy(p, parts->public_id, KEYFORMAT_PUBLIC);
	p += KEYFORMAT_PUBLIC;
	*p++ = '_';
	random_token(p, SECRET_BYTES);
	checksum(ret, ret + KEYFORMAT_LEN - CRC_LEN);
	ret[KEYFORMAT_LEN] = '\0';
}

void keyformat_make(bool livemode, char ret[static KEYFORMAT_LEN + 1], struct keyformat *ret_parts)
{
	size_t i;

	ret_parts->livemode = livemode;
	for (i = 0; i < KEYFORMAT_PUBLIC; i++)
		ret_parts->public_id[i] = base62[random_below(62)];
	ret_parts->public_id[KEYFORMAT_PUBLIC] = '\0';
	keyformat_renew(ret_parts, ret);
}

int keyformat_parse(const char *text, struct keyformat *ret)
{
	char crc[CRC_LEN];
	bool livemode = strncmp(text, prefixes[1], PREFIX_LEN) == 0;

	if (strlen(text) != KEYFORMAT_LEN || strncmp(text, prefixes[livemode], PREFIX_LEN) != 0)
		return -1;
	text += PREFIX_LEN;
	if (strspn(text, base62) < KEYFORMAT_PUBLIC || text[KEYFORMAT_PUBLIC] != '_')
		return -1;
	if (strspn(text, base64url) != KEYFORMAT_LEN - PREFIX_LEN)
		return -1;
	text -= PREFIX_LEN;
	checksum(text, crc);
	if (memcmp(crc, text + KEYFORMAT_LEN - CRC_LEN, CRC_LEN) != 0)
		return -1;
	ret->livemode = livemode;
	memcpy(ret->public_id, text + PREFIX_LEN, KEYFORMAT_PUBLIC);
	ret->public_id[KEYFORMAT_PUBLIC] = '\0';
	return 0;
}

void keyformat_mac(const struct keys *keys, const char *text, uint8_t ret[static SHA256_BYTES])
{
	digest_hmac(keys->pepper, sizeof(keys->pepper), text, strlen(text), ret);
}

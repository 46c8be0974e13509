/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyformat - API keys as text
 * Layer api. sk_live_ or sk_test_, 8 characters of public id, `_`, 43 of base64url (32 random
 * bytes), 6 of base62: the CRC-32 of all before. A mistyped or invented key is refused without a
 * look at the database, and secret scanners can tell a real one.
 */
#ifndef CARILLON_API_KEYFORMAT_H
#define CARILLON_API_KEYFORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/digest.h"
#include "crypto/keys.h"

#define KEYFORMAT_PUBLIC 8
#define KEYFORMAT_LEN    (8 + KEYFORMAT_PUBLIC + 1 + 43 + 6)

struct keyformat {
	bool livemode;
	char public_id[KEYFORMAT_PUBLIC + 1];
};

void keyformat_make(bool livemode, char ret[static KEYFORMAT_LEN + 1], struct keyformat *ret_parts);
/* Another secret for that id. */
void keyformat_renew(const struct keyformat *parts, char ret[static KEYFORMAT_LEN + 1]);
/* -1: not shaped like a key, or a wrong checksum. */
int keyformat_parse(const char *text, struct keyformat *ret);
/* What is stored of a key. */
void keyformat_mac(const struct keys *keys, const char *text, uint8_t ret[static SHA256_BYTES]);

#endif

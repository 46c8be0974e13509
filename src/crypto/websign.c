/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/websign.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define SECRET_PREFIX "whsec_"
#define SCHEME        "v1,"

void websign_make(struct websign_secret *ret)
{
	ret->n = WEBSIGN_SECRET_BYTES;
	random_bytes(ret->bytes, ret->n);
}

void websign_print_secret(const struct websign_secret *s, char ret[static WEBSIGN_SECRET_TEXT_MAX])
{
	memcpy(ret, SECRET_PREFIX, sizeof(SECRET_PREFIX));
	digest_base64(s->bytes, s->n < WEBSIGN_SECRET_BYTES ? s->n : WEBSIGN_SECRET_BYTES,
		      ret + strlen(SECRET_PREFIX));
}

void websign_print(const struct websign_message *m, const struct websign_secret *secrets, size_t n,
		   char *ret)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	uint8_t mac[SHA256_BYTES];

	buf_printf(&text, "%s.%lld.", m->id, (long long)m->timestamp_s);
	buf_add(&text, m->body, m->body_n);
	*ret = '\0';
	for (size_t i = 0; i < n; i++) {
		digest_hmac(secrets[i].bytes, secrets[i].n, text.p, text.len, mac);
		if (i > 0)
			*ret++ = ' ';
		memcpy(ret, SCHEME, sizeof(SCHEME));
		ret += strlen(SCHEME);
		ret += digest_base64(mac, sizeof(mac), ret);
	}
}

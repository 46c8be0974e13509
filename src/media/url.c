/* SPDX-License-Identifier: Apache-2.0 */
#include "media/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define MAC_BYTES 16

static void mac_text(const struct keys *keys, const char *id, const char *expiry, const char *ext,
		     char ret[static TOKEN_TEXT_MAX(MAC_BYTES)])
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *text = arena_printf(a, "m|%s|%s|%s", id, expiry, ext);
	uint8_t mac[SHA256_BYTES];

	digest_hmac(keys->url, sizeof(keys->url), text, strlen(text), mac);
	digest_base64url(mac, MAC_BYTES, ret);
}

const char *media_url_sign(struct arena *a, const struct keys *keys, const char *public_url,
			   const char *media_id, const char *ext, int64_t expires_us)
{
	const char *expiry =
		arena_printf(a, "%lld", (long long)((expires_us + US_PER_S - 1) / US_PER_S));
	char mac[TOKEN_TEXT_MAX(MAC_BYTES)];

	mac_text(keys, media_id, expiry, ext, mac);
	return arena_printf(a, "%s/m/%s/%s/%s.%s", public_url, media_id, expiry, mac, ext);
}

int media_url_check(const struct keys *keys, const char *media_id, const char *expiry,
		    const char *file, int64_t now_us, struct problem *reterr)
{
	const char *dot = strchr(file, '.');
	char want[TOKEN_TEXT_MAX(MAC_BYTES)];
	char *end = NULL;
	long long expires_s;

	if (!dot || (size_t)(dot - file) != sizeof(want) - 1)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no such media address");
	mac_text(keys, media_id, expiry, dot + 1, want);
	if (!digest_equal(want, file, sizeof(want) - 1))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no such media address");
	expires_s = strtoll(expiry, &end, 10);
	if (*end || expires_s < now_us / US_PER_S)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "this media address has expired");
	return 0;
}

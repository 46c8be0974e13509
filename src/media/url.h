/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url - signed public addresses of media: {public_url}/m/{med_id}/{expiry}/{hmac}.{ext}
 * Layer media. The MAC is HMAC-SHA256(keys.url, "m|id|expiry|ext"), first 16 bytes as base64url.
 * Units: microseconds in, whole seconds (rounded up) in the address.
 */
#ifndef CARILLON_MEDIA_URL_H
#define CARILLON_MEDIA_URL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"
#include "crypto/keys.h"

const char *media_url_sign(struct arena *a, const struct keys *keys, const char *public_url,
			   const char *media_id, const char *ext, int64_t expires_us);
/* 0 when the three path segments belong together and have not expired; else PROBLEM_NOT_FOUND. */
int media_url_check(const struct keys *keys, const char *media_id, const char *expiry,
		    const char *file, int64_t now_us, struct problem *reterr);

#endif

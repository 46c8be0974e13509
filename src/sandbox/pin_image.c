/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of JPEG (ITU-T T.81) and PNG (RFC 2083) images in memory. */
#include <errno.h>
#include <string.h>

#include "sandbox/pin.h"

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static unsigned be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

/* Start-of-frame markers, without DHT (c4), JPG (c8) and DAC (cc). */
static bool is_frame(uint8_t m)
{
	return m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc;
}

static int jpeg_size(const uint8_t *p, size_t n, struct pin_image *ret)
{
	size_t len;

	for (size_t at = 2; at + 9 < n; at += len) {
		if (p[at] != 0xff)
			return -EBADMSG;
		len = p[at + 1] == 0xff ? 1 : 2 + (size_t)be16(p + at + 2);
		if (is_frame(p[at + 1])) {
			*ret = (struct pin_image){ be16(p + at + 7), be16(p + at + 5),
						   "image/jpeg" };
			return 0;
		}
	}
	return -EBADMSG;
}

int sandbox_pin_image(const void *bytes, size_t n, struct pin_image *ret)
{
	const uint8_t *p = bytes;

	if (n > 24 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0 && memcmp(p + 12, "IHDR", 4) == 0) {
		*ret = (struct pin_image){ be32(p + 16), be32(p + 20), "image/png" };
		return 0;
	}
	if (n > 12 && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff)
		return jpeg_size(p, n, ret);
	return -EBADMSG;
}

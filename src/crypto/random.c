/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/random.h"

#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"

#define ULID_BYTES        16
#define ULID_RANDOM_BYTES 10
#define ULID_TEXT         26
#define TOKEN_BYTES_MAX   256

static _Noreturn void random_failed(void)
{
	static const char line[] = "no random bytes to be had\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		_exit(70);
	_exit(70);
}

void random_bytes(void *p, size_t n)
{
	unsigned char *to = p;

	while (n) {
		size_t part = n < INT_MAX ? n : INT_MAX;

		if (RAND_priv_bytes(to, (int)part) != 1)
			random_failed();
		to += part;
		n -= part;
	}
}

uint64_t random_below(uint64_t bound)
{
	uint64_t value, excess;

	if (bound < 2)
		return 0;
	excess = -bound % bound; /* 2^64 mod bound: so many values would be favoured */
	do {
		random_bytes(&value, sizeof(value));
	} while (value < excess);
	return value % bound;
}

/* The last ULID, so that the next one of the same millisecond can be made greater. */
struct ulid_state {
	pid_t pid;
	int64_t ms;
	uint8_t tail[ULID_RANDOM_BYTES];
};

/* Adds a random step of at least 1: neighbours stay in order and cannot be guessed. */
static int tail_advance(uint8_t tail[static ULID_RANDOM_BYTES])
{
	uint64_t step = 1 + random_below(UINT64_C(1) << 32);

	for (int i = ULID_RANDOM_BYTES - 1; i >= 0; i--) {
		step += tail[i];
		tail[i] = (uint8_t)step;
		step >>= 8;
	}
	return step ? -1 : 0;
}

static void tail_fresh(uint8_t tail[static ULID_RANDOM_BYTES])
{
	if (RAND_bytes(tail, ULID_RANDOM_BYTES) != 1)
		random_failed();
}

static void ulid_next(uint8_t ret[static ULID_BYTES])
{
	static struct ulid_state last;
	int64_t now_ms = clock_real_us() / US_PER_MS;

	if (last.pid != getpid()) {
		/* After fork() both processes hold the same tail and must part at once. */
		last.pid = getpid();
		last.ms = now_ms;
		tail_fresh(last.tail);
	} else if (now_ms > last.ms) {
		last.ms = now_ms;
		tail_fresh(last.tail);
	} else if (tail_advance(last.tail) < 0) {
		last.ms++;
		tail_fresh(last.tail);
	}
	for (int i = 0; i < 6; i++)
		ret[i] = (uint8_t)(last.ms >> (40 - 8 * i));
	memcpy(ret + 6, last.tail, sizeof(last.tail));
}

static void ulid_print(const uint8_t ulid[static ULID_BYTES], char ret[static ULID_TEXT + 1])
{
	static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint32_t bits = 0;
	int have = 2; /* 130 bits are printed: two zeroes go first */
	char *to = ret;

	for (int i = 0; i < ULID_BYTES; i++) {
		bits = (bits << 8 | ulid[i]) & 0xffffU;
		for (have += 8; have >= 5; have -= 5)
			*to++ = crockford[bits >> (have - 5) & 31];
	}
	*to = '\0';
}

void random_id(char ret[static ID_MAX], const char *prefix)
{
	uint8_t ulid[ULID_BYTES];
	char text[ULID_TEXT + 1];

	ulid_next(ulid);
	ulid_print(ulid, text);
	(void)snprintf(ret, ID_MAX, "%s_%s", prefix, text);
}

void random_id_floor(char ret[static ID_MAX], const char *prefix, int64_t us)
{
	const int64_t ms = us > 0 ? us / US_PER_MS : 0;
	uint8_t ulid[ULID_BYTES] = { 0 };
	char text[ULID_TEXT + 1];

	for (int i = 0; i < 6; i++)
		ulid[i] = (uint8_t)(ms >> (40 - 8 * i));
	ulid_print(ulid, text);
	(void)snprintf(ret, ID_MAX, "%s_%s", prefix, text);
}

void random_token(char *ret, size_t bytes)
{
	uint8_t raw[TOKEN_BYTES_MAX];

	if (bytes > sizeof(raw))
		abort();
	random_bytes(raw, bytes);
	(void)digest_base64url(raw, bytes, ret);
	digest_wipe(raw, sizeof(raw));
}

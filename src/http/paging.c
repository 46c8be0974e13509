/* SPDX-License-Identifier: Apache-2.0 */
#include "http/paging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/keys.h"
#include "crypto/random.h"

#define LIMIT_DEFAULT    50
#define LIMIT_MOST       100
#define MAC_BYTES        10
#define ID_BYTES_MAX     64
#define LIST_BYTES_MAX   64
#define CURSOR_BYTES_MAX (8 + ID_BYTES_MAX + MAC_BYTES)

/* The MAC covers the list's name, so a cursor of one list says nothing to another. */
static void cursor_mac(const struct request *req, const char *list, const uint8_t *data, size_t n,
		       uint8_t ret[static SHA256_BYTES])
{
	uint8_t text[LIST_BYTES_MAX + CURSOR_BYTES_MAX];
	int head = snprintf((char *)text, LIST_BYTES_MAX, "cursor|%s|", list);
	size_t head_n = head < 0 || head >= LIST_BYTES_MAX ? 0 : (size_t)head;

	memcpy(text + head_n, data, n);
	digest_hmac(req->app->keys->url, sizeof(req->app->keys->url), text, head_n + n, ret);
}

const char *paging_cursor(const struct request *req, const char *list, int64_t us, const char *id)
{
	uint8_t bytes[CURSOR_BYTES_MAX], mac[SHA256_BYTES];
	size_t id_n = strnlen(id, ID_BYTES_MAX);
	char *text = arena_alloc(req->arena, TOKEN_TEXT_MAX(CURSOR_BYTES_MAX));
	uint64_t bits = (uint64_t)us;
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(bits >> (56 - 8 * i));
	memcpy(bytes + 8, id, id_n);
	cursor_mac(req, list, bytes, 8 + id_n, mac);
	memcpy(bytes + 8 + id_n, mac, MAC_BYTES);
	digest_base64url(bytes, 8 + id_n + MAC_BYTES, text);
	return text;
}

static int cursor_read(const struct request *req, const char *list, const char *cursor,
		       struct paging *ret)
{
	uint8_t bytes[CURSOR_BYTES_MAX], mac[SHA256_BYTES];
	uint64_t bits = 0;
	size_t n = 0, i;

	if (digest_unbase64url(cursor, strlen(cursor), bytes, sizeof(bytes), &n) < 0 ||
	    n <= 8 + MAC_BYTES)
		return -1;
	n -= MAC_BYTES;
	cursor_mac(req, list, bytes, n, mac);
	if (!digest_equal(mac, bytes + n, MAC_BYTES))
		return -1;
	for (i = 0; i < 8; i++)
		bits = bits << 8 | bytes[i];
	ret->after_us = (int64_t)bits;
	ret->after_id = arena_strndup(req->arena, (const char *)bytes + 8, n - 8);
	return 0;
}

int paging_read(const struct request *req, const char *list, struct paging *ret,
		struct problem *reterr)
{
	const char *limit = request_query(req, "limit");
	const char *cursor = request_query(req, "cursor");
	struct paging p = { LIMIT_DEFAULT, INSTANT_NONE, NULL };

	if (limit) {
		char *end;
		long n = strtol(limit, &end, 10);

		if (*end || end == limit || n < 1 || n > LIMIT_MOST) {
			problem_set(reterr, PROBLEM_INVALID, "limit is a number from 1 to %d.",
				    LIMIT_MOST);
			return problem_add(reterr, "limit", "out_of_range", "1 to %d", LIMIT_MOST);
		}
		p.limit = (int)n;
	}
	if (cursor && cursor_read(req, list, cursor, &p) < 0) {
		problem_set(reterr, PROBLEM_CURSOR,
			    "Use the cursor exactly as an earlier page of this list gave it.");
		return problem_add(reterr, "cursor", "invalid_cursor", "not a cursor of this list");
	}
	*ret = p;
	return 0;
}

void paging_close(struct request *req, struct reply *ret, const char *list, bool has_more,
		  int64_t last_us, const char *last_id)
{
	emit_text(&ret->emit, "next_cursor",
		  has_more ? paging_cursor(req, list, last_us, last_id) : NULL);
}

void paging_close_camel(struct request *req, struct reply *ret, const char *list, bool has_more,
			int64_t last_us, const char *last_id)
{
	emit_bool(&ret->emit, "hasMore", has_more);
	emit_text(&ret->emit, "nextCursor",
		  has_more ? paging_cursor(req, list, last_us, last_id) : NULL);
}

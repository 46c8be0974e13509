/* SPDX-License-Identifier: Apache-2.0 */
/* Workspace, row and column, where to alter and how, on a line each; then a secret. */
#include "crypto/seal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "fuzz/fuzz.h"

struct sealed {
	struct keyring *ring;
	const char *plain;
	size_t n;
	struct buf blob;
};

static bool opens(const struct sealed *s, const struct seal_place *at, const char *blob, size_t n)
{
	struct buf plain = BUF_INIT;
	const char *copy = NULL;
	int rc;

	/* Of exactly its size, so that a read beyond it is seen. */
	CLEANUP(arena_free) struct arena *a = arena_new();

	copy = n ? arena_memdup(a, blob, n) : arena_alloc(a, 1);
	rc = seal_open(s->ring, at, copy, n, &plain);
	if (rc == 0)
		MUST(plain.len == s->n && (s->n == 0 || memcmp(plain.p, s->plain, s->n) == 0));
	buf_wipe(&plain);
	return rc == 0;
}

static void alter(struct sealed *s, const struct seal_place *at, size_t i, unsigned char how)
{
	char *byte = &s->blob.p[i % s->blob.len];

	*byte = (char)(*byte ^ how);
	MUST(how == 0 || !opens(s, at, s->blob.p, s->blob.len));
	*byte = (char)(*byte ^ how);
	MUST(!opens(s, at, s->blob.p, i % s->blob.len));
	buf_addc(&s->blob, (char)how);
	MUST(!opens(s, at, s->blob.p, s->blob.len));
	s->blob.len--;
}

/* Each part says something, and has nothing of what stands between them. */
static bool is_place(const struct seal_place *at)
{
	return *at->workspace && *at->row && *at->column && !strchr(at->workspace, '|') &&
	       !strchr(at->row, '|') && !strchr(at->column, '|');
}

void fuzz_seal(struct input *in)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct seal_place at = { 0 }, other;
	struct sealed s = { .blob = BUF_INIT };
	size_t where;
	unsigned char how;

	at.workspace = input_line(in);
	at.row = input_line(in);
	at.column = input_line(in);
	where = (size_t)input_number(in);
	how = (unsigned char)input_number(in);
	s.plain = input_rest(in, &s.n);
	s.ring = seal_ring_of(key);
	/* What comes from elsewhere never opens. */
	MUST(!opens(&s, &at, s.plain, s.n));
	if (!is_place(&at)) {
		MUST(seal_close(s.ring, &at, s.plain, s.n, &s.blob) == -EINVAL && !s.blob.p);
		seal_free(s.ring);
		return;
	}
	MUST(seal_close(s.ring, &at, s.plain, s.n, &s.blob) == 0);
	MUST(opens(&s, &at, s.blob.p, s.blob.len));
	alter(&s, &at, where, how);
	other = at;
	other.row = arena_printf(in->arena, "%sx", at.row);
	MUST(!opens(&s, &other, s.blob.p, s.blob.len));
	other = at;
	other.workspace = at.column;
	other.column = at.workspace;
	MUST(same_text(at.workspace, at.column) || !opens(&s, &other, s.blob.p, s.blob.len));
	buf_done(&s.blob);
	seal_free(s.ring);
}

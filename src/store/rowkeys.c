/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rowkeys.h"

#include "json/emit.h"

void row_keys_print(const struct row_key *first, size_t n, size_t apart, struct buf *out)
{
	struct emit e = EMIT(out);

	emit_open_array(&e, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct row_key *key = (const void *)((const char *)first + i * apart);

		emit_open_array(&e, NULL);
		emit_text(&e, NULL, key->workspace);
		emit_text(&e, NULL, key->id);
		emit_close_array(&e);
	}
	emit_close_array(&e);
}

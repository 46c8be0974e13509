/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit - JSON written straight into a buffer
 * Layer json. No tree is built for answers. Commas are kept by the writer; keys are given as the
 * first argument, NULL inside arrays and at the top. Texts must be valid UTF-8 (invalid bytes
 * become U+FFFD); NULL texts and INSTANT_NONE print null.
 */
#ifndef CARILLON_JSON_EMIT_H
#define CARILLON_JSON_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct emit {
	struct buf *out;
	bool comma; /* the next member needs a comma */
};
#define EMIT(buffer)            \
	{                       \
		(buffer), false \
	}

void emit_open(struct emit *e, const char *key); /* { */
void emit_close(struct emit *e);                 /* } */
void emit_open_array(struct emit *e, const char *key);
void emit_close_array(struct emit *e);
void emit_text(struct emit *e, const char *key, const char *value);
void emit_text_n(struct emit *e, const char *key, const char *value, size_t len);
void emit_int(struct emit *e, const char *key, int64_t value);
void emit_number(struct emit *e, const char *key, double value); /* shortest round-trip form */
void emit_bool(struct emit *e, const char *key, bool value);
void emit_null(struct emit *e, const char *key);
void emit_instant(struct emit *e, const char *key, int64_t us); /* RFC 3339 Z, seconds */
void emit_raw(struct emit *e, const char *key,
	      const char *json); /* trusted JSON text; NULL: null */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * params - names and values of a request, whatever way they came
 * Layer sandbox. Texts live in the arena of the list. Sources: application/x-www-form-urlencoded
 * (WHATWG URL, 5.1), multipart/form-data (RFC 7578), JSON objects (scalars as text, the rest as
 * JSON text). Errors: -EINVAL for a body that is not what its Content-Type says.
 */
#ifndef CARILLON_SANDBOX_PARAMS_H
#define CARILLON_SANDBOX_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/map.h"

struct param {
	const char *name, *value;
};

void sandbox_params_add(struct list *params, const char *name, const char *value); /* copies */
/* The last one wins, so a body wins over the query. NULL: absent. */
const char *sandbox_params_get(const struct list *params, const char *name);
const char *sandbox_params_get_nocase(const struct list *params, const char *name);
void sandbox_params_query(struct list *params, const char *text, size_t len);
int sandbox_params_body(struct list *params, const char *content_type, const char *body,
			size_t len);
char *sandbox_params_unescape(struct arena *a, const char *s, size_t len, bool plus_is_space);
/* Everything but unreserved bytes becomes %XX. */
char *sandbox_params_escape(struct arena *a, const char *s);
char *sandbox_params_escape_html(struct arena *a, const char *s);

#endif

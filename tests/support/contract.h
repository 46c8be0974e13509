/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract - whether a request fits what a platform's own OpenAPI document says of it
 * Tests only. The documents are not part of the source; they lie in a folder that the environment
 * variable CARILLON_CONTRACTS names. Of JSON Schema: type (nullable), required, properties,
 * additionalProperties, enum, items, minItems, maxItems, uniqueItems, minLength, maxLength, pattern,
 * minimum, maximum, $ref, oneOf, anyOf, allOf. Whatever else a schema says is passed over.
 */
#ifndef CARILLON_TESTS_CONTRACT_H
#define CARILLON_TESTS_CONTRACT_H

#include <jansson.h>

#include "base/arena.h"
#include "net/message.h"

/* file: below the folder, e.g. "x/openapi.json". NULL, and says so: there is none. Caller frees. */
json_t *contract_load(const char *file);

/* The first thing that does not fit, e.g. "/media/media_ids/0: is not ..."; NULL: it fits. */
const char *contract_fault(struct arena *a, const json_t *doc, const json_t *schema,
			   const json_t *value);

/*
 * A whole request: that path and verb exist (prefix: what of the URL's path the document leaves out,
 * or ""), its query has known and all required parameters, and its JSON body fits. Forms and
 * multipart bodies are compared by the names of their fields. NULL: it fits.
 */
const char *contract_request_fault(struct arena *a, const json_t *doc, const char *prefix,
				   const struct http_request *r);

#endif

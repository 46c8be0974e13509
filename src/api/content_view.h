/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_view - a content and its media as the API shows them
 * Layer api.
 */
#ifndef CARILLON_API_CONTENT_VIEW_H
#define CARILLON_API_CONTENT_VIEW_H

#include "domain/content.h"
#include "http/message.h"
#include "json/schema.h"

extern const struct schema content_view_schema, content_view_list_schema;

void content_view_emit(struct emit *e, const struct content *c);
/* Signed addresses of the content's media as an array member; [] for text. */
void content_view_emit_urls(const struct request *req, struct emit *e, const char *key,
			    const struct content *c);

#endif

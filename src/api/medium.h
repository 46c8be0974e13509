/* SPDX-License-Identifier: Apache-2.0 */
/*
 * medium - taking a file in and letting it go: what the routes of media and of sounds share
 * Layer api.
 */
#ifndef CARILLON_API_MEDIUM_H
#define CARILLON_API_MEDIUM_H

#include "http/message.h"
#include "store/media.h"
#include "json/schema.h"

/* The JSON body in place of a file: .body of the route. */
extern const struct schema medium_url_schema, medium_sound_schema;

/*
 * The upload of the request, or the order to fetch the file at the URL of its JSON body. kind: enum
 * media_kind that it must be, or FETCH_ANY_KIND.
 */
int medium_take(struct request *req, int kind, struct media *ret, struct problem *reterr);
int medium_status(const struct media *m); /* of what medium_take() gave: 201, 200 or 202 */
/* Honours If-Match. The bytes go when no row stands for them any more. */
int medium_drop(struct request *req, const struct media *m, struct problem *reterr);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instagram_item - one container: what it is made of and the request that makes it; pure
 * Layer platform. Item i of a delivery is its i-th media; behind the media of a carousel stands one
 * more item, the parent that binds them.
 */
#ifndef CARILLON_PLATFORM_INSTAGRAM_ITEM_H
#define CARILLON_PLATFORM_INSTAGRAM_ITEM_H

#include "platform/instagram.h"

size_t instagram_items_n(const struct delivery *d);
/* Of the memo, made empty when it is not there yet. Borrowed. */
json_t *instagram_item(const struct delivery *d, size_t i);
/* Forgets the container but keeps the count of renewals; so must the parent that names it. */
void instagram_item_drop(struct delivery *d, size_t i);
bool instagram_item_is_video(const struct delivery *d, size_t i);
/* Its bytes go up from here rather than being fetched from our address. */
bool instagram_item_is_pushed(const struct delivery *d, size_t i);
/* "Item 2 of 5" for messages; NULL when there is one only. */
const char *instagram_item_subject(const struct delivery *d, size_t i);
/* POST /{ig user}/media */
struct http_request *instagram_item_create(const struct delivery *d, size_t i);
/* POST of the file's bytes from item.sent on; NULL: Meta named an address that is not its own. */
struct http_request *instagram_item_upload(const struct delivery *d, size_t i);

#endif

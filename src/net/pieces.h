/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces - texts and base64 of files, one after another, as a body that libcurl reads and rewinds
 * Layer net; private to the client. Constant memory, the length is known before. Owner:
 * pieces_open() gives it to the caller; pieces_free() accepts NULL; the list is borrowed. Errors:
 * -errno; -ENODATA when a file is shorter than was said.
 */
#ifndef CARILLON_NET_PIECES_H
#define CARILLON_NET_PIECES_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "net/message.h"

struct pieces;

int pieces_open(const struct http_piece *list, struct pieces **ret);
void pieces_free(struct pieces *p);
int64_t pieces_length(const struct pieces *p);

/* libcurl's callbacks; arg is the pieces. Only the way back to the start can be sought. */
size_t pieces_read(char *to, size_t size, size_t count, void *arg);
int pieces_seek(void *arg, curl_off_t offset, int origin);

DEFINE_CLEANUP(struct pieces *, pieces_free);

#endif

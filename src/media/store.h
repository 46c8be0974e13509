/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - media bytes on disk, addressed by their SHA-256
 * Layer media. A file stands at <media.folder>/<workspace>/<2 hex>/<64 hex>, mode 0640, written
 * under a temporary name, synced, then renamed, so a name is always whole. Each workspace keeps
 * its own copy: deleting never touches a neighbour.
 */
#ifndef CARILLON_MEDIA_STORE_H
#define CARILLON_MEDIA_STORE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/problem.h"

struct config;

struct media_file { /* bytes that were taken in and not yet kept */
	char *path; /* temporary; removed by media_file_free() unless kept */
	char sha256[65];
	int64_t bytes;
};

/* Path of kept bytes, whether or not they exist. */
const char *media_path(struct arena *a, const struct config *cfg, const char *ws,
		       const char *sha256_hex);
/* Address for nginx's internal location: /_media/<workspace>/<2 hex>/<64 hex> */
const char *media_internal_uri(struct arena *a, const char *ws, const char *sha256_hex);

/* Copies [offset, offset+bytes) of a spooled body into the store's temporary folder, hashing. */
int media_take(const struct config *cfg, const char *from_path, int64_t offset, int64_t bytes,
	       struct media_file **ret, struct problem *reterr);
/* An empty temporary file that a tool may fill; then hashed and synced where it stands. */
int media_blank(const struct config *cfg, const char *ext, struct media_file **ret,
		struct problem *reterr); /* ext: with its dot */
int media_adopt(struct media_file *f, struct problem *reterr);

/* Bytes as they come, hashed as they pass; constant memory. */
struct media_intake;
int media_intake_open(const struct config *cfg, struct media_intake **ret, struct problem *reterr);
int media_intake_add(struct media_intake *in, const void *p, size_t n); /* -1: the disk failed */
/* Synced: what has come is the file. */
int media_intake_end(struct media_intake *in, struct media_file **ret, struct problem *reterr);
void media_intake_free(struct media_intake *in); /* what was not ended is gone */

int media_keep(const struct config *cfg, const char *ws, struct media_file *f,
	       struct problem *reterr);
void media_remove(const struct config *cfg, const char *ws, const char *sha256_hex);
void media_file_free(struct media_file *f);

DEFINE_CLEANUP(struct media_file *, media_file_free);
DEFINE_CLEANUP(struct media_intake *, media_intake_free);

#endif

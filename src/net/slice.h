/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice - a stretch of a file as something libcurl reads and rewinds, in constant memory
 * Layer net; private to the client. Owner: slice_open() gives it to the caller; slice_free()
 * accepts NULL. Errors: -errno; -ENODATA when the file is shorter than the stretch.
 */
#ifndef CARILLON_NET_SLICE_H
#define CARILLON_NET_SLICE_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct slice;

int slice_open(const char *path, int64_t offset, int64_t length,
	       struct slice **ret); /* -1: to the end */
void slice_free(struct slice *s);
int64_t slice_length(const struct slice *s);

/* libcurl's callbacks; arg is the slice */
size_t slice_read(char *to, size_t size, size_t count, void *arg);
int slice_seek(void *arg, curl_off_t offset, int origin);
void slice_free_arg(void *arg);

DEFINE_CLEANUP(struct slice *, slice_free);

#endif

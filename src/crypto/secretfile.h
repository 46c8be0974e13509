/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secretfile - files that hold keys, read under strict rules
 * Layer crypto. Errors: -errno of open and read; -EACCES when anyone but the owner (read, write)
 * and the group (read) has a right; -EINVAL for what is no regular file or too large.
 */
#ifndef CARILLON_CRYPTO_SECRETFILE_H
#define CARILLON_CRYPTO_SECRETFILE_H

#include <stddef.h>

#include "base/buf.h"

/* Appends the whole file; the caller wipes it: buf_wipe. */
int secretfile_read(const char *path, size_t max_bytes, struct buf *ret_text);

/* Memory for keys: page-aligned, zeroed, locked where the limits allow it, never dumped. */
void *secretfile_pages_new(size_t bytes);
void secretfile_pages_free(void *p, size_t bytes); /* wipes; NULL is fine */

#endif

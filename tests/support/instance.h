/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instance - what the instance of CARILLON_CONF has on this machine: its settings and its files
 * Tests only. Failures end the case.
 */
#ifndef CARILLON_TESTS_INSTANCE_H
#define CARILLON_TESTS_INSTANCE_H

#include "base/buf.h"
#include "base/config.h"

struct config *instance_config(void); /* caller frees: config_free */
/* Appends the path of what stands in its folder, such as "log/api.log". */
void instance_path(struct buf *to, const char *name);
/* Appends all of a file, of this or of any folder; nothing when it is gone or cannot be read. */
void instance_read(struct buf *to, const char *path);

#endif

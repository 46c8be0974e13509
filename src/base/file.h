/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file - descriptors bound to a scope, and folders on disk
 * Layer base.
 */
#ifndef CARILLON_BASE_FILE_H
#define CARILLON_BASE_FILE_H

#include <unistd.h>

#include "base/cleanup.h"

/* CLEANUP(file) int fd: closed at the end of the scope; -1: there is none. */
static inline void file_cleanup(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* What was made, renamed or removed in a folder is on disk once the folder is. 0 or -errno. */
int file_sync_folder(const char *folder);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine - what a process gives up for good, and with it all that it starts
 * Layer base. Nothing here can be taken back. What a kernel does not know is left out and told to
 * the caller, who logs it. Usable between fork() and exec() of a process with one thread.
 */
#ifndef CARILLON_BASE_CONFINE_H
#define CARILLON_BASE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

enum confine_right {
	CONFINE_READ,
	CONFINE_RUN,   /* and read */
	CONFINE_WRITE, /* and read, make, rename, remove */
};

struct confine_path {
	const char *path; /* a file, or a folder with all beneath it; "" or absent: left out */
	enum confine_right right;
};

/*
 * From now on files outside of these paths cannot be opened, made or removed, no TCP port be
 * listened on and, unless may_connect, none be connected to; file systems cannot be mounted (so
 * bubblewrap cannot build a box), and other processes be neither signalled nor traced. Sockets of
 * files can be connected to wherever they stand. Also sets no_new_privs. By Landlock: its version,
 * 0 where the kernel has none (nothing was changed but no_new_privs), -errno. The version says what
 * holds: files from 2 on, TCP from 4 on, signals from 6 on.
 */
int confine_files(const struct confine_path *paths, size_t n, bool may_connect);
/* No socket can be made, of any kind, also not by way of io_uring. -errno. */
int confine_sockets(void);
/* Every capability, of this process and of what it starts. -errno. */
int confine_capabilities(void);

#endif

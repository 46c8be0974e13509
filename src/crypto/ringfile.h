/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ringfile - the file of a key ring, changed while others read it
 * Layer crypto. Each change writes a whole new file beside the old one, with its owner and mode, and
 * puts it in its place; whoever reads finds the one or the other. Comments stay. Errors: -errno,
 * -EINVAL: no ring, -ENOENT: no such key in it, -EEXIST: there is one already.
 */
#ifndef CARILLON_CRYPTO_RINGFILE_H
#define CARILLON_CRYPTO_RINGFILE_H

int ringfile_add(const char *path, const char *id);     /* a new key, the last: it only opens */
int ringfile_promote(const char *path, const char *id); /* the first: it seals from now on */
int ringfile_drop(const char *path, const char *id);    /* gone for good */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal - secrets encrypted at rest, bound to the row that holds them
 * Layer crypto. AES-256-GCM with a random 96 bit nonce; the key of a row is HKDF-SHA256(master
 * [key id], row id); the associated data is `v1|kid|workspace|row|column`, so a blob moved to
 * another row, column or workspace does not open. Plaintext is padded to a multiple of 256 bytes.
 * Blob: version byte, length byte and key id, nonce, ciphertext, tag.
 * A ring that was read from a file follows it: sealing looks whether the file was replaced, opening
 * does when it meets a key that it does not have. What cannot be read leaves the ring as it was, and
 * a line in the log: a key that has gone meanwhile would still seal here.
 * Errors: -ENOENT unknown key id, -EBADMSG altered or misplaced, -EINVAL malformed.
 */
#ifndef CARILLON_CRYPTO_SEAL_H
#define CARILLON_CRYPTO_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct keyring;

struct seal_place {
	const char *workspace, *row, *column;
};

/* path: lines `id hex64`; '#' comments. -EACCES when the mode is wider than 0400/0440. */
int seal_load(const char *path, struct keyring **ret);
/* A ring of this one key, for what is not kept for long. */
struct keyring *seal_ring_of(const uint8_t key[static 32]);
void seal_free(struct keyring *k);
const char *seal_current_id(const struct keyring *k);
/* The ids in the order of the file; NULL beyond the last. */
const char *seal_id(const struct keyring *k, size_t i);
void seal_follow(struct keyring *k);
int seal_close(struct keyring *k, const struct seal_place *at, const char *plain, size_t n,
	       struct buf *ret_blob);
int seal_open(struct keyring *k, const struct seal_place *at, const void *blob, size_t n,
	      struct buf *ret_plain); /* the caller wipes it: buf_wipe */

DEFINE_CLEANUP(struct keyring *, seal_free);

#endif

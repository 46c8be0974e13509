/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ringfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/fp.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "crypto/secretfile.h"

#define KEY_BYTES      32
#define FILE_BYTES_MAX ((size_t)16 * 1024)
#define LINE_BYTES_MAX ((size_t)128) /* of a new key */
#define PATH_BYTES_MAX 512

/* ---- writing ---- */

static int write_whole(int fd, const struct buf *text, const struct stat *like)
{
	if (fchown(fd, like->st_uid, like->st_gid) < 0 || fchmod(fd, like->st_mode & 0777) < 0 ||
	    write(fd, text->p, text->len) != (ssize_t)text->len || fsync(fd) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

static int sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_BYTES_MAX];

	(void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1,
		       slash ? path : ".");
	return file_sync_folder(folder);
}

static int replace(const char *path, const struct buf *text)
{
	char fresh[PATH_BYTES_MAX];
	struct stat like;
	int fd, error;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return -ENAMETOOLONG;
	if (stat(path, &like) < 0)
		return -errno;
	(void)unlink(fresh); /* of somebody who died here */
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	if (fd < 0)
		return -errno;
	error = write_whole(fd, text, &like);
	(void)close(fd);
	(void)FP(F25_ring_written);
	if (!error && rename(fresh, path) < 0)
		error = -errno;
	if (error)
		(void)unlink(fresh);
	return error ? error : sync_folder_of(path);
}

/* ---- lines ---- */

/* The line of that key, newline included; NULL: there is none. */
static char *find_line(const struct buf *text, const char *id, size_t *ret_n)
{
	char *at = text->p, *end = text->p + text->len;

	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		const size_t n = (size_t)((newline ? newline + 1 : end) - at);
		const char *word = at + strspn(at, " \t");
		const size_t word_n = strcspn(word, " \t\r\n");

		if (word_n == strlen(id) && memcmp(word, id, word_n) == 0) {
			*ret_n = n;
			return at;
		}
		at += n;
	}
	return NULL;
}

/* The file as text, which must be a ring, and ends with a newline. */
static int read_ring(const char *path, struct buf *ret)
{
	CLEANUP(seal_free) struct keyring *k = NULL;
	int error = seal_load(path, &k);

	if (!error)
		error = secretfile_read(path, FILE_BYTES_MAX - LINE_BYTES_MAX, ret);
	if (!error && ret->p[ret->len - 1] != '\n')
		buf_addc(ret, '\n');
	return error;
}

int ringfile_add(const char *path, const char *id)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT;
	char hex[2 * KEY_BYTES + 1];
	unsigned char key[KEY_BYTES];
	size_t n;
	int error = read_ring(path, &text);

	if (error)
		return error;
	if (find_line(&text, id, &n))
		return -EEXIST;
	random_bytes(key, sizeof(key));
	digest_hex(key, sizeof(key), hex);
	buf_printf(&text, "%s %s\n", id, hex);
	digest_wipe(key, sizeof(key));
	digest_wipe(hex, sizeof(hex));
	return replace(path, &text);
}

/* All but that key's line, behind that line or without it. */
static int without(const char *path, const char *id, size_t copies)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT;
	CLEANUP(buf_wipe) struct buf out = BUF_INIT;
	const char *line;
	size_t n = 0, before;
	int error = read_ring(path, &text);

	if (error)
		return error;
	line = find_line(&text, id, &n);
	if (!line)
		return -ENOENT;
	before = (size_t)(line - text.p);
	(void)buf_reserve(&out, text.len + 1);
	buf_add(&out, line, copies * n);
	buf_add(&out, text.p, before);
	buf_add(&out, line + n, text.len - before - n);
	return replace(path, &out);
}

int ringfile_promote(const char *path, const char *id)
{
	return without(path, id, 1);
}

int ringfile_drop(const char *path, const char *id)
{
	return without(path, id, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "media/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/file.h"
#include "base/fp.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define CHUNK_BYTES 0x40000 /* 256 KiB */

const char *media_path(struct arena *a, const struct config *cfg, const char *ws,
		       const char *sha256_hex)
{
	return arena_printf(a, "%s/%s/%.2s/%s", cfg->media_folder, ws, sha256_hex, sha256_hex);
}

const char *media_internal_uri(struct arena *a, const char *ws, const char *sha256_hex)
{
	return arena_printf(a, "/_media/%s/%.2s/%s", ws, sha256_hex, sha256_hex);
}

void media_file_free(struct media_file *f)
{
	if (!f)
		return;
	if (f->path)
		unlink(f->path);
	free(f->path);
	free(f);
}

static int disk_problem(const char *what, struct problem *reterr)
{
	int saved = errno;

	log_line(LOG_LEVEL_ERROR, "media.disk", "what=%s errno=%d", what, saved);
	if (saved == ENOSPC || saved == EDQUOT)
		return problem_set(reterr, PROBLEM_INTERNAL, "the media disk is full");
	return problem_set(reterr, PROBLEM_INTERNAL, "the media store could not be written");
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Copies and hashes in one pass; constant memory. to -1: only hashes. */
static int copy_range(int from, int to, int64_t offset, int64_t bytes,
		      uint8_t ret[static SHA256_BYTES])
{
	struct digest *d = digest_new();
	char *chunk = alloc_zero(CHUNK_BYTES);
	int rc = 0;

	while (bytes > 0 && rc == 0) {
		size_t want = bytes < CHUNK_BYTES ? (size_t)bytes : CHUNK_BYTES;
		ssize_t got = pread(from, chunk, want, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got == 0 ? EIO : errno;
			rc = -1;
			break;
		}
		digest_add(d, chunk, (size_t)got);
		rc = to < 0 ? 0 : write_all(to, chunk, (size_t)got);
		offset += got;
		bytes -= got;
	}
	free(chunk);
	digest_end(d, ret);
	return rc;
}

/* Api pool and runner are different users of one group: either puts files into any folder. */
static int make_folder(const char *path)
{
	const mode_t before = umask(0007);
	const int made = mkdir(path, 0770);
	const int saved = errno;

	umask(before);
	errno = saved;
	return made < 0 && errno != EEXIST ? -1 : 0;
}

/* -1 with errno; on success *ret_fd is open for writing. */
static int open_temporary(const struct config *cfg, const char *ext, struct media_file *f,
			  int *ret_fd)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	char id[ID_MAX];

	random_id(id, "tmp");
	buf_printf(&path, "%s/tmp", cfg->media_folder);
	if (make_folder(path.p) < 0)
		return -1;
	buf_printf(&path, "/%s%s", id, ext);
	*ret_fd = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (*ret_fd < 0)
		return -1;
	f->path = buf_take(&path);
	return 0;
}

int media_take(const struct config *cfg, const char *from_path, int64_t offset, int64_t bytes,
	       struct media_file **ret, struct problem *reterr)
{
	CLEANUP(media_file_free) struct media_file *f = alloc_zero(sizeof(*f));
	CLEANUP(file) int from = open(from_path, O_RDONLY | O_CLOEXEC);
	CLEANUP(file) int to = -1;
	uint8_t hash[SHA256_BYTES];

	if (from < 0)
		return disk_problem("open upload", reterr);
	if (open_temporary(cfg, "", f, &to) < 0 || copy_range(from, to, offset, bytes, hash) < 0 ||
	    fsync(to) < 0)
		return disk_problem("copy upload", reterr);
	digest_hex(hash, sizeof(hash), f->sha256);
	f->bytes = bytes;
	*ret = TAKE(f);
	return 0;
}

int media_blank(const struct config *cfg, const char *ext, struct media_file **ret,
		struct problem *reterr)
{
	CLEANUP(media_file_free) struct media_file *f = alloc_zero(sizeof(*f));
	CLEANUP(file) int fd = -1;

	if (open_temporary(cfg, ext, f, &fd) < 0)
		return disk_problem("make file", reterr);
	*ret = TAKE(f);
	return 0;
}

int media_adopt(struct media_file *f, struct problem *reterr)
{
	CLEANUP(file) int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t hash[SHA256_BYTES];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || fsync(fd) < 0 ||
	    copy_range(fd, -1, 0, st.st_size, hash) < 0)
		return disk_problem("read file", reterr);
	digest_hex(hash, sizeof(hash), f->sha256);
	f->bytes = st.st_size;
	return 0;
}

struct media_intake {
	struct media_file *file;
	struct digest *digest;
	int fd; /* -1: ended */
};

void media_intake_free(struct media_intake *in)
{
	if (!in)
		return;
	if (in->fd >= 0)
		close(in->fd);
	digest_free(in->digest);
	media_file_free(in->file);
	free(in);
}

int media_intake_open(const struct config *cfg, struct media_intake **ret, struct problem *reterr)
{
	CLEANUP(media_intake_free) struct media_intake *in = alloc_zero(sizeof(*in));

	in->fd = -1;
	in->file = alloc_zero(sizeof(*in->file));
	in->digest = digest_new();
	if (open_temporary(cfg, "", in->file, &in->fd) < 0)
		return disk_problem("make file", reterr);
	*ret = TAKE(in);
	return 0;
}

int media_intake_add(struct media_intake *in, const void *p, size_t n)
{
	if (write_all(in->fd, p, n) < 0)
		return -1;
	digest_add(in->digest, p, n);
	in->file->bytes += (int64_t)n;
	return 0;
}

int media_intake_end(struct media_intake *in, struct media_file **ret, struct problem *reterr)
{
	uint8_t hash[SHA256_BYTES];

	if (fsync(in->fd) < 0)
		return disk_problem("sync file", reterr);
	digest_end(in->digest, hash);
	in->digest = NULL;
	digest_hex(hash, sizeof(hash), in->file->sha256);
	*ret = TAKE(in->file);
	return 0;
}

int media_keep(const struct config *cfg, const char *ws, struct media_file *f,
	       struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *home = arena_printf(a, "%s/%s", cfg->media_folder, ws);
	const char *folder = arena_printf(a, "%s/%.2s", home, f->sha256);

	(void)FP(F03_media_taken);
	if (make_folder(home) < 0 || make_folder(folder) < 0)
		return disk_problem("make folder", reterr);
	if (rename(f->path, media_path(a, cfg, ws, f->sha256)) < 0 || file_sync_folder(folder) < 0)
		return disk_problem("keep", reterr);
	(void)FP(F04_media_kept);
	free(f->path);
	f->path = NULL;
	return 0;
}

void media_remove(const struct config *cfg, const char *ws, const char *sha256_hex)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	if (unlink(media_path(a, cfg, ws, sha256_hex)) < 0 && errno != ENOENT)
		log_line(LOG_LEVEL_WARN, "media.remove", "errno=%d", errno);
}

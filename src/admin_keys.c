/* SPDX-License-Identifier: Apache-2.0 */
/* init-keys: the three key files, made once; what exists is never touched. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define KEY_BYTES 32

struct key_file {
	const char *path;
	mode_t mode;
	bool is_ring; /* `id hex` instead of plain hex */
};

static int write_whole(int fd, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	return n == (ssize_t)len && fsync(fd) == 0 ? 0 : -1;
}

static int make_key(const struct key_file *f, struct problem *reterr)
{
	char hex[2 * KEY_BYTES + 1], text[2 * KEY_BYTES + 8];
	unsigned char key[KEY_BYTES];
	int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	int failed, len;

	if (fd < 0 && errno == EEXIST) {
		printf("kept     %s\n", f->path);
		return 0;
	}
	if (fd < 0)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s: %s", f->path,
				   strerrordesc_np(errno));
	random_bytes(key, sizeof(key));
	digest_hex(key, sizeof(key), hex);
	len = snprintf(text, sizeof(text), "%s%s\n", f->is_ring ? "k1 " : "", hex);
	failed = write_whole(fd, text, (size_t)len) < 0 || fchmod(fd, f->mode) < 0;
	close(fd);
	digest_wipe(key, sizeof(key));
	digest_wipe(hex, sizeof(hex));
	digest_wipe(text, sizeof(text));
	if (failed) {
		unlink(f->path);
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s cannot be written", f->path);
	}
	printf("made     %s\n", f->path);
	return 0;
}

int admin_init_keys(struct admin *a, struct problem *reterr)
{
	const struct key_file files[] = {
		{ a->config->keys_sealing_file, 0400, true },
		{ a->config->keys_pepper_file, 0440, false },
		{ a->config->keys_url_file, 0440, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (make_key(&files[i], reterr) < 0)
			return -1;
	printf("Give sealing.key to the runner's user, and the others' group to the responders;\n"
	       "keep a copy of sealing.key apart from the database's backups.\n");
	return 0;
}

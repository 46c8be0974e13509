/* SPDX-License-Identifier: Apache-2.0 */
#include "api/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "crypto/random.h"

struct leases {
	int fd; /* never closed by a worker: that would end all of its locks */
	uint8_t owner[IDEMPOTENCY_OWNER_BYTES];
};

static int read_name(struct leases *l)
{
	ssize_t n = pread(l->fd, l->owner, sizeof(l->owner), 0);

	if (n == (ssize_t)sizeof(l->owner))
		return 0;
	random_bytes(l->owner, sizeof(l->owner));
	n = n < 0 ? n : pwrite(l->fd, l->owner, sizeof(l->owner), 0);
	return n == (ssize_t)sizeof(l->owner) ? 0 : -1;
}

int leases_open(const char *socket_path, struct leases **ret, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	struct leases *l = alloc_zero(sizeof(*l));

	buf_printf(&path, "%s.leases", socket_path);
	l->fd = open(buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->fd < 0 || read_name(l) < 0) {
		problem_set(reterr, PROBLEM_INTERNAL, "The file %s cannot be used: error %d.",
			    buf_str(&path), errno);
		leases_free(l);
		return -1;
	}
	*ret = l;
	return 0;
}

void leases_free(struct leases *l)
{
	if (l && l->fd >= 0)
		close(l->fd);
	free(l);
}

int leases_descriptor(const struct leases *l)
{
	return l->fd;
}

const uint8_t *leases_owner(const struct leases *l)
{
	return l->owner;
}

/* Two keys on one byte would only wait for each other, and of 2^62 bytes each has its own. */
static struct flock lock_of(short type, const uint8_t *key)
{
	uint64_t at;

	memcpy(&at, key, sizeof(at));
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(at >> 2), .l_len = 1
	};
}

bool leases_take(const struct leases *l, const uint8_t key[static SHA256_BYTES])
{
	struct flock lock = lock_of(F_WRLCK, key);

	return fcntl(l->fd, F_SETLK, &lock) == 0;
}

void leases_drop(const struct leases *l, const uint8_t key[static SHA256_BYTES])
{
	struct flock lock = lock_of(F_UNLCK, key);

	(void)fcntl(l->fd, F_SETLK, &lock);
}

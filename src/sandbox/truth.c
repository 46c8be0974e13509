/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/truth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"

struct truth {
	int fd;
};

int sandbox_truth_open(const char *folder, struct truth **ret)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	int fd;

	if (mkdir(folder, 0750) < 0 && errno != EEXIST)
		return -errno;
	buf_printf(&path, "%s/truth.log", folder);
	fd = open(path.p, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	*ret = alloc_zero(sizeof(**ret));
	(*ret)->fd = fd;
	return 0;
}

void sandbox_truth_close(struct truth *t)
{
	if (t == NULL)
		return;
	close(t->fd);
	free(t);
}

int sandbox_truth_append(struct truth *t, const json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);
	size_t len;
	ssize_t n;

	if (text == NULL)
		return -EINVAL;
	len = strlen(text);
	text = alloc_resize(text, len + 2);
	text[len++] = '\n';
	/* One write: with O_APPEND a line is never torn by another thread's. */
	n = write(t->fd, text, len);
	free(text);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

int sandbox_truth_sync(struct truth *t)
{
	return fdatasync(t->fd) < 0 ? -errno : 0;
}

int sandbox_truth_clear(struct truth *t)
{
	return ftruncate(t->fd, 0) < 0 ? -errno : 0;
}

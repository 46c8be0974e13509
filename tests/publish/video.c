/* SPDX-License-Identifier: Apache-2.0 */
#include "video.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "rig.h"

void video_make(const char *path, const char *source, int64_t bytes)
{
	unsigned char box[8] = { 0, 0, 0, 0, 'f', 'r', 'e', 'e' };
	int64_t rest;
	int fd;

	rig_draw(source, path);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	rest = bytes - lseek(fd, 0, SEEK_END);
	for (int i = 0; i < 4; i++)
		box[i] = (unsigned char)(rest >> (24 - 8 * i));
	if (fd < 0 ||
	    (rest > 8 && (write(fd, box, sizeof(box)) != sizeof(box) || ftruncate(fd, bytes) < 0)))
		exit(EXIT_FAILURE);
	(void)close(fd);
}

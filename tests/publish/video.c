/* SPDX-License-Identifier: Apache-2.0 */
#include "video.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct media_item video_upright = { .kind = MEDIA_VIDEO,
					  .mime = "video/mp4",
					  .ext = "mp4",
					  .width = 540,
					  .height = 960,
					  .duration_ms = 5000,
					  .video_codec = "h264" };

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

void video_add(struct rig *r, const char *name, const char *source, int64_t bytes,
	       const struct media_item *item, char ret[static ID_MAX])
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s.mp4", r->folder, name);
	video_make(path, source, bytes);
	rig_media(r, path, item, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "video.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void video_make(const char *path, const char *source, int64_t bytes)
{
	unsigned char box[8] = { 0, 0, 0, 0, 'f', 'r', 'e', 'e' };
	pid_t pid = fork();
	int status = 0, fd;
	int64_t rest;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		(void)dup2(null, 0);
		(void)dup2(null, 1);
		(void)dup2(null, 2);
		execlp("ffmpeg", "ffmpeg", "-y", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p",
		       "-c:v", "libx264", path, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (status != 0 || fd < 0) {
		fprintf(stderr, "ffmpeg cannot make a video\n");
		exit(77);
	}
	rest = bytes - lseek(fd, 0, SEEK_END);
	for (int i = 0; i < 4; i++)
		box[i] = (unsigned char)(rest >> (24 - 8 * i));
	if (rest > 8 && (write(fd, box, sizeof(box)) != sizeof(box) || ftruncate(fd, bytes) < 0))
		exit(EXIT_FAILURE);
	(void)close(fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/instance.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "platform/platform.h"
#include "support/client.h"

struct config *instance_config(void)
{
	struct problem why = { .kind = PROBLEM_NONE };
	struct config *config = NULL;
	size_t n = 0;
	const struct setting_group *groups = platform_setting_groups(&n);

	ck_assert_msg(config_load(client_env("CARILLON_CONF"), groups, n, &config, &why) == 0, "%s",
		      why.detail);
	return config;
}

void instance_path(struct buf *to, const char *name)
{
	const char *conf = client_env("CARILLON_CONF");

	buf_printf(to, "%.*s/../%s", (int)(strrchr(conf, '/') - conf), conf, name);
}

void instance_read(struct buf *to, const char *path)
{
	char part[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0)
		buf_add(to, part, (size_t)n);
	if (fd >= 0)
		(void)close(fd);
}

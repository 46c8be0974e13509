/* SPDX-License-Identifier: Apache-2.0 */
/* The INI file. */
#include "base/config.h"

#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "platform/platform.h"

void fuzz_config(struct input *in)
{
	struct problem why = { 0 };
	struct config *cfg = NULL;
	const struct setting_group *groups;
	size_t n;
	int fd;
	const char *path = input_file(in, &fd);

	groups = platform_setting_groups(&n);
	if (config_load(path, groups, n, &cfg, &why) == 0) {
		MUST(cfg->server_public_url && config_get(cfg, "instagram", "client_id"));
		MUST(config_get(cfg, "tiktok.test", "client_id"));
	} else {
		MUST(why.kind != PROBLEM_NONE && why.detail[0]);
	}
	config_free(cfg);
	close(fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sandbox/sandbox.h"

const struct sandbox_platform *const sandbox_platforms[] = {
	&sandbox_instagram, &sandbox_tiktok,   &sandbox_pinterest, &sandbox_twitter,
	&sandbox_youtube,   &sandbox_mastodon, &sandbox_bluesky,   NULL,
};

size_t sandbox_platform_index(const struct sandbox_platform *p)
{
	size_t i = 0;

	while (sandbox_platforms[i] != NULL && sandbox_platforms[i] != p)
		i++;
	return i;
}

const struct sandbox_platform *sandbox_platform_find(const char *name, size_t len)
{
	for (size_t i = 0; sandbox_platforms[i] != NULL; i++)
		if (strlen(sandbox_platforms[i]->name) == len &&
		    memcmp(sandbox_platforms[i]->name, name, len) == 0)
			return sandbox_platforms[i];
	return NULL;
}

void sandbox_lock(struct sandbox *sb)
{
	pthread_mutex_lock(&sb->lock);
}

void sandbox_unlock(struct sandbox *sb)
{
	pthread_mutex_unlock(&sb->lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The platforms as most programs want them: two persons of the sandbox each, waits scaled down. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/platform.h"
#include "rig_private.h"

struct platform_row {
	const char *name, *settings;
	const char *users[RIG_ACCOUNTS]; /* NULL: one consent shows all accounts */
};

static const struct platform_row rows[] = {
	{ "instagram",
	  "upload_host_suffix = 127.0.0.1\npoll_image_ms = 100 100 200\n"
	  "poll_video_ms = 100 100 200\nrenewal_wait_ms = 100\nlink_wait_s = 1\n",
	  { NULL, NULL } },
	{ "pinterest",
	  "poll_ms = 100 100 200\nfetch_wait_s = 1 1\n",
	  { "2783136121146311751", "2783136121146311752" } },
	{ "tiktok",
	  "poll_ms = 50 100 200\nlink_wait_ms = 100 400\nlist_wait_s = 1\n",
	  { "723f24d7-e717-40f8-a2b6-cb8464cd23b4", "95d1c8e2-0b34-4f6e-9a71-2f6f0a6f3c11" } },
	{ "twitter",
	  "profile_url = https://x.example\npoll_wait_max_ms = 100\npause_fallback_s = 1\n",
	  { "2244994945", "2244994946" } },
	{ "mastodon",
	  "poll_wait_ms = 50 100 200\npause_fallback_s = 1\n",
	  { "109348684286123001", "109348684286123002" } },
	{ "youtube",
	  "retry_ms = 50 100 200\npoll_ms = 50 100 200\nlook_wait_ms = 0 100 200\n"
	  "settle_s = 0\nupload_host_suffix = 127.0.0.1\n",
	  { "UCAcmeBakery000000000001", "UCAcmeStudio000000000002" } },
	{ "bluesky",
	  "profile_url = https://bsky.example\npause_fallback_s = 1\n",
	  { "did:plc:acmebakery22222222222222", "did:plc:acmestudio22222222222222" } },
};

static const struct platform_row *row_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	fprintf(stderr, "rig: no platform %s\n", name);
	exit(EXIT_FAILURE);
}

const char *const *rig_users(const struct rig_platform *platform)
{
	return row_of(platform->name)->users;
}

const char *rig_name(const char *user)
{
	static const char *const names[][2] = {
		{ "did:plc:acmebakery22222222222222", "acmebakery.test" },
		{ "did:plc:acmestudio22222222222222", "acmestudio.test" },
	};

	for (size_t i = 0; user && i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i][0], user) == 0)
			return names[i][1];
	}
	return "sandbox.example";
}

/* What the program says itself: no setting may stand there twice. */
static bool is_said(const struct rig_platform *platform, const char *line)
{
	const size_t len = strcspn(line, "=");
	const char *at = platform->settings;

	while (at && *at) {
		if (strncmp(at, line, len) == 0)
			return true;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return false;
}

static void write_usual(FILE *f, const struct rig_platform *platform)
{
	const char *at = row_of(platform->name)->settings;

	while (*at) {
		const size_t len = strcspn(at, "\n") + 1;

		if (!is_said(platform, at))
			fprintf(f, "%.*s", (int)len, at);
		at += len;
	}
}

/* Every base address of the platform points at the sandbox. */
void rig_write_section(FILE *f, const struct rig *r, const struct rig_platform *platform,
		       const char *tail)
{
	const struct setting *row = platform_find(platform->name)->settings;

	fprintf(f, "[%s%s]\n", platform->name, tail);
	for (; row->name; row++) {
		size_t len = strlen(row->name);

		if (strcmp(row->name, "client_id") == 0)
			fprintf(f, "client_id = 1234567890\nclient_secret_file = %s/app.secret\n",
				r->folder);
		if (len > 5 && strcmp(row->name + len - 5, "_base") == 0)
			fprintf(f, "%s = %s/%s\n", row->name, r->sandbox_url, platform->name);
	}
	fputs(platform->settings ? platform->settings : "", f);
	if (!platform->is_unscaled)
		write_usual(f, platform);
}

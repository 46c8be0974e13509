/* SPDX-License-Identifier: Apache-2.0 */
#include "responder_confine.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/confine.h"
#include "base/log.h"
#include "platform/platform.h"

#define PATHS_MAX 64

struct paths {
	struct arena *arena;
	struct confine_path v[PATHS_MAX];
	size_t n;
};

/*
 * /proc shows a confined process nothing of others that tracing would be needed for. What stands in
 * /etc is everybody's to read, or its mode says whose.
 */
static const struct confine_path of_every_worker[] = {
	{ "/usr", CONFINE_RUN },          { "/lib", CONFINE_RUN },
	{ "/lib64", CONFINE_RUN },        { "/etc", CONFINE_READ },
	{ "/proc", CONFINE_READ },        { "/run/systemd/resolve", CONFINE_READ },
	{ "/dev/urandom", CONFINE_READ }, { "/dev/null", CONFINE_WRITE },
};

static void add(struct paths *p, const char *path, enum confine_right right)
{
	if (path && *path && p->n < PATHS_MAX)
		p->v[p->n++] = (struct confine_path){ path, right };
}

/* The folder, for whoever exchanges a file puts a new one in its place. */
static void add_folder_of(struct paths *p, const char *file, enum confine_right right)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (slash && slash > file)
		add(p, arena_strndup(p->arena, file, (size_t)(slash - file)), right);
}

static void add_group(struct paths *p, const struct config *cfg, const struct setting_group *g)
{
	for (size_t i = 0; g->sections && g->sections[i]; i++) {
		for (const struct setting *row = g->rows; row->name; row++) {
			if (row->type == SETTING_PATH)
				add_folder_of(p, config_get(cfg, g->sections[i], row->name),
					      CONFINE_READ);
		}
	}
}

static void add_of_platform_pool(struct paths *p, const struct config *cfg)
{
	size_t n = 0;
	const struct setting_group *groups = platform_setting_groups(&n);

	add_folder_of(p, cfg->keys_sealing_file, CONFINE_READ); /* the ring follows it */
	add_folder_of(p, cfg->database_run_password_file, CONFINE_READ);
	add_folder_of(p, cfg->net_ca_file, CONFINE_READ);
	add(p, cfg->publish_journal_folder, CONFINE_WRITE);
	for (size_t i = 0; i < n; i++)
		add_group(p, cfg, &groups[i]);
}

static void add_of_settings(struct paths *p, const struct config *cfg)
{
	add_folder_of(p, cfg->database_ca_file, CONFINE_READ);
	add(p, cfg->media_folder, CONFINE_WRITE);
	add(p, cfg->media_upload_folder, CONFINE_WRITE);
	add(p, cfg->media_ffprobe, CONFINE_RUN);
	add(p, cfg->media_ffmpeg, CONFINE_RUN);
	add(p, cfg->media_vipsheader, CONFINE_RUN);
#ifdef ENABLE_FAILPOINTS
	/* The plan of crashes, and the list of those met. */
	add_folder_of(p, secure_getenv("CARILLON_FAILPOINTS"), CONFINE_WRITE);
#endif
}

void responder_confine(struct config *cfg, bool is_platform)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct paths p = { .arena = arena };
	int version, caps = confine_capabilities();

	for (size_t i = 0; i < ARRAY_LEN(of_every_worker); i++)
		add(&p, of_every_worker[i].path, of_every_worker[i].right);
	add_of_settings(&p, cfg);
	if (is_platform)
		add_of_platform_pool(&p, cfg);
	else
		add_folder_of(&p, cfg->database_api_password_file, CONFINE_READ);
	/* The api pool needs a network for a database elsewhere, and for nothing else. */
	version = confine_files(p.v, p.n, is_platform || cfg->database_host[0]);
	if (version > 0)
		cfg->media_bwrap = "";
	else
		log_line(LOG_LEVEL_WARN, "pool.files_unconfined", "landlock=%d", version);
	log_line(caps < 0 ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "pool.confined",
		 "landlock=%d capabilities=%d", version, caps);
}

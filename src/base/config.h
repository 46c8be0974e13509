/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config - the INI file as a typed struct, from the rows of settings.def
 * Layer base. Owner: config_load() gives the struct to the caller; config_free() accepts NULL;
 * texts are borrowed from it. A field is <section>_<name>: cfg->server_public_url. Platforms bring
 * rows of their own (struct setting, sections [P] for live and [P.test] for test mode), read with
 * config_get(). An unknown section or name, a wrong type, or a value out of range is an error that
 * names file, line, setting and range. Source: libinih.
 */
#ifndef CARILLON_BASE_CONFIG_H
#define CARILLON_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/problem.h"

enum setting_type { SETTING_TEXT, SETTING_INT, SETTING_BOOL, SETTING_PATH, SETTING_WORD };

struct setting {
	const char *section, *name;
	enum setting_type type;
	const char *fallback; /* the default, as text; WORD: all words, the default first */
	int64_t least, most;  /* INT only; both 0: unbounded */
	const char *sentence;
};

struct setting_group { /* rows whose `section` is ignored: valid in every section listed */
	const char *const *sections; /* NULL-terminated; NULL: pass over sections of others */
	const struct setting *rows;  /* ends with name NULL */
};

#define CONFIG_TEXT(x) const char *x;
#define CONFIG_PATH(x) const char *x;
#define CONFIG_WORD(x) const char *x;
#define CONFIG_INT(x)  int64_t x;
#define CONFIG_BOOL(x) bool x;
struct config {
#define SETTING(section, name, type, fallback, least, most, sentence) \
	CONFIG_##type(section##_##name)
#include "base/settings.def"
#undef SETTING
	struct config_raw *raw;
};

/* groups may be NULL (n 0). path NULL: all defaults. */
int config_load(const char *path, const struct setting_group *groups, size_t n, struct config **ret,
		struct problem *reterr);
void config_free(struct config *cfg);

/* The value of a group's setting in one section, else the row's default; NULL: no such row. */
const char *config_get(const struct config *cfg, const char *section, const char *name);
int64_t config_get_int(const struct config *cfg, const char *section, const char *name);

/* Prints the commented sample file, all rows at their defaults. */
void config_print_sample(FILE *out, const struct setting_group *groups, size_t n);

DEFINE_CLEANUP(struct config *, config_free);

#endif

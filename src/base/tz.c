/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tz.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define KEPT        8 /* zones at hand; a workspace uses one or two */

/* Offsets lie within 16 hours of UTC, so every interval that can hold a wall time is found within
 * a day and a half of the same reading in UTC. */
#define REACH_S INT64_C(129600)

struct tz {
	GTimeZone *zone;
	struct stat file; /* of which the rules were read */
	int holders;
	char name[TZ_NAME_MAX];
};

/*
 * Reading a zone takes GLib 0.4 ms, most of a scheduling call, and gives the same rules until its
 * file is replaced: the last few stay, each held once.
 */
static struct {
	struct tz *v[KEPT];
	size_t next;
} kept;

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_name_char(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
}

bool tz_name_is_shaped(const char *name)
{
	bool part_begins = true;

	if (strnlen(name, TZ_NAME_MAX) == TZ_NAME_MAX)
		return false;
	for (; *name; name++) {
		if (part_begins ? !is_letter(*name) : !is_name_char(*name) && *name != '/')
			return false;
		part_begins = *name == '/';
	}
	return !part_begins;
}

/* Files beside the zones, and second copies of them under other rules (with leap seconds). */
static bool is_reserved(const char *name)
{
	static const char *const names[] = { "localtime", "posixrules", "Factory", NULL };

	if (strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0)
		return true;
	for (size_t i = 0; names[i]; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* GTimeZone also takes offsets and POSIX rules; a compiled zone file tells a name from those. */
static bool is_zone_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char magic[4] = { 0 };
	bool found;

	if (!f)
		return false;
	found = fread(magic, 1, sizeof(magic), f) == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
	(void)fclose(f);
	return found;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static struct tz *find_kept(const char *name, const struct stat *file)
{
	for (size_t i = 0; i < KEPT; i++) {
		struct tz *tz = kept.v[i];

		if (!tz || strcmp(tz->name, name) != 0)
			continue;
		if (same_file(&tz->file, file))
			return tz;
		/* GLib gives the old rules as long as anyone holds them. */
		kept.v[i] = NULL;
		tz_free(tz);
		return NULL;
	}
	return NULL;
}

static int read_zone(const char *name, const struct stat *file, struct tz **ret)
{
	GTimeZone *zone = g_time_zone_new_identifier(name);
	struct tz *tz;

	if (!zone)
		return -ENOENT;
	tz = alloc_zero(sizeof(*tz));
	tz->zone = zone;
	tz->file = *file;
	tz->holders = 1;
	(void)snprintf(tz->name, sizeof(tz->name), "%s", name);
	tz_free(kept.v[kept.next]);
	kept.v[kept.next] = tz;
	kept.next = (kept.next + 1) % KEPT;
	*ret = tz;
	return 0;
}

int tz_load(const char *iana_name, struct tz **ret)
{
	const char *folder = g_getenv("TZDIR");
	struct stat file;
	struct tz *tz;
	char *path;
	int rc = 0;

	if (!tz_name_is_shaped(iana_name) || is_reserved(iana_name))
		return -ENOENT;
	path = g_build_filename(folder ? folder : ZONE_FOLDER, iana_name, NULL);
	if (stat(path, &file) < 0)
		rc = -ENOENT;
	tz = rc < 0 ? NULL : find_kept(iana_name, &file);
	if (rc == 0 && !tz)
		rc = is_zone_file(path) ? read_zone(iana_name, &file, &tz) : -ENOENT;
	g_free(path);
	if (rc < 0)
		return rc;
	tz->holders++;
	*ret = tz;
	return 0;
}

void tz_free(struct tz *tz)
{
	if (!tz || --tz->holders > 0)
		return;
	g_time_zone_unref(tz->zone);
	free(tz);
}

const char *tz_name(const struct tz *tz)
{
	return tz->name;
}

static int interval_at(const struct tz *tz, int64_t s)
{
	return g_time_zone_find_interval(tz->zone, G_TIME_TYPE_UNIVERSAL, s);
}

static int64_t interval_offset(const struct tz *tz, int interval)
{
	return g_time_zone_get_offset(tz->zone, interval);
}

/* The first second of interval `after`, known to lie in (least, most]. */
static int64_t interval_start(const struct tz *tz, int after, int64_t least, int64_t most)
{
	while (most - least > 1) {
		int64_t middle = least + (most - least) / 2;

		if (interval_at(tz, middle) >= after)
			most = middle;
		else
			least = middle;
	}
	return most;
}

static void resolve_gap(const struct tz *tz, int64_t wall_s, struct tz_answer *ret)
{
	const int last = interval_at(tz, wall_s + REACH_S);

	for (int i = interval_at(tz, wall_s - REACH_S); i < last; i++) {
		int64_t before = interval_offset(tz, i), after = interval_offset(tz, i + 1);
		int64_t start = interval_start(tz, i + 1, wall_s - REACH_S, wall_s + REACH_S);

		if (wall_s < start + before || wall_s >= start + after)
			continue;
		ret->gap_start_us = start * US_PER_S;
		ret->gap_s = (int)(after - before);
		ret->us = (wall_s - before) * US_PER_S;
		return;
	}
}

/* Puts the instants that read as wall_s into found, in order; answers how many (at most 2). */
static int find_instants(const struct tz *tz, int64_t wall_s, int64_t found[static 2])
{
	const int last = interval_at(tz, wall_s + REACH_S);
	int n = 0;

	for (int i = interval_at(tz, wall_s - REACH_S); i <= last && n < 2; i++) {
		int64_t s = wall_s - interval_offset(tz, i);

		if (interval_at(tz, s) == i)
			found[n++] = s;
	}
	return n;
}

void tz_resolve(const struct tz *tz, const struct civil *wall, int fold, struct tz_answer *ret)
{
	const int64_t wall_s = civil_to_us(wall) / US_PER_S;
	int64_t found[2];
	int n = find_instants(tz, wall_s, found);

	memset(ret, 0, sizeof(*ret));
	if (n == 0) {
		ret->verdict = TZ_SKIPPED;
		resolve_gap(tz, wall_s, ret);
		return;
	}
	ret->verdict = n == 2 ? TZ_TWICE : TZ_ONCE;
	ret->us = found[n == 2 && fold ? 1 : 0] * US_PER_S;
}

int tz_offset_s(const struct tz *tz, int64_t us)
{
	int64_t s = us / US_PER_S - (us % US_PER_S < 0);

	return (int)interval_offset(tz, interval_at(tz, s));
}

void tz_local(const struct tz *tz, int64_t us, struct civil *ret)
{
	civil_from_us(us + tz_offset_s(tz, us) * US_PER_S, ret);
}

const char *tz_database_version(void)
{
	const char *folder = g_getenv("TZDIR");
	char *path = g_build_filename(folder ? folder : ZONE_FOLDER, "tzdata.zi", NULL);
	FILE *f = fopen(path, "re");
	char line[64] = "", version[16] = "";

	g_free(path);
	if (!f)
		return "";
	if (!fgets(line, sizeof(line), f) || sscanf(line, "# version %15s", version) != 1)
		version[0] = '\0';
	(void)fclose(f);
	return g_intern_string(version); /* lives as long as the process */
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tz.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"

/* Offsets lie within 16 hours of UTC, so every interval that can hold a wall time is found within
 * a day and a half of the same reading in UTC. */
#define REACH_S INT64_C(129600)

struct tz {
	GTimeZone *zone;
	char name[TZ_NAME_MAX];
};

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
static bool has_zone_file(const char *name)
{
	const char *folder = g_getenv("TZDIR");
	char *path = g_build_filename(folder ? folder : ZONE_FOLDER, name, NULL);
	FILE *f = fopen(path, "re");
	char magic[4] = { 0 };
	bool found;

	g_free(path);
	if (!f)
		return false;
	found = fread(magic, 1, sizeof(magic), f) == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
	(void)fclose(f);
	return found;
}

int tz_load(const char *iana_name, struct tz **ret)
{
	GTimeZone *zone;
	struct tz *tz;

	if (!tz_name_is_shaped(iana_name) || is_reserved(iana_name) || !has_zone_file(iana_name))
		return -ENOENT;
	zone = g_time_zone_new_identifier(iana_name);
	if (!zone)
		return -ENOENT;
	tz = alloc_zero(sizeof(*tz));
	tz->zone = zone;
	(void)snprintf(tz->name, sizeof(tz->name), "%s", iana_name);
	*ret = tz;
	return 0;
}

void tz_free(struct tz *tz)
{
	if (!tz)
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

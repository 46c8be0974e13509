/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timetable - when a character wants to publish on one platform
 * Layer domain. Read from the character's `schedule`: {platform: {posts_per_day, min_gap_minutes,
 * windows: [{days, from, to}]}}, as the characters routes have checked it; what is not set is usual:
 * one post a day between 09:00 and 21:00, four hours apart.
 */
#ifndef CARILLON_DOMAIN_TIMETABLE_H
#define CARILLON_DOMAIN_TIMETABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "domain/slots.h"

#define TIMETABLE_WINDOWS_MAX 50

struct timetable {
	struct slot_window windows[TIMETABLE_WINDOWS_MAX];
	size_t windows_n;
	int per_day, gap_min;
	bool has_per_day; /* somebody asked for that many */
};

/* schedule NULL: nothing is set. */
void timetable_read(const json_t *schedule, const char *platform, struct timetable *ret);
/* "mon" is 0 .. "sun" is 6; -1 none of them. */
int timetable_weekday(const char *word);
/* HH:MM from 00:00 to 24:00 as minutes of the day; -1 otherwise. */
int timetable_minutes(const char *text);

#endif

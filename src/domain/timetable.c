/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/timetable.h"

#include <string.h>

#include "base/cleanup.h"

#define USUAL_PER_DAY  1
#define USUAL_GAP_MIN  240
#define USUAL_FROM_MIN (9 * 60)
#define USUAL_TO_MIN   (21 * 60)
#define EVERY_DAY      0x7FU

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

int timetable_weekday(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(day_names); i++) {
		if (strcmp(word, day_names[i]) == 0)
			return (int)i;
	}
	return -1;
}

int timetable_minutes(const char *text)
{
	int minutes;

	if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
	    strspn(text + 3, "0123456789") != 2 || text[3] > '5')
		return -1;
	minutes = ((text[0] - '0') * 10 + (text[1] - '0')) * 60 + (text[3] - '0') * 10 +
		  (text[4] - '0');
	return minutes <= 24 * 60 ? minutes : -1;
}

static int minutes_of(const json_t *window, const char *key)
{
	const char *text = json_string_value(json_object_get(window, key));

	return text ? timetable_minutes(text) : -1;
}

static void read_window(const json_t *from, struct timetable *ret)
{
	struct slot_window w = { .from_min = minutes_of(from, "from"),
				 .to_min = minutes_of(from, "to") };
	const json_t *day;
	size_t i;

	json_array_foreach(json_object_get(from, "days"), i, day) {
		int n = json_is_string(day) ? timetable_weekday(json_string_value(day)) : -1;

		if (n >= 0)
			w.days |= 1U << n;
	}
	if (w.from_min >= 0 && w.from_min < w.to_min && ret->windows_n < TIMETABLE_WINDOWS_MAX)
		ret->windows[ret->windows_n++] = w;
}

void timetable_read(const json_t *schedule, const char *platform, struct timetable *ret)
{
	const json_t *plan = json_object_get(schedule, platform);
	const json_t *per_day = json_object_get(plan, "posts_per_day");
	const json_t *gap = json_object_get(plan, "min_gap_minutes");
	const json_t *window;
	size_t i;

	*ret = (struct timetable){
		.per_day = per_day ? (int)json_integer_value(per_day) : USUAL_PER_DAY,
		.gap_min = gap ? (int)json_integer_value(gap) : USUAL_GAP_MIN,
		.has_per_day = per_day != NULL,
	};
	json_array_foreach(json_object_get(plan, "windows"), i, window) {
		read_window(window, ret);
	}
	if (json_array_size(json_object_get(plan, "windows")) == 0)
		ret->windows[ret->windows_n++] =
			(struct slot_window){ EVERY_DAY, USUAL_FROM_MIN, USUAL_TO_MIN };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An instant as text, a wall time as text and a number of microseconds, on a line each. */
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "fuzz/fuzz.h"

/* 0001-01-01 and the end of 9999, in microseconds. */
#define FIRST_US (-62135596800LL * US_PER_S)
#define END_US   (253402300800LL * US_PER_S)

static void instant_look(int64_t us)
{
	char text[RFC3339_MAX], ms[RFC3339_MAX];
	struct civil c;
	int64_t again;

	rfc3339_print(us, text);
	MUST(rfc3339_parse(text, &again) == 0);
	MUST(again <= us && us - again < US_PER_S && again % US_PER_S == 0);
	rfc3339_print_ms(us, ms);
	MUST(rfc3339_parse(ms, &again) == 0 && again <= us && us - again < US_PER_MS);
	civil_from_us(us, &c);
	MUST(civil_to_us(&c) <= us && us - civil_to_us(&c) < US_PER_S);
	MUST(civil_weekday(&c) == (int)(((civil_days(c.year, c.month, c.day) + 3) % 7 + 7) % 7));
}

void fuzz_dates(struct input *in)
{
	const char *text = input_line(in), *wall = input_line(in);
	int64_t us = input_number(in), told;
	char printed[RFC3339_MAX];
	struct civil c, again;

	/* The offset may put it a day outside the years that texts have. */
	if (rfc3339_parse(text, &told) == 0) {
		MUST(told >= FIRST_US - US_PER_DAY && told < END_US + US_PER_DAY);
		if (told >= FIRST_US && told < END_US)
			instant_look(told);
	}
	if (us >= FIRST_US && us < END_US)
		instant_look(us);
	if (civil_parse(wall, &c) < 0)
		return;
	civil_print(&c, printed);
	MUST(civil_parse(printed, &again) == 0 && memcmp(&c, &again, sizeof(c)) == 0);
	civil_from_us(civil_to_us(&c), &again);
	MUST(memcmp(&c, &again, sizeof(c)) == 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A zone's name, a wall time and a number of seconds since 1970, on a line each. */
#include "base/tz.h"

#include <string.h>

#include "base/clock.h"
#include "fuzz/fuzz.h"

static int64_t wall_us(const struct tz *tz, int64_t us)
{
	struct civil c;

	tz_local(tz, us, &c);
	return civil_to_us(&c);
}

static void wall_look(const struct tz *tz, const struct civil *wall)
{
	const int64_t want = civil_to_us(wall);
	struct tz_answer first, second;

	tz_resolve(tz, wall, 0, &first);
	tz_resolve(tz, wall, 1, &second);
	MUST(first.verdict == second.verdict);
	if (first.verdict == TZ_SKIPPED) {
		MUST(first.gap_s > 0 && wall_us(tz, first.us) == want + first.gap_s * US_PER_S);
		MUST(wall_us(tz, first.gap_start_us - US_PER_S) < want);
		MUST(wall_us(tz, first.gap_start_us) > want);
		return;
	}
	MUST(wall_us(tz, first.us) == want && wall_us(tz, second.us) == want);
	MUST(first.verdict == TZ_TWICE ? first.us < second.us : first.us == second.us);
}

/* Whatever the clocks there show at an instant leads back to it. */
static void instant_look(const struct tz *tz, int64_t us)
{
	struct tz_answer first, second;
	struct civil wall;

	tz_local(tz, us, &wall);
	MUST(civil_to_us(&wall) == us + tz_offset_s(tz, us) * US_PER_S);
	tz_resolve(tz, &wall, 0, &first);
	tz_resolve(tz, &wall, 1, &second);
	MUST(first.verdict != TZ_SKIPPED && (first.us == us || second.us == us));
}

void fuzz_tz(struct input *in)
{
	const char *name = input_line(in), *text = input_line(in);
	int64_t s = input_number(in);
	struct tz *tz = NULL;
	struct civil wall;

	if (tz_load(name, &tz) < 0)
		return;
	MUST(tz_name_is_shaped(name) && strcmp(tz_name(tz), name) == 0);
	/* Years in which anybody plans: what is known of later ones differs between libraries. */
	if (civil_parse(text, &wall) == 0 && wall.year >= 1971 && wall.year <= 2036)
		wall_look(tz, &wall);
	if (s > 366LL * 86400 && s < 66LL * 366 * 86400)
		instant_look(tz, s * US_PER_S);
	tz_free(tz);
}

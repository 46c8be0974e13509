/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/recur.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define INTERVAL_MAX 1000
#define COUNT_MAX    10000
#define WORD_MAX     256

static int refuse(struct problem *reterr, const char *code, const char *what, const char *value)
{
	return problem_add(reterr, "/rrule", code, "%s: \"%.60s\"", what, value);
}

/* A whole number with an optional sign and nothing behind it. */
static bool read_number(const char *text, int least, int most, int *ret)
{
	char *end;
	long n;

	if (!*text || strspn(text, "+-0123456789") != strlen(text) || strlen(text) > 6)
		return false;
	n = strtol(text, &end, 10);
	if (*end || n < least || n > most)
		return false;
	*ret = (int)n;
	return true;
}

static int parse_freq(const char *value, struct recur *ret, struct problem *reterr)
{
	static const char *const names[] = { "DAILY", "WEEKLY", "MONTHLY" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(value, names[i]) == 0) {
			ret->freq = (enum recur_freq)i;
			return 0;
		}
	}
	return refuse(reterr, "out_of_range", "FREQ is DAILY, WEEKLY or MONTHLY", value);
}

static int parse_interval(const char *value, struct recur *ret, struct problem *reterr)
{
	if (read_number(value, 1, INTERVAL_MAX, &ret->interval))
		return 0;
	return refuse(reterr, "out_of_range", "INTERVAL is a number from 1 to 1000", value);
}

static int parse_count(const char *value, struct recur *ret, struct problem *reterr)
{
	if (read_number(value, 1, COUNT_MAX, &ret->count))
		return 0;
	return refuse(reterr, "out_of_range", "COUNT is a number from 1 to 10000", value);
}

/* Calls fn with each of the words between commas; false as soon as one is refused. */
static bool each_word(const char *value, bool (*fn)(const char *word, struct recur *ret),
		      struct recur *ret)
{
	char word[16];

	for (;;) {
		const size_t n = strcspn(value, ",");

		if (n == 0 || n >= sizeof(word))
			return false;
		memcpy(word, value, n);
		word[n] = '\0';
		if (!fn(word, ret))
			return false;
		if (!value[n])
			return true;
		value += n + 1;
	}
}

static bool add_day(const char *word, struct recur *ret)
{
	static const char names[] = "MOTUWETHFRSASU";
	struct recur_byday day = { .nth = RECUR_BYDAY_ANY };
	const size_t n = strlen(word);
	char number[16];

	if (n < 2 || ret->byday_n == RECUR_BYDAY_MAX)
		return false;
	for (day.weekday = 0; day.weekday < 7; day.weekday++) {
		if (memcmp(word + n - 2, names + 2 * (size_t)day.weekday, 2) == 0)
			break;
	}
	(void)snprintf(number, sizeof(number), "%.*s", (int)(n - 2), word);
	if (day.weekday == 7 || (n > 2 && (!read_number(number, -5, 5, &day.nth) || day.nth == 0)))
		return false;
	ret->byday[ret->byday_n++] = day;
	return true;
}

static int parse_byday(const char *value, struct recur *ret, struct problem *reterr)
{
	if (each_word(value, add_day, ret))
		return 0;
	return refuse(reterr, "out_of_range",
		      "BYDAY is a list of MO, TU, .. SU, such as MO,2TU,-1FR", value);
}

static bool add_monthday(const char *word, struct recur *ret)
{
	int day;

	if (!read_number(word, -31, 31, &day) || day == 0)
		return false;
	if (day > 0)
		ret->monthdays |= UINT64_C(1) << day;
	else
		ret->monthdays_back |= UINT64_C(1) << -day;
	return true;
}

static int parse_bymonthday(const char *value, struct recur *ret, struct problem *reterr)
{
	if (each_word(value, add_monthday, ret))
		return 0;
	return refuse(reterr, "out_of_range", "BYMONTHDAY is a list of days 1 to 31 or -1 to -31",
		      value);
}

/* YYYYMMDD, the whole day; YYYYMMDDTHHMMSS, wall time; with Z, an instant. */
static int parse_until(const char *value, struct recur *ret, struct problem *reterr)
{
	char text[RFC3339_MAX], all[24];
	const size_t n = strlen(value);

	if (n != 8 && n != 15 && n != 16)
		return refuse(reterr, "wrong_format", "UNTIL is YYYYMMDD or YYYYMMDDTHHMMSSZ",
			      value);
	(void)snprintf(all, sizeof(all), "%.16s%s", value, n == 8 ? "T235959" : "");
	ret->until_is_utc = n == 16 && value[15] == 'Z';
	(void)snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s", all, all + 4, all + 6,
		       all + 9, all + 11, all + 13);
	if (all[8] != 'T' || (n == 16 && !ret->until_is_utc) || civil_parse(text, &ret->until) < 0)
		return refuse(reterr, "wrong_format", "UNTIL is YYYYMMDD or YYYYMMDDTHHMMSSZ",
			      value);
	ret->until_us = civil_to_us(&ret->until);
	ret->has_until = true;
	return 0;
}

struct part {
	const char *name;
	int (*parse)(const char *value, struct recur *ret, struct problem *reterr);
};

static const struct part parts[] = {
	{ "FREQ", parse_freq },   { "INTERVAL", parse_interval },     { "COUNT", parse_count },
	{ "BYDAY", parse_byday }, { "BYMONTHDAY", parse_bymonthday }, { "UNTIL", parse_until },
};

static int parse_part(char *text, unsigned *seen, struct recur *ret, struct problem *reterr)
{
	char *value = strchr(text, '=');

	if (!value)
		return refuse(reterr, "wrong_format", "must be parts NAME=VALUE between semicolons",
			      text);
	*value++ = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(parts); i++) {
		if (strcmp(text, parts[i].name) != 0)
			continue;
		if (*seen & (1U << i))
			return refuse(reterr, "not_unique", "stands there twice", text);
		*seen |= 1U << i;
		return parts[i].parse(value, ret, reterr);
	}
	return refuse(reterr, "unknown_member",
		      "only FREQ, INTERVAL, BYDAY, BYMONTHDAY, COUNT and UNTIL are understood",
		      text);
}

static int check_whole(const struct recur *r, bool has_freq, struct problem *reterr)
{
	bool has_nth = false;

	for (size_t i = 0; i < r->byday_n; i++)
		has_nth = has_nth || r->byday[i].nth != RECUR_BYDAY_ANY;
	if (!has_freq)
		return problem_add(reterr, "/rrule", "required", "FREQ is missing");
	if (has_nth && r->freq != RECUR_MONTHLY)
		return problem_add(reterr, "/rrule", "out_of_range",
				   "an ordinal in BYDAY goes with FREQ=MONTHLY only");
	if (r->freq == RECUR_WEEKLY && (r->monthdays || r->monthdays_back))
		return problem_add(reterr, "/rrule", "out_of_range",
				   "BYMONTHDAY does not go with FREQ=WEEKLY");
	if (r->count && r->has_until)
		return problem_add(reterr, "/rrule", "not_both",
				   "give either COUNT or UNTIL, not both");
	if (!r->count && !r->has_until)
		return problem_add(reterr, "/rrule", "fires_forever",
				   "the rule never ends: add COUNT or UNTIL");
	return 0;
}

/* Letters of either case mean the same in all of a rule. */
static void raise_case(const char *text, char *ret)
{
	for (; *text; text++)
		*ret++ = (char)(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
	*ret = '\0';
}

int recur_parse(const char *text, struct recur *ret, struct problem *reterr)
{
	struct recur r = { .interval = 1 };
	char copy[WORD_MAX];
	unsigned seen = 0;
	char *at = copy;

	if (strncasecmp(text, "RRULE:", 6) == 0)
		text += 6;
	if (strlen(text) >= sizeof(copy))
		return problem_add(reterr, "/rrule", "too_long", "is longer than 255 bytes");
	raise_case(text, copy);
	while (at) {
		char *end = strchr(at, ';');

		if (end)
			*end++ = '\0';
		if (parse_part(at, &seen, &r, reterr) < 0)
			return -1;
		at = end;
	}
	if (check_whole(&r, seen & 1U, reterr) < 0)
		return -1;
	*ret = r;
	return 0;
}

static int days_in_month(const struct civil *c)
{
	const int year = c->month == 12 ? c->year + 1 : c->year;
	const int month = c->month == 12 ? 1 : c->month + 1;

	return (int)(civil_days(year, month, 1) - civil_days(c->year, c->month, 1));
}

/* 1970-01-01 was a Thursday: weeks are counted from the Monday before. */
static int64_t week_of(int64_t day)
{
	return (day + 3) / 7;
}

static bool is_in_period(const struct recur *r, const struct civil *first, const struct civil *c)
{
	const int64_t from = civil_days(first->year, first->month, first->day);
	const int64_t day = civil_days(c->year, c->month, c->day);
	int64_t passed = day - from;

	if (r->freq == RECUR_WEEKLY)
		passed = week_of(day) - week_of(from);
	else if (r->freq == RECUR_MONTHLY)
		passed = (c->year - first->year) * 12 + c->month - first->month;
	return passed % r->interval == 0;
}

static bool is_weekday(const struct recur *r, const struct civil *c)
{
	const int weekday = civil_weekday(c), last = days_in_month(c);

	for (size_t i = 0; i < r->byday_n; i++) {
		const int nth = r->byday[i].nth;

		if (r->byday[i].weekday != weekday)
			continue;
		if (nth == RECUR_BYDAY_ANY || nth == (c->day - 1) / 7 + 1 ||
		    -nth == (last - c->day) / 7 + 1)
			return true;
	}
	return false;
}

/* Without a list, the first occurrence's own day stands for it. */
static bool is_day(const struct recur *r, const struct civil *first, const struct civil *c)
{
	const int back = days_in_month(c) - c->day + 1;
	const bool has_monthdays = r->monthdays || r->monthdays_back;

	if (r->byday_n > 0 && !is_weekday(r, c))
		return false;
	if (has_monthdays && !(r->monthdays >> c->day & 1U) && !(r->monthdays_back >> back & 1U))
		return false;
	if (r->byday_n > 0 || has_monthdays || r->freq == RECUR_DAILY)
		return true;
	return r->freq == RECUR_WEEKLY ? civil_weekday(c) == civil_weekday(first)
				       : c->day == first->day;
}

static bool is_past_end(const struct recur *r, const struct civil *wall, int64_t us)
{
	if (!r->has_until)
		return false;
	return r->until_is_utc ? us > r->until_us : civil_to_us(wall) > r->until_us;
}

static int refuse_count(const struct recur *rule, const struct recur_from *from,
			const struct recur_times *got, bool is_at_horizon, struct problem *reterr)
{
	if (got->n > from->most)
		return problem_add(reterr, "/rrule", "too_many",
				   "means more than %zu posts: shorten it", from->most);
	if (got->n == 0)
		return problem_add(
			reterr, "/rrule", "never_fires",
			"there is no such time between the first and the end of the rule");
	if (is_at_horizon && (rule->count || rule->has_until))
		return problem_add(reterr, "/rrule", "out_of_range",
				   "reaches further than %d years ahead", RECUR_YEARS_MAX);
	return 0;
}

int recur_expand(const struct recur *rule, const struct recur_from *from, struct arena *a,
		 struct recur_times *ret, struct problem *reterr)
{
	const int64_t first = civil_days(from->wall.year, from->wall.month, from->wall.day);
	struct recur_times got = { .v = arena_array(a, from->most + 1, sizeof(*got.v)) };
	bool is_at_horizon = true;

	for (int64_t d = 0; d <= INT64_C(366) * RECUR_YEARS_MAX && got.n <= from->most; d++) {
		struct civil wall;
		struct tz_answer answer;

		civil_from_us((first + d) * US_PER_DAY, &wall);
		wall.hour = from->wall.hour;
		wall.minute = from->wall.minute;
		wall.second = from->wall.second;
		tz_resolve(from->tz, &wall, from->fold, &answer);
		is_at_horizon = !is_past_end(rule, &wall, answer.us) &&
				(!rule->count || got.n < (size_t)rule->count);
		if (!is_at_horizon)
			break;
		if (is_in_period(rule, &from->wall, &wall) && is_day(rule, &from->wall, &wall))
			got.v[got.n++] =
				(struct recur_time){ answer.us, answer.verdict == TZ_SKIPPED };
	}
	if (refuse_count(rule, from, &got, is_at_horizon, reterr) < 0)
		return -1;
	*ret = got;
	return 0;
}

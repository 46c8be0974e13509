/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rfc3339.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"

#define S_PER_DAY 86400

/* Days of the shifted year that begins with March, which puts the leap day last. */
int64_t civil_days(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (int64_t)(month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static void civil_from_s(int64_t s, struct civil *ret)
{
	int64_t days = floor_div(s, S_PER_DAY);
	int64_t rest = s - days * S_PER_DAY;
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	ret->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	ret->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	ret->year = (int)(yoe + era * 400 + (ret->month <= 2));
	ret->hour = (int)(rest / 3600);
	ret->minute = (int)(rest / 60 % 60);
	ret->second = (int)(rest % 60);
}

void civil_from_us(int64_t us, struct civil *ret)
{
	civil_from_s(floor_div(us, US_PER_S), ret);
}

static int64_t civil_to_s(const struct civil *c)
{
	return civil_days(c->year, c->month, c->day) * S_PER_DAY + c->hour * INT64_C(3600) +
	       c->minute * INT64_C(60) + c->second;
}

int64_t civil_to_us(const struct civil *c)
{
	return civil_to_s(c) * US_PER_S;
}

int civil_weekday(const struct civil *c)
{
	int64_t from_monday = (civil_days(c->year, c->month, c->day) + 3) % 7;

	return (int)(from_monday < 0 ? from_monday + 7 : from_monday);
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Reads exactly n digits; false leaves *s anywhere. */
static bool take_digits(const char **s, int n, int *ret)
{
	int value = 0;

	for (; n; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		value = value * 10 + (**s - '0');
	}
	*ret = value;
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static bool take_date(const char **s, struct civil *c)
{
	return take_digits(s, 4, &c->year) && take_char(s, '-') && take_digits(s, 2, &c->month) &&
	       take_char(s, '-') && take_digits(s, 2, &c->day) && c->year >= 1 && c->month >= 1 &&
	       c->month <= 12 && c->day >= 1 && c->day <= days_in_month(c->year, c->month);
}

static bool take_minutes(const char **s, struct civil *c)
{
	c->second = 0;
	return take_digits(s, 2, &c->hour) && take_char(s, ':') && take_digits(s, 2, &c->minute) &&
	       c->hour <= 23 && c->minute <= 59;
}

/* Microseconds; digits beyond the sixth are read and dropped. */
static bool take_fraction(const char **s, int64_t *ret_us)
{
	int64_t unit = 100000;

	*ret_us = 0;
	if (!take_char(s, '.'))
		return true;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		*ret_us += unit * (**s - '0');
	return true;
}

static bool take_offset(const char **s, int *ret_s)
{
	int sign, hour, minute;

	*ret_s = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	sign = **s == '-' ? -1 : 1;
	if (!take_char(s, '+') && !take_char(s, '-'))
		return false;
	if (!take_digits(s, 2, &hour) || !take_char(s, ':') || !take_digits(s, 2, &minute))
		return false;
	*ret_s = sign * (hour * 3600 + minute * 60);
	return hour <= 23 && minute <= 59;
}

/* A leap second is only ever the last second of a UTC month. */
static bool is_leap_place(int64_t second_after)
{
	struct civil c;

	civil_from_s(second_after, &c);
	return c.day == 1 && c.hour == 0 && c.minute == 0 && c.second == 0;
}

int rfc3339_parse(const char *s, int64_t *ret_us)
{
	struct civil c, utc;
	int64_t fraction_us, at_s;
	int offset_s;

	if (!take_date(&s, &c) || (!take_char(&s, 'T') && !take_char(&s, 't')) ||
	    !take_minutes(&s, &c) || !take_char(&s, ':') || !take_digits(&s, 2, &c.second) ||
	    c.second > 60 || !take_fraction(&s, &fraction_us) || !take_offset(&s, &offset_s) || *s)
		return -EINVAL;
	at_s = civil_to_s(&c) - offset_s;
	if (c.second == 60 && !is_leap_place(at_s))
		return -EINVAL;
	civil_from_s(at_s, &utc);
	if (utc.year < 1 || utc.year > 9999)
		return -EINVAL;
	*ret_us = at_s * US_PER_S + fraction_us;
	return 0;
}

int civil_parse(const char *s, struct civil *ret)
{
	struct civil c;

	if (!take_date(&s, &c) || (!take_char(&s, 'T') && !take_char(&s, 't')) ||
	    !take_minutes(&s, &c))
		return -EINVAL;
	if (*s && (!take_char(&s, ':') || !take_digits(&s, 2, &c.second) || c.second > 59 || *s))
		return -EINVAL;
	*ret = c;
	return 0;
}

void civil_print(const struct civil *c, char ret[static RFC3339_MAX])
{
	(void)snprintf(ret, RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", c->year, c->month, c->day,
		       c->hour, c->minute, c->second);
}

/* The last n digits, by hand: answers are full of instants, and printf takes ten times as long. */
static char *put_digits(char *to, int value, int n)
{
	for (int i = n - 1; i >= 0; i--, value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + n;
}

void rfc3339_print(int64_t us, char ret[static RFC3339_MAX])
{
	struct civil c;
	char *p;

	civil_from_us(us, &c);
	if (c.year < 0 || c.year > 9999) {
		(void)snprintf(ret, RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month,
			       c.day, c.hour, c.minute, c.second);
		return;
	}
	p = put_digits(ret, c.year, 4);
	*p++ = '-';
	p = put_digits(p, c.month, 2);
	*p++ = '-';
	p = put_digits(p, c.day, 2);
	*p++ = 'T';
	p = put_digits(p, c.hour, 2);
	*p++ = ':';
	p = put_digits(p, c.minute, 2);
	*p++ = ':';
	p = put_digits(p, c.second, 2);
	*p++ = 'Z';
	*p = '\0';
}

void rfc3339_print_ms(int64_t us, char ret[static RFC3339_MAX])
{
	int ms = (int)((us % US_PER_S + US_PER_S) % US_PER_S / US_PER_MS);
	struct civil c;

	civil_from_us(us, &c);
	(void)snprintf(ret, RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month,
		       c.day, c.hour, c.minute, c.second, ms);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a statement, from the varargs, one by one as its letters say.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "db/private.h"
#include "db/stmt.h"

static void time_set(MYSQL_TIME *t, int64_t us)
{
	struct civil c;
	int64_t fraction = us % US_PER_S;

	if (fraction < 0)
		fraction += US_PER_S;
	civil_from_us(us, &c);
	memset(t, 0, sizeof(*t));
	t->year = (unsigned)c.year;
	t->month = (unsigned)c.month;
	t->day = (unsigned)c.day;
	t->hour = (unsigned)c.hour;
	t->minute = (unsigned)c.minute;
	t->second = (unsigned)c.second;
	t->second_part = (unsigned long)fraction;
	t->time_type = MYSQL_TIMESTAMP_DATETIME;
}

struct args { /* va_list may be an array type: wrapped, it can be handed on */
	va_list ap;
};

static void take_text(struct db_value *ret, struct args *args)
{
	const char *s = va_arg(args->ap, const char *);

	*ret = (struct db_value){
		.type = MYSQL_TYPE_STRING, .is_null = !s, .p = s, .n = s ? strlen(s) : 0
	};
}

static void take_bytes(struct db_value *ret, struct args *args)
{
	*ret = (struct db_value){ .type = MYSQL_TYPE_BLOB, .p = va_arg(args->ap, const void *) };
	ret->n = va_arg(args->ap, size_t);
	ret->is_null = !ret->p;
}

static void take_integer(struct db_value *ret, struct args *args)
{
	*ret = (struct db_value){ .type = MYSQL_TYPE_LONGLONG,
				  .integer = va_arg(args->ap, int64_t) };
}

static void take_integer_or_null(struct db_value *ret, struct args *args)
{
	take_integer(ret, args);
	ret->is_null = ret->integer == INT64_MIN;
}

static void take_number(struct db_value *ret, struct args *args)
{
	*ret = (struct db_value){ .type = MYSQL_TYPE_DOUBLE, .number = va_arg(args->ap, double) };
}

static void take_instant(struct db_value *ret, struct args *args)
{
	const int64_t us = va_arg(args->ap, int64_t);

	*ret = (struct db_value){ .type = MYSQL_TYPE_DATETIME, .is_null = us == INSTANT_NONE };
	if (!ret->is_null)
		time_set(&ret->time, us);
}

struct take_row {
	char letter;
	void (*take)(struct db_value *ret, struct args *args);
};

void db_values_take(const struct stmt *s, va_list ap, struct db_value *ret)
{
	static const struct take_row rows[] = {
		{ 's', take_text },    { 'i', take_integer },
		{ 't', take_instant }, { 'I', take_integer_or_null },
		{ 'b', take_bytes },   { 'd', take_number },
	};

	struct args args;

	va_copy(args.ap, ap);
	for (size_t i = 0; s->binds[i]; i++) {
		size_t k = 0;

		while (k + 1 < ARRAY_LEN(rows) && rows[k].letter != s->binds[i])
			k++;
		assert(rows[k].letter == s->binds[i]);
		rows[k].take(&ret[i], &args);
	}
	va_end(args.ap);
}

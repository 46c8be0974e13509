/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rfc3339 - instants as text, and plain wall times
 * Layer base. Errors: -EINVAL. Units: microseconds since 1970-01-01T00:00:00Z; years 0001-9999.
 * Source: RFC 3339 section 5.6 (a leap second 60 is accepted as the second after it).
 */
#ifndef CARILLON_BASE_RFC3339_H
#define CARILLON_BASE_RFC3339_H

#include <stddef.h>
#include <stdint.h>

#define RFC3339_MAX 32

/* A wall-clock reading without a zone; pair it with a struct tz to get an instant. */
struct civil {
	int year, month, day, hour, minute, second; /* month and day from 1 */
};

int rfc3339_parse(const char *s, int64_t *ret_us);               /* offset or Z required */
void rfc3339_print(int64_t us, char ret[static RFC3339_MAX]);    /* ...T14:30:00Z, floor to s */
void rfc3339_print_ms(int64_t us, char ret[static RFC3339_MAX]); /* ...T14:30:00.123Z */
int civil_parse(const char *s, struct civil *ret);               /* YYYY-MM-DDTHH:MM[:SS] */
void civil_print(const struct civil *c, char ret[static RFC3339_MAX]); /* 2026-03-23T14:30:00 */
int64_t civil_days(int year, int month, int day);                      /* days since 1970-01-01 */
void civil_from_us(int64_t us, struct civil *ret);                     /* as UTC */
int64_t civil_to_us(const struct civil *c);                            /* as UTC */
int civil_weekday(const struct civil *c); /* 0 = Monday .. 6 = Sunday */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tz - time zone rules, immutable after loading
 * Layer base. Owner: tz_load() lends the struct until tz_free(), which accepts NULL.
 * Errors: -ENOENT unknown zone (only IANA names; no POSIX strings, no paths, no offsets).
 * Units: microseconds UTC. Source: the system's tzdata through GLib's GTimeZone, here only.
 */
#ifndef CARILLON_BASE_TZ_H
#define CARILLON_BASE_TZ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rfc3339.h"

struct tz;

enum tz_verdict {
	TZ_ONCE,    /* the wall time exists once */
	TZ_TWICE,   /* it exists twice; fold 0 is the earlier instant, 1 the later */
	TZ_SKIPPED, /* it does not exist: gap_before/after are the instants either side */
};

struct tz_answer {
	enum tz_verdict verdict;
	int64_t us;           /* chosen instant; in a gap: shifted forward by the gap */
	int64_t gap_start_us; /* TZ_SKIPPED: the instant at which the gap happens */
	int gap_s;            /* TZ_SKIPPED: width in seconds */
};

#define TZ_NAME_MAX 65

/* Whether the text has the shape of an IANA name; says nothing of whether the zone exists. */
bool tz_name_is_shaped(const char *name);
int tz_load(const char *iana_name, struct tz **ret);
void tz_free(struct tz *tz);
const char *tz_name(const struct tz *tz);
void tz_resolve(const struct tz *tz, const struct civil *wall, int fold, struct tz_answer *ret);
void tz_local(const struct tz *tz, int64_t us, struct civil *ret); /* wall time at an instant */
int tz_offset_s(const struct tz *tz, int64_t us);                  /* east positive */
const char *tz_database_version(void);                             /* e.g. "2026b"; "" unknown */

DEFINE_CLEANUP(struct tz *, tz_free);

#endif

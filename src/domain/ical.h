/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ical - a calendar as text
 * Layer domain. Source: RFC 5545 sections 3.1 (lines folded at 75 octets, never within a character,
 * CRLF), 3.3.11 (escapes in TEXT). Values must be valid UTF-8.
 */
#ifndef CARILLON_DOMAIN_ICAL_H
#define CARILLON_DOMAIN_ICAL_H

#include <stdint.h>

#include "base/buf.h"

void ical_raw(struct buf *b, const char *name, const char *value);  /* as it is, e.g. a URI */
void ical_text(struct buf *b, const char *name, const char *value); /* escaped; NULL: no line */
void ical_instant(struct buf *b, const char *name, int64_t us);     /* 20260323T143000Z */

#endif

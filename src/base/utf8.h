/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8 - strict UTF-8
 * Layer base. Source: RFC 3629 (no surrogates, no overlong forms, at most U+10FFFF).
 */
#ifndef CARILLON_BASE_UTF8_H
#define CARILLON_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

bool utf8_valid(const char *s, size_t len);
size_t utf8_points(const char *s);      /* code points of a valid string */
size_t utf8_utf16_units(const char *s); /* UTF-16 code units of a valid string */
bool utf8_has_controls(const char *s);  /* C0 (but \t \n \r) or DEL */
/* Next code point; *s moves past it; 0 at the end. s must be valid. */
uint32_t utf8_next(const char **s);
/* Bytes of the one well-formed sequence at s (len > 0 are readable); 0: none stands there. */
size_t utf8_measure(const char *s, size_t len);
/* What readers see as characters: extended grapheme clusters (UAX 29) of a valid string. */
size_t utf8_graphemes(const char *s);
/* The valid string in Unicode normalisation form C (UAX 15). */
char *utf8_nfc(struct arena *a, const char *s);

#endif

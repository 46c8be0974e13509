/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ical.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rfc3339.h"

#define LINE_MAX_OCTETS 75

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xC0U) == 0x80U;
}

static void fold(struct buf *b, const char *line)
{
	size_t used = 0;

	for (const char *at = line; *at;) {
		size_t n = 1;

		while (is_continuation(at[n]))
			n++;
		if (used + n > LINE_MAX_OCTETS) {
			buf_adds(b, "\r\n ");
			used = 1;
		}
		buf_add(b, at, n);
		used += n;
		at += n;
	}
	buf_adds(b, "\r\n");
}

void ical_raw(struct buf *b, const char *name, const char *value)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	if (!value)
		return;
	buf_printf(&line, "%s:%s", name, value);
	fold(b, buf_str(&line));
}

void ical_text(struct buf *b, const char *name, const char *value)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	if (!value)
		return;
	buf_printf(&line, "%s:", name);
	for (const char *at = value; *at; at++) {
		if (*at == '\n')
			buf_adds(&line, "\\n");
		else if (*at == '\\' || *at == ';' || *at == ',')
			buf_printf(&line, "\\%c", *at);
		else if ((unsigned char)*at >= 0x20 || *at == '\t')
			buf_addc(&line, *at);
	}
	fold(b, buf_str(&line));
}

void ical_instant(struct buf *b, const char *name, int64_t us)
{
	struct civil c;
	char text[64];

	civil_from_us(us, &c);
	(void)snprintf(text, sizeof(text), "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day,
		       c.hour, c.minute, c.second);
	ical_raw(b, name, text);
}

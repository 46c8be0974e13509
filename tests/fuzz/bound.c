/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/tz.h"
#include "base/utf8.h"
#include "fuzz/exchange.h"

static void text_look(const struct field *f, const void *at)
{
	const char *s;

	memcpy(&s, at, sizeof(s));
	if (!s)
		return;
	MUST(utf8_valid(s, strlen(s)) && !utf8_has_controls(s));
	MUST(f->most == 0 || utf8_points(s) <= (size_t)f->most);
	MUST(f->kind != FIELD_ID || (*s && strlen(s) <= 64));
	MUST(f->kind != FIELD_TZ || tz_name_is_shaped(s));
	MUST(f->kind != FIELD_URL || strncmp(s, "http", 4) == 0);
}

static void enum_look(const struct field *f, const void *at)
{
	int n = 0, value;

	while (f->choices[n])
		n++;
	memcpy(&value, at, sizeof(value));
	MUST(value >= -1 && value < n);
}

static void int_look(const struct field *f, const void *at)
{
	int64_t value;

	memcpy(&value, at, sizeof(value));
	MUST(value == 0 || (f->least == 0 && f->most == 0) ||
	     (value >= f->least && value <= f->most));
}

static void instant_look(const struct field *f, const void *at)
{
	char text[RFC3339_MAX];
	int64_t us, again;

	(void)f;
	memcpy(&us, at, sizeof(us));
	if (us == INSTANT_NONE)
		return;
	rfc3339_print(us, text);
	MUST(rfc3339_parse(text, &again) == 0 && again <= us && us - again < US_PER_S);
}

static void time_look(const struct field *f, const void *at)
{
	struct field_time t;
	struct civil c;

	memcpy(&t, at, sizeof(t));
	if (t.is_local)
		MUST(civil_parse(t.local, &c) == 0);
	else
		instant_look(f, &t.us);
}

static void texts_look(const struct field *f, const void *at)
{
	struct field_texts t;

	memcpy(&t, at, sizeof(t));
	MUST(f->most == 0 || t.n <= (size_t)f->most);
	for (size_t i = 0; i < t.n; i++)
		MUST(utf8_valid(t.v[i], strlen(t.v[i])) && !utf8_has_controls(t.v[i]));
}

static void some_look(const struct field *f, const void *at)
{
	struct field_some t;

	memcpy(&t, at, sizeof(t));
	texts_look(f, &t.texts);
}

static void object_look(const struct field *f, const void *at)
{
	const void *in;

	memcpy(&in, at, sizeof(in));
	if (in)
		bound_look(f->nested, in);
}

static void objects_look(const struct field *f, const void *at)
{
	struct field_objects t;

	memcpy(&t, at, sizeof(t));
	MUST(f->most == 0 || t.n <= (size_t)f->most);
	for (size_t i = 0; i < t.n; i++)
		bound_look(f->nested, (const char *)t.v + i * f->nested->size);
}

static void (*const looks[])(const struct field *f, const void *at) = {
	[FIELD_TEXT] = text_look,       [FIELD_ID] = text_look,   [FIELD_URL] = text_look,
	[FIELD_EMAIL] = text_look,      [FIELD_TZ] = text_look,   [FIELD_ENUM] = enum_look,
	[FIELD_INT] = int_look,         [FIELD_NUMBER] = NULL,    [FIELD_BOOL] = NULL,
	[FIELD_INSTANT] = instant_look, [FIELD_TIME] = time_look, [FIELD_TEXTS] = texts_look,
	[FIELD_IDS] = texts_look,       [FIELD_SOME] = some_look, [FIELD_OBJECT] = object_look,
	[FIELD_OBJECTS] = objects_look, [FIELD_JSON] = NULL,
};

void bound_look(const struct schema *s, const void *in)
{
	for (const struct field *f = s->fields; f->name; f++) {
		if (looks[f->kind])
			looks[f->kind](f, (const char *)in + f->offset);
	}
}

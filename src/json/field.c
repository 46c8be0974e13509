/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/tz.h"
#include "base/utf8.h"
#include "json/private.h"

#define POINTS_MAX      65535
#define ITEMS_MAX       1000
#define ID_BYTES_MAX    64
#define URL_BYTES_MAX   2048
#define EMAIL_BYTES_MAX 254
#define EMAIL_LOCAL_MAX 64
#define HOST_LABEL_MAX  63

static int64_t limit_or(int64_t limit, int64_t own)
{
	return limit ? limit : own;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Each shape answers NULL, or what is wrong with the text. */
static const char *shape_id(const char *s)
{
	for (; *s; s++) {
		if (!is_alnum(*s) && *s != '_')
			return "may only hold letters, digits and underscores";
	}
	return NULL;
}

static const char *shape_tz(const char *s)
{
	return tz_name_is_shaped(s) ? NULL : "must be the name of an IANA time zone";
}

static bool is_host_label(const char *s, size_t len)
{
	if (!len || len > HOST_LABEL_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	}
	return true;
}

static bool is_host(const char *s, size_t len)
{
	while (len) {
		const char *dot = memchr(s, '.', len);
		size_t label = dot ? (size_t)(dot - s) : len;

		if (!is_host_label(s, label))
			return false;
		if (!dot)
			return true;
		s += label + 1;
		len -= label + 1;
	}
	return false;
}

static bool is_bracketed_host(const char *s, size_t len)
{
	return len > 4 && s[0] == '[' && s[len - 1] == ']' &&
	       strspn(s + 1, "0123456789abcdefABCDEF:.") == len - 2;
}

static const char *shape_email(const char *s)
{
	const char *at = strrchr(s, '@');
	size_t local = at ? (size_t)(at - s) : 0;

	if (!local || local > EMAIL_LOCAL_MAX || *s == '.' || at[-1] == '.' || strstr(s, ".."))
		return "must be an e-mail address";
	for (size_t i = 0; i < local; i++) {
		if (!is_alnum(s[i]) && !strchr("!#$%&'*+-/=?^_`{|}~.", s[i]))
			return "must be an e-mail address";
	}
	return is_host(at + 1, strlen(at + 1)) ? NULL : "must be an e-mail address";
}

/* Length of the port behind the host with its colon; is_wrong when it is no port. */
static size_t port_len(const char *s, size_t len, bool *is_wrong)
{
	size_t n = 0;
	long port = 0;

	while (n < len && is_digit(s[len - 1 - n]))
		n++;
	if (n == len || s[len - 1 - n] != ':')
		return 0;
	for (size_t i = len - n; i < len && port <= 65535; i++)
		port = port * 10 + (s[i] - '0');
	*is_wrong = port < 1 || port > 65535;
	return n + 1;
}

static const char *shape_url(const char *s)
{
	bool wrong_port = false;
	size_t host;

	if (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0)
		return "must begin with https:// or http://";
	for (const char *c = s; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f || strchr("\"<>\\^`{|}", *c))
			return "holds a character that a URL must percent-encode";
	}
	s = strstr(s, "://") + 3;
	host = strcspn(s, "/?#");
	if (memchr(s, '@', host))
		return "must not hold a user name or password";
	host -= port_len(s, host, &wrong_port);
	if (wrong_port || (!is_host(s, host) && !is_bracketed_host(s, host)))
		return "must name a host";
	return NULL;
}

static bool is_blank(const char *s)
{
	uint32_t c;

	while ((c = utf8_next(&s)) != 0) {
		bool space = c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xa0 ||
			     (c >= 0x2000 && c <= 0x200b) || c == 0x2028 || c == 0x2029 ||
			     c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;

		if (!space)
			return false;
	}
	return true;
}

/* A text that holds nothing a C string or a log line could not carry; NULL when refused. */
static const char *plain_text(const struct binding *b, const json_t *value, const struct path *at)
{
	const char *s = json_string_value(value);

	if (!s)
		(void)path_refuse(b, at, "wrong_type", "must be a text");
	else if (strlen(s) != json_string_length(value) || utf8_has_controls(s))
		(void)path_refuse(b, at, "bad_format", "must not hold control characters");
	else
		return s;
	return NULL;
}

static int check_length(const struct binding *b, const struct path *at, int64_t len, int64_t least,
			int64_t most)
{
	if (len > most)
		return path_refuse(b, at, "too_long",
				   "has %lld characters, at most %lld are allowed", (long long)len,
				   (long long)most);
	if (len < least)
		return path_refuse(b, at, "too_short",
				   "has %lld characters, at least %lld are needed", (long long)len,
				   (long long)least);
	return 0;
}

static void store_text(const struct binding *b, const char *s, void *to)
{
	const char *copy = arena_strdup(b->arena, s);

	memcpy(to, &copy, sizeof(copy));
}

static int bind_text(const struct binding *b, const struct field *f, json_t *value,
		     const struct path *at, void *to)
{
	const char *s = plain_text(b, value, at);

	if (!s)
		return -1;
	if ((f->flags & FIELD_NONEMPTY) && is_blank(s))
		return path_refuse(b, at, "empty", "must not be empty");
	if (check_length(b, at, (int64_t)utf8_points(s), f->least, limit_or(f->most, POINTS_MAX)) <
	    0)
		return -1;
	store_text(b, s, to);
	return 0;
}

/* Texts of a fixed shape are ASCII, so bytes and characters are one. */
static int bind_shaped(const struct binding *b, const struct field *f, json_t *value,
		       const struct path *at, void *to)
{
	static const struct {
		const char *(*shape)(const char *s);
		int64_t most;
	} shapes[] = {
		[FIELD_ID] = { shape_id, ID_BYTES_MAX },
		[FIELD_URL] = { shape_url, URL_BYTES_MAX },
		[FIELD_EMAIL] = { shape_email, EMAIL_BYTES_MAX },
		[FIELD_TZ] = { shape_tz, TZ_NAME_MAX - 1 },
	};
	const char *s = plain_text(b, value, at);
	const char *what;

	if (!s)
		return -1;
	if (!*s)
		return path_refuse(b, at, "empty", "must not be empty");
	if (check_length(b, at, (int64_t)strlen(s), f->least,
			 limit_or(f->most, shapes[f->kind].most)) < 0)
		return -1;
	what = shapes[f->kind].shape(s);
	if (what)
		return path_refuse(b, at, "bad_format", "%s", what);
	store_text(b, s, to);
	return 0;
}

static int bind_enum(const struct binding *b, const struct field *f, json_t *value,
		     const struct path *at, void *to)
{
	const char *s = json_string_value(value);
	CLEANUP(buf_done) struct buf all = BUF_INIT;

	if (!s)
		return path_refuse(b, at, "wrong_type", "must be a text");
	for (int i = 0; f->choices[i]; i++) {
		if (strcmp(f->choices[i], s) == 0) {
			memcpy(to, &i, sizeof(i));
			return 0;
		}
		buf_printf(&all, "%s%s", i ? ", " : "", f->choices[i]);
	}
	return path_refuse(b, at, "not_a_choice", "must be one of: %s", buf_str(&all));
}

static bool is_within(const struct field *f, double n)
{
	return (!f->least && !f->most) || (n >= (double)f->least && n <= (double)f->most);
}

static int refuse_range(const struct binding *b, const struct field *f, const struct path *at)
{
	return path_refuse(b, at, "out_of_range", "must be between %lld and %lld",
			   (long long)f->least, (long long)f->most);
}

static int bind_int(const struct binding *b, const struct field *f, json_t *value,
		    const struct path *at, void *to)
{
	int64_t n = json_integer_value(value);

	if (!json_is_integer(value))
		return path_refuse(b, at, "wrong_type", "must be a whole number");
	if ((f->least || f->most) && (n < f->least || n > f->most))
		return refuse_range(b, f, at);
	memcpy(to, &n, sizeof(n));
	return 0;
}

static int bind_number(const struct binding *b, const struct field *f, json_t *value,
		       const struct path *at, void *to)
{
	double n = json_number_value(value);

	if (!json_is_number(value))
		return path_refuse(b, at, "wrong_type", "must be a number");
	if (!is_within(f, n))
		return refuse_range(b, f, at);
	memcpy(to, &n, sizeof(n));
	return 0;
}

static int bind_bool(const struct binding *b, const struct field *f, json_t *value,
		     const struct path *at, void *to)
{
	bool truth = json_is_true(value);

	(void)f;
	if (!json_is_boolean(value))
		return path_refuse(b, at, "wrong_type", "must be true or false");
	memcpy(to, &truth, sizeof(truth));
	return 0;
}

static int bind_instant(const struct binding *b, const struct field *f, json_t *value,
			const struct path *at, void *to)
{
	const char *s = plain_text(b, value, at);
	int64_t us;

	(void)f;
	if (!s)
		return -1;
	if (rfc3339_parse(s, &us) < 0)
		return path_refuse(b, at, "bad_format",
				   "must be a time such as 2026-03-23T14:30:00Z");
	memcpy(to, &us, sizeof(us));
	return 0;
}

static int bind_time(const struct binding *b, const struct field *f, json_t *value,
		     const struct path *at, void *to)
{
	struct field_time time = { false, INSTANT_NONE, NULL };
	const char *s = plain_text(b, value, at);
	struct civil civil;

	(void)f;
	if (!s)
		return -1;
	if (rfc3339_parse(s, &time.us) < 0) {
		if (civil_parse(s, &civil) < 0)
			return path_refuse(b, at, "bad_format",
					   "must be a time such as 2026-03-23T14:30:00Z, or "
					   "2026-03-23T14:30:00 for local time");
		time.is_local = true;
		time.local = arena_strdup(b->arena, s);
	}
	memcpy(to, &time, sizeof(time));
	return 0;
}

/* An array of a fitting length; -1 after the refusal. */
static int check_array(const struct binding *b, const struct field *f, const json_t *value,
		       const struct path *at)
{
	int64_t n = (int64_t)json_array_size(value);
	int64_t most = limit_or(f->most, ITEMS_MAX);

	if (!json_is_array(value))
		return path_refuse(b, at, "wrong_type", "must be an array");
	if (!n && (f->flags & FIELD_NONEMPTY))
		return path_refuse(b, at, "empty", "must not be empty");
	if (n > most)
		return path_refuse(b, at, "too_many", "has %lld items, at most %lld are allowed",
				   (long long)n, (long long)most);
	if (n < f->least)
		return path_refuse(b, at, "too_few", "has %lld items, at least %lld are needed",
				   (long long)n, (long long)f->least);
	return 0;
}

static bool has_before(const struct field_texts *texts, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (texts->v[k] && texts->v[i] && strcmp(texts->v[k], texts->v[i]) == 0)
			return true;
	}
	return false;
}

static int bind_texts(const struct binding *b, const struct field *f, json_t *value,
		      const struct path *at, void *to)
{
	const bool is_ids = f->kind == FIELD_IDS;
	const struct field item = { .name = f->name,
				    .kind = is_ids ? FIELD_ID : FIELD_TEXT,
				    .flags = f->flags & FIELD_NONEMPTY,
				    .most = f->item_most };
	struct field_texts texts = { json_array_size(value), NULL };
	int wrong = 0;

	if (check_array(b, f, value, at) < 0)
		return -1;
	texts.v = arena_array(b->arena, texts.n, sizeof(*texts.v));
	for (size_t i = 0; i < texts.n; i++) {
		struct path here = { at, NULL, i };

		wrong |= field_bind(b, &item, json_array_get(value, i), &here, &texts.v[i]);
		if (is_ids && has_before(&texts, i))
			wrong |= path_refuse(b, &here, "duplicate", "stands twice in the array");
	}
	memcpy(to, &texts, sizeof(texts));
	return wrong;
}

static int bind_some(const struct binding *b, const struct field *f, json_t *value,
		     const struct path *at, void *to)
{
	const struct field item = { .name = f->name,
				    .kind = FIELD_TEXT,
				    .flags = f->flags & FIELD_NONEMPTY,
				    .most = f->item_most };
	struct field_some some = { .is_list = json_is_array(value) };
	int wrong;

	if (!some.is_list && !json_is_string(value))
		return path_refuse(b, at, "wrong_type", "must be a text or an array of texts");
	if (some.is_list) {
		wrong = bind_texts(b, f, value, at, &some.texts);
	} else {
		some.texts.n = 1;
		some.texts.v = arena_array(b->arena, 1, sizeof(*some.texts.v));
		wrong = field_bind(b, &item, value, at, &some.texts.v[0]);
	}
	memcpy(to, &some, sizeof(some));
	return wrong;
}

static int bind_nested(const struct binding *b, const struct field *f, json_t *value,
		       const struct path *at, void *to)
{
	void *nested = arena_alloc(b->arena, f->nested->size);

	memcpy(to, &nested, sizeof(void *));
	return object_bind(b, f->nested, value, at, nested);
}

static int bind_nested_array(const struct binding *b, const struct field *f, json_t *value,
			     const struct path *at, void *to)
{
	struct field_objects objects = { json_array_size(value), NULL };
	int wrong = 0;

	if (check_array(b, f, value, at) < 0)
		return -1;
	objects.v = arena_array(b->arena, objects.n, f->nested->size);
	for (size_t i = 0; i < objects.n; i++) {
		struct path here = { at, NULL, i };

		wrong |= object_bind(b, f->nested, json_array_get(value, i), &here,
				     (char *)objects.v + i * f->nested->size);
	}
	memcpy(to, &objects, sizeof(objects));
	return wrong;
}

static void release_json(void *value)
{
	json_decref(value);
}

static int bind_json(const struct binding *b, const struct field *f, json_t *value,
		     const struct path *at, void *to)
{
	(void)f;
	if (!json_is_object(value))
		return path_refuse(b, at, "wrong_type", "must be an object");
	arena_defer(b->arena, release_json, json_incref(value));
	memcpy(to, &value, sizeof(void *));
	return 0;
}

int field_bind(const struct binding *b, const struct field *f, json_t *value, const struct path *at,
	       void *to)
{
	static int (*const kinds[])(const struct binding *, const struct field *, json_t *,
				    const struct path *, void *) = {
		[FIELD_TEXT] = bind_text,     [FIELD_ID] = bind_shaped,
		[FIELD_URL] = bind_shaped,    [FIELD_EMAIL] = bind_shaped,
		[FIELD_TZ] = bind_shaped,     [FIELD_ENUM] = bind_enum,
		[FIELD_INT] = bind_int,       [FIELD_NUMBER] = bind_number,
		[FIELD_BOOL] = bind_bool,     [FIELD_INSTANT] = bind_instant,
		[FIELD_TIME] = bind_time,     [FIELD_TEXTS] = bind_texts,
		[FIELD_IDS] = bind_texts,     [FIELD_SOME] = bind_some,
		[FIELD_OBJECT] = bind_nested, [FIELD_OBJECTS] = bind_nested_array,
		[FIELD_JSON] = bind_json,
	};

	return kinds[f->kind](b, f, value, at, to);
}

void field_default(const struct field *f, void *to)
{
	static const struct field_time no_time = { false, INSTANT_NONE, NULL };
	static const int64_t no_instant = INSTANT_NONE;

	if (f->kind == FIELD_INSTANT)
		memcpy(to, &no_instant, sizeof(no_instant));
	else if (f->kind == FIELD_TIME)
		memcpy(to, &no_time, sizeof(no_time));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"

#define FILE_BYTES_MAX ((size_t)1024 * 1024)
#define LINE_BYTES_MAX 4096 /* as read by inih, with its line end */

struct core_row {
	struct setting setting;
	size_t offset;
};

static const struct core_row core_rows[] = {
#define SETTING(section, name, type, fallback, least, most, sentence)           \
	{ { #section, #name, SETTING_##type, fallback, least, most, sentence }, \
	  offsetof(struct config, section##_##name) },
#include "base/settings.def"
#undef SETTING
};

/* A setting of one section, and where its value is kept. */
struct slot {
	const char *section;
	const struct setting *row;
	const char *value; /* as text; what the file says, else the default */
	bool is_set, is_core;
	size_t offset; /* is_core */
};

struct config_raw {
	struct arena *arena;
	struct slot *slots;
	size_t n;
	struct slot **index; /* by section and name: an open hash of index_n places */
	size_t index_n;      /* a power of two, twice n at least */
	bool is_open;        /* other programs' sections are passed over */
};

struct loading {
	struct config *cfg;
	char error[320]; /* the first one; later lines may only be wrong because of it */
};

static size_t count_slots(const struct setting_group *groups, size_t n)
{
	size_t total = ARRAY_LEN(core_rows);

	for (size_t g = 0; g < n; g++) {
		for (size_t s = 0; groups[g].sections && groups[g].sections[s]; s++) {
			for (size_t r = 0; groups[g].rows[r].name; r++)
				total++;
		}
	}
	return total;
}

static const char *default_of(struct arena *a, const struct setting *row)
{
	if (row->type != SETTING_WORD)
		return row->fallback;
	return arena_strndup(a, row->fallback, strcspn(row->fallback, " "));
}

static void add_group(struct config_raw *raw, const struct setting_group *group)
{
	raw->is_open |= !group->sections;
	for (size_t s = 0; group->sections && group->sections[s]; s++) {
		for (size_t r = 0; group->rows[r].name; r++) {
			struct slot *slot = &raw->slots[raw->n++];

			slot->section = group->sections[s];
			slot->row = &group->rows[r];
			slot->value = default_of(raw->arena, slot->row);
		}
	}
}

static size_t hash_text(size_t hash, const char *s)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3ULL;
	return hash;
}

/* The place of that setting, or the free one where it would stand. */
static struct slot **find_place(const struct config_raw *raw, const char *section, const char *name)
{
	size_t hash = hash_text(hash_text(0xcbf29ce484222325ULL, section), name);
	size_t i = (hash ^ hash >> 32) & (raw->index_n - 1);

	while (raw->index[i] && (strcmp(raw->index[i]->row->name, name) != 0 ||
				 strcmp(raw->index[i]->section, section) != 0))
		i = (i + 1) & (raw->index_n - 1);
	return &raw->index[i];
}

/* A platform reads some twenty settings for each look at a post. */
static void index_slots(struct config_raw *raw)
{
	raw->index_n = 64;
	while (raw->index_n < raw->n * 2)
		raw->index_n *= 2;
	raw->index = arena_array(raw->arena, raw->index_n, sizeof(struct slot *));
	for (size_t i = 0; i < raw->n; i++) {
		struct slot **place =
			find_place(raw, raw->slots[i].section, raw->slots[i].row->name);

		if (!*place)
			*place = &raw->slots[i];
	}
}

static struct config_raw *raw_new(const struct setting_group *groups, size_t n)
{
	struct config_raw *raw = alloc_zero(sizeof(*raw));

	raw->arena = arena_new();
	raw->slots = arena_array(raw->arena, count_slots(groups, n), sizeof(*raw->slots));
	for (size_t i = 0; i < ARRAY_LEN(core_rows); i++) {
		struct slot *slot = &raw->slots[raw->n++];

		slot->section = core_rows[i].setting.section;
		slot->row = &core_rows[i].setting;
		slot->value = default_of(raw->arena, slot->row);
		slot->is_core = true;
		slot->offset = core_rows[i].offset;
	}
	for (size_t g = 0; g < n; g++)
		add_group(raw, &groups[g]);
	index_slots(raw);
	return raw;
}

static bool has_section(const struct config_raw *raw, const char *section)
{
	for (size_t i = 0; i < raw->n; i++) {
		if (strcmp(raw->slots[i].section, section) == 0)
			return true;
	}
	return false;
}

/* Each check answers NULL, or what is wrong. */
static const char *check_text(const struct setting *row, const char *value)
{
	(void)row;
	return utf8_has_controls(value) || strpbrk(value, "\t\r\n") ? "holds a control character"
								    : NULL;
}

static const char *check_path(const struct setting *row, const char *value)
{
	if (*value && *value != '/')
		return "must be an absolute path";
	return check_text(row, value);
}

static bool read_int(const char *value, int64_t *ret)
{
	const char *digits = *value == '-' ? value + 1 : value;
	char *end;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits))
		return false;
	errno = 0;
	*ret = strtoll(value, &end, 10);
	return !errno && !*end;
}

static const char *check_int(const struct setting *row, const char *value)
{
	bool is_bounded = row->least || row->most;
	int64_t n;

	if (!read_int(value, &n))
		return "must be a whole number";
	return is_bounded && (n < row->least || n > row->most) ? "is out of range" : NULL;
}

static const char *check_bool(const struct setting *row, const char *value)
{
	(void)row;
	return strcmp(value, "true") != 0 && strcmp(value, "false") != 0 ? "must be true or false"
									 : NULL;
}

static const char *check_word(const struct setting *row, const char *value)
{
	size_t len = strlen(value);

	for (const char *at = row->fallback; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == len && memcmp(at, value, n) == 0)
			return NULL;
		at += n;
	}
	return "must be one of:";
}

static const char *(*const checks[])(const struct setting *, const char *) = {
	[SETTING_TEXT] = check_text, [SETTING_INT] = check_int,   [SETTING_BOOL] = check_bool,
	[SETTING_PATH] = check_path, [SETTING_WORD] = check_word,
};

/* Texts live in the arena or in the rows, so the struct may simply point at them. */
static void store_core(struct config *cfg, const struct slot *slot)
{
	char *field = (char *)cfg + slot->offset;
	bool truth = strcmp(slot->value, "true") == 0;
	int64_t n = 0;

	switch (slot->row->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_WORD:
		memcpy(field, &slot->value, sizeof(slot->value));
		break;
	case SETTING_INT:
		(void)read_int(slot->value, &n);
		memcpy(field, &n, sizeof(n));
		break;
	case SETTING_BOOL:
		memcpy(field, &truth, sizeof(truth));
		break;
	}
}

/* A handler of inih: 0 tells it that the line is wrong. */
static int refuse(struct loading *l, const char *section, const char *name, const char *what)
{
	if (!l->error[0])
		(void)snprintf(l->error, sizeof(l->error), "[%.60s] %.60s %s", section, name, what);
	return 0;
}

static int refuse_value(struct loading *l, const struct slot *slot, const char *what)
{
	char text[192];

	if (slot->row->type == SETTING_WORD) {
		(void)snprintf(text, sizeof(text), "%s %s", what, slot->row->fallback);
		return refuse(l, slot->section, slot->row->name, text);
	}
	if (slot->row->type != SETTING_INT || (!slot->row->least && !slot->row->most))
		return refuse(l, slot->section, slot->row->name, what);
	(void)snprintf(text, sizeof(text), "%s (%lld to %lld)", what, (long long)slot->row->least,
		       (long long)slot->row->most);
	return refuse(l, slot->section, slot->row->name, text);
}

static int take_setting(void *user, const char *section, const char *name, const char *value)
{
	struct loading *l = user;
	struct config_raw *raw = l->cfg->raw;
	struct slot *slot = *find_place(raw, section, name);
	const char *what;

	if (!has_section(raw, section))
		return raw->is_open ? 1 : refuse(l, section, name, "stands in an unknown section");
	if (!slot)
		return refuse(l, section, name, "is not a setting");
	if (slot->is_set)
		return refuse(l, section, name, "is set twice");
	what = checks[slot->row->type](slot->row, value);
	if (what)
		return refuse_value(l, slot, what);
	slot->is_set = true;
	slot->value = arena_strdup(raw->arena, value);
	return 1;
}

/* inih would cut long lines in two and end at a NUL without a word. */
static size_t first_bad_line(const struct buf *text)
{
	size_t line = 1, from = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (!text->p[i] || i - from >= LINE_BYTES_MAX - 4)
			return line;
		if (text->p[i] == '\n') {
			line++;
			from = i + 1;
		}
	}
	return 0;
}

static int read_file(const char *path, struct buf *text, struct problem *reterr)
{
	FILE *f = fopen(path, "re");
	size_t n;
	int error;

	if (!f)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s: %s", path,
				   strerrordesc_np(errno));
	do {
		n = fread(buf_reserve(text, 4096), 1, 4096, f);
		text->len += n;
	} while (n && text->len <= FILE_BYTES_MAX);
	error = ferror(f);
	(void)fclose(f);
	(void)buf_reserve(text, 0); /* ends it with a NUL */
	if (error || text->len > FILE_BYTES_MAX)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s: %s", path,
				   error ? "cannot be read" : "is too large");
	return 0;
}

/* Reads like fgets(), which is what inih asks for. */
static char *next_line(char *line, int num, void *stream)
{
	const char **at = stream;
	const char *end = strchr(*at, '\n');
	size_t len = end ? (size_t)(end - *at) + 1 : strlen(*at);

	if (!len || num < 2)
		return NULL;
	if (len > (size_t)num - 1)
		len = (size_t)num - 1;
	memcpy(line, *at, len);
	line[len] = '\0';
	*at += len;
	return line;
}

static int parse_file(const char *path, struct config *cfg, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct loading l = { cfg, "" };
	const char *at;
	size_t bad;
	int line;

	if (read_file(path, &text, reterr) < 0)
		return -1;
	bad = first_bad_line(&text);
	if (bad || !utf8_valid(text.p, text.len))
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s:%zu: %s", path, bad,
				   bad ? "a line is too long or holds a NUL" : "not UTF-8");
	at = text.p;
	line = ini_parse_stream(next_line, &at, take_setting, &l);
	if (line)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s:%d: %s", path, line,
				   l.error[0] ? l.error : "neither [section] nor name = value");
	return 0;
}

int config_load(const char *path, const struct setting_group *groups, size_t n, struct config **ret,
		struct problem *reterr)
{
	CLEANUP(config_free) struct config *cfg = alloc_zero(sizeof(*cfg));

	cfg->raw = raw_new(groups, n);
	/* The library's limits are process-wide; it is called once, before anything else runs. */
	ini_max_line = LINE_BYTES_MAX;
	ini_allow_multiline = false;
	if (path && parse_file(path, cfg, reterr) < 0)
		return -1;
	for (size_t i = 0; i < cfg->raw->n; i++) {
		if (cfg->raw->slots[i].is_core)
			store_core(cfg, &cfg->raw->slots[i]);
	}
	*ret = TAKE(cfg);
	return 0;
}

void config_free(struct config *cfg)
{
	if (!cfg)
		return;
	arena_free(cfg->raw->arena);
	free(cfg->raw);
	free(cfg);
}

const char *config_get(const struct config *cfg, const char *section, const char *name)
{
	const struct slot *slot = *find_place(cfg->raw, section, name);

	return slot ? slot->value : NULL;
}

int64_t config_get_int(const struct config *cfg, const char *section, const char *name)
{
	const char *value = config_get(cfg, section, name);
	int64_t n = 0;

	return value && read_int(value, &n) ? n : 0;
}

static void print_row(FILE *out, const struct slot *slot)
{
	const struct setting *row = slot->row;

	(void)fprintf(out, "# %s", row->sentence);
	if (row->type == SETTING_INT && (row->least || row->most))
		(void)fprintf(out, " (%lld to %lld)", (long long)row->least, (long long)row->most);
	if (row->type == SETTING_BOOL)
		(void)fprintf(out, " (true or false)");
	if (row->type == SETTING_WORD)
		(void)fprintf(out, " (one of: %s)", row->fallback);
	(void)fprintf(out, "\n%s =%s%s\n", row->name, *slot->value ? " " : "", slot->value);
}

void config_print_sample(FILE *out, const struct setting_group *groups, size_t n)
{
	struct config_raw *raw = raw_new(groups, n);
	const char *section = "";

	for (size_t i = 0; i < raw->n; i++) {
		const struct slot *slot = &raw->slots[i];

		if (strcmp(section, slot->section) != 0)
			(void)fprintf(out, "%s[%s]\n", *section ? "\n" : "", slot->section);
		section = slot->section;
		print_row(out, slot);
	}
	arena_free(raw->arena);
	free(raw);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/cells.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/rfc3339.h"
#include "json/emit.h"

#define BLANKS        " \t\r\n"
#define ACCOUNTS_MOST 200 /* more than any request may name */

static void add_url(struct cells *c, const char *text, size_t n)
{
	if (n > 0 && c->urls_n < CELLS_URLS_MAX)
		c->urls[c->urls_n++] = arena_strndup(c->arena, text, n);
}

/* The end of the URL at s: a separator, or one that only counts before a further URL. */
static size_t url_length(const char *s)
{
	size_t n = 0;

	for (; s[n] && !strchr(BLANKS "|", s[n]); n++) {
		const char *next = s + n + 1 + strspn(s + n + 1, BLANKS);

		if ((s[n] == ',' || s[n] == ';') &&
		    (strncasecmp(next, "http", 4) == 0 || *next == 0))
			break;
	}
	return n;
}

static void add_json_urls(struct cells *c, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const json_t *path = json_object_get(one, "path");
		const char *text = json_string_value(
			json_is_object(one) ? (path ? path : json_object_get(one, "url")) : one);

		if (text)
			add_url(c, text, strlen(text));
	}
}

void cells_add_urls(struct cells *c, const char *text)
{
	json_t *list = *text == '[' ? json_loads(text, 0, NULL) : NULL;

	if (list) {
		add_json_urls(c, list);
		json_decref(list);
		return;
	}
	for (const char *s = text; *s;) {
		const size_t n = url_length(s);

		add_url(c, s, n);
		s += n;
		s += strspn(s, BLANKS "|,;");
	}
}

/* --- accounts -------------------------------------------------------------------------------- */

struct ids {
	const char *v[ACCOUNTS_MOST];
	size_t n;
};

static void add_id(struct ids *ids, const char *id)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (strcmp(ids->v[i], id) == 0)
			return;
	}
	if (ids->n < ACCOUNTS_MOST)
		ids->v[ids->n++] = id;
}

static bool is_name(const char *known, const char *asked)
{
	return strcasecmp(known, asked) == 0 ||
	       (*asked == '@' && strcasecmp(known, asked + 1) == 0);
}

static size_t add_given(const struct account_book *book, const char *name, struct ids *ids)
{
	size_t found = 0;

	for (size_t i = 0; i < book->n; i++) {
		if (!book->v[i].is_given || !is_name(book->v[i].name, name))
			continue;
		add_id(ids, book->v[i].id);
		found++;
	}
	return found;
}

static int add_account(const struct account_book *book, const char *name, struct ids *ids,
		       struct problem *reterr)
{
	const char *first = NULL;

	if (add_given(book, name, ids) > 0)
		return 0;
	if (strncmp(name, "acc_", 4) == 0) {
		add_id(ids, name);
		return 0;
	}
	for (size_t i = 0; i < book->n; i++) {
		if (!is_name(book->v[i].name, name) || (first && strcmp(first, book->v[i].id) == 0))
			continue;
		if (first)
			return problem_add(reterr, "/accountIds", "account_ambiguous",
					   "\"%.40s\" is the name of %s and of %s; write the id, "
					   "platform:name, or map it with --accounts",
					   name, first, book->v[i].id);
		first = book->v[i].id;
	}
	if (!first)
		return problem_add(reterr, "/accountIds", "unknown_account",
				   "no connected account is called \"%.60s\"; write its id, or map "
				   "the name with --accounts",
				   name);
	add_id(ids, first);
	return 0;
}

/* A whole cell is a name, too: names may have blanks and commas in them. */
static int read_names(struct cells *c, const struct account_book *book, const char *cell,
		      struct ids *ids, struct problem *reterr)
{
	struct problem whole = { .kind = PROBLEM_NONE };
	size_t n;

	if (add_account(book, cell, ids, &whole) == 0)
		return 0;
	if (strpbrk(cell, ",;|" BLANKS) == NULL) {
		*reterr = whole;
		return -1;
	}
	for (const char *s = cell; *s; s += n) {
		s += strspn(s, ",;|" BLANKS);
		n = strcspn(s, ",;|\r\n");
		while (n > 0 && strchr(BLANKS, s[n - 1]))
			n--;
		if (n > 0 && add_account(book, arena_strndup(c->arena, s, n), ids, reterr) < 0)
			return -1;
	}
	return 0;
}

static int read_accounts(struct cells *c, const struct account_book *book, struct ids *ret,
			 struct problem *reterr)
{
	struct problem first = { .kind = PROBLEM_NONE };

	for (size_t i = 0; i < c->accounts_n; i++) {
		struct problem why = { .kind = PROBLEM_NONE };
		struct ids ids = { .n = 0 };

		if (read_names(c, book, c->accounts[i], &ids, &why) == 0) {
			*ret = ids;
			return 0;
		}
		if (i == 0)
			first = why;
	}
	if (c->accounts_n == 0 && add_given(book, ACCOUNT_NAME_REST, ret) > 0)
		return 0;
	if (c->accounts_n == 0)
		return problem_add(reterr, "/accountIds", "required",
				   "the row names no account; name one, or give all such rows "
				   "theirs with --accounts");
	for (size_t i = 0; i < first.items_n; i++)
		problem_add(reterr, first.items[i].pointer, first.items[i].code, "%s",
			    first.items[i].detail);
	return -1;
}

/* --- time ------------------------------------------------------------------------------------ */

/* "2026/3/2 9:05" and the like as "2026-03-02T09:05"; what is written otherwise stays as it is. */
static const char *canonical_time(struct arena *a, const char *s)
{
	int year, month, day, hour, minute, used = 0;

	/* NOLINTNEXTLINE(cert-err34-c): each number has at most four digits */
	if (sscanf(s, "%4d%*1[-/]%2d%*1[-/]%2d%*1[ Tt]%2d:%2d%n", &year, &month, &day, &hour,
		   &minute, &used) != 5 ||
	    used == 0 || year < 1000)
		return s;
	return arena_printf(a, "%04d-%02d-%02dT%02d:%02d%s", year, month, day, hour, minute,
			    s + used + (s[used] == ' ' && s[used + 1] == 0));
}

/* NULL: now, or nothing that is a time. */
static const char *read_time(const struct cells *c, struct problem *reterr)
{
	const char *given = c->texts[COLUMN_TIME], *text;
	struct civil local;
	int64_t us;

	if (given && strcasecmp(given, "now") == 0)
		return NULL;
	text = given ? canonical_time(c->arena, given) : NULL;
	if (text && (civil_parse(text, &local) == 0 || rfc3339_parse(text, &us) == 0))
		return text;
	if (!given)
		problem_add(reterr, "/scheduledTime", "required",
			    "is empty; say when, or \"now\" to post at once");
	else
		problem_add(reterr, "/scheduledTime", "not_a_time",
			    "\"%.40s\" is no time; write 2026-03-23 14:30, or "
			    "2026-03-23T14:30:00Z",
			    given);
	return NULL;
}

/* --- kinds ----------------------------------------------------------------------------------- */

static const struct {
	const char *ending, *type;
} endings[] = {
	{ "mp4", "video" },  { "mov", "video" },  { "webm", "video" }, { "m4v", "video" },
	{ "jpg", "image" },  { "jpeg", "image" }, { "png", "image" },  { "webp", "image" },
	{ "heic", "image" }, { "gif", "image" },
};

static const char *type_by_ending(const char *url)
{
	const size_t path = strcspn(url, "?#");

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		const size_t n = strlen(endings[i].ending);

		if (path > n && url[path - n - 1] == '.' &&
		    strncasecmp(url + path - n, endings[i].ending, n) == 0)
			return endings[i].type;
	}
	return NULL;
}

static const char *read_type(const struct cells *c, struct problem *reterr)
{
	const char *type = c->texts[COLUMN_TYPE];

	if (type)
		return type;
	if (c->urls_n == 0)
		return "text";
	if (c->urls_n > 1)
		return c->texts[COLUMN_SOUND] || c->texts[COLUMN_SLIDE] ? "slideshow" : "carousel";
	type = type_by_ending(c->urls[0]);
	if (!type)
		problem_add(reterr, "/contentType", "required",
			    "the URL does not show whether it is an image or a video; add a column "
			    "content_type");
	return type;
}

static const char *const out_words[] = { "queue", "queued", "scheduled", "pending", "buffer" };

/* Posts that are out, have failed or are drafts elsewhere are nobody's wish to post. */
static bool is_wanted(const struct cells *c)
{
	const char *state = c->texts[COLUMN_STATE];

	for (size_t i = 0; state && i < ARRAY_LEN(out_words); i++) {
		if (strcasecmp(state, out_words[i]) == 0)
			return true;
	}
	return !state;
}

/* --- the request ----------------------------------------------------------------------------- */

/* Newlines as everybody but spreadsheets writes them. */
static const char *plain_newlines(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text), *to = copy;

	if (!text)
		return NULL;
	for (const char *from = text; *from; from++) {
		if (*from == '\r')
			*to++ = '\n';
		else if (*from != '\n' || from == text || from[-1] != '\r')
			*to++ = *from;
	}
	*to = 0;
	return copy;
}

static bool is_markup(const char *text)
{
	return text && *text == '<' && strstr(text, "</") != NULL;
}

/* A number as such; anything else as the text it is, which the schema then refuses by name. */
static void emit_digits(struct emit *e, const char *key, const char *text)
{
	size_t n;

	if (!text)
		return;
	while (text[0] == '0' && text[1])
		text++;
	n = strspn(text, "0123456789");
	if (n > 0 && n < 10 && text[n] == 0)
		emit_raw(e, key, text);
	else
		emit_text(e, key, text);
}

static void emit_truth(struct emit *e, const char *key, const char *text)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true },   { "yes", true }, { "1", true },
		      { "false", false }, { "no", false }, { "0", false } };

	for (size_t i = 0; text && i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i].word) != 0)
			continue;
		emit_bool(e, key, words[i].value);
		return;
	}
	if (text)
		emit_text(e, key, text);
}

static void emit_given(struct emit *e, const char *key, const char *text)
{
	if (text)
		emit_text(e, key, text);
}

static void emit_urls(struct emit *e, const struct cells *c, const char *type)
{
	const bool is_list =
		c->urls_n > 1 || strcmp(type, "slideshow") == 0 || strcmp(type, "carousel") == 0;

	if (c->urls_n == 0)
		return;
	if (!is_list) {
		emit_text(e, "contentUrl", c->urls[0]);
		return;
	}
	emit_open_array(e, "contentUrl");
	for (size_t i = 0; i < c->urls_n; i++)
		emit_text(e, NULL, c->urls[i]);
	emit_close_array(e);
}

static void emit_ids(struct emit *e, const struct ids *ids)
{
	emit_open_array(e, "accountIds");
	for (size_t i = 0; i < ids->n; i++)
		emit_text(e, NULL, ids->v[i]);
	emit_close_array(e);
}

int cells_emit(struct cells *c, const struct account_book *book, struct buf *ret_body,
	       struct problem *reterr)
{
	struct emit e = EMIT(ret_body);
	struct ids ids = { .n = 0 };
	const char *type, *at, *zone = c->texts[COLUMN_ZONE];

	if (!is_wanted(c)) {
		problem_set(reterr, PROBLEM_INVALID, "it is \"%.40s\" there, not scheduled",
			    c->texts[COLUMN_STATE]);
		return ROW_SKIP;
	}
	(void)read_accounts(c, book, &ids, reterr);
	type = read_type(c, reterr);
	at = read_time(c, reterr);
	if (c->format == TABLE_POSTIZ && is_markup(c->texts[COLUMN_CAPTION]))
		problem_add(reterr, "/caption", "markup",
			    "is HTML, and would be posted with its tags; put plain text in");
	if (reterr->kind != PROBLEM_NONE)
		return -1;
	if (at && !zone)
		zone = book->timezone;
	emit_open(&e, NULL);
	emit_ids(&e, &ids);
	emit_text(&e, "contentType", type);
	emit_urls(&e, c, type);
	emit_given(&e, "caption", plain_newlines(c->arena, c->texts[COLUMN_CAPTION]));
	emit_given(&e, "soundUrl", c->texts[COLUMN_SOUND]);
	emit_given(&e, "scheduledTime", at);
	emit_given(&e, "timezone", zone);
	emit_digits(&e, "fold", c->texts[COLUMN_FOLD]);
	emit_digits(&e, "slideDuration", c->texts[COLUMN_SLIDE]);
	emit_truth(&e, "renderAsVideo", c->texts[COLUMN_RENDER]);
	emit_given(&e, "title", c->texts[COLUMN_TITLE]);
	emit_given(&e, "link", c->texts[COLUMN_LINK]);
	emit_close(&e);
	return ROW_POST;
}

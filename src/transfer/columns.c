/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/columns.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "transfer/cells.h"

#define HEADER_MAX 100 /* bytes of a column's name, beyond which it is none that is known */

const char *const table_format_names[] = { "carillon", "buffer", "postiz", NULL };

#define OURS 1U
#define BUF_ 2U
#define PTZ  4U
#define ALL  (OURS | BUF_ | PTZ)

/* Names without case, blanks and punctuation. */
/* clang-format off */
static const struct {
	const char *name;
	unsigned formats;
	enum column column;
} names[] = {
	{ "accounts",                       ALL,         COLUMN_ACCOUNTS },
	{ "account",                        ALL,         COLUMN_ACCOUNTS },
	{ "accountids",                     ALL,         COLUMN_ACCOUNTS },
	{ "channel",                        BUF_,        COLUMN_ACCOUNTS },
	{ "channelid",                      BUF_,        COLUMN_ACCOUNTS },
	{ "channelname",                    BUF_,        COLUMN_ACCOUNTS },
	{ "profile",                        BUF_,        COLUMN_ACCOUNTS },
	{ "profileid",                      BUF_,        COLUMN_ACCOUNTS },
	{ "profilename",                    BUF_,        COLUMN_ACCOUNTS },
	{ "integration",                    PTZ,         COLUMN_ACCOUNTS },
	{ "integrationid",                  PTZ,         COLUMN_ACCOUNTS },
	{ "integrationname",                PTZ,         COLUMN_ACCOUNTS },
	{ "integrationprofile",             PTZ,         COLUMN_ACCOUNTS },
	{ "platformaccount",                PTZ,         COLUMN_ACCOUNTS },
	{ "contenttype",                    ALL,         COLUMN_TYPE },
	{ "contenturl",                     ALL,         COLUMN_URL },
	{ "contenturls",                    ALL,         COLUMN_URL },
	{ "media",                          ALL,         COLUMN_URL },
	{ "mediaurl",                       ALL,         COLUMN_URL },
	{ "mediaurls",                      ALL,         COLUMN_URL },
	{ "imageurl",                       ALL,         COLUMN_URL },
	{ "imageurls",                      ALL,         COLUMN_URL },
	{ "videourl",                       ALL,         COLUMN_URL },
	{ "image",                          BUF_ | PTZ,  COLUMN_URL },
	{ "images",                         BUF_ | PTZ,  COLUMN_URL },
	{ "assets",                         BUF_ | PTZ,  COLUMN_URL },
	{ "video",                          BUF_ | PTZ,  COLUMN_URL },
	{ "caption",                        ALL,         COLUMN_CAPTION },
	{ "text",                           ALL,         COLUMN_CAPTION },
	{ "content",                        PTZ,         COLUMN_CAPTION },
	{ "textcontent",                    PTZ,         COLUMN_CAPTION },
	{ "soundurl",                       ALL,         COLUMN_SOUND },
	{ "scheduledtime",                  ALL,         COLUMN_TIME },
	{ "scheduledat",                    ALL,         COLUMN_TIME },
	{ "postingtime",                    BUF_,        COLUMN_TIME },
	{ "dueat",                          BUF_,        COLUMN_TIME },
	{ "publishdate",                    PTZ,         COLUMN_TIME },
	{ "scheduledpostdate",              PTZ,         COLUMN_TIME },
	{ "date",                           PTZ,         COLUMN_TIME },
	{ "timezone",                       ALL,         COLUMN_ZONE },
	{ "fold",                           OURS,        COLUMN_FOLD },
	{ "slideduration",                  ALL,         COLUMN_SLIDE },
	{ "renderasvideo",                  ALL,         COLUMN_RENDER },
	{ "title",                          ALL,         COLUMN_TITLE },
	{ "link",                           ALL,         COLUMN_LINK },
	{ "status",                         BUF_ | PTZ,  COLUMN_STATE },
	{ "state",                          PTZ,         COLUMN_STATE },
	{ "tags",                           BUF_,        COLUMN_LEFT }, /* labels of theirs, not hashtags */
	{ "id",                             BUF_,        COLUMN_LEFT },
	{ "updateid",                       BUF_,        COLUMN_LEFT },
	{ "service",                        BUF_,        COLUMN_LEFT },
	{ "channelservice",                 BUF_,        COLUMN_LEFT },
	{ "createdat",                      BUF_,        COLUMN_LEFT },
	{ "sentat",                         BUF_,        COLUMN_LEFT },
	{ "id",                             PTZ,         COLUMN_LEFT },
	{ "group",                          PTZ,         COLUMN_LEFT },
	{ "tags",                           PTZ,         COLUMN_LEFT },
	{ "releaseid",                      PTZ,         COLUMN_LEFT },
	{ "releaseurl",                     PTZ,         COLUMN_LEFT },
	{ "platformname",                   PTZ,         COLUMN_LEFT },
	{ "createdat",                      PTZ,         COLUMN_LEFT },
	{ "updatedat",                      PTZ,         COLUMN_LEFT },
	{ "provideridentifier",             PTZ,         COLUMN_LEFT },
	{ "integrationprovideridentifier",  PTZ,         COLUMN_LEFT },
	{ "integrationidentifier",          PTZ,         COLUMN_LEFT },
	{ "integrationpicture",             PTZ,         COLUMN_LEFT },
};

/* In the order of enum column: our name, and where it stands in the JSON. */
static const struct {
	const char *name, *pointer;
	bool may_repeat;
} kinds[] = {
	[COLUMN_ACCOUNTS] = { "accounts",        "/accountIds",    true },
	[COLUMN_TYPE]     = { "content_type",    "/contentType",   false },
	[COLUMN_URL]      = { "content_url",     "/contentUrl",    true },
	[COLUMN_CAPTION]  = { "caption",         "/caption",       false },
	[COLUMN_SOUND]    = { "sound_url",       "/soundUrl",      false },
	[COLUMN_TIME]     = { "scheduled_time",  "/scheduledTime", false },
	[COLUMN_ZONE]     = { "timezone",        "/timezone",      false },
	[COLUMN_FOLD]     = { "fold",            "/fold",          false },
	[COLUMN_SLIDE]    = { "slide_duration",  "/slideDuration", false },
	[COLUMN_RENDER]   = { "render_as_video", "/renderAsVideo", false },
	[COLUMN_TITLE]    = { "title",           "/title",         false },
	[COLUMN_LINK]     = { "link",            "/link",          false },
	[COLUMN_STATE]    = { "status",          "/state",         false },
};
/* clang-format on */

/* Letters and digits alone, in lower case; "" for what is too long to be a name. */
static void fold_name(const struct csv_cell *cell, char ret[static HEADER_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < cell->n && n + 1 < HEADER_MAX; i++) {
		const char c = cell->text[i];

		if (c >= 'A' && c <= 'Z')
			ret[n++] = (char)(c - 'A' + 'a');
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80))
			ret[n++] = c;
	}
	ret[n + 1 < HEADER_MAX ? n : 0] = 0;
}

static enum column find_column(enum table_format format, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((names[i].formats & (1U << format)) && strcmp(names[i].name, name) == 0)
			return names[i].column;
	}
	return COLUMN_UNKNOWN;
}

static enum column column_of(enum table_format format, const struct csv_cell *cell)
{
	char name[HEADER_MAX];
	enum column found;
	size_t n;

	fold_name(cell, name);
	found = find_column(format, name);
	n = strlen(name);
	while (n > 0 && name[n - 1] >= '0' && name[n - 1] <= '9')
		name[--n] = 0;
	return found == COLUMN_UNKNOWN ? find_column(format, name) : found;
}

static int refuse_twice(const struct table *t, size_t i, struct problem *reterr)
{
	for (size_t k = 0; k < i; k++) {
		if (t->columns[k] == t->columns[i])
			return problem_set(reterr, PROBLEM_INVALID,
					   "line 1: the columns \"%.60s\" and \"%.60s\" both mean "
					   "%s; leave one out",
					   t->headers[k], t->headers[i], kinds[t->columns[i]].name);
	}
	return 0;
}

static bool has_column(const struct table *t, enum column column)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->columns[i] == column)
			return true;
	}
	return false;
}

int table_read_header(enum table_format format, const struct csv_row *row, struct arena *a,
		      struct table *ret, struct problem *reterr)
{
	struct table t = { .format = format, .n = row->n };

	for (size_t i = 0; i < row->n; i++) {
		if (strlen(row->cells[i].text) != row->cells[i].n ||
		    !utf8_valid(row->cells[i].text, row->cells[i].n))
			return problem_set(reterr, PROBLEM_INVALID,
					   "line 1: the name of column %zu is no UTF-8 text; save "
					   "the file as \"CSV UTF-8\"",
					   i + 1);
		t.headers[i] = arena_strdup(a, row->cells[i].text);
		t.columns[i] = column_of(format, &row->cells[i]);
		if (t.columns[i] < COLUMN_LEFT && !kinds[t.columns[i]].may_repeat &&
		    refuse_twice(&t, i, reterr) < 0)
			return -1;
	}
	if (!has_column(&t, COLUMN_TIME))
		return problem_set(reterr, PROBLEM_INVALID,
				   "line 1: no column says when (%s); the first line must hold "
				   "the names of the columns, as --format %s has them",
				   kinds[COLUMN_TIME].name, table_format_names[format]);
	*ret = t;
	return 0;
}

const char *table_column_name(const struct table *t, const char *pointer)
{
	enum column column = COLUMN_UNKNOWN;

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		const size_t n = strlen(kinds[k].pointer);

		if (strncmp(pointer, kinds[k].pointer, n) == 0 &&
		    (pointer[n] == 0 || pointer[n] == '/'))
			column = (enum column)k;
	}
	for (size_t i = 0; i < t->n && column != COLUMN_UNKNOWN; i++) {
		if (t->columns[i] == column)
			return t->headers[i];
	}
	return column == COLUMN_UNKNOWN ? "row" : kinds[column].name;
}

/* A cell that can be no text of any member. */
static void check_cell(const struct csv_cell *cell, const char *pointer, struct problem *reterr)
{
	if (strlen(cell->text) != cell->n)
		problem_add(reterr, pointer, "nul", "holds a NUL byte; take it out");
	else if (!utf8_valid(cell->text, cell->n))
		problem_add(reterr, pointer, "not_utf8",
			    "is not UTF-8; save the file as \"CSV UTF-8\"");
}

static void check_cells(const struct table *t, const struct csv_row *row, struct problem *reterr)
{
	for (size_t i = 0; i < row->n; i++) {
		if (i >= t->n && row->cells[i].n > 0) {
			problem_add(reterr, "", "too_many_cells",
				    "has %zu cells, but there are %zu columns; is a cell with a "
				    "comma not in quotes?",
				    row->n, t->n);
			return;
		}
		if (i < t->n && t->columns[i] < COLUMN_LEFT)
			check_cell(&row->cells[i], kinds[t->columns[i]].pointer, reterr);
	}
}

/* What the row says of each kind; of those that repeat, all. */
static void gather(const struct table *t, const struct csv_row *row, struct cells *ret)
{
	for (size_t i = 0; i < row->n && i < t->n; i++) {
		const enum column c = t->columns[i];

		if (row->cells[i].n > 0)
			ret->is_empty = false;
		if (c >= COLUMN_LEFT || row->cells[i].n == 0)
			continue;
		if (c == COLUMN_URL)
			cells_add_urls(ret, row->cells[i].text);
		else if (c == COLUMN_ACCOUNTS)
			ret->accounts[ret->accounts_n++] = row->cells[i].text;
		else
			ret->texts[c] = row->cells[i].text;
	}
}

int table_read_row(const struct table *t, const struct csv_row *row,
		   const struct account_book *book, struct buf *ret_body, struct problem *reterr)
{
	struct arena *a CLEANUP(arena_free) = arena_new();
	struct cells *cells = arena_alloc(a, sizeof(*cells));

	*cells = (struct cells){ .arena = a, .format = t->format, .is_empty = true };
	check_cells(t, row, reterr);
	if (reterr->kind != PROBLEM_NONE)
		return -1;
	gather(t, row, cells);
	if (cells->is_empty) {
		problem_set(reterr, PROBLEM_INVALID, "the row is empty");
		return ROW_SKIP;
	}
	return cells_emit(cells, book, ret_body, reterr);
}

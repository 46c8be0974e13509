/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An archive read back. The outer shape of the document is walked here, byte by byte; each object in
 * it is read whole by jansson, and no two at a time.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db/conn.h"
#include "db/migrate.h"
#include "media/store.h"
#include "transfer/archive.h"

#define OBJECT_MAX    (8L * 1024 * 1024) /* bytes of one row */
#define LIST_NAME_MAX 40

struct restoring {
	const struct archive_job *job;
	FILE *in;
	int64_t line;
	long object_n; /* bytes of the object that is being read */
	char workspace[ID_MAX];
	bool is_open, has_head;
	struct archive_counts counts;
};

static int get(struct restoring *r)
{
	const int c = getc(r->in);

	r->line += c == '\n';
	return c;
}

static int skip_blanks(struct restoring *r)
{
	int c = get(r);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		c = get(r);
	return c;
}

static int refuse(const struct restoring *r, struct problem *reterr, const char *words)
{
	return problem_set(reterr, PROBLEM_INVALID, "line %lld: %s", (long long)r->line, words);
}

static int expect(struct restoring *r, int wanted, struct problem *reterr)
{
	return skip_blanks(r) == wanted
		       ? 0
		       : refuse(r, reterr, "this is no export of a workspace, or not all of it");
}

/* One byte a call: what follows the object stays in the file. */
static size_t give_byte(void *to, size_t n, void *arg)
{
	struct restoring *r = arg;
	const int c = n == 0 || r->object_n++ > OBJECT_MAX ? EOF : get(r);

	if (c == EOF)
		return 0;
	*(char *)to = (char)c;
	return 1;
}

/* An object whose first byte is the next one of the file. Caller decrefs. */
static int read_object(struct restoring *r, json_t **ret, struct problem *reterr)
{
	json_error_t error;

	r->object_n = 0;
	*ret = json_load_callback(give_byte, r, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES,
				  &error);
	if (json_is_object(*ret))
		return 0;
	json_decref(*ret);
	*ret = NULL;
	if (r->object_n > OBJECT_MAX)
		return refuse(r, reterr, "a row is larger than 8 MB");
	return refuse(r, reterr, "a row is no JSON object, or the file ends within it");
}

static int take_head(struct restoring *r, const json_t *head, struct problem *reterr)
{
	const json_int_t version = json_integer_value(json_object_get(head, "version"));

	if (version != ARCHIVE_VERSION)
		return problem_set(reterr, PROBLEM_INVALID,
				   "the export is of version %lld, this program reads version %d",
				   (long long)version, ARCHIVE_VERSION);
	if (json_integer_value(json_object_get(head, "schema")) > SCHEMA_VERSION)
		return problem_set(
			reterr, PROBLEM_INVALID,
			"the export comes from a newer Carillon; upgrade this one first");
	r->has_head = true;
	return 0;
}

static bool is_id(const char *s)
{
	return s && strncmp(s, "ws_", 3) == 0 && strlen(s) < ID_MAX &&
	       strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") ==
		       strlen(s);
}

static int take_workspace(struct restoring *r, const json_t *row, struct problem *reterr)
{
	const char *id = r->job->workspace ? r->job->workspace
					   : json_string_value(json_object_get(row, "id"));
	char *text;
	int failed;

	if (!r->has_head || r->is_open || !is_id(id))
		return refuse(r, reterr, "this is no export of a workspace");
	memcpy(r->workspace, id, strlen(id) + 1);
	text = json_dumps(row, JSON_COMPACT);
	failed = store_archive_open(r->job->app->db, r->workspace, text, reterr);
	free(text);
	r->is_open = !failed;
	return failed;
}

/* The bytes, if they are what the row says. */
static int take_file(struct restoring *r, const char *json, struct problem *reterr)
{
	struct arena *a CLEANUP(arena_free) = arena_new();
	struct media_file *f CLEANUP(media_file_free) = NULL;
	const struct config *cfg = r->job->app->config;
	char sha256[65];
	const char *name = archive_media_name(a, json, sha256), *path;
	struct stat there;

	if (!name)
		return 0;
	path = arena_printf(a, "%s/%s", r->job->media, name);
	if (stat(path, &there) < 0 || !S_ISREG(there.st_mode)) {
		r->counts.missing++;
		return 0;
	}
	if (media_take(cfg, path, 0, there.st_size, &f, reterr) < 0)
		return -1;
	if (strcmp(f->sha256, sha256) != 0)
		return problem_set(reterr, PROBLEM_INVALID,
				   "%.200s is damaged: its SHA-256 is another", path);
	if (media_keep(cfg, r->workspace, f, reterr) < 0)
		return -1;
	r->counts.files++;
	return 0;
}

static int take_row(struct restoring *r, enum archive_table t, struct problem *reterr)
{
	struct problem why = { .kind = PROBLEM_NONE };
	json_t *row = NULL;
	char *text;
	int failed;

	if (read_object(r, &row, reterr) < 0)
		return -1;
	text = json_dumps(row, JSON_COMPACT);
	json_decref(row);
	failed = store_archive_insert(r->job->app->db, r->workspace, t, text, &why) < 0 ||
		 (t == ARCHIVE_MEDIA && r->job->media && take_file(r, text, &why) < 0);
	free(text);
	r->counts.rows[t]++;
	if (failed)
		return problem_set(reterr, why.kind, "line %lld, row %lld of %s: %.250s",
				   (long long)r->line, (long long)r->counts.rows[t],
				   archive_table_names[t], why.detail);
	return 0;
}

static int take_list(struct restoring *r, enum archive_table t, struct problem *reterr)
{
	int c;

	if (expect(r, '[', reterr) < 0)
		return -1;
	c = skip_blanks(r);
	while (c != ']') {
		if (c != '{')
			return refuse(r, reterr, "a row is no JSON object, or the file ends here");
		(void)ungetc(c, r->in);
		if (take_row(r, t, reterr) < 0)
			return -1;
		c = skip_blanks(r);
		if (c == ',')
			c = skip_blanks(r);
	}
	return 0;
}

static int take_object(struct restoring *r,
		       int (*take)(struct restoring *r, const json_t *row, struct problem *reterr),
		       struct problem *reterr)
{
	json_t *row = NULL;
	int failed;

	if (expect(r, '{', reterr) < 0)
		return -1;
	(void)ungetc('{', r->in);
	if (read_object(r, &row, reterr) < 0)
		return -1;
	failed = take(r, row, reterr);
	json_decref(row);
	return failed;
}

static int read_name(struct restoring *r, char ret[static LIST_NAME_MAX], struct problem *reterr)
{
	size_t n = 0;
	int c;

	if (expect(r, '"', reterr) < 0)
		return -1;
	while ((c = get(r)) != '"' && c != EOF && n + 1 < LIST_NAME_MAX)
		ret[n++] = (char)c;
	ret[n] = 0;
	return c == '"' ? expect(r, ':', reterr) : refuse(r, reterr, "the name of a list is wrong");
}

static int take_member(struct restoring *r, struct problem *reterr)
{
	char name[LIST_NAME_MAX];

	if (read_name(r, name, reterr) < 0)
		return -1;
	if (strcmp(name, "carillon_export") == 0)
		return take_object(r, take_head, reterr);
	if (strcmp(name, "workspace") == 0)
		return take_object(r, take_workspace, reterr);
	for (int t = 0; t < ARCHIVE_TABLES && r->is_open; t++) {
		if (strcmp(archive_table_names[t], name) == 0)
			return take_list(r, (enum archive_table)t, reterr);
	}
	return refuse(r, reterr, "a list has a name that no export has");
}

static int restore(struct restoring *r, struct problem *reterr)
{
	int c = ',';

	if (expect(r, '{', reterr) < 0)
		return -1;
	while (c == ',') {
		if (take_member(r, reterr) < 0)
			return -1;
		c = skip_blanks(r);
	}
	if (c != '}' || !r->is_open)
		return refuse(r, reterr, "this is no export of a workspace, or not all of it");
	return 0;
}

int archive_import(const struct archive_job *job, FILE *in, char ret_workspace[static ID_MAX],
		   struct archive_counts *ret, struct problem *reterr)
{
	struct restoring r = { .job = job, .in = in, .line = 1 };
	struct db *db = job->app->db;

	/* Not db_transact(): a file cannot be read a second time from where it stood. */
	if (db_begin(db, reterr) < 0)
		return -1;
	if (restore(&r, reterr) < 0) {
		db_rollback(db);
		return -1;
	}
	if (db_commit(db, reterr) < 0)
		return -1;
	memcpy(ret_workspace, r.workspace, ID_MAX);
	*ret = r.counts;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "db/stmt.h"

#include <assert.h>
#include <errmsg.h>
#include <mysql.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "db/private.h"

#define CACHE_FIRST    64
#define TEXT_FIRST     64
#define BULK_BINDS_MAX 32

enum cell_kind { CELL_INT, CELL_NUMBER, CELL_INSTANT, CELL_TEXT };

struct cell { /* one column: where the current value lands */
	enum cell_kind kind;
	int64_t integer;
	double number;
	MYSQL_TIME time;
	char *text;
	unsigned long cap, len;
	my_bool is_null, is_cut;
};

struct rows { /* a prepared statement and its result, if one is open */
	struct db *db;
	const struct stmt *stmt;
	MYSQL_STMT *handle;
	size_t params_n, cells_n;
	MYSQL_BIND *params, *binds;
	struct db_value *values;
	unsigned long *lengths;
	struct cell *cells;
	bool is_open;
	bool is_orphan; /* the connection went while the result was open: rows_end() frees it */
};

static void rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->cells_n; i++)
		free(r->cells[i].text);
	if (r->handle)
		mysql_stmt_close(r->handle);
	free(r->cells);
	free(r->binds);
	free(r->params);
	free(r->values);
	free(r->lengths);
	free(r);
}

void db_forget_statements(struct db *db)
{
	for (size_t i = 0; i < db->cache_n; i++) {
		struct rows *r = db->cache[i];

		db->cache[i] = NULL;
		if (!r)
			continue;
		if (r->is_open)
			r->is_orphan = true;
		else
			rows_free(r);
	}
	db->cached = 0;
}

static size_t cache_slot(struct rows *const *cache, size_t n, const struct stmt *s)
{
	size_t i = (size_t)(((uintptr_t)s >> 3) * 0x9E3779B97F4A7C15ULL >> 32) & (n - 1);

	while (cache[i] && cache[i]->stmt != s)
		i = (i + 1) & (n - 1);
	return i;
}

static void cache_grow(struct db *db)
{
	size_t n = db->cache_n ? db->cache_n * 2 : CACHE_FIRST;
	struct rows **cache;

	if (db->cached * 2 < db->cache_n)
		return;
	cache = alloc_array(n, sizeof(struct rows *));
	for (size_t i = 0; i < db->cache_n; i++)
		if (db->cache[i])
			cache[cache_slot(cache, n, db->cache[i]->stmt)] = db->cache[i];
	free(db->cache);
	db->cache = cache;
	db->cache_n = n;
}

struct type_row {
	enum enum_field_types type;
	enum cell_kind kind;
};

static enum cell_kind kind_of(enum enum_field_types type)
{
	static const struct type_row rows[] = {
		{ MYSQL_TYPE_TINY, CELL_INT },         { MYSQL_TYPE_SHORT, CELL_INT },
		{ MYSQL_TYPE_INT24, CELL_INT },        { MYSQL_TYPE_LONG, CELL_INT },
		{ MYSQL_TYPE_LONGLONG, CELL_INT },     { MYSQL_TYPE_YEAR, CELL_INT },
		{ MYSQL_TYPE_FLOAT, CELL_NUMBER },     { MYSQL_TYPE_DOUBLE, CELL_NUMBER },
		{ MYSQL_TYPE_DECIMAL, CELL_NUMBER },   { MYSQL_TYPE_NEWDECIMAL, CELL_NUMBER },
		{ MYSQL_TYPE_DATETIME, CELL_INSTANT }, { MYSQL_TYPE_TIMESTAMP, CELL_INSTANT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == type)
			return rows[i].kind;
	return CELL_TEXT;
}

static void cell_bind(struct cell *c, MYSQL_BIND *b)
{
	b->is_null = &c->is_null;
	b->error = &c->is_cut;
	b->length = &c->len;
	switch (c->kind) {
	case CELL_INT:
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->buffer = &c->integer;
		break;
	case CELL_NUMBER:
		b->buffer_type = MYSQL_TYPE_DOUBLE;
		b->buffer = &c->number;
		break;
	case CELL_INSTANT:
		b->buffer_type = MYSQL_TYPE_DATETIME;
		b->buffer = &c->time;
		break;
	case CELL_TEXT:
		b->buffer_type = MYSQL_TYPE_BLOB;
		b->buffer = c->text;
		b->buffer_length = c->cap - 1; /* room for the NUL */
		break;
	}
}

static void cells_setup(struct rows *r)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(r->handle);
	const MYSQL_FIELD *fields;

	if (!meta)
		return;
	r->cells_n = mysql_num_fields(meta);
	r->cells = alloc_array(r->cells_n, sizeof(*r->cells));
	r->binds = alloc_array(r->cells_n, sizeof(*r->binds));
	fields = mysql_fetch_fields(meta);
	for (size_t i = 0; i < r->cells_n; i++) {
		struct cell *c = &r->cells[i];

		c->kind = kind_of(fields[i].type);
		if (c->kind == CELL_TEXT) {
			c->cap = TEXT_FIRST;
			c->text = alloc_zero(c->cap);
		}
		r->binds[i].is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0;
		cell_bind(c, &r->binds[i]);
	}
	mysql_free_result(meta);
}

/* The text of a statement holds no values, so MariaDB's words about it may be logged. */
static void prepare_failed(struct db *db, struct rows *r, struct problem *reterr)
{
	unsigned err = mysql_stmt_errno(r->handle);

	if (!db_is_gone(err))
		log_line(LOG_LEVEL_ERROR, "db.prepare_failed", "statement=%s message=\"%s\"",
			 r->stmt->name, mysql_stmt_error(r->handle));
	rows_free(r);
	db_failed(db, err, "prepare", reterr);
}

static int prepare(struct db *db, const struct stmt *s, struct rows **ret, struct problem *reterr)
{
	struct rows *r = alloc_zero(sizeof(*r));
	const char *sql;

	r->db = db;
	r->stmt = s;
	r->handle = mysql_stmt_init(db->my);
	if (!r->handle)
		alloc_failed(sizeof(MYSQL_STMT *));
	sql = BUG_SQL(s->name, s->sql);
	if (mysql_stmt_prepare(r->handle, sql, strlen(sql))) {
		prepare_failed(db, r, reterr);
		return -1;
	}
	r->params_n = mysql_stmt_param_count(r->handle);
	assert(r->params_n == strlen(s->binds));
	r->params = alloc_array(r->params_n + 1, sizeof(*r->params));
	r->values = alloc_array(r->params_n + 1, sizeof(*r->values));
	r->lengths = alloc_array(r->params_n + 1, sizeof(*r->lengths));
	cells_setup(r);
	*ret = r;
	return 0;
}

static int prepared(struct db *db, const struct stmt *s, struct rows **ret, struct problem *reterr)
{
	size_t i;

	cache_grow(db);
	i = cache_slot(db->cache, db->cache_n, s);
	if (!db->cache[i]) {
		struct rows *made = NULL;

		if (prepare(db, s, &made, reterr) < 0)
			return -1;
		db->cache[i] = made;
		db->cached++;
	}
	*ret = db->cache[i];
	return 0;
}

static void bind(struct rows *r, size_t i)
{
	struct db_value *v = &r->values[i];
	MYSQL_BIND *b = &r->params[i];

	r->lengths[i] = (unsigned long)v->n;
	*b = (MYSQL_BIND){ .buffer_type = v->is_null ? MYSQL_TYPE_NULL : v->type,
			   .buffer_length = r->lengths[i],
			   .length = &r->lengths[i] };
	/* Connector/C only reads parameters; its struct serves results, too, hence no const. */
	b->buffer = v->type == MYSQL_TYPE_LONGLONG   ? (void *)&v->integer
		    : v->type == MYSQL_TYPE_DOUBLE   ? (void *)&v->number
		    : v->type == MYSQL_TYPE_DATETIME ? (void *)&v->time
						     : (void *)(uintptr_t)v->p;
}

/* 0 done; else MariaDB's errno. */
static unsigned run_prepared(struct rows *r, va_list ap)
{
	assert(!r->is_open);
	db_values_take(r->stmt, ap, r->values);
	for (size_t i = 0; i < r->params_n; i++)
		bind(r, i);
	if ((r->params_n && mysql_stmt_bind_param(r->handle, r->params)) ||
	    db_wait_execute(r->db, r->handle))
		return mysql_stmt_errno(r->handle);
	/* What INSERT ... RETURNING gives back is known only once it ran. */
	if (!r->cells_n)
		cells_setup(r);
	if (r->cells_n && db_wait_store(r->db, r->handle))
		return mysql_stmt_errno(r->handle);
	r->db->used_boot_us = clock_boot_us();
	return 0;
}

/*
 * A lost connection may be replaced and the statement run again only outside a transaction, and
 * only when that cannot do anything twice: a read, or a statement that never left (2006).
 */
static bool may_repeat(const struct db *db, const struct stmt *s, unsigned err)
{
	if (db->is_in_transaction || !db_is_gone(err))
		return false;
	return err == CR_SERVER_GONE_ERROR || strncasecmp(s->sql, "SELECT", 6) == 0;
}

static int run(struct db *db, const struct stmt *s, struct rows **ret, struct problem *reterr,
	       va_list ap)
{
	for (int tries = 0;; tries++) {
		struct rows *r = NULL;
		unsigned err;

		if (db_ready(db, reterr) < 0)
			return -1;
		if (prepared(db, s, &r, reterr) < 0) {
			if (tries == 0 && !db->is_in_transaction && !db->my)
				continue; /* preparing does nothing, so it may always be repeated */
			return -1;
		}
		err = run_prepared(r, ap);
		if (!err) {
			*ret = r;
			return 0;
		}
		db_failed(db, err, s->name, reterr);
		if (tries || !may_repeat(db, s, err))
			return -1;
	}
}

static int exec(struct db *db, const struct stmt *s, int64_t *ret_changed, struct problem *reterr,
		va_list ap)
{
	struct rows *r = NULL;

	if (run(db, s, &r, reterr, ap) < 0)
		return -1;
	if (ret_changed)
		*ret_changed = (int64_t)mysql_stmt_affected_rows(r->handle);
	if (r->cells_n)
		mysql_stmt_free_result(r->handle);
	return 0;
}

static int exec_or_collect(struct db *db, const struct stmt *s, int64_t usual, int64_t *ret_changed,
			   struct problem *reterr, va_list ap)
{
	struct db_value values[BULK_BINDS_MAX];

	if (!db->bulk)
		return exec(db, s, ret_changed, reterr, ap);
	assert(strlen(s->binds) <= BULK_BINDS_MAX);
	db_values_take(s, ap, values);
	db_bulk_add(db->bulk, s, values, ret_changed ? &usual : NULL);
	if (ret_changed)
		*ret_changed = usual;
	return 0;
}

int db_exec(struct db *db, const struct stmt *s, int64_t *ret_changed, struct problem *reterr, ...)
{
	va_list ap;
	int done;

	va_start(ap, reterr);
	done = exec_or_collect(db, s, 1, ret_changed, reterr, ap);
	va_end(ap);
	return done;
}

int db_exec_exception(struct db *db, const struct stmt *s, int64_t *ret_changed,
		      struct problem *reterr, ...)
{
	va_list ap;
	int done;

	va_start(ap, reterr);
	done = exec_or_collect(db, s, 0, ret_changed, reterr, ap);
	va_end(ap);
	return done;
}

int db_run_rows(struct db *db, const struct stmt *s, MYSQL_BIND *columns, unsigned n,
		int64_t *ret_changed, struct problem *reterr)
{
	struct rows *r = NULL;
	unsigned none = 0, err;
	bool failed;

	if (db_ready(db, reterr) < 0 || prepared(db, s, &r, reterr) < 0)
		return -1;
	assert(!r->is_open && !r->cells_n);
	failed = mysql_stmt_attr_set(r->handle, STMT_ATTR_ARRAY_SIZE, &n) ||
		 mysql_stmt_bind_param(r->handle, columns) || db_wait_execute(db, r->handle);
	err = mysql_stmt_errno(r->handle);
	*ret_changed = (int64_t)mysql_stmt_affected_rows(r->handle);
	(void)mysql_stmt_attr_set(r->handle, STMT_ATTR_ARRAY_SIZE, &none);
	if (failed)
		return db_failed(db, err, s->name, reterr);
	db->used_boot_us = clock_boot_us();
	return 0;
}

static int open_result(struct rows *r, struct rows **ret, struct problem *reterr)
{
	assert(r->cells_n);
	if (mysql_stmt_bind_result(r->handle, r->binds)) {
		db_failed(r->db, mysql_stmt_errno(r->handle), r->stmt->name, reterr);
		return -1;
	}
	r->is_open = true;
	*ret = r;
	return 0;
}

int db_query(struct db *db, const struct stmt *s, struct rows **ret, struct problem *reterr, ...)
{
	struct rows *r = NULL;
	va_list ap;
	int failed;

	assert(!db->bulk);
	va_start(ap, reterr);
	failed = run(db, s, &r, reterr, ap);
	va_end(ap);
	return failed < 0 ? -1 : open_result(r, ret, reterr);
}

int db_query_one(struct db *db, const struct stmt *s, struct rows **ret, struct problem *reterr,
		 ...)
{
	struct rows *r = NULL;
	va_list ap;
	int got;

	assert(!db->bulk);
	va_start(ap, reterr);
	got = run(db, s, &r, reterr, ap);
	va_end(ap);
	if (got < 0 || open_result(r, &r, reterr) < 0)
		return -1;
	got = rows_next(r, reterr);
	if (got == 1)
		*ret = r;
	else
		rows_end(r);
	return got;
}

/* A text that did not fit: more room, and the value once more. */
static bool refetch_cut(struct rows *r)
{
	for (size_t i = 0; i < r->cells_n; i++) {
		struct cell *c = &r->cells[i];

		if (c->kind != CELL_TEXT || c->is_null || c->len < c->cap)
			continue;
		c->cap = c->len + c->len / 4 + 1;
		c->text = alloc_resize(c->text, c->cap);
		cell_bind(c, &r->binds[i]);
		if (mysql_stmt_fetch_column(r->handle, &r->binds[i], (unsigned)i, 0))
			return false;
	}
	return mysql_stmt_bind_result(r->handle, r->binds) == 0;
}

int rows_next(struct rows *r, struct problem *reterr)
{
	int got;

	if (r->is_orphan)
		return db_failed(r->db, CR_SERVER_LOST, r->stmt->name, reterr);
	got = mysql_stmt_fetch(r->handle);
	if (got == MYSQL_NO_DATA)
		return 0;
	if (got == MYSQL_DATA_TRUNCATED)
		got = refetch_cut(r) ? 0 : 1;
	if (got)
		return db_failed(r->db, mysql_stmt_errno(r->handle), r->stmt->name, reterr);
	for (size_t i = 0; i < r->cells_n; i++)
		if (r->cells[i].kind == CELL_TEXT)
			r->cells[i].text[r->cells[i].is_null ? 0 : r->cells[i].len] = 0;
	return 1;
}

void rows_end(struct rows *r)
{
	if (!r || !r->is_open)
		return;
	r->is_open = false;
	if (r->is_orphan)
		rows_free(r);
	else
		mysql_stmt_free_result(r->handle);
}

static const struct cell *cell(const struct rows *r, unsigned col)
{
	assert(col < r->cells_n);
	return &r->cells[col];
}

bool rows_null(const struct rows *r, unsigned col)
{
	return cell(r, col)->is_null != 0;
}

const char *rows_text(const struct rows *r, unsigned col)
{
	const struct cell *c = cell(r, col);

	assert(c->kind == CELL_TEXT);
	return c->is_null ? NULL : c->text;
}

size_t rows_len(const struct rows *r, unsigned col)
{
	const struct cell *c = cell(r, col);

	return c->is_null ? 0 : c->len;
}

int64_t rows_int(const struct rows *r, unsigned col)
{
	const struct cell *c = cell(r, col);

	if (c->is_null)
		return 0;
	switch (c->kind) {
	case CELL_INT:
		return c->integer;
	case CELL_NUMBER:
		return (int64_t)c->number;
	case CELL_TEXT:
		return strtoll(c->text, NULL, 10);
	case CELL_INSTANT:
		break;
	}
	assert(c->kind != CELL_INSTANT);
	return 0;
}

double rows_number(const struct rows *r, unsigned col)
{
	const struct cell *c = cell(r, col);

	if (c->is_null)
		return 0;
	return c->kind == CELL_NUMBER ? c->number : (double)rows_int(r, col);
}

int64_t rows_instant(const struct rows *r, unsigned col)
{
	const struct cell *c = cell(r, col);
	struct civil at;

	if (c->is_null)
		return INSTANT_NONE;
	assert(c->kind == CELL_INSTANT);
	at = (struct civil){ .year = (int)c->time.year,
			     .month = (int)c->time.month,
			     .day = (int)c->time.day,
			     .hour = (int)c->time.hour,
			     .minute = (int)c->time.minute,
			     .second = (int)c->time.second };
	return civil_to_us(&at) + (int64_t)c->time.second_part;
}

char *rows_dup(const struct rows *r, unsigned col, struct arena *a)
{
	const struct cell *c = cell(r, col);

	assert(c->kind == CELL_TEXT);
	return c->is_null ? NULL : arena_memdup(a, c->text, c->len + 1);
}

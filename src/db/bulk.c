/* SPDX-License-Identifier: Apache-2.0 */
#include "db/bulk.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "db/private.h"
#include "db/stmt.h"

/* Well below max_allowed_packet, whose default is 16 MiB. */
#define SLICE_BYTES (4 << 20)
#define ROWS_FIRST  32

struct group { /* the rows of one statement */
	const struct stmt *stmt;
	struct db_value *values; /* row by row */
	size_t columns_n, rows_n, cap;
	int64_t assumed;
	bool is_assumed; /* somebody has built on it */
	struct group *next;
};

struct bulk {
	struct arena *arena;
	struct group *first, **last;
};

void db_bulk_begin(struct db *db)
{
	struct arena *a = arena_new();

	assert(db->is_in_transaction && !db->bulk);
	db->bulk = arena_alloc(a, sizeof(*db->bulk));
	*db->bulk = (struct bulk){ .arena = a, .first = NULL };
	db->bulk->last = &db->bulk->first;
}

void db_bulk_forget(struct db *db)
{
	struct bulk *b = db->bulk;

	db->bulk = NULL;
	if (b)
		arena_free(b->arena);
}

static struct group *group_of(struct bulk *b, const struct stmt *s)
{
	struct group *g = b->first;

	while (g && g->stmt != s)
		g = g->next;
	if (g)
		return g;
	g = arena_alloc(b->arena, sizeof(*g));
	*g = (struct group){ .stmt = s, .columns_n = strlen(s->binds) };
	*b->last = g;
	b->last = &g->next;
	return g;
}

static void make_room(struct bulk *b, struct group *g)
{
	const size_t cap = g->cap ? g->cap * 2 : ROWS_FIRST;
	struct db_value *more;

	if (g->rows_n < g->cap)
		return;
	more = arena_array(b->arena, cap * g->columns_n, sizeof(*more));
	if (g->rows_n > 0)
		memcpy(more, g->values, g->rows_n * g->columns_n * sizeof(*more));
	g->values = more;
	g->cap = cap;
}

void db_bulk_add(struct bulk *b, const struct stmt *s, const struct db_value *v,
		 const int64_t *assumed)
{
	struct group *g = group_of(b, s);
	struct db_value *row;

	make_room(b, g);
	row = &g->values[g->rows_n++ * g->columns_n];
	for (size_t i = 0; i < g->columns_n; i++) {
		row[i] = v[i];
		if (v[i].p)
			row[i].p = arena_memdup(b->arena, v[i].p, v[i].n);
	}
	g->assumed += assumed ? *assumed : 0;
	g->is_assumed |= assumed != NULL;
}

/* Connector/C wants integers side by side, of everything else an array of pointers. */
static void bind_column(struct arena *a, const struct group *g, size_t from, size_t n,
			size_t column, MYSQL_BIND *ret)
{
	const struct db_value *v = &g->values[from * g->columns_n + column];
	int64_t *integers = arena_array(a, n, sizeof(*integers));
	double *numbers = arena_array(a, n, sizeof(*numbers));
	const void **pointers = arena_array(a, n, sizeof(*pointers));
	unsigned long *lengths = arena_array(a, n, sizeof(*lengths));
	char *nulls = arena_array(a, n, sizeof(*nulls));

	*ret = (MYSQL_BIND){ .buffer_type = v->type, .length = lengths };
	for (size_t i = 0; i < n; i++, v += g->columns_n) {
		integers[i] = v->integer;
		numbers[i] = v->number;
		pointers[i] = v->type == MYSQL_TYPE_DATETIME ? (const void *)&v->time : v->p;
		lengths[i] = (unsigned long)v->n;
		nulls[i] = v->is_null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
	}
	ret->u.indicator = nulls;
	ret->buffer = ret->buffer_type == MYSQL_TYPE_LONGLONG ? (void *)integers
		      : ret->buffer_type == MYSQL_TYPE_DOUBLE ? (void *)numbers
							      : (void *)pointers;
}

static size_t slice_of(const struct group *g, size_t from)
{
	size_t n = 0, bytes = 0;

	while (from + n < g->rows_n && bytes < SLICE_BYTES) {
		for (size_t i = 0; i < g->columns_n; i++)
			bytes += sizeof(int64_t) + g->values[(from + n) * g->columns_n + i].n;
		n++;
	}
	return n;
}

static int run_group(struct db *db, struct bulk *b, const struct group *g, int64_t *ret_changed,
		     struct problem *reterr)
{
	MYSQL_BIND *binds = arena_array(b->arena, g->columns_n, sizeof(*binds));
	size_t n;

	*ret_changed = 0;
	for (size_t from = 0; from < g->rows_n; from += n) {
		int64_t changed = 0;

		n = slice_of(g, from);
		for (size_t i = 0; i < g->columns_n; i++)
			bind_column(b->arena, g, from, n, i, &binds[i]);
		if (db_run_rows(db, g->stmt, binds, (unsigned)n, &changed, reterr) < 0)
			return -1;
		*ret_changed += changed;
	}
	return 0;
}

int db_bulk_end(struct db *db, struct problem *reterr)
{
	struct bulk *b = db->bulk;
	int done = 0;

	assert(b);
	db->bulk = NULL; /* from here on statements run */
	for (const struct group *g = b->first; g && done == 0; g = g->next) {
		int64_t changed = 0;

		done = run_group(db, b, g, &changed, reterr);
		if (done == 0 && g->is_assumed && changed != g->assumed)
			done = problem_set(reterr, PROBLEM_CONFLICT,
					   "not as assumed: another came in between");
	}
	arena_free(b->arena);
	return done;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/book.h"

#include <errno.h>
#include <string.h>

#include "store/accounts.h"

struct writing {
	const struct table_import *in;
	struct arena *arena;
	struct account_name *v;
	size_t n, room;
};

static void add_name(struct writing *w, const char *name, const char *id, bool is_given)
{
	if (!name || !*name)
		return;
	if (w->n == w->room) {
		struct account_name *more;

		w->room = w->room ? w->room * 2 : 64;
		more = arena_array(w->arena, w->room, sizeof(*more));
		if (w->n > 0)
			memcpy(more, w->v, w->n * sizeof(*more));
		w->v = more;
	}
	w->v[w->n++] = (struct account_name){ name, id, is_given };
}

static int read_connected(struct writing *w, struct problem *reterr)
{
	struct account_query q = { .page = { .limit = PAGE_LIMIT_MAX },
				   .livemode = w->in->livemode ? LIVEMODE_LIVE : LIVEMODE_TEST };
	struct accounts page = { .has_more = true };

	while (page.has_more) {
		if (store_accounts_list(w->in->app->db, w->in->workspace, &q, w->arena, &page,
					reterr) < 0)
			return -1;
		for (size_t i = 0; i < page.n; i++) {
			const struct account *one = &page.v[i];

			add_name(w, one->username, one->id, false);
			add_name(w, one->display_name, one->id, false);
			add_name(w, arena_printf(w->arena, "%s:%s", one->platform, one->username),
				 one->id, false);
			q.page.after_id = one->id;
		}
	}
	return 0;
}

static int take_pair(void *arg, const struct csv_row *row, struct problem *reterr)
{
	struct writing *w = arg;

	if (row->n != 2 || strncmp(row->cells[1].text, "acc_", 4) != 0) {
		if (row->line == 1) /* the names of its columns */
			return 0;
		return problem_set(reterr, PROBLEM_INVALID,
				   "line %lld of the file of accounts: write a name of the table "
				   "and, in a second cell, the id of an account (acc_...)",
				   (long long)row->line);
	}
	add_name(w, arena_strdup(w->arena, row->cells[0].text),
		 arena_strdup(w->arena, row->cells[1].text), true);
	return 0;
}

static int read_file(struct writing *w, const char *path, struct problem *reterr)
{
	FILE *f = fopen(path, "re");
	int failed;

	if (!f)
		return problem_set(reterr, PROBLEM_INVALID, "%.200s: %s", path,
				   strerrordesc_np(errno));
	failed = csv_rows(f, take_pair, w, reterr);
	(void)fclose(f);
	return failed;
}

static void read_ids(struct writing *w, const char *list)
{
	for (const char *s = list; *s; s += strspn(s, ", ")) {
		const size_t n = strcspn(s, ", ");

		add_name(w, ACCOUNT_NAME_REST, arena_strndup(w->arena, s, n), true);
		s += n;
	}
}

int book_make(const struct table_import *in, struct arena *a, struct account_book *ret,
	      struct problem *reterr)
{
	struct writing w = { .in = in, .arena = a };

	if (read_connected(&w, reterr) < 0)
		return -1;
	if (in->accounts && strncmp(in->accounts, "acc_", 4) == 0)
		read_ids(&w, in->accounts);
	else if (in->accounts && read_file(&w, in->accounts, reterr) < 0)
		return -1;
	*ret = (struct account_book){ .v = w.v, .n = w.n, .timezone = in->timezone };
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/explore.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define NOWHERE UINT32_MAX

static const struct step_row *const tables[] = { runner_steps, waiting_steps, database_steps,
						 platform_steps };

struct step_id {
	uint8_t table, row, who, choice;
};

struct node { /* the world itself is kept while it is in the queue only */
	uint64_t hash[2];
	uint32_t parent;
	struct step_id step;
	bool is_swapped, is_end;
};

struct edge {
	uint32_t from, to;
};

struct search {
	const struct setup *setup;
	uint64_t most;
	struct node *nodes;
	uint32_t nodes_n, nodes_room;
	uint32_t *table; /* index into nodes, open addressing */
	uint32_t mask;
	struct world *queue;
	uint32_t head, queue_room, first_queued; /* the world of node i: queue[i - first_queued] */
	struct edge *edges; /* without trouble or people, for the question whether it ends */
	size_t edges_n, edges_room;
	struct exploration *ret;
};

static void *grow(void *p, size_t n, size_t size)
{
	void *q = realloc(p, n * size);

	if (!q)
		abort();
	return q;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	const __uint128_t m = (__uint128_t)(h ^ x) * 0x9e3779b97f4a7c15ULL;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static void hash_world(const struct world *w, uint64_t ret[2])
{
	const unsigned char *p = (const unsigned char *)w;
	uint64_t a = 0x243f6a8885a308d3ULL, b = 0x13198a2e03707344ULL;

	for (size_t i = 0; i < sizeof(*w); i += 8) {
		uint64_t x = 0;

		memcpy(&x, p + i, sizeof(*w) - i < 8 ? sizeof(*w) - i : 8);
		a = mix(a + i + 1, x);
		b = mix(b ^ 0xa4093822299f31d0ULL, x + (b << 7));
	}
	ret[0] = a;
	ret[1] = b;
}

static void widen_table(struct search *x)
{
	const uint32_t size = x->mask ? (x->mask + 1) * 2 : 1u << 16;

	x->table = grow(x->table, size, sizeof(*x->table));
	memset(x->table, 0xff, size * sizeof(*x->table));
	x->mask = size - 1;
	for (uint32_t i = 0; i < x->nodes_n; i++) {
		uint32_t at = (uint32_t)x->nodes[i].hash[0] & x->mask;

		while (x->table[at] != NOWHERE)
			at = (at + 1) & x->mask;
		x->table[at] = i;
	}
}

static uint32_t *slot_of(struct search *x, const uint64_t hash[2])
{
	uint32_t at = (uint32_t)hash[0] & x->mask;

	while (x->table[at] != NOWHERE) {
		const struct node *n = &x->nodes[x->table[at]];

		if (n->hash[0] == hash[0] && n->hash[1] == hash[1])
			break;
		at = (at + 1) & x->mask;
	}
	return &x->table[at];
}

static void enqueue(struct search *x, const struct world *w)
{
	const uint32_t n = x->nodes_n - x->first_queued;

	if (n >= x->queue_room && x->head - x->first_queued > x->queue_room / 2) {
		const uint32_t done = x->head - x->first_queued;

		memmove(x->queue, x->queue + done, (n - done) * sizeof(*x->queue));
		x->first_queued = x->head;
	} else if (n >= x->queue_room) {
		x->queue_room = x->queue_room ? x->queue_room * 2 : 4096;
		x->queue = grow(x->queue, x->queue_room, sizeof(*x->queue));
	}
	x->queue[x->nodes_n - x->first_queued] = *w;
}

/* The world's node, a new one if it was never met. */
static uint32_t visit(struct search *x, struct world *w, uint32_t parent, struct step_id step)
{
	struct node n = { .parent = parent, .step = step };
	uint32_t *slot;

	n.is_swapped = world_tidy(w);
	n.is_end = world_is_end(w);
	hash_world(w, n.hash);
	if (x->nodes_n * 2 >= x->mask)
		widen_table(x);
	slot = slot_of(x, n.hash);
	if (*slot != NOWHERE)
		return *slot;
	if (x->nodes_n >= x->nodes_room) {
		x->nodes_room = x->nodes_room ? x->nodes_room * 2 : 4096;
		x->nodes = grow(x->nodes, x->nodes_room, sizeof(*x->nodes));
	}
	enqueue(x, w);
	x->nodes[x->nodes_n] = n;
	*slot = x->nodes_n;
	return x->nodes_n++;
}

static const struct step_row *row_of(struct step_id id)
{
	return &tables[id.table][id.row];
}

static bool try_step(const struct setup *s, struct step_id id, struct world *w)
{
	const struct step_row *row = row_of(id);

	if (row->kind != ORDINARY && w->budget[row->kind] == 0)
		return false;
	if (row->is_runners && row->kind != STALL)
		w->run[id.who].is_stalled = false;
	if (!row->step(w, s, id.who, id.choice))
		return false;
	if (row->kind != ORDINARY)
		w->budget[row->kind]--;
	world_check(w);
	return true;
}

static void add_edge(struct search *x, uint32_t from, uint32_t to)
{
	if (x->edges_n >= x->edges_room) {
		x->edges_room = x->edges_room ? x->edges_room * 2 : 4096;
		x->edges = grow(x->edges, x->edges_room, sizeof(*x->edges));
	}
	x->edges[x->edges_n++] = (struct edge){ from, to };
}

static void take_step(struct search *x, const struct world *now, struct step_id id)
{
	struct world w = *now;
	uint32_t to;

	if (!try_step(x->setup, id, &w))
		return;
	x->ret->transitions++;
	to = visit(x, &w, x->head, id);
	if (row_of(id)->kind == ORDINARY && to != x->head)
		add_edge(x, x->head, to);
}

static void take_row(struct search *x, const struct world *now, struct step_id id)
{
	const struct step_row *row = row_of(id);
	const int who_n = row->is_runners ? RUNNERS : 1;

	for (id.who = 0; id.who < who_n; id.who++) {
		for (id.choice = 0; id.choice < row->choices; id.choice++)
			take_step(x, now, id);
	}
}

static void expand(struct search *x, const struct world *now)
{
	struct step_id id = { 0 };

	for (id.table = 0; id.table < ARRAY_LEN(tables); id.table++) {
		for (id.row = 0; tables[id.table][id.row].name; id.row++)
			take_row(x, now, id);
	}
}

/* ---- does it end? ---- */

/* The edges by where they lead; ret_first has one more than there are nodes. */
static uint32_t *sort_edges(const struct search *x, uint32_t **ret_first)
{
	uint32_t *first = alloc_array((size_t)x->nodes_n + 2, sizeof(*first));
	uint32_t *from = alloc_array(x->edges_n + 1, sizeof(*from));

	memset(first, 0, ((size_t)x->nodes_n + 2) * sizeof(*first));
	for (size_t i = 0; i < x->edges_n; i++)
		first[x->edges[i].to + 2]++;
	for (uint32_t i = 2; i <= x->nodes_n + 1; i++)
		first[i] += first[i - 1];
	for (size_t i = 0; i < x->edges_n; i++)
		from[first[x->edges[i].to + 1]++] = x->edges[i].from;
	*ret_first = first;
	return from;
}

/* The first node from which no undisturbed way leads to an end; NOWHERE: there is none. */
static uint32_t find_dead_end(const struct search *x)
{
	uint32_t *first, *from = sort_edges(x, &first);
	uint32_t *list = alloc_array((size_t)x->nodes_n + 1, sizeof(*list));
	bool *is_good = alloc_array((size_t)x->nodes_n + 1, sizeof(*is_good));
	uint32_t n = 0, dead = NOWHERE;

	for (uint32_t i = 0; i < x->nodes_n; i++) {
		is_good[i] = x->nodes[i].is_end;
		if (is_good[i])
			list[n++] = i;
	}
	for (uint32_t at = 0; at < n; at++) {
		for (uint32_t e = first[list[at]]; e < first[list[at] + 1]; e++) {
			if (is_good[from[e]])
				continue;
			is_good[from[e]] = true;
			list[n++] = from[e];
		}
	}
	for (uint32_t i = 0; i < x->nodes_n && dead == NOWHERE; i++) {
		if (!is_good[i])
			dead = i;
	}
	free(first);
	free(from);
	free(list);
	free(is_good);
	return dead;
}

/* ---- the way there ---- */

static uint32_t depth_of(const struct search *x, uint32_t node)
{
	uint32_t n = 0;

	for (; x->nodes[node].parent != NOWHERE; node = x->nodes[node].parent)
		n++;
	return n;
}

static void print_step(FILE *to, uint32_t n, const struct node *at, bool is_swapped,
		       const struct world *w)
{
	const struct step_row *row = row_of(at->step);
	char who[16] = "";

	if (row->is_runners)
		(void)snprintf(who, sizeof(who), "runner %d ", (at->step.who ^ is_swapped) + 1);
	(void)fprintf(to, "  %2u. %s%s%s%s  [%s, out %d]\n", n, who, row->name,
		      row->words ? ": " : "", row->words ? row->words[at->step.choice] : "",
		      post_state_name(w->db.row.state), w->effects);
}

static void print_trace(const struct search *x, uint32_t last, FILE *to)
{
	const uint32_t n = depth_of(x, last);
	uint32_t *way = alloc_array((size_t)n + 1, sizeof(*way));
	bool is_swapped = false;
	struct world w;

	for (uint32_t i = n, at = last; i > 0; i--, at = x->nodes[at].parent)
		way[i - 1] = at;
	world_start(&w, x->setup);
	is_swapped ^= world_tidy(&w);
	for (uint32_t i = 0; i < n; i++) {
		const struct node *at = &x->nodes[way[i]];

		(void)try_step(x->setup, at->step, &w);
		print_step(to, i + 1, at, is_swapped, &w);
		is_swapped ^= world_tidy(&w);
	}
	free(way);
}

static void tell(struct search *x, uint32_t last, enum fault_found found, FILE *trace)
{
	x->ret->found = found;
	x->ret->trace_n = depth_of(x, last);
	if (!trace)
		return;
	(void)fprintf(trace, "%s:\n", world_fault_words(found));
	print_trace(x, last, trace);
}

static void run(struct search *x, FILE *trace)
{
	struct world w;
	uint32_t dead;

	for (x->head = 0; x->head < x->nodes_n; x->head++) {
		w = x->queue[x->head - x->first_queued];
		if (w.found) {
			tell(x, x->head, w.found, trace);
			return;
		}
		if (x->nodes_n >= x->most) {
			x->ret->is_cut = true;
			return;
		}
		expand(x, &w);
	}
	dead = find_dead_end(x);
	if (dead != NOWHERE)
		tell(x, dead, NO_WAY_OUT, trace);
}

void explore(const struct setup *s, uint64_t most, FILE *trace, struct exploration *ret)
{
	struct search x = { .setup = s, .most = most, .ret = ret };
	struct world w;

	*ret = (struct exploration){ .found = FINE };
	world_start(&w, s);
	widen_table(&x);
	(void)visit(&x, &w, NOWHERE, (struct step_id){ 0 });
	run(&x, trace);
	ret->states = x.nodes_n;
	ret->depth = depth_of(&x, x.nodes_n - 1);
	free(x.nodes);
	free(x.table);
	free(x.queue);
	free(x.edges);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/map.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

#define MAP_LEAST 64

static uint64_t map_hash(const char *key)
{
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3ULL;
	return h ^ (h >> 32);
}

static struct map_slot *map_find(struct map_slot *slots, size_t cap, const char *key)
{
	size_t i = (size_t)map_hash(key) & (cap - 1);

	while (slots[i].key != NULL && strcmp(slots[i].key, key) != 0)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

struct map sandbox_map_new(struct arena *a)
{
	struct map m = { a, NULL, 0, 0 };

	return m;
}

void *sandbox_map_get(const struct map *m, const char *key)
{
	if (m->cap == 0 || key == NULL)
		return NULL;
	return map_find(m->slots, m->cap, key)->value;
}

static void map_grow(struct map *m)
{
	size_t cap = m->cap == 0 ? MAP_LEAST : m->cap * 2;
	struct map_slot *slots = arena_array(m->arena, cap, sizeof(*slots));

	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].key != NULL)
			*map_find(slots, cap, m->slots[i].key) = m->slots[i];
	m->slots = slots;
	m->cap = cap;
}

void sandbox_map_put(struct map *m, const char *key, void *value)
{
	struct map_slot *slot;

	if ((m->n + 1) * 3 > m->cap * 2)
		map_grow(m);
	slot = map_find(m->slots, m->cap, key);
	if (slot->key == NULL) {
		slot->key = key;
		m->n++;
	}
	slot->value = value;
}

struct list sandbox_list_new(struct arena *a)
{
	struct list l = { a, NULL, 0, 0 };

	return l;
}

void sandbox_list_add(struct list *l, void *item)
{
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 4 : l->cap * 2;
		void **v = arena_array(l->arena, cap, sizeof(*v));

		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = item;
}

void sandbox_list_add_text(struct list *l, const char *text)
{
	sandbox_list_add(l, arena_strdup(l->arena, text));
}

bool sandbox_list_has_text(const struct list *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], text) == 0)
			return true;
	return false;
}

void sandbox_list_split(struct list *l, const char *text, const char *separators)
{
	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, separators);

		if (n > 0)
			sandbox_list_add(l, arena_strndup(l->arena, text, n));
		text += n;
		text += strspn(text, separators);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map - text to pointer, and a growing list; both live in an arena
 * Layer sandbox. Owner: keys and values are borrowed and must live as long as the arena. Nothing is
 * removed: the sandbox forgets by dropping the whole arena. Not locked: the caller holds the lock.
 */
#ifndef CARILLON_SANDBOX_MAP_H
#define CARILLON_SANDBOX_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct map_slot {
	const char *key;
	void *value;
};
struct map {
	struct arena *arena;
	struct map_slot *slots;
	size_t n, cap;
};
struct list {
	struct arena *arena;
	void **v;
	size_t n, cap;
};

struct map sandbox_map_new(struct arena *a);
void *sandbox_map_get(const struct map *m, const char *key);       /* NULL: absent */
void sandbox_map_put(struct map *m, const char *key, void *value); /* replaces */

struct list sandbox_list_new(struct arena *a);
void sandbox_list_add(struct list *l, void *item);
void sandbox_list_add_text(struct list *l, const char *text); /* copied */
bool sandbox_list_has_text(const struct list *l, const char *text);
/* Splits at any byte of `separators`; empty pieces are dropped. */
void sandbox_list_split(struct list *l, const char *text, const char *separators);

#endif

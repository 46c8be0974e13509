/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - the world on disk, so that a platform remembers when it starts again
 * Layer sandbox. <folder>/state.json: a line with the version, then one JSON line a record,
 * ["kind",number,{...}]; of lines with the same number the last one counts. Each batch ends with
 * the line of the world itself, and what stands behind the last of those never happened: so what
 * is read is the world of one instant. Whoever changes a stored thing calls sandbox_state_touch();
 * at most STATE_DELAY_MS later it is on disk. sandbox_state_open() reads the file and writes it
 * anew without the lines that others replaced.
 *
 * Stored: apps, people and what else POST /_control/world made, grants, codes, tokens, objects,
 * what a platform adds by its own rows, ids, settings, the virtual clock. Not stored: fault rules
 * and plans, request log and call counters, dialogs that nobody has answered yet.
 *
 * A stored struct begins with its `struct record`. Numbers follow the order of creation, so a
 * record may name earlier ones; whatever points the other way is joined in platform->loaded().
 * Errors: -errno.
 */
#ifndef CARILLON_SANDBOX_STATE_H
#define CARILLON_SANDBOX_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct sandbox;
struct world;

#define STATE_DELAY_MS 800

struct record {
	const struct record_kind *kind;
	uint64_t no; /* from 1, given by the first touch; 0: not stored */
	bool is_dirty;
};

struct record_kind {
	const char *name; /* unique; a platform's own are called <platform>.<what> */
	/* New reference; NULL: cannot be stored (bytes that are not UTF-8). */
	json_t *(*save)(const struct record *r);
	/* Makes it and its place in the world's lists; NULL: the record makes no sense. */
	struct record *(*load)(struct world *w, const json_t *in);
};

extern const struct record_kind sandbox_record_app, sandbox_record_seed, sandbox_record_grant,
	sandbox_record_code, sandbox_record_token, sandbox_record_object;

/* Gives sb->world: the stored one, or a fresh one; a file that cannot be used is moved aside. */
int sandbox_state_open(struct sandbox *sb);
void sandbox_state_close(struct sandbox *sb); /* writes what is left; no other thread may run */

/* These need the lock. */
void sandbox_state_touch(struct world *w, struct record *r);
void sandbox_state_changed(struct world *w);   /* clock or settings */
void sandbox_state_forget(struct sandbox *sb); /* after a reset: the file starts anew */
/* While loading: the record of that number, NULL unless it is there and of that kind. */
void *sandbox_state_find(const struct world *w, uint64_t no, const struct record_kind *kind);
/* Something that POST /_control/world made; call it before it is made, and add it after. */
struct record *sandbox_state_seed_new(struct world *w, const char *platform, const json_t *in);

/* For save and load: texts (arena of the world), lists of texts, media. */
const char *sandbox_state_text(struct world *w, const json_t *in, const char *name);
int64_t sandbox_state_int(const json_t *in, const char *name);
bool sandbox_state_bool(const json_t *in, const char *name);
struct list;
json_t *sandbox_state_texts_save(const struct list *texts);
void sandbox_state_texts_load(struct list *to, const json_t *in);
json_t *sandbox_state_media_save(const struct list *media);
void sandbox_state_media_load(struct world *w, struct list *to, const json_t *in);

#endif

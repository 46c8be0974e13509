/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a journal: a world of 100,000 objects is some 100 MB, too much to print and sync each second,
 * while what one second changes is small. The file is compacted at start alone: until then it
 * grows by what changes, as the world in memory does, which frees nothing either.
 */
#include "sandbox/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "sandbox/queue.h"
#include "sandbox/settings.h"
#include "sandbox/world.h"

#define STATE_HEADER "{\"carillon_sandbox_state\":1}\n"
/* Ids that were given out in a second that a kill took away are not given out again. */
#define STATE_ID_GAP 100000

struct state {
	const char *folder;
	char *path;
	int fd;
	struct queue *writer;
	bool is_scheduled; /* these two under the sandbox's lock */
	bool is_whole;     /* the file is to be written anew */
};

struct line {
	const char *text;
	size_t len;
};

struct reading {
	struct world *world;
	struct line *lines; /* by number - 1; text NULL: no such record */
	size_t lines_n, lines_cap;
	struct line last; /* the world's own */
};

static const struct record_kind *const kinds[] = {
	&sandbox_record_app,
	&sandbox_record_seed,
	&sandbox_record_grant,
	&sandbox_record_code,
	&sandbox_record_token,
	&sandbox_record_object,
	NULL,
};

static const struct record_kind *kind_find(const char *name)
{
	for (size_t i = 0; kinds[i] != NULL; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	for (size_t i = 0; sandbox_platforms[i] != NULL; i++) {
		const struct record_kind *own = sandbox_platforms[i]->kinds;

		for (; own != NULL && own->name != NULL; own++)
			if (strcmp(own->name, name) == 0)
				return own;
	}
	return NULL;
}

static void print_line(struct buf *out, const char *kind, uint64_t no, json_t *body)
{
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

	if (text != NULL)
		buf_printf(out, "[\"%s\",%llu,", kind, (unsigned long long)no);
	if (text != NULL) {
		buf_adds(out, text);
		buf_adds(out, "]\n");
	} else {
		log_line(LOG_LEVEL_WARN, "sandbox.state", "not_stored=%s", kind);
	}
	free(text);
	json_decref(body);
}

static void print_records(struct buf *out, const struct list *records)
{
	for (size_t i = 0; i < records->n; i++) {
		struct record *r = records->v[i];

		if (r == NULL)
			continue;
		r->is_dirty = false;
		print_line(out, r->kind->name, r->no, r->kind->save(r));
	}
}

static void print_world(struct buf *out, struct world *w)
{
	print_line(out, "world", 0,
		   json_pack("{s:I,s:I,s:I,s:o}", "offset_us", (json_int_t)w->offset_us, "next_id",
			     (json_int_t)w->next_id, "req_no", (json_int_t)w->sandbox->req_no,
			     "settings", sandbox_settings_json(w)));
	w->dirty.n = 0;
	w->is_changed = false;
}

static int write_all(int fd, const struct buf *out)
{
	for (size_t at = 0; at < out->len;) {
		ssize_t n = write(fd, out->p + at, out->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		at += (size_t)n;
	}
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int replace_file(struct state *st, const struct buf *out)
{
	CLEANUP(buf_done) struct buf tmp = BUF_INIT;
	int fd, r;

	buf_printf(&tmp, "%s.new", st->path);
	unlink(tmp.p); /* what a kill left may have other rights */
	fd = open(tmp.p, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, out);
	if (r == 0 && rename(tmp.p, st->path) < 0)
		r = -errno;
	if (r == 0)
		r = file_sync_folder(st->folder);
	if (r < 0) {
		close(fd);
		unlink(tmp.p);
		return r;
	}
	if (st->fd >= 0)
		close(st->fd);
	st->fd = fd;
	return 0;
}

/* Printing needs the lock, writing must not have it. */
static int state_flush(struct sandbox *sb)
{
	struct state *st = sb->state;
	CLEANUP(buf_wipe) struct buf out = BUF_INIT;
	bool is_whole;
	int r = 0;

	sandbox_lock(sb);
	st->is_scheduled = false;
	is_whole = st->is_whole;
	st->is_whole = false;
	if (is_whole)
		buf_adds(&out, STATE_HEADER);
	if (is_whole || sb->world->is_changed) {
		print_records(&out, is_whole ? &sb->world->records : &sb->world->dirty);
		print_world(&out, sb->world);
	}
	sandbox_unlock(sb);
	if (out.len > 0)
		r = is_whole ? replace_file(st, &out) : write_all(st->fd, &out);
	if (r == 0)
		return 0;
	log_line(LOG_LEVEL_ERROR, "sandbox.state", "path=%s error=\"%s\"", st->path,
		 strerrordesc_np(-r));
	sandbox_lock(sb);
	st->is_whole = true; /* a torn batch would hide those behind it */
	sandbox_unlock(sb);
	return r;
}

static void state_run(void *arg)
{
	state_flush(arg);
}

static void state_schedule(struct sandbox *sb)
{
	if (sb->state == NULL || sb->state->is_scheduled)
		return;
	sb->state->is_scheduled = true;
	sandbox_queue_add(sb->state->writer, clock_boot_us() + STATE_DELAY_MS * US_PER_MS,
			  state_run, sb);
}

void sandbox_state_changed(struct world *w)
{
	if (w->is_opening)
		return;
	w->is_changed = true;
	if (w->sandbox->world == w)
		state_schedule(w->sandbox);
}

void sandbox_state_touch(struct world *w, struct record *r)
{
	if (w->is_opening)
		return;
	if (r->no == 0) {
		sandbox_list_add(&w->records, r);
		r->no = w->records.n;
	}
	if (!r->is_dirty)
		sandbox_list_add(&w->dirty, r);
	r->is_dirty = true;
	sandbox_state_changed(w);
}

void sandbox_state_forget(struct sandbox *sb)
{
	sb->state->is_whole = true;
	state_schedule(sb);
}

void *sandbox_state_find(const struct world *w, uint64_t no, const struct record_kind *kind)
{
	struct record *r = no > 0 && no <= w->records.n ? w->records.v[no - 1] : NULL;

	return r != NULL && r->kind == kind ? r : NULL;
}

/* Splits `["kind",number,` off a line; false: it has not that form. */
static bool line_head(const struct line *l, char kind[static 64], uint64_t *ret_no)
{
	const char *quote;
	char *end;

	if (l->len < 6 || memcmp(l->text, "[\"", 2) != 0)
		return false;
	quote = memchr(l->text + 2, '"', l->len - 2);
	if (quote == NULL || quote - l->text > 60 || quote[1] != ',' || quote[2] < '0' ||
	    quote[2] > '9')
		return false;
	snprintf(kind, 64, "%.*s", (int)(quote - l->text - 2), l->text + 2);
	*ret_no = strtoull(quote + 2, &end, 10);
	return *end == ',';
}

static bool line_next(const char **at, struct line *ret)
{
	const char *end = strchr(*at, '\n');

	if (end == NULL)
		return false;
	*ret = (struct line){ *at, (size_t)(end - *at) };
	*at = end + 1;
	return true;
}

static void reading_put(struct reading *in, uint64_t no, const struct line *l)
{
	if (no > in->lines_cap) {
		size_t cap = no * 2 + 64;

		in->lines = alloc_resize(in->lines, cap * sizeof(*in->lines));
		memset(in->lines + in->lines_cap, 0, (cap - in->lines_cap) * sizeof(*in->lines));
		in->lines_cap = cap;
	}
	in->lines[no - 1] = *l;
	if (no > in->lines_n)
		in->lines_n = (size_t)no;
}

/* The last line of each number, up to the last whole batch. NULL, or what is wrong. */
static const char *reading_split(struct reading *in, const char *text)
{
	const char *at = text;
	struct line l;
	char kind[64];
	uint64_t no, total = 0;

	while (line_next(&at, &l))
		if (++total > 0 && strncmp(l.text, "[\"world\",0,", 11) == 0)
			in->last = l;
	if (in->last.text == NULL)
		return "no whole batch";
	at = text;
	while (line_next(&at, &l) && l.text != in->last.text) {
		if (!line_head(&l, kind, &no) || no > total + 1024)
			return "a line is damaged";
		if (no > 0)
			reading_put(in, no, &l);
	}
	return NULL;
}

/* The object of a line; new reference, NULL: damaged. */
static json_t *line_body(const struct line *l)
{
	json_t *all = json_loadb(l->text, l->len, 0, NULL);
	json_t *body = json_is_array(all) ? json_array_get(all, 2) : NULL;

	json_incref(body);
	json_decref(all);
	if (json_is_object(body))
		return body;
	json_decref(body);
	return NULL;
}

static const char *reading_record(struct reading *in, uint64_t no, const struct line *l)
{
	char name[64];
	uint64_t same;
	const struct record_kind *kind = line_head(l, name, &same) ? kind_find(name) : NULL;
	json_t *body = kind != NULL ? line_body(l) : NULL;
	struct record *r = body != NULL ? kind->load(in->world, body) : NULL;

	json_decref(body);
	if (kind == NULL)
		return "a record is of an unknown kind";
	if (r == NULL)
		return "a record makes no sense";
	r->no = no;
	sandbox_list_add(&in->world->records, r);
	return NULL;
}

static const char *reading_world(struct reading *in)
{
	struct world *w = in->world;
	json_t *body = line_body(&in->last), *value;
	const char *name;

	if (body == NULL)
		return "the world's line is damaged";
	w->offset_us = sandbox_state_int(body, "offset_us");
	w->next_id = (uint64_t)sandbox_state_int(body, "next_id") + STATE_ID_GAP;
	w->sandbox->req_no = (uint64_t)sandbox_state_int(body, "req_no") + STATE_ID_GAP;
	json_object_foreach(json_object_get(body, "settings"), name, value) {
		/* A setting that is gone is of no use. */
		sandbox_settings_set(w, name, value);
	}
	json_decref(body);
	return NULL;
}

static const char *reading_apply(struct reading *in)
{
	const char *why = NULL;

	for (size_t i = 0; why == NULL && i < in->lines_n; i++) {
		if (in->lines[i].text != NULL)
			why = reading_record(in, i + 1, &in->lines[i]);
		else
			sandbox_list_add(&in->world->records, NULL);
	}
	if (why == NULL)
		why = reading_world(in);
	for (size_t i = 0; why == NULL && sandbox_platforms[i] != NULL; i++)
		if (sandbox_platforms[i]->loaded != NULL)
			sandbox_platforms[i]->loaded(in->world);
	return why;
}

/* -ENOENT: there is none. */
static int file_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf_reserve(out, 1 << 16), 1 << 16)) > 0)
		out->len += (size_t)n;
	buf_addc(out, '\0');
	close(fd);
	return n < 0 ? -errno : 0;
}

/* The file without what was replaced, but for the world's own line: as it stands, not made anew. */
static void reading_print(const struct reading *in, struct buf *out)
{
	for (size_t i = 0; i < in->lines_n; i++) {
		if (in->lines[i].text == NULL)
			continue;
		buf_add(out, in->lines[i].text, in->lines[i].len);
		buf_addc(out, '\n');
	}
}

/* Makes sb->world and begins its new file; false: the old one is there and of no use. */
static bool state_load(struct sandbox *sb, struct buf *file)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT;
	struct reading in = { 0 };
	const char *why = NULL;
	int r = file_read(sb->state->path, &text);

	buf_adds(file, STATE_HEADER);
	sb->world = sandbox_world_new(sb);
	if (r == -ENOENT)
		return true;
	sb->world->is_opening = true;
	in.world = sb->world;
	if (r < 0)
		why = strerrordesc_np(-r);
	else if (strncmp(buf_str(&text), STATE_HEADER, strlen(STATE_HEADER)) != 0)
		why = "another version, or no state file";
	else
		why = reading_split(&in, buf_str(&text) + strlen(STATE_HEADER));
	if (why == NULL)
		why = reading_apply(&in);
	if (why == NULL)
		reading_print(&in, file);
	free(in.lines);
	sb->world->is_opening = false;
	if (why == NULL)
		return true;
	sandbox_world_release(sb->world);
	sb->world = sandbox_world_new(sb);
	log_line(LOG_LEVEL_WARN, "sandbox.state", "path=%s unusable=\"%s\"", sb->state->path, why);
	return false;
}

static void state_move_aside(const struct state *st)
{
	CLEANUP(buf_done) struct buf aside = BUF_INIT;

	buf_printf(&aside, "%s.aside-%lld", st->path, (long long)(clock_real_us() / US_PER_S));
	if (rename(st->path, aside.p) == 0)
		log_line(LOG_LEVEL_WARN, "sandbox.state", "moved_to=%s", aside.p);
}

int sandbox_state_open(struct sandbox *sb)
{
	struct state *st = alloc_zero(sizeof(*st));
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	CLEANUP(buf_wipe) struct buf file = BUF_INIT;

	buf_printf(&path, "%s/state.json", sb->folder);
	st->path = buf_take(&path);
	st->fd = -1;
	st->writer = sandbox_queue_new(1);
	st->folder = sb->folder;
	sb->state = st;
	sandbox_lock(sb);
	if (!state_load(sb, &file))
		state_move_aside(st);
	print_world(&file, sb->world);
	sandbox_unlock(sb);
	return replace_file(st, &file);
}

void sandbox_state_close(struct sandbox *sb)
{
	struct state *st = sb->state;

	if (st == NULL)
		return;
	sandbox_queue_free(st->writer);
	if (st->fd >= 0) {
		state_flush(sb);
		close(st->fd);
	}
	sb->state = NULL;
	free(st->path);
	free(st);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "publish/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "media/store.h"
#include "media/url.h"
#include "store/content.h"
#include "json/emit.h"

static void emit_media(struct emit *e, const struct publication *p)
{
	emit_open_array(e, "media");
	for (size_t i = 0; i < p->media_n; i++) {
		const struct media_item *m = &p->media[i];

		emit_open(e, NULL);
		emit_text(e, "media_id", m->media_id);
		emit_text(e, "sha256", m->sha256);
		emit_text(e, "mime", m->mime);
		emit_text(e, "kind", media_kind_names[m->kind]);
		emit_text(e, "ext", m->ext);
		emit_int(e, "bytes", m->bytes);
		emit_int(e, "width", m->width);
		emit_int(e, "height", m->height);
		emit_int(e, "duration_ms", m->duration_ms);
		emit_text(e, "alt_text", m->alt_text);
		emit_close(e);
	}
	emit_close_array(e);
}

/* Addresses are left out: they are signed anew at each staging and say nothing of the content. */
static void print_text(const struct queue_post *q, const struct publication *p, struct buf *out)
{
	struct emit e = EMIT(out);
	char *options = json_dumps(p->options, JSON_COMPACT | JSON_SORT_KEYS);

	emit_open(&e, NULL);
	emit_text(&e, "content_id", q->post.content_id);
	emit_int(&e, "revision", q->post.content_revision);
	emit_text(&e, "account_id", q->account.id);
	emit_text(&e, "account_remote_id", q->account.remote_id);
	emit_text(&e, "kind", content_kind_names[p->kind]);
	emit_text(&e, "title", p->title);
	emit_text(&e, "caption", p->caption);
	emit_text(&e, "description", p->description);
	emit_text(&e, "link", p->link);
	emit_text(&e, "first_comment", p->first_comment);
	emit_open_array(&e, "tags");
	for (size_t i = 0; i < p->tags_n; i++)
		emit_text(&e, NULL, p->tags[i]);
	emit_close_array(&e);
	emit_media(&e, p);
	emit_raw(&e, "options", options);
	emit_close(&e);
	free(options);
}

size_t snapshot_parts(const struct snapshot *s, const struct platform *platform)
{
	const size_t n = platform->part ? platform->part(&s->post, 0, NULL) : 1;

	return n > 1 ? n : 1;
}

void snapshot_fingerprint(const struct snapshot *s, const struct platform *platform, size_t part,
			  struct arena *a, uint8_t ret[static SHA256_BYTES])
{
	struct publication p = s->post;
	struct digest *d = digest_new();
	const char *text, *rest;

	if (platform->part)
		(void)platform->part(&s->post, part, &p);
	text = p.caption ? p.caption : "";
	rest = arena_printf(a, "|%s|%zu", content_kind_names[p.kind], p.media_n);
	if (platform->canonical_text)
		text = platform->canonical_text(a, text);
	digest_add(d, text, strlen(text));
	digest_add(d, rest, strlen(rest));
	digest_end(d, ret);
}

static int place_media(const struct app *app, const char *ws, struct publication *p,
		       struct arena *a, struct problem *reterr)
{
	const int64_t expires_us = clock_real_us() + app->config->media_url_life_s * US_PER_S;

	for (size_t i = 0; i < p->media_n; i++) {
		struct media_item *m = &p->media[i];

		if (m->state == MEDIA_FETCHING)
			return problem_set(reterr, PROBLEM_MEDIA_NOT_READY,
					   "item %zu of %zu is still being fetched", i + 1,
					   p->media_n);
		if (m->state == MEDIA_FAILED || !m->ext)
			return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
					   "item %zu of %zu is not usable media", i + 1,
					   p->media_n);
		m->path = media_path(a, app->config, ws, m->sha256);
		m->url = media_url_sign(a, app->keys, app->config->server_public_url, m->media_id,
					m->ext, expires_us);
	}
	return 0;
}

int snapshot_build(const struct app *app, const struct queue_post *q,
		   const struct platform *platform, struct arena *a, struct snapshot *ret,
		   struct problem *reterr)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct snapshot s = { .text = NULL };
	struct content c;

	if (store_content_get(app->db, q->workspace, q->post.content_id, a, &c, reterr) < 0)
		return -1;
	if (!content_is_publishable(&c) || c.revision != q->post.content_revision)
		return problem_set(reterr, PROBLEM_NOT_APPROVED, "the content is not approved");
	if (publication_build(&c, platform->id, q->post.overrides, a, &s.post, reterr) < 0)
		return -1;
	if (place_media(app, q->workspace, &s.post, a, reterr) < 0) {
		snapshot_done(&s);
		return -1;
	}
	print_text(q, &s.post, &text);
	s.text = arena_strdup(a, text.p);
	digest_sha256(text.p, text.len, s.hash);
	*ret = s;
	return 0;
}

static const char *text_of(const json_t *o, const char *key, struct arena *a)
{
	return arena_strdup(a, json_string_value(json_object_get(o, key)));
}

static int int_of(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

static void restore_media(const struct app *app, const struct queue_post *q, const json_t *list,
			  struct arena *a, struct publication *ret)
{
	ret->media_n = json_array_size(list);
	ret->media = arena_array(a, ret->media_n, sizeof(*ret->media));
	for (size_t i = 0; i < ret->media_n; i++) {
		const json_t *o = json_array_get(list, i);
		struct media_item *m = &ret->media[i];
		const char *hex = json_string_value(json_object_get(o, "sha256"));
		const int kind = media_kind_parse(json_string_value(json_object_get(o, "kind")));

		m->media_id = text_of(o, "media_id", a);
		m->kind = kind < 0 ? MEDIA_IMAGE : (enum media_kind)kind;
		m->mime = text_of(o, "mime", a);
		m->ext = text_of(o, "ext", a);
		m->bytes = json_integer_value(json_object_get(o, "bytes"));
		m->width = int_of(o, "width");
		m->height = int_of(o, "height");
		m->duration_ms = int_of(o, "duration_ms");
		m->alt_text = text_of(o, "alt_text", a);
		if (hex && strlen(hex) < sizeof(m->sha256))
			memcpy(m->sha256, hex, strlen(hex));
		m->path = media_path(a, app->config, q->workspace, m->sha256);
	}
}

int snapshot_restore(const struct app *app, const struct queue_post *q, struct arena *a,
		     struct snapshot *ret)
{
	json_t *o = q->snapshot ? json_loads(q->snapshot, 0, NULL) : NULL;
	const int kind = content_kind_parse(json_string_value(json_object_get(o, "kind")));
	const json_t *tags = json_object_get(o, "tags");
	struct snapshot s = { .text = q->snapshot };

	if (!q->snapshot || kind < 0) {
		json_decref(o);
		return -1;
	}
	digest_sha256(q->snapshot, strlen(q->snapshot), s.hash);
	s.post.kind = (enum content_kind)kind;
	s.post.caption = text_of(o, "caption", a);
	s.post.title = text_of(o, "title", a);
	s.post.description = text_of(o, "description", a);
	s.post.link = text_of(o, "link", a);
	s.post.first_comment = text_of(o, "first_comment", a);
	s.post.tags_n = json_array_size(tags);
	s.post.tags = arena_array(a, s.post.tags_n, sizeof(*s.post.tags));
	for (size_t i = 0; i < s.post.tags_n; i++)
		s.post.tags[i] = arena_strdup(a, json_string_value(json_array_get(tags, i)));
	restore_media(app, q, json_object_get(o, "media"), a, &s.post);
	s.post.options = json_incref(json_object_get(o, "options"));
	if (!s.post.options)
		s.post.options = json_object();
	json_decref(o);
	*ret = s;
	return 0;
}

void snapshot_done(struct snapshot *s)
{
	publication_done(&s->post);
}

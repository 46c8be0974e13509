/* SPDX-License-Identifier: Apache-2.0 */
#include "publish/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "media/store.h"
#include "media/url.h"
#include "platform/fit.h"
#include "store/content.h"
#include "store/fetches.h"
#include "store/media.h"
#include "store/renditions.h"
#include "json/emit.h"

static void emit_item(struct emit *e, const char *key, const struct media_item *m)
{
	emit_open(e, key);
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

static void emit_media(struct emit *e, const struct publication *p)
{
	emit_open_array(e, "media");
	for (size_t i = 0; i < p->media_n; i++)
		emit_item(e, NULL, &p->media[i]);
	emit_close_array(e);
	if (p->cover)
		emit_item(e, "cover", p->cover);
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

struct placing {
	const struct app *app;
	const struct queue_post *q;
	const struct platform_app *platform;
	struct arena *arena;
	int64_t expires_us;
	const char *waiting; /* what is not there yet; NULL: everything is */
};

static int ask_for(const struct placing *at, const struct rendition_wish *wish,
		   struct rendition *ret, struct problem *reterr)
{
	struct db *db = at->app->db;
	const char *ws = at->q->workspace;
	int got = store_renditions_find(db, ws, wish, at->arena, ret, reterr);

	if (got < 0 || (got == 1 && ret->state != RENDITION_FAILED))
		return got < 0 ? -1 : 0;
	if (store_renditions_ask(db, ws, wish, reterr) < 0 ||
	    store_renditions_find(db, ws, wish, at->arena, ret, reterr) < 0)
		return -1;
	return 0;
}

/* 1 made, 0 still being made (at->waiting says so), -1 it cannot be made */
static int make(struct placing *at, const char *name, const char *source_id,
		const struct recipe *recipe, struct media_item *ret, struct problem *reterr)
{
	const struct rendition_wish wish = { source_id, recipe_print(at->arena, recipe),
					     at->q->post.due_us };
	struct rendition made = { .state = RENDITION_QUEUED };

	if (ask_for(at, &wish, &made, reterr) < 0)
		return -1;
	if (made.state == RENDITION_FAILED)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED,
				   "%s cannot be made into %s: %.150s", name,
				   recipe_product(recipe), made.error ? made.error : "unknown");
	if (made.state != RENDITION_READY) {
		at->waiting = arena_printf(at->arena, "media: converting %s, %lld%%", name,
					   (long long)made.progress);
		return 0;
	}
	made.item.url = media_url_sign(at->arena, at->app->keys, at->app->config->server_public_url,
				       made.id, made.item.ext, at->expires_us);
	made.item.media_id = source_id;
	made.item.path = media_path(at->arena, at->app->config, at->q->workspace, made.item.sha256);
	*ret = made.item;
	return 1;
}

/* What was made of it takes its place. */
static int convert(struct placing *at, const char *name, struct media_item *m,
		   const struct recipe *recipe, struct problem *reterr)
{
	const char *alt_text = m->alt_text;
	const int got = make(at, name, m->media_id, recipe, m, reterr);

	m->alt_text = alt_text;
	return got < 0 ? -1 : 0;
}

static int place_item(struct placing *at, const char *name, struct media_item *m,
		      struct problem *reterr)
{
	struct recipe recipe;

	if (m->state != MEDIA_READY || !m->ext)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "%s is not usable media", name);
	if (m->url) /* made for this very post */
		return 0;
	platform_fit(at->platform, m, &recipe);
	m->url = media_url_sign(at->arena, at->app->keys, at->app->config->server_public_url,
				m->media_id, m->ext, at->expires_us);
	if (recipe.kind != RECIPE_NONE && convert(at, name, m, &recipe, reterr) < 0)
		return -1;
	m->path = media_path(at->arena, at->app->config, at->q->workspace, m->sha256);
	return 0;
}

static int place_media(struct placing *at, struct publication *p, struct problem *reterr)
{
	for (size_t i = 0; i < p->media_n; i++) {
		const char *name = arena_printf(at->arena, "item %zu of %zu", i + 1, p->media_n);

		if (place_item(at, name, &p->media[i], reterr) < 0)
			return -1;
	}
	return p->cover ? place_item(at, "the cover", p->cover, reterr) : 0;
}

static int find_cover(const struct app *app, const char *ws, struct publication *p, struct arena *a,
		      struct problem *reterr)
{
	const char *id = json_string_value(json_object_get(p->options, "cover_media_id"));
	struct media *m = arena_alloc(a, sizeof(*m));

	if (!id)
		return 0;
	if (store_media_get(app->db, ws, id, a, m, reterr) < 0)
		return reterr->kind == PROBLEM_NOT_FOUND
			       ? problem_set(reterr, PROBLEM_MEDIA_REJECTED,
					     "the cover %.64s does not exist", id)
			       : -1;
	if (m->item.state == MEDIA_READY && m->item.kind != MEDIA_IMAGE)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "the cover is no image");
	p->cover = &m->item;
	return 0;
}

/* All media as one video, where that is wanted. */
static int place_show(struct placing *at, struct publication *p, struct problem *reterr)
{
	struct media_item video;
	struct recipe recipe;
	int got;

	platform_render(at->platform, p, &recipe);
	if (recipe.kind == RECIPE_NONE)
		return 0;
	got = make(at, recipe.kind == RECIPE_SLIDESHOW ? "the slideshow" : "the video",
		   p->media[0].media_id, &recipe, &video, reterr);
	if (got == 1)
		platform_rendered(p, &video);
	return got < 0 ? -1 : 0;
}

/* Whether it has come from where it is fetched; at->waiting says if it has not yet. */
static int look_for(struct placing *at, const char *name, const char *media_id,
		    enum media_state state, struct problem *reterr)
{
	struct media m;

	if (state == MEDIA_READY)
		return 0;
	if (store_media_get(at->app->db, at->q->workspace, media_id, at->arena, &m, reterr) < 0)
		return -1;
	if (m.item.state == MEDIA_FAILED)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "%s cannot be used: %.250s",
				   name, m.error ? m.error : "it could not be fetched");
	/* It may have come since: the next look takes it as it is then. */
	at->waiting = arena_printf(at->arena, "media: fetching %s", name);
	return store_fetches_hasten(at->app->db, at->q->workspace, media_id, at->q->post.due_us,
				    reterr);
}

static int look_for_sound(struct placing *at, const struct publication *p, struct problem *reterr)
{
	const char *id = json_string_value(json_object_get(p->options, "sound_media_id"));
	struct media m;

	if (!id)
		return 0;
	if (store_media_get(at->app->db, at->q->workspace, id, at->arena, &m, reterr) < 0)
		return reterr->kind == PROBLEM_NOT_FOUND
			       ? problem_set(reterr, PROBLEM_MEDIA_REJECTED,
					     "the sound %.64s does not exist", id)
			       : -1;
	return look_for(at, "the sound", id, m.item.state, reterr);
}

/* Everything that is not here yet is hastened, and what has failed is told before any work. */
static int look_for_all(struct placing *at, const struct publication *p, struct problem *reterr)
{
	for (size_t i = 0; i < p->media_n; i++) {
		const char *name = arena_printf(at->arena, "item %zu of %zu", i + 1, p->media_n);

		if (look_for(at, name, p->media[i].media_id, p->media[i].state, reterr) < 0)
			return -1;
	}
	if (p->cover && look_for(at, "the cover", p->cover->media_id, p->cover->state, reterr) < 0)
		return -1;
	return look_for_sound(at, p, reterr);
}

/* What was on its way when the content was approved had no kind yet. */
static int check_shape(const struct publication *p, struct problem *reterr)
{
	struct problem wrong = { .kind = PROBLEM_NONE };

	if (content_check_shape(p->kind, p->media, p->media_n, &wrong) == 0)
		return 0;
	return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "the media do not fit the content: %s",
			   wrong.items[0].detail);
}

static int place(struct placing *at, struct publication *p, struct problem *reterr)
{
	if (find_cover(at->app, at->q->workspace, p, at->arena, reterr) < 0 ||
	    look_for_all(at, p, reterr) < 0)
		return -1;
	if (at->waiting)
		return 0;
	if (check_shape(p, reterr) < 0 || place_show(at, p, reterr) < 0)
		return -1;
	return at->waiting ? 0 : place_media(at, p, reterr);
}

/* Everything is in its place: what it says, and its hash. */
static void seal(const struct queue_post *q, struct arena *a, struct snapshot *s)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	print_text(q, &s->post, &text);
	s->text = arena_strdup(a, text.p);
	digest_sha256(text.p, text.len, s->hash);
}

int snapshot_build(const struct app *app, const struct queue_post *q,
		   const struct platform *platform, struct arena *a, struct snapshot *ret,
		   struct problem *reterr)
{
	struct snapshot s = { .text = NULL };
	struct platform_app settings;
	struct placing at = {
		app, q, &settings, a, clock_real_us() + app->config->media_url_life_s * US_PER_S,
		NULL
	};
	struct content c;
	int placed;

	if (q->content)
		c = *q->content;
	else if (store_content_get(app->db, q->workspace, q->post.content_id, a, &c, reterr) < 0)
		return -1;
	if (!content_is_publishable(&c) || c.revision != q->post.content_revision)
		return problem_set(reterr, PROBLEM_NOT_APPROVED, "the content is not approved");
	if (publication_build(&c, platform->id, q->post.overrides, a, &s.post, reterr) < 0)
		return -1;
	platform_app_plain(&settings, a, app->config, platform, q->post.livemode);
	placed = place(&at, &s.post, reterr);
	if (placed < 0 || at.waiting) {
		snapshot_done(&s);
		if (placed == 0)
			ret->waiting_for = at.waiting;
		return placed < 0 ? -1 : 1;
	}
	seal(q, a, &s);
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

static void restore_item(const struct app *app, const struct queue_post *q, const json_t *o,
			 struct arena *a, struct media_item *ret)
{
	const char *hex = json_string_value(json_object_get(o, "sha256"));
	const int kind = media_kind_parse(json_string_value(json_object_get(o, "kind")));

	ret->media_id = text_of(o, "media_id", a);
	ret->kind = kind < 0 ? MEDIA_IMAGE : (enum media_kind)kind;
	ret->mime = text_of(o, "mime", a);
	ret->ext = text_of(o, "ext", a);
	ret->bytes = json_integer_value(json_object_get(o, "bytes"));
	ret->width = int_of(o, "width");
	ret->height = int_of(o, "height");
	ret->duration_ms = int_of(o, "duration_ms");
	ret->alt_text = text_of(o, "alt_text", a);
	if (hex && strlen(hex) < sizeof(ret->sha256))
		memcpy(ret->sha256, hex, strlen(hex));
	ret->path = media_path(a, app->config, q->workspace, ret->sha256);
}

static void restore_media(const struct app *app, const struct queue_post *q, const json_t *snapshot,
			  struct arena *a, struct publication *ret)
{
	const json_t *list = json_object_get(snapshot, "media");
	const json_t *cover = json_object_get(snapshot, "cover");

	ret->media_n = json_array_size(list);
	ret->media = arena_array(a, ret->media_n, sizeof(*ret->media));
	for (size_t i = 0; i < ret->media_n; i++)
		restore_item(app, q, json_array_get(list, i), a, &ret->media[i]);
	if (!cover)
		return;
	ret->cover = arena_array(a, 1, sizeof(*ret->cover));
	restore_item(app, q, cover, a, ret->cover);
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
	restore_media(app, q, o, a, &s.post);
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

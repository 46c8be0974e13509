/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses: creation with all that it refuses, the keys that make it repeatable, deletion. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "sandbox/md.h"
#include "sandbox/state.h"
#include "json/keep.h"

#define HANG_MS     200000
#define KEY_LIFE_US (3600 * US_PER_S)
#define WINDOW_US   (10800 * US_PER_S)
#define MEDIA_MAX   4
#define SCOPE       "write:statuses"

struct draft {
	struct account *account;
	struct md_status status;
	const char *key; /* "account/Idempotency-Key"; NULL none */
};

static bool invalid(struct exchange *ex, const char *words)
{
	return sandbox_md_error(ex, 422, arena_printf(ex->arena, "Validation failed: %s", words));
}

static const char *kept_text(struct exchange *ex, const json_t *in, const char *name)
{
	const char *text = json_string_value(json_object_get(in, name));

	return text != NULL && *text != '\0' ? arena_strdup(ex->world->arena, text) : NULL;
}

/* Without the blanks around it. */
static const char *trimmed(struct arena *a, const char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	return arena_strndup(a, text, n);
}

/* A warning alone becomes the text. */
static bool draft_text(struct exchange *ex, const json_t *in, struct draft *d)
{
	struct arena *a = ex->world->arena;
	const json_t *text = json_object_get(in, "status");
	const char *warning = kept_text(ex, in, "spoiler_text");

	if (text != NULL && !json_is_string(text))
		return invalid(ex, "Text is invalid");
	d->status.text = trimmed(a, text != NULL ? json_string_value(text) : "");
	d->status.warning = warning != NULL ? trimmed(a, warning) : "";
	if (*d->status.text == '\0') {
		d->status.text = d->status.warning;
		d->status.warning = "";
	}
	d->status.is_sensitive =
		json_is_true(json_object_get(in, "sensitive")) || *d->status.warning != '\0';
	if (*d->status.text == '\0' && json_array_size(json_object_get(in, "media_ids")) == 0)
		return invalid(ex, "Text can't be blank");
	if (sandbox_md_length(ex->arena, d->status.text) +
		    sandbox_md_length(ex->arena, d->status.warning) >
	    (size_t)sandbox_md_state(ex->world)->characters)
		return invalid(ex,
			       arena_printf(ex->arena, "Text character limit of %lld exceeded",
					    (long long)sandbox_md_state(ex->world)->characters));
	return true;
}

static bool media_add(struct exchange *ex, struct draft *d, const char *id)
{
	struct md_media *m =
		id != NULL ? sandbox_map_get(&sandbox_md_state(ex->world)->media, id) : NULL;

	if (!sandbox_md_media_is_there(ex->world, m, d->account))
		return sandbox_md_error(ex, 422,
					arena_printf(ex->arena,
						     "Media %s not found or already attached to "
						     "another post",
						     id != NULL ? id : ""));
	sandbox_list_add(&d->status.media, m);
	return true;
}

static bool draft_media(struct exchange *ex, const json_t *in, struct draft *d)
{
	const json_t *ids = json_object_get(in, "media_ids"), *id;
	bool is_done = true;
	size_t videos = 0, i;

	d->status.media = sandbox_list_new(ex->world->arena);
	if (json_array_size(ids) > MEDIA_MAX ||
	    (json_array_size(ids) > 0 && json_object_get(in, "poll") != NULL))
		return sandbox_md_error(ex, 422, "Cannot attach more than 4 files");
	json_array_foreach(ids, i, id) {
		if (!media_add(ex, d, json_string_value(id)))
			return false;
	}
	for (i = 0; i < d->status.media.n; i++) {
		const struct md_media *m = d->status.media.v[i];

		videos += strcmp(m->type, "video") == 0 ? 1 : 0;
		is_done &= sandbox_md_media_is_done(ex->world, m);
	}
	if (videos > 0 && d->status.media.n > 1)
		return sandbox_md_error(
			ex, 422, "Cannot attach a video to a post that already contains images");
	if (!is_done)
		return sandbox_md_error(ex, 422,
					"Cannot attach files that have not finished processing. "
					"Try again in a moment!");
	return true;
}

static bool draft_refs(struct exchange *ex, const json_t *in, struct draft *d)
{
	static const char *const visibilities[] = { "public", "unlisted", "private", "direct" };
	const char *to = kept_text(ex, in, "in_reply_to_id");
	const char *visibility = kept_text(ex, in, "visibility");
	const struct object *target =
		to != NULL ? sandbox_world_object(ex->world, &sandbox_mastodon, to) : NULL;
	bool is_known = visibility == NULL;

	if (to != NULL && (target == NULL || target->is_deleted))
		return sandbox_md_error(
			ex, 404, "The post you are trying to reply to does not appear to exist.");
	for (size_t i = 0; !is_known && i < ARRAY_LEN(visibilities); i++)
		is_known = strcmp(visibility, visibilities[i]) == 0;
	if (!is_known)
		return invalid(ex, "Visibility is not included in the list");
	d->status.reply_to = to;
	d->status.visibility = visibility != NULL ? visibility : "public";
	d->status.language = kept_text(ex, in, "language");
	return true;
}

static bool draft_poll(struct exchange *ex, const json_t *in, struct draft *d)
{
	const json_t *poll = json_object_get(in, "poll"), *option;
	const json_t *options = json_object_get(poll, "options");
	const int64_t life_s = json_integer_value(json_object_get(poll, "expires_in"));
	size_t i;

	if (poll == NULL)
		return true;
	if (json_array_size(options) < 2)
		return invalid(ex, "Poll options must be more than one item");
	if (json_array_size(options) > 4)
		return invalid(ex, "Poll options can't contain more than 4 items");
	json_array_foreach(options, i, option) {
		const char *text = json_string_value(option);

		if (text == NULL || *text == '\0' || utf8_points(text) > 50)
			return invalid(ex, "Poll options can't be longer than 50 characters each");
	}
	if (life_s < 300 || life_s > 2629746)
		return invalid(ex, "Poll expires at is too soon or too far into the future");
	d->status.poll = json_deep_copy(poll);
	(void)json_keep(ex->world->arena, d->status.poll);
	return true;
}

/* What came beside the text, and the descriptions, for the truth log. */
static const char *options_text(struct world *w, const json_t *in, const struct draft *d)
{
	json_t *out = json_deep_copy(in), *alts = json_array();
	char *text;
	const char *kept;

	for (size_t i = 0; i < d->status.media.n; i++) {
		const struct md_media *m = d->status.media.v[i];

		json_array_append_new(alts, m->description != NULL ? json_string(m->description)
								   : json_null());
	}
	json_object_set_new(out, "alt_texts", alts);
	json_object_del(out, "status");
	json_object_del(out, "media_ids");
	if (*d->status.warning == '\0') /* it became the text */
		json_object_del(out, "spoiler_text");
	text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
	kept = arena_strdup(w->arena, text);
	free(text);
	json_decref(out);
	return kept;
}

static struct object *status_make(struct exchange *ex, const json_t *in, const struct draft *d)
{
	struct world *w = ex->world;
	struct object *o = arena_alloc(w->arena, sizeof(*o));
	struct md_status *s = arena_alloc(w->arena, sizeof(*s));
	const json_t *lag = sandbox_faults_hit(ex, "list.lag");

	*s = d->status;
	o->platform = &sandbox_mastodon;
	o->account = d->account;
	o->id = sandbox_md_snowflake(w);
	o->kind = s->media.n == 0 ? "text" : "media";
	o->caption = s->text;
	o->options = options_text(w, in, d);
	o->container = arena_strdup(w->arena, d->key);
	o->code = o->id;
	o->media = sandbox_list_new(w->arena);
	for (size_t i = 0; i < s->media.n; i++) {
		struct md_media *m = s->media.v[i];

		m->is_attached = true;
		sandbox_list_add(&o->media, &m->fact);
	}
	o->comments = sandbox_list_new(w->arena);
	o->created_us = sandbox_world_now(w);
	o->listed_us = o->created_us +
		       sandbox_faults_int(lag, "ms", w->settings.listing_lag_ms) * US_PER_MS;
	o->ends_us = INSTANT_NONE;
	o->extra = s;
	return o;
}

static const char *option(const json_t *options, const char *name, const char *fallback)
{
	const char *text = json_string_value(json_object_get(options, name));

	return text != NULL ? text : fallback;
}

static struct list media_again(struct world *w, const struct object *o)
{
	struct list media = sandbox_list_new(w->arena);

	for (size_t i = 0; i < o->media.n; i++) {
		struct md_media *m = arena_alloc(w->arena, sizeof(*m));

		m->fact = *(struct media_fact *)o->media.v[i];
		m->id = sandbox_md_snowflake(w);
		m->type = strncmp(m->fact.mime, "video/", 6) == 0 ? "video" : "image";
		m->ready_us = INSTANT_NONE;
		sandbox_list_add(&media, m);
	}
	return media;
}

static struct md_status *status_again(struct world *w, const struct object *o)
{
	struct md_status *s = arena_alloc(w->arena, sizeof(*s));
	const char *text = o->options != NULL ? o->options : "{}";
	const json_t *options = json_keep(w->arena, json_loads(text, 0, NULL));

	s->text = o->caption != NULL ? o->caption : "";
	s->warning = option(options, "spoiler_text", "");
	s->visibility = option(options, "visibility", "public");
	s->language = option(options, "language", NULL);
	s->reply_to = option(options, "in_reply_to_id", NULL);
	s->is_sensitive =
		json_is_true(json_object_get(options, "sensitive")) || *s->warning != '\0';
	s->poll = json_object_get(options, "poll");
	s->media = media_again(w, o);
	return s;
}

/* After a restart: uploads that were not posted yet are forgotten, keys are not. */
void sandbox_md_loaded(struct world *w)
{
	for (size_t i = 0; i < w->objects_list.n; i++) {
		struct object *o = w->objects_list.v[i];

		if (o->platform != &sandbox_mastodon || o->extra != NULL)
			continue;
		o->extra = status_again(w, o);
		if (o->container != NULL)
			sandbox_map_put(&sandbox_md_state(w)->keys, o->container, o);
	}
}

/* Drawn before the commit, so that the truth line names the fault; borrowed params or NULL. */
struct fate {
	const json_t *broken, *drop, *hang;
};

static void status_commit(struct exchange *ex, const json_t *in, const struct draft *d)
{
	struct object *o = status_make(ex, in, d);
	const struct fate fate = { sandbox_faults_hit(ex, "statuses.commit_then_5xx"),
				   sandbox_faults_hit(ex, "statuses.commit_then_drop"),
				   sandbox_faults_hit(ex, "statuses.commit_then_hang") };

	if (!sandbox_world_publish(ex, o)) {
		sandbox_md_error(ex, 503, "There was a temporary problem serving your request");
		return;
	}
	if (o->container != NULL)
		sandbox_map_put(&sandbox_md_state(ex->world)->keys, o->container, o);
	sandbox_exchange_json(ex, 200, sandbox_md_status_json(ex, o));
	if (fate.broken != NULL)
		sandbox_md_error(ex, 503, "There was a temporary problem serving your request");
	if (fate.drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
	if (fate.hang != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(fate.hang, "ms", HANG_MS));
}

static bool faults_before(struct exchange *ex)
{
	if (sandbox_faults_hit(ex, "statuses.drop_before_commit") != NULL) {
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
		return false;
	}
	if (sandbox_faults_hit(ex, "statuses.5xx") != NULL)
		return sandbox_md_error(ex, 503,
					"There was a temporary problem serving your request");
	return true;
}

/* What was made with this key within the hour; NULL: nothing. */
static struct object *made_before(struct exchange *ex, struct draft *d)
{
	const struct md_state *state = sandbox_md_state(ex->world);
	const char *key = sandbox_exchange_header(ex, "Idempotency-Key");
	struct object *o;

	if (key == NULL)
		return NULL;
	d->key = arena_printf(ex->arena, "%s/%s", d->account->id, key);
	o = state->ignores_keys ? NULL : sandbox_map_get(&state->keys, d->key);
	return o != NULL && sandbox_world_now(ex->world) - o->created_us < KEY_LIFE_US ? o : NULL;
}

static bool is_within_limit(struct exchange *ex, const struct account *a)
{
	const int64_t now_us = sandbox_world_now(ex->world);
	const int64_t most = sandbox_md_state(ex->world)->statuses_limit;
	int64_t used = 0, oldest_us = now_us;

	for (size_t i = a->objects.n; i-- > 0 && used < most;) {
		const struct object *o = a->objects.v[i];

		if (o->created_us <= now_us - WINDOW_US)
			break;
		oldest_us = o->created_us;
		used++;
	}
	sandbox_md_limit(ex, used < most ? most - used - 1 : 0, oldest_us + WINDOW_US - now_us);
	return used < most || sandbox_md_error(ex, 429, "Too many requests");
}

static void status_new(struct exchange *ex, const json_t *in, struct draft *d)
{
	const struct object *before = made_before(ex, d);

	if (before != NULL && before->is_deleted)
		sandbox_md_error(ex, 404, "Record not found");
	else if (before != NULL)
		sandbox_exchange_json(ex, 200, sandbox_md_status_json(ex, before));
	else if (is_within_limit(ex, d->account) && draft_text(ex, in, d) &&
		 draft_media(ex, in, d) && draft_refs(ex, in, d) && draft_poll(ex, in, d))
		status_commit(ex, in, d);
}

void sandbox_md_post(struct exchange *ex)
{
	struct draft d = { .account = sandbox_md_enter(ex, SCOPE) };
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	json_t *in = NULL;

	if (d.account == NULL || !faults_before(ex))
		return;
	if (type != NULL && strncasecmp(type, "application/json", 16) == 0)
		in = json_loadb(ex->body.p, ex->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(in))
		status_new(ex, in, &d);
	else
		sandbox_md_error(ex, 400, "There was a problem in the JSON you submitted");
	json_decref(in);
}

void sandbox_md_delete(struct exchange *ex)
{
	const struct account *a = sandbox_md_enter(ex, SCOPE);
	struct object *o = sandbox_world_object(ex->world, &sandbox_mastodon, ex->captures[0]);

	if (a == NULL)
		return;
	if (o == NULL || o->is_deleted || o->account != a) {
		sandbox_md_error(ex, 404, "Record not found");
		return;
	}
	sandbox_world_delete(ex, o);
	sandbox_exchange_json(ex, 200, sandbox_md_status_json(ex, o));
}

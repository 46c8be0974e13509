/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses as the server shows them: one, an account's list, as written, and its page. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "sandbox/md.h"
#include "sandbox/reaction.h"

#define PAGE_USUAL 20
#define PAGE_MOST  40
#define SCOPE      "read:statuses"

static json_t *poll_json(const struct object *o, const json_t *poll)
{
	json_t *options = json_array();
	const json_t *option;
	size_t i;

	json_array_foreach(json_object_get(poll, "options"), i, option)
		json_array_append_new(options,
				      json_pack("{s:O,s:i}", "title", option, "votes_count", 0));
	return json_pack("{s:s,s:b,s:b,s:i,s:o,s:[]}", "id", o->id, "expired", false, "multiple",
			 json_is_true(json_object_get(poll, "multiple")), "votes_count", 0,
			 "options", options, "emojis");
}

static json_t *attachments_json(struct exchange *ex, const struct md_status *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->media.n; i++)
		json_array_append_new(out, sandbox_md_media_json(ex, s->media.v[i]));
	return out;
}

/* A quote counts by itself; together they are what was passed on. */
static void add_counts(const struct object *o, json_t *out)
{
	const struct reaction r = sandbox_reaction(o);

	json_object_set_new(out, "favourites_count", json_integer((json_int_t)r.likes));
	json_object_set_new(out, "replies_count", json_integer((json_int_t)r.comments));
	json_object_set_new(out, "reblogs_count", json_integer((json_int_t)(r.shares - 1)));
	json_object_set_new(out, "quotes_count", json_integer(1));
}

static const char *address_of(struct exchange *ex, const struct object *o)
{
	return arena_printf(ex->arena, "%s/@%s/%s", ex->base_url, o->account->username, o->id);
}

json_t *sandbox_md_status_json(struct exchange *ex, const struct object *o)
{
	const struct md_status *s = o->extra;
	char at[RFC3339_MAX];
	json_t *out;

	rfc3339_print_ms(o->created_us, at);
	out = json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:s?,s:s?,s:o,s:o,s:n,s:n,s:[],s:[],s:[]}", "id",
		o->id, "created_at", at, "uri", address_of(ex, o), "url", address_of(ex, o),
		"content", sandbox_md_html(ex, s->text), "spoiler_text", s->warning, "visibility",
		s->visibility, "sensitive", s->is_sensitive, "language", s->language,
		"in_reply_to_id", s->reply_to, "media_attachments", attachments_json(ex, s),
		"account", sandbox_md_account_json(ex, o->account), "reblog", "edited_at",
		"mentions", "tags", "emojis");
	json_object_set_new(out, "poll", s->poll != NULL ? poll_json(o, s->poll) : json_null());
	add_counts(o, out);
	return out;
}

/* Ids are numbers: more digits, then the greater ones. */
static bool is_below(const char *id, const char *than)
{
	const size_t a = strlen(id), b = strlen(than);

	return a != b ? a < b : strcmp(id, than) < 0;
}

static bool flag(const struct exchange *ex, const char *name)
{
	const char *text = sandbox_exchange_param(ex, name);

	return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

static bool is_listed(const struct exchange *ex, const struct object *o)
{
	const char *max = sandbox_exchange_param(ex, "max_id");
	const char *since = sandbox_exchange_param(ex, "since_id");
	const struct md_status *s = o->extra;

	if (o->is_deleted || o->listed_us > sandbox_world_now(ex->world) ||
	    (max != NULL && !is_below(o->id, max)) || (since != NULL && !is_below(since, o->id)))
		return false;
	return (!flag(ex, "exclude_replies") || s->reply_to == NULL) &&
	       (!flag(ex, "only_media") || s->media.n > 0);
}

/* Where the next page is, as the server says it. */
static void add_link(struct exchange *ex, const json_t *rows)
{
	const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
	const char *id = json_string_value(json_object_get(last, "id"));

	if (id != NULL)
		sandbox_exchange_add_header(
			ex, "Link",
			arena_printf(ex->arena,
				     "<%s/api/v1/accounts/%s/statuses?max_id=%s>; rel=\"next\"",
				     ex->base_url, ex->captures[0], id));
}

void sandbox_md_list(struct exchange *ex)
{
	const char *limit = sandbox_exchange_param(ex, "limit");
	const size_t wanted = limit != NULL ? (size_t)strtoul(limit, NULL, 10) : PAGE_USUAL;
	const size_t most = wanted < 1 || wanted > PAGE_MOST ? PAGE_MOST : wanted;
	const struct account *a = sandbox_md_enter(ex, SCOPE);
	json_t *rows;

	if (a == NULL)
		return;
	a = sandbox_world_account(ex->world, &sandbox_mastodon, ex->captures[0]);
	if (a == NULL) {
		sandbox_md_error(ex, 404, "Record not found");
		return;
	}
	rows = json_array();
	for (size_t i = a->objects.n; i-- > 0 && json_array_size(rows) < most;) {
		if (is_listed(ex, a->objects.v[i]))
			json_array_append_new(rows, sandbox_md_status_json(ex, a->objects.v[i]));
	}
	if (json_array_size(rows) > 0 && sandbox_faults_hit(ex, "list.missing_row") != NULL)
		json_array_remove(rows, 0);
	add_link(ex, rows);
	sandbox_exchange_json(ex, 200, rows);
}

static const struct object *object_of(struct exchange *ex)
{
	const struct account *a = sandbox_md_enter(ex, SCOPE);
	const struct object *o =
		sandbox_world_object(ex->world, &sandbox_mastodon, ex->captures[0]);

	if (a == NULL)
		return NULL;
	if (o != NULL && !o->is_deleted)
		return o;
	sandbox_md_error(ex, 404, "Record not found");
	return NULL;
}

void sandbox_md_status(struct exchange *ex)
{
	const struct object *o = object_of(ex);

	if (o != NULL)
		sandbox_exchange_json(ex, 200, sandbox_md_status_json(ex, o));
}

void sandbox_md_source(struct exchange *ex)
{
	const struct object *o = object_of(ex);
	const struct md_status *s = o != NULL ? o->extra : NULL;

	if (o != NULL)
		sandbox_exchange_json(ex, 200,
				      json_pack("{s:s,s:s,s:s}", "id", o->id, "text", s->text,
						"spoiler_text", s->warning));
}

void sandbox_md_page(struct exchange *ex)
{
	const struct object *o =
		sandbox_world_object(ex->world, &sandbox_mastodon, ex->captures[1]);
	CLEANUP(buf_done) struct buf page = BUF_INIT;

	if (o == NULL || o->is_deleted) {
		sandbox_exchange_html(
			ex, 404,
			"<!DOCTYPE html><title>Not found</title><h1>Nothing to see here</h1>");
		return;
	}
	buf_printf(&page,
		   "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>@%s</title></head>"
		   "<body><h1>@%s</h1><div>%s</div></body></html>",
		   o->account->username, o->account->username,
		   sandbox_md_html(ex, ((const struct md_status *)o->extra)->text));
	sandbox_exchange_html(ex, 200, page.p);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How what all platforms share is written down and made again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/params.h"
#include "sandbox/state.h"
#include "sandbox/world.h"

struct seed {
	struct record record;
	const struct sandbox_platform *platform;
	const char *text;
	uint64_t next_id; /* before it was sown, so that ids that were left out come out the same */
};

const char *sandbox_state_text(struct world *w, const json_t *in, const char *name)
{
	return arena_strdup(w->arena, json_string_value(json_object_get(in, name)));
}

int64_t sandbox_state_int(const json_t *in, const char *name)
{
	return json_integer_value(json_object_get(in, name));
}

bool sandbox_state_bool(const json_t *in, const char *name)
{
	return json_is_true(json_object_get(in, name));
}

json_t *sandbox_state_texts_save(const struct list *texts)
{
	json_t *out = json_array();

	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(out, json_string(texts->v[i]));
	return out;
}

void sandbox_state_texts_load(struct list *to, const json_t *in)
{
	for (size_t i = 0; i < json_array_size(in); i++)
		if (json_is_string(json_array_get(in, i)))
			sandbox_list_add_text(to, json_string_value(json_array_get(in, i)));
}

json_t *sandbox_state_media_save(const struct list *media)
{
	json_t *out = json_array();

	for (size_t i = 0; i < media->n; i++) {
		const struct media_fact *f = media->v[i];

		json_array_append_new(out, json_pack("{s:s,s:I,s:s,s:s?}", "sha256", f->sha256,
						     "bytes", (json_int_t)f->bytes, "mime", f->mime,
						     "url", f->url));
	}
	return out;
}

void sandbox_state_media_load(struct world *w, struct list *to, const json_t *in)
{
	for (size_t i = 0; i < json_array_size(in); i++) {
		const json_t *row = json_array_get(in, i);
		const char *sha256 = json_string_value(json_object_get(row, "sha256"));
		struct media_fact *f = arena_alloc(w->arena, sizeof(*f));

		snprintf(f->sha256, sizeof(f->sha256), "%s", sha256 != NULL ? sha256 : "");
		f->bytes = (uint64_t)sandbox_state_int(row, "bytes");
		f->mime = sandbox_state_text(w, row, "mime");
		f->url = sandbox_state_text(w, row, "url");
		sandbox_list_add(to, f);
	}
}

static const struct sandbox_platform *platform_load(const json_t *in)
{
	const char *name = json_string_value(json_object_get(in, "platform"));

	return name != NULL ? sandbox_platform_find(name, strlen(name)) : NULL;
}

static json_t *app_save(const struct record *r)
{
	const struct app *app = (const struct app *)r;

	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:b,s:s?}", "platform", app->platform->name, "id",
			 app->client_id, "secret", app->secret, "name", app->name, "redirects",
			 sandbox_state_texts_save(&app->redirects), "proof", app->needs_proof,
			 "scopes", app->scopes);
}

static struct record *app_load(struct world *w, const json_t *in)
{
	const struct sandbox_platform *p = platform_load(in);
	const char *id = sandbox_state_text(w, in, "id"),
		   *secret = sandbox_state_text(w, in, "secret"),
		   *name = sandbox_state_text(w, in, "name");
	struct app *app;

	if (p == NULL || id == NULL || secret == NULL || name == NULL)
		return NULL;
	app = sandbox_world_add_app(w, p, id, secret);
	app->name = name;
	app->needs_proof = sandbox_state_bool(in, "proof");
	app->scopes = sandbox_state_text(w, in, "scopes");
	app->redirects = sandbox_list_new(w->arena);
	sandbox_state_texts_load(&app->redirects, json_object_get(in, "redirects"));
	return &app->record;
}

const struct record_kind sandbox_record_app = { "app", app_save, app_load };

struct record *sandbox_state_seed_new(struct world *w, const char *platform, const json_t *in)
{
	struct seed *seed = arena_alloc(w->arena, sizeof(*seed));
	char *text = json_dumps(in, JSON_COMPACT);

	seed->record.kind = &sandbox_record_seed;
	seed->platform = sandbox_platform_find(platform, strlen(platform));
	seed->text = arena_strdup(w->arena, text);
	seed->next_id = w->next_id;
	free(text);
	return &seed->record;
}

static json_t *seed_save(const struct record *r)
{
	const struct seed *seed = (const struct seed *)r;

	return json_pack("{s:s,s:s,s:I}", "platform", seed->platform->name, "text", seed->text,
			 "next_id", (json_int_t)seed->next_id);
}

static struct record *seed_load(struct world *w, const json_t *in)
{
	const struct sandbox_platform *p = platform_load(in);
	const char *text = json_string_value(json_object_get(in, "text")), *why = NULL;
	json_t *world = text != NULL ? json_loads(text, 0, NULL) : NULL;
	struct record *r = NULL;

	w->next_id = (uint64_t)sandbox_state_int(in, "next_id");
	if (p != NULL && p->seed != NULL && world != NULL) {
		r = sandbox_state_seed_new(w, p->name, world);
		if (!p->seed(w, world, &why))
			r = NULL;
	}
	json_decref(world);
	return r;
}

const struct record_kind sandbox_record_seed = { "seed", seed_save, seed_load };

static json_t *grant_save(const struct record *r)
{
	const struct grant *g = (const struct grant *)r;

	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:b}", "platform", g->app->platform->name,
			 "app", g->app->client_id, "realm", g->person->realm, "person",
			 g->person->id, "granted", sandbox_state_texts_save(&g->granted),
			 "declined", sandbox_state_texts_save(&g->declined), "chosen",
			 sandbox_state_texts_save(&g->chosen), "removed", g->is_removed);
}

static struct record *grant_load(struct world *w, const json_t *in)
{
	const struct sandbox_platform *p = platform_load(in);
	struct app *app;
	struct person *person;
	struct grant *g;

	if (p == NULL)
		return NULL;
	app = sandbox_world_app(w, p, json_string_value(json_object_get(in, "app")));
	person = sandbox_world_person(w, p, json_string_value(json_object_get(in, "realm")),
				      json_string_value(json_object_get(in, "person")));
	if (app == NULL || person == NULL)
		return NULL;
	g = sandbox_world_add_grant(w, app, person);
	sandbox_state_texts_load(&g->granted, json_object_get(in, "granted"));
	sandbox_state_texts_load(&g->declined, json_object_get(in, "declined"));
	sandbox_state_texts_load(&g->chosen, json_object_get(in, "chosen"));
	g->is_removed = sandbox_state_bool(in, "removed");
	return &g->record;
}

const struct record_kind sandbox_record_grant = { "grant", grant_save, grant_load };

static struct grant *grant_find(const struct world *w, const json_t *in)
{
	return sandbox_state_find(w, (uint64_t)sandbox_state_int(in, "grant"),
				  &sandbox_record_grant);
}

static json_t *code_save(const struct record *r)
{
	const struct code *c = (const struct code *)r;

	return json_pack("{s:s,s:s,s:I,s:I,s:b,s:s?,s:s?,s:s?}", "text", c->text, "redirect",
			 c->redirect_uri, "grant", (json_int_t)c->grant->record.no, "expires_us",
			 (json_int_t)c->expires_us, "used", c->is_used, "challenge", c->challenge,
			 "method", c->challenge_method, "options", c->options);
}

static struct record *code_load(struct world *w, const json_t *in)
{
	struct code *c = arena_alloc(w->arena, sizeof(*c));

	c->record.kind = &sandbox_record_code;
	c->text = sandbox_state_text(w, in, "text");
	c->redirect_uri = sandbox_state_text(w, in, "redirect");
	c->grant = grant_find(w, in);
	c->expires_us = sandbox_state_int(in, "expires_us");
	c->is_used = sandbox_state_bool(in, "used");
	c->challenge = sandbox_state_text(w, in, "challenge");
	c->challenge_method = sandbox_state_text(w, in, "method");
	c->options = sandbox_state_text(w, in, "options");
	if (c->text == NULL || c->redirect_uri == NULL || c->grant == NULL)
		return NULL;
	sandbox_map_put(&w->codes, c->text, c);
	return &c->record;
}

const struct record_kind sandbox_record_code = { "code", code_save, code_load };

static json_t *token_save(const struct record *r)
{
	const struct token *t = (const struct token *)r;

	return json_pack("{s:s,s:i,s:I,s:s?,s:I,s:I,s:i,s:b,s:s?}", "text", t->text, "kind",
			 t->kind, "grant", (json_int_t)t->grant->record.no, "subject", t->subject,
			 "issued_us", (json_int_t)t->issued_us, "expires_us",
			 (json_int_t)t->expires_us, "dead", t->dead_reason, "by_hand",
			 t->is_expired_by_hand, "scopes", t->scopes);
}

static struct record *token_load(struct world *w, const json_t *in)
{
	struct token *t = arena_alloc(w->arena, sizeof(*t));

	t->record.kind = &sandbox_record_token;
	t->text = sandbox_state_text(w, in, "text");
	t->kind = (int)sandbox_state_int(in, "kind");
	t->grant = grant_find(w, in);
	t->subject = sandbox_state_text(w, in, "subject");
	t->scopes = sandbox_state_text(w, in, "scopes");
	t->issued_us = sandbox_state_int(in, "issued_us");
	t->expires_us = sandbox_state_int(in, "expires_us");
	t->dead_reason = (int)sandbox_state_int(in, "dead");
	t->is_expired_by_hand = sandbox_state_bool(in, "by_hand");
	if (t->text == NULL || t->grant == NULL)
		return NULL;
	t->platform = t->grant->app->platform;
	sandbox_map_put(&w->tokens, t->text, t);
	sandbox_list_add(&w->tokens_list, t);
	return &t->record;
}

const struct record_kind sandbox_record_token = { "token", token_save, token_load };

static json_t *comments_save(const struct list *comments)
{
	json_t *out = json_array();

	for (size_t i = 0; i < comments->n; i++) {
		const struct param *row = comments->v[i];

		json_array_append_new(out, json_pack("[s,s]", row->name, row->value));
	}
	return out;
}

static void comments_load(struct list *to, const json_t *in)
{
	for (size_t i = 0; i < json_array_size(in); i++) {
		const json_t *row = json_array_get(in, i);

		sandbox_params_add(to, json_string_value(json_array_get(row, 0)),
				   json_string_value(json_array_get(row, 1)));
	}
}

static json_t *object_save(const struct record *r)
{
	const struct object *o = (const struct object *)r;

	return json_pack("{s:s,s:s,s:s,s:s,s:s?,s:s?,s:s?,s:s?,s:o,s:o,s:I,s:I,s:I,s:b,s:I}",
			 "platform", o->platform->name, "account", o->account->id, "id", o->id,
			 "kind", o->kind, "caption", o->caption, "options", o->options, "container",
			 o->container, "code", o->code, "media",
			 sandbox_state_media_save(&o->media), "comments",
			 comments_save(&o->comments), "created_us", (json_int_t)o->created_us,
			 "listed_us", (json_int_t)o->listed_us, "ends_us", (json_int_t)o->ends_us,
			 "deleted", o->is_deleted, "req_no", (json_int_t)o->req_no);
}

static struct record *object_load(struct world *w, const json_t *in)
{
	struct object *o = arena_alloc(w->arena, sizeof(*o));

	o->record.kind = &sandbox_record_object;
	o->platform = platform_load(in);
	o->id = sandbox_state_text(w, in, "id");
	o->kind = sandbox_state_text(w, in, "kind");
	if (o->platform == NULL || o->id == NULL || o->kind == NULL)
		return NULL;
	o->account = sandbox_world_account(w, o->platform,
					   json_string_value(json_object_get(in, "account")));
	if (o->account == NULL)
		return NULL;
	o->caption = sandbox_state_text(w, in, "caption");
	o->options = sandbox_state_text(w, in, "options");
	o->container = sandbox_state_text(w, in, "container");
	o->code = sandbox_state_text(w, in, "code");
	o->media = sandbox_list_new(w->arena);
	sandbox_state_media_load(w, &o->media, json_object_get(in, "media"));
	o->comments = sandbox_list_new(w->arena);
	comments_load(&o->comments, json_object_get(in, "comments"));
	o->created_us = sandbox_state_int(in, "created_us");
	o->listed_us = sandbox_state_int(in, "listed_us");
	o->ends_us = sandbox_state_int(in, "ends_us");
	o->is_deleted = sandbox_state_bool(in, "deleted");
	o->req_no = (uint64_t)sandbox_state_int(in, "req_no");
	sandbox_world_add_object(w, o);
	return &o->record;
}

const struct record_kind sandbox_record_object = { "object", object_save, object_load };

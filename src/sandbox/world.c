/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/world.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "sandbox/truth.h"

static const struct settings settings_default = {
	.seed = 1,
	.image_delay_ms = 300,
	.video_delay_ms = 1500,
	.listing_lag_ms = 1000,
	.quota_total = 50,
	.container_limit = 400,
	.app_calls = 1000000,
	.account_calls = 1000000,
	.container_life_s = 86400,
	.code_life_s = 600,
	.short_life_s = 5108,
	.long_life_s = 5183944,
	.refresh_age_s = 86400,
	.fetch_timeout_ms = 20000,
	.strict_moov = 1,
	.consent = "manual",
};

static void world_init_tables(struct world *w)
{
	struct list *lists[] = { &w->records,
				 &w->dirty,
				 &w->apps,
				 &w->people,
				 &w->grants,
				 &w->tokens_list,
				 &w->accounts_list,
				 &w->objects_list,
				 &w->faults.rules,
				 &w->faults.plan.points,
				 NULL };
	struct map *maps[] = { &w->tokens,    &w->codes,      &w->accounts, &w->objects, &w->asks,
			       &w->endpoints, &w->faults_met, &w->fetches,  &w->turns,   NULL };

	for (size_t i = 0; lists[i] != NULL; i++)
		*lists[i] = sandbox_list_new(w->arena);
	for (size_t i = 0; maps[i] != NULL; i++)
		*maps[i] = sandbox_map_new(w->arena);
}

struct world *sandbox_world_new(struct sandbox *sb)
{
	struct world *w = alloc_zero(sizeof(*w));

	w->sandbox = sb;
	w->arena = arena_new();
	w->refs = 1;
	w->settings = settings_default;
	w->next_id = 1;
	w->requests = alloc_array(REQUESTS_KEPT, sizeof(*w->requests));
	world_init_tables(w);
	w->is_opening = true;
	for (size_t i = 0; sandbox_platforms[i] != NULL; i++)
		sandbox_platforms[i]->open(w);
	w->is_opening = false;
	return w;
}

void sandbox_world_hold(struct world *w)
{
	w->refs++;
}

void sandbox_world_release(struct world *w)
{
	if (--w->refs > 0)
		return;
	for (size_t i = 0; i < w->faults.rules.n; i++)
		json_decref(((struct fault_rule *)w->faults.rules.v[i])->params);
	arena_free(w->arena);
	free(w->requests);
	free(w);
}

int64_t sandbox_world_now(const struct world *w)
{
	return clock_real_us() + w->offset_us;
}

const char *sandbox_world_id(struct world *w, const char *prefix, int digits)
{
	return arena_printf(w->arena, "%s%0*llu", prefix, digits - (int)strlen(prefix),
			    (unsigned long long)w->next_id++);
}

const char *sandbox_world_secret(struct world *w, const char *prefix, size_t bytes)
{
	char text[TOKEN_TEXT_MAX(128)];

	random_token(text, bytes > 128 ? 128 : bytes);
	return arena_printf(w->arena, "%s%s", prefix, text);
}

struct app *sandbox_world_app(struct world *w, const struct sandbox_platform *p, const char *id)
{
	for (size_t i = 0; id != NULL && i < w->apps.n; i++) {
		struct app *app = w->apps.v[i];

		if (app->platform == p && strcmp(app->client_id, id) == 0)
			return app;
	}
	return NULL;
}

struct app *sandbox_world_add_app(struct world *w, const struct sandbox_platform *p, const char *id,
				  const char *secret)
{
	struct app *app = sandbox_world_app(w, p, id);

	if (app == NULL) {
		app = arena_alloc(w->arena, sizeof(*app));
		app->record.kind = &sandbox_record_app;
		app->platform = p;
		app->client_id = arena_strdup(w->arena, id);
		app->name = "Carillon";
		app->redirects = sandbox_list_new(w->arena);
		sandbox_list_add(&w->apps, app);
	}
	app->secret = arena_strdup(w->arena, secret);
	sandbox_state_touch(w, &app->record);
	return app;
}

static bool uri_is_loopback(const char *uri)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1", "[::1]" };
	const char *host = strstr(uri, "://");

	if (host == NULL || (strncmp(uri, "http://", 7) != 0 && strncmp(uri, "https://", 8) != 0))
		return false;
	host += 3;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		size_t n = strlen(hosts[i]);

		if (strncmp(host, hosts[i], n) == 0 && strchr(":/", host[n]) != NULL)
			return true;
	}
	return false;
}

bool sandbox_world_redirect_ok(const struct app *app, const char *uri)
{
	char tail[96];
	size_t uri_n = strlen(uri), tail_n;

	if (sandbox_list_has_text(&app->redirects, uri))
		return true;
	snprintf(tail, sizeof(tail), "/integrations/%s/callback", app->platform->name);
	tail_n = strlen(tail);
	return uri_n > tail_n && strcmp(uri + uri_n - tail_n, tail) == 0 && uri_is_loopback(uri);
}

struct person *sandbox_world_add_person(struct world *w, const struct sandbox_platform *p,
					const char *realm, const char *id, const char *name)
{
	struct person *person = arena_alloc(w->arena, sizeof(*person));

	person->platform = p;
	person->realm = realm;
	person->id = arena_strdup(w->arena, id);
	person->name = arena_strdup(w->arena, name);
	person->choices = sandbox_list_new(w->arena);
	sandbox_list_add(&w->people, person);
	return person;
}

struct person *sandbox_world_person(struct world *w, const struct sandbox_platform *p,
				    const char *realm, const char *id)
{
	for (size_t i = 0; i < w->people.n; i++) {
		struct person *person = w->people.v[i];

		if (person->platform != p || (realm != NULL && strcmp(person->realm, realm) != 0))
			continue;
		if (id == NULL || strcmp(person->id, id) == 0)
			return person;
	}
	return NULL;
}

struct grant *sandbox_world_grant(struct world *w, struct app *app, struct person *person)
{
	for (size_t i = 0; i < w->grants.n; i++) {
		struct grant *g = w->grants.v[i];

		if (g->app == app && g->person == person && !g->is_removed)
			return g;
	}
	return sandbox_world_add_grant(w, app, person);
}

struct grant *sandbox_world_add_grant(struct world *w, struct app *app, struct person *person)
{
	struct grant *g = arena_alloc(w->arena, sizeof(*g));

	g->record.kind = &sandbox_record_grant;
	g->app = app;
	g->person = person;
	g->granted = sandbox_list_new(w->arena);
	g->declined = sandbox_list_new(w->arena);
	g->chosen = sandbox_list_new(w->arena);
	sandbox_list_add(&w->grants, g);
	sandbox_state_touch(w, &g->record);
	return g;
}

struct code *sandbox_world_add_code(struct world *w, struct grant *g, const char *prefix,
				    const char *redirect_uri, int64_t life_s)
{
	struct code *code = arena_alloc(w->arena, sizeof(*code));

	code->record.kind = &sandbox_record_code;
	code->text = sandbox_world_secret(w, prefix, 64);
	code->redirect_uri = arena_strdup(w->arena, redirect_uri);
	code->grant = g;
	code->expires_us = sandbox_world_now(w) + life_s * US_PER_S;
	sandbox_map_put(&w->codes, code->text, code);
	sandbox_state_touch(w, &code->record);
	return code;
}

struct token *sandbox_world_add_token(struct world *w, struct grant *g, int kind,
				      const char *prefix, int64_t life_s)
{
	struct token *t = arena_alloc(w->arena, sizeof(*t));

	t->record.kind = &sandbox_record_token;
	t->platform = g->app->platform;
	t->text = sandbox_world_secret(w, prefix, 90);
	t->kind = kind;
	t->grant = g;
	t->issued_us = sandbox_world_now(w);
	t->expires_us = life_s > 0 ? t->issued_us + life_s * US_PER_S : INSTANT_NONE;
	sandbox_map_put(&w->tokens, t->text, t);
	sandbox_list_add(&w->tokens_list, t);
	sandbox_state_touch(w, &t->record);
	return t;
}

void sandbox_world_kill(struct world *w, struct token *t, int reason)
{
	if (reason != 0)
		t->dead_reason = reason;
	else
		t->is_expired_by_hand = true;
	sandbox_state_touch(w, &t->record);
}

static const char *world_key(struct arena *a, const struct sandbox_platform *p, const char *id)
{
	return arena_printf(a, "%s/%s", p->name, id);
}

static void *world_look_up(const struct map *m, const struct sandbox_platform *p, const char *id)
{
	char key[128];

	snprintf(key, sizeof(key), "%s/%s", p->name, id);
	return sandbox_map_get(m, key);
}

struct account *sandbox_world_account(struct world *w, const struct sandbox_platform *p,
				      const char *id)
{
	return world_look_up(&w->accounts, p, id);
}

struct account *sandbox_world_add_account(struct world *w, const struct sandbox_platform *p,
					  const char *id, const char *username, const char *name)
{
	struct account *a = sandbox_world_account(w, p, id);

	if (a == NULL) {
		a = arena_alloc(w->arena, sizeof(*a));
		a->platform = p;
		a->id = arena_strdup(w->arena, id);
		a->objects = sandbox_list_new(w->arena);
		a->spends = sandbox_list_new(w->arena);
		a->makes = sandbox_list_new(w->arena);
		sandbox_map_put(&w->accounts, world_key(w->arena, p, id), a);
		sandbox_list_add(&w->accounts_list, a);
	}
	a->username = arena_strdup(w->arena, username);
	a->name = arena_strdup(w->arena, name);
	return a;
}

size_t sandbox_world_in_day(const struct world *w, const struct list *instants, size_t *first)
{
	int64_t since = sandbox_world_now(w) - US_PER_DAY;

	while (*first < instants->n && *(const int64_t *)instants->v[*first] <= since)
		(*first)++;
	return instants->n - *first;
}

void sandbox_world_spend(struct world *w, struct list *instants)
{
	sandbox_world_spend_at(w, instants, sandbox_world_now(w));
}

void sandbox_world_spend_at(struct world *w, struct list *instants, int64_t at_us)
{
	int64_t *at = arena_alloc(w->arena, sizeof(*at));

	*at = at_us;
	sandbox_list_add(instants, at);
}

struct object *sandbox_world_object(struct world *w, const struct sandbox_platform *p,
				    const char *id)
{
	return world_look_up(&w->objects, p, id);
}

static json_t *truth_media(const struct object *o)
{
	json_t *media = json_array();

	for (size_t i = 0; i < o->media.n; i++) {
		const struct media_fact *f = o->media.v[i];

		json_array_append_new(media,
				      json_pack("{s:s,s:I,s:s}", "sha256", f->sha256, "bytes",
						(json_int_t)f->bytes, "mime", f->mime));
	}
	return media;
}

bool sandbox_world_tell(struct exchange *ex, const struct object *o, const char *event)
{
	json_t *line =
		json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s?,s:o,s:s?,s:s?,s:I,s:I,s:I,s:s?}", "t_us",
			  (json_int_t)clock_real_us(), "event", event, "platform",
			  o->platform->name, "account", o->account->id, "object_id", o->id, "kind",
			  o->kind, "caption", o->caption, "media", truth_media(o), "options",
			  o->options, "container", o->container, "conn", (json_int_t)ex->conn_no,
			  "req_no", (json_int_t)ex->req_no, "arrived_us", (json_int_t)ex->start_us,
			  "fault", ex->fault != NULL ? ex->fault : ex->planned);
	int r = line != NULL ? sandbox_truth_append(ex->sandbox->truth, line) : -1;

	json_decref(line);
	ex->truth_dirty = r == 0;
	return r == 0;
}

void sandbox_world_add_object(struct world *w, struct object *o)
{
	sandbox_map_put(&w->objects, world_key(w->arena, o->platform, o->id), o);
	sandbox_list_add(&w->objects_list, o);
	sandbox_list_add(&o->account->objects, o);
}

bool sandbox_world_publish(struct exchange *ex, struct object *o)
{
	if (!sandbox_world_tell(ex, o, "created"))
		return false;
	o->record.kind = &sandbox_record_object;
	o->req_no = ex->req_no;
	sandbox_world_add_object(ex->world, o);
	sandbox_state_touch(ex->world, &o->record);
	return true;
}

void sandbox_world_delete(struct exchange *ex, struct object *o)
{
	if (!sandbox_world_tell(ex, o, "deleted"))
		return;
	o->is_deleted = true;
	sandbox_state_touch(ex->world, &o->record);
}

uint64_t *sandbox_world_counter(struct world *w, struct map *m, const char *key)
{
	uint64_t *n = sandbox_map_get(m, key);

	if (n == NULL) {
		n = arena_alloc(w->arena, sizeof(*n));
		sandbox_map_put(m, arena_strdup(w->arena, key), n);
	}
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/exchange.h"
#include "sandbox/reaction.h"
#include "sandbox/world.h"

static bool param_fits(const struct exchange *ex, const char *name, const char *value)
{
	const char *wanted = sandbox_exchange_param(ex, name);

	return wanted == NULL || (value != NULL && strcmp(wanted, value) == 0);
}

static size_t param_limit(const struct exchange *ex, size_t fallback)
{
	const char *text = sandbox_exchange_param(ex, "limit");

	return text != NULL ? (size_t)strtoull(text, NULL, 10) : fallback;
}

static json_t *counters_json(const struct map *m)
{
	json_t *out = json_object();

	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].key != NULL)
			json_object_set_new(
				out, m->slots[i].key,
				json_integer((json_int_t) * (uint64_t *)m->slots[i].value));
	return out;
}

static json_t *accounts_json(struct world *w)
{
	json_t *out = json_array();

	for (size_t i = 0; i < w->accounts_list.n; i++) {
		struct account *a = w->accounts_list.v[i];

		json_array_append_new(
			out,
			json_pack("{s:s,s:s,s:s,s:I,s:I,s:I}", "platform", a->platform->name, "id",
				  a->id, "username", a->username, "objects",
				  (json_int_t)a->objects.n, "quota_used",
				  (json_int_t)sandbox_world_in_day(w, &a->spends, &a->spends_first),
				  "containers_used",
				  (json_int_t)sandbox_world_in_day(w, &a->makes, &a->makes_first)));
	}
	return out;
}

static json_t *tokens_json(const struct world *w)
{
	json_t *out = json_array();

	/* The last characters are enough to tell tokens apart; the whole would be a secret. */
	for (size_t i = w->tokens_list.n > 200 ? w->tokens_list.n - 200 : 0; i < w->tokens_list.n;
	     i++) {
		const struct token *t = w->tokens_list.v[i];
		const char *tail = t->text + strlen(t->text) - 6;

		json_array_append_new(
			out,
			json_pack("{s:s,s:s,s:i,s:s,s:s?,s:b,s:i}", "platform", t->platform->name,
				  "ends_in", tail, "kind", t->kind, "person", t->grant->person->id,
				  "subject", t->subject, "expired",
				  t->is_expired_by_hand || (t->expires_us != INSTANT_NONE &&
							    t->expires_us <= sandbox_world_now(w)),
				  "dead_reason", t->dead_reason));
	}
	return out;
}

void sandbox_inspect_state(struct exchange *ex)
{
	struct world *w = ex->world;
	json_t *platforms = json_object();

	for (size_t i = 0; sandbox_platforms[i] != NULL; i++)
		if (sandbox_platforms[i]->state != NULL)
			json_object_set_new(platforms, sandbox_platforms[i]->name,
					    sandbox_platforms[i]->state(w));
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "now_us",
					(json_int_t)sandbox_world_now(w), "objects",
					(json_int_t)w->objects_list.n, "accounts", accounts_json(w),
					"tokens", tokens_json(w), "endpoints",
					counters_json(&w->endpoints), "faults",
					counters_json(&w->faults_met), "platforms", platforms));
}

static json_t *reaction_json(const struct object *o)
{
	const struct reaction r = sandbox_reaction(o);

	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "views", (json_int_t)r.views, "likes",
			 (json_int_t)r.likes, "comments", (json_int_t)r.comments, "shares",
			 (json_int_t)r.shares, "saves", (json_int_t)r.saves);
}

static json_t *object_json(const struct object *o)
{
	json_t *media = json_array();

	for (size_t i = 0; i < o->media.n; i++) {
		const struct media_fact *f = o->media.v[i];

		json_array_append_new(media, json_pack("{s:s,s:I,s:s,s:s?}", "sha256", f->sha256,
						       "bytes", (json_int_t)f->bytes, "mime",
						       f->mime, "url", f->url));
	}
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s?,s:s?,s:s?,s:o,s:I,s:I,s:b,s:o}", "platform",
			 o->platform->name, "account", o->account->id, "username",
			 o->account->username, "object_id", o->id, "kind", o->kind, "caption",
			 o->caption, "options", o->options, "container", o->container, "media",
			 media, "t_us", (json_int_t)o->created_us, "req_no", (json_int_t)o->req_no,
			 "deleted", o->is_deleted, "reaction", reaction_json(o));
}

static bool object_fits(const struct exchange *ex, const struct object *o)
{
	const char *contains = sandbox_exchange_param(ex, "caption_contains");

	return param_fits(ex, "platform", o->platform->name) &&
	       (param_fits(ex, "account", o->account->id) ||
		param_fits(ex, "account", o->account->username)) &&
	       param_fits(ex, "caption", o->caption) && param_fits(ex, "container", o->container) &&
	       (contains == NULL || (o->caption != NULL && strstr(o->caption, contains) != NULL));
}

void sandbox_inspect_objects(struct exchange *ex)
{
	const struct list *all = &ex->world->objects_list;
	size_t limit = param_limit(ex, 100000), n = 0;
	json_t *rows = json_array();

	for (size_t i = 0; i < all->n; i++) {
		if (!object_fits(ex, all->v[i]))
			continue;
		n++;
		if (json_array_size(rows) < limit)
			json_array_append_new(rows, object_json(all->v[i]));
	}
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:I,s:o}", "count", (json_int_t)n, "objects", rows));
}

/* How often each caption and each container became an object: more than once is a duplicate. */
void sandbox_inspect_commits(struct exchange *ex)
{
	const struct list *all = &ex->world->objects_list;
	json_t *captions = json_object(), *containers = json_object();

	for (size_t i = 0; i < all->n; i++) {
		const struct object *o = all->v[i];
		const char *caption = o->caption != NULL ? o->caption : "";
		const char *container = o->container != NULL ? o->container : "";

		if (!object_fits(ex, o))
			continue;
		json_object_set_new(
			captions, caption,
			json_integer(1 + json_integer_value(json_object_get(captions, caption))));
		json_object_set_new(containers, container,
				    json_integer(1 + json_integer_value(json_object_get(
							     containers, container))));
	}
	sandbox_exchange_json(
		ex, 200,
		json_pack("{s:o,s:o}", "by_caption", captions, "by_container", containers));
}

static json_t *request_json(const struct request_line *r)
{
	static const char *const wires[] = { "normal", "reset",    "close",       "hang",
					     "slow",   "truncate", "wrong_length" };

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:i,s:s?,s:s}", "no",
			 (json_int_t)r->no, "conn", (json_int_t)r->conn, "t_us", (json_int_t)r->us,
			 "end_us", (json_int_t)r->end_us, "bytes", (json_int_t)r->bytes, "platform",
			 r->platform, "label", r->endpoint, "method", r->method, "path", r->path,
			 "account", r->account, "status", r->status, "fault", r->fault, "wire",
			 wires[r->wire]);
}

/* Counts are of all requests, rows of the last ones kept. */
void sandbox_inspect_requests(struct exchange *ex)
{
	struct world *w = ex->world;
	uint64_t first = w->requests_n > REQUESTS_KEPT ? w->requests_n - REQUESTS_KEPT : 0;
	size_t limit = param_limit(ex, 1000);
	json_t *rows = json_array();
	json_int_t n = 0;

	for (uint64_t i = first; i < w->requests_n; i++) {
		const struct request_line *r = &w->requests[i % REQUESTS_KEPT];

		if (!param_fits(ex, "platform", r->platform) ||
		    !param_fits(ex, "label", r->endpoint) ||
		    !param_fits(ex, "account", r->account) || !param_fits(ex, "fault", r->fault))
			continue;
		n++;
		json_array_append_new(rows, request_json(r));
		if (json_array_size(rows) > limit)
			json_array_remove(rows, 0);
	}
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:I,s:I,s:o,s:o}", "total", (json_int_t)w->requests_n,
					"matching", n, "counts", counters_json(&w->endpoints),
					"requests", rows));
}

void sandbox_inspect_fetches(struct exchange *ex)
{
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:o}", "fetches", counters_json(&ex->world->fetches)));
}

void sandbox_inspect_faults(struct exchange *ex)
{
	const struct faults *f = &ex->world->faults;
	json_t *rules = json_array();

	for (size_t i = 0; i < f->rules.n; i++) {
		const struct fault_rule *r = f->rules.v[i];

		json_array_append_new(
			rules, json_pack("{s:I,s:s?,s:s,s:I,s:f,s:I,s:s?,s:s?,s:s?,s:O}", "id",
					 (json_int_t)r->id, "platform", r->platform, "point",
					 r->point, "times", (json_int_t)r->times, "probability",
					 r->probability, "hits", (json_int_t)r->hits, "account",
					 r->account, "caption_contains", r->caption, "endpoint",
					 r->endpoint, "params", r->params));
	}
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:o,s:{s:f,s:I}}", "faults", rules, "plan", "rate",
					f->plan.rate, "seed", (json_int_t)f->plan.seed));
}

/* Explains a plan without using it: ?platform=&account=&endpoint=&seed=&rate=&n= */
void sandbox_inspect_plan(struct exchange *ex)
{
	struct fault_plan plan = ex->world->faults.plan;
	const char *platform = sandbox_exchange_param(ex, "platform");
	const char *endpoint = sandbox_exchange_param(ex, "endpoint");
	const char *seed = sandbox_exchange_param(ex, "seed"),
		   *rate = sandbox_exchange_param(ex, "rate");
	const char *n_text = sandbox_exchange_param(ex, "n");
	const struct sandbox_platform *p =
		platform != NULL ? sandbox_platform_find(platform, strlen(platform)) : NULL;
	const struct sandbox_row *row = p != NULL ? p->rows : NULL;
	json_t *calls = json_array();
	uint64_t n = n_text != NULL ? strtoull(n_text, NULL, 10) : 20;

	plan.seed = seed != NULL ? strtoull(seed, NULL, 10) : plan.seed;
	plan.rate = rate != NULL ? strtod(rate, NULL) : plan.rate;
	while (row != NULL && row->method != NULL &&
	       (endpoint == NULL || strcmp(row->name, endpoint) != 0))
		row++;
	for (uint64_t i = 0; row != NULL && row->method != NULL && i < n && i < 10000; i++) {
		const struct fault_call call = { p->name, sandbox_exchange_param(ex, "account"),
						 row->name, i };
		const char *point = sandbox_faults_planned(&plan, row->points, &call, NULL);

		json_array_append_new(calls, point != NULL ? json_string(point) : json_null());
	}
	sandbox_exchange_json(ex, 200, json_pack("{s:o}", "calls", calls));
}

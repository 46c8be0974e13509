/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/door.h"
#include "sandbox/exchange.h"
#include "sandbox/inspect.h"
#include "sandbox/settings.h"
#include "sandbox/state.h"
#include "sandbox/truth.h"
#include "sandbox/world.h"

static void control_refuse(struct exchange *ex, const char *why)
{
	sandbox_exchange_json(ex, 422, json_pack("{s:s}", "error", why));
}

/* The body as an object; an empty body is an empty object. NULL: refused. */
static json_t *control_body(struct exchange *ex)
{
	json_t *in =
		ex->body.len == 0 ? json_object() : json_loadb(ex->body.p, ex->body.len, 0, NULL);

	if (json_is_object(in))
		return in;
	json_decref(in);
	control_refuse(ex, "the body must be a JSON object");
	return NULL;
}

static void control_ok(struct exchange *ex)
{
	sandbox_exchange_json(ex, 200, json_pack("{s:b}", "ok", 1));
}

static const char *body_text(const json_t *in, const char *name)
{
	return json_string_value(json_object_get(in, name));
}

static const struct sandbox_platform *body_platform(const json_t *in)
{
	const char *name = body_text(in, "platform");

	return name != NULL ? sandbox_platform_find(name, strlen(name)) : NULL;
}

static void control_health(struct exchange *ex)
{
	json_t *names = json_array();

	for (size_t i = 0; sandbox_platforms[i] != NULL; i++)
		json_array_append_new(names, json_string(sandbox_platforms[i]->name));
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:o}", "status", "ok", "url",
					ex->sandbox->base_url, "platforms", names));
}

/* {"truth":true} also empties the truth log; {"keep_config":true} keeps the settings */
static void control_reset(struct exchange *ex)
{
	struct sandbox *sb = ex->sandbox;
	struct world *was = sb->world;
	json_t *in = control_body(ex);

	if (in == NULL)
		return;
	sb->world = sandbox_world_new(sb);
	if (json_is_true(json_object_get(in, "keep_config")))
		sb->world->settings = was->settings;
	if (json_is_true(json_object_get(in, "truth")))
		sandbox_truth_clear(sb->truth);
	sandbox_state_forget(sb);
	sandbox_world_release(was); /* this exchange still holds it */
	json_decref(in);
	control_ok(ex);
}

static void control_clock(struct exchange *ex)
{
	json_t *in = control_body(ex);
	json_int_t s = json_integer_value(json_object_get(in, "advance_s"));

	if (in == NULL)
		return;
	json_decref(in);
	if (s < 0) {
		control_refuse(ex, "advance_s must not be negative");
		return;
	}
	ex->world->offset_us += s * US_PER_S;
	sandbox_state_changed(ex->world);
	for (size_t i = 0; sandbox_platforms[i] != NULL; i++)
		if (sandbox_platforms[i]->clock != NULL)
			sandbox_platforms[i]->clock(ex);
	sandbox_exchange_json(
		ex, 200, json_pack("{s:I}", "now_us", (json_int_t)sandbox_world_now(ex->world)));
}

static void config_answer(struct exchange *ex)
{
	sandbox_exchange_json(ex, 200, sandbox_settings_json(ex->world));
}

static void control_config(struct exchange *ex)
{
	json_t *in = control_body(ex), *value;
	const char *name;

	if (in == NULL)
		return;
	sandbox_state_changed(ex->world);
	json_object_foreach(in, name, value) {
		if (sandbox_settings_set(ex->world, name, value))
			continue;
		control_refuse(ex, arena_printf(ex->arena, "no such setting or value: %s", name));
		json_decref(in);
		return;
	}
	json_decref(in);
	config_answer(ex);
}

static const char *kept(struct world *w, const char *text)
{
	return text != NULL ? arena_strdup(w->arena, text) : NULL;
}

/* {platform, point, times (1; -1 for ever), skip (0), probability (1), params, match{account,
 *  caption_contains, endpoint}} */
static void control_fault_add(struct exchange *ex)
{
	struct world *w = ex->world;
	json_t *in = control_body(ex);
	const json_t *match = json_object_get(in, "match"), *times = json_object_get(in, "times");
	const json_t *probability = json_object_get(in, "probability");
	const char *point = body_text(in, "point"), *platform = body_text(in, "platform");
	struct fault_rule *r = arena_alloc(w->arena, sizeof(*r));

	if (in == NULL)
		return;
	if (point == NULL || !sandbox_faults_known(body_platform(in), point) ||
	    (platform != NULL && body_platform(in) == NULL)) {
		control_refuse(ex, "no such platform or point");
		json_decref(in);
		return;
	}
	r->id = ++w->faults.next_id;
	r->platform = kept(w, platform);
	r->point = kept(w, point);
	r->account = kept(w, body_text(match, "account"));
	r->caption = kept(w, body_text(match, "caption_contains"));
	r->endpoint = kept(w, body_text(match, "endpoint"));
	r->probability = json_is_number(probability) ? json_number_value(probability) : 1.0;
	r->times = json_is_integer(times) ? json_integer_value(times)
		   : probability != NULL  ? -1
					  : 1;
	r->skip = json_integer_value(json_object_get(in, "skip"));
	r->params = json_is_object(json_object_get(in, "params"))
			    ? json_incref(json_object_get(in, "params"))
			    : json_object();
	sandbox_list_add(&w->faults.rules, r);
	json_decref(in);
	sandbox_exchange_json(ex, 201, json_pack("{s:I}", "id", (json_int_t)r->id));
}

static void control_fault_clear(struct exchange *ex)
{
	struct faults *f = &ex->world->faults;

	/* Spent rather than freed: a request under way may hold their params. */
	for (size_t i = 0; i < f->rules.n; i++)
		((struct fault_rule *)f->rules.v[i])->times = 0;
	f->plan.rate = 0.0;
	control_ok(ex);
}

/* {seed, rate, points[]}: rate 0 ends it, counting starts anew */
static void control_plan(struct exchange *ex)
{
	struct world *w = ex->world;
	struct fault_plan *plan = &w->faults.plan;
	json_t *in = control_body(ex);
	const json_t *points = json_object_get(in, "points");

	if (in == NULL)
		return;
	plan->rate = json_number_value(json_object_get(in, "rate"));
	plan->seed = (uint64_t)json_integer_value(json_object_get(in, "seed"));
	plan->points = sandbox_list_new(w->arena);
	for (size_t i = 0; i < json_array_size(points); i++)
		sandbox_list_add_text(&plan->points, json_string_value(json_array_get(points, i)));
	w->turns = sandbox_map_new(w->arena);
	json_decref(in);
	control_ok(ex);
}

static bool token_fits(const json_t *in, const struct token *t)
{
	const char *text = body_text(in, "token"), *person = body_text(in, "person");
	const char *platform = body_text(in, "platform");
	const json_t *kind = json_object_get(in, "kind");

	return (text == NULL || strcmp(text, t->text) == 0) &&
	       (person == NULL || strcmp(person, t->grant->person->id) == 0) &&
	       (platform == NULL || strcmp(platform, t->platform->name) == 0) &&
	       (kind == NULL || json_integer_value(kind) == t->kind);
}

/* {platform, person, token, kind, reason}: all that fit; nothing given: every token */
static void control_tokens(struct exchange *ex)
{
	const struct list *all = &ex->world->tokens_list;
	bool is_revoke = strcmp(ex->captures[0], "revoke") == 0;
	json_t *in = control_body(ex);
	const json_t *reason = json_object_get(in, "reason");
	json_int_t n = 0;

	if (in == NULL)
		return;
	for (size_t i = 0; i < all->n; i++) {
		struct token *t = all->v[i];

		if (!token_fits(in, t))
			continue;
		sandbox_world_kill(ex->world, t,
				   !is_revoke       ? 0
				   : reason != NULL ? (int)json_integer_value(reason)
						    : 460);
		n++;
	}
	json_decref(in);
	sandbox_exchange_json(ex, 200, json_pack("{s:I}", "tokens", n));
}

/* {platform, client_id, client_secret, name, redirect_uris[], require_proof} */
static void control_apps(struct exchange *ex)
{
	struct world *w = ex->world;
	json_t *in = control_body(ex);
	const struct sandbox_platform *p = body_platform(in);
	const char *id = body_text(in, "client_id"), *secret = body_text(in, "client_secret");
	const json_t *uris = json_object_get(in, "redirect_uris");
	struct app *app;

	if (in == NULL)
		return;
	if (p == NULL) {
		control_refuse(ex, "no such platform");
		json_decref(in);
		return;
	}
	app = sandbox_world_app(w, p, id != NULL ? id : "1234567890");
	if (app == NULL || secret != NULL)
		app = sandbox_world_add_app(w, p, id != NULL ? id : "1234567890",
					    secret != NULL ? secret : "sandbox-secret");
	if (body_text(in, "name") != NULL)
		app->name = kept(w, body_text(in, "name"));
	if (json_object_get(in, "require_proof") != NULL)
		app->needs_proof = json_is_true(json_object_get(in, "require_proof"));
	sandbox_state_touch(w, &app->record);
	for (size_t i = 0; i < json_array_size(uris); i++)
		sandbox_list_add_text(&app->redirects, json_string_value(json_array_get(uris, i)));
	json_decref(in);
	control_ok(ex);
}

static void control_world(struct exchange *ex)
{
	json_t *in = control_body(ex);
	const struct sandbox_platform *p = body_platform(in);
	const char *why = "no such platform";
	struct record *seed;

	if (in == NULL)
		return;
	seed = p != NULL ? sandbox_state_seed_new(ex->world, p->name, in) : NULL;
	if (seed == NULL || p->seed == NULL || !p->seed(ex->world, in, &why)) {
		control_refuse(ex, why);
	} else {
		sandbox_state_touch(ex->world, seed);
		control_ok(ex);
	}
	json_decref(in);
}

/* {platform, upload_bytes_per_s}: 0 ends it; for requests that begin from now on */
static void control_bandwidth(struct exchange *ex)
{
	json_t *in = control_body(ex);
	const struct sandbox_platform *p = body_platform(in);
	const json_t *rate = json_object_get(in, "upload_bytes_per_s");

	if (in == NULL)
		return;
	if (p == NULL || !json_is_integer(rate) || json_integer_value(rate) < 0) {
		control_refuse(ex, "no such platform, or no rate");
	} else {
		ex->world->upload_rates[sandbox_platform_index(p)] = json_integer_value(rate);
		control_ok(ex);
	}
	json_decref(in);
}

/* {shut_ms}: nobody can connect for so long, to whichever platform; 0 ends it */
static void control_door(struct exchange *ex)
{
	json_t *in = control_body(ex);
	const json_t *ms = json_object_get(in, "shut_ms");

	if (in == NULL)
		return;
	if (json_is_integer(ms) && json_integer_value(ms) >= 0) {
		sandbox_door_shut(ex->sandbox->door, json_integer_value(ms));
		control_ok(ex);
	} else {
		control_refuse(ex, "no shut_ms");
	}
	json_decref(in);
}

/* clang-format off */
const struct sandbox_row sandbox_control_rows[] = {
	{ "GET",    "/_control/health",          "health",    control_health, 0, NULL, NULL },
	{ "POST",   "/_control/reset",           "reset",     control_reset, 0, NULL, NULL },
	{ "POST",   "/_control/clock",           "clock",     control_clock, 0, NULL, NULL },
	{ "GET",    "/_control/config",          "config",    config_answer, 0, NULL, NULL },
	{ "POST",   "/_control/config",          "config",    control_config, 0, NULL, NULL },
	{ "GET",    "/_control/faults",          "faults",    sandbox_inspect_faults, 0, NULL, NULL },
	{ "POST",   "/_control/faults",          "faults",    control_fault_add, 0, NULL, NULL },
	{ "DELETE", "/_control/faults",          "faults",    control_fault_clear, 0, NULL, NULL },
	{ "POST",   "/_control/faults/clear",    "faults",    control_fault_clear, 0, NULL, NULL },
	{ "POST",   "/_control/plan",            "plan",      control_plan, 0, NULL, NULL },
	{ "GET",    "/_control/plan",            "plan",      sandbox_inspect_plan, 0, NULL, NULL },
	{ "POST",   "/_control/bandwidth",       "bandwidth", control_bandwidth, 0, NULL, NULL },
	{ "POST",   "/_control/door",            "door",      control_door, 0, NULL, NULL },
	{ "POST",   "/_control/tokens/{action}", "tokens",    control_tokens, 0, NULL, NULL },
	{ "POST",   "/_control/apps",            "apps",      control_apps, 0, NULL, NULL },
	{ "POST",   "/_control/world",           "world",     control_world, 0, NULL, NULL },
	{ "GET",    "/_control/state",           "state",     sandbox_inspect_state, 0, NULL, NULL },
	{ "GET",    "/_control/objects",         "objects",   sandbox_inspect_objects, 0, NULL, NULL },
	{ "GET",    "/_control/commits",         "commits",   sandbox_inspect_commits, 0, NULL, NULL },
	{ "GET",    "/_control/requests",        "requests",  sandbox_inspect_requests, 0, NULL, NULL },
	{ "GET",    "/_control/fetches",         "fetches",   sandbox_inspect_fetches, 0, NULL, NULL },
	{ NULL,     NULL,                        NULL,        NULL, 0, NULL, NULL },
};
/* clang-format on */

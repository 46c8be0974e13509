/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/consent.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/exchange.h"
#include "sandbox/fetch.h"
#include "sandbox/params.h"

struct decision {
	bool is_allowed;
	struct person *person;
	struct list scopes, choices; /* ticked */
};

static const char *url_with(struct arena *a, const char *uri, const char *query, const char *tail)
{
	return arena_printf(a, "%s%c%s%s", uri, strchr(uri, '?') != NULL ? '&' : '?', query, tail);
}

static const char *ask_state(struct arena *a, const struct consent_ask *ask)
{
	const char *tail = "";

	if (ask->issuer != NULL)
		tail = arena_printf(a, "&iss=%s", sandbox_params_escape(a, ask->issuer));
	if (ask->state == NULL)
		return tail;
	return arena_printf(a, "&state=%s%s", sandbox_params_escape(a, ask->state), tail);
}

static void list_without(struct list *l, const struct list *drop)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (!sandbox_list_has_text(drop, l->v[i]))
			l->v[n++] = l->v[i];
	l->n = n;
}

static void list_join(struct list *l, const struct list *more)
{
	for (size_t i = 0; i < more->n; i++)
		if (!sandbox_list_has_text(l, more->v[i]))
			sandbox_list_add_text(l, more->v[i]);
}

/* What was ticked is granted, what was shown and not ticked is declined, the rest stays. */
static struct grant *consent_record(struct world *w, const struct consent_ask *ask,
				    const struct decision *d)
{
	struct grant *g = sandbox_world_grant(w, ask->app, d->person);
	struct list unticked = sandbox_list_new(w->arena);

	list_join(&unticked, &ask->scopes);
	list_without(&unticked, &d->scopes);
	list_join(&g->granted, &d->scopes);
	list_without(&g->granted, &unticked);
	list_without(&g->declined, &d->scopes);
	list_join(&g->declined, &unticked);
	g->chosen.n = 0;
	for (size_t i = 0; i < d->person->choices.n; i++) {
		const struct choice *c = d->person->choices.v[i];

		if (sandbox_list_has_text(&d->choices, c->id))
			sandbox_list_add_text(&g->chosen, c->id);
	}
	sandbox_state_touch(w, &g->record);
	return g;
}

/* A mail scanner or a prefetching browser asks for the same address before the person's does. */
static void consent_prefetch(struct exchange *ex, const char *location)
{
	struct fetch_ask ask = { location, ex->sandbox->ca_file, NULL, 20000, 1 << 20 };
	struct fetched got = { 0 };

	sandbox_unlock(ex->sandbox);
	sandbox_fetch(&ask, &got);
	sandbox_lock(ex->sandbox);
}

static void consent_faults(struct exchange *ex, struct decision *d)
{
	const json_t *params = sandbox_faults_hit(ex, "oauth.partial_scopes");
	struct list drop = sandbox_list_new(ex->arena);
	const char *scopes;

	if (sandbox_faults_hit(ex, "oauth.deny") != NULL)
		d->is_allowed = false;
	if (params == NULL || d->scopes.n == 0)
		return;
	scopes = sandbox_faults_text(params, "declined", d->scopes.v[d->scopes.n - 1]);
	sandbox_list_split(&drop, scopes, ", ");
	list_without(&d->scopes, &drop);
}

/* "&scopes=a%2Cb" for platforms whose callback tells. */
static const char *ask_granted(struct arena *a, const struct consent_ask *ask,
			       const struct grant *g)
{
	const char *separator = ask->granted_separator != NULL ? ask->granted_separator : ",";
	const char *scopes = "";

	if (ask->granted_name == NULL)
		return "";
	for (size_t i = 0; i < g->granted.n; i++)
		scopes = arena_printf(a, "%s%s%s", scopes, i > 0 ? separator : "",
				      (const char *)g->granted.v[i]);
	return arena_printf(a, "&%s=%s", ask->granted_name, sandbox_params_escape(a, scopes));
}

static void consent_decide(struct exchange *ex, struct consent_ask *ask, struct decision *d)
{
	const char *state = ask_state(ex->arena, ask), *location;
	struct code *code;

	ask->is_answered = true;
	consent_faults(ex, d);
	if (!d->is_allowed) {
		location = url_with(ex->arena, ask->redirect_uri, ask->denied, state);
		sandbox_exchange_redirect(ex, location);
		return;
	}
	code = sandbox_world_add_code(ex->world, consent_record(ex->world, ask, d),
				      ask->code_prefix, ask->redirect_uri, ask->code_life_s);
	code->challenge = ask->challenge;
	code->challenge_method = ask->challenge_method;
	code->options = ask->options;
	location = url_with(ex->arena, ask->redirect_uri,
			    arena_printf(ex->arena, "code=%s%s",
					 sandbox_params_escape(ex->arena, code->text),
					 ask_granted(ex->arena, ask, code->grant)),
			    state);
	if (sandbox_faults_hit(ex, "oauth.callback_twice") != NULL)
		consent_prefetch(ex, location);
	sandbox_exchange_redirect(ex, arena_printf(ex->arena, "%s%s", location, ask->fragment));
}

static void decision_all(const struct consent_ask *ask, struct decision *d)
{
	list_join(&d->scopes, &ask->scopes);
	for (size_t i = 0; i < d->person->choices.n; i++) {
		const struct choice *c = d->person->choices.v[i];

		sandbox_list_add_text(&d->choices, c->id);
	}
}

/* A listed subset instead of everything. */
static void decision_narrow(struct exchange *ex, struct decision *d)
{
	const char *scopes = sandbox_exchange_param(ex, "sandbox_scopes");
	const char *accounts = sandbox_exchange_param(ex, "sandbox_accounts");

	if (scopes != NULL) {
		d->scopes.n = 0;
		sandbox_list_split(&d->scopes, scopes, ", ");
	}
	if (accounts != NULL) {
		d->choices.n = 0;
		sandbox_list_split(&d->choices, accounts, ", ");
	}
}

void sandbox_consent_begin(struct exchange *ex, struct consent_ask *ask)
{
	const char *mode = sandbox_exchange_param(ex, "sandbox_auto"), *id;
	struct decision d = { true, NULL, sandbox_list_new(ex->arena),
			      sandbox_list_new(ex->arena) };

	if (mode == NULL)
		mode = ex->world->settings.consent;
	d.person = sandbox_world_person(ex->world, ask->platform, ask->realm,
					sandbox_exchange_param(ex, "sandbox_user"));
	if (strcmp(mode, "approve") != 0 && strcmp(mode, "deny") != 0) {
		id = sandbox_world_secret(ex->world, "", 24);
		sandbox_map_put(&ex->world->asks, id, ask);
		sandbox_consent_page(ex, ask, id);
		return;
	}
	if (d.person == NULL) {
		sandbox_consent_refuse(ex, "Log in", "There is no such user.");
		return;
	}
	d.is_allowed = strcmp(mode, "approve") == 0;
	decision_all(ask, &d);
	decision_narrow(ex, &d);
	consent_decide(ex, ask, &d);
}

void sandbox_consent_submit(struct exchange *ex)
{
	const char *id = sandbox_exchange_param(ex, "ask");
	const char *decision = sandbox_exchange_param(ex, "decision");
	struct consent_ask *ask = sandbox_map_get(&ex->world->asks, id);
	struct decision d = { false, NULL, sandbox_list_new(ex->arena),
			      sandbox_list_new(ex->arena) };

	if (ask == NULL || ask->is_answered) {
		sandbox_consent_refuse(
			ex, "Session expired",
			"This question has been answered, or the sandbox was started anew.");
		return;
	}
	d.person = sandbox_world_person(ex->world, ask->platform, ask->realm,
					sandbox_exchange_param(ex, "user"));
	if (d.person == NULL) {
		sandbox_consent_refuse(ex, "Log in", "There is no such user.");
		return;
	}
	d.is_allowed = decision != NULL && strcmp(decision, "allow") == 0;
	for (size_t i = 0; i < ex->params.n; i++) {
		const struct param *p = ex->params.v[i];

		if (strcmp(p->name, "scope") == 0 && sandbox_list_has_text(&ask->scopes, p->value))
			sandbox_list_add_text(&d.scopes, p->value);
		else if (strcmp(p->name, "account") == 0)
			sandbox_list_add_text(&d.choices, p->value);
	}
	consent_decide(ex, ask, &d);
}

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

#define PAGE_HEAD                                                                                  \
	"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"                          \
	"<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title><style>"          \
	"body{font:16px/1.5 system-ui,sans-serif;background:#f0f2f5;margin:0}"                     \
	"main{max-width:34rem;margin:3rem auto;background:#fff;padding:2rem;border-radius:.75rem;" \
	"box-shadow:0 1px 4px #0003}fieldset{border:1px solid #ccd0d5;border-radius:.5rem;"        \
	"margin:0 0 1rem}label{display:block;padding:.2rem 0}button{font:inherit;padding:.6rem "   \
	"1.4rem;border:0;border-radius:.4rem;cursor:pointer}button[value=allow]{background:#"      \
	"0866ff;"                                                                                  \
	"color:#fff}small{color:#65676b}</style></head><body><main>"
#define PAGE_TAIL \
	"<p><small>Carillon sandbox: not the real platform.</small></p></main></body></html>"

void sandbox_consent_refuse(struct exchange *ex, const char *title, const char *sentence)
{
	CLEANUP(buf_done) struct buf page = BUF_INIT;

	buf_printf(&page, PAGE_HEAD "<h1>%s</h1><p>%s</p>" PAGE_TAIL, title, title,
		   sandbox_params_escape_html(ex->arena, sentence));
	sandbox_exchange_html(ex, 400, page.p);
}

static const char *url_with(struct arena *a, const char *uri, const char *query, const char *tail)
{
	return arena_printf(a, "%s%c%s%s", uri, strchr(uri, '?') != NULL ? '&' : '?', query, tail);
}

static const char *ask_state(struct arena *a, const struct consent_ask *ask)
{
	if (ask->state == NULL)
		return "";
	return arena_printf(a, "&state=%s", sandbox_params_escape(a, ask->state));
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
	return g;
}

/* A mail scanner or a prefetching browser asks for the same address before the person's does. */
static void consent_prefetch(struct exchange *ex, const char *location)
{
	struct fetch_ask ask = { location, ex->sandbox->ca_file, NULL, 20000, 1 << 20 };
	struct fetched got;

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
static const char *ask_granted(struct arena *a, const struct consent_ask *ask, const struct grant *g)
{
	const char *scopes = "";

	if (ask->granted_name == NULL)
		return "";
	for (size_t i = 0; i < g->granted.n; i++)
		scopes = arena_printf(a, "%s%s%s", scopes, i > 0 ? "," : "",
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
	location = url_with(ex->arena, ask->redirect_uri,
			    arena_printf(ex->arena, "code=%s%s",
					 sandbox_params_escape(ex->arena, code->text),
					 ask_granted(ex->arena, ask, code->grant)),
			    state);
	if (sandbox_faults_hit(ex, "oauth.callback_twice") != NULL)
		consent_prefetch(ex, location);
	sandbox_exchange_redirect(ex, arena_printf(ex->arena, "%s%s", location, ask->fragment));
}

static void page_people(struct exchange *ex, struct buf *page, const struct consent_ask *ask)
{
	struct arena *a = ex->arena;
	bool is_first = true;

	for (size_t i = 0; i < ex->world->people.n; i++) {
		const struct person *p = ex->world->people.v[i];

		if (p->platform != ask->platform || strcmp(p->realm, ask->realm) != 0)
			continue;
		buf_printf(page,
			   "<fieldset><label><input type=\"radio\" name=\"user\" value=\"%s\"%s> "
			   "Continue as <b>%s</b></label>",
			   p->id, is_first ? " checked" : "",
			   sandbox_params_escape_html(a, p->name));
		is_first = false;
		if (ask->choices_title != NULL && p->choices.n > 0)
			buf_printf(page, "<p>%s</p>", ask->choices_title);
		for (size_t j = 0; ask->choices_title != NULL && j < p->choices.n; j++) {
			const struct choice *c = p->choices.v[j];

			buf_printf(page,
				   "<label><input type=\"checkbox\" name=\"account\" value=\"%s\" "
				   "checked> %s</label>",
				   c->id, sandbox_params_escape_html(a, c->label));
		}
		buf_adds(page, "</fieldset>");
	}
}

static void consent_page(struct exchange *ex, struct consent_ask *ask)
{
	CLEANUP(buf_done) struct buf page = BUF_INIT;
	const char *id = sandbox_world_secret(ex->world, "", 24);

	sandbox_map_put(&ex->world->asks, id, ask);
	buf_printf(&page,
		   PAGE_HEAD "<h1>%s</h1><p><b>%s</b> asks for access.</p>"
			     "<form method=\"post\" action=\"/%s/sandbox/consent\">"
			     "<input type=\"hidden\" name=\"ask\" value=\"%s\">",
		   ask->title, ask->title, sandbox_params_escape_html(ex->arena, ask->app->name),
		   ask->platform->name, id);
	page_people(ex, &page, ask);
	buf_adds(&page, "<fieldset><legend>Permissions</legend>");
	for (size_t i = 0; i < ask->scopes.n; i++) {
		const char *scope = sandbox_params_escape_html(ex->arena, ask->scopes.v[i]);

		buf_printf(&page,
			   "<label><input type=\"checkbox\" name=\"scope\" value=\"%s\" checked> "
			   "%s</label>",
			   scope, scope);
	}
	buf_adds(&page, "</fieldset><button name=\"decision\" value=\"allow\">Allow</button> "
			"<button name=\"decision\" value=\"deny\">Deny</button></form>" PAGE_TAIL);
	sandbox_exchange_html(ex, 200, page.p);
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
	const char *mode = sandbox_exchange_param(ex, "sandbox_auto");
	struct decision d = { true, NULL, sandbox_list_new(ex->arena),
			      sandbox_list_new(ex->arena) };

	if (mode == NULL)
		mode = ex->world->settings.consent;
	d.person = sandbox_world_person(ex->world, ask->platform, ask->realm,
					sandbox_exchange_param(ex, "sandbox_user"));
	if (strcmp(mode, "approve") != 0 && strcmp(mode, "deny") != 0) {
		consent_page(ex, ask);
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
		sandbox_consent_refuse(ex, "Session expired", "Start again from the app.");
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

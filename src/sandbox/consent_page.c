/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees: plain HTML that works without scripts and without anything from elsewhere. */
#include <string.h>

#include "sandbox/consent.h"
#include "sandbox/exchange.h"
#include "sandbox/params.h"

#define PEOPLE_SHOWN 12

/* Only the chosen person's pages are shown; a browser without :has() shows them all, which is right
 * too: those of the others are not looked at. */
static const char style[] =
	"*{box-sizing:border-box}"
	"body{margin:0;background:#eef0f3;color:#1c1e21;font:1rem/1.5 system-ui,sans-serif}"
	".banner{background:#fff4d6;border-bottom:1px solid #e3c878;padding:.5rem 1rem;"
	"text-align:center;font-size:.9rem}"
	"main{max-width:34rem;margin:1.5rem auto;background:#fff;padding:1.5rem 2rem 2rem;"
	"border-radius:.75rem;box-shadow:0 1px 4px #0003}"
	"h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .5rem}"
	"h2{font-size:1rem;margin:.75rem 0 .25rem}"
	".lead,.where{color:#50545a;margin:.25rem 0 1rem}"
	"fieldset{border:1px solid #c4c9d0;border-radius:.5rem;margin:0 0 1rem;padding:.5rem 1rem}"
	"legend{font-weight:600;padding:0 .35rem}"
	"label{display:grid;grid-template-columns:1.5rem 1fr;padding:.35rem 0;cursor:pointer}"
	"input{width:1.1rem;height:1.1rem;margin:.2rem 0 0}"
	"small{display:block;color:#50545a;font-size:.85rem;overflow-wrap:anywhere}"
	"code{font-size:.95em}"
	".person:has(input[type=radio]:not(:checked)) .choices{display:none}"
	".buttons{display:flex;gap:.75rem;flex-wrap:wrap;margin-top:1.25rem}"
	"button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.5rem;"
	"border:1px solid #8a9099;border-radius:.4rem;background:#fff;color:inherit;cursor:pointer}"
	"button[value=allow]{background:#0a58ca;border-color:#0a58ca;color:#fff}"
	"button:hover{filter:brightness(.93)}"
	":focus-visible{outline:3px solid #0a58ca;outline-offset:2px}"
	"@media(max-width:36rem){main{margin:0;border-radius:0;padding:1rem}button{flex:1}}";

static void page_open(struct exchange *ex, struct buf *page, const char *title)
{
	buf_printf(page,
		   "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
		   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		   "<title>%s</title><style>",
		   sandbox_params_escape_html(ex->arena, title));
	buf_adds(page, style);
	buf_adds(page, "</style></head><body><div class=\"banner\" role=\"note\">This is the "
		       "<b>Carillon sandbox</b>, not the real platform. Nothing leaves this "
		       "machine.</div><main>");
}

static void page_end(struct exchange *ex, struct buf *page, int status)
{
	buf_adds(page, "</main></body></html>");
	sandbox_exchange_html(ex, status, page->p);
}

void sandbox_consent_refuse(struct exchange *ex, const char *title, const char *sentence)
{
	CLEANUP(buf_done) struct buf page = BUF_INIT;

	page_open(ex, &page, title);
	buf_printf(&page,
		   "<h1>%s</h1><p>%s</p><p class=\"where\">Go back to the app that sent you "
		   "here and start again.</p>",
		   sandbox_params_escape_html(ex->arena, title),
		   sandbox_params_escape_html(ex->arena, sentence));
	page_end(ex, &page, 400);
}

static void page_box(struct exchange *ex, struct buf *page, const char *name, const char *value)
{
	buf_printf(page, "<label><input type=\"checkbox\" name=\"%s\" value=\"%s\" checked><span>",
		   name, sandbox_params_escape_html(ex->arena, value));
}

static void page_note(struct exchange *ex, struct buf *page, const char *note)
{
	if (note != NULL)
		buf_printf(page, "<small>%s</small>", sandbox_params_escape_html(ex->arena, note));
	buf_adds(page, "</span></label>");
}

static void page_choices(struct exchange *ex, struct buf *page, const struct consent_ask *ask,
			 const struct person *p)
{
	if (ask->choices_title == NULL || p->choices.n == 0)
		return;
	buf_printf(page, "<div class=\"choices\" role=\"group\" aria-label=\"%s\"><h2>%s</h2>",
		   ask->choices_title, ask->choices_title);
	for (size_t i = 0; i < p->choices.n; i++) {
		const struct choice *c = p->choices.v[i];

		page_box(ex, page, "account", c->id);
		buf_adds(page, sandbox_params_escape_html(ex->arena, c->label));
		page_note(ex, page, c->note);
	}
	buf_adds(page, "</div>");
}

static void page_person(struct exchange *ex, struct buf *page, const struct consent_ask *ask,
			const struct person *p, bool is_first)
{
	buf_printf(page,
		   "<div class=\"person\"><label><input type=\"radio\" name=\"user\" "
		   "value=\"%s\"%s><span>Continue as <b>%s</b></span></label>",
		   sandbox_params_escape_html(ex->arena, p->id), is_first ? " checked" : "",
		   sandbox_params_escape_html(ex->arena, p->name));
	page_choices(ex, page, ask, p);
	buf_adds(page, "</div>");
}

/* All who may answer, or the one that `sandbox_user` names. */
static void page_people(struct exchange *ex, struct buf *page, const struct consent_ask *ask)
{
	const char *only = sandbox_exchange_param(ex, "sandbox_user");
	size_t n = 0;

	buf_adds(page, "<fieldset><legend>Who you are</legend>");
	for (size_t i = 0; i < ex->world->people.n; i++) {
		const struct person *p = ex->world->people.v[i];

		if (p->platform != ask->platform || strcmp(p->realm, ask->realm) != 0 ||
		    (only != NULL && strcmp(only, p->id) != 0))
			continue;
		if (n++ < PEOPLE_SHOWN)
			page_person(ex, page, ask, p, n == 1);
	}
	if (n == 0)
		buf_adds(page, "<p>There is no such user.</p>");
	if (n > PEOPLE_SHOWN)
		buf_printf(page,
			   "<p class=\"where\">%zu more can be named: add "
			   "<code>&amp;sandbox_user=ID</code> to the address.</p>",
			   n - PEOPLE_SHOWN);
	buf_adds(page, "</fieldset>");
}

static void page_scopes(struct exchange *ex, struct buf *page, const struct consent_ask *ask)
{
	buf_adds(page, "<fieldset><legend>What it may do</legend>");
	for (size_t i = 0; i < ask->scopes.n; i++) {
		const char *scope = ask->scopes.v[i];
		const char *meaning = ask->explain != NULL ? ask->explain(scope) : NULL;

		page_box(ex, page, "scope", scope);
		buf_adds(page,
			 sandbox_params_escape_html(ex->arena, meaning != NULL ? meaning : scope));
		page_note(ex, page, meaning != NULL ? scope : NULL);
	}
	buf_adds(page, "</fieldset>");
}

/* http://host of the address, so that a person sees who gets the answer. */
static const char *origin_of(struct arena *a, const char *uri)
{
	const char *host = strstr(uri, "://");

	return host == NULL
		       ? uri
		       : arena_strndup(a, uri, (size_t)(host - uri) + 3 + strcspn(host + 3, "/?#"));
}

void sandbox_consent_page(struct exchange *ex, const struct consent_ask *ask, const char *id)
{
	CLEANUP(buf_done) struct buf page = BUF_INIT;
	struct arena *a = ex->arena;

	page_open(ex, &page, ask->title);
	buf_printf(&page,
		   "<p class=\"lead\">%s</p><h1>%s asks for access to your account</h1>"
		   "<p class=\"where\">Whatever you answer, you return to %s. Untick what you do "
		   "not want to share.</p><form method=\"post\" action=\"/%s/sandbox/consent\">"
		   "<input type=\"hidden\" name=\"ask\" value=\"%s\">",
		   ask->title, sandbox_params_escape_html(a, ask->app->name),
		   sandbox_params_escape_html(a, origin_of(a, ask->redirect_uri)),
		   ask->platform->name, id);
	page_people(ex, &page, ask);
	page_scopes(ex, &page, ask);
	buf_adds(&page, "<div class=\"buttons\"><button name=\"decision\" value=\"allow\">Allow"
			"</button><button name=\"decision\" value=\"deny\">Deny</button></div>"
			"</form>");
	page_end(ex, &page, 200);
}

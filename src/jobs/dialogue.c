/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/dialogue.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "net/client.h"

#define CALL_MS 25000 /* two calls must end within the lease of any job */

struct dialogue *dialogue_new(struct dialogues *all, size_t size, const char *workspace)
{
	struct dialogue *d = alloc_zero(size);

	d->all = all;
	d->arena = arena_new();
	d->workspace = arena_strdup(d->arena, workspace);
	d->memo = json_object();
	d->next = all->list;
	all->list = d;
	all->n++;
	return d;
}

void dialogue_free(struct dialogue *d)
{
	struct dialogue **at = &d->all->list;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	d->all->n--;
	tokens_done(&d->tokens);
	json_decref(d->memo);
	arena_free(d->arena);
	free(d);
}

void dialogues_free(struct dialogues *all)
{
	while (all->list)
		dialogue_free(all->list);
}

bool dialogues_are_busy(void *all)
{
	return ((const struct dialogues *)all)->n > 0;
}

int dialogue_open(struct dialogue *d, const char *account_id, const struct platform **ret,
		  struct problem *reterr)
{
	const struct app *app = d->all->app;

	if (store_accounts_get(app->db, d->workspace, account_id, d->arena, &d->row, reterr) < 0 ||
	    store_tokens_get(app->db, d->workspace, account_id, app->keys, &d->tokens, reterr) < 0)
		return -1;
	*ret = platform_find(d->row.platform);
	if (!*ret)
		return 0;
	platform_app_init(&d->app, d->arena, app->config, *ret, d->row.livemode);
	platform_account_of(d->arena, &d->row, &d->account);
	d->account.access_token = tokens_value(&d->tokens, "access");
	d->account.user_token = tokens_value(&d->tokens, "user");
	return 0;
}

static void on_reply(void *arg, struct http_reply *reply);

static void advance(struct dialogue *d, const struct http_reply *last)
{
	struct http_request *r;
	enum step step;

	d->step = (struct step_result){ .phase = PHASE_STAGE };
	step = d->all->ask(d, last);
	r = d->step.request;
	if (step != STEP_SEND) {
		d->all->end(d, step);
		dialogue_free(d);
		return;
	}
	if (r->timeout_ms == 0 || r->timeout_ms > CALL_MS)
		r->timeout_ms = CALL_MS;
	platform_app_aim(&d->app, r);
	(void)net_start(d->all->app->net, NET_REPEATABLE, r, 0, on_reply, d);
}

static void on_reply(void *arg, struct http_reply *reply)
{
	advance(arg, reply);
}

void dialogue_begin(struct dialogue *d)
{
	advance(d, NULL);
}

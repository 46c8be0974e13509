/* SPDX-License-Identifier: Apache-2.0 */
/* media_publish, the quota, and what is there afterwards: lists, comments, deletion. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "sandbox/ig.h"

#define TIMEOUT_MS 200000

static const char *kind_name(const struct ig_container *c)
{
	if (c->kind == IG_CAROUSEL)
		return "carousel";
	if (c->kind == IG_REEL)
		return "reel";
	return (c->kind & IG_STORIES) != 0 ? "story" : "image";
}

static struct object *publish_object(struct exchange *ex, struct ig_container *c)
{
	struct world *w = ex->world;
	struct object *o = arena_alloc(w->arena, sizeof(*o));
	const json_t *lag = sandbox_faults_hit(ex, "listing.lag");
	char code[TOKEN_TEXT_MAX(8)];

	random_token(code, 8);
	o->platform = &sandbox_instagram;
	o->account = c->account;
	o->id = sandbox_world_id(w, "180", 17);
	o->kind = kind_name(c);
	o->caption = c->caption;
	o->options = c->options;
	o->container = c->id;
	o->code = arena_strdup(w->arena, code);
	o->media = c->media;
	o->comments = sandbox_list_new(w->arena);
	o->extra = c;
	o->created_us = sandbox_world_now(w);
	o->listed_us = o->created_us +
		       sandbox_faults_int(lag, "ms", w->settings.listing_lag_ms) * US_PER_MS;
	o->ends_us = (c->kind & IG_STORIES) != 0 ? o->created_us + US_PER_DAY : INSTANT_NONE;
	return o;
}

static bool publish_commit(struct exchange *ex, struct ig_container *c)
{
	struct object *o = publish_object(ex, c);

	if (!sandbox_world_publish(ex, o))
		return sandbox_ig_fail(ex, -1, 2207001);
	c->object = o;
	c->commits++;
	for (size_t i = 0; i < c->children.n; i++)
		((struct ig_container *)c->children.v[i])->object = o;
	sandbox_ig_node_add(ex->world, o->id, &sandbox_ig_media_type, o);
	sandbox_world_spend(ex->world, &c->account->spends);
	sandbox_exchange_json(ex, 200, json_pack("{s:s}", "id", o->id));
	return true;
}

static bool publish_ready(struct exchange *ex, struct ig_container *c, const struct account *a)
{
	const char *status = sandbox_ig_status(ex->world, c);

	if (c->account != a)
		return sandbox_ig_fail(ex, 24, 2207006);
	if (strcmp(status, "PUBLISHED") == 0 && c->kind != IG_CHILD_IMAGE &&
	    c->kind != IG_CHILD_VIDEO && ex->world->settings.republish_same_id != 0) {
		sandbox_exchange_json(ex, 200, json_pack("{s:s}", "id", c->object->id));
		return false;
	}
	if (strcmp(status, "PUBLISHED") == 0)
		return sandbox_ig_fail(ex, 24, 2207006);
	if (strcmp(status, "EXPIRED") == 0)
		return sandbox_ig_fail(ex, 24, 2207008);
	if ((c->kind & IG_CHILDREN) != 0)
		return sandbox_ig_fail_text(ex, 100, 0,
					    "(#100) A carousel item cannot be published");
	return strcmp(status, "FINISHED") == 0 || sandbox_ig_fail(ex, 9007, 2207027);
}

static bool publish_quota(struct exchange *ex, struct account *a)
{
	size_t used = sandbox_world_in_day(ex->world, &a->spends, &a->spends_first);

	if (used < (size_t)ex->world->settings.quota_total &&
	    sandbox_faults_hit(ex, "quota.exhausted") == NULL)
		return true;
	return sandbox_ig_fail(ex, 9, 2207042);
}

static bool publish_faults_before(struct exchange *ex)
{
	const json_t *params;

	if (sandbox_faults_hit(ex, "publish.drop_before_commit") != NULL) {
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
		return false;
	}
	if (sandbox_faults_hit(ex, "publish.not_ready") != NULL)
		return sandbox_ig_fail(ex, 9007, 2207027);
	if (sandbox_faults_hit(ex, "publish.5xx") != NULL)
		return sandbox_ig_fail(ex, 2, 0);
	params = sandbox_faults_hit(ex, "publish.error");
	if (params != NULL)
		return sandbox_ig_fail(ex, (int)sandbox_faults_int(params, "code", -1),
				       (int)sandbox_faults_int(params, "subcode", 2207001));
	return true;
}

/* Drawn before the commit, so that the truth line names the fault; borrowed params or NULL. */
struct fate {
	const json_t *error, *broken, *drop, *hang;
};

static struct fate publish_fate(struct exchange *ex)
{
	struct fate fate = { NULL, NULL, NULL, NULL };

	fate.error = sandbox_faults_hit(ex, "publish.error_then_live");
	fate.broken = sandbox_faults_hit(ex, "publish.commit_then_5xx");
	fate.drop = sandbox_faults_hit(ex, "publish.commit_then_drop_connection");
	fate.hang = sandbox_faults_hit(ex, "publish.commit_then_hang");
	return fate;
}

static void publish_suffer(struct exchange *ex, const struct fate *fate)
{
	if (fate->error != NULL)
		sandbox_ig_fail(ex, (int)sandbox_faults_int(fate->error, "code", 4),
				(int)sandbox_faults_int(fate->error, "subcode", 2207051));
	if (fate->broken != NULL)
		sandbox_ig_fail(ex, 2, 0);
	if (fate->drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
	if (fate->hang != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG,
				      sandbox_faults_int(fate->hang, "ms", TIMEOUT_MS));
}

void sandbox_ig_publish(struct exchange *ex)
{
	const char *creation = sandbox_exchange_param(ex, "creation_id");
	struct token *t = NULL;
	struct account *a = sandbox_ig_account(ex, ex->captures[1], IG_SCOPE_PUBLISH, &t);
	const struct ig_node *node;
	struct fate fate;

	if (a == NULL)
		return;
	if (creation == NULL) {
		sandbox_ig_fail_text(ex, 100, 0, "(#100) The parameter creation_id is required.");
		return;
	}
	node = sandbox_ig_node(ex->world, creation);
	if (node == NULL || node->type != &sandbox_ig_container_type) {
		sandbox_ig_fail(ex, 24, 2207008);
		return;
	}
	if (!publish_faults_before(ex) || !publish_ready(ex, node->p, a) || !publish_quota(ex, a))
		return;
	fate = publish_fate(ex);
	if (publish_commit(ex, node->p))
		publish_suffer(ex, &fate);
}

void sandbox_ig_quota(struct exchange *ex)
{
	struct token *t = NULL;
	struct account *a = sandbox_ig_account(ex, ex->captures[1], IG_SCOPE_PUBLISH, &t);
	const char *fields = sandbox_exchange_param(ex, "fields");
	size_t used;
	json_t *row;

	if (a == NULL)
		return;
	used = sandbox_world_in_day(ex->world, &a->spends, &a->spends_first);
	if (sandbox_faults_hit(ex, "quota.used_up") != NULL)
		used = (size_t)ex->world->settings.quota_total;
	row = json_pack("{s:I}", "quota_usage", (json_int_t)used);
	if (fields != NULL && strstr(fields, "config") != NULL)
		json_object_set_new(row, "config",
				    json_pack("{s:I,s:i}", "quota_total",
					      (json_int_t)ex->world->settings.quota_total,
					      "quota_duration", 86400));
	sandbox_exchange_json(ex, 200, json_pack("{s:[o]}", "data", row));
}

static bool object_is_story(const struct object *o)
{
	return o->ends_us != INSTANT_NONE;
}

static int64_t param_time(const struct exchange *ex, const char *name, int64_t fallback)
{
	const char *text = sandbox_exchange_param(ex, name);

	return text != NULL ? strtoll(text, NULL, 10) * US_PER_S : fallback;
}

static void list_answer(struct exchange *ex, bool stories)
{
	struct token *t = NULL;
	struct account *a = sandbox_ig_account(ex, ex->captures[1], IG_SCOPE_BASIC, &t);
	int64_t now_us = sandbox_world_now(ex->world);
	int64_t since_us = param_time(ex, "since", INT64_MIN),
		until_us = param_time(ex, "until", INT64_MAX);
	struct list shown = sandbox_list_new(ex->arena);

	if (a == NULL)
		return;
	for (size_t i = a->objects.n; i-- > 0;) { /* newest first */
		struct object *o = a->objects.v[i];

		if (o->created_us < since_us)
			break;
		if (o->is_deleted || o->created_us > until_us || o->listed_us > now_us ||
		    object_is_story(o) != stories || (stories && o->ends_us <= now_us))
			continue;
		sandbox_list_add(&shown, o);
	}
	if (shown.n > 0 && sandbox_faults_hit(ex, "listing.missing_row") != NULL)
		memmove(shown.v, shown.v + 1, --shown.n * sizeof(*shown.v));
	if (sandbox_faults_hit(ex, "listing.reversed") != NULL)
		for (size_t i = 0; i < shown.n / 2; i++) {
			void *was = shown.v[i];

			shown.v[i] = shown.v[shown.n - 1 - i];
			shown.v[shown.n - 1 - i] = was;
		}
	sandbox_ig_answer_list(ex, &sandbox_ig_media_type, &shown);
}

void sandbox_ig_media_list(struct exchange *ex)
{
	list_answer(ex, false);
}

void sandbox_ig_stories(struct exchange *ex)
{
	list_answer(ex, true);
}

/* The published object of {id}, if the token's owner may see it and has the scope. */
static struct object *object_of(struct exchange *ex, enum ig_scope scope, struct token **ret_token)
{
	struct token *t = sandbox_ig_auth(ex);
	struct object *o = sandbox_world_object(ex->world, &sandbox_instagram, ex->captures[1]);

	if (t == NULL)
		return NULL;
	if (o == NULL || o->is_deleted || !sandbox_ig_sees(ex->world, t, o->account)) {
		sandbox_ig_fail(ex, 100, 33);
		return NULL;
	}
	if (!sandbox_ig_has_scope(t, scope)) {
		sandbox_ig_fail(ex, 10, 0);
		return NULL;
	}
	*ret_token = t;
	return o;
}

void sandbox_ig_delete(struct exchange *ex)
{
	struct token *t = NULL;
	struct object *o = object_of(ex, IG_SCOPE_CONTENTS, &t);

	if (o == NULL)
		return;
	sandbox_world_delete(ex, o);
	sandbox_exchange_json(ex, 200, json_pack("{s:b}", "success", 1));
}

void sandbox_ig_comment(struct exchange *ex)
{
	struct token *t = NULL;
	struct object *o = object_of(ex, IG_SCOPE_COMMENTS, &t);
	const char *message = sandbox_exchange_param(ex, "message");
	struct param *row;

	if (o == NULL)
		return;
	if (message == NULL || *message == '\0') {
		sandbox_ig_fail_text(ex, 100, 0, "(#100) The parameter message is required.");
		return;
	}
	row = arena_alloc(ex->world->arena, sizeof(*row));
	row->name = sandbox_world_id(ex->world, "181", 17);
	row->value = arena_strdup(ex->world->arena, message);
	sandbox_list_add(&o->comments, row);
	sandbox_state_touch(ex->world, &o->record);
	sandbox_exchange_json(ex, 200, json_pack("{s:s}", "id", row->name));
}

void sandbox_ig_comments(struct exchange *ex)
{
	struct token *t = NULL;
	struct object *o = object_of(ex, IG_SCOPE_BASIC, &t);
	json_t *data;

	if (o == NULL)
		return;
	data = json_array();
	for (size_t i = 0; i < o->comments.n; i++) {
		const struct param *row = o->comments.v[i];

		json_array_append_new(data,
				      json_pack("{s:s,s:s}", "id", row->name, "text", row->value));
	}
	sandbox_exchange_json(ex, 200, json_pack("{s:o}", "data", data));
}

void sandbox_ig_post_page(struct exchange *ex)
{
	const char *code = ex->captures[0];
	const struct list *all = &ex->world->objects_list;
	CLEANUP(buf_done) struct buf page = BUF_INIT;

	for (size_t i = all->n; i-- > 0;) {
		const struct object *o = all->v[i];

		if (o->is_deleted || o->platform != ex->platform || strcmp(o->code, code) != 0)
			continue;
		buf_printf(&page,
			   "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s</title>"
			   "</head><body><h1>%s (%s)</h1><p style=\"white-space:pre-wrap\">%s</p>"
			   "</body></html>",
			   o->account->username, o->account->username, o->kind,
			   sandbox_params_escape_html(ex->arena,
						      o->caption != NULL ? o->caption : ""));
		sandbox_exchange_html(ex, 200, page.p);
		return;
	}
	sandbox_exchange_html(ex, 404,
			      "<!DOCTYPE html><title>Page not found</title>"
			      "<h1>Sorry, this page isn't available.</h1>");
}

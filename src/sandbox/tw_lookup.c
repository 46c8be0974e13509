/* SPDX-License-Identifier: Apache-2.0 */
/* Posts by id: what is not there is told beside what is, in one answer. */
#include <string.h>

#include "base/rfc3339.h"
#include "sandbox/reaction.h"
#include "sandbox/tw.h"

#define IDS_MOST   100
#define ID_DIGITS  19
#define NOT_FOUND  "https://api.twitter.com/2/problems/resource-not-found"
#define EXPANSIONS "expansions"

static const char *const known[] = { "ids",         "tweet.fields", "post.fields",
				     EXPANSIONS,    "user.fields",  "media.fields",
				     "poll.fields", "place.fields", NULL };
/* What both generations of the API name alike; of those that are not played here a post has none. */
static const char *const fields[] = {
	"attachments",
	"author_id",
	"context_annotations",
	"conversation_id",
	"created_at",
	"edit_controls",
	"entities",
	"geo",
	"id",
	"in_reply_to_user_id",
	"lang",
	"non_public_metrics",
	"note_post",
	"note_tweet",
	"organic_metrics",
	"possibly_sensitive",
	"promoted_metrics",
	"public_metrics",
	"referenced_posts",
	"referenced_tweets",
	"reply_settings",
	"source",
	"text",
	"withheld",
	NULL,
};

static bool is_among(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static bool params_fit(struct exchange *ex)
{
	for (size_t i = 0; i < ex->params.n; i++) {
		const struct param *p = ex->params.v[i];

		if (!is_among(p->name, known))
			return sandbox_tw_invalid(
				ex, arena_printf(ex->arena,
						 "The query parameter [%s] is not one of [ids,"
						 "expansions,tweet.fields,media.fields,poll.fields,"
						 "place.fields,user.fields]",
						 p->name));
	}
	return true;
}

static bool ids_read(struct exchange *ex, struct list *ids)
{
	const char *given = sandbox_exchange_param(ex, "ids");

	sandbox_list_split(ids, given != NULL ? given : "", ",");
	if (ids->n == 0)
		return sandbox_tw_invalid(ex, "The `ids` query parameter can not be empty");
	if (ids->n > IDS_MOST)
		return sandbox_tw_invalid(
			ex, "The number of values in the `ids` query parameter list is not "
			    "between 1 and 100");
	for (size_t i = 0; i < ids->n; i++) {
		const char *id = ids->v[i];
		const size_t n = strspn(id, "0123456789");

		if (n == 0 || n > ID_DIGITS || id[n] != '\0')
			return sandbox_tw_invalid(
				ex, arena_printf(ex->arena,
						 "The `ids` query parameter value [%s] is not "
						 "valid",
						 id));
	}
	return true;
}

static bool fields_read(struct exchange *ex, struct list *asked)
{
	const char *given = sandbox_exchange_param(ex, "post.fields");

	if (given == NULL)
		given = sandbox_exchange_param(ex, "tweet.fields");
	sandbox_list_split(asked, given != NULL ? given : "", ",");
	for (size_t i = 0; i < asked->n; i++) {
		if (!is_among(asked->v[i], fields))
			return sandbox_tw_invalid(
				ex, arena_printf(ex->arena,
						 "The `tweet.fields` query parameter value [%s] is "
						 "not one of the fields of a post",
						 (const char *)asked->v[i]));
	}
	return true;
}

/* A quote counts by itself; together they are what was passed on. */
static json_t *metrics_json(const struct object *o, bool is_new)
{
	const struct reaction r = sandbox_reaction(o);

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", is_new ? "repost_count" : "retweet_count",
			 (json_int_t)(r.shares - 1), "quote_count", (json_int_t)1, "reply_count",
			 (json_int_t)r.comments, "like_count", (json_int_t)r.likes,
			 "bookmark_count", (json_int_t)r.saves, "impression_count",
			 (json_int_t)r.views);
}

static json_t *post_json(struct exchange *ex, const struct object *o, const struct list *asked)
{
	const bool is_new = sandbox_exchange_param(ex, "post.fields") != NULL;
	const struct tw_post *p = o->extra;
	json_t *out = json_pack("{s:s,s:s,s:[s]}", "id", o->id, "text", p->text,
				is_new ? "edit_history_post_ids" : "edit_history_tweet_ids", o->id);
	char at[RFC3339_MAX];

	rfc3339_print_ms(o->created_us, at);
	if (sandbox_list_has_text(asked, "created_at"))
		json_object_set_new(out, "created_at", json_string(at));
	if (sandbox_list_has_text(asked, "author_id"))
		json_object_set_new(out, "author_id", json_string(o->account->id));
	if (sandbox_list_has_text(asked, "public_metrics"))
		json_object_set_new(out, "public_metrics", metrics_json(o, is_new));
	return out;
}

static json_t *missing_json(struct exchange *ex, const char *id)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "value", id, "detail",
			 arena_printf(ex->arena, "Could not find tweet with ids: [%s].", id),
			 "title", "Not Found Error", "resource_type", "tweet", "parameter", "ids",
			 "resource_id", id, "type", NOT_FOUND);
}

static void answer(struct exchange *ex, const struct list *ids, const struct list *asked)
{
	json_t *out = json_object(), *data = json_array(), *errors = json_array();

	for (size_t i = 0; i < ids->n; i++) {
		const struct object *o =
			sandbox_world_object(ex->world, &sandbox_twitter, ids->v[i]);

		if (o != NULL && !o->is_deleted)
			json_array_append_new(data, post_json(ex, o, asked));
		else
			json_array_append_new(errors, missing_json(ex, ids->v[i]));
	}
	if (json_array_size(data) > 0)
		json_object_set(out, "data", data);
	if (json_array_size(errors) > 0)
		json_object_set(out, "errors", errors);
	json_decref(data);
	json_decref(errors);
	sandbox_exchange_json(ex, 200, out);
}

void sandbox_tw_lookup(struct exchange *ex)
{
	const struct account *a = sandbox_tw_auth(ex, "tweet.read");
	struct list ids = sandbox_list_new(ex->arena), asked = sandbox_list_new(ex->arena);

	if (a == NULL)
		return;
	if (!sandbox_list_has_text(&sandbox_tw_bearer(ex)->grant->granted, "users.read")) {
		sandbox_tw_problem(ex, 403, "Forbidden", "Forbidden", "about:blank");
		return;
	}
	if (params_fit(ex) && ids_read(ex, &ids) && fields_read(ex, &asked))
		answer(ex, &ids, &asked);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/posts_make.h"

#include <string.h>

#include "api/fitness.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "db/conn.h"
#include "net/source.h"
#include "store/content.h"
#include "store/fetches.h"

struct making {
	struct request *req;
	const struct posts_ask *ask;
	struct posts made;
};

static int order(struct making *m, const char *url, int kind, const char **ret,
		 struct problem *reterr)
{
	const struct fetch_order wish = {
		.url = url,
		.filename = source_filename(m->req->arena, url),
		.kind = kind,
		.due_us = m->ask->due.us,
	};
	char id[ID_MAX];

	if (store_fetches_order(m->req->app->db, m->req->principal->workspace, &wish, id, reterr) <
	    0)
		return -1;
	*ret = arena_strdup(m->req->arena, id);
	return 0;
}

/* What is named twice is fetched once. */
static int order_media(struct making *m, struct content_media **ret, struct problem *reterr)
{
	const struct posts_ask *ask = m->ask;
	struct content_media *media = arena_array(m->req->arena, ask->urls_n + 1, sizeof(*media));

	for (size_t i = 0; i < ask->urls_n; i++) {
		for (size_t k = 0; k < i && !media[i].media_id; k++) {
			if (strcmp(ask->urls[k], ask->urls[i]) == 0)
				media[i].media_id = media[k].media_id;
		}
		if (!media[i].media_id &&
		    order(m, ask->urls[i], posts_ask_wanted(ask), &media[i].media_id, reterr) < 0)
			return -1;
	}
	*ret = media;
	return 0;
}

static int insert_content(struct making *m, struct content *ret, struct problem *reterr)
{
	const struct posts_ask *ask = m->ask;
	const char *ws = m->req->principal->workspace, *sound = ask->sound_id;
	struct db *db = m->req->app->db;
	struct content_media *media;
	struct content_patch patch = {
		.kind = ask->kind,
		.caption = ask->caption,
		.title = ask->title,
		.link = ask->link,
		.media_n = ask->urls_n,
		.by = m->req->principal->id,
		.is_approved = !ask->needs_review,
		.is_in_review = ask->needs_review,
	};

	if (order_media(m, &media, reterr) < 0)
		return -1;
	if (ask->sound_url && order(m, ask->sound_url, MEDIA_AUDIO, &sound, reterr) < 0)
		return -1;
	patch.media = media;
	patch.sound_media_id = sound;
	patch.overrides = posts_ask_overrides(m->req->arena, ask, sound);
	if (store_content_insert(db, ws, &patch, m->req->arena, ret, reterr) < 0)
		return -1;
	return sound ? store_fetches_tie(db, ws, sound, ret->id, reterr) : 0;
}

static int check_fit(struct making *m, const struct content *c, struct problem *reterr)
{
	const struct posts_ask *ask = m->ask;
	const int64_t due_us = ask->is_immediate ? clock_real_us() : ask->due.us;

	for (size_t i = 0; i < ask->accounts_n; i++) {
		const struct fitness_subject s = { .content = c,
						   .account = &ask->accounts[i],
						   .due_us = due_us };
		struct findings f;

		if (fitness_check(m->req, &s, &f, reterr) < 0)
			return -1;
		posts_ask_report(ask, i, &f, reterr);
	}
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static int insert_posts(struct making *m, const struct content *c, struct problem *reterr)
{
	const struct posts_ask *ask = m->ask;
	struct post_new *rows = arena_array(m->req->arena, ask->accounts_n, sizeof(*rows));
	const struct posts_new batch = {
		.content_id = c->id,
		.created_by = m->req->principal->id,
		.v = rows,
		.n = ask->accounts_n,
		.stage_lead_s = m->req->app->config->publish_stage_lead_s,
		.pause_unapproved = ask->needs_review,
	};

	for (size_t i = 0; i < ask->accounts_n; i++)
		rows[i] = (struct post_new){
			.account_id = ask->accounts[i].id,
			.platform = ask->accounts[i].platform,
			.livemode = ask->accounts[i].livemode,
			.due = ask->due,
			.is_immediate = ask->is_immediate,
		};
	return store_posts_insert(m->req->app->db, m->req->principal->workspace, &batch,
				  m->req->arena, &m->made, reterr);
}

static int make(struct db *db, void *arg, struct problem *reterr)
{
	struct making *m = arg;
	struct content c;

	(void)db;
	if (insert_content(m, &c, reterr) < 0 || check_fit(m, &c, reterr) < 0)
		return -1;
	return insert_posts(m, &c, reterr);
}

int posts_make(struct request *req, const struct posts_ask *ask, struct posts *ret,
	       struct problem *reterr)
{
	struct making m = { .req = req, .ask = ask };

	if (db_transact(req->app->db, make, &m, reterr) < 0)
		return -1;
	*ret = m.made;
	return 0;
}

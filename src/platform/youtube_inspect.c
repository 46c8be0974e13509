/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether YouTube still takes the token, and what the channel may do: one unit of quota. What is
 * left of the quota is to be read nowhere, so our own count has to do.
 */
#include <string.h>

#include "platform/youtube.h"

static const struct script inspect_script;

static enum script_move ask_channel(void *ctx, struct step_result *ret)
{
	struct inspection *i = ctx;
	const struct youtube_caller c = { i->arena, i->app, i->account->access_token };

	inspection_count(i);
	ret->request = youtube_call(&c, VERB_GET, "yt.channel", "/channels");
	http_request_query(ret->request, "part", "id,status");
	http_request_query(ret->request, "id", i->account->remote_id);
	return SCRIPT_SEND;
}

static void note_facts(struct inspection *i, const json_t *channel)
{
	static const char *const names[] = { "privacyStatus", "longUploadsStatus", "madeForKids" };
	const json_t *status = json_object_get(channel, "status");

	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		const json_t *fact = json_object_get(status, names[n]);

		if (fact)
			json_object_set_new(i->facts, names[n], json_deep_copy(fact));
	}
}

static enum script_move read_channel(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct inspection *i = ctx;
	const json_t *channel;
	struct youtube_reply r;

	youtube_read(i->arena, last, i->now_us, &r);
	if (!r.is_ok)
		return youtube_fail(i->arena, i->now_us, &r, r.row->elsewhere, ret);
	channel = json_array_get(json_object_get(r.json, "items"), 0);
	if (channel)
		note_facts(i, channel);
	else
		findings_add(i->findings, false, "account", "channel_not_found",
			     "YouTube has no channel %s any more.", i->account->username);
	return script_succeed(ret);
}

static const struct script_row inspect_rows[] = {
	{ "channel", ask_channel, read_channel },
	{ NULL, NULL, NULL },
};
static const struct script inspect_script = { "inspect", inspect_rows };

enum step youtube_inspect(struct inspection *i, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&inspect_script, i->memo, i, last, ret);
}

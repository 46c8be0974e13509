/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TikTok offers the creator at this moment: levels of privacy, length of videos, whether it
 * takes posts at all. The daily cap is not published; it shows when it is used up.
 */
#include <inttypes.h>
#include <string.h>

#include "platform/tiktok.h"

static const struct script inspect_script;

/* A draft needs neither the permission to read this, nor what it says. */
static enum script_move ask_creator(void *ctx, struct step_result *ret)
{
	struct inspection *i = ctx;
	const struct delivery d = inspection_delivery(i);

	inspection_count(i);
	if (tiktok_is_inbox(i->app, i->post))
		return script_succeed(ret);
	ret->request = tiktok_creator_call(&d);
	return SCRIPT_SEND;
}

static void note_facts(struct inspection *i, const json_t *creator)
{
	static const char *const names[] = { "privacy_level_options", "max_video_post_duration_sec",
					     "comment_disabled", "duet_disabled",
					     "stitch_disabled" };

	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		const json_t *fact = json_object_get(creator, names[n]);

		if (fact)
			json_object_set_new(i->facts, names[n], json_deep_copy(fact));
	}
}

static void compare(struct inspection *i, const json_t *creator)
{
	const char *wish = tiktok_privacy_wish(i->app, i->account, i->post);
	const int64_t most_s = memo_int(creator, "max_video_post_duration_sec");
	const struct media_item *m = i->post->media;
	enum tiktok_kind kind;

	if (wish && !tiktok_is_offered(json_object_get(creator, "privacy_level_options"), wish))
		findings_add(i->findings, false, "privacy", "privacy_not_offered",
			     "TikTok does not offer %s the privacy level %s; choose another.",
			     i->account->username, *wish ? wish : "that was asked for");
	if (tiktok_kind(i->post, &kind) == 0 && kind == TIKTOK_VIDEO && most_s > 0 &&
	    m->duration_ms > most_s * 1000)
		findings_add(i->findings, false, "media/0", "duration",
			     "The video lasts %d s; TikTok allows this account %" PRId64 " s.",
			     m->duration_ms / 1000, most_s);
}

static enum script_move read_creator(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	static const char *const spent[] = { "spam_risk_too_many_posts",
					     "reached_active_user_cap" };
	struct inspection *i = ctx;
	struct tiktok_reply r;

	tiktok_read(i->arena, last, &r);
	for (size_t n = 0; n < ARRAY_LEN(spent) && !r.is_ok; n++) {
		if (!r.code || strcmp(r.code, spent[n]) != 0)
			continue;
		findings_add(i->findings, false, "account", "quota_exhausted", "%s",
			     r.row->sentence);
		return script_succeed(ret);
	}
	if (!r.is_ok)
		return tiktok_fail(i->arena, &r, r.row->elsewhere, ret);
	note_facts(i, r.data);
	compare(i, r.data);
	return script_succeed(ret);
}

static const struct script_row inspect_rows[] = {
	{ "creator", ask_creator, read_creator },
	{ NULL, NULL, NULL },
};
static const struct script inspect_script = { "inspect", inspect_rows };

enum step tiktok_inspect(struct inspection *i, const struct http_reply *last,
			 struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&inspect_script, i->memo, i, last, ret);
}

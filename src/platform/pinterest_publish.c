/* SPDX-License-Identifier: Apache-2.0 */
/* Fire: one creation of a pin, which has no key: what it came to must be proven. */
#include <string.h>

#include "base/clock.h"
#include "platform/pinterest.h"

static const struct script fire_script;

static enum script_move ask_fire(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct script_refusal why = { OUTCOME_RESTAGE, POST_ERROR_PLATFORM, WHO_PLATFORM, 0, NULL };
	enum pinterest_kind kind = PINTEREST_IMAGE;
	bool is_video = pinterest_kind(d->post, &kind) == 0 && kind == PINTEREST_VIDEO;

	if (!memo_text(d->memo, "board") ||
	    (is_video && !memo_int(json_object_get(d->memo, "media"), "ready")))
		return script_refuse(d->arena, &why, ret, "Nothing is prepared at Pinterest yet.");
	if (!memo_int(d->memo, "fired"))
		memo_set_int(d->memo, "fired", d->now_us / US_PER_S);
	ret->request = pinterest_pin_request(d);
	return SCRIPT_SEND;
}

/* An image that could not be fetched: again after a while, and in the end it is final. */
static enum script_move fetch_fail(struct delivery *d, const struct pinterest_reply *r,
				   struct step_result *ret)
{
	const char *waits = platform_text(d->app, "fetch_wait_s");
	int64_t n = memo_count(d->memo, "fetches"), most = 0;

	for (const char *at = waits; *at; at += strspn(at, " ,")) {
		most++;
		at += strcspn(at, " ,");
	}
	pinterest_fail(d->arena, r, n > most ? CLASS_CONTENT : CLASS_FETCH, ret);
	if (n <= most)
		ret->outcome.retry_after_s = script_list_at(waits, n - 1);
	return SCRIPT_DONE;
}

/*
 * Whatever a server error says proves nothing. And once a fire was in doubt, a video that is not
 * found may be one that the earlier fire has used up.
 */
static enum error_class fire_class(const struct delivery *d, const struct pinterest_reply *r)
{
	if (r->is_broken || r->status >= 500 || r->status < 400)
		return CLASS_DOUBT;
	if (r->row->pin == CLASS_RESTAGE && memo_int(d->memo, "doubted"))
		return CLASS_DOUBT;
	return r->row->pin;
}

static const char *pin_url(const struct delivery *d, const char *id)
{
	return arena_printf(d->arena, "%s/pin/%s/", platform_text(d->app, "pin_url"), id);
}

static enum script_move read_fire(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct pinterest_reply r;
	enum error_class class;
	const char *id;

	pinterest_read(d->arena, last, d->now_us, &r);
	id = r.is_ok ? memo_id(d->arena, r.json, "id") : NULL;
	if (pinterest_is_digits(id)) {
		memo_set_text(d->memo, "pin_id", id);
		ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED,
						 .remote_id = id,
						 .remote_url = pin_url(d, id) };
		return SCRIPT_DONE;
	}
	if (!r.row)
		r.row = pinterest_error_find(r.status, 0, NULL);
	class = fire_class(d, &r);
	if (class == CLASS_FETCH)
		return fetch_fail(d, &r, ret);
	pinterest_fail(d->arena, &r, class, ret);
	if (class == CLASS_DOUBT)
		ret->outcome.retry_after_s = 0; /* looking must not wait */
	return SCRIPT_DONE;
}

static const struct script_row fire_rows[] = {
	{ "create", ask_fire, read_fire },
	{ NULL, NULL, NULL },
};
static const struct script fire_script = { "fire", fire_rows };

enum step pinterest_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_FIRE;
	return script_run(&fire_script, d->memo, d, last, ret);
}

/* The id is the address: nothing is left to ask. */
static enum script_move ask_end(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *id = memo_text(d->memo, "pin_id");

	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED,
					 .remote_id = arena_strdup(d->arena, id ? id : ""),
					 .remote_url = id ? pin_url(d, id) : NULL };
	return SCRIPT_DONE;
}

static const struct script_row confirm_rows[] = {
	{ "end", ask_end, NULL },
	{ NULL, NULL, NULL },
};
static const struct script confirm_script = { "confirm", confirm_rows };

enum step pinterest_confirm(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret)
{
	ret->phase = PHASE_CONFIRM;
	return script_run(&confirm_script, d->memo, d, last, ret);
}

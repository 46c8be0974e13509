/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubt: the board's pins are read until they are older than the fire. A pin is ours when all that
 * was sent comes back, it is no copy of another pin and belongs to no other post. The order of the
 * list is not promised: only a page that is old from top to bottom, or the end, covers the window.
 */
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "platform/pinterest.h"

#define PAGE_SIZE "25"
#define CALLS_MAX 40  /* pages without pins are not counted as pages */
#define WINDOW_S  600 /* so much older than the fire a pin must be to end the search */
#define EARLY_S   120 /* clocks: so much earlier may a match be stamped */

static const struct script recover_script;

/* ret holds the outcome; the next look starts from the first page again. */
static enum script_move recover_end(struct delivery *d)
{
	static const char *const keys[] = { "recover", "bookmark", "matches", "pages", "calls" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		json_object_del(d->memo, keys[i]);
	memo_set_int(d->memo, "doubted", 1);
	return SCRIPT_DONE;
}

static enum script_move recover_found(struct delivery *d, struct step_result *ret)
{
	const char *id = memo_text(d->memo, "pin_id");

	ret->outcome = (struct outcome){
		.kind = OUTCOME_PUBLISHED,
		.remote_id = arena_strdup(d->arena, id),
		.remote_url =
			arena_printf(d->arena, "%s/pin/%s/", platform_text(d->app, "pin_url"), id),
	};
	return recover_end(d);
}

static enum script_move recover_unknown(struct delivery *d, const char *slug, const char *words,
					struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_UNKNOWN, POST_ERROR_UNKNOWN, WHO_YOU, 0, slug };

	script_refuse(d->arena, &why, ret, "%s", words);
	return recover_end(d);
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct pinterest_caller caller = { d->arena, d->app, d->account->access_token };
	const char *board = memo_text(d->memo, "board"), *section = memo_text(d->memo, "section");

	if (memo_text(d->memo, "pin_id"))
		return recover_found(d, ret);
	if (!board) {
		board = pinterest_board(d->post, d->account);
		section = pinterest_section(d->post);
	}
	if (!pinterest_is_digits(board))
		return recover_unknown(
			d, "no_board",
			"It is not known which board the pin was to go to; look at the "
			"profile and settle the post by hand.",
			ret);
	if (!json_object_get(d->memo, "matches"))
		json_object_set_new(d->memo, "matches", json_object());
	if (section)
		ret->request = pinterest_call(&caller, VERB_GET, "pin.list",
					      "/boards/%s/sections/%s/pins", board, section);
	else
		ret->request =
			pinterest_call(&caller, VERB_GET, "pin.list", "/boards/%s/pins", board);
	http_request_query(ret->request, "page_size", PAGE_SIZE);
	http_request_query(ret->request, "bookmark", memo_text(d->memo, "bookmark"));
	return SCRIPT_SEND;
}

/* The first fire of this post: an earlier one may have been taken for without effect. */
static int64_t fired_us(const struct delivery *d)
{
	int64_t permit_us = d->fired_us == INSTANT_NONE ? d->now_us : d->fired_us;
	int64_t first_us = memo_int(d->memo, "fired") * US_PER_S;

	return first_us > 0 && first_us < permit_us ? first_us : permit_us;
}

/* Without a zone it is UTC; INSTANT_NONE: no time at all. */
static int64_t created_us(const struct delivery *d, const json_t *pin)
{
	const char *text = memo_text(pin, "created_at");
	int64_t us = INSTANT_NONE;

	if (!text)
		return INSTANT_NONE;
	if (rfc3339_parse(text, &us) == 0 ||
	    rfc3339_parse(arena_printf(d->arena, "%sZ", text), &us) == 0)
		return us;
	return INSTANT_NONE;
}

static bool text_is(const struct delivery *d, const json_t *pin, const char *key, const char *ours)
{
	return strcmp(pinterest_canonical(d->arena, memo_text(pin, key)),
		      pinterest_canonical(d->arena, ours)) == 0;
}

static bool is_of_kind(const struct delivery *d, const json_t *pin)
{
	static const char *const types[PINTEREST_KINDS] = {
		[PINTEREST_IMAGE] = "image",
		[PINTEREST_CAROUSEL] = "multiple_images",
		[PINTEREST_VIDEO] = "video",
	};
	enum pinterest_kind kind = PINTEREST_IMAGE;
	const char *type = memo_text(json_object_get(pin, "media"), "media_type");

	(void)pinterest_kind(d->post, &kind);
	return !type || strcmp(type, types[kind]) == 0;
}

static bool is_on_board(const struct delivery *d, const json_t *pin)
{
	const char *board = memo_text(d->memo, "board");
	const char *is = memo_id(d->arena, pin, "board_id");

	if (!board)
		board = pinterest_board(d->post, d->account);
	return !is || (board && strcmp(is, board) == 0);
}

/* Copies of pins, and what others put on a shared board, are nobody's posts here. */
static bool is_own_pin(const struct delivery *d, const json_t *pin)
{
	const char *parent = memo_id(d->arena, pin, "parent_pin_id");

	return !parent && !json_is_false(json_object_get(pin, "is_owner"));
}

static bool is_ours(const struct delivery *d, const json_t *pin)
{
	const char *id = memo_id(d->arena, pin, "id");
	int64_t at_us = created_us(d, pin);

	if (!id || at_us == INSTANT_NONE || at_us < fired_us(d) - EARLY_S * US_PER_S)
		return false;
	if (!is_own_pin(d, pin) || !is_on_board(d, pin) || !is_of_kind(d, pin))
		return false;
	if (!text_is(d, pin, "title", d->post->title) ||
	    !text_is(d, pin, "description", pinterest_description(d->post)) ||
	    !text_is(d, pin, "link", d->post->link) ||
	    !text_is(d, pin, "alt_text", pinterest_alt_text(d->post)))
		return false;
	return script_is_free(d, id);
}

/* Notes matches by id; true: every pin of the page is older than the window. */
static bool note_page(struct delivery *d, const json_t *items)
{
	int64_t edge_us = fired_us(d) - WINDOW_S * US_PER_S;
	bool is_old = json_array_size(items) > 0;
	const json_t *pin;
	size_t i;

	json_array_foreach(items, i, pin) {
		int64_t at_us = created_us(d, pin);

		if (at_us == INSTANT_NONE || at_us >= edge_us)
			is_old = false;
		if (is_ours(d, pin))
			json_object_set_new(json_object_get(d->memo, "matches"),
					    memo_id(d->arena, pin, "id"), json_true());
	}
	return is_old;
}

static enum script_move list_verdict(struct delivery *d, bool is_covered, struct step_result *ret)
{
	json_t *matches = json_object_get(d->memo, "matches");
	const char *one = json_object_iter_key(json_object_iter(matches));
	size_t n = json_object_size(matches);

	if (n > 1 || (n == 1 && !script_is_certain(d, one)))
		return recover_unknown(
			d, "ambiguous",
			"Several pins look like this one; choose the right one by hand.", ret);
	if (n == 0 && !is_covered)
		return recover_unknown(
			d, "not_covered",
			"The board has too many new pins to be sure that this one is not "
			"among them.",
			ret);
	if (n == 0) {
		ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
		return recover_end(d);
	}
	memo_set_text(d->memo, "pin_id", one);
	return recover_found(d, ret);
}

/* The next page, unless this was the last, or the last that is allowed. */
static enum script_move list_next(struct delivery *d, const json_t *doc, bool is_old,
				  struct step_result *ret)
{
	const char *next = memo_text(doc, "bookmark"), *was = memo_text(d->memo, "bookmark");
	bool has_pins = json_array_size(json_object_get(doc, "items")) > 0;

	if (is_old || !next || !*next)
		return list_verdict(d, true, ret);
	if ((was && strcmp(was, next) == 0) || memo_count(d->memo, "calls") >= CALLS_MAX ||
	    (has_pins && memo_count(d->memo, "pages") >= platform_int(d->app, "recover_pages")))
		return list_verdict(d, false, ret);
	memo_set_text(d->memo, "bookmark", next);
	return script_go(d->memo, &recover_script, "list");
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct pinterest_reply r;
	const json_t *items;

	pinterest_read(d->arena, last, d->now_us, &r);
	items = json_object_get(r.json, "items");
	if (!r.is_ok || !json_is_array(items)) {
		if (!r.row)
			r.row = pinterest_error_find(r.status, 0, NULL);
		/* A token that has ended is renewed meanwhile, or no look would ever succeed. */
		pinterest_fail(d->arena, &r,
			       r.row->elsewhere == CLASS_TOKEN ? CLASS_TOKEN : CLASS_DOUBT, ret);
		return recover_end(d);
	}
	return list_next(d, r.json, note_page(d, items), ret);
}

static const struct script_row recover_rows[] = {
	{ "list", ask_list, read_list },
	{ NULL, NULL, NULL },
};
static const struct script recover_script = { "recover", recover_rows };

enum step pinterest_recover(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret)
{
	ret->phase = PHASE_DOUBT;
	return script_run(&recover_script, d->memo, d, last, ret);
}

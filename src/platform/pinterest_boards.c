/* SPDX-License-Identifier: Apache-2.0 */
/* Boards of an account, page by page; a page without boards may still have a successor. */
#include <string.h>

#include "platform/pinterest.h"

#define PAGE_SIZE "250"

static const struct script boards_script, board_script;

static struct pinterest_caller caller_of(const struct board_list *l)
{
	return (struct pinterest_caller){ l->arena, l->app, l->account->access_token };
}

static enum script_move list_end(struct board_list *l, struct step_result *ret)
{
	const json_t *found = json_object_get(l->memo, "found"), *board;
	struct platform_board *boards =
		arena_array(l->arena, json_array_size(found) + 1, sizeof(*boards));
	size_t i;

	json_array_foreach(found, i, board) {
		boards[i] = (struct platform_board){
			.id = arena_strdup(l->arena, memo_text(board, "id")),
			.name = arena_strdup(l->arena, memo_text(board, "name")),
			.privacy = arena_strdup(l->arena, memo_text(board, "privacy")),
		};
	}
	l->boards = boards;
	l->boards_n = json_array_size(found);
	return script_succeed(ret);
}

/* Boards that take advertisements only are no places for pins. */
static void note_board(struct board_list *l, const json_t *board)
{
	const char *id = memo_id(l->arena, board, "id"), *name = memo_text(board, "name");
	const char *privacy = memo_text(board, "privacy");

	if (!id || json_is_true(json_object_get(board, "is_ads_only")))
		return;
	json_array_append_new(json_object_get(l->memo, "found"),
			      json_pack("{s:s, s:s, s:s}", "id", id, "name", name ? name : id,
					"privacy", privacy ? privacy : "PUBLIC"));
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	struct board_list *l = ctx;
	struct pinterest_caller caller = caller_of(l);

	if (!json_object_get(l->memo, "found"))
		json_object_set_new(l->memo, "found", json_array());
	ret->request = pinterest_call(&caller, VERB_GET, "pin.boards", "/boards");
	http_request_query(ret->request, "page_size", PAGE_SIZE);
	http_request_query(ret->request, "bookmark", memo_text(l->memo, "bookmark"));
	return SCRIPT_SEND;
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct board_list *l = ctx;
	struct pinterest_reply r;
	const char *bookmark, *was = memo_text(l->memo, "bookmark");
	const json_t *board;
	size_t i;

	pinterest_read(l->arena, last, l->now_us, &r);
	if (r.is_ok && !json_is_array(json_object_get(r.json, "items"))) {
		r.is_ok = false;
		r.row = pinterest_error_find(r.status, 0, NULL);
	}
	if (!r.is_ok)
		return pinterest_fail(l->arena, &r, r.row->elsewhere, ret);
	json_array_foreach(json_object_get(r.json, "items"), i, board)
		note_board(l, board);
	bookmark = memo_text(r.json, "bookmark");
	if (!bookmark || !*bookmark || (was && strcmp(was, bookmark) == 0) ||
	    memo_count(l->memo, "pages") >= platform_int(l->app, "boards_pages"))
		return list_end(l, ret);
	memo_set_text(l->memo, "bookmark", bookmark);
	return script_go(l->memo, &boards_script, "list");
}

static enum script_move ask_one(void *ctx, struct step_result *ret)
{
	struct board_list *l = ctx;
	struct pinterest_caller caller = caller_of(l);

	json_object_set_new(l->memo, "found", json_array());
	if (!pinterest_is_digits(l->board_id)) {
		ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
		return SCRIPT_DONE;
	}
	ret->request = pinterest_call(&caller, VERB_GET, "pin.board", "/boards/%s", l->board_id);
	return SCRIPT_SEND;
}

static enum script_move read_one(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct board_list *l = ctx;
	struct pinterest_reply r;

	pinterest_read(l->arena, last, l->now_us, &r);
	if (r.status == 404) {
		ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
		return SCRIPT_DONE;
	}
	if (!r.is_ok)
		return pinterest_fail(l->arena, &r, r.row->elsewhere, ret);
	note_board(l, r.json);
	if (json_array_size(json_object_get(l->memo, "found")) > 0)
		return list_end(l, ret);
	ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
	return SCRIPT_DONE;
}

static const struct script_row boards_rows[] = {
	{ "list", ask_list, read_list },
	{ NULL, NULL, NULL },
};
static const struct script boards_script = { "boards", boards_rows };
static const struct script_row board_rows[] = {
	{ "one", ask_one, read_one },
	{ NULL, NULL, NULL },
};
static const struct script board_script = { "boards", board_rows };

enum step pinterest_boards(struct board_list *l, const struct http_reply *last,
			   struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(l->board_id ? &board_script : &boards_script, l->memo, l, last, ret);
}

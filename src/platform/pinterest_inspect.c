/* SPDX-License-Identifier: Apache-2.0 */
/* Whether Pinterest still takes the token, and still has the board that was chosen. */
#include "platform/pinterest.h"

static const struct script inspect_script;

static enum script_move ask_board(void *ctx, struct step_result *ret)
{
	struct inspection *i = ctx;
	const struct pinterest_caller caller = { i->arena, i->app, i->account->access_token };
	const char *board = pinterest_board(i->post, i->account);

	inspection_count(i);
	if (pinterest_is_digits(board))
		ret->request = pinterest_call(&caller, VERB_GET, "pin.board", "/boards/%s", board);
	else
		ret->request =
			pinterest_call(&caller, VERB_GET, "pin.user_account", "/user_account");
	return SCRIPT_SEND;
}

static enum script_move read_board(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct inspection *i = ctx;
	struct pinterest_reply r;

	pinterest_read(i->arena, last, i->now_us, &r);
	if (r.status == 404)
		findings_add(i->findings, false, "board_id", "board_not_found",
			     "%s has no board %s; choose another.", i->account->username,
			     pinterest_board(i->post, i->account));
	else if (!r.is_ok)
		return pinterest_fail(i->arena, &r, r.row->elsewhere, ret);
	return script_succeed(ret);
}

static const struct script_row inspect_rows[] = {
	{ "board", ask_board, read_board },
	{ NULL, NULL, NULL },
};
static const struct script inspect_script = { "inspect", inspect_rows };

enum step pinterest_inspect(struct inspection *i, const struct http_reply *last,
			    struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&inspect_script, i->memo, i, last, ret);
}

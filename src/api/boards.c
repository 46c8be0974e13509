/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boards of a Pinterest account, and which of them takes the pins that name none. The list is
 * always read from Pinterest, whole, so `refresh` has nothing to throw away.
 */
#include <string.h>

#include "api/account_view.h"
#include "api/api.h"
#include "api/dialogue.h"
#include "api/integrations.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "http/router.h"
#include "store/accounts.h"
#include "store/tokens.h"

#define DEFAULT_BOARD "default_board"

struct default_body {
	uint64_t present;
	const char *board_id, *account_id;
};

/* clang-format off */
static const struct field board_fields[] = {
	{ .name = "id",      .kind = FIELD_TEXT },
	{ .name = "name",    .kind = FIELD_TEXT },
	{ .name = "privacy", .kind = FIELD_TEXT, .sentence = "PUBLIC, PROTECTED or SECRET, as the platform says." },
	{ .name = NULL },
};
static const struct schema board_schema = { "Board", 0, board_fields };
static const struct field list_fields[] = {
	{ .name = "boards",      .kind = FIELD_OBJECTS, .nested = &board_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "BoardList", 0, list_fields };
static const struct field default_fields[] = {
	{ .name = "board_id",   .kind = FIELD_ID, .offset = offsetof(struct default_body, board_id), .flags = FIELD_REQUIRED },
	{ .name = "account_id", .kind = FIELD_ID, .offset = offsetof(struct default_body, account_id), .sentence = "Left out: the platform's only, or default, account." },
	{ .name = NULL },
};
static const struct schema default_schema = { "DefaultBoardSet", sizeof(struct default_body), default_fields };
static const struct field short_fields[] = {
	{ .name = "id",   .kind = FIELD_TEXT },
	{ .name = "name", .kind = FIELD_TEXT },
	{ .name = NULL },
};
static const struct schema short_schema = { "BoardSummary", 0, short_fields };
static const struct field chosen_fields[] = {
	{ .name = "account_id", .kind = FIELD_ID },
	{ .name = "board",      .kind = FIELD_OBJECT, .nested = &short_schema },
	{ .name = NULL },
};
static const struct schema chosen_schema = { "DefaultBoard", 0, chosen_fields };
/* clang-format on */

/* The named account, else the default one, else the only one. */
static int account_choose(struct request *req, const char *id, struct account *ret,
			  struct problem *reterr)
{
	const struct platform *p = integration_platform(req);
	struct account_wish wish = { .platform = p->id, .account_ids = mode_accounts(req) };
	struct account_query q = { .page = { .limit = PAGE_LIMIT_MAX },
				   .platform = p->id,
				   .account_ids = wish.account_ids };
	struct accounts all;

	wish.livemode = q.livemode = mode_of(req);
	if (id) {
		if (account_find(req, id, ret, reterr) < 0)
			return -1;
		if (strcmp(ret->platform, p->id) == 0)
			return 0;
		return problem_set(reterr, PROBLEM_NOT_FOUND, "account %s does not exist", id);
	}
	if (store_accounts_list(req->app->db, req->principal->workspace, &q, req->arena, &all,
				reterr) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		if (all.v[i].is_default && all.v[i].status == ACCOUNT_CONNECTED)
			wish.preferred_id = all.v[i].id;
	}
	return store_accounts_resolve(req->app->db, req->principal->workspace, &wish, req->arena,
				      ret, reterr);
}

/* How a dialogue that found nothing out is told. */
static int board_problem(const struct outcome *o, struct problem *reterr)
{
	static const struct {
		enum outcome_kind kind;
		enum problem_kind problem;
	} rows[] = {
		{ OUTCOME_REAUTH, PROBLEM_ACCOUNT_NOT_CONNECTED },
		{ OUTCOME_REFRESH, PROBLEM_ACCOUNT_NOT_CONNECTED },
	};
	const char *words = o->error.message ? o->error.message : "the platform did not answer";
	enum problem_kind kind = PROBLEM_PLATFORM;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].kind == o->kind)
			kind = rows[i].problem;
	}
	if (o->error.code == POST_ERROR_CONFIGURATION)
		kind = PROBLEM_NOT_CONFIGURED;
	return problem_set(reterr, kind, "%s", words);
}

/* board_id NULL: all. PROBLEM_PLATFORM and its kin; ABSENT is for the caller to tell. */
static int boards_read(struct request *req, const struct account *a, struct board_list *l,
		       struct outcome *ret, struct problem *reterr)
{
	CLEANUP(tokens_done) struct tokens tokens = { 0 };
	struct platform_app *app = arena_alloc(req->arena, sizeof(*app));
	struct platform_account *account = arena_alloc(req->arena, sizeof(*account));

	if (store_tokens_get(req->app->db, req->principal->workspace, a->id, req->app->keys,
			     &tokens, reterr) < 0)
		return -1;
	platform_account_of(req->arena, a, account);
	account->access_token = tokens_value(&tokens, "access");
	if (a->status != ACCOUNT_CONNECTED || !account->access_token)
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "account %s must be connected again", a->id);
	platform_app_init(app, req->arena, req->app->config, integration_platform(req),
			  a->livemode);
	l->app = app;
	l->account = account;
	dialogue_boards(req, l, ret);
	account->access_token = NULL; /* wiped with the tokens */
	if (ret->kind != OUTCOME_PUBLISHED && ret->kind != OUTCOME_ABSENT)
		return board_problem(ret, reterr);
	return 0;
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct board_list l = { .board_id = NULL };
	struct outcome outcome = { 0 };
	struct account a;

	if (account_choose(req, request_query(req, "account_id"), &a, reterr) < 0 ||
	    boards_read(req, &a, &l, &outcome, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "boards");
	for (size_t i = 0; i < l.boards_n; i++) {
		emit_open(&ret->emit, NULL);
		emit_text(&ret->emit, "id", l.boards[i].id);
		emit_text(&ret->emit, "name", l.boards[i].name);
		emit_text(&ret->emit, "privacy", l.boards[i].privacy);
		emit_close(&ret->emit);
	}
	emit_close_array(&ret->emit);
	emit_null(&ret->emit, "next_cursor");
	emit_close(&ret->emit);
	return 0;
}

/* The account's settings with that board in them; the other choices stay. */
static const char *settings_with(struct request *req, const struct account *a,
				 const struct platform_board *board)
{
	json_t *settings = a->settings ? json_loads(a->settings, 0, NULL) : NULL;
	char *text;
	size_t n;

	if (!json_is_object(settings)) {
		json_decref(settings);
		settings = json_object();
	}
	json_object_set_new(settings, DEFAULT_BOARD,
			    json_pack("{s:s, s:s}", "id", board->id, "name", board->name));
	n = json_dumpb(settings, NULL, 0, JSON_COMPACT);
	text = arena_alloc(req->arena, n + 1);
	(void)json_dumpb(settings, text, n, JSON_COMPACT);
	json_decref(settings);
	return text;
}

static int set_default(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct default_body *in = req->in;
	struct board_list l = { .board_id = in->board_id };
	struct account_patch patch = { .given = ACCOUNT_SETTINGS };
	struct outcome outcome = { 0 };
	struct account a;

	if (account_choose(req, in->account_id, &a, reterr) < 0 ||
	    boards_read(req, &a, &l, &outcome, reterr) < 0)
		return -1;
	if (outcome.kind == OUTCOME_ABSENT || l.boards_n == 0)
		return problem_add(reterr, "/board_id", "not_found",
				   "the account has no such board");
	patch.id = a.id;
	patch.settings = settings_with(req, &a, &l.boards[0]);
	if (store_accounts_update(req->app->db, req->principal->workspace, &patch, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "account_id", a.id);
	emit_open(&ret->emit, "board");
	emit_text(&ret->emit, "id", l.boards[0].id);
	emit_text(&ret->emit, "name", l.boards[0].name);
	emit_close(&ret->emit);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct query_param list_query[] = {
	{ .name = "account_id", .kind = QUERY_ID, .sentence = "Left out: the platform's only, or default, account." },
	{ .name = "refresh",    .kind = QUERY_BOOL, .sentence = "true: read anew from the platform, which is always done." },
	{ .name = NULL },
};

#define READ  .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_ACCOUNTS_READ),  .rate = RATE_READ
#define WRITE .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_ACCOUNTS_WRITE), .rate = RATE_WRITE
const struct route api_boards_routes[] = {
	{ HTTP_GET,   INTEGRATIONS_BASE "pinterest/boards",        READ,  .ok = 200, .query = list_query, .reply = &list_schema, .handler = list, .operation = "listBoards", .summary = "List the boards of a Pinterest account" },
	{ HTTP_PATCH, INTEGRATIONS_BASE "pinterest/default-board", WRITE, .repeat = REPEAT_RESUMED, .ok = 200, .body = &default_schema, .reply = &chosen_schema, .handler = set_default, .operation = "setDefaultBoard", .summary = "Choose where pins go that name no board" },
	{ .pattern = NULL },
};
/* clang-format on */

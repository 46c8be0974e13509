/* SPDX-License-Identifier: Apache-2.0 */
/* Boards of a Pinterest account that is connected through the API, and the choice among them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/random.h"
#include "support/connector.h"
#include "support/suite.h"

#define BOARDS  "/api/v1/integrations/pinterest/boards"
#define DEFAULT "/api/v1/integrations/pinterest/default-board"

static void digits(char ret[static 24], const char *prefix)
{
	snprintf(ret, 24, "%s%010llu", prefix, (unsigned long long)random_below(10000000000ULL));
}

/* A person with n boards; the first has the id that is given back. */
static void pinner_make(char ret_user[static 24], char ret_board[static 24], int n)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	char board[24];

	digits(ret_user, "27831");
	digits(ret_board, "5497");
	buf_printf(&body, "{\"platform\":\"pinterest\",\"users\":[{\"id\":\"%s\",\"boards\":[",
		   ret_user);
	for (int i = 0; i < n; i++) {
		digits(board, "5498");
		buf_printf(&body, "%s{\"id\":\"%s\",\"name\":\"Board %d\",\"privacy\":\"%s\"}",
			   i ? "," : "", i ? board : ret_board, i, i ? "PUBLIC" : "SECRET");
	}
	buf_adds(&body, "]}]}");
	sandbox_post("/_control/world", body.p, 200);
}

static struct persona persona;
static char user[24], board[24];

static char *account_with(int boards)
{
	persona_make(&persona, NULL, "owner");
	pinner_make(user, board, boards);
	return connect_user(persona.token, "pinterest", user);
}

START_TEST(boards_are_listed_whole_past_empty_pages)
{
	char *account = account_with(300);

	sandbox_post("/_control/faults",
		     "{\"platform\":\"pinterest\",\"point\":\"boards.empty_page\"}", 201);
	CLEANUP(answer_free)
	struct answer *a = client_call("GET", BOARDS "?refresh=true", persona.token, NULL);

	assert_status(a, 200);
	ck_assert_uint_eq(answer_count(a, "boards"), 300);
	ck_assert_str_eq(answer_text(a, "boards.0.id"), board);
	ck_assert_str_eq(answer_text(a, "boards.0.name"), "Board 0");
	ck_assert_str_eq(answer_text(a, "boards.0.privacy"), "SECRET");
	ck_assert(answer_is_null(a, "next_cursor"));
	free(account);
}
END_TEST

START_TEST(default_board_is_kept_among_the_settings)
{
	char *account = account_with(2);
	char path[80];
	CLEANUP(answer_free)
	struct answer *a =
		client_callf("PATCH", DEFAULT, persona.token, "{\"board_id\":\"%s\"}", board);

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "account_id"), account);
	ck_assert_str_eq(answer_text(a, "board.id"), board);
	ck_assert_str_eq(answer_text(a, "board.name"), "Board 0");
	snprintf(path, sizeof(path), "/api/v1/accounts/%s", account);
	CLEANUP(answer_free) struct answer *seen = client_call("GET", path, persona.token, NULL);

	ck_assert_str_eq(answer_text(seen, "settings.default_board.id"), board);
	CLEANUP(answer_free)
	struct answer *by_id =
		client_callf("PATCH", DEFAULT, persona.token,
			     "{\"board_id\":\"%s\",\"account_id\":\"%s\"}", board, account);

	assert_status(by_id, 200);
	free(account);
}
END_TEST

START_TEST(foreign_board_and_account_are_refused)
{
	char *account = account_with(1);
	CLEANUP(answer_free)
	struct answer *a =
		client_call("PATCH", DEFAULT, persona.token, "{\"board_id\":\"549755885175\"}");
	CLEANUP(answer_free)
	struct answer *b = client_call("GET", BOARDS "?account_id=acc_nobody", persona.token, NULL);

	assert_invalid(a, "/board_id", "not_found");
	assert_problem(b, 404, "not_found");
	free(account);
}
END_TEST

START_TEST(workspace_without_an_account_is_told_so)
{
	persona_make(&persona, NULL, "owner");
	CLEANUP(answer_free) struct answer *a = client_call("GET", BOARDS, persona.token, NULL);

	ck_assert_int_eq((int)a->status / 100, 4);
	ck_assert_str_eq(answer_text(a, "code"), "account_not_connected");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ boards_are_listed_whole_past_empty_pages, 0 },
		{ default_board_is_kept_among_the_settings, 0 },
		{ foreign_board_and_account_are_refused, 0 },
		{ workspace_without_an_account_is_told_so, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "boards",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.cases = cases,
	});
}

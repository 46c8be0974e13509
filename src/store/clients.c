/* SPDX-License-Identifier: Apache-2.0 */
#include "store/clients.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/seal.h"
#include "db/conn.h"

#define PLACE_MAX 512

enum { PUT, GET };

const struct stmt store_clients_statements[] = {
	[PUT] = { "clients.put", STMT_WORKSPACE, "sssb",
		  "INSERT INTO server_clients (workspace_id, place, kid, sealed, made_at) "
		  "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE "
		  "kid = VALUES(kid), sealed = VALUES(sealed), made_at = VALUES(made_at)",
		  NULL },
	[GET] = { "clients.get", STMT_WORKSPACE, "ss",
		  "SELECT sealed FROM server_clients WHERE workspace_id = ? AND place = ?", NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_clients_statements[x])

struct place {
	char text[PLACE_MAX + 1];
};

static int place_print(const struct client_place *at, const struct keys *keys, struct place *ret,
		       struct problem *reterr)
{
	int n = snprintf(ret->text, sizeof(ret->text), "%s %s %s", at->platform,
			 at->livemode ? "live" : "test", at->server);

	if (n < 0 || n > PLACE_MAX)
		return problem_set(reterr, PROBLEM_INTERNAL, "the server's address is too long");
	if (!keys || !keys->ring)
		return problem_set(reterr, PROBLEM_INTERNAL, "this program holds no sealing key");
	return 0;
}

int store_clients_put(struct db *db, const char *ws, const struct client_place *at,
		      const char *client, const struct keys *keys, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	struct place place;

	if (place_print(at, keys, &place, reterr) < 0)
		return -1;
	const struct seal_place sealed = { ws, place.text, "client" };

	if (seal_close(keys->ring, &sealed, client, strlen(client), &blob) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "the registration cannot be sealed");
	return db_exec(db, ROW(PUT), NULL, reterr, ws, place.text, seal_current_id(keys->ring),
		       (const void *)blob.p, blob.len);
}

int store_clients_get(struct db *db, const char *ws, const struct client_view *what,
		      struct arena *a, const char **ret, struct problem *reterr)
{
	struct buf plain = BUF_INIT;
	const char *client = NULL;
	struct rows *r = NULL;
	struct place place;
	int got, failed = 0;

	if (place_print(&what->at, what->keys, &place, reterr) < 0)
		return -1;
	const struct seal_place at = { ws, place.text, "client" };

	got = db_query_one(db, ROW(GET), &r, reterr, ws, place.text);
	if (got < 0)
		return -1;
	if (got > 0) {
		failed = seal_open(what->keys->ring, &at, rows_text(r, 0), rows_len(r, 0), &plain);
		if (failed == 0)
			client = arena_strndup(a, buf_str(&plain), plain.len);
		buf_wipe(&plain);
		rows_end(r);
	}
	if (failed < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "a registration cannot be opened");
	*ret = client;
	return 0;
}

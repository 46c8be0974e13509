/* SPDX-License-Identifier: Apache-2.0 */
#include "tenancy_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/random.h"
#include "support/connector.h"

const char *const thing_names[THINGS + 1] = {
	[THING_WORKSPACE] = "@workspace",
	[THING_MEMBER] = "@member",
	[THING_KEY] = "@key",
	[THING_CHARACTER] = "@character",
	[THING_ACCOUNT] = "@account",
	[THING_PINNER] = "@pinner",
	[THING_TIKTOK] = "@tiktok",
	[THING_MEDIUM] = "@medium",
	[THING_FETCH] = "@fetch",
	[THING_SOUND] = "@sound",
	[THING_CONTENT] = "@content",
	[THING_POST] = "@post",
	[THING_DOUBT] = "@doubt",
	[THING_CALENDAR] = "@calendar",
	[THING_WEBHOOK] = "@webhook",
	[THING_EVENT] = "@event",
	[THING_DELIVERY] = "@delivery",
	[THING_FLOW] = "@flow",
};

/* Rows as their makers would leave them. */
#define ACCOUNT_AT(id, platform)                                                                \
	"INSERT INTO accounts (workspace_id, id, platform, livemode, remote_id, username, "     \
	"display_name, status, scopes, missing_scopes, created_at, updated_at) VALUES "         \
	"('@workspace', '" id "', '" platform "', 1, CONCAT('r', UUID_SHORT()), 'who', 'who', " \
	"'connected', '', '', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))"
#define MEDIUM_OF(id, state, facts, sha256)                                                        \
	"INSERT INTO media (workspace_id, id, state, kind, mime, ext, sha256, bytes, created_at) " \
	"VALUES ('@workspace', '" id "', '" state "', " facts ", " sha256 ", 4096, "               \
	"UTC_TIMESTAMP(3))"
#define POST_OF(id, state, day)                                                                   \
	"INSERT INTO posts (workspace_id, id, content_id, content_revision, character_id, "       \
	"account_id, "                                                                            \
	"platform, livemode, state, wake_at, due_at, created_at, updated_at) VALUES "             \
	"('@workspace', '" id "', '@content', 1, '@character', '@account', 'twitter', 1, '" state \
	"', '" day "', '" day "', "                                                               \
	"UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))"
static const struct {
	enum thing thing;
	const char *prefix, *sql;
} made_by_hand[] = {
	{ THING_CHARACTER, "char",
	  "INSERT INTO characters (workspace_id, id, name, created_at, updated_at) VALUES "
	  "('@workspace', '@character', 'Who', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))" },
	{ THING_ACCOUNT, "acc", ACCOUNT_AT("@account", "twitter") },
	{ THING_PINNER, "acc", ACCOUNT_AT("@pinner", "pinterest") },
	{ THING_TIKTOK, "acc", ACCOUNT_AT("@tiktok", "tiktok") },
	{ THING_MEDIUM, "med",
	  MEDIUM_OF("@medium", "ready", "'image', 'image/jpeg', 'jpg'",
		    "UNHEX(SHA2('@medium', 256))") },
	{ THING_SOUND, "med",
	  MEDIUM_OF("@sound", "ready", "'audio', 'audio/mpeg', 'mp3'",
		    "UNHEX(SHA2('@sound', 256))") },
	{ THING_FETCH, "med", MEDIUM_OF("@fetch", "fetching", "NULL, NULL, NULL", "NULL") },
	{ THING_FETCH, NULL,
	  "INSERT INTO fetches (workspace_id, media_id, url, state, due_at, next_at, created_at, "
	  "updated_at) VALUES ('@workspace', '@fetch', 'https://media.invalid/a', 'queued', "
	  "'2099-01-01', '2099-01-01', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))" },
	{ THING_CONTENT, "cnt",
	  "INSERT INTO contents (workspace_id, id, kind, caption, state, revision, "
	  "approved_revision, created_at, updated_at) VALUES ('@workspace', '@content', 'text', "
	  "'Words', 'approved', 1, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))" },
	{ THING_POST, "sch", POST_OF("@post", "queued", "2098-03-01") },
	{ THING_DOUBT, "sch", POST_OF("@doubt", "unconfirmed", "2098-03-02") },
	{ THING_EVENT, "evt",
	  "INSERT INTO events (workspace_id, id, type, livemode, subject_id, data, created_at, "
	  "is_untold) VALUES ('@workspace', '@event', 'post.scheduled', TRUE, '@post', '{}', "
	  "UTC_TIMESTAMP(3), NULL)" },
	{ THING_DELIVERY, "whd",
	  "INSERT INTO webhook_deliveries (workspace_id, id, webhook_id, event_id, state, "
	  "created_at, updated_at) VALUES ('@workspace', '@delivery', '@webhook', '@event', "
	  "'failed', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))" },
};

/* What only the API can make, and where its answer has the id. */
static const struct {
	enum thing thing;
	const char *path, *body;
} made_by_request[] = {
	{ THING_KEY, "/api/v1/api-keys", "{\"name\":\"a key\"}" },
	{ THING_CALENDAR, "/api/v1/schedule/calendars", "{\"name\":\"a calendar\"}" },
	{ THING_WEBHOOK, "/api/v1/webhooks",
	  "{\"url\":\"https://hooks.example/in\",\"events\":[\"post.missed\"]}" },
};

static void id_new(char *ret, const char *prefix)
{
	char id[ID_MAX];

	random_id(id, prefix);
	snprintf(ret, 64, "%s", id);
}

static enum thing named(const char *at)
{
	int i = 0;

	while (i < THINGS && strncmp(at, thing_names[i], strlen(thing_names[i])) != 0)
		i++;
	ck_assert_msg(i < THINGS, "nothing is called %.20s", at);
	return (enum thing)i;
}

char *world_fill(const char *text, const struct world *w, const struct world *other, int nth)
{
	struct buf out = BUF_INIT;

	for (int i = 0;; i++) {
		size_t n = strcspn(text, "@");

		buf_add(&out, text, n);
		text += n;
		if (!*text)
			return buf_take(&out);
		buf_adds(&out, (i == nth ? other : w)->ids[named(text)]);
		text += strlen(thing_names[named(text)]);
	}
}

/* Two accounts are found, so the flow waits for a choice. */
static void flow_make(struct world *w)
{
	struct person person;
	struct start s;
	const char *at;
	char *url;

	person_make(&person, 2);
	connect_start(&s, w->p.token, "");
	url = connect_consent(&s, person.id, "");
	CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

	free(url);
	connect_ends_at(a, "choose=flow_");
	at = strstr(answer_header(a, "location"), "choose=") + 7;
	snprintf(w->ids[THING_FLOW], 64, "%.*s", (int)strcspn(at, "&"), at);
}

void world_make(struct world *ret)
{
	struct persona second;

	memset(ret, 0, sizeof(*ret));
	persona_make(&ret->p, NULL, "owner");
	persona_make(&second, ret->p.workspace, "viewer");
	snprintf(ret->ids[THING_WORKSPACE], 64, "%s", ret->p.workspace);
	snprintf(ret->ids[THING_MEMBER], 64, "%s", second.user);
	for (size_t i = 0; i < ARRAY_LEN(made_by_request); i++) {
		CLEANUP(answer_free)
		struct answer *a = client_call("POST", made_by_request[i].path, ret->p.token,
					       made_by_request[i].body);

		assert_status(a, 201);
		snprintf(ret->ids[made_by_request[i].thing], 64, "%s", answer_text(a, "id"));
	}
	for (size_t i = 0; i < ARRAY_LEN(made_by_hand); i++) {
		if (made_by_hand[i].prefix)
			id_new(ret->ids[made_by_hand[i].thing], made_by_hand[i].prefix);
		char *sql = world_fill(made_by_hand[i].sql, ret, NULL, -1);

		free(client_sql("%s", sql));
		free(sql);
	}
	flow_make(ret);
	for (int i = 0; i < THINGS; i++)
		ck_assert_msg(*ret->ids[i], "the world has no %s", thing_names[i]);
}

void world_of_nobody(struct world *ret, const struct world *like)
{
	char prefix[THING_NAME_MAX];

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < THINGS; i++) {
		if (!*like->ids[i])
			continue;
		snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(like->ids[i], "_"),
			 like->ids[i]);
		id_new(ret->ids[i], prefix);
		ck_assert_uint_eq(strlen(ret->ids[i]), strlen(like->ids[i]));
	}
}

/* One table: how many rows, and a sum over all their columns. */
static void table_add(struct buf *out, const char *table, const char *where)
{
	char *columns =
		client_sql("SELECT GROUP_CONCAT('COALESCE(HEX(`', column_name, '`),\"-\")') "
			   "FROM information_schema.columns WHERE table_schema = DATABASE() "
			   "AND table_name = '%s'",
			   table);
	char *rows = client_sql("SELECT CONCAT(COUNT(*), ' rows, ', "
				"COALESCE(SUM(CRC32(CONCAT_WS('|', %s))), 0)) FROM %s WHERE %s",
				columns, table, where);

	buf_printf(out, "%s: %s\n", table, rows);
	free(columns);
	free(rows);
}

char *world_rows(const struct world *w)
{
	char *tables = client_sql(
		"SELECT GROUP_CONCAT(c.table_name ORDER BY c.table_name) FROM "
		"information_schema.columns c JOIN information_schema.tables t USING "
		"(table_schema, table_name) WHERE table_schema = DATABASE() AND column_name = "
		"'workspace_id' AND table_type = 'BASE TABLE'");
	struct buf out = BUF_INIT;
	char where[160], *rest = tables, *table;

	snprintf(where, sizeof(where), "workspace_id = '%s'", w->p.workspace);
	while ((table = strsep(&rest, ",")) != NULL)
		table_add(&out, table, where);
	free(tables);
	snprintf(where, sizeof(where), "id = '%s'", w->p.workspace);
	table_add(&out, "workspaces", where);
	snprintf(where, sizeof(where),
		 "id IN (SELECT user_id FROM members WHERE workspace_id = '%s')", w->p.workspace);
	table_add(&out, "users", where);
	return buf_take(&out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/stage.h"

#include <stdio.h>
#include <stdlib.h>

void stage_make(struct stage *ret, const char *character)
{
	persona_make(&ret->p, NULL, "owner");
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/characters", ret->p.token, character);

	assert_status(a, 201);
	snprintf(ret->character, sizeof(ret->character), "%s", answer_text(a, "id"));
}

void stage_account(const struct stage *s, const char *platform, const char *mark)
{
	free(client_sql("INSERT INTO accounts (workspace_id, id, platform, livemode, remote_id, "
			"username, display_name, status, scopes, missing_scopes, created_at, "
			"updated_at) VALUES ('%s', CONCAT('acc_', UPPER(LEFT(SHA1(UUID()), 26))), "
			"'%s', 1, CONCAT('r', UUID_SHORT()), '%s', '%s', 'connected', '', '', "
			"UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
			s->p.workspace, platform, mark, mark));
}

void stage_texts(const struct stage *s, int n)
{
	free(client_sql(
		"INSERT INTO contents (workspace_id, id, character_id, kind, caption, state, "
		"revision, approved_revision, created_at, updated_at) "
		"WITH RECURSIVE h AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM h WHERE i < 99), "
		"k AS (SELECT a.i * 100 + b.i + 1 AS i FROM h a JOIN h b HAVING i <= %d) SELECT "
		"'%s', CONCAT('cnt_', LPAD(i, 6, '0'), '%.10s'), '%s', 'text', "
		"CONCAT('words number ', i), 'approved', 1, 1, UTC_TIMESTAMP(3), "
		"UTC_TIMESTAMP(3) FROM k",
		n, s->p.workspace, s->character + 20, s->character));
}

int64_t stage_posts(const struct stage *s)
{
	char *n =
		client_sql("SELECT COUNT(*) FROM posts WHERE workspace_id = '%s'", s->p.workspace);
	int64_t count = strtoll(n, NULL, 10);

	free(n);
	return count;
}

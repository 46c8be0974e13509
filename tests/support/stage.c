/* SPDX-License-Identifier: Apache-2.0 */
#include "support/stage.h"

#include <check.h>
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

void stage_writer(struct stage *ret, const char *character, int texts)
{
	stage_make(ret, character);
	stage_account(ret, "twitter", "writer");
	stage_texts(ret, texts);
}

void stage_daily(struct stage *ret, int n, const char *zone)
{
	char body[200];

	snprintf(body, sizeof(body),
		 "{\"name\":\"Daily\",\"timezone\":\"%s\",\"schedule\":{\"twitter\":{\"windows\":[{"
		 "\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"],\"from\":"
		 "\"10:00\",\"to\":\"10:10\"}]}}}",
		 zone);
	stage_writer(ret, body, n);
	snprintf(body, sizeof(body), ",\"start_date\":\"2027-06-01\",\"days\":%d", n);
	CLEANUP(answer_free) struct answer *a = stage_generate(ret, body);

	assert_status(a, 201);
	ck_assert_uint_eq(answer_count(a, "scheduledPosts"), (size_t)n);
	/* Which minute a platform has depends on how many there are. */
	free(client_sql("UPDATE posts SET due_at = due_at - INTERVAL MINUTE(due_at) MINUTE WHERE "
			"workspace_id = '%s'",
			ret->p.workspace));
}

struct answer *stage_generate(const struct stage *s, const char *more)
{
	return client_callf("POST", "/api/v1/schedule/generate", s->p.token,
			    "{\"character_id\":\"%s\"%s}", s->character, more);
}

struct answer *stage_get(const struct stage *s, const char *path)
{
	return client_call("GET", path, s->p.token, NULL);
}

struct answer *stage_post(const struct stage *s, const char *path, const char *body)
{
	return client_call("POST", path, s->p.token, body);
}

char *stage_account_id(const struct stage *s)
{
	return client_sql("SELECT id FROM accounts WHERE workspace_id = '%s' LIMIT 1",
			  s->p.workspace);
}

const char *stage_listed(const struct answer *a, size_t i, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "scheduled_posts.%zu.%s", i, name);
	return answer_text(a, path);
}

int64_t stage_posts(const struct stage *s)
{
	return client_number("SELECT COUNT(*) FROM posts WHERE workspace_id = '%s'",
			     s->p.workspace);
}

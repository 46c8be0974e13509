/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two workspaces: whoever belongs to one walks every route with every id of the other, in the path,
 * in the query and in the body. The answer is the one that an id of nobody gets, byte for byte, and
 * nothing of the other workspace has changed. The routes are the server's own table: a new one that
 * no table here knows fails the test. That each id is real, and each request well formed, is shown by
 * an owner's answers to the same requests, which differ.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/buf.h"
#include "support/fixtures.h"
#include "support/suite.h"
#include "tenancy_names.h"
#include "tenancy_world.h"

static struct world mine, theirs, nobody;

static struct answer *ask(const struct route *row, const char *token, const char *id,
			  const char *tail, const char *body)
{
	static const char *const headers[] = { "Prefer: wait=0", NULL };
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	size_t n = strcspn(row->pattern, "{");
	const char *rest = row->pattern + n;

	buf_add(&path, row->pattern, n);
	if (*rest)
		buf_printf(&path, "%s%s", id, rest + strlen("{id}"));
	buf_adds(&path, tail);
	return client_send(&(struct call){
		.method = http_method_name(row->method),
		.path = path.p,
		.token = token,
		.body = body,
		.headers = headers,
		.content_type = row->body_max == BODY_LINES ? "application/x-ndjson" : NULL });
}

static void replace(struct buf *text, const char *word, const char *by)
{
	struct buf out = BUF_INIT;
	const char *at, *rest = buf_str(text);

	for (; *word && (at = strstr(rest, word)) != NULL; rest = at + strlen(word)) {
		buf_add(&out, rest, (size_t)(at - rest));
		buf_adds(&out, by);
	}
	buf_adds(&out, rest);
	buf_done(text);
	*text = out;
}

/* The body as it would be for any id and any request. */
static char *neutral(const struct answer *a, const char *id)
{
	const char *request = answer_header(a, "X-Request-Id");
	struct buf text = BUF_INIT;

	buf_add(&text, a->body, a->body_n);
	replace(&text, id, "ID");
	replace(&text, request ? request : "", "REQUEST");
	return buf_take(&text);
}

static bool is_alike(const struct answer *a, const char *a_id, const struct answer *b,
		     const char *b_id)
{
	char *left = neutral(a, a_id), *right = neutral(b, b_id);
	const bool same = a->status == b->status && strcmp(left, right) == 0;

	free(left);
	free(right);
	return same;
}

/* Nothing of theirs but what was asked for by its own id. */
static void says_nothing(const struct answer *a, const char *asked, const char *what)
{
	for (int i = 0; i < THINGS; i++)
		ck_assert_msg(!*theirs.ids[i] || strcmp(theirs.ids[i], asked) == 0 ||
				      !strstr(a->body, theirs.ids[i]),
			      "%s tells of %s: %s", what, thing_names[i], a->body);
}

static void as_if_absent(const struct answer *a, const char *id, const struct answer *absent,
			 const char *absent_id, const char *what)
{
	ck_assert_msg(is_alike(a, id, absent, absent_id), "%s: %ld %.1500s\ninstead of %ld %.1500s",
		      what, a->status, a->body, absent->status, absent->body);
	says_nothing(a, id, what);
}

static void each_route(void (*fn)(const struct route *row))
{
	for (const struct route *const *family = api_routes.families; *family; family++)
		for (const struct route *row = *family; row->pattern; row++)
			fn(row);
}

static const char *name_of(const struct route *row, const char *what)
{
	static char name[200];

	snprintf(name, sizeof(name), "%s %s (%s)", http_method_name(row->method), row->pattern,
		 what);
	return name;
}

static char *own_body(const struct route *row, const struct world *w)
{
	const char *body = body_of(row->body, 0);

	ck_assert_msg(!row->body || body, "%s: the crawler has no body for this route",
		      row->pattern);
	return body ? world_fill(body, w, NULL, -1) : NULL;
}

/* Every id of theirs, also those that the route is not about. */
static void walk_path(const struct route *row)
{
	const int thing = thing_of(row);

	if (thing < 0)
		return;
	char *body = own_body(row, &mine);
	CLEANUP(answer_free)
	struct answer *absent = ask(row, mine.p.token, nobody.ids[thing], "", body);

	ck_assert_msg(absent->status == 404, "%s: %ld %s", row->pattern, absent->status,
		      absent->body);
	for (int i = 0; i < THINGS; i++) {
		CLEANUP(answer_free)
		struct answer *a = ask(row, mine.p.token, theirs.ids[i], "", body);

		as_if_absent(a, theirs.ids[i], absent, nobody.ids[thing],
			     name_of(row, thing_names[i]));
	}
	free(body);
}

static char key[200]; /* of mine, with every scope that a key can have */

static void walk_path_with_key(const struct route *row)
{
	const int thing = thing_of(row);

	if (thing < 0)
		return;
	char *body = own_body(row, &mine);
	CLEANUP(answer_free)
	struct answer *absent = ask(row, key, nobody.ids[thing], "", body);
	CLEANUP(answer_free) struct answer *a = ask(row, key, theirs.ids[thing], "", body);

	free(body);
	ck_assert_msg(absent->status == 404 || absent->status == 403, "%s: %ld", row->pattern,
		      absent->status);
	as_if_absent(a, theirs.ids[thing], absent, nobody.ids[thing], name_of(row, "key"));
}

/* What removes is left out, or there would be nothing left to ask for. */
static void walk_as_owner(const struct route *row)
{
	const int thing = thing_of(row);

	if (thing < 0 || row->method == HTTP_DELETE)
		return;
	char *body = own_body(row, &theirs);
	CLEANUP(answer_free)
	struct answer *a = ask(row, theirs.p.token, theirs.ids[thing], "", body);

	free(body);
	ck_assert_msg(a->status != 404, "%s: %ld %s", name_of(row, "its owner"), a->status,
		      a->body);
}

static int query_thing(const struct query_param *q)
{
	for (size_t i = 0; query_names[i].name; i++) {
		if (strcmp(query_names[i].name, q->name) == 0)
			return (int)query_names[i].thing;
	}
	return -1;
}

static bool query_tells[NAMES_MAX]; /* its owner was answered otherwise */

static void query_asked(const struct route *row, const struct query_param *q, enum thing thing)
{
	const struct world *const worlds[] = { &theirs, &nobody, &mine };
	const int about = thing_of(row);
	struct answer *got[ARRAY_LEN(worlds)];
	char tail[160];

	for (size_t i = 0; i < ARRAY_LEN(worlds); i++) {
		snprintf(tail, sizeof(tail), "?%s=%s", q->name, worlds[i]->ids[thing]);
		got[i] = ask(row, mine.p.token, about < 0 ? "" : mine.ids[about], tail, NULL);
	}
	as_if_absent(got[0], theirs.ids[thing], got[1], nobody.ids[thing], name_of(row, q->name));
	for (size_t i = 0; query_names[i].name; i++)
		if (strcmp(query_names[i].name, q->name) == 0 &&
		    !is_alike(got[2], mine.ids[thing], got[1], nobody.ids[thing]))
			query_tells[i] = true;
	for (size_t i = 0; i < ARRAY_LEN(worlds); i++)
		answer_free(got[i]);
}

/* A place in a list of theirs leads to nothing of theirs. */
static void cursor_asked(const struct route *row)
{
	const int about = thing_of(row);
	const char *cursor = NULL;
	char tail[400];
	CLEANUP(answer_free)
	struct answer *page =
		ask(row, theirs.p.token, about < 0 ? "" : theirs.ids[about], "?limit=1", NULL);

	assert_status(page, 200);
	cursor = json_string_value(answer_at(page, "next_cursor"));
	if (!cursor)
		cursor = json_string_value(answer_at(page, "nextCursor"));
	if (!cursor)
		return;
	snprintf(tail, sizeof(tail), "?limit=100&cursor=%s", cursor);
	CLEANUP(answer_free)
	struct answer *a = ask(row, mine.p.token, about < 0 ? "" : mine.ids[about], tail, NULL);

	says_nothing(a, "", name_of(row, "cursor"));
}

/* What the caller has tried in vain stands there by the id that he gave: audit_test looks at it. */
static bool is_own_log(const struct route *row)
{
	return strcmp(row->pattern, "/api/v1/workspace/audit-log") == 0;
}

static void walk_query(const struct route *row)
{
	if (row->auth == AUTH_NONE)
		return;
	for (const struct query_param *q = row->query; q && q->name; q++) {
		const int thing = query_thing(q);

		if (q->kind == QUERY_CURSOR)
			cursor_asked(row);
		if (q->kind != QUERY_ID || strcmp(q->name, PLATFORM_QUERY) == 0 || is_own_log(row))
			continue;
		ck_assert_msg(thing >= 0,
			      "%s: the crawler has no foreign id for ?%s=", row->pattern, q->name);
		query_asked(row, q, (enum thing)thing);
	}
}

/* Which thing the n-th name of a body is; -1: there are no more. */
static int body_thing(const char *body, int n)
{
	const char *at = body;

	while ((at = strchr(at, '@')) != NULL && n-- > 0)
		at++;
	for (int i = 0; at && i < THINGS; i++)
		if (strncmp(at, thing_names[i], strlen(thing_names[i])) == 0)
			return i;
	return -1;
}

static bool body_tells[NAMES_MAX]; /* its owner was answered otherwise, for each name */

/* One name in the body is theirs, nobody's, mine; everything else is mine. */
static bool body_asked(const struct route *row, const char *body, int nth)
{
	const struct world *const worlds[] = { &theirs, &nobody, &mine };
	const int thing = body_thing(body, nth), about = thing_of(row);
	struct answer *got[ARRAY_LEN(worlds)];
	bool tells;

	/* What was asked before may have voided the approval. */
	free(client_sql("UPDATE contents SET state = 'approved', approved_revision = revision "
			"WHERE workspace_id = '%s'",
			mine.p.workspace));
	for (size_t i = 0; i < ARRAY_LEN(worlds); i++) {
		char *text = world_fill(body, &mine, worlds[i], nth);

		got[i] = ask(row, mine.p.token, about < 0 ? "" : mine.ids[about], "", text);
		free(text);
	}
	as_if_absent(got[0], theirs.ids[thing], got[1], nobody.ids[thing], name_of(row, body));
	ck_assert_msg(got[0]->status != 422 || answer_count(got[0], "errors") > 0, "%s: %s",
		      name_of(row, body), got[0]->body);
	tells = !is_alike(got[2], mine.ids[thing], got[1], nobody.ids[thing]);
	for (size_t i = 0; i < ARRAY_LEN(worlds); i++)
		answer_free(got[i]);
	return tells;
}

static void walk_body(const struct route *row)
{
	for (size_t i = 0; row->body && body_names[i].schema; i++) {
		bool tells = true;

		if (strcmp(body_names[i].schema, row->body->name) != 0)
			continue;
		for (int n = 0; body_thing(body_names[i].body, n) >= 0; n++)
			tells = body_asked(row, body_names[i].body, n) && tells;
		body_tells[i] = body_tells[i] || tells;
	}
}

/* Every member of a body that has the shape of an id stands in one of the bodies. */
static void fields_are_known(const struct schema *top, const struct schema *s)
{
	for (const struct field *f = s->fields; f->name; f++) {
		char member[80];
		bool found = false;

		if (f->nested)
			fields_are_known(top, f->nested);
		if (f->kind != FIELD_ID && f->kind != FIELD_IDS)
			continue;
		snprintf(member, sizeof(member), "\"%s\":%s\"@", f->name,
			 f->kind == FIELD_IDS ? "[" : "");
		for (size_t i = 0; body_names[i].schema; i++) {
			if (strcmp(body_names[i].schema, top->name) != 0)
				continue;
			found = found || strstr(body_names[i].body, member) ||
				(body_names[i].nothing &&
				 strcmp(body_names[i].nothing, f->name) == 0);
		}
		ck_assert_msg(found, "%s.%s: the crawler has no foreign id for this member",
			      top->name, f->name);
	}
}

static void body_is_known(const struct route *row)
{
	if (row->body && row->auth != AUTH_NONE)
		fields_are_known(row->body, row->body);
}

START_TEST(every_route_is_known)
{
	each_route(body_is_known);
}
END_TEST

START_TEST(foreign_ids_are_absent_everywhere)
{
	char *before = world_rows(&theirs);

	each_route(walk_path);
	each_route(walk_path_with_key);
	each_route(walk_query);
	each_route(walk_body);
	char *after = world_rows(&theirs);

	ck_assert_str_eq(after, before);
	free(before);
	free(after);
	for (size_t i = 0; query_names[i].name; i++)
		ck_assert_msg(query_tells[i], "?%s= says nothing to its owner",
			      query_names[i].name);
	for (size_t i = 0; body_names[i].schema; i++)
		ck_assert_msg(body_tells[i], "a body of %s says nothing to its owner: %s",
			      body_names[i].schema, body_names[i].body);
	each_route(walk_as_owner);
}
END_TEST

/* What overrides name is looked up when a content is checked for its platforms. */
START_TEST(foreign_media_are_no_overrides)
{
	static const char *const options[] = { "cover_media_id", "sound_media_id" };
	const struct world *const worlds[] = { &theirs, &nobody, &mine };
	const enum thing things[] = { THING_MEDIUM, THING_SOUND };
	struct answer *got[ARRAY_LEN(worlds)];
	char path[200];

	for (size_t i = 0; i < ARRAY_LEN(worlds); i++) {
		snprintf(path, sizeof(path), "/api/v1/content/%s", mine.ids[THING_CONTENT]);
		CLEANUP(answer_free)
		struct answer *a = client_callf("PATCH", path, mine.p.token,
						"{\"overrides\":{\"tiktok\":{\"%s\":\"%s\"}}}",
						options[_i], worlds[i]->ids[things[_i]]);

		assert_status(a, 200);
		snprintf(path, sizeof(path), "/api/v1/content/%s/preflight?account_id=%s",
			 mine.ids[THING_CONTENT], mine.ids[THING_TIKTOK]);
		got[i] = client_call("GET", path, mine.p.token, NULL);
		assert_status(got[i], 200);
	}
	as_if_absent(got[0], theirs.ids[things[_i]], got[1], nobody.ids[things[_i]], options[_i]);
	ck_assert_ptr_nonnull(strstr(got[0]->body, "\"unknown_media\""));
	ck_assert_ptr_null(strstr(got[2]->body, "\"unknown_media\""));
	for (size_t i = 0; i < ARRAY_LEN(worlds); i++)
		answer_free(got[i]);
}
END_TEST

/* One logs in to workspaces that one belongs to. */
START_TEST(foreign_workspace_is_no_login)
{
	static const char body[] =
		"{\"email\":\"%s\",\"password\":\"" PERSONA_PASSWORD "\",\"workspace_id\":\"%s\"}";
	const struct world *const worlds[] = { &theirs, &nobody, &mine };
	struct answer *got[ARRAY_LEN(worlds)];

	for (size_t i = 0; i < ARRAY_LEN(worlds); i++)
		got[i] = client_callf("POST", "/api/v1/auth/login", NULL, body, mine.p.email,
				      worlds[i]->ids[THING_WORKSPACE]);
	as_if_absent(got[0], theirs.ids[THING_WORKSPACE], got[1], nobody.ids[THING_WORKSPACE],
		     "login");
	ck_assert_int_ge(got[0]->status, 400);
	assert_status(got[2], 200);
	for (size_t i = 0; i < ARRAY_LEN(worlds); i++)
		answer_free(got[i]);
}
END_TEST

/* The address of a medium is signed for its id alone. */
START_TEST(signature_of_one_medium_opens_no_other)
{
	char *own = fixture_media(mine.p.token, FIXTURE_JPEG),
	     *foreign = fixture_media(theirs.p.token, FIXTURE_JPEG), path[80];
	const char *const ids[] = { own, foreign, nobody.ids[THING_MEDIUM] };
	struct answer *got[ARRAY_LEN(ids)];

	snprintf(path, sizeof(path), "/api/v1/media/%s", own);
	CLEANUP(answer_free) struct answer *a = client_call("GET", path, mine.p.token, NULL);
	const char *url = strstr(answer_text(a, "url"), "/m/");

	ck_assert_str_ne(own, foreign);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct buf to = BUF_INIT;

		buf_adds(&to, url);
		replace(&to, own, ids[i]);
		got[i] = client_call("GET", to.p, NULL, NULL);
		buf_done(&to);
	}
	assert_status(got[0], 200);
	as_if_absent(got[1], foreign, got[2], ids[2], "a signed address");
	ck_assert_int_ge(got[1]->status, 400);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		answer_free(got[i]);
	free(own);
	free(foreign);
}
END_TEST

static void worlds_make(void)
{
	world_make(&mine);
	world_make(&theirs);
	world_of_nobody(&nobody, &mine);
	CLEANUP(answer_free)
	struct answer *a =
		client_call("POST", "/api/v1/api-keys", mine.p.token, "{\"name\":\"crawler\"}");

	assert_status(a, 201);
	snprintf(key, sizeof(key), "%s", answer_text(a, "secret"));
}

static void empty_worlds_make(void)
{
	struct world *const worlds[] = { &mine, &theirs };

	for (size_t i = 0; i < ARRAY_LEN(worlds); i++) {
		memset(worlds[i], 0, sizeof(*worlds[i]));
		persona_make(&worlds[i]->p, NULL, "owner");
		snprintf(worlds[i]->ids[THING_WORKSPACE], 64, "%s", worlds[i]->p.workspace);
		snprintf(worlds[i]->ids[THING_MEDIUM], 64, "med_%s", worlds[i]->p.workspace + 3);
	}
	world_of_nobody(&nobody, &mine);
}

int main(void)
{
	const struct suite_case doors[] = {
		{ every_route_is_known, 0 },
		{ foreign_workspace_is_no_login, 0 },
		{ signature_of_one_medium_opens_no_other, 0 },
		{ NULL, 0 },
	};
	const struct suite_case walk[] = {
		{ foreign_ids_are_absent_everywhere, 0 },
		{ foreign_media_are_no_overrides, 2 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "tenancy",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.after = fixtures_done,
		.setup = empty_worlds_make,
		.cases = doors,
		.also = &(const struct suite_of){ .setup = worlds_make,
						  .timeout_s = 240,
						  .cases = walk },
	});
}

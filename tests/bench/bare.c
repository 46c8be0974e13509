/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare - the floor under a libfcgi responder on MariaDB
 * A yardstick of `make bench`: looks a key up, runs the statement of the resource, prints the answer
 * straight into one buffer, and nothing more. No MAC, scopes, limits, schemas, log or problem
 * documents: what Carillon costs beyond this is what those cost. The read statements are Carillon's
 * own, by name. Errors end the process, so that a broken run cannot pass for a fast one.
 * usage: bare serve SOCKET WORKERS DATABASE_SOCKET PASSWORD_FILE
 *        bare php          the statements, as a PHP file for the other yardstick
 */
#include <fcgiapp.h>
#include <fcntl.h>
#include <mysql.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crypto/random.h"
#include "store/statements.h"

#define BACKLOG      1024
#define BODY_MAX     4096
#define OUT_MAX      ((size_t)1 << 20)
#define CELL_MAX     4096
#define COLUMNS_MAX  40
#define PARAMS_MAX   12
#define PAGE_ROWS    50
#define LIST_ROWS    "51" /* is there one more? */
#define MEDIA_COLUMN 19
#define KEY_PREFIX   "Bearer sk_test_"

enum { KEY, CONTENT, CONTENTS, MEDIA, INSERT_POST, INSERT_EVENT, MOVE_HEAD, INSERT_AUDIT, QUERIES };

/* The rows that Carillon writes for a schedule call, in the fewest statements. */
static const char insert_post[] =
	"INSERT INTO posts (workspace_id, id, content_id, content_revision, character_id, "
	"account_id, "
	"platform, livemode, state, wake_at, due_at, timezone, local_time, tzdata, created_by, "
	"created_at, updated_at) SELECT c.workspace_id, ?, c.id, c.revision, c.character_id, a.id, "
	"a.platform, a.livemode, 'queued', GREATEST(UTC_TIMESTAMP(3), ? - INTERVAL 3600 SECOND), "
	"?, "
	"'Europe/Dublin', ?, 'bench', ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM contents c "
	"JOIN accounts a ON a.workspace_id = c.workspace_id "
	"WHERE c.workspace_id = ? AND c.id = ? AND a.id = ? AND a.status = 'connected' "
	"RETURNING id, content_id, character_id, account_id, platform, created_at";
static const char insert_event[] =
	"INSERT INTO events (workspace_id, id, type, livemode, subject_id, data, created_at) "
	"VALUES (?, ?, 'post.scheduled', 0, ?, ?, UTC_TIMESTAMP(3))";
/* Without a MAC, which would need the row before; the head is locked as late as can be. */
static const char move_head[] = "UPDATE audit_heads SET seq = LAST_INSERT_ID(seq + 1), "
				"mac = REPEAT('m', 32) WHERE workspace_id = ?";
static const char insert_audit[] =
	"INSERT INTO audit_log (workspace_id, seq, at, actor_kind, actor_id, address, request_id, "
	"action, subject_id, outcome, status, mac) VALUES (?, LAST_INSERT_ID(), UTC_TIMESTAMP(3), "
	"'key', ?, '127.0.0.1', ?, 'scheduleContent', ?, 'done', 201, REPEAT('m', 32))";

static const struct {
	const char *name, *sql; /* NULL: Carillon's own of this name */
} statements[QUERIES] = {
	[KEY] = { "apikeys.by_public_id", NULL },
	[CONTENT] = { "content.get", NULL },
	[CONTENTS] = { "content.list_up", NULL },
	[MEDIA] = { "content.list_media", NULL },
	[INSERT_POST] = { "bench.insert_post", insert_post },
	[INSERT_EVENT] = { "bench.insert_event", insert_event },
	[MOVE_HEAD] = { "bench.move_head", move_head },
	[INSERT_AUDIT] = { "bench.insert_audit", insert_audit },
};

struct cell {
	char text[CELL_MAX];
	unsigned long len;
	my_bool is_null, is_cut;
};

struct query {
	MYSQL_STMT *handle;
	struct cell *cells; /* NULL: no result */
	unsigned columns;
};

struct bare {
	MYSQL *my;
	FCGX_Request fcgx;
	struct query queries[QUERIES];
	char out[OUT_MAX], held[OUT_MAX];
	size_t len;
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "bare: %s: %s\n", what, why);
	exit(1);
}

static const char *statement_text(size_t which)
{
	size_t n = 0;
	const struct stmt *const *tables = store_statements(&n);

	if (statements[which].sql)
		return statements[which].sql;
	for (size_t i = 0; i < n; i++)
		for (const struct stmt *row = tables[i]; row->name; row++)
			if (strcmp(row->name, statements[which].name) == 0)
				return row->sql;
	fail(statements[which].name, "no such statement");
}

static void connect_database(struct bare *b, const char *socket, const char *password_file)
{
	static const char setup[] =
		"SET SESSION time_zone = '+00:00', tx_isolation = 'READ-COMMITTED'";
	char password[256] = "";
	FILE *f = fopen(password_file, "re");

	if (!f || !fgets(password, sizeof(password), f))
		fail(password_file, "cannot be read");
	fclose(f);
	password[strcspn(password, "\n")] = 0;
	b->my = mysql_init(NULL);
	mysql_options(b->my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (!mysql_real_connect(b->my, "localhost", "carillon_api", password, "carillon", 0, socket,
				0) ||
	    mysql_real_query(b->my, setup, sizeof(setup) - 1))
		fail(socket, mysql_error(b->my));
}

/* Known after the first run only: preparing INSERT ... SELECT FROM a join tells no columns. */
static void bind_cells(struct query *q)
{
	MYSQL_BIND binds[COLUMNS_MAX] = { 0 };

	q->columns = mysql_stmt_field_count(q->handle);
	if (!q->columns)
		return;
	q->cells = calloc(q->columns, sizeof(*q->cells));
	if (!q->cells || q->columns > COLUMNS_MAX)
		fail("bind", "too many columns");
	for (unsigned i = 0; i < q->columns; i++)
		binds[i] = (MYSQL_BIND){
			.buffer_type = MYSQL_TYPE_STRING,
			.buffer = q->cells[i].text,
			.buffer_length = CELL_MAX,
			.length = &q->cells[i].len,
			.is_null = &q->cells[i].is_null,
			.error = &q->cells[i].is_cut,
		};
	if (mysql_stmt_bind_result(q->handle, binds))
		fail("bind", mysql_stmt_error(q->handle));
}

static void prepare(struct bare *b, size_t which)
{
	struct query *q = &b->queries[which];
	const char *sql = statement_text(which);

	q->handle = mysql_stmt_init(b->my);
	if (mysql_stmt_prepare(q->handle, sql, strlen(sql)))
		fail(statements[which].name, mysql_stmt_error(q->handle));
}

static void run(struct bare *b, size_t which, const char *const *values, size_t n)
{
	struct query *q = &b->queries[which];
	MYSQL_BIND binds[PARAMS_MAX] = { 0 };

	for (size_t i = 0; i < n; i++) {
		binds[i].buffer_type = values[i] ? MYSQL_TYPE_STRING : MYSQL_TYPE_NULL;
		binds[i].buffer = (void *)(uintptr_t)values[i]; /* only read, but not const there */
		binds[i].buffer_length = values[i] ? strlen(values[i]) : 0;
	}
	if (mysql_stmt_param_count(q->handle) != n || mysql_stmt_bind_param(q->handle, binds) ||
	    mysql_stmt_execute(q->handle))
		fail(statements[which].name, mysql_stmt_error(q->handle));
	if (!q->cells)
		bind_cells(q);
}

/* The cells of the next row, or NULL once there is none; every text ends in NUL. */
static struct cell *next(struct bare *b, size_t which)
{
	struct query *q = &b->queries[which];
	int got = mysql_stmt_fetch(q->handle);

	if (got == MYSQL_NO_DATA) {
		mysql_stmt_free_result(q->handle);
		return NULL;
	}
	if (got)
		fail(statements[which].name, "a row could not be fetched");
	for (unsigned i = 0; i < q->columns; i++)
		q->cells[i].text[q->cells[i].is_null ? 0 : q->cells[i].len] = 0;
	return q->cells;
}

static void text_query(struct bare *b, const char *sql)
{
	if (mysql_real_query(b->my, sql, strlen(sql)))
		fail(sql, mysql_error(b->my));
}

static void put_n(struct bare *b, const char *s, size_t n)
{
	if (b->len + n > OUT_MAX)
		fail("answer", "too long");
	memcpy(b->out + b->len, s, n);
	b->len += n;
}

static void put(struct bare *b, const char *s)
{
	put_n(b, s, strlen(s));
}

static void put_escaped(struct bare *b, const char *s, size_t n)
{
	char code[8];

	put_n(b, "\"", 1);
	for (size_t from = 0, i = 0; i <= n; i++) {
		if (i < n && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
			continue;
		put_n(b, s + from, i - from);
		from = i + 1;
		if (i == n)
			break;
		(void)snprintf(code, sizeof(code), "\\u%04x", (unsigned)s[i]);
		put(b, code);
	}
	put_n(b, "\"", 1);
}

enum as { AS_TEXT, AS_RAW, AS_INSTANT };

struct member {
	const char *key;
	unsigned column;
	enum as as;
	const char *if_null;
};

/* clang-format off */
static const struct member content_members[] = {
	{ "{\"id\":", 0, AS_TEXT, "null" },
	{ ",\"character_id\":", 1, AS_TEXT, "null" },
	{ ",\"kind\":", 2, AS_TEXT, "null" },
	{ ",\"title\":", 3, AS_TEXT, "null" },
	{ ",\"caption\":", 4, AS_TEXT, "null" },
	{ ",\"link\":", 5, AS_TEXT, "null" },
	{ ",\"tags\":", 6, AS_RAW, "[]" },
	{ ",\"first_comment\":", 7, AS_TEXT, "null" },
	{ ",\"overrides\":", 8, AS_RAW, "{}" },
	{ ",\"state\":", 9, AS_TEXT, "null" },
	{ ",\"revision\":", 10, AS_RAW, "null" },
	{ ",\"approved_revision\":", 11, AS_RAW, "null" },
	{ ",\"approved_by\":", 12, AS_TEXT, "null" },
	{ ",\"rejected_reason\":", 14, AS_TEXT, "null" },
	{ ",\"created_at\":", 17, AS_INSTANT, "null" },
	{ ",\"updated_at\":", 18, AS_INSTANT, "null" },
};
static const struct member media_members[] = {
	{ "{\"media_id\":", 0, AS_TEXT, "null" },
	{ ",\"alt_text\":", 12, AS_TEXT, "null" },
};
static const struct member post_members[] = {
	{ "{\"scheduled_posts\":[{\"id\":", 0, AS_TEXT, "null" },
	{ ",\"content_id\":", 1, AS_TEXT, "null" },
	{ ",\"character_id\":", 2, AS_TEXT, "null" },
	{ ",\"account_id\":", 3, AS_TEXT, "null" },
	{ ",\"platform\":", 4, AS_TEXT, "null" },
	{ ",\"created_at\":", 5, AS_INSTANT, "null" },
	{ ",\"updated_at\":", 5, AS_INSTANT, "null" },
};
static const struct member event_members[] = {
	{ "{\"id\":", 0, AS_TEXT, "null" },
	{ ",\"content_id\":", 1, AS_TEXT, "null" },
	{ ",\"account_id\":", 3, AS_TEXT, "null" },
	{ ",\"platform\":", 4, AS_TEXT, "null" },
};
/* clang-format on */

static void put_member(struct bare *b, const struct member *m, const struct cell *c)
{
	put(b, m->key);
	if (c->is_null) {
		put(b, m->if_null);
	} else if (m->as == AS_TEXT) {
		put_escaped(b, c->text, c->len);
	} else if (m->as == AS_RAW) {
		put_n(b, c->text, c->len);
	} else { /* 2026-01-01 00:00:00.000 */
		put_n(b, "\"", 1);
		put_n(b, c->text, 10);
		put_n(b, "T", 1);
		put_n(b, c->text + 11, 8);
		put(b, "Z\"");
	}
}

#define PUT_MEMBERS(b, members, cells)                                                 \
	do {                                                                           \
		for (size_t i_ = 0; i_ < ARRAY_LEN(members); i_++)                     \
			put_member(b, &(members)[i_], &(cells)[(members)[i_].column]); \
	} while (0)

static void put_media(struct bare *b, const struct cell *c, bool is_first)
{
	put(b, is_first ? "" : ",");
	PUT_MEMBERS(b, media_members, c);
	put(b, "}");
}

/* A content comes as as many rows as it has media, at least one. */
static void serve_content(struct bare *b, const char *workspace, const char *id)
{
	const char *const values[] = { workspace, id };
	unsigned n = 0;

	run(b, CONTENT, values, ARRAY_LEN(values));
	for (const struct cell *c; (c = next(b, CONTENT)); n++) {
		if (n == 0) {
			PUT_MEMBERS(b, content_members, c);
			put(b, ",\"media\":[");
		}
		if (!c[MEDIA_COLUMN].is_null)
			put_media(b, c + MEDIA_COLUMN, n == 0);
	}
	put(b, "]}");
	if (n == 0)
		fail(id, "not found");
}

/* A page's contents wait here until the media of all of them come behind. */
struct page {
	char id[PAGE_ROWS][64];
	size_t start[PAGE_ROWS + 1]; /* in bare.held */
	unsigned n;
	bool is_more;
};

static void hold_page(struct bare *b, const char *workspace, struct page *ret)
{
	const char *const values[] = {
		workspace, NULL, NULL, NULL, NULL, NULL, NULL, "", LIST_ROWS
	};

	ret->n = 0;
	ret->is_more = false;
	b->len = 0;
	run(b, CONTENTS, values, ARRAY_LEN(values));
	for (const struct cell *c; (c = next(b, CONTENTS));) {
		if (ret->n == PAGE_ROWS) {
			ret->is_more = true;
			mysql_stmt_free_result(b->queries[CONTENTS].handle);
			break;
		}
		memcpy(ret->id[ret->n], c[0].text, c[0].len + 1);
		ret->start[ret->n++] = b->len;
		PUT_MEMBERS(b, content_members, c);
	}
	ret->start[ret->n] = b->len;
	memcpy(b->held, b->out, b->len);
	b->len = 0;
}

static void put_page(struct bare *b, const char *workspace, const struct page *page)
{
	const char *const values[] = { workspace, page->id[0], page->id[page->n - 1] };
	const struct cell *c;

	run(b, MEDIA, values, ARRAY_LEN(values));
	c = next(b, MEDIA);
	for (unsigned i = 0; i < page->n; i++) {
		bool is_first = true;

		put(b, i ? "," : "");
		put_n(b, b->held + page->start[i], page->start[i + 1] - page->start[i]);
		put(b, ",\"media\":[");
		for (; c && strcmp(c[0].text, page->id[i]) == 0; c = next(b, MEDIA)) {
			put_media(b, c + 1, is_first);
			is_first = false;
		}
		put(b, "]}");
	}
}

static void serve_contents(struct bare *b, const char *workspace)
{
	struct page page;

	hold_page(b, workspace, &page);
	put(b, "{\"content\":[");
	if (page.n)
		put_page(b, workspace, &page);
	put(b, page.is_more ? "],\"next_cursor\":\"" : "],\"next_cursor\":null}");
	put(b, page.is_more ? page.id[page.n - 1] : "");
	put(b, page.is_more ? "\"}" : "");
}

/* The text after `key` in a body whose shape is known, up to the next quote. */
static void body_text(const char *body, const char *key, char ret[static 64])
{
	const char *at = strstr(body, key);
	size_t n = at ? strcspn(at + strlen(key), "\"") : 64;

	if (n >= 64)
		fail("body", body);
	memcpy(ret, at + strlen(key), n);
	ret[n] = 0;
}

static void finish_event(struct bare *b, const char *workspace, const struct cell *post,
			 const char *due)
{
	size_t start = b->len;
	char id[ID_MAX];
	const char *values[] = { workspace, id, post[0].text, b->out + start };

	/* printed behind the answer's place, which is printed over it afterwards */
	random_id(id, "evt");
	PUT_MEMBERS(b, event_members, post);
	put(b, ",\"status\":\"pending\",\"state\":\"queued\",\"scheduled_at\":\"");
	put(b, due);
	put(b, "\",\"published_at\":null,\"remote_post_id\":null,\"remote_url\":null}");
	put_n(b, "", 1);
	run(b, INSERT_EVENT, values, ARRAY_LEN(values));
	b->len = start;
}

static void finish_audit(struct bare *b, const struct cell *key, const char *content)
{
	char id[ID_MAX];
	const char *const values[] = { key[0].text, key[1].text, id, content };

	random_id(id, "req");
	run(b, MOVE_HEAD, values, 1);
	run(b, INSERT_AUDIT, values, ARRAY_LEN(values));
}

static void serve_schedule(struct bare *b, const struct cell *key, const char *content)
{
	char body[BODY_MAX + 1], due[64], at[64], account[64], id[ID_MAX];
	int n = FCGX_GetStr(body, BODY_MAX, b->fcgx.in);
	const char *const values[] = {
		id, at, at, due, key[1].text, key[0].text, content, account
	};
	const struct cell *post;

	body[n > 0 ? n : 0] = 0;
	body_text(body, "\"scheduled_at\":\"", due);
	body_text(body, "\"account_ids\":[\"", account);
	memcpy(at, due, sizeof(at));
	at[10] = ' ';
	at[19] = due[19] = 0; /* without the Z: as SQL takes it, and as a local time */
	random_id(id, "sch");
	text_query(b, "BEGIN");
	run(b, INSERT_POST, values, ARRAY_LEN(values));
	post = next(b, INSERT_POST);
	if (!post)
		fail(content, "or its account is not there");
	mysql_stmt_free_result(b->queries[INSERT_POST].handle);
	due[19] = 'Z';
	due[20] = 0;
	finish_event(b, key[0].text, post, due);
	finish_audit(b, key, content);
	text_query(b, "COMMIT");
	PUT_MEMBERS(b, post_members, post);
	put(b, ",\"livemode\":false,\"status\":\"pending\",\"state\":\"queued\",\"reason\":null,"
	       "\"scheduled_at\":\"");
	put(b, due);
	put(b, "\",\"timezone\":\"Europe/Dublin\",\"local_time\":\"");
	put_n(b, due, 19);
	put(b, "\",\"dst_adjusted\":false,\"published_at\":null,\"remote_post_id\":null,"
	       "\"remote_url\":null,\"overrides\":null,"
	       "\"attempts\":0,\"next_attempt_at\":null,\"waiting_for\":null,\"error\":null}],"
	       "\"next_cursor\":null}");
}

/* /api/v1/content, /api/v1/content/ID or /api/v1/content/ID/schedule */
static void serve_path(struct bare *b, const struct cell *key)
{
	static const char prefix[] = "/api/v1/content/";
	const char *path = FCGX_GetParam("DOCUMENT_URI", b->fcgx.envp);
	char id[64];
	size_t n;

	if (!path || strncmp(path, prefix, sizeof(prefix) - 2) != 0)
		fail("path", path ? path : "none");
	if (strlen(path) < sizeof(prefix)) {
		serve_contents(b, key[0].text);
		return;
	}
	path += sizeof(prefix) - 1;
	n = strcspn(path, "/");
	if (n >= sizeof(id))
		fail("id", path);
	memcpy(id, path, n);
	id[n] = 0;
	if (path[n])
		serve_schedule(b, key, id);
	else
		serve_content(b, key[0].text, id);
}

static void serve(struct bare *b)
{
	const char *token = FCGX_GetParam("HTTP_AUTHORIZATION", b->fcgx.envp);
	char public_id[9] = "", head[128];
	const char *const public_ids[] = { public_id };
	const struct cell *key;
	int n;

	if (!token || strncmp(token, KEY_PREFIX, sizeof(KEY_PREFIX) - 1) != 0)
		fail("authorization", "no key");
	memcpy(public_id, token + sizeof(KEY_PREFIX) - 1, sizeof(public_id) - 1);
	run(b, KEY, public_ids, 1);
	key = next(b, KEY);
	if (!key)
		fail("authorization", "unknown key");
	mysql_stmt_free_result(b->queries[KEY].handle);
	b->len = 0;
	serve_path(b, key);
	n = snprintf(head, sizeof(head),
		     "Status: 200\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		     b->len);
	(void)FCGX_PutStr(head, n, b->fcgx.out);
	(void)FCGX_PutStr(b->out, (int)b->len, b->fcgx.out);
	FCGX_Finish_r(&b->fcgx);
}

static _Noreturn void work(int listen_fd, char **arguments)
{
	struct bare *b = calloc(1, sizeof(*b));

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!b)
		fail("memory", "none");
	connect_database(b, arguments[4], arguments[5]);
	for (size_t i = 0; i < QUERIES; i++)
		prepare(b, i);
	if (FCGX_InitRequest(&b->fcgx, listen_fd, 0))
		fail("libfcgi", "does not start");
	while (FCGX_Accept_r(&b->fcgx) == 0)
		serve(b);
	exit(0);
}

static int serve_all(char **arguments)
{
	long workers = strtol(arguments[3], NULL, 10);
	int listen_fd, status = 0;

	if (FCGX_Init())
		fail("libfcgi", "does not start");
	listen_fd = FCGX_OpenSocket(arguments[2], BACKLOG);
	if (listen_fd < 0)
		fail(arguments[2], "cannot be listened on");
	for (long i = 0; i < workers; i++)
		if (fork() == 0)
			work(listen_fd, arguments);
	/* They end with us; one that ends before has failed. */
	wait(&status);
	return 1;
}

static int print_php(void)
{
	printf("<?php\nreturn [\n");
	for (size_t i = 0; i < QUERIES; i++)
		printf("'%s' => <<<'SQL'\n%s\nSQL,\n", statements[i].name, statement_text(i));
	printf("];\n");
	return 0;
}

int main(int n, char **arguments)
{
	if (n == 6 && strcmp(arguments[1], "serve") == 0)
		return serve_all(arguments);
	if (n == 2 && strcmp(arguments[1], "php") == 0)
		return print_php();
	fprintf(stderr,
		"usage: bare serve SOCKET WORKERS DATABASE_SOCKET PASSWORD_FILE | bare php\n");
	return 2;
}

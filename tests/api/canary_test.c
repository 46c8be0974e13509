/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets stay where they belong. Flows are driven, and made to fail, with secrets of every kind; then
 * each is looked for in the answers, the logs, all rows of the database and /proc.
 */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "crypto/keys.h"
#include "crypto/random.h"
#include "crypto/secretfile.h"
#include "db/conn.h"
#include "store/tokens.h"
#include "support/connector.h"
#include "support/instance.h"
#include "support/suite.h"

#define CANARIES_MAX 64

struct canary {
	const char *what;
	char bytes[2000];
	size_t n;
	const char *kept_in; /* a table that must hold it, because it is used from there */
};

static struct canary canaries[CANARIES_MAX];
static size_t canaries_n;
static struct buf answers = BUF_INIT; /* all but those that show a secret once */
static struct config *config;
static struct keys *keys;
static struct problem why;
static struct persona owner;

static const char *plant_bytes(const char *what, const void *bytes, size_t n, const char *kept_in)
{
	struct canary *c = &canaries[canaries_n++];

	ck_assert_uint_lt(canaries_n, CANARIES_MAX);
	ck_assert_uint_lt(n, sizeof(c->bytes));
	ck_assert_uint_ge(n, 8);
	*c = (struct canary){ .what = what, .n = n, .kept_in = kept_in };
	memcpy(c->bytes, bytes, n);
	return c->bytes;
}

static const char *plant(const char *what, const char *text)
{
	return plant_bytes(what, text, strlen(text), NULL);
}

/* One that nobody else ever had. */
static const char *plant_fresh(const char *what, const char *kept_in)
{
	char token[TOKEN_TEXT_MAX(18)];

	random_token(token, 18);
	return plant_bytes(what, token, strlen(token), kept_in);
}

static bool holds(const void *in, size_t n, const struct canary *c)
{
	return n && memmem(in, n, c->bytes, c->n) != NULL;
}

static void keep(const struct answer *a)
{
	buf_adds(&answers, a->headers ? a->headers : "");
	buf_add(&answers, a->body, a->body_n);
	buf_addc(&answers, '\n');
}

/* An answer in which nothing may be shown; its status. */
static long send(const char *method, const char *path, const char *token, const char *body)
{
	CLEANUP(answer_free) struct answer *a = client_call(method, path, token, body);

	keep(a);
	return a->status;
}

__attribute__((format(printf, 4, 5))) static long sendf(const char *method, const char *path,
							const char *token, const char *fmt, ...)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&body, fmt, ap);
	va_end(ap);
	return send(method, path, token, buf_str(&body));
}

/* ---- the flows ---- */

static void plant_keys(void)
{
	const char *const passwords[] = { config->database_api_password_file,
					  config->database_run_password_file,
					  config->database_admin_password_file };
	char hex[SHA256_HEX_MAX];

	for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
		CLEANUP(buf_wipe) struct buf text = BUF_INIT;

		ck_assert_int_eq(secretfile_read(passwords[i], 1000, &text), 0);
		while (text.len && text.p[text.len - 1] == '\n')
			text.len--;
		plant_bytes("a password of the database", text.p, text.len, NULL);
	}
	plant_bytes("the pepper", keys->pepper, sizeof(keys->pepper), NULL);
	digest_hex(keys->pepper, sizeof(keys->pepper), hex);
	plant("the pepper in hex", hex);
	plant_bytes("the key of URLs", keys->url, sizeof(keys->url), NULL);
	CLEANUP(buf_wipe) struct buf ring = BUF_INIT;
	ck_assert_int_eq(secretfile_read(config->keys_sealing_file, 10000, &ring), 0);
	char *key = strchr(buf_str(&ring), ' ') + 1;
	uint8_t raw[32];
	key[64] = '\0';
	plant("a sealing key in hex", key);
	ck_assert_int_eq(digest_unhex(key, raw, sizeof(raw)), 0);
	plant_bytes("a sealing key", raw, sizeof(raw), NULL);
}

static void log_in_and_fail(void)
{
	const char *wrong = plant_fresh("a password that was wrong", NULL);
	char body[300];

	plant("a password", PERSONA_PASSWORD);
	plant("an access token", owner.token);
	plant("a refresh token", owner.refresh);
	ck_assert_int_eq(sendf("POST", "/api/v1/auth/login", NULL,
			       "{\"email\":\"%s\",\"password\":\"%s\"}", owner.email, wrong),
			 401);
	ck_assert_int_eq(sendf("POST", "/api/v1/auth/login", NULL,
			       "{\"email\":\"%s\",\"password\":[\"%s\"]}", owner.email, wrong),
			 422);
	(void)sendf("POST", "/api/v1/auth/login", NULL, "{\"email\":\"x\",\"password\":\"%s",
		    wrong);
	(void)sendf("POST", "/api/v1/auth/register", NULL,
		    "{\"email\":\"x@example.org\",\"name\":\"x\",\"nope\":1,\"password\":\"%s\"}",
		    wrong);
	snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", owner.refresh);
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/auth/refresh", NULL, body);
	assert_status(a, 200);
	plant("a second access token", answer_text(a, "access_token"));
	plant("a second refresh token", answer_text(a, "refresh_token"));
	snprintf(owner.token, sizeof(owner.token), "%s", answer_text(a, "access_token"));
	ck_assert_int_eq(sendf("POST", "/api/v1/auth/refresh", NULL,
			       "{\"refresh_token\":\"%s\",\"x\":1}", owner.refresh),
			 422);
}

static void use_keys(void)
{
	const char *headers[] = { "Idempotency-Key: \"canary-key-1\"", NULL };
	CLEANUP(answer_free)
	struct answer *made = client_send(&(struct call){ .method = "POST",
							  .path = "/api/v1/api-keys",
							  .token = owner.token,
							  .body = "{\"name\":\"k\"}",
							  .headers = headers });
	char path[300];

	assert_status(made, 201);
	const char *first = plant("an API key", answer_text(made, "secret"));
	snprintf(path, sizeof(path), "/api/v1/api-keys/%s/rotate", answer_text(made, "id"));
	CLEANUP(answer_free) struct answer *turned = client_call("POST", path, owner.token, NULL);
	assert_status(turned, 200);
	const char *second = plant("a rotated API key", answer_text(turned, "secret"));
	ck_assert_int_eq(send("GET", "/api/v1/auth/me", first, NULL), 200);
	ck_assert_int_eq(send("GET", "/api/v1/auth/me", second, NULL), 200);
	/* Where it does not belong: the query, the path, a body, a header that is refused. */
	snprintf(path, sizeof(path), "/api/v1/auth/me?access_token=%s", second);
	ck_assert_int_eq(send("GET", path, second, NULL), 422);
	ck_assert_int_eq(
		sendf("POST", "/api/v1/characters", second, "{\"name\":1,\"key\":\"%s\"}", second),
		422);
	snprintf(path, sizeof(path), "Authorization: Bearer %sx", second);
	const char *odd[] = { path, NULL };
	CLEANUP(answer_free)
	struct answer *refused = client_send(
		&(struct call){ .method = "GET", .path = "/api/v1/auth/me", .headers = odd });
	keep(refused);
	assert_status(refused, 401);
}

static void use_webhooks(void)
{
	const char *token = plant_fresh("a token in a webhook's URL", "webhooks");
	CLEANUP(answer_free)
	struct answer *made = client_callf("POST", "/api/v1/webhooks", owner.token,
					   "{\"url\":\"https://hooks.invalid/x?token=%s\"}", token);
	char path[300];

	assert_status(made, 201);
	plant("a webhook's secret", answer_text(made, "secret"));
	snprintf(path, sizeof(path), "/api/v1/webhooks/%s/rotate-secret", answer_text(made, "id"));
	CLEANUP(answer_free) struct answer *turned = client_call("POST", path, owner.token, NULL);
	assert_status(turned, 200);
	plant("a webhook's next secret", answer_text(turned, "secret"));
	snprintf(path, sizeof(path), "/api/v1/webhooks/%s/test", answer_text(made, "id"));
	ck_assert_int_eq(send("POST", path, owner.token, NULL), 202);
	token = plant_fresh("a password in a webhook's URL", NULL);
	ck_assert_int_eq(sendf("POST", "/api/v1/webhooks", owner.token,
			       "{\"url\":\"https://user:%s@hooks.invalid/x\"}", token),
			 422);
}

static void paste_urls(void)
{
	const char *token = plant_fresh("a token in a pasted URL", "fetches");
	CLEANUP(answer_free)
	struct answer *a = client_callf("POST", "/api/v1/media", owner.token,
					"{\"url\":\"https://media.invalid/a.jpg?sig=%s\"}", token);
	char *state;

	keep(a);
	assert_status(a, 202);
	token = plant_fresh("a password in a pasted URL", NULL);
	ck_assert_int_eq(sendf("POST", "/api/v1/media", owner.token,
			       "{\"url\":\"https://u:%s@media.invalid/a.jpg\"}", token),
			 422);
	ck_assert_int_eq(sendf("POST", "/v1/posts", owner.token,
			       "{\"accountIds\":[\"acc_x\"],\"contentType\":\"video\",\"caption\":"
			       "\"c\",\"contentUrl\":\"https://u:%s@media.invalid/a.mp4\"}",
			       token),
			 422);
	/* A fetcher has tried, and said in the log why it did not work. */
	for (int i = 0; i < 600; i++) {
		state = client_sql("SELECT tries FROM fetches WHERE media_id = '%s'",
				   answer_text(a, "id"));
		const bool was_tried = state && strcmp(state, "0") != 0;

		free(state);
		if (was_tried)
			return;
		usleep(100000);
	}
	ck_abort_msg("nobody has fetched");
}

/* The value of that parameter, as it stands in the URL. */
static const char *plant_query(const char *what, const char *url, const char *name)
{
	const char *at = strstr(url, name);

	ck_assert_ptr_nonnull(at);
	at += strlen(name);
	return plant_bytes(what, at, strcspn(at, "&#"), NULL);
}

static void plant_tokens(const char *account)
{
	struct db *db = NULL;
	struct tokens t = { .n = 0 };

	ck_assert_int_eq(db_open(config, DB_ROLE_RUN, &db, &why), 0);
	ck_assert_int_eq(store_tokens_get(db, owner.workspace, account, keys, &t, &why), 0);
	ck_assert_uint_gt(t.n, 0);
	for (size_t i = 0; i < t.n; i++)
		plant("a token of a platform", t.v[i].value);
	tokens_done(&t);
	db_free(db);
}

static void connect_accounts(void)
{
	struct person person;
	struct start s;
	char url[2000];
	char *account;

	CLEANUP(buf_wipe) struct buf secret = BUF_INIT;
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	instance_path(&path, "keys/sandbox.secret");
	ck_assert_int_eq(secretfile_read(buf_str(&path), 1000, &secret), 0);
	plant_bytes("a platform's app secret", secret.p, strcspn(secret.p, "\n"), NULL);
	person_make(&person, 1);
	account = connect_instagram(owner.token, &person, "live");
	plant_tokens(account);
	/* The same once more by hand: code and state, used, used again, and with a wrong cookie. */
	connect_start(&s, owner.token, "?mode=live");
	plant_query("a flow's state", s.url, "state=");
	plant_bytes("a flow's cookie", strrchr(s.cookie, '=') + 1,
		    strlen(strrchr(s.cookie, '=') + 1), NULL);
	char *back = connect_consent(&s, person.id, "");
	plant_query("a platform's code", back, "code=");
	snprintf(url, sizeof(url), "%s", back);
	for (int i = 0; i < 2; i++) {
		CLEANUP(answer_free) struct answer *a = connect_callback(url, s.cookie);

		keep(a);
		assert_status(a, 303);
	}
	free(back);
	connect_start(&s, owner.token, "?mode=live");
	const char *state = plant_query("a second flow's state", s.url, "state=");
	const char *code = plant_fresh("a code that was invented", NULL);
	snprintf(url, sizeof(url), "/api/v1/integrations/instagram/callback?state=%s&code=%s",
		 state, code);
	ck_assert_int_eq(send("GET", url, NULL, NULL), 303);
	/* To take access back the token itself goes to the platform. */
	ck_assert_int_eq(send("DELETE", "/api/v1/integrations/instagram", owner.token, NULL), 200);
	free(account);
}

/* nginx itself refuses these, and writes why. */
static void anger_nginx(void)
{
	const char *token = plant_fresh("a token in a refused query", NULL);
	char path[400];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/api/v1/schedule/calendar.ics?token=%s", token);
		(void)send("GET", path, NULL, NULL);
		snprintf(path, sizeof(path), "/nowhere/%%2e%%2e/?token=%s", token);
		(void)send("GET", path, NULL, NULL);
	}
	CLEANUP(buf_done) struct buf large = BUF_INIT;
	buf_printf(&large, "{\"name\":\"%s", token);
	for (int i = 0; i < 3000000; i++)
		buf_addc(&large, 'x');
	buf_adds(&large, "\"}");
	snprintf(path, sizeof(path), "/api/v1/characters?token=%s", token);
	ck_assert_int_eq(send("POST", path, owner.token, buf_str(&large)), 413);
}

/* ---- where to look ---- */

static void none_in(const char *where, const void *in, size_t n)
{
	for (size_t i = 0; i < canaries_n; i++)
		ck_assert_msg(!holds(in, n, &canaries[i]), "%s stands in %s", canaries[i].what,
			      where);
}

static size_t look_at_files(const char *pattern)
{
	glob_t found;
	size_t n;

	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (n = 0; n < found.gl_pathc; n++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;

		instance_read(&text, found.gl_pathv[n]);
		none_in(found.gl_pathv[n], text.p, text.len);
	}
	globfree(&found);
	return n;
}

static void look_at_logs(void)
{
	CLEANUP(buf_done) struct buf logs = BUF_INIT, journals = BUF_INIT;

	instance_path(&logs, "log/*");
	ck_assert_uint_gt(look_at_files(buf_str(&logs)), 8);
	instance_path(&journals, "journal/*");
	(void)look_at_files(buf_str(&journals));
}

/* Whether a row holds it, as an expression of SQL. */
static void add_search(struct buf *to, const char *columns, const struct canary *c)
{
	buf_printf(to, "INSTR(CONCAT_WS(0x7c, %s), 0x", columns);
	for (size_t i = 0; i < c->n; i++)
		buf_printf(to, "%02x", (unsigned char)c->bytes[i]);
	buf_adds(to, ") > 0");
}

/* How many canaries of the table are in its rows: those that must be, and no other. */
static void look_at_table(const char *table, const char *columns)
{
	CLEANUP(buf_done) struct buf sql = BUF_INIT;
	char *found;

	for (size_t i = 0; i < canaries_n; i++) {
		const struct canary *c = &canaries[i];
		const bool is_kept = c->kept_in && strcmp(c->kept_in, table) == 0;

		buf_printf(&sql, "%sSELECT %zu AS i FROM `%s` HAVING SUM(", i ? " UNION " : "", i,
			   table);
		add_search(&sql, columns, c);
		buf_adds(&sql, is_kept ? ") = 0" : ") > 0");
	}
	found = client_sql("SELECT MIN(i) FROM (%s) x", buf_str(&sql));
	ck_assert_msg(!found, "%s: %s", table, canaries[strtol(found, NULL, 10)].what);
	free(found);
}

static void look_at_database(void)
{
	const long tables = client_number("SELECT COUNT(*) FROM information_schema.tables WHERE "
					  "table_schema = DATABASE()");

	ck_assert_int_gt(tables, 30);
	for (long i = 0; i < tables; i++) {
		char *table = client_sql("SELECT table_name FROM information_schema.tables WHERE "
					 "table_schema = DATABASE() ORDER BY 1 LIMIT 1 OFFSET %ld",
					 i);
		char *columns = client_sql(
			"SELECT GROUP_CONCAT('CAST(`', column_name, '` AS BINARY)') FROM "
			"information_schema.columns WHERE table_schema = DATABASE() AND "
			"table_name = '%s'",
			table);

		look_at_table(table, columns);
		free(table);
		free(columns);
	}
}

START_TEST(secrets_are_nowhere_but_where_they_belong)
{
	log_in_and_fail();
	use_keys();
	use_webhooks();
	connect_accounts();
	anger_nginx();
	paste_urls();
	plant_keys();
	none_in("an answer", answers.p, answers.len);
	look_at_logs();
	ck_assert_uint_gt(look_at_files("/proc/[0-9]*/cmdline"), 5);
	ck_assert_uint_gt(look_at_files("/proc/[0-9]*/environ"), 5);
	look_at_database();
}
END_TEST

static void setup(void)
{
	config = instance_config();
	ck_assert_int_eq(keys_load(config, true, &keys, &why), 0);
	persona_make(&owner, NULL, "owner");
}

static void teardown(void)
{
	keys_free(keys);
	config_free(config);
	buf_done(&answers);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ secrets_are_nowhere_but_where_they_belong, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "canary",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SOCKET",
				     "CARILLON_CONF", "CARILLON_SANDBOX_URL"),
		.setup = setup,
		.teardown = teardown,
		.timeout_s = 180,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "admin.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "api/keyformat.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "db/migrate.h"
#include "domain/role.h"
#include "platform/platform.h"
#include "store/apikeys.h"
#include "store/reconcile.h"
#include "store/sessions.h"
#include "store/users.h"
#include "store/workspaces.h"

#ifndef SQLDIR
#define SQLDIR "/usr/share/carillon/sql"
#endif
#define PASSWORD_LEAST     10
#define PASSWORD_MAX       1024
#define TOKEN_BYTES        32
#define RECONCILE_MOST_MIN (14L * 24 * 60)

static int refuse_usage(struct problem *reterr, const char *how)
{
	return problem_set(reterr, PROBLEM_BAD_REQUEST, "usage: carillon-admin %s", how);
}

/* The host part under which this instance's users connect. */
static const char *quoted_user(const struct admin *a, const char *name)
{
	return arena_printf(a->arena, "'%s'@'%s'", name,
			    a->config->database_socket[0] ? "localhost" : "%");
}

static int migrate(struct admin *a, struct problem *reterr)
{
	const struct config *cfg = a->config;
	const char *folder = a->argc ? a->argv[0] : a->sql_folder;
	const struct grant_names names = {
		.database = arena_printf(a->arena, "`%s`", cfg->database_name),
		.api_user = quoted_user(a, cfg->database_api_user),
		.run_user = quoted_user(a, cfg->database_run_user),
	};
	size_t n = 0;

	if (migrate_run(a->app.db, folder, &n, reterr) < 0)
		return -1;
	printf("%zu migrations applied; the schema is at version %d\n", n, SCHEMA_VERSION);
	/* One user for everything (a test, a very small host) has its rights already. */
	if (strcmp(cfg->database_api_user, cfg->database_admin_user) == 0)
		return 0;
	return migrate_grant(a->app.db, folder, &names, reterr);
}

static int print_config(struct admin *a, struct problem *reterr)
{
	size_t n = 0;
	const struct setting_group *groups = platform_setting_groups(&n);

	(void)a;
	(void)reterr;
	config_print_sample(stdout, groups, n);
	return 0;
}

static int create_workspace(struct admin *a, struct problem *reterr)
{
	struct workspace made;

	if (a->argc != 1)
		return refuse_usage(reterr, "create-workspace NAME");
	if (store_workspaces_create(a->app.db, a->argv[0], a->arena, &made, reterr) < 0)
		return -1;
	a->record_in = a->subject = arena_strdup(a->arena, made.id);
	printf("%s\n", made.id);
	return 0;
}

static int read_password(char ret[static PASSWORD_MAX], struct problem *reterr)
{
	if (!fgets(ret, PASSWORD_MAX, stdin))
		ret[0] = 0;
	ret[strcspn(ret, "\r\n")] = 0;
	if (strlen(ret) < PASSWORD_LEAST)
		return problem_set(reterr, PROBLEM_INVALID,
				   "standard input must hold a password of %d characters or more",
				   PASSWORD_LEAST);
	return 0;
}

/* Membership of that name or id, or NULL. */
static const struct member *find_membership(const struct member *v, size_t n, const char *workspace)
{
	for (size_t i = 0; i < n; i++)
		if (!workspace || strcmp(v[i].workspace, workspace) == 0 ||
		    strcmp(v[i].workspace_name, workspace) == 0)
			return &v[i];
	return NULL;
}

static int join_workspace(struct admin *a, const char *user_id, enum role role,
			  struct problem *reterr)
{
	struct workspace ws = { .id = a->workspace };
	struct member *memberships = NULL;
	const struct member *m;
	size_t n = 0;

	if (!a->workspace)
		return 0;
	if (store_users_workspaces(a->app.db, user_id, a->arena, &memberships, &n, reterr) < 0)
		return -1;
	m = find_membership(memberships, n, a->workspace);
	if (m) {
		a->record_in = m->workspace;
		return 0;
	}
	if (strncmp(a->workspace, "ws_", 3) != 0 &&
	    store_workspaces_create(a->app.db, a->workspace, a->arena, &ws, reterr) < 0)
		return -1;
	if (store_users_add_member(a->app.db, ws.id, user_id, role, reterr) < 0)
		return -1;
	a->record_in = arena_strdup(a->arena, ws.id);
	printf("workspace %s\n", ws.id);
	return 0;
}

/* Makes the user or, if there is one, gives the new password; then the membership. */
static int put_user(struct admin *a, const char *hash, enum role role, struct problem *reterr)
{
	const char *email = a->argv[0];
	const struct user_new in = { email, a->name ? a->name : email, hash };
	struct user user;
	char id[ID_MAX];

	if (store_users_by_email(a->app.db, email, a->arena, &user, reterr) == 0) {
		if (store_users_set_password(a->app.db, user.id, hash, reterr) < 0)
			return -1;
		snprintf(id, sizeof(id), "%s", user.id);
	} else if (reterr->kind != PROBLEM_NOT_FOUND ||
		   store_users_create(a->app.db, &in, id, reterr) < 0) {
		return -1;
	}
	a->subject = arena_strdup(a->arena, id);
	printf("user %s\n", id);
	return join_workspace(a, id, role, reterr);
}

static int create_user(struct admin *a, struct problem *reterr)
{
	char password[PASSWORD_MAX], hash[PASSWORD_HASH_MAX];
	enum role role = ROLE_OWNER;
	int failed;

	if (a->argc != 1 || (a->role && role_parse(a->role, &role) < 0))
		return refuse_usage(reterr, "user-add EMAIL [--workspace NAME|ID] "
					    "[--role viewer|editor|admin|owner] [--name NAME] "
					    "--password-stdin");
	if (read_password(password, reterr) < 0)
		return -1;
	failed = password_hash(password, hash);
	digest_wipe(password, sizeof(password));
	if (failed < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "the password cannot be hashed");
	return put_user(a, hash, role, reterr);
}

static int create_key(struct admin *a, struct problem *reterr)
{
	char text[KEYFORMAT_LEN + 1], bad[64];
	uint8_t mac[SHA256_BYTES];
	struct keyformat parts;
	struct apikey made;
	struct apikey_new in = { .public_id = parts.public_id,
				 .secret_hmac = mac,
				 .name = a->name ? a->name : "carillon-admin",
				 .livemode = a->livemode,
				 .scopes = role_scopes(ROLE_ADMIN),
				 .expires_us = INSTANT_NONE };

	if (!a->workspace || !a->has_mode)
		return refuse_usage(reterr, "create-key --workspace ID --live|--test [--name NAME] "
					    "[--scopes \"content:read ...\"]");
	if (a->scopes && scopes_parse(a->scopes, &in.scopes, bad) < 0)
		return problem_set(reterr, PROBLEM_INVALID, "%s is no scope", bad);
	keyformat_make(a->livemode, text, &parts);
	keyformat_mac(a->app.keys, text, mac);
	if (store_apikeys_insert(a->app.db, a->workspace, &in, a->arena, &made, reterr) < 0)
		return -1;
	a->record_in = a->workspace;
	a->subject = made.id;
	printf("%s\n", text);
	digest_wipe(text, sizeof(text));
	return 0;
}

static int create_token(struct admin *a, struct problem *reterr)
{
	char access[3 + TOKEN_TEXT_MAX(TOKEN_BYTES)] = "at_", refresh[TOKEN_TEXT_MAX(TOKEN_BYTES)];
	struct session_tokens tokens = { .access_life_s = a->config->session_access_life_s,
					 .refresh_life_s = a->config->session_access_life_s };
	struct member *memberships = NULL;
	const struct member *m;
	struct user user;
	char id[ID_MAX];
	size_t n = 0;

	if (a->argc != 1)
		return refuse_usage(reterr, "create-token EMAIL [--workspace NAME|ID]");
	if (store_users_by_email(a->app.db, a->argv[0], a->arena, &user, reterr) < 0 ||
	    store_users_workspaces(a->app.db, user.id, a->arena, &memberships, &n, reterr) < 0)
		return -1;
	m = find_membership(memberships, n, a->workspace);
	if (!m)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "%s is no member there", a->argv[0]);
	/* The refresh token is made and forgotten: this session simply ends. */
	random_token(access + 3, TOKEN_BYTES);
	random_token(refresh, TOKEN_BYTES);
	digest_sha256(access, strlen(access), tokens.access_hash);
	digest_sha256(refresh, strlen(refresh), tokens.refresh_hash);
	if (store_sessions_create(a->app.db, m->workspace, user.id, &tokens, id, reterr) < 0)
		return -1;
	a->record_in = m->workspace;
	a->subject = arena_strdup(a->arena, id);
	printf("%s\n", access);
	return 0;
}

static int list(struct admin *a, struct problem *reterr)
{
	struct member *memberships = NULL;
	struct user user;
	size_t n = 0;

	if (a->argc != 1)
		return refuse_usage(reterr, "list EMAIL");
	if (store_users_by_email(a->app.db, a->argv[0], a->arena, &user, reterr) < 0 ||
	    store_users_workspaces(a->app.db, user.id, a->arena, &memberships, &n, reterr) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		printf("%s\t%s\t%s\n", memberships[i].workspace, role_name(memberships[i].role),
		       memberships[i].workspace_name);
	return 0;
}

enum need { NEED_DB = 1, NEED_KEYS = 2, NEED_RING = 4, NEED_SCHEMA = 8 };

struct command {
	const char *name;
	unsigned needs;
	admin_fn *run;
	const char *sentence;
	/* How it stands in the audit log; NULL: it changes nothing there is a log of. */
	int (*recorded)(struct admin *a, const char *action, admin_fn *run, struct problem *reterr);
};

#define NEED_LOG (NEED_DB | NEED_SCHEMA | NEED_KEYS) /* the log is written with the pepper */

static int reconcile(struct admin *a, struct problem *reterr)
{
	char *end = NULL;
	const long minutes = a->argc == 1 ? strtol(a->argv[0], &end, 10) : 60;
	int64_t n = 0;

	if (a->argc > 1 || minutes < 1 || minutes > RECONCILE_MOST_MIN || (end && *end))
		return refuse_usage(reterr, "reconcile [MINUTES]");
	if (store_reconcile(a->app.db, minutes * 60, &n, reterr) < 0)
		return -1;
	printf("%lld posts due in the last %ld minutes will be looked up before they are sent\n",
	       (long long)n, minutes);
	return 0;
}

static const struct command commands[] = {
	{ "print-config", 0, print_config, "every setting with its default", NULL },
	{ "init-keys", 0, admin_init_keys, "make the key files that are missing", NULL },
	{ "migrate", NEED_DB, migrate, "[FOLDER]: bring the schema up to date, grant rights",
	  NULL },
	{ "doctor", 0, admin_doctor, "look at everything and name the cure", NULL },
	{ "create-workspace", NEED_LOG, create_workspace, "NAME: prints its id", admin_recorded },
	{ "user-add", NEED_LOG, create_user,
	  "EMAIL [--workspace NAME|ID] [--role ROLE]: password from standard input",
	  admin_recorded },
	{ "create-user", NEED_LOG, create_user, "the same", admin_recorded },
	{ "create-key", NEED_LOG, create_key,
	  "--workspace ID --live|--test [--scopes LIST]: prints the key once", admin_recorded },
	{ "create-token", NEED_LOG, create_token,
	  "EMAIL [--workspace NAME|ID]: prints an access token for scripts", admin_recorded },
	{ "list", NEED_DB | NEED_SCHEMA, list, "EMAIL: the workspaces of a user", NULL },
	{ "reconcile", NEED_LOG, reconcile,
	  "[MINUTES]: after a fail-over, have what was due in the last hour looked up first",
	  admin_recorded },
	{ "export", NEED_DB | NEED_SCHEMA, admin_export,
	  "--workspace ID FILE|- [--media FOLDER]: all of a workspace but its secrets, as JSON",
	  NULL },
	{ "import", NEED_LOG, admin_import,
	  "--workspace ID --format carillon|buffer|postiz FILE.csv [--dry-run] [--accounts MAP] "
	  "[--timezone ZONE] [--live|--test]; or [--workspace ID] --format json FILE|- "
	  "[--media FOLDER]",
	  admin_recorded_around },
	{ "rotate-keys", NEED_LOG | NEED_RING, admin_rotate_keys,
	  "[--add|--keep]: a new sealing key in place of the old one, while everything runs",
	  admin_recorded_around },
	{ "reseal", NEED_LOG | NEED_RING, admin_reseal, "seal stored tokens with the newest key",
	  admin_recorded_around },
	{ "audit", NEED_LOG, admin_audit,
	  "verify [--workspace ID]: walk the audit log; fails where it was tampered with", NULL },
};

static void print_usage(FILE *out)
{
	fprintf(out, "usage: carillon-admin [-c FILE] [-s SQL_FOLDER] COMMAND\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-17s %s\n", commands[i].name, commands[i].sentence);
}

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "sql", required_argument, NULL, 's' },
	{ "workspace", required_argument, NULL, 'w' },
	{ "role", required_argument, NULL, 'r' },
	{ "name", required_argument, NULL, 'n' },
	{ "scopes", required_argument, NULL, 'S' },
	{ "live", no_argument, NULL, 'l' },
	{ "test", no_argument, NULL, 't' },
	{ "format", required_argument, NULL, 'f' },
	{ "accounts", required_argument, NULL, 'A' },
	{ "timezone", required_argument, NULL, 'z' },
	{ "media", required_argument, NULL, 'm' },
	{ "dry-run", no_argument, NULL, 'd' },
	{ "add", no_argument, NULL, 'a' },
	{ "keep", no_argument, NULL, 'k' },
	{ "password-stdin", no_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void take_option(struct admin *a, int letter)
{
	const struct {
		int letter;
		const char **text;
	} texts[] = {
		{ 'c', &a->config_path }, { 's', &a->sql_folder }, { 'w', &a->workspace },
		{ 'r', &a->role },        { 'n', &a->name },       { 'S', &a->scopes },
		{ 'f', &a->format },      { 'A', &a->accounts },   { 'z', &a->timezone },
		{ 'm', &a->media },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].letter == letter)
			*texts[i].text = optarg;
	a->is_rehearsal |= letter == 'd';
	a->only_add |= letter == 'a';
	a->keeps_old |= letter == 'k';
	if (letter == 'l' || letter == 't') {
		a->has_mode = true;
		a->livemode = letter == 'l';
	}
}

/* 0 go on; else leave with that status, less one. */
static int read_options(struct admin *a, int argc, char **argv)
{
	int letter;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, before anything else */
	while ((letter = getopt_long(argc, argv, "c:s:w:r:n:h", options, NULL)) != -1) {
		if (letter == 'h' || letter == '?') {
			print_usage(letter == 'h' ? stdout : stderr);
			return (letter == 'h' ? EX_OK : EX_USAGE) + 1;
		}
		take_option(a, letter);
	}
	return 0;
}

static int prepare(struct admin *a, const struct command *c, struct keys **keys,
		   struct problem *reterr)
{
	size_t n = 0;
	const struct setting_group *groups = platform_setting_groups(&n);

	if (config_load(a->config_path, groups, n, &a->config, reterr) < 0)
		return -1;
	a->app.config = a->config;
	if ((c->needs & NEED_KEYS) &&
	    keys_load(a->config, (c->needs & NEED_RING) != 0, keys, reterr) < 0)
		return -1;
	a->app.keys = *keys;
	if ((c->needs & NEED_DB) && db_open(a->config, DB_ROLE_ADMIN, &a->app.db, reterr) < 0)
		return -1;
	return c->needs & NEED_SCHEMA ? schema_check(a->app.db, reterr) : 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void explain(const struct problem *why)
{
	fprintf(stderr, "carillon-admin: %s\n", why->detail);
	for (size_t i = 0; i < why->items_n && i < PROBLEM_ITEMS_MAX; i++)
		fprintf(stderr, "  %s: %s\n", why->items[i].pointer, why->items[i].detail);
}

static int run(struct admin *a, const struct command *c, struct problem *reterr)
{
	return c->recorded ? c->recorded(a, c->name, c->run, reterr) : c->run(a, reterr);
}

int main(int argc, char **argv)
{
	struct admin a = { .sql_folder = SQLDIR };
	const struct command *command;
	struct keys *keys = NULL;
	struct problem why;
	int status = read_options(&a, argc, argv), failed;

	if (status)
		return status - 1;
	command = find_command(optind < argc ? argv[optind] : NULL);
	if (!command) {
		print_usage(stderr);
		return EX_USAGE;
	}
	log_setup("carillon-admin", LOG_LEVEL_WARN, 2);
	keys_harden_process();
	problem_clear(&why);
	a.argc = argc - optind - 1;
	a.argv = argv + optind + 1;
	a.arena = arena_new();
	failed = prepare(&a, command, &keys, &why) < 0 || run(&a, command, &why) < 0;
	if (failed)
		explain(&why);
	db_free(a.app.db);
	keys_free(keys);
	config_free(a.config);
	arena_free(a.arena);
	if (!failed)
		return EX_OK;
	return why.kind == PROBLEM_BAD_REQUEST ? EX_USAGE : EXIT_FAILURE;
}

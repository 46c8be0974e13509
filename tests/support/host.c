/* SPDX-License-Identifier: Apache-2.0 */
#include "support/host.h"

#include <check.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "support/instance.h"

#define LINE_MAX_BYTES 1024
#define START_TRIES    3000 /* of 10 ms */

/* Whether a line of the INI file sets what `settings` set, too. */
static bool is_replaced(const char *section, const char *line, const char *const *settings)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.%.*s", section, (int)strcspn(line, " ="), line);
	for (; *settings; settings += 2) {
		if (strcmp(*settings, name) == 0)
			return true;
	}
	return false;
}

static void settings_add(FILE *out, const char *const *settings)
{
	for (; *settings; settings += 2) {
		const char *dot = strchr(settings[0], '.');

		fprintf(out, "[%.*s]\n%s = %s\n", (int)(dot - settings[0]), settings[0], dot + 1,
			settings[1]);
	}
}

static void config_write(const struct host *h, const char *const *own, const char *const *settings)
{
	FILE *in = fopen(client_env("CARILLON_CONF"), "r"), *out = fopen(h->config, "w");
	char line[LINE_MAX_BYTES], section[64] = "";

	ck_assert(in && out);
	while (fgets(line, sizeof(line), in)) {
		if (line[0] == '[')
			snprintf(section, sizeof(section), "%.*s", (int)strcspn(line + 1, "]"),
				 line + 1);
		if (!is_replaced(section, line, own) && !is_replaced(section, line, settings))
			fputs(line, out);
	}
	settings_add(out, own);
	settings_add(out, settings);
	fclose(in);
	ck_assert_int_eq(fclose(out), 0);
}

/* Whom the instance runs such a pool as: he alone reads its database password. */
static uid_t owner_of(const char *pool)
{
	const char *name = strcmp(pool, "api") == 0 ? "api_password_file" : "run_password_file";
	FILE *in = fopen(client_env("CARILLON_CONF"), "r");
	char line[LINE_MAX_BYTES];
	struct stat st = { .st_uid = geteuid() };

	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, name, strlen(name)) == 0)
			ck_assert_int_eq(stat(strchr(line, '/'), &st), 0);
	}
	fclose(in);
	return st.st_uid;
}

/* Root without its capabilities, which a pool gives up, would not read what is another's. */
static void become(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (geteuid() != 0 || uid == 0)
		return;
	if (!user || initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
	    setuid(uid) != 0)
		_exit(127);
}

static void host_exec(const struct host *h, const char *pool, uid_t uid)
{
	CLEANUP(buf_done) struct buf program = BUF_INIT;

	become(uid);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The instance's own copy: its users need not reach the folder of the build. */
	instance_path(&program, "bin/carillon-responder");
	execl(buf_str(&program), "carillon-responder", "-c", h->config, pool, (char *)NULL);
	_exit(127);
}

void host_start(struct host *ret, const char *pool, const char *const *settings)
{
	const char *const own[] = { "pool.api_socket",
				    ret->socket,
				    "pool.platform_socket",
				    ret->socket,
				    "pool.socket_group",
				    "",
				    NULL };
	const uid_t uid = owner_of(pool);
	struct stat st;

	snprintf(ret->folder, sizeof(ret->folder), "/tmp/carillon-host-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(ret->folder));
	snprintf(ret->socket, sizeof(ret->socket), "%s/pool.sock", ret->folder);
	snprintf(ret->config, sizeof(ret->config), "%s/host.ini", ret->folder);
	config_write(ret, own, settings);
	ck_assert_int_eq(chown(ret->folder, uid, (gid_t)-1), 0);
	ret->master = fork();
	if (ret->master == 0)
		host_exec(ret, pool, uid);
	for (int i = 0; i < START_TRIES && stat(ret->socket, &st) < 0; i++) {
		ck_assert_msg(waitpid(ret->master, NULL, WNOHANG) == 0, "the pool has ended");
		usleep(10000);
	}
	ck_assert_int_eq(stat(ret->socket, &st), 0);
}

void host_stop(struct host *h)
{
	static const char *const left[] = { "", ".lock", ".leases" };
	char path[128];
	int status = -1;

	kill(h->master, SIGTERM);
	waitpid(h->master, &status, 0);
	ck_assert_int_eq(status, 0);
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		snprintf(path, sizeof(path), "%s%s", h->socket, left[i]);
		(void)unlink(path);
	}
	(void)unlink(h->config);
	ck_assert_int_eq(rmdir(h->folder), 0);
}

/* As CGI has it: the status is a header. */
static struct answer *answer_of(const char *text)
{
	struct answer *a = alloc_zero(sizeof(*a));
	const char *end = strstr(text, "\r\n\r\n");
	const char *status;

	ck_assert_msg(end != NULL, "no answer: %s", text);
	a->headers = alloc_strndup(text, (size_t)(end - text));
	a->body = alloc_strdup(end + 4);
	a->body_n = strlen(a->body);
	a->json = json_loadb(a->body, a->body_n, 0, NULL);
	status = answer_header(a, "Status");
	ck_assert_ptr_nonnull(status);
	a->status = strtol(status, NULL, 10);
	return a;
}

struct params {
	const char *list[32];
	size_t n;
};

static void param(struct params *p, const char *name, const char *value)
{
	p->list[p->n++] = name;
	p->list[p->n++] = value;
}

struct answer *host_send(const struct host *h, const struct host_call *c)
{
	const char *query = strchr(c->path, '?');
	const size_t body_n = c->body ? strlen(c->body) : 0;
	char path[256], bearer[256], length[24];
	struct params p = { .n = 0 };
	struct answer *a;
	char *text;

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(c->path, "?"), c->path);
	snprintf(length, sizeof(length), "%zu", body_n);
	param(&p, "REQUEST_METHOD", c->method);
	param(&p, "DOCUMENT_URI", path);
	param(&p, "REQUEST_URI", c->path);
	param(&p, "QUERY_STRING", query ? query + 1 : "");
	param(&p, "REMOTE_ADDR", c->address ? c->address : "127.0.0.1");
	if (c->token) {
		snprintf(bearer, sizeof(bearer), "Bearer %s", c->token);
		param(&p, "HTTP_AUTHORIZATION", bearer);
	}
	if (c->body) {
		param(&p, "CONTENT_TYPE", "application/json");
		param(&p, "CONTENT_LENGTH", length);
	}
	if (c->key)
		param(&p, "HTTP_IDEMPOTENCY_KEY", c->key);
	text = client_fcgi(h->socket, p.list, c->body, body_n);
	a = answer_of(text);
	free(text);
	return a;
}

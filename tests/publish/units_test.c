/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real programs under the system calls that their systemd units leave them. systemd itself does
 * not run here: its filter is built from the unit's own lines. For the pools a call outside of it
 * kills; for the runner it fails as it does in the unit, since tools of others ask for what they can
 * do without. What needs bubblewrap does without, as it does in the units.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/confine.h"
#include "rig.h"
#include "support/client.h"
#include "support/suite.h"

#define NAMES_MAX   1000
#define PATIENCE_MS 60000

static struct rig rig;

/* ---- a unit's filter ---- */

struct names {
	char *v[NAMES_MAX];
	size_t n;
};

static void names_drop(struct names *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->v[i], name) != 0)
			continue;
		free(set->v[i]);
		set->v[i] = set->v[--set->n];
		return;
	}
}

static void names_add(struct names *set, const char *name)
{
	names_drop(set, name);
	ck_assert_uint_lt(set->n, NAMES_MAX);
	set->v[set->n++] = alloc_strdup(name);
}

typedef void names_fn(struct names *set, const char *name);

/* What systemd-analyze says of all groups: a line for each name, those of members indented. */
static struct buf groups = BUF_INIT;

static void groups_read(void)
{
	FILE *f = popen("systemd-analyze syscall-filter 2>/dev/null", "re");
	char line[256];

	buf_addc(&groups, '\n');
	while (f && fgets(line, sizeof(line), f))
		buf_adds(&groups, line);
	if (!f || pclose(f) != 0 || groups.len < 2) {
		fputs("units: systemd-analyze tells no groups\n", stderr);
		exit(EXIT_FAILURE);
	}
}

/* A group of systemd's, as deep as it goes; else the call itself. */
static void names_take(struct names *set, const char *name, names_fn *take)
{
	char head[80];
	const char *at;

	if (name[0] != '@') {
		take(set, name);
		return;
	}
	(void)snprintf(head, sizeof(head), "\n%s\n", name);
	at = strstr(buf_str(&groups), head);
	ck_assert_msg(at != NULL, "systemd knows no %s", name);
	for (at += strlen(head); *at == ' '; at += strcspn(at, "\n") + 1) {
		char member[80];

		at += strspn(at, " ");
		(void)snprintf(member, sizeof(member), "%.*s", (int)strcspn(at, "\n"), at);
		if (*member != '#')
			names_take(set, member, take);
	}
}

static void filter_line(struct names *set, char *value)
{
	names_fn *take = *value == '~' ? names_drop : names_add;
	char *rest = NULL, *word = strtok_r(value + (*value == '~'), " \n", &rest);

	for (; word; word = strtok_r(NULL, " \n", &rest))
		names_take(set, word, take);
}

/* The unit's SystemCallFilter=, and whether the families of its sockets include the internet's. */
static void unit_read(const char *unit, struct names *ret, bool *ret_inet)
{
	static const char filter[] = "SystemCallFilter=", families[] = "RestrictAddressFamilies=";
	char line[512];
	FILE *f;

	(void)snprintf(line, sizeof(line), "%s/etc/%s.service", getenv("CARILLON_BUILD"), unit);
	f = fopen(line, "re");
	ck_assert_msg(f != NULL, "%s", line);
	ret->n = 0;
	*ret_inet = false;
	/* Allowed to every service that is to be started at all. */
	names_take(ret, "@default", names_add);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, filter, sizeof(filter) - 1) == 0)
			filter_line(ret, line + sizeof(filter) - 1);
		if (strncmp(line, families, sizeof(families) - 1) == 0)
			*ret_inet = strstr(line, "AF_INET") != NULL;
	}
	(void)fclose(f);
	ck_assert_uint_gt(ret->n, 100);
}

/* A rule about one argument. */
static int rule(scmp_filter_ctx ctx, uint32_t action, int nth, struct scmp_arg_cmp when)
{
	return seccomp_rule_add_array(ctx, action, nth, 1, &when);
}

static struct scmp_arg_cmp family_is(int family)
{
	return (struct scmp_arg_cmp){ 0, SCMP_CMP_EQ, (scmp_datum_t)family, 0 };
}

static int allow_socket(scmp_filter_ctx ctx, int family)
{
	return rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), family_is(family));
}

static struct scmp_arg_cmp protection_is(scmp_datum_t among, scmp_datum_t is)
{
	return (struct scmp_arg_cmp){ 2, SCMP_CMP_MASKED_EQ, among, is };
}

/* MemoryDenyWriteExecute=: nothing that is or was writable may be run. */
static int allow_mapping(scmp_filter_ctx ctx, int nth)
{
	static const scmp_datum_t harmless[] = { 0, PROT_WRITE, PROT_EXEC };
	int rc = rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), protection_is(PROT_EXEC, 0));

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(harmless); i++)
		rc = rule(ctx, SCMP_ACT_ALLOW, nth,
			  protection_is(PROT_WRITE | PROT_EXEC, harmless[i]));
	return rc;
}

static int allow(scmp_filter_ctx ctx, const char *name, bool has_inet, uint32_t otherwise)
{
	const int nth = seccomp_syscall_resolve_name(name);

	if (nth < 0) /* of other machines */
		return 0;
	if (nth == SCMP_SYS(socket))
		return allow_socket(ctx, AF_UNIX) ||
		       (has_inet && (allow_socket(ctx, AF_INET) || allow_socket(ctx, AF_INET6)));
	if (nth == SCMP_SYS(mmap))
		return allow_mapping(ctx, nth);
	if (nth == SCMP_SYS(mprotect) || nth == SCMP_SYS(pkey_mprotect))
		return 0;
	/* RestrictNamespaces= */
	if (nth == SCMP_SYS(unshare) || nth == SCMP_SYS(setns))
		return otherwise == SCMP_ACT_ERRNO(EPERM)
			       ? 0
			       : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nth, 0);
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nth, 0);
}

/* In a child that is about to become the program. */
static void unit_apply(const struct names *names, bool has_inet, uint32_t otherwise)
{
	scmp_filter_ctx ctx = seccomp_init(otherwise);
	/* A socket of another family is refused by systemd, not killed for: programs ask and go on. */
	int rc = rule(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), family_is(AF_NETLINK));

	for (size_t i = 0; rc == 0 && i < names->n; i++)
		rc = allow(ctx, names->v[i], has_inet, otherwise);
	if (rc == 0)
		rc = seccomp_load(ctx);
	if (rc != 0)
		_exit(99);
}

static pid_t start_under(const char *unit, const char *const *argv, uint32_t otherwise)
{
	struct names names;
	char path[512], log[128];
	bool has_inet;
	pid_t pid;

	unit_read(unit, &names, &has_inet);
	(void)snprintf(path, sizeof(path), "%s/%s", getenv("CARILLON_BUILD"), argv[0]);
	(void)snprintf(log, sizeof(log), "%s/unit.log", rig.folder);
	pid = fork();
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(fd, 2);
		/* User= and CapabilityBoundingSet=: nobody starts with more than none. */
		if (confine_capabilities() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			_exit(97);
		unit_apply(&names, has_inet, otherwise);
		execl(path, path, "-c", rig.config_path, argv[1], (char *)NULL);
		_exit(98);
	}
	while (names.n)
		free(names.v[--names.n]);
	return pid;
}

/* ---- under it ---- */

START_TEST(filter_of_the_test_kills)
{
	struct names names;
	bool has_inet;
	pid_t pid;
	int status = 0;

	unit_read("carillon-api", &names, &has_inet);
	ck_assert(!has_inet);
	pid = fork();
	if (pid == 0) {
		unit_apply(&names, has_inet, SCMP_ACT_KILL_PROCESS);
		if (_i == 0)
			_exit(chroot("/") < 0 ? 2 : 1);
		else if (_i == 1)
			(void)socket(AF_INET, SOCK_STREAM, 0);
		else if (_i == 2)
			(void)mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
		else
			_exit(0);
		_exit(1);
	}
	(void)waitpid(pid, &status, 0);
	if (_i == 3)
		ck_assert_int_eq(status, 0);
	else
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
END_TEST

static void make_png(char ret[static ID_MAX])
{
	const struct media_item item = { .kind = MEDIA_IMAGE,
					 .mime = "image/png",
					 .ext = "png",
					 .width = 1080,
					 .height = 1080 };
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/units.png", rig.folder);
	rig_draw("testsrc2=s=1080x1080", path);
	rig_media(&rig, path, &item, ret);
}

/* A PNG, which Instagram takes as JPEG alone: the runner starts a renderer, and that one vips. */
START_TEST(runner_converts_and_publishes)
{
	static const char *const argv[] = { "carillon-publish", "--once" };
	struct rig_content in = { .kind = CONTENT_IMAGE, .caption = "under the unit" };
	char id[ID_MAX], png[ID_MAX];
	int status = 0;

	make_png(png);
	in.media[0] = png;
	rig_post_content(&rig, 0, &in, -500, id);
	for (int ms = 0; rig_state(&rig, id) != POST_PUBLISHED; ms += 100) {
		status = rig_wait(start_under("carillon-publish@", argv, SCMP_ACT_ERRNO(EPERM)),
				  PATIENCE_MS);
		ck_assert_msg(status == 0 && ms < PATIENCE_MS, "status %d", status);
		rig_sleep_ms(100);
	}
	ck_assert_int_eq(rig_effects(&rig, "under the unit"), 1);
}
END_TEST

static const struct {
	const char *unit, *pool, *socket, *path;
} pools[] = {
	{ "carillon-api", "api", "api.sock", "/api/v1/workspace" },
	{ "carillon-platform", "platform", "platform.sock", "/api/v1/accounts" },
};

static void expect_refused(const char *socket_path, const char *path)
{
	const char *const params[] = { "REQUEST_METHOD",
				       "GET",
				       "DOCUMENT_URI",
				       path,
				       "REQUEST_URI",
				       path,
				       "QUERY_STRING",
				       "",
				       "REMOTE_ADDR",
				       "127.0.0.1",
				       "HTTP_AUTHORIZATION",
				       "Bearer at_nobody",
				       NULL };
	char *answer = client_fcgi(socket_path, params, NULL, 0);

	ck_assert_msg(strstr(answer, "Status: 401"), "%s", answer);
	free(answer);
}

/* With a database behind it: the token is looked up. A worker that were killed could not answer. */
START_TEST(pool_answers)
{
	const char *const argv[] = { "carillon-responder", pools[_i].pool };
	char path[128];
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/%s", rig.folder, pools[_i].socket);
	pid = start_under(pools[_i].unit, argv, SCMP_ACT_KILL_PROCESS);
	for (int ms = 0; access(path, F_OK) != 0; ms += 10) {
		ck_assert_msg(ms < PATIENCE_MS && waitpid(pid, NULL, WNOHANG) == 0,
			      "%s does not start: see unit.log", argv[1]);
		rig_sleep_ms(10);
	}
	for (int i = 0; i < 20; i++)
		expect_refused(path, pools[_i].path);
	kill(pid, SIGTERM);
	ck_assert_int_eq(rig_wait(pid, PATIENCE_MS), 0);
}
END_TEST

static void before(void)
{
	char api[128], platform[128];

	if (access("/usr/bin/systemd-analyze", X_OK) != 0) {
		puts("systemd-analyze is not installed, which knows the groups of system calls");
		exit(CLIENT_SKIP);
	}
	groups_read();
	rig_start(&rig);
	(void)snprintf(api, sizeof(api), "%s/api.sock", rig.folder);
	(void)snprintf(platform, sizeof(platform), "%s/platform.sock", rig.folder);
	rig_settings(&rig,
		     RIG_SETTINGS({ "pool", "api_socket", api },
				  { "pool", "platform_socket", platform },
				  { "pool", "api_workers", "2" },
				  { "pool", "platform_workers", "2" }, { "media", "bwrap", "" }));
}

static void after(void)
{
	rig_stop(&rig);
	buf_done(&groups);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ filter_of_the_test_kills, 4 },
		{ runner_converts_and_publishes, 0 },
		{ pool_answers, (int)ARRAY_LEN(pools) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "units",
		.not_sanitized = "a sanitizer asks the system for more than the units allow",
		.timeout_s = 120,
		.before = before,
		.after = after,
		.cases = cases,
	});
}

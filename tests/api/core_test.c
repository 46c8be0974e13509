/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that holds keys leaves a core, and one that is forced holds no key. */
#include <check.h>
#include <dirent.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/keys.h"
#include "support/instance.h"
#include "support/suite.h"

/* In ordinary memory of whoever dies: a core that is read must hold it. */
static const char plain[] = "not_in_pages_of_secrets_1234567890";

static struct config *config;
static struct problem why;

/* The value of that line of /proc/PID/status or limits. */
static long number_behind(const char *pid, const char *file, const char *name)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char path[100];
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/%.20s", pid, file);
	instance_read(&text, path);
	at = text.len ? strstr(buf_str(&text), name) : NULL;
	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static bool is_ours(const char *pid)
{
	CLEANUP(buf_done) struct buf name = BUF_INIT;
	char path[100];

	(void)snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	instance_read(&name, path);
	return name.len && (strncmp(buf_str(&name), "carillon-respon", 15) == 0 ||
			    strncmp(buf_str(&name), "carillon-publis", 15) == 0);
}

/* What cannot be dumped belongs to root in /proc, whoever runs it. */
static bool is_dumpable(const char *pid)
{
	char path[100];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
	return stat(path, &st) == 0 && st.st_uid != 0;
}

START_TEST(no_process_can_leave_a_core)
{
	DIR *proc = opendir("/proc");
	const struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(proc);
	while ((e = readdir(proc))) {
		const char *pid = e->d_name;

		if (pid[0] < '0' || pid[0] > '9' || !is_ours(pid))
			continue;
		/* It may have ended meanwhile. */
		ck_assert_int_le(number_behind(pid, "limits", "Max core file size"), 0);
		ck_assert_msg(!is_dumpable(pid), "process %s can be dumped", pid);
		n++;
	}
	(void)closedir(proc);
	ck_assert_int_gt(n, 10);
}
END_TEST

/* Keys as a child has them; forced: without what else keeps a process from a core. */
_Noreturn static void die_with_a_core(const char *folder, bool is_forced)
{
	struct keys *keys = NULL;
	struct rlimit most;

	if (chdir(folder) < 0 || keys_load(config, true, &keys, &why) < 0)
		_exit(1);
	if (!is_forced)
		keys_harden_process();
	(void)getrlimit(RLIMIT_CORE, &most);
	most.rlim_cur = most.rlim_max;
	(void)setrlimit(RLIMIT_CORE, &most);
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

static int die(const char *folder, bool is_forced)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		die_with_a_core(folder, is_forced);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "exit status %d, not a signal", WEXITSTATUS(status));
	return WCOREDUMP(status);
}

/* Read only now, so that the child had no copy of them. */
static void no_key_in(const struct buf *core)
{
	struct keys *keys = NULL;

	ck_assert_ptr_nonnull(memmem(core->p, core->len, plain, sizeof(plain) - 1));
	ck_assert_int_eq(keys_load(config, true, &keys, &why), 0);
	ck_assert_ptr_null(memmem(core->p, core->len, keys->pepper, sizeof(keys->pepper)));
	ck_assert_ptr_null(memmem(core->p, core->len, keys->url, sizeof(keys->url)));
	keys_free(keys);
}

static void look_at_cores(const char *folder)
{
	char pattern[100];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s/core*", folder);
	if (glob(pattern, 0, NULL, &found) != 0) {
		(void)fprintf(stderr, "core: this kernel puts cores elsewhere; none was read\n");
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP(buf_done) struct buf core = BUF_INIT;

		instance_read(&core, found.gl_pathv[i]);
		(void)unlink(found.gl_pathv[i]);
		no_key_in(&core);
	}
	globfree(&found);
}

START_TEST(core_that_is_forced_holds_no_key)
{
	char folder[] = "/tmp/carillon-core.XXXXXX";
	char *copy = strdup(plain);

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(die(folder, false), 0);
	if (die(folder, true))
		look_at_cores(folder);
	else
		(void)fprintf(stderr, "core: none was written, even when one was wanted\n");
	(void)rmdir(folder);
	free(copy);
}
END_TEST

static void setup(void)
{
	config = instance_config();
}

static void teardown(void)
{
	config_free(config);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ no_process_can_leave_a_core, 0 },
		{ core_that_is_forced_holds_no_key, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "core",
		.not_sanitized = "the leak check needs processes that can be dumped",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CONF"),
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

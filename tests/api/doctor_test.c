/* SPDX-License-Identifier: Apache-2.0 */
/* carillon-admin doctor on the running instance, and on one whose platforms are out of reach. */
#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "support/client.h"
#include "support/suite.h"

extern char **environ;

static void read_all(int fd, struct buf *out)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
}

static void doctor(const char *config, struct buf *out)
{
	char program[400];
	const char *const argv[] = { program, "-c", config, "doctor", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], status = 0;
	pid_t pid;

	snprintf(program, sizeof(program), "%s/carillon-admin", client_env("CARILLON_BUILD"));
	ck_assert_int_eq(pipe(ends), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	ck_assert_int_eq(
		posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)argv, environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	read_all(ends[0], out);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

START_TEST(reachable_platforms_are_fine)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char line[200];

	doctor(client_env("CARILLON_CONF"), &out);
	snprintf(line, sizeof(line), "ok    [instagram] %s/instagram\n",
		 client_env("CARILLON_SANDBOX_URL"));
	ck_assert_msg(strstr(buf_str(&out), line) != NULL, "%s", buf_str(&out));
	ck_assert_ptr_null(strstr(buf_str(&out), "warn  ["));
}
END_TEST

/* Copies the instance's file with one line in place of the one that begins with `name`. */
static void varied_config(char *path, const char *name, const char *line)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	int from = open(client_env("CARILLON_CONF"), O_RDONLY | O_CLOEXEC), to = mkstemp(path);
	char *at;

	ck_assert_int_ge(from, 0);
	ck_assert_int_ge(to, 0);
	read_all(from, &text);
	at = strstr(text.p, name);
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(write(to, text.p, (size_t)(at - text.p)), at - text.p);
	dprintf(to, "%s\n%s", line, strchr(at, '\n') + 1);
	close(from);
	close(to);
}

static const struct {
	const char *address, *words;
} broken[] = {
	{ "http://127.0.0.1:1", "nothing answers there" },
	{ "https://no-such-host.invalid", "its name is not known here" },
};

START_TEST(platform_out_of_reach_is_told_with_a_cure)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char path[] = "/tmp/carillon-doctor-XXXXXX", line[200];

	snprintf(line, sizeof(line), "graph_base = %s", broken[_i].address);
	varied_config(path, "graph_base = ", line);
	doctor(path, &out);
	unlink(path);
	snprintf(line, sizeof(line), "warn  [instagram] %s: %s", broken[_i].address,
		 broken[_i].words);
	ck_assert_msg(strstr(buf_str(&out), line) != NULL, "%s", buf_str(&out));
}
END_TEST

static const struct {
	const char *setting, *words;
} opened[] = {
	{ "allow = 10.0.0.0/8\n", "warn  fetch.allow opens networks inside" },
	{ "http = true\n", "warn  fetch.http lets media come unencrypted" },
	{ "allow = nonsense\n", "FAIL  fetching of media: " },
	{ "", "ok    fetching of media" },
};

START_TEST(fetching_from_inside_is_warned_of)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char path[] = "/tmp/carillon-doctor-XXXXXX", section[100];

	snprintf(section, sizeof(section), "[fetch]\n%s[publish]", opened[_i].setting);
	varied_config(path, "[publish]", section);
	doctor(path, &out);
	unlink(path);
	ck_assert_msg(strstr(buf_str(&out), opened[_i].words) != NULL, "%s", buf_str(&out));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ reachable_platforms_are_fine, 0 },
		{ platform_out_of_reach_is_told_with_a_cure,
		  (int)(sizeof(broken) / sizeof(*broken)) },
		{ fetching_from_inside_is_warned_of, (int)(sizeof(opened) / sizeof(*opened)) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "doctor",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CONF", "CARILLON_BUILD",
				     "CARILLON_SANDBOX_URL"),
		.cases = cases,
	});
}

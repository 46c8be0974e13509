/* SPDX-License-Identifier: Apache-2.0 */
/* The pools behind nginx, asked without it: what they trust nobody for, and what they cannot do. */
#include <check.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/ringfile.h"
#include "support/client.h"
#include "support/host.h"
#include "support/instance.h"
#include "support/suite.h"

#define WHOLE "/api/v1/workspace"

static struct config *config;

static const struct {
	const char *name, *document_uri, *request_uri, *method, *status;
} strangers[] = {
	{ "as it should be", WHOLE, WHOLE, "GET", "401" },
	{ "another path was matched", WHOLE, "/api/v1/health", "GET", "400" },
	{ "decoded", WHOLE, "/api/v1/wor%6bspace", "GET", "400" },
	{ "longer", WHOLE, WHOLE "/", "GET", "400" },
	{ "shorter", WHOLE "/", WHOLE, "GET", "400" },
	{ "dots", "/api/v1/../v1/workspace", "/api/v1/../v1/workspace", "GET", "400" },
	{ "no slash", "api/v1/workspace", "api/v1/workspace", "GET", "400" },
	{ "empty", "", "", "GET", "400" },
	{ "a line end", "/api/v1/a\nb", "/api/v1/a\nb", "GET", "400" },
	{ "no method", WHOLE, WHOLE, "", "405" },
	{ "method in lower case", WHOLE, WHOLE, "get", "405" },
};

START_TEST(pool_judges_paths_by_itself)
{
	const char *const params[] = { "REQUEST_METHOD",
				       strangers[_i].method,
				       "DOCUMENT_URI",
				       strangers[_i].document_uri,
				       "REQUEST_URI",
				       strangers[_i].request_uri,
				       "QUERY_STRING",
				       "",
				       "REMOTE_ADDR",
				       "127.0.0.1",
				       NULL };
	char *answer = client_fcgi(config->pool_api_socket, params, NULL, 0), want[24];

	(void)snprintf(want, sizeof(want), "Status: %s", strangers[_i].status);
	ck_assert_msg(strstr(answer, want) != NULL, "%s: %s", strangers[_i].name, answer);
	free(answer);
}
END_TEST

START_TEST(sockets_are_for_the_group_alone)
{
	const char *const paths[] = { config->pool_api_socket, config->pool_platform_socket };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		CLEANUP(buf_done) struct buf folder = BUF_INIT;
		struct stat st;

		ck_assert_int_eq(stat(paths[i], &st), 0);
		ck_assert_msg((st.st_mode & 07777) == 0660, "%s: %o", paths[i], st.st_mode);
		buf_add(&folder, paths[i], (size_t)(strrchr(paths[i], '/') - paths[i]));
		ck_assert_int_eq(stat(buf_str(&folder), &st), 0);
		ck_assert_msg((st.st_mode & 07) == 0, "%s: %o", buf_str(&folder), st.st_mode);
	}
}
END_TEST

/* The master is who listens; its children are the workers. */
static pid_t master_of(const char *socket_path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct ucred who = { 0 };
	socklen_t n = sizeof(who);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n), 0);
	close(fd);
	return who.pid;
}

static size_t workers_of(pid_t master, pid_t *ret, size_t most)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", master, master);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	while (n < most && fscanf(f, "%d", &ret[n]) == 1)
		n++;
	(void)fclose(f);
	return n;
}

/* All of a small file of /proc, with one blank between words. */
static void proc_text(pid_t pid, const char *name, struct buf *out)
{
	char path[64], line[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		for (char *word = line, *rest; (word = strtok_r(word, " \t\n", &rest)); word = NULL)
			buf_printf(out, "%s ", word);
		buf_addc(out, '\n');
	}
	(void)fclose(f);
}

static const struct {
	const char *file, *line;
} given_up[] = {
	{ "status", "\nNoNewPrivs: 1 \n" },
	{ "status", "\nCapInh: 0000000000000000 \n" },
	{ "status", "\nCapPrm: 0000000000000000 \n" },
	{ "status", "\nCapEff: 0000000000000000 \n" },
	{ "status", "\nCapBnd: 0000000000000000 \n" },
	{ "status", "\nCapAmb: 0000000000000000 \n" },
	{ "limits", "\nMax core file size 0 0 bytes \n" },
};

static void check_worker(pid_t pid)
{
	for (size_t i = 0; i < ARRAY_LEN(given_up); i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;

		proc_text(pid, given_up[i].file, &text);
		ck_assert_msg(strstr(buf_str(&text), given_up[i].line) != NULL, "%d: no%s in %s",
			      pid, given_up[i].line, buf_str(&text));
		ck_assert(!strstr(buf_str(&text), "\nUid: 0 ") || geteuid() != 0);
	}
#ifndef ENABLE_SANITIZERS
	/* What cannot be dumped belongs to root. */
	struct stat st;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_msg(st.st_uid == 0, "%s belongs to %u", path, st.st_uid);
#endif
}

START_TEST(workers_have_given_up_what_they_do_not_need)
{
	const char *const paths[] = { config->pool_api_socket, config->pool_platform_socket };
	const size_t wanted[] = { (size_t)config->pool_api_workers,
				  (size_t)config->pool_platform_workers };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		pid_t pids[300];
		const size_t n = workers_of(master_of(paths[i]), pids, ARRAY_LEN(pids));

		ck_assert_uint_ge(n, wanted[i]);
		for (size_t k = 0; k < n; k++)
			check_worker(pids[k]);
	}
}
END_TEST

/* A spooled upload that nginx never spooled: with what the pool may open it cannot be read. */
START_TEST(pool_opens_no_file_outside_of_its_own)
{
	char inside[256], outside[] = "/tmp/carillon-edge-XXXXXX", token[200];
	const char *const params[] = { "REQUEST_METHOD",
				       "POST",
				       "DOCUMENT_URI",
				       "/api/v1/media",
				       "REQUEST_URI",
				       "/api/v1/media",
				       "QUERY_STRING",
				       "",
				       "REMOTE_ADDR",
				       "127.0.0.1",
				       "CONTENT_TYPE",
				       "application/json",
				       "HTTP_AUTHORIZATION",
				       token,
				       "REQUEST_BODY_FILE",
				       _i ? outside : inside,
				       NULL };
	char *answer;
	int fd;

	(void)snprintf(inside, sizeof(inside), "%s/edge-XXXXXX", config->media_upload_folder);
	(void)snprintf(token, sizeof(token), "Bearer %s", CLIENT_TOKEN);
	fd = mkstemp(_i ? outside : inside);
	ck_assert(fd >= 0 && fchmod(fd, 0644) == 0 && write(fd, "[1", 2) == 2);
	close(fd);
	answer = client_fcgi(config->pool_api_socket, params, NULL, 0);
	(void)unlink(_i ? outside : inside);
	if (_i &&
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 2) {
		free(answer);
		return;
	}
	ck_assert_msg(strstr(answer, _i ? "Status: 500" : "\"code\":\"malformed_json\""), "%s",
		      answer);
	free(answer);
}
END_TEST

/* A ring of our own, readable for him who reads the instance's. */
static void write_ring(char folder[static 32], char path[static 64])
{
	struct stat like;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, 64, "%s/sealing.key", folder);
	f = fopen(path, "wx");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f, "elsewhere1 %064d\n", 7);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(stat(config->keys_sealing_file, &like), 0);
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_assert_int_eq(chown(path, like.st_uid, like.st_gid), 0);
	ck_assert_int_eq(chown(folder, like.st_uid, like.st_gid), 0);
}

/* The key that the pool has sealed the secret of a new endpoint with. */
static char *key_in_use(const struct host *h, const struct persona *p)
{
	CLEANUP(answer_free)
	struct answer *a =
		host_send(h, &(struct host_call){ .method = "POST",
						  .path = "/api/v1/webhooks",
						  .token = p->token,
						  .body = "{\"url\":\"https://hooks.example/\"}" });
	char *kid;

	assert_status(a, 201);
	kid = client_sql("SELECT kid FROM webhook_secrets WHERE webhook_id = '%s'",
			 answer_text(a, "id"));
	free(client_sql("DELETE FROM webhook_secrets WHERE webhook_id = '%s'",
			answer_text(a, "id")));
	return kid;
}

/* What it could not read it would not notice, and seal on with a key that is about to go. */
START_TEST(platform_pool_follows_the_ring_wherever_it_stands)
{
	char folder[32] = "/tmp/carillon-ring-XXXXXX", path[64];
	const char *const settings[] = { "keys.sealing_file", path, NULL };
	struct persona p;
	struct host h;
	char *before, *after;

	write_ring(folder, path);
	persona_make(&p, NULL, "admin");
	host_start(&h, "platform", settings);
	before = key_in_use(&h, &p);
	ck_assert_int_eq(ringfile_add(path, "elsewhere2"), 0);
	ck_assert_int_eq(ringfile_promote(path, "elsewhere2"), 0);
	after = key_in_use(&h, &p);
	host_stop(&h);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_str_eq(before, "elsewhere1");
	ck_assert_str_eq(after, "elsewhere2");
	free(before);
	free(after);
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
		{ pool_judges_paths_by_itself, (int)ARRAY_LEN(strangers) },
		{ pool_opens_no_file_outside_of_its_own, 2 },
		{ sockets_are_for_the_group_alone, 0 },
		{ workers_have_given_up_what_they_do_not_need, 0 },
		{ platform_pool_follows_the_ring_wherever_it_stands, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "pools",
		.needs = SUITE_NEEDS("CARILLON_CONF", "CARILLON_TOKEN"),
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

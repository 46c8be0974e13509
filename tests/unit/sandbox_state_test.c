/* SPDX-License-Identifier: Apache-2.0 */
/* What the sandbox still knows after it ended: the program itself, ended politely and killed. */
#include <check.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/state.h"
#include "sandbox_client.h"
#include "support/suite.h"

#define JPEG "image_url=@/jpg/1080/1080"

static struct sandbox elsewhere; /* only the address, for the client */
static pid_t child;

static void sandbox_run(int out)
{
	const char *build = getenv("CARILLON_BUILD"); /* NOLINT(concurrency-mt-unsafe) */
	char path[4096];

	snprintf(path, sizeof(path), "%s/carillon-sandbox", build != NULL ? build : ".");
	dup2(out, STDOUT_FILENO);
	execl(path, "carillon-sandbox", "-l", "127.0.0.1:0", "-d", client.folder, (char *)NULL);
	_exit(127);
}

static void start(void)
{
	int pipe_fds[2];
	FILE *out;

	ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		sandbox_run(pipe_fds[1]);
	close(pipe_fds[1]);
	out = fdopen(pipe_fds[0], "r");
	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(fgets(elsewhere.base_url, (int)sizeof(elsewhere.base_url), out));
	fclose(out);
	elsewhere.base_url[strcspn(elsewhere.base_url, "\n")] = '\0';
	client.sandbox = &elsewhere;
}

static void end(int sig)
{
	int status = 0;

	ck_assert_int_eq(kill(child, sig), 0);
	ck_assert_int_eq((int)waitpid(child, &status, 0), (int)child);
	if (sig == SIGTERM)
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	child = 0;
}

static void written(void)
{
	usleep((STATE_DELAY_MS + 400) * 1000);
}

static void setup(void)
{
	client_open();
	start();
	client_greet();
}

static void teardown(void)
{
	end(SIGTERM);
	client_close();
}

static const char *state_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/state.json", client.folder);
	return path;
}

static void state_read(struct buf *out)
{
	FILE *file = fopen(state_path(), "re");
	size_t n;

	ck_assert_ptr_nonnull(file);
	while ((n = fread(buf_reserve(out, 65536), 1, 65536, file)) > 0)
		out->len += n;
	buf_addc(out, '\0');
	fclose(file);
}

static void state_write(const char *text)
{
	FILE *file = fopen(state_path(), "we");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

/* Removes what was moved aside; how many there were. */
static unsigned aside_remove(void)
{
	DIR *dir = opendir(client.folder);
	const struct dirent *entry;
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
		if (strncmp(entry->d_name, "state.json.aside-", 17) != 0)
			continue;
		ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
		n++;
	}
	closedir(dir);
	return n;
}

static const char *published(const char *caption)
{
	static char id[32];
	char form[200];
	const char *container;

	snprintf(form, sizeof(form), JPEG "&caption=%s", caption);
	container = client_created(form);
	CLEANUP(client_answer_done) struct answer a = client_publish(container);

	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	snprintf(id, sizeof(id), "%s", client_text(&a, "id"));
	return id;
}

static json_int_t object_count(const char *caption)
{
	CLEANUP(client_answer_done)
	struct answer a =
		client_ask("GET", client_url("/_control/objects?caption=%s", caption), NULL, "");

	return json_integer_value(json_object_get(a.json, "count"));
}

static void page_token(char ret[static 256])
{
	CLEANUP(client_answer_done)
	struct answer a = client_node("102900000000001", "access_token");

	snprintf(ret, 256, "%s", client_text(&a, "access_token"));
	ck_assert_int_eq(strncmp(ret, "EAAB", 4), 0);
}

START_TEST(world_outlives_its_program)
{
	int sig = _i == 0 ? SIGTERM : SIGKILL;
	char id[32], container[32], page[256], same[256];
	struct stat st;

	snprintf(id, sizeof(id), "%s", published("first"));
	snprintf(container, sizeof(container), "%s", client_created(JPEG));
	page_token(page);
	client_control("config", "{\"quota_total\":7,\"consent\":\"approve\"}");
	client_control("clock", "{\"advance_s\":1000}");
	if (sig == SIGKILL)
		written();
	end(sig);
	ck_assert_int_eq(stat(state_path(), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	start();
	page_token(same);
	ck_assert_str_eq(page, same);
	ck_assert_int_eq((int)object_count("first"), 1);
	CLEANUP(client_answer_done) struct answer node = client_node(id, "id,caption,media_type");
	CLEANUP(client_answer_done) struct answer live = client_publish(container);
	CLEANUP(client_answer_done) struct answer again = client_publish(container);
	CLEANUP(client_answer_done)
	struct answer quota = client_node(IG "/content_publishing_limit", "config,quota_usage");
	CLEANUP(client_answer_done)
	struct answer config = client_ask("GET", client_url("/_control/config"), NULL, "");

	ck_assert_str_eq(client_text(&node, "caption"), "first");
	ck_assert_str_eq(client_text(&node, "media_type"), "IMAGE");
	ck_assert_int_eq((int)live.status, 200);
	ck_assert_str_ne(client_text(&live, "id"), id);
	ck_assert_int_eq(client_error(&again, "error_subcode"), 2207006);
	ck_assert_ptr_nonnull(strstr(quota.body.p, "\"quota_usage\":2"));
	ck_assert_ptr_nonnull(strstr(quota.body.p, "\"quota_total\":7"));
	ck_assert_str_eq(client_text(&config, "consent"), "approve");
	ck_assert_uint_eq(client_truth("\"created\""), 2);
}
END_TEST

START_TEST(ids_of_a_lost_second_are_not_given_again)
{
	char lost[32];

	written();
	snprintf(lost, sizeof(lost), "%s", client_created(JPEG));
	end(SIGKILL);
	start();
	ck_assert_str_ne(client_created(JPEG), lost);
}
END_TEST

START_TEST(more_starts_change_nothing)
{
	char id[32];

	client_control("world",
		       "{\"platform\":\"instagram\",\"users\":[{\"name\":\"New\","
		       "\"pages\":[{\"name\":\"N\",\"instagram\":{\"username\":\"newone\"}}]}]}");
	snprintf(id, sizeof(id), "%s", published("kept"));
	for (int i = 0; i < 3; i++) {
		CLEANUP(client_answer_done)
		struct answer before = client_ask("GET", client_url("/_control/state"), NULL, "");
		CLEANUP(client_answer_done) struct answer after = { 0 };

		end(SIGTERM);
		start();
		after = client_ask("GET", client_url("/_control/state"), NULL, "");
		ck_assert(json_equal(json_object_get(before.json, "accounts"),
				     json_object_get(after.json, "accounts")));
		ck_assert(json_equal(json_object_get(before.json, "tokens"),
				     json_object_get(after.json, "tokens")));
		ck_assert(json_equal(json_object_get(before.json, "platforms"),
				     json_object_get(after.json, "platforms")));
		ck_assert_ptr_nonnull(strstr(after.body.p, "newone"));
	}
	ck_assert_int_eq((int)object_count("kept"), 1);
}
END_TEST

START_TEST(killed_tokens_stay_dead)
{
	client_control("tokens/revoke", "{}");
	end(SIGTERM);
	start();
	CLEANUP(client_answer_done) struct answer a = client_node("me", "id");

	ck_assert_int_eq(client_error(&a, "error_subcode"), 460);
}
END_TEST

START_TEST(reset_is_forever)
{
	published("gone");
	client_control("reset", "{}");
	written();
	end(SIGKILL);
	start();
	CLEANUP(client_answer_done) struct answer a = client_node("me", "id");

	ck_assert_int_eq(client_error(&a, "code"), 190);
	ck_assert_int_eq((int)object_count("gone"), 0);
}
END_TEST

START_TEST(torn_batch_never_happened)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	published("whole");
	end(SIGTERM);
	state_read(&text);
	text.len = strlen(text.p);
	buf_adds(&text, "[\"token\",99,{\"text\":\"EAABx\",\"kind\":1,\"grant\":1}]\n[\"wor");
	state_write(text.p);
	start();
	CLEANUP(client_answer_done) struct answer a = client_node("me", "id");

	ck_assert_int_eq((int)a.status, 200);
	ck_assert_int_eq((int)object_count("whole"), 1);
	ck_assert_uint_eq(aside_remove(), 0);
}
END_TEST

static const char *const damages[][2] = {
	/* what stands there, what it becomes */
	{ "{\"carillon_sandbox_state\":1}", "{\"carillon_sandbox_state\":0}" },
	{ "[\"grant\",", "[\"grunt\"," },
	{ "[\"token\",", "[\"token\"X" },
	{ "[\"world\",", "[\"w\",9" },
	{ "\"grant\":1", "\"grant\":7" },
	{ "\"granted\":", "\"granted\"" },
	{ "[\"token\",3,", "[\"token\",99999999999999," },
};

START_TEST(damaged_file_is_moved_aside)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT, broken = BUF_INIT;
	const char *at;

	end(SIGTERM);
	state_read(&text);
	at = strstr(text.p, damages[_i][0]);
	ck_assert_ptr_nonnull(at);
	buf_add(&broken, text.p, (size_t)(at - text.p));
	buf_adds(&broken, damages[_i][1]);
	buf_adds(&broken, at + strlen(damages[_i][0]));
	state_write(broken.p);
	start();
	ck_assert_uint_eq(aside_remove(), 1);
	client_greet();
	published("after");
	end(SIGTERM);
	start();
	ck_assert_uint_eq(aside_remove(), 0);
	ck_assert_int_eq((int)object_count("after"), 1);
}
END_TEST

START_TEST(unfinished_video_is_finished)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT, edited = BUF_INIT;
	char id[32];
	const char *at;

	snprintf(id, sizeof(id), "%s",
		 client_created("media_type=REELS&video_url=@/mp4/5/720/1280"));
	client_wait(id, "FINISHED");
	end(SIGTERM);
	state_read(&text);
	at = strstr(text.p, "\"ready_us\":");
	ck_assert_ptr_nonnull(at);
	at += 11;
	buf_add(&edited, text.p, (size_t)(at - text.p));
	buf_printf(&edited, "%lld", (long long)INT64_MIN);
	buf_adds(&edited, at + strspn(at, "0123456789"));
	state_write(edited.p);
	start();
	client_wait(id, "FINISHED");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ world_outlives_its_program, 2 },
		{ ids_of_a_lost_second_are_not_given_again, 0 },
		{ more_starts_change_nothing, 0 },
		{ killed_tokens_stay_dead, 0 },
		{ reset_is_forever, 0 },
		{ torn_batch_never_happened, 0 },
		{ damaged_file_is_moved_aside, (int)ARRAY_LEN(damages) },
		{ unfinished_video_is_finished, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_state",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

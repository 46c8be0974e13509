/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first - how long a pool takes from exec to its first answer
 * usage: first SOCKET PROGRAM ARGUMENT...: starts PROGRAM, asks GET /api/v1/health over FastCGI on
 * SOCKET until an answer begins, prints the milliseconds and ends PROGRAM.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 5000
#define PAUSE_NS    200000L
#define REQUEST_MAX 512

enum { RECORD_BEGIN = 1, RECORD_PARAMS = 4, RECORD_STDIN = 5, ROLE_RESPONDER = 1 };

struct record_writer {
	uint8_t bytes[REQUEST_MAX];
	size_t n;
};

static void add(struct record_writer *w, const void *p, size_t n)
{
	memcpy(w->bytes + w->n, p, n);
	w->n += n;
}

static void add_head(struct record_writer *w, uint8_t type, size_t length)
{
	const uint8_t head[8] = { 1, type, 0, 1, (uint8_t)(length >> 8), (uint8_t)length, 0, 0 };

	add(w, head, sizeof(head));
}

static void make_request(struct record_writer *w)
{
	static const char *const pairs[] = {
		"REQUEST_METHOD", "GET",
		"DOCUMENT_URI",   "/api/v1/health",
		"REQUEST_URI",    "/api/v1/health",
		"QUERY_STRING",   "",
		"REMOTE_ADDR",    "127.0.0.1",
	};
	static const uint8_t begin[8] = { 0, ROLE_RESPONDER };
	struct record_writer params = { .n = 0 };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i += 2) {
		uint8_t lengths[2] = { (uint8_t)strlen(pairs[i]), (uint8_t)strlen(pairs[i + 1]) };

		add(&params, lengths, 2);
		add(&params, pairs[i], lengths[0]);
		add(&params, pairs[i + 1], lengths[1]);
	}
	add_head(w, RECORD_BEGIN, sizeof(begin));
	add(w, begin, sizeof(begin));
	add_head(w, RECORD_PARAMS, params.n);
	add(w, params.bytes, params.n);
	add_head(w, RECORD_PARAMS, 0);
	add_head(w, RECORD_STDIN, 0);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* 1 once an answer has begun */
static int ask(const struct sockaddr_un *address, const struct record_writer *w)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;
	int answered;

	answered = fd >= 0 &&
		   connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
		   write(fd, w->bytes, w->n) == (ssize_t)w->n && read(fd, &byte, 1) == 1;
	if (fd >= 0)
		close(fd);
	return answered;
}

static int measure(const struct sockaddr_un *address, const struct record_writer *w, char **command)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	double start_ms = now_ms(), taken_ms = 0;
	int answered = 0;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execv(command[0], command);
		_exit(127);
	}
	while (pid > 0 && !answered && taken_ms < PATIENCE_MS) {
		answered = ask(address, w);
		taken_ms = now_ms() - start_ms;
		if (!answered)
			nanosleep(&pause, NULL);
	}
	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
	if (answered)
		printf("%.1f\n", taken_ms);
	return answered ? 0 : 1;
}

int main(int n, char **arguments)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct record_writer w = { .n = 0 };

	if (n < 3 || strlen(arguments[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: first SOCKET PROGRAM ARGUMENT...\n");
		return 2;
	}
	memcpy(address.sun_path, arguments[1], strlen(arguments[1]));
	make_request(&w);
	return measure(&address, &w, arguments + 2);
}

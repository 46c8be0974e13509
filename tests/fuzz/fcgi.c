/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines NAME=value up to an empty one, then the body: as the records that nginx would send, over a
 * socket to the accept loop that serves them.
 */
#include "http/fcgi.h"

#include <fastcgi.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/exchange.h"

#define BODY_MAX    4096
#define RECORD_MOST 65535

struct socket_name {
	struct sockaddr_un address;
	socklen_t n;
};

/* One listening socket for all runs, without a file. */
static int listener(struct socket_name *ret)
{
	static int fd = -1;
	static struct socket_name name;

	if (fd < 0) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		name.address.sun_family = AF_UNIX;
		MUST(bind(fd, (struct sockaddr *)&name.address, sizeof(sa_family_t)) == 0);
		MUST(listen(fd, 4) == 0);
		name.n = sizeof(name.address);
		MUST(getsockname(fd, (struct sockaddr *)&name.address, &name.n) == 0);
	}
	*ret = name;
	return fd;
}

static void record(struct buf *out, int type, const char *p, size_t n)
{
	const unsigned char head[8] = { FCGI_VERSION_1,          (unsigned char)type,      0, 1,
					(unsigned char)(n >> 8), (unsigned char)(n & 0xff) };

	buf_add(out, head, sizeof(head));
	if (n)
		buf_add(out, p, n);
}

static void add_length(struct buf *b, size_t n)
{
	if (n >= 128) {
		buf_addc(b, (char)(0x80 | (n >> 24)));
		buf_addc(b, (char)(n >> 16 & 0xff));
		buf_addc(b, (char)(n >> 8 & 0xff));
	}
	buf_addc(b, (char)(n & 0xff));
}

static void compose(struct input *in, struct buf *out)
{
	static const char begin[8] = { 0, FCGI_RESPONDER, 0 };
	struct buf params = BUF_INIT;
	const char *line, *body;
	size_t n;

	while (*(line = input_line(in))) {
		size_t name = strcspn(line, "="), value = strlen(line) - name - (line[name] != 0);

		add_length(&params, name);
		add_length(&params, value);
		buf_add(&params, line, name);
		buf_adds(&params, line + name + (line[name] != 0));
	}
	body = input_rest(in, &n);
	record(out, FCGI_BEGIN_REQUEST, begin, sizeof(begin));
	if (params.len)
		record(out, FCGI_PARAMS, params.p, params.len & RECORD_MOST);
	record(out, FCGI_PARAMS, NULL, 0);
	if (n)
		record(out, FCGI_STDIN, body, n & RECORD_MOST);
	record(out, FCGI_STDIN, NULL, 0);
	buf_done(&params);
}

static void serve(void *arg, struct request *req, struct reply *ret)
{
	(void)arg;
	(void)ret;
	for (size_t i = 0; i < req->headers_n; i++)
		MUST(!strpbrk(req->headers[i].name, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
		     *req->headers[i].value);
	MUST(req->body_n <= BODY_MAX && (req->body || !req->body_n));
	MUST(req->raw.refusal != PROBLEM_NONE || request_header_count(req, "authorization") < 2);
	MUST(req->raw.refusal != PROBLEM_NONE || request_header_count(req, "if-match") < 2);
	MUST(*req->request_id && strlen(req->request_id) <= 64);
	(void)exchange_serve(req, POOL_API);
}

void fuzz_fcgi(struct input *in)
{
	static const volatile int stop = 1;
	struct socket_name name;
	const struct fcgi_service service = { .app = exchange_app(),
					      .listen_fd = listener(&name),
					      .requests_max = 1,
					      .body_max = BODY_MAX,
					      .stop = &stop,
					      .serve = serve };
	struct buf bytes = BUF_INIT;
	char answer[256];
	ssize_t n;
	int fd;

	if (in->n > RECORD_MOST / 2)
		return;
	compose(in, &bytes);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(fd >= 0 && connect(fd, (struct sockaddr *)&name.address, name.n) == 0);
	MUST(write(fd, bytes.p, bytes.len) == (ssize_t)bytes.len);
	buf_done(&bytes);
	MUST(shutdown(fd, SHUT_WR) == 0);
	MUST(fcgi_run(&service) == 0);
	n = read(fd, answer, sizeof(answer));
	MUST(n > 24 && answer[1] == FCGI_STDOUT && memcmp(answer + 8, "Status: ", 8) == 0);
	close(fd);
}

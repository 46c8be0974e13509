/* SPDX-License-Identifier: Apache-2.0 */
#include "support/wire.h"

#include <check.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "support/client.h"

#define SILENCE_S 5

struct wire {
	int fd;
	SSL_CTX *ctx; /* NULL: plain */
	SSL *ssl;
};

static int connect_to_url(void)
{
	const char *url = client_env("CARILLON_URL");
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL, *at;
	char host[256], port[16] = "443";
	int fd = -1;

	ck_assert_int_ge(sscanf(url, "https://%255[^:/]:%15[0-9]", host, port), 1);
	ck_assert_int_eq(getaddrinfo(host, port, &hints, &found), 0);
	for (at = found; at && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	ck_assert_msg(fd >= 0, "cannot connect to %s", url);
	return fd;
}

static void name_server(SSL *ssl)
{
	char host[256];

	ck_assert_int_eq(sscanf(client_env("CARILLON_URL"), "https://%255[^:/]", host), 1);
	if (host[strspn(host, "0123456789.")])
		SSL_set_tlsext_host_name(ssl, host);
}

struct wire *wire_open(bool is_tls)
{
	struct wire *w = alloc_zero(sizeof(*w));

	signal(SIGPIPE, SIG_IGN); /* the server may hang up first */
	w->fd = connect_to_url();
	if (!is_tls)
		return w;
	w->ctx = SSL_CTX_new(TLS_client_method());
	w->ssl = SSL_new(w->ctx);
	SSL_set_fd(w->ssl, w->fd);
	name_server(w->ssl);
	ck_assert_int_eq(SSL_connect(w->ssl), 1);
	return w;
}

void wire_send(struct wire *w, const void *bytes, size_t n)
{
	if (w->ssl)
		(void)SSL_write(w->ssl, bytes, (int)n);
	else
		(void)send(w->fd, bytes, n, MSG_NOSIGNAL);
}

void wire_end(struct wire *w)
{
	(void)shutdown(w->fd, SHUT_WR);
}

static int wire_read(struct wire *w, struct buf *into)
{
	char *at = buf_reserve(into, 65536);
	const int got = w->ssl ? SSL_read(w->ssl, at, 65536) : (int)read(w->fd, at, 65536);

	if (got > 0) {
		into->len += (size_t)got;
		into->p[into->len] = '\0';
	}
	return got;
}

/* Headers, and as many bytes as they say. */
static bool is_whole(const struct buf *in)
{
	const char *body = in->len ? strstr(in->p, "\r\n\r\n") : NULL;
	const char *length = body ? strcasestr(in->p, "\r\nContent-Length: ") : NULL;

	return length && length < body &&
	       (long)(in->p + in->len - body - 4) >= strtol(length + 18, NULL, 10);
}

char *wire_rest(struct wire *w, int silence_s, bool *ret_is_closed)
{
	const struct timeval silence = { .tv_sec = silence_s };
	struct buf out = BUF_INIT;
	int got;

	setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	errno = 0;
	/* A server that has refused a body would else wait for the end of it. */
	while ((got = wire_read(w, &out)) > 0) {
		if (is_whole(&out))
			wire_end(w);
	}
	if (ret_is_closed)
		*ret_is_closed = got == 0 || errno != EAGAIN;
	buf_adds(&out, "");
	return buf_take(&out);
}

bool wire_handshakes(int version, const char *ciphers)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	bool is_done;
	int fd = connect_to_url();

	SSL_CTX_set_security_level(ctx, 0);
	ck_assert_int_eq(SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION), 1);
	ck_assert_int_eq(SSL_CTX_set_max_proto_version(ctx, version), 1);
	ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, ciphers ? ciphers : "ALL"), 1);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	name_server(ssl);
	is_done = SSL_connect(ssl) == 1;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return is_done;
}

void wire_close(struct wire *w)
{
	SSL_free(w->ssl);
	SSL_CTX_free(w->ctx);
	close(w->fd);
	free(w);
}

char *wire_ask(const void *bytes, size_t n)
{
	struct wire *w = wire_open(true);
	char *answer;

	/* The server may refuse and hang up before it has read everything. */
	wire_send(w, bytes, n);
	answer = wire_rest(w, SILENCE_S, NULL);
	wire_close(w);
	return answer;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_peer.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/digest.h"

static char base[100];

void hook_peer_folder(const char *folder)
{
	(void)snprintf(base, sizeof(base), "%s", folder);
}

const char *hook_peer_file(const char *name)
{
	static _Thread_local char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static const char *header(const char *request, const char *name, char *ret, size_t size)
{
	const char *at = strcasestr(request, name);

	ret[0] = '\0';
	if (at)
		(void)snprintf(ret, size, "%.*s", (int)strcspn(at + strlen(name) + 2, "\r\n"),
			       at + strlen(name) + 2);
	return ret;
}

/* path, webhook-id, webhook-timestamp, webhook-signature, body; how often that id came before */
static int note(const char *path, const char *request)
{
	char id[80], when[40], signature[200], line[4096];
	const char *body = strstr(request, "\r\n\r\n");
	FILE *f = fopen(hook_peer_file("received"), "a+e");
	int before = 0;

	header(request, "\nwebhook-id", id, sizeof(id));
	header(request, "\nwebhook-timestamp", when, sizeof(when));
	header(request, "\nwebhook-signature", signature, sizeof(signature));
	while (f && fgets(line, sizeof(line), f))
		before += strstr(line, id) != NULL;
	if (f) {
		(void)fprintf(f, "%s\t%s\t%s\t%s\t%s\n", path, id, when, signature,
			      body ? body + 4 : "");
		(void)fclose(f);
	}
	return before;
}

static void say(int fd, const char *status, const char *more, const char *body)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
		       more, strlen(body), body);
	peer_say(fd, text);
}

static void say_ok(int fd, int before)
{
	(void)before;
	say(fd, "204 No Content", "", "");
}

static void say_flaky(int fd, int before)
{
	if (before > 0)
		say(fd, "200 OK", "", "thanks");
	else
		say(fd, "500 Oops", "", "broken\n by whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAA+/==");
}

static void say_gone(int fd, int before)
{
	(void)before;
	say(fd, "410 Gone", "", "");
}

static void say_away(int fd, int before)
{
	(void)before;
	say(fd, "302 Found", "Location: /ok\r\n", "");
}

static void say_later(int fd, int before)
{
	(void)before;
	say(fd, "503 Busy", "Retry-After: 1000\r\n", "");
}

static void say_nothing(int fd, int before)
{
	(void)fd;
	(void)before;
}

/* The runner dies once the event is here, and before it knows. */
static void say_death(int fd, int before)
{
	FILE *f = fopen(hook_peer_file("victim"), "re");
	int pid = 0;

	if (before > 0) {
		say_ok(fd, before);
	} else if (f && fscanf(f, "%d", &pid) == 1 && pid > 0) {
		(void)kill(pid, SIGKILL);
	}
	if (f)
		(void)fclose(f);
}

static void say_gate(int fd, int before)
{
	for (int i = 0; i < 6000 && access(hook_peer_file("gate"), F_OK) < 0; i++)
		peer_sleep_ms(10);
	say_ok(fd, before);
}

static void say_large(int fd, int before)
{
	static char block[65536];

	(void)before;
	peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 64; i++) {
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
			return;
	}
}

static const struct {
	const char *path;
	void (*say)(int fd, int before);
} places[] = {
	{ "/ok", say_ok },       { "/flaky", say_flaky }, { "/gone", say_gone },
	{ "/away", say_away },   { "/later", say_later }, { "/nothing", say_nothing },
	{ "/death", say_death }, { "/gate", say_gate },   { "/large", say_large },
};

void hook_peer_serve(struct peer *p, int fd, int nth)
{
	char path[40] = "";
	int before;

	(void)nth;
	if (!peer_read_request(p, fd) || sscanf(peer_request(p), "POST %39[^ ?]", path) != 1)
		return;
	before = note(path, peer_request(p));
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (strcmp(path, places[i].path) == 0)
			places[i].say(fd, before);
	}
}

int hook_peer_received(struct record *v, int most)
{
	FILE *f = fopen(hook_peer_file("received"), "re");
	int n = 0;

	while (f && n < most &&
	       fscanf(f, "%39[^\t]\t%79[^\t]\t%39[^\t]\t%199[^\t]\t%2999[^\n]\n", v[n].path,
		      v[n].id, v[n].when, v[n].signature, v[n].body) == 5)
		n++;
	if (f)
		(void)fclose(f);
	return n;
}

static void capture(const struct websign_secret *secret, const struct record *r)
{
	const char *path = getenv("WEBHOOKS_CAPTURE");
	char text[WEBSIGN_SECRET_TEXT_MAX];
	FILE *f = path ? fopen(path, "ae") : NULL;

	if (!f)
		return;
	websign_print_secret(secret, text);
	(void)fprintf(f, "%s\t%s\t%s\t%s\t%s\n", text, r->id, r->when, r->signature, r->body);
	(void)fclose(f);
}

/* As the standard says it, with nothing of src/crypto/websign. */
void hook_peer_verify(const struct websign_secret *secret, const struct record *r)
{
	uint8_t mac[SHA256_BYTES];
	char text[4096], base64[48];

	(void)snprintf(text, sizeof(text), "%s.%s.%s", r->id, r->when, r->body);
	digest_hmac(secret->bytes, secret->n, text, strlen(text), mac);
	digest_base64(mac, sizeof(mac), base64);
	ck_assert_msg(strstr(r->signature, base64) != NULL, "%s does not verify", r->signature);
	ck_assert_int_eq(strncmp(r->signature, "v1,", 3), 0);
	ck_assert_int_lt(llabs(atoll(r->when) - clock_real_us() / US_PER_S), 300);
	capture(secret, r);
}

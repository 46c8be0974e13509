/* SPDX-License-Identifier: Apache-2.0 */
#include "api/kept.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/principal.h"
#include "crypto/keys.h"
#include "http/router.h"
#include "media/multipart.h"

#define COLUMN     "answer"
#define READ_BYTES 65536

/* ---- what was asked ---- */

/* With its length, so that no two lists of texts are one. */
static void add_text(struct digest *d, const char *text)
{
	char head[24];
	size_t n = text ? strlen(text) : 0;
	int len = snprintf(head, sizeof(head), "%zd:", text ? (ssize_t)n : -1);

	digest_add(d, head, (size_t)len);
	if (n)
		digest_add(d, text, n);
}

void kept_key(const struct request *req, uint8_t ret[static SHA256_BYTES])
{
	struct digest *d = digest_new();

	add_text(d, req->principal->id);
	add_text(d, http_method_name(req->route->method));
	add_text(d, req->route->pattern);
	add_text(d, req->idempotency_key);
	digest_end(d, ret);
}

/* bytes < 0: to its end. */
static int add_range(struct digest *d, const char *path, int64_t offset, int64_t bytes)
{
	CLEANUP(buf_done) struct buf buf = BUF_INIT;
	char *p = buf_reserve(&buf, READ_BYTES);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	while (fd >= 0 && bytes != 0) {
		size_t want = bytes < 0 || bytes > READ_BYTES ? READ_BYTES : (size_t)bytes;

		n = pread(fd, p, want, offset);
		if (n <= 0)
			break;
		digest_add(d, p, (size_t)n);
		offset += n;
		bytes = bytes < 0 ? bytes : bytes - n;
	}
	if (fd < 0 || n < 0)
		n = -1;
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

static int add_parts(struct digest *d, const struct request *req, const struct multipart *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct part *part = &m->parts[i];
		char bytes[24];

		(void)snprintf(bytes, sizeof(bytes), "%lld", (long long)part->bytes);
		add_text(d, part->name);
		add_text(d, part->filename);
		add_text(d, bytes);
		if (add_range(d, req->body_file, part->offset, part->bytes) < 0)
			return -1;
	}
	return 0;
}

static int add_body(struct digest *d, struct request *req)
{
	const char *type = request_header(req, "content-type");
	struct problem ignored = { .kind = PROBLEM_NONE };
	struct multipart m;

	if (!req->body_file) {
		digest_add(d, req->body ? req->body : "", req->body_n);
		return 0;
	}
	/* What is broken has no parts: its bytes count, and the handler will say so. */
	if (type && strncasecmp(type, "multipart/form-data", 19) == 0 &&
	    multipart_scan(req->arena, req->body_file, type, &m, &ignored) == 0)
		return add_parts(d, req, &m);
	add_text(d, type);
	return add_range(d, req->body_file, 0, -1);
}

int kept_fingerprint(struct request *req, uint8_t ret[static SHA256_BYTES], struct problem *reterr)
{
	struct digest *d = digest_new();
	size_t i;

	add_text(d, req->path);
	for (i = 0; i < req->query_n; i++) {
		add_text(d, req->query[i].name);
		add_text(d, req->query[i].value);
	}
	if (add_body(d, req) < 0) {
		digest_free(d);
		return problem_set(reterr, PROBLEM_INTERNAL, "the spooled body cannot be read");
	}
	digest_end(d, ret);
	return 0;
}

/* ---- what was answered ---- */

struct place { /* where an answer is sealed to */
	char row[SHA256_HEX_MAX];
	struct seal_place at;
	struct keyring *ring;
};

static void place_open(struct place *p, const struct request *req, const struct idempotency *row)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT;
	uint8_t secret[SHA256_BYTES];

	buf_printf(&text, "carillon/idempotency/v1\n%s\n%s", req->principal->id,
		   req->idempotency_key);
	digest_hmac(req->app->keys->pepper, sizeof(req->app->keys->pepper), text.p, text.len,
		    secret);
	digest_hex(row->key, sizeof(row->key), p->row);
	p->at = (struct seal_place){ req->principal->workspace, p->row, COLUMN };
	p->ring = seal_ring_of(secret);
	digest_wipe(secret, sizeof(secret));
}

/*
 * Lines, an empty one, the body. The status is the row's; the headers that every answer carries are
 * made anew for each.
 */
static void print_answer(const struct reply *r, struct buf *out)
{
	size_t i;

	buf_printf(out, "%lld\n%s\n", (long long)r->version,
		   r->content_type ? r->content_type : "");
	for (i = 0; i < r->headers_n; i++)
		buf_printf(out, "%s: %s\n", r->headers[i].name, r->headers[i].value);
	buf_addc(out, '\n');
	if (r->body.len)
		buf_add(out, r->body.p, r->body.len);
}

int kept_seal(const struct request *req, const struct reply *answer, struct idempotency *row,
	      struct problem *reterr)
{
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT;
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	struct place place;
	int rc;

	print_answer(answer, &plain);
	place_open(&place, req, row);
	rc = seal_close(place.ring, &place.at, plain.p, plain.len, &blob);
	seal_free(place.ring);
	if (rc < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "the answer is too large to be kept");
	row->status = answer->status ? answer->status : req->route->ok;
	row->answer = arena_memdup(req->arena, blob.p, blob.len);
	row->answer_n = blob.len;
	return 0;
}

/* The next line, cut out; NULL at the end of what there is. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

static void read_answer(const struct request *req, char *text, size_t n, struct reply *ret)
{
	char *at = text, *line = next_line(&at);

	ret->version = line ? strtoll(line, NULL, 10) : 0;
	line = next_line(&at);
	if (line && *line)
		ret->content_type = line;
	while ((line = next_line(&at)) && *line) {
		char *value = strstr(line, ": ");

		if (!value)
			continue;
		*value = '\0';
		reply_header(ret, req->arena, line, "%s", value + 2);
	}
	buf_add(&ret->body, at, n - (size_t)(at - text));
}

int kept_open(const struct request *req, const struct idempotency *row, struct reply *ret,
	      struct problem *reterr)
{
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT;
	struct place place;
	int rc;

	place_open(&place, req, row);
	rc = seal_open(place.ring, &place.at, row->answer, row->answer_n, &plain);
	seal_free(place.ring);
	if (rc < 0)
		return problem_set(reterr, PROBLEM_INTERNAL,
				   "the answer that was kept does not open");
	ret->status = row->status;
	/* What points into it must live as long as the request. */
	read_answer(req, arena_memdup(req->arena, buf_str(&plain), plain.len + 1), plain.len, ret);
	return 0;
}

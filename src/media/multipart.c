/* SPDX-License-Identifier: Apache-2.0 */
#include "media/multipart.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"

#define HEADERS_MAX  8192
#define TEXT_MAX     16384
#define BOUNDARY_MAX 70

struct scan {
	struct arena *a;
	const char *base; /* the whole body, mapped; pages come and go with the kernel's wishes */
	int64_t bytes;
	char mark[BOUNDARY_MAX + 8]; /* CRLF "--" boundary */
	size_t mark_n;
};

static int bad(struct problem *reterr, const char *why)
{
	return problem_set(reterr, PROBLEM_BAD_REQUEST, "the multipart body is malformed: %s", why);
}

/* boundary=token or boundary="quoted", 1 to 70 characters */
static int read_boundary(const char *content_type, struct scan *s, struct problem *reterr)
{
	const char *p = strcasestr(content_type, "boundary=");
	size_t n;

	if (!p)
		return bad(reterr, "Content-Type has no boundary");
	p += strlen("boundary=");
	if (*p == '"') {
		p++;
		n = strcspn(p, "\"");
	} else {
		n = strcspn(p, "; \t");
	}
	if (n == 0 || n > BOUNDARY_MAX)
		return bad(reterr, "the boundary must have 1 to 70 characters");
	s->mark_n = (size_t)snprintf(s->mark, sizeof(s->mark), "\r\n--%.*s", (int)n, p);
	return 0;
}

/* value of a parameter such as name="..." in a header line; NULL absent */
static const char *parameter(struct arena *a, const char *line, const char *name)
{
	size_t name_n = strlen(name);

	for (const char *p = strchr(line, ';'); p; p = strchr(p, ';')) {
		p += 1 + strspn(p + 1, " \t");
		if (strncasecmp(p, name, name_n) != 0 || p[name_n] != '=')
			continue;
		p += name_n + 1;
		if (*p == '"')
			return arena_strndup(a, p + 1, strcspn(p + 1, "\""));
		return arena_strndup(a, p, strcspn(p, "; \t"));
	}
	return NULL;
}

static int read_headers(struct scan *s, const char *head, size_t head_n, struct part *ret,
			struct problem *reterr)
{
	char *text = arena_strndup(s->a, head, head_n);
	char *save = NULL;

	for (char *line = strtok_r(text, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		if (strncasecmp(line, "Content-Disposition:", 20) != 0)
			continue;
		ret->name = parameter(s->a, line, "name");
		ret->filename = parameter(s->a, line, "filename");
	}
	if (!ret->name)
		return bad(reterr, "a part has no name");
	return 0;
}

static int read_text(struct scan *s, struct part *p, struct problem *reterr)
{
	if (p->filename)
		return 0;
	if (p->bytes > TEXT_MAX)
		return bad(reterr, "a text part is too long");
	p->text = arena_strndup(s->a, s->base + p->offset, (size_t)p->bytes);
	if ((int64_t)strlen(p->text) != p->bytes || !utf8_valid(p->text, (size_t)p->bytes))
		return bad(reterr, "a text part is not UTF-8");
	return 0;
}

/* One part from `at` (just behind a boundary's line end); *ret_next: behind the next boundary. */
static int read_part(struct scan *s, int64_t at, struct part *ret, int64_t *ret_next,
		     struct problem *reterr)
{
	int64_t left = s->bytes - at;
	size_t window = left < HEADERS_MAX ? (size_t)left : HEADERS_MAX;
	const char *head = s->base + at;
	const char *gap = memmem(head, window, "\r\n\r\n", 4);
	const char *data, *end;

	if (!gap)
		return bad(reterr, "a part's headers do not end");
	if (read_headers(s, head, (size_t)(gap - head), ret, reterr) < 0)
		return -1;
	data = gap + 4;
	/* An empty part's data is followed at once by the mark, whose CRLF may be the headers' own. */
	end = memmem(data, (size_t)(s->base + s->bytes - data), s->mark, s->mark_n);
	if (!end)
		return bad(reterr, "the closing boundary is missing");
	ret->offset = data - s->base;
	ret->bytes = end - data;
	*ret_next = end - s->base + (int64_t)s->mark_n;
	return read_text(s, ret, reterr);
}

static int scan_all(struct scan *s, struct multipart *ret, struct problem *reterr)
{
	int64_t at = (int64_t)s->mark_n - 2; /* the first mark has no CRLF before it */

	if (s->bytes < at || memcmp(s->base, s->mark + 2, s->mark_n - 2) != 0)
		return bad(reterr, "it does not start with its boundary");
	ret->n = 0;
	while (s->bytes - at < 2 || memcmp(s->base + at, "--", 2) != 0) {
		if (s->bytes - at < 2 || memcmp(s->base + at, "\r\n", 2) != 0)
			return bad(reterr, "a boundary is not followed by a line end");
		if (ret->n == MULTIPART_PARTS_MAX)
			return bad(reterr, "too many parts");
		if (read_part(s, at + 2, &ret->parts[ret->n], &at, reterr) < 0)
			return -1;
		ret->n++;
	}
	return 0;
}

int multipart_scan(struct arena *a, const char *path, const char *content_type,
		   struct multipart *ret, struct problem *reterr)
{
	struct scan s = { .a = a };
	struct stat st;
	void *base;
	int fd, rc;

	memset(ret, 0, sizeof(*ret));
	if (read_boundary(content_type, &s, reterr) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return problem_set(reterr, PROBLEM_INTERNAL, "the spooled upload cannot be read");
	}
	s.bytes = st.st_size;
	if (s.bytes == 0) {
		close(fd);
		return bad(reterr, "it is empty");
	}
	base = mmap(NULL, (size_t)s.bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (base == MAP_FAILED)
		return problem_set(reterr, PROBLEM_INTERNAL, "the spooled upload cannot be read");
	madvise(base, (size_t)s.bytes, MADV_SEQUENTIAL);
	s.base = base;
	rc = scan_all(&s, ret, reterr);
	munmap(base, (size_t)s.bytes);
	return rc;
}

const struct part *multipart_find(const struct multipart *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->parts[i].name, name) == 0)
			return &m->parts[i];
	return NULL;
}

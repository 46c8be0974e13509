/* SPDX-License-Identifier: Apache-2.0 */
/* The Content-Type on a line, then the body as it is spooled. */
#include "media/multipart.h"

#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

static void parts_look(const struct multipart *m, const char *bytes, size_t n)
{
	int64_t end = 0;

	MUST(m->n <= MULTIPART_PARTS_MAX);
	for (size_t i = 0; i < m->n; i++) {
		const struct part *p = &m->parts[i];

		MUST(p->name && p->offset >= end && p->bytes >= 0);
		MUST(p->offset <= (int64_t)n && p->bytes <= (int64_t)n - p->offset);
		MUST(!p->filename == (p->text != NULL));
		MUST(!p->text || strlen(p->text) > (size_t)p->bytes ||
		     memcmp(p->text, bytes + p->offset, strlen(p->text)) == 0);
		MUST(multipart_find(m, p->name));
		end = p->offset + p->bytes;
	}
}

void fuzz_multipart(struct input *in)
{
	const char *type = input_line(in), *bytes, *path;
	struct multipart m = { 0 };
	struct problem why = { 0 };
	size_t n;
	int fd;

	bytes = input_rest(in, &n);
	path = file_of(in->arena, bytes, n, &fd);
	if (multipart_scan(in->arena, path, type, &m, &why) == 0)
		parts_look(&m, bytes, n);
	else
		MUST(why.kind == PROBLEM_BAD_REQUEST);
	close(fd);
}

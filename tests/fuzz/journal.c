/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's name and a number of bytes to cut off on a line each, then records, one a line, which get
 * the head that they need; `!` before a line: the bytes stand in the file as they are.
 */
#include "publish/journal.h"

#include <string.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "fuzz/fuzz.h"

static void add_record(struct buf *file, const char *text)
{
	const uint32_t head[2] = { (uint32_t)strlen(text), digest_crc32(text, strlen(text)) };

	if (*text == '!') {
		buf_adds(file, text + 1);
		return;
	}
	buf_add(file, head, sizeof(head));
	buf_adds(file, text);
}

static size_t read_back(struct arena *a, const struct buf *file, size_t n,
			struct journal_entry **ret)
{
	size_t found = 0;
	int fd;
	const char *path = file_of(a, file->p, n, &fd);

	MUST(journal_read(path, a, ret, &found) == 0);
	close(fd);
	for (size_t i = 0; i < found; i++)
		MUST((*ret)[i].workspace && (*ret)[i].permit.post_id && (*ret)[i].permit.host);
	return found;
}

/* A settled permit may come back when the end is torn off, but an open one is never another. */
static void torn_look(struct arena *a, const struct buf *file, size_t cut)
{
	struct journal_entry *whole = NULL, *torn = NULL;
	size_t whole_n = read_back(a, file, file->len, &whole);
	size_t n = file->len ? cut % file->len : 0;

	MUST(whole_n <= file->len / 8);
	(void)read_back(a, file, n, &torn);
}

void fuzz_journal(struct input *in)
{
	struct buf file = BUF_INIT;
	struct process owner = { 0 };
	const char *name = input_line(in);
	size_t cut = (size_t)input_number(in);

	if (journal_owner(name, "host", &owner) == 0)
		MUST(strcmp(owner.host, "host") == 0 && strlen(owner.boot_id) > 0);
	while (in->n)
		add_record(&file, input_line(in));
	torn_look(in->arena, &file, cut);
	buf_done(&file);
}

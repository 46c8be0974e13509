/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's name and how many bytes are left of a torn one on a line each, then records, one a line, which get
 * the head that they need; `!` before a line: the bytes stand in the file as they are.
 */
#include "publish/journal.h"

#include <string.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "fuzz/fuzz.h"

#define HEAD_BYTES (2 * sizeof(uint32_t)) /* length and CRC-32 of a record */

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

/* The first n bytes of it, as they are when the end is torn off. */
static void read_back(struct arena *a, const struct buf *file, size_t n)
{
	struct journal_entry *entries = NULL;
	size_t found = 0;
	int fd;
	const char *path = file_of(a, file->p, n, &fd);

	MUST(journal_read(path, a, &entries, &found) == 0);
	close(fd);
	MUST(found <= n / HEAD_BYTES);
	for (size_t i = 0; i < found; i++)
		MUST(entries[i].workspace && entries[i].permit.post_id && entries[i].permit.host);
}

void fuzz_journal(struct input *in)
{
	struct buf file = BUF_INIT;
	struct process owner = { 0 };
	const char *name = input_line(in);
	size_t left = (size_t)input_number(in);

	if (journal_owner(name, "host", &owner) == 0)
		MUST(strcmp(owner.host, "host") == 0 && strlen(owner.boot_id) > 0);
	while (in->n)
		add_record(&file, input_line(in));
	read_back(in->arena, &file, file.len);
	read_back(in->arena, &file, file.len ? left % file.len : 0);
	buf_done(&file);
}

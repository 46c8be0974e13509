/* SPDX-License-Identifier: Apache-2.0 */
#include "publish/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/fp.h"
#include "base/syncer.h"

#define SUFFIX      ".journal"
#define RECORD_MAX  4096
#define FIELDS_MAX  16
/* As much as a turn's permits may need. */
#define PROBE_BYTES 16384

/* Before each record's text; in the byte order of the host, which is the only reader. */
struct head {
	uint32_t length, crc;
};

struct journal {
	char *path;
	int fd;
	struct syncer *syncer; /* NULL until somebody has better to do than wait for the disk */
	struct buf pending;
	size_t open_n;
	off_t whole;  /* the file up to its last good record */
	bool is_torn; /* there is more, which could not be taken back */
};

int journal_open(const char *folder, const struct process *self, struct journal **ret)
{
	struct buf path = BUF_INIT;
	struct journal *j;
	struct stat st;
	int fd;

	buf_printf(&path, "%s/%s-%lld-%lld" SUFFIX, folder, self->boot_id, (long long)self->pid,
		   (long long)self->start_ticks);
	fd = open(path.p, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) < 0) {
		const int err = -errno;

		if (fd >= 0)
			(void)close(fd);
		buf_done(&path);
		return err;
	}
	j = alloc_zero(sizeof(*j));
	j->whole = st.st_size;
	j->path = buf_take(&path);
	j->fd = fd;
	*ret = j;
	return 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	if (j->open_n == 0)
		(void)unlink(j->path);
	syncer_free(j->syncer);
	(void)close(j->fd);
	free(j->path);
	buf_done(&j->pending);
	free(j);
}

static void add_record(struct journal *j, const struct buf *text)
{
	const struct head h = { (uint32_t)text->len, digest_crc32(text->p, text->len) };

	buf_add(&j->pending, &h, sizeof(h));
	buf_add(&j->pending, text->p, text->len);
}

static void add_hex(struct buf *b, const void *p, size_t n)
{
	char hex[SHA256_HEX_MAX];

	digest_hex(p, n, hex);
	buf_addc(b, '\t');
	buf_adds(b, hex);
}

void journal_permit(struct journal *j, const char *ws, const struct permit *p)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	buf_printf(&text, "P\t%s\t%s\t%s\t%lld\t%lld\t%s\t%s\t%lld\t%lld\t%lld\t%lld", ws,
		   p->post_id, p->account_id, (long long)p->seq, (long long)p->fence, p->host,
		   p->boot_id, (long long)p->pid, (long long)p->start_ticks, (long long)p->sent_us,
		   (long long)p->deadline_us);
	add_hex(&text, p->permit, PERMIT_BYTES);
	add_hex(&text, p->fingerprint, SHA256_BYTES);
	add_hex(&text, p->snapshot_hash, SHA256_BYTES);
	add_record(j, &text);
	j->open_n++;
}

void journal_settle(struct journal *j, const uint8_t permit[static PERMIT_BYTES])
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	buf_adds(&text, "S");
	add_hex(&text, permit, PERMIT_BYTES);
	add_record(j, &text);
	if (j->open_n > 0)
		j->open_n--;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Reading ends at half a record: what came after it would be lost. */
static int take_back(struct journal *j)
{
	if (!j->is_torn || BUG(journal_torn))
		return 0;
	if (ftruncate(j->fd, j->whole) < 0)
		return -errno;
	j->is_torn = false;
	return 0;
}

static int append(struct journal *j, const char *p, size_t n)
{
	int err = take_back(j);

	if (err < 0)
		return err;
	j->is_torn = true;
#ifdef ENABLE_FAILPOINTS
	/* In two pieces, so that a kill can leave a torn record behind. */
	err = write_all(j->fd, p, n / 2);
	(void)FP(F27_within_journal_append);
	p += n / 2;
	n -= n / 2;
#endif
	return err == 0 ? write_all(j->fd, p, n) : err;
}

/* 0: what was appended is on disk. */
static int await_disk(struct journal *j, wait_fn *wait, void *arg)
{
	if (wait && !j->syncer)
		j->syncer = syncer_new();
	if (!wait || !j->syncer)
		return fdatasync(j->fd) < 0 ? -errno : 0;
	syncer_begin(j->syncer, j->fd);
	(void)wait(arg, syncer_fd(j->syncer), POLLIN, INT64_MAX);
	return syncer_end(j->syncer);
}

int journal_sync(struct journal *j, wait_fn *wait, void *arg)
{
	const off_t n = (off_t)j->pending.len;
	int err = FP(F12_journal_write);

	if (n == 0 || BUG(journal_unwritten))
		return 0;
	if (err == 0)
		err = append(j, j->pending.p, j->pending.len);
	buf_clear(&j->pending);
	if (err == 0)
		err = await_disk(j, wait, arg);
	if (err == 0) {
		j->whole += n;
		j->is_torn = false;
	}
	return err < 0 && take_back(j) < 0 ? -EIO : err;
}

int journal_probe(struct journal *j)
{
	CLEANUP(buf_done) struct buf blank = BUF_INIT;
	int err, back;

	memset(buf_reserve(&blank, PROBE_BYTES), 0, PROBE_BYTES);
	err = append(j, blank.p, PROBE_BYTES);
	if (err == 0)
		err = await_disk(j, NULL, NULL);
	back = take_back(j);
	return err < 0 ? err : back;
}

static size_t split(char *text, char *ret[static FIELDS_MAX])
{
	size_t n = 0;

	while (text && n < FIELDS_MAX)
		ret[n++] = strsep(&text, "\t");
	return n;
}

static int parse_permit(char **f, size_t n, struct journal_entry *ret)
{
	struct permit *p = &ret->permit;

	if (n != 15)
		return -EBADMSG;
	ret->workspace = f[1];
	*p = (struct permit){
		.post_id = f[2],
		.account_id = f[3],
		.seq = strtoll(f[4], NULL, 10),
		.fence = strtoll(f[5], NULL, 10),
		.host = f[6],
		.boot_id = f[7],
		.pid = strtoll(f[8], NULL, 10),
		.start_ticks = strtoll(f[9], NULL, 10),
		.sent_us = strtoll(f[10], NULL, 10),
		.deadline_us = strtoll(f[11], NULL, 10),
	};
	if (digest_unhex(f[12], p->permit, PERMIT_BYTES) < 0 ||
	    digest_unhex(f[13], p->fingerprint, SHA256_BYTES) < 0 ||
	    digest_unhex(f[14], p->snapshot_hash, SHA256_BYTES) < 0)
		return -EBADMSG;
	return 0;
}

struct reading {
	struct journal_entry *v;
	size_t n, room;
};

static void forget(struct reading *r, const uint8_t permit[static PERMIT_BYTES])
{
	for (size_t i = 0; i < r->n; i++) {
		if (memcmp(r->v[i].permit.permit, permit, PERMIT_BYTES) != 0)
			continue;
		memmove(&r->v[i], &r->v[i + 1], (r->n - i - 1) * sizeof(*r->v));
		r->n--;
		return;
	}
}

static void take_record(struct reading *r, char *text)
{
	char *f[FIELDS_MAX] = { NULL };
	uint8_t permit[PERMIT_BYTES];
	const size_t n = split(text, f);

	if (n == 2 && strcmp(f[0], "S") == 0 && digest_unhex(f[1], permit, PERMIT_BYTES) == 0) {
		forget(r, permit);
		return;
	}
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 64;
		r->v = alloc_resize(r->v, r->room * sizeof(*r->v));
	}
	if (n > 0 && strcmp(f[0], "P") == 0 && parse_permit(f, n, &r->v[r->n]) == 0)
		r->n++;
}

/* 1 a record, 0 the end (whole or torn). */
static int next_record(FILE *file, struct arena *a, char **ret)
{
	struct head h;
	char *text;

	if (fread(&h, sizeof(h), 1, file) != 1 || h.length == 0 || h.length > RECORD_MAX)
		return 0;
	text = arena_alloc(a, h.length + 1);
	if (fread(text, h.length, 1, file) != 1 ||
	    (digest_crc32(text, h.length) != h.crc && !BUG(journal_unchecked)))
		return 0;
	*ret = text;
	return 1;
}

int journal_read(const char *path, struct arena *a, struct journal_entry **ret, size_t *ret_n)
{
	struct reading r = { NULL, 0, 0 };
	FILE *file = fopen(path, "re");
	char *text;

	if (!file)
		return -errno;
	while (next_record(file, a, &text))
		take_record(&r, text);
	(void)fclose(file);
	*ret = arena_memdup(a, r.v, r.n * sizeof(*r.v));
	*ret_n = r.n;
	free(r.v);
	return 0;
}

int journal_owner(const char *name, const char *host, struct process *ret)
{
	struct process p = { .pid = 0 };
	const size_t id_n = sizeof(p.boot_id) - 1;
	char *end = NULL;

	if (strlen(name) < id_n + 4 || strlen(host) >= sizeof(p.host) || name[id_n] != '-')
		return -EINVAL;
	memcpy(p.boot_id, name, id_n);
	memcpy(p.host, host, strlen(host));
	p.pid = strtoll(name + id_n + 1, &end, 10);
	if (*end != '-')
		return -EINVAL;
	p.start_ticks = strtoll(end + 1, &end, 10);
	if (strcmp(end, SUFFIX) != 0)
		return -EINVAL;
	*ret = p;
	return 0;
}

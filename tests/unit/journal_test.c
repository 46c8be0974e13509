/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "publish/journal.h"
#include "support/suite.h"

static char folder[64], path[200];
static struct process self;

static void setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/carillon-journal.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(process_self(&self), 0);
	(void)snprintf(path, sizeof(path), "%s/%s-%lld-%lld.journal", folder, self.boot_id,
		       (long long)self.pid, (long long)self.start_ticks);
}

static void teardown(void)
{
	(void)unlink(path);
	(void)rmdir(folder);
}

static struct permit permit_of(int i)
{
	struct permit p = {
		.post_id = "sch_1",
		.account_id = "acc_1",
		.seq = i,
		.fence = 40 + i,
		.host = self.host,
		.boot_id = self.boot_id,
		.pid = self.pid,
		.start_ticks = self.start_ticks,
		.sent_us = 1800000000000000LL + i,
		.deadline_us = 1800000020000000LL + i,
	};

	memset(p.permit, i, sizeof(p.permit));
	memset(p.fingerprint, i + 1, sizeof(p.fingerprint));
	memset(p.snapshot_hash, i + 2, sizeof(p.snapshot_hash));
	return p;
}

static void write_some(int n, int settled)
{
	struct journal *j = NULL;

	ck_assert_int_eq(journal_open(folder, &self, &j), 0);
	for (int i = 1; i <= n; i++) {
		const struct permit p = permit_of(i);

		journal_permit(j, "ws_1", &p);
	}
	for (int i = 1; i <= settled; i++) {
		const struct permit p = permit_of(i);

		journal_settle(j, p.permit);
	}
	ck_assert_int_eq(journal_sync(j, NULL, NULL), 0);
	journal_free(j);
}

static size_t read_all(struct arena *a, struct journal_entry **ret)
{
	size_t n = 0;

	ck_assert_int_eq(journal_read(path, a, ret, &n), 0);
	return n;
}

START_TEST(permits_come_back_as_they_were)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct journal_entry *list;
	const struct permit p = permit_of(3);

	write_some(3, 0);
	ck_assert_uint_eq(read_all(a, &list), 3);
	ck_assert_str_eq(list[2].workspace, "ws_1");
	ck_assert_str_eq(list[2].permit.post_id, p.post_id);
	ck_assert_str_eq(list[2].permit.account_id, p.account_id);
	ck_assert_str_eq(list[2].permit.host, p.host);
	ck_assert_str_eq(list[2].permit.boot_id, p.boot_id);
	ck_assert_int_eq(list[2].permit.seq, p.seq);
	ck_assert_int_eq(list[2].permit.fence, p.fence);
	ck_assert_int_eq(list[2].permit.sent_us, p.sent_us);
	ck_assert_int_eq(list[2].permit.deadline_us, p.deadline_us);
	ck_assert_mem_eq(list[2].permit.permit, p.permit, PERMIT_BYTES);
	ck_assert_mem_eq(list[2].permit.fingerprint, p.fingerprint, SHA256_BYTES);
	ck_assert_mem_eq(list[2].permit.snapshot_hash, p.snapshot_hash, SHA256_BYTES);
}
END_TEST

START_TEST(settled_permits_are_left_out)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct journal_entry *list;

	write_some(3, 2);
	ck_assert_uint_eq(read_all(a, &list), 1);
	ck_assert_int_eq(list[0].permit.seq, 3);
}
END_TEST

START_TEST(file_without_open_permits_goes)
{
	write_some(2, 2);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

/* Cut at every length: only whole records count, and never a wrong one. */
START_TEST(torn_end_is_ignored_at_every_byte)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct journal_entry *list;
	struct stat st;
	size_t last = 3;

	write_some(3, 0);
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t size = st.st_size; size >= 0; size--) {
		size_t n;

		ck_assert_int_eq(truncate(path, size), 0);
		n = read_all(a, &list);
		ck_assert_uint_le(n, last);
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(list[i].permit.seq, (int64_t)i + 1);
		last = n;
	}
	ck_assert_uint_eq(last, 0);
}
END_TEST

START_TEST(flipped_bit_ends_the_reading)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct journal_entry *list;
	char byte;
	int fd;

	write_some(3, 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, &byte, 1, 30), 1);
	byte ^= 1;
	ck_assert_int_eq(pwrite(fd, &byte, 1, 30), 1);
	(void)close(fd);
	ck_assert_uint_eq(read_all(a, &list), 0);
}
END_TEST

START_TEST(name_tells_the_process)
{
	struct process p;
	const char *name = strrchr(path, '/') + 1;

	ck_assert_int_eq(journal_owner(name, self.host, &p), 0);
	ck_assert_int_eq(p.pid, self.pid);
	ck_assert_int_eq(p.start_ticks, self.start_ticks);
	ck_assert(process_is_alive(&self, &p));
	p.start_ticks++;
	ck_assert(!process_is_alive(&self, &p));
	ck_assert_int_eq(journal_owner("x.journal", self.host, &p), -EINVAL);
	ck_assert_int_eq(journal_owner("..", self.host, &p), -EINVAL);
}
END_TEST

START_TEST(nobody_ends_itself_or_a_stranger)
{
	struct process p = self;

	ck_assert(!process_end(&self, &p));
	p.pid = getppid();
	ck_assert(!process_end(&self, &p)); /* the start ticks are not its own */
	p.pid = 1;
	ck_assert(!process_end(&self, &p));
}
END_TEST

START_TEST(missing_folder_is_an_error)
{
	struct journal *j = NULL;

	ck_assert_int_eq(journal_open("/nonexistent/folder", &self, &j), -ENOENT);
}
END_TEST

/* Files may grow so far: a disk that fills up amid a record. What libcheck notes has no room either. */
static void limit_file(rlim_t bytes)
{
	struct rlimit l;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &l) < 0)
		abort();
	l.rlim_cur = bytes < l.rlim_max ? bytes : l.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &l) < 0)
		abort();
}

START_TEST(record_without_room_hides_none_that_comes_after)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(journal_free) struct journal *j = NULL;
	const struct permit one = permit_of(1), two = permit_of(2), three = permit_of(3);
	struct journal_entry *e = NULL;
	struct stat st;
	int synced, probed;

	ck_assert_int_eq(journal_open(folder, &self, &j), 0);
	journal_permit(j, "ws_1", &one);
	ck_assert_int_eq(journal_sync(j, NULL, NULL), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	limit_file((rlim_t)st.st_size + 100);
	journal_permit(j, "ws_1", &two);
	synced = journal_sync(j, NULL, NULL);
	probed = journal_probe(j);
	limit_file(RLIM_INFINITY);
	ck_assert_int_lt(synced, 0);
	ck_assert_int_lt(probed, 0);
	ck_assert_int_eq(journal_probe(j), 0);
	journal_permit(j, "ws_1", &three);
	ck_assert_int_eq(journal_sync(j, NULL, NULL), 0);
	ck_assert_uint_eq(read_all(a, &e), 2);
	ck_assert_int_eq(e[0].permit.seq, 1);
	ck_assert_int_eq(e[1].permit.seq, 3);
}
END_TEST

struct meanwhile {
	struct journal *j;
	struct permit also;
	int waits;
};

static short note_meanwhile(void *arg, int fd, short events, int64_t until_boot_us)
{
	struct meanwhile *m = arg;
	struct pollfd p = { .fd = fd, .events = events };

	ck_assert_int_eq(until_boot_us, INT64_MAX);
	if (m->waits++ == 0)
		journal_permit(m->j, "ws_1", &m->also);
	ck_assert_int_eq(poll(&p, 1, -1), 1);
	return p.revents;
}

/* What is noted while the disk is waited for is neither lost nor there before it was synced itself. */
START_TEST(what_is_noted_meanwhile_goes_with_the_next)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(journal_free) struct journal *j = NULL;
	const struct permit one = permit_of(1);
	struct meanwhile m = { .also = permit_of(2) };
	struct journal_entry *list;

	ck_assert_int_eq(journal_open(folder, &self, &j), 0);
	m.j = j;
	journal_permit(j, "ws_1", &one);
	for (int i = 1; i <= 2; i++) {
		ck_assert_int_eq(journal_sync(j, note_meanwhile, &m), 0);
		ck_assert_int_eq(m.waits, i);
		ck_assert_uint_eq(read_all(a, &list), (size_t)i);
		ck_assert_int_eq(list[i - 1].permit.seq, i);
	}
	ck_assert_int_eq(journal_sync(j, note_meanwhile, &m), 0);
	ck_assert_int_eq(m.waits, 2); /* there was nothing to write */
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ permits_come_back_as_they_were, 0 },
		{ settled_permits_are_left_out, 0 },
		{ file_without_open_permits_goes, 0 },
		{ torn_end_is_ignored_at_every_byte, 0 },
		{ flipped_bit_ends_the_reading, 0 },
		{ name_tells_the_process, 0 },
		{ nobody_ends_itself_or_a_stranger, 0 },
		{ missing_folder_is_an_error, 0 },
		{ record_without_room_hides_none_that_comes_after, 0 },
		{ what_is_noted_meanwhile_goes_with_the_next, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "journal",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

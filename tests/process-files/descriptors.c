/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor tables, fcntl, locks. */
#include <string.h>

#include "tests/process-files/fake.h"

static struct thread *t;

enum { DUPFD = 0, GETFD = 1, SETFD = 2, GETFL = 3, SETFL = 4, GETLK = 5, SETLK = 6, SETLKW = 7 };
enum { DUPFD_CLOEXEC = 1030 };

static int64_t control(int64_t fd, uint64_t command, uint64_t argument)
{
	return CALL(t, NR_FCNTL, (uint64_t)fd, command, argument);
}

static int64_t do_close(int64_t fd)
{
	return CALL(t, NR_CLOSE, (uint64_t)fd);
}

static void lowest_free(void)
{
	t = fake_start();
	CHECK(fake_open(t, "/dev/null", OPEN_READ_WRITE, 0) == 3);
	CHECK(CALL(t, NR_DUP, 3) == 4 && do_close(3) == 0 && do_close(3) == -STATUS_BADF);
	CHECK(CALL(t, NR_DUP, 4) == 3);
	CHECK(control(4, DUPFD, 10) == 10 && control(4, DUPFD_CLOEXEC, 10) == 11);
	CHECK(control(11, GETFD, 0) == 1 && control(10, GETFD, 0) == 0);
	CHECK(control(10, SETFD, 1) == 0 && control(10, GETFD, 0) == 1);
	CHECK(CALL(t, NR_DUP3, 4, 40, 0) == 40 && CALL(t, NR_DUP3, 4, 4, 0) == -STATUS_INVAL);
	CHECK(CALL(t, NR_DUP3, 4, 64, 0) == -STATUS_BADF && control(4, DUPFD, 64) == -STATUS_INVAL);
	CHECK(CALL(t, NR_DUP3, 99, 5, 0) == -STATUS_BADF);
	CHECK(CALL(t, NR_DUP3, 4, 5, OPEN_CLOEXEC) == 5 && control(5, GETFD, 0) == 1);
	fd_table_close_on_exec(t->process->files);
	CHECK(control(5, GETFD, 0) == -STATUS_BADF && control(10, GETFD, 0) == -STATUS_BADF);
	CHECK(control(40, GETFD, 0) == 0);
	CHECK(CALL(t, NR_CLOSE_RANGE, 4, UINT32_MAX, 0) == 0);
	CHECK(control(40, GETFD, 0) == -STATUS_BADF && control(3, GETFD, 0) == 0);
	CHECK(CALL(t, NR_CLOSE_RANGE, 4, 3, 0) == -STATUS_INVAL);
	for (int64_t fd = 4; fd < 64; fd++) {
		CHECK(CALL(t, NR_DUP, 3) == fd);
	}
	CHECK(CALL(t, NR_DUP, 3) == -STATUS_MFILE);
	CHECK(fake_open(t, "/dev/null", 0, 0) == -STATUS_MFILE);
}

static void shared_offset(void)
{
	struct thread *child;
	int64_t fd;
	char *text;

	t = fake_start();
	fd = fake_open(t, "/shared", OPEN_CREATE | OPEN_READ_WRITE, 0644);
	CHECK(fake_write(t, fd, "hello world") == 11);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, 0, 0) == 0);
	child = fake_process(t, 1);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 6) == 6);
	CHECK(fake_read(child, fd, &text) == 5 && strcmp(text, "world") == 0);
	CHECK(control(fd, GETFL, 0) == (OPEN_READ_WRITE | OPEN_LARGE));
	CHECK(control(fd, SETFL, OPEN_APPEND | OPEN_NONBLOCK | OPEN_WRITE) == 0);
	CHECK(CALL(child, NR_FCNTL, (uint64_t)fd, GETFL, 0) ==
	      (OPEN_READ_WRITE | OPEN_APPEND | OPEN_NONBLOCK | OPEN_LARGE));
	fake_exit(child);
	CHECK(do_close(fd) == 0 && fake_openers() == 0);
}

/* Descriptors of an unlinked file go on working; its inode is freed by the last close. */
static void unlinked(void)
{
	int64_t fd;
	char *text;

	t = fake_start();
	fd = fake_open(t, "/gone", OPEN_CREATE | OPEN_READ_WRITE, 0644);
	CHECK(CALL(t, NR_UNLINKAT, AT_CWD, fake_string(t, 0, "/gone"), 0) == 0);
	CHECK(fake_write(t, fd, "data") == 4 && CALL(t, NR_LSEEK, (uint64_t)fd, 0, 0) == 0);
	CHECK(fake_read(t, fd, &text) == 4 && strcmp(text, "data") == 0);
	CHECK(fake_open(t, "/gone", OPEN_READ, 0) == -STATUS_NOENT);
	CHECK(do_close(fd) == 0 && fake_openers() == 0);
}

struct flock {
	int16_t type, whence;
	int32_t padding;
	int64_t start, length;
	int32_t pid, padding2;
};

static int64_t lock(struct thread *who, int64_t fd, uint64_t command, int16_t type, int64_t start,
		    int64_t length)
{
	struct flock l = {.type = type, .start = start, .length = length};

	memcpy(fake_memory(who, SCRATCH), &l, sizeof(l));
	return CALL(who, NR_FCNTL, (uint64_t)fd, command, SCRATCH);
}

static void record_locks(void)
{
	struct thread *other;
	struct flock l;
	int64_t fd;

	t = fake_start();
	fd = fake_open(t, "/locked", OPEN_CREATE | OPEN_READ_WRITE, 0644);
	other = fake_process(t, 1);
	CHECK(lock(t, fd, SETLK, 1, 0, 100) == 0);
	CHECK(lock(other, fd, SETLK, 1, 50, 10) == -STATUS_AGAIN);
	CHECK(lock(other, fd, SETLK, 0, 100, 10) == 0);
	CHECK(lock(t, fd, SETLK, 2, 40, 30) == 0); /* a hole */
	CHECK(lock(other, fd, SETLK, 1, 50, 10) == 0);
	CHECK(lock(other, fd, SETLK, 1, 69, 2) == -STATUS_AGAIN);
	CHECK(lock(t, fd, GETLK, 1, 50, 0) == 0);
	memcpy(&l, fake_memory(t, SCRATCH), sizeof(l));
	CHECK(l.type == 1 && l.start == 50 && l.length == 10 && l.pid == other->process->pid);
	CHECK(lock(other, fd, SETLKW, 1, 0, 1) == CALL_PARKED);
	CHECK(do_close(fd) == 0);
	fake_settle();
	CHECK(!fake_is_parked(other) && fake_result(other) == 0);
	fake_exit(other);
	CHECK(fake_openers() == 0);
}

static void whole_locks(void)
{
	struct thread *other;
	int64_t a, b;

	t = fake_start();
	a = fake_open(t, "/flock", OPEN_CREATE | OPEN_READ_WRITE, 0644);
	b = fake_open(t, "/flock", OPEN_READ_WRITE, 0644);
	other = fake_process(t, 1);
	CHECK(CALL(t, NR_FLOCK, (uint64_t)a, 2) == 0);
	CHECK(CALL(t, NR_FLOCK, (uint64_t)b, 2 | 4) == -STATUS_AGAIN);
	CHECK(CALL(t, NR_FLOCK, (uint64_t)a, 1) == 0 && CALL(t, NR_FLOCK, (uint64_t)b, 1) == 0);
	CHECK(CALL(other, NR_FLOCK, (uint64_t)a, 2) == CALL_PARKED);
	CHECK(CALL(t, NR_FLOCK, (uint64_t)b, 8) == 0 && !fake_is_parked(other));
	CHECK(CALL(t, NR_FLOCK, (uint64_t)b, 16) == -STATUS_INVAL);
	fake_exit(other);
}

void test_descriptors(void)
{
	test_run("descriptors: lowest free, dup, limits", lowest_free);
	test_run("descriptors: shared after fork", shared_offset);
	test_run("descriptors: unlinked file", unlinked);
	test_run("descriptors: record locks", record_locks);
	test_run("descriptors: flock", whole_locks);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading, writing, directories, attributes. */
#include <stdlib.h>
#include <string.h>

#include "tests/process-files/fake.h"

static struct thread *t;

static void offsets(void)
{
	struct io_segment v[3] = {{SCRATCH, 2}, {SCRATCH + 100, 0}, {SCRATCH + 200, 3}};
	int64_t fd;

	t = fake_start();
	fd = fake_open(t, "/offsets", OPEN_CREATE | OPEN_READ_WRITE | OPEN_TRUNCATE, 0644);
	CHECK(fake_write(t, fd, "abcdefgh") == 8);
	CHECK(CALL(t, NR_PREAD64, (uint64_t)fd, SCRATCH, 3, 2) == 3);
	CHECK(memcmp(fake_memory(t, SCRATCH), "cde", 3) == 0);
	CHECK(CALL(t, NR_PWRITE64, (uint64_t)fd, fake_string(t, 0, "XY"), 2, 6) == 2);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, 0, 1) == 8 &&
	      CALL(t, NR_LSEEK, (uint64_t)fd, 4, 0) == 4);
	memcpy(fake_memory(t, SCRATCH + 1000), v, sizeof(v));
	CHECK(CALL(t, NR_READV, (uint64_t)fd, SCRATCH + 1000, 3) == 4);
	CHECK(memcmp(fake_memory(t, SCRATCH), "ef", 2) == 0);
	CHECK(memcmp(fake_memory(t, SCRATCH + 200), "XY", 2) == 0);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 10) == 0);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, (uint64_t)-1, 0) == -STATUS_INVAL);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, (uint64_t)-3, 2) == 5);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, 2, 3) == 2 &&
	      CALL(t, NR_LSEEK, (uint64_t)fd, 2, 4) == 8);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, 8, 3) == -STATUS_NXIO);
	CHECK(CALL(t, NR_PREAD64, (uint64_t)fd, SCRATCH, 3, (uint64_t)-1) == -STATUS_INVAL);
	/* A hole. */
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, 5000, 0) == 5000 && fake_write(t, fd, "z") == 1);
	CHECK(CALL(t, NR_PREAD64, (uint64_t)fd, SCRATCH, 4, 4998) == 3);
	CHECK(memcmp(fake_memory(t, SCRATCH), "\0\0z", 3) == 0);
	CHECK(CALL(t, NR_FTRUNCATE, (uint64_t)fd, 3) == 0 &&
	      strcmp(fake_file(t, "/offsets"), "abc") == 0);
	CHECK(CALL(t, NR_FTRUNCATE, (uint64_t)fd, (uint64_t)-1) == -STATUS_INVAL);
}

static void append(void)
{
	int64_t a, b;

	t = fake_start();
	a = fake_open(t, "/append", OPEN_CREATE | OPEN_WRITE | OPEN_APPEND, 0644);
	b = fake_open(t, "/append", OPEN_WRITE | OPEN_APPEND, 0644);
	CHECK(fake_write(t, a, "one ") == 4 && fake_write(t, b, "two ") == 4);
	CHECK(fake_write(t, a, "three") == 5 && CALL(t, NR_LSEEK, (uint64_t)a, 0, 1) == 13);
	CHECK(strcmp(fake_file(t, "/append"), "one two three") == 0);
	CHECK(CALL(t, NR_READ, (uint64_t)a, SCRATCH, 1) == -STATUS_BADF);
	a = fake_open(t, "/append", OPEN_READ_WRITE | OPEN_TRUNCATE, 0);
	CHECK(strcmp(fake_file(t, "/append"), "") == 0);
	t->process->limits[LINUX_RLIMIT_FSIZE].soft = 3;
	CHECK(fake_write(t, a, "abcdef") == 3 && fake_write(t, a, "x") == -STATUS_FBIG);
	CHECK(fake_signal_count == 1 && fake_signals[0].number == LINUX_SIGXFSZ);
}

/* A transfer larger than one round parks in between and still is one read. */
static void large(void)
{
	int64_t in, out;

	t = fake_start();
	in = fake_open(t, "/large", OPEN_CREATE | OPEN_READ_WRITE, 0644);
	CHECK(CALL(t, NR_FTRUNCATE, (uint64_t)in, 6000000) == 0);
	CHECK(CALL(t, NR_READ, (uint64_t)in, FAKE_BASE, 2000000) == 2000000);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)in, 0, 0) == 0);
	out = fake_open(t, "/copy", OPEN_CREATE | OPEN_READ_WRITE, 0644);
	CHECK(CALL(t, NR_PWRITE64, (uint64_t)in, fake_string(t, 0, "end"), 3, 5999997) == 3);
	CHECK(CALL(t, NR_SENDFILE, (uint64_t)out, (uint64_t)in, 0, 1 << 24) == 6000000);
	CHECK(CALL(t, NR_PREAD64, (uint64_t)out, SCRATCH, 4, 5999997) == 3);
	CHECK(memcmp(fake_memory(t, SCRATCH), "end", 3) == 0);
	CHECK(CALL(t, NR_SENDFILE, (uint64_t)out, (uint64_t)in, 0, 1 << 24) == 0);
	memset(fake_memory(t, SCRATCH), 0, 16);
	*(int64_t *)fake_memory(t, SCRATCH) = 5999990;
	CHECK(CALL(t, NR_COPY_FILE_RANGE, (uint64_t)in, SCRATCH, (uint64_t)out, SCRATCH + 8, 100,
		   0) == 10);
	CHECK(*(int64_t *)fake_memory(t, SCRATCH) == 6000000);
	CHECK(*(int64_t *)fake_memory(t, SCRATCH + 8) == 10);
	CALL(t, NR_FTRUNCATE, (uint64_t)in, 0);
	CALL(t, NR_FTRUNCATE, (uint64_t)out, 0);
}

/* Names of a directory in order of listing; all of it with buffers of `size` bytes. */
static unsigned list(int64_t fd, uint64_t size, char names[][32])
{
	unsigned count = 0;
	int64_t got;

	CALL(t, NR_LSEEK, (uint64_t)fd, 0, 0);
	while ((got = CALL(t, NR_GETDENTS64, (uint64_t)fd, SCRATCH, size)) > 0) {
		for (int64_t at = 0; at < got;) {
			const unsigned char *record = fake_memory(t, SCRATCH + (uint64_t)at);
			uint16_t length;

			memcpy(&length, record + 16, 2);
			strncpy(names[count++], (const char *)record + 19, 31);
			at += length;
		}
	}
	CHECK(got == 0);
	return count;
}

static void listing(void)
{
	static char small[64][32], large_list[64][32];
	int64_t fd;

	t = fake_start();
	CHECK(CALL(t, NR_MKDIRAT, AT_CWD, fake_string(t, 0, "/listing"), 0755) == 0);
	for (char c = 'a'; c <= 'z'; c++) {
		char path[] = "/listing/?";

		path[9] = c;
		fake_open(t, path, OPEN_CREATE, 0644);
	}
	fd = fake_open(t, "/listing", OPEN_DIRECTORY, 0);
	CHECK(list(fd, 32, small) == 28 && list(fd, 4096, large_list) == 28);
	CHECK(memcmp(small, large_list, sizeof(small)) == 0);
	CHECK(CALL(t, NR_GETDENTS64, (uint64_t)fd, SCRATCH, 4) == 0);
	CALL(t, NR_LSEEK, (uint64_t)fd, 0, 0);
	CHECK(CALL(t, NR_GETDENTS64, (uint64_t)fd, SCRATCH, 4) == -STATUS_INVAL);
	CHECK(CALL(t, NR_GETDENTS64, (uint64_t)fd, BAD_ADDRESS, 4096) == -STATUS_FAULT);
	CHECK(CALL(t, NR_GETDENTS64, 0, SCRATCH, 4096) == -STATUS_NOTDIR);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 10) == -STATUS_ISDIR);
}

static void attributes(void)
{
	int64_t *times, fd;
	uint32_t *word;

	t = fake_start();
	CHECK(CALL(t, NR_UMASK, 027) == 022);
	fd = fake_open(t, "/attributes", OPEN_CREATE | OPEN_WRITE, 0777);
	CHECK(CALL(t, NR_FSTAT, (uint64_t)fd, SCRATCH) == 0);
	word = fake_memory(t, SCRATCH + 16);
	CHECK(word[0] == (MODE_FILE | 0750) && word[1] == 1);
	times = fake_memory(t, SCRATCH + 4096);
	times[0] = 1;
	times[1] = 5;
	times[2] = -1;
	times[3] = 7;
	CHECK(CALL(t, NR_UTIMENSAT, AT_CWD, fake_string(t, 0, "/attributes"), SCRATCH + 4096, 0) ==
	      0);
	CHECK(CALL(t, NR_FSTAT, (uint64_t)fd, SCRATCH) == 0);
	times = fake_memory(t, SCRATCH + 72);
	CHECK(times[0] == 1 && times[1] == 5 && times[2] == -1 && times[3] == 7);
	/* A write makes the time new, at once and after the close. */
	CHECK(fake_write(t, fd, "x") == 1 && CALL(t, NR_FSTAT, (uint64_t)fd, SCRATCH) == 0);
	CHECK(times[2] >= 1000000000);
	CALL(t, NR_CLOSE, (uint64_t)fd);
	CHECK(CALL(t, NR_NEWFSTATAT, AT_CWD, fake_string(t, 0, "/attributes"), SCRATCH, 0) == 0);
	CHECK(times[2] >= 1000000000 && ((int64_t *)fake_memory(t, SCRATCH + 48))[0] == 1);
	CHECK(CALL(t, NR_STATX, AT_CWD, fake_string(t, 0, "/dev/null"), 0, 0x7ff, SCRATCH) == 0);
	CHECK(*(uint16_t *)fake_memory(t, SCRATCH + 28) == (MODE_CHARACTER | 0666));
	CHECK(*(uint32_t *)fake_memory(t, SCRATCH + 128) == 1);
	CHECK(*(uint32_t *)fake_memory(t, SCRATCH + 132) == 3);
	CALL(t, NR_UMASK, 022);
}

static void devices(void)
{
	int64_t fd;

	t = fake_start();
	fd = fake_open(t, "/dev/null", OPEN_READ_WRITE, 0);
	CHECK(fake_write(t, fd, "abc") == 3 && CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 10) == 0);
	fd = fake_open(t, "/dev/zero", OPEN_READ_WRITE, 0);
	memset(fake_memory(t, SCRATCH), 1, 5000);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 5000) == 5000);
	CHECK(*(char *)fake_memory(t, SCRATCH + 4999) == 0);
	fd = fake_open(t, "/dev/full", OPEN_WRITE, 0);
	CHECK(fake_write(t, fd, "abc") == -STATUS_NOSPC);
	fd = fake_open(t, "/dev/urandom", OPEN_READ, 0);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 300) == 300);
	CHECK(fake_open(t, "/dev/mem", OPEN_READ, 0) == -STATUS_NOENT);
	CHECK(CALL(t, NR_MKNODAT, AT_CWD, fake_string(t, 0, "/odd"), MODE_CHARACTER | 0666,
		   0x7777) == 0);
	CHECK(fake_open(t, "/odd", OPEN_READ, 0) == -STATUS_NXIO);
}

static void memory_files(void)
{
	int64_t fd, second;
	char *text;

	t = fake_start();
	fd = CALL(t, NR_MEMFD_CREATE, fake_string(t, 0, "mine"), 0);
	second = CALL(t, NR_MEMFD_CREATE, fake_string(t, 0, "mine"), 1);
	CHECK(fd >= 0 && second > fd && fake_write(t, fd, "kept") == 4);
	CHECK(CALL(t, NR_FSTAT, (uint64_t)fd, SCRATCH) == 0);
	CHECK(*(uint32_t *)fake_memory(t, SCRATCH + 20) == 0);
	CHECK(*(uint64_t *)fake_memory(t, SCRATCH + 48) == 4);
	CHECK(CALL(t, NR_LSEEK, (uint64_t)fd, 0, 0) == 0);
	CHECK(fake_read(t, fd, &text) == 4 && strcmp(text, "kept") == 0);
	CHECK(fake_read(t, second, &text) == 0);
	CHECK(CALL(t, NR_MEMFD_CREATE, fake_string(t, 0, "mine"), 0x100) == -STATUS_INVAL);
	CHECK(CALL(t, NR_CLOSE, (uint64_t)fd) == 0 && CALL(t, NR_CLOSE, (uint64_t)second) == 0);
	CHECK(fake_openers() == 0);
	CHECK(CALL(t, NR_SOCKET, 1, 1, 0) == -STATUS_AFNOSUPPORT);
	CHECK(CALL(t, NR_BIND, 0, 0, 0) == -STATUS_NOTSOCK);
}

void test_data(void)
{
	test_run("data: offsets and vectors", offsets);
	test_run("data: append and limits", append);
	test_run("data: large transfers", large);
	test_run("data: directories", listing);
	test_run("data: attributes", attributes);
	test_run("data: devices", devices);
	test_run("data: memfd", memory_files);
}

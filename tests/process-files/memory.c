/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lack of memory at every allocation: a scenario runs again and again, and each time the next
 * allocation of the code under test fails. Every call must end in an error number or a result, and
 * nothing may stay open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/process-files/fake.h"

static unsigned countdown; /* 0: allocations succeed */
static bool has_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails(void)
{
	if (countdown == 0 || --countdown > 0) {
		return false;
	}
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

static struct thread *t;

/* The call, whose result must be a result or an errno. */
#define TRY(...) try(CALL(t, __VA_ARGS__), __LINE__)

static int64_t try(int64_t result, int line)
{
	if (result < -200 && result != CALL_PARKED) {
		printf("memory.c:%d: %ld\n", line, (long)result);
		CHECK(false);
	}
	if (fake_is_parked(t)) {
		fake_interrupt(t);
	}
	return result;
}

static void names_scenario(void)
{
	TRY(NR_MKDIRAT, AT_CWD, fake_string(t, 0, "/oom"), 0755);
	TRY(NR_SYMLINKAT, fake_string(t, 1, "../oom"), AT_CWD, fake_string(t, 0, "/oom/l"));
	TRY(NR_MKNODAT, AT_CWD, fake_string(t, 0, "/oom/l/f"), MODE_FIFO | 0600, 0);
	TRY(NR_LINKAT, AT_CWD, fake_string(t, 0, "/oom/f"), AT_CWD, fake_string(t, 1, "/oom/g"), 0);
	TRY(NR_RENAMEAT2, AT_CWD, fake_string(t, 0, "/oom/f"), AT_CWD, fake_string(t, 1, "/oom/h"));
	TRY(NR_MOUNT, 0, fake_string(t, 0, "/oom"), fake_string(t, 1, "tmpfs"), 0, 0);
	TRY(NR_MKDIRAT, AT_CWD, fake_string(t, 0, "/oom/x"), 0755);
	TRY(NR_UMOUNT2, fake_string(t, 0, "/oom"), 0);
	TRY(NR_CHDIR, fake_string(t, 0, "/oom"));
	TRY(NR_GETCWD, SCRATCH, 100);
	TRY(NR_CHDIR, fake_string(t, 0, "/"));
	fake_file(t, "/proc/self/status");
	fake_file(t, "/proc/self/fd/0/x");
	TRY(NR_READLINKAT, AT_CWD, fake_string(t, 0, "/proc/self/cwd"), SCRATCH, 100);
	for (const char *name = "lghf"; *name != 0; name++) {
		char path[] = "/oom/?";

		path[5] = *name;
		TRY(NR_UNLINKAT, AT_CWD, fake_string(t, 0, path), 0);
	}
	TRY(NR_UNLINKAT, AT_CWD, fake_string(t, 0, "/oom/x"), 0x200);
	TRY(NR_UNLINKAT, AT_CWD, fake_string(t, 0, "/oom"), 0x200);
}

static void files_scenario(void)
{
	int64_t fd = try(fake_open(t, "/oomf", OPEN_CREATE | OPEN_READ_WRITE, 0600), __LINE__);
	int64_t set, event;
	int32_t fds[2] = {-1, -1};
	struct fd_table *copy;

	TRY(NR_WRITE, (uint64_t)fd, SCRATCH, 100);
	TRY(NR_FTRUNCATE, (uint64_t)fd, 10);
	memset(fake_memory(t, SCRATCH), 0, 32);
	TRY(NR_FCNTL, (uint64_t)fd, 6, SCRATCH);
	TRY(NR_FLOCK, (uint64_t)fd, 2);
	if (TRY(NR_PIPE2, SCRATCH, OPEN_NONBLOCK) == 0) {
		memcpy(fds, fake_memory(t, SCRATCH), sizeof(fds));
	}
	TRY(NR_WRITE, (uint64_t)fds[1], FAKE_BASE, 50000);
	TRY(NR_FCNTL, (uint64_t)fds[1], 1031, 1 << 17);
	TRY(NR_WRITE, (uint64_t)fds[1], FAKE_BASE, 100000);
	TRY(NR_READ, (uint64_t)fds[0], FAKE_BASE, 100000);
	TRY(NR_DUP3, 0, 50, 0);
	set = TRY(NR_EPOLL_CREATE1, 0);
	event = TRY(NR_EVENTFD2, 0, 0);
	TRY(NR_EPOLL_CTL, (uint64_t)set, 1, (uint64_t)event, SCRATCH);
	TRY(NR_EPOLL_CTL, (uint64_t)set, 1, (uint64_t)fds[0], SCRATCH);
	TRY(NR_EPOLL_PWAIT, (uint64_t)set, SCRATCH, 4, 0, 0, 8);
	TRY(NR_PPOLL, SCRATCH, 2, 0, 0, 8);
	TRY(NR_MEMFD_CREATE, fake_string(t, 0, "m"), 0);
	TRY(NR_TIMERFD_CREATE, 0, 0);
	TRY(NR_CLOSE_RANGE, 60, 61, 2);
	copy = fd_table_copy(t->process->files);
	fd_table_release(copy);
	fs_context_release(fs_context_copy(t->process->fs));
	TRY(NR_UNLINKAT, AT_CWD, fake_string(t, 0, "/oomf"), 0);
}

static void every_allocation(void)
{
	unsigned n = 0, inodes;

	t = fake_start();
	names_scenario(); /* what stays for good is made now */
	files_scenario();
	do {
		t = fake_start();
		dentry_prune(mount_first()->fs);
		inodes = inode_count();
		countdown = ++n;
		has_failed = false;
		names_scenario();
		files_scenario();
		countdown = 0;
		/* What a failure left behind. */
		names_scenario();
		TRY(NR_CLOSE_RANGE, 3, 1000, 0);
		CHECK(fake_openers() == 0);
		CHECK(inode_count() <= inodes + 8);
	} while (has_failed && n < 10000);
	CHECK(n > 60 && n < 10000);
	printf("# %u allocations failed in turn\n", n - 1);
}

void test_memory(void)
{
	test_run("memory: none at every allocation", every_allocation);
}

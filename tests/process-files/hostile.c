/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile arguments: every call with values that programs should not pass.
 * The answer must be an errno, a small number or a park; nothing may crash (sanitizers) or leak.
 */
#include <stdio.h>

#include "tests/process-files/fake.h"

static struct thread *t;

static const uint64_t values[] = {
	0,
	1,
	2,
	3,
	5,
	63,
	64,
	255,
	4096,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x100000000,
	SCRATCH,
	SCRATCH + 0x1f0,
	FAKE_BASE + FAKE_SIZE - 3,
	FAKE_BASE + FAKE_SIZE,
	BAD_ADDRESS,
	INT64_MAX,
	(uint64_t)INT64_MIN,
	(uint64_t)-1,
	(uint64_t)-100,
	0x5401,
	0x540f,
	1ull << 40,
	FAKE_BASE + 0x200000,
	FAKE_BASE + 0x202000,
};
#define VALUES (sizeof(values) / sizeof(values[0]))

static const uint32_t numbers[] = {
	NR_GETCWD,	NR_EVENTFD2,   NR_EPOLL_CREATE1, NR_EPOLL_CTL,	     NR_EPOLL_PWAIT,
	NR_DUP,		NR_DUP3,       NR_FCNTL,	 NR_IOCTL,	     NR_FLOCK,
	NR_MKNODAT,	NR_MKDIRAT,    NR_UNLINKAT,	 NR_SYMLINKAT,	     NR_LINKAT,
	NR_UMOUNT2,	NR_FTRUNCATE,  NR_FACCESSAT,	 NR_CHDIR,	     NR_FCHDIR,
	NR_FCHMODAT,	NR_OPENAT,     NR_CLOSE,	 NR_PIPE2,	     NR_GETDENTS64,
	NR_LSEEK,	NR_READ,       NR_WRITE,	 NR_READV,	     NR_WRITEV,
	NR_PREAD64,	NR_PWRITE64,   NR_SENDFILE,	 NR_PSELECT6,	     NR_PPOLL,
	NR_READLINKAT,	NR_NEWFSTATAT, NR_FSTAT,	 NR_TIMERFD_CREATE,  NR_TIMERFD_SETTIME,
	NR_UTIMENSAT,	NR_UMASK,      NR_RENAMEAT2,	 NR_COPY_FILE_RANGE, NR_STATX,
	NR_CLOSE_RANGE,
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static uint32_t seed = 2024;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Some descriptors of each kind, and paths at the places that `values` names. */
static void set_scene(void)
{
	t = fake_start();
	fake_open(t, "/hostile", OPEN_CREATE | OPEN_READ_WRITE, 0644);
	CALL(t, NR_PIPE2, SCRATCH, OPEN_NONBLOCK);
	fake_open(t, "/", OPEN_DIRECTORY, 0);
	CALL(t, NR_EPOLL_CREATE1, 0);
	CALL(t, NR_EVENTFD2, 0, OPEN_NONBLOCK);
	fake_open(t, "/proc/self/maps", 0, 0);
	fake_string(t, 0, "hostile");
	fake_string(t, 1, "other/../x");
}

static bool is_sane(int64_t result)
{
	return result == CALL_PARKED || result == CALL_RESTART_SYS ||
	       (result > -200 && result <= INT32_MAX) || result == SCRATCH;
}

static void random_arguments(void)
{
	unsigned wrong = 0;

	for (unsigned round = 0; round < 60000 && wrong == 0; round++) {
		uint32_t number = numbers[draw(NUMBERS)];
		uint64_t args[6];
		int64_t result;

		if (round % 200 == 0) {
			set_scene();
		}
		for (unsigned i = 0; i < 6; i++) {
			args[i] = values[draw(VALUES)];
		}
		if (draw(2) == 0) {
			args[0] = draw(10);
		}
		result = fake_call_n(t, number, args);
		if (fake_is_parked(t)) {
			fake_interrupt(t);
		} else if (!is_sane(result) && number != NR_LSEEK) {
			printf("call %u: %ld\n", number, (long)result);
			wrong++;
		}
	}
	CHECK(wrong == 0);
	fake_exit(t);
	CHECK(fake_openers() == 0);
	fake_start();
}

void test_hostile(void)
{
	test_run("hostile: 60000 calls with random arguments", random_arguments);
}

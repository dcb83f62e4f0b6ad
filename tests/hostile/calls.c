/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile arguments of system calls. Three parts:
 *
 *   pointers   for each call that takes one: every pointer, null, in the
 *              kernel's half, not canonical, unmapped, read-only, and at the
 *              end of what is mapped, must be EFAULT
 *   descriptors  each bad descriptor must be EBADF
 *   values     lengths, offsets, flags and commands, with Linux's errno
 *   random     random calls with random arguments; only survival counts
 *
 * The memory and the descriptors are at fixed numbers, so that the tables are
 * constant. All expectations hold on a real Linux too.
 */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

enum {
	BUFFER = 0x10000000, /* four pages that may be read and written, zero but for PATH */
	BUFFER_SIZE = 0x4000,
	PATH = BUFFER + 0x3000,	    /* "file" */
	PROGRAM = BUFFER + 0x3100,  /* "/bin/busybox" */
	LATE = BUFFER + 0x4000 - 4, /* four bytes from the end of what is mapped, not zero */
	READ_ONLY = 0x10010000,	    /* a page of zeros */
	HOLE = 0x10020000,	    /* nothing */
	NOWHERE = 0x10030000,	    /* PROT_NONE */
	FD_FILE = 20,
	FD_READ,
	FD_WRITE,
	FD_DIRECTORY,
	FD_PIPE_READ,
	FD_PIPE_WRITE,
	FD_EVENT,
	FD_EPOLL,
	FD_SOCKET,
	FD_TIMER
};
#define KERNEL_HALF 0xffffffc000001000ul
#define NOT_CANONICAL (1ul << 45)
#define SPACE_END (1ul << 38)

struct call {
	const char *name;
	long number;
	unsigned long arguments[6];
	/* For each argument: i(n pointer), o(ut pointer), s(tring), d(escriptor), - nothing. */
	const char *kinds;
	int wanted; /* in the table of values */
};

static int wrong, done;

static int call(const struct call *c, const unsigned long *a)
{
	errno = 0;
	return syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]) >= 0 ? 0 : errno;
}

/* Ravelin has no sockets yet: their calls end with EAFNOSUPPORT or ENOTSOCK, never as here. */
static bool is_missing(const struct call *c)
{
	return c->number >= SYS_socket && c->number <= SYS_recvmsg && on_ravelin();
}

/* Where Ravelin answers otherwise than Linux, as harmlessly; 0 is success. */
static const struct difference {
	long number;
	int linux_errno, ravelin_errno;
	const char *reason;
} differences[] = {
	{SYS_sendfile, EFAULT, 0, "nothing is copied, so the offset is not written back"},
	{SYS_capget, EFAULT, EINVAL, "an unknown version is an error before it is answered"},
	{SYS_futex, EFAULT, 0, "requeue goes by address, without touching the word"},
	{SYS_inotify_rm_watch, EBADF, ENOSYS, "there is no inotify"},
	{SYS_inotify_init1, EINVAL, ENOSYS, "there is no inotify"},
	{SYS_read, EFAULT, 0, "a length over 2 GiB is cut before the buffer is looked at"},
	{SYS_write, EFAULT, 0, "a length over 2 GiB is cut before the buffer is looked at"},
	{SYS_pwrite64, EINVAL, EFBIG, "the end of the file wraps"},
	{SYS_lseek, EINVAL, EOVERFLOW, "the new position wraps"},
	{SYS_fallocate, EFBIG, EOPNOTSUPP, "space is not allocated ahead"},
	{SYS_mremap, ENOMEM, EINVAL, "no such length in the address space"},
	{SYS_setpgid, EINVAL, ESRCH, "the process is looked up first"},
};

static bool is_listed(const struct call *c, int wanted, int got)
{
	if (on_ravelin()) {
		for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
			if (differences[i].number == c->number &&
			    differences[i].linux_errno == wanted &&
			    differences[i].ravelin_errno == got) {
				return true;
			}
		}
	}
	return false;
}

static void expect(const struct call *c, const unsigned long *a, int wanted)
{
	int got;

	if (is_missing(c)) {
		return;
	}
	got = call(c, a);
	done++;
	if (got != wanted && !is_listed(c, wanted, got)) {
		wrong++;
		printf("%s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx): errno %d, not %d\n", c->name, a[0],
		       a[1], a[2], a[3], a[4], a[5], got, wanted);
	}
}

static void map_at(unsigned long at, size_t length, int rights)
{
	void *p = mmap((void *)at, length, rights,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK_EQ(p, at);
}

static void keep_as(int fd, int number)
{
	CHECK(fd >= 0);
	CHECK_EQ(dup2(fd, number), number);
	close(fd);
}

static void prepare(void)
{
	int pair[2];

	map_at(BUFFER, BUFFER_SIZE, PROT_READ | PROT_WRITE);
	map_at(READ_ONLY, PAGE, PROT_READ);
	map_at(NOWHERE, PAGE, PROT_NONE);
	strcpy((char *)(uintptr_t)PATH, "file");
	strcpy((char *)(uintptr_t)PROGRAM, "/bin/busybox");
	memset((void *)(uintptr_t)LATE, 'x', 4);
	make_file("file", 3 * PAGE);
	keep_as(open("file", O_RDWR), FD_FILE);
	keep_as(open("file", O_RDONLY), FD_READ);
	keep_as(open("file", O_WRONLY), FD_WRITE);
	keep_as(open(".", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
	CHECK_EQ(pipe(pair), 0);
	keep_as(pair[0], FD_PIPE_READ);
	keep_as(pair[1], FD_PIPE_WRITE);
	CHECK_EQ(write(FD_PIPE_WRITE, "some bytes", 10), 10);
	keep_as(eventfd(1, EFD_NONBLOCK), FD_EVENT);
	keep_as(epoll_create1(0), FD_EPOLL);
	keep_as(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), FD_TIMER);
	if (!on_ravelin()) {
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		keep_as(pair[0], FD_SOCKET);
	}
}

static void finish(const char *what)
{
	pid_t child = must_fork();

	if (child == 0) {
		execl("/bin/busybox", "busybox", "true", (char *)NULL);
		_exit(1);
	}
	CHECK_EXIT(child, 0);
	printf("%s: %d calls\n", what, done);
	CHECK_EQ(wrong, 0);
}

#define CALL_OF(name) #name, SYS_##name

/* Correct calls; the kinds say what to spoil. */
static const struct call with_pointers[] = {
	{CALL_OF(getcwd), {BUFFER, 4096}, "o-", 0},
	{CALL_OF(epoll_ctl), {FD_EPOLL, EPOLL_CTL_ADD, FD_PIPE_READ, BUFFER}, "d-di", 0},
	{CALL_OF(mknodat), {AT_FDCWD, PATH, S_IFIFO | 0600, 0}, "-s", 0},
	{CALL_OF(mkdirat), {AT_FDCWD, PATH, 0700}, "-s", 0},
	{CALL_OF(unlinkat), {AT_FDCWD, PATH, AT_REMOVEDIR}, "-s", 0},
	{CALL_OF(symlinkat), {PATH, AT_FDCWD, PATH}, "s-s", 0},
	{CALL_OF(linkat), {AT_FDCWD, PATH, AT_FDCWD, PATH, 0}, "-s-s", 0},
	{CALL_OF(renameat2), {AT_FDCWD, PATH, AT_FDCWD, PATH, 0}, "-s-s", 0},
	{CALL_OF(statfs), {PATH, BUFFER}, "so", 0},
	{CALL_OF(fstatfs), {FD_FILE, BUFFER}, "do", 0},
	{CALL_OF(truncate), {PATH, 3 * PAGE}, "s-", 0},
	{CALL_OF(faccessat), {AT_FDCWD, PATH, 0}, "-s", 0},
	{CALL_OF(faccessat2), {AT_FDCWD, PATH, 0, 0}, "-s", 0},
	{CALL_OF(chdir), {PATH}, "s", 0},
	{CALL_OF(chroot), {PATH}, "s", 0},
	{CALL_OF(fchmodat), {AT_FDCWD, PATH, 0600}, "-s", 0},
	{CALL_OF(fchownat), {AT_FDCWD, PATH, 0, 0, 0}, "-s", 0},
	{CALL_OF(openat), {AT_FDCWD, PATH, O_RDONLY, 0}, "-s", 0},
	{CALL_OF(pipe2), {BUFFER, 0}, "o", 0},
	{CALL_OF(getdents64), {FD_DIRECTORY, BUFFER, 4096}, "do", 0},
	{CALL_OF(read), {FD_FILE, BUFFER, 4096}, "do", 0},
	{CALL_OF(write), {FD_FILE, BUFFER, 4096}, "di", 0},
	{CALL_OF(pread64), {FD_FILE, BUFFER, 4096, 0}, "do", 0},
	{CALL_OF(pwrite64), {FD_FILE, BUFFER, 4096, 0}, "di", 0},
	{CALL_OF(readv), {FD_FILE, BUFFER, 2}, "di", 0},
	{CALL_OF(writev), {FD_FILE, BUFFER, 2}, "di", 0},
	{CALL_OF(preadv), {FD_FILE, BUFFER, 2, 0}, "di", 0},
	{CALL_OF(pwritev), {FD_FILE, BUFFER, 2, 0}, "di", 0},
	{CALL_OF(preadv2), {FD_FILE, BUFFER, 2, 0}, "di", 0},
	{CALL_OF(pwritev2), {FD_FILE, BUFFER, 2, 0}, "di", 0},
	{CALL_OF(sendfile), {FD_FILE, FD_READ, BUFFER, 0}, "ddo", 0},
	{CALL_OF(pselect6), {32, BUFFER, 0, 0, BUFFER, 0}, "-o--i", 0},
	{CALL_OF(ppoll), {BUFFER, 2, BUFFER + 64, 0, 8}, "i-i", 0},
	{CALL_OF(signalfd4), {-1ul, BUFFER, 8, 0}, "-i", 0},
	{CALL_OF(readlinkat), {AT_FDCWD, PATH, BUFFER, 64}, "-s", 0},
	{CALL_OF(newfstatat), {AT_FDCWD, PATH, BUFFER, 0}, "-so", 0},
	{CALL_OF(fstat), {FD_FILE, BUFFER}, "do", 0},
	{CALL_OF(timerfd_settime), {FD_TIMER, 0, BUFFER, 0}, "d-i", 0},
	{CALL_OF(timerfd_gettime), {FD_TIMER, BUFFER}, "do", 0},
	{CALL_OF(utimensat), {AT_FDCWD, PATH, BUFFER, 0}, "-si", 0},
	{CALL_OF(capget), {BUFFER + 256, BUFFER}, "o-", 0},
	{CALL_OF(nanosleep), {BUFFER, 0}, "i", 0},
	{CALL_OF(getitimer), {0, BUFFER}, "-o", 0},
	{CALL_OF(setitimer), {0, BUFFER, 0}, "-i", 0},
	{CALL_OF(timer_create), {CLOCK_MONOTONIC, 0, BUFFER}, "--o", 0},
	{CALL_OF(clock_gettime), {CLOCK_MONOTONIC, BUFFER}, "-o", 0},
	{CALL_OF(clock_getres), {CLOCK_MONOTONIC, BUFFER}, "-o", 0},
	{CALL_OF(clock_nanosleep), {CLOCK_MONOTONIC, 0, BUFFER, 0}, "--i", 0},
	{CALL_OF(sched_getparam), {0, BUFFER}, "-o", 0},
	{CALL_OF(sched_getaffinity), {0, 128, BUFFER}, "--o", 0},
	{CALL_OF(sched_setaffinity), {0, 128, BUFFER}, "--i", 0},
	{CALL_OF(sigaltstack), {BUFFER, 0}, "i", 0},
	{CALL_OF(sigaltstack), {0, BUFFER}, "-o", 0},
	{CALL_OF(rt_sigaction), {SIGUSR1, BUFFER, 0, 8}, "-i", 0},
	{CALL_OF(rt_sigaction), {SIGUSR1, 0, BUFFER, 8}, "--o", 0},
	{CALL_OF(rt_sigprocmask), {SIG_BLOCK, BUFFER, 0, 8}, "-i", 0},
	{CALL_OF(rt_sigprocmask), {SIG_BLOCK, 0, BUFFER, 8}, "--o", 0},
	{CALL_OF(rt_sigpending), {BUFFER, 8}, "o", 0},
	{CALL_OF(rt_sigtimedwait), {BUFFER, 0, BUFFER, 8}, "i-i", 0},
	{CALL_OF(getresuid), {BUFFER, BUFFER, BUFFER}, "ooo", 0},
	{CALL_OF(getresgid), {BUFFER, BUFFER, BUFFER}, "ooo", 0},
	{CALL_OF(setgroups), {4, BUFFER}, "-i", 0},
	{CALL_OF(uname), {BUFFER}, "o", 0},
	{CALL_OF(sethostname), {BUFFER, 8}, "i", 0},
	{CALL_OF(getrlimit), {RLIMIT_STACK, BUFFER}, "-o", 0},
	{CALL_OF(setrlimit), {RLIMIT_CORE, BUFFER}, "-i", 0},
	{CALL_OF(prlimit64), {0, RLIMIT_CORE, BUFFER, 0}, "--i", 0},
	{CALL_OF(prlimit64), {0, RLIMIT_CORE, 0, BUFFER}, "---o", 0},
	{CALL_OF(getrusage), {0, BUFFER}, "-o", 0},
	{CALL_OF(sysinfo), {BUFFER}, "o", 0},
	{CALL_OF(socketpair), {AF_UNIX, SOCK_STREAM, 0, BUFFER}, "---o", 0},
	{CALL_OF(execve), {PROGRAM, BUFFER, BUFFER}, "sii", 0},
	{CALL_OF(mincore), {BUFFER, BUFFER_SIZE, BUFFER}, "--o", 0},
	{CALL_OF(getrandom), {BUFFER, 64, 0}, "o", 0},
	{CALL_OF(memfd_create), {PATH, 0}, "s", 0},
	{CALL_OF(statx), {AT_FDCWD, PATH, 0, 0x7ff, BUFFER}, "-s--o", 0},
	{CALL_OF(futex), {BUFFER, 0 /* FUTEX_WAIT */, 0, BUFFER, 0, 0}, "i--i", 0},
	{CALL_OF(futex), {BUFFER, 3 /* FUTEX_REQUEUE */, 1, 1, BUFFER, 0}, "i---i", 0},
};

/* Some of these take null for "nothing", and a hole as end of an array or a word of a futex. */
static bool takes_null(const struct call *c, int i)
{
	switch (c->number) {
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_utimensat:
	case SYS_sigaltstack:
	case SYS_rt_sigaction:
	case SYS_rt_sigprocmask:
	case SYS_prlimit64:
	case SYS_sendfile:
	case SYS_clock_getres:
	case SYS_setitimer:
	case SYS_sched_getparam: /* EINVAL */
		return true;
	case SYS_execve:
		return i > 0;
	case SYS_futex:
	case SYS_rt_sigtimedwait:
		return i > 0;
	default:
		return false;
	}
}

static void spoil_pointer(const struct call *c, int i, unsigned long value)
{
	unsigned long a[6];

	memcpy(a, c->arguments, sizeof(a));
	a[i] = value;
	expect(c, a, EFAULT);
}

/* A call that must not work even once would spoil what follows: all are spoiled. */
static void spoil_pointers(const struct call *c)
{
	for (int i = 0; c->kinds[i] != '\0'; i++) {
		if (strchr("ios", c->kinds[i]) == NULL) {
			continue;
		}
		if (!takes_null(c, i)) {
			spoil_pointer(c, i, 0);
		}
		spoil_pointer(c, i, 8);
		spoil_pointer(c, i, HOLE);
		spoil_pointer(c, i, NOWHERE);
		spoil_pointer(c, i, KERNEL_HALF);
		spoil_pointer(c, i, NOT_CANONICAL);
		spoil_pointer(c, i, -8ul);
		if (c->kinds[i] == 's') {
			spoil_pointer(c, i, LATE);
		}
		if (c->kinds[i] == 'o') {
			spoil_pointer(c, i, READ_ONLY);
		}
	}
}

TEST(pointers)
{
	prepare();
	for (size_t i = 0; i < sizeof(with_pointers) / sizeof(with_pointers[0]); i++) {
		spoil_pointers(&with_pointers[i]);
	}
	finish("pointers");
}

static const struct call with_descriptors[] = {
	{CALL_OF(dup), {0}, "d", 0},
	{CALL_OF(dup3), {0, 50, 0}, "d", 0},
	{CALL_OF(fcntl), {0, F_GETFL, 0}, "d", 0},
	{CALL_OF(fcntl), {0, F_DUPFD, 0}, "d", 0},
	{CALL_OF(ioctl), {0, 0x5401, BUFFER}, "d", 0},
	{CALL_OF(flock), {0, 1}, "d", 0},
	{CALL_OF(fstatfs), {0, BUFFER}, "d", 0},
	{CALL_OF(ftruncate), {0, 0}, "d", 0},
	{CALL_OF(fallocate), {0, 0, 0, 4096}, "d", 0},
	{CALL_OF(fchdir), {0}, "d", 0},
	{CALL_OF(fchmod), {0, 0600}, "d", 0},
	{CALL_OF(fchown), {0, 0, 0}, "d", 0},
	{CALL_OF(close), {0}, "d", 0},
	{CALL_OF(getdents64), {0, BUFFER, 4096}, "d", 0},
	{CALL_OF(lseek), {0, 0, 0}, "d", 0},
	{CALL_OF(read), {0, BUFFER, 1}, "d", 0},
	{CALL_OF(write), {0, BUFFER, 1}, "d", 0},
	{CALL_OF(readv), {0, BUFFER, 1}, "d", 0},
	{CALL_OF(writev), {0, BUFFER, 1}, "d", 0},
	{CALL_OF(pread64), {0, BUFFER, 1, 0}, "d", 0},
	{CALL_OF(pwrite64), {0, BUFFER, 1, 0}, "d", 0},
	{CALL_OF(preadv), {0, BUFFER, 1, 0}, "d", 0},
	{CALL_OF(pwritev), {0, BUFFER, 1, 0}, "d", 0},
	{CALL_OF(sendfile), {0, FD_READ, 0, 1}, "dd", 0},
	{CALL_OF(fstat), {0, BUFFER}, "d", 0},
	{CALL_OF(fsync), {0}, "d", 0},
	{CALL_OF(fdatasync), {0}, "d", 0},
	{CALL_OF(sync_file_range), {0, 0, 0, 0}, "d", 0},
	{CALL_OF(timerfd_settime), {0, 0, BUFFER, 0}, "d", 0},
	{CALL_OF(timerfd_gettime), {0, BUFFER}, "d", 0},
	{CALL_OF(epoll_ctl), {0, EPOLL_CTL_DEL, FD_FILE, BUFFER}, "d", 0},
	{CALL_OF(epoll_pwait), {0, BUFFER, 1, 0, 0, 8}, "d", 0},
	{CALL_OF(openat), {0, PATH, 0, 0}, "d", 0},
	{CALL_OF(mkdirat), {0, PATH, 0700}, "d", 0},
	{CALL_OF(unlinkat), {0, PATH, 0}, "d", 0},
	{CALL_OF(newfstatat), {0, PATH, BUFFER, 0}, "d", 0},
	{CALL_OF(readahead), {0, 0, 4096}, "d", 0},
	{CALL_OF(fadvise64), {0, 0, 0, 0}, "d", 0},
	{CALL_OF(mmap), {0, 4096, PROT_READ, MAP_PRIVATE, 0, 0}, "----d", 0},
	{CALL_OF(syncfs), {0}, "d", 0},
	{CALL_OF(bind), {0, BUFFER, 16}, "d", 0},
	{CALL_OF(listen), {0, 1}, "d", 0},
	{CALL_OF(connect), {0, BUFFER, 16}, "d", 0},
	{CALL_OF(shutdown), {0, 2}, "d", 0},
	{CALL_OF(inotify_rm_watch), {0, 1}, "d", 0},
	{CALL_OF(copy_file_range), {0, 0, FD_FILE, 0, 1, 0}, "d", 0},
};

TEST(descriptors)
{
	static const unsigned long bad[] = {-1ul, 999, 1023, 1 << 20, INT_MAX, 1ul << 31, -4096ul};
	unsigned long a[6];

	prepare();
	for (size_t i = 0; i < sizeof(with_descriptors) / sizeof(with_descriptors[0]); i++) {
		const struct call *c = &with_descriptors[i];
		int at = (int)(strchr(c->kinds, 'd') - c->kinds);

		for (size_t j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
			memcpy(a, c->arguments, sizeof(a));
			a[at] = bad[j];
			expect(c, a, EBADF);
		}
	}
	finish("descriptors");
}

static const struct call values[] = {
	/* lengths and offsets */
	{CALL_OF(read), {FD_FILE, BUFFER, -1ul}, "", EFAULT},
	{CALL_OF(read), {FD_FILE, BUFFER, 1ul << 63}, "", EFAULT},
	{CALL_OF(write), {FD_FILE, BUFFER, -1ul}, "", EFAULT},
	{CALL_OF(read), {FD_WRITE, BUFFER, 1}, "", EBADF},
	{CALL_OF(write), {FD_READ, BUFFER, 1}, "", EBADF},
	{CALL_OF(read), {FD_DIRECTORY, BUFFER, 1}, "", EISDIR},
	{CALL_OF(read), {FD_PIPE_WRITE, BUFFER, 1}, "", EBADF},
	{CALL_OF(write), {FD_PIPE_READ, BUFFER, 1}, "", EBADF},
	{CALL_OF(read), {FD_EVENT, BUFFER, 7}, "", EINVAL},
	{CALL_OF(write), {FD_EVENT, BUFFER, 7}, "", EINVAL},
	{CALL_OF(read), {FD_EPOLL, BUFFER, 8}, "", EINVAL},
	{CALL_OF(pread64), {FD_FILE, BUFFER, 1, -1ul}, "", EINVAL},
	{CALL_OF(pwrite64), {FD_FILE, BUFFER, 1, -1ul}, "", EINVAL},
	{CALL_OF(pwrite64), {FD_FILE, BUFFER, 1, LONG_MAX}, "", EINVAL},
	{CALL_OF(pwrite64), {FD_FILE, BUFFER, 1, 1ul << 50}, "", EFBIG},
	{CALL_OF(pread64), {FD_PIPE_READ, BUFFER, 1, 0}, "", ESPIPE},
	{CALL_OF(pwrite64), {FD_PIPE_WRITE, BUFFER, 1, 0}, "", ESPIPE},
	{CALL_OF(readv), {FD_FILE, BUFFER, 1025}, "", EINVAL},
	{CALL_OF(readv), {FD_FILE, BUFFER, UINT_MAX}, "", EINVAL},
	{CALL_OF(writev), {FD_FILE, BUFFER, 1025}, "", EINVAL},
	{CALL_OF(lseek), {FD_FILE, 0, 99}, "", EINVAL},
	{CALL_OF(lseek), {FD_FILE, -1ul, SEEK_SET}, "", EINVAL},
	{CALL_OF(lseek), {FD_FILE, LONG_MIN, SEEK_CUR}, "", EINVAL},
	{CALL_OF(lseek), {FD_FILE, LONG_MAX, SEEK_END}, "", EINVAL},
	{CALL_OF(lseek), {FD_PIPE_READ, 0, SEEK_SET}, "", ESPIPE},
	{CALL_OF(lseek), {FD_FILE, 1 << 20, SEEK_DATA}, "", ENXIO},
	{CALL_OF(ftruncate), {FD_FILE, -1ul}, "", EINVAL},
	{CALL_OF(ftruncate), {FD_READ, 0}, "", EINVAL},
	{CALL_OF(ftruncate), {FD_PIPE_WRITE, 0}, "", EINVAL},
	{CALL_OF(ftruncate), {FD_FILE, LONG_MAX}, "", EFBIG},
	{CALL_OF(truncate), {PATH, -1ul}, "", EINVAL},
	{CALL_OF(fallocate), {FD_FILE, 0, -1ul, 1}, "", EINVAL},
	{CALL_OF(fallocate), {FD_FILE, 0, 0, 0}, "", EINVAL},
	{CALL_OF(fallocate), {FD_FILE, 0, LONG_MAX, LONG_MAX}, "", EFBIG},
	{CALL_OF(fallocate), {FD_FILE, 0x4000, 0, 4096}, "", EOPNOTSUPP},
	{CALL_OF(fallocate), {FD_READ, 0, 0, 4096}, "", EBADF},
	{CALL_OF(fallocate), {FD_PIPE_WRITE, 0, 0, 4096}, "", ESPIPE},
	{CALL_OF(getdents64), {FD_FILE, BUFFER, 4096}, "", ENOTDIR},
	{CALL_OF(getdents64), {FD_DIRECTORY, BUFFER, 1}, "", EINVAL},
	{CALL_OF(getcwd), {BUFFER, 1}, "", ERANGE},
	{CALL_OF(getcwd), {BUFFER, 0}, "", ERANGE},
	{CALL_OF(readlinkat), {AT_FDCWD, PATH, BUFFER, 64}, "", EINVAL},
	{CALL_OF(readlinkat), {AT_FDCWD, PATH, BUFFER, 0}, "", EINVAL},
	{CALL_OF(readlinkat), {AT_FDCWD, PATH, BUFFER, -1ul}, "", EINVAL},
	/* descriptors of the wrong kind */
	{CALL_OF(fchdir), {FD_FILE}, "", ENOTDIR},
	{CALL_OF(openat), {FD_FILE, PATH, 0, 0}, "", ENOTDIR},
	{CALL_OF(epoll_ctl), {FD_FILE, 1, FD_EVENT, BUFFER}, "", EINVAL},
	{CALL_OF(epoll_ctl), {FD_EPOLL, 1, FD_EPOLL, BUFFER}, "", EINVAL},
	{CALL_OF(epoll_ctl), {FD_EPOLL, 1, FD_FILE, BUFFER}, "", EPERM},
	{CALL_OF(epoll_ctl), {FD_EPOLL, 99, FD_EVENT, BUFFER}, "", EINVAL},
	{CALL_OF(epoll_ctl), {FD_EPOLL, EPOLL_CTL_DEL, FD_EVENT, BUFFER}, "", ENOENT},
	{CALL_OF(epoll_pwait), {FD_EPOLL, BUFFER, 0, 0, 0, 8}, "", EINVAL},
	{CALL_OF(epoll_pwait), {FD_EPOLL, BUFFER, -1ul, 0, 0, 8}, "", EINVAL},
	{CALL_OF(epoll_pwait), {FD_EPOLL, BUFFER, INT_MAX, 0, 0, 8}, "", EINVAL},
	{CALL_OF(epoll_create1), {1}, "", EINVAL},
	{CALL_OF(timerfd_settime), {FD_FILE, 0, BUFFER, 0}, "", EINVAL},
	{CALL_OF(timerfd_gettime), {FD_FILE, BUFFER}, "", EINVAL},
	{CALL_OF(timerfd_create), {99, 0}, "", EINVAL},
	{CALL_OF(timerfd_create), {CLOCK_MONOTONIC, 1}, "", EINVAL},
	{CALL_OF(eventfd2), {0, 2}, "", EINVAL},
	{CALL_OF(signalfd4), {FD_FILE, BUFFER, 8, 0}, "", EINVAL},
	{CALL_OF(signalfd4), {-1ul, BUFFER, 7, 0}, "", EINVAL},
	{CALL_OF(signalfd4), {-1ul, BUFFER, 8, 1}, "", EINVAL},
	{CALL_OF(inotify_init1), {1}, "", EINVAL},
	{CALL_OF(sendfile), {FD_PIPE_WRITE, FD_PIPE_READ, 0, 1}, "", EINVAL},
	{CALL_OF(bind), {FD_FILE, BUFFER, 16}, "", ENOTSOCK},
	{CALL_OF(listen), {FD_FILE, 1}, "", ENOTSOCK},
	{CALL_OF(connect), {FD_FILE, BUFFER, 16}, "", ENOTSOCK},
	{CALL_OF(shutdown), {FD_FILE, 2}, "", ENOTSOCK},
	{CALL_OF(shutdown), {FD_SOCKET, 9}, "", EINVAL},
	{CALL_OF(socket), {99, 1, 0}, "", EAFNOSUPPORT},
	{CALL_OF(socket), {AF_UNIX, 99, 0}, "", EINVAL},
	{CALL_OF(socketpair), {99, 1, 0, BUFFER}, "", EAFNOSUPPORT},
	{CALL_OF(ioctl), {FD_FILE, 0x5401, BUFFER}, "", ENOTTY},
	{CALL_OF(ioctl), {FD_FILE, 0xdeadbeef, BUFFER}, "", ENOTTY},
	{CALL_OF(ioctl), {FD_PIPE_READ, 0xffffffff, BUFFER}, "", ENOTTY},
	/* flags and commands */
	{CALL_OF(openat), {AT_FDCWD, PATH, O_DIRECTORY, 0}, "", ENOTDIR},
	{CALL_OF(openat), {AT_FDCWD, PATH, O_CREAT | O_EXCL, 0600}, "", EEXIST},
	{CALL_OF(openat), {AT_FDCWD, BUFFER, 0, 0}, "", ENOENT},
	{CALL_OF(pipe2), {BUFFER, 0x7fffffff}, "", EINVAL},
	{CALL_OF(dup3), {FD_FILE, FD_FILE, 0}, "", EINVAL},
	{CALL_OF(dup3), {FD_FILE, 60, 1}, "", EINVAL},
	{CALL_OF(dup3), {FD_FILE, INT_MAX, 0}, "", EBADF},
	{CALL_OF(dup3), {FD_FILE, UINT_MAX, 0}, "", EBADF},
	{CALL_OF(fcntl), {FD_FILE, F_DUPFD, INT_MAX}, "", EINVAL},
	{CALL_OF(fcntl), {FD_FILE, F_DUPFD, -1ul}, "", EINVAL},
	{CALL_OF(fcntl), {FD_FILE, 999, 0}, "", EINVAL},
	{CALL_OF(fcntl), {FD_FILE, F_SETPIPE_SZ, 4096}, "", EBADF},
	{CALL_OF(fcntl), {FD_FILE, F_SETSIG, 999}, "", EINVAL},
	{CALL_OF(flock), {FD_FILE, 0}, "", EINVAL},
	{CALL_OF(faccessat), {AT_FDCWD, PATH, 8}, "", EINVAL},
	{CALL_OF(faccessat2), {AT_FDCWD, PATH, 0, 1}, "", EINVAL},
	{CALL_OF(unlinkat), {AT_FDCWD, PATH, 1}, "", EINVAL},
	{CALL_OF(unlinkat), {AT_FDCWD, PATH, AT_REMOVEDIR}, "", ENOTDIR},
	{CALL_OF(linkat), {AT_FDCWD, PATH, AT_FDCWD, PATH, 1}, "", EINVAL},
	{CALL_OF(linkat), {AT_FDCWD, PATH, AT_FDCWD, PATH, 0}, "", EEXIST},
	{CALL_OF(mkdirat), {AT_FDCWD, PATH, 0}, "", EEXIST},
	{CALL_OF(mknodat), {AT_FDCWD, PATH, 0170000, 0}, "", EINVAL},
	{CALL_OF(renameat2), {AT_FDCWD, PATH, AT_FDCWD, PATH, 99}, "", EINVAL},
	{CALL_OF(renameat2), {AT_FDCWD, PATH, AT_FDCWD, PATH, 1}, "", EEXIST},
	{CALL_OF(newfstatat), {AT_FDCWD, PATH, BUFFER, 1}, "", EINVAL},
	{CALL_OF(statx), {AT_FDCWD, PATH, 0xffffffff, 0, BUFFER}, "", EINVAL},
	{CALL_OF(statx), {AT_FDCWD, PATH, 0, 1u << 31, BUFFER}, "", EINVAL},
	{CALL_OF(fchownat), {AT_FDCWD, PATH, 0, 0, 1}, "", EINVAL},
	{CALL_OF(utimensat), {AT_FDCWD, PATH, 0, 1}, "", EINVAL},
	{CALL_OF(sync_file_range), {FD_FILE, 0, 0, 99}, "", EINVAL},
	{CALL_OF(sync_file_range), {FD_FILE, -1ul, 0, 0}, "", EINVAL},
	{CALL_OF(fadvise64), {FD_FILE, 0, 0, 99}, "", EINVAL},
	{CALL_OF(fadvise64), {FD_PIPE_READ, 0, 0, 0}, "", ESPIPE},
	{CALL_OF(getrandom), {BUFFER, 1, 0xf0}, "", EINVAL},
	{CALL_OF(getrandom), {BUFFER, 1, 6}, "", EINVAL},
	{CALL_OF(memfd_create), {PATH, 0x100}, "", EINVAL},
	{CALL_OF(close_range), {5, 3, 0}, "", EINVAL},
	{CALL_OF(close_range), {500, 600, 99}, "", EINVAL},
	{CALL_OF(chdir), {PATH}, "", ENOTDIR},
	{CALL_OF(chroot), {PATH}, "", ENOTDIR},
	{CALL_OF(umount2), {PATH, 0}, "", EINVAL},
	{CALL_OF(umount2), {PATH, 0x100}, "", EINVAL},
	/* memory */
	{CALL_OF(mmap), {0, 0, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0}, "", EINVAL},
	{CALL_OF(mmap), {0, -1ul, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0}, "", ENOMEM},
	{CALL_OF(mmap), {0, SPACE_END, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0}, "", ENOMEM},
	{CALL_OF(mmap), {0, 1ul << 63, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0}, "", ENOMEM},
	{CALL_OF(mmap), {0, 4096, 3, MAP_ANONYMOUS, -1ul, 0}, "", EINVAL},
	{CALL_OF(mmap), {0, 4096, 3, MAP_PRIVATE, FD_FILE, 1}, "", EINVAL},
	{CALL_OF(mmap), {0, 4096, 3, MAP_PRIVATE, FD_FILE, -4096ul}, "", EOVERFLOW},
	{CALL_OF(mmap), {0, 4096, 3, MAP_SHARED, FD_READ, 0}, "", EACCES},
	{CALL_OF(mmap), {0, 4096, 3, MAP_SHARED, FD_WRITE, 0}, "", EACCES},
	{CALL_OF(mmap), {0, 4096, 1, MAP_PRIVATE, FD_WRITE, 0}, "", EACCES},
	{CALL_OF(mmap), {0, 4096, 1, MAP_PRIVATE, FD_DIRECTORY, 0}, "", ENODEV},
	{CALL_OF(mmap), {0, 4096, 1, MAP_PRIVATE, FD_PIPE_READ, 0}, "", ENODEV},
	{CALL_OF(mmap),
	 {BUFFER + 1, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1ul, 0},
	 "",
	 EINVAL},
	{CALL_OF(mmap),
	 {1ul << 56, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1ul, 0},
	 "",
	 ENOMEM},
	{CALL_OF(mmap),
	 {KERNEL_HALF, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1ul, 0},
	 "",
	 ENOMEM},
	{CALL_OF(mmap),
	 {BUFFER, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1ul, 0},
	 "",
	 EEXIST},
	{CALL_OF(munmap), {BUFFER + 1, 4096}, "", EINVAL},
	{CALL_OF(munmap), {BUFFER, 0}, "", EINVAL},
	{CALL_OF(munmap), {KERNEL_HALF, 4096}, "", EINVAL},
	{CALL_OF(munmap), {BUFFER, -4096ul}, "", EINVAL},
	{CALL_OF(mprotect), {BUFFER + 1, 4096, 1}, "", EINVAL},
	{CALL_OF(mprotect), {HOLE, 4096, 1}, "", ENOMEM},
	{CALL_OF(mprotect), {BUFFER, -1ul, 1}, "", ENOMEM},
	{CALL_OF(mprotect), {BUFFER, 4096, 1u << 30}, "", EINVAL},
	{CALL_OF(mremap), {BUFFER + 1, 4096, 8192, 0}, "", EINVAL},
	{CALL_OF(mremap), {BUFFER, 4096, 0, 0}, "", EINVAL},
	{CALL_OF(mremap), {HOLE, 4096, 8192, 0}, "", EFAULT},
	{CALL_OF(mremap), {BUFFER, 4096, 8192, 99}, "", EINVAL},
	{CALL_OF(mremap), {BUFFER, 4096, 4096, MREMAP_FIXED, BUFFER}, "", EINVAL},
	{CALL_OF(mremap), {BUFFER, 4096, SPACE_END, MREMAP_MAYMOVE}, "", ENOMEM},
	{CALL_OF(msync), {BUFFER + 1, 4096, MS_SYNC}, "", EINVAL},
	{CALL_OF(msync), {BUFFER, 4096, 99}, "", EINVAL},
	{CALL_OF(msync), {BUFFER, 4096, MS_SYNC | MS_ASYNC}, "", EINVAL},
	{CALL_OF(msync), {HOLE, 4096, MS_SYNC}, "", ENOMEM},
	{CALL_OF(madvise), {BUFFER + 1, 4096, 0}, "", EINVAL},
	{CALL_OF(madvise), {BUFFER, 4096, 9999}, "", EINVAL},
	{CALL_OF(madvise), {HOLE, 4096, MADV_DONTNEED}, "", ENOMEM},
	{CALL_OF(madvise), {BUFFER, -1ul, MADV_DONTNEED}, "", EINVAL},
	{CALL_OF(mincore), {BUFFER + 1, 4096, BUFFER}, "", EINVAL},
	{CALL_OF(mincore), {HOLE, 4096, BUFFER}, "", ENOMEM},
	{CALL_OF(mlock), {HOLE, 4096}, "", ENOMEM},
	{CALL_OF(mlock2), {BUFFER, 4096, 99}, "", EINVAL},
	{CALL_OF(munlock), {HOLE, 4096}, "", ENOMEM},
	{CALL_OF(mlockall), {0}, "", EINVAL},
	{CALL_OF(mlockall), {99}, "", EINVAL},
	/* processes, signals, time */
	{CALL_OF(clone), {CLONE_THREAD | SIGCHLD, 0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(clone), {CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(clone), {CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(clone3), {BUFFER, 8}, "", EINVAL},
	{CALL_OF(clone3), {BUFFER, 1 << 20}, "", E2BIG},
	{CALL_OF(clone3), {HOLE, 88}, "", EFAULT},
	{CALL_OF(wait4), {-1ul, 0, 0, 0}, "", ECHILD},
	{CALL_OF(wait4), {-1ul, 0, 0x100, 0}, "", EINVAL},
	{CALL_OF(wait4), {INT_MIN, 0, 0, 0}, "", ESRCH},
	{CALL_OF(waitid), {99, 0, 0, WEXITED, 0}, "", EINVAL},
	{CALL_OF(waitid), {P_ALL, 0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(kill), {INT_MAX, 0}, "", ESRCH},
	{CALL_OF(kill), {0, 65}, "", EINVAL},
	{CALL_OF(kill), {0, -1ul}, "", EINVAL},
	{CALL_OF(tkill), {0, 0}, "", EINVAL},
	{CALL_OF(tkill), {-1ul, 0}, "", EINVAL},
	{CALL_OF(tgkill), {0, 1, 0}, "", EINVAL},
	{CALL_OF(tgkill), {1, INT_MAX, 0}, "", ESRCH},
	{CALL_OF(rt_sigaction), {0, 0, 0, 8}, "", EINVAL},
	{CALL_OF(rt_sigaction), {65, 0, 0, 8}, "", EINVAL},
	{CALL_OF(rt_sigaction), {SIGKILL, BUFFER, 0, 8}, "", EINVAL},
	{CALL_OF(rt_sigaction), {SIGUSR1, 0, 0, 16}, "", EINVAL},
	{CALL_OF(rt_sigprocmask), {99, BUFFER, 0, 8}, "", EINVAL},
	{CALL_OF(rt_sigprocmask), {0, BUFFER, 0, 4}, "", EINVAL},
	{CALL_OF(rt_sigpending), {BUFFER, 9}, "", EINVAL},
	{CALL_OF(rt_sigsuspend), {BUFFER, 4}, "", EINVAL},
	{CALL_OF(rt_sigtimedwait), {BUFFER, 0, 0, 4}, "", EINVAL},
	{CALL_OF(rt_sigqueueinfo), {INT_MAX, SIGUSR1, BUFFER}, "", EPERM},
	{CALL_OF(futex), {BUFFER + 1, 0, 0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(futex), {BUFFER, 99, 0, 0, 0, 0}, "", ENOSYS},
	{CALL_OF(futex), {BUFFER, 0, 1, 0, 0, 0}, "", EAGAIN},
	{CALL_OF(futex), {BUFFER, 9, 0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(futex), {BUFFER, 3, -1ul, -1ul, BUFFER + 4, 0}, "", EINVAL},
	{CALL_OF(set_robust_list), {BUFFER, 1}, "", EINVAL},
	{CALL_OF(get_robust_list), {INT_MAX, BUFFER, BUFFER}, "", ESRCH},
	{CALL_OF(getitimer), {99, BUFFER}, "", EINVAL},
	{CALL_OF(setitimer), {99, BUFFER, 0}, "", EINVAL},
	{CALL_OF(timer_create), {99, 0, BUFFER}, "", EINVAL},
	{CALL_OF(timer_gettime), {9999, BUFFER}, "", EINVAL},
	{CALL_OF(timer_settime), {9999, 0, BUFFER, 0}, "", EINVAL},
	{CALL_OF(timer_delete), {-1ul}, "", EINVAL},
	{CALL_OF(timer_getoverrun), {INT_MAX}, "", EINVAL},
	{CALL_OF(clock_gettime), {99, BUFFER}, "", EINVAL},
	{CALL_OF(clock_getres), {99, BUFFER}, "", EINVAL},
	{CALL_OF(clock_settime), {CLOCK_MONOTONIC, BUFFER}, "", EINVAL},
	{CALL_OF(clock_nanosleep), {99, 0, BUFFER, 0}, "", EINVAL},
	{CALL_OF(sched_setscheduler), {0, 99, BUFFER}, "", EINVAL},
	{CALL_OF(sched_setscheduler), {-1ul, 0, BUFFER}, "", EINVAL},
	{CALL_OF(sched_getscheduler), {INT_MAX}, "", ESRCH},
	{CALL_OF(sched_getparam), {0, 0}, "", EINVAL},
	{CALL_OF(sched_get_priority_max), {99}, "", EINVAL},
	{CALL_OF(sched_setaffinity), {0, 8, READ_ONLY}, "", EINVAL},
	{CALL_OF(sched_getaffinity), {0, 1, BUFFER}, "", EINVAL},
	{CALL_OF(sched_getaffinity), {INT_MAX, 128, BUFFER}, "", ESRCH},
	{CALL_OF(setpriority), {99, 0, 0}, "", EINVAL},
	{CALL_OF(getpriority), {99, 0}, "", EINVAL},
	{CALL_OF(getpriority), {PRIO_PROCESS, INT_MAX}, "", ESRCH},
	{CALL_OF(setpgid), {-1ul, 0}, "", EINVAL},
	{CALL_OF(setpgid), {0, -1ul}, "", EINVAL},
	{CALL_OF(setpgid), {INT_MAX, 0}, "", ESRCH},
	{CALL_OF(getpgid), {INT_MAX}, "", ESRCH},
	{CALL_OF(getsid), {INT_MAX}, "", ESRCH},
	{CALL_OF(setuid), {-1ul}, "", EINVAL},
	{CALL_OF(setgid), {-1ul}, "", EINVAL},
	{CALL_OF(setgroups), {65537, BUFFER}, "", EINVAL},
	{CALL_OF(getgroups), {-1ul, BUFFER}, "", EINVAL},
	{CALL_OF(sethostname), {BUFFER, -1ul}, "", EINVAL},
	{CALL_OF(sethostname), {BUFFER, 65}, "", EINVAL},
	{CALL_OF(getrlimit), {99, BUFFER}, "", EINVAL},
	{CALL_OF(setrlimit), {99, BUFFER}, "", EINVAL},
	{CALL_OF(prlimit64), {INT_MAX, RLIMIT_CORE, 0, BUFFER}, "", ESRCH},
	{CALL_OF(getrusage), {99, BUFFER}, "", EINVAL},
	{CALL_OF(prctl), {9999, 0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(reboot), {0, 0, 0, 0}, "", EINVAL},
	{CALL_OF(syslog), {99, 0, 0}, "", EINVAL},
	{CALL_OF(ppoll), {BUFFER, UINT_MAX, 0, 0, 8}, "", EINVAL},
	{CALL_OF(ppoll), {BUFFER, 1, 0, BUFFER, 4}, "", EINVAL},
	{CALL_OF(pselect6), {-1ul, 0, 0, 0, BUFFER, 0}, "", EINVAL},
	{CALL_OF(riscv_flush_icache), {0, 4096, 2}, "", EINVAL},
};

TEST(values)
{
	prepare();
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		expect(&values[i], values[i].arguments, values[i].wanted);
	}
	finish("values");
}

/* Times with parts out of range. */
TEST(times)
{
	static const struct {
		long seconds, nanoseconds;
	} bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {0, LONG_MAX}, {LONG_MIN, LONG_MIN}};
	static const struct call users[] = {
		{CALL_OF(nanosleep), {BUFFER, 0}, "", 0},
		{CALL_OF(clock_nanosleep), {CLOCK_MONOTONIC, 0, BUFFER, 0}, "", 0},
		{CALL_OF(ppoll), {0, 0, BUFFER, 0, 8}, "", 0},
		{CALL_OF(pselect6), {0, 0, 0, 0, BUFFER, 0}, "", 0},
		{CALL_OF(futex), {BUFFER + 64, 0, 0, BUFFER, 0, 0}, "", 0},
		{CALL_OF(rt_sigtimedwait), {BUFFER + 64, 0, BUFFER, 8}, "", 0},
	};

	prepare();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy((void *)(uintptr_t)BUFFER, &bad[i], sizeof(bad[i]));
		for (size_t j = 0; j < sizeof(users) / sizeof(users[0]); j++) {
			expect(&users[j], users[j].arguments, EINVAL);
		}
	}
	finish("times");
}

/* Vectors of buffers: each bad element, and sums that wrap. */
TEST(vectors)
{
	struct {
		unsigned long base, length;
	} *v = (void *)(uintptr_t)BUFFER;
	static const struct call users[] = {
		{CALL_OF(readv), {FD_FILE, BUFFER, 2}, "", 0},
		{CALL_OF(writev), {FD_FILE, BUFFER, 2}, "", 0},
		{CALL_OF(preadv), {FD_FILE, BUFFER, 2, 0}, "", 0},
		{CALL_OF(pwritev), {FD_FILE, BUFFER, 2, 0}, "", 0},
	};

	prepare();
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		v[0].base = HOLE;
		v[0].length = 16;
		v[1].base = BUFFER + 256;
		v[1].length = 16;
		expect(&users[i], users[i].arguments, EFAULT);
		v[0].base = KERNEL_HALF;
		expect(&users[i], users[i].arguments, EFAULT);
		v[0].base = BUFFER + 256;
		v[0].length = -1ul;
		expect(&users[i], users[i].arguments, EINVAL);
		v[0].length = 1ul << 63;
		expect(&users[i], users[i].arguments, EINVAL);
		v[0].length = 0;
		v[1].length = 1ul << 63;
		expect(&users[i], users[i].arguments, EINVAL);
	}
	finish("vectors");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world around the files half of the personality server, for host tests:
 * a core that parks and wakes but runs no code (fake_core.c), a file server, a pager
 * and a serial driver in memory (fake_servers.c).
 */
#ifndef TESTS_PROCESS_FILES_FAKE_H
#define TESTS_PROCESS_FILES_FAKE_H

#include "servers/process/core.h"
#include "servers/process/files.h"

enum call_number {
	NR_GETCWD = 17,
	NR_EVENTFD2 = 19,
	NR_EPOLL_CREATE1 = 20,
	NR_EPOLL_CTL = 21,
	NR_EPOLL_PWAIT = 22,
	NR_DUP = 23,
	NR_DUP3 = 24,
	NR_FCNTL = 25,
	NR_IOCTL = 29,
	NR_FLOCK = 32,
	NR_MKNODAT = 33,
	NR_MKDIRAT = 34,
	NR_UNLINKAT = 35,
	NR_SYMLINKAT = 36,
	NR_LINKAT = 37,
	NR_UMOUNT2 = 39,
	NR_MOUNT = 40,
	NR_FTRUNCATE = 46,
	NR_FACCESSAT = 48,
	NR_CHDIR = 49,
	NR_FCHDIR = 50,
	NR_CHROOT = 51,
	NR_FCHMODAT = 53,
	NR_OPENAT = 56,
	NR_CLOSE = 57,
	NR_PIPE2 = 59,
	NR_GETDENTS64 = 61,
	NR_LSEEK = 62,
	NR_READ = 63,
	NR_WRITE = 64,
	NR_READV = 65,
	NR_WRITEV = 66,
	NR_PREAD64 = 67,
	NR_PWRITE64 = 68,
	NR_SENDFILE = 71,
	NR_PSELECT6 = 72,
	NR_PPOLL = 73,
	NR_READLINKAT = 78,
	NR_NEWFSTATAT = 79,
	NR_FSTAT = 80,
	NR_TIMERFD_CREATE = 85,
	NR_TIMERFD_SETTIME = 86,
	NR_UTIMENSAT = 88,
	NR_UMASK = 166,
	NR_SOCKET = 198,
	NR_BIND = 200,
	NR_RENAMEAT2 = 276,
	NR_MEMFD_CREATE = 279,
	NR_COPY_FILE_RANGE = 285,
	NR_STATX = 291,
	NR_CLOSE_RANGE = 436,
};

#define FAKE_BASE 0x10000ull
#define FAKE_SIZE 0x400000ull /* bytes of every space; accesses outside fault */
#define SCRATCH (FAKE_BASE + 0x1000)
#define BAD_ADDRESS 0xdeadbeef000ull
#define AT_CWD ((uint64_t)(int64_t)-100)

/* Start again: empty file systems, pid 1 with its terminal. */
struct thread *fake_start(void);
/* A further process: a copy of pid 1's descriptors, in the session and group given. */
struct thread *fake_process(struct thread *parent, int32_t pgid);
void fake_exit(struct thread *t);

/* t calls with up to six arguments. The answer, or CALL_PARKED. */
#define CALL(t, n, ...) fake_call_n(t, n, (uint64_t[6]){__VA_ARGS__})
int64_t fake_call_n(struct thread *t, uint32_t number, const uint64_t args[6]);
/* Run what has been woken; move the clock (1 tick = 100 ns). */
void fake_settle(void);
void fake_sleep(uint64_t ns);
/* A signal comes to a parked thread. */
void fake_interrupt(struct thread *t);
/* Is t's call still parked? If not, *result is its answer. */
bool fake_is_parked(const struct thread *t);
int64_t fake_result(const struct thread *t);

/* The program's memory. */
void *fake_memory(struct thread *t, uint64_t address);
/* Put a string at the n-th path place (0..3) of t's memory; its address. */
uint64_t fake_string(struct thread *t, unsigned n, const char *string);
int64_t fake_open(struct thread *t, const char *path, uint32_t flags, uint32_t mode);
/* Write a string to a descriptor; read up to 4095 bytes into a static, terminated buffer. */
int64_t fake_write(struct thread *t, int64_t fd, const char *string);
int64_t fake_read(struct thread *t, int64_t fd, char **text);
/* The whole of a file; NULL if it cannot be opened. */
char *fake_file(struct thread *t, const char *path);

/* Signals sent since the last look: (number, group or process id). */
struct fake_signal {
	int number;
	int32_t to;
};
extern struct fake_signal fake_signals[64];
extern unsigned fake_signal_count;
extern bool fake_group_orphaned, fake_signal_ignored;

/* The wire. */
void fake_type(const char *bytes);
/* What the terminal has sent since the last call, terminated. */
const char *fake_screen(void);
extern size_t fake_serial_room; /* bytes the driver takes before its queue is full */

/* Openers that the fake servers count: must be 0 when all is closed. */
unsigned fake_openers(void);

/* ---- reporting ---- */

void check(bool ok, const char *what, const char *file, int line);
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
void test_run(const char *name, void (*test)(void));

void test_walk(void);
void test_descriptors(void);
void test_data(void);
void test_pipes(void);
void test_terminal(void);
void test_line(void);
void test_polling(void);
void test_proc(void);
void test_hostile(void);
void test_memory(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world around the personality server's core, for host tests: kernel
 * threads that run no code, a pager whose spaces are arrays, a clock that is
 * set by hand, and a files side that does nothing.
 */
#ifndef TESTS_PROCESS_FAKE_H
#define TESTS_PROCESS_FAKE_H

#include <setjmp.h>

#include "servers/process/core.h"

enum call_number {
	NR_EXIT = 93,
	NR_EXIT_GROUP = 94,
	NR_WAITID = 95,
	NR_SET_TID_ADDRESS = 96,
	NR_FUTEX = 98,
	NR_SET_ROBUST_LIST = 99,
	NR_NANOSLEEP = 101,
	NR_GETITIMER = 102,
	NR_SETITIMER = 103,
	NR_TIMER_CREATE = 107,
	NR_TIMER_GETTIME = 108,
	NR_TIMER_GETOVERRUN = 109,
	NR_TIMER_SETTIME = 110,
	NR_CLOCK_GETTIME = 113,
	NR_CLOCK_NANOSLEEP = 115,
	NR_KILL = 129,
	NR_TKILL = 130,
	NR_TGKILL = 131,
	NR_SIGALTSTACK = 132,
	NR_SIGSUSPEND = 133,
	NR_SIGACTION = 134,
	NR_SIGPROCMASK = 135,
	NR_SIGPENDING = 136,
	NR_SIGTIMEDWAIT = 137,
	NR_SIGQUEUEINFO = 138,
	NR_SIGRETURN = 139,
	NR_SETRESUID = 147,
	NR_GETRESUID = 148,
	NR_SETPGID = 154,
	NR_GETPGID = 155,
	NR_SETSID = 157,
	NR_PRCTL = 167,
	NR_GETPID = 172,
	NR_GETPPID = 173,
	NR_GETTID = 178,
	NR_CLONE = 220,
	NR_WAIT4 = 260,
	NR_PRLIMIT = 261,
	NR_GETRANDOM = 278,
	NR_RSEQ = 293,
	NR_CLONE3 = 435,
};

#define FAKE_BASE 0x10000ull /* first address of every space */
#define FAKE_SIZE 0x10000ull /* bytes; accesses outside fault */
#define FAKE_STACK (FAKE_BASE + FAKE_SIZE)

struct fake_thread {
	struct registers regs;
	struct fpu_state fpu;
	bool open, resumed, calling;
	bool answered; /* since fake_call */
};

extern struct fake_thread fake_threads[THREAD_LIMIT];
extern uint64_t fake_clock;  /* ticks; 10 MHz */
extern unsigned fake_spaces; /* alive */
extern unsigned fake_tables; /* references to fd_tables and fs_contexts */
extern int fake_power;	     /* -1 running, 0 off, 1 off with failure */
extern char fake_log[4096];
extern jmp_buf fake_jump; /* taken when the machine is switched off */

/* Start again: pid 1 with one thread in user code. */
struct thread *fake_start(void);

/* t calls; true: it was answered (its result is fake_result()). */
bool fake_call(struct thread *t, uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
	       uint64_t e, uint64_t f);
#define CALL0(t, n) fake_call(t, n, 0, 0, 0, 0, 0, 0)
#define CALL1(t, n, a) fake_call(t, n, (uint64_t)(a), 0, 0, 0, 0, 0)
#define CALL2(t, n, a, b) fake_call(t, n, (uint64_t)(a), (uint64_t)(b), 0, 0, 0, 0)
#define CALL3(t, n, a, b, c) fake_call(t, n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0, 0)
#define CALL4(t, n, a, b, c, d)                                                                    \
	fake_call(t, n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0, 0)
#define CALL6(t, n, a, b, c, d, e, f)                                                              \
	fake_call(t, n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), \
		  (uint64_t)(f))
/* A call that must be answered; its result. */
int64_t fake_result(const struct thread *t);
/* t has an exception. */
void fake_exception(struct thread *t, uint64_t cause, uint64_t value, uint64_t code);
/* Let the clock stand at `ticks` and run what is due. */
void fake_time(uint64_t ticks);
/* Attend to everything and send answers that were kept back. */
void fake_settle(void);
/* The memory of a process at an address; it must be inside. */
void *fake_memory(struct process *p, uint64_t address);
static inline uint32_t *fake_word(struct process *p, uint64_t address)
{
	return fake_memory(p, address);
}

/* ---- reporting ---- */

void check(bool ok, const char *what, int line);
#define CHECK(condition) check((condition), #condition, __LINE__)
void test_run(const char *name, void (*test)(void));
int test_summary(void); /* exit status */

/* The parts of the test program. */
void test_timers(void);
void test_signals(void);
void test_processes(void);
void test_futexes(void);
void test_arguments(void);
void test_random_calls(void);

#endif

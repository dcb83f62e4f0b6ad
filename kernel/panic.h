/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the kernel: a bug in it, or a machine that it cannot run on.
 * Nothing that a user program does may lead here.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <stdint.h>

/*
 * Stop all harts, print message, hart, trap registers and backtrace, fill in
 * panic_record and stay. With the boot argument panic=off the machine powers
 * off, as a failure. May be called on any hart, with or without any lock.
 */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/*
 * To be called first thing in the handler of the software interrupt: does not
 * return if another hart panics.
 */
void panic_stop_if_asked(void);

#define PANIC_STRING_(x) #x
#define PANIC_STRING(x) PANIC_STRING_(x)
/* A kernel bug if not. `condition` is always evaluated. */
#define assert(condition)                                                                          \
	(__builtin_expect(!!(condition), 1)                                                        \
		 ? (void)0                                                                         \
		 : panic("%s", __FILE__ ":" PANIC_STRING(__LINE__) ": not so: " #condition))

/* The same in the debug build (kernel/debug.h); elsewhere the condition is not evaluated. */
#ifdef KERNEL_DEBUG
#define debug_assert(condition) assert(condition)
#else
#define debug_assert(condition) ((void)0)
#endif

/* What a debugger finds under this symbol, or a memory dump by the magic. Append only. */
#define PANIC_RECORD_MAGIC 0x43494e41504c5652ull /* "RVLPANIC" in memory */
#define PANIC_FRAMES 16

struct panic_record {
	uint64_t magic; /* 0 while all is well */
	uint32_t version;
	uint32_t hart;			       /* logical number, HARTS_MAX in early boot */
	uint64_t time;			       /* ticks */
	uint64_t sepc, scause, stval, sstatus; /* of the last trap of this hart */
	uint64_t frame_count;
	uint64_t frames[PANIC_FRAMES]; /* return addresses, innermost first */
	char message[160];
};
_Static_assert(sizeof(struct panic_record) == 352, "debuggers know the layout");
extern struct panic_record panic_record;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single step of a thread by its debugger, in software: a breakpoint wherever
 * execution can go next. docs/debugging.md has the capabilities it takes.
 *
 * The breakpoints are seen by each thread that runs the code. A thread with a
 * handler endpoint of its own that hits another one's breakpoint waits there
 * with its exception; EXCEPTION_RESUME makes it go on with the instruction,
 * which is back by then.
 */
#ifndef SERVERS_LIB_SINGLE_STEP_H
#define SERVERS_LIB_SINGLE_STEP_H

#include <stdbool.h>

#include "servers/lib/syscall.h"

/* An LR/SC sequence has at most 16 instructions (unprivileged specification, chapter "A",
 * "Eventual Success of Store-Conditional Instructions"); each but the LR may leave it. */
#define STEP_SEQUENCE 16
#define STEP_EXITS STEP_SEQUENCE

enum step_error {
	STEP_OK,
	STEP_LENGTH,  /* an instruction of 48 bits or more */
	STEP_NO_SC,   /* an lr, and no sc that is reached from there without a jalr */
	STEP_OUTSIDE, /* execution leaves the code, or has left it */
	STEP_KERNEL,  /* the kernel refused: a capability is missing, or lacks a right */
	STEP_OTHER,   /* something else happened before a breakpoint was reached */
};

/* Code of the thread, mapped READ | EXECUTE there, and the debugger's writable view of the same
 * frames. Address and size are even. */
struct step_code {
	uint64_t address, bytes;
	volatile uint16_t *view;
};

/* Addresses, each once. */
struct step_exits {
	unsigned count;
	uint64_t address[STEP_EXITS];
};

/*
 * Where execution goes from pc: `registers` is pc, x1, ..., x31, as
 * THREAD_READ_REGISTERS gives them. One address, whatever the instruction of
 * RV64GC; whether it traps is not foreseen. For an lr all addresses that its
 * sequence leaves to: targets of its branches, and what follows the sc and the
 * branch back behind it, if there is one.
 */
enum step_error step_exits(const struct step_code *code, const uint64_t registers[32],
			   struct step_exits *exits);

struct single_step {
	struct step_code code;
	cap_t thread;		 /* MANAGE */
	cap_t window;		 /* of the thread's space, around the code; MANAGE */
	cap_t endpoint;		 /* the thread's handler and nobody else's */
	cap_t reply;		 /* holds its exception, or nobody while it is suspended */
	struct step_exits exits; /* where it stops next */
	uint16_t saved[STEP_EXITS];
};

/*
 * Let the thread run until it is at one of s->exits. Sends *m as the answer to
 * what `reply` holds, if anything; *m is then what came. STEP_OK: the
 * breakpoint's exception. STEP_OTHER: another message (its own exceptions and
 * ecalls, a bound notification). Once this returns, no breakpoint is left.
 */
enum step_error step_run(struct single_step *s, struct message *m);

/*
 * One instruction, or one LR/SC sequence. The thread is suspended and in no
 * wait, or has an exception that `reply` holds. A jump to itself is over at
 * once. Uses words 10-31 of the message buffer.
 */
enum step_error single_step(struct single_step *s, struct message *m);

#endif

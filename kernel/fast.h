/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast paths: the system calls that a system lives on, between threads of
 * one hart, without the kernel lock (hart-local sections, lock.h). Each checks
 * whether the case is the simple one and then does exactly what the full code
 * (ipc.c, lend.c, notification.c, schedule.c) would do; in any other case
 * nothing has changed and the caller takes the full path.
 */
#ifndef KERNEL_FAST_H
#define KERNEL_FAST_H

#include "kernel/objects.h"

struct fast_result {
	struct thread *next; /* to run, another one than self still within the section; NULL: take
				the full path */
	struct thread *self; /* the thread that came in */
};

/*
 * An ecall of t, called by trap_entry with the user's a1-a7; t's pc is behind
 * the ecall. Only those registers of t are saved that C functions change: when
 * another thread goes on, trap_entry saves the rest and then ends the section.
 */
struct fast_result fast_ecall(struct thread *t, uint64_t tag, uint64_t word0, uint64_t word1,
			      uint64_t word2, uint64_t word3, uint64_t word4, uint64_t number);

/* t's exception, whose fault_* are set, goes to its handler. Returns the thread to run, or NULL. */
struct thread *fast_exception(struct thread *t);
/* The same for a page fault: the entry allows the access after all, or the window's pager is asked. */
struct thread *fast_page_fault(struct thread *t);

/*
 * A device interrupt came while t ran. Claims it and signals it. Returns the
 * thread to run, or NULL: then *claimed, if not 0, is a source that was claimed
 * and not signalled (interrupt_device).
 */
struct thread *fast_interrupt(struct thread *t, uint32_t *claimed);

#endif

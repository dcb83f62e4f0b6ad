/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-hart state. In the kernel, tp points to this hart's struct.
 */
#ifndef KERNEL_HART_H
#define KERNEL_HART_H

#include "kernel/abi/object.h"
#include "kernel/types.h"

struct thread;
struct sched_context;
struct vm_space;

/* Threads by priority: see wait_queue.h. */
struct wait_queue {
	struct thread *head;
};

struct hart {
	uintptr_t stack_top;	       /* first, trap_entry.S */
	uint32_t bit;		       /* 1 << index */
	uint32_t local;		       /* 1: in a hart-local section (lock.h); trap_entry.S */
	struct thread *current;	       /* NULL: idle, or evicted */
	uint64_t fast_switches;	       /* entries that switched threads on the fast path */
	uint64_t entries;	       /* all others */
	uint64_t switches;	       /* others than the fast ones */
	struct thread *fpu_owner;      /* whose state the FPU registers hold */
	struct sched_context *charged; /* who pays for the time since charged_since; NULL: idle */
	uint64_t charged_since;
	uint64_t idle_ticks;
	uint64_t timer_at;	       /* when the timer interrupt is programmed to come */
	struct vm_space *active_space; /* vm/'s: see vm_current_space */
	unsigned index;		       /* logical number */
	bool online;		       /* takes part in scheduling */
	bool is_idle;		       /* waits for an interrupt, outside the lock */
	bool reschedule;	       /* a better thread may be ready, or the slice is over */
	bool yields;		       /* its thread lets others of its priority go first, once */
	bool evict;		 /* another hart asks this one to leave its thread and space */
	uint8_t counters;	 /* in scounteren */
	struct wait_queue queue; /* ready threads that do not run */
	uint64_t fences_sent;	 /* remote sfence.vma requests that it made */
	uint64_t fence_targets;	 /* harts that those named, in all */
};
_Static_assert(offsetof(struct hart, stack_top) == 0, "trap_entry.S");
_Static_assert(offsetof(struct hart, local) == 12, "trap_entry.S");

extern struct hart harts[HARTS_MAX];
/* No hart from this number on is online, or was. */
extern unsigned harts_online_end;

#ifdef KERNEL_HOST
struct hart *hart_current(void);
#else
static inline struct hart *hart_current(void)
{
	struct hart *hart;

	__asm__("mv %0, tp" : "=r"(hart));
	return hart;
}
#endif

/* Logical number of this hart. */
static inline unsigned hart_index(void)
{
	return hart_current()->index;
}

#endif

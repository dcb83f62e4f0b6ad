/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling: fixed priorities, a run queue per hart, idle harts steal.
 * All functions need the kernel lock unless they say otherwise.
 */
#ifndef KERNEL_SCHEDULE_H
#define KERNEL_SCHEDULE_H

#include "kernel/lend.h"

/* Once, before any thread is made ready. */
void sched_init(void);
/* This hart takes part from now on. */
void sched_hart_online(void);

/* May it run, as far as its own state goes? */
static inline bool thread_runnable(const struct thread *t)
{
	return t->hold == 0 && t->state == THREAD_READY && thread_has_time(t);
}

/*
 * The thread has become ready (or may have: does nothing if it runs or is
 * queued). Queues it on a hart, tells that hart. If it cannot run, time is lent
 * where that helps (lend_again). `handoff`: the calling hart's current thread is
 * about to block, so this hart suits.
 */
void sched_ready(struct thread *t, bool handoff);

/* Take it off its run queue and off the hart it runs on; user registers and FPU state are then
 * in the struct. It is not runnable to the scheduler only if its state says so. */
void sched_stop(struct thread *t);

/* A queued thread has another priority from now on. */
void sched_requeue(struct thread *t, uint8_t priority);
/* The priority of a thread in no queue changed: if it runs, its hart looks for a better one. */
void sched_current_changed(struct thread *t);

/* The current thread goes behind the others of its priority. */
void sched_yield(void);

/* The thread has to wait here: a hart that idles and may run it shall take it. Within a hart-local
 * section, too: that hart looks when it has the lock. */
void sched_offer(const struct thread *t);

/* Choose the thread that this hart runs next and switch to it; waits for interrupts while there
 * is none (without the lock). Preemption: everything else may change meanwhile. */
struct thread *sched_pick(void);

/* User mode may read the counters that the thread may: scounteren. */
void sched_set_counters(struct hart *hart, const struct thread *t);

/* The timer interrupt: slice over? */
void sched_timer(uint64_t now);
/* Program this hart's timer interrupt not later than `time` (ticks). */
void sched_set_timer(uint64_t time);

/* Make every other hart leave the space, and this one too. For its destruction. */
void sched_leave_space(struct vm_space *space);

/* Any hart, without the lock: if asked to, leave the current thread and space. */
void hart_serve_eviction(void);

#ifdef KERNEL_HOST
uint64_t time_now(void);
#else
static inline uint64_t time_now(void)
{
	uint64_t t;

	__asm__ volatile("rdtime %0" : "=r"(t));
	return t;
}
#endif

#endif

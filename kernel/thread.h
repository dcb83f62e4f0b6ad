/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: methods of the Thread object, exceptions, destruction. All
 * functions need the kernel lock.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include "kernel/objects.h"

/* Nobody handles the thread's exception: stop it; for the root task, say so on the console. */
void thread_dead(struct thread *t);

/*
 * An exception of the running thread other than ecall, with scause and stval,
 * before the kernel lock is taken: noted in the thread, and dealt with if that
 * needs nothing else. Returns the thread to run, or NULL: thread_exception is to be called.
 */
struct thread *thread_exception_begin(struct thread *t, uint64_t cause, uint64_t value);
/* Send the exception noted to the pager or the handler. */
void thread_exception(struct thread *t);

/* Destroy: off its hart, out of all queues, embedded capabilities gone. */
void thread_destroy(struct thread *t);

/* Its own scheduling context goes: it stops, what it lent comes back first. */
void thread_detach_sched(struct thread *t);

/* An interrupt that this hart should take soon is pending: stop long work. */
bool thread_preempt_pending(void);

#endif

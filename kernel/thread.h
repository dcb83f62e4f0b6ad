/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: methods of the Thread object, exceptions, destruction. All
 * functions need the kernel lock.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include "kernel/objects.h"

/* Nobody handles the thread's exception: stop it and say so on the console. */
void thread_dead(struct thread *t);

/* An exception of the running thread other than ecall, with scause and stval. */
void thread_exception(struct thread *t, uint64_t cause, uint64_t value);

/* Destroy: off its hart, out of all queues, embedded capabilities gone. */
void thread_destroy(struct thread *t);

/* An interrupt that this hart should take soon is pending: stop long work. */
bool thread_preempt_pending(void);

#endif

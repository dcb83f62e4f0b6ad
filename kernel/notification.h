/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications: a word of bits that signals are ored into and that waiting
 * takes and clears. All functions need the kernel lock; fast.c ors into the
 * word of a notification that nobody waits for by itself.
 */
#ifndef KERNEL_NOTIFICATION_H
#define KERNEL_NOTIFICATION_H

#include "kernel/objects.h"

/* Or bits into the word and wake who waits for it, or receives with it bound. `handoff`: the
 * calling hart's thread is about to wait. */
void notification_signal(struct notification *n, uint64_t bits, bool handoff);

/* If t's bound notification has a word, take it as the message received. */
bool notification_take_bound(struct thread *t);

/* t, in SYS_WAIT, waits no more. */
void notification_dequeue(struct thread *t);

/* System calls of the current thread. */
void notification_call_signal(struct thread *t);
void notification_call_wait(struct thread *t, bool may_block);

/* False = preempted, call again. */
bool notification_destroy(struct notification *n);

#endif

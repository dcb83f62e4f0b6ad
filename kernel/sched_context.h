/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling contexts: budgets.
 *
 * Period 0: the budget is a slice. Threads of one priority take turns, each
 * for its slice; nobody is kept from running.
 *
 * Else the budget is enforced as by a sporadic server: time used is given back
 * one period after its use began, so in any interval of a period's length no
 * more than the budget is used (Sprunt, Sha, Lehoczky 1989; the ring of pending
 * replenishments is as in Stanovic and others 2010). `refills` is that ring,
 * by time; the head is what may be used now. When there are more pieces than
 * SCHED_REFILLS the last ones are joined at the later time, which never gives
 * more than the budget. A context without usable time is `exhausted` until its
 * timer fires.
 *
 * Time is charged to the context that a hart runs on (hart->charged), when
 * the hart changes to another one, at the timer interrupt, and when somebody
 * asks; passing a context on by a call costs nothing.
 *
 * All functions need the kernel lock.
 */
#ifndef KERNEL_SCHED_CONTEXT_H
#define KERNEL_SCHED_CONTEXT_H

#include "kernel/objects.h"

/* Full budget from now on. */
void sched_context_fill(struct sched_context *sched, uint64_t now);

/* The hart's time from now on is paid by `sched` (NULL: nobody); returns when its slice or budget
 * ends, ~0 for NULL. What was used until now is charged to who paid. */
uint64_t sched_context_charge(struct hart *hart, struct sched_context *sched, uint64_t now);

/* t, ready and in no queue, runs on an exhausted context: it goes on with its own time if this was
 * lent, or with that of who waits for it, or tells its handler, or waits. */
void sched_context_time_over(struct thread *t);

/* Ticks used, up to now. */
uint64_t sched_context_consumed(const struct sched_context *sched);

/* Timer of an exhausted context: who runs on it may go on. */
void sched_context_replenished(struct sched_context *sched, uint64_t now);

/* Forget timer and replenishments; for its destruction. */
void sched_context_stop(struct sched_context *sched);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of notifications (NOTIFICATION_SET_TIMER) and of scheduling contexts
 * that wait for a replenishment. At most TIMERS_MAX of each are armed at a
 * time; who needs more keeps a queue of its own behind one. All functions need
 * the kernel lock.
 */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include "kernel/abi/errors.h"
#include "kernel/types.h"

#define TIMERS_MAX 64

enum timer_kind { TIMER_NOTIFICATION, TIMER_SCHED_CONTEXT, TIMER_KINDS };

/* Within a notification or scheduling context; zeroed = off. */
struct timer {
	uint64_t deadline; /* ticks; 0 = off */
	enum timer_kind kind;
};

/* Arm, or move, a timer to `deadline` (ticks, not 0). ERR_LIMIT: TIMERS_MAX of its kind are. */
NODISCARD enum err timer_arm(struct timer *timer, enum timer_kind kind, uint64_t deadline);
/* Switch it off. */
void timer_disarm(struct timer *timer);
/* Deal with those whose time has come and program this hart's interrupt for the next. */
void timers_fire(uint64_t now);

#endif

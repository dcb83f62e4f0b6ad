/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of notifications (NOTIFICATION_SET_TIMER). At most TIMERS_MAX are
 * armed at a time; who needs more keeps a queue of its own behind one. All
 * functions need the kernel lock.
 */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include "kernel/objects.h"

#define TIMERS_MAX 64

/* Arm, or move, the timer of a notification to `deadline` (ticks, not 0). ERR_LIMIT. */
NODISCARD enum err timer_arm(struct notification *n, uint64_t deadline);
/* Switch it off. */
void timer_disarm(struct notification *n);
/* Signal those whose time has come and program this hart's interrupt for the next. */
void timers_fire(uint64_t now);

#endif

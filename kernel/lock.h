/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel lock: one spin lock around everything a trap does between
 * saving and restoring user registers. Interrupts are off in the kernel, so
 * a hart holds it for one bounded piece of work at a time.
 *
 * A hart that waits for it still serves requests to leave its thread and space
 * (hart.h, evict): the holder may wait for that.
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

/* Wait for the lock, in no particular order. Not re-entrant. */
void kernel_lock(void);
/* Precondition: this hart holds it. */
void kernel_unlock(void);

#endif

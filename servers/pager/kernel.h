/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVERS_PAGER_KERNEL_H
#define SERVERS_PAGER_KERNEL_H

#include "servers/lib/syscall.h"
#include "servers/pager/frames.h"

/*
 * Take the pool over: bind it to a window of the pager's own space and map all of it. Fills
 * *extents (POOL_EXTENTS) and returns their number; ends the program on failure. `endpoint`: where
 * the faults of all spaces go. Once.
 */
unsigned kernel_take_pool(cap_t pool, cap_t endpoint, struct pool_extent *extents);

/* Make the notification that kernel_tick_after signals, bound to this thread. Once. */
void kernel_start_clock(void);

#endif

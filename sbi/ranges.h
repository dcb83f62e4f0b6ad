/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small sorted arrays of physical ranges that do not overlap.
 */
#ifndef SBI_RANGES_H
#define SBI_RANGES_H

#include "kernel/types.h"

/* No function here is given a range that is empty or that passes the end of the address space. */
static inline uint64_t range_end(struct phys_range range)
{
	return range.base + range.size;
}

static inline bool range_meets(struct phys_range a, struct phys_range b)
{
	return a.base < range_end(b) && b.base < range_end(a);
}

/* The first of `count` ranges that overlaps `range`; `count` if none does. */
unsigned ranges_find(const struct phys_range *ranges, unsigned count, struct phys_range range);

/*
 * Add a range, made one with those that it overlaps. False: more than `max`,
 * nothing changed. `range` is passed by value, so it may lie in the array
 * behind the first *count.
 */
NODISCARD bool ranges_add(struct phys_range *ranges, unsigned *count, unsigned max,
			  struct phys_range range);

/* Take `hole` out of the ranges. If a range would fall in two and there is no room, its upper part
 * is lost. */
void ranges_cut(struct phys_range *ranges, unsigned *count, unsigned max, struct phys_range hole);

#endif

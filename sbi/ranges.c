/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted arrays of ranges. They have a few dozen entries, so everything is a
 * linear search and a shift.
 */
#include "sbi/ranges.h"

unsigned ranges_find(const struct phys_range *ranges, unsigned count, struct phys_range range)
{
	unsigned i = 0;

	while (i < count && !range_meets(ranges[i], range)) {
		i++;
	}
	return i;
}

/* Move the entries from `from` on to `to`; one must be free behind them if to > from. */
static void shift(struct phys_range *ranges, unsigned *count, unsigned from, unsigned to)
{
	if (to < from) {
		for (unsigned i = from; i < *count; i++) {
			ranges[i - from + to] = ranges[i];
		}
	} else {
		for (unsigned i = *count; i > from; i--) {
			ranges[i - 1 + to - from] = ranges[i - 1];
		}
	}
	*count = *count + to - from;
}

bool ranges_add(struct phys_range *ranges, unsigned *count, unsigned max, struct phys_range range)
{
	uint64_t end = range_end(range);
	unsigned first = 0;
	unsigned last;

	while (first < *count && range_end(ranges[first]) <= range.base) {
		first++;
	}
	last = first;
	while (last < *count && ranges[last].base < end) {
		last++;
	}
	if (first == last) {
		if (*count == max) {
			return false;
		}
		shift(ranges, count, first, first + 1);
	} else {
		/* [first, last) overlap it, and become one. */
		if (ranges[first].base < range.base) {
			range.base = ranges[first].base;
		}
		if (range_end(ranges[last - 1]) > end) {
			end = range_end(ranges[last - 1]);
		}
		shift(ranges, count, last, first + 1);
	}
	range.size = end - range.base;
	ranges[first] = range;
	return true;
}

void ranges_cut(struct phys_range *ranges, unsigned *count, unsigned max, struct phys_range hole)
{
	unsigned i = 0;

	while (i < *count) {
		struct phys_range old = ranges[i];

		if (!range_meets(old, hole)) {
			i++;
			continue;
		}
		shift(ranges, count, i + 1, i);
		if (old.base < hole.base) {
			shift(ranges, count, i, i + 1);
			ranges[i].base = old.base;
			ranges[i].size = hole.base - old.base;
			i++;
		}
		if (range_end(old) > range_end(hole) && *count < max) {
			shift(ranges, count, i, i + 1);
			ranges[i].base = range_end(hole);
			ranges[i].size = range_end(old) - range_end(hole);
			i++;
		}
	}
}

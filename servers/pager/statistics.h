/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters, and the figures that the protocol reports. */
#ifndef SERVERS_PAGER_STATISTICS_H
#define SERVERS_PAGER_STATISTICS_H

#include "servers/pager/object.h"

struct statistics {
	uint64_t minor_faults, major_faults, cow_copies;
};
extern struct statistics statistics;

void statistics_fault(struct space *space, bool major);
void statistics_pager(struct pager_statistics *out);
void statistics_space(struct space *space, struct pager_space_statistics *out);
/*
 * Describe the regions that end above `address`, at most `most`, to `out`.
 * Returns how many. `figures`: fill in the page figures too.
 */
unsigned statistics_regions(struct space *space, uint64_t address, struct pager_region *out,
			    unsigned most, bool figures);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of page tables, gathered. Items queue in order and run at
 * mapping_flush, or together with the answer to the request (mapping_take).
 * Rights are RIGHT_READ, RIGHT_WRITE, RIGHT_EXECUTE of kernel/abi/object.h.
 */
#ifndef SERVERS_PAGER_MAPPING_H
#define SERVERS_PAGER_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/window.h"

struct space;

/* Show `count` frames from `frame` on at `page`; any entry there is replaced. `flags`: WINDOW_ZERO,
 * WINDOW_FENCE_I. */
void mapping_map(struct space *space, uint64_t page, uint32_t frame, uint32_t count, uint8_t rights,
		 uint16_t flags);
/* Set the rights of the valid entries in a range; no rights at all unmaps. */
void mapping_protect(struct space *space, uint64_t page, uint64_t count, uint8_t rights,
		     uint16_t flags);
void mapping_unmap(struct space *space, uint64_t page, uint64_t count);
/* Take WRITE from all entries of the space, at a cost that does not grow with them (WINDOW_FREEZE). */
void mapping_freeze(struct space *space);

/*
 * Run everything that is queued. False if a MAP was dropped for want of
 * page-table memory: the page faults again, and the faulter should be told.
 */
bool mapping_flush(void);

/*
 * For the fused answer: copy the queued items (at most WINDOW_ITEMS) to
 * `items` and return their number; then tell what came of them. If
 * mapping_finish returns false, items are left: mapping_flush.
 */
unsigned mapping_take(struct window_item *items);
bool mapping_finish(const struct window_item *items);
/* The same if all of them were done. */
void mapping_complete(void);

/* Pages in MAP items done, and SYS_WINDOW calls, since boot. */
struct mapping_counts {
	uint64_t calls, items, pages_mapped, dropped;
};
extern struct mapping_counts mapping_counts;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The page cache: pages of objects, dirty state, write-back, eviction. */
#ifndef SERVERS_PAGER_CACHE_H
#define SERVERS_PAGER_CACHE_H

#include "servers/pager/frames.h"

struct object;
struct read_ahead;

/* Pages read at once at the most. */
#define CLUSTER_MAX 32u

struct cache_counts {
	uint64_t pages_in, pages_out, evictions, zero_fills;
	uint64_t dirty, writeback; /* pages now */
	uint64_t memory_pages;	   /* now, of objects that are on no disk */
};
extern struct cache_counts cache_counts;

/*
 * The frame of page `index` (below object_pages), read from the disk if it is
 * not there, along with what `ahead` and `wanted` (pages that the caller will
 * need from here on, >= 1) suggest. *major (may be NULL): a disk read was
 * waited for. Result: the frame, or -STATUS_IO, -STATUS_NOMEM. The frame may
 * be evicted by the next allocation unless pinned.
 */
int64_t cache_page(struct object *object, uint64_t index, struct read_ahead *ahead, uint32_t wanted,
		   bool *major);
/* The same for a page of which all bytes will be overwritten: not read. */
int64_t cache_page_blank(struct object *object, uint64_t index);
/* The frame if the page is there, else 0. */
uint32_t cache_find(const struct object *object, uint64_t index);

/* Between these, eviction leaves a frame alone. They nest. */
static inline void cache_pin(uint32_t frame)
{
	frame_of(frame)->refs++;
}
static inline void cache_unpin(uint32_t frame)
{
	frame_of(frame)->refs--;
}

/*
 * Before a page is written to or mapped writable: give it a place on the disk
 * and mark it dirty. -NOSPC, -IO... as the file server says. May write other
 * pages back, to keep the number of dirty ones bounded; the frame stays.
 */
int cache_make_dirty(struct object *object, uint64_t index, uint32_t frame);
/* Has memory or the disk so many dirty pages waiting that some should be written back now? */
void cache_balance_dirty(void);

/* Write the dirty pages in [first, end) to the disk and wait. The first error or 0. */
int cache_write_back(struct object *object, uint64_t first, uint64_t end);
/* Write whole objects back: those dirty for `age` milliseconds, until at most `goal` pages are
 * dirty. The first error or 0. */
int cache_write_back_old(uint64_t age, uint64_t goal);

/* Drop pages [first, end), dirty or not: after truncation, or when the object goes. Unmaps them
 * everywhere first. */
void cache_drop(struct object *object, uint64_t first, uint64_t end);
/* The same for pages that no entry shows. */
void cache_release(struct object *object, uint64_t first, uint64_t end);
/* Queue the removal of the entries that show [first, end), in every space. */
void cache_unmap(struct object *object, uint64_t first, uint64_t end);
/* Queue the removal of WRITE from the entries that show [first, end), in every space. */
void cache_protect(struct object *object, uint64_t first, uint64_t end);
/* Write back what has been dirty for long; called after kernel_tick_after. */
void cache_tick(void);

/* Put a page on the queues of those that can be evicted, or take it off (if it is there). */
void replace_add(uint32_t number);
void replace_remove(uint32_t number);
/* How many are on them. */
uint32_t replace_evictable(void);
/* Memory is getting short: find out which pages are in use, a batch at a time. */
void cache_age(void);
/* Try to free `count` frames. Returns how many were freed. */
uint32_t cache_reclaim(uint32_t count);

#endif

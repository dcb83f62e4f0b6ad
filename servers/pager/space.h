/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spaces and their regions. Pages are numbered by address >> 12; a space has
 * fewer than 2^26, so 32 bits hold them. Functions that can fail return 0 (or
 * a result > 0) or -STATUS_* (servers/protocol/status.h).
 */
#ifndef SERVERS_PAGER_SPACE_H
#define SERVERS_PAGER_SPACE_H

#include "servers/pager/port.h"
#include "servers/pager/tree.h"
#include "servers/protocol/pager.h"
#include "servers/protocol/status.h"

#define SPACES_MAX 512u
#define REGIONS_MAX 65530u /* of one space, as Linux */
#define REGION_LEVELS 6
#define PAGE_FIRST ((uint32_t)(PAGER_SPACE_FIRST >> PAGE_SHIFT))
#define PAGE_END ((uint32_t)(PAGER_SPACE_END >> PAGE_SHIFT))
/* Pages below a stack that nothing else is placed in, and whose faults are stack overflows. */
#define STACK_GUARD_PAGES 256u
/* Pages of a stack that its region shows at first. */
#define STACK_FIRST_PAGES 32u

enum region_advice {
	ADVICE_RANDOM = 1,
	ADVICE_SEQUENTIAL = 2,
	ADVICE_DONT_FORK = 4,
	ADVICE_DONT_DUMP = 8,
	ADVICE_WIPE_ON_FORK = 16,
};

/* Read-ahead state of one stream of accesses to an object. */
struct read_ahead {
	uint64_t next;	 /* page behind the last cluster read */
	uint32_t window; /* pages of that cluster */
};

struct region {
	uint32_t start, end; /* pages, half open */
	uint32_t limit;	     /* PAGER_STACK: lowest page it may grow to; else = start */
	uint8_t protection;  /* enum pager_protection */
	uint8_t advice;	     /* enum region_advice */
	uint8_t levels;	     /* links in use of next[] */
	bool touched;	     /* an entry or a private page may be in its range */
	uint32_t flags;	     /* enum pager_map_flag, those that stay */
	uint64_t offset;     /* page of the object at start */
	struct space *space;
	struct object *object; /* NULL: private anonymous */
	struct region *object_next, *object_prev;
	struct region *prev;		    /* in the space, NULL for the first */
	struct region *next[REGION_LEVELS]; /* skip list, by address */
	struct read_ahead ahead;
};

struct space {
	uint32_t number; /* 1..SPACES_MAX */
	bool active;
	bool idle; /* not active, kernel objects ready for the next use */
	struct kernel_space kernel;
	struct tree tree; /* private pages, by page number */
	struct region *first[REGION_LEVELS];
	uint32_t region_count;
	uint64_t virtual_pages, locked_pages, peak_resident;
	uint64_t minor_faults, major_faults;
	uint64_t cow_shared, cow_copied;
};

/* ---- space.c ---- */

/* The active space of this number or NULL. */
struct space *space_find(uint64_t number);
/* A new space; *out, -NOMEM, -AGAIN (too many). */
int space_create(struct space **out);
/* A copy of `parent`, copy on write. */
int space_fork(struct space *parent, struct space **out);
void space_destroy(struct space *space);
/* Give the kernel objects kept of one destroyed space back; false if none are kept. */
bool space_free_idle(void);
/* How many are active. */
uint32_t space_count(void);
/* Space by slot 0..SPACES_MAX-1, NULL if never used: for walks over all. */
struct space *space_at(uint32_t slot);
/* Note the resident size for the peak. */
void space_note_resident(struct space *space, uint64_t cache_pages);

/* ---- regions.c: the sorted list ---- */

/* The first region that ends above `page`, NULL if none. */
struct region *region_above(const struct space *space, uint32_t page);
/* The region that holds `page`, NULL if none. */
struct region *region_at(const struct space *space, uint32_t page);
static inline struct region *region_next(const struct region *region)
{
	return region->next[0];
}
static inline struct region *region_first(const struct space *space)
{
	return space->first[0];
}
/* A record with the given space, not in any list; NULL if memory is out. */
struct region *region_create(struct space *space);
/* Free a record that is in no list. */
void region_discard(struct region *region);
/* Copy what describes `from` (bounds, protection, flags, object...), not its links. */
void region_describe(struct region *region, const struct region *from);
/* Insert into space and object; takes a reference of the object. It must overlap nothing. */
void region_insert(struct region *region);
/* Take out of space and object, and free the record. */
void region_remove(struct region *region);
/* Cut at `page`, which becomes the start of a second region. -NOMEM. */
int region_split(struct region *region, uint32_t page);
/* Join with neighbours that continue it. Returns the region that holds its pages now. */
struct region *region_merge(struct region *region);
/* See that no region crosses `start` or `end`. -NOMEM. */
int regions_cut(struct space *space, uint32_t start, uint32_t end);
/* Do regions cover all of [start, end)? */
bool regions_cover(const struct space *space, uint32_t start, uint32_t end);
/* Highest free place for `pages`, 0 if none. `below`: upper limit. */
uint32_t regions_find_gap(const struct space *space, uint32_t pages, uint32_t below);
/* Is [start, end) free of regions (a stack's room to grow and guard counts if `guards`)? */
bool regions_free(const struct space *space, uint32_t start, uint32_t end, bool guards);
/* The page of the region's object that its `page` shows. */
static inline uint64_t region_index(const struct region *region, uint32_t page)
{
	return region->offset + (page - region->start);
}
/* Rights of entries that protection allows at most. */
static inline uint8_t region_rights(const struct region *region)
{
	/* PAGER_READ... have the values of RIGHT_READ...; a writable page is readable. */
	return (region->protection & PAGER_WRITE) ? (uint8_t)(region->protection | PAGER_READ)
						  : region->protection;
}

/* ---- map.c, remap.c, advise.c: requests on address ranges, in bytes ---- */

struct map_request {
	uint64_t address, length;
	uint32_t protection, flags, object;
	uint64_t offset;
};
/* Result: the address. */
int64_t space_map(struct space *space, const struct map_request *request);
/* May a private writable range of so many pages be promised? */
bool commit_allows(uint64_t pages);
int space_unmap(struct space *space, uint64_t address, uint64_t length);
int space_protect(struct space *space, uint64_t address, uint64_t length, uint64_t protection);
int64_t space_remap(struct space *space, uint64_t address, uint64_t length, uint64_t new_length,
		    uint64_t flags, uint64_t new_address);
int space_advise(struct space *space, uint64_t address, uint64_t length, uint64_t advice);
int space_sync(struct space *space, uint64_t address, uint64_t length, uint64_t flags);
int space_lock(struct space *space, uint64_t address, uint64_t length, bool lock);
/* One byte a page to `out`. */
int space_mincore(struct space *space, uint64_t address, uint64_t length, uint8_t *out);

/* Check a range of a request: -INVAL unless `address` is aligned; pages to *start and *end (length
 * rounded up), -NOMEM beyond the end of the space. */
int range_check(uint64_t address, uint64_t length, uint32_t *start, uint32_t *end);
/* Remove entries and private pages of [start, end); regions stay. -NOMEM before anything changed. */
int range_empty(struct space *space, uint32_t start, uint32_t end);
/* Unmap whole regions and parts: [start, end) has no region afterwards. */
int range_unmap(struct space *space, uint32_t start, uint32_t end);
/*
 * Bring the pages of [start, end) in and map them; private writable ones as
 * if written to, unless `access` (enum fault_access, 0 = as said) names one.
 * Ends at the first that cannot be had: -FAULT, -IO, -NOMEM (also after as many as the pool has).
 */
int range_populate(struct space *space, uint32_t start, uint32_t end, unsigned access);

#endif

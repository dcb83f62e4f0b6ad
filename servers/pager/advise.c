/* SPDX-License-Identifier: BSD-2-Clause */
/* madvise, msync, mlock and mincore. */
#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "servers/pager/mapping.h"

enum linux_advice {
	MADV_NORMAL = 0,
	MADV_RANDOM = 1,
	MADV_SEQUENTIAL = 2,
	MADV_WILLNEED = 3,
	MADV_DONTNEED = 4,
	MADV_FREE = 8,
	MADV_REMOVE = 9,
	MADV_DONTFORK = 10,
	MADV_DOFORK = 11,
	MADV_MERGEABLE = 12,
	MADV_UNMERGEABLE = 13,
	MADV_HUGEPAGE = 14,
	MADV_NOHUGEPAGE = 15,
	MADV_DONTDUMP = 16,
	MADV_DODUMP = 17,
	MADV_WIPEONFORK = 18,
	MADV_KEEPONFORK = 19,
	MADV_COLD = 20,
	MADV_PAGEOUT = 21,
	MADV_POPULATE_READ = 22,
	MADV_POPULATE_WRITE = 23,
};

/* Pages that one WILLNEED reads at the most. */
#define WILLNEED_MAX 1024u

/* Changes of a region's advice bits: what each number clears and sets. */
static const struct {
	uint8_t number, clear, set;
} advice_bits[] = {
	{MADV_NORMAL, ADVICE_RANDOM | ADVICE_SEQUENTIAL, 0},
	{MADV_RANDOM, ADVICE_SEQUENTIAL, ADVICE_RANDOM},
	{MADV_SEQUENTIAL, ADVICE_RANDOM, ADVICE_SEQUENTIAL},
	{MADV_DONTFORK, 0, ADVICE_DONT_FORK},
	{MADV_DOFORK, ADVICE_DONT_FORK, 0},
	{MADV_DONTDUMP, 0, ADVICE_DONT_DUMP},
	{MADV_DODUMP, ADVICE_DONT_DUMP, 0},
	{MADV_WIPEONFORK, 0, ADVICE_WIPE_ON_FORK},
	{MADV_KEEPONFORK, ADVICE_WIPE_ON_FORK, 0},
	/* Accepted, without effect so far. */
	{MADV_MERGEABLE, 0, 0},
	{MADV_UNMERGEABLE, 0, 0},
	{MADV_HUGEPAGE, 0, 0},
	{MADV_NOHUGEPAGE, 0, 0},
};

/* An operation on [start, end) of one region. */
typedef int part_fn(struct region *region, uint32_t start, uint32_t end, unsigned argument);

/*
 * Do something with the part of each region in [start, end). Goes on behind
 * holes; -NOMEM for those in the end, unless an error came first.
 */
static int each_part(struct space *space, uint32_t start, uint32_t end, part_fn *part,
		     unsigned argument)
{
	struct region *region = region_above(space, start);
	bool hole = false;
	uint32_t at = start;

	for (; region != NULL && region->start < end; region = region_next(region)) {
		uint32_t from = region->start > at ? region->start : at;
		uint32_t to = region->end < end ? region->end : end;
		int error;

		hole = hole || region->start > at;
		error = part(region, from, to, argument);
		if (error != 0) {
			return error;
		}
		at = to;
	}
	return hole || at < end ? -STATUS_NOMEM : 0;
}

static int advise_willneed(struct region *region, uint32_t start, uint32_t end, unsigned argument)
{
	struct object *object = region->object;
	uint64_t index, stop;

	(void)argument;
	if (object == NULL || !object_on_disk(object)) {
		return 0;
	}
	index = region_index(region, start);
	stop = region_index(region, end);
	stop = stop > object_pages(object) ? object_pages(object) : stop;
	stop = stop > index + WILLNEED_MAX ? index + WILLNEED_MAX : stop;
	for (; index < stop && frames.free > frames.low + CLUSTER_MAX; index++) {
		uint64_t left = stop - index;

		if (cache_page(object, index, NULL,
			       left > CLUSTER_MAX ? CLUSTER_MAX : (uint32_t)left, NULL) < 0) {
			break; /* advice: the access will report it */
		}
	}
	return 0;
}

static int advise_dontneed(struct region *region, uint32_t start, uint32_t end, unsigned argument)
{
	if (argument == MADV_FREE && (region->object != NULL || (region->flags & PAGER_SHARED))) {
		return -STATUS_INVAL;
	}
	if (region->flags & PAGER_LOCKED) {
		return -STATUS_INVAL;
	}
	if (!(region->flags & PAGER_SHARED)) {
		return range_empty(region->space, start, end);
	}
	if (region->touched) {
		mapping_unmap(region->space, start, end - start);
	}
	return 0;
}

/* Punch a hole: for memory objects; files on disk cannot yet. */
static int advise_remove(struct region *region, uint32_t start, uint32_t end, unsigned argument)
{
	struct object *object = region->object;

	(void)argument;
	if (region->flags & PAGER_LOCKED) {
		return -STATUS_INVAL;
	}
	if (object == NULL || !(region->flags & PAGER_SHARED)) {
		return -STATUS_INVAL;
	}
	if (!(region->protection & PAGER_WRITE)) {
		return -STATUS_ACCES;
	}
	if (object_on_disk(object)) {
		return -STATUS_OPNOTSUPP;
	}
	cache_drop(object, region_index(region, start), region_index(region, end));
	return 0;
}

static int advise_populate(struct region *region, uint32_t start, uint32_t end, unsigned argument)
{
	return range_populate(region->space, start, end, argument);
}

/* Change advice bits of regions, cut at both ends. */
static int advise_bits(struct space *space, uint32_t start, uint32_t end, uint8_t clear,
		       uint8_t set)
{
	bool covered = regions_cover(space, start, end);
	int error = regions_cut(space, start, end);
	struct region *region = error == 0 ? region_above(space, start) : NULL;

	while (region != NULL && region->start < end) {
		if ((set & ADVICE_WIPE_ON_FORK) &&
		    (region->object != NULL || (region->flags & PAGER_SHARED))) {
			return -STATUS_INVAL;
		}
		region->advice = (uint8_t)((region->advice & ~clear) | set);
		region = region_next(region_merge(region));
	}
	return error != 0 ? error : covered ? 0 : -STATUS_NOMEM;
}

int space_advise(struct space *space, uint64_t address, uint64_t length, uint64_t advice)
{
	uint32_t start, end;
	int error = range_check(address, length, &start, &end);

	if (error != 0) {
		return -STATUS_INVAL;
	}
	for (unsigned i = 0; i < sizeof(advice_bits) / sizeof(advice_bits[0]); i++) {
		if (advice_bits[i].number == advice) {
			return start == end ? 0
					    : advise_bits(space, start, end, advice_bits[i].clear,
							  advice_bits[i].set);
		}
	}
	switch (advice) {
	case MADV_WILLNEED:
		return each_part(space, start, end, advise_willneed, 0);
	case MADV_DONTNEED:
	case MADV_FREE:
		return each_part(space, start, end, advise_dontneed, (unsigned)advice);
	case MADV_REMOVE:
		return each_part(space, start, end, advise_remove, 0);
	case MADV_POPULATE_READ:
		return each_part(space, start, end, advise_populate, FAULT_READ);
	case MADV_POPULATE_WRITE:
		return each_part(space, start, end, advise_populate, FAULT_WRITE);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return regions_cover(space, start, end) || start == end ? 0 : -STATUS_NOMEM;
	default:
		return -STATUS_INVAL;
	}
}

#define SYNC_ASYNC 1u
#define SYNC_INVALIDATE 2u
#define SYNC_SYNC 4u

static int sync_part(struct region *region, uint32_t start, uint32_t end, unsigned flags)
{
	struct object *object = region->object;
	int error;

	if ((flags & SYNC_INVALIDATE) && (region->flags & PAGER_LOCKED)) {
		return -STATUS_BUSY;
	}
	if (!(flags & SYNC_SYNC) || object == NULL || !object_on_disk(object) ||
	    !(region->flags & PAGER_SHARED)) {
		return 0;
	}
	error = cache_write_back(object, region_index(region, start), region_index(region, end));
	if (error == 0) {
		error = object->error;
	}
	object->error = 0;
	return error != 0 ? error : files_sync(object->fs);
}

int space_sync(struct space *space, uint64_t address, uint64_t length, uint64_t flags)
{
	uint32_t start, end;
	int error = range_check(address, length, &start, &end);

	if (error != 0) {
		return error;
	}
	if ((flags & ~7ull) || (flags & (SYNC_ASYNC | SYNC_SYNC)) == (SYNC_ASYNC | SYNC_SYNC)) {
		return -STATUS_INVAL;
	}
	return each_part(space, start, end, sync_part, (unsigned)flags);
}

int space_lock(struct space *space, uint64_t address, uint64_t length, bool lock)
{
	uint32_t start, end;
	uint64_t aligned = address & ~(PAGE_BYTES - 1);
	struct region *region;
	int error = range_check(aligned, length + (address - aligned), &start, &end);
	bool covered;

	if (error != 0 || length > PAGER_SPACE_END) {
		return length > PAGER_SPACE_END ? -STATUS_INVAL : error;
	}
	if (start == end) {
		return 0;
	}
	if (lock && space->locked_pages + (end - start) > frames.total / 2) {
		return -STATUS_NOMEM;
	}
	covered = regions_cover(space, start, end);
	error = regions_cut(space, start, end);
	region = error == 0 ? region_above(space, start) : NULL;
	while (region != NULL && region->start < end) {
		uint32_t pages = region->end - region->start;
		bool was = region->flags & PAGER_LOCKED;

		space->locked_pages += lock && !was ? pages : 0;
		space->locked_pages -= !lock && was ? pages : 0;
		region->flags = lock ? region->flags | PAGER_LOCKED
				     : region->flags & ~(uint32_t)PAGER_LOCKED;
		region = region_next(region_merge(region));
	}
	if (error != 0 || !covered) {
		return error != 0 ? error : -STATUS_NOMEM;
	}
	if (lock && range_populate(space, start, end, 0) == -STATUS_NOMEM) {
		return -STATUS_NOMEM;
	}
	return 0;
}

int space_mincore(struct space *space, uint64_t address, uint64_t length, uint8_t *out)
{
	uint32_t start, end;
	int error = range_check(address, length, &start, &end);

	if (error != 0) {
		return error;
	}
	if (start != end && !regions_cover(space, start, end)) {
		return -STATUS_NOMEM;
	}
	for (uint32_t page = start; page < end; page++) {
		const struct region *region = region_at(space, page);
		bool here = false;

		if (!(region->flags & PAGER_SHARED)) {
			here = tree_get(&space->tree, page, NULL) != 0;
		}
		if (!here && region->object != NULL) {
			here = cache_find(region->object, region_index(region, page)) != 0;
		}
		out[page - start] = here;
	}
	return 0;
}

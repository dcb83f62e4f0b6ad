/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap, munmap and mprotect. Each checks everything and takes the memory it
 * needs before it changes anything, except where Linux, too, applies a
 * request up to the first hole.
 *
 * W^X: protection with WRITE and EXECUTE together is refused with -ACCES.
 *
 * Overcommit: a private writable mapping larger than the whole pool is
 * refused with -NOMEM unless PAGER_NORESERVE; all else is promised.
 */
#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "servers/pager/mapping.h"
#include "servers/pager/statistics.h"

#include "kernel/abi/fault.h"

#define PROTECTION_ALL (PAGER_READ | PAGER_WRITE | PAGER_EXECUTE)
#define FLAGS_ALL                                                                                  \
	(PAGER_SHARED | PAGER_FIXED | PAGER_NOREPLACE | PAGER_STACK | PAGER_POPULATE |             \
	 PAGER_LOCKED | PAGER_NORESERVE | PAGER_HEAP | PAGER_NEVER_WRITE)
#define FLAGS_KEPT                                                                                 \
	(PAGER_SHARED | PAGER_STACK | PAGER_LOCKED | PAGER_NORESERVE | PAGER_HEAP |                \
	 PAGER_NEVER_WRITE)

/* Where mappings without an address are placed: downwards from here; what the client places by
 * itself, as stacks, can be above. */
#define PLACE_BELOW (PAGE_END - (64u << (20 - PAGE_SHIFT)))

int range_check(uint64_t address, uint64_t length, uint32_t *start, uint32_t *end)
{
	if (address & (PAGE_BYTES - 1)) {
		return -STATUS_INVAL;
	}
	if (address > PAGER_SPACE_END || length > PAGER_SPACE_END - address) {
		return -STATUS_NOMEM;
	}
	*start = (uint32_t)(address >> PAGE_SHIFT);
	*end = *start + (uint32_t)((length + PAGE_BYTES - 1) >> PAGE_SHIFT);
	return 0;
}

int range_empty(struct space *space, uint32_t start, uint32_t end)
{
	struct region *region = region_above(space, start);
	bool touched = false;

	for (struct region *r = region; r != NULL && r->start < end; r = region_next(r)) {
		touched = touched || r->touched;
	}
	if (!touched) {
		return 0;
	}
	if (!tree_prepare_range(&space->tree, start, end)) {
		return -STATUS_NOMEM;
	}
	for (struct region *r = region; r != NULL && r->start < end; r = region_next(r)) {
		uint32_t from = r->start < start ? start : r->start;
		uint32_t to = r->end > end ? end : r->end;

		if (r->touched) {
			mapping_unmap(space, from, to - from);
			r->touched = from > r->start || to < r->end;
		}
	}
	mapping_flush(); /* M1 */
	tree_remove(&space->tree, start, end, frame_release);
	return 0;
}

int range_unmap(struct space *space, uint32_t start, uint32_t end)
{
	struct region *region;
	int error = regions_cut(space, start, end);

	if (error == 0) {
		error = range_empty(space, start, end);
	}
	if (error != 0) {
		return error;
	}
	while ((region = region_above(space, start)) != NULL && region->start < end) {
		region_remove(region);
	}
	return 0;
}

int range_populate(struct space *space, uint32_t start, uint32_t end, unsigned access)
{
	for (uint32_t page = start; page < end; page++) {
		struct region *region = region_at(space, page);
		unsigned wanted = access;
		struct resolved r;
		int code;

		if (region == NULL || page - start >= frames.total) {
			return -STATUS_NOMEM;
		}
		if (wanted == 0) {
			bool is_shared = region->flags & PAGER_SHARED;

			wanted = region->protection & (is_shared ? PAGER_READ : PROTECTION_ALL);
			wanted &= (wanted & FAULT_WRITE) ? FAULT_WRITE : PROTECTION_ALL;
			if (wanted == 0) {
				continue;
			}
		}
		code = page_resolve(space, page, wanted, true, &region, &r);
		if (code != 0) {
			return fault_status(code);
		}
		statistics_fault(space, r.major);
		page_map(space, region, page, &r);
	}
	return 0;
}

bool commit_allows(uint64_t pages)
{
	return pages <= frames.total;
}

static int check_map(const struct map_request *q)
{
	uint32_t both = PAGER_WRITE | PAGER_EXECUTE;

	if (q->length == 0 || (q->offset & (PAGE_BYTES - 1)) || (q->protection & ~PROTECTION_ALL) ||
	    (q->flags & ~(uint32_t)FLAGS_ALL)) {
		return -STATUS_INVAL;
	}
	if ((q->flags & PAGER_STACK) && (q->object != 0 || (q->flags & PAGER_SHARED))) {
		return -STATUS_INVAL;
	}
	if ((q->protection & both) == both) {
		return -STATUS_ACCES;
	}
	if ((q->flags & PAGER_NEVER_WRITE) && (q->protection & PAGER_WRITE)) {
		return -STATUS_ACCES;
	}
	if (q->length > PAGER_SPACE_END) {
		return -STATUS_NOMEM;
	}
	if (q->offset > OBJECT_SIZE_MAX || q->length > OBJECT_SIZE_MAX - q->offset) {
		return -STATUS_OVERFLOW;
	}
	return 0;
}

/* Where the mapping goes. */
static int choose_place(struct space *space, const struct map_request *q, uint32_t pages,
			uint32_t *place)
{
	uint32_t guard = (q->flags & PAGER_STACK) ? STACK_GUARD_PAGES : 0;
	uint64_t hint = q->address >> PAGE_SHIFT;
	uint32_t found;

	if (q->flags & PAGER_FIXED) {
		if (q->address & (PAGE_BYTES - 1)) {
			return -STATUS_INVAL;
		}
		if (hint > PAGE_END || pages > PAGE_END - hint) {
			return -STATUS_NOMEM;
		}
		if (hint < PAGE_FIRST) {
			return -STATUS_PERM;
		}
		*place = (uint32_t)hint;
		if ((q->flags & PAGER_NOREPLACE) &&
		    !regions_free(space, *place, *place + pages, false)) {
			return -STATUS_EXIST;
		}
		return 0;
	}
	if (hint >= PAGE_FIRST + guard && hint < PAGE_END && pages <= PAGE_END - hint &&
	    regions_free(space, (uint32_t)hint - guard, (uint32_t)hint + pages, true)) {
		*place = (uint32_t)hint;
		return 0;
	}
	found = regions_find_gap(space, pages + guard, PLACE_BELOW);
	*place = found + guard;
	return found == 0 ? -STATUS_NOMEM : 0;
}

/* The object of the request, *object NULL for private anonymous memory. */
static int choose_object(const struct map_request *q, uint32_t pages, struct object **object)
{
	*object = NULL;
	if (q->object != 0) {
		*object = object_find(q->object);
		return *object == NULL ? -STATUS_BADF : 0;
	}
	if (q->flags & PAGER_SHARED) {
		return object_anonymous((uint64_t)pages << PAGE_SHIFT, false, object);
	}
	return 0;
}

/* Fill in a region's record and put it in place. */
static struct region *install(struct region *region, const struct map_request *q,
			      struct object *object, uint32_t place, uint32_t pages)
{
	region->start = place;
	region->end = place + pages;
	region->limit = place;
	region->protection = (uint8_t)q->protection;
	region->flags = q->flags & FLAGS_KEPT;
	region->object = object;
	region->offset = q->object != 0 ? q->offset >> PAGE_SHIFT : 0;
	if ((q->flags & PAGER_STACK) && pages > STACK_FIRST_PAGES) {
		region->start = region->end - STACK_FIRST_PAGES;
	}
	region_insert(region);
	return region_merge(region);
}

int64_t space_map(struct space *space, const struct map_request *q)
{
	uint32_t pages, place;
	struct object *object;
	struct region *region;
	int error = check_map(q);

	if (error != 0) {
		return error;
	}
	pages = (uint32_t)((q->length + PAGE_BYTES - 1) >> PAGE_SHIFT);
	if (!(q->flags & (PAGER_SHARED | PAGER_NORESERVE | PAGER_STACK)) &&
	    (q->protection & PAGER_WRITE) && !commit_allows(pages)) {
		return -STATUS_NOMEM;
	}
	if ((q->flags & PAGER_LOCKED) && space->locked_pages + pages > frames.total / 2) {
		return -STATUS_AGAIN;
	}
	error = choose_place(space, q, pages, &place);
	if (error == 0 && space->region_count >= REGIONS_MAX) {
		error = -STATUS_NOMEM;
	}
	if (error == 0) {
		error = choose_object(q, pages, &object);
	}
	if (error != 0) {
		return error;
	}
	region = region_create(space);
	if (region == NULL) {
		error = -STATUS_NOMEM;
	} else if (q->flags & PAGER_FIXED) {
		error = range_unmap(space, place, place + pages);
	}
	if (error != 0) {
		if (region != NULL) {
			region_discard(region);
		}
		if (object != NULL) {
			object_settle(object);
		}
		return error;
	}
	region = install(region, q, object, place, pages);
	if (q->flags & (PAGER_POPULATE | PAGER_LOCKED)) {
		range_populate(space, region->start > place ? region->start : place, place + pages,
			       0);
	}
	return (int64_t)place << PAGE_SHIFT;
}

int space_unmap(struct space *space, uint64_t address, uint64_t length)
{
	uint32_t start, end;
	int error = range_check(address, length, &start, &end);

	if (error != 0 || length == 0) {
		return -STATUS_INVAL;
	}
	return range_unmap(space, start, end);
}

/* Give a region a protection. Entries only lose rights, or gain READ and EXECUTE: WRITE comes with
 * the next write fault, which knows about copies and dirty marks. */
static int protect_region(struct region *region, uint8_t protection)
{
	uint8_t before = region_rights(region);
	uint16_t flags =
		(protection & PAGER_EXECUTE) && !(before & PAGER_EXECUTE) ? WINDOW_FENCE_I : 0;

	if ((region->flags & PAGER_NEVER_WRITE) && (protection & PAGER_WRITE)) {
		return -STATUS_ACCES;
	}
	region->protection = protection;
	if (region->touched && region_rights(region) != before) {
		mapping_protect(region->space, region->start, region->end - region->start,
				region_rights(region) & (uint8_t)~PAGER_WRITE, flags);
	}
	return 0;
}

int space_protect(struct space *space, uint64_t address, uint64_t length, uint64_t protection)
{
	uint32_t start, end, at;
	struct region *region;
	int error = range_check(address, length, &start, &end);

	if (error != 0 || (protection & ~(uint64_t)PROTECTION_ALL)) {
		return error == -STATUS_NOMEM ? error : -STATUS_INVAL;
	}
	if (length == 0) {
		return 0;
	}
	if ((protection & PAGER_WRITE) && (protection & PAGER_EXECUTE)) {
		return -STATUS_ACCES;
	}
	if (region_at(space, start) == NULL) {
		return -STATUS_NOMEM;
	}
	error = regions_cut(space, start, end);
	region = region_at(space, start);
	for (at = start; error == 0 && at < end;) {
		if (region == NULL || region->start > at) {
			return -STATUS_NOMEM;
		}
		error = protect_region(region, (uint8_t)protection);
		region = region_merge(region);
		at = region->end;
		region = region_next(region);
	}
	return error;
}

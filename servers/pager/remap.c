/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap: shrink, grow in place, or move a part of one region. A move takes
 * the private pages along in the tree; entries are made again by faults.
 */
#include "servers/pager/mapping.h"
#include "servers/pager/object.h"

#define REMAP_MAYMOVE 1u
#define REMAP_FIXED 2u
#define REMAP_DONTUNMAP 4u

struct remap {
	uint32_t start, old_pages, new_pages;
	uint32_t target; /* page to move to, with REMAP_FIXED */
	uint32_t flags;
};

static int check_remap(struct remap *m, uint64_t address, uint64_t length, uint64_t new_length,
		       uint64_t flags, uint64_t new_address)
{
	uint32_t end, target_end;

	m->flags = (uint32_t)flags;
	if ((flags & ~7ull) || new_length == 0 ||
	    range_check(address, length, &m->start, &end) != 0 || new_length > PAGER_SPACE_END) {
		return -STATUS_INVAL;
	}
	m->old_pages = end - m->start;
	m->new_pages = (uint32_t)((new_length + PAGE_BYTES - 1) >> PAGE_SHIFT);
	if ((flags & (REMAP_FIXED | REMAP_DONTUNMAP)) && !(flags & REMAP_MAYMOVE)) {
		return -STATUS_INVAL;
	}
	if ((flags & REMAP_DONTUNMAP) && m->old_pages != m->new_pages) {
		return -STATUS_INVAL;
	}
	if (flags & REMAP_FIXED) {
		if (range_check(new_address, new_length, &m->target, &target_end) != 0) {
			return -STATUS_INVAL;
		}
		if (m->start < target_end && m->target < end) {
			return -STATUS_INVAL;
		}
		return m->target < PAGE_FIRST ? -STATUS_PERM : 0;
	}
	return 0;
}

static void keep_frame(uint32_t frame)
{
	(void)frame;
}

/* Make the paths from and to which pages will move this tree's own. False if memory is out. */
static bool prepare_move(struct tree *tree, uint64_t from, uint64_t to, uint64_t pages)
{
	uint64_t at = from;

	while (tree_next(tree, &at, from + pages) != 0) {
		uint64_t goal = to + (at - from);
		uint64_t left = TREE_FANOUT - at % TREE_FANOUT;
		uint64_t room = TREE_FANOUT - goal % TREE_FANOUT;

		if (!tree_prepare(tree, at, false) || !tree_prepare(tree, goal, false)) {
			return false;
		}
		at += left < room ? left : room;
	}
	return true;
}

static void move_pages(struct tree *tree, uint64_t from, uint64_t to, uint64_t pages)
{
	uint64_t at = from;
	uint32_t frame;

	while ((frame = tree_next(tree, &at, from + pages)) != 0) {
		tree_put(tree, to + (at - from), frame);
		tree_remove(tree, at, at + 1, keep_frame);
		at++;
	}
}

/* Where a move goes; for REMAP_FIXED the place is made free. */
static int choose_target(struct space *space, const struct remap *m, uint32_t *target)
{
	*target = m->target;
	if (m->flags & REMAP_FIXED) {
		return range_unmap(space, m->target, m->target + m->new_pages);
	}
	*target = regions_find_gap(space, m->new_pages, PAGE_END - (64u << (20 - PAGE_SHIFT)));
	return *target == 0 ? -STATUS_NOMEM : 0;
}

/* Move [start, start + old) of one region to a place of its own, new_pages long. */
static int64_t move(struct space *space, struct remap *m)
{
	uint32_t target;
	struct region *region, *moved;
	int error = choose_target(space, m, &target);

	if (error == 0 && m->old_pages > m->new_pages) {
		error = range_unmap(space, m->start + m->new_pages, m->start + m->old_pages);
		m->old_pages = m->new_pages;
	}
	if (error == 0 && m->old_pages != 0) {
		error = regions_cut(space, m->start, m->start + m->old_pages);
	}
	if (error != 0 || space->region_count >= REGIONS_MAX) {
		return error != 0 ? error : -STATUS_NOMEM;
	}
	region = region_at(space, m->start);
	moved = region_create(space);
	if (moved == NULL) {
		return -STATUS_NOMEM;
	}
	if (region->touched && m->old_pages != 0) {
		mapping_unmap(space, m->start, m->old_pages);
		mapping_flush();
		if (!prepare_move(&space->tree, m->start, target, m->old_pages)) {
			region_discard(moved);
			return -STATUS_NOMEM;
		}
		move_pages(&space->tree, m->start, target, m->old_pages);
	}
	region_describe(moved, region);
	moved->offset = region_index(region, m->start);
	moved->start = target;
	moved->end = target + m->new_pages;
	moved->limit = target;
	moved->flags &= ~(uint32_t)PAGER_STACK;
	region_insert(moved);
	region_merge(moved);
	if (m->old_pages != 0 && !(m->flags & REMAP_DONTUNMAP)) {
		range_unmap(space, m->start, m->start + m->old_pages); /* empty: cannot fail */
	}
	return (int64_t)target << PAGE_SHIFT;
}

/* Make a region longer where it is, if there is room. */
static bool grow_in_place(struct space *space, struct region *region, const struct remap *m)
{
	uint32_t end = m->start + m->new_pages, added = m->new_pages - m->old_pages;

	if ((m->flags & (REMAP_FIXED | REMAP_DONTUNMAP)) ||
	    region->end != m->start + m->old_pages || m->new_pages > PAGE_END - m->start ||
	    !regions_free(space, region->end, end, true)) {
		return false;
	}
	region->end = end;
	space->virtual_pages += added;
	space->locked_pages += (region->flags & PAGER_LOCKED) ? added : 0;
	region_merge(region);
	return true;
}

/* Errors of a request that keeps or enlarges the size, or moves. */
static int check_region(const struct region *region, const struct remap *m)
{
	uint32_t added = m->new_pages > m->old_pages ? m->new_pages - m->old_pages : 0;

	if (region->end - m->start < m->old_pages) {
		return -STATUS_FAULT;
	}
	if (m->old_pages == 0 && (!(region->flags & PAGER_SHARED) || !(m->flags & REMAP_MAYMOVE))) {
		return -STATUS_INVAL;
	}
	if (region->object != NULL &&
	    region_index(region, m->start) + m->new_pages > TREE_INDEX_END) {
		return -STATUS_INVAL;
	}
	if (!(region->flags & (PAGER_SHARED | PAGER_NORESERVE)) &&
	    (region->protection & PAGER_WRITE) && !commit_allows(added)) {
		return -STATUS_NOMEM;
	}
	return 0;
}

int64_t space_remap(struct space *space, uint64_t address, uint64_t length, uint64_t new_length,
		    uint64_t flags, uint64_t new_address)
{
	struct remap m = {0};
	struct region *region;
	int error = check_remap(&m, address, length, new_length, flags, new_address);
	bool stays = !(flags & (REMAP_FIXED | REMAP_DONTUNMAP));
	uint32_t populate_from;
	int64_t result;

	if (error != 0) {
		return error;
	}
	region = region_at(space, m.start);
	if (region == NULL) {
		return -STATUS_FAULT;
	}
	if (stays && m.old_pages != 0 && m.new_pages <= m.old_pages) {
		error = m.new_pages == m.old_pages
				? 0
				: range_unmap(space, m.start + m.new_pages, m.start + m.old_pages);
		return error != 0 ? error : (int64_t)address;
	}
	error = check_region(region, &m);
	if (error != 0) {
		return error;
	}
	populate_from = m.old_pages;
	if (m.old_pages != 0 && m.new_pages > m.old_pages && grow_in_place(space, region, &m)) {
		result = (int64_t)address;
	} else {
		result = (flags & REMAP_MAYMOVE) ? move(space, &m) : -STATUS_NOMEM;
	}
	if (result > 0) {
		uint32_t page = (uint32_t)(result >> PAGE_SHIFT);

		region = region_at(space, page);
		if (region->flags & PAGER_LOCKED) {
			range_populate(space, page + populate_from, page + m.new_pages, 0);
		}
	}
	return result;
}

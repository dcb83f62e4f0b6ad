/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an address to a frame.
 *
 * A page of a private region is, in this order: the frame in the space's
 * tree; the object's page, never writable; the page of zeros. A page of a
 * shared region is the object's page. A write to a private page first makes
 * the path in the tree the space's own; then the frame is used as it is if no
 * other leaf node holds it, else copied.
 *
 * Entries may lag behind (absent, or with fewer rights) but never lead: what
 * they show is what page_resolve would find, with at most its rights.
 */
#include "servers/pager/fault.h"

#include <string.h>

#include "kernel/abi/fault.h"
#include "kernel/abi/object.h"
#include "servers/pager/cache.h"
#include "servers/pager/mapping.h"
#include "servers/pager/statistics.h"

#define AROUND_PAGES 16u /* resident neighbours mapped along, an aligned block */

/* Let a stack grow down to `page`, below its region. */
static int grow_stack(struct region *stack, uint32_t page)
{
	struct space *space = stack->space;
	uint32_t pages = stack->start - page;

	if (page < stack->limit ||
	    (stack->prev != NULL && page - stack->prev->end < STACK_GUARD_PAGES)) {
		return PAGER_FAULT_STACK_GUARD;
	}
	stack->start = page;
	space->virtual_pages += pages;
	space->locked_pages += (stack->flags & PAGER_LOCKED) ? pages : 0;
	return 0;
}

/* The region for an access to `page`, or an enum pager_fault_code. */
static int find_region(struct space *space, uint32_t page, unsigned access, struct region **out)
{
	struct region *region = region_above(space, page);
	unsigned needed = access & (FAULT_READ | FAULT_WRITE | FAULT_EXECUTE);

	if (page < PAGE_FIRST) {
		return PAGER_FAULT_NULL;
	}
	if (region == NULL) {
		return PAGER_FAULT_NO_REGION;
	}
	if (page < region->start) {
		int code;

		if (!(region->flags & PAGER_STACK) || page + STACK_GUARD_PAGES < region->limit) {
			return PAGER_FAULT_NO_REGION;
		}
		code = grow_stack(region, page);
		if (code != 0) {
			return code;
		}
	}
	/* FAULT_READ... have the values of RIGHT_READ... */
	if ((region_rights(region) & needed) != needed) {
		return PAGER_FAULT_PROTECTION;
	}
	*out = region;
	return 0;
}

static int code_of(int64_t status)
{
	return status == -STATUS_NOMEM ? PAGER_FAULT_NO_MEMORY : PAGER_FAULT_IO;
}

/* Page of the region's object. */
static int resolve_object(struct region *region, uint32_t page, struct resolved *out)
{
	uint64_t index = region_index(region, page);
	uint32_t wanted = 1;
	struct read_ahead *ahead = &region->ahead;
	int64_t frame;

	if (index >= object_pages(region->object)) {
		return PAGER_FAULT_BEYOND_FILE;
	}
	if (region->advice & ADVICE_RANDOM) {
		ahead = NULL;
	} else if (region->advice & ADVICE_SEQUENTIAL) {
		wanted = CLUSTER_MAX;
	}
	frame = cache_page(region->object, index, ahead, wanted, &out->major);
	if (frame < 0) {
		return code_of(frame);
	}
	out->frame = (uint32_t)frame;
	return 0;
}

static int resolve_shared(struct region *region, uint32_t page, unsigned access,
			  struct resolved *out)
{
	int code = resolve_object(region, page, out);

	if (code != 0) {
		return code;
	}
	if (access & FAULT_WRITE) {
		int error =
			cache_make_dirty(region->object, region_index(region, page), out->frame);

		if (error != 0) {
			return code_of(error);
		}
	}
	out->rights = region_rights(region);
	if (!(frame_of(out->frame)->flags & FRAME_DIRTY)) {
		out->rights &= (uint8_t)~RIGHT_WRITE; /* C1 */
	}
	return 0;
}

/* Write to a page that the tree has, but not for this space alone. */
static int own_page(struct space *space, uint32_t page, struct resolved *out)
{
	uint32_t old = out->frame, copy;

	if (!tree_prepare(&space->tree, page, false)) {
		return PAGER_FAULT_NO_MEMORY;
	}
	if (frame_of(old)->refs == 1) {
		return 0;
	}
	copy = frame_allocate(FRAME_PRIVATE);
	if (copy == 0) {
		return PAGER_FAULT_NO_MEMORY;
	}
	memcpy(frame_data(copy), frame_data(old), PAGE_BYTES);
	tree_put(&space->tree, page, copy);
	frame_of(old)->refs--;
	space->cow_copied++;
	statistics.cow_copies++;
	out->frame = copy;
	out->changed = true;
	return 0;
}

/* First write to a page that the tree does not have: zeros, or a copy of out->frame. */
static int new_page(struct space *space, uint32_t page, bool may_be_fresh, struct resolved *out)
{
	uint32_t source = out->frame, frame;

	if (source != 0) {
		cache_pin(source);
	}
	frame = frame_allocate(FRAME_PRIVATE);
	if (frame != 0 && !tree_prepare(&space->tree, page, false)) {
		frame_free(frame);
		frame = 0;
	}
	if (source != 0) {
		cache_unpin(source);
	}
	if (frame == 0) {
		return PAGER_FAULT_NO_MEMORY;
	}
	if (source != 0) {
		memcpy(frame_data(frame), frame_data(source), PAGE_BYTES);
		statistics.cow_copies++;
	} else {
		out->fresh = may_be_fresh;
		if (!out->fresh) {
			frame_zero(frame);
		}
		cache_counts.zero_fills++;
	}
	tree_put(&space->tree, page, frame);
	out->frame = frame;
	out->changed = true;
	return 0;
}

static int resolve_private(struct space *space, struct region *region, uint32_t page,
			   unsigned access, bool may_be_fresh, struct resolved *out)
{
	bool exclusive = false;
	int code = 0;

	if (region->object != NULL && region_index(region, page) >= object_pages(region->object)) {
		return PAGER_FAULT_BEYOND_FILE;
	}
	out->frame = tree_get(&space->tree, page, &exclusive);
	out->rights = region_rights(region);
	if (out->frame != 0) {
		if (!exclusive && (access & FAULT_WRITE)) {
			code = own_page(space, page, out);
		} else if (!exclusive) {
			out->rights &= (uint8_t)~RIGHT_WRITE;
		}
	} else {
		if (region->object != NULL) {
			code = resolve_object(region, page, out);
		}
		if (code == 0 && (access & FAULT_WRITE)) {
			code = new_page(space, page, may_be_fresh, out);
		} else if (code == 0) {
			out->rights &= (uint8_t)~RIGHT_WRITE;
			out->frame = out->frame == 0 ? frames.zero : out->frame;
		}
	}
	if (code == 0 && (access & FAULT_WRITE)) {
		frame_of(out->frame)->flags &= (uint8_t)~FRAME_FENCED;
	}
	return code;
}

int page_resolve(struct space *space, uint32_t page, unsigned access, bool may_be_fresh,
		 struct region **region, struct resolved *out)
{
	int code = find_region(space, page, access, region);

	*out = (struct resolved){0};
	if (code != 0) {
		return code;
	}
	if ((*region)->flags & PAGER_SHARED) {
		return resolve_shared(*region, page, access, out);
	}
	return resolve_private(space, *region, page, access, may_be_fresh, out);
}

void page_map(struct space *space, struct region *region, uint32_t page, const struct resolved *r)
{
	struct frame *f = frame_of(r->frame);
	uint16_t flags = r->fresh ? WINDOW_ZERO : 0;

	if ((r->rights & RIGHT_EXECUTE) && !(f->flags & FRAME_FENCED)) {
		flags |= WINDOW_FENCE_I;
		f->flags |= FRAME_FENCED;
	}
	if (f->kind == FRAME_CACHE) {
		f->flags |= FRAME_MAPPED;
	}
	region->touched = true;
	mapping_map(space, page, r->frame, 1, r->rights, flags);
}

/* Map the page with those neighbours in its block that the cache has. */
static void map_around(struct space *space, struct region *region, uint32_t page,
		       const struct resolved *r)
{
	uint32_t at = page & ~(AROUND_PAGES - 1), end = at + AROUND_PAGES;
	uint64_t pages = object_pages(region->object);
	bool is_shared = region->flags & PAGER_SHARED;

	at = at < region->start ? region->start : at;
	end = end > region->end ? region->end : end;
	for (; at < end && region_index(region, at) < pages; at++) {
		struct resolved n = {.rights = region_rights(region)};

		if (at == page) {
			page_map(space, region, page, r);
			continue;
		}
		n.frame = cache_find(region->object, region_index(region, at));
		if (n.frame == 0 || (!is_shared && tree_get(&space->tree, at, NULL) != 0)) {
			continue;
		}
		if (!is_shared || !(frame_of(n.frame)->flags & FRAME_DIRTY)) {
			n.rights &= (uint8_t)~RIGHT_WRITE;
		}
		page_map(space, region, at, &n);
	}
}

int fault_handle(struct space *space, uint64_t address, unsigned access)
{
	uint32_t page;
	struct region *region;
	struct resolved r;
	int code;

	if (address >= PAGER_SPACE_END) {
		return PAGER_FAULT_NO_REGION;
	}
	page = (uint32_t)(address >> PAGE_SHIFT);
	code = page_resolve(space, page, access, true, &region, &r);
	if (code != 0) {
		return code;
	}
	statistics_fault(space, r.major);
	if (region->object != NULL && !(access & FAULT_WRITE) && r.rights != 0 &&
	    !(region->advice & ADVICE_RANDOM) && frame_of(r.frame)->kind == FRAME_CACHE) {
		map_around(space, region, page, &r);
	} else {
		page_map(space, region, page, &r);
	}
	return 0;
}

int fault_status(int code)
{
	return code == PAGER_FAULT_NO_MEMORY ? -STATUS_NOMEM
	       : code == PAGER_FAULT_IO	     ? -STATUS_IO
					     : -STATUS_FAULT;
}

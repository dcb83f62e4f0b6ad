/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions of a space, sorted by address in a skip list: lookup, insertion and
 * removal take about log4(n) steps, and walking in order is following next[0]
 * or prev.
 *
 * R1: regions of a space do not overlap; a region is not empty.
 * R2: neighbours that could be one region are one (region_merge after changes).
 * R3: a region with an object is on the object's list of regions.
 */
#include "servers/pager/object.h"

static struct slab region_slab = {.size = sizeof(struct region)};

/* One more link with probability 1/4. */
static uint8_t random_levels(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;
	uint8_t levels = 1;
	uint64_t bits;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	for (bits = state; levels < REGION_LEVELS && (bits & 3) == 0; bits >>= 2) {
		levels++;
	}
	return levels;
}

/* The links that lead to the first region with an end above `page`, one per level. */
static void find_links(const struct space *space, uint32_t page, struct region **links[])
{
	struct region **from = ((struct space *)(uintptr_t)space)->first;

	for (unsigned level = REGION_LEVELS; level-- > 0;) {
		while (from[level] != NULL && from[level]->end <= page) {
			from = from[level]->next;
		}
		links[level] = &from[level];
	}
}

struct region *region_above(const struct space *space, uint32_t page)
{
	struct region *const *from = space->first;

	for (unsigned level = REGION_LEVELS; level-- > 0;) {
		while (from[level] != NULL && from[level]->end <= page) {
			from = from[level]->next;
		}
	}
	return from[0];
}

struct region *region_at(const struct space *space, uint32_t page)
{
	struct region *region = region_above(space, page);

	return region != NULL && region->start <= page ? region : NULL;
}

/* The last region that starts below `page`, NULL if none. */
static struct region *region_before(const struct space *space, uint32_t page)
{
	struct region *const *from = space->first;
	struct region *found = NULL;

	for (unsigned level = REGION_LEVELS; level-- > 0;) {
		while (from[level] != NULL && from[level]->start < page) {
			found = from[level];
			from = from[level]->next;
		}
	}
	return found;
}

struct region *region_create(struct space *space)
{
	struct region *region = slab_allocate(&region_slab);

	if (region != NULL) {
		region->space = space;
	}
	return region;
}

void region_discard(struct region *region)
{
	slab_free(&region_slab, region);
}

void region_describe(struct region *region, const struct region *from)
{
	region->start = from->start;
	region->end = from->end;
	region->limit = from->limit;
	region->protection = from->protection;
	region->advice = from->advice;
	region->touched = from->touched;
	region->flags = from->flags;
	region->offset = from->offset;
	region->object = from->object;
}

void region_insert(struct region *region)
{
	struct space *space = region->space;
	struct region **links[REGION_LEVELS];
	uint32_t pages = region->end - region->start;

	find_links(space, region->start, links);
	region->levels = random_levels();
	/* The predecessor holds the level-0 link, unless that is the space's own. */
	region->prev = links[0] == &space->first[0]
			       ? NULL
			       : (struct region *)(void *)((uint8_t *)links[0] -
							   offsetof(struct region, next));
	for (unsigned level = 0; level < region->levels; level++) {
		region->next[level] = *links[level];
		*links[level] = region;
	}
	if (region->next[0] != NULL) {
		region->next[0]->prev = region;
	}
	space->region_count++;
	space->virtual_pages += pages;
	space->locked_pages += (region->flags & PAGER_LOCKED) ? pages : 0;
	if (region->object != NULL) {
		struct object *object = region->object;

		region->object_prev = NULL;
		region->object_next = object->regions;
		if (object->regions != NULL) {
			object->regions->object_prev = region;
		}
		object->regions = region;
		object->region_count++;
		object_settle(object);
	}
}

static void object_unlink(struct region *region)
{
	struct object *object = region->object;

	if (region->object_prev != NULL) {
		region->object_prev->object_next = region->object_next;
	} else {
		object->regions = region->object_next;
	}
	if (region->object_next != NULL) {
		region->object_next->object_prev = region->object_prev;
	}
	object->region_count--;
	object_settle(object);
}

void region_remove(struct region *region)
{
	struct space *space = region->space;
	struct region **links[REGION_LEVELS];
	uint32_t pages = region->end - region->start;

	find_links(space, region->start, links);
	for (unsigned level = 0; level < region->levels; level++) {
		*links[level] = region->next[level];
	}
	if (region->next[0] != NULL) {
		region->next[0]->prev = region->prev;
	}
	space->region_count--;
	space->virtual_pages -= pages;
	space->locked_pages -= (region->flags & PAGER_LOCKED) ? pages : 0;
	if (region->object != NULL) {
		object_unlink(region);
	}
	slab_free(&region_slab, region);
}

int region_split(struct region *region, uint32_t page)
{
	struct space *space = region->space;
	struct region *upper;
	uint32_t moved = region->end - page;

	if (space->region_count >= REGIONS_MAX) {
		return -STATUS_NOMEM;
	}
	upper = region_create(space);
	if (upper == NULL) {
		return -STATUS_NOMEM;
	}
	region_describe(upper, region);
	upper->start = page;
	upper->limit = page;
	upper->offset += page - region->start;
	region->end = page;
	/* region_insert counts the upper part again. */
	space->virtual_pages -= moved;
	space->locked_pages -= (region->flags & PAGER_LOCKED) ? moved : 0;
	region_insert(upper);
	return 0;
}

static bool continues(const struct region *lower, const struct region *upper)
{
	return lower != NULL && upper != NULL && lower->end == upper->start &&
	       lower->protection == upper->protection && lower->flags == upper->flags &&
	       lower->advice == upper->advice && lower->object == upper->object &&
	       upper->limit == upper->start &&
	       (lower->object == NULL || region_index(lower, lower->end) == upper->offset);
}

/* Append `upper`, which continues `lower`, to it. */
static void join(struct region *lower, struct region *upper)
{
	struct space *space = lower->space;
	uint32_t end = upper->end, added = end - upper->start;

	lower->touched = lower->touched || upper->touched;
	region_remove(upper);
	lower->end = end;
	space->virtual_pages += added;
	space->locked_pages += (lower->flags & PAGER_LOCKED) ? added : 0;
}

struct region *region_merge(struct region *region)
{
	if (continues(region, region->next[0])) {
		join(region, region->next[0]);
	}
	if (continues(region->prev, region)) {
		struct region *lower = region->prev;

		join(lower, region);
		return lower;
	}
	return region;
}

int regions_cut(struct space *space, uint32_t start, uint32_t end)
{
	const uint32_t pages[2] = {start, end};

	for (unsigned i = 0; i < 2; i++) {
		struct region *region = region_at(space, pages[i]);

		if (region != NULL && region->start < pages[i]) {
			int error = region_split(region, pages[i]);

			if (error != 0) {
				return error;
			}
		}
	}
	return 0;
}

bool regions_cover(const struct space *space, uint32_t start, uint32_t end)
{
	const struct region *region = region_at(space, start);

	while (region != NULL && region->end < end) {
		const struct region *next = region->next[0];

		region = next != NULL && next->start == region->end ? next : NULL;
	}
	return region != NULL;
}

/* Lowest page that belongs to a region, with a stack's room to grow and its guard. */
static uint32_t region_low(const struct region *region)
{
	uint32_t low = region->limit;

	if (region->flags & PAGER_STACK) {
		low -= low - PAGE_FIRST < STACK_GUARD_PAGES ? low - PAGE_FIRST : STACK_GUARD_PAGES;
	}
	return low;
}

uint32_t regions_find_gap(const struct space *space, uint32_t pages, uint32_t below)
{
	const struct region *region = region_before(space, below);
	const struct region *above = region == NULL ? space->first[0] : region->next[0];
	uint32_t top = below;

	if (above != NULL && region_low(above) < top) {
		top = region_low(above);
	}
	for (; region != NULL; region = region->prev) {
		if (top > region->end && top - region->end >= pages) {
			return top - pages;
		}
		top = region_low(region) < top ? region_low(region) : top;
	}
	return top > PAGE_FIRST && top - PAGE_FIRST >= pages ? top - pages : 0;
}

bool regions_free(const struct space *space, uint32_t start, uint32_t end, bool guards)
{
	const struct region *region = region_above(space, start);

	return region == NULL || (guards ? region_low(region) : region->start) >= end;
}

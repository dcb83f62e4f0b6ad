/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What PAGER_STATISTICS, PAGER_SPACE_STATISTICS and PAGER_REGIONS tell.
 *
 * Private pages are counted by the tree. Which pages of an object a space has
 * mapped is known to the kernel alone, so it is asked (WINDOW_QUERY), for the
 * stretches of a region where the cache has pages.
 */
#include "servers/pager/statistics.h"

#include <string.h>

#include "kernel/abi/window.h"
#include "servers/pager/cache.h"

struct statistics statistics;

void statistics_fault(struct space *space, bool major)
{
	space_note_resident(space, 0);
	if (major) {
		space->major_faults++;
		statistics.major_faults++;
	} else {
		space->minor_faults++;
		statistics.minor_faults++;
	}
}

void statistics_pager(struct pager_statistics *out)
{
	*out = (struct pager_statistics){
		.total_pages = frames.total,
		.free_pages = frames.free,
		.cache_pages = frames.by_kind[FRAME_CACHE],
		.dirty_pages = cache_counts.dirty,
		.anonymous_pages = frames.by_kind[FRAME_PRIVATE],
		.node_pages = frames.by_kind[FRAME_NODE],
		.writeback_pages = cache_counts.writeback,
		.minor_faults = statistics.minor_faults,
		.major_faults = statistics.major_faults,
		.pages_in = cache_counts.pages_in,
		.pages_out = cache_counts.pages_out,
		.evictions = cache_counts.evictions,
		.zero_fills = cache_counts.zero_fills,
		.cow_copies = statistics.cow_copies,
		.shared_pages = cache_counts.memory_pages,
		.active_spaces = space_count(),
	};
	for (uint32_t i = 0; i < SPACES_MAX; i++) {
		const struct space *space = space_at(i);

		if (space != NULL && space->active) {
			out->table_pages += kernel_space_tables(&space->kernel);
			out->locked_pages += space->locked_pages;
		}
	}
}

/* Figures of one page that a region shows. */
struct page_figures {
	bool is_private, is_mapped, is_dirty, is_accessed;
	uint32_t sharers; /* >= 1 */
};

static void add_page(struct pager_region *out, const struct page_figures *p)
{
	bool is_shared = p->sharers > 1;

	if (!p->is_mapped && !p->is_private) {
		return;
	}
	out->resident++;
	out->anonymous += p->is_private;
	out->referenced += p->is_accessed;
	out->proportional += PAGE_BYTES / p->sharers;
	out->shared_clean += is_shared && !p->is_dirty;
	out->shared_dirty += is_shared && p->is_dirty;
	out->private_clean += !is_shared && !p->is_dirty;
	out->private_dirty += !is_shared && p->is_dirty;
}

/* How many regions show page `index` of an object. */
static uint32_t object_sharers(const struct object *object, uint64_t index)
{
	uint32_t sharers = 0;

	for (const struct region *r = object->regions; r != NULL; r = r->object_next) {
		sharers +=
			r->touched && index >= r->offset && index - r->offset < r->end - r->start;
	}
	return sharers == 0 ? 1 : sharers;
}

/* Figures of the pages of [page, page + count), which the kernel is asked about at once. */
static void add_stretch(const struct region *region, uint64_t page, unsigned count,
			struct pager_region *out)
{
	uint64_t entries[WINDOW_QUERY_PAGES];
	struct space *space = region->space;

	memset(entries, 0, sizeof(entries));
	if (region->touched) {
		kernel_window_query(space->kernel.window, page, count, entries);
	}
	for (unsigned i = 0; i < count; i++) {
		uint32_t own =
			region->flags & PAGER_SHARED ? 0 : tree_get(&space->tree, page + i, NULL);
		uint32_t cached = own != 0 || region->object == NULL
					  ? 0
					  : cache_find(region->object,
						       region_index(region, (uint32_t)page + i));
		struct page_figures p = {.is_private = own != 0,
					 .is_mapped = (entries[i] & QUERY_VALID) &&
						      (own != 0 || cached != 0),
					 .is_accessed = entries[i] & QUERY_ACCESSED,
					 .sharers = 1};

		if (own != 0) {
			p.is_dirty = true;
			p.sharers = tree_sharers(&space->tree, page + i);
		} else if (cached != 0) {
			p.is_dirty = frame_of(cached)->flags & FRAME_DIRTY;
			p.sharers = object_sharers(region->object,
						   region_index(region, (uint32_t)page + i));
		}
		add_page(out, &p);
	}
}

/* The next page at or behind *page that the tree or the cache has; false if there is none. */
static bool next_present(const struct region *region, uint64_t *page)
{
	uint64_t own = *page, index;
	bool found = !(region->flags & PAGER_SHARED) &&
		     tree_next(&region->space->tree, &own, region->end) != 0;

	own = found ? own : region->end;
	if (region->object != NULL) {
		index = region_index(region, (uint32_t)*page);
		if (tree_next(&region->object->tree, &index, region_index(region, (uint32_t)own)) !=
		    0) {
			own = region->start + (index - region->offset);
			found = true;
		}
	}
	*page = own;
	return found;
}

static void region_figures(const struct region *region, struct pager_region *out)
{
	uint64_t page = region->start;

	while (page < region->end && next_present(region, &page)) {
		uint64_t left = region->end - page;
		unsigned count = left > WINDOW_QUERY_PAGES ? WINDOW_QUERY_PAGES : (unsigned)left;

		add_stretch(region, page, count, out);
		page += count;
	}
}

unsigned statistics_regions(struct space *space, uint64_t address, struct pager_region *out,
			    unsigned most, bool figures)
{
	const struct region *region;
	unsigned n = 0;

	if (address >= PAGER_SPACE_END) {
		return 0;
	}
	for (region = region_above(space, (uint32_t)(address >> PAGE_SHIFT));
	     region != NULL && n < most; region = region_next(region), n++) {
		out[n] = (struct pager_region){
			.start = (uint64_t)region->start << PAGE_SHIFT,
			.end = (uint64_t)region->end << PAGE_SHIFT,
			.protection = region->protection,
			.flags = region->flags,
		};
		if (region->object != NULL) {
			out[n].offset = region->offset << PAGE_SHIFT;
			out[n].object = object_number(region->object);
			out[n].fs = region->object->fs;
			out[n].ino = region->object->ino;
		}
		if (figures) {
			region_figures(region, &out[n]);
		}
	}
	return n;
}

/* Pages of objects that a space has mapped. */
static uint64_t mapped_cache_pages(struct space *space)
{
	uint64_t pages = 0;

	for (const struct region *r = region_first(space); r != NULL; r = region_next(r)) {
		if (r->object != NULL && r->touched) {
			struct pager_region figures = {0};

			region_figures(r, &figures);
			pages += figures.resident - figures.anonymous;
		}
	}
	return pages;
}

void statistics_space(struct space *space, struct pager_space_statistics *out)
{
	uint64_t cached = mapped_cache_pages(space);

	space_note_resident(space, cached);
	*out = (struct pager_space_statistics){
		.virtual_pages = space->virtual_pages,
		.resident_pages = space->tree.pages + cached,
		.shared_pages = cached,
		.locked_pages = space->locked_pages,
		.peak_resident_pages = space->peak_resident,
		.table_pages = kernel_space_tables(&space->kernel),
		.minor_faults = space->minor_faults,
		.major_faults = space->major_faults,
		.cow_shared = space->cow_shared,
		.cow_copied = space->cow_copied,
	};
	for (const struct region *r = region_first(space); r != NULL; r = region_next(r)) {
		uint64_t pages = r->end - r->start;

		if (r->flags & PAGER_STACK) {
			out->stack_pages += pages;
		} else if (r->protection & PAGER_EXECUTE) {
			out->text_pages += pages;
		} else if ((r->protection & PAGER_WRITE) && !(r->flags & PAGER_SHARED)) {
			out->data_pages += pages;
		}
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spaces: creation, fork, destruction.
 *
 * A fork gives the child the parent's tree of private pages by reference and
 * copies of its regions. The parent's private entries lose WRITE, so that
 * either side's next write faults and copies; that change runs with the answer
 * at the latest, before the child can. The child has no entries at first. The
 * kernel objects of a destroyed space are kept for the next one.
 */
#include "servers/pager/mapping.h"
#include "servers/pager/object.h"

/* Kernel objects of at most so many destroyed spaces are kept. */
#define IDLE_MAX 32u
/* From so many pages on to freeze and thaw the tables costs less than to change each entry. */
#define FREEZE_PAGES 1024u

static struct slab space_slab = {.size = sizeof(struct space)};
static struct space *spaces[SPACES_MAX];
static uint32_t active_count;
static uint32_t idle_count;

struct space *space_at(uint32_t slot)
{
	return spaces[slot];
}

uint32_t space_count(void)
{
	return active_count;
}

struct space *space_find(uint64_t number)
{
	struct space *space = number >= 1 && number <= SPACES_MAX ? spaces[number - 1] : NULL;

	return space != NULL && space->active ? space : NULL;
}

/* A slot with idle kernel objects, else an empty one; SPACES_MAX if there is none. */
static uint32_t choose_slot(void)
{
	uint32_t empty = SPACES_MAX;

	for (uint32_t i = 0; i < SPACES_MAX; i++) {
		if (spaces[i] == NULL && empty == SPACES_MAX) {
			empty = i;
		}
		if (spaces[i] != NULL && spaces[i]->idle) {
			return i;
		}
		if (idle_count == 0 && empty != SPACES_MAX) {
			return empty;
		}
	}
	return empty;
}

int space_create(struct space **out)
{
	uint32_t slot = choose_slot();
	struct space *space;

	if (slot == SPACES_MAX) {
		return -STATUS_AGAIN;
	}
	space = spaces[slot];
	if (space == NULL) {
		space = slab_allocate(&space_slab);
		if (space == NULL) {
			return -STATUS_NOMEM;
		}
		if (!kernel_space_create(&space->kernel, slot + 1)) {
			slab_free(&space_slab, space);
			return -STATUS_NOMEM;
		}
		spaces[slot] = space;
	} else {
		struct kernel_space kernel = space->kernel;

		*space = (struct space){.kernel = kernel};
		idle_count--;
	}
	space->number = slot + 1;
	space->active = true;
	active_count++;
	*out = space;
	return 0;
}

/* Take WRITE from the private entries of a region, wherever the tree has pages: the populated
 * stretches, each rounded to the 2 MiB of a leaf node. */
static void protect_private(struct space *space, const struct region *region)
{
	uint64_t page = region->start;
	uint8_t rights = region_rights(region) & (uint8_t)~PAGER_WRITE;

	while (tree_next(&space->tree, &page, region->end) != 0) {
		uint64_t first = page & ~(uint64_t)(TREE_FANOUT - 1);
		uint64_t end = first + TREE_FANOUT;

		first = first < region->start ? region->start : first;
		end = end > region->end ? region->end : end;
		mapping_protect(space, first, end - first, rights, 0);
		page = end;
	}
}

static bool is_touched_and_writable(const struct region *r)
{
	return r->touched && (r->protection & PAGER_WRITE);
}

/*
 * WRITE goes from all private entries: range by range, or, where many pages are
 * resident and no shared ones would lose it too, from the whole space at once.
 */
static void protect_all_private(struct space *space)
{
	bool is_shared = false;

	for (struct region *r = region_first(space); r != NULL; r = region_next(r)) {
		is_shared |= is_touched_and_writable(r) && (r->flags & PAGER_SHARED);
	}
	if (!is_shared && space->tree.pages >= FREEZE_PAGES) {
		mapping_freeze(space);
		return;
	}
	for (struct region *r = region_first(space); r != NULL; r = region_next(r)) {
		if (is_touched_and_writable(r) && !(r->flags & PAGER_SHARED)) {
			protect_private(space, r);
		}
	}
}

/* Copies of the parent's regions for the child; false if memory is out. */
static bool copy_regions(struct space *parent, struct space *child)
{
	for (struct region *r = region_first(parent); r != NULL; r = region_next(r)) {
		struct region *copy;

		if (r->advice & ADVICE_DONT_FORK) {
			continue;
		}
		copy = region_create(child);
		if (copy == NULL) {
			return false;
		}
		region_describe(copy, r);
		copy->touched = r->touched && !(r->flags & PAGER_SHARED);
		copy->flags &= ~(uint32_t)PAGER_LOCKED; /* locks are not inherited */
		region_insert(copy);
	}
	return true;
}

/* Take out of the child's tree what it must not see. False if memory is out. */
static bool drop_unforked(struct space *parent, struct space *child)
{
	for (struct region *r = region_first(parent); r != NULL; r = region_next(r)) {
		if (!(r->advice & (ADVICE_DONT_FORK | ADVICE_WIPE_ON_FORK))) {
			continue;
		}
		if (!tree_prepare_range(&child->tree, r->start, r->end)) {
			return false;
		}
		tree_remove(&child->tree, r->start, r->end, frame_release);
	}
	return true;
}

int space_fork(struct space *parent, struct space **out)
{
	struct space *child;
	int error = space_create(&child);

	if (error != 0) {
		return error;
	}
	tree_share(&child->tree, &parent->tree);
	/* Entries first: from here on, every path that the two share is read-only in both. */
	protect_all_private(parent);
	if (!copy_regions(parent, child) || !drop_unforked(parent, child)) {
		space_destroy(child);
		return -STATUS_NOMEM;
	}
	parent->cow_shared = child->tree.pages;
	parent->cow_copied = 0;
	child->cow_shared = child->tree.pages;
	*out = child;
	return 0;
}

/* Remove every entry of the space: by regions, which is all that can have any. */
static void remove_entries(struct space *space)
{
	for (struct region *r = region_first(space); r != NULL; r = region_next(r)) {
		if (r->touched) {
			mapping_unmap(space, r->start, r->end - r->start);
		}
	}
	mapping_flush();
}

void space_destroy(struct space *space)
{
	bool keep = idle_count < IDLE_MAX;

	if (keep) {
		remove_entries(space);
		kernel_space_recycle(&space->kernel);
	} else {
		mapping_flush();
		kernel_space_destroy(&space->kernel);
	}
	while (region_first(space) != NULL) {
		region_remove(region_first(space));
	}
	tree_clear(&space->tree, frame_release);
	active_count--;
	space->active = false;
	if (keep) {
		space->idle = true;
		idle_count++;
	} else {
		spaces[space->number - 1] = NULL;
		slab_free(&space_slab, space);
	}
}

void space_note_resident(struct space *space, uint64_t cache_pages)
{
	uint64_t resident = space->tree.pages + cache_pages;

	if (resident > space->peak_resident) {
		space->peak_resident = resident;
	}
}

bool space_free_idle(void)
{
	for (uint32_t i = 0; i < SPACES_MAX && idle_count > 0; i++) {
		if (spaces[i] != NULL && spaces[i]->idle) {
			kernel_space_destroy(&spaces[i]->kernel);
			slab_free(&space_slab, spaces[i]);
			spaces[i] = NULL;
			idle_count--;
			return true;
		}
	}
	return false;
}

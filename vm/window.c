/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows, pools and bindings: where which frames may be mapped.
 *
 * The kernel keeps no list of a frame's mappings. V1 (each leaf entry lies in
 * a binding that allows it) is kept by letting vm_map and vm_clone make
 * entries only through a binding, and by unbind, which looks at every entry of
 * the window. Extents of different pools never overlap (the kernel makes them
 * of whole untyped objects), so a frame is in one pool at most.
 */
#include "vm/table.h"

#define RIGHTS_RWX (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)
/* Windows end below the message buffers: root entry 255. */
#define WINDOW_PAGES_MAX (255ull << (2 * SV39_INDEX_BITS))

struct vm_window *vm_window_find(const struct vm_space *space, uint64_t page)
{
	for (unsigned i = 0; i < space->window_count; i++) {
		struct vm_window *window = space->windows[i];

		if (page - window->first_page < window->pages) {
			return window;
		}
	}
	return NULL;
}

enum err vm_item_check(const struct vm_window *window, const struct window_item *item)
{
	uint64_t offset = item->va_page - window->first_page;

	if (window->space == NULL || window->closing) {
		return ERR_NOT_BOUND;
	}
	if (item->count == 0 || item->count > WINDOW_ITEM_PAGES || item->done > item->count ||
	    item->va_page < window->first_page || offset >= window->pages ||
	    item->count > window->pages - offset) {
		return ERR_ARGUMENT;
	}
	return ERR_OK;
}

enum err vm_window_attach(struct vm_space *space, struct vm_window *window, uint64_t first_page,
			  uint64_t pages, uint8_t rights)
{
	unsigned at = space->window_count;

	if (window->space != NULL) {
		return ERR_BUSY;
	}
	if (pages == 0 || (first_page | pages) % SV39_ENTRIES != 0 || pages > WINDOW_PAGES_MAX ||
	    first_page > WINDOW_PAGES_MAX - pages || (rights & ~RIGHTS_RWX) || rights == 0) {
		return ERR_ARGUMENT;
	}
	while (at > 0 && space->windows[at - 1]->first_page >= first_page) {
		at--;
	}
	if ((at < space->window_count && space->windows[at]->first_page - first_page < pages) ||
	    (at > 0 &&
	     first_page - space->windows[at - 1]->first_page < space->windows[at - 1]->pages)) {
		return ERR_ARGUMENT;
	}
	if (space->window_count == VM_SPACE_WINDOWS) {
		return ERR_LIMIT;
	}
	for (unsigned i = space->window_count; i > at; i--) {
		space->windows[i] = space->windows[i - 1];
	}
	space->windows[at] = window;
	space->window_count++;
	*window = (struct vm_window){
		.space = space,
		.first_page = first_page,
		.pages = pages,
		.rights = rights,
	};
	return ERR_OK;
}

enum err vm_pool_add_extent(struct vm_pool *pool, struct paddr base, uint64_t pages, bool is_device)
{
	if (base.raw % PAGE_SIZE != 0 || pages == 0 || pages > PTE_PPN_MASK ||
	    base.raw >> PAGE_SHIFT > PTE_PPN_MASK - pages) {
		return ERR_ARGUMENT;
	}
	if (pool->extent_count == VM_POOL_EXTENTS) {
		return ERR_LIMIT;
	}
	if (pool->extent_count != 0 && pool->is_device != is_device) {
		return ERR_ARGUMENT;
	}
	pool->is_device = is_device;
	pool->extents[pool->extent_count] = (struct vm_extent){
		.pool_page = pool->pages,
		.base = base,
		.pages = pages,
	};
	pool->extent_count++;
	pool->pages += pages;
	return ERR_OK;
}

const struct vm_extent *vm_pool_extent(const struct vm_pool *pool, uint64_t pool_page)
{
	for (unsigned i = 0; i < pool->extent_count; i++) {
		if (pool_page - pool->extents[i].pool_page < pool->extents[i].pages) {
			return &pool->extents[i];
		}
	}
	return NULL;
}

static bool extent_has(const struct vm_extent *extent, uint64_t ppn)
{
	return ppn - (extent->base.raw >> PAGE_SHIFT) < extent->pages;
}

static const struct vm_extent *pool_find(const struct vm_pool *pool, uint64_t ppn)
{
	for (unsigned i = 0; i < pool->extent_count; i++) {
		if (extent_has(&pool->extents[i], ppn)) {
			return &pool->extents[i];
		}
	}
	return NULL;
}

static bool binding_allows(const struct vm_binding *binding, unsigned rights)
{
	return rights == 0 || (!binding->closing && (rights & ~(unsigned)binding->rights) == 0);
}

bool vm_frame_find(const struct vm_window *window, uint64_t ppn, unsigned rights,
		   struct vm_frame *frame)
{
	if (frame->binding != NULL && extent_has(frame->extent, ppn) &&
	    binding_allows(frame->binding, rights)) {
		return true;
	}
	for (unsigned i = 0; i < window->binding_count; i++) {
		const struct vm_binding *binding = window->bindings[i];
		const struct vm_extent *extent;

		if (binding_allows(binding, rights) &&
		    (extent = pool_find(binding->pool, ppn)) != NULL) {
			*frame = (struct vm_frame){binding, extent};
			return true;
		}
	}
	return false;
}

enum err vm_binding_bind(struct vm_binding *binding, struct vm_window *window, struct vm_pool *pool,
			 uint8_t rights)
{
	if (binding->window != NULL) {
		return ERR_BUSY;
	}
	if (rights == 0 || (rights & ~RIGHTS_RWX)) {
		return ERR_ARGUMENT;
	}
	if (window->space == NULL || window->closing) {
		return ERR_NOT_BOUND;
	}
	if (rights & ~window->rights) {
		return ERR_RIGHTS;
	}
	if (window->binding_count == VM_WINDOW_BINDINGS) {
		return ERR_LIMIT;
	}
	*binding = (struct vm_binding){
		.window = window,
		.pool = pool,
		.next_of_pool = pool->bindings,
		.link_of_pool = &pool->bindings,
		.rights = rights,
	};
	if (pool->bindings != NULL) {
		pool->bindings->link_of_pool = &binding->next_of_pool;
	}
	pool->bindings = binding;
	window->bindings[window->binding_count] = binding;
	window->binding_count++;
	return ERR_OK;
}

static void binding_dissolve(struct vm_binding *binding)
{
	struct vm_window *window = binding->window;
	unsigned i = 0;

	*binding->link_of_pool = binding->next_of_pool;
	if (binding->next_of_pool != NULL) {
		binding->next_of_pool->link_of_pool = binding->link_of_pool;
	}
	while (window->bindings[i] != binding) {
		i++;
	}
	window->binding_count--;
	window->bindings[i] = window->bindings[window->binding_count];
	*binding = (struct vm_binding){0};
}

/* Entries looked at between two looks at pending interrupts. */
#define UNBIND_STEP 96u

/* An unbind under way. */
struct unbind {
	struct vm_binding *binding;
	struct vm_flush flush;
	struct vm_frames frames; /* an extent of the pool */
	unsigned kept; /* bit n: entries of rights n stay, by another binding of the two */
};

static unsigned kept_rights(const struct vm_binding *binding)
{
	const struct vm_window *window = binding->window;
	unsigned kept = 0;

	for (unsigned i = 0; i < window->binding_count; i++) {
		const struct vm_binding *other = window->bindings[i];

		if (other->pool != binding->pool) {
			continue;
		}
		for (unsigned rights = 1; rights <= RIGHTS_RWX; rights++) {
			kept |= (unsigned)binding_allows(other, rights) << rights;
		}
	}
	return kept;
}

/* Clear the entries of the run that are there because of the binding only. May end the run early. */
static unsigned unbind_run(struct unbind *unbind, struct vm_run *run)
{
	unsigned searches = 4 * VM_STEP_SEARCHES; /* of at most VM_POOL_EXTENTS each */
	unsigned cleared = 0;

	for (unsigned i = 0; i < run->entries; i++) {
		uint64_t *entry = &run->slot.pte[i];
		uint64_t pte = pte_load(entry);

		if (!vm_frames_have(&unbind->frames, pte)) {
			const struct vm_extent *extent;

			if (pte == 0) {
				continue;
			}
			if (searches-- == 0) {
				run->pages = i;
				break;
			}
			extent = pool_find(unbind->binding->pool, pte_ppn(pte));
			if (extent == NULL) {
				continue;
			}
			unbind->frames = vm_frames_of(extent);
		}
		if (pte == 0) {
			continue;
		}
		if (run->is_frozen) {
			pte &= ~PTE_W; /* it does not count */
		}
		if ((unbind->kept >> ((pte & PTE_RWX) >> 1) & 1) == 0) {
			pte_store(entry, 0); /* covered by the flush of the caller */
			cleared++;
		} else if (run->is_frozen) {
			pte_store(entry, pte); /* no flush: no walker reaches it */
		}
	}
	return cleared;
}

bool vm_binding_unbind(struct vm_binding *binding)
{
	struct vm_window *window = binding->window;
	struct unbind unbind = {.binding = binding};

	if (window == NULL) {
		return true;
	}
	binding->closing = true;
	unbind.kept = kept_rights(binding);
	while (binding->cursor < window->pages) {
		struct vm_run run = vm_run_find(window->space, window->first_page + binding->cursor,
						window->pages - binding->cursor, UNBIND_STEP);
		unsigned cleared = unbind_run(&unbind, &run);

		if (cleared != 0) {
			vm_flush_range(&unbind.flush, window->space, run.first, run.pages);
			vm_live_sub(window->space, run.slot, cleared, &unbind.flush);
		}
		binding->cursor += run.pages;
		if (binding->cursor < window->pages && vm_preempt_pending()) {
			vm_flush_commit(&unbind.flush);
			return false;
		}
	}
	vm_flush_commit(&unbind.flush);
	binding_dissolve(binding);
	return true;
}

/* Clear what one step of a detach finds. Returns the pages done. */
static uint64_t detach_step(struct vm_window *window, struct vm_flush *flush)
{
	uint64_t page = window->first_page + window->cursor;
	struct vm_run run = vm_run_find(window->space, page, window->pages - window->cursor, 1);

	if (run.slot.level == 0) {
		/* The whole table is the window's (V4). */
		vm_table_drop(window->space, vm_slot_table(run.slot), flush);
		return SV39_ENTRIES;
	}
	if (pte_load(run.slot.pte) != 0) {
		pte_store(run.slot.pte, 0); /* covered by the flush gathered here */
		vm_flush_range(flush, window->space, run.first, run.pages);
		vm_live_sub(window->space, run.slot, 1, flush);
	}
	return run.pages;
}

bool vm_window_detach(struct vm_window *window)
{
	struct vm_space *space = window->space;
	struct vm_flush flush = {0};
	unsigned at = 0;

	if (space == NULL) {
		return true;
	}
	window->closing = true;
	while (window->cursor < window->pages) {
		window->cursor += detach_step(window, &flush);
		if (window->cursor < window->pages && vm_preempt_pending()) {
			vm_flush_commit(&flush);
			return false;
		}
	}
	vm_flush_commit(&flush);
	while (window->binding_count != 0) { /* VM_WINDOW_BINDINGS at most */
		binding_dissolve(window->bindings[0]);
	}
	while (space->windows[at] != window) {
		at++;
	}
	space->window_count--;
	for (; at < space->window_count; at++) {
		space->windows[at] = space->windows[at + 1];
	}
	*window = (struct vm_window){0};
	return true;
}

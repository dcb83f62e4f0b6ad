/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * WINDOW_FREEZE and its undoing: take W from all that a window maps, at a cost
 * that does not grow with what is mapped.
 *
 * FREEZE clears V in as few entries as possible, as high up as possible: at the
 * root one store for a GiB that is all the window's, else entries of level 1.
 * What is below stays as it is, out of reach of every walker once the flush,
 * of the whole space, is done. The first access to it faults, and vm_fault thaws
 * one step: an entry of the root freezes the 512 entries below it instead; one
 * of level 1 takes W from the 512 leaves of its table; a large leaf loses W.
 *
 * Thawing needs no remote fence: no hart caches anything below a frozen entry,
 * and one that remembers the invalid entry faults and fences in vm_fault. It is
 * also why it needs no atomic operations: no walker sets A or D there.
 *
 * An operation that gives rights thaws the entries on its way first; those that
 * only take rights, or look, work on frozen tables as on others, and know that W
 * in them does not count.
 */
#include "vm/table.h"

/* Entries of level 1 frozen between two looks. */
#define FREEZE_STEP 64u

/* The highest frozen entry on the way to `page`; false if there is none. */
static bool frozen_find(const struct vm_space *space, uint64_t page, struct vm_slot *slot)
{
	for (unsigned level = SV39_ROOT_LEVEL; level > 0; level--) {
		*slot = vm_slot_find(space, page, level);
		if (slot->level != level) {
			return false;
		}
		if (pte_is_frozen(pte_load(slot->pte))) {
			return true;
		}
	}
	return false;
}

/* Clear `bits` in each of the 512 entries of a table that no walker reaches. */
static void table_clear(uint64_t *table, uint64_t bits)
{
#pragma GCC unroll 8 /* this is all one section, see kernel/debug.h */
	for (unsigned i = 0; i < SV39_ENTRIES; i++) {
		/* No flush: see above. */
		pte_store(&table[i], table[i] & ~bits);
	}
}

bool vm_thaw(const struct vm_space *space, uint64_t page, struct vm_flush *flush)
{
	struct vm_slot slot;

	if (!frozen_find(space, page, &slot)) {
		return false;
	}
	/* If it was frozen in this batch, walkers must have left it. */
	vm_flush_before(flush, space, page, 1);
	uint64_t pte = pte_load(slot.pte);

	if (pte_is_table(pte)) {
		table_clear(vm_pointer(pte_paddr(pte)), slot.level > 1 ? PTE_V : PTE_W);
	}
	/* Frozen to valid: no flush, as for 0 to valid. */
	pte_publish(slot.pte, pte_thawed(pte));
	return true;
}

/* Does the item, from `page` on, cover all that windows, its own and others, have in the root entry's GiB? */
static bool covers_root_entry(const struct vm_space *space, uint64_t page, uint64_t left)
{
	uint64_t start = align_down(page, sv39_span(SV39_ROOT_LEVEL));
	uint64_t end = start + sv39_span(SV39_ROOT_LEVEL);

	for (unsigned i = 0; i < space->window_count; i++) {
		const struct vm_window *window = space->windows[i];
		uint64_t window_end = window->first_page + window->pages;

		if (window->first_page >= end || window_end <= start) {
			continue;
		}
		if ((page > start && page > window->first_page) ||
		    (page + left < end && page + left < window_end)) {
			return false;
		}
	}
	return true;
}

static void freeze_entry(struct vm_space *space, uint64_t *entry, uint64_t pte,
			 struct vm_flush *flush)
{
	if ((pte & PTE_V) != 0) {
		/* Atomic: a leaf may get A or D meanwhile. Covered by the flush gathered here. */
		pte_clear(entry, pte, PTE_V);
		vm_flush_whole(flush, space);
	}
}

/*
 * One step at `page`, of at most `left` pages, multiples of 512 both. *pages:
 * done by it. ERR_NO_TABLE: a 1 GiB leaf has to be split.
 */
static enum err freeze_step(struct vm_window *window, uint64_t page, uint64_t left,
			    struct vm_flush *flush, uint64_t *pages)
{
	struct vm_space *space = window->space;
	struct vm_slot slot = vm_slot_find(space, page, SV39_ROOT_LEVEL);
	uint64_t done = sv39_span(SV39_ROOT_LEVEL) - (page & (sv39_span(SV39_ROOT_LEVEL) - 1));
	uint64_t pte = pte_load(slot.pte);

	if ((pte & PTE_V) == 0) {
		/* Nothing, or frozen: pass over all that is so; 255 entries at most. */
		for (slot.pte++; done < left && (pte_load(slot.pte) & PTE_V) == 0; slot.pte++) {
			done += sv39_span(SV39_ROOT_LEVEL);
		}
		*pages = left < done ? left : done;
		return ERR_OK;
	}
	*pages = left < done ? left : done;
	if (covers_root_entry(space, page, left)) {
		freeze_entry(space, slot.pte, pte, flush);
		return ERR_OK;
	}
	if (pte_is_leaf(pte)) {
		*pages = 0;
		return vm_tables_make(space, &slot, page, 1, window, flush);
	}
	slot = vm_slot_find(space, page, 1);
	if (*pages > FREEZE_STEP * SV39_ENTRIES) {
		*pages = FREEZE_STEP * SV39_ENTRIES;
	}
	for (unsigned i = 0; i < *pages / SV39_ENTRIES; i++) {
		freeze_entry(space, &slot.pte[i], pte_load(&slot.pte[i]), flush);
	}
	return ERR_OK;
}

enum err vm_freeze(struct vm_window *window, struct window_item *item, struct vm_flush *flush)
{
	if (window->space == NULL || window->closing) {
		return ERR_NOT_BOUND;
	}
	uint64_t first = item->va_page - window->first_page;

	if (item->va_page < window->first_page || first >= window->pages ||
	    item->va_page % WINDOW_SPAN != 0 || item->count == 0 || item->done > item->count ||
	    item->count > (window->pages - first) / SV39_ENTRIES || item->flags != 0) {
		return ERR_ARGUMENT;
	}
	while (item->done < item->count) {
		uint64_t pages;
		enum err err = freeze_step(
			window, item->va_page + (uint64_t)item->done * SV39_ENTRIES,
			(uint64_t)(item->count - item->done) * SV39_ENTRIES, flush, &pages);

		if (err != ERR_OK) {
			return err;
		}
		item->done += (uint32_t)(pages / SV39_ENTRIES);
		if (item->done < item->count && vm_preempt_pending()) {
			return VM_PREEMPTED;
		}
	}
	return ERR_OK;
}

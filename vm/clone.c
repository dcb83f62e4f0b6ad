/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * WINDOW_CLONE: copy entries to the same addresses of a window of another
 * space, W taken from both. A step handles pages of one level-0 table of the
 * target, or one large leaf for which the target's slot is free. So a large
 * leaf of the source is split only if it is writable and either not all of it
 * is meant or the target already has a table there.
 */
#include "vm/table.h"

/* Entries copied between two looks at pending interrupts. */
#define CLONE_STEP 10u

struct clone {
	struct vm_window *window;
	struct vm_window *target;
	struct window_item *item;
	struct vm_flush *flush;
	struct vm_frame frame; /* hint, in the target */
};

/* May the target have this entry's frame, with the rights it will get? */
static enum err clone_allowed(struct clone *clone, uint64_t pte)
{
	struct vm_frame any = {0};
	unsigned rights = (unsigned)(pte & (PTE_R | PTE_X)) >> 1;

	if (vm_frame_find(clone->target, pte_ppn(pte), rights, &clone->frame)) {
		return ERR_OK;
	}
	return vm_frame_find(clone->target, pte_ppn(pte), 0, &any) ? ERR_RIGHTS : ERR_NOT_BOUND;
}

/* Is the frame in the extent that was found last? */
static bool clone_is_near(const struct clone *clone, uint64_t pte)
{
	const struct vm_extent *extent = clone->frame.extent;

	return extent != NULL && pte_ppn(pte) - (extent->base.raw >> PAGE_SHIFT) < extent->pages;
}

/* Set the target's entry and take W from the source's. */
static void clone_entry(struct clone *clone, uint64_t *source, struct vm_slot target, uint64_t page,
			uint64_t value)
{
	/* 0 to valid: no flush; a hart that remembers the 0 fences in vm_fault. */
	pte_store(target.pte, (value & ~(PTE_W | PTE_D)) | PTE_A | PTE_V);
	vm_live_add(target, 1);
	if (value & PTE_W) {
		pte_update(source, PTE_W, 0);
		vm_flush_range(clone->flush, clone->window->space, page, sv39_span(target.level));
	}
}

/* A large leaf, all of it, into a free slot of the target. *fits: false if it is not so. */
static enum err clone_large(struct clone *clone, const struct vm_run *run, bool *fits)
{
	struct vm_slot slot = vm_slot_find(clone->target->space, run->first, run->slot.level);
	uint64_t pte = pte_load(run->slot.pte);

	*fits = run->is_whole && !pte_is_table(pte_load(slot.pte));
	if (!*fits) {
		return ERR_OK;
	}
	if (pte_load(slot.pte) != 0) {
		return ERR_MISMATCH;
	}
	enum err err = clone_allowed(clone, pte);

	if (err == ERR_OK) {
		err = vm_tables_make(clone->target->space, &slot, run->first, run->slot.level,
				     clone->target, clone->flush);
	}
	if (err == ERR_OK) {
		clone_entry(clone, run->slot.pte, slot, run->first, pte);
	}
	return err;
}

/*
 * Page by page, `run->pages` of them in one level-0 table of the target: from
 * a level-0 table, or parts of a large leaf without W. On return run->pages
 * are done.
 */
static enum err clone_pages(struct clone *clone, struct vm_run *run)
{
	struct vm_slot slot = vm_slot_find(clone->target->space, run->first, 0);
	bool is_table = run->slot.level == 0;
	uint64_t span = sv39_span(run->slot.level);
	uint64_t *table = slot.level == 0 ? slot.pte : NULL;
	unsigned searches = VM_STEP_SEARCHES;

	for (uint64_t i = 0; i < run->pages; i++) {
		uint64_t *source = &run->slot.pte[is_table ? i : 0];
		uint64_t pte = pte_load(source);
		enum err err;

		if (pte == 0) {
			continue;
		}
		if (!is_table) {
			pte += ((run->first + i) & (span - 1)) << PTE_PPN_SHIFT;
		}
		if (pte_load(table != NULL ? &table[i] : slot.pte) != 0) {
			err = ERR_MISMATCH;
		} else if (!clone_is_near(clone, pte) && searches-- == 0) {
			run->pages = i;
			return ERR_OK;
		} else {
			err = clone_allowed(clone, pte);
		}
		if (err == ERR_OK && table == NULL) {
			err = vm_tables_make(clone->target->space, &slot, run->first, 0,
					     clone->target, clone->flush);
			table = slot.pte;
		}
		if (err != ERR_OK) {
			run->pages = i;
			return err;
		}
		clone_entry(clone, source, (struct vm_slot){&table[i], 0, false}, run->first + i,
			    pte);
	}
	return ERR_OK;
}

static enum err clone_step(struct clone *clone, struct vm_run *run)
{
	uint64_t pte = pte_load(run->slot.pte);
	bool fits;

	if (run->slot.level == 0) {
		return clone_pages(clone, run);
	}
	if (pte == 0) {
		return ERR_OK;
	}
	enum err err = clone_large(clone, run, &fits);

	if (fits) {
		if (err != ERR_OK) {
			run->pages = 0;
		}
		return err;
	}
	if (pte & PTE_W) {
		uint64_t left = clone->item->count - clone->item->done;

		run->pages = 0;
		return vm_run_split(clone->window->space, run, left, clone->window, clone->flush);
	}
	uint64_t to_table_end = SV39_ENTRIES - sv39_index(run->first, 0);

	if (run->pages > to_table_end) {
		run->pages = to_table_end;
	}
	if (run->pages > CLONE_STEP) {
		run->pages = CLONE_STEP;
	}
	return clone_pages(clone, run);
}

enum err vm_clone(struct vm_window *window, struct vm_window *target, struct window_item *item,
		  struct vm_flush *flush)
{
	struct clone clone = {.window = window, .target = target, .item = item, .flush = flush};
	enum err err = vm_item_check(window, item);

	if (err == ERR_OK) {
		err = vm_item_check(target, item);
	}
	if (err != ERR_OK) {
		return err;
	}
	/* An earlier item of the batch may have cleared an entry there. */
	vm_flush_before(flush, target->space, item->va_page, item->count);
	/* What was stored into the frames comes before the entries, as in vm_map. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	while (item->done < item->count) {
		struct vm_run run = vm_run_find(window->space, item->va_page + item->done,
						item->count - item->done, CLONE_STEP);

		err = clone_step(&clone, &run);
		item->done += (uint32_t)run.pages;
		if (err != ERR_OK) {
			return err;
		}
		if (item->done < item->count && vm_preempt_pending()) {
			return VM_PREEMPTED;
		}
	}
	return ERR_OK;
}

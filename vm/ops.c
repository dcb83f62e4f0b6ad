/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * WINDOW_UNMAP, PROTECT, QUERY and HARVEST: operations that go over a range of
 * one window and pass over what is not mapped, a whole absent table in one
 * step. One loop drives a step function each; a step handles a run of entries
 * of one table, or one entry above. CLONE: clone.c. MAP: map.c.
 */
#include "vm/table.h"

/* Pages that a step of HARVEST or QUERY writes results for at the most: a 2 MiB leaf. */
#define REPORT_PAGES ((uint64_t)SV39_ENTRIES)

struct op {
	struct vm_window *window;
	struct vm_space *space;
	struct window_item *item;
	struct vm_flush *flush;
	uint64_t *words;
	struct vm_frame frame; /* hint */
};

/*
 * Handle the run; set run->pages to the pages done, also on an error: it may
 * be less than found, and 0 if the tables were changed and must be looked at
 * again.
 */
typedef enum err op_step(struct op *op, struct vm_run *run);

static uint64_t op_left(const struct op *op)
{
	return op->item->count - op->item->done;
}

static enum err op_loop(struct op *op, op_step *step)
{
	while (op_left(op) != 0) {
		struct vm_run run =
			vm_run_find(op->space, op->item->va_page + op->item->done, op_left(op));
		enum err err = step(op, &run);

		op->item->done += (uint32_t)run.pages;
		if (err != ERR_OK) {
			return err;
		}
		if (op_left(op) != 0 && vm_preempt_pending()) {
			return VM_PREEMPTED;
		}
	}
	return ERR_OK;
}

/* A large leaf of which only a part is meant: make it smaller ones, and look again. */
static enum err split(struct op *op, struct vm_run *run)
{
	enum err err = vm_run_split(op->space, run, op_left(op), op->window, op->flush);

	run->pages = 0;
	return err;
}

static enum err unmap_step(struct op *op, struct vm_run *run)
{
	struct vm_slot slot = run->slot;
	unsigned cleared = 0;

	if (slot.level == 0 && sv39_index(run->first, 0) == 0 && op_left(op) >= SV39_ENTRIES) {
		/* All of a table: no need to look into it (V4: it is all the window's). */
		run->pages = SV39_ENTRIES;
		vm_table_drop(op->space, vm_slot_table(slot), op->flush);
		return ERR_OK;
	}
	if (!run->is_whole && pte_load(slot.pte) != 0) {
		return split(op, run);
	}
	for (unsigned i = 0; i < run->entries; i++) {
		if (pte_load(&slot.pte[i]) != 0) {
			pte_store(&slot.pte[i], 0); /* covered by the flush gathered below */
			cleared++;
		}
	}
	if (cleared != 0) {
		vm_flush_range(op->flush, op->space, run->first, run->pages);
		vm_live_sub(op->space, slot, cleared, op->flush);
	}
	return ERR_OK;
}

enum err vm_unmap(struct vm_window *window, struct window_item *item, struct vm_flush *flush)
{
	struct op op = {.window = window, .space = window->space, .item = item, .flush = flush};
	enum err err = vm_item_check(window, item);

	return err != ERR_OK ? err : op_loop(&op, unmap_step);
}

/* Entries of a run that a flush is owed for: the first, and behind the last; 0, 0: none. */
struct owed {
	unsigned first, end;
};

static inline __attribute__((always_inline)) void owe(struct owed *owed, unsigned entry)
{
	if (owed->end == 0) {
		owed->first = entry;
	}
	owed->end = entry + 1;
}

static void owed_flush(struct op *op, const struct vm_run *run, const struct owed *owed)
{
	uint64_t span = sv39_span(run->slot.level);

	if (owed->end != 0) {
		vm_flush_range(op->flush, op->space, run->first + owed->first * span,
			       (owed->end - owed->first) * span);
	}
}

static enum err protect_step(struct op *op, struct vm_run *run)
{
	uint64_t bits = (uint64_t)op->item->rights << 1;
	uint64_t span = sv39_span(run->slot.level);
	uint64_t frame = 0, frames = 0; /* an extent that may be given the rights */
	struct owed owed = {0, 0};
	enum err err = ERR_OK;

	for (unsigned i = 0; i < run->entries; i++) {
		uint64_t *entry = &run->slot.pte[i];
		uint64_t old = pte_load(entry);
		uint64_t differs = (old ^ bits) & PTE_RWX;

		if ((differs & bits) != 0) {
			if (old == 0) {
				continue;
			}
			if (pte_ppn(old) - frame >= frames) {
				/* One search in a step. */
				bool is_found =
					frames == 0 && vm_frame_find(op->window, pte_ppn(old),
								     op->item->rights, &op->frame);
				if (!is_found) {
					err = frames == 0 ? ERR_RIGHTS : ERR_OK;
					run->pages = i * span;
					break;
				}
				frame = op->frame.extent->base.raw >> PAGE_SHIFT;
				frames = op->frame.extent->pages;
			}
		} else if (differs == 0) {
			continue;
		}
		if (!run->is_whole) {
			return split(op, run);
		}
		pte_flip(entry, old, differs);
		/* Where rights are gained, a hart that caches fewer fences in vm_fault. */
		if ((differs & old) != 0) {
			owe(&owed, i);
		}
	}
	owed_flush(op, run, &owed);
	return err;
}

enum err vm_protect(struct vm_window *window, struct window_item *item, struct vm_flush *flush)
{
	struct op op = {.window = window, .space = window->space, .item = item, .flush = flush};
	enum err err = vm_item_check(window, item);

	if (err != ERR_OK) {
		return err;
	}
	if (!vm_rights_valid(item->rights) || (item->flags & ~WINDOW_FENCE_I)) {
		return ERR_ARGUMENT;
	}
	if (item->flags & WINDOW_FENCE_I) {
		vm_flush_fence_i(flush, op.space);
	}
	return op_loop(&op, protect_step);
}

/* The word of QUERY for a page `inside` pages into the leaf `pte`, or 0. */
static uint64_t query_word(struct op *op, uint64_t pte, uint64_t inside)
{
	uint64_t ppn = pte_ppn(pte) + inside;

	if (pte == 0 || !vm_frame_find(op->window, ppn, 0, &op->frame)) {
		return 0;
	}
	const struct vm_extent *extent = op->frame.extent;
	uint64_t pool_page = extent->pool_page + ppn - (extent->base.raw >> PAGE_SHIFT);

	return pool_page << PAGE_SHIFT | QUERY_VALID | (pte & PTE_R ? QUERY_READ : 0) |
	       (pte & PTE_W ? QUERY_WRITE : 0) | (pte & PTE_X ? QUERY_EXECUTE : 0) |
	       (pte & PTE_A ? QUERY_ACCESSED : 0) | (pte & PTE_D ? QUERY_DIRTY : 0);
}

static enum err query_step(struct op *op, struct vm_run *run)
{
	uint64_t *words = op->words + op->item->pool_page + op->item->done;
	uint64_t span = sv39_span(run->slot.level);
	bool is_table = run->slot.level == 0;

	/* Each looks through up to 64 extents. */
	if (run->pages > VM_STEP_ENTRIES / 8) {
		run->pages = VM_STEP_ENTRIES / 8;
	}
	for (unsigned i = 0; i < run->pages; i++) {
		uint64_t pte = pte_load(&run->slot.pte[is_table ? i : 0]);

		words[i] = query_word(op, pte, (run->first + i) & (span - 1));
	}
	return ERR_OK;
}

/* Do `count` result words from item->pool_page on lie where they may? */
static bool results_fit(const struct window_item *item, uint64_t count)
{
	return item->pool_page >= VM_RESULT_WORD && item->pool_page < MESSAGE_WORDS &&
	       count <= MESSAGE_WORDS - item->pool_page;
}

enum err vm_query(struct vm_window *window, struct window_item *item, uint64_t *words,
		  struct vm_flush *flush)
{
	struct op op = {.window = window,
			.space = window->space,
			.item = item,
			.flush = flush,
			.words = words};
	enum err err = vm_item_check(window, item);

	if (err != ERR_OK) {
		return err;
	}
	return results_fit(item, item->count) ? op_loop(&op, query_step) : ERR_ARGUMENT;
}

/* Put bits into a word of the results; `at`: pages before them in it. */
static void harvest_word(struct op *op, uint64_t index, unsigned at, uint64_t bits)
{
	uint64_t *word = &op->words[op->item->pool_page + index];

	*word = at == 0 ? bits : *word | bits;
}

/* Entries of one table, of which each word of results has 32. */
static void harvest_entries(struct op *op, const struct vm_run *run, bool clears)
{
	uint64_t index = op->item->done;
	struct owed owed = {0, 0};

	for (unsigned i = 0; i < run->pages;) {
		uint64_t bits = 0;
		unsigned at = (unsigned)(index + i) % 32;
		unsigned end = run->pages - i < 32 - at ? (unsigned)run->pages : i + 32 - at;

		for (unsigned shift = 2 * at; i < end; i++, shift += 2) {
			uint64_t *entry = &run->slot.pte[i];
			uint64_t pte = pte_load(entry);

			if (clears && (pte & (PTE_A | PTE_D))) {
				pte = pte_clear(entry, pte, PTE_A | PTE_D);
				/* Else a hart that caches D would write without setting it again. */
				owe(&owed, i);
			}
			bits |= (pte & (PTE_A | PTE_D)) / PTE_A << shift;
		}
		harvest_word(op, (index + i - 1) / 32, at, bits);
	}
	owed_flush(op, run, &owed);
}

/* A leaf or nothing, above level 0: the same for each of the pages. */
static void harvest_leaf(struct op *op, const struct vm_run *run, bool clears)
{
	uint64_t *entry = run->slot.pte;
	uint64_t pte = pte_load(entry), index = op->item->done, left = run->pages;

	if (clears && (pte & (PTE_A | PTE_D))) {
		pte = pte_clear(entry, pte, PTE_A | PTE_D);
		vm_flush_range(op->flush, op->space, run->first, sv39_span(run->slot.level));
	}
	while (left > 0) {
		unsigned at = (unsigned)(index % 32);
		unsigned last = left < 32 - at ? at + (unsigned)left - 1 : 31;
		/* The two bits, from page `at` of the word to page `last`. */
		uint64_t places = 0x5555555555555555ull << (2 * at) & ~0ull >> (62 - 2 * last);

		harvest_word(op, index / 32, at, (pte & (PTE_A | PTE_D)) / PTE_A * places);
		index += last - at + 1;
		left -= last - at + 1;
	}
}

static enum err harvest_step(struct op *op, struct vm_run *run)
{
	bool clears = (op->item->flags & WINDOW_CLEAR) && run->is_whole;

	if (run->slot.level == 0) {
		harvest_entries(op, run, clears);
		return ERR_OK;
	}
	if (run->pages > REPORT_PAGES) { /* an absent 1 GiB, or part of such a leaf */
		run->pages = REPORT_PAGES;
		clears = false;
	}
	harvest_leaf(op, run, clears);
	return ERR_OK;
}

enum err vm_harvest(struct vm_window *window, struct window_item *item, uint64_t *words,
		    struct vm_flush *flush)
{
	struct op op = {.window = window,
			.space = window->space,
			.item = item,
			.flush = flush,
			.words = words};
	enum err err = vm_item_check(window, item);

	if (err != ERR_OK) {
		return err;
	}
	if ((item->flags & ~WINDOW_CLEAR) ||
	    !results_fit(item, ((uint64_t)item->count + 31) / 32)) {
		return ERR_ARGUMENT;
	}
	return op_loop(&op, harvest_step);
}

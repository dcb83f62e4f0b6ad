/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * WINDOW_UNMAP, PROTECT, QUERY and HARVEST: operations that go over a range of
 * one window and pass over what is not mapped, a whole absent table in one
 * step. One loop drives a step function each; a step handles a run of entries
 * of one table, or one entry above. CLONE: clone.c. MAP: map.c.
 */
#include "vm/table.h"

/* Pages that a step of HARVEST writes results for at the most: a 2 MiB leaf. */
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

/* Entries of level 0 in a step, by what each takes: about 2,000 instructions in all. */
#define UNMAP_STEP 256u
#define PROTECT_STEP 128u
#define PROTECT_RUNS 12u /* of entries that change alike, at about 60 each more */
#define HARVEST_STEP 256u
#define QUERY_STEP 64u

static uint64_t op_left(const struct op *op)
{
	return op->item->count - op->item->done;
}

static enum err op_loop(struct op *op, op_step *step, unsigned entries)
{
	while (op_left(op) != 0) {
		struct vm_run run = vm_run_find(op->space, op->item->va_page + op->item->done,
						op_left(op), entries);
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
	for (uint64_t *entry = slot.pte, *end = entry + run->entries; entry < end; entry++) {
		if (pte_load(entry) != 0) {
			pte_store(entry, 0); /* covered by the flush gathered below */
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

	return err != ERR_OK ? err : op_loop(&op, unmap_step, UNMAP_STEP);
}

/*
 * Give the entries from run->slot.pte[from] on the rights `bits`, which all of
 * them up to the returned one need changed in the same bits, and whose frames
 * are among `frames`. The flush is owed by the caller.
 */
static unsigned protect_alike(const struct vm_run *run, unsigned from, uint64_t bits,
			      uint64_t differs, const struct vm_frames *frames)
{
	uint64_t *entry = &run->slot.pte[from], *end = &run->slot.pte[run->entries];
	uint64_t old = pte_load(entry);

	do {
		pte_flip(entry, old, differs);
		entry++;
		if (entry == end) {
			break;
		}
		old = pte_load(entry);
		/* An empty entry differs otherwise: in all of `bits`. */
	} while (((old ^ bits) & PTE_RWX) == differs && vm_frames_have(frames, old));
	return (unsigned)(entry - run->slot.pte);
}

static enum err thaw_step(struct op *op, struct vm_run *run)
{
	if (run->is_frozen) {
		run->pages = 0;
		vm_thaw(op->space, run->first, op->flush);
	}
	return ERR_OK;
}

static enum err protect_step(struct op *op, struct vm_run *run)
{
	uint64_t bits = (uint64_t)op->item->rights << 1;
	uint64_t span = sv39_span(run->slot.level);
	unsigned searches = VM_STEP_SEARCHES, runs = PROTECT_RUNS;
	unsigned i = 0;

	if (run->is_frozen) {
		return thaw_step(op, run);
	}
	while (i < run->entries) {
		struct vm_frames frames = {0, ~0ull};
		uint64_t old = pte_load(&run->slot.pte[i]);
		uint64_t differs = (old ^ bits) & PTE_RWX;
		unsigned first = i;

		if (old == 0 || differs == 0) {
			i++;
			continue;
		}
		if (runs-- == 0) {
			break;
		}
		if ((differs & bits) != 0) {
			if (searches-- == 0) {
				break;
			}
			if (!vm_frame_find(op->window, pte_ppn(old), op->item->rights,
					   &op->frame)) {
				run->pages = i * span;
				return ERR_RIGHTS;
			}
			frames = vm_frames_of(op->frame.extent);
		}
		if (!run->is_whole) {
			return split(op, run);
		}
		i = protect_alike(run, i, bits, differs, &frames);
		/* Where rights are gained, a hart that caches fewer fences in vm_fault. */
		if ((differs & old) != 0) {
			vm_flush_range(op->flush, op->space, run->first + first * span,
				       (i - first) * span);
		}
	}
	if (i < run->entries) {
		run->pages = i * span;
	}
	return ERR_OK;
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
	return op_loop(&op, protect_step, PROTECT_STEP);
}

enum err vm_thaw_range(struct vm_window *window, struct window_item *item, struct vm_flush *flush)
{
	struct op op = {.window = window, .space = window->space, .item = item, .flush = flush};
	enum err err = vm_item_check(window, item);

	return err != ERR_OK ? err : op_loop(&op, thaw_step, SV39_ENTRIES);
}

_Static_assert(QUERY_VALID == PTE_V && QUERY_READ == PTE_R && QUERY_WRITE == PTE_W &&
		       QUERY_EXECUTE == PTE_X && QUERY_ACCESSED == PTE_A >> 2 &&
		       QUERY_DIRTY == PTE_D >> 2,
	       "bits of QUERY are taken from entries");

static enum err query_step(struct op *op, struct vm_run *run)
{
	uint64_t *words = op->words + op->item->pool_page + op->item->done;
	uint64_t inside = run->first & (sv39_span(run->slot.level) - 1);
	unsigned searches = VM_STEP_SEARCHES;
	struct vm_frames frames = {0, 0};
	uint64_t to_pool = 0; /* from a page number to that in the pool */

	if (run->pages > QUERY_STEP) {
		run->pages = QUERY_STEP;
	}
	for (unsigned i = 0; i < run->pages; i++) {
		uint64_t pte = run->slot.level == 0 ? pte_load(&run->slot.pte[i])
						    : pte_load(run->slot.pte);

		words[i] = 0;
		if (pte == 0) {
			continue;
		}
		if (run->slot.level != 0) {
			pte += (inside + i) << PTE_PPN_SHIFT;
		}
		if (!vm_frames_have(&frames, pte)) {
			if (searches-- == 0) {
				run->pages = i;
				break;
			}
			if (!vm_frame_find(op->window, pte_ppn(pte), 0, &op->frame)) {
				continue;
			}
			frames = vm_frames_of(op->frame.extent);
			to_pool = op->frame.extent->pool_page -
				  (op->frame.extent->base.raw >> PAGE_SHIFT);
		}
		words[i] = (pte_ppn(pte) + to_pool) << PAGE_SHIFT | QUERY_VALID |
			   (pte & (run->is_frozen ? PTE_R | PTE_X : PTE_RWX)) |
			   (pte & (PTE_A | PTE_D)) >> 2;
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
	return results_fit(item, item->count) ? op_loop(&op, query_step, QUERY_STEP) : ERR_ARGUMENT;
}

/* Put bits into a word of the results; `at`: pages before them in it. */
static void harvest_word(struct op *op, uint64_t index, unsigned at, uint64_t bits)
{
	uint64_t *word = &op->words[op->item->pool_page + index];

	*word = at == 0 ? bits : *word | bits;
}

/*
 * A and D of an entry, which are cleared if `clears`. One atomic operation, set
 * or not: to look first costs more where most are set.
 */
static inline __attribute__((always_inline)) uint64_t gather_one(uint64_t *entry, bool clears)
{
	return (clears ? pte_clear(entry, *entry, PTE_A | PTE_D) : pte_load(entry)) &
	       (PTE_A | PTE_D);
}

/* The bits of `count` entries (1..32) from `entry` on, those of the first in bits 0 and 1. */
static inline __attribute__((always_inline)) uint64_t gather(uint64_t *entry, unsigned count,
							     bool clears)
{
	const uint64_t *end = entry + count;
	uint64_t word = 0;

	while (entry + 8 <= end) {
		uint64_t eight = gather_one(entry, clears);

		eight |= gather_one(entry + 1, clears) << 2;
		eight |= gather_one(entry + 2, clears) << 4;
		eight |= gather_one(entry + 3, clears) << 6;
		eight |= gather_one(entry + 4, clears) << 8;
		eight |= gather_one(entry + 5, clears) << 10;
		eight |= gather_one(entry + 6, clears) << 12;
		eight |= gather_one(entry + 7, clears) << 14;
		word = word >> 16 | eight << 42;
		entry += 8;
	}
	while (entry < end) {
		word = word >> 2 | gather_one(entry++, clears) << 56;
	}
	return word >> (64 - 2 * count);
}
_Static_assert(PTE_A == 1 << 6 && PTE_D == 1 << 7, "the shifts above");

/* Entries of one table, of which each word of results has 32. Returns whether any bit was set. */
static inline __attribute__((always_inline)) bool
harvest_entries(struct op *op, const struct vm_run *run, bool clears)
{
	uint64_t *word = &op->words[op->item->pool_page + op->item->done / 32];
	uint64_t *entry = run->slot.pte, *end = entry + run->entries;
	unsigned at = op->item->done % 32;
	uint64_t all = 0;

	while (entry < end) {
		unsigned count = (unsigned)(end - entry);
		uint64_t bits;

		if (count > 32 - at) {
			count = 32 - at;
		}
		bits = gather(entry, count, clears);
		all |= bits;
		*word = at == 0 ? bits : *word | bits << (2 * at);
		word++;
		entry += count;
		at = 0;
	}
	return all != 0;
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
		if (!clears) {
			(void)harvest_entries(op, run, false);
		} else if (harvest_entries(op, run, true)) {
			/* Else a hart that caches D would write without setting it again. */
			vm_flush_range(op->flush, op->space, run->first, run->pages);
		}
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
	return op_loop(&op, harvest_step, HARVEST_STEP);
}

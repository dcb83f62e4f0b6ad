/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * WINDOW_MAP.
 *
 * A step handles frames that are contiguous in an extent, in one table or one
 * large leaf: first the expectations are checked and entries of other frames
 * are cleared, then those are fenced, then all are installed. So nobody sees
 * the old frame and the new one through one address on two harts.
 */
#include "vm/table.h"

#define MAP_FLAGS (WINDOW_EXPECT_EMPTY | WINDOW_EXPECT_PAGE | WINDOW_ZERO | WINDOW_FENCE_I)
#define EXPECT_BOTH (WINDOW_EXPECT_EMPTY | WINDOW_EXPECT_PAGE)
/* Frames zeroed between two looks at pending interrupts. */
#define ZERO_STEP 1u
/* Entries made between two looks; two tables may have to be made for them first. */
#define MAP_STEP 12u
/* The same where entries are empty and that is all there is to know. */
#define FRESH_STEP 104u

/* One step: `pages` contiguous frames from `ppn` at virtual page `page`. */
struct map_step {
	struct vm_binding *binding;
	struct window_item *item;
	struct vm_flush *flush;
	struct vm_space *space;
	uint64_t page;
	uint64_t ppn;
	uint64_t pages;
	uint64_t bits; /* of a new entry */
};

static enum err map_check(const struct vm_binding *binding, const struct window_item *item)
{
	if (binding->window == NULL || binding->closing) {
		return ERR_NOT_BOUND;
	}
	enum err err = vm_item_check(binding->window, item);

	if (err != ERR_OK) {
		return err;
	}
	if (!vm_rights_valid(item->rights) || (item->flags & ~MAP_FLAGS) ||
	    (item->flags & EXPECT_BOTH) == EXPECT_BOTH || item->count > binding->pool->pages ||
	    item->pool_page > binding->pool->pages - item->count) {
		return ERR_ARGUMENT;
	}
	if (item->rights & ~binding->rights) {
		return ERR_RIGHTS;
	}
	if (item->flags & WINDOW_ZERO) {
		/* Zeroing is a write: not through a binding that must not write. */
		if (!(binding->rights & RIGHT_WRITE)) {
			return ERR_RIGHTS;
		}
		if (binding->pool->is_device) {
			return ERR_ARGUMENT;
		}
	}
	return ERR_OK;
}

/*
 * Is `pte`, an entry of `level` that covers the step's page + `offset`, what
 * the item expects there?
 */
static bool is_expected(const struct map_step *step, uint64_t pte, unsigned level, uint64_t offset)
{
	const struct window_item *item = step->item;

	if (item->flags & WINDOW_EXPECT_EMPTY) {
		return pte == 0;
	}
	if (!(item->flags & WINDOW_EXPECT_PAGE)) {
		return true;
	}
	uint64_t pool_page = item->expected + item->done + offset;
	const struct vm_extent *extent = vm_pool_extent(step->binding->pool, pool_page);
	uint64_t inside = (step->page + offset) & (sv39_span(level) - 1);

	return pte != 0 && extent != NULL &&
	       pte_ppn(pte) + inside ==
		       (extent->base.raw >> PAGE_SHIFT) + pool_page - extent->pool_page;
}

/*
 * First half: how many of the entries, which lie in one table, can be set.
 * Entries of other frames are cleared, and fenced on return. *made: how many
 * were 0 before. *err: ERR_MISMATCH if an expectation ended the run.
 */
static unsigned map_clear(const struct map_step *step, struct vm_slot slot, unsigned entries,
			  unsigned *made, enum err *err)
{
	uint64_t span = sv39_span(slot.level);
	bool is_replaced = false;
	unsigned i;

	for (i = 0; i < entries; i++) {
		uint64_t old = pte_load(&slot.pte[i]);

		if (!is_expected(step, old, slot.level, i * span)) {
			*err = ERR_MISMATCH;
			break;
		}
		if (old == 0) {
			(*made)++;
		} else if (pte_ppn(old) != step->ppn + i * span) {
			pte_store(&slot.pte[i], 0); /* covered by the commit below */
			vm_flush_range(step->flush, step->space, step->page + i * span, span);
			is_replaced = true;
		}
	}
	if (is_replaced) {
		vm_flush_commit(step->flush);
	}
	return i;
}

/* Second half: cannot fail. */
static void map_install(const struct map_step *step, struct vm_slot slot, unsigned entries)
{
	uint64_t span = sv39_span(slot.level);

	for (unsigned i = 0; i < entries; i++) {
		uint64_t ppn = step->ppn + i * span;
		uint64_t old = pte_load(&slot.pte[i]);

		if (step->item->flags & WINDOW_ZERO) {
			vm_zero_page((struct paddr){ppn << PAGE_SHIFT});
			/* Zeroes before the entry, for other harts' walkers. */
			__atomic_thread_fence(__ATOMIC_RELEASE);
		}
		if (old == 0) {
			/* 0 to valid: no flush; a hart that remembers the 0 fences in vm_fault. */
			pte_store(&slot.pte[i], pte_make(ppn, step->bits));
			continue;
		}
		/* The same frame: keep A and D. */
		pte_update(&slot.pte[i], PTE_RWX, step->bits);
		if (old & PTE_RWX & ~step->bits) {
			vm_flush_range(step->flush, step->space, step->page + i * span, span);
		}
	}
}

/* Both halves for 4 KiB entries up to the first that is not empty: how many. */
static unsigned map_fresh(const struct map_step *step, struct vm_slot slot, unsigned entries)
{
	uint64_t pte = pte_make(step->ppn, step->bits);
	unsigned i;

	for (i = 0; i < entries && pte_load(&slot.pte[i]) == 0; i++) {
		pte_store(&slot.pte[i], pte); /* no flush: as in map_install */
		pte += 1ull << PTE_PPN_SHIFT;
	}
	return i;
}

/* Entries of the step from `slot` on that lie in one table, at most `limit`. */
static unsigned entries_at(const struct map_step *step, struct vm_slot slot, unsigned limit)
{
	unsigned entries = SV39_ENTRIES - sv39_index(step->page, 0);

	if (slot.level != 0) {
		return 1;
	}
	if (entries > limit) {
		entries = limit;
	}
	return entries > step->pages ? (unsigned)step->pages : entries;
}

/* `limit`: entries that are not empty. */
static enum err map_entries(const struct map_step *step, struct vm_slot slot, unsigned limit)
{
	unsigned flags = step->item->flags;
	unsigned entries = 0, made = 0;
	enum err err = ERR_OK;

	if (slot.level == 0 && !(flags & (WINDOW_ZERO | WINDOW_EXPECT_PAGE))) {
		entries = map_fresh(step, slot, entries_at(step, slot, FRESH_STEP));
		made = entries;
	}
	if (entries == 0) {
		entries = entries_at(step, slot, flags & WINDOW_ZERO ? ZERO_STEP : limit);
		entries = map_clear(step, slot, entries, &made, &err);
		map_install(step, slot, entries);
	}
	vm_live_add(slot, made);
	step->item->done += (uint32_t)(entries * sv39_span(slot.level));
	return err;
}

/* The largest level whose leaf fits the step. */
static unsigned leaf_level(const struct map_step *step)
{
	unsigned level = step->item->flags & WINDOW_ZERO ? 0 : SV39_ROOT_LEVEL;

	while (level > 0 && (step->pages < sv39_span(level) ||
			     ((step->page | step->ppn) & (sv39_span(level) - 1)) != 0)) {
		level--;
	}
	return level;
}

/*
 * A leaf larger than the step wants: if it already says what the item asks
 * for, count the pages as done, else return false.
 */
static bool map_is_there(const struct map_step *step, struct vm_slot slot)
{
	uint64_t pte = pte_load(slot.pte);
	uint64_t span = sv39_span(slot.level);
	uint64_t inside = step->page & (span - 1);
	uint64_t pages = span - inside;

	if (pte == 0 || pte_ppn(pte) + inside != step->ppn || (step->item->flags & WINDOW_ZERO) ||
	    (pte & PTE_RWX) != (step->bits & PTE_RWX)) {
		return false;
	}
	step->item->done += (uint32_t)(pages < step->pages ? pages : step->pages);
	return true;
}

#define PROMOTE_STEP (SV39_ENTRIES / 2)

/* Bits in which any of PROMOTE_STEP entries is not what the leaf `pte` says there. */
static uint64_t differences(const uint64_t *entries, uint64_t pte, uint64_t span)
{
	uint64_t differs = 0;

#pragma GCC unroll 8 /* this is all one section, see kernel/debug.h */
	for (unsigned i = 0; i < PROMOTE_STEP; i++) {
		differs |= entries[i] ^ pte;
		pte += span << PTE_PPN_SHIFT;
	}
	return differs;
}

/*
 * The slot has a table where a leaf would do. If all 512 entries map already
 * what the leaf will, it takes their place and the table is given back; not if
 * an interrupt comes meanwhile. To look in vain leaves time for *limit = 1 entry
 * in this step.
 *
 * Walkers may find the table until the flush, and what they find there is as
 * good. A D that they set meanwhile is in the leaf, which has D if it, or any of
 * the entries, can be written.
 */
static bool map_promote(const struct map_step *step, struct vm_slot slot, unsigned *limit)
{
	uint64_t leaf = pte_make(step->ppn, step->bits);
	uint64_t span = sv39_span(slot.level - 1);
	struct paddr table = pte_paddr(pte_load(slot.pte));
	const uint64_t *entries = vm_pointer(table);

	/* Mostly these tell. */
	if ((step->item->flags & EXPECT_BOTH) != 0 || vm_table_info(table)->live != SV39_ENTRIES ||
	    pte_ppn(entries[0]) != step->ppn ||
	    pte_ppn(entries[SV39_ENTRIES - 1]) != step->ppn + (SV39_ENTRIES - 1) * span) {
		return false;
	}
	uint64_t differs = 0;

	*limit = 1;
	for (unsigned i = 0; i < SV39_ENTRIES; i += PROMOTE_STEP) {
		if (i != 0 && vm_preempt_pending()) {
			return false;
		}
		differs |= differences(&entries[i], leaf + (i * span << PTE_PPN_SHIFT), span);
		if (differs >> PTE_PPN_SHIFT != 0 || (differs & PTE_V) != 0) {
			return false;
		}
	}
	pte_publish(slot.pte, leaf | ((differs & (PTE_D | PTE_W)) != 0 ? PTE_D : 0));
	vm_table_replaced(step->space, table, step->flush);
	step->item->done += (uint32_t)sv39_span(slot.level);
	return true;
}

static enum err map_step(const struct map_step *step)
{
	unsigned level = leaf_level(step), limit = MAP_STEP;
	struct vm_slot slot = vm_slot_find(step->space, step->page, level);

	/* Smaller leaves than could be, if there is a table already and it says other things. */
	while (slot.level == level && level > 0 && pte_is_table(pte_load(slot.pte))) {
		if (!vm_thaw_needed(slot) && map_promote(step, slot, &limit)) {
			return ERR_OK;
		}
		level--;
		slot = vm_slot_find(step->space, step->page, level);
	}
	/* It may get W, which a table to be thawed would lose again. */
	if (vm_thaw_needed(slot)) {
		vm_thaw(step->space, step->page, step->flush);
		return ERR_OK; /* no page is done yet */
	}
	if (slot.level > level) {
		if (!is_expected(step, pte_load(slot.pte), slot.level, 0)) {
			return ERR_MISMATCH;
		}
		if (map_is_there(step, slot)) {
			return ERR_OK;
		}
		bool is_split = pte_load(slot.pte) != 0;
		enum err err = vm_tables_make(step->space, &slot, step->page, level,
					      step->binding->window, step->flush);
		if (err != ERR_OK || is_split) {
			return err; /* that was long enough: no page is done yet */
		}
	}
	return map_entries(step, slot, limit);
}

static uint64_t entry_bits(const struct vm_binding *binding, const struct window_item *item)
{
	return PTE_V | PTE_U | PTE_A | (uint64_t)item->rights << 1 |
	       (item->rights & RIGHT_WRITE ? PTE_D : 0) | vm_pool_bits(binding->pool);
}

bool vm_map_quick(const struct vm_binding *binding, const struct window_item *item)
{
	if (map_check(binding, item) != ERR_OK || (item->flags & ~WINDOW_EXPECT_EMPTY) ||
	    item->done != 0 || item->count > VM_QUICK_PAGES) {
		return false;
	}
	const struct vm_extent *extent = vm_pool_extent(binding->pool, item->pool_page);
	uint64_t inside = item->pool_page - extent->pool_page;
	struct vm_slot slot = vm_slot_find(binding->window->space, item->va_page, 0);

	if (slot.level != 0 || slot.is_frozen || item->count > extent->pages - inside ||
	    item->count > SV39_ENTRIES - sv39_index(item->va_page, 0)) {
		return false;
	}
	for (unsigned i = 0; i < item->count; i++) {
		if (pte_load(&slot.pte[i]) != 0) {
			return false;
		}
	}
	uint64_t pte =
		pte_make((extent->base.raw >> PAGE_SHIFT) + inside, entry_bits(binding, item));

	/* As in vm_map. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (unsigned i = 0; i < item->count; i++) {
		pte_store(&slot.pte[i], pte); /* no flush: as in map_install */
		pte += 1ull << PTE_PPN_SHIFT;
	}
	vm_live_add(slot, item->count);
	return true;
}

enum err vm_map(struct vm_binding *binding, struct window_item *item, struct vm_flush *flush)
{
	enum err err = map_check(binding, item);

	if (err != ERR_OK) {
		return err;
	}
	struct map_step step = {
		.binding = binding,
		.item = item,
		.flush = flush,
		.space = binding->window->space,
		.bits = entry_bits(binding, item),
	};

	/* An earlier item of the batch may have cleared an entry here. */
	vm_flush_before(flush, step.space, item->va_page, item->count);
	if (item->flags & WINDOW_FENCE_I) {
		vm_flush_fence_i(flush, step.space);
	}
	/* What this hart stored into the frames comes before the entries, for other harts'
	 * walkers; pairs with the address dependency of their walk. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	while (item->done < item->count) {
		uint64_t pool_page = item->pool_page + item->done;
		const struct vm_extent *extent = vm_pool_extent(binding->pool, pool_page);
		uint64_t inside = pool_page - extent->pool_page;

		step.page = item->va_page + item->done;
		step.ppn = (extent->base.raw >> PAGE_SHIFT) + inside;
		step.pages = extent->pages - inside;
		if (step.pages > item->count - item->done) {
			step.pages = item->count - item->done;
		}
		err = map_step(&step);
		if (err != ERR_OK) {
			return err;
		}
		if (item->done < item->count && vm_preempt_pending()) {
			return VM_PREEMPTED;
		}
	}
	return ERR_OK;
}

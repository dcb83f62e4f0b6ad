/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables of a space.
 *
 * Each table but the root is a page of one of the space's banks (V2). A bank
 * is a row of 64 KiB chunks; the first page of a chunk describes the other 15
 * (struct vm_table_info), so from any entry's address its table's description
 * is found by masking. Invariants:
 *
 * T1. A used table has live ≥ 1, live is exact, and exactly one entry, at
 *     `parent`, points to it. So the number of used tables is the least
 *     possible for the leaves that exist.
 * T2. A table that is unlinked goes to space->limbo. A walker may still hold
 *     the non-leaf entry that pointed to it, so only a whole fence (rs1 = x0;
 *     privileged spec, sfence.vma: "if software modifies a non-leaf PTE")
 *     makes it free. Any flush of a space whose limbo is not empty is whole.
 * T3. tables_free counts what vm_table_alloc can give: free pages, fresh pages
 *     and limbo of banks that are not being removed. So ERR_NO_TABLE is known
 *     before anything is changed.
 *
 * Lock: the kernel lock.
 */
#include "vm/table.h"

void vm_zero_page(struct paddr page)
{
	uint64_t *words = vm_pointer(page);

	if (vm_features.cache_block_zero) {
		for (unsigned i = 0; i < SV39_ENTRIES; i += 8) {
			zero_block(&words[i]);
		}
		return;
	}
	for (unsigned i = 0; i < SV39_ENTRIES; i += 8) {
		words[i] = 0;
		words[i + 1] = 0;
		words[i + 2] = 0;
		words[i + 3] = 0;
		words[i + 4] = 0;
		words[i + 5] = 0;
		words[i + 6] = 0;
		words[i + 7] = 0;
	}
}

struct vm_slot vm_slot_find(const struct vm_space *space, uint64_t page, unsigned floor)
{
	struct vm_slot slot = {vm_pointer(space->root), SV39_ROOT_LEVEL, false};

	for (;;) {
		slot.pte += sv39_index(page, slot.level);
		if (slot.level <= floor) {
			return slot;
		}
		uint64_t pte = pte_load(slot.pte);
		if (!pte_is_table(pte)) {
			return slot;
		}
		slot.is_frozen |= (pte & PTE_V) == 0;
		slot.pte = vm_pointer(pte_paddr(pte));
		slot.level--;
	}
}

struct vm_run vm_run_find(const struct vm_space *space, uint64_t page, uint64_t left,
			  unsigned entries)
{
	struct vm_run run = {.slot = vm_slot_find(space, page, 0), .first = page, .entries = 1};
	uint64_t span = sv39_span(run.slot.level);

	run.is_frozen = vm_thaw_needed(run.slot);
	if (run.slot.level == 0) {
		unsigned to_end = SV39_ENTRIES - sv39_index(page, 0);

		entries = entries > to_end ? to_end : entries;
		run.entries = entries > left ? (unsigned)left : entries;
		run.pages = run.entries;
		run.is_whole = true;
		return run;
	}
	run.pages = span - (page & (span - 1));
	if (run.pages > left) {
		run.pages = left;
	}
	run.is_whole = run.pages == span;
	return run;
}

/* A page from the bank, or 0. */
static uint64_t bank_take(struct vm_bank *bank)
{
	uint64_t table = bank->free;

	if (table != 0) {
		bank->free = vm_table_info((struct paddr){table})->link;
		return table;
	}
	if (bank->fresh * PAGE_SIZE >= bank->bytes) {
		return 0;
	}
	if (bank->fresh % VM_CHUNK_PAGES == 0) {
		struct paddr chunk = {bank->base.raw + bank->fresh * PAGE_SIZE};

		vm_chunk_of(chunk)->bank = bank;
		bank->fresh++;
	}
	table = bank->base.raw + bank->fresh * PAGE_SIZE;
	bank->fresh++;
	return table;
}

/* A page from any bank of the space, or 0. At most VM_SPACE_BANKS steps. */
static uint64_t space_take(struct vm_space *space)
{
	for (struct vm_bank *bank = space->banks; bank != NULL; bank = bank->next) {
		uint64_t table = bank->closing ? 0 : bank_take(bank);

		if (table != 0) {
			return table;
		}
	}
	return 0;
}

/* A table, not filled, for the entry at `parent`. Precondition: tables_free > 0 (T3). */
static struct paddr table_alloc(struct vm_space *space, unsigned level, struct paddr parent,
				struct vm_window *window)
{
	struct paddr table = {space_take(space)};

	if (table.raw == 0) {
		struct vm_flush flush = {0};

		vm_flush_whole(&flush, space);
		vm_flush_commit(&flush);
		table.raw = space_take(space);
		vm_assert(table.raw != 0);
	}
	*vm_table_info(table) = (struct vm_table_info){
		.parent = parent.raw,
		.window = window,
		.level = (uint8_t)level,
		.state = VM_TABLE_USED,
	};
	vm_chunk_of(table)->bank->used++;
	space->tables_free--;
	space->tables_used++;
	return table;
}

/* Fill a table with the parts of `leaf`, a leaf one level up. */
static void table_fill(uint64_t *table, unsigned level, uint64_t leaf)
{
	uint64_t step = sv39_span(level) << PTE_PPN_SHIFT;

#pragma GCC unroll 8 /* this is all one section, see kernel/debug.h */
	for (unsigned i = 0; i < SV39_ENTRIES; i++) {
		/* No flush: nothing points to the table yet. */
		pte_store(&table[i], leaf);
		leaf += step;
	}
}

enum err vm_tables_make(struct vm_space *space, struct vm_slot *slot, uint64_t page, unsigned floor,
			struct vm_window *window, struct vm_flush *flush)
{
	if (space->tables_free < slot->level - floor) {
		return ERR_NO_TABLE;
	}
	while (slot->level > floor) {
		unsigned level = slot->level - 1;
		struct paddr pa =
			table_alloc(space, level, vm_paddr(slot->pte), level == 0 ? window : NULL);
		uint64_t *table = vm_pointer(pa);
		/*
		 * A leaf is taken out while its parts are made, so that no A or D
		 * is set in it unseen. A hart that misses it meanwhile faults,
		 * waits for the lock, and retries. The flush of the split comes
		 * later: until then the old leaf says the same as its parts.
		 */
		uint64_t old = pte_exchange(slot->pte, 0);

		if (old != 0) {
			table_fill(table, level, pte_is_frozen(old) ? pte_thawed(old) : old);
			vm_table_info(pa)->live = SV39_ENTRIES;
			vm_flush_whole(flush, space);
		} else {
			vm_zero_page(pa);
			vm_live_add(*slot, 1);
		}
		/* 0 to valid: a walker that remembers the 0 faults, vm_fault fences there. */
		pte_publish(slot->pte, pte_make(pa.raw >> PAGE_SHIFT, PTE_V));
		slot->pte = table + sv39_index(page, level);
		slot->level = level;
	}
	return ERR_OK;
}

enum err vm_run_split(struct vm_space *space, const struct vm_run *run, uint64_t left,
		      struct vm_window *window, struct vm_flush *flush)
{
	struct vm_slot slot = run->slot;
	bool fits = sv39_index(run->first, 0) == 0 && left >= sv39_span(1);

	return vm_tables_make(space, &slot, run->first, slot.level > 1 && fits ? 1 : 0, window,
			      flush);
}

void vm_live_add(struct vm_slot slot, unsigned count)
{
	if (slot.level < SV39_ROOT_LEVEL) {
		struct vm_table_info *info = vm_table_info(vm_slot_table(slot));

		info->live = (uint16_t)(info->live + count);
	}
}

/* The table has no use any more and nothing points to it. */
static void limbo_add(struct vm_space *space, struct paddr table)
{
	struct vm_table_info *info = vm_table_info(table);
	struct vm_bank *bank = vm_chunk_of(table)->bank;

	info->state = VM_TABLE_LIMBO;
	info->link = space->limbo;
	space->limbo = table.raw;
	space->limbo_count++;
	space->tables_used--;
	bank->used--;
	if (!bank->closing) {
		space->tables_free++;
	}
}

/* Unlink the table, and the one above it if that is empty then. */
static void unlink_table(struct vm_space *space, struct paddr table, struct vm_flush *flush)
{
	vm_flush_whole(flush, space);
	for (;;) { /* twice at most: the root is in no bank */
		struct paddr entry = {vm_table_info(table)->parent};
		struct paddr parent = {align_down(entry.raw, PAGE_SIZE)};

		/* Covered by the whole flush above; T2 keeps the table until then. */
		pte_store(vm_pointer(entry), 0);
		limbo_add(space, table);
		if (parent.raw == space->root.raw) {
			return;
		}
		if (--vm_table_info(parent)->live != 0) {
			return;
		}
		table = parent;
	}
}

void vm_table_drop(struct vm_space *space, struct paddr table, struct vm_flush *flush)
{
	unlink_table(space, table, flush);
	if (space->limbo_count >= VM_LIMBO_MAX) {
		vm_flush_commit(flush); /* giving them back must not take long */
	}
}

void vm_table_replaced(struct vm_space *space, struct paddr table, struct vm_flush *flush)
{
	limbo_add(space, table);
	vm_flush_whole(flush, space);
}

void vm_live_sub(struct vm_space *space, struct vm_slot slot, unsigned count,
		 struct vm_flush *flush)
{
	if (slot.level == SV39_ROOT_LEVEL || count == 0) {
		return;
	}
	struct paddr table = vm_slot_table(slot);
	struct vm_table_info *info = vm_table_info(table);

	vm_assert(info->live >= count);
	info->live = (uint16_t)(info->live - count);
	if (info->live == 0) {
		vm_table_drop(space, table, flush);
	}
}

void vm_limbo_release(struct vm_space *space)
{
	/* As many steps as tables were dropped since the last flush: VM_LIMBO_MAX and a few. */
	space->limbo_count = 0;
	while (space->limbo != 0) {
		struct paddr table = {space->limbo};
		struct vm_table_info *info = vm_table_info(table);
		struct vm_bank *bank = vm_chunk_of(table)->bank;

		space->limbo = info->link;
		info->state = VM_TABLE_FREE;
		info->link = bank->free;
		bank->free = table.raw;
	}
}

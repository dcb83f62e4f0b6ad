/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spaces: root table, banks, message buffers. Invariants T1-T3: table.c.
 */
#include "vm/table.h"

#include "kernel/abi/message.h"

void vm_space_init(struct vm_space *space, struct paddr root)
{
	uint64_t *entries = vm_pointer(root);
	const uint64_t *kernel = vm_pointer(pte_paddr(vm_kernel_satp << PTE_PPN_SHIFT));

	*space = (struct vm_space){.root = root};
	vm_zero_page(root);
	for (unsigned i = SV39_ENTRIES / 2; i < SV39_ENTRIES; i++) {
		/* No flush: no hart runs the space. */
		pte_store(&entries[i], kernel[i]);
	}
}

/* Not donated any more; where it lies the kernel may still want to know. */
static void bank_reset(struct vm_bank *bank)
{
	*bank = (struct vm_bank){.base = bank->base, .bytes = bank->bytes};
}

void vm_space_destroy(struct vm_space *space)
{
	vm_assert(space->window_count == 0);
	if (space->running.bits & 1u << hart_index()) {
		vm_activate(NULL);
	}
	vm_assert(space->running.bits == 0);
	while (space->banks != NULL) { /* VM_SPACE_BANKS at most */
		struct vm_bank *bank = space->banks;

		space->banks = bank->next;
		bank_reset(bank);
	}
	*space = (struct vm_space){0};
}

/* Tables that a bank can become. */
static uint32_t bank_tables(uint64_t bytes)
{
	return (uint32_t)(bytes / VM_BANK_CHUNK * (VM_CHUNK_PAGES - 1));
}

enum err vm_bank_add(struct vm_space *space, struct vm_bank *bank, struct paddr base,
		     uint64_t bytes)
{
	if (bank->space != NULL) {
		return ERR_BUSY;
	}
	if (bytes == 0 || bytes > UINT32_MAX || (base.raw | bytes) % VM_BANK_CHUNK != 0) {
		return ERR_ARGUMENT;
	}
	if (space->bank_count == VM_SPACE_BANKS) {
		return ERR_LIMIT;
	}
	*bank = (struct vm_bank){
		.space = space,
		.next = space->banks,
		.base = base,
		.bytes = bytes,
	};
	space->banks = bank;
	space->bank_count++;
	space->tables_free += bank_tables(bytes);
	return ERR_OK;
}

/* Fence, if any table is in limbo. */
static void limbo_flush(struct vm_space *space)
{
	if (space->limbo != 0) {
		struct vm_flush flush = {0};

		vm_flush_whole(&flush, space);
		vm_flush_commit(&flush);
	}
}

/*
 * Let no table be made of the bank any more, and take what it had to give out
 * of tables_free (T3). With limbo empty that is all that is not used.
 */
static void bank_close(struct vm_bank *bank)
{
	limbo_flush(bank->space);
	bank->space->tables_free -= bank_tables(bank->bytes) - bank->used;
	bank->closing = true;
}

/*
 * Unlink one table of a bank that is closed; of a level-1 table first the
 * tables below. `false`: an interrupt is pending, not done.
 */
static bool bank_table_drop(struct vm_space *space, struct paddr table, struct vm_flush *flush)
{
	uint64_t *entries = vm_pointer(table);

	if (vm_table_info(table)->level == 1) {
		for (unsigned i = 0; i < SV39_ENTRIES; i++) {
			uint64_t pte = pte_load(&entries[i]);

			if (pte_is_table(pte)) {
				vm_table_drop(space, pte_paddr(pte), flush);
				if (vm_table_info(table)->state != VM_TABLE_USED) {
					return true; /* it was the last entry */
				}
				/* Only now: each call must get on. */
				if (vm_preempt_pending()) {
					return false;
				}
			}
		}
	}
	vm_table_drop(space, table, flush);
	return true;
}

static void bank_unlink(struct vm_bank *bank)
{
	struct vm_space *space = bank->space;
	struct vm_bank **link = &space->banks;

	while (*link != bank) { /* VM_SPACE_BANKS at most */
		link = &(*link)->next;
	}
	*link = bank->next;
	space->bank_count--;
	bank_reset(bank);
}

bool vm_bank_remove(struct vm_bank *bank)
{
	struct vm_flush flush = {0};
	struct vm_space *space = bank->space;

	if (space == NULL) {
		return true;
	}
	if (!bank->closing) {
		bank_close(bank);
	}
	while (bank->used != 0) {
		struct paddr page = {bank->base.raw + bank->cursor * PAGE_SIZE};

		if (bank->cursor % VM_CHUNK_PAGES != 0 &&
		    vm_table_info(page)->state == VM_TABLE_USED &&
		    !bank_table_drop(space, page, &flush)) {
			break;
		}
		bank->cursor++;
		if (bank->cursor % 4 == 0 && vm_preempt_pending()) {
			break;
		}
	}
	vm_flush_commit(&flush);
	if (bank->used != 0) {
		return false;
	}
	limbo_flush(space);
	bank_unlink(bank);
	return true;
}

enum err vm_message_buffer_map(struct vm_space *space, uint32_t number, struct paddr page)
{
	uint64_t va_page = MESSAGE_BUFFER_VA(number) >> PAGE_SHIFT;
	struct vm_flush flush = {0};

	if (number >= MESSAGE_BUFFER_MAX) {
		return ERR_ARGUMENT;
	}
	struct vm_slot slot = vm_slot_find(space, va_page, 0);

	if (slot.level == 0 && pte_load(slot.pte) != 0) {
		return ERR_BUSY;
	}
	/* Here every entry above level 0 is empty or a table: nothing is split, `flush` stays 0. */
	if (vm_tables_make(space, &slot, va_page, 0, NULL, &flush) != ERR_OK) {
		return ERR_NO_TABLE;
	}
	/* 0 to valid: no flush; a hart that remembers the 0 fences in vm_fault. */
	pte_publish(slot.pte, pte_make(page.raw >> PAGE_SHIFT,
				       PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D));
	vm_live_add(slot, 1);
	return ERR_OK;
}

void vm_message_buffer_unmap(struct vm_space *space, uint32_t number)
{
	uint64_t va_page = MESSAGE_BUFFER_VA(number) >> PAGE_SHIFT;
	struct vm_flush flush = {0};
	struct vm_slot slot = vm_slot_find(space, va_page, 0);

	if (number >= MESSAGE_BUFFER_MAX || slot.level != 0 || pte_load(slot.pte) == 0) {
		return;
	}
	pte_store(slot.pte, 0); /* covered by the flush below */
	vm_flush_range(&flush, space, va_page, 1);
	vm_live_sub(space, slot, 1, &flush);
	vm_flush_commit(&flush);
}

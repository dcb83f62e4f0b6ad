/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk of all of a space's tables, which compares them with what vm/ says of
 * them elsewhere. Only in the debug build and in host tests. It follows no
 * pointer that was not compared with a bank first, and meets no table twice
 * (T1), so it ends on broken tables too.
 */
#include "vm/table.h"

#if defined(KERNEL_DEBUG) || defined(VM_HOST)

#include "kernel/abi/message.h"

#define BUFFERS_PAGE (MESSAGE_BUFFER_BASE >> PAGE_SHIFT)
/* What an entry says besides its frame. */
#define PTE_BITS (~(PTE_PPN_MASK << PTE_PPN_SHIFT))
#define BUFFER_BITS (PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D)

static bool pool_has(const struct vm_pool *pool, uint64_t ppn, uint64_t pages)
{
	for (unsigned i = 0; i < pool->extent_count; i++) {
		uint64_t inside = ppn - (pool->extents[i].base.raw >> PAGE_SHIFT);

		if (inside < pool->extents[i].pages && pages <= pool->extents[i].pages - inside) {
			return true;
		}
	}
	return false;
}

/* V1. What an unbind has not reached yet may have more than the binding's rights. */
static bool binding_has(const struct vm_binding *binding, uint64_t ppn, uint64_t pages,
			unsigned rights)
{
	return (binding->closing || (rights & ~(unsigned)binding->rights) == 0) &&
	       pool_has(binding->pool, ppn, pages);
}

static void check_leaf(const struct vm_window *window, uint64_t page, unsigned level, uint64_t pte)
{
	uint64_t span = sv39_span(level), other = PTE_BITS & ~(PTE_V | PTE_RWX | PTE_A | PTE_D);
	unsigned rights = (unsigned)(pte & PTE_RWX) >> 1;
	unsigned i = 0;

	if (page >= BUFFERS_PAGE) {
		vm_assert(level == 0 && (pte & PTE_BITS) == BUFFER_BITS);
		return;
	}
	vm_assert((pte & PTE_V) != 0 || level > 0);
	vm_assert(pte_ppn(pte) % span == 0);
	vm_assert(window != NULL && page - window->first_page < window->pages);
	vm_assert(page - window->first_page + span <= window->pages);
	vm_assert(vm_rights_valid(rights) && (rights & ~(unsigned)window->rights) == 0);
	while (i < window->binding_count &&
	       !binding_has(window->bindings[i], pte_ppn(pte), span, rights)) {
		i++;
	}
	vm_assert(i < window->binding_count);
	vm_assert((pte & other) == (PTE_U | vm_pool_bits(window->bindings[i]->pool)));
}

/*
 * The description of a table of `level` that `*parent` points to, `page` its
 * first page. V2: in a bank of the space, and in no pool that the space can map.
 */
static const struct vm_table_info *check_table(const struct vm_space *space, const uint64_t *parent,
					       unsigned level, uint64_t page)
{
	uint64_t pte = pte_load(parent);
	struct paddr table = pte_paddr(pte);
	const struct vm_bank *bank = space->banks;
	const struct vm_table_info *info;

	vm_assert((pte & PTE_BITS & ~PTE_V) == 0);
	vm_assert((pte & PTE_V) != 0 || page < BUFFERS_PAGE);
	while (bank != NULL && table.raw - bank->base.raw >= bank->bytes) {
		bank = bank->next;
	}
	vm_assert(bank != NULL && table.raw % VM_BANK_CHUNK != 0);
	vm_assert(vm_chunk_of(table)->bank == bank);
	for (unsigned i = 0; i < space->window_count; i++) {
		const struct vm_window *window = space->windows[i];

		for (unsigned j = 0; j < window->binding_count; j++) {
			vm_assert(!pool_has(window->bindings[j]->pool, table.raw >> PAGE_SHIFT, 1));
		}
	}
	info = vm_table_info(table);
	vm_assert(info->state == VM_TABLE_USED && info->level == level);
	vm_assert(info->parent == vm_paddr(parent).raw); /* T1 */
	return info;
}

static void check_level0(const struct vm_space *space, const uint64_t *parent, uint64_t page)
{
	const struct vm_table_info *info = check_table(space, parent, 0, page);
	const uint64_t *entries = vm_pointer(pte_paddr(pte_load(parent)));
	unsigned live = 0;

	vm_assert(info->window == vm_window_find(space, page)); /* V4 */
	for (unsigned i = 0; i < SV39_ENTRIES; i++) {
		uint64_t pte = pte_load(&entries[i]);

		if (pte != 0) {
			live++;
			check_leaf(info->window, page + i, 0, pte);
		}
	}
	vm_assert(info->live == live && live != 0); /* T1 */
}

/* Returns the tables, this one and those below. */
static unsigned check_level1(const struct vm_space *space, const uint64_t *parent, uint64_t page)
{
	const struct vm_table_info *info = check_table(space, parent, 1, page);
	const uint64_t *entries = vm_pointer(pte_paddr(pte_load(parent)));
	unsigned live = 0, tables = 1;

	for (unsigned i = 0; i < SV39_ENTRIES; i++, page += sv39_span(1)) {
		uint64_t pte = pte_load(&entries[i]);

		live += pte != 0;
		if (pte_is_table(pte)) {
			check_level0(space, &entries[i], page);
			tables++;
		} else if (pte != 0) {
			check_leaf(vm_window_find(space, page), page, 1, pte);
		}
	}
	vm_assert(info->live == live && live != 0); /* T1 */
	return tables;
}

static void check_windows(const struct vm_space *space)
{
	uint64_t end = 0;

	vm_assert(space->window_count <= VM_SPACE_WINDOWS);
	for (unsigned i = 0; i < space->window_count; i++) {
		const struct vm_window *window = space->windows[i];

		vm_assert(window->space == space && window->first_page >= end);
		end = window->first_page + window->pages;
		vm_assert(end <= BUFFERS_PAGE && window->binding_count <= VM_WINDOW_BINDINGS);
		for (unsigned j = 0; j < window->binding_count; j++) {
			vm_assert(window->bindings[j]->window == window);
			vm_assert((window->bindings[j]->rights & ~window->rights) == 0);
		}
	}
}

void vm_check_space(const struct vm_space *space)
{
	const uint64_t *root = vm_pointer(space->root);
	uint32_t tables = 0, used = 0, left = 0, banks = 0;

	check_windows(space);
	for (unsigned i = 0; i < SV39_ENTRIES / 2; i++) {
		uint64_t pte = pte_load(&root[i]);
		uint64_t page = i * sv39_span(SV39_ROOT_LEVEL);

		if (pte_is_table(pte)) {
			tables += check_level1(space, &root[i], page);
		} else if (pte != 0) {
			check_leaf(vm_window_find(space, page), page, SV39_ROOT_LEVEL, pte);
		}
	}
	for (const struct vm_bank *bank = space->banks; bank != NULL; bank = bank->next) {
		uint32_t pages = (uint32_t)(bank->bytes / VM_BANK_CHUNK * (VM_CHUNK_PAGES - 1));

		vm_assert(++banks <= VM_SPACE_BANKS && bank->space == space && bank->used <= pages);
		used += bank->used;
		left += bank->closing ? 0 : pages - bank->used;
	}
	vm_assert(space->bank_count == banks && space->tables_used == tables && used == tables);
	vm_assert(space->tables_free == left);			 /* T3 */
	vm_assert(space->limbo == 0 && space->limbo_count == 0); /* V3: T2 owes nothing */
}

#endif

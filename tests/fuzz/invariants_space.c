/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants of page tables: V1, V2, V4 (docs/architecture.md), T1, T3
 * (vm/table.c), and the lists of windows, bindings and banks.
 */
#include "tests/fuzz/invariants.h"

/* Message buffers mapped in the space being looked at. */
static unsigned buffers_found;

static bool extent_has(const struct vm_pool *pool, uint64_t ppn, uint64_t pages)
{
	for (unsigned i = 0; i < pool->extent_count; i++) {
		uint64_t first = pool->extents[i].base.raw >> PAGE_SHIFT;

		if (ppn >= first && ppn + pages <= first + pool->extents[i].pages) {
			return true;
		}
	}
	return false;
}

static void check_leaf(const struct vm_space *space, uint64_t page, unsigned level, uint64_t pte)
{
	const struct vm_window *window = vm_window_find(space, page);
	unsigned rights = (unsigned)(pte & PTE_RWX) >> 1;
	bool allowed = false;

	CHECK((pte & PTE_V) && (pte & PTE_U) && !(pte & PTE_G));
	CHECK((pte & (PTE_W | PTE_X)) != (PTE_W | PTE_X));
	CHECK((pte & PTE_R) || !(pte & PTE_W));
	CHECK(pte_ppn(pte) % sv39_span(level) == 0);
	/* V1 */
	CHECK(window != NULL);
	CHECK(page - window->first_page + sv39_span(level) <= window->pages);
	CHECK((rights & ~(unsigned)window->rights) == 0);
	for (unsigned i = 0; i < window->binding_count; i++) {
		const struct vm_binding *binding = window->bindings[i];

		allowed |= extent_has(binding->pool, pte_ppn(pte), sv39_span(level)) &&
			   (binding->closing || (rights & ~(unsigned)binding->rights) == 0);
	}
	CHECK(allowed);
}

static void check_buffer(const struct vm_space *space, uint64_t page, uint64_t pte)
{
	uint64_t number = page - (MESSAGE_BUFFER_BASE >> PAGE_SHIFT);
	const struct live *l = live_find(
		(char *)vm_pointer((struct paddr){pte_ppn(pte) << PAGE_SHIFT}) - PAGE_SIZE,
		OBJECT_THREAD);
	const struct thread *t;

	CHECK((pte & 0x3ff) == (PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D));
	CHECK(l != NULL);
	t = l->object;
	CHECK(t->has_buffer && t->buffer_number == number);
	CHECK(&((struct space_object *)t->space.object)->vm == space);
	buffers_found++;
}

static void check_table(const struct vm_space *space, struct paddr table, unsigned level,
			const uint64_t *parent, unsigned valid, uint64_t page)
{
	const struct vm_table_info *info = vm_table_info(table);
	const struct vm_bank *bank = vm_chunk_of(table)->bank;

	CHECK(live_find(vm_pointer(bank->base), OBJECT_TABLE_BANK) != NULL); /* V2 */
	CHECK(bank->space == space && table.raw - bank->base.raw < bank->bytes);
	CHECK(table.raw % VM_BANK_CHUNK != 0);
	CHECK(info->state == VM_TABLE_USED && info->level == level);
	CHECK(info->parent == vm_paddr(parent).raw);
	CHECK(info->live == valid && valid != 0); /* T1 */
	if (level == 0) {
		CHECK(info->window == vm_window_find(space, page)); /* V4 */
	}
}

static unsigned check_level0(const struct vm_space *space, const uint64_t *entry, uint64_t page)
{
	const uint64_t *leaf = vm_pointer(pte_paddr(*entry));
	unsigned valid = 0;

	for (uint64_t i = 0; i < SV39_ENTRIES; i++) {
		if (leaf[i] == 0) {
			continue;
		}
		valid++;
		if (page >= MESSAGE_BUFFER_BASE >> PAGE_SHIFT) {
			check_buffer(space, page | i, leaf[i]);
		} else {
			check_leaf(space, page | i, 0, leaf[i]);
		}
	}
	check_table(space, pte_paddr(*entry), 0, entry, valid, page);
	return 1;
}

/* Tables from this entry of the root down. */
static unsigned check_level1(const struct vm_space *space, const uint64_t *entry, uint64_t first)
{
	const uint64_t *middle = vm_pointer(pte_paddr(*entry));
	unsigned valid = 0, tables = 1;

	for (uint64_t i = 0; i < SV39_ENTRIES; i++) {
		uint64_t page = first | i << SV39_INDEX_BITS;

		if (middle[i] == 0) {
			continue;
		}
		valid++;
		if (pte_is_table(middle[i])) {
			tables += check_level0(space, &middle[i], page);
		} else {
			check_leaf(space, page, 1, middle[i]);
		}
	}
	check_table(space, pte_paddr(*entry), 1, entry, valid, first);
	return tables;
}

static void check_tables(const struct vm_space *space)
{
	const uint64_t *root = vm_pointer(space->root);
	uint32_t tables = 0, total = 0, closing = 0;
	unsigned banks = 0;

	for (uint64_t i = 0; i < SV39_ENTRIES / 2; i++) {
		if (pte_is_table(root[i])) {
			tables += check_level1(space, &root[i], i << (2 * SV39_INDEX_BITS));
		} else if (root[i] != 0) {
			check_leaf(space, i << (2 * SV39_INDEX_BITS), 2, root[i]);
		}
	}
	for (const struct vm_bank *bank = space->banks; bank != NULL; bank = bank->next) {
		uint32_t pages = (uint32_t)(bank->bytes / VM_BANK_CHUNK * (VM_CHUNK_PAGES - 1));

		CHECK(++banks <= live_count);
		CHECK(IS_LIVE(vm_pointer(bank->base), OBJECT_TABLE_BANK) && bank->space == space);
		CHECK(bank->used <= pages);
		total += pages;
		closing += bank->closing ? pages - bank->used : 0;
	}
	CHECK(space->bank_count == banks);
	CHECK(space->tables_used == tables);
	CHECK(space->tables_used + space->tables_free + closing == total); /* T3 */
	CHECK(space->limbo == 0);
}

static void check_window(const struct window_object *window)
{
	const struct vm_window *vm = &window->vm;
	unsigned found = 0;

	CHECK((vm->space == NULL) == (window->space.object == NULL));
	CHECK(vm->binding_count <= VM_WINDOW_BINDINGS);
	CHECK(vm->space != NULL || vm->binding_count == 0);
	for (unsigned i = 0; i < vm->binding_count; i++) {
		CHECK(IS_LIVE(vm->bindings[i], OBJECT_BINDING) && vm->bindings[i]->window == vm);
	}
	if (vm->space == NULL) {
		return;
	}
	CHECK(IS_LIVE(vm->space, OBJECT_SPACE) && window->space.object == vm->space);
	for (unsigned i = 0; i < vm->space->window_count; i++) {
		found += vm->space->windows[i] == vm;
		CHECK(i == 0 ||
		      vm->space->windows[i - 1]->first_page + vm->space->windows[i - 1]->pages <=
			      vm->space->windows[i]->first_page);
	}
	CHECK(found == 1);
}

static void check_pool(const struct pool_object *pool)
{
	uint64_t pages = 0;
	unsigned bindings = 0;

	for (unsigned i = 0; i < pool->vm.extent_count; i++) {
		bool found = false;

		CHECK(pool->vm.extents[i].pool_page == pages);
		pages += pool->vm.extents[i].pages;
		for (unsigned j = 0; j < VM_POOL_EXTENTS; j++) {
			found |=
				pool->extents[j].type == OBJECT_UNTYPED &&
				(uint64_t)pool->extents[j].object == pool->vm.extents[i].base.raw &&
				pool->extents[j].badge == pool->vm.extents[i].pages << PAGE_SHIFT;
		}
		CHECK(found);
	}
	CHECK(pool->vm.pages == pages);
	for (struct vm_binding *const *link = &pool->vm.bindings; *link != NULL;
	     link = &(*link)->next_of_pool) {
		CHECK(IS_LIVE(*link, OBJECT_BINDING));
		CHECK((*link)->pool == &pool->vm && (*link)->link_of_pool == link);
		CHECK(++bindings <= live_count);
	}
}

static void check_space(const struct space_object *space)
{
	unsigned buffers = 0, windows = 0;
	uint32_t running_harts = 0;

	buffers_found = 0;
	check_tables(&space->vm);
	for (unsigned i = 0; i < live_count; i++) {
		const struct thread *t = live[i].object;
		const struct window_object *window = live[i].object;

		/* A buffer whose table a bank took away is not mapped. */
		buffers +=
			live[i].type == OBJECT_THREAD && t->has_buffer && t->space.object == space;
		windows += live[i].type == OBJECT_WINDOW && window->vm.space == &space->vm;
	}
	CHECK(buffers_found <= buffers);
	CHECK(space->vm.window_count == windows);
	for (unsigned i = 0; i < HARTS; i++) {
		running_harts |= (uint32_t)(harts[i].active_space == &space->vm) << i;
	}
	CHECK(space->vm.running.bits == running_harts);
	CHECK((space->vm.running.bits & ~space->vm.live.bits) == 0);
	for (unsigned i = 0; i < HARTS; i++) {
		if (harts[i].active_space == &space->vm) {
			CHECK(hart_satp(i) == space->vm.satp);
		}
	}
}

void check_spaces(void)
{
	for (unsigned i = 0; i < live_count; i++) {
		switch (live[i].type) {
		case OBJECT_SPACE:
			check_space(live[i].object);
			break;
		case OBJECT_WINDOW:
			check_window(live[i].object);
			break;
		case OBJECT_POOL:
			check_pool(live[i].object);
			break;
		case OBJECT_BINDING: {
			const struct binding_object *binding = live[i].object;

			CHECK(binding->vm.window == NULL ||
			      (IS_LIVE(binding->vm.window, OBJECT_WINDOW) &&
			       IS_LIVE(binding->vm.pool, OBJECT_POOL) &&
			       binding->window.object == binding->vm.window &&
			       binding->pool.object == binding->vm.pool));
			break;
		}
		case OBJECT_TABLE_BANK: {
			const struct bank_object *bank = bank_object(live[i].object);

			CHECK((bank->vm.space == NULL) == (bank->space.object == NULL));
			CHECK(bank->vm.space == NULL || bank->space.object == bank->vm.space);
			break;
		}
		}
	}
}

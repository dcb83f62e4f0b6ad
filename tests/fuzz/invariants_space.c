/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants of spaces: what vm_check_space says of their tables, and that what
 * they name are live objects.
 */
#include "tests/fuzz/invariants.h"

/* Message buffers mapped in the space: as many as threads have there. The rest is vm_check_space's. */
static void check_buffers(const struct vm_space *space)
{
	unsigned mapped = buffers_mapped(space);

	for (unsigned i = 0; i < live_count; i++) {
		struct thread *t = live[i].object;

		/* A buffer whose table a bank took away is not mapped. */
		if (live[i].type == OBJECT_THREAD && t->has_buffer && t->space.object == space) {
			uint64_t page = MESSAGE_BUFFER_VA(t->buffer_number) >> PAGE_SHIFT;
			struct vm_slot slot = vm_slot_find(space, page, 0);

			mapped -= slot.level == 0 && *slot.pte != 0 &&
				  vm_pointer(pte_paddr(*slot.pte)) == thread_buffer(t);
		}
	}
	CHECK(mapped == 0);
}

static void check_banks(const struct vm_space *space)
{
	for (const struct vm_bank *bank = space->banks; bank != NULL; bank = bank->next) {
		CHECK(IS_LIVE(vm_pointer(bank->base), OBJECT_TABLE_BANK)); /* V2 */
	}
}

static void check_window(const struct window_object *window)
{
	const struct vm_window *vm = &window->vm;

	CHECK((vm->space == NULL) == (window->space.object == NULL));
	CHECK(vm->space != NULL || vm->binding_count == 0);
	for (unsigned i = 0; i < vm->binding_count; i++) {
		CHECK(IS_LIVE(vm->bindings[i], OBJECT_BINDING));
	}
	if (vm->space == NULL) {
		return;
	}
	CHECK(IS_LIVE(vm->space, OBJECT_SPACE) && window->space.object == vm->space);
	CHECK(vm_window_find(vm->space, vm->first_page) == vm);
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
	unsigned windows = 0;
	uint32_t running_harts = 0;

	check_banks(&space->vm);
	vm_check_space(&space->vm);
	check_buffers(&space->vm);
	for (unsigned i = 0; i < live_count; i++) {
		const struct window_object *window = live[i].object;

		windows += live[i].type == OBJECT_WINDOW && window->vm.space == &space->vm;
	}
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

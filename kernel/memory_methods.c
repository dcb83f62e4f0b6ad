/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Methods of Space, Binding and Pool: they decode capabilities, ask vm/ and
 * keep the derived capabilities that tie the objects' lives together.
 */
#include "kernel/debug.h"
#include "kernel/invoke.h"

#define RIGHTS_MEMORY (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)

/* The capability in argument i, of a type, with rights. */
static enum err argument(struct invocation *call, unsigned i, enum object_type type,
			 unsigned rights, struct cap_slot **slot)
{
	return cap_lookup_typed(invocation_cspace(call), call->arguments[i], type, rights, slot);
}

enum err space_add_bank(struct invocation *call)
{
	struct space_object *space = call->object;
	struct cap_slot *slot;
	struct bank_object *bank;
	enum err err = argument(call, 0, OBJECT_TABLE_BANK, RIGHT_MANAGE, &slot);

	if (err != ERR_OK) {
		return err;
	}
	bank = bank_object(slot->object);
	err = vm_bank_add(&space->vm, &bank->vm, vm_paddr(slot->object), bank->vm.bytes);
	if (err == ERR_OK) {
		cap_derive(&bank->space, call->slot, RIGHTS_ALL, 0);
		debug_check_space(&space->vm);
	}
	return err;
}

enum err space_attach_window(struct invocation *call)
{
	struct space_object *space = call->object;
	struct cap_slot *slot;
	struct cap_slot *fault = NULL;
	struct window_object *window;
	uint64_t rights = call->arguments[3];
	enum err err = argument(call, 0, OBJECT_WINDOW, RIGHT_MANAGE, &slot);

	if (err == ERR_OK && call->arguments[4] != 0) {
		err = argument(call, 4, OBJECT_ENDPOINT, RIGHT_WRITE, &fault);
	}
	if (err != ERR_OK) {
		return err;
	}
	if ((rights & ~(uint64_t)RIGHTS_MEMORY) != 0) {
		return ERR_ARGUMENT;
	}
	if (fault != NULL && fault->badge != 0 && call->arguments[5] != 0) {
		return ERR_RIGHTS;
	}
	window = slot->object;
	if (window->space.type != OBJECT_NONE) {
		return ERR_BUSY;
	}
	err = vm_window_attach(&space->vm, &window->vm, call->arguments[1], call->arguments[2],
			       (uint8_t)rights);
	if (err != ERR_OK) {
		return err;
	}
	cap_derive(&window->space, call->slot, RIGHTS_ALL, 0);
	if (window->fault.type != OBJECT_NONE) {
		cap_remove(&window->fault);
	}
	if (fault != NULL) {
		cap_derive(&window->fault, fault, RIGHT_WRITE, call->arguments[5]);
	}
	return ERR_OK;
}

enum err space_info(struct invocation *call)
{
	struct space_object *space = call->object;

	call->result[0] = space->vm.tables_used;
	call->result[1] = space->vm.tables_free;
	call->result[2] = space->vm.live.bits;
	call->results = 3;
	return ERR_OK;
}

enum err binding_bind(struct invocation *call)
{
	struct binding_object *binding = call->object;
	struct cap_slot *window;
	struct cap_slot *pool;
	uint64_t rights = call->arguments[2];
	enum err err;

	if ((rights & ~(uint64_t)RIGHTS_MEMORY) != 0) {
		return ERR_ARGUMENT;
	}
	err = argument(call, 0, OBJECT_WINDOW, RIGHT_BIND | (unsigned)rights, &window);
	if (err == ERR_OK) {
		err = argument(call, 1, OBJECT_POOL, RIGHT_BIND | (unsigned)rights, &pool);
	}
	if (err != ERR_OK) {
		return err;
	}
	if (binding->window.type != OBJECT_NONE || binding->pool.type != OBJECT_NONE) {
		return ERR_BUSY;
	}
	err = vm_binding_bind(&binding->vm, &((struct window_object *)window->object)->vm,
			      &((struct pool_object *)pool->object)->vm, (uint8_t)rights);
	if (err != ERR_OK) {
		return err;
	}
	cap_derive(&binding->window, window, RIGHTS_ALL, 0);
	cap_derive(&binding->pool, pool, RIGHTS_ALL, 0);
	return ERR_OK;
}

enum err pool_add_extent(struct invocation *call)
{
	struct pool_object *pool = call->object;
	struct cap_slot *untyped;
	struct cap_slot *extent = NULL;
	enum err err = argument(call, 0, OBJECT_UNTYPED, RIGHT_MANAGE, &untyped);

	if (err != ERR_OK) {
		return err;
	}
	if (untyped->child != NULL || untyped->used != 0) {
		return ERR_BUSY;
	}
	for (unsigned i = 0; i < VM_POOL_EXTENTS && extent == NULL; i++) {
		if (pool->extents[i].type == OBJECT_NONE) {
			extent = &pool->extents[i];
		}
	}
	if (extent == NULL) {
		return ERR_LIMIT;
	}
	err = vm_pool_add_extent(&pool->vm, (struct paddr){(uint64_t)untyped->object},
				 untyped->badge >> PAGE_SHIFT, untyped->device);
	if (err != ERR_OK) {
		return err;
	}
	cap_insert(extent, untyped, OBJECT_UNTYPED, untyped->object, 0, untyped->badge);
	cap_set_used(untyped, untyped->badge);
	untyped->zeroed = 0; /* a retype that gave up may have begun; users write there now */
	return ERR_OK;
}

enum err pool_info(struct invocation *call)
{
	const struct vm_pool *pool = &((struct pool_object *)call->object)->vm;
	bool may_see = (call->slot->rights & RIGHT_DMA) != 0;

	call->result[0] = pool->pages;
	call->result[1] = pool->extent_count;
	for (unsigned i = 0; i < pool->extent_count; i++) {
		uint64_t words[2] = {pool->extents[i].pool_page,
				     may_see ? pool->extents[i].base.raw : 0};

		for (unsigned j = 0; j < 2; j++) {
			unsigned at = 2 + 2 * i + j;

			if (at < MESSAGE_REGISTERS) {
				call->result[at] = words[j];
			} else {
				thread_buffer(call->thread)->words[at] = words[j];
			}
		}
	}
	call->results = 2 + 2 * pool->extent_count;
	return ERR_OK;
}

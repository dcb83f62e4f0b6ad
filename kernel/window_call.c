/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See window_call.h.
 *
 * The message buffer is mapped in user space and may change while it is read:
 * each item is copied once and only the copy is believed. Its `done` comes from
 * the user too; a wrong one skips pages of the user's own request.
 */
#include "kernel/window_call.h"

#include "kernel/debug.h"
#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/thread.h"

static enum err window_of(struct thread *t, uint64_t slot_index, struct vm_window **window)
{
	struct cap_slot *slot;
	enum err err =
		cap_lookup_typed(t->cspace.object, slot_index, OBJECT_WINDOW, RIGHT_MANAGE, &slot);

	if (err != ERR_OK) {
		return err;
	}
	*window = &((struct window_object *)slot->object)->vm;
	return (*window)->space == NULL ? ERR_NOT_BOUND : ERR_OK;
}

/* A flush gathers pages of one space. */
static void flush_for(struct vm_flush *flush, const struct vm_space *space)
{
	if (flush->space != NULL && flush->space != space) {
		vm_flush_commit(flush);
	}
}

static enum err run_map(struct thread *t, struct window_item *item, struct vm_flush *flush)
{
	struct cap_slot *slot;
	struct binding_object *binding;
	enum err err =
		cap_lookup_typed(t->cspace.object, item->cap, OBJECT_BINDING, RIGHT_MANAGE, &slot);

	if (err != ERR_OK) {
		return err;
	}
	binding = slot->object;
	if (binding->vm.window == NULL || binding->vm.window->space == NULL) {
		return ERR_NOT_BOUND;
	}
	flush_for(flush, binding->vm.window->space);
	debug_note_space(binding->vm.window->space);
	return vm_map(&binding->vm, item, flush);
}

static enum err run_item(struct thread *t, struct window_item *item, struct vm_flush *flush)
{
	struct vm_window *window;
	struct vm_window *target;
	enum err err;

	if (item->count == 0 || item->count > WINDOW_ITEM_PAGES || item->done > item->count) {
		return ERR_ARGUMENT;
	}
	if (item->done == item->count) {
		return ERR_OK; /* before a preemption */
	}
	if (item->op == WINDOW_MAP) {
		return run_map(t, item, flush);
	}
	err = window_of(t, item->cap, &window);
	if (err != ERR_OK) {
		return err;
	}
	flush_for(flush, window->space);
	debug_note_space(window->space);
	switch (item->op) {
	case WINDOW_PROTECT:
		return vm_protect(window, item, flush);
	case WINDOW_UNMAP:
		return vm_unmap(window, item, flush);
	case WINDOW_CLONE:
		err = window_of(t, item->pool_page, &target);
		if (err != ERR_OK) {
			return err;
		}
		debug_note_space(target->space);
		return vm_clone(window, target, item, flush);
	case WINDOW_QUERY:
		return vm_query(window, item, thread_buffer(t)->words, flush);
	case WINDOW_HARVEST:
		return vm_harvest(window, item, thread_buffer(t)->words, flush);
	case WINDOW_FREEZE:
		return vm_freeze(window, item, flush);
	case WINDOW_THAW:
		return vm_thaw_range(window, item, flush);
	default:
		return ERR_ARGUMENT;
	}
}

enum err window_items_run(struct thread *t)
{
	unsigned count = message_items(t->registers[REG_A1]);
	struct window_item *items =
		(struct window_item *)&thread_buffer(t)->words[WINDOW_ITEM_WORD];
	struct vm_flush flush = {.space = NULL};
	enum err err = ERR_OK;

	if (count > WINDOW_ITEMS) {
		return ERR_ARGUMENT;
	}
	for (unsigned i = 0; i < count && err == ERR_OK; i++) {
		struct window_item item = items[i];

		err = run_item(t, &item, &flush);
		items[i].done = item.done;
		/* Items may be many and short: each is a place to stop at, done ones are passed over. */
		if (err == ERR_OK && i + 1 < count && thread_preempt_pending()) {
			err = VM_PREEMPTED;
		}
	}
	vm_flush_commit(&flush);
	return err;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deleting capabilities and destroying objects.
 *
 * One loop serves delete and revoke: go down from the slot to a slot that has
 * neither descendants nor, if it is a CSpace's primary, contents; delete that
 * one; start again. Nothing is remembered between two steps but what is left
 * of the tree, so the loop can stop at any step (CAP_PREEMPTED) and go on when
 * the system call is made again.
 *
 * What deleting one slot does depends on the slot: an embedded one detaches
 * the object around it from the object it names; a primary one destroys its
 * object, which nothing refers to any more by then.
 */
#include "kernel/debug.h"
#include "kernel/interrupt.h"
#include "kernel/ipc.h"
#include "kernel/notification.h"
#include "kernel/sched_context.h"
#include "kernel/schedule.h"
#include "kernel/thread.h"

/* --- embedded slots: let go of the object named ------------------------------ */

static bool detach_space(struct thread *t)
{
	sched_stop(t);
	if (t->has_buffer) {
		vm_message_buffer_unmap(t->space.object, t->buffer_number);
	}
	t->has_buffer = false;
	t->hold |= HOLD_NO_SPACE;
	return true;
}

static bool detach_sched(struct thread *t)
{
	thread_detach_sched(t);
	/* What it was lent it keeps, and goes on with. */
	if (thread_has_time(t)) {
		sched_ready(t, false);
	}
	return true;
}

/* What vm/ does, and in the debug build a look at what it left. */
static bool unbind(struct vm_binding *binding)
{
	const struct vm_space *space = binding->window->space;
	bool is_done = vm_binding_unbind(binding);

	debug_check_space(space);
	return is_done;
}

static bool window_detach(struct vm_window *window)
{
	const struct vm_space *space = window->space;
	bool is_done = vm_window_detach(window);

	debug_check_space(space);
	return is_done;
}

static bool bank_remove(struct vm_bank *bank)
{
	const struct vm_space *space = bank->space;
	bool is_done = vm_bank_remove(bank);

	debug_check_space(space);
	return is_done;
}

static bool detach_extent(struct pool_object *pool)
{
	while (pool->vm.bindings != NULL) {
		if (!unbind(pool->vm.bindings)) {
			return false;
		}
	}
	pool->vm.pages = 0;
	pool->vm.extent_count = 0;
	return true;
}

/* The pool whose extents[] the slot is one of: objects have their natural alignment. */
static struct pool_object *pool_around(struct cap_slot *extent)
{
	return (struct pool_object *)align_down((uint64_t)extent, 1024);
}

static bool detach_binding(struct binding_object *binding)
{
	return binding->vm.window == NULL || unbind(&binding->vm);
}

static bool detach_bank(struct bank_object *bank)
{
	return bank_remove(&bank->vm);
}

/* False = preempted. */
static bool detach(struct cap_slot *slot)
{
	switch ((enum cap_role)slot->role) {
	case ROLE_THREAD_SPACE:
		return detach_space(CONTAINER_OF(slot, struct thread, space));
	case ROLE_THREAD_SCHED:
		return detach_sched(CONTAINER_OF(slot, struct thread, sched));
	case ROLE_THREAD_NOTIFICATION:
		((struct notification *)slot->object)->bound = NULL;
		return true;
	case ROLE_WINDOW_SPACE:
		return window_detach(&CONTAINER_OF(slot, struct window_object, space)->vm);
	case ROLE_BANK_SPACE:
		return detach_bank(CONTAINER_OF(slot, struct bank_object, space));
	case ROLE_BINDING_WINDOW:
		return detach_binding(CONTAINER_OF(slot, struct binding_object, window));
	case ROLE_BINDING_POOL:
		return detach_binding(CONTAINER_OF(slot, struct binding_object, pool));
	case ROLE_POOL_EXTENT:
		return detach_extent(pool_around(slot));
	case ROLE_IRQ_NOTIFICATION:
		irq_detach(slot);
		return true;
	case ROLE_NONE:
	case ROLE_THREAD_CSPACE:
	case ROLE_THREAD_HANDLER:
	case ROLE_WINDOW_FAULT:
		return true;
	}
	return true;
}

/* --- primary slots: destroy the object --------------------------------------- */

static void remove_if_used(struct cap_slot *embedded)
{
	if (embedded->type != OBJECT_NONE) {
		cap_remove(embedded);
	}
}

static bool window_destroy(struct window_object *window)
{
	if (window->space.type != OBJECT_NONE && !window_detach(&window->vm)) {
		return false;
	}
	remove_if_used(&window->space);
	remove_if_used(&window->fault);
	return true;
}

static bool binding_destroy(struct binding_object *binding)
{
	if (!detach_binding(binding)) {
		return false;
	}
	remove_if_used(&binding->window);
	remove_if_used(&binding->pool);
	return true;
}

static bool bank_destroy(struct bank_object *bank)
{
	if (bank->space.type != OBJECT_NONE && !bank_remove(&bank->vm)) {
		return false;
	}
	remove_if_used(&bank->space);
	return true;
}

static bool pool_destroy(struct pool_object *pool)
{
	if (!detach_extent(pool)) {
		return false;
	}
	for (unsigned i = 0; i < VM_POOL_EXTENTS; i++) {
		if (pool->extents[i].type == OBJECT_NONE) {
			continue;
		}
		pool->extents[i].parent->used = 0;
		cap_remove(&pool->extents[i]);
	}
	return true;
}

static bool space_destroy(struct space_object *space)
{
	sched_leave_space(&space->vm);
	debug_check_space(&space->vm);
	vm_space_destroy(&space->vm);
	return true;
}

/* Destroy the object of a primary slot that has no descendants. False = preempted. */
static bool destroy(struct cap_slot *slot)
{
	switch (slot->type) {
	case OBJECT_THREAD:
		thread_destroy(slot->object);
		return true;
	case OBJECT_SCHED_CONTEXT:
		sched_context_stop(slot->object); /* its thread's embedded slot is gone already */
		return true;
	case OBJECT_ENDPOINT:
		return endpoint_destroy(slot->object);
	case OBJECT_REPLY:
		reply_destroy(slot->object);
		return true;
	case OBJECT_NOTIFICATION:
		return notification_destroy(slot->object);
	case OBJECT_SPACE:
		return space_destroy(slot->object);
	case OBJECT_TABLE_BANK:
		return bank_destroy(bank_object(slot->object));
	case OBJECT_WINDOW:
		return window_destroy(slot->object);
	case OBJECT_POOL:
		return pool_destroy(slot->object);
	case OBJECT_BINDING:
		return binding_destroy(slot->object);
	case OBJECT_IRQ_HANDLER:
		irq_destroy(slot->object);
		return true;
	default: /* UNTYPED, CSPACE: empty by now; the boot-time objects stay */
		return true;
	}
}

/* --- the loop ----------------------------------------------------------------- */

/* A capability in a CSpace that is being destroyed, or NULL when it is empty. */
static struct cap_slot *cspace_content(struct cspace *cspace)
{
	uint64_t size = cspace->count;

	cspace->dying = true;
	if (cspace->cursor == 0) {
		cspace->cursor = 1;
	}
	while (cspace->cursor < size) {
		struct cap_slot *slot = cspace_slot(cspace, cspace->cursor);

		if (slot->type != OBJECT_NONE) {
			return slot;
		}
		cspace->cursor++;
		if (cspace->cursor % 64 == 0 && thread_preempt_pending()) {
			return NULL; /* the caller looks at the cursor */
		}
	}
	return NULL;
}

static bool cspace_is_empty(const struct cspace *cspace)
{
	return cspace->cursor >= cspace->count;
}

/* From `slot` down to one that can be deleted now. NULL = preempted. */
static struct cap_slot *descend(struct cap_slot *slot)
{
	for (;;) {
		struct cap_slot *content;

		if (slot->child != NULL) {
			slot = slot->child;
			continue;
		}
		if (!slot->primary || slot->type != OBJECT_CSPACE) {
			return slot;
		}
		content = cspace_content(slot->object);
		if (content == NULL) {
			return cspace_is_empty(slot->object) ? slot : NULL;
		}
		slot = content;
	}
}

/* Delete a slot that `descend` found. False = preempted. */
static bool delete_leaf(struct cap_slot *slot)
{
	if (slot->role != ROLE_NONE) {
		if (!detach(slot)) {
			return false;
		}
	} else if (slot->primary) {
		if (!destroy(slot)) {
			return false;
		}
	}
	cap_remove(slot);
	return true;
}

static enum err delete_below(struct cap_slot *slot)
{
	while (slot->child != NULL) {
		struct cap_slot *leaf = descend(slot->child);

		if (leaf == NULL || !delete_leaf(leaf) || thread_preempt_pending()) {
			return CAP_PREEMPTED;
		}
	}
	return ERR_OK;
}

enum err cap_revoke(struct cap_slot *slot)
{
	enum err err = delete_below(slot);

	if (err == ERR_OK && slot->type == OBJECT_UNTYPED) {
		slot->used = 0;
		slot->wasted = 0;
		slot->zeroed = 0;
	}
	return err;
}

enum err cap_delete(struct cap_slot *slot)
{
	enum err err;

	if (!slot->primary) {
		err = cap_give_children_to_parent(slot, thread_preempt_pending);
		if (err == ERR_OK) {
			cap_remove(slot);
		}
		return err;
	}
	err = delete_below(slot);
	while (err == ERR_OK && slot->type != OBJECT_NONE) {
		struct cap_slot *leaf = descend(slot);

		if (leaf == NULL || !delete_leaf(leaf) ||
		    (thread_preempt_pending() && slot->type != OBJECT_NONE)) {
			err = CAP_PREEMPTED;
		}
	}
	return err;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See fast.h: the items of an answer to a page fault. The frequent case is a
 * few frames for empty entries of a table that is there: nothing is fenced and
 * nothing allocated. All else is window_call.c's, also the rest of a batch that
 * begins so: items done are passed over there.
 */
#include "kernel/fast_private.h"

#include "kernel/debug.h"
#include "vm/vm.h"

/* Items of a batch; each is VM_QUICK_PAGES pages at the most. */
#define QUICK_ITEMS 8u

/* One copy: the buffer is mapped in user space. Five loads, where the compiler would call memcpy. */
static ALWAYS_INLINE void item_copy(struct window_item *to, const struct window_item *from)
{
	const volatile uint64_t *source = (const volatile uint64_t *)(const void *)from;
	uint64_t *target = (uint64_t *)(void *)to;

	target[0] = source[0];
	target[1] = source[1];
	target[2] = source[2];
	target[3] = source[3];
	target[4] = source[4];
}
_Static_assert(sizeof(struct window_item) == 5 * sizeof(uint64_t), "item_copy");

static bool map_quick(struct thread *t, const struct window_item *item)
{
	struct cap_slot *slot = lookup(t, item->cap, OBJECT_BINDING, RIGHT_MANAGE);
	const struct vm_binding *binding;
	struct vm_space *space;
	bool is_done;

	if (slot == NULL || item->op != WINDOW_MAP) {
		return false;
	}
	binding = &((struct binding_object *)slot->object)->vm;
	if (binding->window == NULL || binding->window->space == NULL) {
		return false;
	}
	space = binding->window->space;
	if (!try_lock(&space->lock)) {
		return false;
	}
	is_done = vm_map_quick(binding, item);
	debug_check_space(space);
	unlock(&space->lock);
	return is_done;
}

bool fast_window_items(struct thread *t, unsigned count)
{
	struct hart *hart = hart_current();
	struct window_item *items =
		(struct window_item *)&thread_buffer(t)->words[WINDOW_ITEM_WORD];
	unsigned done = 0;

	if (count > QUICK_ITEMS || !hart_local_enter(hart)) {
		return false;
	}
	for (; done < count; done++) {
		struct window_item item;

		item_copy(&item, &items[done]);
		if (!map_quick(t, &item)) {
			break;
		}
		items[done].done = item.count;
	}
	hart_local_leave(hart);
	return done == count;
}

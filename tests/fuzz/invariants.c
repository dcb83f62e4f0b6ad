/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be so between two events: the derivation tree (cap.h C1-C4),
 * memory and its watermarks, and which object is which. Everything is found
 * from the root CSpace on; what is not, nobody may touch: its memory is
 * poisoned.
 */
#include "tests/fuzz/invariants.h"

#include <stdlib.h>
#include <string.h>

#include "sbi/machine.h"
#include "tests/fuzz/state.h"

struct live live[LIVE_MOST];
unsigned live_count;

/* Slots in use, and a table to find them by address. */
static struct cap_slot *slots[SLOTS_MOST];
static bool slot_is_embedded[SLOTS_MOST];
static unsigned slot_count;
#define HASH 65536u
static uint32_t hash_round;
static struct {
	uint32_t round;
	const void *key;
} hash[HASH];

/* True if it was not there. */
static bool hash_add(const void *key)
{
	unsigned at = (unsigned)((uint64_t)key / 8 * 2654435761u) % HASH;

	while (hash[at].round == hash_round) {
		if (hash[at].key == key) {
			return false;
		}
		at = (at + 1) % HASH;
	}
	hash[at].round = hash_round;
	hash[at].key = key;
	return true;
}

static bool hash_has(const void *key)
{
	unsigned at = (unsigned)((uint64_t)key / 8 * 2654435761u) % HASH;

	while (hash[at].round == hash_round) {
		if (hash[at].key == key) {
			return true;
		}
		at = (at + 1) % HASH;
	}
	return false;
}

/* --- finding everything ---------------------------------------------------------------- */

static void add_slot(struct cap_slot *slot, bool is_embedded)
{
	if (slot->type == OBJECT_NONE) {
		CHECK(slot->object == NULL && slot->parent == NULL && slot->child == NULL &&
		      slot->next == NULL && slot->previous == NULL);
		return;
	}
	CHECK(slot_count < SLOTS_MOST);
	CHECK(hash_add(slot));
	slot_is_embedded[slot_count] = is_embedded;
	slots[slot_count++] = slot;
}

static void add_embedded(struct cap_slot *slot, enum cap_role role)
{
	CHECK(slot->role == role);
	CHECK(!slot->primary && slot->child == NULL); /* C4 */
	add_slot(slot, true);
}

static uint64_t object_bytes(const struct cap_slot *slot)
{
	static const uint8_t bits[OBJECT_TYPES] = {
#define OBJECT_BITS(name, value, bits, meaning) [value] = bits,
		OBJECT_LIST(OBJECT_BITS)
#undef OBJECT_BITS
	};

	if (slot->type == OBJECT_CSPACE) {
		return 64ull * ((struct cspace *)slot->object)->count;
	}
	if (slot->type == OBJECT_TABLE_BANK) {
		return bank_object(slot->object)->vm.bytes;
	}
	return 1ull << bits[slot->type];
}

static void add_contents(const struct cap_slot *slot)
{
	void *object = slot->object;

	switch (slot->type) {
	case OBJECT_CSPACE:
		for (unsigned i = 1; i < ((struct cspace *)object)->count; i++) {
			struct cap_slot *inside = cspace_slot(object, i);

			CHECK(inside->role == ROLE_NONE);
			add_slot(inside, false);
		}
		CHECK(((struct cspace *)object)->type == 0);
		break;
	case OBJECT_THREAD: {
		struct thread *t = object;

		add_embedded(&t->cspace, ROLE_THREAD_CSPACE);
		add_embedded(&t->space, ROLE_THREAD_SPACE);
		add_embedded(&t->sched, ROLE_THREAD_SCHED);
		add_embedded(&t->handler, ROLE_THREAD_HANDLER);
		add_embedded(&t->bound, ROLE_THREAD_NOTIFICATION);
		break;
	}
	case OBJECT_WINDOW:
		add_embedded(&((struct window_object *)object)->space, ROLE_WINDOW_SPACE);
		add_embedded(&((struct window_object *)object)->fault, ROLE_WINDOW_FAULT);
		break;
	case OBJECT_POOL:
		for (unsigned i = 0; i < VM_POOL_EXTENTS; i++) {
			add_embedded(&((struct pool_object *)object)->extents[i], ROLE_POOL_EXTENT);
		}
		break;
	case OBJECT_BINDING:
		add_embedded(&((struct binding_object *)object)->window, ROLE_BINDING_WINDOW);
		add_embedded(&((struct binding_object *)object)->pool, ROLE_BINDING_POOL);
		break;
	case OBJECT_TABLE_BANK:
		add_embedded(&bank_object(object)->space, ROLE_BANK_SPACE);
		break;
	}
}

static void add_live(struct cap_slot *slot)
{
	CHECK(live_count < LIVE_MOST);
	live[live_count++] = (struct live){.object = slot->object,
					   .primary = slot,
					   .base = vm_paddr(slot->object).raw,
					   .bytes = object_bytes(slot),
					   .type = slot->type};
	add_contents(slot);
}

static void find_all(void)
{
	slot_count = 0;
	live_count = 0;
	hash_round++;
	for (unsigned i = 0; i < ROOTS; i++) {
		add_slot(&roots[i], false);
	}
	add_contents(&roots[0]);
	add_embedded(&boot_thread->cspace, ROLE_THREAD_CSPACE);
	for (unsigned i = 0; i < IRQ_SOURCES; i++) {
		bool exists;
		struct cap_slot *slot = kernel_irq(i, &exists);

		if (exists) {
			add_embedded(slot, ROLE_IRQ_NOTIFICATION);
		} else {
			CHECK(slot->type == OBJECT_NONE);
		}
	}
	/* Those found add more behind. */
	for (unsigned i = ROOTS; i < slot_count; i++) {
		struct cap_slot *slot = slots[i];

		CHECK(slot->type < OBJECT_TYPES);
		if (slot->primary && slot->type != OBJECT_UNTYPED &&
		    slot->type != OBJECT_IRQ_HANDLER) {
			add_live(slot);
		}
	}
}

static int by_base(const void *a, const void *b)
{
	const struct live *one = a, *other = b;

	return one->base < other->base ? -1 : one->base > other->base;
}

struct live *live_find(const void *object, unsigned type)
{
	unsigned low = 0, high = live_count;
	uint64_t base;

	if (object == NULL) {
		return NULL;
	}
	base = vm_paddr(object).raw;
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (live[middle].base < base) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < live_count && live[low].base == base && live[low].type == type ? &live[low]
										    : NULL;
}

/* --- the derivation tree ------------------------------------------------------------------ */

static void check_children(const struct cap_slot *slot, unsigned *children)
{
	const struct cap_slot *previous = NULL;

	for (const struct cap_slot *child = slot->child; child != NULL; child = child->next) {
		CHECK(hash_has(child));
		CHECK(child->parent == slot && child->previous == previous);
		previous = child;
		CHECK(++*children <= slot_count);
	}
}

static void check_primary(const struct cap_slot *slot)
{
	const struct cap_slot *parent = slot->parent;

	if (parent == NULL) {
		CHECK(slot->type == OBJECT_UNTYPED || (slot >= roots && slot < roots + ROOTS));
	} else if (slot->type == OBJECT_IRQ_HANDLER) {
		bool exists;

		CHECK(parent->type == OBJECT_IRQ_CONTROL);
		for (unsigned i = 0; i < IRQ_SOURCES; i++) {
			kernel_irq(i, &exists);
			CHECK(exists || slot->object != kernel_irq_object(i));
		}
	} else {
		uint64_t base = slot->type == OBJECT_UNTYPED ? (uint64_t)slot->object
							     : vm_paddr(slot->object).raw;
		uint64_t bytes = slot->type == OBJECT_UNTYPED ? slot->badge : object_bytes(slot);
		uint64_t offset = base - (uint64_t)parent->object;

		CHECK(parent->type == OBJECT_UNTYPED && slot->rights == RIGHTS_ALL);
		CHECK(base % bytes == 0);
		CHECK(offset < parent->badge && offset + bytes <= parent->used);
	}
	if (slot->type == OBJECT_UNTYPED) {
		CHECK(slot->used <= slot->badge);
		CHECK((uint64_t)slot->zeroed * 64 <= slot->badge);
	}
}

static void check_derived(const struct cap_slot *slot, bool is_embedded)
{
	const struct cap_slot *parent = slot->parent;

	CHECK(parent != NULL);
	CHECK(parent->type == slot->type && parent->object == slot->object); /* C2 */
	CHECK((slot->rights & ~parent->rights) == 0);			     /* C1 */
	CHECK(parent->badge == 0 || slot->badge == parent->badge || slot->type == OBJECT_UNTYPED);
	CHECK(slot->type != OBJECT_UNTYPED ||
	      (is_embedded && slot->role == ROLE_POOL_EXTENT && slot->badge == parent->badge &&
	       parent->used == parent->badge));
}

static void check_tree(void)
{
	unsigned children = 0, roots_found = 0, handlers = 0, irqs = 0;

	for (unsigned i = 0; i < slot_count; i++) {
		CHECK(slots[i]->parent == NULL || hash_has(slots[i]->parent));
	}
	for (unsigned i = 0; i < slot_count; i++) {
		check_children(slots[i], &children);
		roots_found += slots[i]->parent == NULL;
		handlers += slots[i]->type == OBJECT_IRQ_HANDLER && slots[i]->primary;
		if (slots[i]->primary) {
			check_primary(slots[i]);
		} else {
			check_derived(slots[i], slot_is_embedded[i]);
		}
	}
	CHECK(children + roots_found == slot_count);
	for (unsigned i = 0; i < IRQ_SOURCES; i++) {
		bool exists;

		kernel_irq(i, &exists);
		irqs += exists;
	}
	CHECK(handlers == irqs);
	/* No cycles: from every slot a root is reached. Parents of primaries lie higher up. */
	for (unsigned i = 0; i < slot_count; i++) {
		const struct cap_slot *slot = slots[i];
		unsigned steps = 0;

		while (slot->parent != NULL && ++steps <= slot_count) {
			slot = slot->parent;
		}
		CHECK(steps <= slot_count);
	}
}

/* --- memory ---------------------------------------------------------------------------------- */

static struct live opened[LIVE_MOST * 2];
static unsigned opened_count;

static bool same_range(const struct live *one, const struct live *other)
{
	return one->base == other->base && one->bytes == other->bytes;
}

/* What is not in `ranges` any more is closed, all that is there is open. */
static void open_only(const struct live *ranges, unsigned count)
{
	for (unsigned i = 0, j = 0; i < opened_count; i++) {
		while (j < count && ranges[j].base < opened[i].base) {
			j++;
		}
		if (j == count || !same_range(&opened[i], &ranges[j])) {
			memory_close(opened[i].base, opened[i].bytes);
		}
	}
	for (unsigned i = 0; i < count; i++) {
		memory_open(ranges[i].base, ranges[i].bytes);
	}
	memcpy(opened, ranges, count * sizeof(ranges[0]));
	opened_count = count;
}

/* Objects and pool memory lie apart (V2); nothing else may be touched. */
static void check_memory(bool force)
{
	static struct live ranges[LIVE_MOST * 2];
	unsigned count = live_count;
	bool changed = force;

	memcpy(ranges, live, live_count * sizeof(live[0]));
	for (unsigned i = 0; i < slot_count; i++) {
		if (slots[i]->type == OBJECT_UNTYPED && !slots[i]->primary) {
			CHECK(count < ARRAY_SIZE(ranges));
			ranges[count++] = (struct live){.base = (uint64_t)slots[i]->object,
							.bytes = slots[i]->badge};
		}
	}
	qsort(ranges, count, sizeof(ranges[0]), by_base);
	for (unsigned i = 0; i + 1 < count; i++) {
		CHECK(ranges[i].base + ranges[i].bytes <= ranges[i + 1].base);
	}
	if (force) {
		opened_count = 1;
		opened[0] = (struct live){.base = MEMORY_BASE, .bytes = MEMORY_END - MEMORY_BASE};
	}
	changed |= count != opened_count;
	for (unsigned i = 0; i < count && !changed; i++) {
		changed = !same_range(&opened[i], &ranges[i]);
	}
	if (changed) {
		open_only(ranges, count);
	}
}

/* --- all of it ----------------------------------------------------------------------------------- */

/* For a retype, which zeroes what is free. */
static bool memory_is_open;

void memory_open_all(void)
{
	memory_open(MEMORY_BASE, MEMORY_END - MEMORY_BASE);
	memory_is_open = true;
}

void invariants_check(bool tables)
{
	find_all();
	check_tree();
	qsort(live, live_count, sizeof(live[0]), by_base);
	check_memory(memory_is_open);
	memory_is_open = false;
	check_threads();
	if (tables) {
		check_spaces();
		for (unsigned i = 0; i < machine.hart_count; i++) {
			hart_check_tlb(i);
		}
	}
}

void invariants_check_end(void)
{
	struct kernel_state state = kernel_state();

	find_all();
	check_tree();
	CHECK(live_count == 0);
	check_memory(true);
	CHECK(state.armed_count == 0 && state.enforced_count == 0);
	for (unsigned i = 0; i < machine.hart_count; i++) {
		struct hart *hart = &harts[i];

		CHECK(hart->current == NULL && hart->charged == NULL &&
		      hart->active_space == NULL && hart->queue.head == NULL);
	}
}

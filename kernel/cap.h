/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capability slots and the derivation tree.
 *
 * A slot is empty or names an object with rights. Slots lie in CSpaces, in
 * objects that refer to other objects ("embedded"), and a few in the kernel
 * image. Every slot that is not a root of the tree hangs under the slot it
 * was derived from; an object's *primary* slot hangs under the untyped memory
 * it was made of.
 *
 * Invariants
 *  C1  rights(child) ⊆ rights(parent), unless the child is primary.
 *  C2  An object lives exactly as long as its primary slot. All other slots
 *      of the object are descendants of that slot.
 *  C3  A CSpace's primary slot never moves. So CSpaces contain each other's
 *      primary slots in the order of their making: no cycles.
 *  C4  Embedded slots are never primary and have no children.
 *
 * All functions need the kernel lock. Deleting is iterative and preemptible:
 * after CAP_PREEMPTED the same call, made again, goes on where it stopped,
 * because what was done is gone from the tree.
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include "kernel/abi/errors.h"
#include "kernel/abi/object.h"
#include "kernel/types.h"

/* What an embedded slot means to the object around it (destroy.c). */
enum cap_role {
	ROLE_NONE, /* not embedded */
	ROLE_THREAD_CSPACE,
	ROLE_THREAD_SPACE,
	ROLE_THREAD_SCHED,
	ROLE_THREAD_HANDLER,
	ROLE_THREAD_NOTIFICATION,
	ROLE_WINDOW_SPACE,
	ROLE_WINDOW_FAULT,
	ROLE_BANK_SPACE,
	ROLE_BINDING_WINDOW,
	ROLE_BINDING_POOL,
	ROLE_POOL_EXTENT,
	ROLE_IRQ_NOTIFICATION,
};

struct cap_slot {
	void *object; /* kernel pointer; UNTYPED: physical base */
	uint8_t type; /* enum object_type */
	uint8_t rights;
	uint8_t role; /* enum cap_role */
	bool primary;
	uint32_t zeroed;    /* UNTYPED: 64-byte units from the base that need no zeroing any more */
	uint64_t badge;	    /* UNTYPED: size in bytes */
	uint64_t used : 39; /* UNTYPED: bytes from the base in use */
	uint64_t wasted : 24; /* UNTYPED: 64-byte units of these that alignment left out */
	uint64_t device : 1;  /* UNTYPED: device memory */
	struct cap_slot *parent, *child, *next,
		*previous; /* derivation tree; next, previous: siblings */
};
_Static_assert(sizeof(struct cap_slot) == 64, "documented in kernel/abi/object.h");

/* Bytes of an untyped capability at the most, and of its waste that are counted. */
#define UNTYPED_BITS_MOST 38
#define UNTYPED_WASTE_UNITS_MOST ((1u << 24) - 1)

/* At most 1 << UNTYPED_BITS_MOST. */
static inline void cap_set_used(struct cap_slot *untyped, uint64_t bytes)
{
	untyped->used = bytes & ((2ull << UNTYPED_BITS_MOST) - 1);
}

/* Not an ABI error: the trap code restarts the system call. */
#define CAP_PREEMPTED ((enum err)1000)

/* Look up slot `index` of a CSpace that may be NULL. ERR_CAP_EMPTY. */
struct cspace;
NODISCARD enum err cap_lookup(struct cspace *cspace, uint64_t index, struct cap_slot **slot);
/* The same, checked for a type and for rights. ERR_CAP_TYPE, ERR_RIGHTS. */
NODISCARD enum err cap_lookup_typed(struct cspace *cspace, uint64_t index, enum object_type type,
				    unsigned rights, struct cap_slot **slot);
/* Find an empty slot. ERR_CAP_EMPTY (no such slot), ERR_SLOT_OCCUPIED. */
NODISCARD enum err cap_lookup_empty(struct cspace *cspace, uint64_t index, struct cap_slot **slot);

/* Fill the empty slot `child` and hang it under `parent` (NULL: a root of the tree). */
void cap_insert(struct cap_slot *child, struct cap_slot *parent, enum object_type type,
		void *object, unsigned rights, uint64_t badge);
/* Derive: a copy with at most `rights`; badge 0 keeps the source's. Not for untyped memory. */
void cap_derive(struct cap_slot *child, struct cap_slot *source, unsigned rights, uint64_t badge);
/* Not a primary CSpace (C3), and no children: these know their parent's address. */
static inline bool cap_may_move(const struct cap_slot *slot)
{
	return slot->child == NULL && !(slot->type == OBJECT_CSPACE && slot->primary);
}
/* Move to the empty slot `to`. Precondition: cap_may_move. */
void cap_move(struct cap_slot *to, struct cap_slot *from);
/* Take a slot without children out of the tree and empty it. Nothing else happens. */
void cap_remove(struct cap_slot *slot);

/* Give all children to the slot's parent, one at a time. CAP_PREEMPTED when `preempted` says so. */
NODISCARD enum err cap_give_children_to_parent(struct cap_slot *slot, bool (*preempted)(void));

/* Delete what is in the slot: the object with all its capabilities if primary, else only this
 * capability. CAP_PREEMPTED. */
NODISCARD enum err cap_delete(struct cap_slot *slot);
/* Delete everything derived from the slot; untyped memory becomes whole. CAP_PREEMPTED. */
NODISCARD enum err cap_revoke(struct cap_slot *slot);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* All of a slot but its links. */
#ifndef TESTS_PROOF_CONTENT_H
#define TESTS_PROOF_CONTENT_H

#include "kernel/cap.h"
#include "tests/proof/proof.h"

static inline void any_content(struct cap_slot *slot, void *object)
{
	slot->object = object;
	slot->type = nondet_byte();
	slot->rights = nondet_byte();
	slot->role = nondet_byte();
	slot->primary = nondet_bool();
	slot->zeroed = nondet_word();
	slot->badge = nondet_long();
	slot->used = nondet_long();
	slot->wasted = nondet_long();
	slot->device = nondet_bool();
}

/* Does not branch: see state.h. */
static inline bool is_same_content(const struct cap_slot *a, const struct cap_slot *b)
{
	return (a->object == b->object) & (a->type == b->type) & (a->rights == b->rights) &
	       (a->role == b->role) & (a->primary == b->primary) & (a->zeroed == b->zeroed) &
	       (a->badge == b->badge) & (a->used == b->used) & (a->wasted == b->wasted) &
	       (a->device == b->device);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cap_lookup, cap_lookup_typed and cap_lookup_empty, for a CSpace of 2^n
 * slots, any n, any content, and any 64-bit index: the slot found lies in the
 * CSpace, is not the header, and is as promised; an error leaves the output
 * alone. CBMC's own pointer checks prove that nothing outside was read.
 *
 * Fails if a bound is off by one, 0 is let through, or a type, right or
 * emptiness is not looked at.
 */
#include "kernel/objects.h"
#include "tests/proof/proof.h"

#include <stdlib.h>

/* Retype makes 2..16 (proved in retype.c); what CBMC can address is far more. */
#ifndef SIZE_BITS
#define SIZE_BITS 31
#endif

static bool is_inside(const struct cspace *cspace, const struct cap_slot *slot)
{
	uint64_t offset = (uint64_t)__CPROVER_POINTER_OFFSET(slot);

	return __CPROVER_same_object(cspace, slot) && offset % sizeof(*slot) == 0 && offset != 0 &&
	       offset < sizeof(*slot) * (uint64_t)cspace->count;
}

static struct cspace *any_cspace(void)
{
	unsigned bits = nondet_unsigned();
	struct cspace *cspace;

	if (nondet_bool()) {
		return NULL;
	}
	assume(bits <= SIZE_BITS);
	cspace = malloc(sizeof(struct cap_slot) << bits); /* content: anything */
	assume(cspace != NULL);
	cspace->count = 1u << bits;
	return cspace;
}

int main(void)
{
	struct cspace *cspace = any_cspace();
	uint64_t index = nondet_long();
	enum object_type type = nondet_byte() % OBJECT_TYPES;
	unsigned rights = nondet_unsigned();
	struct cap_slot untouched;
	struct cap_slot *slot = &untouched;
	bool exists = cspace != NULL && index != 0 && index < cspace->count;
	enum err err = cap_lookup(cspace, index, &slot);

	if (err == ERR_OK) {
		check(exists && is_inside(cspace, slot), "lookup: inside");
		check(slot == cspace_slot(cspace, index), "lookup: the slot of that number");
		check(slot->type != OBJECT_NONE, "lookup: not empty");
	} else {
		check(err == ERR_CAP_EMPTY && slot == &untouched, "lookup: error");
		check(!exists || cspace_slot(cspace, index)->type == OBJECT_NONE,
		      "lookup: finds what is there");
	}

	slot = &untouched;
	err = cap_lookup_typed(cspace, index, type, rights, &slot);
	if (err == ERR_OK) {
		check(exists && is_inside(cspace, slot), "typed: inside");
		check(slot->type == type && type != OBJECT_NONE, "typed: type");
		check((slot->rights & rights) == rights, "typed: rights");
	} else {
		check(slot == &untouched, "typed: error");
	}

	slot = &untouched;
	err = cap_lookup_empty(cspace, index, &slot);
	if (err == ERR_OK) {
		check(exists && is_inside(cspace, slot), "empty: inside");
		check(slot->type == OBJECT_NONE && !cspace->dying, "empty: may be filled");
	} else {
		check(slot == &untouched, "empty: error");
	}
	check_end();
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_slot_find on any tables, for any page and floor, finds the entry that the
 * walk of the privileged specification comes to, or that of the floor. Fails if
 * an index or a level is computed wrongly, or a frozen entry ends the walk or is
 * forgotten.
 */
#include "tests/proof/tables.h"

int main(void)
{
	unsigned floor = nondet_unsigned();
	struct meaning m;
	struct vm_slot slot;

	tables_any();
	check(tables_are_good(), "what the other proofs begin with keeps the invariants");
	assume(floor <= 2);
	m = meaning_of(watched);
	slot = vm_slot_find(&space, watched, floor);
	check(slot.level >= floor && slot.level <= 2, "not below the floor");
	check(slot.level == (m.level > floor ? m.level : floor), "as deep as there are tables");
	if (slot.level == m.level) {
		check(pte_load(slot.pte) == m.pte, "the same entry");
		check((vm_paddr(slot.pte).raw & 0xfff) == m.index * 8, "the same place");
		check(slot.is_frozen == m.above, "what is frozen above it is seen");
		check(vm_thaw_needed(slot) == m.is_frozen, "and what is frozen itself");
	} else {
		check(pte_is_table(pte_load(slot.pte)), "a table at the floor");
	}
	check_end();
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_tables_make on any tables, from where the walk for the watched page or
 * another ends down to any level: no page means anything else than before, but
 * that what was frozen has lost W. ERR_NO_TABLE changes nothing. A slot that was
 * empty is left to its caller, who fills it: filled here by a leaf.
 *
 * Fails if the parts are computed wrongly, a table is given twice, not zeroed,
 * not counted, or W of what is frozen comes back.
 */
#include "tests/proof/tables.h"

int main(void)
{
	struct vm_flush flush = {0};
	uint64_t page = nondet_byte() % USER_PAGES;
	unsigned floor = nondet_unsigned(), free;
	struct meaning before, after, at;
	struct vm_slot slot;
	enum err err;

	tables_any();
	assume(page - window.first_page < window.pages);
	before = meaning_of(watched);
	at = meaning_of(page);
	slot = vm_slot_find(&space, page, 0);
	assume(floor < slot.level);
	assume(!slot.is_frozen); /* callers thaw what is above first */
	free = space.tables_free;
	err = vm_tables_make(&space, &slot, page, floor, &window, &flush);
	if (err == ERR_OK) {
		check(slot.level == floor, "made down to the floor");
		if (pte_load(slot.pte) == 0) {
			check(!at.is_mapped, "what was mapped is");
			slot.pte[0] = PTE_V | PTE_U | PTE_R |
				      pools[0].extents[0].base.raw >> PAGE_SHIFT << PTE_PPN_SHIFT;
			vm_live_add(slot, 1);
			assume(floor == 0 && (bindings[0].rights & RIGHT_READ) != 0);
		} else {
			check(at.is_mapped, "what was not mapped is not");
			check(owes_whole, "the old leaf may be cached");
		}
	} else {
		check(err == ERR_NO_TABLE && free < at.level - floor, "only for want of tables");
	}
	after = meaning_of(watched);
	check_tables(&before, &after);
	check(is_same_meaning(&before, &after) || (page == watched && !before.is_mapped),
	      "no page means anything else");
	check(err == ERR_OK || is_same_meaning(&before, &after), "an error changes nothing");
	check(!(at.level == 2 && at.is_mapped && watched / 16 == page / 16 && err == ERR_OK) ||
		      after.level < 2,
	      "the leaf is smaller");
	check(zeroed == 0, "no memory but tables is touched");
	check_end();
	return 0;
}

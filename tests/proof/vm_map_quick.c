/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_quick on any tables with any item: either the pages of the item map the
 * frames asked for with the rights asked for, where nothing was mapped, or no
 * page means anything else; nor does any page but the item's.
 *
 * Fails if a page, frame or table is taken for another, an entry is replaced or
 * not counted, or rights grow beyond the binding's.
 */
#include "tests/proof/tables.h"

static void check_done(const struct window_item *item, const struct meaning *after)
{
	uint64_t at = watched - item->va_page, rights = (uint64_t)item->rights << 1;

	check(watched - window.first_page < window.pages && !window.closing && !bindings[0].closing,
	      "in the window");
	check(item->rights != 0 && (item->rights & ~bindings[0].rights) == 0,
	      "rights within the binding's");
	check(item->pool_page + at < pools[0].pages, "in the pool");
	check(after->ppn == (pools[0].extents[0].base.raw >> PAGE_SHIFT) + item->pool_page + at,
	      "the frame asked for");
	check((after->bits & PTE_RWX) == rights && (after->bits & PTE_U) != 0,
	      "the rights asked for");
	check(hart_may(after, rights & PTE_W ? PTE_W : rights), "accessible");
}

int main(void)
{
	struct window_item item = any_item(), was = item;
	struct meaning before, after;

	tables_any();
	before = meaning_of(watched);
	bool is_done = vm_map_quick(&bindings[0], &item);
	after = meaning_of(watched);
	check_tables(&before, &after);
	check(item.done == was.done && item.count == was.count, "the item is kept");
	if (is_done && watched - was.va_page < was.count) {
		check(!before.is_mapped, "only where nothing is");
		check_done(&was, &after);
	} else {
		check(is_same_meaning(&before, &after), "no other page means anything else");
	}
	check(zeroed == 0, "no frame is touched");
	check_end();
	return 0;
}

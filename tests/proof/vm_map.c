/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One step of vm_map (an interrupt is always pending), or with QUICK
 * vm_map_quick, on any tables with any item: the pages counted as done map the
 * frames asked for with the rights asked for, no other page means anything else.
 *
 * Fails if a page, frame, level, expectation or flag is taken for another, an
 * entry of another frame is not fenced before, a table is lost or counted
 * wrongly, or rights grow beyond the binding's.
 */
#include "tests/proof/tables.h"

static struct window_item item;

int main(void)
{
	struct vm_flush flush = {0};
	struct meaning before, after;
	struct window_item was;
	uint64_t at, frame, rights;
	enum err err;
	bool is_done;

	tables_any();
	item = any_item();
#ifdef FLAGS
	assume(item.flags == FLAGS);
#endif
	was = item;
	before = meaning_of(watched);
#ifdef QUICK
	item.done = was.done = 0;
	err = vm_map_quick(&bindings[0], &item) ? ERR_OK : ERR_ARGUMENT;
	check(item.done == 0, "quick: the item is kept");
	is_done = err == ERR_OK && watched - was.va_page < was.count;
	check(!is_done || !before.is_mapped, "quick: only where nothing is");
	check(!owes_watched || !is_done || owes_watched, "quick");
#else
	err = vm_map(&bindings[0], &item, &flush);
	is_done = item.done > was.done && watched - (was.va_page + was.done) < item.done - was.done;
	check(item.done >= was.done && (item.done <= item.count || err != ERR_OK),
	      "done: forward, within the item");
	check(err != ERR_OK || item.done == item.count, "OK: all is done");
	check(err != VM_PREEMPTED || item.done < item.count, "preempted: not all is done");
	check((err != ERR_ARGUMENT && err != ERR_RIGHTS && err != ERR_NOT_BOUND) ||
		      item.done == was.done,
	      "an error does nothing");
#endif
	after = meaning_of(watched);
	check_tables(&before, &after);
	at = watched - was.va_page;
	frame = (pools[0].extents[0].base.raw >> PAGE_SHIFT) + was.pool_page + at;
	rights = (uint64_t)was.rights << 1;
	if (is_done) {
		check(watched - window.first_page < window.pages && !window.closing &&
			      !bindings[0].closing,
		      "in the window");
		check(was.rights != 0 && (was.rights & ~bindings[0].rights) == 0,
		      "rights within the binding's");
		check(was.pool_page + at < pools[0].pages, "in the pool");
		check(after.is_mapped && after.ppn == frame, "the frame asked for");
		check((after.bits & PTE_RWX) == rights && !after.is_frozen &&
			      (after.bits & PTE_U) != 0,
		      "the rights asked for");
		check(hart_may(&after, rights & PTE_W ? PTE_W : rights), "accessible");
		check((was.flags & WINDOW_EXPECT_EMPTY) == 0 || !before.is_mapped,
		      "only where nothing was, if so asked");
		check((was.flags & WINDOW_EXPECT_PAGE) == 0 ||
			      (before.is_mapped && was.expected + at < pools[0].pages &&
			       before.ppn == (pools[0].extents[0].base.raw >> PAGE_SHIFT) +
						     was.expected + at),
		      "only where the page was that was expected");
		check((was.flags & WINDOW_ZERO) == 0 || (zeroed == 1 && zeroed_ppn == frame),
		      "zeroed, if so asked");
		/* No hart caches the old frame while another sees the new one. */
		check(!hart_may(&before, PTE_R) || before.ppn == frame || fenced,
		      "another frame is fenced before");
	} else {
		check(is_same_meaning(&before, &after), "no other page means anything else");
	}
	check((was.flags & WINDOW_ZERO) != 0 || zeroed == 0, "no frame is touched");
	check_end();
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One step of vm_unmap, vm_protect or vm_thaw_range (OP; an interrupt is always
 * pending) on any tables with any item: what it says happens to the pages
 * counted as done, no other page means anything else, splits included.
 *
 * Fails if part of a large leaf is taken for all of it, an entry is counted
 * wrongly, a table is lost, rights grow beyond the binding's, W of what is
 * frozen comes back, or something taken away is not owed a fence.
 */
#include "tests/proof/tables.h"

#define OP_UNMAP 1
#define OP_PROTECT 2
#define OP_THAW 3

int main(void)
{
	struct vm_flush flush = {0};
	struct window_item item, was;
	struct meaning before, after;
	enum err err;
	bool is_done;

	tables_any();
	item = any_item();
	was = item;
	before = meaning_of(watched);
#if OP == OP_UNMAP
	err = vm_unmap(&window, &item, &flush);
#elif OP == OP_PROTECT
	err = vm_protect(&window, &item, &flush);
#else
	err = vm_thaw_range(&window, &item, &flush);
#endif
	is_done = item.done > was.done && watched - (was.va_page + was.done) < item.done - was.done;
	check(item.done >= was.done && (item.done <= item.count || err != ERR_OK),
	      "done: forward, within the item");
	check(err != ERR_OK || item.done == item.count, "OK: all is done");
	check(err != VM_PREEMPTED || item.done < item.count, "preempted: not all is done");
	check((err != ERR_ARGUMENT && err != ERR_NOT_BOUND) || item.done == was.done,
	      "an error does nothing");
	check(err == ERR_OK || err == VM_PREEMPTED || err == ERR_ARGUMENT || err == ERR_NOT_BOUND ||
		      err == ERR_NO_TABLE || (OP == OP_PROTECT && err == ERR_RIGHTS),
	      "errors");
	after = meaning_of(watched);
	check_tables(&before, &after);
	if (is_done) {
		check(watched - window.first_page < window.pages && !window.closing,
		      "in the window");
#if OP == OP_UNMAP
		check(!after.is_mapped, "nothing is mapped");
#elif OP == OP_PROTECT
		check(before.is_mapped == after.is_mapped, "mapped as before");
		check(!after.is_mapped ||
			      (before.ppn == after.ppn &&
			       after.bits == ((before.bits & ~PTE_RWX) | (uint64_t)was.rights << 1)),
		      "the same but the rights");
#else
		check(is_same_meaning(&before, &after) && !after.is_frozen, "thawed");
#endif
	} else {
		check(is_same_meaning(&before, &after), "no other page means anything else");
	}
	check(zeroed == 0, "no frame is touched");
	check_end();
	return 0;
}

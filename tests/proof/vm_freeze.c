/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One step of vm_freeze, vm_thaw or vm_fault (OP) on any tables: what is frozen
 * cannot be written, all else means what it meant, also in other windows; a step
 * of thawing changes the meaning of no page and brings its own nearer to the
 * hart; a fault is answered by what the tables say.
 *
 * Fails if too much or too little is frozen, W comes back, a frozen entry is
 * passed over, or thawing a path does not end.
 */
#include "tests/proof/tables.h"

#define OP_FREEZE 1
#define OP_THAW 2
#define OP_FAULT 3

#if OP == OP_FREEZE
static void step(const struct meaning *before, struct meaning *after)
{
	struct vm_flush flush = {0};
	struct window_item item = any_item(), was = item;
	enum err err = vm_freeze(&window, &item, &flush);
	bool is_done;

	*after = meaning_of(watched);
	is_done = item.done > was.done &&
		  watched - (was.va_page + was.done * 4ull) < (item.done - was.done) * 4ull;
	check(item.done >= was.done && (item.done <= item.count || err != ERR_OK),
	      "done: forward, within the item");
	check(err != ERR_OK || item.done == item.count, "OK: all is done");
	check(err != VM_PREEMPTED || item.done < item.count, "preempted: not all is done");
	check(err == ERR_OK || err == VM_PREEMPTED || item.done == was.done,
	      "an error does nothing");
	if (is_done) {
		check(watched - window.first_page < window.pages && !window.closing,
		      "in the window");
		check(!hart_may(after, PTE_W) && (after->bits & PTE_W) == 0, "not to be written");
		check(before->is_mapped == after->is_mapped &&
			      (!before->is_mapped ||
			       (before->ppn == after->ppn &&
				(before->bits & ~PTE_W) == (after->bits & ~PTE_W))),
		      "the same but for W");
	} else {
		check(is_same_meaning(before, after), "no other page means anything else");
	}
}
#elif OP == OP_THAW
static void step(const struct meaning *before, struct meaning *after)
{
	struct vm_flush flush = {0};
	uint64_t page = nondet_byte() % USER_PAGES;
	bool is_thawed = vm_thaw(&space, page, &flush);

	*after = meaning_of(watched);
	check(is_same_meaning(before, after), "no page means anything else");
	if (page == watched) {
		check(is_thawed == before->is_frozen, "thaws if anything is frozen");
		check(!is_thawed || !after->is_frozen || after->highest < before->highest,
		      "comes to an end");
		check(!is_thawed || !owes_watched, "walkers have left what was frozen");
	}
	check(!hart_may(before, PTE_R) || hart_may(after, PTE_R), "nothing is frozen elsewhere");
}
#else
static void step(const struct meaning *before, struct meaning *after)
{
	enum fault_access access = nondet_bool()   ? FAULT_WRITE
				   : nondet_bool() ? FAULT_EXECUTE
						   : FAULT_READ;
	uint64_t need = access == FAULT_WRITE ? PTE_W : access == FAULT_EXECUTE ? PTE_X : PTE_R;
	struct vm_window *found = NULL;
	bool lies_here = watched - window.first_page < window.pages;
	bool lies_there = watched - other.first_page < other.pages;
	enum vm_fault fault;

	owes_watched = owes_whole; /* nothing is owed when a thread faults, but by other items */
	fault = vm_fault(&space, watched << PAGE_SHIFT | (nondet_word() & 0xfff), access, &found);
	*after = meaning_of(watched);
	check(before->is_mapped == after->is_mapped && before->ppn == after->ppn &&
		      (before->bits | PTE_A | PTE_D) == (after->bits | PTE_A | PTE_D) &&
		      (before->bits & ~after->bits) == 0,
	      "the same, but A and D may be set");
	check(fault != VM_FAULT_RETRY || before->is_frozen || hart_may(before, need),
	      "retried only if that helps");
	check(fault == VM_FAULT_RETRY || (!before->is_frozen && !hart_may(before, need)),
	      "retried if that helps");
	check(!hart_may(before, need) ||
		      ((after->bits & PTE_A) != 0 && (need != PTE_W || (after->bits & PTE_D) != 0)),
	      "then A and D are set");
	check(!before->is_frozen || !after->is_frozen || after->highest < before->highest,
	      "comes to an end");
	check(fault != VM_FAULT_WINDOW || (found == &window && lies_here) ||
		      (found == &other && lies_there),
	      "the window that the page lies in");
	check(fault != VM_FAULT_NONE || (!lies_here && !lies_there), "there is none");
}
#endif

int main(void)
{
	struct meaning before, after;

	tables_any();
	before = meaning_of(watched);
	step(&before, &after);
	check_tables(&before, &after);
	check(zeroed == 0, "no frame is touched");
	check_end();
	return 0;
}

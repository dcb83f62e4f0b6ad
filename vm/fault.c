/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults: what the entry itself answers, before any pager is asked.
 */
#include "vm/table.h"

enum vm_fault vm_fault(struct vm_space *space, uint64_t address, enum fault_access access,
		       struct vm_window **window)
{
	uint64_t page = address >> PAGE_SHIFT;
	uint64_t need = access == FAULT_WRITE ? PTE_W : access == FAULT_EXECUTE ? PTE_X : PTE_R;

	if (address >= USER_END) {
		return VM_FAULT_NONE;
	}
	struct vm_slot slot = vm_slot_find(space, page, 0);
	uint64_t pte = pte_load(slot.pte);

	if (vm_thaw_needed(slot)) {
		struct vm_flush flush = {0}; /* nothing is owed */

		vm_thaw(space, page, &flush);
		/* This hart may remember the frozen entry. If more is frozen, it faults again. */
		vm_fence_local(0, 0, vm_asid(space));
		return VM_FAULT_RETRY;
	}
	if (pte_is_leaf(pte) && (pte & need)) {
		uint64_t bits = PTE_A | (need == PTE_W ? PTE_D : 0);

		if ((pte & bits) != bits) {
			/*
			 * Svade: the hart traps instead of setting the bits
			 * ("Sv39", step 9 of the walk). The fence orders the
			 * store before the retry's walk. No remote fence: a hart
			 * that caches the entry without the bits traps too.
			 */
			pte_update(slot.pte, 0, bits);
			vm_fence_local(page, 1, vm_asid(space));
		} else {
			/*
			 * The hart caches what was here before the entry became
			 * valid or gained rights; nobody fenced then. That may be
			 * an invalid entry of an upper level (boards without
			 * Svvptc), which a fence by address does not drop. With
			 * Svvptc too, which promises nothing of rights gained:
			 * the fault does not tell one from the other.
			 */
			vm_fence_local(0, 0, vm_asid(space));
		}
		return VM_FAULT_RETRY;
	}
	*window = vm_window_find(space, page);
	return *window != NULL ? VM_FAULT_WINDOW : VM_FAULT_NONE;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch from space to space as fast.c needs it: inline, for the frequent
 * case. Everything else is vm_activate (asid.c), which also explains the state.
 */
#ifndef VM_ACTIVATE_H
#define VM_ACTIVATE_H

#include "vm/csr.h"
#include "vm/vm.h"

extern uint64_t vm_asid_generation;

/* One instruction, where the compiler's is two: amoand.w.rl. */
static inline void mask_clear(struct hart_mask *mask, uint32_t bits)
{
#ifdef VM_HOST
	__atomic_fetch_and(&mask->bits, ~bits, __ATOMIC_RELEASE);
#else
	__asm__ volatile("amoand.w.rl zero, %0, (%1)" : : "r"(~bits), "r"(&mask->bits) : "memory");
#endif
}

/*
 * Switch this hart from a space to `space`, within a hart-local section or with
 * the kernel lock (kernel/lock.h), if it needs no new ASID and owes no fence
 * here: else false, and nothing changed.
 *
 * The steps A1 and A4 of shootdown.c. A2 and A3 are not needed: generations
 * change, entries are removed and stale marks appear under the kernel lock
 * only, whose holder waits for this section to end and then sees A1; and who
 * owes a fence of everything finds its bit in `stale` too (asid.c). Other
 * harts' sections do the same beside it.
 */
static inline __attribute__((always_inline)) bool vm_activate_quick(struct hart *hart,
								    struct vm_space *space)
{
	struct vm_space *old = hart->active_space;
	uint32_t self = hart->bit;
	uint64_t asid = space->asid_generation;

	if (old == space) {
		return true;
	}
	if (asid >> 16 != vm_asid_generation ||
	    ((space->stale.bits | space->stale_code.bits) & self) != 0) {
		return false;
	}
	__atomic_fetch_or(&space->running.bits, self, __ATOMIC_RELAXED); /* A1 */
	if ((space->live.bits & self) == 0) {
		__atomic_fetch_or(&space->live.bits, self, __ATOMIC_RELAXED);
	}
	satp_write(space->satp); /* A4 */
	hart->active_space = space;
	/* Release: satp before; from here on vm_flush_commit leaves this hart alone. */
	mask_clear(&old->running, self);
	if ((uint16_t)asid == 0) {
		/* No ASIDs: what it caches of the old space is under 0 too. */
		sfence_all();
		mask_clear(&old->live, self);
	}
	return true;
}

#endif

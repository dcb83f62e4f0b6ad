/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From firmware to kernel_main, and the start of the other harts.
 */
#ifndef SBI_BOOT_H
#define SBI_BOOT_H

#include "kernel/types.h"
#include "vm/layout.h"

/*
 * What the kernel provides. Both run on the hart's own stack with interrupts
 * off, sscratch and tp 0, and a trap vector that panics. The boot hart has
 * vm_init and vm_hart_init behind it; another hart is on the kernel's table
 * but calls vm_hart_init itself.
 */
_Noreturn void kernel_main(unsigned boot_hart_index);
_Noreturn void kernel_secondary_main(unsigned index);

/*
 * Ask the firmware to start every other hart. Does not wait: a hart that
 * refuses is reported, one that never arrives is not noticed here. Until a
 * hart has arrived it must not be the target of a remote fence.
 */
void boot_start_harts(void);

/*
 * A zeroed page of RAM for good, recorded in machine.reserved. Boot hart,
 * until the kernel has taken over the RAM that machine.reserved leaves free.
 * Panics when there is none.
 */
struct paddr boot_page_alloc(void);

/* Time counter, in ticks, when boot_main began. */
extern uint64_t boot_ticks;

/* Physical address of something in the kernel image, on a kernel stack or in the direct map. */
struct paddr boot_paddr(const void *pointer);

/* Logical number of this hart, told by the stack it runs on. HARTS_MAX: still on the boot stack. */
static inline unsigned boot_this_hart(void)
{
	uint64_t sp;

	__asm__("mv %0, sp" : "=r"(sp));
	sp -= KERNEL_STACKS_VA + 1;
	return sp < (uint64_t)HARTS_MAX * KERNEL_STACK_STRIDE ? (unsigned)(sp / KERNEL_STACK_STRIDE)
							      : HARTS_MAX;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sbi/entry.S and sbi/boot.c share.
 */
#ifndef SBI_BOOT_PRIVATE_H
#define SBI_BOOT_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Called by entry.S with paging on: hart id, physical address of the device
 * tree, physical address of the image, time counter at entry.
 */
_Noreturn void boot_main(uint64_t hart_id, uint64_t device_tree, uint64_t image, uint64_t ticks);

/* Exceptions before the kernel has a vector of its own. */
_Noreturn void boot_trap(void);

/* satp of the kernel's own table, for harts that start. */
extern uint64_t boot_kernel_satp;

/* entry.S. */
_Noreturn void boot_on_stack(unsigned hart, uint64_t stack_top);
void secondary_entry(void);
bool boot_stimecmp_opens(void);
void park(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry from the firmware, for the hart that boots and for those that it
 * starts later. Paging is off, so until it is on the code runs at physical
 * addresses and reaches memory relative to pc only.
 *
 * Paging is turned on without an identity map: stvec points at the virtual
 * address to go on at, so the first fetch after the write of satp, which
 * faults, lands there.
 */
#include "vm/layout.h"

#define PTE_TABLE 0x01			/* V */
#define PTE_LEAF_RWX 0xcf		/* D A X W R V */
#define PTE_LEAF_RW 0xc7		/* D A W R V */
#define SATP_SV39 8
#define SSTATUS_CLEAR 0xc6722		/* MXR SUM FS VS SPP SPIE SIE */
#define SCOUNTEREN_TM 2

	.option norvc			/* every label is fit for stvec */
	.option norelax
	.section .text.entry, "ax"

/* The RISC-V Linux boot image header, version 0.2; U-Boot's booti and extlinux read it. */
	.globl _start
_start:
	j boot
	nop
	.dword 0x200000			/* offset from the start of RAM */
	.dword __image_size		/* in memory: bss and stacks included */
	.dword 0			/* little endian */
	.word 2, 0
	.dword 0
	.ascii "RISCV\0\0\0"
	.ascii "RSC\x05"
	.word 0

/*
 * a0 hart id, a1 device tree. Kept: both; a3 = time at entry.
 *   s0 physical address of the image   s1 root table   s2 table of the image
 */
boot:
	rdtime a3
	la t0, lottery
	li t1, 1
	amoadd.w.aqrl t1, t1, (t0)	/* firmware that starts all harts: the first one boots */
	bnez t1, lost
	jal t6, set_csrs

	la t0, __bss_start
	la t1, __bss_end
1:	sd zero, 0(t0)
	sd zero, 8(t0)
	sd zero, 16(t0)
	sd zero, 24(t0)
	addi t0, t0, 32
	bltu t0, t1, 1b

	la s0, _start
	slli t0, s0, 64 - 21
	bnez t0, misplaced
	la s1, boot_root_table
	la s2, boot_image_table
	srli t0, s2, 12 - 10
	ori t0, t0, PTE_TABLE
	li t1, ((KERNEL_VA >> 30) & 511) * 8
	add t1, t1, s1
	sd t0, (t1)			/* KERNEL_VA -> image, by 2 MiB */
	srli t0, s0, 12 - 10
	ori t0, t0, PTE_LEAF_RWX
	la t1, __image_end
	li t2, 1 << (21 - 2)
	mv t3, s0
	li t4, 1 << 21
1:	sd t0, (s2)
	add t0, t0, t2
	addi s2, s2, 8
	add t3, t3, t4
	bltu t3, t1, 1b

	/* Direct map of the GiBs that hold image, first allocated pages and device tree, and of
	 * no others: mapped holes invite speculative accesses, which some boards answer badly. */
	mv t0, s0
	jal t6, map_gib
	la t0, __image_end + (16 << 20)
	jal t6, map_gib
	mv t0, a1
	jal t6, map_gib
	li t1, 1 << 20
	add t0, a1, t1
	jal t6, map_gib

	srli t0, s1, 12
	li t1, SATP_SV39
	slli t1, t1, 60
	or t0, t0, t1
	mv a2, s0
	jal enable_paging
	la t0, early_trap
	csrw stvec, t0
	/* The stack of hart 0, through the direct map: it is mapped in both tables. */
	la t0, __stacks_start
	li t1, KERNEL_VA - KERNEL_STACK_SIZE
	sub t0, t0, t1
	add t0, t0, a2
	li t1, DIRECT_MAP_VA
	add sp, t0, t1
	li fp, 0
	call boot_main			/* a0 hart id, a1 device tree, a2 image (physical), a3 time */

/* A hart started by boot_start_harts: a0 hart id, a1 logical number. */
	.globl secondary_entry
secondary_entry:
	jal t6, set_csrs
	la t0, boot_kernel_satp
	ld t0, (t0)
	jal enable_paging
	la t0, early_trap
	csrw stvec, t0
	li t0, KERNEL_STACK_STRIDE
	addi t1, a1, 1
	mul t1, t0, t1
	li t0, KERNEL_STACKS_VA
	add sp, t0, t1			/* KERNEL_STACK_TOP(a1) */
	li fp, 0
	mv a0, a1
	call kernel_secondary_main

/* _Noreturn void boot_on_stack(unsigned hart, uint64_t stack_top): call kernel_main there. */
	.globl boot_on_stack
boot_on_stack:
	mv sp, a1
	li fp, 0
	call kernel_main

/*
 * bool boot_stimecmp_opens(void). Firmware that does not know Sstc leaves
 * stimecmp (CSR 0x14d) closed even if the device tree names it, and the read
 * is then an illegal instruction, which goes to stvec.
 */
	.globl boot_stimecmp_opens
boot_stimecmp_opens:
	la t0, 1f
	csrrw t0, stvec, t0
	li a0, 0
	csrr t1, 0x14d
	li a0, 1
1:	csrw stvec, t0
	ret

/*
 * Return to t6. No interrupts, no FPU, user code reads the time and no other
 * counter. The image was written by another hart or by a loader's stores.
 */
set_csrs:
	fence.i
	csrw sie, zero
	li t0, SSTATUS_CLEAR
	csrc sstatus, t0
	li t0, SCOUNTEREN_TM
	csrw scounteren, t0
	csrw sscratch, zero
	li tp, 0
	jr t6

/* Map the GiB around t0 in the direct map, if it is within; return to t6. */
map_gib:
	srli t0, t0, 30
	li t1, DIRECT_MAP_SIZE >> 30
	bgeu t0, t1, 1f
	slli t2, t0, 28
	ori t2, t2, PTE_LEAF_RW
	slli t0, t0, 3
	add t0, t0, s1
	li t1, ((DIRECT_MAP_VA >> 30) & 511) * 8
	add t0, t0, t1
	sd t2, (t0)
1:	jr t6

/* Load satp from t0 and return to ra's virtual twin. */
enable_paging:
	la t1, _start
	sub t1, ra, t1
	li t2, KERNEL_VA
	add t1, t1, t2
	csrw stvec, t1
	sfence.vma			/* earlier table stores before the walks of the new satp */
	csrw satp, t0			/* the fetch of the next instruction faults to stvec */
	j .

/* Exceptions until the kernel has its own vector. */
early_trap:
	call boot_trap

misplaced:
	la s0, misplaced_text
1:	lbu a0, (s0)
	beqz a0, park
	addi s0, s0, 1
	li a7, 1			/* legacy putchar */
	ecall
	j 1b

/* Losers of the lottery stop (SBI HSM), to be started again when the kernel is ready. */
lost:
	li a7, 0x48534d
	li a6, 1
	ecall
	.globl park
park:
	csrw sie, zero
1:	wfi
	j 1b

misplaced_text:
	.asciz "ravelin: the image is not at a 2 MiB boundary\r\n"

	.data
	.balign 4
lottery:
	.word 0

	.bss
	.balign 4096
boot_root_table:
	.skip 4096
boot_image_table:
	.skip 4096

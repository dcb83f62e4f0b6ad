/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual address map (Sv39: 512 root entries of 1 GiB).
 *
 *   root entry   address                  what
 *   0..254       0                        user windows
 *   255          0x3f_c000_0000           message buffers (kernel/abi/message.h)
 *   256..383     0xffff_ffc0_0000_0000    direct map: physical 0..128 GiB, RAM and kernel devices,
 *                                         never executable; kernel text and rodata read-only
 *   510          0xffff_ffff_8000_0000    kernel image, 4 KiB pages, W^X
 *                0xffff_ffff_bf00_0000    per-hart kernel stacks, unmapped space below each
 *
 * Root entries 256..511 are the same in every space and fixed after boot.
 */
#ifndef VM_LAYOUT_H
#define VM_LAYOUT_H

#define DIRECT_MAP_VA 0xffffffc000000000ul
#define DIRECT_MAP_SIZE (128ul << 30)
#define KERNEL_VA 0xffffffff80000000ul
/* Hart n's stack: KERNEL_STACK_SIZE bytes ending at KERNEL_STACK_TOP(n); its pages lie in the
 * image's .stacks section, which is mapped nowhere else but in the direct map. */
#define KERNEL_STACKS_VA 0xffffffffbf000000ul
#define KERNEL_STACK_SIZE 0x2000
#define KERNEL_STACK_STRIDE 0x4000
#define KERNEL_STACK_TOP(n) (KERNEL_STACKS_VA + ((n) + 1) * KERNEL_STACK_STRIDE)

#define USER_END 0x4000000000ul

#endif

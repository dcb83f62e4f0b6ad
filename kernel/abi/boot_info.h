/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel hands to the root task: its first capabilities and a
 * read-only description of the machine, mapped at BOOT_INFO_VA.
 *
 * The root task is the first file of the boot archive (cpio "newc", the
 * device tree's initrd): a static ELF linked below BOOT_INFO_VA. The kernel
 * maps its segments, a stack, this page, the device tree and the archive;
 * nothing of it is demand-paged. It starts with a0 = BOOT_INFO_VA and its
 * message buffer as number 0.
 */
#ifndef KERNEL_ABI_BOOT_INFO_H
#define KERNEL_ABI_BOOT_INFO_H

#include <stdint.h>

/* Fixed slots of the root task's CSpace (2^12 slots). */
enum boot_slot {
	BOOT_SLOT_CSPACE = 1,
	BOOT_SLOT_THREAD = 2,
	BOOT_SLOT_SPACE = 3,
	BOOT_SLOT_SCHED_CONTEXT = 4,
	BOOT_SLOT_WINDOW = 5, /* the window [0, 1 GiB); root's code, archive... live in it */
	BOOT_SLOT_POOL = 6,   /* root's segments, stack and boot information */
	BOOT_SLOT_ARCHIVE_POOL = 7,
	BOOT_SLOT_IRQ_CONTROL = 8,
	BOOT_SLOT_HART = 9,
	BOOT_SLOT_CONSOLE = 10,
	BOOT_SLOT_SYSTEM = 11,
	BOOT_SLOT_WINDOW2 = 12, /* the window [1 GiB, 2 GiB), empty, for root's own use */
	BOOT_SLOT_BANK = 13,
	BOOT_SLOT_UNTYPED = 16, /* the first of boot_info.untyped_count */
};

#define BOOT_ROOT_CSPACE_BITS 12
#define BOOT_STACK_PAGES 16
#define BOOT_STACK_TOP 0x0f000000ul /* guard page below the stack */
#define BOOT_INFO_VA 0x10000000ul
#define BOOT_DEVICE_TREE_VA 0x10100000ul
#define BOOT_ARCHIVE_VA 0x12000000ul /* + the archive's offset in its first page */
#define BOOT_HARTS_MAX 8
#define BOOT_UNTYPED_MAX 96
#define BOOT_INFO_MAGIC 0x31304e4c56415225ull

struct boot_untyped {
	uint64_t base; /* physical, page aligned */
	uint64_t size; /* bytes, whole pages */
	uint32_t is_device;
	uint32_t reserved;
};

struct boot_info {
	uint64_t magic;
	uint64_t timebase_hz;
	uint32_t hart_count;
	uint32_t boot_hart; /* logical number of the hart that booted */
	uint64_t hart_ids[BOOT_HARTS_MAX];
	uint64_t device_tree; /* VA of the copy of the flattened device tree */
	uint64_t device_tree_size;
	uint64_t archive; /* VA of the first byte */
	uint64_t archive_size;
	uint64_t ram_size;	/* bytes of RAM the device tree gives */
	uint64_t kernel_size;	/* bytes of RAM kept by kernel and firmware */
	uint64_t boot_ticks;	/* time counter at kernel entry */
	uint32_t untyped_count; /* RAM first, then device ranges */
	uint32_t free_slot;	/* first empty slot */
	struct boot_untyped untyped[BOOT_UNTYPED_MAX];
};
_Static_assert(sizeof(struct boot_info) <= 4096, "boot information is one page");

#endif

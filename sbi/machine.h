/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the device tree says about the machine, gathered once at boot by
 * sbi/device_tree.c in one struct that the rest of the kernel reads.
 */
#ifndef SBI_MACHINE_H
#define SBI_MACHINE_H

#include "kernel/types.h"

#define MACHINE_RAM_MAX 8
#define MACHINE_RESERVED_MAX 24
#define MACHINE_DEVICES_MAX 80
#define IRQCHIP_NO_CONTEXT (~0u)

/* Kinds of controllers of device interrupts. */
enum irqchip_kind {
	IRQCHIP_NONE,
	IRQCHIP_PLIC,
	IRQCHIP_APLIC, /* that interrupts the harts itself */
	IRQCHIP_IMSIC, /* an APLIC that sends messages to the harts' IMSICs */
};

struct machine {
	/* Harts with an MMU that are enabled, in device-tree order; index = logical number. The
	 * firmware may fail to start any of them but the boot hart. */
	unsigned hart_count;
	uint64_t hart_ids[HARTS_MAX];
	uint64_t timebase_hz;
	/* On every hart: */
	bool has_sstc, has_svinval, has_svpbmt;
	bool has_cache_block_management; /* Zicbom */
	bool has_cache_block_zero;	 /* Zicboz */
	bool zero_block_is_64;		 /* its blocks have 64 bytes */

	unsigned ram_count;
	struct phys_range ram[MACHINE_RAM_MAX]; /* sorted, page aligned inwards */
	/* Firmware, reserved-memory nodes, memreserve entries, kernel image, device tree, archive:
	 * sorted, page aligned outwards, may touch, never overlap. */
	unsigned reserved_count;
	struct phys_range reserved[MACHINE_RESERVED_MAX];

	struct paddr kernel;  /* image start */
	uint64_t kernel_size; /* bytes, bss and stacks included */
	struct paddr device_tree;
	uint64_t device_tree_size;
	struct paddr archive;  /* initrd; any byte address, in RAM */
	uint64_t archive_size; /* 0: none */

	/* The controller of device interrupts (kernel/irqchip.h): its registers (size 0: no
	 * controller), its sources 1..n, and the number by which it knows each logical hart: a
	 * PLIC's context for S-mode, an APLIC's hart index. */
	enum irqchip_kind irqchip;
	struct phys_range irqchip_registers;
	unsigned irqchip_sources;
	unsigned irqchip_context[HARTS_MAX]; /* IRQCHIP_NO_CONTEXT: none */
	unsigned imsic_identities; /* IRQCHIP_IMSIC: they are 1..n, n >= irqchip_sources */

	/* Register windows of enabled device nodes (and PCI ranges) that user space may be given:
	 * sorted, page aligned outwards, never overlapping; not RAM, not reserved, not the kernel's
	 * own, no alias of RAM. */
	unsigned device_count;
	struct phys_range devices[MACHINE_DEVICES_MAX];

	char bootargs[256]; /* truncated if longer */
};
extern struct machine machine;

/*
 * Read the flattened device tree at `fdt` (8-byte aligned, as the Devicetree
 * Specification has it) into `machine`, of which the caller has filled in
 * kernel, kernel_size and device_tree. Panics with a message when something
 * essential is missing: the machine cannot be run then.
 */
void machine_read_device_tree(const void *fdt, uint64_t boot_hart_id);

/* Logical number of the hart, or HARTS_MAX if it is none of ours. */
unsigned machine_hart_index(uint64_t hart_id);

/*
 * True if one of the blank-separated words of the boot arguments is `word`.
 * Words known here: asid=N (machine_asid_bits), fence=all (qualify no fence),
 * console=legacy, reset=off (take the firmware for one that lacks DBCN, SRST),
 * sstc=off (timer by SBI), panic=off (power off after a panic).
 */
bool machine_has_argument(const char *word);

/*
 * How many ASID bits to use at the most: N of the boot argument asid=N, 0..16,
 * else 16. With fewer than 4 no ASIDs are used (vm/asid.c).
 */
unsigned machine_asid_bits(void);

#endif

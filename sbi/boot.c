/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the first C instruction to kernel_main.
 *
 * sbi/entry.S has made a boot page table: the image at KERNEL_VA, and the
 * direct map of only those GiBs that hold image and device tree. boot_main
 * reads the device tree, has vm/ build the kernel's own table in pages behind
 * the image, and moves to it and to the boot hart's own stack. The boot stack
 * lies in the memory of hart 0's stack, which is not in use yet even if
 * another hart boots, and is addressed through the direct map, because the
 * kernel's table maps stacks elsewhere than the image's.
 */
#include "sbi/boot.h"

#include "kernel/panic.h"
#include "kernel/print.h"
#include "sbi/boot_private.h"
#include "sbi/errata.h"
#include "sbi/machine.h"
#include "sbi/ranges.h"
#include "sbi/sbi.h"
#include "vm/vm.h"

#define BYTES_BEHIND_IMAGE (16ul << 20) /* mapped by entry.S too */
#define FDT_MAGIC_BYTES 0xedfe0dd0u	/* big-endian 0xd00dfeed */

extern char __image_start[], __image_end[], __stacks_start[], __stacks_end[];

uint64_t boot_ticks;
uint64_t boot_kernel_satp;

static inline void stvec_write(void (*vector)(void))
{
	__asm__ volatile("csrw stvec, %0" : : "r"(vector) : "memory");
}

void boot_trap(void)
{
	stvec_write(park);
	panic("exception during boot");
}

struct paddr boot_paddr(const void *pointer)
{
	uint64_t va = (uint64_t)pointer;
	uint64_t stacks = (uint64_t)__stacks_start - (uint64_t)__image_start;

	if (va - KERNEL_VA < machine.kernel_size) {
		return (struct paddr){va - KERNEL_VA + machine.kernel.raw};
	}
	if (va - KERNEL_STACKS_VA < (uint64_t)HARTS_MAX * KERNEL_STACK_STRIDE) {
		uint64_t hart = (va - KERNEL_STACKS_VA) / KERNEL_STACK_STRIDE;
		uint64_t below_top = KERNEL_STACK_TOP(hart) - va;

		return (struct paddr){machine.kernel.raw + stacks + (hart + 1) * KERNEL_STACK_SIZE -
				      below_top};
	}
	return (struct paddr){va - DIRECT_MAP_VA};
}

static bool is_usable(struct phys_range page)
{
	uint64_t image_end = machine.kernel.raw + machine.kernel_size;
	bool is_mapped = page.base >> 30 == machine.kernel.raw >> 30 ||
			 page.base >> 30 == (image_end + BYTES_BEHIND_IMAGE) >> 30;

	return is_mapped && ranges_find(machine.ram, machine.ram_count, page) < machine.ram_count;
}

/* Pages that follow each other become one entry. */
static void reserve(struct phys_range page)
{
	for (unsigned i = 0; i < machine.reserved_count; i++) {
		if (range_end(machine.reserved[i]) == page.base) {
			machine.reserved[i].size += page.size;
			return;
		}
	}
	if (!ranges_add(machine.reserved, &machine.reserved_count, MACHINE_RESERVED_MAX, page)) {
		panic("more than %d reserved ranges", MACHINE_RESERVED_MAX);
	}
}

struct paddr boot_page_alloc(void)
{
	static uint64_t next;
	struct phys_range page = {next, PAGE_SIZE};
	unsigned i;

	if (next == 0) {
		page.base = machine.kernel.raw + machine.kernel_size;
	}
	while ((i = ranges_find(machine.reserved, machine.reserved_count, page)) <
	       machine.reserved_count) {
		page.base = range_end(machine.reserved[i]);
	}
	if (!is_usable(page)) {
		panic("no free memory behind the kernel image, at %lx", page.base);
	}
	reserve(page);
	next = range_end(page);
	uint64_t *words = vm_pointer((struct paddr){page.base});
	for (unsigned word = 0; word < PAGE_SIZE / sizeof(*words); word++) {
		words[word] = 0;
	}
	return (struct paddr){page.base};
}

static struct paddr alloc_for_map(void *context)
{
	(void)context;
	return boot_page_alloc();
}

/* The kernel's own page table, and onto it. */
static void leave_boot_table(void)
{
	struct vm_kernel_map map = {
		.ram = machine.ram,
		.ram_count = machine.ram_count,
		.devices = &machine.irqchip_registers,
		.device_count = machine.irqchip_registers.size != 0 ? 1 : 0,
		.image = machine.kernel,
		.alloc = alloc_for_map,
	};
	struct vm_features features = {
		.fence_all_only = errata.fence_all_only,
		.cache_block_zero = machine.has_cache_block_zero && machine.zero_block_is_64,
		.svinval = machine.has_svinval,
		.svpbmt = machine.has_svpbmt,
		.asid_bits = machine_asid_bits(),
	};

	/* Other harts read it with paging off; starting them orders this store before. */
	boot_kernel_satp = vm_kernel_map(&map);
	vm_hart_init();
	vm_init(&features);
}

static const void *find_device_tree(uint64_t address)
{
	const uint32_t *fdt = vm_pointer((struct paddr){address});

	if (address == 0 || address % 8 != 0 || address >= DIRECT_MAP_SIZE ||
	    *fdt != FDT_MAGIC_BYTES) {
		panic("a1 = %lx is no device tree: start the image with booti or bootm, not go",
		      address);
	}
	return fdt;
}

static void apply_arguments(void)
{
	if (machine_has_argument("console=legacy")) {
		sbi_features.debug_console = false;
	}
	if (machine_has_argument("reset=off")) {
		sbi_features.system_reset = false;
	}
	if (machine_has_argument("sstc=off")) {
		machine.has_sstc = false;
	}
}

void boot_main(uint64_t hart_id, uint64_t device_tree, uint64_t image, uint64_t ticks)
{
	boot_ticks = ticks;
	machine.kernel.raw = image;
	machine.kernel_size = (uint64_t)__image_end - (uint64_t)__image_start;
	assert((uint64_t)__stacks_end - (uint64_t)__stacks_start == HARTS_MAX * KERNEL_STACK_SIZE);
	sbi_probe();

	machine.device_tree.raw = device_tree;
	machine_read_device_tree(find_device_tree(device_tree), hart_id);
	apply_arguments();
	errata_find();
	machine.has_sstc = machine.has_sstc && boot_stimecmp_opens();

	leave_boot_table();
	unsigned index = machine_hart_index(hart_id);
	boot_on_stack(index, KERNEL_STACK_TOP(index));
}

void boot_start_harts(void)
{
	struct paddr entry = boot_paddr(secondary_entry);
	unsigned self = boot_this_hart();

	for (unsigned i = 0; i < machine.hart_count; i++) {
		if (i == self) {
			continue;
		}
		long error = sbi_hart_start(machine.hart_ids[i], entry, i);

		if (error != 0) {
			print("hart %lu does not start: SBI error %ld\n", machine.hart_ids[i],
			      error);
		}
	}
}

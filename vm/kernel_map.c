/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own page table, made once at boot, while the boot table is
 * active under which KERNEL_VA and the direct map of the pages used here work.
 *
 * All entries have G, A and, if writable, D set; none has U. No store here
 * needs a flush: nothing walks the table until its satp is loaded, and
 * vm_hart_init, on each hart, fences everything then.
 */
#include "vm/table.h"

#define KERNEL_BITS (PTE_V | PTE_G | PTE_A)
#define KERNEL_R (KERNEL_BITS | PTE_R)
#define KERNEL_RW (KERNEL_BITS | PTE_R | PTE_W | PTE_D)
#define KERNEL_RX (KERNEL_BITS | PTE_R | PTE_X)

struct builder {
	const struct vm_kernel_map *map;
	struct paddr root;
};

/* The entry of virtual address `va` at `level`; tables are made on the way. */
static uint64_t *entry_at(const struct builder *builder, uint64_t va, unsigned level)
{
	uint64_t *entry = vm_pointer(builder->root);

	for (unsigned l = SV39_ROOT_LEVEL;; l--) {
		entry += sv39_index(va >> PAGE_SHIFT, l);
		if (l == level) {
			return entry;
		}
		uint64_t pte = pte_load(entry);
		if (pte == 0) {
			struct paddr table = builder->map->alloc(builder->map->alloc_context);

			pte = pte_make(table.raw >> PAGE_SHIFT, PTE_V);
			pte_store(entry, pte);
		}
		vm_assert(pte_is_table(pte)); /* ranges overlap */
		entry = vm_pointer(pte_paddr(pte));
	}
}

/* Map `size` bytes, page multiples all, with the largest leaves that fit exactly. */
static void map_range(const struct builder *builder, uint64_t va, uint64_t pa, uint64_t size,
		      uint64_t bits)
{
	while (size != 0) {
		unsigned level = SV39_ROOT_LEVEL;
		uint64_t bytes = PAGE_SIZE << (SV39_INDEX_BITS * level);

		while (((va | pa) & (bytes - 1)) != 0 || size < bytes) {
			level--;
			bytes >>= SV39_INDEX_BITS;
		}
		/* As many as lie in this table before a larger leaf could begin: that is at its end. */
		uint64_t *entry = entry_at(builder, va, level);
		unsigned left = SV39_ENTRIES - sv39_index(va >> PAGE_SHIFT, level);

		for (; left != 0 && size >= bytes; left--) {
			vm_assert(*entry == 0); /* ranges overlap */
			pte_store(entry, pte_make(pa >> PAGE_SHIFT, bits));
			entry++;
			va += bytes;
			pa += bytes;
			size -= bytes;
		}
	}
}

static void map_direct(const struct builder *builder, uint64_t base, uint64_t end, uint64_t bits)
{
	if (base < end) {
		map_range(builder, DIRECT_MAP_VA + base, base, end - base, bits);
	}
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* A range of RAM; what lies in [text, rodata_end) of the image is read-only. */
static void map_ram(const struct builder *builder, struct phys_range ram, uint64_t rodata_end)
{
	uint64_t end = ram.base + ram.size;
	uint64_t low = clamp(builder->map->image.raw, ram.base, end);
	uint64_t high = clamp(builder->map->image.raw + rodata_end, ram.base, end);

	map_direct(builder, ram.base, low, KERNEL_RW);
	map_direct(builder, low, high, KERNEL_R);
	map_direct(builder, high, end, KERNEL_RW);
}

/* [from, to) of the image, byte offsets, at its place from KERNEL_VA on. */
static void map_image(const struct builder *builder, uint64_t from, uint64_t to, uint64_t bits)
{
	map_range(builder, KERNEL_VA + from, builder->map->image.raw + from, to - from, bits);
}

static void map_stacks(const struct builder *builder, const struct vm_image *image)
{
	uint64_t stacks = (image->stacks_end - image->stacks_start) / KERNEL_STACK_SIZE;

	for (uint64_t i = 0; i < stacks; i++) {
		uint64_t offset = image->stacks_start + i * KERNEL_STACK_SIZE;

		map_range(builder, KERNEL_STACK_TOP(i) - KERNEL_STACK_SIZE,
			  builder->map->image.raw + offset, KERNEL_STACK_SIZE, KERNEL_RW);
	}
}

uint64_t vm_kernel_map(const struct vm_kernel_map *map)
{
	struct vm_image image = vm_image();
	struct builder builder = {.map = map, .root = map->alloc(map->alloc_context)};

	for (unsigned i = 0; i < map->ram_count; i++) {
		map_ram(&builder, map->ram[i], image.rodata_end);
	}
	for (unsigned i = 0; i < map->device_count; i++) {
		map_direct(&builder, map->devices[i].base,
			   map->devices[i].base + map->devices[i].size, KERNEL_RW);
	}
	map_image(&builder, 0, image.text_end, KERNEL_RX);
	map_image(&builder, image.text_end, image.rodata_end, KERNEL_R);
	map_image(&builder, image.rodata_end, image.stacks_start, KERNEL_RW);
	map_image(&builder, image.stacks_end, image.end, KERNEL_RW);
	map_stacks(&builder, &image);
	vm_kernel_satp = SATP_MODE_SV39 | builder.root.raw >> PAGE_SHIFT;
	return vm_kernel_satp;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests: the kernel's table; tables and banks, running out of them.
 */
#include <string.h>

#include "tests/vm/unit.h"

/* ---- the kernel's table ---------------------------------------------------- */

static uint64_t kernel_pte(uint64_t va)
{
	return walk_memory(pte_paddr(vm_kernel_satp << PTE_PPN_SHIFT), va >> 12 & 0x7ffffff);
}

void test_kernel_map(void)
{
	static const struct phys_range ram[] = {{0x80000000, (1ull << 30) + 0x201000},
						{0x100005000, 0x3000},
						{0x180000000, 1ull << 30}};
	static const struct phys_range plic = {0xc000000, 0x600000};
	struct vm_kernel_map kmap = {.ram = ram,
				     .ram_count = 3,
				     .devices = &plic,
				     .device_count = 1,
				     .image = {0x80200000},
				     .alloc = alloc_page};
	struct machine_config machine = {.asid_bits = 16};
	struct vm_image image = vm_image();

	machine_init(&machine);
	kernel_pages = KERNEL_TABLES_BASE;
	CHECK(vm_kernel_map(&kmap) >> 60 == 8);
	/* root; RAM: 0x8: 1+1, 0xc: 1+1, 0x10: 1+1, 0x18: 0; PLIC 1; image 1+1; stacks 1 */
	CHECK(kernel_pages == KERNEL_TABLES_BASE + 11 * PAGE_SIZE);
	for (uint64_t pa = 0; pa < 0x1d0000000; pa += PAGE_SIZE) {
		uint64_t pte = kernel_pte(DIRECT_MAP_VA + pa);
		bool is_mapped = pa - plic.base < plic.size;
		bool is_readonly = pa - 0x80200000 < image.rodata_end;

		for (unsigned i = 0; i < 3; i++) {
			is_mapped = is_mapped || pa - ram[i].base < ram[i].size;
		}
		uint64_t bits = PTE_V | PTE_G | PTE_A | PTE_R | (is_readonly ? 0 : PTE_W | PTE_D);

		if (pte != (is_mapped ? pte_make(pa >> 12, bits) : 0)) {
			fail("direct map of %lx: %lx", pa, pte);
		}
	}
	for (uint64_t at = 0; at < 0x40000; at += PAGE_SIZE) {
		uint64_t bits = PTE_V | PTE_G | PTE_A | PTE_R |
				(at < image.text_end	 ? PTE_X
				 : at < image.rodata_end ? 0
							 : PTE_W | PTE_D);
		uint64_t expected =
			at < image.stacks_start ? pte_make((0x80200000 + at) >> 12, bits) : 0;

		CHECK(kernel_pte(KERNEL_VA + at) == expected);
	}
	for (uint64_t n = 0; n < 8; n++) {
		uint64_t top = KERNEL_STACK_TOP(n);

		for (uint64_t at = 1; at <= KERNEL_STACK_STRIDE / PAGE_SIZE; at++) {
			uint64_t pte = kernel_pte(top - at * PAGE_SIZE);
			uint64_t pa = 0x80200000 + image.stacks_start +
				      (n + 1) * KERNEL_STACK_SIZE - at * PAGE_SIZE;

			CHECK(at * PAGE_SIZE <= KERNEL_STACK_SIZE
				      ? pte_ppn(pte) == pa >> 12 &&
						(pte & PTE_RWX) == (PTE_R | PTE_W)
				      : pte == 0);
		}
	}
	CHECK(kernel_pte(KERNEL_STACK_TOP(7)) == 0);
}

/* ---- tables ---------------------------------------------------------------- */

static uint64_t hash_tables(struct vm_space *s)
{
	uint64_t hash = 1;

	for (uint64_t page = 0; page < 2 * GIB_PAGES; page++) {
		hash = hash * 31 + walk_memory(s->root, page);
		hash += vm_slot_find(s, page, 0).level;
	}
	return hash;
}

static void setup_none(void)
{
}

static void setup_2m(void)
{
	CHECK(map(0, 0, 512, R | W, 0) == ERR_OK);
}

static void setup_1g(void)
{
	CHECK(map(0, 0, (uint32_t)GIB_PAGES, R | W, 0) == ERR_OK);
}

static void setup_page(void)
{
	CHECK(map(7, 7, 1, R | W, 0) == ERR_OK);
}

static enum err op_map_page(void)
{
	return map(7, 100, 1, R, 0);
}

static enum err op_map_2m(void)
{
	return map(512, 512, 512, R, 0);
}

static enum err op_protect(void)
{
	return protect(7, 1, R, 0);
}

static enum err op_protect_2m(void)
{
	return protect(512, 512, R, 0);
}

static enum err op_unmap(void)
{
	return unmap(7, 1);
}

static enum err op_clone(void)
{
	return clone(7, 1);
}

static enum err op_buffer(void)
{
	return vm_message_buffer_map(space, 3, (struct paddr){0x70000000});
}

void test_no_table(void)
{
	static const struct {
		void (*setup)(void);
		enum err (*op)(void);
		unsigned needs, target_needs;
	} cases[] = {
		{setup_none, op_map_page, 2, 0}, {setup_none, op_map_2m, 1, 0},
		{setup_2m, op_map_page, 1, 0},	 {setup_1g, op_map_page, 2, 0},
		{setup_2m, op_protect, 1, 0},	 {setup_1g, op_protect, 2, 0},
		{setup_1g, op_protect_2m, 1, 0}, {setup_2m, op_unmap, 1, 0},
		{setup_1g, op_unmap, 2, 0},	 {setup_none, op_buffer, 2, 0},
		{setup_page, op_clone, 0, 2},	 {setup_2m, op_clone, 1, 2},
		{setup_1g, op_clone, 2, 2},
	};

	make_world(1);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		cases[i].setup();
		uint32_t free[2] = {space->tables_free, worlds[1].space.tables_free};
		unsigned most[2] = {cases[i].needs, cases[i].target_needs};

		for (unsigned which = 0; which < 2; which++) {
			struct vm_space *s = &worlds[which].space;

			for (unsigned n = 0; n < most[which]; n++) {
				/* As if all others were in use. The source of a clone may be split
				 * before the target has no table; that changes nothing to be seen. */
				s->tables_free = n;
				uint64_t before = which == 0 ? hash_tables(space) : 0;
				uint64_t target_before = hash_tables(&worlds[1].space);

				CHECK(cases[i].op() == ERR_NO_TABLE);
				CHECK(which == 1 || hash_tables(space) == before);
				CHECK(hash_tables(&worlds[1].space) == target_before);
				CHECK(s->tables_free == n);
			}
			s->tables_free = free[which];
		}
		CHECK(cases[i].op() == ERR_OK);
		CHECK(unmap(0, (uint32_t)GIB_PAGES) == ERR_OK);
		vm_message_buffer_unmap(space, 3);
		CHECK(space->tables_used == 0 && space->tables_free == 30);
		CHECK(vm_window_detach(&worlds[1].window));
		CHECK(worlds[1].space.tables_used == 0 && worlds[1].space.tables_free == 30);
		CHECK(vm_window_attach(&worlds[1].space, &worlds[1].window, 0, 2 * GIB_PAGES, 7) ==
		      0);
		CHECK(vm_binding_bind(&worlds[1].binding, &worlds[1].window, &worlds[0].pool, 7) ==
		      0);
	}
}

/* Every table of a bank can be used, and again, also when they are in limbo. */
void test_all_tables(void)
{
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 29; i++) {
			CHECK(map(i * 512, i, 1, R, 0) == ERR_OK);
		}
		CHECK(map(29 * 512, 0, 1, R, 0) == ERR_NO_TABLE);
		CHECK(space->tables_free == 0 && space->tables_used == 30);
		/* One batch that frees a table and needs one. */
		struct window_item item = item_of(0, 0, 1, 0, 0);

		CHECK(vm_unmap(window, &item, &flush) == ERR_OK && space->limbo != 0);
		item = item_of(29 * 512, 0, 1, R, 0);
		CHECK(vm_map(binding, &item, &flush) == ERR_OK);
		vm_flush_commit(&flush);
		CHECK(unmap(0, 512 * 30) == ERR_OK && space->tables_free == 30);
	}
}

void test_banks(void)
{
	static struct vm_bank many[VM_SPACE_BANKS];
	struct vm_bank bank = {0};
	struct paddr base = {BANKS_BASE + 0x200000};

	CHECK(vm_bank_add(space, &worlds[0].bank, base, 0x10000) == ERR_BUSY);
	CHECK(vm_bank_add(space, &bank, (struct paddr){base.raw + 0x1000}, 0x10000) ==
	      ERR_ARGUMENT);
	CHECK(vm_bank_add(space, &bank, base, 0x11000) == ERR_ARGUMENT);
	CHECK(vm_bank_add(space, &bank, base, 0) == ERR_ARGUMENT);
	for (unsigned i = 1; i < VM_SPACE_BANKS; i++) {
		CHECK(vm_bank_add(space, &many[i], (struct paddr){base.raw + i * 0x10000},
				  0x10000) == ERR_OK);
	}
	CHECK(vm_bank_add(space, &bank, base, 0x10000) == ERR_LIMIT);
	CHECK(space->tables_free == 30 + 255 * 15);
	CHECK(vm_bank_remove(&many[7]) && many[7].space == NULL && many[7].bytes == 0x10000);
	CHECK(vm_bank_remove(&many[7]));
	CHECK(space->tables_free == 30 + 254 * 15);
	CHECK(vm_bank_add(space, &many[7], many[7].base, many[7].bytes) == ERR_OK);
	/* What is mapped by its tables goes; what others map stays. */
	CHECK(vm_message_buffer_map(space, 0, (struct paddr){0x70000000}) == ERR_OK);
	for (unsigned i = 0; i < 40; i++) {
		CHECK(map(i * 512, i, 1, R, 0) == ERR_OK);
	}
	uint32_t used = space->tables_used;
	unsigned there = 0;

	CHECK(many[7].used == 15 && vm_bank_remove(&many[7]));
	for (unsigned i = 0; i < 40; i++) {
		there += walk_memory(space->root, i * 512) != 0;
	}
	CHECK(there < 40 && space->tables_used < used);
	CHECK(vm_window_detach(window));
	vm_message_buffer_unmap(space, 0);
	CHECK(space->tables_used == 0);
	vm_space_destroy(space);
	CHECK(many[9].space == NULL && many[9].bytes == 0x10000 && worlds[0].bank.space == NULL);
}

/* While a bank is taken back, what is given back to it is given to nobody. */
void test_closing_bank(void)
{
	struct vm_bank bank = {0};

	CHECK(vm_bank_add(space, &bank, (struct paddr){BANKS_BASE + 0x200000}, 0x20000) == ERR_OK);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(map(i * 512, i, 1, R, 0) == ERR_OK);
	}
	CHECK(bank.used == 21); /* the last one added gives first */
	config.preempt_one_in = 1;
	CHECK(!vm_bank_remove(&bank) && bank.used < 21 && bank.used > 0);
	uint32_t used = bank.used;

	for (unsigned i = 0; i < 3; i++) {
		CHECK(map(GIB_PAGES + i * 512, i, 1, R, 0) == ERR_OK);
		CHECK(bank.used == used);
		vm_check_space(space);
	}
	while (!vm_bank_remove(&bank)) {
		vm_check_space(space);
	}
	vm_check_space(space);
	CHECK(bank.space == NULL && walk_memory(space->root, GIB_PAGES + 1024) != 0);
}

void test_message_buffers(void)
{
	CHECK(vm_message_buffer_map(space, 65536, (struct paddr){0x70000000}) == ERR_ARGUMENT);
	CHECK(vm_message_buffer_map(space, 65535, (struct paddr){0x70000000}) == ERR_OK);
	CHECK(vm_message_buffer_map(space, 65535, (struct paddr){0x70001000}) == ERR_BUSY);
	CHECK(walk_memory(space->root, MESSAGE_BUFFER_VA(65535) >> 12) ==
	      pte_make(0x70000, PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D));
	vm_message_buffer_unmap(space, 65536);
	vm_message_buffer_unmap(space, 1);
	vm_message_buffer_unmap(space, 65535);
	vm_message_buffer_unmap(space, 65535);
	CHECK(space->tables_used == 0);
}

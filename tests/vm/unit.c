/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of unit tests, and what they share.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/unit.h"

struct world worlds[2];
struct vm_flush flush;

uint64_t kernel_pages = KERNEL_TABLES_BASE;

struct paddr alloc_page(void *context)
{
	(void)context;
	kernel_pages += PAGE_SIZE;
	return (struct paddr){kernel_pages - PAGE_SIZE};
}

struct vm_image vm_image(void)
{
	return (struct vm_image){0x9000, 0xc000, 0x14000, 0x24000, 0x24000};
}

void boot_with(unsigned asid_bits)
{
	struct machine_config machine = {.asid_bits = asid_bits};
	struct vm_features features = {.asid_bits = 16};
	struct vm_kernel_map map = {.image = {0x80200000}, .alloc = alloc_page};

	machine_init(&machine);
	vm_kernel_map(&map);
	for (this_hart = 0; this_hart < HARTS; this_hart++) {
		vm_hart_init();
	}
	this_hart = 0;
	vm_init(&features);
}

void make_world(unsigned i)
{
	struct world *w = &worlds[i];

	vm_space_init(&w->space, (struct paddr){ROOTS_BASE + i * PAGE_SIZE});
	CHECK(vm_bank_add(&w->space, &w->bank, (struct paddr){BANKS_BASE + i * 0x100000},
			  0x20000) == ERR_OK);
	CHECK(vm_window_attach(&w->space, &w->window, 0, 2 * GIB_PAGES, 7) == ERR_OK);
	if (i == 0) {
		CHECK(vm_pool_add_extent(&w->pool, (struct paddr){POOLS_BASE}, GIB_PAGES + 512,
					 false) == ERR_OK);
	}
	CHECK(vm_binding_bind(&w->binding, &w->window, &worlds[0].pool, 7) == ERR_OK);
}

struct window_item item_of(uint64_t va_page, uint64_t pool_page, uint32_t count, uint8_t rights,
			   uint16_t flags)
{
	return (struct window_item){.va_page = va_page,
				    .pool_page = pool_page,
				    .count = count,
				    .rights = rights,
				    .flags = flags};
}

enum err map(uint64_t va_page, uint64_t pool_page, uint32_t count, uint8_t rights, uint16_t flags)
{
	struct window_item item = item_of(va_page, pool_page, count, rights, flags);
	enum err err = vm_map(binding, &item, &flush);

	vm_flush_commit(&flush);
	return err;
}

enum err unmap(uint64_t va_page, uint32_t count)
{
	struct window_item item = item_of(va_page, 0, count, 0, 0);
	enum err err = vm_unmap(window, &item, &flush);

	vm_flush_commit(&flush);
	return err;
}

enum err protect(uint64_t va_page, uint32_t count, uint8_t rights, uint16_t flags)
{
	struct window_item item = item_of(va_page, 0, count, rights, flags);
	enum err err = vm_protect(window, &item, &flush);

	vm_flush_commit(&flush);
	return err;
}

enum err clone(uint64_t va_page, uint32_t count)
{
	struct window_item item = item_of(va_page, 0, count, 0, 0);
	enum err err = vm_clone(window, &worlds[1].window, &item, &flush);

	vm_flush_commit(&flush);
	return err;
}

enum err freeze(uint64_t va_page, uint32_t spans)
{
	struct window_item item = item_of(va_page, 0, spans, 0, 0);
	enum err err = vm_freeze(window, &item, &flush);

	vm_flush_commit(&flush);
	return err;
}

uint64_t harvest(uint64_t va_page, uint32_t count, uint16_t flags)
{
	struct window_item item = item_of(va_page, 100, count, 0, flags);

	CHECK(vm_harvest(window, &item, words, &flush) == ERR_OK && item.done == count);
	vm_flush_commit(&flush);
	return words[100];
}

unsigned level_of(uint64_t page)
{
	return vm_slot_find(space, page, 0).level;
}

void activate(unsigned hart, struct vm_space *s)
{
	this_hart = hart;
	vm_activate(s);
	this_hart = 0;
}

void clear_counts(void)
{
	memset(&counts, 0, sizeof(counts));
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"kernel_map", test_kernel_map},
	{"window_arguments", test_window_arguments},
	{"pool_arguments", test_pool_arguments},
	{"binding_arguments", test_binding_arguments},
	{"map_arguments", test_map_arguments},
	{"expectations", test_expectations},
	{"leaf_sizes", test_leaf_sizes},
	{"promotion", test_promotion},
	{"no_table_at_each_allocation", test_no_table},
	{"all_tables_of_a_bank", test_all_tables},
	{"banks", test_banks},
	{"closing_bank", test_closing_bank},
	{"message_buffers", test_message_buffers},
	{"who_is_fenced", test_who_is_fenced},
	{"svinval", test_svinval},
	{"svpbmt", test_svpbmt},
	{"fence_i", test_fence_i},
	{"flush_of_two_spaces", test_flush_of_two_spaces},
	{"accessed_dirty", test_accessed_dirty},
	{"reports", test_reports},
	{"clone", test_clone},
	{"asid_generations", test_asid_generations},
	{"activate", test_activate},
	{"preemption", test_preemption},
	{"map_quick", test_map_quick},
	{"freeze_arguments", test_freeze_arguments},
	{"freeze_cost", test_freeze_cost},
	{"freeze_empty", test_freeze_empty},
	{"freeze_shared", test_freeze_shared},
	{"freeze_gib_leaf", test_freeze_gib_leaf},
	{"freeze_preemption", test_freeze_preemption},
	{"freeze_dirty", test_freeze_dirty},
	{"thaw", test_thaw},
};

static int run_one(void (*run)(void))
{
	if (setjmp(test_failed) != 0) {
		return 1;
	}
	random_seed(1);
	if (run != test_kernel_map && run != test_asid_generations) {
		boot_with(16);
		make_world(0);
	}
	run();
	return 0;
}

void run_unit_tests(unsigned *passed, unsigned *failed)
{
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		int status = 0;
		pid_t child = fork(); /* vm/ has static state */

		if (child == 0) {
			_exit(run_one(tests[i].run));
		}
		waitpid(child, &status, 0);
		printf(status == 0 ? "PASS %s\n" : "FAIL %s see above\n", tests[i].name);
		++*(status == 0 ? passed : failed);
	}
}

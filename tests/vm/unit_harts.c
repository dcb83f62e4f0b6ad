/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests: who is fenced, accessed and dirty, reports, clone, ASIDs, preemption.
 */
#include <string.h>

#include "tests/vm/unit.h"

/* ---- fences ---------------------------------------------------------------- */

void test_who_is_fenced(void)
{
	activate(0, space);
	activate(1, space);
	activate(2, space);
	activate(2, NULL);
	clear_counts();
	CHECK(map(0, 0, 200, R | W, 0) == ERR_OK);
	CHECK(counts.local_fences == 0 && counts.remote_fences == 0);
	CHECK(protect(0, 10, R, 0) == ERR_OK); /* hart 1 runs it, hart 2 did, hart 3 never */
	CHECK(counts.local_fences == 10 && counts.remote_fences == 1 && counts.remote_whole == 0);
	CHECK(space->stale.bits == 1u << 2);
	clear_counts();
	CHECK(protect(0, 10, R | W, 0) == ERR_OK && map(0, 0, 10, R | W, 0) == ERR_OK);
	CHECK(counts.local_fences == 0 && counts.remote_fences == 0);
	activate(2, space);
	CHECK(counts.local_fences == 1 && space->stale.bits == 0);
	activate(3, space);
	CHECK(counts.local_fences == 1);
	activate(3, space);
	clear_counts();
	CHECK(unmap(0, 33) == ERR_OK); /* more than 32 pages: all of the ASID */
	CHECK(counts.local_fences == 1 && counts.remote_fences == 1 && counts.remote_whole == 1);
	clear_counts();
	CHECK(map(100, 300, 12, R, 0) == ERR_OK); /* 12 frames replaced: one flush */
	CHECK(counts.local_fences == 12 && counts.remote_fences == 1);
	clear_counts();
	CHECK(unmap(0, 512) == ERR_OK); /* a table goes */
	CHECK(counts.local_fences == 1 && counts.remote_whole == 1);
	CHECK(map(512, 512, 512, R, 0) == ERR_OK);
	clear_counts();
	CHECK(map(513, 3, 1, R, 0) == ERR_OK); /* a leaf becomes a table */
	CHECK(counts.local_fences == 1 && counts.remote_whole == 1);
	activate(1, NULL);
	activate(2, NULL);
	activate(3, NULL);
	clear_counts();
	CHECK(map(0, 0, 1, R, 0) == ERR_OK && unmap(0, 1) == ERR_OK);
	CHECK(counts.local_fences == 1 && counts.remote_fences == 0);
}

/* Several pages are one fence in parts; one page, and all of an ASID, are as ever. */
void test_svinval(void)
{
	uint64_t ppn;

	config.svinval = true;
	vm_features.svinval = true;
	activate(0, space);
	CHECK(map(0, 0, 60, R | W, 0) == ERR_OK);
	for (uint64_t page = 0; page < 60; page++) {
		CHECK(hart_access(0, page, FAULT_WRITE, &ppn));
	}
	clear_counts();
	CHECK(protect(0, 10, R, 0) == ERR_OK);
	CHECK(counts.invalidations == 10 && counts.local_fences == 1);
	CHECK(!hart_access(0, 9, FAULT_WRITE, &ppn) && hart_access(0, 10, FAULT_WRITE, &ppn));
	CHECK(protect(10, 1, R, 0) == ERR_OK);
	CHECK(counts.invalidations == 10 && counts.local_fences == 2);
	CHECK(protect(11, 32, R, 0) == ERR_OK);
	CHECK(counts.invalidations == 42 && counts.local_fences == 3);
	hart_check_tlb(0);
	CHECK(unmap(0, 33) == ERR_OK);
	CHECK(counts.invalidations == 42 && counts.local_fences == 4);
	vm_features.fence_all_only = true;
	CHECK(unmap(40, 10) == ERR_OK);
	CHECK(counts.invalidations == 42 && counts.local_fences == 5);
	hart_check_tlb(0);
}

/* Devices' entries, large, split, of fewer rights or cloned, and no others, say PBMT=IO. */
void test_svpbmt(void)
{
	struct vm_pool device = {0};
	struct vm_binding own = {0}, other = {0};
	struct window_item item = item_of(512, 0, 600, R | W, 0);
	uint64_t low = PTE_V | PTE_R | PTE_U | PTE_A;

	config.svpbmt = true;
	vm_features.svpbmt = true;
	make_world(1);
	CHECK(vm_pool_add_extent(&device, (struct paddr){0x10000000}, 1024, true) == ERR_OK);
	CHECK(vm_binding_bind(&own, window, &device, 7) == ERR_OK);
	CHECK(vm_binding_bind(&other, &worlds[1].window, &device, 7) == ERR_OK);
	CHECK(vm_map(&own, &item, &flush) == ERR_OK && level_of(512) == 1);
	CHECK(walk_memory(space->root, 513) ==
	      pte_make(0x10001, low | PTE_W | PTE_D | PTE_PBMT_IO));
	CHECK(walk_memory(space->root, 1100) ==
	      pte_make(0x1024c, low | PTE_W | PTE_D | PTE_PBMT_IO));
	CHECK(protect(513, 1, R, 0) == ERR_OK && level_of(512) == 0);
	CHECK(walk_memory(space->root, 513) == pte_make(0x10001, low | PTE_D | PTE_PBMT_IO));
	CHECK(clone(512, 4) == ERR_OK);
	CHECK(walk_memory(worlds[1].space.root, 514) == pte_make(0x10002, low | PTE_PBMT_IO));
	CHECK(harvest(512, 4, WINDOW_CLEAR) == 0xff);
	CHECK(walk_memory(space->root, 514) == pte_make(0x10002, (low & ~PTE_A) | PTE_PBMT_IO));
	/* RAM there instead. */
	CHECK(map(513, 0, 1, R, 0) == ERR_OK);
	CHECK(walk_memory(space->root, 513) == pte_make(POOL_PPN, low));
}

void test_fence_i(void)
{
	activate(0, space);
	activate(1, space);
	memset(hart_fence_i, 0, sizeof(hart_fence_i));
	CHECK(map(0, 0, 1, R | X, 0) == ERR_OK && !hart_fence_i[0]);
	CHECK(map(1, 1, 1, R | X, WINDOW_FENCE_I) == ERR_OK);
	CHECK(hart_fence_i[0] && hart_fence_i[1] && !hart_fence_i[2]);
	activate(2, space);
	CHECK(hart_fence_i[2]);
	hart_fence_i[2] = false;
	activate(2, NULL);
	activate(2, space);
	CHECK(!hart_fence_i[2]);
	CHECK(protect(0, 1, R, WINDOW_FENCE_I) == ERR_OK && hart_fence_i[2] && !hart_fence_i[3]);
}

/* One flush for items of two spaces. */
void test_flush_of_two_spaces(void)
{
	struct window_item item = item_of(0, 0, 4, 0, 0);
	struct window_item other = item;

	make_world(1);
	activate(0, space);
	activate(1, &worlds[1].space);
	CHECK(map(0, 0, 8, R, 0) == ERR_OK && clone(0, 8) == ERR_OK);
	clear_counts();
	CHECK(vm_unmap(window, &item, &flush) == ERR_OK);
	CHECK(vm_unmap(&worlds[1].window, &other, &flush) == ERR_OK);
	vm_flush_commit(&flush);
	CHECK(counts.local_fences == 4 && counts.remote_fences == 1);
	vm_flush_commit(&flush);
	CHECK(counts.remote_fences == 1);
}

/* ---- accessed and dirty ----------------------------------------------------- */

void test_accessed_dirty(void)
{
	struct vm_window *found;

	activate(0, space);
	CHECK(map(0, 0, 2, R | W, 0) == ERR_OK && map(2, 2, 1, R, 0) == ERR_OK);
	CHECK(harvest(0, 5, WINDOW_CLEAR) == (3 | 3 << 2 | 1 << 4));
	CHECK(harvest(0, 5, 0) == 0);
	CHECK(vm_fault(space, 0x123, FAULT_READ, &found) == VM_FAULT_RETRY);
	CHECK(harvest(0, 5, 0) == 1);
	CHECK(vm_fault(space, 0x123, FAULT_WRITE, &found) == VM_FAULT_RETRY);
	CHECK(harvest(0, 5, 0) == 3);
	CHECK(vm_fault(space, 0x2123, FAULT_WRITE, &found) == VM_FAULT_WINDOW && found == window);
	CHECK(vm_fault(space, 0x123, FAULT_EXECUTE, &found) == VM_FAULT_WINDOW);
	CHECK(vm_fault(space, 2 * GIB_PAGES << 12, FAULT_READ, &found) == VM_FAULT_NONE);
	CHECK(vm_fault(space, USER_END, FAULT_READ, &found) == VM_FAULT_NONE);
	CHECK(vm_fault(space, ~0ull, FAULT_READ, &found) == VM_FAULT_NONE);
	/* D survives the loss of W, and a second map of the same frame. */
	CHECK(protect(0, 1, R, 0) == ERR_OK && harvest(0, 1, 0) == 3);
	CHECK(map(0, 0, 1, R, 0) == ERR_OK && harvest(0, 1, 0) == 3);
	/* W given by protect does not say dirty. */
	CHECK(protect(2, 1, R | W, 0) == ERR_OK && harvest(2, 1, 0) == 0);
	/* A large leaf: reported for each page, cleared only as a whole, kept by a split. */
	CHECK(map(512, 512, 512, R | W, 0) == ERR_OK && harvest(512, 5, WINDOW_CLEAR) == 0x3ff);
	CHECK(harvest(600, 1, 0) == 3);
	CHECK(protect(512, 1, R, 0) == ERR_OK && level_of(512) == 0 && harvest(600, 1, 0) == 3);
	CHECK(map(1024, 1024, 512, R | W, 0) == ERR_OK);
	CHECK(harvest(1024, 512, WINDOW_CLEAR) == ~0ull && harvest(1024, 512, 0) == 0);
	CHECK(level_of(1024) == 1);
}

void test_reports(void)
{
	struct window_item item = item_of(0, 99, 3, 0, 0);

	CHECK(map(1, 300, 1, R | X, 0) == ERR_OK && map(512, 1024, 512, R | W, 0) == ERR_OK);
	CHECK(vm_query(window, &item, words, &flush) == ERR_OK);
	CHECK(words[99] == 0 && words[101] == 0);
	CHECK(words[100] ==
	      (300 << 12 | QUERY_VALID | QUERY_READ | QUERY_EXECUTE | QUERY_ACCESSED));
	item = item_of(700, 99, 1, 0, 0);
	CHECK(vm_query(window, &item, words, &flush) == ERR_OK);
	CHECK(words[99] == ((1024 + 188) << 12 | QUERY_VALID | QUERY_READ | QUERY_WRITE |
			    QUERY_ACCESSED | QUERY_DIRTY));
	for (uint64_t at = 0; at < 500; at++) {
		bool ok = at >= VM_RESULT_WORD && at + 2 <= MESSAGE_WORDS;

		item = item_of(0, at, 2, 0, 0);
		CHECK(vm_query(window, &item, words, &flush) == (ok ? ERR_OK : ERR_ARGUMENT));
		item = item_of(0, at, 33, 0, 0);
		CHECK(vm_harvest(window, &item, words, &flush) == (ok ? ERR_OK : ERR_ARGUMENT));
	}
	item = item_of(0, ~0ull, 2, 0, 0);
	CHECK(vm_query(window, &item, words, &flush) == ERR_ARGUMENT);
	item = item_of(0, 100, 2, 0, WINDOW_ZERO);
	CHECK(vm_harvest(window, &item, words, &flush) == ERR_ARGUMENT);
}

void test_clone(void)
{
	struct vm_window small = {0};
	struct vm_space *to = &worlds[1].space;

	make_world(1);
	CHECK(map(0, 0, 1, R | W, 0) == ERR_OK && map(1, 1, 1, R | X, 0) == ERR_OK);
	CHECK(map(512, 512, 512, R | W, 0) == ERR_OK && map(1024, 1024, 512, R, 0) == ERR_OK);
	CHECK(clone(0, 1025) == ERR_OK);
	CHECK((walk_memory(space->root, 0) & PTE_RWX) == PTE_R);
	CHECK((walk_memory(to->root, 0) & (PTE_RWX | PTE_A | PTE_D)) == (PTE_R | PTE_A));
	CHECK((walk_memory(to->root, 1) & PTE_RWX) == (PTE_R | PTE_X));
	CHECK(walk_memory(to->root, 2) == 0);
	CHECK(vm_slot_find(to, 512, 0).level == 1 && level_of(512) == 1);
	/* Part of a leaf that is not writable: the source need not be split. */
	CHECK(vm_slot_find(to, 1024, 0).level == 0 && level_of(1024) == 1);
	CHECK(walk_memory(to->root, 1025) == 0);
	CHECK(clone(0, 1) == ERR_MISMATCH && clone(1025, 511) == ERR_OK);
	CHECK(vm_binding_unbind(&worlds[1].binding) && to->tables_used == 0);
	CHECK(clone(0, 1) == ERR_NOT_BOUND);
	CHECK(vm_binding_bind(&worlds[1].binding, &worlds[1].window, &worlds[0].pool, R) == ERR_OK);
	CHECK(clone(0, 2) == ERR_RIGHTS && clone(2, 500) == ERR_OK);
	CHECK(vm_window_detach(&worlds[1].window));
	CHECK(vm_window_attach(to, &worlds[1].window, 512, 512, 7) == ERR_OK);
	CHECK(clone(1000, 100) == ERR_ARGUMENT);
	(void)small;
}

/* ---- ASIDs and preemption ----------------------------------------------------- */

/* 15 ASIDs, 40 spaces in turn on hart 0 while hart 1 stays in one. */
void test_asid_generations(void)
{
	static struct vm_space many[40];

	boot_with(4);
	make_world(0);
	activate(1, space);
	uint64_t asid = vm_asid(space);

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 40; i++) {
			if (round == 0) {
				vm_space_init(&many[i],
					      (struct paddr){ROOTS_BASE + (i + 1) * PAGE_SIZE});
			}
			activate(0, &many[i]);
			CHECK(vm_asid(&many[i]) != 0 && vm_asid(&many[i]) != asid);
			CHECK(vm_asid(space) == asid);
			CHECK(hart_satp(1) >> SATP_ASID_SHIFT == (8 << 16 | asid));
			/* Leaving and coming back within the generation keeps it. */
			uint64_t mine = vm_asid(&many[i]);

			activate(0, NULL);
			CHECK(hart_satp(0) == vm_kernel_satp);
			activate(0, &many[i]);
			CHECK(vm_asid(&many[i]) == mine);
		}
	}
	activate(0, NULL);
	/* Hart 1 leaves: its ASID may be given to others only in the next generation. */
	activate(1, NULL);
	for (unsigned i = 0; i < 40; i++) {
		activate(0, &many[i]);
		CHECK(many[i].asid_generation != space->asid_generation);
	}
}

void test_activate(void)
{
	activate(0, space);
	clear_counts();
	activate(0, space);
	CHECK(counts.local_fences == 0 && vm_space_running(space).bits == 1);
	CHECK(vm_window_detach(window));
	vm_space_destroy(space); /* this hart leaves it */
	CHECK(hart_satp(0) == vm_kernel_satp && space->running.bits == 0);
}

/* With an interrupt always pending each call does something, and it ends. */
void test_preemption(void)
{
	struct window_item item = item_of(0, 0, 2000, R, 0);
	unsigned calls = 0;
	enum err err;

	config.preempt_one_in = 1;
	do {
		uint32_t before = item.done;

		err = vm_map(binding, &item, &flush);
		vm_flush_commit(&flush);
		CHECK(item.done > before && item.done - before <= 512);
		calls++;
	} while (err == VM_PREEMPTED);
	CHECK(err == ERR_OK && item.done == 2000 && calls > 4);
	item = item_of(0, 0, 2000, R | X, 0);
	for (calls = 0; vm_protect(window, &item, &flush) == VM_PREEMPTED; calls++) {
		CHECK(calls < 100);
	}
	CHECK(item.done == 2000 && calls > 4);
	for (calls = 0; !vm_binding_unbind(binding); calls++) {
		CHECK(calls < 100);
		item.done = 0;
		CHECK(vm_map(binding, &item, &flush) == ERR_NOT_BOUND); /* closing */
	}
	CHECK(calls > 4 && space->tables_used == 0);
	CHECK(vm_binding_bind(binding, window, &worlds[0].pool, 7) == ERR_OK);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(map(i * 512, i, 1, R, 0) == ERR_OK);
	}
	for (calls = 0; !vm_window_detach(window); calls++) {
		CHECK(calls < 600);
		CHECK(unmap(0, 1) == ERR_NOT_BOUND); /* closing */
	}
	CHECK(calls >= 20 && space->tables_used == 0);
	CHECK(vm_window_attach(space, window, 0, 2 * GIB_PAGES, 7) == ERR_OK);
	CHECK(vm_binding_bind(binding, window, &worlds[0].pool, 7) == ERR_OK);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(map(i * 512, i, 1, R, 0) == ERR_OK);
	}
	CHECK(vm_message_buffer_map(space, 0, (struct paddr){0x70000000}) == ERR_OK);
	for (calls = 0; !vm_bank_remove(&worlds[0].bank); calls++) {
		CHECK(calls < 100);
	}
	CHECK(calls > 0 && space->tables_free == 0);
	CHECK(walk_memory(space->root, MESSAGE_BUFFER_VA(0) >> 12) == 0);
}

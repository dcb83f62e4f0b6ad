/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests: freeze and thaw, what they cost; maps without the kernel lock.
 */
#include "tests/vm/unit.h"

/* Stores to entries since the last time. */
static uint64_t stores(void)
{
	uint64_t n = counts.stores;

	counts.stores = 0;
	return n;
}

/* Faults that are answered until hart 0 gets at the page; 100: it does not. */
static unsigned faults_until(uint64_t page, enum fault_access access)
{
	struct vm_window *found;
	uint64_t ppn;
	unsigned faults = 0;

	while (!hart_access(0, page, access, &ppn)) {
		if (vm_fault(space, page << 12, access, &found) != VM_FAULT_RETRY) {
			return 100;
		}
		vm_check_space(space);
		CHECK(++faults < 10);
	}
	return faults;
}

static bool is_writable(uint64_t page)
{
	return (walk_tables(space->root, page) & PTE_W) != 0;
}

/* The window of worlds[0] becomes a smaller one, with a neighbour behind it up to `end`. */
static void share(struct vm_window *other, struct vm_binding *others, uint64_t pages, uint64_t end)
{
	CHECK(vm_window_detach(window));
	CHECK(vm_window_attach(space, window, 0, pages, 7) == ERR_OK);
	CHECK(vm_binding_bind(binding, window, &worlds[0].pool, 7) == ERR_OK);
	CHECK(vm_window_attach(space, other, pages, end - pages, 7) == ERR_OK);
	CHECK(vm_binding_bind(others, other, &worlds[0].pool, 7) == ERR_OK);
}

void test_freeze_arguments(void)
{
	struct vm_window lone = {0};
	struct window_item item = item_of(0, 0, 1, 0, 0);

	CHECK(vm_freeze(&lone, &item, &flush) == ERR_NOT_BOUND);
	CHECK(freeze(1, 1) == ERR_ARGUMENT && freeze(256, 1) == ERR_ARGUMENT);
	CHECK(freeze(0, 0) == ERR_ARGUMENT && freeze(0, 1025) == ERR_ARGUMENT);
	CHECK(freeze(2 * GIB_PAGES, 1) == ERR_ARGUMENT && freeze(~511ull, 1) == ERR_ARGUMENT);
	CHECK(freeze(2 * GIB_PAGES - 512, 2) == ERR_ARGUMENT);
	CHECK(freeze(2 * GIB_PAGES - 512, 1) == ERR_OK && freeze(0, 1024) == ERR_OK);
	item = item_of(0, 0, 1, 0, WINDOW_CLEAR);
	CHECK(vm_freeze(window, &item, &flush) == ERR_ARGUMENT);
	item = item_of(0, 0, 1, 0, 0);
	item.done = 2;
	CHECK(vm_freeze(window, &item, &flush) == ERR_ARGUMENT);
	window->closing = true;
	item.done = 0;
	CHECK(vm_freeze(window, &item, &flush) == ERR_NOT_BOUND);
	CHECK(flush.space == NULL);
}

/* One store for each GiB and one fence, however much is mapped. */
void test_freeze_cost(void)
{
	activate(0, space);
	for (uint32_t pages = 1; pages <= 4096; pages *= 16) {
		CHECK(map(0, 1, pages, R | W, 0) == ERR_OK); /* not aligned: small leaves */
		CHECK(map(GIB_PAGES, 512, pages, R | W, 0) == ERR_OK);
		CHECK(faults_until(0, FAULT_WRITE) < 10);
		clear_counts();
		CHECK(freeze(0, 1024) == ERR_OK);
		CHECK(stores() == 2 && counts.local_fences == 1);
		vm_check_space(space);
		hart_check_tlb(0);
		CHECK(walk_memory(space->root, pages - 1) == 0 && !is_writable(pages - 1));
		/* Once more is nothing. */
		CHECK(freeze(0, 1024) == ERR_OK);
		CHECK(stores() == 0 && counts.local_fences == 1);
		CHECK(faults_until(0, FAULT_WRITE) == 100 && faults_until(0, FAULT_READ) < 10);
		CHECK(unmap(0, (uint32_t)GIB_PAGES) == ERR_OK);
		CHECK(unmap(GIB_PAGES, (uint32_t)GIB_PAGES) == ERR_OK);
	}
	CHECK(space->tables_used == 0);
}

/* Empty GiBs are passed over in one step, up to the next that has something. */
void test_freeze_empty(void)
{
	const uint64_t first = 4 * GIB_PAGES, pages = 250 * GIB_PAGES;
	struct vm_window wide = {0};
	struct vm_binding own = {0};
	struct window_item item = item_of(first, 0, (uint32_t)(pages / 512), 0, 0);
	struct window_item last = item_of(first + pages - 1, 0, 1, R | W, 0);

	CHECK(vm_window_attach(space, &wide, first, pages, 7) == ERR_OK);
	CHECK(vm_binding_bind(&own, &wide, &worlds[0].pool, 7) == ERR_OK);
	config.preempt_one_in = 1;
	clear_counts();
	CHECK(vm_freeze(&wide, &item, &flush) == ERR_OK && item.done == item.count);
	CHECK(stores() == 0 && flush.space == NULL);
	/* From the middle of a GiB to the middle of another. */
	item = item_of(first + 512, 0, 3 * 512, 0, 0);
	CHECK(vm_freeze(&wide, &item, &flush) == ERR_OK && item.done == 3 * 512);
	CHECK(stores() == 0 && flush.space == NULL);
	CHECK(vm_map(&own, &last, &flush) == ERR_OK);
	(void)stores();
	item = item_of(first, 0, (uint32_t)(pages / 512), 0, 0);
	CHECK(vm_freeze(&wide, &item, &flush) == VM_PREEMPTED && stores() == 0);
	CHECK(item.done == item.count - 512);
	CHECK(vm_freeze(&wide, &item, &flush) == ERR_OK && stores() == 1);
	vm_flush_commit(&flush);
	CHECK(!is_writable(last.va_page));
	vm_check_space(space);
}

/* Of a GiB that a neighbour has a part of, entries of level 1 are frozen; the neighbour's are not. */
void test_freeze_shared(void)
{
	const uint64_t edge = GIB_PAGES + 1024;
	struct vm_window other = {0};
	struct vm_binding others = {0};
	struct window_item item = item_of(edge, 0, 600, R | W, 0);

	share(&other, &others, edge, edge + 2048);
	activate(0, space);
	CHECK(map(0, 1, 1, R | W, 0) == ERR_OK && map(512, 1, 1, R | W, 0) == ERR_OK);
	CHECK(map(GIB_PAGES, 1, 1000, R | W, 0) == ERR_OK);
	CHECK(vm_map(&others, &item, &flush) == ERR_OK);
	CHECK(faults_until(edge, FAULT_WRITE) < 10);
	clear_counts();
	CHECK(freeze(0, (uint32_t)(edge / 512)) == ERR_OK);
	CHECK(stores() == 1 + 2 && counts.local_fences == 1); /* a GiB; two tables */
	vm_check_space(space);
	hart_check_tlb(0);
	CHECK(!is_writable(0) && !is_writable(512));
	CHECK(!is_writable(GIB_PAGES) && !is_writable(GIB_PAGES + 999));
	CHECK(faults_until(edge, FAULT_WRITE) == 0 && faults_until(edge + 599, FAULT_WRITE) < 10);
	/* The neighbour, then: two tables of its own. */
	item = item_of(edge, 0, 4, 0, 0);
	(void)stores();
	CHECK(vm_freeze(&other, &item, &flush) == ERR_OK && stores() == 2);
	vm_flush_commit(&flush);
	CHECK(!is_writable(edge) && faults_until(edge, FAULT_WRITE) == 100);
	/* All of a window of which only a part is named. */
	CHECK(unmap(0, 1024) == ERR_OK && map(0, 1, 1, R | W, 0) == ERR_OK);
	CHECK(map(1024, 1, 1, R | W, 0) == ERR_OK);
	CHECK(freeze(1024, 510) == ERR_OK && is_writable(0) && !is_writable(1024));
	CHECK(map(1024, 1, 1, R | W, 0) == ERR_OK && is_writable(1024));
	CHECK(freeze(0, 2) == ERR_OK && !is_writable(0) && is_writable(1024));
	vm_check_space(space);
}

/* A leaf of 1 GiB: one store, one to thaw; of a part of it, a table. */
void test_freeze_gib_leaf(void)
{
	activate(0, space);
	CHECK(map(0, 0, (uint32_t)GIB_PAGES, R | W, 0) == ERR_OK && level_of(0) == 2);
	CHECK(faults_until(7, FAULT_WRITE) < 10);
	clear_counts();
	CHECK(freeze(0, 512) == ERR_OK);
	CHECK(stores() == 1 && counts.local_fences == 1 && level_of(0) == 2);
	vm_check_space(space);
	hart_check_tlb(0);
	CHECK(faults_until(7, FAULT_READ) == 1 && stores() == 1);
	CHECK(level_of(0) == 2 && faults_until(7, FAULT_WRITE) == 100);
	CHECK((harvest(7, 1, 0) & 2) != 0); /* still dirty */
	CHECK(protect(0, (uint32_t)GIB_PAGES, R | W, 0) == ERR_OK && level_of(0) == 2);
	/* Half of it needs a table. */
	uint32_t free = space->tables_free;

	space->tables_free = 0;
	(void)stores();
	CHECK(freeze(0, 256) == ERR_NO_TABLE && stores() == 0 && is_writable(0));
	space->tables_free = free;
	CHECK(freeze(0, 256) == ERR_OK && space->tables_used == 1 && level_of(0) == 1);
	CHECK(stores() == 512 + 2 + 256); /* the parts; out, a table in; frozen */
	vm_check_space(space);
	CHECK(!is_writable(GIB_PAGES / 2 - 1) && is_writable(GIB_PAGES / 2));
	/* A frozen one that is split has no W in its parts, and nothing left to thaw. */
	CHECK(protect(0, (uint32_t)GIB_PAGES, R | W, 0) == ERR_OK && is_writable(512));
	CHECK(freeze(0, 512) == ERR_OK && unmap(513, 1) == ERR_OK);
	vm_check_space(space);
	CHECK(level_of(512) == 0 && !is_writable(512) && walk_tables(space->root, 513) == 0);
}

/* With an interrupt always pending it gets on by 64 spans of 2 MiB where they are many. */
void test_freeze_preemption(void)
{
	struct window_item item = item_of(512, 0, 511 + 512, 0, 0);
	unsigned calls = 0;
	enum err err;

	activate(0, space);
	CHECK(map(0, 0, (uint32_t)GIB_PAGES, R | W, 0) == ERR_OK);
	CHECK(map(GIB_PAGES, 0, 1, R | W, 0) == ERR_OK);
	CHECK(protect(0, 512, R, 0) == ERR_OK); /* 512 leaves */
	config.preempt_one_in = 1;
	do {
		uint32_t before = item.done;

		(void)stores();
		err = vm_freeze(window, &item, &flush);
		vm_flush_commit(&flush);
		vm_check_space(space);
		hart_check_tlb(0);
		CHECK(item.done > before && stores() <= 64);
		CHECK(is_writable(GIB_PAGES) == (item.done < item.count));
		calls++;
	} while (err == VM_PREEMPTED);
	CHECK(err == ERR_OK && item.done == item.count && calls == 8 + 1);
	CHECK(!is_writable(512) && !is_writable(GIB_PAGES - 1));
}

static const uint64_t *victim; /* the entry at which hart 1 interferes */
static bool has_written;

static void write_page_3(const uint64_t *pte)
{
	uint64_t ppn;

	has_written |= pte == victim && hart_access(1, 3, FAULT_WRITE, &ppn);
}

/* A write in the midst of a freeze, or of a freeze and thaw in one batch, is not forgotten. */
void test_freeze_dirty(void)
{
	config.updates_ad = true;
	activate(1, space);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t pages = i % 4 < 2 ? 8 : (uint32_t)GIB_PAGES;
		bool is_early = i % 2 == 0;
		struct window_item item = item_of(0, 0, 512, 0, 0);
		uint64_t ppn;

		CHECK(map(0, 0, pages, R | W, 0) == ERR_OK);
		victim = vm_slot_find(space, 3, 0).pte;
		pte_clear((uint64_t *)victim, *victim, PTE_D);
		CHECK(hart_access(1, 3, FAULT_READ, &ppn));
		has_written = false;
		before_store = is_early ? write_page_3 : NULL;
		CHECK(vm_freeze(window, &item, &flush) == ERR_OK);
		before_store = write_page_3;
		item = item_of(0, 0, pages, 0, 0);
		CHECK(vm_thaw_range(window, &item, &flush) == ERR_OK);
		before_store = NULL;
		vm_flush_commit(&flush);
		hart_check_tlb(1);
		CHECK(has_written == (is_early && pages > 8));
		CHECK(((harvest(3, 1, 0) & 2) != 0) == has_written);
		CHECK(unmap(0, (uint32_t)GIB_PAGES) == ERR_OK);
	}
}

/* A step for each level, of 512 stores; only what is touched. */
void test_thaw(void)
{
	struct window_item item = item_of(0, 0, 1, R | W, 0);

	activate(0, space);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(map(i * 512, 1, 4, R | W, 0) == ERR_OK);
	}
	clear_counts();
	CHECK(freeze(0, 512) == ERR_OK && stores() == 1);
	CHECK(faults_until(1, FAULT_READ) == 2 && stores() == 2 * 513);
	CHECK(counts.remote_fences == 0);
	CHECK(faults_until(2, FAULT_READ) == 0 && faults_until(512, FAULT_READ) == 1);
	CHECK(stores() == 513);
	CHECK(faults_until(1, FAULT_WRITE) == 100 && faults_until(513, FAULT_WRITE) == 100);
	CHECK(walk_memory(space->root, 1024) == 0 && walk_tables(space->root, 1024) != 0);
	/* Rights that are given count, before a touch and after. */
	CHECK(protect(1024, 1, R | W, 0) == ERR_OK && faults_until(1024, FAULT_WRITE) < 10);
	CHECK(faults_until(1025, FAULT_WRITE) == 100);
	/* WINDOW_THAW leaves nothing to a fault. */
	CHECK(freeze(0, 512) == ERR_OK);
	item = item_of(0, 0, 2000, 0, 0);
	CHECK(vm_thaw_range(window, &item, &flush) == ERR_OK && flush.space == NULL);
	CHECK(faults_until(1, FAULT_READ) == 0);
	CHECK(faults_until(1024, FAULT_WRITE) == 100);
	vm_check_space(space);
}

/* True where an item needs one table that is there and has room, no fence and no flag. */
void test_map_quick(void)
{
	struct vm_pool small = {0};
	struct vm_binding own = {0};
	struct window_item item = item_of(3, 7, 8, R | W, 0);

	CHECK(!vm_map_quick(&own, &item)); /* not bound */
	CHECK(!vm_map_quick(binding, &item) && space->tables_used == 0);
	CHECK(map(0, 0, 1, R, 0) == ERR_OK);
	clear_counts();
	CHECK(vm_map_quick(binding, &item) && stores() == 8);
	CHECK(walk_memory(space->root, 10) ==
	      pte_make(POOL_PPN + 14, PTE_V | PTE_U | PTE_R | PTE_W | PTE_A | PTE_D));
	CHECK(walk_memory(space->root, 11) == 0);
	vm_check_space(space);
	CHECK(!vm_map_quick(binding, &item)); /* there already */
	item = item_of(11, 0, 1, R | W | X, 0);
	CHECK(!vm_map_quick(binding, &item));
	for (unsigned flags = 1; flags <= 16; flags *= 2) {
		item = item_of(11, 0, 1, R, (uint16_t)flags);
		CHECK(vm_map_quick(binding, &item) == (flags == WINDOW_EXPECT_EMPTY));
		CHECK(flags != WINDOW_EXPECT_EMPTY || unmap(11, 1) == ERR_OK);
	}
	item = item_of(11, 0, 2, R, 0);
	item.done = 1;
	CHECK(!vm_map_quick(binding, &item));
	item = item_of(20, 0, VM_QUICK_PAGES + 1, R, 0);
	CHECK(!vm_map_quick(binding, &item));
	item = item_of(500, 0, 13, R, 0); /* the end of the table, and behind it */
	CHECK(!vm_map_quick(binding, &item));
	item.count = 12;
	CHECK(vm_map_quick(binding, &item));
	/* The end of an extent. */
	CHECK(vm_pool_add_extent(&small, (struct paddr){0x70000000}, 4, false) == ERR_OK);
	CHECK(vm_pool_add_extent(&small, (struct paddr){0x70010000}, 4, false) == ERR_OK);
	CHECK(vm_binding_bind(&own, window, &small, R) == ERR_OK);
	item = item_of(60, 2, 3, R, 0);
	CHECK(!vm_map_quick(&own, &item));
	item = item_of(60, 2, 2, R | W, 0);
	CHECK(!vm_map_quick(&own, &item)); /* rights */
	item.rights = R;
	CHECK(vm_map_quick(&own, &item));
	vm_check_space(space);
	/* What is frozen. */
	CHECK(freeze(0, 1) == ERR_OK);
	item = item_of(70, 70, 1, R | W, 0);
	(void)stores();
	CHECK(!vm_map_quick(binding, &item) && stores() == 0);
	CHECK(map(70, 70, 1, R | W, 0) == ERR_OK && is_writable(70));
}

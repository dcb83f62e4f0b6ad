/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests: arguments and their boundaries, expectations, sizes of leaves.
 */
#include <string.h>

#include "tests/vm/unit.h"

/* ---- arguments ------------------------------------------------------------- */

void test_window_arguments(void)
{
	struct vm_window w = {0}, more[VM_SPACE_WINDOWS];
	struct vm_space *s = &worlds[1].space;
	const uint64_t end = 255ull << 18;

	memset(more, 0, sizeof(more));
	vm_space_init(s, (struct paddr){ROOTS_BASE + PAGE_SIZE});
	CHECK(vm_window_attach(s, &w, 1, 512, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, 512, 511, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, 512, 0, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, 512, 512, 0) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, 512, 512, 8) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, end - 512, 1024, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, end, 512, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, 0, end + 512, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, 1ull << 51, 512, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, ~511ull, 512, 7) == ERR_ARGUMENT);
	CHECK(vm_window_attach(s, &w, 512, ~511ull, 7) == ERR_ARGUMENT);
	CHECK(w.space == NULL && s->window_count == 0);
	CHECK(vm_window_attach(s, &w, end - 512, 512, 7) == ERR_OK);
	CHECK(vm_window_attach(s, &w, 0, 512, 7) == ERR_BUSY);
	CHECK(vm_window_attach(s, &more[0], end - 1024, 1024, 7) == ERR_ARGUMENT); /* overlap */
	CHECK(vm_window_attach(s, &more[0], 0, end, 7) == ERR_ARGUMENT);
	for (unsigned i = 1; i < VM_SPACE_WINDOWS; i++) {
		CHECK(vm_window_attach(s, &more[i], (i * 7 % 16) * 1024, 1024, R) == ERR_OK);
	}
	CHECK(vm_window_attach(s, &more[0], 0, 512, 7) == ERR_LIMIT);
	for (unsigned i = 1; i < s->window_count; i++) {
		CHECK(s->windows[i - 1]->first_page < s->windows[i]->first_page);
	}
	CHECK(vm_window_find(s, end - 1) == &w && vm_window_find(s, end) == NULL);
	CHECK(vm_window_find(s, 7 * 1024) == &more[1]);
	CHECK(vm_window_detach(&more[3]) && vm_window_find(s, 5 * 1024) == NULL);
	CHECK(vm_window_detach(&more[3])); /* not attached: done already */
}

void test_pool_arguments(void)
{
	struct vm_pool p = {0}, q = {0};

	CHECK(vm_pool_add_extent(&p, (struct paddr){0x80000800}, 1, false) == ERR_ARGUMENT);
	CHECK(vm_pool_add_extent(&p, (struct paddr){0x80000000}, 0, false) == ERR_ARGUMENT);
	CHECK(vm_pool_add_extent(&p, (struct paddr){1ull << 56}, 1, false) == ERR_ARGUMENT);
	CHECK(vm_pool_add_extent(&p, (struct paddr){0x1000}, 1ull << 44, false) == ERR_ARGUMENT);
	for (unsigned i = 0; i < VM_POOL_EXTENTS; i++) {
		struct paddr base = {0x80000000 + i * 0x10000};

		CHECK(p.pages == i * 2);
		CHECK(vm_pool_add_extent(&p, base, 2, false) == ERR_OK);
		CHECK(i > 6 || vm_pool_add_extent(&p, base, 2, true) == ERR_ARGUMENT);
	}
	CHECK(vm_pool_add_extent(&p, (struct paddr){0x90000000}, 1, false) == ERR_LIMIT);
	CHECK(vm_pool_extent(&p, 3) == &p.extents[1] && vm_pool_extent(&p, 16) == NULL);
	CHECK(vm_pool_add_extent(&q, (struct paddr){0x10000000}, 1, true) == ERR_OK && q.is_device);
}

void test_binding_arguments(void)
{
	struct vm_binding b[VM_WINDOW_BINDINGS];
	struct vm_window lone = {0}, readonly = {0};
	struct vm_pool *pool = &worlds[0].pool;

	memset(b, 0, sizeof(b));
	CHECK(vm_binding_bind(binding, window, pool, R) == ERR_BUSY);
	CHECK(vm_binding_bind(&b[0], window, pool, 0) == ERR_ARGUMENT);
	CHECK(vm_binding_bind(&b[0], window, pool, 8) == ERR_ARGUMENT);
	CHECK(vm_binding_bind(&b[0], &lone, pool, R) == ERR_NOT_BOUND);
	CHECK(vm_window_attach(space, &readonly, 4 * GIB_PAGES, 512, R) == ERR_OK);
	CHECK(vm_binding_bind(&b[0], &readonly, pool, R | W) == ERR_RIGHTS);
	for (unsigned i = 1; i < VM_WINDOW_BINDINGS; i++) {
		CHECK(vm_binding_bind(&b[i], window, pool, R) == ERR_OK);
	}
	CHECK(vm_binding_bind(&b[0], window, pool, R) == ERR_LIMIT);
	CHECK(vm_binding_unbind(&b[3]) && b[3].window == NULL);
	CHECK(vm_binding_unbind(&b[3]));
	CHECK(vm_binding_bind(&b[0], window, pool, R) == ERR_OK);
	CHECK(vm_window_detach(window) && pool->bindings == NULL && binding->window == NULL);
	CHECK(map(0, 0, 1, R, 0) == ERR_NOT_BOUND);
}

void test_map_arguments(void)
{
	struct vm_pool device = {0};
	struct vm_binding device_binding = {0}, weak = {0};
	struct window_item item;

	for (unsigned rights = 0; rights < 32; rights++) {
		bool ok = rights == R || rights == (R | W) || rights == X || rights == (R | X);

		CHECK(map(5, 0, 1, (uint8_t)rights, 0) == (ok ? ERR_OK : ERR_ARGUMENT));
		CHECK(protect(5, 1, (uint8_t)rights, 0) == (ok ? ERR_OK : ERR_ARGUMENT));
	}
	CHECK(map(0, 0, 0, R, 0) == ERR_ARGUMENT);
	CHECK(map(0, 0, WINDOW_ITEM_PAGES + 1, R, 0) == ERR_ARGUMENT);
	CHECK(map(2 * GIB_PAGES, 0, 1, R, 0) == ERR_ARGUMENT);
	CHECK(map(2 * GIB_PAGES - 1, 0, 2, R, 0) == ERR_ARGUMENT);
	CHECK(map(~0ull, 0, 2, R, 0) == ERR_ARGUMENT);
	CHECK(map(0, GIB_PAGES + 511, 2, R, 0) == ERR_ARGUMENT);
	CHECK(map(0, ~0ull, 2, R, 0) == ERR_ARGUMENT);
	CHECK(map(0, 0, 1, R, WINDOW_EXPECT_EMPTY | WINDOW_EXPECT_PAGE) == ERR_ARGUMENT);
	CHECK(map(0, 0, 1, R, WINDOW_CLEAR) == ERR_ARGUMENT);
	CHECK(map(2 * GIB_PAGES - 1, GIB_PAGES + 511, 1, R, 0) == ERR_OK);
	CHECK(unmap(2 * GIB_PAGES - 1, 2) == ERR_ARGUMENT);
	CHECK(unmap(0, 0) == ERR_ARGUMENT);
	CHECK(protect(0, 1, R, WINDOW_ZERO) == ERR_ARGUMENT);

	CHECK(vm_pool_add_extent(&device, (struct paddr){0x10000000}, 4, true) == ERR_OK);
	CHECK(vm_binding_bind(&device_binding, window, &device, 7) == ERR_OK);
	item = item_of(9, 0, 1, R | W, WINDOW_ZERO);
	CHECK(vm_map(&device_binding, &item, &flush) == ERR_ARGUMENT);
	item.flags = 0;
	CHECK(vm_map(&device_binding, &item, &flush) == ERR_OK);

	CHECK(vm_binding_bind(&weak, window, &worlds[0].pool, R) == ERR_OK);
	item = item_of(10, 0, 1, R, WINDOW_ZERO);
	CHECK(vm_map(&weak, &item, &flush) == ERR_RIGHTS); /* zeroing writes */
	item.flags = 0;
	item.rights = R | W;
	CHECK(vm_map(&weak, &item, &flush) == ERR_RIGHTS);
	item.rights = R;
	CHECK(vm_map(&weak, &item, &flush) == ERR_OK);
	/* The strong binding still allows it; without that one nothing does. */
	CHECK(protect(10, 1, R | W, 0) == ERR_OK && protect(10, 1, R, 0) == ERR_OK);
	CHECK(vm_binding_unbind(binding));
	CHECK(walk_memory(space->root, 10) != 0 && walk_memory(space->root, 5) == 0);
	CHECK(protect(10, 1, R | W, 0) == ERR_RIGHTS);
	CHECK(vm_binding_unbind(&weak) && walk_memory(space->root, 10) == 0);
}

void test_expectations(void)
{
	struct window_item item = item_of(0, 0, 8, R, WINDOW_EXPECT_EMPTY);

	CHECK(map(3, 100, 1, R, 0) == ERR_OK);
	CHECK(vm_map(binding, &item, &flush) == ERR_MISMATCH && item.done == 3);
	CHECK(pte_ppn(walk_memory(space->root, 3)) == POOL_PPN + 100);
	CHECK(walk_memory(space->root, 4) == 0);
	item = item_of(0, 50, 8, R, WINDOW_EXPECT_PAGE);
	item.expected = 0;
	CHECK(vm_map(binding, &item, &flush) == ERR_MISMATCH && item.done == 3);
	vm_flush_commit(&flush);
	CHECK(pte_ppn(walk_memory(space->root, 2)) == POOL_PPN + 52);
	item = item_of(3, 53, 1, R, WINDOW_EXPECT_PAGE);
	item.expected = 100;
	CHECK(vm_map(binding, &item, &flush) == ERR_OK);
	vm_flush_commit(&flush);
	/* Inside a large leaf: no split for a mismatch, nor for what is there already. */
	CHECK(map(512, 512, 512, R, 0) == ERR_OK && level_of(512) == 1);
	uint32_t used = space->tables_used;

	CHECK(map(515, 0, 1, R, WINDOW_EXPECT_EMPTY) == ERR_MISMATCH);
	CHECK(map(515, 515, 7, R, 0) == ERR_OK && level_of(512) == 1);
	item = item_of(515, 0, 1, R, WINDOW_EXPECT_PAGE);
	item.expected = 514;
	CHECK(vm_map(binding, &item, &flush) == ERR_MISMATCH);
	CHECK(space->tables_used == used);
	item.expected = 515;
	CHECK(vm_map(binding, &item, &flush) == ERR_OK && space->tables_used == used + 1);
	vm_flush_commit(&flush);
}

void test_leaf_sizes(void)
{
	CHECK(map(0, 0, (uint32_t)GIB_PAGES, R | W, 0) == ERR_OK);
	CHECK(level_of(0) == 2 && space->tables_used == 0);
	CHECK(unmap(0, (uint32_t)GIB_PAGES) == ERR_OK && walk_memory(space->root, 0) == 0);
	CHECK(map(0, 0, 1024, R | W, 0) == ERR_OK && level_of(0) == 1 && space->tables_used == 1);
	CHECK(unmap(0, 1024) == ERR_OK && space->tables_used == 0);
	/* Head and tail in small leaves. */
	CHECK(map(511, 511, 514, R, 0) == ERR_OK && space->tables_used == 3);
	CHECK(level_of(511) == 0 && level_of(512) == 1 && level_of(1024) == 0);
	CHECK(unmap(0, 2048) == ERR_OK && space->tables_used == 0);
	/* Not both aligned. */
	CHECK(map(0, 1, 1024, R, 0) == ERR_OK && level_of(0) == 0);
	CHECK(unmap(0, 2048) == ERR_OK);
	/* Zeroing is done in small steps. */
	CHECK(map(0, 0, 512, R | W, WINDOW_ZERO) == ERR_OK && level_of(0) == 0);
	CHECK(unmap(0, 2048) == ERR_OK);
	CHECK(space->tables_free == 30 && space->limbo == 0);
}

/* 512 entries become one leaf if they say what it would, and only then; no D is lost. */
void test_promotion(void)
{
	CHECK(map(0, 0, 511, R | W, 0) == ERR_OK);
	CHECK(map(0, 0, 512, R | W, WINDOW_EXPECT_EMPTY) == ERR_MISMATCH && level_of(0) == 0);
	CHECK(map(0, 0, 512, R | W, 0) == ERR_OK && level_of(0) == 0); /* it was not full */
	CHECK(harvest(0, 32, WINDOW_CLEAR) == ~0ull);
	CHECK(harvest(0, 32, 0) == 0);
	CHECK(map(0, 0, 512, R | W, 0) == ERR_OK && level_of(0) == 1);
	CHECK(space->tables_used == 1 && space->limbo == 0);
	CHECK(unmap(0, 512) == ERR_OK && space->tables_used == 0);
	/* D of one page, where the leaf is not writable. */
	for (unsigned dirty = 0; dirty < 2; dirty++) {
		CHECK(map(0, 0, 300, R, 0) == ERR_OK);
		CHECK(map(300, 300, 1, dirty ? R | W : R, 0) == ERR_OK);
		CHECK(map(301, 301, 211, R, 0) == ERR_OK && level_of(0) == 0);
		CHECK(map(0, 0, 512, R, 0) == ERR_OK && level_of(0) == 1);
		CHECK(harvest(0, 1, 0) == (dirty ? 3 : 1));
		CHECK(unmap(0, 512) == ERR_OK && space->tables_used == 0);
	}
	/* Another frame in the middle: it is replaced, and then they are alike. */
	CHECK(map(0, 0, 200, R, 0) == ERR_OK && map(200, 700, 1, R, 0) == ERR_OK);
	CHECK(map(201, 201, 311, R, 0) == ERR_OK);
	CHECK(map(0, 0, 512, R, 0) == ERR_OK && level_of(0) == 0);
	CHECK(walk_memory(space->root, 200) >> 10 == POOL_PPN + 200);
	CHECK(map(0, 0, 512, R, 0) == ERR_OK && level_of(0) == 1);
	CHECK(unmap(0, 512) == ERR_OK);
	/* A GiB of leaves of 2 MiB. */
	for (unsigned i = 0; i < 512; i++) {
		CHECK(map(i * 512, i * 512, 512, R, 0) == ERR_OK && level_of(i * 512) == 1);
	}
	CHECK(map(0, 0, (uint32_t)GIB_PAGES, R, 0) == ERR_OK && level_of(0) == 2);
	CHECK(space->tables_used == 0 && space->limbo == 0 && space->tables_free == 30);
}

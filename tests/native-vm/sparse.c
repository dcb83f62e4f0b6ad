/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of a sparse space: one page in each of 64 places 4 GiB apart needs
 * one level-1 and one level-0 table a place, and nothing once they are
 * unmapped.
 *
 * Fails if a table is made that nothing needs, is kept when its last entry
 * goes, or is counted wrongly (vm_live_sub without the drop; unlink_table that
 * leaves the parent).
 */
#include "tests/native-vm/access.h"

#define PLACES 64u
#define PLACE_PAGES (1ul << 20) /* 4 GiB */
#define WINDOW_PAGES_ALL (255ul << 18)
#define BANK_BITS 20 /* 240 tables */

static cap_t space, window, binding;

static uint64_t tables_used(void)
{
	return query(space, SPACE_INFO, 0);
}

/* A page amid each place, another one each time. */
static uint64_t place_page(unsigned i)
{
	return i * PLACE_PAGES + i * 4099ul;
}

/* The i-th in an order that is neither up nor down. */
static unsigned shuffled(unsigned i)
{
	return (i * 37 + 5) % PLACES;
}

void test_sparse(void)
{
	unsigned rw = RIGHT_READ | RIGHT_WRITE;

	space = make_object(OBJECT_SPACE);
	window = make_object(OBJECT_WINDOW);
	binding = make_object(OBJECT_BINDING);
	bank_add(space, BANK_BITS);
	window_attach(space, window, 0, WINDOW_PAGES_ALL, 0);
	CHECK_OK(invoke5(binding, BINDING_BIND, window, make_pool(14, NULL), rw, 0, 0));
	uint64_t free = query(space, SPACE_INFO, 1);

	for (unsigned round = 0; round < 3; round++) {
		CHECK_EQUAL(tables_used(), 0);
		for (unsigned i = 0; i < PLACES; i++) {
			item_ok(WINDOW_MAP, binding, place_page(shuffled(i)), 1, rw, i % 4, 0);
			CHECK_EQUAL(tables_used(), 2 * (i + 1));
		}
		for (unsigned i = 0; i < PLACES; i++) /* beside it, in the same tables */
			item_ok(WINDOW_MAP, binding, place_page(i) ^ 1, 1, rw, 1, 0);
		CHECK_EQUAL(tables_used(), 2 * PLACES);
		CHECK_EQUAL(tables_used() + query(space, SPACE_INFO, 1), free);
		if (round == 0) {
			for (unsigned i = 0; i < PLACES; i++) {
				item_ok(WINDOW_UNMAP, window, place_page(shuffled(i)), 1, 0, 0, 0);
				CHECK_EQUAL(tables_used(), 2 * (PLACES - i));
				item_ok(WINDOW_UNMAP, window, place_page(shuffled(i)) ^ 1, 1, 0, 0,
					0);
				CHECK_EQUAL(tables_used(), 2 * (PLACES - 1 - i));
			}
		} else if (round == 1) {
			for (uint64_t page = 0; page < WINDOW_PAGES_ALL; page += WINDOW_ITEM_PAGES)
				item_ok(WINDOW_UNMAP, window, page, WINDOW_ITEM_PAGES, 0, 0, 0);
		} else {
			CHECK_OK(delete_cap(binding)); /* unbinding gives them back too */
		}
	}
	CHECK_EQUAL(tables_used(), 0);
	CHECK_EQUAL(query(space, SPACE_INFO, 1), free);
}

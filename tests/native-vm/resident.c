/* SPDX-License-Identifier: BSD-2-Clause */
/* See resident.h. */
#include "tests/native-vm/resident.h"

#define TABLE_PAGES 512u
#define CHUNK_TABLES 15u /* of the 16 pages of each 64 KiB of a bank */

static cap_t make_from(cap_t memory, enum object_type type, unsigned bits)
{
	cap_t slot = new_slot();

	CHECK_OK(invoke5(memory, UNTYPED_RETYPE, type, bits, 1, slot, 0));
	return slot;
}

void resident_make(struct resident *r, cap_t memory, cap_t pool, unsigned mib)
{
	/* Two more than the pages fill: they begin and end amid one; two tables above. */
	uint64_t tables = mib / 2 + 4, pool_pages = query(pool, POOL_INFO, 0);
	unsigned bits = 16;

	CHECK(pool_pages % TABLE_PAGES == 0);
	r->pages = mib * 256ul;
	while ((CHUNK_TABLES << (bits - 16)) < tables)
		bits++;
	r->space = make_from(memory, OBJECT_SPACE, 0);
	r->window = make_from(memory, OBJECT_WINDOW, 0);
	r->binding = make_from(memory, OBJECT_BINDING, 0);
	r->bank = make_from(memory, OBJECT_TABLE_BANK, bits);
	CHECK_OK(invoke5(r->space, SPACE_ADD_BANK, r->bank, 0, 0, 0, 0));
	window_attach(r->space, r->window, 0, RESIDENT_WINDOW, 0);
	CHECK_OK(
		invoke5(r->binding, BINDING_BIND, r->window, pool, RIGHT_READ | RIGHT_WRITE, 0, 0));
	/* Runs of the whole pool, or what is left: the address is always one page ahead. */
	for (uint64_t done = 0; done < r->pages; done += pool_pages) {
		uint64_t count = r->pages - done < pool_pages ? r->pages - done : pool_pages;

		item_ok(WINDOW_MAP, r->binding, RESIDENT_FIRST + done, (uint32_t)count,
			RIGHT_READ | RIGHT_WRITE, 0, 0);
	}
	r->tables = query(r->space, SPACE_INFO, 0);
	CHECK(r->tables > r->pages / TABLE_PAGES); /* no large leaf */
}

void resident_end(struct resident *r)
{
	CHECK_OK(delete_cap(r->window));
	CHECK_OK(delete_cap(r->binding));
	CHECK_OK(delete_cap(r->bank));
	CHECK_OK(delete_cap(r->space));
}

enum err resident_protect(const struct resident *r, unsigned rights)
{
	struct window_item item = {.cap = r->window,
				   .op = WINDOW_PROTECT,
				   .rights = (uint8_t)rights,
				   .va_page = RESIDENT_FIRST,
				   .count = (uint32_t)r->pages};

	return window_item(&item, NULL);
}

enum err resident_freeze(const struct resident *r)
{
	struct window_item item = {
		.cap = r->window, .op = WINDOW_FREEZE, .count = RESIDENT_WINDOW / TABLE_PAGES};

	return window_item(&item, NULL);
}

enum err resident_thaw(const struct resident *r, unsigned table)
{
	struct window_item item = {.cap = r->window,
				   .op = WINDOW_THAW,
				   .va_page = RESIDENT_FIRST - 1 + table * TABLE_PAGES,
				   .count = TABLE_PAGES};

	return window_item(&item, NULL);
}

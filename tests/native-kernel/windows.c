/* SPDX-License-Identifier: BSD-2-Clause */
/* Window items: map, protect, unmap, clone, query, harvest, and what they refuse. */
#include "tests/native-kernel/harness.h"

#define R RIGHT_READ
#define RW (RIGHT_READ | RIGHT_WRITE)
#define RX (RIGHT_READ | RIGHT_EXECUTE)
#define RESULT 300 /* word where results go */

static struct area area;

/* op on the area's window. */
static struct window_item item_of(enum window_op op, uint64_t page, uint32_t count)
{
	return (struct window_item){.cap = op == WINDOW_MAP ? area.binding : area.window,
				    .op = (uint8_t)op,
				    .va_page = (area.va >> 12) + page,
				    .pool_page = op == WINDOW_MAP ? page : RESULT,
				    .count = count};
}

static enum err run(struct window_item item)
{
	return window_item(&item, NULL);
}

static enum err map(uint64_t page, uint32_t count, unsigned rights, unsigned flags)
{
	struct window_item item = item_of(WINDOW_MAP, page, count);

	item.rights = (uint8_t)rights;
	item.flags = (uint16_t)flags;
	return run(item);
}

static uint64_t query_page(uint64_t page)
{
	CHECK_OK(run(item_of(WINDOW_QUERY, page, 1)));
	return message_buffer()->words[RESULT];
}

static volatile uint64_t *word_at(uint64_t page)
{
	return (volatile uint64_t *)(area.va + page * 4096);
}

static void test_call(void)
{
	struct message m = {0};

	CHECK_OK(syscall_message(SYS_WINDOW, 0, &m)); /* no items: nothing */
	for (unsigned items = WINDOW_ITEMS + 1; items < 256; items += 38) {
		m.tag = MESSAGE_TAG_ITEMS(items);
		CHECK_EQUAL(syscall_message(SYS_WINDOW, 0, &m), ERR_ARGUMENT);
	}
}

static void test_refused(void)
{
	struct window_item item;
	cap_t reply = make_object(OBJECT_REPLY);
	uint32_t done = 9;

	area_make(&area, 0, 2 << 20, 16, 0, 0);
	static const unsigned bad_rights[] = {
		0,	 RIGHT_WRITE, RIGHT_WRITE | RIGHT_EXECUTE, RW | RIGHT_EXECUTE, 8 | R,
		128 | R, 255};
	for (unsigned i = 0; i < sizeof(bad_rights) / sizeof(bad_rights[0]); i++) {
		CHECK_EQUAL(map(0, 1, bad_rights[i], 0), ERR_ARGUMENT);
		item = item_of(WINDOW_PROTECT, 0, 1);
		item.rights = (uint8_t)bad_rights[i];
		CHECK_EQUAL(run(item), ERR_ARGUMENT);
	}
	CHECK_EQUAL(map(0, 0, R, 0), ERR_ARGUMENT);
	CHECK_EQUAL(map(0, WINDOW_ITEM_PAGES + 1, R, 0), ERR_ARGUMENT);
	CHECK_EQUAL(map(0, 17, R, 0), ERR_ARGUMENT);	/* the pool has 16 */
	CHECK_EQUAL(map(512, 1, R, 0), ERR_ARGUMENT);	/* behind the window */
	CHECK_EQUAL(map(-1ull, 1, R, 0), ERR_ARGUMENT); /* before it */
	CHECK_EQUAL(map(0, 1, R, WINDOW_EXPECT_EMPTY | WINDOW_EXPECT_PAGE), ERR_ARGUMENT);
	CHECK_EQUAL(map(0, 1, R, WINDOW_CLEAR), ERR_ARGUMENT);
	CHECK_EQUAL(map(0, 1, R, 1 << 12), ERR_ARGUMENT);
	item = item_of(WINDOW_MAP, 0, 1);
	item.rights = R;
	item.pool_page = ~0ull;
	CHECK_EQUAL(run(item), ERR_ARGUMENT);
	item.pool_page = 0;
	item.done = 2; /* more than count */
	CHECK_EQUAL(run(item), ERR_ARGUMENT);
	item.done = 1;
	CHECK_EQUAL(window_item(&item, &done), ERR_OK); /* nothing left to do */
	CHECK(done == 1 && query_page(0) == 0);
	for (unsigned op = 0; op < 256; op += op < 10 ? 1 : 49) {
		item = item_of((enum window_op)op, 0, 1);
		item.cap = op == WINDOW_MAP ? area.binding : area.window;
		if (op == 0 || op > WINDOW_THAW)
			CHECK_EQUAL(run(item), ERR_ARGUMENT);
		item.cap = 0;
		CHECK_EQUAL(run(item), ERR_CAP_EMPTY);
		item.cap = reply;
		CHECK_EQUAL(run(item), ERR_CAP_TYPE);
		item.cap = derive(op == WINDOW_MAP ? area.binding : area.window,
				  RIGHTS_ALL & ~RIGHT_MANAGE, 0);
		CHECK_EQUAL(run(item), ERR_RIGHTS);
		item.cap =
			op == WINDOW_MAP ? make_object(OBJECT_BINDING) : make_object(OBJECT_WINDOW);
		CHECK_EQUAL(run(item), ERR_NOT_BOUND);
	}
}

/* Results go into the buffer behind the first item, and not behind its words. */
static void test_result_place(void)
{
	static const uint64_t bad[] = {0,     16,	 20, MESSAGE_WORDS, MESSAGE_WORDS + 1,
				       ~0ull, 1ull << 61};
	struct window_item item;

	area_make(&area, 0, 2 << 20, 16, 0, 0);
	for (unsigned op = WINDOW_QUERY; op <= WINDOW_HARVEST; op++) {
		for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			item = item_of((enum window_op)op, 0, 1);
			item.pool_page = bad[i];
			CHECK_EQUAL(run(item), ERR_ARGUMENT);
		}
		item = item_of((enum window_op)op, 0, op == WINDOW_QUERY ? 2 : 64);
		item.pool_page = MESSAGE_WORDS - 1;
		CHECK_EQUAL(run(item), ERR_ARGUMENT);
		item = item_of((enum window_op)op, 0, op == WINDOW_QUERY ? 1 : 32);
		item.pool_page = MESSAGE_WORDS - 1;
		CHECK_OK(run(item));
	}
}

static void test_map_query(void)
{
	uint32_t done;

	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(map(0, 4, R, 0));
	CHECK_OK(map(4, 4, RW, 0));
	CHECK_OK(map(8, 4, RX, 0));
	for (unsigned i = 0; i < 13; i++) {
		uint64_t rights = i < 4	  ? QUERY_READ
				  : i < 8 ? QUERY_READ | QUERY_WRITE
					  : QUERY_READ | QUERY_EXECUTE;
		CHECK_EQUAL(query_page(i) & ~(uint64_t)(QUERY_ACCESSED | QUERY_DIRTY),
			    i < 12 ? (uint64_t)i << 12 | QUERY_VALID | rights : 0);
	}
	CHECK_EQUAL(map(2, 1, R, WINDOW_EXPECT_EMPTY), ERR_MISMATCH);
	CHECK_OK(map(12, 1, R, WINDOW_EXPECT_EMPTY));
	struct window_item item = item_of(WINDOW_MAP, 0, 16);
	item.rights = R;
	item.flags = WINDOW_EXPECT_PAGE;
	item.expected = 0;
	CHECK_EQUAL(window_item(&item, &done), ERR_MISMATCH); /* 13 is empty */
	CHECK_EQUAL(done, 13);
	CHECK_EQUAL(query_page(12) >> 12, 12);
	item.pool_page = 3; /* another frame, expecting the first */
	item.count = 1;
	CHECK_OK(run(item));
	CHECK_EQUAL(query_page(0) >> 12, 3);
	CHECK_EQUAL(run(item), ERR_MISMATCH);
}

static void test_zero_and_content(void)
{
	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(map(0, 16, RW, WINDOW_ZERO));
	for (unsigned i = 0; i < 16; i++) {
		CHECK(*word_at(i) == 0 && word_at(i)[511] == 0);
		*word_at(i) = i + 1;
	}
	CHECK_OK(area_unmap(&area, 0, 16));
	CHECK_OK(map(0, 8, R, 0));
	CHECK_OK(map(8, 8, RW, WINDOW_ZERO));
	for (unsigned i = 0; i < 16; i++)
		CHECK_EQUAL(*word_at(i), i < 8 ? i + 1 : 0);
	/* Replacing by another frame is seen at once. */
	for (unsigned i = 0; i < 8; i++) {
		struct window_item item = item_of(WINDOW_MAP, 15, 1);

		item.rights = R;
		item.pool_page = i;
		CHECK_OK(run(item));
		CHECK_EQUAL(*word_at(15), i + 1);
	}
}

static void test_binding_rights(void)
{
	cap_t binding = make_object(OBJECT_BINDING);
	struct window_item item;

	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(map(0, 1, RW, 0));
	CHECK_OK(delete_cap(area.binding));
	CHECK_EQUAL(query_page(0), 0); /* what it allowed is gone */
	CHECK_OK(invoke5(binding, BINDING_BIND, area.window, area.pool, R, 0, 0));
	area.binding = binding;
	CHECK_EQUAL(map(0, 1, RW, 0), ERR_RIGHTS);
	CHECK_EQUAL(map(0, 1, RX, 0), ERR_RIGHTS);
	CHECK_EQUAL(map(0, 1, R, WINDOW_ZERO), ERR_RIGHTS);
	CHECK_OK(map(0, 1, R, 0));
	item = item_of(WINDOW_PROTECT, 0, 1);
	item.rights = RW;
	CHECK_EQUAL(run(item), ERR_RIGHTS);
}

static void test_protect_unmap(void)
{
	struct window_item item;

	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(map(0, 4, RW, 0));
	CHECK_OK(map(8, 4, RW, 0));
	item = item_of(WINDOW_PROTECT, 0, 512); /* others are passed over */
	item.rights = R;
	uint32_t done;
	CHECK_OK(window_item(&item, &done));
	CHECK_EQUAL(done, 512);
	for (unsigned i = 0; i < 16; i++)
		CHECK_EQUAL(query_page(i) & 15, i % 8 < 4 ? QUERY_VALID | QUERY_READ : 0);
	item.rights = RX;
	item.flags = WINDOW_FENCE_I;
	CHECK_OK(run(item));
	item.flags = WINDOW_ZERO;
	CHECK_EQUAL(run(item), ERR_ARGUMENT);
	CHECK_OK(area_unmap(&area, 2, 8));
	for (unsigned i = 0; i < 16; i++)
		CHECK_EQUAL(query_page(i) != 0, i < 2 || i == 10 || i == 11);
	CHECK_OK(area_unmap(&area, 0, 512));
	CHECK_EQUAL(query_page(0) | query_page(11), 0);
}

static void test_harvest(void)
{
	struct window_item item;
	uint64_t *words = message_buffer()->words;

	area_make(&area, 0, 2 << 20, 18, 0, 0);
	CHECK_OK(map(0, 40, RW, 0));
	item = item_of(WINDOW_HARVEST, 0, 64);
	item.flags = WINDOW_CLEAR;
	CHECK_OK(run(item));
	CHECK_EQUAL(words[RESULT], ~0ull); /* 32 pages, both bits: mapped writable */
	CHECK_EQUAL(words[RESULT + 1], 0xffff);
	*word_at(3) = 1;
	(void)*word_at(35);
	item.flags = 0;
	CHECK_OK(run(item));
	CHECK_EQUAL(words[RESULT], 3ull << 6);
	CHECK_EQUAL(words[RESULT + 1], 1ull << 6);
	CHECK_OK(run(item)); /* nothing was cleared */
	CHECK_EQUAL(words[RESULT], 3ull << 6);
	item.flags = WINDOW_FENCE_I;
	CHECK_EQUAL(run(item), ERR_ARGUMENT);
}

/* Clone to a window of another space: both read, neither writes, write faults. */
static void test_clone(void)
{
	cap_t space = make_object(OBJECT_SPACE), bank = make(OBJECT_TABLE_BANK, 16);
	cap_t window = make_object(OBJECT_WINDOW), binding = make_object(OBJECT_BINDING);
	struct message m = {.words = {window, TEST_VA >> 12, 512, RW | RIGHT_EXECUTE}};

	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(map(0, 4, RW, 0));
	CHECK_OK(map(6, 1, RX, 0));
	struct window_item item = item_of(WINDOW_CLONE, 0, 8);
	item.pool_page = window;
	CHECK_EQUAL(run(item), ERR_NOT_BOUND); /* not attached */
	CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_EQUAL(run(item), ERR_NOT_BOUND); /* no binding */
	CHECK_OK(invoke5(binding, BINDING_BIND, window, area.pool, R, 0, 0));
	CHECK_EQUAL(run(item), ERR_NO_TABLE);
	CHECK_OK(invoke5(space, SPACE_ADD_BANK, bank, 0, 0, 0, 0));
	uint32_t done;
	CHECK_EQUAL(window_item(&item, &done), ERR_RIGHTS); /* page 6 is executable */
	CHECK_EQUAL(done, 6);
	CHECK_EQUAL(run(item), ERR_MISMATCH); /* page 0 is there now */
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQUAL(query_page(i) & 15, QUERY_VALID | QUERY_READ);
	struct window_item ask = item_of(WINDOW_QUERY, 0, 8);
	ask.cap = window;
	CHECK_OK(run(ask));
	for (unsigned i = 0; i < 8; i++)
		CHECK_EQUAL(message_buffer()->words[RESULT + i] & ~(uint64_t)QUERY_ACCESSED,
			    i < 4 ? (uint64_t)i << 12 | QUERY_VALID | QUERY_READ : 0);
	item.pool_page = 0;
	CHECK_EQUAL(run(item), ERR_CAP_EMPTY);
	item.pool_page = binding;
	CHECK_EQUAL(run(item), ERR_CAP_TYPE);
}

/* 2 MiB leaves: made where alignment allows, split where a part is changed. */
static void test_large(void)
{
	uint64_t free_tables;

	area_make(&area, 2 << 20, 4 << 20, 22, 0, 0);
	free_tables = query(BOOT_SLOT_SPACE, SPACE_INFO, 1);
	CHECK_OK(map(0, 1024, RW, 0));
	/* Two leaves: a level-1 table at the most, no level-0 table. */
	CHECK(free_tables - query(BOOT_SLOT_SPACE, SPACE_INFO, 1) <= 1);
	free_tables = query(BOOT_SLOT_SPACE, SPACE_INFO, 1);
	for (unsigned i = 0; i < 1024; i += 37)
		*word_at(i) = i;
	CHECK_EQUAL(query_page(700) >> 12, 700);
	CHECK_OK(area_unmap(&area, 100, 1));
	CHECK_EQUAL(free_tables - query(BOOT_SLOT_SPACE, SPACE_INFO, 1), 1);
	CHECK_EQUAL(query_page(100), 0);
	for (unsigned i = 0; i < 1024; i += 37)
		CHECK_EQUAL(*word_at(i), i);
	struct window_item item = item_of(WINDOW_PROTECT, 1000, 24);
	item.rights = R;
	CHECK_OK(run(item));
	CHECK_EQUAL(free_tables - query(BOOT_SLOT_SPACE, SPACE_INFO, 1), 2);
	CHECK_EQUAL(query_page(999) & QUERY_WRITE, QUERY_WRITE);
	CHECK_EQUAL(query_page(1000) & QUERY_WRITE, 0);
	CHECK_OK(area_unmap(&area, 0, 1024));
	CHECK(query(BOOT_SLOT_SPACE, SPACE_INFO, 1) >= free_tables);
}

/* Many items in one call: done in order, stopped at the first that fails. */
static void test_batch(void)
{
	struct window_item *items =
		(struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	struct message m = {.tag = MESSAGE_TAG_ITEMS(WINDOW_ITEMS)};

	area_make(&area, 0, 2 << 20, 18, 0, 0);
	for (unsigned i = 0; i < WINDOW_ITEMS; i++) {
		items[i] = item_of(WINDOW_MAP, i % 32, 1);
		items[i].rights = RW;
		items[i].flags = i == 50 ? WINDOW_EXPECT_EMPTY : 0;
	}
	CHECK_EQUAL(syscall_message(SYS_WINDOW, 0, &m), ERR_MISMATCH);
	for (unsigned i = 0; i < WINDOW_ITEMS; i++)
		CHECK_EQUAL(items[i].done, i < 50);
	items[50].flags = 0;
	m.tag = MESSAGE_TAG_ITEMS(WINDOW_ITEMS);
	CHECK_OK(syscall_message(SYS_WINDOW, 0, &m));
	CHECK_EQUAL(items[63].done, 1);
}

static void test_no_table(void)
{
	cap_t space = make_object(OBJECT_SPACE), window = make_object(OBJECT_WINDOW);
	cap_t binding = make_object(OBJECT_BINDING), pool = make_pool(14, NULL);
	struct message m = {.words = {window, 0, 1 << 18, RW}};
	struct window_item item = {.cap = binding, .op = WINDOW_MAP, .rights = R, .count = 1};
	unsigned mapped = 0;

	CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(binding, BINDING_BIND, window, pool, R, 0, 0));
	CHECK_EQUAL(run(item), ERR_NO_TABLE);
	CHECK_OK(invoke5(space, SPACE_ADD_BANK, make(OBJECT_TABLE_BANK, 16), 0, 0, 0, 0));
	while (run(item) == ERR_OK) {
		item.va_page += 512; /* a table each */
		mapped++;
	}
	CHECK_EQUAL(mapped, 14); /* and one above them */
	CHECK_EQUAL(run(item), ERR_NO_TABLE);
	CHECK_EQUAL(query(space, SPACE_INFO, 0), 15);
	CHECK_EQUAL(query(space, SPACE_INFO, 1), 0);
}

SUITE(window, {"window-call", test_call}, {"window-refused", test_refused},
      {"window-result-place", test_result_place}, {"window-map-query", test_map_query},
      {"window-zero", test_zero_and_content}, {"window-binding-rights", test_binding_rights},
      {"window-protect-unmap", test_protect_unmap}, {"window-harvest", test_harvest},
      {"window-clone", test_clone}, {"window-large", test_large}, {"window-batch", test_batch},
      {"window-no-table", test_no_table});

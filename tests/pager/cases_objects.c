/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases about files, sharing and memory. */
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "servers/pager/statistics.h"
#include "tests/pager/cases.h"
#include "tests/pager/model.h"
#include "tests/pager/random.h"

#define BASE 0x40000000ul
#define PAGES(n) ((uint64_t)(n)*PAGE_BYTES)

/* A byte that tells where it should be. */
static uint8_t mark(uint64_t page)
{
	return (uint8_t)(page * 31 + page / 256 + 1);
}

/* A file of `pages` pages, each filled with its mark. */
static struct fake_file *marked_file(uint64_t pages)
{
	struct fake_file *file = fake_file_make(1);
	uint8_t *bytes = malloc(PAGES(pages));

	for (uint64_t i = 0; i < pages; i++) {
		memset(bytes + PAGES(i), mark(i), PAGE_BYTES);
	}
	fake_file_fill(file, bytes, PAGES(pages), NULL);
	free(bytes);
	return file;
}

static uint64_t open_object(const struct fake_file *file)
{
	CHECK(CALL(PAGER_OBJECT_OPEN, file->fs, file->ino, file->size, file->fs == 2) == 0);
	return pager_result(1);
}

void read_ahead_case(void)
{
	struct fake_file *file = marked_file(1024);
	uint64_t s = case_space(), object = open_object(file);

	/* Sequential faults: clusters grow to CLUSTER_MAX; neighbours are mapped along. */
	case_map(s, BASE, 1024, 1, PAGER_FIXED, object, 0);
	for (uint64_t i = 0; i < 512; i++) {
		CHECK(case_load(s, BASE + PAGES(i)) == mark(i));
	}
	CHECK(fake_reads <= 512 / CLUSTER_MAX + 5);
	CHECK(space_find(s)->major_faults == fake_reads);
	CHECK(space_find(s)->minor_faults + space_find(s)->major_faults <= 512 / 16 + 30);
	/* Random ones: no page that was not asked for. */
	uint64_t before = fake_pages_read;

	for (uint64_t i = 0; i < 20; i++) {
		CHECK(case_load(s, BASE + PAGES(1000 - 17 * i)) == mark(1000 - 17 * i));
	}
	CHECK(fake_pages_read == before + 20);
	/* Sequential reads. */
	CHECK(CALL(PAGER_DROP_CACHE, 0) == 0);
	before = fake_reads;
	for (uint64_t i = 0; i < 512; i++) {
		CHECK(CALL(PAGER_OBJECT_READ_XFER, object, PAGES(i), 4096, 0) == 4096);
		CHECK(pager_xfer[77] == mark(i));
	}
	CHECK(fake_reads - before <= 512 / CLUSTER_MAX + 5);
}

void large_file_case(void)
{
	struct fake_file *file = marked_file(4000);
	uint64_t s = case_space(), object = open_object(file);
	uint64_t text = case_map(s, 0, 16, 3, 0, 0, 0);

	case_map(s, BASE, 4000, 3, PAGER_FIXED | PAGER_SHARED, object, 0);
	for (uint64_t i = 0; i < 16; i++) {
		case_store(s, text + PAGES(i), (uint8_t)i);
	}
	for (unsigned round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 4000; i++) {
			CHECK(case_load(s, BASE + PAGES(i) + 9) == mark(i));
			if (round == 0 && i % 3 == 0) {
				case_store(s, BASE + PAGES(i), (uint8_t)(mark(i) + 1));
			}
		}
		model_check_frames();
	}
	CHECK(cache_counts.evictions > 6000 && cache_counts.dirty <= 200);
	CHECK(fake_window_calls < 12000); /* evictions cost no call each */
	CHECK(space_find(s)->major_faults >= 8000 / CLUSTER_MAX);
	for (uint64_t i = 0; i < 16; i++) {
		CHECK(case_load(s, text + PAGES(i)) == (uint8_t)i);
	}
	CHECK(CALL(PAGER_SYNC_RANGE, s, BASE, PAGES(4000), 4) == 0);
	for (uint64_t i = 0; i < 4000; i++) {
		CHECK(file->pages[i][0] == (uint8_t)(mark(i) + (i % 3 == 0)));
		CHECK(file->pages[i][9] == mark(i));
	}
}

void fork_cost_case(void)
{
	struct pager_space_statistics *statistics_of = (void *)pager_xfer;
	uint64_t s = case_space(), child, before, calls;

	case_map(s, BASE, 4096, 3, PAGER_FIXED, 0, 0);
	for (uint64_t i = 0; i < 4096; i++) {
		case_store(s, BASE + PAGES(i), mark(i));
	}
	before = frames.free;
	calls = fake_window_calls;
	CHECK(CALL(PAGER_SPACE_FORK, s) == 0);
	child = pager_result(1);
	CHECK(before - frames.free <= 2); /* records only */
	CHECK(fake_window_calls - calls <= 2);
	/* One write: its path and its page. */
	case_store(child, BASE + PAGES(5), 1);
	CHECK(before - frames.free <= 2 + 3 + 1);
	CHECK(case_load(s, BASE + PAGES(5)) == mark(5));
	CHECK(CALL(PAGER_SPACE_STATISTICS, child, 0) == 0);
	CHECK(statistics_of->cow_shared == 4096 && statistics_of->cow_copied == 1);
	CHECK(statistics_of->resident_pages == 4096);
	/* The child ends; the parent is the last owner and copies nothing. */
	CHECK(CALL(PAGER_SPACE_DESTROY, child) == 0);
	before = statistics.cow_copies;
	for (uint64_t i = 0; i < 4096; i += 100) {
		case_store(s, BASE + PAGES(i), 9);
	}
	CHECK(statistics.cow_copies == before);
	model_check_frames();
}

void fork_unmap_case(void)
{
	uint64_t s = case_space(), child, first = BASE - PAGES(700);

	/* Across 2 MiB and 1 GiB boundaries, with whole leaf nodes inside what is removed. */
	case_map(s, first, 4000, 3, PAGER_FIXED, 0, 0);
	for (uint64_t i = 0; i < 4000; i++) {
		case_store(s, first + PAGES(i), mark(i));
	}
	CHECK(CALL(PAGER_SPACE_FORK, s) == 0);
	child = pager_result(1);
	CHECK(CALL(PAGER_UNMAP, child, first + PAGES(100), PAGES(3000)) == 0);
	model_check_frames();
	CHECK(space_find(child)->tree.pages == 1000);
	CHECK(CALL(PAGER_ADVISE, s, first + PAGES(600), PAGES(2500), 4) == 0);
	model_check_frames();
	CHECK(space_find(s)->tree.pages == 1500);
	for (uint64_t i = 0; i < 4000; i += 7) {
		bool gone = i >= 600 && i < 3100;

		CHECK(case_load(s, first + PAGES(i)) == (gone ? 0 : mark(i)));
		if (i < 100 || i >= 3100) {
			CHECK(case_load(child, first + PAGES(i)) == mark(i));
		} else {
			CHECK(case_fault(child, first + PAGES(i), FAULT_READ) ==
			      PAGER_FAULT_NO_REGION);
		}
	}
	/* A move of a shared part to another alignment. */
	CHECK(CALL(PAGER_REMAP, child, first + PAGES(3100), PAGES(900), PAGES(900), 3,
		   BASE + PAGES(100001)) == 0);
	for (uint64_t i = 3100; i < 4000; i++) {
		CHECK(case_load(child, BASE + PAGES(100001 + i - 3100)) == mark(i));
	}
	model_check_frames();
	CHECK(CALL(PAGER_SPACE_DESTROY, s) == 0);
	CHECK(CALL(PAGER_SPACE_DESTROY, child) == 0);
	CHECK(frames.by_kind[FRAME_PRIVATE] == 0 && frames.by_kind[FRAME_NODE] == 0);
}

void dirty_bound_case(void)
{
	struct fake_file *file = fake_file_make(1);
	uint64_t object = open_object(file), most = 0;

	for (uint64_t i = 0; i < 3000; i++) {
		memset(pager_xfer, mark(i), PAGE_BYTES);
		CHECK(CALL(PAGER_OBJECT_WRITE_XFER, object, UINT64_MAX, 4096, 0) == 4096);
		most = cache_counts.dirty > most ? cache_counts.dirty : most;
	}
	CHECK(most <= 2000 / 5);
	CHECK(cache_counts.dirty > 0 && fake_tick_wanted);
	/* What is dirty for long is written by itself, not before. */
	fake_tick_wanted = false;
	fake_milliseconds += 1000;
	cache_tick();
	CHECK(cache_counts.dirty > 0 && fake_tick_wanted);
	fake_milliseconds += 5000;
	fake_tick_wanted = false;
	cache_tick();
	CHECK(cache_counts.dirty == 0 && !fake_tick_wanted);
	CHECK(file->size == PAGES(3000));
	for (uint64_t i = 0; i < 3000; i++) {
		CHECK(file->pages[i][5] == mark(i));
	}
	/* Nothing is placed behind the end, also when a request stops early. */
	uint64_t s = case_space();

	case_map(s, BASE, 2, 3, PAGER_FIXED, 0, 0);
	CHECK(CALL(PAGER_OBJECT_WRITE, object, UINT64_MAX, PAGES(20), s, BASE) == 8192);
	CHECK(file->pages[3002] == NULL && file->pages[3001] != NULL);
	CHECK(CALL(PAGER_OBJECT_SYNC, object) == 0 && file->size == PAGES(3002));
	CHECK(CALL(PAGER_OBJECT_TRUNCATE, object, 0) == 0);
	for (uint64_t i = 0; i < FAKE_PAGES_MAX; i++) {
		CHECK(file->pages[i] == NULL);
	}
}

void write_errors_case(void)
{
	struct fake_file *file = marked_file(300);
	uint64_t s = case_space(), object = open_object(file);

	case_map(s, BASE, 300, 3, PAGER_FIXED | PAGER_SHARED, object, 0);
	for (uint64_t i = 0; i < 100; i++) {
		case_store(s, BASE + PAGES(i), 0xff);
	}
	/* A write-back by itself fails: the next sync that works still tells, once. */
	fake_write_errors = 1;
	fake_milliseconds += 10000;
	cache_tick();
	fake_write_errors = 0;
	CHECK(cache_counts.dirty == 100);
	CHECK(CALL(PAGER_OBJECT_SYNC, object) == -STATUS_IO);
	CHECK(cache_counts.dirty == 0 && file->pages[99][0] == 0xff);
	CHECK(CALL(PAGER_OBJECT_SYNC, object) == 0);
	/* msync tells too. */
	case_store(s, BASE, 0xfe);
	fake_write_errors = 1;
	CHECK(CALL(PAGER_SYNC_RANGE, s, BASE, 4096, 4) == -STATUS_IO);
	CHECK(CALL(PAGER_SYNC_ALL, 0) == -STATUS_IO);
	/* A disk that takes nothing: writers are stopped before memory is full of dirty pages. */
	CHECK(CALL(PAGER_OBJECT_CLOSE, object) == 0);
	uint64_t fresh = open_object(fake_file_make(1)), n = 0;

	while (n < 1000 && CALL(PAGER_OBJECT_WRITE_XFER, fresh, UINT64_MAX, 4096, 0) == 4096) {
		n++;
	}
	CHECK(n >= 300 && n < 500);
	CHECK(CALL(PAGER_OBJECT_WRITE_XFER, fresh, UINT64_MAX, 4096, 0) == -STATUS_IO);
	/* With nobody left to tell, memory is more dear than the pages. */
	CHECK(CALL(PAGER_OBJECT_CLOSE, fresh) == 0);
	case_map(s, BASE + PAGES(1000), 900, 3, PAGER_FIXED, 0, 0);
	for (n = 0; n < 880 && case_fault(s, BASE + PAGES(1000 + n), FAULT_WRITE) == 0; n++) {
	}
	CHECK(n > 700);
	model_check_frames();
	/* A page that cannot be read. */
	fake_read_errors = 1;
	CHECK(case_fault(s, BASE + PAGES(200), FAULT_READ) == PAGER_FAULT_IO);
	CHECK(CALL(PAGER_COPY_IN, s, BASE + PAGES(200), 4, 0) == -STATUS_IO);
	fake_read_errors = 0;
	CHECK(case_load(s, BASE + PAGES(200)) == mark(200));
}

void unlink_case(void)
{
	struct fake_file *file = marked_file(10);
	uint64_t s = case_space(), object = open_object(file), ino = file->ino;

	case_map(s, BASE, 10, 3, PAGER_FIXED | PAGER_SHARED, object, 0);
	case_store(s, BASE, 0x77);
	fake_file_unlink(file);
	CHECK(CALL(PAGER_OBJECT_FORGET, 1, ino) == 0);
	CHECK(CALL(PAGER_OBJECT_CLOSE, object) == 0);
	CHECK(CALL(PAGER_DROP_CACHE, 0) == 0);
	CHECK(case_load(s, BASE) == 0x77 && case_load(s, BASE + PAGES(9)) == mark(9));
	CHECK(CALL(PAGER_UNMAP, s, BASE, PAGES(10)) == 0);
	CHECK(fake_file(1, ino) == NULL && frames.by_kind[FRAME_CACHE] == 0);
	/* The number of the file again: nothing of the old one. */
	file = marked_file(3);
	CHECK(file->ino == ino);
	object = open_object(file);
	CHECK(CALL(PAGER_OBJECT_SIZE, object) == 0 && pager_result(1) == PAGES(3));
	CHECK(CALL(PAGER_OBJECT_READ_XFER, object, 0, 4096, 0) == 4096 && pager_xfer[0] == mark(0));
	/* Idle and cached; then unlinked: gone at once. */
	CHECK(CALL(PAGER_OBJECT_CLOSE, object) == 0);
	CHECK(CALL(PAGER_OBJECT_FIND, 1, ino) == 0 && pager_result(1) == object);
	fake_file_unlink(file);
	CHECK(CALL(PAGER_OBJECT_FORGET, 1, ino) == 0);
	CHECK(CALL(PAGER_OBJECT_FIND, 1, ino) == 0 && pager_result(1) == 0);
	CHECK(fake_files_open() == 0);
	/* An object out of use by number is none. */
	CHECK(CALL(PAGER_OBJECT_READ_XFER, object, 0, 4096, 0) == -STATUS_BADF);
	/* tmpfs data outlives its users until it is unlinked. */
	file = fake_file_make(2);
	object = open_object(file);
	CHECK(CALL(PAGER_OBJECT_WRITE_XFER, object, PAGES(2) + 5, 100, 0) == 100);
	CHECK(CALL(PAGER_OBJECT_CLOSE, object) == 0);
	CHECK(CALL(PAGER_DROP_CACHE, 0) == 0);
	CHECK(open_object(file) == object);
	CHECK(CALL(PAGER_OBJECT_SIZE, object) == 0 && pager_result(1) == PAGES(2) + 105);
	CHECK(CALL(PAGER_OBJECT_CLOSE, object) == 0);
	ino = file->ino;
	fake_file_unlink(file);
	CHECK(CALL(PAGER_OBJECT_FORGET, 2, ino) == 0);
	CHECK(frames.by_kind[FRAME_CACHE] == 0 && fake_files_open() == 0);
}

void advice_case(void)
{
	struct fake_file *file = marked_file(1000);
	uint64_t s = case_space(), object = open_object(file), before;

	case_map(s, BASE, 1000, 1, PAGER_FIXED, object, 0);
	CHECK(CALL(PAGER_ADVISE, s, BASE, PAGES(200), 3) == 0); /* willneed */
	before = fake_reads;
	CHECK(before <= 8 && fake_pages_read == 200);
	for (uint64_t i = 0; i < 200; i++) {
		CHECK(case_load(s, BASE + PAGES(i)) == mark(i));
	}
	CHECK(fake_reads == before);
	CHECK(CALL(PAGER_MINCORE, s, BASE + PAGES(190), PAGES(20), 0) == 0);
	CHECK(pager_xfer[9] == 1 && pager_xfer[10] == 0);
	/* Sequential: full clusters at once; random: single pages. */
	CHECK(CALL(PAGER_ADVISE, s, BASE + PAGES(300), PAGES(100), 2) == 0);
	CHECK(case_load(s, BASE + PAGES(300)) == mark(300) && fake_pages_read == 200 + CLUSTER_MAX);
	CHECK(CALL(PAGER_ADVISE, s, BASE + PAGES(400), PAGES(100), 1) == 0);
	before = fake_pages_read;
	for (uint64_t i = 400; i < 420; i++) {
		CHECK(case_load(s, BASE + PAGES(i)) == mark(i));
	}
	CHECK(fake_pages_read == before + 20);
	/* Holes in shared memory. */
	case_map(s, BASE + PAGES(2000), 8, 3, PAGER_FIXED | PAGER_SHARED, 0, 0);
	case_store(s, BASE + PAGES(2003), 5);
	before = frames.by_kind[FRAME_CACHE];
	CHECK(CALL(PAGER_ADVISE, s, BASE + PAGES(2002), PAGES(3), 9) == 0);
	CHECK(frames.by_kind[FRAME_CACHE] == before - 1);
	CHECK(case_load(s, BASE + PAGES(2003)) == 0);
	CHECK(CALL(PAGER_ADVISE, s, BASE, PAGES(1), 9) == -STATUS_INVAL);
	/* Populate. */
	case_map(s, BASE + PAGES(3000), 20, 3, PAGER_FIXED, 0, 0);
	CHECK(CALL(PAGER_ADVISE, s, BASE + PAGES(3000), PAGES(10), 23) == 0);
	CHECK(space_find(s)->tree.pages == 10);
	CHECK(CALL(PAGER_ADVISE, s, BASE + PAGES(3000), PAGES(20), 22) == 0);
	CHECK(space_find(s)->tree.pages == 10);
	CHECK(CALL(PAGER_ADVISE, s, BASE, PAGES(1), 23) == -STATUS_FAULT);
	/* Locked pages stay. */
	CHECK(CALL(PAGER_LOCK, s, BASE, PAGES(50), 1) == 0);
	CHECK(CALL(PAGER_ADVISE, s, BASE, PAGES(50), 4) == -STATUS_INVAL);
	CHECK(CALL(PAGER_SYNC_RANGE, s, BASE, PAGES(50), 2) == -STATUS_BUSY);
	CHECK(CALL(PAGER_DROP_CACHE, 0) == 0);
	CHECK(CALL(PAGER_MINCORE, s, BASE, PAGES(60), 0) == 0);
	CHECK(pager_xfer[0] == 1 && pager_xfer[49] == 1 && pager_xfer[50] == 0);
	/* A huge reservation costs nothing, nor does its end. */
	before = frames.free;
	case_map(s, 0, 1 << 25, 3, PAGER_NORESERVE, 0, 0);
	CHECK(before - frames.free <= 1);
	CHECK(CALL(PAGER_ADVISE, s, pager_result(1), PAGES(1 << 25), 22) == -STATUS_NOMEM);
}

void memory_full_case(void)
{
	uint64_t s = case_space(), child, n = 0, before;
	struct fake_file *tmp = fake_file_make(2);
	uint64_t object = open_object(tmp);

	/* tmpfs may take half. */
	while (CALL(PAGER_OBJECT_WRITE_XFER, object, PAGES(n), 4096, 0) == 4096) {
		n++;
	}
	CHECK(n > 280 && n < 310);
	CHECK(CALL(PAGER_OBJECT_WRITE_XFER, object, PAGES(n), 4096, 0) == -STATUS_NOSPC);
	CHECK(CALL(PAGER_OBJECT_TRUNCATE, object, 0) == 0);
	CHECK(frames.by_kind[FRAME_CACHE] == 0);
	/* Private memory takes all but the reserve, and the error is clear. */
	case_map(s, BASE, 590, 3, PAGER_FIXED, 0, 0);
	for (n = 0; case_fault(s, BASE + PAGES(n), FAULT_WRITE) == 0; n++) {
		CHECK(n < 590);
	}
	CHECK(n > 540);
	CHECK(case_fault(s, BASE + PAGES(n), FAULT_WRITE) == PAGER_FAULT_NO_MEMORY);
	CHECK(CALL(PAGER_COPY_OUT, s, BASE + PAGES(n), 8, 0) == -STATUS_NOMEM);
	CHECK(CALL(PAGER_COPY_OUT, s, BASE + PAGES(n - 1), 8192, 0) == 4096);
	CHECK(CALL(PAGER_STORE, s, BASE + PAGES(n), 4, 0) == -STATUS_NOMEM);
	/* Giving back works on the reserve, also where it must copy nodes first. */
	if (CALL(PAGER_SPACE_FORK, s) == 0) {
		child = pager_result(1);
		CHECK(case_fault(child, BASE, FAULT_WRITE) == PAGER_FAULT_NO_MEMORY);
		CHECK(case_load(child, BASE) == 0);
		CHECK(CALL(PAGER_SPACE_DESTROY, child) == 0);
	}
	before = frames.free;
	CHECK(CALL(PAGER_UNMAP, s, BASE + PAGES(10), PAGES(30)) == 0);
	CHECK(frames.free >= before + 28);
	CHECK(case_fault(s, BASE + PAGES(n), FAULT_WRITE) == 0);
	model_check_frames();
}

/*
 * Private memory takes all it gets; programs' text stays in the cache. Fails if
 * the floor is not left: each page is then read again each time.
 */
void floor_case(void)
{
	struct fake_file *file = marked_file(20);
	uint64_t s = case_space(), object = open_object(file), n, before;

	case_map(s, BASE, 590, 3, PAGER_FIXED, 0, 0);
	for (n = 0; case_fault(s, BASE + PAGES(n), FAULT_WRITE) == 0; n++) {
		CHECK(n < 590);
	}
	for (unsigned round = 0; round < 3; round++) {
		before = cache_counts.pages_in;
		for (n = 0; n < 20; n++) {
			CHECK(CALL(PAGER_OBJECT_READ_XFER, object, PAGES(n), 4096, 0) == 4096);
			CHECK(case_fault(s, BASE + PAGES(580), FAULT_WRITE) ==
			      PAGER_FAULT_NO_MEMORY);
		}
		CHECK(cache_counts.pages_in - before == (round == 0 ? 20 : 0));
	}
	model_check_frames();
}

void figures_case(void)
{
	struct pager_region *r = (void *)pager_xfer;
	struct pager_statistics *all = (void *)pager_xfer;
	struct fake_file *file = marked_file(20);
	uint64_t s = case_space(), object = open_object(file), child;

	case_map(s, BASE, 20, 1, PAGER_FIXED, object, 0);
	case_map(s, BASE + PAGES(100), 20, 3, PAGER_FIXED, 0, 0);
	case_map(s, BASE + PAGES(200), 20, 3, PAGER_FIXED | PAGER_SHARED, 0, 0);
	case_load(s, BASE);
	for (uint64_t i = 0; i < 5; i++) {
		case_store(s, BASE + PAGES(100 + i), 1);
		case_store(s, BASE + PAGES(200 + i), 1);
	}
	CHECK(CALL(PAGER_REGIONS, s, 0, 0, 10) == 3);
	CHECK(r[0].fs == 1 && r[0].ino == file->ino && r[0].object == object);
	CHECK(r[0].resident == 4 && r[0].private_clean == 4 && r[0].anonymous == 0);
	CHECK(r[1].resident == 5 && r[1].private_dirty == 5 && r[1].anonymous == 5);
	CHECK(r[1].proportional == PAGES(5) && r[1].object == 0);
	CHECK(r[2].resident == 5 && r[2].private_dirty == 5 && (r[2].flags & PAGER_SHARED));
	CHECK(CALL(PAGER_SPACE_FORK, s) == 0);
	child = pager_result(1);
	case_store(child, BASE + PAGES(100), 2);
	case_load(child, BASE + PAGES(200));
	CHECK(CALL(PAGER_REGIONS, s, 0, 0, 10) == 3);
	CHECK(r[1].private_dirty == 1 && r[1].shared_dirty == 4);
	CHECK(r[1].proportional == PAGES(1) + 4 * PAGE_BYTES / 2);
	CHECK(r[2].shared_dirty == 5 && r[2].proportional == 5 * PAGE_BYTES / 2);
	CHECK(CALL(PAGER_REGIONS, s, 0, 0, 10, 1) == 3 && r[1].resident == 0);
	CHECK(CALL(PAGER_STATISTICS, 0) == 0);
	CHECK(all->total_pages == frames.total && all->free_pages == frames.free);
	CHECK(all->active_spaces == 2 && all->anonymous_pages == 6 && all->cow_copies == 1);
	CHECK(all->shared_pages == 5 && all->cache_pages == 9);
	CHECK(all->pages_in == fake_pages_read);
}

void tables_case(void)
{
	uint64_t s = case_space(), first = BASE - PAGES(333);
	unsigned banks;

	/* Items that stop half way for want of a table go on where they stopped. */
	case_map(s, first, 5000, 3, PAGER_FIXED | PAGER_POPULATE, 0, 0);
	banks = space_find(s)->kernel.bank_count;
	CHECK(banks >= 11 / FAKE_BANK_TABLES);
	for (uint64_t i = 0; i < 5000; i++) {
		uint32_t page = (uint32_t)((first >> PAGE_SHIFT) + i);
		uint32_t frame = tree_get(&space_find(s)->tree, page, NULL);

		CHECK(frame != 0);
		CHECK(fake_entry(&space_find(s)->kernel, page) == ((uint64_t)frame << 3 | 3));
		CHECK(case_load(s, first + PAGES(i) + 8) == 0);
	}
	/* None left but those of spaces that ended. */
	CHECK(CALL(PAGER_SPACE_CREATE, 0) == 0);
	CHECK(CALL(PAGER_SPACE_DESTROY, pager_result(1)) == 0);
	fake_banks_left = 0;
	banks = space_find(s)->kernel.bank_count;
	for (uint64_t i = 0; space_find(s)->kernel.bank_count == banks; i++) {
		uint64_t at = BASE + PAGES(200000 + 512 * i);

		case_map(s, at, 1, 3, PAGER_FIXED, 0, 0);
		case_store(s, at, 1);
	}
	CHECK(fake_spaces == 1);
	/* None left: the fault says so, and what could not be mapped is zeros all the same. */
	fake_banks_left = 0;
	case_map(s, BASE + PAGES(100000), 512 * 8, 3, PAGER_FIXED, 0, 0);
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t at = BASE + PAGES(100000 + 512 * i);
		int code = case_fault(s, at, FAULT_WRITE);

		CHECK(code == 0 || code == PAGER_FAULT_NO_MEMORY);
		CHECK(i < FAKE_BANK_TABLES || code == PAGER_FAULT_NO_MEMORY);
		CHECK(CALL(PAGER_COPY_IN, s, at, PAGE_BYTES, 0) == PAGE_BYTES);
		for (unsigned j = 0; j < PAGE_BYTES; j++) {
			CHECK(pager_xfer[j] == 0);
		}
	}
}

void tail_case(void)
{
	uint64_t s = case_space(), object = open_object(fake_file_make(1));

	/* Behind the end of a file its last page shows zeros, however it came to be. */
	memset(pager_xfer, 'x', 100);
	CHECK(CALL(PAGER_OBJECT_WRITE_XFER, object, 50, 100, 0) == 100);
	case_map(s, BASE, 2, 3, PAGER_FIXED | PAGER_SHARED, object, 0);
	for (unsigned i = 0; i < PAGE_BYTES; i++) {
		CHECK(case_load(s, BASE + i) == (i < 50 || i >= 150 ? 0 : 'x'));
	}
	CHECK(case_fault(s, BASE + PAGES(1), FAULT_READ) == PAGER_FAULT_BEYOND_FILE);
	/* What is stored there is not in the file when it grows. */
	case_store(s, BASE + 1000, 7);
	CHECK(CALL(PAGER_OBJECT_TRUNCATE, object, PAGES(2)) == 0);
	CHECK(case_load(s, BASE + 1000) == 0 && case_load(s, BASE + 149) == 'x');
	CHECK(CALL(PAGER_OBJECT_TRUNCATE, object, 60) == 0);
	case_store(s, BASE + 1000, 7);
	CHECK(CALL(PAGER_OBJECT_WRITE_XFER, object, 5000, 1, 0) == 1);
	CHECK(case_load(s, BASE + 1000) == 0 && case_load(s, BASE + 100) == 0);
	/* Nor on the disk. */
	CHECK(CALL(PAGER_OBJECT_TRUNCATE, object, 60) == 0);
	case_store(s, BASE + 1000, 7);
	CHECK(CALL(PAGER_OBJECT_SYNC, object) == 0);
	CHECK(CALL(PAGER_DROP_CACHE, 0) == 0);
	CHECK(CALL(PAGER_OBJECT_TRUNCATE, object, PAGES(1)) == 0);
	CHECK(case_load(s, BASE + 1000) == 0);
}

void second_chance_case(void)
{
	struct fake_file *file = marked_file(4000), *hot = marked_file(60);
	uint64_t s = case_space(), again = 0;

	/* Pages in use survive a long scan past them. */
	case_map(s, BASE, 4000, 1, PAGER_FIXED | PAGER_SHARED, open_object(file), 0);
	case_map(s, BASE + PAGES(10000), 60, 1, PAGER_FIXED, open_object(hot), 0);
	for (uint64_t i = 0; i < 4000; i++) {
		CHECK(case_load(s, BASE + PAGES(i)) == mark(i));
		if (i % 100 == 0) {
			uint64_t before = space_find(s)->major_faults;

			for (uint64_t j = 0; j < 60; j++) {
				CHECK(case_load(s, BASE + PAGES(10000 + j)) == mark(j));
			}
			again += i > 0 ? space_find(s)->major_faults - before : 0;
		}
	}
	CHECK(cache_counts.evictions > 2500 && again == 0);
}

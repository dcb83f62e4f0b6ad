/* SPDX-License-Identifier: BSD-2-Clause */
/* See cases.h. Cases about objects and memory are in cases_objects.c. */
#include "tests/pager/cases.h"

#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "servers/pager/statistics.h"
#include "tests/pager/model.h"
#include "tests/pager/random.h"

#define BASE 0x40000000ul
#define PAGES(n) ((uint64_t)(n)*PAGE_BYTES)

uint64_t case_space(void)
{
	CHECK(CALL(PAGER_SPACE_CREATE, 0) == 0);
	return pager_result(1);
}

uint64_t case_map(uint64_t space, uint64_t address, uint64_t pages, unsigned protection,
		  unsigned flags, uint64_t object, uint64_t offset)
{
	int64_t status =
		CALL(PAGER_MAP, space, address, PAGES(pages), protection, flags, object, offset);

	if (status != 0) {
		fail("map of %lu pages at %#lx: %ld", (unsigned long)pages, (unsigned long)address,
		     (long)status);
	}
	return pager_result(1);
}

int case_fault(uint64_t space, uint64_t address, unsigned access)
{
	int code = fault_handle(space_find(space), address, access);

	return pager_finish() || code != 0 ? code : PAGER_FAULT_NO_MEMORY;
}

void case_store(uint64_t space, uint64_t address, uint8_t value)
{
	struct space *s = space_find(space);
	uint64_t entry = fake_entry(&s->kernel, (uint32_t)(address >> PAGE_SHIFT));

	if (!(entry & FAULT_WRITE)) {
		CHECK(case_fault(space, address, FAULT_WRITE) == 0);
		entry = fake_entry(&s->kernel, (uint32_t)(address >> PAGE_SHIFT));
	}
	CHECK(entry & FAULT_WRITE);
	((uint8_t *)frame_data((uint32_t)(entry >> 3)))[address % PAGE_BYTES] = value;
}

uint8_t case_load(uint64_t space, uint64_t address)
{
	struct space *s = space_find(space);
	uint64_t entry = fake_entry(&s->kernel, (uint32_t)(address >> PAGE_SHIFT));

	if (!(entry & FAULT_READ)) {
		CHECK(case_fault(space, address, FAULT_READ) == 0);
		entry = fake_entry(&s->kernel, (uint32_t)(address >> PAGE_SHIFT));
	}
	CHECK(entry & FAULT_READ);
	return ((uint8_t *)frame_data((uint32_t)(entry >> 3)))[address % PAGE_BYTES];
}

static void stack_case(void)
{
	uint64_t s = case_space(), top = 0x3000000000ul, low = top - PAGES(2048);
	struct pager_region *r = (void *)pager_xfer;

	case_map(s, low, 2048, 3, PAGER_FIXED | PAGER_STACK, 0, 0);
	CHECK(CALL(PAGER_REGIONS, s, 0, 0, 4) == 1);
	CHECK(r->end == top && r->start == top - PAGES(32));
	case_store(s, top - 8, 1);
	case_store(s, top - PAGES(100), 2); /* grows */
	CHECK(CALL(PAGER_REGIONS, s, 0, 0, 4) == 1 && r->start == top - PAGES(100));
	CHECK(CALL(PAGER_COPY_OUT, s, top - PAGES(300), 8, 0) == 8);
	case_store(s, low, 3);
	CHECK(case_fault(s, low - 1, FAULT_WRITE) == PAGER_FAULT_STACK_GUARD);
	CHECK(case_fault(s, low - PAGES(256), FAULT_READ) == PAGER_FAULT_STACK_GUARD);
	CHECK(case_fault(s, low - PAGES(257), FAULT_READ) == PAGER_FAULT_NO_REGION);
	CHECK(CALL(PAGER_COPY_OUT, s, low - 8, 8, 0) == -STATUS_FAULT);
	CHECK(CALL(PAGER_UNMAP, s, low, PAGES(2048)) == 0);

	/* A neighbour below keeps its distance. */
	case_map(s, low, 2048, 3, PAGER_FIXED | PAGER_STACK, 0, 0);
	/* Nothing is placed in the room it may grow into. */
	CHECK(CALL(PAGER_MAP, s, low + PAGES(5), PAGES(1), 3, 0, 0, 0) == 0);
	CHECK(pager_result(1) != low + PAGES(5));
	case_map(s, top - PAGES(500), 1, 3, PAGER_FIXED, 0, 0);
	case_store(s, top - PAGES(243), 1);
	CHECK(case_fault(s, top - PAGES(244), FAULT_WRITE) == PAGER_FAULT_STACK_GUARD);
	/* A place of its own choice has its guard too. */
	uint64_t at = case_map(s, 0, 64, 3, PAGER_STACK, 0, 0);

	CHECK(CALL(PAGER_MAP, s, at - PAGES(10), PAGES(1), 3, 0, 0, 0) == 0);
	CHECK(pager_result(1) != at - PAGES(10));
	/* Cut in two, the upper part does not grow. */
	CHECK(CALL(PAGER_UNMAP, s, at + PAGES(60), PAGES(2)) == 0);
	CHECK(case_fault(s, at + PAGES(61), FAULT_WRITE) == PAGER_FAULT_STACK_GUARD);
	case_store(s, at + PAGES(1), 1);
}

static void addresses_case(void)
{
	uint64_t s = case_space();

	case_map(s, BASE, 2, 1, PAGER_FIXED, 0, 0);
	CHECK(case_fault(s, 0, FAULT_READ) == PAGER_FAULT_NULL);
	CHECK(case_fault(s, 0xffff, FAULT_WRITE) == PAGER_FAULT_NULL);
	CHECK(case_fault(s, 0x10000, FAULT_READ) == PAGER_FAULT_NO_REGION);
	CHECK(case_fault(s, PAGER_SPACE_END, FAULT_READ) == PAGER_FAULT_NO_REGION);
	CHECK(case_fault(s, UINT64_MAX, FAULT_READ) == PAGER_FAULT_NO_REGION);
	CHECK(case_fault(s, BASE, FAULT_WRITE) == PAGER_FAULT_PROTECTION);
	CHECK(case_fault(s, BASE, FAULT_EXECUTE) == PAGER_FAULT_PROTECTION);
	CHECK(case_load(s, BASE + 5) == 0);
	/* Reading costs no memory. */
	CHECK(frames.by_kind[FRAME_PRIVATE] == 0);
	case_map(s, BASE, 1, 3, PAGER_FIXED, 0, 0);
	CHECK(case_load(s, BASE) == 0 && frames.by_kind[FRAME_PRIVATE] == 0);
	case_store(s, BASE, 7);
	CHECK(case_load(s, BASE) == 7 && frames.by_kind[FRAME_PRIVATE] == 1);
}

static void protection_case(void)
{
	uint64_t s = case_space();

	CHECK(CALL(PAGER_MAP, s, BASE, 4096, 6, PAGER_FIXED, 0, 0) == -STATUS_ACCES);
	CHECK(CALL(PAGER_MAP, s, BASE, 4096, 7, PAGER_FIXED, 0, 0) == -STATUS_ACCES);
	case_map(s, BASE, 4, 3, PAGER_FIXED, 0, 0);
	CHECK(CALL(PAGER_PROTECT, s, BASE, 4096, 7) == -STATUS_ACCES);
	case_store(s, BASE, 0x13);
	CHECK(CALL(PAGER_PROTECT, s, BASE, 4096, 5) == 0); /* seal */
	CHECK((fake_entry(&space_find(s)->kernel, BASE >> PAGE_SHIFT) & 7) == 5);
	CHECK(case_fault(s, BASE, FAULT_WRITE) == PAGER_FAULT_PROTECTION);
	CHECK(CALL(PAGER_COPY_OUT, s, BASE, 4, 0) == -STATUS_FAULT);
	CHECK(CALL(PAGER_STORE, s, BASE, 4, 1) == -STATUS_FAULT);
	CHECK(CALL(PAGER_PROTECT, s, BASE, 4096, 0) == 0);
	CHECK(fake_entry(&space_find(s)->kernel, BASE >> PAGE_SHIFT) == 0);
	CHECK(CALL(PAGER_COPY_IN, s, BASE, 4, 0) == -STATUS_FAULT);
	CHECK(CALL(PAGER_PROTECT, s, BASE, 4096, 3) == 0);
	CHECK(case_load(s, BASE) == 0x13);
	/* Up to a hole, then an error. */
	CHECK(CALL(PAGER_PROTECT, s, BASE + PAGES(2), PAGES(4), 1) == -STATUS_NOMEM);
	CHECK(case_fault(s, BASE + PAGES(3), FAULT_WRITE) == PAGER_FAULT_PROTECTION);
	/* A file opened read-only. */
	CHECK(CALL(PAGER_OBJECT_ANONYMOUS, 4096) == 0);
	uint64_t object = pager_result(1);

	CHECK(CALL(PAGER_MAP, s, BASE, 4096, 3, 17 | PAGER_FIXED | PAGER_NEVER_WRITE, object, 0) ==
	      -STATUS_ACCES);
	case_map(s, BASE, 1, 1, PAGER_SHARED | PAGER_FIXED | PAGER_NEVER_WRITE, object, 0);
	CHECK(CALL(PAGER_PROTECT, s, BASE, 4096, 3) == -STATUS_ACCES);
	CHECK(CALL(PAGER_PROTECT, s, BASE, 4096, 5) == 0);
}

struct wrong {
	uint32_t label;
	int64_t status;
	uint64_t words[7];
};

/* Bad arguments, one line each. The space is 1; [BASE, +4 pages) is private anonymous memory. */
static const struct wrong wrongs[] = {
	{0, -STATUS_NOSYS, {0}},
	{19, -STATUS_NOSYS, {1}},
	{37, -STATUS_NOSYS, {1}},
	{UINT32_MAX, -STATUS_NOSYS, {1}},
	{PAGER_SPACE_FORK, -STATUS_SRCH, {0}},
	{PAGER_SPACE_FORK, -STATUS_SRCH, {2}},
	{PAGER_SPACE_DESTROY, -STATUS_SRCH, {UINT64_MAX}},
	{PAGER_MAP, -STATUS_SRCH, {7, 0, 4096, 3}},
	{PAGER_MAP, -STATUS_INVAL, {1, 0, 0, 3}},
	{PAGER_MAP, -STATUS_INVAL, {1, 0, 4096, 8}},
	{PAGER_MAP, -STATUS_INVAL, {1, 0, 4096, 3, 1 << 20}},
	{PAGER_MAP, -STATUS_INVAL, {1, 0, 4096, 1ull << 32}},
	{PAGER_MAP, -STATUS_INVAL, {1, BASE + 1, 4096, 3, PAGER_FIXED}},
	{PAGER_MAP, -STATUS_INVAL, {1, 0, 4096, 3, PAGER_STACK | PAGER_SHARED}},
	{PAGER_MAP, -STATUS_INVAL, {1, 0, 4096, 3, 0, 1, 5}},
	{PAGER_MAP, -STATUS_BADF, {1, 0, 4096, 3, 0, 12345, 0}},
	{PAGER_MAP, -STATUS_BADF, {1, 0, 4096, 3, 0, 1, 0}},
	{PAGER_MAP, -STATUS_OVERFLOW, {1, 0, 4096, 3, 0, 1, -4096ull}},
	{PAGER_MAP, -STATUS_NOMEM, {1, 0, 1ull << 38, 3}},
	{PAGER_MAP, -STATUS_NOMEM, {1, 0, UINT64_MAX, 3}},
	{PAGER_MAP, -STATUS_NOMEM, {1, 0, 1ull << 36, 3}}, /* private and writable: a promise */
	{PAGER_MAP, -STATUS_NOMEM, {1, PAGER_SPACE_END - 4096, 8192, 3, PAGER_FIXED}},
	{PAGER_MAP, -STATUS_NOMEM, {1, -4096ull, 8192, 3, PAGER_FIXED}},
	{PAGER_MAP, -STATUS_PERM, {1, 0, 4096, 3, PAGER_FIXED}},
	{PAGER_MAP, -STATUS_PERM, {1, 0xf000, 8192, 3, PAGER_FIXED}},
	{PAGER_MAP, -STATUS_EXIST, {1, BASE, 4096, 3, PAGER_FIXED | PAGER_NOREPLACE}},
	{PAGER_MAP, -STATUS_AGAIN, {1, 0, 700ul << 12, 1, PAGER_LOCKED}},
	{PAGER_UNMAP, -STATUS_INVAL, {1, BASE + 8, 4096}},
	{PAGER_UNMAP, -STATUS_INVAL, {1, BASE, 0}},
	{PAGER_UNMAP, -STATUS_INVAL, {1, PAGER_SPACE_END, 4096}},
	{PAGER_UNMAP, -STATUS_INVAL, {1, 4096, UINT64_MAX}},
	{PAGER_PROTECT, -STATUS_INVAL, {1, BASE + 1, 4096, 1}},
	{PAGER_PROTECT, -STATUS_INVAL, {1, BASE, 4096, 16}},
	{PAGER_PROTECT, -STATUS_NOMEM, {1, BASE - 4096, 8192, 1}},
	{PAGER_PROTECT, -STATUS_NOMEM, {1, BASE, UINT64_MAX, 1}},
	{PAGER_PROTECT, 0, {1, BASE, 0, 1}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 4096, 0, 1}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 4096, 4096, 8}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE + 1, 4096, 4096, 1}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 4096, 4096, 2, BASE + PAGES(50)}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 4096, 8192, 5, 0}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 4096, 4096, 3, BASE + 1}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 8192, 8192, 3, BASE + 4096}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 4096, UINT64_MAX, 1}},
	{PAGER_REMAP, -STATUS_INVAL, {1, BASE, 0, 4096, 1}},
	{PAGER_REMAP, -STATUS_PERM, {1, BASE, 4096, 4096, 3, 0}},
	{PAGER_REMAP, -STATUS_FAULT, {1, BASE - 4096, 4096, 8192, 1}},
	{PAGER_REMAP, -STATUS_FAULT, {1, BASE, PAGES(9), PAGES(10), 1}},
	{PAGER_REMAP, -STATUS_NOMEM, {1, BASE, PAGES(1), PAGES(2), 0}},
	{PAGER_REMAP, -STATUS_NOMEM, {1, BASE, PAGES(4), 1ull << 36, 1}},
	{PAGER_ADVISE, -STATUS_INVAL, {1, BASE, 4096, 99}},
	{PAGER_ADVISE, -STATUS_INVAL, {1, BASE + 1, 4096, 4}},
	{PAGER_ADVISE, -STATUS_INVAL, {1, BASE, UINT64_MAX, 4}},
	{PAGER_ADVISE, -STATUS_INVAL, {1, BASE, 4096, 9}},
	{PAGER_ADVISE, -STATUS_NOMEM, {1, BASE, PAGES(5), 4}},
	{PAGER_ADVISE, -STATUS_NOMEM, {1, BASE, PAGES(5), 20}},
	{PAGER_ADVISE, -STATUS_NOMEM, {1, BASE, PAGES(5), 22}},
	{PAGER_ADVISE, 0, {1, BASE, PAGES(4), 14}},
	{PAGER_SYNC_RANGE, -STATUS_INVAL, {1, BASE, 4096, 5}},
	{PAGER_SYNC_RANGE, -STATUS_INVAL, {1, BASE, 4096, 8}},
	{PAGER_SYNC_RANGE, -STATUS_INVAL, {1, BASE + 1, 4096, 4}},
	{PAGER_SYNC_RANGE, -STATUS_NOMEM, {1, BASE - 4096, 8192, 4}},
	{PAGER_SYNC_RANGE, 0, {1, BASE, 4096, 1}},
	{PAGER_LOCK, -STATUS_INVAL, {1, BASE, 4096, 2}},
	{PAGER_LOCK, -STATUS_INVAL, {1, BASE, UINT64_MAX, 1}},
	{PAGER_LOCK, -STATUS_NOMEM, {1, BASE, PAGES(5), 1}},
	{PAGER_LOCK, -STATUS_NOMEM, {1, BASE, PAGES(700), 1}},
	{PAGER_LOCK, 0, {1, BASE, 0, 1}},
	{PAGER_MINCORE, -STATUS_INVAL, {1, BASE + 1, 4096, 0}},
	{PAGER_MINCORE, -STATUS_INVAL, {1, BASE, 4096, PAGER_XFER_SIZE}},
	{PAGER_MINCORE, -STATUS_INVAL, {1, BASE, UINT64_MAX, 0}},
	{PAGER_MINCORE, -STATUS_NOMEM, {1, BASE, PAGES(5), 0}},
	{PAGER_COPY_IN, -STATUS_INVAL, {1, BASE, 8, PAGER_XFER_SIZE - 7}},
	{PAGER_COPY_IN, -STATUS_INVAL, {1, BASE, UINT64_MAX, 8}},
	{PAGER_COPY_IN, -STATUS_FAULT, {1, 0, 8, 0}},
	{PAGER_COPY_IN, -STATUS_FAULT, {1, -8ull, 16, 0}},
	{PAGER_COPY_IN, 0, {1, 0, 0, 0}},
	{PAGER_COPY_OUT, -STATUS_INVAL, {1, BASE, 8, UINT64_MAX}},
	{PAGER_COPY_OUT, -STATUS_FAULT, {1, PAGER_SPACE_END, 8, 0}},
	{PAGER_COPY_IN_STRING, -STATUS_INVAL, {1, BASE, 1 << 20, 0}},
	{PAGER_LOAD, -STATUS_INVAL, {1, BASE + 2, 4}},
	{PAGER_LOAD, -STATUS_INVAL, {1, BASE + 4, 8}},
	{PAGER_LOAD, -STATUS_INVAL, {1, BASE, 2}},
	{PAGER_LOAD, -STATUS_FAULT, {1, UINT64_MAX - 7, 8}},
	{PAGER_STORE, -STATUS_FAULT, {1, 0, 4, 1}},
	{PAGER_COMPARE_EXCHANGE, -STATUS_INVAL, {1, BASE + 2, 0, 0}},
	{PAGER_KEY, -STATUS_FAULT, {1, BASE - 4}},
	{PAGER_KEY, -STATUS_FAULT, {1, UINT64_MAX - 3}},
	{PAGER_OBJECT_OPEN, -STATUS_INVAL, {0, 1, 0, 0}},
	{PAGER_OBJECT_OPEN, -STATUS_INVAL, {1, 1, 0, 2}},
	{PAGER_OBJECT_OPEN, -STATUS_INVAL, {1ull << 32, 1, 0, 0}},
	{PAGER_OBJECT_OPEN, -STATUS_NOENT, {1, 77, 0, 0}},
	{PAGER_OBJECT_ANONYMOUS, -STATUS_NOMEM, {UINT64_MAX}},
	{PAGER_OBJECT_CLOSE, -STATUS_BADF, {0}},
	{PAGER_OBJECT_CLOSE, -STATUS_BADF, {UINT64_MAX}},
	{PAGER_OBJECT_READ, -STATUS_BADF, {5, 0, 1, 1, BASE}},
	{PAGER_OBJECT_TRUNCATE, -STATUS_BADF, {1, 0}},
	{PAGER_STATISTICS, -STATUS_INVAL, {PAGER_XFER_SIZE}},
	{PAGER_STATISTICS, -STATUS_INVAL, {3}},
	{PAGER_SPACE_STATISTICS, -STATUS_INVAL, {1, PAGER_XFER_SIZE - 8}},
	{PAGER_REGIONS, -STATUS_INVAL, {1, 0, 0, 1 << 20}},
	{PAGER_REGIONS, -STATUS_INVAL, {1, 0, PAGER_XFER_SIZE - 64, 1}},
	{PAGER_REGIONS, 0, {1, UINT64_MAX, 0, 1}},
	{PAGER_OBJECT_FORGET, 0, {1, 77}},
};

static void arguments_case(void)
{
	uint64_t s = case_space();

	CHECK(s == 1);
	case_map(s, BASE, 4, 3, PAGER_FIXED, 0, 0);
	case_map(s, BASE + PAGES(5), 1, 1, PAGER_FIXED, 0, 0);
	CHECK(CALL(PAGER_UNMAP, s, BASE + PAGES(5), 4096) == 0);
	case_map(s, BASE + PAGES(1024), 1, 1, PAGER_FIXED, 0, 0);
	for (unsigned i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const struct wrong *w = &wrongs[i];
		uint64_t at = BASE + PAGES(4);
		int64_t status;

		/* Growing in place must meet a neighbour. */
		case_map(s, at, 1, 1, PAGER_FIXED, 0, 0);
		if (w->label != PAGER_REMAP) {
			CHECK(CALL(PAGER_UNMAP, s, at, 4096) == 0);
		}
		status = pager_call(w->label, 7, w->words);
		if (status != w->status) {
			fail("line %u, label %u: %ld instead of %ld", i, w->label, (long)status,
			     (long)w->status);
		}
		CHECK(CALL(PAGER_UNMAP, s, at, 4096) == 0);
	}
	CHECK(frames.by_kind[FRAME_PRIVATE] <= 4);
	model_check_frames();
}

static void strings_case(void)
{
	uint64_t s = case_space();
	uint64_t end = BASE + PAGES(2);

	case_map(s, BASE, 2, 3, PAGER_FIXED, 0, 0);
	memset(pager_xfer, 'x', 8192);
	CHECK(CALL(PAGER_COPY_OUT, s, BASE, 8192, 0) == 8192);
	CHECK(CALL(PAGER_COPY_IN_STRING, s, end - 100, 200, 0) == -STATUS_FAULT);
	CHECK(CALL(PAGER_COPY_IN_STRING, s, end - 100, 100, 0) == -STATUS_NAMETOOLONG);
	CHECK(CALL(PAGER_STORE, s, end - 8, 8, 0) == 0);
	CHECK(CALL(PAGER_COPY_IN_STRING, s, end - 100, 200, 0) == 92);
	CHECK(strlen((char *)pager_xfer) == 92);
	CHECK(CALL(PAGER_COPY_IN_STRING, s, end - 8, 200, 0) == 0 && pager_xfer[0] == 0);
	CHECK(CALL(PAGER_COPY_IN_STRING, s, BASE + 4000, 4200, 0) == 4184);
	CHECK(CALL(PAGER_COPY_IN_STRING, s, end, 10, 0) == -STATUS_FAULT);
	CHECK(CALL(PAGER_COPY_IN_STRING, s, BASE, 0, 0) == -STATUS_NAMETOOLONG);
}

static void words_case(void)
{
	uint64_t s = case_space(), child, other;

	case_map(s, BASE, 1, 3, PAGER_FIXED, 0, 0);
	case_map(s, BASE + PAGES(4), 2, 3, PAGER_FIXED | PAGER_SHARED, 0, 0);
	CHECK(CALL(PAGER_LOAD, s, BASE, 8) == 0 && pager_result(1) == 0);
	CHECK(CALL(PAGER_STORE, s, BASE + 8, 8, 0x1122334455667788) == 0);
	CHECK(CALL(PAGER_LOAD, s, BASE + 12, 4) == 0 && pager_result(1) == 0x11223344);
	CHECK(CALL(PAGER_COMPARE_EXCHANGE, s, BASE + 8, 0, 9) == 0);
	CHECK(pager_result(1) == 0x55667788);
	CHECK(CALL(PAGER_COMPARE_EXCHANGE, s, BASE + 8, 0x55667788, 9) == 0);
	CHECK(CALL(PAGER_LOAD, s, BASE + 8, 4) == 0 && pager_result(1) == 9);

	CHECK(CALL(PAGER_SPACE_FORK, s) == 0);
	child = pager_result(1);
	CHECK(CALL(PAGER_STORE, child, BASE + 8, 4, 10) == 0);
	CHECK(CALL(PAGER_STORE, child, BASE + PAGES(4), 4, 11) == 0);
	CHECK(CALL(PAGER_LOAD, s, BASE + 8, 4) == 0 && pager_result(1) == 9);
	CHECK(CALL(PAGER_LOAD, s, BASE + PAGES(4), 4) == 0 && pager_result(1) == 11);

	/* Keys: the same for shared words, different for private ones. */
	CHECK(CALL(PAGER_KEY, s, BASE + PAGES(5) + 4) == 0);
	other = pager_result(1);
	CHECK(pager_result(2) == PAGES(1) + 4);
	CHECK(CALL(PAGER_KEY, child, BASE + PAGES(5) + 4) == 0);
	CHECK(pager_result(1) == other && pager_result(2) == PAGES(1) + 4);
	CHECK(CALL(PAGER_KEY, s, BASE + 8) == 0);
	other = pager_result(1);
	CHECK(CALL(PAGER_KEY, child, BASE + 8) == 0 && pager_result(1) != other);
}

static void remap_case(void)
{
	uint64_t s = case_space(), at, object;

	/* The same shared memory at a second place. */
	case_map(s, BASE, 4, 3, PAGER_FIXED | PAGER_SHARED, 0, 0);
	case_store(s, BASE + PAGES(1), 42);
	CHECK(CALL(PAGER_REMAP, s, BASE + PAGES(1), 0, PAGES(2), 1, 0) == 0);
	at = pager_result(1);
	CHECK(case_load(s, at) == 42);
	case_store(s, at, 43);
	CHECK(case_load(s, BASE + PAGES(1)) == 43);
	CHECK(CALL(PAGER_REMAP, s, BASE + PAGES(1), 0, PAGES(2), 0, 0) == -STATUS_INVAL);

	/* Leave the old range empty, keep the region. */
	case_map(s, BASE + PAGES(10), 2, 3, PAGER_FIXED, 0, 0);
	case_store(s, BASE + PAGES(10), 5);
	CHECK(CALL(PAGER_REMAP, s, BASE + PAGES(10), PAGES(2), PAGES(2), 5, 0) == 0);
	at = pager_result(1);
	CHECK(case_load(s, at) == 5 && case_load(s, BASE + PAGES(10)) == 0);

	/* Mapped behind the end of the object. */
	CHECK(CALL(PAGER_OBJECT_ANONYMOUS, PAGES(2)) == 0);
	object = pager_result(1);
	at = case_map(s, 0, 1, 3, PAGER_SHARED, object, 0);
	CHECK(CALL(PAGER_REMAP, s, at, PAGES(1), PAGES(3), 1, 0) == 0);
	at = pager_result(1);
	case_store(s, at + PAGES(1), 1);
	CHECK(case_fault(s, at + PAGES(2), FAULT_READ) == PAGER_FAULT_BEYOND_FILE);
	/* Locked regions grow locked and resident. */
	at = case_map(s, 0, 1, 3, PAGER_LOCKED, 0, 0);
	CHECK(CALL(PAGER_REMAP, s, at, PAGES(1), PAGES(3), 1, 0) == 0);
	at = pager_result(1);
	CHECK(CALL(PAGER_MINCORE, s, at, PAGES(3), 0) == 0);
	CHECK(pager_xfer[0] == 1 && pager_xfer[1] == 1 && pager_xfer[2] == 1);
}

static void many_spaces_case(void)
{
	uint64_t numbers[SPACES_MAX], base = frames.free;
	unsigned n = 0;

	for (;;) {
		int64_t status = CALL(PAGER_SPACE_CREATE, 0);

		if (status != 0) {
			CHECK(status == -STATUS_AGAIN);
			break;
		}
		CHECK(n < SPACES_MAX);
		numbers[n++] = pager_result(1);
	}
	CHECK(n == SPACES_MAX && fake_spaces == SPACES_MAX);
	while (n > 0) {
		CHECK(CALL(PAGER_SPACE_DESTROY, numbers[--n]) == 0);
	}
	CHECK(fake_spaces <= 32 && frames.free >= base - 8);
	/* Without kernel memory: idle objects serve again. */
	fake_banks_left = 0;
	CHECK(case_space() > 0);
	for (unsigned i = 0; i < 31; i++) {
		case_space();
	}
	CHECK(CALL(PAGER_SPACE_CREATE, 0) == -STATUS_NOMEM);
}

static void many_regions_case(void)
{
	uint64_t s = case_space();
	unsigned n = 0;
	int64_t status;

	case_map(s, BASE, 140000, 1, PAGER_FIXED, 0, 0);
	while ((status = CALL(PAGER_PROTECT, s, BASE + PAGES(2 * n), 4096, 5)) == 0) {
		n++;
	}
	CHECK(status == -STATUS_NOMEM && n > 32000 && space_find(s)->region_count <= REGIONS_MAX);
	CHECK(CALL(PAGER_MAP, s, 0, 4096, 1, 0, 0, 0) ==
	      (n * 2 + 1 >= REGIONS_MAX ? -STATUS_NOMEM : 0));
	/* And back to one. */
	CHECK(CALL(PAGER_PROTECT, s, BASE, PAGES(140000), 1) == 0);
	CHECK(space_find(s)->region_count <= 2);
	CHECK(CALL(PAGER_SPACE_DESTROY, s) == 0);
}

/* Everything that words can say. Nothing to compare: it must survive, and its books must balance. */
static void fuzz_case(void)
{
	static const uint64_t odd[] = {0,
				       1,
				       2,
				       3,
				       4,
				       5,
				       8,
				       4095,
				       4096,
				       4097,
				       BASE,
				       BASE + 4096,
				       BASE + (2ul << 20),
				       1ul << 30,
				       1ul << 32,
				       PAGER_SPACE_FIRST,
				       PAGER_SPACE_END,
				       PAGER_SPACE_END - 4096,
				       UINT64_MAX,
				       UINT64_MAX - 4095,
				       1ul << 63,
				       1ul << 48,
				       300000};
	unsigned n = sizeof(odd) / sizeof(odd[0]);

	for (unsigned i = 0; i < 8; i++) {
		struct fake_file *file = fake_file_make(1);

		file->size = PAGES(i * 3) + i;
	}
	for (unsigned i = 0; i < 60000; i++) {
		uint64_t words[7];
		uint32_t label = (uint32_t)random_below(40);

		if ((label == PAGER_SPACE_DESTROY || label == PAGER_SPACE_CREATE) &&
		    random_below(8) != 0) {
			continue;
		}
		for (unsigned j = 0; j < 7; j++) {
			words[j] = odd[random_below(random_below(2) ? 10 : n)];
			words[j] += random_below(16) == 0 ? random_below(1 << 20) : 0;
		}
		pager_call(label, (unsigned)random_below(8), words);
		if (random_below(4) == 0 && space_find(words[0]) != NULL) {
			case_fault(words[0], words[1], 1u << random_below(3));
		}
		if (i % 500 == 0) {
			model_check_frames();
		}
	}
}

const struct pager_case pager_cases[] = {
	{"stack", stack_case, 4000},
	{"addresses", addresses_case, 1000},
	{"protection", protection_case, 1000},
	{"arguments", arguments_case, 1000},
	{"strings", strings_case, 1000},
	{"words", words_case, 1000},
	{"remap", remap_case, 1000},
	{"many-spaces", many_spaces_case, 1000},
	{"many-regions", many_regions_case, 4000},
	{"fuzz", fuzz_case, 2000},
	{"read-ahead", read_ahead_case, 4000},
	{"file-larger-than-memory", large_file_case, 1000},
	{"fork-cost", fork_cost_case, 8000},
	{"fork-unmap", fork_unmap_case, 12000},
	{"dirty-bound", dirty_bound_case, 2000},
	{"write-errors", write_errors_case, 1000},
	{"unlink", unlink_case, 1000},
	{"advice", advice_case, 2000},
	{"memory-full", memory_full_case, 600},
	{"floor", floor_case, 600},
	{"figures", figures_case, 1000},
	{"tables", tables_case, 9000},
	{"tail", tail_case, 1000},
	{"second-chance", second_chance_case, 1000},
	{"bytes", bytes_case, 1000},
};
const unsigned pager_case_count = sizeof(pager_cases) / sizeof(pager_cases[0]);

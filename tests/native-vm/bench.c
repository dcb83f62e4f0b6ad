/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it takes, in instructions, to revoke a pool that is mapped in several
 * spaces, for each entry; and operations on a whole space, by what is resident
 * in it. One hart, instructions counted, as in tests/native-kernel/bench.c.
 *
 * pool.revoke.entry: 64 MiB in 8 spaces by entries of 4 KiB; .16M: 16 MiB. If
 * the two differ, it is not linear.
 */
#include <stdio.h>

#include "tests/native-vm/resident.h"

#define SPACES 8u
#define MEMORY_BITS 23 /* for objects and tables */
#define SMALL_POOL_BITS 21

static uint64_t instructions(uint64_t ticks)
{
	return ticks * (1000000000ull / BOOT->timebase_hz);
}

static void report(const char *name, uint64_t value, uint64_t samples)
{
	log_print("bench %s %lu instructions %lu\n", name, value, samples);
}

/* An Untyped of 2^bits bytes from any RAM that has room. */
static cap_t take_ram(unsigned bits)
{
	cap_t slot = new_slot();

	for (unsigned i = 0; i < BOOT->untyped_count; i++) {
		if (!BOOT->untyped[i].is_device &&
		    invoke5(BOOT_SLOT_UNTYPED + i, UNTYPED_RETYPE, OBJECT_UNTYPED, bits, 1, slot,
			    0) == ERR_OK)
			return slot;
	}
	test_fail("no RAM for 2^%u bytes", bits);
}

static void revoke_pool(const char *name, cap_t ram, cap_t memory, unsigned mib)
{
	static struct resident spaces[SPACES];
	cap_t pool = make_object(OBJECT_POOL), part = new_slot();
	unsigned bits = 20;

	while (1u << (bits - 20) < mib)
		bits++;
	CHECK_OK(invoke5(ram, UNTYPED_RETYPE, OBJECT_UNTYPED, bits, 1, part, 0));
	CHECK_OK(invoke5(pool, POOL_ADD_EXTENT, part, 0, 0, 0, 0));
	for (unsigned i = 0; i < SPACES; i++)
		resident_make(&spaces[i], memory, pool, mib);
	uint64_t entries = SPACES * spaces[0].pages, from = time_ticks();

	CHECK_OK(delete_cap(pool));
	from = time_ticks() - from;
	report(name, (instructions(from) + entries / 2) / entries, entries);
	for (unsigned i = 0; i < SPACES; i++)
		CHECK_EQUAL(query(spaces[i].space, SPACE_INFO, 0), 0);
	CHECK_OK(revoke_cap(ram));
	CHECK_OK(revoke_cap(memory));
}

static void bench_revoke(void)
{
	cap_t ram = take_ram(26), memory = make(OBJECT_UNTYPED, MEMORY_BITS);

	revoke_pool("pool.revoke.entry.16M", ram, memory, 16);
	revoke_pool("pool.revoke.entry", ram, memory, 64);
	CHECK_OK(delete_cap(ram));
}

/*
 * W taken from all of a space of 255 GiB, as a fork does: at once by PROTECT,
 * or lazily by FREEZE; and what is put off, for one leaf table that is full.
 */
static void bench_space(void)
{
	static const unsigned sizes[] = {1, 64, 1024};
	cap_t memory = make(OBJECT_UNTYPED, MEMORY_BITS), pool = make_pool(SMALL_POOL_BITS, NULL);
	char name[40];

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct resident r;

		resident_make(&r, memory, pool, sizes[i]);
		uint64_t from = time_ticks();

		CHECK_OK(resident_freeze(&r));
		from = time_ticks() - from;
		snprintf(name, sizeof(name), "space.freeze.%uM", sizes[i]);
		report(name, instructions(from), 1);
		CHECK_OK(resident_thaw(&r, 0)); /* the GiB, too */
		from = time_ticks();
		CHECK_OK(resident_thaw(&r, 1));
		from = time_ticks() - from;
		if (sizes[i] == 1024)
			report("space.thaw.table", instructions(from), 1);
		CHECK_OK(resident_protect(&r, RIGHT_READ | RIGHT_WRITE)); /* thaws the rest */
		from = time_ticks();
		CHECK_OK(resident_protect(&r, RIGHT_READ));
		from = time_ticks() - from;
		snprintf(name, sizeof(name), "space.protect.%uM", sizes[i]);
		report(name, instructions(from), 1);
		resident_end(&r);
		CHECK_OK(revoke_cap(memory));
	}
}

int main(void)
{
	static const struct test benches[] = {{"bench-pool", bench_revoke},
					      {"bench-space", bench_space}};

	harness_init();
	run_tests(benches, sizeof(benches) / sizeof(benches[0]));
	harness_done();
}

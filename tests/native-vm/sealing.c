/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealing: a page is made writable, new code is written into it, and it is
 * made executable and read-only, while racers on every hart store into it and
 * call it. In each round the code returns the round's number.
 *
 * Phases of round r: 4r opening, 4r+1 open (stores succeed, calls are
 * refused), 4r+2 sealing, 4r+3 sealed (stores are refused, calls return r).
 * And no store changes the page once it is sealed.
 *
 * Fails if the fence of other harts is left out after PROTECT or MAP took W
 * (vm/shootdown.c), or if W or X is kept in the entry. A fence.i left out is
 * not seen in an emulator whose harts notice changed code by themselves; on
 * hardware it is: a racer would call an older round's code.
 */
#include "tests/native-vm/race.h"

#define ROLE_STORE 0
#define ROLE_FETCH 1
#define BOTH 3u

static cap_t window, binding, own_window, own_binding;
static volatile uint64_t *page; /* the frame, in the main thread's space */

static void try_store(struct racer *r)
{
	uint64_t value = r->stored + 1, before = phase_get();
	bool is_done = access_store(HOT_VA + RACER_WORD(r->index), value) != ACCESS_REFUSED;

	/* Before the phase is read: who finds this racer's sign of a phase finds this too. */
	if (is_done)
		r->stored = value;
	uint64_t after = phase_get();

	if (is_done)
		r->stores++;
	else
		r->refused++;
	if (!phase_is_certain(before, after))
		return;
	if (is_done != (after % 4 == 1))
		race_wrong(r, "the store is done:", after, is_done, !is_done);
	race_see(r, ROLE_STORE, after, !is_done);
}

/* The last round sealed, or perhaps sealed, at a phase. */
static uint64_t sealed_at_least(uint64_t phase)
{
	return phase % 4 == 3 ? phase / 4 : phase / 4 - 1;
}

static uint64_t sealed_at_most(uint64_t phase)
{
	return phase % 4 >= 2 ? phase / 4 : phase / 4 - 1;
}

static void try_fetch(struct racer *r)
{
	uint64_t before = phase_get(), value = access_fetch(HOT_VA), after = phase_get();

	if (value == ACCESS_REFUSED) {
		r->refused++;
	} else {
		r->fetches++;
		if (value < code_value((uint32_t)sealed_at_least(before)))
			race_wrong(r, "older code:", before, value, sealed_at_least(before));
		if (value > code_value((uint32_t)sealed_at_most(after)))
			race_wrong(r, "newer code:", after, value, sealed_at_most(after));
	}
	if (!phase_is_certain(before, after))
		return;
	if (after % 4 == 1 && value != ACCESS_REFUSED)
		race_wrong(r, "called while writable:", after, value, ACCESS_REFUSED);
	if (after % 4 == 3 && value == ACCESS_REFUSED)
		race_wrong(r, "not called:", after, value, code_value((uint32_t)(after / 4)));
	race_see(r, ROLE_FETCH, after, value == ACCESS_REFUSED);
}

static void race(struct racer *r)
{
	for (uint64_t i = racer_random(r, 8) + 1; i > 0 && !race_rests(r, ROLE_STORE); i--)
		try_store(r);
	for (uint64_t i = racer_random(r, 8) + 1; i > 0 && !race_rests(r, ROLE_FETCH); i--)
		try_fetch(r);
}

static void setup(void)
{
	cap_t pool = make_pool(14, NULL);

	race_start(race);
	window = make_object(OBJECT_WINDOW);
	binding = make_object(OBJECT_BINDING);
	own_window = make_object(OBJECT_WINDOW);
	own_binding = make_object(OBJECT_BINDING);
	window_attach(race_twin.space, window, HOT_VA >> 12, 512, 0);
	window_attach(BOOT_SLOT_SPACE, own_window, OWN_VA >> 12, 512, 0);
	CHECK_OK(invoke5(binding, BINDING_BIND, window, pool, RWX, 0, 0));
	CHECK_OK(invoke5(own_binding, BINDING_BIND, own_window, pool, RW, 0, 0));
	item_ok(WINDOW_MAP, own_binding, OWN_VA >> 12, 1, RW, 0, WINDOW_ZERO);
	page = (volatile uint64_t *)OWN_VA;
	item_ok(WINDOW_MAP, binding, HOT_VA >> 12, 1, RW, 0, 0);
	phase_set(4); /* rounds begin at 1 */
	for (unsigned i = 0; i < racer_count; i++)
		CHECK_OK(worker_resume(racers[i].worker));
}

/* To writable, in ways that differ in the kernel. */
static void open_page(unsigned round)
{
	switch (round % 3) {
	case 0:
		item_ok(WINDOW_PROTECT, window, HOT_VA >> 12, 1, RW, 0, 0);
		break;
	case 1:
		item_ok(WINDOW_MAP, binding, HOT_VA >> 12, 1, RW, 0, 0);
		break;
	default:
		item_ok(WINDOW_UNMAP, window, HOT_VA >> 12, 1, 0, 0, 0);
		item_ok(WINDOW_MAP, binding, HOT_VA >> 12, 1, RW, 0, 0);
	}
}

/* To executable. */
static void seal_page(unsigned round)
{
	if (round % 4 == 3)
		item_ok(WINDOW_MAP, binding, HOT_VA >> 12, 1, RX, 0, WINDOW_FENCE_I);
	else
		item_ok(WINDOW_PROTECT, window, HOT_VA >> 12, 1, RX, 0, WINDOW_FENCE_I);
}

void test_sealing(void)
{
	uint64_t words[RACERS];
	unsigned rounds = RACE_ROUNDS;

	setup();
	for (unsigned round = 1; round <= rounds; round++) {
		uint64_t phase = 4ul * round;

		race_round(round);
		phase_set(phase);
		open_page(round);
		phase_set(phase + 1);
		code_write((volatile uint32_t *)page, round);
		race_wait(BOTH);
		phase_set(phase + 2);
		seal_page(round);
		phase_set(phase + 3);
		for (unsigned i = 0; i < racer_count; i++)
			words[i] = page[RACER_WORD(i) / 8];
		race_wait(BOTH);
		for (unsigned i = 0; i < racer_count; i++) {
			uint64_t word = page[RACER_WORD(i) / 8];

			if (word != words[i])
				test_fail("round %u: racer %u's word became %lx, was %lx when "
					  "sealed",
					  round, i, word, words[i]);
			if (race_is_active(i) && word != racers[i].stored)
				test_fail("round %u: racer %u's word is %lx, it stored %lx", round,
					  i, word, racers[i].stored);
		}
	}
	race_report("sealing", rounds);
}

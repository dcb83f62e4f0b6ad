/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Revoking: the hot page is taken away while racers on every hart store into
 * it and read it, and its frame is used in another space at once. Taken by an
 * unmap of the page, of one page of a 2 MiB leaf, of a whole table; by
 * deleting the binding or the window; by revoking the pool's memory. Where
 * only pages go, another one of a second pool keeps the table: else the fence
 * for the dropped table would hide that the pages' is missing.
 *
 * Phases of round r: 4r giving, 4r+1 given (accesses succeed), 4r+2 taking,
 * 4r+3 taken (accesses are refused). A racer stores values that name the round
 * in which it began. When the page is taken,
 *   - each store that was done is in the frame (no lost write);
 *   - what the main thread then writes into the frame stays (no stale write);
 *   - nobody reads what it writes (the racers look for its marks).
 *
 * Fails if the fence of other harts is left out in unmap, when a table is
 * dropped, or in unbind, which is also what happens when the window or the pool
 * is destroyed: its bindings go first. On hardware also if a hart that does not
 * run the space at that moment forgets to fence later (harts that park; hart 0,
 * where the main thread lives in another space).
 */
#include "tests/native-vm/race.h"

#define ROLE_STORE 0
#define ROLE_LOAD 1
#define BOTH 3u

#define POOL_BITS 21
#define PAGES 512u
#define GIVEN_MARK 0x4000000000000000ul	 /* the words of the page when it is given; and the round */
#define REUSED_MARK 0xc000000000000000ul /* what its next user writes */

enum way { UNMAP_PAGE, UNMAP_PART, UNMAP_TABLE, UNBIND, DETACH, REVOKE_POOL, WAYS };
static const char *const way_names[] = {"unmap",  "part of a leaf", "table",
					"unbind", "detach",	    "pool"};

static struct {
	cap_t window, binding, own_binding, pool, memory;
	cap_t window_home, binding_home, own_home, pool_home;
	cap_t own_window, anchor_pool, anchor_binding, anchor_home;
} caps;
static unsigned hot; /* page of the window */
static volatile uint64_t hot_va;

static uint64_t round_of(uint64_t value)
{
	return value >> 32;
}

/* --- racers --------------------------------------------------------------------------- */

static void try_store(struct racer *r)
{
	uint64_t before = phase_get();
	uint64_t value = before / 4 << 32 | ((uint32_t)r->stored + 1);
	bool is_done = access_store(hot_va + RACER_WORD(r->index), value) != ACCESS_REFUSED;

	if (is_done)
		r->stored = value; /* before the phase is read, as in sealing.c */
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

static void try_load(struct racer *r)
{
	uint64_t before = phase_get();
	uint64_t value = access_load(hot_va + RACER_WORD(r->index)), after = phase_get();

	if (value == ACCESS_REFUSED) {
		r->refused++;
	} else {
		r->loads++;
		if (value >= REUSED_MARK)
			race_wrong(r, "sees the next user's mark", before, value, r->stored);
	}
	if (!phase_is_certain(before, after))
		return;
	if ((value == ACCESS_REFUSED) != (after % 4 == 3))
		race_wrong(r, "loaded:", after, value, 0);
	/* What it stored in this round, or nothing yet. */
	if (after % 4 == 1 && round_of(r->stored) == after / 4 && value != r->stored)
		race_wrong(r, "lost:", after, value, r->stored);
	race_see(r, ROLE_LOAD, after, value == ACCESS_REFUSED);
}

static void race(struct racer *r)
{
	for (uint64_t i = racer_random(r, 8) + 1; i > 0 && !race_rests(r, ROLE_STORE); i--)
		try_store(r);
	for (uint64_t i = racer_random(r, 4) + 1; i > 0 && !race_rests(r, ROLE_LOAD); i--)
		try_load(r);
}

/* --- main thread ------------------------------------------------------------------------ */

static void bind(cap_t binding, cap_t home, cap_t window)
{
	race_remake(binding, home, OBJECT_BINDING);
	CHECK_OK(invoke5(binding, BINDING_BIND, window, caps.pool, RW, 0, 0));
}

static void make_window(void)
{
	race_remake(caps.anchor_binding, caps.anchor_home, OBJECT_BINDING);
	race_remake(caps.window, caps.window_home, OBJECT_WINDOW);
	window_attach(race_twin.space, caps.window, HOT_VA >> 12, PAGES, 0);
	CHECK_OK(invoke5(caps.anchor_binding, BINDING_BIND, caps.window, caps.anchor_pool,
			 RIGHT_READ, 0, 0));
}

/* Make again what goes when the page is taken this way. */
static void make_all(enum way way)
{
	if (way == REVOKE_POOL) {
		race_remake(caps.pool, caps.pool_home, OBJECT_POOL);
		CHECK_OK(invoke5(caps.pool, POOL_ADD_EXTENT, caps.memory, 0, 0, 0, 0));
		bind(caps.own_binding, caps.own_home, caps.own_window);
	}
	if (way == DETACH)
		make_window();
	if (way == REVOKE_POOL || way == DETACH || way == UNBIND)
		bind(caps.binding, caps.binding_home, caps.window);
}

static cap_t home(unsigned bits)
{
	return make(OBJECT_UNTYPED, bits);
}

static void setup(void)
{
	race_start(race);
	caps.memory = make(OBJECT_UNTYPED, POOL_BITS);
	caps.window_home = home(10);
	caps.pool_home = home(10);
	caps.binding_home = home(8);
	caps.own_home = home(8);
	caps.anchor_home = home(8);
	caps.anchor_pool = make_pool(12, NULL);
	caps.anchor_binding = new_slot();
	caps.window = new_slot();
	caps.binding = new_slot();
	caps.own_binding = new_slot();
	caps.pool = new_slot();
	caps.own_window = make_object(OBJECT_WINDOW);
	window_attach(BOOT_SLOT_SPACE, caps.own_window, OWN_VA >> 12, PAGES, 0);
	make_window();
	make_all(REVOKE_POOL);
	phase_set(0); /* round 0 is never given */
	hot_va = HOT_VA;
	for (unsigned i = 0; i < racer_count; i++)
		CHECK_OK(worker_resume(racers[i].worker));
}

static void give(enum way way, unsigned frame)
{
	uint64_t first = HOT_VA >> 12;

	switch (way) {
	case UNMAP_PART: /* one leaf; frame = hot */
		item_ok(WINDOW_MAP, caps.binding, first, PAGES, RW, 0, 0);
		break;
	case UNMAP_TABLE: /* frame = hot + 1: too crooked for a leaf */
		item_ok(WINDOW_MAP, caps.binding, first, PAGES - 1, RW, 1, 0);
		break;
	default:
		item_ok(WINDOW_MAP, caps.anchor_binding, first + PAGES - 1, 1, RIGHT_READ, 0, 0);
		item_ok(WINDOW_MAP, caps.binding, first + hot, 1, RW, frame, 0);
	}
}

static void take(enum way way)
{
	switch (way) {
	case UNMAP_PAGE:
	case UNMAP_PART:
		item_ok(WINDOW_UNMAP, caps.window, (HOT_VA >> 12) + hot, 1, 0, 0, 0);
		break;
	case UNMAP_TABLE:
		item_ok(WINDOW_UNMAP, caps.window, HOT_VA >> 12, PAGES, 0, 0, 0);
		break;
	case UNBIND:
		CHECK_OK(delete_cap(caps.binding));
		break;
	case DETACH:
		CHECK_OK(delete_cap(caps.window));
		break;
	default:
		CHECK_OK(revoke_cap(caps.pool_home));
		CHECK_OK(revoke_cap(caps.memory));
	}
}

/* The racers' words as the frame holds them; r->stored before it was taken is `acked`. */
static void words_check(volatile uint64_t *page, unsigned round, enum way way,
			const uint64_t *acked)
{
	for (unsigned i = 0; i < racer_count; i++) {
		uint64_t word = page[RACER_WORD(i) / 8];
		bool is_mark = word == (GIVEN_MARK | round);

		if (round_of(acked[i]) == round && (is_mark || word < acked[i]))
			test_fail("round %u (%s): racer %u's word is %lx, it had stored %lx", round,
				  way_names[way], i, word, acked[i]);
	}
}

/* The next user fills the page; when the racers have tried again it must be as it was filled. */
static void reuse(volatile uint64_t *page, unsigned round, enum way way)
{
	uint64_t words[RACERS];

	for (unsigned i = 0; i < racer_count; i++)
		words[i] = page[RACER_WORD(i) / 8];
	for (unsigned i = 0; i < 512; i++)
		page[i] = REUSED_MARK | round;
	race_wait(BOTH);
	for (unsigned i = 0; i < 512; i++) {
		if (page[i] != (REUSED_MARK | round))
			test_fail("round %u (%s): word %u became %lx after the page was taken",
				  round, way_names[way], i, page[i]);
	}
	for (unsigned i = 0; i < racer_count; i++) {
		uint64_t stored = racers[i].stored;

		if (race_is_active(i) && round_of(stored) == round && words[i] != stored)
			test_fail("round %u (%s): racer %u's word was %lx, it had stored %lx",
				  round, way_names[way], i, words[i], stored);
	}
}

static void run_round(unsigned round, enum way way)
{
	volatile uint64_t *page = (volatile uint64_t *)OWN_VA;
	unsigned frame = (unsigned)random_below(PAGES);
	uint64_t phase = 4ul * round, acked[RACERS];

	/* The page is not given yet: the racers may see the new address at any time. */
	hot = (unsigned)random_below(PAGES - 1);
	hot_va = HOT_VA + hot * 4096ul;
	if (way == UNMAP_PART)
		frame = hot;
	else if (way == UNMAP_TABLE)
		frame = hot + 1;
	item_ok(WINDOW_MAP, caps.own_binding, OWN_VA >> 12, 1, RW, frame, 0);
	for (unsigned i = 0; i < 512; i++)
		page[i] = GIVEN_MARK | round;
	item_ok(WINDOW_UNMAP, caps.own_window, OWN_VA >> 12, 1, 0, 0, 0);
	race_round(round);
	phase_set(phase);
	give(way, frame);
	phase_set(phase + 1);
	race_wait(BOTH);

	for (unsigned i = 0; i < racer_count; i++)
		acked[i] = racers[i].stored;
	phase_set(phase + 2);
	take(way);
	phase_set(phase + 3);
	make_all(way);
	item_ok(WINDOW_MAP, caps.own_binding, OWN_VA >> 12, 1, RW, frame, 0);
	words_check(page, round, way, acked);
	reuse(page, round, way);
	/* A racer that was held up since it looked for the hot page may see this one, later and
	 * rightly, beside another hot page. */
	for (unsigned i = 0; i < 512; i++)
		page[i] = GIVEN_MARK;
	item_ok(WINDOW_UNMAP, caps.own_window, OWN_VA >> 12, 1, 0, 0, 0);
	if (way != UNMAP_TABLE) /* the rest of the leaf, the anchor */
		item_ok(WINDOW_UNMAP, caps.window, HOT_VA >> 12, PAGES, 0, 0, 0);
}

void test_revoking(void)
{
	unsigned rounds = RACE_ROUNDS;

	setup();
	for (unsigned round = 1; round <= rounds; round++)
		run_round(round,
			  (enum way)(random_below(2) == 0 ? round / 8 % 2 : random_below(WAYS)));
	race_report("revoking", rounds);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remapping: as a pager does it for copy-on-write, the hot page loses W, is
 * copied into another frame, and that frame is mapped in its place, with W,
 * while racers on every hart count up a word each in it. W is taken by PROTECT,
 * or by CLONE into a third space, as fork does. The old frame is then filled
 * with zeroes.
 *
 * The page is always readable: no load is ever refused, and what a racer reads
 * of its own word is what it stored last; others' words never go back, nor
 * behind what they say to have stored. So it sees a lost store, a store into
 * the old frame, and the old frame itself.
 *
 * Phases: 2r while round r changes something, 2r+1 otherwise (stores succeed).
 *
 * Fails if the fence is left out where W goes (PROTECT, CLONE) or where MAP
 * replaces a frame. That MAP fences before it makes the new entry is not seen
 * from here, where faults wait for the whole call; tests/vm sees it.
 */
#include "tests/native-vm/race.h"

#define ROLE_STORE 0
#define FRAMES 16u

enum way {
	BY_PROTECT,
	BY_CLONE,
	BY_FREEZE, /* of the whole window; accesses meanwhile and the MAP thaw it */
	WAYS
};

static cap_t window, binding, own_window, own_binding, third_window;
static unsigned current_frame;
static volatile uint64_t others_seen[RACERS][RACERS];

/* --- racers --------------------------------------------------------------------------- */

static void try_load_other(struct racer *r)
{
	unsigned other = (unsigned)racer_random(r, racer_count);
	uint64_t stored = racers[other].stored, phase = phase_get();
	uint64_t value = access_load(HOT_VA + RACER_WORD(other));

	r->loads++;
	if (stored < others_seen[r->index][other])
		stored = others_seen[r->index][other];
	if (value == ACCESS_REFUSED || value < stored)
		race_wrong(r, "another's word goes back:", phase, value, stored);
	others_seen[r->index][other] = value;
}

static void try_count(struct racer *r)
{
	uint64_t va = HOT_VA + RACER_WORD(r->index), before = phase_get();
	uint64_t value = access_load(va);

	r->loads++;
	if (value != r->stored)
		race_wrong(r, value == ACCESS_REFUSED ? "the page is gone:" : "its word is", before,
			   value, r->stored);
	if (access_store(va, r->stored + 1) == ACCESS_REFUSED) {
		r->refused++;
		if (phase_is_certain(before, phase_get()))
			race_wrong(r, "the store is refused", before, 0, r->stored + 1);
		return;
	}
	r->stores++;
	__atomic_thread_fence(__ATOMIC_RELEASE); /* pairs with phase_get in try_load_other */
	r->stored++;
	uint64_t after = phase_get();

	if (phase_is_certain(before, after))
		race_see(r, ROLE_STORE, after, false);
}

static void race(struct racer *r)
{
	for (uint64_t i = racer_random(r, 16) + 1; i > 0; i--)
		try_count(r);
	try_load_other(r);
}

/* --- main thread ------------------------------------------------------------------------ */

static volatile uint64_t *frame_words(unsigned frame)
{
	return (volatile uint64_t *)(OWN_VA + frame * 4096ul);
}

static void setup(void)
{
	cap_t pool = make_pool(16, NULL), third = make_object(OBJECT_SPACE);
	cap_t third_binding = make_object(OBJECT_BINDING);

	race_start(race);
	memset((void *)others_seen, 0, sizeof(others_seen));
	window = make_object(OBJECT_WINDOW);
	binding = make_object(OBJECT_BINDING);
	own_window = make_object(OBJECT_WINDOW);
	own_binding = make_object(OBJECT_BINDING);
	third_window = make_object(OBJECT_WINDOW);
	bank_add(third, 16);
	window_attach(race_twin.space, window, HOT_VA >> 12, 512, 0);
	window_attach(BOOT_SLOT_SPACE, own_window, OWN_VA >> 12, 512, 0);
	window_attach(third, third_window, HOT_VA >> 12, 512, 0);
	CHECK_OK(invoke5(binding, BINDING_BIND, window, pool, RW, 0, 0));
	CHECK_OK(invoke5(own_binding, BINDING_BIND, own_window, pool, RW, 0, 0));
	CHECK_OK(invoke5(third_binding, BINDING_BIND, third_window, pool, RIGHT_READ, 0, 0));
	item_ok(WINDOW_MAP, own_binding, OWN_VA >> 12, FRAMES, RW, 0, WINDOW_ZERO);
	current_frame = 0;
	item_ok(WINDOW_MAP, binding, HOT_VA >> 12, 1, RW, 0, 0);
	phase_set(1);
	for (unsigned i = 0; i < racer_count; i++)
		CHECK_OK(worker_resume(racers[i].worker));
}

static void remap(enum way way, unsigned to)
{
	volatile uint64_t *old = frame_words(current_frame), *new = frame_words(to);
	struct window_item item = {.cap = binding,
				   .op = WINDOW_MAP,
				   .rights = RW,
				   .flags = WINDOW_EXPECT_PAGE,
				   .va_page = HOT_VA >> 12,
				   .pool_page = to,
				   .expected = current_frame,
				   .count = 1};

	if (way == BY_CLONE)
		item_ok(WINDOW_CLONE, window, HOT_VA >> 12, 1, 0, third_window, 0);
	else if (way == BY_FREEZE)
		item_ok(WINDOW_FREEZE, window, HOT_VA >> 12, 1, 0, 0, 0);
	else
		item_ok(WINDOW_PROTECT, window, HOT_VA >> 12, 1, RIGHT_READ, 0, 0);
	if (way == BY_FREEZE && to % 2 == 0) /* else an access or the MAP does it */
		item_ok(WINDOW_THAW, window, HOT_VA >> 12, 1, 0, 0, 0);
	/* From here on nobody stores into it. */
	for (unsigned i = 0; i < 512; i++)
		new[i] = old[i];
	CHECK_OK(window_item(&item, NULL));
	/* From here on nobody reads it either. */
	for (unsigned i = 0; i < 512; i++)
		old[i] = 0;
	if (way == BY_CLONE)
		item_ok(WINDOW_UNMAP, third_window, HOT_VA >> 12, 1, 0, 0, 0);
}

void test_remapping(void)
{
	unsigned rounds = RACE_ROUNDS;

	setup();
	for (unsigned round = 1; round <= rounds; round++) {
		unsigned from = current_frame;
		unsigned to = (from + 1 + (unsigned)random_below(FRAMES - 1)) % FRAMES;

		race_round(round);
		phase_set(2ul * round);
		remap((enum way)random_below(WAYS), to);
		current_frame = to;
		phase_set(2ul * round + 1);
		race_wait(1u << ROLE_STORE);
		for (unsigned i = 0; i < 512; i++) {
			if (frame_words(from)[i] != 0)
				test_fail("round %u: word %u of the old frame became %lx", round, i,
					  frame_words(from)[i]);
		}
	}
	race_report("remapping", rounds);
}

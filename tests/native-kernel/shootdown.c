/* SPDX-License-Identifier: BSD-2-Clause */
/* Spaces that take turns, and whom a change of a mapping interrupts. */
#include "tests/native-kernel/harness.h"

/* More than there are ASIDs of 4 bits, 1..15. */
#define SPACES 20
#define TURNS 30

static volatile unsigned turns_done[SPACES];
static volatile bool wrong[SPACES];

/* In a space of its own, where TEST_VA shows a page of its own. */
static void take_turns(void *argument)
{
	uint64_t self = (uint64_t)argument;
	volatile uint64_t *word = (volatile uint64_t *)TEST_VA;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		*word = self << 32 | turn;
		thread_yield();
		wrong[self] |= *word != (self << 32 | turn);
		turns_done[self]++;
	}
}

static void own_page(cap_t space)
{
	cap_t window = make_object(OBJECT_WINDOW), binding = make_object(OBJECT_BINDING);
	struct window_item item = {.cap = binding,
				   .op = WINDOW_MAP,
				   .rights = RIGHT_READ | RIGHT_WRITE,
				   .va_page = TEST_VA >> 12,
				   .count = 1};
	struct message m = {.words = {window, TEST_VA >> 12, 512, RIGHT_READ | RIGHT_WRITE, 0, 0}};

	CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(binding, BINDING_BIND, window, make_pool(12, NULL),
			 RIGHT_READ | RIGHT_WRITE, 0, 0));
	CHECK_OK(window_item(&item, NULL));
}

/*
 * All take turns on each hart, so with few ASIDs each switch may begin a new
 * generation. Fails if a space runs under the tables of another, or two under
 * one ASID on hardware that caches by it.
 */
static void test_many_spaces(void)
{
	for (unsigned i = 0; i < SPACES; i++) {
		static struct twin twin;

		turns_done[i] = 0;
		wrong[i] = false;
		twin_make(&twin);
		own_page(twin.space);
		CHECK_OK(worker_resume(worker_make_in(twin.space, BOOT_SLOT_CSPACE, take_turns,
						      (void *)(uint64_t)i, 100, 0)));
	}
	for (unsigned i = 0; i < SPACES; i++) {
		WAIT_UNTIL(turns_done[i] == TURNS);
		CHECK(!wrong[i]);
	}
}

SUITE(shootdown, {"shootdown-many-spaces", test_many_spaces});

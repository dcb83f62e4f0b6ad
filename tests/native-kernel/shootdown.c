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

/* --- whom a change interrupts ------------------------------------------------- */

static volatile uint64_t counts[BOOT_HARTS_MAX];

static void spin(void *argument)
{
	volatile uint64_t *count = argument;

	for (;;)
		(*count)++;
}

/* Wait until the thread runs. */
static struct worker *spinner(cap_t space, unsigned hart)
{
	struct worker *w;

	counts[hart] = 0;
	w = worker_make_in(space, BOOT_SLOT_CSPACE, spin, (void *)&counts[hart], 100, 1u << hart);
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(counts[hart] != 0);
	return w;
}

struct fences {
	uint64_t sent, targets;
};

/* What the main thread's hart, 0, has asked for. */
static struct fences fences(void)
{
	struct message m = {.words = {0}};

	CHECK_OK(invoke(BOOT_SLOT_HART, HART_INFO, 1, &m));
	return (struct fences){m.words[3], m.words[4]};
}

static void protect(const struct area *area, unsigned rights)
{
	struct window_item item = {.cap = area->window,
				   .op = WINDOW_PROTECT,
				   .rights = (uint8_t)rights,
				   .va_page = area->va >> 12,
				   .count = 1};

	CHECK_OK(window_item(&item, NULL));
}

/* Taking a right away interrupts `others` harts, giving it back none. */
static void check_fences(const struct area *area, unsigned others)
{
	struct fences before = fences(), after;

	protect(area, RIGHT_READ);
	after = fences();
	CHECK_EQUAL(after.sent - before.sent, others != 0);
	CHECK_EQUAL(after.targets - before.targets, others);
	protect(area, RIGHT_READ | RIGHT_WRITE);
	before = fences();
	CHECK_EQUAL(before.sent, after.sent);
	CHECK_EQUAL(before.targets, after.targets);
}

/*
 * The main thread changes one page while 0, 1, ... others run in its space,
 * each on a hart of its own, and the remaining harts idle or run in another
 * space. Fails if a hart is interrupted that does not run the space, or none
 * is that does.
 */
static void test_who_is_fenced(void)
{
	struct twin twin;
	struct area area;

	twin_make(&twin);
	area_make(&area, 0, 2 << 20, 12, 0, 0);
	CHECK_OK(area_map(&area, 0, 0, 1, RIGHT_READ | RIGHT_WRITE));
	main_on(1);
	check_fences(&area, 0);
	for (unsigned running = 0; running < BOOT->hart_count; running++) {
		struct worker *elsewhere[BOOT_HARTS_MAX];

		if (running != 0)
			spinner(BOOT_SLOT_SPACE, running);
		check_fences(&area, running);
		for (unsigned hart = running + 1; hart < BOOT->hart_count; hart++)
			elsewhere[hart] = spinner(twin.space, hart);
		check_fences(&area, running);
		for (unsigned hart = running + 1; hart < BOOT->hart_count; hart++)
			worker_end(elsewhere[hart]);
		check_fences(&area, running);
	}
}

SUITE(shootdown, {"shootdown-many-spaces", test_many_spaces},
      {"shootdown-who-is-fenced", test_who_is_fenced});

/* SPDX-License-Identifier: BSD-2-Clause */
/* Priorities, slices, masks, yield, stealing. */
#include "tests/native-kernel/harness.h"

#define SPINNERS 4

static volatile uint64_t counts[WORKERS];
static volatile unsigned order[64], order_used;

static void spin(void *argument)
{
	volatile uint64_t *count = argument;

	for (;;)
		(*count)++;
}

static void reset(void)
{
	memset((void *)counts, 0, sizeof(counts));
	order_used = 0;
}

static uint64_t hart_of(cap_t thread)
{
	return query(thread, THREAD_INFO, 3);
}

/* A thread of a lower priority does not run while one of a higher does, on one hart. */
static void test_priorities(void)
{
	reset();
	struct worker *low = worker_start_on(spin, (void *)&counts[0], 10, 1);
	WAIT_UNTIL(counts[0] != 0);
	struct worker *high = worker_start_on(spin, (void *)&counts[1], 20, 1);
	WAIT_UNTIL(counts[1] != 0);
	uint64_t before = counts[0];
	sleep_us(30000);
	CHECK_EQUAL(counts[0], before);
	/* The other way round, while both are ready. */
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, low->sched, 21, 1000, 1, 0));
	WAIT_UNTIL(counts[0] != before);
	before = counts[1];
	sleep_us(10000);
	CHECK_EQUAL(counts[1], before);
	CHECK_OK(delete_cap(low->thread));
	WAIT_UNTIL(counts[1] != before);
	CHECK_OK(delete_cap(high->thread));
}

/* All 256 priorities: the threads run in the order of theirs. */
static void note(void *argument)
{
	order[__atomic_fetch_add(&order_used, 1, __ATOMIC_RELAXED)] = (unsigned)(uint64_t)argument;
}

static void test_priority_order(void)
{
	static const unsigned priorities[] = {0, 1, 63, 64, 65, 127, 128, 191, 192, 199};
	enum { N = sizeof(priorities) / sizeof(priorities[0]) };

	reset();
	/* This thread, on the same hart, keeps them waiting. */
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 1, 0));
	for (unsigned i = 0; i < N; i++) {
		unsigned pick = (i * 7 + 3) % N;

		worker_start_on(note, (void *)(uint64_t)priorities[pick], priorities[pick], 1);
	}
	CHECK_EQUAL(order_used, 0);
	WAIT_UNTIL(order_used == N);
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 0, 0));
	for (unsigned i = 0; i < N; i++)
		CHECK_EQUAL(order[i], priorities[N - 1 - i]);
}

static void call_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		invoke5(0, THREAD_SUSPEND, 0, 0, 0, 0, 0);
}

/*
 * Let threads with slices 2:1:1:1 run; is the time they got in proportion?
 * Generously. The last one's slices mostly end in the kernel.
 */
static bool slices_are_kept(void)
{
	struct worker *w[SPINNERS];
	uint64_t ticks[SPINNERS], total = 0;
	bool is_kept;

	reset();
	for (unsigned i = 0; i < SPINNERS; i++) {
		w[i] = worker_make(i + 1 < SPINNERS ? spin : call_for_ever, (void *)&counts[i], 30,
				   1);
		CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w[i]->sched, 30,
				 BOOT->timebase_hz / (i == 0 ? 200 : 400), 1, 0));
	}
	for (unsigned i = 0; i < SPINNERS; i++)
		CHECK_OK(worker_resume(w[i]));
	sleep_us(300000);
	for (unsigned i = 0; i < SPINNERS; i++) {
		CHECK_OK(invoke5(w[i]->thread, THREAD_SUSPEND, 0, 0, 0, 0, 0));
		ticks[i] = query(w[i]->thread, THREAD_INFO, 2);
		total += ticks[i];
	}
	is_kept = ticks[0] * 5 > total && ticks[0] * 5 < total * 4;
	for (unsigned i = 1; i < SPINNERS; i++)
		is_kept = is_kept && ticks[i] * 15 > total && ticks[i] * 5 < total * 2;
	for (unsigned i = 0; i < SPINNERS; i++)
		worker_end(w[i]);
	return is_kept;
}

/* Threads of one priority on one hart share it by their slices. */
static void test_slices(void)
{
	CHECK_SHARE(slices_are_kept());
}

/* Extreme slices: the thread gets on, and so do the others. */
static void test_odd_slices(void)
{
	static const uint64_t slices[] = {1, 10, ~0ull, 1ull << 63, ~0ull - 1000000};

	for (unsigned i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		reset();
		struct worker *w = worker_make(spin, (void *)&counts[0], 30, 1);
		CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w->sched, 30, slices[i], 1, 0));
		CHECK_OK(worker_resume(w));
		WAIT_UNTIL(counts[0] > 1000);
		CHECK_OK(delete_cap(w->thread));
	}
}

static void test_mask(void)
{
	for (unsigned hart = 0; hart < BOOT->hart_count; hart++) {
		reset();
		struct worker *w = worker_start_on(spin, (void *)&counts[0], 30, 1u << hart);
		WAIT_UNTIL(counts[0] != 0);
		CHECK_EQUAL(hart_of(w->thread), hart);
		/* Moved while it runs. */
		uint64_t next = (hart + 1) % BOOT->hart_count;
		CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w->sched, 30, 10000, 1u << next,
				 0));
		uint64_t before = counts[0];
		WAIT_UNTIL(counts[0] != before);
		CHECK_EQUAL(hart_of(w->thread), next);
		CHECK_OK(delete_cap(w->thread));
	}
	/* And this thread itself. */
	for (unsigned hart = 0; hart < BOOT->hart_count; hart++) {
		CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT,
				 MAIN_PRIORITY, BOOT->timebase_hz / 100, 1u << hart, 0));
		CHECK_EQUAL(hart_of(BOOT_SLOT_THREAD), hart);
	}
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 0, 0));
}

/* As many threads as harts all run at once, without anybody placing them. */
static void test_all_harts(void)
{
	struct worker *w[8];
	unsigned n = BOOT->hart_count;
	uint64_t used = 0;

	reset();
	for (unsigned i = 0; i < n; i++)
		w[i] = worker_start_on(spin, (void *)&counts[i], 30, 0);
	for (unsigned i = 0; i < n; i++)
		WAIT_UNTIL(counts[i] != 0);
	sleep_us(50000);
	for (unsigned i = 0; i < n; i++)
		used |= 1u << hart_of(w[i]->thread);
	CHECK_EQUAL(used, (1u << n) - 1);
}

/* A hart with nothing to do takes what waits on another: its spinner ends. */
static void test_steal(void)
{
	if (BOOT->hart_count < 2)
		return;
	reset();
	struct worker *blocker = worker_start_on(spin, (void *)&counts[0], 40, 2);
	WAIT_UNTIL(counts[0] != 0);
	/* Filled with pinned spinners of higher priority, every hart is busy... */
	struct worker *others[8];
	for (unsigned i = 0; i < BOOT->hart_count; i++)
		others[i] =
			i == 1 ? NULL : worker_start_on(spin, (void *)&counts[2 + i], 40, 1u << i);
	struct worker *w = worker_start_on(spin, (void *)&counts[1], 30, 0);
	sleep_us(20000);
	CHECK_EQUAL(counts[1], 0);
	/* ...until one ends, which need not be where the thread waits. */
	CHECK_OK(delete_cap(others[BOOT->hart_count - 1] != NULL
				    ? others[BOOT->hart_count - 1]->thread
				    : others[0]->thread));
	WAIT_UNTIL(counts[1] != 0);
	CHECK_OK(delete_cap(blocker->thread));
	CHECK_OK(delete_cap(w->thread));
}

static void spin_a_while(void *argument)
{
	uint64_t from = time_ticks();

	(void)argument;
	while (time_ticks() - from < BOOT->timebase_hz / 200)
		;
}

/*
 * A hart idles since before: it takes a thread that loses another hart to one
 * of higher priority which may run nowhere else.
 */
static void test_displaced(void)
{
	uint64_t from, before;

	if (BOOT->hart_count < 2)
		return;
	reset();
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 1, 0));
	for (unsigned i = 1; i < BOOT->hart_count; i++)
		worker_start_on(spin_a_while, NULL, 40, 1u << i);
	worker_start_on(spin, (void *)&counts[0], 30, 0);
	sleep_us(20000); /* it runs here, the others have ended */
	before = counts[0];
	from = time_ticks();
	while (counts[0] == before && time_ticks() - from < BOOT->timebase_hz)
		;
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 0, 0));
	CHECK(time_ticks() - from < BOOT->timebase_hz);
}

static void yielder(void *argument)
{
	for (unsigned i = 0; i < 8; i++) {
		order[__atomic_fetch_add(&order_used, 1, __ATOMIC_RELAXED)] =
			(unsigned)(uint64_t)argument;
		thread_yield();
	}
}

/* Threads of one priority that yield take turns. */
static void test_yield(void)
{
	reset();
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 1, 0));
	for (uint64_t i = 0; i < 3; i++) {
		struct worker *w = worker_make(yielder, (void *)i, 50, 1);

		CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w->sched, 50, BOOT->timebase_hz, 1,
				 0));
		CHECK_OK(worker_resume(w));
	}
	WAIT_UNTIL(order_used == 24);
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 0, 0));
	for (unsigned i = 0; i < 24; i++)
		CHECK_EQUAL(order[i], i % 3);
}

/* Idle time counts, on every hart that idles. */
static void test_idle(void)
{
	struct message a = {.words = {0}}, b = {.words = {0}};

	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 1, 0));
	CHECK_OK(invoke(BOOT_SLOT_HART, HART_INFO, 1, &a));
	sleep_us(20000);
	CHECK_OK(invoke(BOOT_SLOT_HART, HART_INFO, 1, &b));
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 0, 0));
	CHECK(b.words[0] - a.words[0] > BOOT->timebase_hz / 1000 * 15);
	CHECK(b.words[1] > a.words[1] && b.words[2] > a.words[2]);
}

SUITE(schedule, {"schedule-priorities", test_priorities},
      {"schedule-priority-order", test_priority_order}, {"schedule-slices", test_slices},
      {"schedule-odd-slices", test_odd_slices}, {"schedule-mask", test_mask},
      {"schedule-all-harts", test_all_harts}, {"schedule-steal", test_steal},
      {"schedule-displaced", test_displaced}, {"schedule-yield", test_yield},
      {"schedule-idle", test_idle});

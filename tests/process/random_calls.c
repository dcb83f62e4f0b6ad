/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls with random arguments from random threads, mixed with
 * exceptions and the passing of time: nothing may crash (the sanitizers
 * watch), and when all processes but init have been killed nothing is left.
 */
#include "tests/process/fake.h"

#include <string.h>

#define STEPS 200000
#define MEMORY FAKE_BASE
#define THREADS_MAX 100 /* no more clones above */

static uint64_t seed = 99;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

static uint64_t value(void)
{
	static const uint64_t nasty[] = {
		0,	 1,	     2,		 8,	     24,	 128,	     0x7fffffff,
		4096,	 0x80000000, 0xffffffff, 1ull << 38, 1ull << 62, 1ull << 63, UINT64_MAX,
		0x10f00, 0x4111,     0x3d0f00,	 17,	     0xfffe,	 -100ull,
	};

	switch (rnd(4)) {
	case 0:
		return nasty[rnd(sizeof(nasty) / sizeof(nasty[0]))];
	case 1:
		return rnd(70);
	case 2:
		return MEMORY + rnd(64) * 4;
	default:
		return MEMORY + rnd(0x10000);
	}
}

static const uint16_t numbers[] = {
	90,  91,  92,  93,  94,	 95,  96,  97,	98,  98,  99,  100, 101, 102, 103, 107,
	108, 109, 110, 111, 113, 114, 115, 116, 118, 119, 120, 121, 122, 123, 124, 125,
	126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141,
	143, 144, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158,
	159, 160, 163, 164, 165, 167, 168, 169, 172, 173, 178, 179, 214, 215, 216, 220,
	220, 222, 226, 227, 228, 230, 231, 232, 233, 240, 260, 261, 278, 284, 435,
};

/* A random thread that runs user code. */
static struct thread *anyone(void)
{
	for (unsigned tries = 0; tries < 500; tries++) {
		struct thread *t = thread_by_number(rnd(THREADS_MAX + 8));

		if (t != NULL && t->core->phase == PHASE_USER) {
			return t;
		}
	}
	return NULL;
}

static unsigned count_threads(void)
{
	struct task_counts c;

	task_count(&c);
	return c.threads;
}

static void step(struct thread *t)
{
	uint32_t n = numbers[rnd(sizeof(numbers) / sizeof(numbers[0]))];
	uint64_t *word = fake_memory(t->process, MEMORY + rnd(0x1fff) * 8);

	*word = rnd(4) == 0 ? value() : rnd(3);
	if (fake_threads[t->number].regs.r[REG_SP] < MEMORY + 4096 || rnd(20) == 0) {
		fake_threads[t->number].regs.r[REG_SP] = FAKE_STACK;
	}
	if ((n == NR_CLONE || n == NR_CLONE3) && count_threads() >= THREADS_MAX) {
		return;
	}
	if (rnd(50) == 0) {
		fake_exception(t, rnd(16), value(), rnd(8));
	} else {
		CALL6(t, n, value(), value(), value(), value(), value(), value());
	}
}

/* The youngest process but a few, so that old ones die too. */
static struct process *victim(struct process *init)
{
	struct process *p = process_next(init);

	for (uint32_t n = rnd(20); n > 0 && p != NULL && process_next(p) != NULL; n--) {
		p = process_next(p);
	}
	return p;
}

static void random_calls(void)
{
	struct thread *first = fake_start(), *t;
	struct process *init = first->process;

	for (unsigned i = 0; i < STEPS; i++) {
		t = anyone();
		if (count_threads() < 20) {
			CALL6(first, NR_CLONE, LINUX_SIGCHLD, 0, 0, 0, 0, 0);
		} else if (i % 40 == 0 && victim(init) != NULL) {
			CALL2(first, NR_KILL, victim(init)->pid, LINUX_SIGKILL);
		} else if (t != NULL && t != first) {
			step(t);
		}
		if (i % 16 == 0) {
			fake_time(fake_clock + rnd(1000000));
			CALL4(first, NR_WAIT4, -1, 0, 1, 0);
		}
	}
	CHECK(fork_count > STEPS / 100);
	while (process_next(init) != NULL) {
		CALL2(first, NR_KILL, process_next(init)->pid, LINUX_SIGKILL);
		CALL4(first, NR_WAIT4, -1, 0, 0x40000001, 0);
	}
	CHECK(fake_spaces == 1 && fake_tables == 2);
	CHECK(count_threads() == 1);
}

void test_random_calls(void)
{
	test_run("process.random-calls", random_calls);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real kernel/sched_context.c and timer.c on a clock of the test: one hart
 * runs a thread with a budget, by random pieces, as greedily as it may or with
 * pauses. All that was used is remembered. `kernel_budgets [steps [seed]]`.
 *
 * Fails if in any interval as long as the period more than the budget is used
 * (where interrupts are on time); if a context is not exhausted when it is, or
 * may run on for longer than it has budget, or may run on although it is
 * exhausted; if budget is lost: all pieces together are always one budget, and
 * after a period of rest all of it is there; if a greedy thread gets less than
 * half of what it may use.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/lend.h"
#include "kernel/notification.h"
#include "kernel/panic.h"
#include "kernel/refill.h"
#include "kernel/sched_context.h"
#include "kernel/schedule.h"
#include "sbi/machine.h"

#define STEPS 200000
#define CONTEXTS 100 /* each steps / CONTEXTS are one's */
#define USES 4096    /* remembered, a power of two */

struct hart harts[HARTS_MAX];
unsigned harts_online_end = 1;
struct machine machine = {.hart_count = 1, .timebase_hz = 10000000};

static uint64_t now;
static bool made_ready; /* by the replenishment */

static const char *name;
static uint64_t seed, state, step;
static unsigned passed;

/* Uses of time, the latest `uses` & (USES - 1) - 1. */
static struct {
	uint64_t from, to;
} used[USES];
static uint64_t uses;

static void fail(const char *format, ...)
{
	va_list arguments;

	printf("FAIL %s seed %lu step %lu: ", name, seed, step);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n%u passed, 1 failed\n", passed);
	exit(1);
}

/* --- the rest of the kernel ----------------------------------------------------- */

struct hart *hart_current(void)
{
	return &harts[0];
}

uint64_t time_now(void)
{
	return now;
}

void sched_set_timer(uint64_t time)
{
	(void)time;
}

void sched_stop(struct thread *t)
{
	(void)t;
}

void sched_ready(struct thread *t, bool handoff)
{
	(void)t;
	(void)handoff;
	made_ready = true;
}

void ipc_kernel_call(struct thread *t, const struct cap_slot *endpoint, enum send_kind kind)
{
	(void)t;
	(void)endpoint;
	(void)kind;
}

struct thread *lend_again(struct thread *t)
{
	return t;
}

void thread_sched_changed(struct thread *t)
{
	(void)t;
}

void notification_signal(struct notification *n, uint64_t bits, bool handoff)
{
	(void)n;
	(void)bits;
	(void)handoff;
	fail("a notification is signalled");
}

void panic(const char *format, ...)
{
	fail("the kernel panics: %s", format);
	abort();
}

/* --- the model ------------------------------------------------------------------- */

static uint64_t random_below(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 3) % limit;
}

/* Of what was used, how much from `from` on until `to`? */
static uint64_t used_between(uint64_t from, uint64_t to)
{
	uint64_t all = 0;

	for (uint64_t i = uses; i > 0 && i + USES > uses; i--) {
		uint64_t start = used[(i - 1) % USES].from, end = used[(i - 1) % USES].to;

		if (end <= from) {
			break;
		}
		start = start < from ? from : start;
		end = end > to ? to : end;
		all += end > start ? end - start : 0;
	}
	return all;
}

static void check_pieces(struct sched_context *sched)
{
	uint64_t all = 0;

	if (sched->refill_count == 0 || sched->refill_count > SCHED_REFILLS) {
		fail("%u pieces", sched->refill_count);
	}
	for (unsigned i = 0; i < sched->refill_count; i++) {
		all += refill_at(sched, i)->amount;
		if (i > 0 && refill_at(sched, i)->time < refill_at(sched, i - 1)->time) {
			fail("piece %u comes before the one before it", i);
		}
	}
	if (all != sched->budget) {
		fail("the pieces are %lu of %lu", all, sched->budget);
	}
}

/* The hart runs on it, until `end` at the latest by what the kernel said. */
static void run(struct sched_context *sched, uint64_t end, uint64_t late, bool on_time)
{
	uint64_t length = end - now, start = now;

	/* To the very end, or to just before it, or to anywhere. */
	switch (random_below(4)) {
	case 0:
		length = 1 + random_below(length);
		break;
	case 1:
		length -= length > 3 ? random_below(3) : 0;
		break;
	default:
		length += late;
		break;
	}
	now += length;
	used[uses++ % USES].from = start;
	used[(uses - 1) % USES].to = now;
	if (on_time && now >= sched->period &&
	    used_between(now - sched->period, now) > sched->budget) {
		fail("%lu used in a period, the budget is %lu",
		     used_between(now - sched->period, now), sched->budget);
	}
}

/* One context's life. `late`: the most that interrupts are. */
static void context_life(uint64_t steps, uint64_t late, bool is_greedy)
{
	static struct sched_context sched;
	static struct thread thread;
	struct hart *hart = &harts[0];
	uint64_t began, all = 0;

	memset(&sched, 0, sizeof(sched));
	memset(hart, 0, sizeof(*hart));
	now = 1 + random_below(1000000);
	uses = 0;
	sched.configured = true;
	sched.thread = &thread;
	sched.runner = &thread;
	sched.budget = 501 + random_below(20000);
	sched.period = sched.budget + random_below(100000);
	sched_context_fill(&sched, now);
	began = now;
	for (uint64_t i = 0; i < steps; i++, step++) {
		uint64_t end = sched_context_charge(hart, &sched, now), before = now;

		check_pieces(&sched);
		if (end <= now || end - now > sched.budget) {
			fail("may run for %ld", (long)(end - now));
		}
		run(&sched, end, late == 0 ? 0 : random_below(late), late == 0);
		all += now - before;
		/* As on the way back to the thread: it may have been the last tick. */
		end = sched_context_charge(hart, random_below(2) == 0 ? &sched : NULL, now);
		if (sched.exhausted && hart->charged != NULL && end > now) {
			fail("exhausted, and may run on for %lu", end - now);
		}
		(void)sched_context_charge(hart, NULL, now);
		check_pieces(&sched);
		if (sched.exhausted) {
			if (sched.timer.deadline == 0 ||
			    sched.timer.deadline > now + sched.period) {
				fail("the next piece comes at %lu, now is %lu",
				     sched.timer.deadline, now);
			}
			timers_fire(sched.timer.deadline - 1);
			if (!sched.exhausted) {
				fail("replenished too early");
			}
			made_ready = false;
			now = sched.timer.deadline > now ? sched.timer.deadline : now;
			now += late == 0 ? 0 : random_below(late);
			timers_fire(now);
			if (sched.exhausted || !made_ready) {
				fail("not replenished");
			}
		} else if (!is_greedy && random_below(4) == 0) {
			now += random_below(sched.period);
		} else if (!is_greedy && random_below(20) == 0) {
			now += sched.period + 1;
			end = sched_context_charge(hart, &sched, now);
			if (late == 0 && end - now != sched.budget) {
				fail("after a rest there is %lu of %lu", end - now, sched.budget);
			}
		}
	}
	if (sched.consumed != all) {
		fail("%lu paid, %lu used", sched.consumed, all);
	}
	if (is_greedy && all < (now - began) / 2 / sched.period * sched.budget) {
		fail("%lu used in %lu with %lu of %lu", all, now - began, sched.budget,
		     sched.period);
	}
	sched_context_stop(&sched);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		uint64_t late;
		bool is_greedy;
	} runs[] = {{"budgets_greedy", 0, true},
		    {"budgets_pauses", 0, false},
		    {"budgets_late", 300, false},
		    {"budgets_very_late", 50000, true}};
	uint64_t steps = argc > 1 ? strtoull(argv[1], NULL, 0) : STEPS;

	for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		name = runs[i].name;
		seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 4711 + i;
		state = seed * 2654435761u + 1;
		step = 0;
		for (unsigned k = 0; k < CONTEXTS; k++) {
			context_life(steps / CONTEXTS, runs[i].late, runs[i].is_greedy);
		}
		printf("PASS %s\n", name);
		passed++;
	}
	printf("%u passed, 0 failed\n", passed);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer heap against a naive model; conversions; interval timers. */
#include "tests/process/fake.h"

#include <string.h>

#define TIMERS 200
#define SECOND 10000000ull
#define MEMORY FAKE_BASE

static struct model {
	struct timer timer;
	bool set;
	unsigned fired;
} model[TIMERS];

static uint64_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

static void fired(struct timer *timer)
{
	struct model *m = (struct model *)timer;

	CHECK(m->set && m->timer.deadline <= fake_clock);
	for (unsigned i = 0; i < TIMERS; i++) {
		CHECK(!model[i].set || model[i].timer.deadline >= m->timer.deadline);
	}
	m->set = false;
	m->fired++;
}

static void heap_against_model(void)
{
	fake_clock = 0;
	for (unsigned step = 0; step < 20000; step++) {
		struct model *m = &model[rnd(TIMERS)];

		m->timer.fire = fired;
		switch (rnd(4)) {
		case 0:
			timer_cancel(&m->timer);
			m->set = false;
			break;
		case 1:
			fake_clock += rnd(50);
			timers_run();
			for (unsigned i = 0; i < TIMERS; i++) {
				CHECK(!model[i].set || model[i].timer.deadline > fake_clock);
				CHECK(model[i].set == (model[i].timer.heap_index != 0));
			}
			break;
		default:
			timer_set(&m->timer, fake_clock + rnd(500));
			m->set = true;
			break;
		}
	}
}

static void conversions(void)
{
	CHECK(time_ns(SECOND) == 1000000000);
	CHECK(time_ns(123456789) == 12345678900ull);
	CHECK(time_ticks_of(1) == 1 && time_ticks_of(100) == 1 && time_ticks_of(101) == 2);
	CHECK(time_ticks_of(0) == 0);
	CHECK(time_ticks_of(UINT64_MAX) > SECOND * 1000000000ull);
	fake_clock = 77;
	CHECK(time_deadline(-1) == PARK_FOREVER);
	CHECK(time_deadline(0) == 77);
	CHECK(time_deadline(INT64_MAX) > (1ull << 56));
}

static void copying(void)
{
	struct thread *t = fake_start();
	int64_t *m = fake_memory(t->process, MEMORY), ns;

	m[0] = 1;
	m[1] = 999999999;
	CHECK(time_copy_in(t, MEMORY, false, &ns) == 0 && ns == 1999999999);
	CHECK(time_copy_in(t, MEMORY, true, &ns) == -STATUS_INVAL);
	m[1] = 1000000000;
	CHECK(time_copy_in(t, MEMORY, false, &ns) == -STATUS_INVAL);
	m[1] = -1;
	CHECK(time_copy_in(t, MEMORY, false, &ns) == -STATUS_INVAL);
	m[1] = 0;
	m[0] = -5;
	CHECK(time_copy_in(t, MEMORY, false, &ns) == -STATUS_INVAL);
	m[0] = INT64_MAX;
	CHECK(time_copy_in(t, MEMORY, false, &ns) == 0 && ns == INT64_MAX);
	CHECK(time_copy_in(t, 16, false, &ns) == -STATUS_FAULT);
	CHECK(time_copy_in(t, 0, false, &ns) == 0 && ns == -1);
	CHECK(time_copy_out(t, MEMORY, false, -1) == 0 && m[0] == -1 && m[1] == 999999999);
	CHECK(time_copy_out(t, MEMORY, true, 2500000) == 0 && m[0] == 0 && m[1] == 2500);
}

static void alarm_repeats(void)
{
	struct thread *t = fake_start();
	struct signal_action a = {0x20000, 0, 0};
	int64_t *m = fake_memory(t->process, MEMORY);

	memcpy(m, &a, sizeof(a));
	CALL4(t, NR_SIGACTION, LINUX_SIGALRM, MEMORY, 0, 8);
	m[0] = 2;
	m[1] = 0;
	m[2] = 3;
	m[3] = 0;
	CALL3(t, NR_SETITIMER, 0, MEMORY, 0);
	CHECK(fake_result(t) == 0);
	fake_time(fake_clock + SECOND);
	CALL2(t, NR_GETITIMER, 0, MEMORY + 64);
	CHECK(m[8] == 2 && m[10] == 2);
	fake_time(fake_clock + 2 * SECOND);
	CHECK(fake_threads[t->number].regs.r[REG_PC] == 0x20000);
	CALL0(t, NR_SIGRETURN);
	CHECK(fake_threads[t->number].regs.r[REG_PC] != 0x20000);
	fake_time(fake_clock + 2 * SECOND);
	CHECK(fake_threads[t->number].regs.r[REG_PC] == 0x20000);
	CALL0(t, NR_SIGRETURN);
	memset(m, 0, 32);
	CALL3(t, NR_SETITIMER, 0, MEMORY, MEMORY + 64);
	fake_time(fake_clock + 10 * SECOND);
	CHECK(fake_threads[t->number].regs.r[REG_PC] != 0x20000);
	CALL3(t, NR_SETITIMER, 3, MEMORY, 0);
	CHECK(fake_result(t) == -STATUS_INVAL);
}

static void posix_timers(void)
{
	struct thread *t = fake_start();
	int64_t *m = fake_memory(t->process, MEMORY);
	uint64_t mask = SIGNAL_BIT(40);

	memcpy(m, &mask, 8);
	CALL4(t, NR_SIGPROCMASK, 0, MEMORY, 0, 8);
	m[0] = 0x1234;
	((int32_t *)m)[2] = 40;
	((int32_t *)m)[3] = 0;
	CALL3(t, NR_TIMER_CREATE, 1, MEMORY, MEMORY + 64);
	CHECK(fake_result(t) == 0 && (int32_t)m[8] == 0);
	m[0] = 1;
	m[1] = 0;
	m[2] = 1;
	m[3] = 0;
	CALL4(t, NR_TIMER_SETTIME, 0, 0, MEMORY, 0);
	CHECK(fake_result(t) == 0);
	fake_time(fake_clock + 7 * SECOND / 2);
	CALL1(t, NR_TIMER_GETOVERRUN, 0);
	CHECK(fake_result(t) == 2);
	CALL2(t, NR_TIMER_GETTIME, 0, MEMORY + 128);
	CHECK(m[16] == 1 && m[18] == 0 && m[19] == 500000000);
	memcpy(m, &mask, 8);
	CALL4(t, NR_SIGTIMEDWAIT, MEMORY, MEMORY + 256, 0, 8);
	CHECK(fake_result(t) == 40);
	CHECK(((int32_t *)(m + 32))[2] == CODE_TIMER && m[32 + 3] == 0x1234);
	CALL4(t, NR_TIMER_SETTIME, 5, 0, MEMORY, 0);
	CHECK(fake_result(t) == -STATUS_INVAL);
}

static void clocks(void)
{
	struct thread *t = fake_start();
	int64_t *m = fake_memory(t->process, MEMORY);

	fake_clock = 12345678;
	CALL2(t, NR_CLOCK_GETTIME, 1, MEMORY);
	CHECK(fake_result(t) == 0 && m[0] == 1 && m[1] == 234567800);
	CALL2(t, NR_CLOCK_GETTIME, 77, MEMORY);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CALL2(t, NR_CLOCK_GETTIME, 1, 8);
	CHECK(fake_result(t) == -STATUS_FAULT);
	m[0] = 1;
	m[1] = 500000000;
	CHECK(!CALL4(t, NR_CLOCK_NANOSLEEP, 1, 1, MEMORY, 0));
	fake_time(14999999);
	CHECK(t->core->phase == PHASE_PARKED);
	fake_time(15000000);
	CHECK(fake_result(t) == 0);
	CHECK(CALL4(t, NR_CLOCK_NANOSLEEP, 1, 1, MEMORY, 0) && fake_result(t) == 0);
}

void test_timers(void)
{
	test_run("timer.heap-against-model", heap_against_model);
	test_run("timer.conversions", conversions);
	test_run("timer.copying", copying);
	test_run("timer.alarm-repeats", alarm_repeats);
	test_run("timer.posix", posix_timers);
	test_run("timer.clocks", clocks);
}

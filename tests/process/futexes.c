/* SPDX-License-Identifier: BSD-2-Clause */
/* Futex queues, and robust lists. */
#include "tests/process/fake.h"

#include <string.h>

#define MEMORY FAKE_BASE
#define WORD (FAKE_BASE + 0x100)
#define WORD2 (FAKE_BASE + 0x200)
#define WAITERS 6
#define SECOND 10000000ull

static struct thread *threads[WAITERS];

/* A process with WAITERS further threads. */
static struct thread *crowd(void)
{
	struct thread *t = fake_start();

	for (unsigned i = 0; i < WAITERS; i++) {
		CALL6(t, NR_CLONE, 0x10f00, FAKE_STACK - 0x1000 * (i + 1), 0, 0, 0, 0);
		threads[i] = thread_find((int32_t)fake_result(t));
	}
	return t;
}

static bool wait_on(struct thread *t, uint64_t word, uint32_t value)
{
	return CALL4(t, NR_FUTEX, word, 128, value, 0);
}

static unsigned parked(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WAITERS; i++) {
		n += threads[i]->core->phase == PHASE_PARKED;
	}
	return n;
}

static void wait_and_wake(void)
{
	struct thread *t = crowd();

	*fake_word(t->process, WORD) = 5;
	CHECK(wait_on(threads[0], WORD, 6) && fake_result(threads[0]) == -STATUS_AGAIN);
	for (unsigned i = 0; i < WAITERS; i++) {
		CHECK(!wait_on(threads[i], WORD, 5));
	}
	CALL3(t, NR_FUTEX, WORD, 129, 2);
	CHECK(fake_result(t) == 2 && parked() == WAITERS - 2);
	CHECK(threads[0]->core->phase == PHASE_USER && threads[1]->core->phase == PHASE_USER);
	CHECK(fake_result(threads[0]) == 0);
	CALL3(t, NR_FUTEX, WORD2, 129, 100);
	CHECK(fake_result(t) == 0);
	CALL3(t, NR_FUTEX, WORD, 129, INT32_MAX);
	CHECK(fake_result(t) == WAITERS - 2 && parked() == 0);
}

static void bitsets(void)
{
	struct thread *t = crowd();

	for (unsigned i = 0; i < WAITERS; i++) {
		CHECK(!CALL6(threads[i], NR_FUTEX, WORD, 9 | 128, 0, 0, 0, 1u << (i % 2)));
	}
	CALL6(t, NR_FUTEX, WORD, 10 | 128, 100, 0, 0, 2);
	CHECK(fake_result(t) == WAITERS / 2 && parked() == WAITERS / 2);
	CALL6(t, NR_FUTEX, WORD, 10 | 128, 100, 0, 0, 0);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CHECK(CALL6(t, NR_FUTEX, WORD, 9 | 128, 0, 0, 0, 0) && fake_result(t) == -STATUS_INVAL);
}

static void requeueing(void)
{
	struct thread *t = crowd();

	for (unsigned i = 0; i < WAITERS; i++) {
		wait_on(threads[i], WORD, 0);
	}
	CALL6(t, NR_FUTEX, WORD, 4 | 128, 1, 2, WORD2, 7);
	CHECK(fake_result(t) == -STATUS_AGAIN && parked() == WAITERS);
	CALL6(t, NR_FUTEX, WORD, 4 | 128, 1, 2, WORD2, 0);
	CHECK(fake_result(t) == 3 && parked() == WAITERS - 1);
	CALL3(t, NR_FUTEX, WORD2, 129, 100);
	CHECK(fake_result(t) == 2 && parked() == WAITERS - 3);
	CALL6(t, NR_FUTEX, WORD, 3 | 128, 0, 100, WORD2, 0);
	CHECK(fake_result(t) == WAITERS - 3 && parked() == WAITERS - 3);
	CALL3(t, NR_FUTEX, WORD, 129, 100);
	CHECK(fake_result(t) == 0);
	CALL3(t, NR_FUTEX, WORD2, 129, 100);
	CHECK(fake_result(t) == WAITERS - 3 && parked() == 0);
}

static void wake_op(void)
{
	struct thread *t = crowd();
	/* *WORD2 = *WORD2 + 3; wake WORD2's waiters too if it was > 4 */
	uint32_t code = 1u << 28 | 4u << 24 | 3u << 12 | 4u;

	wait_on(threads[0], WORD, 0);
	wait_on(threads[1], WORD2, 0);
	*fake_word(t->process, WORD2) = 4;
	CALL6(t, NR_FUTEX, WORD, 5 | 128, 10, 10, WORD2, code);
	CHECK(fake_result(t) == 1 && *fake_word(t->process, WORD2) == 7 && parked() == 1);
	CALL6(t, NR_FUTEX, WORD, 5 | 128, 10, 10, WORD2, code);
	CHECK(fake_result(t) == 1 && *fake_word(t->process, WORD2) == 10 && parked() == 0);
	CALL6(t, NR_FUTEX, WORD, 5 | 128, 10, 10, WORD2, 7u << 28);
	CHECK(fake_result(t) == -STATUS_NOSYS);
}

static void timeouts(void)
{
	struct thread *t = crowd();
	int64_t *ts = fake_memory(t->process, MEMORY);

	ts[0] = 3;
	ts[1] = 0;
	fake_clock = SECOND;
	CHECK(!CALL4(threads[0], NR_FUTEX, WORD, 128, 0, MEMORY));
	CHECK(!CALL6(threads[1], NR_FUTEX, WORD, 9 | 128, 0, MEMORY, 0, 1));
	fake_time(3 * SECOND);
	CHECK(fake_result(threads[1]) == -STATUS_TIMEDOUT && parked() == 1);
	fake_time(4 * SECOND);
	CHECK(fake_result(threads[0]) == -STATUS_TIMEDOUT && parked() == 0);
	CALL3(t, NR_FUTEX, WORD, 129, 100);
	CHECK(fake_result(t) == 0);
	ts[1] = -1;
	CHECK(CALL4(threads[0], NR_FUTEX, WORD, 128, 0, MEMORY));
	CHECK(fake_result(threads[0]) == -STATUS_INVAL);
}

static void signal_interrupts(void)
{
	struct thread *t = crowd();
	struct signal_action a = {0x20000, 0, 0};

	memcpy(fake_memory(t->process, MEMORY), &a, sizeof(a));
	CALL4(t, NR_SIGACTION, LINUX_SIGUSR1, MEMORY, 0, 8);
	wait_on(threads[0], WORD, 0);
	signal_send_thread(threads[0], LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(fake_threads[threads[0]->number].regs.r[REG_PC] == 0x20000);
	CALL3(t, NR_FUTEX, WORD, 129, 100);
	CHECK(fake_result(t) == 0);
	CALL0(threads[0], NR_SIGRETURN);
	CHECK(fake_result(threads[0]) == -STATUS_INTR);
}

/* Shared futexes meet through the pager's key, also across processes that share the space. */
static void shared_keys(void)
{
	struct thread *t = crowd(), *c;

	CALL6(t, NR_CLONE, 0x100 | LINUX_SIGCHLD, FAKE_STACK - 0x9000, 0, 0, 0, 0);
	c = thread_find((int32_t)fake_result(t));
	CHECK(!CALL4(threads[0], NR_FUTEX, WORD, 0, 0, 0));
	CALL3(c, NR_FUTEX, WORD, 1, 1);
	CHECK(fake_result(c) == 1 && parked() == 0);
}

static void bad_futexes(void)
{
	struct thread *t = crowd();

	CHECK(CALL4(t, NR_FUTEX, WORD + 2, 128, 0, 0) && fake_result(t) == -STATUS_INVAL);
	CHECK(CALL4(t, NR_FUTEX, 8, 128, 0, 0) && fake_result(t) == -STATUS_FAULT);
	CHECK(CALL4(t, NR_FUTEX, 8, 0, 0, 0) && fake_result(t) == -STATUS_FAULT);
	CHECK(CALL4(t, NR_FUTEX, WORD, 6, 0, 0) && fake_result(t) == -STATUS_NOSYS);
	CHECK(CALL4(t, NR_FUTEX, WORD, 0x400, 0, 0) && fake_result(t) == -STATUS_NOSYS);
	CHECK(CALL4(t, NR_FUTEX, WORD, 256, 0, 0) && fake_result(t) == -STATUS_NOSYS);
	CHECK(CALL6(t, NR_FUTEX, WORD, 3, -1, 1, WORD2, 0) && fake_result(t) == -STATUS_INVAL);
}

static void robust_lists(void)
{
	struct thread *t = crowd(), *u = threads[0];
	uint64_t *head = fake_memory(t->process, MEMORY);
	uint64_t *one = fake_memory(t->process, MEMORY + 0x400);
	uint64_t *two = fake_memory(t->process, MEMORY + 0x500);

	/* two locks: the word lies 16 bytes behind the list entry */
	head[0] = MEMORY + 0x400;
	head[1] = 16;
	head[2] = 0;
	one[0] = MEMORY + 0x500;
	two[0] = MEMORY;
	one[2] = (uint32_t)u->tid | 0x80000000u;
	two[2] = 0x3fffff;
	CHECK(CALL2(u, NR_SET_ROBUST_LIST, MEMORY, 23) && fake_result(u) == -STATUS_INVAL);
	CALL2(u, NR_SET_ROBUST_LIST, MEMORY, 24);
	CHECK(!CALL4(threads[1], NR_FUTEX, MEMORY + 0x410, 0, one[2], 0));
	CALL1(u, NR_EXIT, 0);
	CHECK(one[2] == 0xc0000000u && two[2] == 0x3fffff);
	CHECK(threads[1]->core->phase == PHASE_USER && fake_result(threads[1]) == 0);
	/* a list that points to itself elsewhere ends */
	u = threads[2];
	one[0] = MEMORY + 0x500;
	two[0] = MEMORY + 0x400;
	CALL2(u, NR_SET_ROBUST_LIST, MEMORY, 24);
	CALL1(u, NR_EXIT, 0);
	CHECK(t->process->thread_count == WAITERS - 1);
	/* so does one that leads out of the space */
	head[0] = 0x123456789000;
	CALL2(threads[3], NR_SET_ROBUST_LIST, MEMORY, 24);
	CALL1(threads[3], NR_EXIT, 0);
	CHECK(t->process->thread_count == WAITERS - 2);
}

void test_futexes(void)
{
	test_run("futex.wait-and-wake", wait_and_wake);
	test_run("futex.bitsets", bitsets);
	test_run("futex.requeue", requeueing);
	test_run("futex.wake-op", wake_op);
	test_run("futex.timeouts", timeouts);
	test_run("futex.signal-interrupts", signal_interrupts);
	test_run("futex.shared-keys", shared_keys);
	test_run("futex.bad-arguments", bad_futexes);
	test_run("futex.robust-lists", robust_lists);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals, sends and yields that make another thread run while this one stays
 * ready, on one hart (where the kernel has paths of its own for them) and on
 * two. These fail if a register changes that should not, a signal or message is
 * lost, time is paid by the wrong thread, or the thread that was displaced does
 * not run on although another hart idles.
 */
#include "tests/native-kernel/fast.h"

static struct side low, high;
static struct {
	cap_t endpoint, notification, wait; /* `notification` has a badge */
	uint64_t badge;
	unsigned rounds;
	bool is_bound; /* the waiter receives, and the notification is bound to it */
	volatile uint64_t got, signalled;
} shared;

/* --- registers ---------------------------------------------------------------------- */

static void sender(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	for (; low.rounds < shared.rounds; low.rounds++) {
		side_fill(&low);
		low.in[A7] = low.rounds % 3 == 0   ? SYS_SEND
			     : low.rounds % 3 == 1 ? SYS_SIGNAL
						   : SYS_YIELD;
		low.in[A0] = low.rounds % 3 == 0 ? shared.endpoint : shared.notification;
		if (low.rounds % 3 == 0)
			low.in[A1] = MESSAGE_TAG(low.rounds, low.rounds / 3 % 12);
		memcpy(expected, low.in, sizeof(expected));
		expected[A0] = ERR_OK;
		side_enter(&low, all_ecall);
		side_expect(&low, expected);
	}
}

/* What comes to a receiver is the message, or the signal. */
static void receiver(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	for (;; high.rounds++) {
		side_fill(&high);
		high.in[A7] = SYS_RECEIVE;
		high.in[A0] = shared.wait;
		memcpy(expected, high.in, sizeof(expected));
		side_enter(&high, all_ecall);
		expected[A0] = ERR_OK;
		if (message_label(high.out[A1]) == LABEL_NOTIFICATION) {
			expected[A1] = MESSAGE_TAG(LABEL_NOTIFICATION, 0);
			expected[T5] = shared.badge;
			shared.signalled++;
		} else {
			side_message(expected, low.in[A1], 0, low.in);
			shared.got++;
		}
		side_expect(&high, expected);
	}
}

static void waiter(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	for (;; high.rounds++) {
		side_fill(&high);
		high.in[A7] = SYS_WAIT;
		high.in[A0] = shared.notification;
		memcpy(expected, high.in, sizeof(expected));
		side_enter(&high, all_ecall);
		expected[A0] = ERR_OK;
		expected[T5] = shared.badge;
		side_expect(&high, expected);
		shared.signalled++;
	}
}

/* The other sends, of which each is received, while this one waits for signals. */
static void sink(void *argument)
{
	struct message m = {0};

	while (ipc_receive(*(cap_t *)argument, 0, &m) == ERR_OK)
		shared.got++;
}

static void run_registers(bool is_bound, uint64_t mask)
{
	struct worker *drain = NULL;

	memset((void *)&low, 0, sizeof(low));
	memset((void *)&high, 0, sizeof(high));
	memset((void *)&shared, 0, sizeof(shared));
	low.random = random_next() | 1;
	high.random = random_next() | 1;
	shared.badge = random_next() | 1;
	shared.rounds = 3 * 36;
	shared.wait = make_object(OBJECT_ENDPOINT);
	shared.endpoint = shared.wait;
	shared.notification = derive(make_object(OBJECT_NOTIFICATION),
				     RIGHT_READ | RIGHT_WRITE | RIGHT_BIND, shared.badge);
	low.worker = worker_make(sender, NULL, 50, mask);
	high.worker = worker_make(is_bound ? receiver : waiter, NULL, 60, 1);
	if (is_bound)
		CHECK_OK(invoke5(high.worker->thread, THREAD_BIND_NOTIFICATION, shared.notification,
				 0, 0, 0, 0));
	else
		drain = worker_start_on(sink, &shared.endpoint, 60, 1);
	CHECK_OK(worker_resume(high.worker));
	WAIT_UNTIL(thread_state(high.worker->thread) ==
		   (is_bound ? THREAD_RECEIVING : THREAD_WAITING_SIGNAL));
	CHECK_OK(worker_resume(low.worker));
	WAIT_UNTIL(low.rounds == shared.rounds);
	WAIT_UNTIL(shared.got == shared.rounds / 3);
	/* On one hart each is taken at once; else one may find the bits of more. */
	WAIT_UNTIL(mask != 1 || shared.signalled == shared.rounds / 3);
	CHECK(shared.signalled > 0 && shared.signalled <= shared.rounds / 3);
	CHECK_EQUAL(low.wrong, 0);
	CHECK_EQUAL(high.wrong, 0);
	worker_end(low.worker);
	worker_end(high.worker);
	if (drain != NULL)
		worker_end(drain);
}

static void test_registers(void)
{
	for (unsigned bound = 0; bound < 2; bound++) {
		run_registers(bound != 0, 1);
		/* From another hart a message may be overtaken by the next one's registers: signals
		 * only there. */
		if (bound == 0)
			run_registers(false, last_hart());
	}
}

/* --- who runs, who pays ---------------------------------------------------------------- */

static volatile bool go;
static volatile enum { DISPLACE_SIGNAL, DISPLACE_SEND, DISPLACE_KINDS } displace_kind;
static volatile unsigned moved; /* 1: yes, 2: no */

static void displaced(void *argument)
{
	struct message m = {0};

	(void)argument;
	while (!go)
		spins[0]++;
	/* The main thread sleeps by then. */
	for (uint64_t from = time_ticks(); time_ticks() - from < ms(100);)
		spins[0]++;
	if (displace_kind == DISPLACE_SIGNAL)
		notification_signal(shared.notification);
	else
		ipc_send(shared.endpoint, &m);
	for (;;)
		spins[0]++;
}

/* Looks for a second whether the other one gets on, and leaves no gap meanwhile. */
static void displacer(void *argument)
{
	uint64_t bits, from, before;
	struct message m = {0};

	(void)argument;
	if (displace_kind == DISPLACE_SIGNAL)
		notification_wait(shared.notification, &bits);
	else
		ipc_receive(shared.endpoint, 0, &m);
	before = spins[0];
	from = time_ticks();
	while (spins[0] == before && time_ticks() - from < ms(1000))
		;
	moved = spins[0] == before ? 2 : 1;
}

/*
 * A thread signals one of higher priority that must run here: it goes on on a
 * hart that idles. Nobody else may make such a hart look around meanwhile.
 */
static void test_displaced(void)
{
	struct worker *blockers[8];

	if (BOOT->hart_count < 2)
		return;
	main_on(last_hart());
	for (unsigned kind = DISPLACE_SIGNAL; kind < DISPLACE_KINDS; kind++) {
		displace_kind = kind;
		moved = 0;
		go = false;
		spins[0] = 0;
		shared.endpoint = make_object(OBJECT_ENDPOINT);
		shared.notification = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 1);
		struct worker *a = worker_start_on(displaced, NULL, 50, 1);
		struct worker *b = worker_start_on(displacer, NULL, 60, 1);
		WAIT_UNTIL(spins[0] != 0);
		WAIT_UNTIL(thread_state(b->thread) != THREAD_READY);
		/* While all others are busy it stays here, but may go anywhere from now on. */
		for (unsigned i = 1; i < BOOT->hart_count; i++)
			blockers[i] = spinner_start(i, 70, 1u << i);
		CHECK_OK(sched_configure(a->sched, 50, ms(5), 0, 0, 0));
		wait_moves(&spins[0]);
		for (unsigned i = 1; i < BOOT->hart_count; i++)
			worker_end(blockers[i]);
		sleep_us(20000); /* timers of their slices come yet */
		go = true;
		sleep_us(1500000);
		WAIT_UNTIL(moved != 0);
		CHECK_EQUAL(moved, 1);
		worker_end(a);
		worker_end(b);
	}
}

static void send_for_ever(void *argument)
{
	struct message m = {0};

	(void)argument;
	for (;;)
		ipc_send(shared.endpoint, &m);
}

static void yield_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		thread_yield();
}

static void work_at_each(void *argument)
{
	struct message m = {0};

	(void)argument;
	while (ipc_receive(shared.endpoint, 0, &m) == ERR_OK) {
		uint64_t from = time_ticks();

		while (time_ticks() - from < ms(1) / 20)
			;
	}
}

/* One with a budget of a quarter works for others that wake it; the hart is never idle. */
static bool payers_pay(void)
{
	struct worker *w[3];
	uint64_t before[3], used[3], from, interval, all = 0;

	shared.endpoint = make_object(OBJECT_ENDPOINT);
	w[0] = worker_make(work_at_each, NULL, 60, last_hart());
	CHECK_OK(sched_configure(w[0]->sched, 60, ms(10), last_hart(), ms(40), 0));
	w[1] = worker_make(send_for_ever, NULL, 50, last_hart());
	w[2] = worker_make(yield_for_ever, NULL, 50, last_hart());
	for (unsigned i = 0; i < 3; i++)
		CHECK_OK(worker_resume(w[i]));
	sleep_us(40000);
	from = time_ticks();
	for (unsigned i = 0; i < 3; i++)
		before[i] = sched_info(w[i]->sched, INFO_USED);
	sleep_us(240000);
	for (unsigned i = 0; i < 3; i++) {
		used[i] = sched_info(w[i]->sched, INFO_USED) - before[i];
		all += used[i];
	}
	interval = time_ticks() - from;
	for (unsigned i = 0; i < 3; i++)
		worker_end(w[i]);
	return used[0] > interval / 12 && used[0] < interval / 2 && used[2] > interval / 4 &&
	       all > interval * 3 / 4 && all <= interval;
}

static void test_payers(void)
{
	CHECK_SHARE(payers_pay());
}

SUITE(fast_wake, {"fast-wake-registers", test_registers}, {"fast-wake-displaced", test_displaced},
      {"fast-wake-payers", test_payers});

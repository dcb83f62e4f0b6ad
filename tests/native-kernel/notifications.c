/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications: signals, waits, the bound thread, timers. */
#include "tests/native-kernel/harness.h"

#define TIMERS_MAX 64 /* documented limit of the kernel */

static struct {
	cap_t notification, endpoint, reply;
	volatile uint64_t bits;
	volatile enum err err;
	volatile unsigned count;
	struct message message;
} shared;

static void shared_init(void)
{
	memset((void *)&shared, 0, sizeof(shared));
	shared.notification = make_object(OBJECT_NOTIFICATION);
	shared.endpoint = make_object(OBJECT_ENDPOINT);
	shared.reply = make_object(OBJECT_REPLY);
}

static uint64_t poll(cap_t notification)
{
	uint64_t bits = 0;

	CHECK_OK(notification_poll(notification, &bits));
	return bits;
}

static enum err set_timer(cap_t notification, uint64_t time)
{
	return invoke5(notification, NOTIFICATION_SET_TIMER, time, 0, 0, 0, 0);
}

static uint64_t ticks_of_us(uint64_t us)
{
	return us * BOOT->timebase_hz / 1000000;
}

static void test_errors(void)
{
	cap_t n = make_object(OBJECT_NOTIFICATION), endpoint = make_object(OBJECT_ENDPOINT);
	cap_t reader = derive(n, RIGHTS_ALL & ~RIGHT_WRITE, 0);
	cap_t writer = derive(n, RIGHTS_ALL & ~RIGHT_READ, 0);
	uint64_t bits;

	CHECK_EQUAL(notification_signal(0), ERR_CAP_EMPTY);
	CHECK_EQUAL(notification_signal(endpoint), ERR_CAP_TYPE);
	CHECK_EQUAL(notification_signal(reader), ERR_RIGHTS);
	CHECK_EQUAL(notification_poll(0, &bits), ERR_CAP_EMPTY);
	CHECK_EQUAL(notification_poll(endpoint, &bits), ERR_CAP_TYPE);
	CHECK_EQUAL(notification_poll(writer, &bits), ERR_RIGHTS);
	CHECK_EQUAL(notification_wait(writer, &bits), ERR_RIGHTS);
	CHECK_EQUAL(notification_wait(0, &bits), ERR_CAP_EMPTY);
}

static void test_bits(void)
{
	cap_t n = make_object(OBJECT_NOTIFICATION);
	uint64_t bits = 7;

	CHECK_EQUAL(poll(n), 0);
	CHECK_OK(notification_signal(derive(n, RIGHT_WRITE, 1)));
	CHECK_OK(notification_signal(derive(n, RIGHT_WRITE, 4)));
	CHECK_OK(notification_signal(derive(n, RIGHT_WRITE, 1ull << 62)));
	CHECK_OK(notification_wait(n, &bits));
	CHECK_EQUAL(bits, 1ull << 62 | 5);
	CHECK_EQUAL(poll(n), 0);
	CHECK_OK(notification_signal(n)); /* no badge, no bits */
	CHECK_EQUAL(poll(n), 0);
}

static void waiter(void *argument)
{
	uint64_t bits = 0;

	(void)argument;
	shared.err = notification_wait(shared.notification, &bits);
	shared.bits = bits;
	__atomic_fetch_add(&shared.count, 1, __ATOMIC_RELAXED);
}

static void test_wait(void)
{
	shared_init();
	cap_t badged = derive(shared.notification, RIGHT_WRITE, 16);
	struct worker *first = worker_start(waiter, NULL);
	WAIT_UNTIL(thread_state(first->thread) == THREAD_WAITING_SIGNAL);
	struct worker *second = worker_start(waiter, NULL);
	WAIT_UNTIL(thread_state(second->thread) == THREAD_WAITING_SIGNAL);
	CHECK_OK(notification_signal(badged));
	worker_join(first); /* one signal, one thread: the first */
	CHECK(shared.count == 1 && shared.bits == 16 && shared.err == ERR_OK);
	CHECK_EQUAL(thread_state(second->thread), THREAD_WAITING_SIGNAL);
	CHECK_OK(delete_cap(shared.notification));
	worker_join(second);
	CHECK_EQUAL(shared.err, ERR_CANCELLED);
}

/* "Wait until the word is not 0": a signal that adds no bit wakes nobody. */
static void test_wait_no_bits(void)
{
	shared_init();
	struct worker *w = worker_start(waiter, NULL);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_WAITING_SIGNAL);
	CHECK_OK(notification_signal(shared.notification));
	CHECK_EQUAL(thread_state(w->thread), THREAD_WAITING_SIGNAL);
	CHECK_OK(notification_signal(derive(shared.notification, RIGHT_WRITE, 1)));
	worker_join(w);
	CHECK_EQUAL(shared.bits, 1);
}

static void bound_server(void *argument)
{
	(void)argument;
	shared.err = ipc_receive(shared.endpoint, shared.reply, &shared.message);
	__atomic_fetch_add(&shared.count, 1, __ATOMIC_RELAXED);
}

static enum err bind(cap_t thread, cap_t notification)
{
	return invoke5(thread, THREAD_BIND_NOTIFICATION, notification, 0, 0, 0, 0);
}

static void test_bound(void)
{
	struct message m = {.tag = MESSAGE_TAG(9, 0)};

	shared_init();
	cap_t badged = derive(shared.notification, RIGHT_WRITE, 32);
	struct worker *w = worker_make(bound_server, NULL, MAIN_PRIORITY, 0);
	CHECK_EQUAL(bind(w->thread, shared.endpoint), ERR_CAP_TYPE);
	CHECK_EQUAL(bind(w->thread, badged), ERR_RIGHTS);
	CHECK_OK(bind(w->thread, shared.notification));
	CHECK_OK(bind(w->thread, shared.notification));
	struct worker *other = worker_make(bound_server, NULL, MAIN_PRIORITY, 0);
	CHECK_EQUAL(bind(other->thread, shared.notification), ERR_BUSY);
	/* A signal that came before ends the receive at once... */
	CHECK_OK(notification_signal(badged));
	CHECK_OK(worker_resume(w));
	worker_join(w);
	CHECK_EQUAL(shared.message.tag, MESSAGE_TAG(LABEL_NOTIFICATION, 0));
	CHECK_EQUAL(shared.message.badge, 32);
	/* ...one during it too... */
	worker_reset(w);
	w->returned = false;
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	CHECK_OK(notification_signal(badged));
	worker_join(w);
	CHECK_EQUAL(shared.message.tag, MESSAGE_TAG(LABEL_NOTIFICATION, 0));
	CHECK_EQUAL(poll(shared.notification), 0);
	/* ...and without a binding messages only. The reply object was freed each time. */
	CHECK_OK(bind(w->thread, 0));
	CHECK_OK(notification_signal(badged));
	worker_reset(w);
	w->returned = false;
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	CHECK_OK(ipc_send(shared.endpoint, &m));
	worker_join(w);
	CHECK_EQUAL(shared.message.tag, MESSAGE_TAG(9, 0));
	CHECK_EQUAL(poll(shared.notification), 32);
	CHECK_OK(bind(other->thread, shared.notification));
	CHECK_OK(delete_cap(other->thread)); /* unbinds */
	CHECK_OK(bind(w->thread, shared.notification));
	CHECK_OK(delete_cap(shared.notification));
}

static void test_timer(void)
{
	cap_t n = make_object(OBJECT_NOTIFICATION);
	uint64_t from = time_ticks(), bits = 0;

	CHECK_OK(set_timer(n, from + ticks_of_us(3000)));
	CHECK_OK(notification_wait(n, &bits));
	CHECK_EQUAL(bits, TIMER_BIT);
	CHECK(time_ticks() - from >= ticks_of_us(3000));
	CHECK_OK(set_timer(n, 1)); /* long ago */
	CHECK_OK(notification_wait(n, &bits));
	CHECK_EQUAL(bits, TIMER_BIT);
	/* Late enough that a busy machine does not let it come before it is stopped. */
	CHECK_OK(set_timer(n, time_ticks() + ticks_of_us(50000)));
	CHECK_OK(set_timer(n, 0));
	sleep_us(60000);
	CHECK_EQUAL(poll(n), 0);
	CHECK_OK(set_timer(n, time_ticks() + ticks_of_us(50000)));
	CHECK_OK(set_timer(n, ~0ull)); /* moved */
	sleep_us(60000);
	CHECK_EQUAL(poll(n), 0);
}

static void test_timer_limit(void)
{
	cap_t first = new_slots(TIMERS_MAX + 1);
	uint64_t late = time_ticks() + 3600 * BOOT->timebase_hz;
	unsigned armed;

	CHECK_OK(try_make(OBJECT_NOTIFICATION, 0, TIMERS_MAX + 1, first));
	for (armed = 0; armed <= TIMERS_MAX; armed++) {
		if (set_timer(first + armed, late - armed * 7 % 13) != ERR_OK)
			break;
	}
	CHECK_EQUAL(armed, TIMERS_MAX);
	CHECK_EQUAL(set_timer(first + armed, late), ERR_LIMIT);
	CHECK_OK(set_timer(first + 5, late + 1)); /* one that is armed can be moved */
	CHECK_OK(delete_cap(first + 9));	  /* and one destroyed makes room */
	CHECK_OK(set_timer(first + armed, late));
	CHECK_EQUAL(set_timer(SLOT_SLEEP, late), ERR_LIMIT);
	CHECK_OK(set_timer(first + 3, 0));
	CHECK_OK(set_timer(SLOT_SLEEP, late));
	CHECK_OK(set_timer(SLOT_SLEEP, 0));
}

/* 40 timers in random order, moved about, on whatever hart: each fires once, none too early. */
static void test_timer_many(void)
{
	enum { TIMERS = 40 };
	cap_t first = new_slots(TIMERS);
	uint64_t due[TIMERS], fired = 0;
	unsigned left = TIMERS;
	uint64_t from = time_ticks();

	CHECK_OK(try_make(OBJECT_NOTIFICATION, 0, TIMERS, first));
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned i = 0; i < TIMERS; i++) {
			due[i] = from + ticks_of_us(20000 + random_below(30000));
			CHECK_OK(set_timer(first + i, due[i]));
		}
	}
	while (left > 0) {
		for (unsigned i = 0; i < TIMERS; i++) {
			if (poll(first + i) == TIMER_BIT) {
				CHECK(!(fired >> i & 1) && time_ticks() >= due[i]);
				fired |= 1ull << i;
				left--;
			}
		}
		CHECK(time_ticks() - from < 5 * BOOT->timebase_hz);
		thread_yield();
	}
}

SUITE(notification, {"notification-errors", test_errors}, {"notification-bits", test_bits},
      {"notification-wait", test_wait}, {"notification-wait-no-bits", test_wait_no_bits},
      {"notification-bound", test_bound}, {"notification-timer", test_timer},
      {"notification-timer-limit", test_timer_limit}, {"notification-timer-many", test_timer_many});

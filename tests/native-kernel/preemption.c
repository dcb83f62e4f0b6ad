/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long system calls while timers fire all the time: the kernel stops at each
 * interrupt and goes on when the call is made again. It fails if a call
 * forgets how far it came (something is left, or it never ends), or a timer
 * that fired meanwhile is lost.
 */
#include "tests/native-kernel/uart.h"

#define TIMERS 50 /* the kernel has 64 */
#define STEP_US 7 /* between two */
#define ROUNDS 4
#define TABLES 200 /* windows' pages lie in as many tables */
#define BATCH 50

static cap_t timers;

static void timers_make(void)
{
	timers = new_slots(TIMERS);
	CHECK_OK(try_make(OBJECT_NOTIFICATION, 0, TIMERS, timers));
}

/* From now on, one after the other. */
static void timers_start(void)
{
	uint64_t step = STEP_US * BOOT->timebase_hz / 1000000, now = time_ticks();

	for (unsigned i = 0; i < TIMERS; i++)
		CHECK_OK(invoke5(timers + i, NOTIFICATION_SET_TIMER, now + (i + 10) * step, 0, 0, 0,
				 0));
}

static void timers_check(void)
{
	for (unsigned i = 0; i < TIMERS; i++) {
		uint64_t bits = 0;

		CHECK_OK(notification_wait(timers + i, &bits));
		CHECK_EQUAL(bits, TIMER_BIT);
	}
}

struct mapped {
	cap_t space, bank, window, pool, binding;
};

/* A page of a one-page pool in each of TABLES tables. */
static void mapped_make(struct mapped *mapped, cap_t pool)
{
	struct message m = {0};
	struct window_item *items =
		(struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];

	*mapped = (struct mapped){.space = make_object(OBJECT_SPACE),
				  .bank = make(OBJECT_TABLE_BANK, 20),
				  .window = make_object(OBJECT_WINDOW),
				  .pool = pool,
				  .binding = make_object(OBJECT_BINDING)};
	CHECK_OK(invoke5(mapped->space, SPACE_ADD_BANK, mapped->bank, 0, 0, 0, 0));
	m.words[0] = mapped->window;
	m.words[2] = 1ul << 18;
	m.words[3] = RIGHT_READ;
	CHECK_OK(invoke(mapped->space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(mapped->binding, BINDING_BIND, mapped->window, pool, RIGHT_READ, 0, 0));
	for (unsigned first = 0; first < TABLES; first += BATCH) {
		for (unsigned i = 0; i < BATCH; i++)
			items[i] = (struct window_item){.cap = mapped->binding,
							.op = WINDOW_MAP,
							.rights = RIGHT_READ,
							.va_page = (first + i) * 512,
							.count = 1};
		m.tag = MESSAGE_TAG_ITEMS(BATCH);
		CHECK_OK(syscall_message(SYS_WINDOW, 0, &m));
	}
	CHECK_EQUAL(query(mapped->space, SPACE_INFO, 0), TABLES + 1);
}

static uint64_t entry_of(const struct mapped *mapped, unsigned table)
{
	struct window_item item = {.cap = mapped->window,
				   .op = WINDOW_QUERY,
				   .va_page = table * 512ul,
				   .pool_page = 300,
				   .count = 1};

	CHECK_OK(window_item(&item, NULL));
	return message_buffer()->words[300];
}

/* Whatever is deleted, no entry and no table is left of it. */
static void take_mapped(cap_t mapped_part(const struct mapped *))
{
	struct mapped mapped;

	timers_make();
	for (unsigned round = 0; round < ROUNDS; round++) {
		cap_t part;

		mapped_make(&mapped, make_pool(12, NULL));
		part = mapped_part(&mapped);
		timers_start();
		CHECK_OK(delete_cap(part));
		CHECK_EQUAL(slot_type(part), OBJECT_NONE);
		CHECK_EQUAL(query(mapped.space, SPACE_INFO, 0), 0);
		if (part != mapped.window)
			for (unsigned i = 0; i < TABLES; i += 13)
				CHECK_EQUAL(entry_of(&mapped, i), 0);
		timers_check();
		CHECK_OK(delete_cap(mapped.space));
		if (part != mapped.bank)
			CHECK_OK(delete_cap(mapped.bank));
	}
}

static cap_t bank_of(const struct mapped *mapped)
{
	return mapped->bank;
}

static cap_t window_of(const struct mapped *mapped)
{
	return mapped->window;
}

static cap_t pool_of(const struct mapped *mapped)
{
	return mapped->pool;
}

static cap_t binding_of(const struct mapped *mapped)
{
	return mapped->binding;
}

static void test_bank(void)
{
	take_mapped(bank_of);
}

static void test_window(void)
{
	take_mapped(window_of);
}

static void test_pool(void)
{
	take_mapped(pool_of);
}

static void test_binding(void)
{
	take_mapped(binding_of);
}

#define CSPACE_BITS 16
#define CSPACE_BYTES_BITS (CSPACE_BITS + 6)
#define KEPT 40	  /* objects that only a CSpace holds */
#define SOURCE 21 /* the first of so many interrupt sources without a device */

/* What its memory held before is gone: a slot that was not zeroed would be a forged capability. */
static void test_zeroing(void)
{
	cap_t cspace = new_slot();
	struct area area;

	timers_make();
	area_make(&area, 0, 1ul << CSPACE_BYTES_BITS, CSPACE_BYTES_BITS, 0, 0);
	CHECK_OK(area_map(&area, 0, 0, 1u << (CSPACE_BYTES_BITS - 12), RIGHT_READ | RIGHT_WRITE));
	memset((void *)area.va, 0x11, 1ul << CSPACE_BYTES_BITS);
	CHECK_OK(revoke_cap(area.untyped));
	timers_start();
	CHECK_OK(invoke5(area.untyped, UNTYPED_RETYPE, OBJECT_CSPACE, CSPACE_BITS, 1, cspace, 0));
	timers_check();
	for (uint64_t slot = 1; slot < 1ul << CSPACE_BITS; slot += 7) {
		struct message m = {.words = {slot}};

		CHECK_EQUAL(invoke(cspace, CSPACE_INSPECT, 1, &m), ERR_CAP_EMPTY);
	}
}

/*
 * A large CSpace with objects here and there: all are found and destroyed with
 * it. Interrupt handlers, because one that is left keeps its source.
 */
static void test_cspace(void)
{
	cap_t handler = new_slot();

	timers_make();
	for (unsigned kept = 1; kept <= KEPT; kept *= KEPT) {
		cap_t cspace = make(OBJECT_CSPACE, CSPACE_BITS);

		for (unsigned i = 0; i < kept; i++) {
			CHECK_OK(irq_get(SOURCE + i, handler, 0));
			CHECK_OK(invoke5(cspace, CSPACE_MOVE, (i + 1) * (65535 / kept), handler, 0,
					 0, 0));
			CHECK_EQUAL(irq_get(SOURCE + i, handler, 0), ERR_BUSY);
		}
		timers_start();
		CHECK_OK(delete_cap(cspace));
		CHECK_EQUAL(slot_type(cspace), OBJECT_NONE);
		for (unsigned i = 0; i < kept; i++) {
			CHECK_OK(irq_get(SOURCE + i, handler, 0));
			CHECK_OK(delete_cap(handler));
		}
		timers_check();
	}
}

/* Many copies of one capability, deleted through the first. */
static void test_revoke(void)
{
	cap_t endpoint = make_object(OBJECT_ENDPOINT), cspace = make(OBJECT_CSPACE, 12);

	timers_make();
	for (unsigned i = 1; i < 4096; i++)
		CHECK_OK(invoke5(cspace, CSPACE_COPY, i, endpoint, RIGHT_READ, 0, 0));
	timers_start();
	CHECK_OK(revoke_cap(endpoint));
	/* Each slot is free again. */
	for (unsigned i = 1; i < 4096; i++)
		CHECK_OK(invoke5(cspace, CSPACE_COPY, i, endpoint, RIGHT_READ, 0, 0));
	timers_check();
}

static volatile unsigned cancelled;

static void wait_signal(void *argument)
{
	uint64_t bits;

	if (notification_wait(*(cap_t *)argument, &bits) == ERR_CANCELLED)
		__atomic_fetch_add(&cancelled, 1, __ATOMIC_RELAXED);
}

/* Threads that wait for what is destroyed: each is told. */
static void test_waiters(void)
{
	timers_make();
	for (unsigned round = 0; round < ROUNDS; round++) {
		cap_t notification = make_object(OBJECT_NOTIFICATION);
		struct worker *w[WORKERS];

		cancelled = 0;
		for (unsigned i = 0; i < WORKERS; i++)
			w[i] = worker_start_on(wait_signal, &notification, 100, 0);
		for (unsigned i = 0; i < WORKERS; i++)
			WAIT_UNTIL(thread_state(w[i]->thread) == THREAD_WAITING_SIGNAL);
		timers_start();
		CHECK_OK(delete_cap(notification));
		WAIT_UNTIL(cancelled == WORKERS);
		for (unsigned i = 0; i < WORKERS; i++) {
			worker_join(w[i]);
			CHECK_OK(delete_cap(w[i]->thread));
		}
		timers_check();
		workers_forget();
	}
}

SUITE(preemption, {"preemption-bank", test_bank}, {"preemption-window", test_window},
      {"preemption-pool", test_pool}, {"preemption-binding", test_binding},
      {"preemption-zeroing", test_zeroing}, {"preemption-cspace", test_cspace},
      {"preemption-revoke", test_revoke}, {"preemption-waiters", test_waiters});

/* SPDX-License-Identifier: BSD-2-Clause */
/* Page faults in windows, as a pager sees them. */
#include "tests/native-kernel/harness.h"

#define RW (RIGHT_READ | RIGHT_WRITE)

static struct area area;
static cap_t endpoint, reply;
static volatile uint64_t seen;
static volatile uint64_t rounds;

static void setup(void)
{
	seen = rounds = 0;
	endpoint = make_object(OBJECT_ENDPOINT);
	reply = make_object(OBJECT_REPLY);
	area_make(&area, 0, 4 << 20, 21, endpoint, 0x51);
}

static void load(void *argument)
{
	seen = *(volatile uint64_t *)argument;
	rounds++;
}

static void store(void *argument)
{
	*(volatile uint64_t *)argument = 99;
	rounds++;
}

static void fetch(void *argument)
{
	((void (*)(void))argument)();
	rounds++;
}

/* Answer through the reply object with one MAP item, and wait for the next fault. */
static enum err map_and_receive(uint64_t page, unsigned rights, struct message *m)
{
	struct window_item *item = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];

	*item = (struct window_item){.cap = area.binding,
				     .op = WINDOW_MAP,
				     .rights = (uint8_t)rights,
				     .va_page = (area.va >> 12) + page,
				     .pool_page = page,
				     .count = 1};
	m->tag = MESSAGE_TAG(FAULT_RESUME, 0) | MESSAGE_TAG_ITEMS(1);
	return ipc_reply_receive(endpoint, reply, m);
}

static void check_fault(const struct message *m, uint64_t address, unsigned access)
{
	CHECK_EQUAL(m->tag, MESSAGE_TAG(LABEL_FAULT, 4));
	CHECK_EQUAL(m->badge, 0x51);
	CHECK_EQUAL(m->words[0], address);
	CHECK_EQUAL(m->words[1], access);
	CHECK(m->words[2] >= 0x200000);
}

static void test_kinds(void)
{
	static const struct {
		void (*run)(void *);
		unsigned access, rights;
	} kinds[] = {{load, FAULT_READ, RIGHT_READ},
		     {store, FAULT_WRITE, RW},
		     {fetch, FAULT_EXECUTE, RIGHT_READ | RIGHT_EXECUTE}};

	setup();
	/* Something to run and to read in each page: `ret`. */
	for (unsigned i = 0; i < 3; i++) {
		struct message m = {0};
		uint64_t address = area.va + 8192 * i + 8;

		CHECK_OK(area_map(&area, 2 * i, 2 * i, 1, RW));
		*(volatile uint32_t *)address = 0x00008067;
		CHECK_OK(area_unmap(&area, 2 * i, 1));
		struct worker *w = worker_start(kinds[i].run, (void *)address);
		CHECK_OK(ipc_receive(endpoint, reply, &m));
		check_fault(&m, address, kinds[i].access);
		CHECK_EQUAL(m.words[3], 1);
		CHECK_EQUAL(thread_state(w->thread), THREAD_WAITING_REPLY);
		CHECK_EQUAL(query(w->thread, THREAD_INFO, 4), address);
		CHECK_EQUAL(query(w->thread, THREAD_INFO, 5), kinds[i].access);
		struct window_item item = {.cap = area.binding,
					   .op = WINDOW_MAP,
					   .rights = (uint8_t)kinds[i].rights,
					   .flags = WINDOW_FENCE_I,
					   .va_page = address >> 12,
					   .pool_page = 2 * i,
					   .count = 1};
		CHECK_OK(window_item(&item, NULL));
		m.tag = MESSAGE_TAG(FAULT_RESUME, 0);
		CHECK_OK(ipc_reply(reply, &m));
		worker_join(w);
	}
	CHECK_EQUAL(seen, 0x00008067);
}

/* An answer that mapped nothing: the access faults again, with a higher count. */
static void test_again(void)
{
	struct message m = {0};

	setup();
	struct worker *w = worker_start(store, (void *)area.va);
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	for (unsigned i = 1; i <= 5; i++) {
		check_fault(&m, area.va, FAULT_WRITE);
		CHECK_EQUAL(m.words[3], i);
		if (i == 3) { /* not enough: it writes */
			CHECK_OK(map_and_receive(0, RIGHT_READ, &m));
		} else if (i < 5) {
			m.tag = 0;
			CHECK_OK(ipc_reply_receive(endpoint, reply, &m));
		}
	}
	/* An item that fails sends no answer. */
	struct window_item *item = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	*item = (struct window_item){.cap = area.binding,
				     .op = WINDOW_MAP,
				     .rights = RW | RIGHT_EXECUTE,
				     .va_page = area.va >> 12,
				     .count = 1};
	m.tag = MESSAGE_TAG_ITEMS(1);
	CHECK_EQUAL(ipc_reply_receive(endpoint, reply, &m), ERR_ARGUMENT);
	CHECK_EQUAL(thread_state(w->thread), THREAD_WAITING_REPLY);
	CHECK_OK(area_map(&area, 0, 0, 1, RW));
	m.tag = 0;
	CHECK_OK(ipc_reply(reply, &m));
	worker_join(w);
	CHECK_EQUAL(*(volatile uint64_t *)area.va, 99);
}

static void touch_many(void *argument)
{
	uint64_t va = (uint64_t)argument;

	for (unsigned i = 0; i < 200; i++) {
		*(volatile uint64_t *)(va + i * 4096) = i;
		rounds++;
	}
	*(volatile uint64_t *)(va + 400 * 4096) = 1; /* ends the pager's loop */
}

/* Map, answer and receive in one call: two kernel entries a fault, on one hart. */
static void test_two_entries(void)
{
	struct message m = {0};
	uint64_t before, after;

	setup();
	struct worker *w = worker_make(touch_many, (void *)area.va, MAIN_PRIORITY, 1);
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz, 1, 0));
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w->sched, MAIN_PRIORITY, BOOT->timebase_hz,
			 1, 0));
	CHECK_OK(worker_resume(w));
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	before = kernel_entries(0);
	for (unsigned i = 0; i < 200; i++) {
		check_fault(&m, area.va + i * 4096, FAULT_WRITE);
		CHECK_OK(map_and_receive(i, RW, &m));
	}
	after = kernel_entries(0);
	CHECK_EQUAL(rounds, 200);
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 0, 0));
	/* 400, the second HART_INFO, and a few timer interrupts if the host is slow. */
	CHECK(after - before >= 401 && after - before < 401 + 20);
	for (unsigned i = 0; i < 200; i++)
		CHECK_EQUAL(*(volatile uint64_t *)(area.va + i * 4096), i);
}

/* FAULT_FAIL makes the fault an exception, with the pager's code. */
static void test_fail_answer(void)
{
	cap_t handler = make_object(OBJECT_ENDPOINT), handler_reply = make_object(OBJECT_REPLY);
	struct message m = {0};

	setup();
	struct worker *w = worker_make(store, (void *)(area.va + 16), MAIN_PRIORITY, 0);
	CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, handler, 8, 0, 0, 0));
	CHECK_OK(worker_resume(w));
	for (unsigned i = 0; i < 2; i++) {
		CHECK_OK(ipc_receive(endpoint, reply, &m));
		m = (struct message){.tag = MESSAGE_TAG(FAULT_FAIL, i), .words = {77}};
		CHECK_OK(ipc_reply(reply, &m));
		CHECK_OK(ipc_receive(handler, handler_reply, &m));
		CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_EXCEPTION, 4));
		CHECK_EQUAL(m.badge, 8);
		CHECK_EQUAL(m.words[0], 15);
		CHECK_EQUAL(m.words[1], area.va + 16);
		CHECK_EQUAL(m.words[3], i == 0 ? 0 : 77);
		m.tag = 0;
		CHECK_OK(ipc_reply(handler_reply, &m)); /* tries again */
	}
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	CHECK_OK(area_map(&area, 0, 0, 1, RW));
	m.tag = 0;
	CHECK_OK(ipc_reply(reply, &m));
	worker_join(w);
	/* Without a handler, FAULT_FAIL stops the thread. */
	w = worker_start(store, (void *)(area.va + 4096));
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	m.tag = MESSAGE_TAG(FAULT_FAIL, 0);
	CHECK_OK(ipc_reply(reply, &m));
	WAIT_UNTIL(thread_suspended(w->thread));
}

/* The pager and the handler are one thread on one endpoint. */
static void test_fail_to_self(void)
{
	struct message m = {0};

	setup();
	struct worker *w = worker_make(store, (void *)area.va, MAIN_PRIORITY, 0);
	CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, endpoint, 3, 0, 0, 0));
	CHECK_OK(worker_resume(w));
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	m = (struct message){.tag = MESSAGE_TAG(FAULT_FAIL, 1), .words = {5}};
	CHECK_OK(ipc_reply_receive(endpoint, reply, &m));
	CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_EXCEPTION, 4));
	CHECK(m.badge == 3 && m.words[3] == 5);
	CHECK_OK(area_map(&area, 0, 0, 1, RW));
	m.tag = 0;
	CHECK_OK(ipc_reply(reply, &m));
	worker_join(w);
}

/* No endpoint, a dead one, or no window: an exception at once. */
static void test_no_pager(void)
{
	cap_t handler = make_object(OBJECT_ENDPOINT), handler_reply = make_object(OBJECT_REPLY);
	struct message m = {0};
	static struct area bare;

	setup();
	area_make(&bare, 1ul << 30, 2 << 20, 12, 0, 0);
	uint64_t addresses[3] = {bare.va, area.va, 2ul << 30};
	for (unsigned i = 0; i < 3; i++) {
		struct worker *w = worker_make(load, (void *)addresses[i], MAIN_PRIORITY, 0);

		CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, handler, i, 0, 0, 0));
		CHECK_OK(worker_resume(w));
		if (i == 1) { /* the endpoint goes while the thread waits */
			WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
			CHECK_OK(delete_cap(endpoint));
		}
		CHECK_OK(ipc_receive(handler, handler_reply, &m));
		CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_EXCEPTION, 4));
		CHECK(m.words[0] == 13 && m.words[1] == addresses[i] && m.words[3] == 0);
		CHECK_OK(delete_cap(w->thread));
	}
}

/* Fetches from where no user has anything: the handler is told the very address. */
static void test_foreign_fetch(void)
{
	static const uint64_t addresses[] = {0xffffffff80000000, 0xffffffc080200000, 0x3ffffff000};
	cap_t handler = make_object(OBJECT_ENDPOINT), handler_reply = make_object(OBJECT_REPLY);
	struct message m = {0};

	for (unsigned i = 0; i < 3; i++) {
		struct worker *w = worker_make(fetch, (void *)addresses[i], MAIN_PRIORITY, 0);

		CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, handler, i, 0, 0, 0));
		CHECK_OK(worker_resume(w));
		CHECK_OK(ipc_receive(handler, handler_reply, &m));
		CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_EXCEPTION, 4));
		CHECK_EQUAL(m.words[0], 12);
		CHECK_EQUAL(m.words[1], addresses[i]);
		CHECK_OK(delete_cap(w->thread));
	}
}

/* The window goes while a fault waits for its answer: it then is an exception. */
static void test_window_gone(void)
{
	cap_t handler = make_object(OBJECT_ENDPOINT), handler_reply = make_object(OBJECT_REPLY);
	struct message m = {0};

	setup();
	struct worker *w = worker_make(load, (void *)area.va, MAIN_PRIORITY, 0);
	CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, handler, 1, 0, 0, 0));
	CHECK_OK(worker_resume(w));
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	CHECK_OK(delete_cap(area.window));
	m.tag = 0;
	CHECK_OK(ipc_reply(reply, &m));
	CHECK_OK(ipc_receive(handler, handler_reply, &m));
	CHECK_EQUAL(message_label(m.tag), LABEL_EXCEPTION);
}

SUITE(fault, {"fault-kinds", test_kinds}, {"fault-again", test_again},
      {"fault-two-entries", test_two_entries}, {"fault-fail-answer", test_fail_answer},
      {"fault-fail-to-self", test_fail_to_self}, {"fault-no-pager", test_no_pager},
      {"fault-foreign-fetch", test_foreign_fetch}, {"fault-window-gone", test_window_gone});

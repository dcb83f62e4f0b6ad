/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel's paths cost, in instructions, on one hart: the emulator
 * counts instructions (ICOUNT=1), and `cycle` counts them one by one. As in
 * seL4's benchmarks each operation is measured by itself, 16 times before it
 * counts, from before the stub of the one thread to behind the stub of the
 * other; taken off is what the same stubs take without their ecall. Printed is
 * the median.
 *
 * Partners run in a space of their own, which shows the same pages. The names
 * with ".budget" are the same with budgets enforced for both.
 */
#include <stdlib.h>

#include "tests/native-kernel/uart.h"

#define WARM 16u
#define SAMPLES 101u

static struct twin twin;
static cap_t endpoint, reply, notification, own_notification;
static volatile uint64_t begun; /* cycle before the stub, in the thread that begins */
static uint64_t samples[WARM + SAMPLES];
static unsigned sample_count;
static bool is_enforced;

static inline uint64_t cycles(void)
{
	uint64_t value;

	__asm__ volatile("rdcycle %0" : "=r"(value) : : "memory");
	return value;
}

static uint64_t instructions(uint64_t ticks)
{
	return ticks * (1000000000ull / BOOT->timebase_hz);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A stub without its ecall: registers in and out, as the compiler makes it. */
static inline void no_message(struct message *m)
{
	register uint64_t a0 __asm__("a0") = endpoint;
	register uint64_t a1 __asm__("a1") = m->tag;
	register uint64_t a2 __asm__("a2") = m->words[0];
	register uint64_t a3 __asm__("a3") = m->words[1];
	register uint64_t a4 __asm__("a4") = m->words[2];
	register uint64_t a5 __asm__("a5") = m->words[3];
	register uint64_t a6 __asm__("a6") = m->words[4];
	register uint64_t a7 __asm__("a7") = SYS_CALL;
	register uint64_t t0 __asm__("t0") = m->words[5];
	register uint64_t t1 __asm__("t1") = m->words[6];
	register uint64_t t2 __asm__("t2") = m->words[7];
	register uint64_t t3 __asm__("t3") = m->words[8];
	register uint64_t t4 __asm__("t4") = m->words[9];
	register uint64_t t5 __asm__("t5") = 0;
	__asm__ volatile(""
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(t0), "+r"(t1), "+r"(t2), "+r"(t3), "+r"(t4), "+r"(t5)
			 : "r"(a7)
			 : "memory");
	m->tag = a1;
	m->badge = t5;
	m->words[0] = a2;
	m->words[1] = a3;
	m->words[2] = a4;
	m->words[3] = a5;
	m->words[4] = a6;
	m->words[5] = t0;
	m->words[6] = t1;
	m->words[7] = t2;
	m->words[8] = t3;
	m->words[9] = t4;
}

static inline void no_cap(void)
{
	register uint64_t a0 __asm__("a0") = endpoint;
	register uint64_t a7 __asm__("a7") = SYS_CALL;

	__asm__ volatile("" : "+r"(a0) : "r"(a7) : "memory");
}

static uint64_t median(uint64_t *values, unsigned count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return values[count / 2];
}

/* Print the median of what was recorded, less `overhead`. */
static void report(const char *name, uint64_t overhead)
{
	CHECK(sample_count >= WARM + SAMPLES);
	uint64_t value = median(samples + WARM, SAMPLES);

	log_print("bench %s%s %lu instructions %u\n", name, is_enforced ? ".budget" : "",
		  value > overhead ? value - overhead : 0, SAMPLES);
	sample_count = 0;
}

static void record(uint64_t value)
{
	if (sample_count < WARM + SAMPLES)
		samples[sample_count++] = value;
}

/* Reading the counter twice around the stub, with no ecall in it. */
static uint64_t message_overhead(void)
{
	uint64_t values[SAMPLES];
	struct message m = {0};

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t from = cycles();

		no_message(&m);
		values[i] = cycles() - from;
	}
	return median(values, SAMPLES);
}

static uint64_t cap_overhead(void)
{
	uint64_t values[SAMPLES];

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t from = cycles();

		no_cap();
		values[i] = cycles() - from;
	}
	return median(values, SAMPLES);
}

/* From one thread to another: the first half of the stub here, the second there. */
static uint64_t half_overhead(void)
{
	return cap_overhead();
}

static void enforce(cap_t sched, unsigned priority)
{
	uint64_t ms = BOOT->timebase_hz / 1000;
	struct message m = {.words = {sched, priority, 5 * ms, 1, is_enforced ? 10 * ms : 0}};

	CHECK_OK(invoke_n(BOOT_SLOT_HART, HART_CONFIGURE, 5, &m));
}

static struct worker *partner(void (*run)(void *), unsigned priority)
{
	struct worker *w = worker_make_in(twin.space, BOOT_SLOT_CSPACE, run, NULL, priority, 1);

	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_ALLOW_COUNTERS, w->thread, COUNTERS_ALL, 0, 0, 0));
	enforce(w->sched, priority);
	return w;
}

static struct worker *partner_started(void (*run)(void *), unsigned priority)
{
	struct worker *w = partner(run, priority);

	CHECK_OK(worker_resume(w));
	return w;
}

static void end(struct worker *w)
{
	CHECK_OK(delete_cap(w->thread));
	CHECK_OK(delete_cap(w->sched));
	workers_forget();
}

/* --- one thread -------------------------------------------------------------------- */

static void null_calls(void)
{
	for (unsigned i = 0; i < WARM + SAMPLES; i++) {
		uint64_t from = cycles();

		syscall_cap((enum syscall)4711, 0);
		record(cycles() - from);
	}
	report("syscall.null", cap_overhead());
}

static void signals(void)
{
	uint64_t bits;

	for (unsigned i = 0; i < WARM + SAMPLES; i++) {
		uint64_t from = cycles();

		notification_signal(notification);
		record(cycles() - from);
	}
	notification_poll(notification, &bits);
	report("signal.no_switch", cap_overhead());
}

/* --- calls -------------------------------------------------------------------------- */

static void echo_server(void *argument)
{
	struct message m = {0};

	(void)argument;
	for (;;)
		ipc_reply_receive(endpoint, reply, &m);
}

static void measuring_server(void *argument)
{
	struct message m = {0};

	(void)argument;
	for (;;) {
		ipc_reply_receive(endpoint, reply, &m);
		record(cycles() - begun);
	}
}

static void timing_server(void *argument)
{
	struct message m = {0};

	(void)argument;
	for (;;) {
		begun = cycles();
		ipc_reply_receive(endpoint, reply, &m);
	}
}

/* `server` sees one end of the way measured; the client records if `at_client`. */
static void calls_to(void (*server)(void *), const char *name, unsigned words, bool at_client,
		     bool at_both, uint64_t overhead)
{
	struct worker *w = partner_started(server, MAIN_PRIORITY);
	struct message m = {0};

	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	for (unsigned i = 0; i < WARM + SAMPLES; i++) {
		m.tag = MESSAGE_TAG(0, words);
		uint64_t from = begun = cycles();

		ipc_call(endpoint, &m);
		uint64_t to = cycles();

		if (at_client)
			record(to - (at_both ? from : begun));
	}
	report(name, overhead);
	end(w);
	CHECK_OK(delete_cap(reply));
	reply = make_object(OBJECT_REPLY);
}

/* One way: one half of the client's stub and the other of the server's make one stub. There and
 * back: two. */
static void calls(void)
{
	uint64_t stub = message_overhead();

	calls_to(measuring_server, "ipc.call.0w", 0, false, false, stub);
	calls_to(timing_server, "ipc.reply_receive.0w", 0, true, false, stub);
	calls_to(echo_server, "ipc.round_trip.0w", 0, true, true, 2 * stub);
	calls_to(echo_server, "ipc.round_trip.10w", 10, true, true, 2 * stub);
}

/* --- waking a thread of higher priority ------------------------------------------------ */

static void receiver(void *argument)
{
	struct message m = {0};

	(void)argument;
	for (;;) {
		ipc_receive(endpoint, 0, &m);
		record(cycles() - begun);
	}
}

static void sends(void)
{
	struct worker *w = partner_started(receiver, MAIN_PRIORITY + 1);
	struct message m = {0};

	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	for (unsigned i = 0; i < WARM + SAMPLES; i++) {
		m.tag = 0;
		begun = cycles();
		syscall_message(SYS_SEND, endpoint, &m);
	}
	report("ipc.send_higher", message_overhead());
	end(w);
}

static void waiter(void *argument)
{
	uint64_t bits;

	(void)argument;
	for (;;) {
		notification_wait(notification, &bits);
		record(cycles() - begun);
	}
}

static void wakes(void)
{
	struct worker *w = partner_started(waiter, MAIN_PRIORITY + 1);

	WAIT_UNTIL(thread_state(w->thread) == THREAD_WAITING_SIGNAL);
	for (unsigned i = 0; i < WARM + SAMPLES; i++) {
		begun = cycles();
		notification_signal(notification);
	}
	report("signal.wake_higher", half_overhead());
	end(w);
}

/* What `cycle` is ahead of the time in instructions, which a tick changes by 100. */
static uint64_t cycles_ahead(void)
{
	uint64_t tick = time_ticks(), now;

	do {
		now = time_ticks();
	} while (now == tick);
	return cycles() - instructions(now);
}

/* From the time that a timer is set to, to who waits for it; nothing else runs. */
static void wakes_from_idle(void)
{
	uint64_t ahead = cycles_ahead(), bits;

	for (unsigned i = 0; i < WARM + SAMPLES; i++) {
		uint64_t until = time_ticks() + 200;

		CHECK_OK(invoke5(notification, NOTIFICATION_SET_TIMER, until, 0, 0, 0, 0));
		notification_wait(notification, &bits);
		record(cycles() - ahead - instructions(until));
	}
	report("timer.wake_idle", 0);
}

/* --- yield ---------------------------------------------------------------------------- */

static void yielder(void *argument)
{
	(void)argument;
	for (;;) {
		begun = cycles();
		thread_yield();
	}
}

static void yields(void)
{
	struct worker *w = partner_started(yielder, MAIN_PRIORITY);

	for (unsigned i = 0; i < WARM + SAMPLES; i++) {
		thread_yield();
		record(cycles() - begun);
	}
	report("thread.yield", cap_overhead());
	end(w);
}

/* --- personality and exceptions --------------------------------------------------------- */

static void foreign(void *argument)
{
	(void)argument;
	for (;;) {
		uint64_t from = cycles();

		syscall_cap((enum syscall)172, 0);
		record(cycles() - from);
	}
}

static void breaker(void *argument)
{
	(void)argument;
	for (;;) {
		uint64_t from = cycles();

		__asm__ volatile(".option push\n.option norvc\nebreak\n.option pop" : : : "memory");
		record(cycles() - from);
	}
}

/* This thread serves; the partner measures. Tag of the answer, whose word 0 is the pc behind an
 * ebreak, for what it is good. */
static void serve(const char *name, void (*run)(void *), uint64_t flags, uint64_t tag,
		  uint64_t overhead)
{
	struct worker *w = partner(run, MAIN_PRIORITY);
	struct message m = {0};

	CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, endpoint, 1, flags, 0, 0));
	CHECK_OK(worker_resume(w));
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	while (sample_count < WARM + SAMPLES) {
		m.words[0] = m.words[2] + 4;
		m.tag = tag;
		CHECK_OK(ipc_reply_receive(endpoint, reply, &m));
	}
	report(name, overhead);
	end(w);
	CHECK_OK(delete_cap(reply));
	reply = make_object(OBJECT_REPLY);
}

/* --- interrupts ---------------------------------------------------------------------------- */

/* The UART's line rises; from the last look at the counter before the trap. */
static void interrupts(void)
{
	static struct uart uart;
	struct worker *w;

	if (uart.registers == NULL) {
		uart_make(&uart);
		uart_connect(&uart, 0);
	}
	notification = uart.notification;
	w = partner_started(waiter, MAIN_PRIORITY + 1);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_WAITING_SIGNAL);
	while (sample_count < WARM + SAMPLES) {
		unsigned before = sample_count;

		begun = cycles();
		uart_raise(&uart);
		while (*(volatile unsigned *)&sample_count == before)
			begun = cycles();
		uart_lower(&uart);
		CHECK_OK(irq_ack(uart.handler));
	}
	report("irq.to_user", half_overhead());
	end(w);
	notification = own_notification;
}

static void calls_and_waits(void)
{
	null_calls();
	signals();
	wakes_from_idle();
	calls();
	sends();
	wakes();
	yields();
	serve("ipc.personality", foreign, HANDLER_PERSONALITY, MESSAGE_TAG(0, 8),
	      message_overhead() + cap_overhead());
	serve("exception.round_trip", breaker, 0, MESSAGE_TAG(EXCEPTION_SET_PC, 1),
	      message_overhead());
	interrupts();
}

/* --- memory ----------------------------------------------------------------------------- */

#define LOOPS 1000u
static struct area area;

static void toucher(void *argument)
{
	(void)argument;
	for (;;) {
		for (unsigned i = 0; i <= LOOPS; i++)
			*(volatile uint64_t *)(area.va + i * 4096) = 1;
	}
}

static void report_ticks(const char *name, uint64_t (*sample)(void), unsigned per_sample)
{
	uint64_t values[11];

	for (unsigned i = 0; i < 11; i++)
		values[i] = (instructions(sample()) + per_sample / 2) / per_sample;
	log_print("bench %s %lu instructions %u\n", name, median(values, 11), 11 * per_sample);
}

/* The pager's whole turn: map, answer, receive the next fault. */
static uint64_t faults(void)
{
	struct window_item *item = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	struct message m = {0};
	uint64_t from = 0;

	CHECK_OK(area_unmap(&area, 0, 1024));
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	for (unsigned i = 0; i <= LOOPS; i++) {
		if (i == 1)
			from = time_ticks(); /* the first makes the table */
		*item = (struct window_item){.cap = area.binding,
					     .op = WINDOW_MAP,
					     .rights = RIGHT_READ | RIGHT_WRITE,
					     .va_page = m.words[0] >> 12,
					     .pool_page = (m.words[0] - area.va) >> 12,
					     .count = 1};
		m.tag = MESSAGE_TAG_ITEMS(1);
		if (i == LOOPS)
			break;
		CHECK_OK(ipc_reply_receive(endpoint, reply, &m));
	}
	from = time_ticks() - from;
	CHECK_OK(area_unmap(&area, 0, 1024)); /* it begins again with the first page */
	m.tag = 0;
	CHECK_OK(ipc_reply(reply, &m));
	return from;
}

/* 4 KiB entries: the pool page is not aligned like the address. */
static uint64_t map_pages(void)
{
	uint64_t ticks = 0;

	for (unsigned i = 0; i < 10; i++) {
		uint64_t from = time_ticks();

		CHECK_OK(area_map(&area, 0, 1, 512, RIGHT_READ | RIGHT_WRITE));
		ticks += time_ticks() - from;
		CHECK_OK(area_unmap(&area, 0, 512));
	}
	return ticks;
}

/* Runs of 512 that begin amid a table, so that none is dropped or made as a whole. */
static uint64_t unmap_pages(void)
{
	uint64_t ticks = 0;

	for (unsigned i = 0; i < 10; i++) {
		CHECK_OK(area_map(&area, 100, 100, 512, RIGHT_READ | RIGHT_WRITE));
		uint64_t from = time_ticks();

		CHECK_OK(area_unmap(&area, 100, 512));
		ticks += time_ticks() - from;
	}
	return ticks;
}

/* What an item of the window takes for such a run. */
static uint64_t item_ticks(struct window_item item)
{
	uint64_t from = time_ticks();

	item.cap = area.window;
	item.va_page = (area.va >> 12) + 100;
	item.count = 512;
	CHECK_OK(window_item(&item, NULL));
	return time_ticks() - from;
}

static uint64_t protect_pages(void)
{
	uint64_t ticks = 0;

	CHECK_OK(area_map(&area, 100, 100, 512, RIGHT_READ | RIGHT_WRITE));
	for (unsigned i = 0; i < 10; i++)
		ticks += item_ticks((struct window_item){
			.op = WINDOW_PROTECT,
			.rights = i % 2 == 0 ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE});
	CHECK_OK(area_unmap(&area, 100, 512));
	return ticks;
}

static uint64_t harvest_pages_flags(unsigned flags)
{
	uint64_t ticks = 0;

	for (unsigned i = 0; i < 10; i++) {
		CHECK_OK(area_map(&area, 100, 100, 512, RIGHT_READ | RIGHT_WRITE));
		ticks += item_ticks((struct window_item){
			.op = WINDOW_HARVEST,
			.flags = (uint16_t)flags,
			.pool_page = WINDOW_ITEM_WORD + sizeof(struct window_item) / 8});
		CHECK_OK(area_unmap(&area, 100, 512));
	}
	return ticks;
}

static uint64_t harvest_pages(void)
{
	return harvest_pages_flags(0);
}

static uint64_t harvest_and_clear_pages(void)
{
	return harvest_pages_flags(WINDOW_CLEAR);
}

static void run_all(void)
{
	endpoint = make_object(OBJECT_ENDPOINT);
	reply = make_object(OBJECT_REPLY);
	own_notification = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 1);
	notification = own_notification;
	twin_make(&twin);
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_ALLOW_COUNTERS, BOOT_SLOT_THREAD, COUNTERS_ALL, 0, 0,
			 0));
	for (unsigned round = 0; round < 2; round++) {
		is_enforced = round == 1;
		enforce(BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY);
		calls_and_waits();
	}
	is_enforced = false;
	enforce(BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY);

	area_make(&area, 4 << 20, 4 << 20, 22, endpoint, 1);
	report_ticks("window.map.page", map_pages, 5120);
	report_ticks("window.unmap.page", unmap_pages, 5120);
	report_ticks("window.protect.page", protect_pages, 5120);
	report_ticks("window.harvest.page", harvest_pages, 5120);
	report_ticks("window.harvest_clear.page", harvest_and_clear_pages, 5120);
	/* As a program and its pager: what one may the other may. */
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_ALLOW_COUNTERS, BOOT_SLOT_THREAD, COUNTERS_DEFAULT, 0,
			 0, 0));
	worker_start(toucher, NULL);
	report_ticks("fault.round_trip", faults, LOOPS - 1);
}

int main(void)
{
	static const struct test bench = {"bench", run_all};
	uint64_t entry = time_ticks() - BOOT->boot_ticks;

	harness_init();
	log_print("bench boot.root_entry %lu instructions 1\n", instructions(entry));
	run_tests(&bench, 1);
	harness_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel's paths cost, in instructions, on one hart. To be run with
 * the emulator counting instructions (ICOUNT=1: one is one nanosecond). The
 * time counter moves once in 100 of them, so a sample is a loop of LOOPS.
 * Printed is the median of SAMPLES.
 */
#include <stdlib.h>

#include "tests/native-kernel/harness.h"

#define LOOPS 1000u
#define SAMPLES 11

static cap_t endpoint, reply;
static volatile bool stop;
static uint64_t one_way; /* ticks from before calls to behind receives */
static volatile uint64_t sent_at;

static uint64_t instructions(uint64_t ticks)
{
	return ticks * (1000000000ull / BOOT->timebase_hz);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *name, uint64_t (*sample)(void), unsigned per_sample)
{
	uint64_t values[SAMPLES];

	for (unsigned i = 0; i < SAMPLES; i++)
		values[i] = (instructions(sample()) + per_sample / 2) / per_sample;
	qsort(values, SAMPLES, sizeof(values[0]), compare);
	log_print("bench %s %lu instructions %u\n", name, values[SAMPLES / 2],
		  SAMPLES * per_sample);
}

static uint64_t null_calls(void)
{
	uint64_t from = time_ticks();

	for (unsigned i = 0; i < LOOPS; i++)
		syscall_cap((enum syscall)4711, 0);
	return time_ticks() - from;
}

static uint64_t signals(void)
{
	static cap_t notification;
	uint64_t from, bits;

	if (notification == 0)
		notification = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 1);
	from = time_ticks();
	for (unsigned i = 0; i < LOOPS; i++)
		notification_signal(notification);
	from = time_ticks() - from;
	notification_poll(notification, &bits);
	return from;
}

/* --- calls ------------------------------------------------------------------------ */

static void echo_server(void *argument)
{
	struct message m = {0};

	(void)argument;
	for (;;) {
		ipc_reply_receive(endpoint, reply, &m);
		one_way += time_ticks() - sent_at;
	}
}

static uint64_t calls(unsigned words)
{
	struct message m = {0};
	uint64_t from = time_ticks();

	for (unsigned i = 0; i < LOOPS; i++) {
		m.tag = MESSAGE_TAG(0, words);
		ipc_call(endpoint, &m);
	}
	return time_ticks() - from;
}

static uint64_t calls_0(void)
{
	return calls(0);
}

static uint64_t calls_10(void)
{
	return calls(10);
}

static uint64_t one_way_calls(void)
{
	struct message m = {0};

	one_way = 0;
	for (unsigned i = 0; i < LOOPS; i++) {
		m.tag = 0;
		sent_at = time_ticks();
		ipc_call(endpoint, &m);
	}
	return one_way;
}

static uint64_t one_way_answers(void)
{
	uint64_t to_server = one_way_calls(), both = 0;
	struct message m = {0};

	for (unsigned i = 0; i < LOOPS; i++) {
		m.tag = 0;
		uint64_t from = time_ticks();
		sent_at = from;
		ipc_call(endpoint, &m);
		both += time_ticks() - from;
	}
	return both - to_server;
}

/* --- personality --------------------------------------------------------------------- */

static volatile uint64_t personality_ticks;

static void foreign(void *argument)
{
	(void)argument;
	for (;;) {
		uint64_t from = time_ticks();

		for (unsigned i = 0; i < LOOPS; i++)
			syscall_cap((enum syscall)172, 0);
		personality_ticks = time_ticks() - from;
	}
}

static struct worker *foreign_worker;

static uint64_t personality(void)
{
	struct message m = {0};

	personality_ticks = 0;
	ipc_receive(endpoint, reply, &m);
	while (personality_ticks == 0) {
		m.tag = MESSAGE_TAG(0, 1);
		ipc_reply_receive(endpoint, reply, &m);
	}
	personality_ticks = 0;
	while (personality_ticks == 0) {
		m.tag = MESSAGE_TAG(0, 1);
		ipc_reply_receive(endpoint, reply, &m);
	}
	m.tag = MESSAGE_TAG(0, 1);
	ipc_reply(reply, &m);
	return personality_ticks;
}

/* --- yield ---------------------------------------------------------------------------- */

static void yielder(void *argument)
{
	(void)argument;
	while (!stop)
		thread_yield();
}

static uint64_t yields(void)
{
	uint64_t from = time_ticks();

	for (unsigned i = 0; i < LOOPS; i++)
		thread_yield();
	return time_ticks() - from;
}

/* --- memory ----------------------------------------------------------------------------- */

static struct area area;

static void toucher(void *argument)
{
	(void)argument;
	for (;;) {
		for (unsigned i = 0; i <= LOOPS; i++)
			*(volatile uint64_t *)(area.va + i * 4096) = 1;
	}
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

		CHECK_OK(area_map(&area, 0, 1, 500, RIGHT_READ | RIGHT_WRITE));
		ticks += time_ticks() - from;
		CHECK_OK(area_unmap(&area, 0, 500));
	}
	return ticks;
}

static void run_all(void)
{
	endpoint = make_object(OBJECT_ENDPOINT);
	reply = make_object(OBJECT_REPLY);
	report("syscall.null", null_calls, LOOPS);
	report("signal.no_switch", signals, LOOPS);
	struct worker *server = worker_start(echo_server, NULL);
	WAIT_UNTIL(thread_state(server->thread) == THREAD_RECEIVING);
	report("ipc.call.0w", one_way_calls, LOOPS);
	report("ipc.reply_receive.0w", one_way_answers, LOOPS);
	report("ipc.round_trip.0w", calls_0, LOOPS);
	report("ipc.round_trip.10w", calls_10, LOOPS);
	CHECK_OK(delete_cap(server->thread));

	foreign_worker = worker_make(foreign, NULL, MAIN_PRIORITY, 0);
	CHECK_OK(invoke5(foreign_worker->thread, THREAD_SET_HANDLER, endpoint, 1, 1, 0, 0));
	CHECK_OK(worker_resume(foreign_worker));
	report("ipc.personality", personality, LOOPS);
	CHECK_OK(delete_cap(foreign_worker->thread));

	worker_start(yielder, NULL);
	report("thread.yield", yields, 2 * LOOPS);
	stop = true;
	thread_yield();

	area_make(&area, 0, 4 << 20, 22, endpoint, 1);
	report("window.map.page", map_pages, 5000);
	reply = make_object(OBJECT_REPLY);
	worker_start(toucher, NULL);
	report("fault.round_trip", faults, LOOPS - 1);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMP stress and hostile callers.
 *
 * Stress: clients call servers on all harts, in the program's space and in
 * others, while the main thread destroys and makes again, at random, the
 * endpoints, reply objects, threads, scheduling contexts and spaces they use.
 *
 * Hostile: threads on all harts make system calls of random numbers, tags,
 * slots and words, with capabilities to everything but the harness's own. The
 * kernel must neither panic nor stall; the main thread repairs the callers.
 */
#include <stdio.h>

#include "tests/native-kernel/harness.h"

#ifndef HOSTILE_ARENAS
#define HOSTILE_ARENAS 4
#endif
#define CLIENTS 6
#define SERVERS 3
#define ROUNDS 1000
#define CALLERS 4
#define HOSTILE_CALLS 5000 /* in one arena: what the callers share does not last longer */
#define HOSTILE_BITS 9	   /* log2 slots of a hostile caller's CSpace */

void test_stress_time(void); /* stress_time.c */

static cap_t endpoint, replies, notification;
static volatile uint64_t calls, cancelled, served;

/* --- stress ---------------------------------------------------------------------- */

static void client(void *argument)
{
	uint64_t n = (uint64_t)argument << 32;

	for (;;) {
		struct message m = {.tag = MESSAGE_TAG(1, 12), .words = {n}};
		enum err err = ipc_call(endpoint, &m);

		if (err == ERR_OK && m.words[0] == ~n)
			__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
		else
			__atomic_fetch_add(&cancelled, 1, __ATOMIC_RELAXED);
		if (n++ % 16 == 0)
			notification_signal(notification);
		if (err != ERR_OK)
			thread_yield();
	}
}

static void server(void *argument)
{
	cap_t reply = replies + (cap_t)(uint64_t)argument;
	struct message m = {0};

	for (;;) {
		enum err err = ipc_reply_receive(endpoint, reply, &m);

		if (err == ERR_OK && message_label(m.tag) == 1) {
			m.words[0] = ~m.words[0];
			m.tag = MESSAGE_TAG(0, 11);
			__atomic_fetch_add(&served, 1, __ATOMIC_RELAXED);
		} else {
			m.tag = 0;
			if (err != ERR_OK)
				thread_yield();
		}
	}
}

static struct worker *clients[CLIENTS], *servers[SERVERS];

/* Make an object of the type again in its old slot, of memory of its own that `home` names. */
static void remake(cap_t slot, cap_t home, enum object_type type)
{
	CHECK_OK(revoke_cap(home));
	CHECK_OK(invoke5(home, UNTYPED_RETYPE, type, 0, 1, slot, 0));
}

static cap_t home_of(cap_t slot, enum object_type type, unsigned bits)
{
	cap_t home = make(OBJECT_UNTYPED, bits);

	CHECK_OK(invoke5(home, UNTYPED_RETYPE, type, 0, 1, slot, 0));
	return home;
}

/* The worker's thread again, of memory of its own, in another space now and then. */
static void revive(struct worker *w, cap_t home, cap_t space, uint64_t mask)
{
	remake(w->thread, home, OBJECT_THREAD);
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w->sched, MAIN_PRIORITY,
			 BOOT->timebase_hz / 1000, mask, 0));
	CHECK_OK(invoke5(w->thread, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, space, w->index + 2, 0, 0));
	CHECK_OK(invoke5(w->thread, THREAD_SET_SCHED, w->sched, 0, 0, 0, 0));
	worker_reset(w);
	CHECK_OK(worker_resume(w));
}

static cap_t homes[CLIENTS + SERVERS], reply_homes[SERVERS], endpoint_home;
static struct twin twin;

static struct worker *partner(unsigned who)
{
	return who < CLIENTS ? clients[who] : servers[who - CLIENTS];
}

static void stress_start(void)
{
	calls = cancelled = served = 0;
	endpoint = new_slot();
	endpoint_home = home_of(endpoint, OBJECT_ENDPOINT, 6);
	notification = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 1);
	replies = new_slots(SERVERS);
	twin_make(&twin);
	for (unsigned i = 0; i < SERVERS; i++)
		reply_homes[i] = home_of(replies + i, OBJECT_REPLY, 6);
	for (uint64_t i = 0; i < CLIENTS + SERVERS; i++) {
		struct worker *w = i < CLIENTS ? worker_make(client, (void *)i, 1, 0)
					       : worker_make(server, (void *)(i - CLIENTS), 1, 0);

		*(i < CLIENTS ? &clients[i] : &servers[i - CLIENTS]) = w;
		CHECK_OK(delete_cap(w->thread));
		homes[i] = make(OBJECT_UNTYPED, 13);
		revive(w, homes[i], i % 3 == 0 ? twin.space : BOOT_SLOT_SPACE, 0);
	}
}

/* The second space goes, with whoever runs in it, and comes back. */
static void twin_again(void)
{
	CHECK_OK(delete_cap(twin.space));
	CHECK_OK(delete_cap(twin.bank));
	CHECK_OK(delete_cap(twin.window));
	CHECK_OK(delete_cap(twin.binding));
	twin_make(&twin);
	for (unsigned i = 0; i < CLIENTS + SERVERS; i += 3)
		revive(partner(i), homes[i], twin.space, 0);
}

static void disturb(unsigned round)
{
	unsigned who = (unsigned)random_below(CLIENTS + SERVERS);
	unsigned reply = (unsigned)random_below(SERVERS);
	uint64_t mask = 1 + random_below((1u << BOOT->hart_count) - 1);
	struct worker *w = partner(who);

	switch (random_below(7)) {
	case 0:
		remake(endpoint, endpoint_home, OBJECT_ENDPOINT);
		break;
	case 1:
		remake(replies + reply, reply_homes[reply], OBJECT_REPLY);
		break;
	case 2:
	case 3:
		revive(w, homes[who], random_below(3) == 0 ? twin.space : BOOT_SLOT_SPACE, mask);
		break;
	case 4:
		CHECK_OK(invoke5(w->thread, THREAD_SUSPEND, 0, 0, 0, 0, 0));
		CHECK_OK(worker_resume(w));
		break;
	case 5:
		CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w->sched,
				 MAIN_PRIORITY - random_below(2), BOOT->timebase_hz / 1000, mask,
				 0));
		break;
	case 6:
		if (round % 8 == 0)
			twin_again();
		break;
	}
}

static void test_stress(void)
{
	uint64_t before, bits;

	stress_start();
	for (unsigned round = 0; round < ROUNDS; round++) {
		disturb(round);
		CHECK_OK(notification_poll(notification, &bits));
		if (round % 4 == 0)
			sleep_us(300);
	}
	before = calls;
	for (unsigned i = 0; i < CLIENTS + SERVERS; i++)
		revive(partner(i), homes[i], BOOT_SLOT_SPACE, 0);
	WAIT_UNTIL(calls > before + 100);
	CHECK(served > 1000);
}

/* --- hostile ------------------------------------------------------------------------- */

static struct {
	cap_t cspace, thread, memory;
	struct worker *worker;
	volatile uint64_t calls;
	uint64_t seed;
} callers[CALLERS];
static volatile uint64_t hostile_total, hostile_done; /* calls; those that did something */

static uint64_t xorshift(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Mostly small numbers that may mean something; sometimes anything. */
static uint64_t odd_word(uint64_t *state)
{
	uint64_t x = xorshift(state);

	switch (x >> 60) {
	case 0:
		return xorshift(state);
	case 1:
		return ~0ull << (x & 63);
	case 2:
		return 1ull << (x & 63);
	case 3:
		return 0x80000 + (x & 0xffff); /* a page of the test windows */
	case 4:
	case 5:
		return x & 15;
	default:
		return x & ((1u << HOSTILE_BITS) - 1);
	}
}

/* Does not wait for ever: no SYS_WAIT, and blocked callers are revived. */
static void hostile(void *argument)
{
	unsigned index = (unsigned)(uint64_t)argument;
	uint64_t *state = &callers[index].seed;

	for (;;) {
		struct message m;
		uint64_t number = xorshift(state) % 16, cap = odd_word(state);
		struct message_buffer *buffer = message_buffer();

		if (number > SYS_WINDOW)
			number = number == 13 ? odd_word(state) : SYS_INVOKE;
		m.tag = odd_word(state) % 9 == 0
				? xorshift(state)
				: MESSAGE_TAG(xorshift(state) % 33, xorshift(state) % 12) |
					  MESSAGE_TAG_CAPS(xorshift(state) % 5) * (number < 6) |
					  MESSAGE_TAG_ITEMS(xorshift(state) % 4) *
						  (number == SYS_WINDOW || number == 1);
		if (message_label(m.tag) == SYSTEM_RESET || message_label(m.tag) == CONSOLE_WRITE)
			m.tag = MESSAGE_TAG(UNTYPED_RETYPE, 4);
		for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
			m.words[i] = odd_word(state);
		for (unsigned i = 0; i < 24; i++)
			buffer->words[WINDOW_ITEM_WORD + i] = odd_word(state);
		for (unsigned i = 0; i < 3; i++) {
			struct window_item *item =
				(struct window_item *)&buffer->words[WINDOW_ITEM_WORD + 5 * i];

			item->op = (uint8_t)(xorshift(state) % 8);
			item->rights = (uint8_t)(xorshift(state) % 8);
			item->count = (uint32_t)(xorshift(state) % 700);
			item->done = 0;
		}
		for (unsigned i = 0; i < MESSAGE_CAPS; i++) {
			buffer->send_caps[i] = (uint32_t)odd_word(state);
			buffer->receive_caps[i] = (uint32_t)odd_word(state);
		}
		if (syscall_message((enum syscall)number, cap | odd_word(state) << 32, &m) ==
		    ERR_OK)
			__atomic_fetch_add(&hostile_done, 1, __ATOMIC_RELAXED);
		callers[index].calls++;
		__atomic_fetch_add(&hostile_total, 1, __ATOMIC_RELAXED);
	}
}

static enum err give(cap_t cspace, unsigned slot, cap_t source, unsigned rights)
{
	return invoke5(cspace, CSPACE_COPY, slot, source, rights, random_below(3), 0);
}

/* (Re)make caller `i`: a CSpace with one of everything, memory, and the shared objects. */
static void caller_fill(unsigned i, cap_t shared, unsigned shared_count, cap_t scratch)
{
	unsigned slot = 1;

	CHECK_OK(revoke_cap(callers[i].memory));
	CHECK_OK(invoke5(callers[i].memory, UNTYPED_RETYPE, OBJECT_CSPACE, HOSTILE_BITS, 1,
			 callers[i].cspace, 0));
	CHECK_OK(invoke5(callers[i].memory, UNTYPED_RETYPE, OBJECT_THREAD, 0, 1,
			 callers[i].worker->thread, 0));
	CHECK_OK(invoke5(callers[i].memory, UNTYPED_RETYPE, OBJECT_UNTYPED, 18, 1, scratch, 0));
	CHECK_OK(invoke5(callers[i].cspace, CSPACE_MOVE, slot++, scratch, 0, 0, 0));
	CHECK_OK(give(callers[i].cspace, slot++, callers[i].cspace, RIGHTS_ALL));
	CHECK_OK(give(callers[i].cspace, slot++, callers[i].worker->thread, RIGHTS_ALL));
	for (unsigned s = 0; s < shared_count; s++, slot++)
		(void)give(callers[i].cspace, slot, shared + s,
			   RIGHTS_ALL & ~(unsigned)random_below(4));
	CHECK_OK(give(callers[i].cspace, slot++, BOOT_SLOT_HART, RIGHTS_ALL));
	CHECK_OK(give(callers[i].cspace, slot++, BOOT_SLOT_IRQ_CONTROL, RIGHTS_ALL));
	CHECK_OK(invoke5(callers[i].worker->thread, THREAD_CONFIGURE, callers[i].cspace,
			 BOOT_SLOT_SPACE, callers[i].worker->index + 2, 0, 0));
}

/* What all callers hold besides: an area, a second space, endpoints, notifications, threads. */
static unsigned shared_make(cap_t *first)
{
	static const enum object_type types[] = {
		OBJECT_ENDPOINT, OBJECT_ENDPOINT,      OBJECT_REPLY,	     OBJECT_REPLY,
		OBJECT_REPLY,	 OBJECT_NOTIFICATION,  OBJECT_NOTIFICATION,  OBJECT_THREAD,
		OBJECT_THREAD,	 OBJECT_SCHED_CONTEXT, OBJECT_SCHED_CONTEXT, OBJECT_SPACE,
		OBJECT_WINDOW,	 OBJECT_WINDOW,	       OBJECT_POOL,	     OBJECT_BINDING,
		OBJECT_BINDING};
	unsigned n = sizeof(types) / sizeof(types[0]);

	*first = new_slots(n + 1);
	for (unsigned i = 0; i < n; i++)
		CHECK_OK(try_make(types[i], 0, 1, *first + i));
	CHECK_OK(try_make(OBJECT_TABLE_BANK, 16, 1, *first + n));
	return n + 1;
}

static void caller_run(unsigned i, uint64_t mask)
{
	struct worker *w = callers[i].worker;

	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, w->sched, 100, BOOT->timebase_hz / 1000,
			 mask, 0));
	CHECK_OK(invoke5(w->thread, THREAD_SET_SCHED, w->sched, 0, 0, 0, 0));
	worker_reset(w);
	CHECK_OK(worker_resume(w));
}

static void hostile_round(uint64_t wanted)
{
	cap_t shared, scratch = new_slot();
	unsigned shared_count;
	uint64_t seen[CALLERS] = {0}, base = hostile_total;

	shared_count = shared_make(&shared);
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i].cspace = new_slot();
		callers[i].memory = make(OBJECT_UNTYPED, 19);
		callers[i].seed = random_next() | 1;
		callers[i].worker = worker_make(hostile, (void *)(uint64_t)i, 100, 0);
		CHECK_OK(delete_cap(callers[i].worker->thread));
		caller_fill(i, shared, shared_count, scratch);
		caller_run(i, 1u << i % BOOT->hart_count);
	}
	for (unsigned quiet = 0; hostile_total - base < wanted;) {
		uint64_t before = hostile_total;

		sleep_us(1000);
		for (unsigned i = 0; i < CALLERS; i++) {
			/* It blocked, stopped itself, or gave its capabilities away: once more. */
			if (callers[i].calls != seen[i] && random_below(50) != 0) {
				seen[i] = callers[i].calls;
				continue;
			}
			caller_fill(i, shared, shared_count, scratch);
			caller_run(i, 1u << i % BOOT->hart_count);
		}
		quiet = hostile_total == before ? quiet + 1 : 0;
		if (quiet > 5000)
			test_fail("nobody gets on after %lu calls", hostile_total - base);
	}
}

static void test_hostile(void)
{
	hostile_round(HOSTILE_CALLS);
}

int main(void)
{
	static const struct test stress[] = {{"stress", test_stress},
					     {"stress-time", test_stress_time}};

	harness_init();
	run_tests(stress, 2);
	for (unsigned i = 1; i <= HOSTILE_ARENAS; i++) {
		static char name[24];
		struct test hostile_test = {name, test_hostile};

		snprintf(name, sizeof(name), "hostile-%u", i);
		run_tests(&hostile_test, 1);
	}
	/* Random calls that are nearly all refused would try nothing. */
	log_print("%s hostile-effect %lu of %lu calls did something\n",
		  hostile_done > hostile_total / 20 ? "PASS" : "FAIL", hostile_done, hostile_total);
	harness_done();
}

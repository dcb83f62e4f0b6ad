/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stress of scheduling: clients with and without budgets call servers with and
 * without time of their own, which call servers, on all harts, while the main
 * thread destroys, cancels, suspends, reconfigures and moves, at random,
 * whatever they use. Fails if the kernel panics or stalls, if an answer is
 * wrong, or if afterwards, when each has been given what it needs, somebody
 * does not get on.
 */
#include "tests/native-kernel/harness.h"

#define CLIENTS 6
#define SERVERS 4 /* the first half in front, the others behind them */
#define PARTNERS (CLIENTS + SERVERS)
#define ROUNDS 2000

/* Objects that come and go, each of memory of its own. */
struct home {
	cap_t memory, slot;
	enum object_type type;
};

static struct partner {
	struct worker *worker;
	struct home thread, sched, reply;
	bool is_server;
	volatile uint64_t done, wrong;
} partners[PARTNERS];
static struct home endpoints[2];

static void home_make(struct home *home, enum object_type type, unsigned bits)
{
	home->memory = make(OBJECT_UNTYPED, bits);
	home->slot = new_slot();
	home->type = type;
	CHECK_OK(invoke5(home->memory, UNTYPED_RETYPE, type, 0, 1, home->slot, 0));
}

static void home_again(const struct home *home)
{
	CHECK_OK(revoke_cap(home->memory));
	CHECK_OK(invoke5(home->memory, UNTYPED_RETYPE, home->type, 0, 1, home->slot, 0));
}

/* --- what they do ------------------------------------------------------------------ */

static void client(void *argument)
{
	struct partner *p = argument;
	uint64_t n = 0;

	for (;; n++) {
		struct message m = {.tag = MESSAGE_TAG(1, n % 3 == 0 ? 12 : 2), .words = {n, ~n}};
		enum err err = ipc_call(endpoints[0].slot, &m);

		/* Of another label: of a server that lost its objects in between. */
		if (err == ERR_OK && message_label(m.tag) == 2) {
			p->done++;
			if (m.words[0] != n + 1 || m.words[1] != ~n)
				p->wrong++;
		} else {
			thread_yield();
		}
	}
}

static void serve(struct partner *p, cap_t endpoint, bool is_front)
{
	struct message m = {0};

	for (;;) {
		enum err err = ipc_reply_receive(endpoint, p->reply.slot, &m);

		if (err != ERR_OK) {
			m.tag = 0;
			thread_yield();
			continue;
		}
		if (message_label(m.tag) != 1) { /* an exhausted budget, or an exception */
			m.tag = 0;
			continue;
		}
		for (volatile unsigned i = 0; i < 1000 * (m.words[0] % 4); i++)
			;
		if (is_front && m.words[0] % 2 == 1) {
			struct message n = m;

			/* If that is cancelled it does the work itself. */
			err = ipc_call(endpoints[1].slot, &n);
			if (err == ERR_OK && message_label(n.tag) == 2 &&
			    n.words[0] != m.words[0] + 1)
				p->wrong++;
		}
		m.words[0]++;
		m.tag = MESSAGE_TAG(2, message_words(m.tag));
		p->done++;
	}
}

static void front(void *argument)
{
	serve(argument, endpoints[0].slot, true);
}

static void back(void *argument)
{
	serve(argument, endpoints[1].slot, false);
}

/* --- what is done to them ------------------------------------------------------------- */

static void configure(struct partner *p, bool is_plain)
{
	uint64_t mask = random_below(1u << BOOT->hart_count);
	uint64_t period = random_below(2) == 0 ? ms(1 + random_below(4)) : 0;
	uint64_t budget = period != 0 ? 1 + random_below(period) : ms(2);
	unsigned priority = (unsigned)random_below(100);

	if (is_plain)
		CHECK_OK(sched_configure(p->sched.slot, 50, ms(2), 0, 0, 0));
	else
		CHECK_OK(sched_configure(p->sched.slot, priority, budget, mask, period, 120));
}

static enum err set_sched(struct partner *p, cap_t sched)
{
	return invoke5(p->thread.slot, THREAD_SET_SCHED, sched, 0, 0, 0, 0);
}

static void revive(struct partner *p, bool is_plain)
{
	home_again(&p->thread);
	home_again(&p->sched);
	configure(p, is_plain);
	CHECK_OK(invoke5(p->thread.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE,
			 p->worker->index + 2, 0, 0));
	CHECK_OK(set_sched(p, p->sched.slot));
	if (!is_plain && random_below(2) == 0)
		CHECK_OK(invoke5(p->thread.slot, THREAD_SET_HANDLER, endpoints[0].slot, 2,
				 HANDLER_EXHAUSTION, 0, 0));
	worker_reset(p->worker);
	CHECK_OK(worker_resume(p->worker));
}

static void disturb(void)
{
	struct partner *p = &partners[random_below(PARTNERS)];
	struct partner *other = &partners[random_below(PARTNERS)];
	enum err err;

	switch (random_below(12)) {
	case 0:
		home_again(&endpoints[random_below(2)]);
		break;
	case 1:
		if (p->is_server)
			home_again(&p->reply);
		break;
	case 2:
		revive(p, false);
		break;
	case 3:
	case 4:
		err = invoke5(p->thread.slot, THREAD_CANCEL, 0, 0, 0, 0, 0);
		CHECK(err == ERR_OK || err == ERR_NOT_BOUND);
		break;
	case 5:
		CHECK_OK(invoke5(p->thread.slot, THREAD_SUSPEND, 0, 0, 0, 0, 0));
		CHECK_OK(invoke5(other->thread.slot, THREAD_RESUME, 0, 0, 0, 0, 0));
		break;
	case 6:
	case 7:
		configure(p, false);
		break;
	case 8: /* no time, for good; some comes with a later round */
		CHECK_OK(set_sched(p, 0));
		break;
	case 9:
		CHECK_OK(set_sched(p, p->sched.slot));
		break;
	case 10:
		home_again(&p->sched);
		configure(p, false);
		if (random_below(2) == 0)
			CHECK_OK(set_sched(p, p->sched.slot));
		break;
	case 11:
		CHECK_OK(invoke5(p->sched.slot, SCHED_SET_PRIORITY, random_below(121), 0, 0, 0, 0));
		CHECK_OK(invoke5(BOOT_SLOT_HART, HART_ALLOW_COUNTERS, other->thread.slot,
				 COUNTER_TIME | random_below(8), 0, 0, 0));
		break;
	}
}

static void begin(void)
{
	for (unsigned i = 0; i < 2; i++)
		home_make(&endpoints[i], OBJECT_ENDPOINT, 6);
	for (unsigned i = 0; i < PARTNERS; i++) {
		struct partner *p = &partners[i];

		memset((void *)p, 0, sizeof(*p));
		p->is_server = i < SERVERS;
		p->worker = worker_make(!p->is_server	  ? client
					: i < SERVERS / 2 ? front
							  : back,
					p, 50, 0);
		CHECK_OK(delete_cap(p->worker->thread));
		home_make(&p->thread, OBJECT_THREAD, 13);
		home_make(&p->sched, OBJECT_SCHED_CONTEXT, 8);
		p->worker->thread = p->thread.slot;
		if (p->is_server)
			home_make(&p->reply, OBJECT_REPLY, 6);
		revive(p, false);
	}
}

void test_stress_time(void)
{
	uint64_t before[PARTNERS], done = 0;

	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		disturb();
		if (round % 4 == 0)
			sleep_us(300);
	}
	for (unsigned i = 0; i < PARTNERS; i++) {
		done += partners[i].done;
		before[i] = partners[i].done;
		revive(&partners[i], true);
	}
	for (unsigned i = 0; i < PARTNERS; i++) {
		if (i != 1 && i != SERVERS / 2 + 1) /* the first may do all of the work */
			WAIT_UNTIL(partners[i].done > before[i] + 20);
	}
	for (unsigned i = 0; i < PARTNERS; i++)
		CHECK_EQUAL(partners[i].wrong, 0);
	CHECK(done > ROUNDS / 20);
}

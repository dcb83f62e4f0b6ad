/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets that are enforced. These fail if a context gets much more than its
 * budget of a period or much less, if a client's budget does not pay for what
 * servers do for it, if a context stays exhausted or is forgotten, and if
 * ceilings, limits and reports are not as kernel/abi says.
 *
 * Shares are measured in the kernel's ticks, which run on while a busy build
 * machine does something else: so only on 1 hart, where the list counts
 * instructions. On more, reports tell when a budget ended and comes back.
 */
#include "tests/native-kernel/partners.h"

#define PERIOD ms(40)
#define ENFORCED_MAX 64 /* contexts with a period: documented limit of the kernel */

static struct server servers[3];
static struct client clients[2];

static uint64_t used(const struct worker *w)
{
	return sched_info(w->sched, INFO_USED);
}

/* --- shares ------------------------------------------------------------------------ */

/* Is the use of an interval what the budget of each PERIOD allows? One more or less at the ends. */
static bool is_share(uint64_t ticks, uint64_t interval, uint64_t budget)
{
	uint64_t expected = budget * (interval / PERIOD);

	return ticks > expected - budget && ticks < expected + budget + ms(1) / 2;
}

/* Two budgets on one hart, and a thread without that gets the rest. */
static void test_shares(void)
{
	static const unsigned parts[2] = {10, 5}; /* 1/n of the time */
	struct worker *w[3];
	uint64_t before[3], from, interval;

	if (BOOT->hart_count > 1)
		return;
	for (unsigned i = 3; i-- > 0;)
		w[i] = spinner_start(i, 80 - i, last_hart());
	for (unsigned i = 0; i < 2; i++)
		CHECK_OK(sched_configure(w[i]->sched, 110 - i, PERIOD / parts[i], last_hart(),
					 PERIOD, 0));
	sleep_us(40000);
	from = time_ticks();
	for (unsigned i = 0; i < 3; i++)
		before[i] = used(w[i]);
	sleep_us(240000);
	interval = time_ticks() - from;
	for (unsigned i = 0; i < 2; i++)
		CHECK(is_share(used(w[i]) - before[i], interval, PERIOD / parts[i]));
	CHECK(used(w[2]) - before[2] > interval * 7 / 10 - ms(2));
}

/* The work is done by servers, a chain of `depth`: the client pays for it. */
static void calls_are_paid(unsigned depth, bool is_passive)
{
	struct client *c = &clients[0];
	uint64_t before, from, interval, ticks, of_servers = 0;

	for (unsigned i = depth; i-- > 0;) {
		server_start(&servers[i], 120, 0);
		servers[i].next = i + 1 < depth ? &servers[i + 1] : NULL;
		servers[i].work = ms(1) / 10;
		if (is_passive)
			server_passive(&servers[i]);
	}
	client_make(c, &servers[0], ~0u, 110, 0);
	c->adds = depth;
	CHECK_OK(sched_configure(c->worker->sched, 110, PERIOD / 5, 0, PERIOD, 0));
	CHECK_OK(worker_resume(c->worker));
	sleep_us(40000);
	before = used(c->worker);
	for (unsigned i = 0; i < depth; i++)
		of_servers -= used(servers[i].worker);
	from = time_ticks();
	sleep_us(240000);
	interval = time_ticks() - from;
	ticks = used(c->worker) - before;
	for (unsigned i = 0; i < depth; i++)
		of_servers += used(servers[i].worker);
	CHECK(is_share(ticks, interval, PERIOD / 5));
	CHECK(of_servers < ticks / 3);
	CHECK_EQUAL(c->wrong, 0);
	worker_end(c->worker);
	for (unsigned i = 0; i < depth; i++)
		worker_end(servers[i].worker);
}

static void test_calls_paid(void)
{
	if (BOOT->hart_count > 1)
		return;
	for (unsigned kind = 0; kind < 4; kind++)
		calls_are_paid(1 + 2 * (kind & 1), (kind & 2) != 0);
}

/* Nobody else is there: an exhausted thread does not run, and says so; then it runs again. */
static void test_exhausted(void)
{
	struct worker *w = spinner_start(0, 100, last_hart());

	CHECK_EQUAL(sched_info(w->sched, INFO_EXHAUSTED), 0);
	CHECK_OK(sched_configure(w->sched, 100, ms(2), last_hart(), ms(40), 0));
	for (unsigned i = 0; i < 5; i++) {
		uint64_t seen;

		WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == 1);
		seen = spins[0];
		WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == 0);
		WAIT_UNTIL(spins[0] != seen);
	}
	/* For so long that it does not come back. */
	CHECK_OK(sched_configure(w->sched, 100, ms(2), last_hart(), ms(100000), 0));
	WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == 1);
	CHECK(stands_still(&spins[0]));
	CHECK_EQUAL(thread_state(w->thread), THREAD_READY);
	/* Suspending and resuming gives it nothing. */
	CHECK_OK(suspend(w->thread));
	CHECK_OK(worker_resume(w));
	CHECK(stands_still(&spins[0]));
	uint64_t ticks = used(w);
	sleep_us(1000);
	CHECK_EQUAL(used(w), ticks);
}

/* --- changes ------------------------------------------------------------------------ */

/* An exhausted context configured anew has its whole budget, on whatever hart. */
static void test_reconfigure(void)
{
	struct worker *w = spinner_start(0, 100, 1);

	for (unsigned i = 0; i < 8; i++) {
		unsigned hart = i % BOOT->hart_count;

		CHECK_OK(sched_configure(w->sched, 100, ms(1), 1u << hart, ms(100000), 0));
		WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == 1);
		CHECK_EQUAL(query(w->thread, THREAD_INFO, 3), hart);
		CHECK(stands_still(&spins[0]));
	}
	CHECK_OK(sched_configure(w->sched, 100, ms(1), 0, 0, 0));
	CHECK_EQUAL(sched_info(w->sched, INFO_EXHAUSTED), 0);
	wait_moves(&spins[0]);
	/* Another context in its place, and back. */
	cap_t other = make_sched(100, ms(1), 0);
	CHECK_OK(sched_configure(w->sched, 100, ms(1), 0, ms(100000), 0));
	WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == 1);
	CHECK_OK(set_sched(w->thread, other));
	wait_moves(&spins[0]);
	CHECK_OK(set_sched(w->thread, w->sched));
	CHECK(stands_still(&spins[0]));
	CHECK_OK(delete_cap(w->sched));
	CHECK_OK(set_sched(w->thread, other));
	wait_moves(&spins[0]);
}

/* A context is moved while its thread is exhausted, replenished, and moved while it runs. */
static void test_migrate(void)
{
	struct worker *w = spinner_start(0, 100, 1);

	for (unsigned i = 0; i < 40; i++) {
		unsigned hart = i % BOOT->hart_count;

		CHECK_OK(sched_configure(w->sched, 100, ms(1), 1u << hart, ms(4), 0));
		WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == (i / 2) % 2);
		if (i % 4 == 0) {
			uint64_t seen = spins[0];

			WAIT_UNTIL(spins[0] != seen);
			CHECK_EQUAL(query(w->thread, THREAD_INFO, 3), hart);
		}
	}
}

/* --- limits --------------------------------------------------------------------------- */

static void test_arguments(void)
{
	cap_t sched = make_object(OBJECT_SCHED_CONTEXT);
	cap_t reader = derive(sched, RIGHTS_ALL & ~RIGHT_MANAGE, 0);
	struct message m = {0};

	CHECK_EQUAL(set_priority(sched, 0), ERR_NOT_BOUND); /* not configured */
	CHECK_EQUAL(sched_configure(sched, 10, ms(2), 0, ms(2) - 1, 0), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(sched, 10, ms(2), 0, 1, 0), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(sched, 10, 1, 0, 1, 0), ERR_ARGUMENT); /* taken as more */
	CHECK_EQUAL(sched_configure(sched, 10, ms(2), 0, ~0ull, 0), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(sched, 10, 0, 0, ms(2), 0), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(sched, 256, ms(2), 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(sched, 10, ms(2), 0, 0, 9), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(sched, 10, ms(2), 0, 0, 256), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(sched, 10, ms(2), 1u << BOOT->hart_count, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(sched_configure(reader, 10, ms(2), 0, 0, 0), ERR_RIGHTS);
	CHECK_EQUAL(invoke(reader, SCHED_INFO, 0, &m), ERR_RIGHTS);
	CHECK_EQUAL(set_priority(reader, 1), ERR_RIGHTS);
	CHECK_EQUAL(set_priority(sched, 0), ERR_NOT_BOUND); /* none of these did anything */
	CHECK_OK(sched_configure(sched, 10, ms(2), 0, ms(2), 77));
	CHECK_OK(invoke(sched, SCHED_INFO, 0, &m));
	CHECK_EQUAL(message_words(m.tag), 6);
	CHECK_EQUAL(m.words[INFO_PRIORITY], 10);
	CHECK_EQUAL(m.words[INFO_CEILING], 77);
	CHECK_EQUAL(m.words[INFO_BUDGET], ms(2));
	CHECK_EQUAL(m.words[INFO_PERIOD], ms(2));
	CHECK_EQUAL(m.words[INFO_USED], 0);
	CHECK_EQUAL(m.words[INFO_EXHAUSTED], 0);
	/* The last two arguments may be left out: a slice, and no higher priority. */
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, sched, 11, ms(3), 0, 0));
	CHECK_EQUAL(sched_info(sched, INFO_PERIOD), 0);
	CHECK_EQUAL(sched_info(sched, INFO_CEILING), 11);
	CHECK_EQUAL(set_priority(sched, 12), ERR_RIGHTS);
}

static void test_ceiling(void)
{
	struct worker *low = spinner_start(0, 40, 1), *other;

	main_on(1);
	CHECK_OK(sched_configure(low->sched, 40, ms(5), 1, 0, 60));
	other = spinner_start(1, 50, 1);
	CHECK(stands_still(&spins[0]));
	CHECK_EQUAL(set_priority(low->sched, 61), ERR_RIGHTS);
	CHECK_EQUAL(set_priority(low->sched, 256 + 60), ERR_RIGHTS);
	CHECK_EQUAL(set_priority(low->sched, ~0ull), ERR_RIGHTS);
	CHECK_EQUAL(sched_info(low->sched, INFO_PRIORITY), 40);
	CHECK(stands_still(&spins[0]));
	CHECK_OK(set_priority(low->sched, 60));
	CHECK_EQUAL(sched_info(low->sched, INFO_PRIORITY), 60);
	CHECK(stands_still(&spins[1]));
	wait_moves(&spins[0]);
	CHECK_OK(set_priority(low->sched, 49));
	CHECK(stands_still(&spins[0]));
	wait_moves(&spins[1]);
	CHECK_OK(set_priority(other->sched, 48));
	CHECK(stands_still(&spins[1]));
	CHECK_OK(set_priority(low->sched, 0));
	wait_moves(&spins[1]);
}

/* So many contexts with a period, and no more, until one goes or is configured without. */
static void test_limit(void)
{
	cap_t scheds = new_slots(ENFORCED_MAX + 2), one_more = scheds + ENFORCED_MAX;

	CHECK_OK(try_make(OBJECT_SCHED_CONTEXT, 0, ENFORCED_MAX + 2, scheds));
	for (unsigned i = 0; i < ENFORCED_MAX; i++)
		CHECK_OK(sched_configure(scheds + i, 10, ms(1), 0, ms(10), 0));
	CHECK_OK(sched_configure(one_more, 10, ms(1), 0, 0, 20));
	CHECK_EQUAL(sched_configure(one_more, 12, ms(2), 0, ms(10), 0), ERR_LIMIT);
	CHECK_EQUAL(sched_info(one_more, INFO_PRIORITY), 10);
	CHECK_EQUAL(sched_info(one_more, INFO_BUDGET), ms(1));
	CHECK_OK(sched_configure(scheds, 10, ms(2), 0, ms(10), 0)); /* has one already */
	CHECK_EQUAL(sched_configure(one_more, 10, ms(1), 0, ms(10), 0), ERR_LIMIT);
	CHECK_OK(sched_configure(scheds, 10, ms(2), 0, 0, 0));
	CHECK_OK(sched_configure(one_more, 10, ms(1), 0, ms(10), 0));
	CHECK_EQUAL(sched_configure(scheds, 10, ms(1), 0, ms(10), 0), ERR_LIMIT);
	CHECK_OK(delete_cap(scheds + 7));
	CHECK_OK(sched_configure(scheds, 10, ms(1), 0, ms(10), 0));
	CHECK_EQUAL(sched_configure(one_more + 1, 10, ms(1), 0, ms(10), 0), ERR_LIMIT);
	/* An exhausted one, too. */
	struct worker *w = spinner_start(0, 100, 0);
	CHECK_EQUAL(sched_configure(w->sched, 100, ms(1), 0, ms(100000), 0), ERR_LIMIT);
	wait_moves(&spins[0]);
	CHECK_OK(set_sched(w->thread, one_more));
	CHECK_OK(sched_configure(one_more, 10, ms(1), 0, ms(100000), 0));
	WAIT_UNTIL(sched_info(one_more, INFO_EXHAUSTED) == 1);
	CHECK_OK(delete_cap(one_more));
	CHECK_OK(sched_configure(one_more + 1, 10, ms(1), 0, ms(10), 0));
	CHECK_EQUAL(sched_configure(w->sched, 10, ms(1), 0, ms(10), 0), ERR_LIMIT);
}

/* Extremes: the least budget and the longest period do no harm. */
static void test_extremes(void)
{
	struct worker *w = spinner_start(0, 100, 0);

	CHECK_OK(sched_configure(w->sched, 100, 1, 0, ms(1), 0));
	WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == 1);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t seen = spins[0];

		WAIT_UNTIL(spins[0] != seen);
	}
	CHECK_OK(sched_configure(w->sched, 100, 1, 0, 1ull << 62, 0));
	WAIT_UNTIL(sched_info(w->sched, INFO_EXHAUSTED) == 1);
	CHECK(stands_still(&spins[0]));
	CHECK_OK(sched_configure(w->sched, 100, 1ull << 62, 0, 1ull << 62, 0));
	wait_moves(&spins[0]);
	CHECK_OK(sched_configure(w->sched, 100, ms(1), 0, ms(1), 0)); /* all of the time */
	wait_moves(&spins[0]);
}

/* --- reports ---------------------------------------------------------------------------- */

/* The end of the budget is a call on the handler: after the answer it waits for more. */
static void test_report(void)
{
	cap_t endpoint = make_object(OBJECT_ENDPOINT), reply = make_object(OBJECT_REPLY);
	struct worker *w = spinner_start(0, 100, last_hart());
	struct message m = {0};
	uint64_t last = 0, again = 0;

	CHECK_OK(set_handler(w->thread, endpoint, 99, HANDLER_EXHAUSTION));
	CHECK_EQUAL(ipc_receive_nb(endpoint, reply, &m), ERR_WOULD_BLOCK);
	CHECK_OK(sched_configure(w->sched, 100, ms(1), last_hart(), ms(50), 0));
	for (unsigned i = 0; i < 4; i++) {
		CHECK_OK(ipc_receive(endpoint, reply, &m));
		CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_EXHAUSTED, 2));
		CHECK_EQUAL(m.badge, 99);
		CHECK(m.words[0] > last && m.words[0] <= used(w));
		if (BOOT->hart_count > 1 && i > 0) /* nothing else runs there: in one piece */
			CHECK(m.words[0] >= last + ms(1) && m.words[1] >= again + ms(50));
		last = m.words[0];
		again = m.words[1];
		CHECK(again < time_ticks() + ms(50));
		CHECK_EQUAL(thread_state(w->thread), THREAD_WAITING_REPLY);
		uint64_t seen = spins[0];
		if (i == 1) { /* the replenishment alone does not make it run */
			sleep_us(60000);
			CHECK_EQUAL(spins[0], seen);
		}
		m.tag = 0;
		CHECK_OK(ipc_reply(reply, &m));
	}
	/* A handler that gives it more. */
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	CHECK_OK(sched_configure(w->sched, 100, ms(1), last_hart(), ms(100000), 0));
	CHECK(stands_still(&spins[0]));
	m.tag = 0;
	CHECK_OK(ipc_reply_receive(endpoint, reply, &m));
	CHECK_EQUAL(message_label(m.tag), LABEL_EXHAUSTED);
	CHECK(m.words[1] > time_ticks() + ms(50000));
	/* Cancelled, or its reply object deleted: as if answered. */
	CHECK_OK(cancel(w->thread));
	CHECK_EQUAL(thread_state(w->thread), THREAD_READY);
	CHECK(stands_still(&spins[0]));
	CHECK_OK(sched_configure(w->sched, 100, ms(1), last_hart(), ms(50), 0));
	CHECK_OK(ipc_receive(endpoint, reply, &m));
	CHECK_OK(delete_cap(reply));
	WAIT_UNTIL(used(w) > m.words[0]);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
	CHECK_OK(
		set_handler(w->thread, 0, 0, 0)); /* it would be stopped else, as by an exception */
	CHECK_OK(delete_cap(endpoint));
	wait_moves(&spins[0]);
}

/* It is the client's budget that ends while a server works: nobody is told, the server goes on. */
static void test_report_lent(void)
{
	cap_t endpoint = make_object(OBJECT_ENDPOINT), reply = make_object(OBJECT_REPLY);
	struct server *s = &servers[0];
	struct client *c = &clients[0];
	struct message m = {0};

	server_start(s, 120, 0);
	s->hold = true;
	client_make(c, s, 1, 100, 0);
	CHECK_OK(set_handler(c->worker->thread, endpoint, 7, HANDLER_EXHAUSTION));
	CHECK_OK(sched_configure(c->worker->sched, 100, ms(1), 0, ms(100000), 0));
	CHECK_OK(worker_resume(c->worker));
	WAIT_UNTIL(sched_info(c->worker->sched, INFO_EXHAUSTED) == 1);
	server_wait_busy(s);
	CHECK_EQUAL(ipc_receive_nb(endpoint, reply, &m), ERR_WOULD_BLOCK);
	s->hold = false;
	WAIT_UNTIL(thread_state(s->worker->thread) == THREAD_RECEIVING);
	CHECK_EQUAL(c->done, 0);
	CHECK_OK(sched_configure(c->worker->sched, 100, ms(1), 0, 0, 0));
	client_join(c);
}

SUITE(budget, {"budget-shares", test_shares}, {"budget-calls-paid", test_calls_paid},
      {"budget-exhausted", test_exhausted}, {"budget-reconfigure", test_reconfigure},
      {"budget-migrate", test_migrate}, {"budget-arguments", test_arguments},
      {"budget-ceiling", test_ceiling}, {"budget-limit", test_limit},
      {"budget-extremes", test_extremes}, {"budget-report", test_report},
      {"budget-report-lent", test_report_lent});

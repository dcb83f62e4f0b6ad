/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server of an endpoint inherits the priority of who waits there. On one
 * hart, a spinner of middle priority keeps a server of low priority from
 * running until a caller of high priority waits for it. These fail if the
 * priority is not inherited, not passed on along servers that wait for each
 * other, or kept after the answer.
 */
#include "tests/native-kernel/partners.h"

#define LOW 20
#define MIDDLE 50
#define HIGH 100

static struct server servers[6];
static struct client low, high;
static struct worker *spinner;

/* A low client's call is worked at by the last of `depth` servers; the spinner stops that. */
static void start_chain(unsigned depth)
{
	main_on(1);
	for (unsigned i = depth; i-- > 0;) {
		server_start(&servers[i], LOW - i, 1);
		servers[i].next = i + 1 < depth ? &servers[i + 1] : NULL;
	}
	servers[depth - 1].hold = true;
	client_make(&low, &servers[0], 1, LOW - 15, 1);
	low.adds = depth;
	CHECK_OK(worker_resume(low.worker));
	server_wait_busy(&servers[depth - 1]);
	spinner = spinner_start(0, MIDDLE, 1);
	CHECK(stands_still(&servers[depth - 1].busy));
}

/* The server works at a call of low priority, with no more than that. */
static void check_low(struct server *s)
{
	s->hold = true;
	CHECK_OK(set_priority(spinner->sched, 0));
	client_start(&low, s, 1, LOW, 1);
	server_wait_busy(s);
	CHECK_OK(set_priority(spinner->sched, MIDDLE));
	wait_moves(&spins[0]);
	CHECK(stands_still(&s->busy));
}

/* A high client waits for the first of them: the last runs, the spinner does not. */
static void high_calls(struct server *first, struct server *last, uint64_t adds)
{
	client_make(&high, first, 1, HIGH, 1);
	high.adds = adds;
	CHECK_OK(worker_resume(high.worker));
	server_wait_busy(last);
	CHECK(stands_still(&spins[0]));
}

/* The call is answered while the spinner does not run; afterwards nobody is of high priority. */
static void high_is_answered(struct server *last)
{
	last->hold = false;
	client_join(&high);
	CHECK_EQUAL(high.after, high.before);
	worker_end(high.worker);
	worker_end(low.worker);
	check_low(last);
}

static void test_server(void)
{
	start_chain(1);
	high_calls(&servers[0], &servers[0], 1);
	high_is_answered(&servers[0]);
}

static void test_chain(void)
{
	for (unsigned depth = 2; depth <= 5; depth++) {
		start_chain(depth);
		high_calls(&servers[0], &servers[depth - 1], depth);
		high_is_answered(&servers[depth - 1]);
		worker_end(spinner);
		worker_end(low.worker);
		for (unsigned i = 0; i < depth; i++)
			worker_end(servers[i].worker);
	}
}

/* The chain goes through the queue of a server that waits there itself. */
static void test_queued_server(void)
{
	struct server *a = &servers[4], *b = &servers[0];

	start_chain(1);
	/* The low call to A waits at B behind the other; for this the spinner must let A run. */
	static struct client first;
	CHECK_OK(set_priority(spinner->sched, 0));
	server_start(a, LOW + 1, 1);
	a->next = b;
	client_start(&first, a, 1, LOW + 1, 1);
	WAIT_UNTIL(thread_state(a->worker->thread) == THREAD_SENDING);
	CHECK_OK(set_priority(spinner->sched, MIDDLE));
	CHECK(stands_still(&b->busy));
	high_calls(a, b, 2);
	b->hold = false;
	client_join(&high);
	CHECK_EQUAL(high.after, high.before);
	wait_moves(&spins[0]);
}

/* The server that works is not the first that received at its endpoint. */
static void test_second_receiver(void)
{
	struct server *a = &servers[0], *b = &servers[1], *c = &servers[2];

	main_on(1);
	server_start(b, LOW, 1);
	server_init(c);
	c->endpoint = b->endpoint;
	c->worker = worker_start_on(b->worker->run, c, LOW, 1);
	WAIT_UNTIL(thread_state(c->worker->thread) == THREAD_RECEIVING);
	server_start(a, LOW, 1);
	a->next = b;
	b->hold = true;
	c->hold = true;
	/* B has a call of its own; what A calls comes to C. */
	static struct client own;
	client_start(&own, b, 1, LOW, 1);
	server_wait_busy(b);
	client_make(&low, a, 1, LOW, 1);
	low.adds = 2;
	CHECK_OK(worker_resume(low.worker));
	server_wait_busy(c);
	spinner = spinner_start(0, MIDDLE, 1);
	CHECK(stands_still(&c->busy));
	high_calls(a, c, 2);
	c->hold = false;
	client_join(&high);
	CHECK_EQUAL(high.after, high.before);
	CHECK(stands_still(&b->busy));
}

/* Who waits goes away again: the server is answered, and everything still works. */
static void test_waiter_gone(void)
{
	for (unsigned how = 0; how < 3; how++) {
		struct server *s = &servers[0];

		start_chain(1);
		high_calls(s, s, 1);
		if (how == 0)
			CHECK_OK(delete_cap(high.worker->thread));
		else if (how == 1)
			CHECK_OK(cancel(high.worker->thread));
		else
			CHECK_OK(suspend(high.worker->thread));
		s->hold = false;
		WAIT_UNTIL(thread_state(s->worker->thread) == THREAD_RECEIVING);
		worker_end(low.worker);
		worker_end(high.worker);
		check_low(s);
		worker_end(low.worker);
		worker_end(spinner);
		worker_end(s->worker);
	}
}

/* Plain sends, faults and exceptions wait there, too. */
static void send_once(void *argument)
{
	struct message m = {.tag = MESSAGE_TAG(9, 1)};

	high.err = ipc_send(*(cap_t *)argument, &m);
	high.done++;
}

static void test_other_senders(void)
{
	for (enum call_kind kind = CALL_SHORT; kind < CALL_KINDS; kind++) {
		struct server *s = &servers[0];

		start_chain(1);
		if (kind == CALL_FAULT)
			partners_area(s);
		client_make(&high, s, 1, HIGH, 1);
		high.kind = kind;
		if (kind == CALL_ECALL || kind == CALL_EXCEPTION)
			CHECK_OK(set_handler(high.worker->thread, s->endpoint, 3,
					     kind == CALL_ECALL ? HANDLER_PERSONALITY : 0));
		if (kind == CALL_LONG) { /* not a call at all */
			high.worker->run = send_once;
			high.worker->argument = &s->endpoint;
		}
		CHECK_OK(worker_resume(high.worker));
		server_wait_busy(s);
		CHECK(stands_still(&spins[0]));
		s->hold = false;
		WAIT_UNTIL(high.done == 1);
		worker_end(high.worker);
		wait_moves(&spins[0]);
		worker_end(low.worker);
		worker_end(spinner);
		worker_end(s->worker);
	}
}

SUITE(inheritance, {"inheritance-server", test_server}, {"inheritance-chain", test_chain},
      {"inheritance-queued-server", test_queued_server},
      {"inheritance-second-receiver", test_second_receiver},
      {"inheritance-waiter-gone", test_waiter_gone},
      {"inheritance-other-senders", test_other_senders});

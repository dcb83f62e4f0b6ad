/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a server when its client, or the client's time, goes in the
 * middle of a call. A server with a scheduling context goes on with that; one
 * without is helped by the next caller, whether that calls later or waits in
 * the queue already, or by its client when that has time again. These fail if
 * a server gets stuck, runs on what it has no right to any more, or does not
 * serve later calls.
 */
#include "tests/native-kernel/partners.h"

static struct server servers[4];
static struct client clients[4];

/* Ways to end a call from outside. */
enum end {
	END_DESTROY,
	END_CANCEL,
	END_SCHED_DELETED,
	END_SCHED_REVOKED,
	END_SCHED_TAKEN,
	END_REPLY,
	END_BUDGET,
	ENDS
};

static void end_call(enum end how, struct client *c, struct server *s)
{
	switch (how) {
	case END_DESTROY:
		CHECK_OK(delete_cap(c->worker->thread));
		break;
	case END_CANCEL:
		CHECK_OK(cancel(c->worker->thread));
		break;
	case END_SCHED_DELETED:
		CHECK_OK(delete_cap(c->worker->sched));
		break;
	case END_SCHED_REVOKED:
		CHECK_OK(revoke_cap(c->worker->sched));
		break;
	case END_SCHED_TAKEN:
		CHECK_OK(set_sched(c->worker->thread, 0));
		break;
	case END_REPLY:
		CHECK_OK(delete_cap(s->reply));
		break;
	case END_BUDGET:
		/* The server spins: it is used up soon, and comes back after the test. */
		CHECK_OK(sched_configure(c->worker->sched, 100, ms(1), 0, ms(100000), 0));
		WAIT_UNTIL(sched_info(c->worker->sched, INFO_EXHAUSTED) == 1);
		break;
	case ENDS:
		break;
	}
}

/* What the client has to show for it. */
static void check_ended(enum end how, struct client *c)
{
	switch (how) {
	case END_DESTROY:
		CHECK_EQUAL(c->done, 0);
		break;
	case END_CANCEL:
	case END_REPLY:
		WAIT_UNTIL(c->done == 1);
		CHECK_EQUAL(c->err, ERR_CANCELLED);
		break;
	case END_SCHED_DELETED:
	case END_SCHED_REVOKED:
	case END_SCHED_TAKEN:
		/* It has the answer, and runs when it has time again. */
		CHECK_EQUAL(thread_state(c->worker->thread), THREAD_READY);
		CHECK_EQUAL(c->done, 0);
		CHECK_OK(set_sched(c->worker->thread, make_sched(100, ms(5), 0)));
		client_join(c);
		break;
	case END_BUDGET:
		CHECK_EQUAL(c->done, 0);
		CHECK_OK(sched_configure(c->worker->sched, 100, ms(5), 0, 0, 0));
		client_join(c);
		break;
	case ENDS:
		break;
	}
}

/* A new reply object for the server, whose own has gone: it ended with an error. */
static void server_again(struct server *s, bool is_passive)
{
	WAIT_UNTIL(s->worker->returned);
	CHECK_OK(try_make(OBJECT_REPLY, 0, 1, s->reply));
	CHECK_OK(suspend(s->worker->thread));
	if (is_passive)
		CHECK_OK(set_sched(s->worker->thread, s->worker->sched));
	s->worker->returned = false;
	worker_reset(s->worker);
	CHECK_OK(worker_resume(s->worker));
	WAIT_UNTIL(thread_state(s->worker->thread) == THREAD_RECEIVING);
	if (is_passive)
		server_passive(s);
}

static void one_end(enum end how, bool is_passive, bool is_queued, uint64_t mask)
{
	struct server *s = &servers[0];

	server_start(s, 20, 0);
	if (is_passive)
		server_passive(s);
	s->hold = true;
	client_start(&clients[0], s, 1, 100, mask);
	server_wait_busy(s);
	client_make(&clients[1], s, 1, 110, 0);
	if (is_queued) {
		CHECK_OK(worker_resume(clients[1].worker));
		WAIT_UNTIL(thread_state(clients[1].worker->thread) == THREAD_SENDING);
	}
	end_call(how, &clients[0], s);
	if (is_passive && !is_queued) {
		CHECK(stands_still(&s->busy));
		CHECK_OK(worker_resume(clients[1].worker));
	} else if (!is_queued) {
		server_wait_busy(s);
		CHECK_OK(worker_resume(clients[1].worker));
	}
	server_wait_busy(s);
	s->hold = false;
	if (how == END_REPLY) {
		/* Its next receive fails for want of it, and the caller waits on. */
		server_again(s, is_passive);
	}
	client_join(&clients[1]);
	check_ended(how, &clients[0]);
	server_answers(s, 1);
	worker_end(s->worker);
	worker_end(clients[1].worker);
	worker_end(clients[0].worker);
}

static void all_ends(bool is_passive, bool is_queued)
{
	for (enum end how = END_DESTROY; how < ENDS; how++) {
		one_end(how, is_passive, is_queued, 1);
		one_end(how, is_passive, is_queued, last_hart());
	}
}

static void test_own_time(void)
{
	all_ends(false, false);
	all_ends(false, true);
}

static void test_next_caller(void)
{
	all_ends(true, false);
}

static void test_queued_caller(void)
{
	all_ends(true, true);
}

/* --- the client stays ---------------------------------------------------------------- */

/* A suspended client waits on, and its server works on. */
static void test_suspended(void)
{
	for (unsigned passive = 0; passive < 2; passive++) {
		struct server *s = &servers[0];

		server_start(s, 20, 0);
		if (passive)
			server_passive(s);
		s->hold = true;
		client_start(&clients[0], s, 1, 100, 0);
		server_wait_busy(s);
		CHECK_OK(suspend(clients[0].worker->thread));
		server_wait_busy(s);
		s->hold = false;
		WAIT_UNTIL(thread_state(s->worker->thread) == THREAD_RECEIVING);
		CHECK_EQUAL(clients[0].done, 0);
		server_answers(s, 1);
		CHECK_OK(worker_resume(clients[0].worker));
		client_join(&clients[0]);
		worker_end(s->worker);
		worker_end(clients[0].worker);
	}
}

/* Its only client's budget ends again and again: the server goes on with each replenishment. */
static void test_budget_alone(void)
{
	for (unsigned depth = 1; depth <= 3; depth++) {
		struct server *last = &servers[depth - 1];

		for (unsigned i = depth; i-- > 0;) {
			server_start(&servers[i], 20, 0);
			servers[i].next = i + 1 < depth ? &servers[i + 1] : NULL;
			server_passive(&servers[i]);
		}
		last->hold = true;
		client_make(&clients[0], &servers[0], 1, 100, 0);
		clients[0].adds = depth;
		CHECK_OK(sched_configure(clients[0].worker->sched, 100, ms(1), 0, ms(20), 0));
		CHECK_OK(worker_resume(clients[0].worker));
		for (unsigned i = 0; i < 3; i++) {
			WAIT_UNTIL(sched_info(clients[0].worker->sched, INFO_EXHAUSTED) == 1);
			server_wait_busy(last);
		}
		last->hold = false;
		client_join(&clients[0]);
		for (unsigned i = 0; i < depth; i++)
			worker_end(servers[i].worker);
		worker_end(clients[0].worker);
	}
}

/* The client's context is taken and another given, while its server has no other time. */
static void test_other_sched(void)
{
	struct server *s = &servers[0];
	cap_t other = make_sched(100, ms(5), last_hart());

	server_start(s, 20, 0);
	server_passive(s);
	s->hold = true;
	client_start(&clients[0], s, 1, 100, 1);
	server_wait_busy(s);
	CHECK_OK(set_sched(clients[0].worker->thread, 0));
	CHECK(stands_still(&s->busy));
	CHECK_OK(set_sched(clients[0].worker->thread, other));
	server_wait_busy(s);
	CHECK_OK(set_sched(clients[0].worker->thread, clients[0].worker->sched));
	server_wait_busy(s);
	/* A budget that has ended, and the context configured anew. */
	CHECK_OK(sched_configure(clients[0].worker->sched, 100, ms(1), 0, ms(100000), 0));
	WAIT_UNTIL(sched_info(clients[0].worker->sched, INFO_EXHAUSTED) == 1);
	CHECK(stands_still(&s->busy));
	CHECK_OK(sched_configure(clients[0].worker->sched, 100, ms(5), 0, 0, 0));
	server_wait_busy(s);
	s->hold = false;
	client_join(&clients[0]);
}

/* --- helpers go, too ------------------------------------------------------------------- */

/* The caller in the queue that helps is cancelled, or destroyed: the one behind it helps. */
static void test_helpers(void)
{
	struct server *s = &servers[0];

	server_start(s, 20, 0);
	server_passive(s);
	s->hold = true;
	for (unsigned i = 0; i < 4; i++) {
		client_start(&clients[i], s, 1, 100 + 10 * i, 0);
		if (i == 0)
			server_wait_busy(s);
		else
			WAIT_UNTIL(thread_state(clients[i].worker->thread) == THREAD_SENDING);
	}
	CHECK_OK(delete_cap(clients[0].worker->thread));
	server_wait_busy(s);
	CHECK_OK(cancel(clients[3].worker->thread));
	server_wait_busy(s);
	CHECK_OK(delete_cap(clients[2].worker->sched));
	server_wait_busy(s);
	CHECK_OK(delete_cap(clients[1].worker->thread));
	CHECK(stands_still(&s->busy));
	/* Client 2 still waits, but has nothing to help with until now. */
	CHECK_OK(set_sched(clients[2].worker->thread, make_sched(80, ms(5), 0)));
	server_wait_busy(s);
	s->hold = false;
	client_join(&clients[2]);
	server_answers(s, 1);
}

/* Two servers without time at one endpoint: who helps the one is served by the other. */
static void test_two_servers(void)
{
	struct server *a = &servers[0], *b = &servers[1];

	server_start(a, 20, 0);
	server_start(b, 20, 0);
	cap_t own = b->endpoint;
	/* The second receives at the first's endpoint from its next receive on. */
	b->endpoint = a->endpoint;
	client_make(&clients[0], b, 1, 100, 0);
	struct server front = *b;
	front.endpoint = own;
	clients[0].server = &front;
	CHECK_OK(worker_resume(clients[0].worker));
	client_join(&clients[0]);
	worker_end(clients[0].worker);
	WAIT_UNTIL(thread_state(b->worker->thread) == THREAD_RECEIVING);
	server_passive(a);
	server_passive(b);
	a->hold = true;
	b->hold = true;
	client_start(&clients[0], a, 1, 100, 0);
	server_wait_busy(a); /* it waits for longer than b */
	client_start(&clients[1], a, 1, 100, 0);
	server_wait_busy(b);
	/* The first one's client goes; the next caller helps it, until the other is free. */
	CHECK_OK(delete_cap(clients[0].worker->thread));
	CHECK(stands_still(&a->busy));
	client_start(&clients[2], a, 1, 100, 0);
	server_wait_busy(a);
	server_wait_busy(b);
	b->hold = false;
	client_join(&clients[1]);
	client_join(&clients[2]);
	CHECK(stands_still(&a->busy));
	/* Now it waits for a caller that finds the other one busy. */
	server_answers(a, 1);
	b->hold = true;
	worker_end(clients[0].worker);
	client_start(&clients[0], a, 1, 100, 0);
	server_wait_busy(b);
	client_start(&clients[3], a, 1, 100, 0);
	server_wait_busy(a);
	server_wait_busy(b);
	a->hold = false;
	client_join(&clients[3]);
	b->hold = false;
	client_join(&clients[0]);
	server_answers(a, 1);
}

/* --- chains ------------------------------------------------------------------------------ */

/* The client of a chain goes: the middle has time of its own for the last, or a next caller has. */
static void test_chain_end(void)
{
	for (unsigned passive = 0; passive < 2; passive++) {
		for (enum end how = END_DESTROY; how <= END_SCHED_TAKEN; how++) {
			struct server *a = &servers[0], *b = &servers[1];

			server_start(b, 20, 0);
			server_passive(b);
			server_start(a, 20, 0);
			a->next = b;
			if (passive)
				server_passive(a);
			b->hold = true;
			client_make(&clients[0], a, 1, 100, 0);
			clients[0].adds = 2;
			CHECK_OK(worker_resume(clients[0].worker));
			server_wait_busy(b);
			end_call(how, &clients[0], a);
			client_make(&clients[1], a, 1, 100, 0);
			clients[1].adds = 2;
			if (passive) {
				CHECK(stands_still(&b->busy));
				CHECK_OK(worker_resume(clients[1].worker));
				server_wait_busy(b);
			} else {
				server_wait_busy(b);
				CHECK_OK(worker_resume(clients[1].worker));
			}
			b->hold = false;
			client_join(&clients[1]);
			check_ended(how, &clients[0]);
			server_answers(a, 2);
			for (unsigned i = 0; i < 2; i++) {
				worker_end(clients[i].worker);
				worker_end(servers[i].worker);
			}
		}
	}
}

/* --- the server goes --------------------------------------------------------------------- */

/* A server is destroyed: its caller waits until the reply object goes, or is used by another. */
static void test_server_destroyed(void)
{
	for (unsigned how = 0; how < 4; how++) {
		struct server *s = &servers[0];
		struct message m = {.tag = MESSAGE_TAG(0, 1), .words = {101}};

		server_start(s, 20, 0);
		if (how % 2 == 1)
			server_passive(s);
		s->hold = true;
		client_start(&clients[0], s, 1, 100, 0);
		server_wait_busy(s);
		CHECK_OK(delete_cap(s->worker->thread));
		CHECK(stands_still(&s->busy));
		CHECK_EQUAL(thread_state(clients[0].worker->thread), THREAD_WAITING_REPLY);
		if (how < 2) {
			CHECK_OK(ipc_reply(s->reply, &m));
			client_join(&clients[0]);
		} else {
			CHECK_OK(delete_cap(s->reply));
			WAIT_UNTIL(clients[0].done == 1);
			CHECK_EQUAL(clients[0].err, ERR_CANCELLED);
		}
		worker_end(s->worker);
		worker_end(clients[0].worker);
	}
}

/* The middle of a chain is destroyed: the last goes on with its own time, or that of the next. */
static void test_middle_destroyed(void)
{
	for (unsigned passive = 0; passive < 2; passive++) {
		struct server *a = &servers[0], *b = &servers[1];

		server_start(b, 20, 0);
		server_start(a, 20, 0);
		a->next = b;
		server_passive(a);
		if (passive)
			server_passive(b);
		b->hold = true;
		client_start(&clients[0], a, 1, 100, 0);
		server_wait_busy(b);
		CHECK_OK(delete_cap(a->worker->thread));
		if (passive)
			CHECK(stands_still(&b->busy));
		else
			server_wait_busy(b);
		client_start(&clients[1], b, 1, 100, 0);
		server_wait_busy(b);
		b->hold = false;
		client_join(&clients[1]);
		CHECK_EQUAL(clients[0].done, 0);
		CHECK_OK(delete_cap(a->reply));
		WAIT_UNTIL(clients[0].done == 1);
		CHECK_EQUAL(clients[0].err, ERR_CANCELLED);
		for (unsigned i = 0; i < 2; i++) {
			worker_end(clients[i].worker);
			worker_end(servers[i].worker);
		}
	}
}

SUITE(lending_end, {"lending-ends-own-time", test_own_time},
      {"lending-ends-next-caller", test_next_caller},
      {"lending-ends-queued-caller", test_queued_caller},
      {"lending-ends-suspended", test_suspended}, {"lending-ends-budget-alone", test_budget_alone},
      {"lending-ends-other-sched", test_other_sched}, {"lending-ends-helpers", test_helpers},
      {"lending-ends-two-servers", test_two_servers}, {"lending-ends-chain", test_chain_end},
      {"lending-ends-server-destroyed", test_server_destroyed},
      {"lending-ends-middle-destroyed", test_middle_destroyed});

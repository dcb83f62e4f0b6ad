/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time lent with a call. These fail if a server works on its own time or with
 * its own priority although its caller has more, if a server without a
 * scheduling context does not work, if what was lent is not given back with
 * the answer or the next receive, or if changes to a context miss whoever runs
 * on it.
 */
#include "tests/native-kernel/partners.h"

static struct server servers[20];
static struct client clients[3];

/* A server of low priority answers a caller of high priority before a spinner between them runs. */
static void no_inversion(bool is_passive)
{
	struct server *s = &servers[0];
	struct client *c = &clients[0];

	main_on(1);
	server_start(s, 20, 1);
	partners_area(s);
	if (is_passive)
		server_passive(s);
	spinner_start(0, 50, 1);
	for (enum call_kind kind = CALL_SHORT; kind < CALL_KINDS; kind++) {
		client_make(c, s, 16, 100, 1);
		c->kind = kind;
		if (kind == CALL_ECALL || kind == CALL_EXCEPTION)
			CHECK_OK(set_handler(c->worker->thread, s->endpoint, 3,
					     kind == CALL_ECALL ? HANDLER_PERSONALITY : 0));
		CHECK_OK(worker_resume(c->worker));
		client_join(c);
		CHECK_EQUAL(c->after, c->before);
		worker_end(c->worker);
	}
	CHECK_EQUAL(s->served, 16 * CALL_KINDS);
	wait_moves(&spins[0]);
}

static void test_no_inversion(void)
{
	no_inversion(false);
}

static void test_no_inversion_passive(void)
{
	no_inversion(true);
}

static void do_nothing(void *argument)
{
	(void)argument;
}

/* The other way round: a server keeps its own priority for a caller of a lower one, and loses a
 * caller's when it answers. */
static void test_own_priority(void)
{
	struct server *s = &servers[0];

	main_on(1);
	server_start(s, 100, 1);
	s->hold = true;
	client_start(&clients[0], s, 1, 20, 1);
	server_wait_busy(s);
	struct worker *w = worker_start_on(do_nothing, NULL, 50, 1);
	wait_moves(&s->busy);
	CHECK(!w->returned);
	s->hold = false;
	client_join(&clients[0]);
	worker_join(w);
	/* Low from now on, whoever it served last. */
	CHECK_OK(sched_configure(s->worker->sched, 20, ms(5), 1, 0, 0));
	client_start(&clients[1], s, 4, 100, 1);
	client_join(&clients[1]);
	s->hold = true;
	client_start(&clients[2], s, 1, 10, 1);
	server_wait_busy(s);
	spinner_start(0, 50, 1);
	CHECK(stands_still(&s->busy));
}

/* Servers without a scheduling context, called from any hart. */
static void test_passive(void)
{
	struct server *s = &servers[0];

	server_start(s, 20, 0);
	server_passive(s);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned hart = 0; hart < BOOT->hart_count; hart++) {
			client_start(&clients[0], s, 50, 100, 1u << hart);
			client_start(&clients[1], s, 50, 100, 1u << (hart + 1) % BOOT->hart_count);
			client_join(&clients[0]);
			client_join(&clients[1]);
			worker_end(clients[0].worker);
			worker_end(clients[1].worker);
		}
		for (unsigned i = 0; i < 10; i++)
			server_answers(s, 1);
	}
	/* It gets one again. */
	CHECK_OK(set_sched(s->worker->thread, s->worker->sched));
	server_answers(s, 1);
}

/* Servers that call servers; `depth` of them, of which those from `passive` on have no time. */
static void chain_make(unsigned depth, unsigned passive, uint64_t mask)
{
	for (unsigned i = depth; i-- > 0;) {
		server_start(&servers[i], 20 + i % 3, mask);
		servers[i].next = i + 1 < depth ? &servers[i + 1] : NULL;
		if (i >= passive)
			server_passive(&servers[i]);
	}
}

static void test_chain(void)
{
	for (unsigned depth = 2; depth <= 16; depth += 7) {
		chain_make(depth, 0, 0);
		server_answers(&servers[0], depth);
		for (unsigned i = 0; i < depth; i++)
			server_passive(&servers[i]);
		for (unsigned i = 0; i < 5; i++)
			server_answers(&servers[0], depth);
		for (unsigned hart = 0; hart < BOOT->hart_count; hart++) {
			client_make(&clients[0], &servers[0], 20, 100, 1u << hart);
			clients[0].adds = depth;
			CHECK_OK(worker_resume(clients[0].worker));
			client_join(&clients[0]);
			worker_end(clients[0].worker);
		}
		for (unsigned i = 0; i < depth; i++) {
			CHECK_EQUAL(servers[i].forward_failed, 0);
			worker_end(servers[i].worker);
		}
	}
}

/* Deeper than the kernel lends: the last ones work on their own time. */
static void test_chain_deep(void)
{
	chain_make(20, 20, 0);
	for (unsigned i = 0; i < 5; i++)
		server_answers(&servers[0], 20);
	/* If those have none, the call waits; it can be cancelled, and the servers still work. */
	for (unsigned i = 0; i < 20; i++)
		server_passive(&servers[i]);
	client_start(&clients[0], &servers[0], 1, 100, 0);
	WAIT_UNTIL(thread_state(servers[15].worker->thread) == THREAD_WAITING_REPLY);
	sleep_us(5000);
	CHECK_EQUAL(clients[0].done, 0);
	CHECK_OK(cancel(clients[0].worker->thread));
	WAIT_UNTIL(clients[0].done == 1);
	CHECK_EQUAL(clients[0].err, ERR_CANCELLED);
	server_answers(&servers[16], 4);
	server_answers(&servers[5], 15);
	for (unsigned i = 16; i < 20; i++)
		CHECK_OK(set_sched(servers[i].worker->thread, servers[i].worker->sched));
	server_answers(&servers[0], 20);
}

/* --- changes while it is lent -------------------------------------------------------- */

/* The client's context is configured anew while its server works: for the next hart, too. */
static void test_reconfigure_lent(void)
{
	struct server *s = &servers[0];
	struct client *c = &clients[0];

	server_start(s, 20, 0);
	server_passive(s);
	s->hold = true;
	client_start(c, s, 1, 100, 1);
	server_wait_busy(s);
	for (unsigned i = 0; i < 2 * BOOT->hart_count; i++) {
		unsigned hart = (i + 1) % BOOT->hart_count;

		CHECK_OK(sched_configure(c->worker->sched, 100, ms(5), 1u << hart,
					 i % 2 == 0 ? 0 : ms(20), 0));
		server_wait_busy(s);
		CHECK_EQUAL(query(s->worker->thread, THREAD_INFO, 3), hart);
	}
	CHECK_EQUAL(sched_info(c->worker->sched, INFO_PERIOD), ms(20));
	s->hold = false;
	client_join(c);
}

/* Another priority of a client that waits for the answer, or in the queue: its server has it. */
static void raise_client(bool is_queued)
{
	struct server *s = &servers[0];
	struct client *c = &clients[is_queued ? 1 : 0];

	main_on(1);
	server_start(s, 20, 1);
	s->hold = true;
	client_make(&clients[0], s, 1, 30, 1);
	client_make(&clients[1], s, 1, 30, 1);
	CHECK_OK(sched_configure(c->worker->sched, 30, ms(5), 1, 0, 120));
	CHECK_OK(worker_resume(clients[0].worker));
	server_wait_busy(s);
	if (is_queued) {
		CHECK_OK(worker_resume(c->worker));
		WAIT_UNTIL(thread_state(c->worker->thread) == THREAD_SENDING);
	}
	spinner_start(0, 50, 1);
	CHECK(stands_still(&s->busy));
	CHECK_OK(set_priority(c->worker->sched, 120));
	server_wait_busy(s);
	CHECK(stands_still(&spins[0]));
	s->hold = false;
	client_join(c);
	worker_end(c->worker);
	wait_moves(&spins[0]);
}

static void test_raise_client(void)
{
	raise_client(false);
}

static void test_raise_queued(void)
{
	raise_client(true);
}

/* The server's own context goes or changes while it runs on the client's: it goes on. */
static void test_server_sched_gone(void)
{
	for (unsigned how = 0; how < 3; how++) {
		for (unsigned place = 0; place < 2; place++) {
			struct server *s = &servers[0];
			uint64_t mask = place == 0 ? 1 : last_hart();

			server_start(s, 20, mask);
			s->hold = true;
			client_start(&clients[0], s, 1, 100, mask);
			server_wait_busy(s);
			if (how == 0)
				CHECK_OK(delete_cap(s->worker->sched));
			else if (how == 1)
				CHECK_OK(set_sched(s->worker->thread, 0));
			else
				CHECK_OK(sched_configure(s->worker->sched, 10, ms(1), 0, 0, 0));
			server_wait_busy(s);
			s->hold = false;
			client_join(&clients[0]);
			server_answers(s, 1);
			CHECK_OK(delete_cap(s->worker->thread));
			worker_end(clients[0].worker);
		}
	}
}

/* --- parked callers -------------------------------------------------------------------- */

static struct {
	cap_t endpoint, replies[2];
	volatile unsigned received;
	volatile enum err err;
} parker;

/* Holds one caller while it receives the next one, then answers both, the earlier first. */
static void park(void *argument)
{
	struct message m = {0};
	enum err err = ERR_OK;

	(void)argument;
	for (unsigned i = 0; err == ERR_OK; i++) {
		cap_t first = parker.replies[i % 2], second = parker.replies[(i + 1) % 2];
		uint64_t value;

		err = ipc_reply_receive(parker.endpoint, first, &m);
		parker.received++;
		value = m.words[0];
		if (err == ERR_OK)
			err = ipc_receive(parker.endpoint, second, &m);
		parker.received++;
		if (err == ERR_OK) {
			struct message n = {.tag = MESSAGE_TAG(0, 1), .words = {value + 1}};

			err = ipc_reply(first, &n);
		}
		m.words[0]++;
	}
	parker.err = err;
}

static void test_parked(void)
{
	for (unsigned passive = 0; passive < 2; passive++) {
		struct worker *w;
		struct server *s = &servers[0];

		memset((void *)&parker, 0, sizeof(parker));
		server_init(s);
		parker.endpoint = s->endpoint;
		parker.replies[0] = s->reply;
		parker.replies[1] = make_object(OBJECT_REPLY);
		w = worker_start(park, NULL);
		WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
		if (passive)
			CHECK_OK(set_sched(w->thread, 0));
		client_start(&clients[0], s, 1, 100, 0);
		WAIT_UNTIL(parker.received == 1 && thread_state(w->thread) == THREAD_RECEIVING);
		/* What it lent is its own again: the context's end does not concern the server. */
		CHECK_EQUAL(thread_state(clients[0].worker->thread), THREAD_WAITING_REPLY);
		client_start(&clients[1], s, 1, 100, 0);
		client_join(&clients[1]);
		client_join(&clients[0]);
		/* Many, from both sides. */
		worker_end(clients[0].worker);
		worker_end(clients[1].worker);
		client_start(&clients[0], s, 50, 100, 1);
		client_start(&clients[1], s, 50, 100, last_hart());
		client_join(&clients[0]);
		client_join(&clients[1]);
		CHECK_OK(parker.err);
		worker_end(w);
		worker_end(clients[0].worker);
		worker_end(clients[1].worker);
	}
}

SUITE(lending, {"lending-no-inversion", test_no_inversion},
      {"lending-no-inversion-passive", test_no_inversion_passive},
      {"lending-own-priority", test_own_priority}, {"lending-passive", test_passive},
      {"lending-chain", test_chain}, {"lending-chain-deep", test_chain_deep},
      {"lending-reconfigure", test_reconfigure_lent}, {"lending-raise-client", test_raise_client},
      {"lending-raise-queued", test_raise_queued},
      {"lending-server-sched-gone", test_server_sched_gone}, {"lending-parked", test_parked});

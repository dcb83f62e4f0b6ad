/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which counters a thread may read. These fail if a counter can be read that
 * was not allowed, or not although it was, whichever way the hart came to the
 * thread: scheduled, by a call or an answer.
 */
#include "tests/native-kernel/partners.h"

#define NOT_READ 0x5a5a5a5a5a5a5a5aul

static struct server handler;

static enum err allow(cap_t thread, uint64_t counters)
{
	return invoke5(BOOT_SLOT_HART, HART_ALLOW_COUNTERS, thread, counters, 0, 0, 0);
}

/* Which of them the calling thread can read; the handler skips what traps. */
static unsigned readable(void)
{
	uint64_t cycle = NOT_READ, time = NOT_READ, instret = NOT_READ;

	__asm__ volatile("rdcycle %0" : "+r"(cycle));
	__asm__ volatile("rdtime %0" : "+r"(time));
	__asm__ volatile("rdinstret %0" : "+r"(instret));
	return (cycle != NOT_READ ? COUNTER_CYCLE : 0u) | (time != NOT_READ ? COUNTER_TIME : 0u) |
	       (instret != NOT_READ ? COUNTER_INSTRET : 0u);
}

/*
 * Is it what the thread may read? Firmware may read the time for whoever asks, as
 * OpenSBI does without a look at scounteren: then it cannot be refused.
 */
static bool is_allowed(unsigned read, unsigned allowed)
{
	return read == allowed || read == (allowed | COUNTER_TIME);
}

static struct reader {
	struct worker *worker;
	cap_t endpoint, reply; /* calls, or serves if it has a reply object */
	unsigned counters;
	volatile unsigned rounds, wrong, latest;
	volatile bool stop;
} readers[4];

static void check_own(struct reader *r)
{
	r->latest = readable();
	if (!is_allowed(r->latest, r->counters))
		r->wrong++;
	r->rounds++;
}

static void read_and_yield(void *argument)
{
	struct reader *r = argument;

	while (!r->stop) {
		check_own(r);
		thread_yield();
	}
}

static void read_and_call(void *argument)
{
	struct reader *r = argument;
	struct message m = {0};

	while (!r->stop) {
		m.tag = MESSAGE_TAG(0, r->rounds % 4);
		check_own(r);
		if (ipc_call(r->endpoint, &m) != ERR_OK)
			r->wrong++;
	}
}

static void read_and_serve(void *argument)
{
	struct reader *r = argument;
	struct message m = {0};

	while (ipc_reply_receive(r->endpoint, r->reply, &m) == ERR_OK) {
		check_own(r);
		m.tag = 0;
	}
}

static void reader_make(struct reader *r, void (*run)(void *), uint64_t counters, uint64_t mask)
{
	memset((void *)r, 0, sizeof(*r));
	r->counters = (unsigned)counters;
	r->worker = worker_make(run, r, 100, mask);
	CHECK_OK(set_handler(r->worker->thread, handler.endpoint, 1, 0));
	if (counters != COUNTERS_DEFAULT)
		CHECK_OK(allow(r->worker->thread, counters));
}

static void test_errors(void)
{
	cap_t thread = make_object(OBJECT_THREAD);

	CHECK_EQUAL(allow(thread, 8), ERR_ARGUMENT);
	CHECK_EQUAL(allow(thread, 0x100), ERR_ARGUMENT);
	CHECK_EQUAL(allow(thread, ~0ull), ERR_ARGUMENT);
	CHECK_EQUAL(allow(thread, 1ull << 63 | COUNTERS_ALL), ERR_ARGUMENT);
	CHECK_EQUAL(allow(0, COUNTERS_ALL), ERR_CAP_EMPTY);
	CHECK_EQUAL(allow(BOOT_SLOT_SPACE, COUNTERS_ALL), ERR_CAP_TYPE);
	CHECK_EQUAL(allow(derive(thread, RIGHTS_ALL & ~RIGHT_MANAGE, 0), COUNTERS_ALL), ERR_RIGHTS);
	cap_t hart = derive(BOOT_SLOT_HART, RIGHTS_ALL & ~RIGHT_MANAGE, 0);
	CHECK_EQUAL(invoke5(hart, HART_ALLOW_COUNTERS, thread, 7, 0, 0, 0), ERR_RIGHTS);
}

/* All combinations, given before it runs and while it runs. */
static void test_allowed(void)
{
	struct reader *r = &readers[0];

	server_start(&handler, 150, 0);
	reader_make(r, read_and_yield, COUNTERS_DEFAULT, last_hart());
	CHECK_OK(worker_resume(r->worker));
	WAIT_UNTIL(r->rounds > 20);
	CHECK_EQUAL(r->wrong, 0); /* the default: the time only */
	for (unsigned i = 0; i < 2 * (COUNTERS_ALL + 1); i++) {
		unsigned counters = (i * 5 + 1) % (COUNTERS_ALL + 1);

		CHECK_OK(allow(r->worker->thread, counters));
		/* One more round is begun after it than was then. */
		unsigned seen = r->rounds;
		WAIT_UNTIL(r->rounds > seen + 1);
		CHECK(is_allowed(r->latest, counters));
	}
	worker_end(r->worker);
	for (uint64_t counters = 0; counters <= COUNTERS_ALL; counters++) {
		reader_make(r, read_and_yield, counters, 0);
		CHECK_OK(worker_resume(r->worker));
		WAIT_UNTIL(r->rounds > 20);
		CHECK_EQUAL(r->wrong, 0);
		worker_end(r->worker);
	}
	/* And this thread itself, which may have them all by now. */
	CHECK_OK(allow(BOOT_SLOT_THREAD, COUNTERS_ALL));
	CHECK_EQUAL(readable(), COUNTERS_ALL);
	CHECK_OK(allow(BOOT_SLOT_THREAD, COUNTERS_DEFAULT));
}

/* Threads of different rights take turns on one hart. */
static void test_turns(void)
{
	server_start(&handler, 150, 0);
	for (unsigned i = 0; i < 4; i++)
		reader_make(&readers[i], read_and_yield, (i * 3 + 2) % 8, last_hart());
	for (unsigned i = 0; i < 4; i++)
		CHECK_OK(worker_resume(readers[i].worker));
	for (unsigned i = 0; i < 4; i++) {
		WAIT_UNTIL(readers[i].rounds > 50);
		CHECK_EQUAL(readers[i].wrong, 0);
	}
}

/* Calls between threads of different and of equal rights, on one hart. */
static void test_calls(void)
{
	/* The server's, the client's. */
	static const uint8_t pairs[][2] = {{0, 0}, {0, 7}, {7, 0}, {2, 2}, {2, 7},
					   {7, 2}, {7, 7}, {1, 5}, {5, 4}};

	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct reader *server = &readers[0], *client = &readers[1];

		server_start(&handler, 150, last_hart());
		reader_make(server, read_and_serve, pairs[i][0], last_hart());
		server->endpoint = make_object(OBJECT_ENDPOINT);
		server->reply = make_object(OBJECT_REPLY);
		CHECK_OK(worker_resume(server->worker));
		WAIT_UNTIL(thread_state(server->worker->thread) == THREAD_RECEIVING);
		reader_make(client, read_and_call, pairs[i][1], last_hart());
		client->endpoint = server->endpoint;
		CHECK_OK(worker_resume(client->worker));
		WAIT_UNTIL(client->rounds > 40);
		client->stop = true;
		worker_join(client->worker);
		CHECK_EQUAL(client->wrong, 0);
		CHECK_EQUAL(server->wrong, 0);
		CHECK_EQUAL(server->rounds, client->rounds);
		worker_end(client->worker);
		worker_end(server->worker);
		worker_end(handler.worker);
	}
}

SUITE(counter, {"counters-errors", test_errors}, {"counters-allowed", test_allowed},
      {"counters-turns", test_turns}, {"counters-calls", test_calls});

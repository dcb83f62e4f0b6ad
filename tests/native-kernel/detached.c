/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, windows and waits that lost a part: what was attached is gone,
 * moved elsewhere or not there yet. The kernel must neither use what is gone
 * nor keep what should be free.
 */
#include "tests/native-kernel/harness.h"

#define BUFFER 40 /* a number that no worker has */
#define WAITERS 3

static struct {
	cap_t notification, endpoint, reply;
	volatile unsigned count;
	volatile enum err err[WAITERS];
	volatile uint64_t bits[WAITERS];
	struct message message;
} shared;

static void shared_init(void)
{
	memset((void *)&shared, 0, sizeof(shared));
	shared.notification = make_object(OBJECT_NOTIFICATION);
	shared.endpoint = make_object(OBJECT_ENDPOINT);
	shared.reply = make_object(OBJECT_REPLY);
}

static enum err configure(cap_t thread, cap_t space, unsigned buffer)
{
	return invoke5(thread, THREAD_CONFIGURE, 0, space, buffer, 0, 0);
}

/* --- waits ------------------------------------------------------------------------ */

static void waiter(void *argument)
{
	volatile unsigned *self = argument;
	uint64_t bits = 0;

	shared.err[*self] = notification_wait(shared.notification, &bits);
	shared.bits[*self] = bits;
}

/* One of three leaves the queue, at each place: the others get their signals in order. */
static void test_leave_queue(void)
{
	static unsigned index[WAITERS] = {0, 1, 2};

	for (unsigned leaves = 0; leaves < WAITERS; leaves++) {
		struct worker *w[WAITERS];
		unsigned first = leaves == 0 ? 1 : 0, second = leaves == 2 ? 1 : 2;

		shared_init();
		for (unsigned i = 0; i < WAITERS; i++) {
			w[i] = worker_start(waiter, &index[i]);
			WAIT_UNTIL(thread_state(w[i]->thread) == THREAD_WAITING_SIGNAL);
		}
		CHECK_OK(delete_cap(w[leaves]->thread));
		CHECK_OK(notification_signal(derive(shared.notification, RIGHT_WRITE, 1)));
		worker_join(w[first]);
		CHECK_EQUAL(shared.bits[first], 1);
		CHECK(!w[second]->returned);
		CHECK_OK(notification_signal(derive(shared.notification, RIGHT_WRITE, 2)));
		worker_join(w[second]);
		CHECK_EQUAL(shared.bits[second], 2);
		CHECK(!w[leaves]->returned);
	}
}

static void receiver_without_reply(void *argument)
{
	(void)argument;
	shared.err[0] = ipc_receive(shared.endpoint, 0, &shared.message);
}

/* A signal ends a receive that has no reply object. */
static void test_receive_without_reply(void)
{
	shared_init();
	struct worker *w = worker_make(receiver_without_reply, NULL, MAIN_PRIORITY, 0);
	CHECK_OK(invoke5(w->thread, THREAD_BIND_NOTIFICATION, shared.notification, 0, 0, 0, 0));
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	CHECK_OK(notification_signal(derive(shared.notification, RIGHT_WRITE, 8)));
	worker_join(w);
	CHECK_OK(shared.err[0]);
	CHECK_EQUAL(shared.message.tag, MESSAGE_TAG(LABEL_NOTIFICATION, 0));
	CHECK_EQUAL(shared.message.badge, 8);
}

/* --- messages ------------------------------------------------------------------- */

static void client_send(void *argument)
{
	shared.err[1] = ipc_send(*(cap_t *)argument, &shared.message);
}

/* A message without capabilities passes without the right to grant some. */
static void test_no_grant(void)
{
	struct message m = {0};

	shared_init();
	cap_t weak = derive(shared.endpoint, RIGHT_WRITE, 6);
	shared.message.tag = MESSAGE_TAG(3, 1);
	shared.message.words[0] = 77;
	struct worker *w = worker_start(client_send, &weak);
	CHECK_OK(ipc_receive(shared.endpoint, 0, &m));
	worker_join(w);
	CHECK_OK(shared.err[1]);
	CHECK(m.tag == MESSAGE_TAG(3, 1) && m.words[0] == 77 && m.badge == 6);
}

static void client_call(void *argument)
{
	(void)argument;
	shared.err[2] = ipc_call(shared.endpoint, &shared.message);
}

/* Too many capabilities in an answer: refused, and the caller waits on. */
static void test_answer_caps(void)
{
	struct message m = {0};

	shared_init();
	struct worker *w = worker_start(client_call, NULL);
	CHECK_OK(ipc_receive(shared.endpoint, shared.reply, &m));
	for (unsigned caps = MESSAGE_CAPS + 1; caps < 16; caps++) {
		m.tag = MESSAGE_TAG_CAPS(caps);
		CHECK_EQUAL(ipc_reply(shared.reply, &m), ERR_ARGUMENT);
		m.tag = MESSAGE_TAG_CAPS(caps);
		CHECK_EQUAL(ipc_reply_receive(shared.endpoint, shared.reply, &m), ERR_ARGUMENT);
	}
	CHECK_EQUAL(thread_state(w->thread), THREAD_WAITING_REPLY);
	m.tag = MESSAGE_TAG(1, 0);
	CHECK_OK(ipc_reply(shared.reply, &m));
	worker_join(w);
	CHECK_OK(shared.err[2]);
}

/* inner: the worker's own slot of the endpoint. */
static void inner_receiver(void *argument)
{
	message_buffer()->receive_caps[0] = 9;
	shared.err[0] = ipc_receive(*(cap_t *)argument, 0, &shared.message);
	shared.count++;
}

/* The receiver's CSpace is destroyed while it waits: the words arrive, capabilities cannot. */
static void test_receiver_without_cspace(void)
{
	static cap_t inner = 5;
	cap_t cspace = make(OBJECT_CSPACE, 6);
	struct message m = {.tag = MESSAGE_TAG(4, 1) | MESSAGE_TAG_CAPS(1), .words = {31}};

	shared_init();
	CHECK_OK(invoke5(cspace, CSPACE_COPY, inner, shared.endpoint, RIGHT_READ, 0, 0));
	struct worker *w =
		worker_make_in(BOOT_SLOT_SPACE, cspace, inner_receiver, &inner, MAIN_PRIORITY, 0);
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	CHECK_OK(delete_cap(cspace));
	CHECK_EQUAL(thread_state(w->thread), THREAD_RECEIVING);
	message_buffer()->send_caps[0] = shared.reply;
	CHECK_OK(ipc_send(shared.endpoint, &m));
	WAIT_UNTIL(shared.count == 1);
	CHECK_OK(shared.err[0]);
	CHECK_EQUAL(shared.message.tag, MESSAGE_TAG(4, 1));
	CHECK_EQUAL(shared.message.words[0], 31);
}

/* --- threads -------------------------------------------------------------------- */

/* A buffer that moves to another space is gone from the one it was in. */
static void test_move_buffer(void)
{
	cap_t thread = make_object(OBJECT_THREAD), other = make_object(OBJECT_THREAD);
	cap_t space = make_object(OBJECT_SPACE);

	CHECK_OK(configure(thread, BOOT_SLOT_SPACE, BUFFER));
	CHECK_EQUAL(configure(other, BOOT_SLOT_SPACE, BUFFER), ERR_BUSY);
	CHECK_EQUAL(configure(thread, space, BUFFER), ERR_NO_TABLE);
	CHECK_EQUAL(configure(other, BOOT_SLOT_SPACE, BUFFER), ERR_BUSY); /* nothing changed */
	CHECK_OK(invoke5(space, SPACE_ADD_BANK, make(OBJECT_TABLE_BANK, 16), 0, 0, 0, 0));
	CHECK_OK(configure(thread, space, BUFFER));
	CHECK_OK(configure(other, BOOT_SLOT_SPACE, BUFFER));
	CHECK_EQUAL(configure(other, space, BUFFER), ERR_BUSY);
	CHECK_OK(configure(thread, space, 0)); /* none any more */
	CHECK_OK(configure(other, space, BUFFER));
}

/* The bank with the buffer's table goes: where the buffer was, it cannot stay. */
static void test_buffer_without_table(void)
{
	cap_t thread = make_object(OBJECT_THREAD), space = make_object(OBJECT_SPACE);
	cap_t bank = make(OBJECT_TABLE_BANK, 16);

	CHECK_OK(invoke5(space, SPACE_ADD_BANK, bank, 0, 0, 0, 0));
	CHECK_OK(configure(thread, space, BUFFER));
	CHECK_OK(configure(thread, space, BUFFER)); /* it stays */
	CHECK_OK(delete_cap(bank));
	CHECK_EQUAL(query(space, SPACE_INFO, 0), 0);
	CHECK_EQUAL(configure(thread, space, BUFFER), ERR_NO_TABLE);
	CHECK_OK(invoke5(space, SPACE_ADD_BANK, make(OBJECT_TABLE_BANK, 16), 0, 0, 0, 0));
	CHECK_OK(configure(thread, space, BUFFER));
	CHECK_EQUAL(query(space, SPACE_INFO, 0), 2);
	CHECK_OK(delete_cap(thread)); /* and frees the tables */
	CHECK_EQUAL(query(space, SPACE_INFO, 0), 0);
}

static void count(void *argument)
{
	(void)argument;
	shared.count++;
}

/* A scheduling context without parameters runs nobody, until it gets some. */
static void test_not_configured(void)
{
	cap_t sched = make_object(OBJECT_SCHED_CONTEXT);

	shared_init();
	struct worker *w = worker_make(count, NULL, MAIN_PRIORITY, 0);
	CHECK_OK(invoke5(w->thread, THREAD_SET_SCHED, sched, 0, 0, 0, 0));
	CHECK_OK(worker_resume(w));
	sleep_us(3000);
	CHECK_EQUAL(shared.count, 0);
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, sched, MAIN_PRIORITY,
			 BOOT->timebase_hz / 200, 0, 0));
	WAIT_UNTIL(shared.count == 1);
	worker_join(w);
}

/* --- windows -------------------------------------------------------------------- */

/* A window whose space is destroyed: bindings and items find nothing. */
static void test_window_without_space(void)
{
	cap_t space = make_object(OBJECT_SPACE), window = make_object(OBJECT_WINDOW);
	cap_t binding = make_object(OBJECT_BINDING), pool = make_pool(12, NULL);
	struct message m = {.words = {window, 512, 512, RIGHT_READ}};
	struct window_item map = {
		.cap = binding, .op = WINDOW_MAP, .rights = RIGHT_READ, .va_page = 512, .count = 1};
	struct window_item unmap = {.cap = window, .op = WINDOW_UNMAP, .va_page = 512, .count = 1};

	CHECK_OK(invoke5(space, SPACE_ADD_BANK, make(OBJECT_TABLE_BANK, 16), 0, 0, 0, 0));
	CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(binding, BINDING_BIND, window, pool, RIGHT_READ, 0, 0));
	CHECK_OK(window_item(&map, NULL));
	CHECK_OK(delete_cap(space));
	CHECK_EQUAL(window_item(&map, NULL), ERR_NOT_BOUND);
	CHECK_EQUAL(window_item(&unmap, NULL), ERR_NOT_BOUND);
	/* In another space it begins anew. */
	space = make_object(OBJECT_SPACE);
	CHECK_OK(invoke5(space, SPACE_ADD_BANK, make(OBJECT_TABLE_BANK, 16), 0, 0, 0, 0));
	m = (struct message){.words = {window, 512, 512, RIGHT_READ}};
	CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(window_item(&unmap, NULL));
	CHECK_EQUAL(query(space, SPACE_INFO, 0), 0);
}

SUITE(detached, {"detached-leave-queue", test_leave_queue},
      {"detached-receive-without-reply", test_receive_without_reply},
      {"detached-no-grant", test_no_grant}, {"detached-answer-caps", test_answer_caps},
      {"detached-receiver-without-cspace", test_receiver_without_cspace},
      {"detached-move-buffer", test_move_buffer},
      {"detached-buffer-without-table", test_buffer_without_table},
      {"detached-not-configured", test_not_configured},
      {"detached-window-without-space", test_window_without_space});

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues of endpoints and notifications: the highest priority first, first
 * come first served within one. And THREAD_CANCEL, which takes threads out of
 * the middle of them. These fail if a queue is out of order, loses or repeats a
 * thread, or keeps one in the place of an old priority; and if a wait does not
 * end, or the kernel's own calls are not made again.
 */
#include "tests/native-kernel/partners.h"

#define WAITERS 14

enum wait_kind { WAIT_CALL, WAIT_SEND, WAIT_RECEIVE, WAIT_SIGNAL, WAIT_KINDS };

static cap_t endpoint, reply, notification;
static enum wait_kind wait_kind;
/* A model: who waits, with which priority, since when. */
static struct waiter {
	struct worker *worker;
	volatile unsigned rounds; /* waits that ended */
	volatile uint64_t got;	  /* what by */
	volatile enum err err;
	unsigned seen; /* rounds that the main thread knows of */
	bool waits;
	unsigned priority;
	uint64_t since;
} waiters[WAITERS];
static uint64_t clock_ticks;

static void wait_loop(void *argument)
{
	struct waiter *w = argument;

	for (;;) {
		struct message m = {.tag = MESSAGE_TAG(4, 1),
				    .words = {(uint64_t)(w - waiters) + 1}};
		uint64_t bits = 0;

		switch (wait_kind) {
		case WAIT_CALL:
			w->err = ipc_call(endpoint, &m);
			break;
		case WAIT_SEND:
			w->err = ipc_send(endpoint, &m);
			break;
		case WAIT_RECEIVE:
			w->err = ipc_receive(endpoint, 0, &m);
			break;
		case WAIT_SIGNAL:
			w->err = notification_wait(notification, &bits);
			break;
		case WAIT_KINDS:
			break;
		}
		w->got = wait_kind == WAIT_SIGNAL ? bits : m.words[0];
		w->rounds++;
		invoke5(w->worker->thread, THREAD_SUSPEND, 0, 0, 0, 0, 0);
	}
}

static void waiters_make(enum wait_kind kind)
{
	endpoint = make_object(OBJECT_ENDPOINT);
	reply = make_object(OBJECT_REPLY);
	notification = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 8);
	wait_kind = kind;
	memset(waiters, 0, sizeof(waiters));
	for (unsigned i = 0; i < WAITERS; i++) {
		waiters[i].worker = worker_make(wait_loop, &waiters[i], 100, 0);
		waiters[i].priority = 100;
	}
}

static void waiters_end(void)
{
	for (unsigned i = 0; i < WAITERS; i++)
		worker_end(waiters[i].worker);
}

static bool is_waiting(const struct waiter *w)
{
	enum thread_state state = thread_state(w->worker->thread);

	return state == THREAD_SENDING || state == THREAD_RECEIVING ||
	       state == THREAD_WAITING_SIGNAL;
}

static void waiter_priority(struct waiter *w, unsigned priority, bool configure)
{
	if (configure)
		CHECK_OK(sched_configure(w->worker->sched, priority, ms(5), 0, 0, PRIORITY_MAX));
	else
		CHECK_OK(set_priority(w->worker->sched, priority));
	if (w->priority != priority) /* it goes behind the others */
		w->since = ++clock_ticks;
	w->priority = priority;
}

static void waiter_start(struct waiter *w, unsigned priority)
{
	waiter_priority(w, priority, true);
	CHECK_OK(worker_resume(w->worker));
	WAIT_UNTIL(is_waiting(w));
	w->since = ++clock_ticks;
	w->waits = true;
}

/* Its wait ends; it sleeps until it is started again. */
static void waiter_ended(struct waiter *w, enum err err)
{
	WAIT_UNTIL(w->rounds == w->seen + 1 && thread_suspended(w->worker->thread));
	w->seen++;
	w->waits = false;
	CHECK_EQUAL(w->err, err);
}

static struct waiter *first_waiter(void)
{
	struct waiter *first = NULL;

	for (unsigned i = 0; i < WAITERS; i++) {
		struct waiter *w = &waiters[i];

		if (w->waits && (first == NULL || w->priority > first->priority ||
				 (w->priority == first->priority && w->since < first->since)))
			first = w;
	}
	return first;
}

/* The partner's part: one thread of the queue, which must be the first by the model. */
static void serve_one(void)
{
	struct waiter *first = first_waiter();
	struct message m = {.tag = MESSAGE_TAG(5, 1), .words = {77}};

	switch (wait_kind) {
	case WAIT_CALL:
	case WAIT_SEND:
		CHECK_EQUAL(ipc_receive_nb(endpoint, reply, &m),
			    first == NULL ? ERR_WOULD_BLOCK : ERR_OK);
		if (first == NULL)
			return;
		CHECK_EQUAL(m.words[0], (uint64_t)(first - waiters) + 1);
		if (wait_kind == WAIT_CALL)
			CHECK_OK(ipc_reply(reply, &m));
		break;
	case WAIT_RECEIVE:
		CHECK_EQUAL(syscall_message(SYS_SEND_NB, endpoint, &m),
			    first == NULL ? ERR_WOULD_BLOCK : ERR_OK);
		break;
	case WAIT_SIGNAL:
		if (first != NULL)
			CHECK_OK(notification_signal(notification));
		break;
	case WAIT_KINDS:
		break;
	}
	if (first == NULL)
		return;
	waiter_ended(first, ERR_OK);
	if (wait_kind == WAIT_RECEIVE)
		CHECK_EQUAL(first->got, 77);
	if (wait_kind == WAIT_SIGNAL)
		CHECK_EQUAL(first->got, 8);
}

/* Who comes first, without changes: each kind, each order of coming. */
static void test_order(void)
{
	static const unsigned priorities[WAITERS] = {5, 250, 5, 100, 0, 255, 100,
						     0, 255, 5, 100, 7, 6,   255};

	for (enum wait_kind kind = WAIT_CALL; kind < WAIT_KINDS; kind++) {
		waiters_make(kind);
		for (unsigned i = 0; i < WAITERS; i++)
			waiter_start(&waiters[i], priorities[i]);
		for (unsigned i = 0; i < WAITERS + 1; i++)
			serve_one();
		waiters_end();
	}
}

/* Priorities change while they wait. */
static void test_move(void)
{
	for (enum wait_kind kind = WAIT_CALL; kind < WAIT_KINDS; kind++) {
		waiters_make(kind);
		for (unsigned i = 0; i < WAITERS; i++)
			waiter_start(&waiters[i], 50 + i % 4);
		waiter_priority(&waiters[4], 52, false);  /* a head, up into another's ring */
		waiter_priority(&waiters[0], 200, true);  /* to the front */
		waiter_priority(&waiters[3], 10, false);  /* to the end */
		waiter_priority(&waiters[13], 51, false); /* the same: stays in its place */
		waiter_priority(&waiters[6], 52, true);
		waiter_priority(&waiters[5], 50, false);
		serve_one();
		waiter_priority(&waiters[3], 250, false);
		for (unsigned i = 0; i < WAITERS; i++)
			serve_one();
		waiters_end();
	}
}

/* Anything in any order. */
static void test_model(void)
{
	for (enum wait_kind kind = WAIT_CALL; kind < WAIT_KINDS; kind++) {
		waiters_make(kind);
		for (unsigned step = 0; step < 150; step++) {
			struct waiter *w = &waiters[random_below(WAITERS)];
			/* Few priorities, so that rings are long; sometimes any. */
			unsigned priority = (unsigned)(random_below(4) == 0 ? random_below(256)
									    : random_below(3) * 90);

			switch (random_below(6)) {
			case 0:
				serve_one();
				break;
			case 1:
				if (w->waits) {
					CHECK_OK(cancel(w->worker->thread));
					waiter_ended(w, ERR_CANCELLED);
				}
				break;
			case 2:
				if (w->waits)
					waiter_priority(w, priority, random_below(2) == 0);
				break;
			case 3: /* destroyed, and made again */
				worker_end(w->worker);
				w->worker = worker_make(wait_loop, w, 100, 0);
				w->priority = 100;
				w->waits = false;
				break;
			default:
				if (!w->waits)
					waiter_start(w, priority);
				break;
			}
		}
		while (first_waiter() != NULL)
			serve_one();
		waiters_end();
	}
}

/* --- THREAD_CANCEL --------------------------------------------------------------------------- */

static struct server servers[1];
static struct client clients[1];

static void test_cancel_errors(void)
{
	struct worker *w = worker_make(wait_loop, &waiters[0], 100, last_hart());

	CHECK_EQUAL(cancel(w->thread), ERR_NOT_BOUND); /* never resumed */
	CHECK_EQUAL(cancel(BOOT_SLOT_THREAD), ERR_NOT_BOUND);
	CHECK_EQUAL(cancel(derive(w->thread, RIGHTS_ALL & ~RIGHT_MANAGE, 0)), ERR_RIGHTS);
	CHECK_EQUAL(cancel(w->sched), ERR_CAP_TYPE);
	CHECK_EQUAL(cancel(make_object(OBJECT_THREAD)), ERR_NOT_BOUND);
	struct worker *spinner = spinner_start(0, 90, last_hart());
	CHECK_EQUAL(cancel(spinner->thread), ERR_NOT_BOUND);
	CHECK_OK(suspend(spinner->thread));
	CHECK_EQUAL(cancel(spinner->thread), ERR_NOT_BOUND);
	CHECK_OK(worker_resume(spinner));
	wait_moves(&spins[0]);
	/* Ready, without time. */
	CHECK_OK(set_sched(spinner->thread, 0));
	CHECK_EQUAL(cancel(spinner->thread), ERR_NOT_BOUND);
}

/* A wait of a suspended thread ends too, but it runs when it is resumed. */
static void test_cancel_suspended(void)
{
	waiters_make(WAIT_RECEIVE);
	waiter_start(&waiters[0], 100);
	CHECK_OK(suspend(waiters[0].worker->thread));
	CHECK_OK(cancel(waiters[0].worker->thread));
	CHECK_EQUAL(thread_state(waiters[0].worker->thread), THREAD_READY);
	sleep_us(2000);
	CHECK_EQUAL(waiters[0].rounds, 0);
	CHECK_EQUAL(cancel(waiters[0].worker->thread), ERR_NOT_BOUND);
	CHECK_OK(worker_resume(waiters[0].worker));
	waiter_ended(&waiters[0], ERR_CANCELLED);
	serve_one(); /* nobody is left there */
}

/* Calls that the kernel makes for a thread, in the queue and while they are worked at. */
static void cancel_kernel_call(enum call_kind kind, bool is_queued)
{
	struct server *s = &servers[0];
	struct client *c = &clients[0];
	struct message m = {0};

	server_init(s);
	if (kind == CALL_FAULT)
		partners_area(s);
	client_make(c, s, 1, 100, 0);
	c->kind = kind;
	if (kind != CALL_FAULT)
		CHECK_OK(set_handler(c->worker->thread, s->endpoint, 3,
				     kind == CALL_ECALL ? HANDLER_PERSONALITY : 0));
	CHECK_OK(worker_resume(c->worker));
	for (unsigned i = 0; i < 3; i++) {
		WAIT_UNTIL(thread_state(c->worker->thread) == THREAD_SENDING);
		if (!is_queued) {
			CHECK_OK(ipc_receive(s->endpoint, s->reply, &m));
			CHECK_EQUAL(thread_state(c->worker->thread), THREAD_WAITING_REPLY);
		}
		CHECK_OK(cancel(c->worker->thread));
		m.tag = 0;
		CHECK_EQUAL(ipc_reply(s->reply, &m), ERR_NOT_BOUND);
		if (kind == CALL_EXCEPTION) { /* as if nobody handled it */
			WAIT_UNTIL(thread_suspended(c->worker->thread));
			break;
		}
	}
	CHECK_EQUAL(c->done, 0);
	if (kind == CALL_ECALL) {
		CHECK_OK(ipc_receive(s->endpoint, s->reply, &m));
		CHECK_EQUAL(m.words[0], 1000);
		m.words[0] = 1001;
		m.tag = MESSAGE_TAG(0, 1);
		CHECK_OK(ipc_reply(s->reply, &m));
		client_join(c);
	}
	worker_end(c->worker);
}

static void test_cancel_kernel_calls(void)
{
	for (unsigned queued = 0; queued < 2; queued++) {
		cancel_kernel_call(CALL_ECALL, queued != 0);
		cancel_kernel_call(CALL_EXCEPTION, queued != 0);
	}
	cancel_kernel_call(CALL_FAULT, false);
}

/* A call that is worked at. */
static void test_cancel_call(void)
{
	struct message m = {0};

	for (unsigned i = 0; i < 3; i++) {
		waiters_make(WAIT_CALL);
		waiter_start(&waiters[0], 100);
		CHECK_OK(ipc_receive(endpoint, reply, &m));
		CHECK_EQUAL(thread_state(waiters[0].worker->thread), THREAD_WAITING_REPLY);
		CHECK_OK(cancel(waiters[0].worker->thread));
		waiter_ended(&waiters[0], ERR_CANCELLED);
		CHECK_EQUAL(ipc_reply(reply, &m), ERR_NOT_BOUND);
		waiter_start(&waiters[1], 100);
		serve_one();
		waiters_end();
	}
}

SUITE(queue, {"queue-order", test_order}, {"queue-move", test_move}, {"queue-model", test_model},
      {"cancel-errors", test_cancel_errors}, {"cancel-suspended", test_cancel_suspended},
      {"cancel-kernel-calls", test_cancel_kernel_calls}, {"cancel-call", test_cancel_call});

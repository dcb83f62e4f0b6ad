/* SPDX-License-Identifier: BSD-2-Clause */
/* See lend.h. */
#include "kernel/lend.h"

#include "kernel/sched_context.h"
#include "kernel/schedule.h"
#include "kernel/wait_queue.h"

void thread_set_priority(struct thread *t, uint8_t priority)
{
	if (t->priority == priority) {
		return;
	}
	if (t->queued) {
		sched_requeue(t, priority);
	} else if (t->state == THREAD_SENDING || t->state == THREAD_RECEIVING) {
		wait_queue_remove(&t->endpoint->queue, t);
		t->priority = priority;
		wait_queue_add(&t->endpoint->queue, t);
	} else if (t->state == THREAD_WAITING_SIGNAL) {
		wait_queue_remove(&t->notification->queue, t);
		t->priority = priority;
		wait_queue_add(&t->notification->queue, t);
	} else {
		t->priority = priority;
		sched_current_changed(t);
	}
}

/* The priority that is t's by itself: its own, or inherited from who waits for it to receive. */
static uint8_t own_priority(const struct thread *t)
{
	const struct thread *waiting =
		t->served != NULL && !t->served->receivers ? t->served->queue.head : NULL;

	return waiting != NULL && waiting->priority > t->base_priority ? waiting->priority
								       : t->base_priority;
}

void lend(struct thread *from, struct thread *to)
{
	if (to->lender == from) {
		return; /* lent while it waited in the queue */
	}
	lend_return(to);
	if (!thread_has_time(from) || from->lend_depth >= LEND_DEPTH) {
		return;
	}
	from->time->runner = to;
	to->time = from->time;
	to->lender = from;
	to->lend_depth = (uint8_t)(from->lend_depth + 1);
	if (from->priority > to->priority) {
		thread_set_priority(to, from->priority);
	}
}

void lend_return(struct thread *t)
{
	struct thread *lender = t->lender;

	if (lender != NULL) {
		t->time->runner = lender;
		t->time = thread_sched(t);
		t->lender = NULL;
		t->lend_depth = 0;
		sched_ready(lender, false); /* if it became ready meanwhile */
	}
	thread_set_priority(t, own_priority(t));
}

void lend_recall(struct thread *t)
{
	struct hart *hart = hart_current();

	/* At most LEND_DEPTH times (D2). */
	while (t->time != NULL && t->time->runner != t) {
		struct thread *runner = t->time->runner;

		if (runner == hart->current) {
			/* It is in the kernel and may be about to wait: not into a run queue. */
			sched_context_charge(hart, NULL, time_now());
		} else {
			sched_stop(runner);
		}
		lend_return(runner);
		sched_ready(runner, false);
	}
}

void lend_to_server(struct thread *t, struct endpoint *endpoint)
{
	/* At most LEND_DEPTH servers that wait for each other inherit. */
	for (unsigned i = 0; i < LEND_DEPTH && endpoint != NULL; i++) {
		struct thread *server = endpoint->server;

		if (server == NULL || server == t) {
			return;
		}
		if (server->state == THREAD_READY && !thread_has_time(server) &&
		    server->lender == NULL && t->is_call) {
			lend(t, server);
			sched_ready(server, false);
		}
		if (server->priority >= t->priority) {
			return;
		}
		thread_set_priority(server, t->priority);
		endpoint = NULL;
		if (server->state == THREAD_SENDING) {
			endpoint = server->endpoint;
		} else if (server->state == THREAD_WAITING_REPLY &&
			   server->held_by->server != NULL) {
			endpoint = server->held_by->server->served;
		}
	}
}

void thread_sched_changed(struct thread *t)
{
	struct sched_context *own = thread_sched(t);

	t->base_priority = own != NULL && own->configured ? own->priority : 0;
	if (t->lender == NULL) {
		t->time = own;
		thread_set_priority(t, own_priority(t));
	} else if (t->priority < t->base_priority) {
		thread_set_priority(t, t->base_priority);
	}
}

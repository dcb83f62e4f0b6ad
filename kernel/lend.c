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
	struct sched_context *own = thread_sched(t);

	if (t->lender != NULL) {
		t->time->runner = t->lender;
		t->time =
			own != NULL && own->thread == t ? own : NULL; /* it may be on its way out */
		t->lender = NULL;
		t->lend_depth = 0;
	}
	thread_set_priority(t, own_priority(t));
}

struct thread *lend_recall(struct thread *t)
{
	struct hart *hart = hart_current();
	struct thread *last = NULL;

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
		if (last == NULL) {
			last = runner;
		}
	}
	return last;
}

/* Who took t's call, or is to take what it sends: whom it waits for. NULL if there is none. */
static struct thread *waits_for(const struct thread *t)
{
	if (t->state == THREAD_SENDING) {
		return t->endpoint->server;
	}
	return t->state == THREAD_WAITING_REPLY ? t->held_by->server : NULL;
}

/* If t waits and has time, and whom it waits for, directly or through others that wait, is ready
 * and has none: lend it. Returns who can run thanks to it, or NULL. */
static struct thread *help(struct thread *t)
{
	struct thread *server = waits_for(t);

	if (!thread_has_time(t) || (t->state == THREAD_SENDING && !t->is_call)) {
		return NULL;
	}
	for (unsigned i = 0; i < LEND_DEPTH && server != NULL && server != t; i++) {
		if (server->state == THREAD_READY) {
			if (server->hold != 0 || server->lender != NULL ||
			    thread_has_time(server)) {
				return NULL;
			}
			lend(t, server);
			return thread_has_time(server) ? server : NULL;
		}
		server = waits_for(server);
	}
	return NULL;
}

/* The first of the queue that can help does so. Looks at LEND_DEPTH of them at most. */
static void seek_in_queue(const struct wait_queue *queue)
{
	struct thread *group = queue->head;
	struct thread *waiting = group;

	for (unsigned i = 0; i < LEND_DEPTH && waiting != NULL && help(waiting) == NULL; i++) {
		waiting = waiting->next;
		if (waiting == group) {
			group = group->group_next;
			waiting = group;
		}
	}
}

/* t is ready and has no time: who waits for it, directly or through others, may have some. */
static void seek(struct thread *t)
{
	struct thread *waited_for = t;

	for (unsigned i = 0; i < LEND_DEPTH && waited_for != NULL && !thread_has_time(t); i++) {
		const struct endpoint *served = waited_for->served;
		struct thread *caller =
			waited_for->serving != NULL ? waited_for->serving->caller : NULL;

		if (served != NULL && !served->receivers) {
			seek_in_queue(&served->queue);
		}
		if (caller != NULL && !thread_has_time(t)) {
			help(caller);
		}
		waited_for = caller;
	}
}

struct thread *lend_again(struct thread *t)
{
	if (t->state != THREAD_READY) {
		return help(t);
	}
	if (t->hold != 0 || thread_has_time(t)) {
		return NULL;
	}
	if (t->lender != NULL) {
		lend_return(t);
	}
	if (!thread_has_time(t)) {
		seek(t);
	}
	return t;
}

/* Whom t waits for inherits its priority, and so on. */
static void bequeath(const struct thread *t)
{
	struct thread *server = waits_for(t);

	for (unsigned i = 0; i < LEND_DEPTH && server != NULL && server != t; i++) {
		if (server->priority < t->priority) {
			thread_set_priority(server, t->priority);
		}
		server = waits_for(server);
	}
}

void lend_to_server(struct thread *t)
{
	bequeath(t);
	sched_ready(t, false); /* not it, but whom it can help */
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
	bequeath(t);
}

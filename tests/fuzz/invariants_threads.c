/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants of threads: each is in exactly one place, who names whom is named
 * back, and time is lent as lend.h says (D1-D4) and adds up.
 */
#include "tests/fuzz/invariants.h"

#include <stdio.h>

#include "kernel/sched_context.h"
#include "kernel/schedule.h"
#include "sbi/machine.h"
#include "tests/fuzz/state.h"

static struct thread *thread_of(struct live *l)
{
	return l->object;
}

/* --- places --------------------------------------------------------------------------------- */

/* Each member of the ring of `head`; counts it as seen. */
static unsigned check_ring(struct thread *head)
{
	struct thread *t = head;
	unsigned count = 0;

	do {
		struct live *l = live_find(t, OBJECT_THREAD);

		CHECK(l != NULL);
		CHECK(t->next->previous == t && t->previous->next == t);
		CHECK(t->priority == head->priority);
		CHECK(t == head || (t->group_next == NULL && t->group_previous == NULL));
		l->seen++;
		CHECK(++count <= live_count);
		t = t->next;
	} while (t != head);
	return count;
}

static void check_run_queue(struct hart *hart)
{
	struct thread *previous = NULL;

	for (struct thread *head = hart->queue.head; head != NULL; head = head->group_next) {
		CHECK(head->group_previous == previous);
		CHECK(previous == NULL || previous->priority > head->priority);
		previous = head;
		check_ring(head);
		for (struct thread *t = head;;) {
			CHECK(t->queued && t->hart == hart);
			CHECK(t->state == THREAD_READY && t->hold == 0 && t->time != NULL);
			t = t->next;
			if (t == head) {
				break;
			}
		}
	}
}

/* Waiting threads; `state` of all of them, or of each if it is an endpoint's queue. */
static void check_wait_queue(struct wait_queue *queue, const struct endpoint *endpoint,
			     const struct notification *n)
{
	struct thread *previous = NULL;

	for (struct thread *head = queue->head; head != NULL; head = head->group_next) {
		CHECK(IS_LIVE(head, OBJECT_THREAD));
		CHECK(head->group_previous == previous);
		CHECK(previous == NULL || previous->priority > head->priority);
		previous = head;
		check_ring(head);
		for (struct thread *t = head;;) {
			CHECK(!t->queued);
			if (n != NULL) {
				CHECK(t->state == THREAD_WAITING_SIGNAL && t->notification == n);
			} else {
				CHECK(t->state ==
				      (endpoint->receivers ? THREAD_RECEIVING : THREAD_SENDING));
				CHECK(t->endpoint == endpoint);
			}
			t = t->next;
			if (t == head) {
				break;
			}
		}
	}
}

static void check_hart(struct hart *hart)
{
	struct thread *t = hart->current;
	struct live *l = live_find(t, OBJECT_THREAD);
	bool told = hart->reschedule || (hart_pending(hart->index) & 2) != 0;

	check_run_queue(hart);
	CHECK(hart->local == 0 && !hart->evict);
	CHECK(hart->charged == NULL || IS_LIVE(hart->charged, OBJECT_SCHED_CONTEXT));
	CHECK(hart->active_space == NULL || IS_LIVE(hart->active_space, OBJECT_SPACE));
	if (!hart->online) {
		CHECK(t == NULL && hart->active_space == NULL);
		return;
	}
	if (t == NULL) {
		CHECK(hart->charged == NULL);
		CHECK(hart->is_idle || running[hart->index] != NULL);
		/* Nobody sends it a remote fence. */
		CHECK(!hart->is_idle || hart->active_space == NULL);
		/* What is there to do is not slept over. */
		CHECK(hart->queue.head == NULL || told);
		return;
	}
	CHECK(l != NULL && running[hart->index] == t && !hart->is_idle);
	l->seen++;
	CHECK(t->hart == hart && !t->queued && thread_runnable(t));
	CHECK((t->time->allowed.bits & hart->bit) != 0);
	CHECK(hart->active_space == t->space.object);
	CHECK(hart->charged == t->time);
	CHECK(hart->queue.head == NULL || hart->queue.head->priority <= t->priority || told);
	CHECK(hart->counters == t->counters);
	/* Its slice ends. */
	CHECK(hart->timer_at <= t->time->slice_end || told);
}

/* --- who names whom --------------------------------------------------------------------------- */

static void check_names(struct thread *t)
{
	CHECK(t->space.object == NULL || IS_LIVE(t->space.object, OBJECT_SPACE));
	CHECK(t->handler.object == NULL || IS_LIVE(t->handler.object, OBJECT_ENDPOINT));
	if (t->bound.object != NULL) {
		CHECK(IS_LIVE(t->bound.object, OBJECT_NOTIFICATION));
		CHECK(((struct notification *)t->bound.object)->bound == t);
	}
	if (t->sched.object != NULL) {
		CHECK(IS_LIVE(t->sched.object, OBJECT_SCHED_CONTEXT));
		CHECK(thread_sched(t)->thread == t);
	}
	if (t->served != NULL) {
		CHECK(IS_LIVE(t->served, OBJECT_ENDPOINT) && t->served->server == t);
	}
	if (t->serving != NULL) {
		CHECK(IS_LIVE(t->serving, OBJECT_REPLY) && t->serving->server == t);
	}
	if (t->held_by != NULL) {
		CHECK(IS_LIVE(t->held_by, OBJECT_REPLY) && t->held_by->caller == t);
		CHECK(t->state == THREAD_WAITING_REPLY);
	}
	CHECK(t->state != THREAD_WAITING_REPLY || t->held_by != NULL);
	CHECK((t->state == THREAD_WAITING_SIGNAL) == (t->notification != NULL));
	CHECK((t->space.object == NULL) == ((t->hold & HOLD_NO_SPACE) != 0));
	CHECK(!t->has_buffer || t->space.object != NULL);
}

static void check_place(const struct live *l, const struct thread *t)
{
	bool waits = t->state == THREAD_SENDING || t->state == THREAD_RECEIVING ||
		     t->state == THREAD_WAITING_SIGNAL;

	CHECK(l->seen <= 1);
	CHECK(t->state <= THREAD_WAITING_SIGNAL);
	if (waits) {
		CHECK(l->seen == 1);
	} else if (t->state != THREAD_READY) {
		CHECK(l->seen == 0);
	} else if (thread_runnable(t)) {
		CHECK(l->seen == 1); /* else nobody will ever run it */
	}
	if (l->seen == 0) {
		CHECK(t->next == t && t->previous == t && t->group_next == NULL &&
		      t->group_previous == NULL && !t->queued);
	}
}

/* --- time --------------------------------------------------------------------------------------- */

static void check_time(const struct thread *t)
{
	const struct sched_context *own = thread_sched(t);
	unsigned depth = 0;

	CHECK(t->base_priority == (own != NULL && own->configured ? own->priority : 0));
	CHECK(t->priority >= t->base_priority); /* D4 */
	if (t->lender == NULL) {
		CHECK(t->time == own && t->lend_depth == 0);
	} else {
		const struct thread *lender = t->lender;

		CHECK(IS_LIVE(lender, OBJECT_THREAD));
		CHECK(t->time != NULL && lender->time == t->time);
		CHECK(t->lend_depth == lender->lend_depth + 1 && t->lend_depth <= LEND_DEPTH);
		CHECK(t->priority >= lender->base_priority || lender->state != THREAD_READY);
		/* D3 */
		CHECK(lender->state == THREAD_WAITING_REPLY ||
		      (lender->state == THREAD_SENDING && lender->is_call));
	}
	if (t->time == NULL) {
		return;
	}
	CHECK(IS_LIVE(t->time, OBJECT_SCHED_CONTEXT));
	/* D2: t is on the way from the runner to the thread that it is bound to. */
	const struct thread *at = t->time->runner;

	while (at != t) {
		CHECK(at != NULL && at->time == t->time && at->lender != NULL);
		CHECK(++depth <= LEND_DEPTH);
		at = at->lender;
	}
}

static void check_sched(const struct sched_context *s)
{
	uint64_t sum = 0, before = 0;

	CHECK((s->thread == NULL) == (s->runner == NULL));
	if (s->thread != NULL) {
		const struct thread *at = s->runner;

		CHECK(IS_LIVE(s->thread, OBJECT_THREAD) && thread_sched(s->thread) == s);
		/* D1, D2 */
		for (unsigned i = 0; at != s->thread; i++) {
			CHECK(i <= LEND_DEPTH && at != NULL && IS_LIVE(at, OBJECT_THREAD));
			CHECK(at->time == s && at->lender != NULL);
			at = at->lender;
		}
		/* Or it rests, for its thread runs on another's. */
		CHECK(s->runner->time == s ||
		      (s->runner == s->thread && s->thread->lender != NULL));
	}
	CHECK(s->exhausted == (s->timer.deadline != 0));
	if (s->period == 0) {
		CHECK(!s->exhausted);
		return;
	}
	CHECK(s->configured && s->budget <= s->period);
	CHECK(s->refill_count >= 1 && s->refill_count <= SCHED_REFILLS);
	for (uint32_t i = 0; i < s->refill_count; i++) {
		const struct refill *r = &s->refills[(s->refill_head + i) % SCHED_REFILLS];

		CHECK(r->time >= before);
		before = r->time;
		sum += r->amount;
	}
	CHECK(sum == s->budget);
	CHECK(!s->exhausted ||
	      s->timer.deadline == s->refills[s->refill_head % SCHED_REFILLS].time);
}

static void check_timers(void)
{
	struct kernel_state state = kernel_state();
	unsigned of[TIMER_KINDS] = {0}, enforced = 0;
	uint64_t first = state.armed_count != 0 ? state.armed[0]->deadline : ~0ull;
	bool comes = false;

	for (unsigned i = 0; i < state.armed_count; i++) {
		const struct timer *timer = state.armed[i];

		CHECK(timer->deadline != 0 && timer->kind < TIMER_KINDS);
		CHECK(i == 0 || state.armed[i - 1]->deadline <= timer->deadline);
		of[timer->kind]++;
		if (timer->kind == TIMER_NOTIFICATION) {
			CHECK(IS_LIVE(CONTAINER_OF(timer, struct notification, timer),
				      OBJECT_NOTIFICATION));
		} else {
			CHECK(IS_LIVE(CONTAINER_OF(timer, struct sched_context, timer),
				      OBJECT_SCHED_CONTEXT));
		}
	}
	for (unsigned i = 0; i < TIMER_KINDS; i++) {
		CHECK(of[i] == state.armed_of[i] && of[i] <= TIMERS_MAX);
	}
	for (unsigned i = 0; i < live_count; i++) {
		enforced += live[i].type == OBJECT_SCHED_CONTEXT &&
			    ((struct sched_context *)live[i].object)->period != 0;
	}
	CHECK(enforced == state.enforced_count);
	/* Some hart is going to be interrupted for the first. */
	for (unsigned i = 0; i < machine.hart_count; i++) {
		comes |= harts[i].timer_at <= first;
		CHECK(harts[i].timer_at == hart_timer(i));
	}
	CHECK(comes);
}

/* --- all ------------------------------------------------------------------------------------------ */

static void check_object(struct live *l)
{
	struct endpoint *endpoint = l->object;
	struct reply *reply = l->object;
	struct notification *n = l->object;

	switch (l->type) {
	case OBJECT_ENDPOINT:
		CHECK(endpoint->lock == 0);
		check_wait_queue(&endpoint->queue, endpoint, NULL);
		CHECK(endpoint->server == NULL || (IS_LIVE(endpoint->server, OBJECT_THREAD) &&
						   endpoint->server->served == endpoint));
		break;
	case OBJECT_REPLY:
		CHECK(reply->server == NULL ||
		      (IS_LIVE(reply->server, OBJECT_THREAD) && reply->server->serving == reply));
		CHECK(reply->caller == NULL ||
		      (IS_LIVE(reply->caller, OBJECT_THREAD) && reply->caller->held_by == reply));
		break;
	case OBJECT_NOTIFICATION:
		check_wait_queue(&n->queue, NULL, n);
		CHECK(n->bound == NULL ||
		      (IS_LIVE(n->bound, OBJECT_THREAD) && n->bound->bound.object == n));
		/* Nobody sleeps over a signal. */
		CHECK(n->word == 0 || n->queue.head == NULL);
		CHECK(n->word == 0 || n->bound == NULL || n->bound->state != THREAD_RECEIVING);
		break;
	case OBJECT_SCHED_CONTEXT:
		check_sched(l->object);
		break;
	}
}

void check_threads(void)
{
	for (unsigned i = 0; i < HARTS; i++) {
		check_hart(&harts[i]);
	}
	for (unsigned i = 0; i < live_count; i++) {
		check_object(&live[i]);
	}
	for (unsigned i = 0; i < live_count; i++) {
		struct thread *t = thread_of(&live[i]);

		if (live[i].type == OBJECT_THREAD) {
			check_names(t);
			check_place(&live[i], t);
			check_time(t);
			if (!t->fpu_used && t->fpu_hart == NULL) {
				*fpu_expected(t) = 0;
			}
		}
	}
	check_timers();
}

static void print_hart(const struct hart *hart)
{
	printf("    hart %u: current %lx%s%s, charged %lx, queue top %d, interrupts %lx, timer at %lu\n",
	       hart->index, (uint64_t)hart->current & 0xffffff, hart->is_idle ? " idle" : "",
	       hart->reschedule ? " reschedule" : "", (uint64_t)hart->charged & 0xffffff,
	       hart->queue.head != NULL ? hart->queue.head->priority : -1,
	       hart_pending(hart->index), hart->timer_at);
}

void print_threads(void)
{
	for (unsigned i = 0; i < machine.hart_count; i++) {
		print_hart(&harts[i]);
	}
	for (unsigned i = 0; i < live_count; i++) {
		const struct thread *t = live[i].object;

		if (live[i].type != OBJECT_THREAD) {
			continue;
		}
		printf("    thread %lx: state %u hold %u priority %u base %u hart %d%s, sched %lx "
		       "runs on %lx lender %lx depth %u endpoint %lx\n",
		       live[i].base, t->state, t->hold, t->priority, t->base_priority,
		       t->hart != NULL ? (int)t->hart->index : -1,
		       t->queued				  ? " queued"
		       : t->hart != NULL && t->hart->current == t ? " current"
								  : "",
		       (uint64_t)t->sched.object & 0xffffff, (uint64_t)t->time & 0xffffff,
		       (uint64_t)t->lender & 0xffffff, t->lend_depth,
		       (uint64_t)t->endpoint & 0xffffff);
	}
	for (unsigned i = 0; i < live_count; i++) {
		const struct sched_context *s = live[i].object;

		if (live[i].type == OBJECT_SCHED_CONTEXT) {
			printf("    sched %lx: priority %u mask %x budget %lu period %lu%s, thread "
			       "%lx runner %lx, refills %u\n",
			       live[i].base & 0xffffff, s->priority, s->allowed.bits, s->budget,
			       s->period, s->exhausted ? " exhausted" : "",
			       (uint64_t)s->thread & 0xffffff, (uint64_t)s->runner & 0xffffff,
			       s->refill_count);
		}
	}
}

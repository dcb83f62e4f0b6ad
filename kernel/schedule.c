/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See schedule.h.
 *
 * Each hart has a queue of ready threads by priority (wait_queue.h). A thread is queued on the hart
 * that suits it best when it becomes ready; a hart that finds its queue empty
 * takes the best thread at the head of another hart's queue. The running
 * thread is in no queue.
 *
 * Eviction: before a thread or space is changed or destroyed under a hart
 * that uses it, that hart is asked (evict flag, IPI) to let go of both. It
 * does so while it waits for the kernel lock, which the asking hart holds, so
 * no other thread is involved and the wait is short.
 */
#include "kernel/schedule.h"

#include "kernel/csr.h"
#include "kernel/debug.h"
#include "kernel/fpu.h"
#include "kernel/interrupt.h"
#include "kernel/lock.h"
#include "kernel/sched_context.h"
#include "kernel/timer.h"
#include "kernel/wait_queue.h"
#include "sbi/sbi.h"
#include "vm/activate.h"

struct hart harts[HARTS_MAX];
unsigned harts_online_end;

void sched_init(void)
{
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		harts[i].index = i;
		harts[i].bit = 1u << i;
	}
}

void sched_hart_online(void)
{
	struct hart *hart = hart_current();

	hart->online = true;
	if (harts_online_end <= hart->index) {
		harts_online_end = hart->index + 1;
	}
}

static void hart_kick(struct hart *hart)
{
	hart->reschedule = true;
	if (hart != hart_current()) {
		sbi_send_ipi((struct hart_mask){1u << hart->index});
	}
}

static void queue_insert(struct hart *hart, struct thread *t, bool at_head)
{
	t->hart = hart;
	t->queued = true;
	if (at_head) {
		wait_queue_add_first(&hart->queue, t);
	} else {
		wait_queue_add(&hart->queue, t);
	}
}

static void queue_remove(struct thread *t)
{
	wait_queue_remove(&t->hart->queue, t);
	t->queued = false;
}

void sched_requeue(struct thread *t, uint8_t priority)
{
	struct hart *hart = t->hart;

	queue_remove(t);
	t->priority = priority;
	queue_insert(hart, t, false);
	if (hart->online && (hart->current == NULL || priority > hart->current->priority)) {
		hart_kick(hart);
	}
}

void sched_current_changed(struct thread *t)
{
	if (t->hart != NULL && t->hart->current == t && t->hart->queue.head != NULL &&
	    t->hart->queue.head->priority > t->priority) {
		hart_kick(t->hart);
	}
}

static bool hart_allows(const struct hart *hart, const struct thread *t)
{
	return (t->time->allowed.bits & hart->bit) != 0;
}

/* A thread for this hart from the queue of another one, or NULL. */
static struct thread *steal(struct hart *self)
{
	struct thread *best = NULL;

	for (unsigned i = 0; i < HARTS_MAX; i++) {
		struct thread *t;

		if (!harts[i].online || &harts[i] == self) {
			continue;
		}
		t = harts[i].queue.head;
		if (t != NULL && thread_has_time(t) && hart_allows(self, t) &&
		    (best == NULL || t->priority > best->priority)) {
			best = t;
		}
	}
	return best;
}

/* Where a thread that became ready should wait for its turn: if no hart of its mask runs yet, on
 * one that finds it in its queue when it comes online. */
static struct hart *choose_hart(const struct thread *t, bool handoff)
{
	struct hart *self = hart_current();
	struct hart *fallback = NULL;
	struct hart *starting = NULL;

	if (handoff && hart_allows(self, t)) {
		return self;
	}
	if (t->hart != NULL && t->hart->online && hart_allows(t->hart, t)) {
		if (t->hart->is_idle) {
			return t->hart;
		}
		fallback = t->hart;
	}
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		if (!harts[i].online) {
			if ((t->time->allowed.bits >> i & 1) != 0) {
				starting = &harts[i];
			}
			continue;
		}
		if (!hart_allows(&harts[i], t)) {
			continue;
		}
		if (harts[i].is_idle && !harts[i].reschedule) {
			return &harts[i];
		}
		if (fallback == NULL) {
			fallback = &harts[i];
		}
	}
	return fallback != NULL ? fallback : starting;
}

void sched_ready(struct thread *t, bool handoff)
{
	struct hart *hart;

	if (!thread_runnable(t)) {
		t = lend_again(t);
		if (t == NULL || !thread_runnable(t)) {
			return;
		}
	}
	if (t->queued || (t->hart != NULL && t->hart->current == t)) {
		return;
	}
	hart = choose_hart(t, handoff);
	/* A short wait, as for a server's answer, does not cost the rest of the slice. */
	queue_insert(hart, t, time_now() < t->time->slice_end);
	if (!hart->online) {
		return;
	}
	if (hart->is_idle || hart->current == NULL || t->priority > hart->current->priority) {
		hart_kick(hart);
	}
}

/* Put current's live state into its struct, on the hart itself. */
static void leave_current(struct hart *hart)
{
	struct thread *t = hart->current;

	if (t == NULL) {
		return;
	}
	fpu_save(hart, t);
	sched_context_charge(hart, NULL, time_now());
	hart->current = NULL;
}

static void leave_all(struct hart *hart)
{
	leave_current(hart);
	vm_activate(NULL);
}

void hart_serve_eviction(void)
{
	struct hart *hart = hart_current();

	/* Acquire: pairs with the release in evict; the asking hart holds the lock and waits. */
	if (!__atomic_load_n(&hart->evict, __ATOMIC_ACQUIRE)) {
		return;
	}
	leave_all(hart);
	/* Release: what was saved is seen by the asking hart. */
	__atomic_store_n(&hart->evict, false, __ATOMIC_RELEASE);
}

static void evict(struct hart *hart)
{
	if (hart == hart_current()) {
		leave_all(hart);
		return;
	}
	__atomic_store_n(&hart->evict, true, __ATOMIC_RELEASE);
	hart_kick(hart);
	while (__atomic_load_n(&hart->evict, __ATOMIC_ACQUIRE)) {
		;
	}
}

void sched_stop(struct thread *t)
{
	if (t->queued) {
		queue_remove(t);
	}
	if (t->hart != NULL && t->hart->current == t) {
		evict(t->hart);
	}
}

void sched_leave_space(struct vm_space *space)
{
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		if (harts[i].active_space == space) {
			evict(&harts[i]);
		}
	}
}

void sched_yield(void)
{
	struct hart *hart = hart_current();

	hart->yields = true;
	hart->reschedule = true;
}

void sched_set_timer(uint64_t time)
{
	struct hart *hart = hart_current();

	/* A timer that comes too early is harmless, and cheaper than to move it each time. */
	if (time >= hart->timer_at) {
		return;
	}
	hart->timer_at = time;
	sbi_set_timer(time);
}

void sched_timer(uint64_t now)
{
	struct hart *hart = hart_current();

	hart->timer_at = ~0ull;
	sbi_set_timer(~0ull); /* else it stays pending */
	if (hart->charged == NULL) {
		return;
	}
	if (now >= hart->charged->slice_end) {
		hart->reschedule = true;
	} else {
		sched_set_timer(hart->charged->slice_end);
	}
}

void sched_set_counters(struct hart *hart, const struct thread *t)
{
	if (hart->counters != t->counters) {
		hart->counters = t->counters;
		csr_write_scounteren(t->counters);
	}
}

static void switch_to(struct hart *hart, struct thread *t, uint64_t now)
{
	if (hart->charged != t->time || now >= t->time->slice_end) {
		sched_set_timer(sched_context_charge(hart, t->time, now));
	}
	if (hart->current == t) {
		return;
	}
	if (hart->current != NULL) {
		fpu_save(hart, hart->current);
	}
	hart->switches++;
	hart->current = t;
	t->hart = hart;
	fpu_switch_in(hart, t);
	sched_set_counters(hart, t);
	if (hart->active_space == NULL || !vm_activate_quick(hart, t->space.object)) {
		vm_activate(t->space.object);
	}
}

/*
 * Nothing to run: wait for an interrupt without the lock, then look at it. The
 * hart leaves the space too, so that nobody interrupts it for a fence; it
 * makes up for that when it enters the space again.
 */
static void idle(struct hart *hart)
{
	leave_all(hart);
	hart->is_idle = true;
	kernel_unlock();
	debug_section_end();
	/* Interrupts are masked in sstatus: wfi ends when one is pending, no trap is taken. */
	wait_for_interrupt();
	debug_section_begin(NULL);
	kernel_lock();
	hart->is_idle = false;
	hart->idle_ticks += time_now() - hart->charged_since;
	hart->charged_since = time_now();
	interrupts_handle();
}

void sched_offer(const struct thread *t)
{
	if (!thread_has_time(t)) {
		return;
	}
	for (unsigned i = 0; i < HARTS_MAX; i++) {
		struct hart *hart = &harts[i];

		if (hart->online && hart->is_idle && !hart->reschedule && hart_allows(hart, t)) {
			hart_kick(hart);
			return;
		}
	}
}

/* The best ready thread that has time to run, taken from its queue; NULL if none. */
static struct thread *take_best(struct hart *hart)
{
	struct thread *best = hart->queue.head;

	/* Its budget may have ended since it was queued: at most one thread for each budget. Or it
	 * was lent time for other harts. */
	while (best != NULL && (!thread_has_time(best) || !hart_allows(hart, best))) {
		/* Who gets the report must be queued, even if it is the thread that just waits. */
		leave_current(hart);
		queue_remove(best);
		if (!thread_has_time(best)) {
			sched_context_time_over(best);
		}
		sched_ready(best, true);
		best = hart->queue.head;
	}
	if (best == NULL) {
		best = steal(hart);
	}
	if (best != NULL) {
		queue_remove(best);
	}
	return best;
}

/* The thread to run now: current if nothing better is ready. */
static struct thread *choose(struct hart *hart, uint64_t now)
{
	struct thread *current = hart->current;
	bool yields = hart->yields;
	bool slice_over;

	if (hart->charged != NULL && hart->charged->period != 0) {
		sched_set_timer(sched_context_charge(hart, hart->charged, now));
		if (current != NULL && current->state == THREAD_READY &&
		    !thread_has_time(current)) {
			sched_context_time_over(current);
		}
	}
	if (current != NULL && !thread_runnable(current)) {
		current = NULL;
	}
	if (current != NULL && !hart_allows(hart, current)) {
		/* It goes on with other time than before, lent or given back, for other harts. */
		leave_current(hart);
		sched_ready(current, false);
		current = NULL;
	}
	/* A slice may end in the kernel, before the interrupt that says so is taken. */
	slice_over = current != NULL && now >= current->time->slice_end;
	if (current != NULL && !hart->reschedule && !slice_over) {
		return current;
	}
	hart->reschedule = false;
	hart->yields = false;
	if (current != NULL) {
		const struct thread *best = hart->queue.head;

		slice_over = slice_over || yields;
		if (best == NULL || best->priority < current->priority ||
		    (best->priority == current->priority && !slice_over)) {
			return current;
		}
		queue_insert(hart, current, !slice_over);
	}
	return take_best(hart);
}

struct thread *sched_pick(void)
{
	struct hart *hart = hart_current();

	for (;;) {
		/* One look for both: a budget must not end in between, unseen. */
		uint64_t now = time_now();
		struct thread *t = choose(hart, now);

		if (t != NULL) {
			if (t != hart->current && hart->queue.head != NULL) {
				sched_offer(hart->queue.head);
			}
			switch_to(hart, t, now);
			return t;
		}
		idle(hart);
	}
}

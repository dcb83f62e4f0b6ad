/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See fast.h: signals, sends, yields and interrupts that make a thread of this
 * hart run in place of the current one, which stays ready.
 *
 * Both have time of their own here, so the hart's time is charged as
 * sched_context_charge does it, for the simple case: nobody's budget ends, no
 * piece of it is joined to another.
 */
#include "kernel/fast_private.h"

#include "kernel/interrupt.h"
#include "kernel/refill.h"
#include "kernel/schedule.h"
#include "kernel/wait_queue.h"
#include "sbi/sbi.h"

/* Can `sched`, which the hart runs on, pay for the time since then without ado? */
static ALWAYS_INLINE bool may_pay(const struct hart *hart, struct sched_context *sched,
				  uint64_t now)
{
	return sched->period == 0 || now - hart->charged_since < refill_at(sched, 0)->amount;
}

static ALWAYS_INLINE void pay(struct hart *hart, struct sched_context *sched, uint64_t now)
{
	uint64_t used = now - hart->charged_since;

	sched->consumed += used;
	if (sched->period != 0 && used != 0) {
		refill_at(sched, 0)->amount -= used;
		refill_append(sched, hart->charged_since + sched->period, used);
	}
}

/* When the slice or budget of `sched` ends if the hart runs on it from now on. */
static ALWAYS_INLINE uint64_t end_of(struct sched_context *sched, uint64_t now)
{
	if (sched->period != 0) {
		return now + refill_at(sched, 0)->amount;
	}
	return now >= sched->slice_end ? now + sched->budget : sched->slice_end;
}

/* May `to`, which waits or is ready, run in place of `from` here and now? */
static ALWAYS_INLINE bool may_take_over(const struct hart *hart, const struct thread *from,
					const struct thread *to)
{
	return may_switch(hart, from, to) && thread_has_time(to) &&
	       (to->time->allowed.bits & hart->bit) != 0;
}

/*
 * The hart's time is paid by `to` from now on, and its space is active. False
 * if that is not simple; then nothing has changed.
 */
static ALWAYS_INLINE bool change_time_and_space(struct hart *hart, struct thread *from,
						struct thread *to, uint64_t now)
{
	uint64_t end = end_of(to->time, now);

	if (!may_pay(hart, from->time, now) || (end < hart->timer_at && !sbi_timer_is_quick()) ||
	    !vm_activate_quick(hart, to->space.object)) {
		return false;
	}
	pay(hart, from->time, now);
	hart->charged = to->time;
	hart->charged_since = now;
	to->time->slice_end = end;
	if (end < hart->timer_at) {
		hart->timer_at = end;
		sbi_set_timer_quick(end);
	}
	return true;
}

/* wait_queue_remove; mostly nobody else waits. */
static ALWAYS_INLINE void leave_queue(struct wait_queue *queue, struct thread *t)
{
	if (queue->head == t && t->next == t && t->group_next == NULL) {
		queue->head = NULL;
	} else {
		wait_queue_remove(queue, t);
	}
}

/* t, which ran, becomes one of the hart's ready threads. */
static ALWAYS_INLINE void enter_queue(struct hart *hart, struct thread *t, bool at_head)
{
	t->queued = true;
	if (hart->queue.head == NULL) {
		hart->queue.head = t;
	} else if (at_head) {
		wait_queue_add_first(&hart->queue, t);
	} else {
		wait_queue_add(&hart->queue, t);
	}
}

/* A thread waits here for its turn: an idle hart may take it, as in sched_pick. */
static ALWAYS_INLINE void offer(const struct thread *t)
{
	if (harts_online_end > 1) {
		sched_offer(t);
	}
}

/* `to` runs, `from` waits for its turn. */
static ALWAYS_INLINE struct fast_result preempt(struct hart *hart, struct thread *from,
						struct thread *to, uint64_t now)
{
	enter_queue(hart, from, now < from->time->slice_end);
	offer(from);
	to->state = THREAD_READY;
	return switch_thread(hart, from, to);
}

/* --- signals ---------------------------------------------------------------------- */

/* w, which waits for the notification's word, takes it and `bits`, and runs. The lock is held. */
static ALWAYS_INLINE bool wake_waiter(struct hart *hart, struct thread *t, struct notification *n,
				      struct thread *w, uint64_t bits, uint64_t now)
{
	if (w->priority <= t->priority || !may_take_over(hart, t, w) ||
	    !change_time_and_space(hart, t, w, now)) {
		return false;
	}
	leave_queue(&n->queue, w);
	w->notification = NULL;
	/* Others may or bits into it now: what comes later stays. */
	w->registers[REG_BADGE] = __atomic_exchange_n(&n->word, 0, __ATOMIC_RELAXED) | bits;
	w->registers[REG_A0] = ERR_OK;
	return true;
}

/* The same for the thread that the notification is bound to, if it receives. */
static ALWAYS_INLINE bool wake_bound(struct hart *hart, struct thread *t, struct notification *n,
				     uint64_t bits, uint64_t now)
{
	struct thread *w = n->bound;
	struct endpoint *endpoint = w->endpoint;

	if (w->priority <= t->priority || !may_take_over(hart, t, w) ||
	    !try_lock(&endpoint->lock)) {
		return false;
	}
	if (!change_time_and_space(hart, t, w, now)) {
		unlock(&endpoint->lock);
		return false;
	}
	leave_queue(&endpoint->queue, w);
	unlock(&endpoint->lock);
	w->registers[REG_BADGE] = n->word | bits;
	w->registers[REG_A0] = ERR_OK;
	w->registers[REG_A1] = MESSAGE_TAG(LABEL_NOTIFICATION, 0);
	n->word = 0;
	return true;
}

/*
 * Signal bits, not 0, within a section. Returns the thread that runs then: t or
 * one that waited; NULL: nothing has happened. A bound notification is touched
 * by the hart of its thread only.
 */
static ALWAYS_INLINE struct fast_result signal_bits(struct hart *hart, struct thread *t,
						    struct notification *n, uint64_t bits)
{
	uint64_t now = time_now();
	struct thread *w = n->queue.head;
	bool woken;

	if (w != NULL) {
		if (!try_lock(&n->lock)) {
			return full_path(t);
		}
		w = n->queue.head;
		woken = w != NULL && wake_waiter(hart, t, n, w, bits, now);
		unlock(&n->lock);
		return woken ? preempt(hart, t, w, now) : full_path(t);
	}
	w = n->bound;
	if (w == NULL) {
		/* Who takes the word of a notification that is not bound has the kernel lock, or
		 * exchanges it. */
		__atomic_fetch_or(&n->word, bits, __ATOMIC_RELAXED);
		return (struct fast_result){t, t};
	}
	if (w->hart != hart) {
		return full_path(t);
	}
	if (w->state != THREAD_RECEIVING) {
		n->word |= bits;
		return (struct fast_result){t, t};
	}
	return wake_bound(hart, t, n, bits, now) ? preempt(hart, t, w, now) : full_path(t);
}

struct fast_result fast_signal(struct thread *t)
{
	struct hart *hart = hart_current();
	struct fast_result result = full_path(t);
	struct cap_slot *slot;

	if (!hart_local_enter(hart)) {
		return result;
	}
	slot = lookup(t, cap_argument(t, 0), OBJECT_NOTIFICATION, RIGHT_WRITE);
	if (slot != NULL && slot->badge != 0) {
		result = signal_bits(hart, t, slot->object, slot->badge);
	}
	if (result.next != NULL) {
		t->registers[REG_A0] = ERR_OK;
	}
	if (result.next == t) {
		hart->entries++;
	}
	if (result.next == t || result.next == NULL) {
		hart_local_leave(hart);
	}
	return result;
}

struct thread *fast_interrupt(struct thread *t, uint32_t *claimed)
{
	struct hart *hart = hart_current();
	const struct cap_slot *slot;
	struct thread *next = NULL;

	if (!hart_local_enter(hart)) {
		return NULL;
	}
	slot = interrupt_claim(claimed);
	if (slot != NULL && slot->badge != 0) {
		next = signal_bits(hart, t, slot->object, slot->badge).next;
	}
	if (next == t) {
		hart->entries++;
	}
	hart_local_leave(hart);
	return next;
}

/* --- sends and yields --------------------------------------------------------------- */

struct fast_result fast_send(struct thread *t, uint64_t tag)
{
	struct hart *hart = hart_current();
	uint64_t now = time_now();
	struct cap_slot *slot;
	struct endpoint *endpoint;
	struct thread *w;

	if (!is_short(tag) || !hart_local_enter(hart)) {
		return full_path(t);
	}
	slot = lookup(t, cap_argument(t, 0), OBJECT_ENDPOINT, RIGHT_WRITE);
	if (slot == NULL) {
		goto leave;
	}
	endpoint = slot->object;
	if (!try_lock(&endpoint->lock)) {
		goto leave;
	}
	w = endpoint->receivers ? endpoint->queue.head : NULL;
	if (w == NULL || w->priority <= t->priority || !may_take_over(hart, t, w) ||
	    !change_time_and_space(hart, t, w, now)) {
		unlock(&endpoint->lock);
		goto leave;
	}
	leave_queue(&endpoint->queue, w);
	unlock(&endpoint->lock);
	copy_words(t, w, (uint32_t)tag);
	w->registers[REG_A0] = ERR_OK;
	w->registers[REG_A1] = tag;
	w->registers[REG_BADGE] = slot->badge;
	t->registers[REG_A0] = ERR_OK;
	return preempt(hart, t, w, now);
leave:
	hart_local_leave(hart);
	return full_path(t);
}

struct fast_result fast_yield(struct thread *t)
{
	struct hart *hart = hart_current();
	uint64_t now = time_now();
	struct thread *next;

	if (!hart_local_enter(hart)) {
		return full_path(t);
	}
	next = hart->queue.head;
	if (next == NULL || next->priority < t->priority) {
		t->registers[REG_A0] = ERR_OK;
		hart->entries++;
		hart_local_leave(hart);
		return (struct fast_result){t, t};
	}
	if (!may_take_over(hart, t, next) || !change_time_and_space(hart, t, next, now)) {
		hart_local_leave(hart);
		return full_path(t);
	}
	t->registers[REG_A0] = ERR_OK;
	leave_queue(&hart->queue, next);
	next->queued = false;
	enter_queue(hart, t, false);
	offer(t);
	return switch_thread(hart, t, next);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* See notification.h. */
#include "kernel/notification.h"

#include "kernel/ipc.h"
#include "kernel/schedule.h"
#include "kernel/thread.h"
#include "kernel/wait_queue.h"

void notification_dequeue(struct thread *t)
{
	wait_queue_remove(&t->notification->queue, t);
	t->notification = NULL;
	t->state = THREAD_READY;
}

bool notification_take_bound(struct thread *t)
{
	struct notification *n = t->bound.object;

	if (n == NULL || n->word == 0) {
		return false;
	}
	t->registers[REG_BADGE] = n->word;
	t->registers[REG_A1] = MESSAGE_TAG(LABEL_NOTIFICATION, 0);
	set_result(t, ERR_OK);
	n->word = 0;
	return true;
}

void notification_signal(struct notification *n, uint64_t bits, bool handoff)
{
	struct thread *t = n->queue.head;

	n->word |= bits;
	if (n->word == 0) {
		return; /* through a capability without a badge: nothing to wake for */
	}
	if (t != NULL) {
		notification_dequeue(t);
		t->registers[REG_BADGE] = n->word;
		set_result(t, ERR_OK);
		n->word = 0;
	} else if (n->bound != NULL && n->bound->state == THREAD_RECEIVING) {
		t = n->bound;
		ipc_end_receive(t);
		notification_take_bound(t);
	} else {
		return;
	}
	sched_ready(t, handoff);
}

void notification_call_signal(struct thread *t)
{
	struct cap_slot *slot;
	enum err err = cap_lookup_typed(t->cspace.object, (uint32_t)t->registers[REG_A0],
					OBJECT_NOTIFICATION, RIGHT_WRITE, &slot);

	set_result(t, err);
	if (err == ERR_OK) {
		notification_signal(slot->object, slot->badge, false);
	}
}

void notification_call_wait(struct thread *t, bool may_block)
{
	struct cap_slot *slot;
	struct notification *n;
	enum err err = cap_lookup_typed(t->cspace.object, (uint32_t)t->registers[REG_A0],
					OBJECT_NOTIFICATION, RIGHT_READ, &slot);

	set_result(t, err);
	if (err != ERR_OK) {
		return;
	}
	n = slot->object;
	if (n->word != 0 || !may_block) {
		t->registers[REG_BADGE] = n->word;
		n->word = 0;
		return;
	}
	t->state = THREAD_WAITING_SIGNAL;
	t->notification = n;
	wait_queue_add(&n->queue, t);
}

bool notification_destroy(struct notification *n)
{
	timer_disarm(&n->timer);
	while (n->queue.head != NULL) {
		ipc_cancel(n->queue.head);
		if (thread_preempt_pending()) {
			return false;
		}
	}
	return true;
}

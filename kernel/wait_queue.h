/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that wait at an endpoint or notification, the highest priority
 * first, first come first served within one priority.
 *
 * A ring (next, previous) for each priority that occurs; the rings' heads are
 * a list by falling priority (group_next, group_previous; queue->head is its
 * first). So taking any thread out is O(1) and putting one in takes at most
 * one step for each of the 256 priorities, however many threads wait.
 *
 * A thread in no queue is alone: next and previous are itself, the group
 * links NULL. Run queues (schedule.c) use the same rings.
 *
 * All functions need the kernel lock, or the endpoint's within a hart-local
 * section (lock.h).
 */
#ifndef KERNEL_WAIT_QUEUE_H
#define KERNEL_WAIT_QUEUE_H

#include "kernel/objects.h"

/* t behind all others in the ring of `head`. */
static inline void ring_append(struct thread *head, struct thread *t)
{
	t->next = head;
	t->previous = head->previous;
	head->previous->next = t;
	head->previous = t;
}

/* t leaves its ring and is alone. */
static inline void ring_remove(struct thread *t)
{
	t->previous->next = t->next;
	t->next->previous = t->previous;
	t->next = t;
	t->previous = t;
}

/* t, alone, waits behind those of its t->priority. */
void wait_queue_add(struct wait_queue *queue, struct thread *t);
/* t does not wait any more. */
void wait_queue_remove(struct wait_queue *queue, struct thread *t);

#endif

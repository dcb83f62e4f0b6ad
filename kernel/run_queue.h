/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ready threads of a hart that do not run (struct run_queue, hart.h): a
 * ring for each priority, and the highest priority there is. Everything is
 * O(1). Needs the kernel lock, or a hart-local section of that hart.
 */
#ifndef KERNEL_RUN_QUEUE_H
#define KERNEL_RUN_QUEUE_H

#include "kernel/wait_queue.h"

/* Number of the highest bit of value, which is not 0. The kernel is built without Zbb. */
static inline int highest_bit(uint64_t value)
{
	int bit = 0;

	for (int step = 32; step > 0; step /= 2) {
		if (value >> step != 0) {
			value >>= step;
			bit += step;
		}
	}
	return bit;
}

static inline int run_queue_highest(const struct run_queue *queue)
{
	for (int word = PRIORITIES / 64 - 1; word >= 0; word--) {
		if (queue->occupied[word] != 0) {
			return word * 64 + highest_bit(queue->occupied[word]);
		}
	}
	return -1;
}

/* t, alone, is ready on the hart, first or last of its priority. */
static inline void run_queue_insert(struct hart *hart, struct thread *t, bool at_head)
{
	struct run_queue *queue = &hart->queue;
	unsigned priority = t->priority;
	struct thread *head = queue->ring[priority];

	if (head == NULL) {
		queue->ring[priority] = t;
		queue->occupied[priority / 64] |= 1ull << (priority % 64);
		if ((int)priority > queue->top) {
			queue->top = (int)priority;
		}
	} else {
		ring_append(head, t);
		if (at_head) {
			queue->ring[priority] = t;
		}
	}
	t->hart = hart;
	t->queued = true;
}

/* t leaves the queue it is in. */
static inline void run_queue_remove(struct thread *t)
{
	struct run_queue *queue = &t->hart->queue;
	unsigned priority = t->priority;

	if (t->next == t) {
		queue->ring[priority] = NULL;
		queue->occupied[priority / 64] &= ~(1ull << (priority % 64));
		if (queue->top == (int)priority) {
			queue->top = run_queue_highest(queue);
		}
	} else if (queue->ring[priority] == t) {
		queue->ring[priority] = t->next;
	}
	ring_remove(t);
	t->queued = false;
}

/* The thread to run next, or NULL. */
static inline struct thread *run_queue_best(const struct hart *hart)
{
	return hart->queue.top >= 0 ? hart->queue.ring[hart->queue.top] : NULL;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads by priority, the highest first: those that wait at an endpoint or
 * notification, first come first served within one priority, and those that
 * are ready on a hart and do not run.
 *
 * A ring (next, previous) for each priority that occurs; the rings' heads are
 * a list by falling priority (group_next, group_previous; queue->head is its
 * first). So taking any thread out, and finding the first, is O(1); putting
 * one in takes at most one step for each of the 256 priorities, however many
 * threads there are.
 *
 * A thread in no queue is alone: next and previous are itself, the group
 * links NULL.
 *
 * All functions need the kernel lock; or, within a hart-local section (lock.h),
 * the endpoint's or notification's, or that it is this hart's.
 */
#ifndef KERNEL_WAIT_QUEUE_H
#define KERNEL_WAIT_QUEUE_H

#include "kernel/objects.h"

/* t, alone, comes behind those of its t->priority. */
void wait_queue_add(struct wait_queue *queue, struct thread *t);
/* The same, before those. */
void wait_queue_add_first(struct wait_queue *queue, struct thread *t);
/* t does not wait any more. */
void wait_queue_remove(struct wait_queue *queue, struct thread *t);

#endif

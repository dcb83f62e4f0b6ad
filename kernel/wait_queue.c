/* SPDX-License-Identifier: BSD-2-Clause */
/* See wait_queue.h. */
#include "kernel/wait_queue.h"

/* t becomes a ring's head between two others (NULL: none). */
static void group_insert(struct wait_queue *queue, struct thread *t, struct thread *before,
			 struct thread *after)
{
	t->group_previous = before;
	t->group_next = after;
	if (before != NULL) {
		before->group_next = t;
	} else {
		queue->head = t;
	}
	if (after != NULL) {
		after->group_previous = t;
	}
}

static void ring_append(struct thread *head, struct thread *t)
{
	t->next = head;
	t->previous = head->previous;
	head->previous->next = t;
	head->previous = t;
}

void wait_queue_add(struct wait_queue *queue, struct thread *t)
{
	struct thread *before = NULL;
	struct thread *group = queue->head;

	/* At most one step a priority: 256. */
	while (group != NULL && group->priority > t->priority) {
		before = group;
		group = group->group_next;
	}
	if (group != NULL && group->priority == t->priority) {
		ring_append(group, t);
	} else {
		group_insert(queue, t, before, group);
	}
}

void wait_queue_add_first(struct wait_queue *queue, struct thread *t)
{
	struct thread *head;

	wait_queue_add(queue, t);
	head = t->next;
	if (head == t) {
		return;
	}
	/* It is the last of its ring, so the one before the head: it takes the head's place. */
	group_insert(queue, t, head->group_previous, head->group_next);
	head->group_previous = NULL;
	head->group_next = NULL;
}

void wait_queue_remove(struct wait_queue *queue, struct thread *t)
{
	bool is_head = queue->head == t || t->group_previous != NULL;
	struct thread *heir = t->next;

	t->previous->next = t->next;
	t->next->previous = t->previous;
	t->next = t;
	t->previous = t;
	if (!is_head) {
		return;
	}
	if (heir != t) {
		group_insert(queue, heir, t->group_previous, t->group_next);
	} else {
		if (t->group_previous != NULL) {
			t->group_previous->group_next = t->group_next;
		} else {
			queue->head = t->group_next;
		}
		if (t->group_next != NULL) {
			t->group_next->group_previous = t->group_previous;
		}
	}
	t->group_previous = NULL;
	t->group_next = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waitables, parked calls and the ready queue.
 *
 * Invariants:
 *  P1. A thread in PHASE_PARKED has a continuation and a reply that holds its
 *      caller; a thread in another phase watches nothing and has no timer set.
 *  P2. Continuations run only from attention_run(), or at the thread's death.
 *  P3. A thread is in the ready queue at most once; reasons are or'ed.
 */
#include "servers/process/core.h"

#include <stdlib.h>

static struct thread *ready_first, *ready_last;

void waitable_watch(struct waitable *w, struct watcher *watcher)
{
	watcher->on = w;
	watcher->previous = NULL;
	watcher->next = w->first;
	if (w->first != NULL) {
		w->first->previous = watcher;
	}
	w->first = watcher;
}

void waitable_unwatch(struct watcher *watcher)
{
	if (watcher->on == NULL) {
		return;
	}
	if (watcher->previous != NULL) {
		watcher->previous->next = watcher->next;
	} else {
		watcher->on->first = watcher->next;
	}
	if (watcher->next != NULL) {
		watcher->next->previous = watcher->previous;
	}
	watcher->on = NULL;
	watcher->next = NULL;
	watcher->previous = NULL;
}

void waitable_wake(struct waitable *w)
{
	struct watcher *next;

	for (struct watcher *watcher = w->first; watcher != NULL; watcher = next) {
		next = watcher->next;
		watcher->notify(watcher);
	}
}

void waitable_destroy(struct waitable *w)
{
	while (w->first != NULL) {
		struct watcher *watcher = w->first;

		waitable_unwatch(watcher);
		watcher->notify(watcher);
	}
}

/* Put t into the ready queue for the reason given; attention_run() will see to it. */
void attend(struct thread *t, enum attention why)
{
	struct thread_core *c = t->core;

	c->attention |= (uint8_t)why;
	if (c->is_ready) {
		return;
	}
	c->is_ready = true;
	c->ready_next = NULL;
	if (ready_last != NULL) {
		ready_last->core->ready_next = t;
	} else {
		ready_first = t;
	}
	ready_last = t;
}

/* Take t out of the ready queue, wherever it stands in it. */
void attend_forget(struct thread *t)
{
	struct thread *before = NULL;

	if (!t->core->is_ready) {
		return;
	}
	for (struct thread *i = ready_first; i != t; i = i->core->ready_next) {
		before = i;
	}
	if (before != NULL) {
		before->core->ready_next = t->core->ready_next;
	} else {
		ready_first = t->core->ready_next;
	}
	if (ready_last == t) {
		ready_last = before;
	}
	t->core->is_ready = false;
	t->core->attention = 0;
}

static void park_notify(struct watcher *w)
{
	attend(((struct park_link *)w)->thread, ATTEND_EVENT);
}

static void park_timeout(struct timer *timer)
{
	struct thread_core *c =
		(struct thread_core *)((char *)timer - offsetof(struct thread_core, timer));

	attend(c->self, ATTEND_TIMEOUT);
}

static void links_drop(struct thread_core *c)
{
	while (c->links != NULL) {
		struct park_link *link = c->links;

		c->links = link->next;
		waitable_unwatch(&link->watcher);
		link->thread = NULL;
		if (link->is_allocated) {
			free(link);
		}
	}
}

int64_t park_on(struct thread *t, struct waitable *w)
{
	struct thread_core *c = t->core;
	struct park_link *link = NULL;

	for (unsigned i = 0; i < PARK_LINKS && link == NULL; i++) {
		if (c->inline_links[i].thread == NULL) {
			link = &c->inline_links[i];
		}
	}
	if (link == NULL) {
		link = calloc(1, sizeof(*link));
		if (link == NULL) {
			links_drop(c);
			return -STATUS_NOMEM;
		}
		link->is_allocated = true;
	}
	link->thread = t;
	link->watcher.notify = park_notify;
	link->next = c->links;
	c->links = link;
	waitable_watch(w, &link->watcher);
	return 0;
}

int64_t park(struct thread *t, park_resume resume, uint64_t deadline, bool interruptible)
{
	struct thread_core *c = t->core;

	c->resume = resume;
	c->interruptible = interruptible;
	c->phase = PHASE_PARKED;
	if (deadline != PARK_FOREVER) {
		c->timer.fire = park_timeout;
		timer_set(&c->timer, deadline);
	}
	if (interruptible && signal_is_deliverable(t)) {
		attend(t, ATTEND_SIGNAL);
	}
	return CALL_PARKED;
}

void park_cancel(struct thread *t)
{
	links_drop(t->core);
	timer_cancel(&t->core->timer);
}

/* Run the continuation of t's parked call. */
static void unpark(struct thread *t, enum wake why)
{
	struct thread_core *c = t->core;
	int64_t result;

	park_cancel(t);
	c->phase = PHASE_CALL;
	result = c->resume(t, why);
	if (result != CALL_PARKED) {
		call_finish(t, result);
	}
}

static void attend_one(struct thread *t, uint8_t why)
{
	struct thread_core *c = t->core;

	if (c->phase == PHASE_PARKED) {
		if ((why & ATTEND_EVENT) != 0) {
			unpark(t, WAKE_EVENT);
		} else if ((why & ATTEND_TIMEOUT) != 0) {
			unpark(t, WAKE_TIMEOUT);
		} else if (c->interruptible && signal_is_deliverable(t)) {
			unpark(t, WAKE_SIGNAL);
		} else if (signal_is_fatal(t)) {
			unpark(t, WAKE_KILL);
		}
	} else if ((why & ATTEND_SIGNAL) != 0) {
		signal_attend(t);
	}
}

/* See to every thread of the ready queue, until it is empty. */
void attention_run(void)
{
	while (ready_first != NULL) {
		struct thread *t = ready_first;
		uint8_t why = t->core->attention;

		attend_forget(t);
		attend_one(t, why);
	}
}

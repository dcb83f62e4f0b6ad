/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of processes and threads, pids, sessions, address spaces.
 *
 * A thread's number indexes the thread table and is the badge of its
 * messages. Numbers freed last are given out first, because the kernel thread
 * that belongs to a number is kept for the next user (kthread.c).
 *
 * pids, tids, process group and session ids come from one space and are used
 * again only when nobody of either kind has them.
 */
#include "servers/process/core.h"

#include <stdlib.h>
#include <string.h>

#include "servers/lib/objects.h"

#define PID_WRAP 300 /* after the first round low pids are left to long-lived ones, as in Linux */

struct process *init_process;
uint64_t fork_count;
int32_t last_pid;

static struct thread *threads[THREAD_LIMIT];
static uint16_t free_numbers[THREAD_LIMIT];
static uint32_t free_number_count, numbers_used = 1;
static struct process *process_first, *process_last;

/* ---- pids ---- */

/* Is the number taken as a pid, tid, process group or session? */
bool pid_in_use(int32_t pid)
{
	for (struct process *p = process_first; p != NULL; p = p->list_next) {
		if (p->pid == pid || p->pgid == pid || p->session->id == pid) {
			return true;
		}
		for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
			if (t->tid == pid) {
				return true;
			}
		}
	}
	return false;
}

/* An unused number; there are always some, as PID_MAX is much above THREAD_LIMIT. */
int32_t pid_allocate(void)
{
	do {
		last_pid = last_pid + 1 < PID_MAX ? last_pid + 1 : PID_WRAP;
	} while (pid_in_use(last_pid));
	return last_pid;
}

/* ---- threads ---- */

struct thread *thread_by_number(uint32_t number)
{
	return number < THREAD_LIMIT ? threads[number] : NULL;
}

struct thread *thread_find(int32_t tid)
{
	for (uint32_t i = 1; i < numbers_used; i++) {
		if (threads[i] != NULL && threads[i]->tid == tid) {
			return threads[i];
		}
	}
	return NULL;
}

/*
 * A new thread of p in PHASE_NEW, without a kernel thread; tid 0 = choose.
 * NULL: no memory or THREAD_LIMIT reached.
 */
struct thread *thread_create(struct process *p, int32_t tid)
{
	struct allocation {
		struct thread thread;
		struct thread_core core;
	} * a;
	struct thread *t, **end;

	if ((free_number_count == 0 && numbers_used == THREAD_LIMIT) || !reply_reserve()) {
		return NULL;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL) {
		reply_unreserve();
		return NULL;
	}
	t = &a->thread;
	t->core = &a->core;
	t->core->self = t;
	t->number = free_number_count > 0 ? free_numbers[--free_number_count] : numbers_used++;
	t->tid = tid != 0 ? tid : pid_allocate();
	t->process = p;
	t->core->slack_ns = 50000;
	t->core->stack_flags = STACK_DISABLE;
	for (end = &p->threads; *end != NULL; end = &(*end)->process_next) {
	}
	*end = t;
	p->thread_count++;
	if (t->tid == p->pid) {
		p->leader = t;
	}
	threads[t->number] = t;
	return t;
}

/* Forget a thread: unlinks it from its process and frees it. Its kernel thread is closed already. */
void thread_free(struct thread *t)
{
	struct process *p = t->process;
	struct thread **i;

	attend_forget(t);
	park_cancel(t);
	timer_cancel(&t->core->poke_timer);
	for (i = &p->threads; *i != t; i = &(*i)->process_next) {
	}
	*i = t->process_next;
	p->thread_count--;
	if (p->leader == t) {
		p->leader = NULL;
	}
	signal_pending_clear(p->signals, &t->core->pending);
	threads[t->number] = NULL;
	free_numbers[free_number_count++] = (uint16_t)t->number;
	reply_unreserve();
	free(t);
}

/* ---- processes ---- */

struct process *process_find(int32_t pid)
{
	for (struct process *p = process_first; p != NULL; p = p->list_next) {
		if (p->pid == pid) {
			return p;
		}
	}
	return NULL;
}

struct process *process_next(struct process *p)
{
	return p == NULL ? process_first : p->list_next;
}

/*
 * An empty process, child of `parent` (NULL: of nobody), with parent's
 * credentials, limits, group and session. NULL: no memory. What it has of
 * space, files and signals is the caller's to fill in.
 */
struct process *process_create(struct process *parent, int32_t pid)
{
	struct allocation {
		struct process process;
		struct process_core core;
	} *a = calloc(1, sizeof(*a));
	struct process *p;

	if (a == NULL) {
		return NULL;
	}
	p = &a->process;
	p->core = &a->core;
	p->pid = pid;
	p->start_time = time_now();
	p->core->exit_signal = LINUX_SIGCHLD;
	if (parent != NULL) {
		p->parent = parent;
		p->pgid = parent->pgid;
		p->session = session_share(parent->session);
		p->credentials = parent->credentials;
		memcpy(p->limits, parent->limits, sizeof(p->limits));
		p->core->nice = parent->core->nice;
		p->core->oom_adjust = parent->core->oom_adjust;
		p->core->no_new_privileges = parent->core->no_new_privileges;
		p->core->has_subreaper = parent->core->has_subreaper || parent->core->is_subreaper;
		p->sibling_next = parent->children;
		if (parent->children != NULL) {
			parent->children->sibling_previous = p;
		}
		parent->children = p;
	}
	p->list_previous = process_last;
	if (process_last != NULL) {
		process_last->list_next = p;
	} else {
		process_first = p;
	}
	process_last = p;
	return p;
}

/* Take p out of its parent's children. */
void process_unlink_child(struct process *p)
{
	if (p->parent == NULL) {
		return;
	}
	if (p->sibling_previous != NULL) {
		p->sibling_previous->sibling_next = p->sibling_next;
	} else {
		p->parent->children = p->sibling_next;
	}
	if (p->sibling_next != NULL) {
		p->sibling_next->sibling_previous = p->sibling_previous;
	}
	p->parent = NULL;
	p->sibling_next = NULL;
	p->sibling_previous = NULL;
}

/* Make p a child of `parent`. */
void process_link_child(struct process *p, struct process *parent)
{
	process_unlink_child(p);
	p->parent = parent;
	p->sibling_next = parent->children;
	if (parent->children != NULL) {
		parent->children->sibling_previous = p;
	}
	parent->children = p;
}

/* Free a process that has neither threads nor children, and all that it still holds. */
void process_free(struct process *p)
{
	process_unlink_child(p);
	if (p->list_previous != NULL) {
		p->list_previous->list_next = p->list_next;
	} else {
		process_first = p->list_next;
	}
	if (p->list_next != NULL) {
		p->list_next->list_previous = p->list_previous;
	} else {
		process_last = p->list_previous;
	}
	waitable_destroy(&p->core->child_wait);
	waitable_destroy(&p->core->vfork_wait);
	if (p->signals != NULL) {
		signal_state_release(p->signals);
	}
	if (p->session != NULL) {
		session_release(p->session);
	}
	free(p);
}

/* ---- sessions ---- */

struct session *session_create(int32_t id)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->references = 1;
		s->id = id;
	}
	return s;
}

struct session *session_share(struct session *s)
{
	s->references++;
	return s;
}

void session_release(struct session *s)
{
	if (--s->references == 0) {
		free(s);
	}
}

/* ---- address spaces ---- */

/* A space made by the pager's request `label`, whose argument is `number`. */
static struct space *space_make(enum pager_label label, uint32_t number)
{
	struct space *s = calloc(1, sizeof(*s));
	uint64_t words[10] = {number};

	if (s == NULL) {
		return NULL;
	}
	s->references = 1;
	if (server_call_cap(pager_cap, label, 1, words, &s->cap) < 0) {
		free(s);
		return NULL;
	}
	s->number = (uint32_t)words[1];
	return s;
}

/* An empty address space; NULL: no memory. */
struct space *space_create(void)
{
	return space_make(PAGER_SPACE_CREATE, 0);
}

/* A copy-on-write copy of s; NULL: no memory. */
struct space *space_fork(struct space *s)
{
	struct space *copy = space_make(PAGER_SPACE_FORK, s->number);

	if (copy != NULL) {
		uint32_t number = copy->number;
		cap_t cap = copy->cap;

		*copy = *s;
		copy->references = 1;
		copy->number = number;
		copy->cap = cap;
		copy->lock_future = false;
	}
	return copy;
}

struct space *space_share(struct space *s)
{
	s->references++;
	return s;
}

/* One user less; the last one's space is destroyed. No thread of it may be left in the kernel. */
void space_release(struct space *s)
{
	if (--s->references > 0) {
		return;
	}
	server_request(pager_cap, PAGER_SPACE_DESTROY, 1, s->number, 0, 0, 0, 0, 0);
	slot_free(s->cap);
	free(s);
}

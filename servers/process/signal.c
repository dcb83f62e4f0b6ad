/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending signals and taking them from the queues.
 *
 * A signal goes to a process (pending in signal_state) or to one thread
 * (pending in its core). Sending only queues it and puts a thread that may
 * take it into the ready queue; what it does happens in signal_deliver.c.
 *
 * Invariants:
 *  S1. Bit n-1 of a pending set is set exactly if the queue holds a signal n,
 *      or one was sent for which there was no memory (then info is made up).
 *  S2. Of signals below 32 at most one is queued in each set.
 *  S3. No stop signal and SIGCONT are pending in one process together.
 */
#include "servers/process/core.h"

#include <stdlib.h>
#include <string.h>

#define SIGNAL_REALTIME 32 /* from here up signals queue */
#define QUEUED_LIMIT 1024
#define SIGNALS_SYNCHRONOUS                                                                        \
	(SIGNAL_BIT(LINUX_SIGSEGV) | SIGNAL_BIT(LINUX_SIGBUS) | SIGNAL_BIT(LINUX_SIGILL) |         \
	 SIGNAL_BIT(LINUX_SIGTRAP) | SIGNAL_BIT(LINUX_SIGFPE) | SIGNAL_BIT(LINUX_SIGSYS))

static const char *const signal_names[] = {
#define SIGNAL_NAME(name, number) [number] = "SIG" #name,
	LINUX_SIGNALS(SIGNAL_NAME)
#undef SIGNAL_NAME
};

/* "SIGSEGV"; "SIGRT" for those without a name. */
const char *signal_name(int number)
{
	return number > 0 && number < SIGNAL_REALTIME ? signal_names[number] : "SIGRT";
}

/* ---- state ---- */

/* Handlers all at default, one reference; NULL: no memory. */
struct signal_handlers *signal_handlers_create(void)
{
	struct signal_handlers *h = calloc(1, sizeof(*h));

	if (h != NULL) {
		h->references = 1;
	}
	return h;
}

struct signal_handlers *signal_handlers_copy(const struct signal_handlers *h)
{
	struct signal_handlers *copy = signal_handlers_create();

	if (copy != NULL) {
		memcpy(copy->action, h->action, sizeof(copy->action));
	}
	return copy;
}

static void signal_handlers_release(struct signal_handlers *h)
{
	if (--h->references == 0) {
		free(h);
	}
}

/* Handlers of its own, if they are shared. -STATUS_NOMEM. */
int64_t signal_handlers_unshare(struct signal_state *s)
{
	struct signal_handlers *copy;

	if (s->handlers->references == 1) {
		return 0;
	}
	copy = signal_handlers_copy(s->handlers);
	if (copy == NULL) {
		return -STATUS_NOMEM;
	}
	signal_handlers_release(s->handlers);
	s->handlers = copy;
	return 0;
}

/* Takes over the caller's reference to `handlers` (also when it fails); NULL: no memory. */
struct signal_state *signal_state_create(struct signal_handlers *handlers)
{
	struct signal_state *s;

	if (handlers == NULL) {
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		signal_handlers_release(handlers);
		return NULL;
	}
	s->handlers = handlers;
	return s;
}

void signal_state_release(struct signal_state *s)
{
	signal_pending_clear(s, &s->pending);
	waitable_destroy(&s->waitable);
	signal_handlers_release(s->handlers);
	free(s);
}

/* Remove the queued signals of the mask. */
static void pending_remove(struct signal_state *s, struct pending *p, uint64_t mask)
{
	struct pending_signal **i = &p->first;

	p->set &= ~mask;
	p->last = NULL;
	while (*i != NULL) {
		struct pending_signal *q = *i;

		if ((SIGNAL_BIT(q->info.number) & mask) != 0) {
			*i = q->next;
			s->queued--;
			free(q);
		} else {
			p->last = q;
			i = &q->next;
		}
	}
}

void signal_pending_clear(struct signal_state *s, struct pending *p)
{
	pending_remove(s, p, ~0ull);
}

/* Forget pending signals of the mask, of the process and of all its threads. */
void signal_discard(struct process *p, uint64_t mask)
{
	pending_remove(p->signals, &p->signals->pending, mask);
	for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
		pending_remove(p->signals, &t->core->pending, mask);
	}
}

/* At execve: caught signals go back to their default. */
void signal_exec(struct process *p)
{
	struct signal_handlers *h = p->signals->handlers;

	for (int n = 1; n <= LINUX_SIGNAL_MAX; n++) {
		if (h->action[n].handler != HANDLER_IGNORE) {
			h->action[n].handler = HANDLER_DEFAULT;
		}
		h->action[n].flags = 0;
		h->action[n].mask = 0;
	}
}

/* ---- questions ---- */

/* Does p do nothing at all about the signal? */
static bool process_ignores(const struct process *p, int number)
{
	uint64_t handler = p->signals->handlers->action[number].handler;

	if (handler == HANDLER_IGNORE) {
		return true;
	}
	if (handler != HANDLER_DEFAULT) {
		return false;
	}
	return (number < SIGNAL_REALTIME && (SIGNAL_BIT(number) & SIGNALS_DEFAULT_IGNORE) != 0) ||
	       (p == init_process && !p->core->may_die);
}

bool signal_is_ignored(const struct thread *t, int number)
{
	return (t->core->blocked & SIGNAL_BIT(number)) != 0 ||
	       t->process->signals->handlers->action[number].handler == HANDLER_IGNORE;
}

uint64_t signal_pending(const struct thread *t)
{
	return t->core->pending.set | t->process->signals->pending.set;
}

/* Has t something to do about signals: one not blocked, or its process ends? */
bool signal_is_deliverable(const struct thread *t)
{
	return t->process->core->exiting || t->process->stopped ||
	       (signal_pending(t) & ~t->core->blocked) != 0;
}

/* Is a signal pending that ends the process for sure? */
bool signal_is_fatal(const struct thread *t)
{
	uint64_t set = signal_pending(t) & ~t->core->blocked;
	const struct signal_handlers *h = t->process->signals->handlers;

	for (int n = 1; n <= LINUX_SIGNAL_MAX && set != 0; n++) {
		if ((set & SIGNAL_BIT(n)) != 0 && h->action[n].handler == HANDLER_DEFAULT &&
		    !process_ignores(t->process, n) && (SIGNAL_BIT(n) & SIGNALS_STOP) == 0) {
			return true;
		}
	}
	return t->process->core->exiting;
}

struct waitable *signal_waitable(struct process *p)
{
	return &p->signals->waitable;
}

/* ---- sending ---- */

/* Put the signal into a queue. */
static void enqueue(struct signal_state *s, struct pending *p, int number,
		    const struct signal_info *info)
{
	struct pending_signal *q;

	if (number < SIGNAL_REALTIME && (p->set & SIGNAL_BIT(number)) != 0) {
		return;
	}
	p->set |= SIGNAL_BIT(number);
	q = s->queued < QUEUED_LIMIT ? calloc(1, sizeof(*q)) : NULL;
	if (q == NULL) {
		return;
	}
	s->queued++;
	if (info != NULL) {
		q->info = *info;
	} else {
		q->info.code = CODE_KERNEL;
	}
	q->info.number = number;
	if (p->last != NULL) {
		p->last->next = q;
	} else {
		p->first = q;
	}
	p->last = q;
}

/* A thread that may take a signal sent to the process: its leader first. */
static struct thread *choose_thread(struct process *p, int number)
{
	struct thread *chosen = NULL;

	for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
		if ((t->core->blocked & SIGNAL_BIT(number)) == 0 &&
		    (chosen == NULL || t == p->leader)) {
			chosen = t;
		}
	}
	return chosen;
}

/* Side effects that sending has on other pending signals and on a stopped process. */
static void prepare(struct process *p, int number)
{
	uint64_t bit = SIGNAL_BIT(number);

	if ((bit & SIGNALS_STOP) != 0) {
		signal_discard(p, SIGNAL_BIT(LINUX_SIGCONT));
	} else if (number == LINUX_SIGCONT) {
		signal_discard(p, SIGNALS_STOP);
		signal_continue(p);
	} else if (number == LINUX_SIGKILL && p->stopped && !process_ignores(p, number)) {
		p->stopped = false;
	}
}

/* Send to p, or to its thread `only` if that is not NULL. */
static void send(struct process *p, struct thread *only, int number, const struct signal_info *info)
{
	struct thread *to;
	uint64_t blocked;

	if (number < 1 || number > LINUX_SIGNAL_MAX || p->state != PROCESS_ALIVE ||
	    p->threads == NULL) {
		return;
	}
	prepare(p, number);
	to = only != NULL ? only : p->leader != NULL ? p->leader : p->threads;
	blocked = to->core->blocked;
	if (to->core->has_call_mask) {
		blocked |= to->core->call_mask_saved;
	}
	if (process_ignores(p, number) && (blocked & SIGNAL_BIT(number)) == 0) {
		return;
	}
	enqueue(p->signals, only != NULL ? &only->core->pending : &p->signals->pending, number,
		info);
	waitable_wake(&p->signals->waitable);
	to = only != NULL ? only : choose_thread(p, number);
	if (to != NULL && (to->core->blocked & SIGNAL_BIT(number)) == 0) {
		attend(to, ATTEND_SIGNAL);
	}
}

void signal_send_process(struct process *p, int number, const struct signal_info *info)
{
	send(p, NULL, number, info);
}

void signal_send_thread(struct thread *t, int number, const struct signal_info *info)
{
	send(t->process, t, number, info);
}

void signal_send_group(int32_t pgid, int number)
{
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (p->pgid == pgid) {
			send(p, NULL, number, NULL);
		}
	}
}

/*
 * Send a signal that t's own instruction caused: it cannot be blocked or
 * ignored (then it kills), not even by pid 1.
 */
void signal_force(struct thread *t, int number, int code, uint64_t address)
{
	struct signal_action *action = &t->process->signals->handlers->action[number];
	struct signal_info info = {.number = number, .code = code, .fault = {address}};

	if ((t->core->blocked & SIGNAL_BIT(number)) != 0 || action->handler == HANDLER_IGNORE) {
		action->handler = HANDLER_DEFAULT;
		t->core->blocked &= ~SIGNAL_BIT(number);
	}
	if (action->handler == HANDLER_DEFAULT) {
		t->process->core->may_die = true;
	}
	pending_remove(t->process->signals, &t->core->pending, SIGNAL_BIT(number));
	enqueue(t->process->signals, &t->core->pending, number, &info);
}

/* Threads went or changed their masks: let others take what is pending for the process. */
void signal_retarget(struct process *p)
{
	for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
		if ((p->signals->pending.set & ~t->core->blocked) != 0) {
			attend(t, ATTEND_SIGNAL);
		}
	}
}

/* ---- taking ---- */

/* Lowest signal of a set, but those that an instruction caused come first. */
static int lowest(uint64_t set)
{
	if ((set & SIGNALS_SYNCHRONOUS) != 0) {
		set &= SIGNALS_SYNCHRONOUS;
	}
	return __builtin_ctzll(set) + 1;
}

/* Take one signal of the mask out of a queue. */
static bool take(struct signal_state *s, struct pending *p, uint64_t mask, struct signal_info *info)
{
	struct pending_signal **i, *found = NULL, *before = NULL;
	bool more = false;
	int number;

	if ((p->set & mask) == 0) {
		return false;
	}
	number = lowest(p->set & mask);
	memset(info, 0, sizeof(*info));
	info->number = number;
	for (i = &p->first; *i != NULL;) {
		if ((*i)->info.number != number) {
			before = *i;
			i = &(*i)->next;
		} else if (found == NULL) {
			found = *i;
			*i = found->next;
		} else {
			more = true;
			before = *i;
			i = &(*i)->next;
		}
	}
	p->last = before;
	if (found != NULL) {
		*info = found->info;
		s->queued--;
		free(found);
	}
	if (!more) {
		p->set &= ~SIGNAL_BIT(number);
	}
	return true;
}

/* Take a pending signal of the mask: t's own first, then its process's. */
bool signal_dequeue(struct thread *t, uint64_t mask, struct signal_info *info)
{
	return take(t->process->signals, &t->core->pending, mask, info) ||
	       take(t->process->signals, &t->process->signals->pending, mask, info);
}

bool signal_take(struct thread *t, uint64_t mask, struct signal_info *info)
{
	return signal_dequeue(t, mask & ~SIGNALS_UNBLOCKABLE, info);
}

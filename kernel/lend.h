/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lending of scheduling contexts, and inheritance of priorities.
 *
 * A thread that calls (or faults, or makes an ecall of a personality) lends
 * what it runs on to the thread that receives the call: the work is paid from
 * the caller's budget and done with at least the caller's priority. The
 * receiver gives it back when it answers or receives the next message; a
 * thread without a scheduling context of its own runs on lent ones only.
 *
 *   caller --lends--> server --lends--> server's server
 *   time->runner points to the end of the chain, each `lender` one step back
 *
 * Invariants
 *  D1  A scheduling context has one runner. `sched->runner == t` means that t
 *      may run on it now; then t->time is that context.
 *  D2  From the runner, the lenders lead to the thread that the context is
 *      bound to, in at most LEND_DEPTH steps; each has it as `time`.
 *  D3  A thread lends while it waits for the answer (WAITING_REPLY), or in the
 *      queue of an endpoint whose server has no time to run on otherwise; then
 *      perhaps not to the thread that it waits for, but to one that that waits for.
 *  D4  priority >= base_priority; more only as lent with a lender, or
 *      inherited until the next answer or receive.
 *
 * So no server is stuck with a client: if the budget ends or the client goes,
 * the server goes on with its own time, or with that of whoever waits for it
 * and has some: in its queue or for its answer, directly or through servers that
 * wait for it; now or later. sched_ready sees to it, for the thread that lost
 * its time and for one that waits and got some back.
 *
 * All functions need the kernel lock; fast.c does the common cases itself.
 */
#ifndef KERNEL_LEND_H
#define KERNEL_LEND_H

#include "kernel/objects.h"

/* Longest chain of lenders; a call beyond it is served on the server's own time. */
#define LEND_DEPTH 16

/* `from`, which waits now, lends what it runs on to `to`, if it can. Gives back what `to` had. */
void lend(struct thread *from, struct thread *to);
/* t gives back what it was lent, if it was, and goes on with its own. */
void lend_return(struct thread *t);
/* t needs what it has lent back at once: everybody on it is taken off. Returns who ran on it, or
 * NULL; the caller then makes that ready, when t does not seem to wait for it any more. */
struct thread *lend_recall(struct thread *t);

/* t cannot run. If it is ready and lacks time, whoever waits for it lends some; if it waits and
 * has time, it lends that. Returns who may be able to run now, or NULL. */
struct thread *lend_again(struct thread *t);

/* t waits in a queue: the server inherits t's priority, and whom that waits for; if one of them
 * has no time to run on, t lends it its own. */
void lend_to_server(struct thread *t);

/* Can it run on its time: has it any, is it the runner, is there budget? */
static inline bool thread_has_time(const struct thread *t)
{
	return t->time != NULL && t->time->runner == t && t->time->configured &&
	       !t->time->exhausted;
}

/* The priority in effect changes: its place in the queue it is in, too. */
void thread_set_priority(struct thread *t, uint8_t priority);

/* The thread's own scheduling context came, went or changed its priority. */
void thread_sched_changed(struct thread *t);

#endif

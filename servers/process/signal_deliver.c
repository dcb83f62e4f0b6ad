/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What signals do to a thread: handlers, default actions, stop and continue,
 * and what becomes of the call that was interrupted.
 *
 * deliver() is entered with the thread in one of two states, where nothing
 * else can happen to it: held by its reply (in a call or an exception), or
 * suspended in user code. It ends with the thread running, stopped or gone.
 *
 * A call's result stays in core->result until it is settled: by a handler's
 * frame (restart = program counter back on the ecall; the registers still
 * hold the arguments), or, if no handler ran, by running the call again from
 * here. core->in_exception says that nothing is left to settle: the thread
 * goes on with its registers as they are.
 */
#include "servers/process/core.h"

#include "servers/lib/startup.h"

#define POKE_HZ 1000 /* retries of a delivery to a thread that is about to call */

static void stop_process(struct thread *by, int number)
{
	struct process *p = by->process;

	if (number != LINUX_SIGSTOP && group_is_orphaned(p->pgid)) {
		return;
	}
	p->stopped = true;
	p->core->continued = false;
	p->core->stop_signal = number;
	wait_notify(p, CODE_CLD_STOPPED, number);
	for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
		if (t != by) {
			attend(t, ATTEND_SIGNAL);
		}
	}
}

/* SIGCONT was sent: let all threads go on. */
void signal_continue(struct process *p)
{
	if (!p->stopped) {
		return;
	}
	p->stopped = false;
	p->core->stop_signal = 0;
	p->core->continued = true;
	wait_notify(p, CODE_CLD_CONTINUED, LINUX_SIGCONT);
	for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
		attend(t, ATTEND_SIGNAL);
	}
}

/* End the process as the signal's default action does. No core file is written. */
static void terminate(struct thread *t, int number)
{
	if (number <= LINUX_SIGSYS && (SIGNAL_BIT(number) & SIGNALS_CORE) != 0) {
		fault_report(t, number);
	}
	process_exit(t->process, number);
}

/* Bring *r to where the program stands after the call, given that a handler is to run. */
static void settle_call(struct thread *t, const struct signal_action *action, struct registers *r)
{
	int64_t result = t->core->result;

	if (result == CALL_RESTART_ALWAYS ||
	    (result == CALL_RESTART_SYS && (action->flags & ACTION_RESTART) != 0)) {
		r->r[REG_PC] -= 4;
	} else if (result <= CALL_RESTART_SYS && result >= CALL_RESTART_BLOCK) {
		r->r[REG_A0] = (uint64_t)-STATUS_INTR;
	} else {
		r->r[REG_A0] = (uint64_t)result;
	}
}

/* Run the handler of the signal; if its frame does not fit, SIGSEGV takes its place. */
static void run_handler(struct thread *t, const struct signal_info *info)
{
	struct thread_core *c = t->core;
	struct signal_action *action = &t->process->signals->handlers->action[info->number];
	struct signal_action copy = *action;
	struct registers r;

	kthread_read(t->number, &r);
	if (c->reply != 0 && !c->in_exception) {
		settle_call(t, &copy, &r);
	}
	if ((copy.flags & ACTION_RESETHAND) != 0) {
		action->handler = HANDLER_DEFAULT;
	}
	if (!signal_frame_push(t, &copy, info, &r)) {
		if (info->number == LINUX_SIGSEGV) {
			action->handler = HANDLER_DEFAULT;
		}
		c->fault.bad_frame = true;
		signal_force(t, LINUX_SIGSEGV, CODE_KERNEL, 0);
	}
	kthread_write(t->number, &r);
	if (c->reply != 0) {
		c->in_exception = true;
	}
}

/* Do what the signal asks for. true: the thread still exists. */
static bool act(struct thread *t, const struct signal_info *info)
{
	struct process *p = t->process;
	int n = info->number;
	uint64_t handler = p->signals->handlers->action[n].handler;
	uint64_t bit = n <= LINUX_SIGSYS ? SIGNAL_BIT(n) : 0;

	if (handler == HANDLER_IGNORE) {
		return true;
	}
	if (handler != HANDLER_DEFAULT) {
		run_handler(t, info);
		return true;
	}
	if ((bit & SIGNALS_DEFAULT_IGNORE) != 0 || (p == init_process && !p->core->may_die)) {
		return true;
	}
	if ((bit & SIGNALS_STOP) != 0) {
		stop_process(t, n);
		return true;
	}
	terminate(t, n);
	return false;
}

/* No handler ran, the thread is held in a call: finish the call or do it again. */
static void resume_call(struct thread *t)
{
	struct thread_core *c = t->core;
	int64_t result = c->result;

	c->phase = PHASE_CALL;
	if (c->in_exception) {
		thread_answer(t, 0, 0);
	} else if (result == CALL_RESTART_BLOCK) {
		result = c->restart(t, WAKE_EVENT);
		if (result != CALL_PARKED) {
			call_finish(t, result);
		}
	} else if (result <= CALL_RESTART_SYS && result > CALL_RESTART_BLOCK) {
		dispatch_call(t);
	} else {
		thread_answer(t, 1, (uint64_t)result);
	}
}

/* See the theory at the top. */
static void deliver(struct thread *t)
{
	struct thread_core *c = t->core;
	struct signal_info info;

	for (;;) {
		if (t->process->core->exiting) {
			thread_exit(t);
			return;
		}
		if (t->process->stopped) {
			c->phase = PHASE_STOPPED;
			return;
		}
		if (signal_dequeue(t, ~c->blocked, &info)) {
			if (!act(t, &info)) {
				return;
			}
		} else if (c->has_call_mask) {
			c->has_call_mask = false;
			c->blocked = c->call_mask_saved;
		} else {
			break;
		}
	}
	if (c->reply != 0) {
		resume_call(t);
	} else {
		c->phase = PHASE_USER;
		kthread_resume(t->number);
	}
}

/* t's call has the result given (or none, in_exception), and there are signals to see to. */
void signal_call_done(struct thread *t, int64_t result)
{
	t->core->result = result;
	deliver(t);
}

static void poke(struct timer *timer)
{
	struct thread_core *c =
		(struct thread_core *)((char *)timer - offsetof(struct thread_core, poke_timer));

	attend(c->self, ATTEND_SIGNAL);
}

/* t runs user code, or did a moment ago: stop it there and deliver. */
static void attend_user(struct thread *t)
{
	struct thread_core *c = t->core;

	if (!signal_is_deliverable(t)) {
		return;
	}
	if (kthread_suspend(t->number) == KTHREAD_USER) {
		deliver(t);
		return;
	}
	/* Its message is on the way to us, or it waits for the pager: look again soon. */
	kthread_resume(t->number);
	c->poke_timer.fire = poke;
	timer_set(&c->poke_timer, time_now() + startup()->timebase_hz / POKE_HZ);
}

/* Signals were sent to t, or its process stops, goes on or ends. Not for PHASE_PARKED. */
void signal_attend(struct thread *t)
{
	if (t->core->phase == PHASE_USER) {
		attend_user(t);
	} else if (t->core->phase == PHASE_STOPPED && !t->process->stopped) {
		t->core->phase = t->core->reply != 0 ? PHASE_CALL : PHASE_USER;
		deliver(t);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What destroy.c asks of the rest of the kernel: may be interrupted, leaves no trace in slots. */
#include "kernel/interrupt.h"
#include "kernel/ipc.h"
#include "kernel/schedule.h"
#include "kernel/thread.h"
#include "tests/proof/objects.h"

bool interrupted;

static bool any_progress(void)
{
	bool is_done = nondet_bool();

	interrupted = interrupted | !is_done;
	return is_done;
}

bool thread_preempt_pending(void)
{
	return nondet_bool();
}

void sched_stop(struct thread *t)
{
	(void)t;
}

void sched_leave_space(struct vm_space *space)
{
	(void)space;
}

void vm_space_destroy(struct vm_space *space)
{
	(void)space;
}

void vm_message_buffer_unmap(struct vm_space *space, uint32_t number)
{
	(void)space;
	(void)number;
}

bool vm_binding_unbind(struct vm_binding *binding)
{
	(void)binding;
	return any_progress();
}

bool vm_window_detach(struct vm_window *window)
{
	(void)window;
	return any_progress();
}

bool vm_bank_remove(struct vm_bank *bank)
{
	(void)bank;
	return any_progress();
}

void irq_detach(struct cap_slot *notification)
{
	(void)notification;
}

void irq_destroy(struct irq *irq)
{
	(void)irq;
}

void thread_destroy(struct thread *t)
{
	(void)t;
}

bool endpoint_destroy(struct endpoint *endpoint)
{
	(void)endpoint;
	return any_progress();
}

bool notification_destroy(struct notification *n)
{
	(void)n;
	return any_progress();
}

void reply_destroy(struct reply *reply)
{
	(void)reply;
}

bool any_bool(struct cap_slot *slot)
{
	(void)slot;
	return any_progress();
}
